# mypy: disable-error-code="empty-body"

"""The desk of messages, as a program calls it. Written by `make docs` from the desks; do not edit.

A method has no body: `operation` sends what its signature takes, and reads what it promises.
"""

from comity.client.connection import Connection, operation
from comity.client.told.messages import MessagesClock, MessagesLate


class Clocks:
    """Clocks."""

    def __init__(self, connection: Connection) -> None:
        """Speak over this line."""
        self.connection = connection

    @operation("messages/clock")
    async def clock(
        self,
        act: str,
    ) -> tuple[MessagesClock, ...]:
        """Show how each recipient of a request stands with its answer: received, due, reminded, escalated, ...

        Args:
            act: the act, by the first digits of its id

        """

    @operation("messages/overdue")
    async def overdue(
        self,
    ) -> tuple[MessagesLate, ...]:
        """List the answers that are overdue, ours and those of others, the latest first."""

    @operation("messages/escalated")
    async def escalated(
        self,
    ) -> tuple[MessagesLate, ...]:
        """List what supervisors must look after: answers that are overdue for half a term and more, the ..."""
