# mypy: disable-error-code="empty-body"

"""The desk of keylists, as a program calls it. Written by `make docs` from the desks; do not edit.

A method has no body: `operation` sends what its signature takes, and reads what it promises.
"""

from comity.client.connection import Connection, operation
from comity.client.told.keylists import KeylistsAlarm, KeylistsShelved
from comity.core.ids import BureauId


class Watching:
    """What is seen of lists of keys."""

    def __init__(self, connection: Connection) -> None:
        """Speak over this line."""
        self.connection = connection

    @operation("keylists/lists")
    async def lists(
        self,
        *,
        source: BureauId | None = None,
    ) -> tuple[KeylistsShelved, ...]:
        """Show the lists of keys that this bureau has opened or may ask.

        Args:
            source: only lists of this bureau

        """

    @operation("keylists/alarms")
    async def alarms(
        self,
    ) -> tuple[KeylistsAlarm, ...]:
        """Show who asked our lists of keys more than they allow, the latest day first: somebody may be ..."""
