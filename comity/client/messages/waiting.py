# mypy: disable-error-code="empty-body"

"""The desk of messages, as a program calls it. Written by `make docs` from the desks; do not edit.

A method has no body: `operation` sends what its signature takes, and reads what it promises.
"""

from comity.client.connection import Connection, operation
from comity.client.told.messages import MessagesSide, MessagesWaiting


class Waiting:
    """What waits for an answer."""

    def __init__(self, connection: Connection) -> None:
        """Speak over this line."""
        self.connection = connection

    @operation("messages/waiting")
    async def waiting(
        self,
        *,
        owed_by: MessagesSide | None = None,
        unit: str = "",
        case: str = "",
    ) -> tuple[MessagesWaiting, ...]:
        """List the answers that are owed, by us and to us: what has used up most of its term comes first.

        Args:
            owed_by: us: what we owe; them: what is owed to us; without it, both
            unit: only what is assigned to this unit
            case: only what belongs to this case

        """
