# mypy: disable-error-code="empty-body"

"""The desk of records, as a program calls it. Written by `make docs` from the desks; do not edit.

A method has no body: `operation` sends what its signature takes, and reads what it promises.
"""

from comity.client.connection import Connection, operation
from comity.client.told.records import RecordsFound, RecordsLag, RecordsQuestion, RecordsShelved
from comity.core.ids import BureauId


class Reading:
    """What an officer sees of lists."""

    def __init__(self, connection: Connection) -> None:
        """Speak over this line."""
        self.connection = connection

    @operation("records/lists")
    async def lists(
        self,
        *,
        source: BureauId | None = None,
    ) -> tuple[RecordsShelved, ...]:
        """Show the lists of records that rest here, ours and those of others.

        Args:
            source: only lists of this bureau

        """

    @operation("records/record")
    async def record(
        self,
        which: str,
        key: str,
    ) -> RecordsFound:
        """Show one record by its key, as far as its label allows it.

        Args:
            which: the list, by the first digits of its id
            key: how its source calls it

        """

    @operation("records/laggards")
    async def laggards(
        self,
        which: str,
    ) -> tuple[RecordsLag, ...]:
        """Show who has not yet stated that what we took back from a list is gone; who has, until all have.

        Args:
            which: the list, by the first digits of its id

        """

    @operation("records/reviews")
    async def reviews(
        self,
    ) -> tuple[RecordsQuestion, ...]:
        """Show which records of ours lapse within six months: keep them by publishing them again, or let them go."""
