"""What the asking bureau's node says when an answer is owed: a reminder, an escalation; naming no officer."""

import re

from comity.core.act import Act
from comity.core.ids import Span

_CLOCK = re.compile(r"[a-z][a-z-]{1,23}")


class Chase(Act, frozen=True, kw_only=True):
    """What reminder and escalation have in common; said by the asking bureau's node itself. No kind of its own."""

    clock: str
    """The row of the table of terms, as the request started it."""
    within: Span
    """How long the answer may take by that row, milliseconds from the recipient's receipt."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if not _CLOCK.fullmatch(self.clock) or self.within < 1:
            raise ValueError("a clock is named in lower case, and its term is longer than nothing")

    @property
    def title(self) -> str:
        """What it says, in one line."""
        hours, minutes = divmod(self.within // 60_000, 60)
        return f"an answer is owed within {f'{hours} h' if hours else f'{minutes} min'} ({self.clock})"


class Reminder(Chase, frozen=True, kw_only=True, tag="messages.reminder/1"):
    """Reminds a recipient that its answer falls due, or has fallen due."""


class Escalation(Chase, frozen=True, kw_only=True, tag="messages.escalation/1"):
    """Puts a request that is overdue before the supervisors of the recipient."""
