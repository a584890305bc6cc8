"""The desk of records, as a program calls it. Written by `make docs` from the desks; do not edit."""

from comity.client.records.publishing import Publishing
from comity.client.records.reading import Reading


class Records(Publishing, Reading):
    """Records: what a bureau offers to the queries of others, list by list, and takes back with proof ..."""
