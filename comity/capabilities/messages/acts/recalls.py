"""Asking a message back: the recall, and the statement of each recipient's node that its copy is gone (decision 0034).

Which message is meant, the head says by the relation ``recalls``; so it stays readable when the message does not.
"""

from enum import StrEnum

from comity.core.act import Act


class Why(StrEnum):
    """Why a message is asked back; nothing about what it said."""

    RECIPIENT = "wrong-recipient"
    CONTENT = "mistaken"
    BASIS = "no-longer-allowed"
    PURPOSE = "purpose-reached"


class Recall(Act, frozen=True, kw_only=True, tag="messages.recall/1"):
    """Asks the recipients to erase a message; their nodes do, without anybody's doing."""

    why: Why

    @property
    def title(self) -> str:
        """What it says, in one line."""
        return f"asked back: {self.why.value}"


class Recalled(Act, frozen=True, kw_only=True, tag="messages.recalled/1"):
    """States that the sender's node has erased its copy of a message that was asked back."""

    @property
    def title(self) -> str:
        """What it says, in one line."""
        return "asked back and erased"
