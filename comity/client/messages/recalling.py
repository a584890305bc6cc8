# mypy: disable-error-code="empty-body"

"""The desk of messages, as a program calls it. Written by `make docs` from the desks; do not edit.

A method has no body: `operation` sends what its signature takes, and reads what it promises.
"""

from comity.client.connection import Connection, operation
from comity.client.said.messages import MessagesWhy
from comity.client.told.messages import MessagesRecalling, MessagesSent
from comity.core.ids import BureauId


class Recalling:
    """Asking a message back, and seeing who has erased it (decision 0034)."""

    def __init__(self, connection: Connection) -> None:
        """Speak over this line."""
        self.connection = connection

    @operation("messages/recall")
    async def recall(
        self,
        act: str,
        *,
        why: MessagesWhy,
        to: tuple[BureauId, ...] = (),
    ) -> MessagesSent:
        """Ask a message of ours back: the recipients' nodes erase it by themselves, and say so.

        Args:
            act: the act, by the first digits of its id
            why: why it is asked back; the recipients read it
            to: from this recipient only; repeat it for several

        """

    @operation("messages/recalls")
    async def recalls(
        self,
        act: str,
    ) -> tuple[MessagesRecalling, ...]:
        """Show who has erased what was asked back in a matter, and who has not yet.

        Args:
            act: the act, by the first digits of its id

        """
