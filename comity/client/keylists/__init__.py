"""The desk of keylists, as a program calls it. Written by `make docs` from the desks; do not edit."""

from comity.client.keylists.asking import Asking
from comity.client.keylists.giving import Giving
from comity.client.keylists.watching import Watching


class Keylists(Asking, Giving, Watching):
    """Lists of keys without records: which of my numbers are in your list, asked without showing them ..."""
