# mypy: disable-error-code="empty-body"

"""The desk of messages, as a program calls it. Written by `make docs` from the desks; do not edit.

A method has no body: `operation` sends what its signature takes, and reads what it promises.
"""

from comity.client.connection import Connection, operation
from comity.client.told.messages import MessagesDecision, MessagesSent
from comity.client.values import Glimpse, Ladder, PageOfGlimpse


class Reading:
    """Reading at home."""

    def __init__(self, connection: Connection) -> None:
        """Speak over this line."""
        self.connection = connection

    @operation("messages/assign")
    async def assign(
        self,
        act: str,
        *,
        unit: tuple[str, ...] = (),
        case: tuple[str, ...] = (),
    ) -> MessagesSent:
        """Assign a message to units or cases of this bureau; they then see it, and nobody outside the bureau knows.

        Args:
            act: the act, by the first digits of its id
            unit: a unit that works on it; repeat it for several
            case: a case that it belongs to; repeat it for several

        """

    @operation("messages/decide")
    async def decide(
        self,
        act: str,
        decision: MessagesDecision,
        *,
        reason: str = "",
    ) -> MessagesSent:
        """Tell the sender what a person here decided about a message: the third rung of its receipts.

        Args:
            act: the act, by the first digits of its id
            decision: taken or declined
            reason: why it is declined; the sender reads it

        """

    @operation("messages/inbox")
    async def inbox(
        self,
        *,
        limit: int = 20,
        before: int | None = None,
    ) -> PageOfGlimpse:
        """List the messages that others sent to this bureau, newest first.

        Args:
            limit: how many at most, newest first
            before: go on with older ones: the number that the page before ended with

        """

    @operation("messages/outbox")
    async def outbox(
        self,
        *,
        limit: int = 20,
        before: int | None = None,
    ) -> PageOfGlimpse:
        """List the messages that this bureau sent, newest first, each with how far it has come.

        Args:
            limit: how many at most, newest first
            before: go on with older ones: the number that the page before ended with

        """

    @operation("messages/read")
    async def read(
        self,
        act: str,
    ) -> Glimpse:
        """Show one message whole, with its label.

        Args:
            act: the act, by the first digits of its id

        """

    @operation("messages/mark-read")
    async def mark_read(
        self,
        act: str,
    ) -> MessagesSent:
        """Tell the sender that a person here has opened its message: once, naming nobody, and only when you say so.

        Args:
            act: the act, by the first digits of its id

        """

    @operation("messages/thread")
    async def thread(
        self,
        act: str,
    ) -> tuple[Glimpse, ...]:
        """Show a conversation from its first message on.

        Args:
            act: the act, by the first digits of its id

        """

    @operation("messages/status")
    async def status(
        self,
        act: str,
    ) -> tuple[Ladder, ...]:
        """Show how far a message of ours has come at each recipient, rung by rung, and who says that it was opened.

        Args:
            act: the act, by the first digits of its id

        """
