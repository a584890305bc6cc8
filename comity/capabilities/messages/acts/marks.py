"""What a recipient says of a message beside answering it: a person opened it; the request is declined (decision 0037).

Which message is meant, the head says: by the relation ``reads`` or ``declines``.
"""

from comity.capabilities.messages.acts.words import MAX_TERMS, MAX_TITLE, is_printable
from comity.core.act import Act


class ReadMark(Act, frozen=True, kw_only=True, tag="messages.read-mark/1"):
    """Tells the sender that a person at the recipient has opened its message; names nobody, and is said once."""

    @property
    def title(self) -> str:
        """What it says, in one line."""
        return "opened by a person"


class Decline(Act, frozen=True, kw_only=True, tag="messages.decline/1"):
    """Tells the bureau that asked that its request is not answered, and why; stops the clock as a reply does."""

    reason: str
    """What the asking bureau can act on: Dir. (EU) 2023/977 Art. 6 wants refusals with their reasons."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if not 1 <= len(self.reason.strip()) <= len(self.reason) <= MAX_TERMS or not is_printable(self.reason):
            raise ValueError(f"a reason has 1 to {MAX_TERMS} characters and no control characters")

    @property
    def title(self) -> str:
        """What it says, in one line."""
        return f"declined: {' '.join(self.reason.split())}"[:MAX_TITLE]
