# mypy: disable-error-code="empty-body"

"""The desk of messages, as a program calls it. Written by `make docs` from the desks; do not edit.

A method has no body: `operation` sends what its signature takes, and reads what it promises.
"""

from comity.client.connection import Connection, operation
from comity.client.told.messages import MessagesCase, MessagesCasefile


class Cases:
    """Cases."""

    def __init__(self, connection: Connection) -> None:
        """Speak over this line."""
        self.connection = connection

    @operation("messages/cases")
    async def cases(
        self,
    ) -> tuple[MessagesCase, ...]:
        """List the cases of this bureau, the one in which something was said last comes first."""

    @operation("messages/case")
    async def case(
        self,
        name: str,
    ) -> MessagesCasefile:
        """Show one case: what was said in it, in order, and the clocks that run.

        Args:
            name: the case, as assignments name it

        """
