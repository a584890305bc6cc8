# mypy: disable-error-code="empty-body"

"""The desk of hits, as a program calls it. Written by `make docs` from the desks; do not edit.

A method has no body: `operation` sends what its signature takes, and reads what it promises.
"""

from comity.client.connection import Connection, operation
from comity.client.told.hits import HitsLookLine, HitsProven, HitsWatched
from comity.core.ids import Millis


class Watching:
    """Who looked."""

    def __init__(self, connection: Connection) -> None:
        """Speak over this line."""
        self.connection = connection

    @operation("hits/looks")
    async def looks(
        self,
        which: str,
        key: str,
    ) -> tuple[HitsWatched, ...]:
        """Show which bureaus looked at a record of ours, how often and what for, the newest first.

        Args:
            which: the list, by the first digits of its id
            key: how its source calls it

        """

    @operation("hits/journal")
    async def journal(
        self,
        *,
        limit: int = 100,
        before: int | None = None,
    ) -> tuple[HitsLookLine, ...]:
        """Show who of this house searched and opened which records, the newest first; for supervisors and auditors.

        Args:
            limit: lines, at most
            before: only lines before this number

        """

    @operation("hits/alarms")
    async def alarms(
        self,
        *,
        limit: int = 100,
    ) -> tuple[HitsLookLine, ...]:
        """Show who searched more than a desk needs: many dates with one name, many names with one date, ...

        Args:
            limit: lines, at most

        """

    @operation("hits/allow")
    async def allow(
        self,
        who: str,
        *,
        searches: int,
        until: Millis,
    ) -> HitsLookLine:
        """Let an officer, or a program that acts for one, search faster than a desk does; for supervisors.

        Args:
            who: the officer, by pseudonym
            searches: searches in an hour
            until: until when

        """

    @operation("hits/look-proof")
    async def look_proof(
        self,
        number: int,
        *,
        place: int = 0,
    ) -> HitsProven:
        """Prove one look against the root in our log, without showing any other; for supervisors and auditors.

        Args:
            number: the line of the journal
            place: the look in it; 0 is the search or the opening itself

        """
