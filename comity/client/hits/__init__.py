"""The desk of hits, as a program calls it. Written by `make docs` from the desks; do not edit."""

from comity.client.hits.following import Following
from comity.client.hits.screening import Screening
from comity.client.hits.searching import Searching
from comity.client.hits.watching import Watching


class Hits(Following, Screening, Searching, Watching):
    """Hits: search at home, tell the source what was met, act only on its word; a journal of who ..."""
