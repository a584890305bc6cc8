"""Consent to pass data on: asked of their source, given or refused by it, and used (decision 0034, RPD 65, GK-text).

Which message is meant, the head says by the relation ``about``. A consent names to whom the data may go, in which
organisation, and until when; it is one act each time, as the onward rule ``ask`` says.
"""

from enum import StrEnum

import msgspec

from comity.capabilities.messages.acts.words import MAX_TITLE, is_one_line
from comity.core.act import MAX_RECIPIENTS, Act
from comity.core.ids import ActId, BureauId, Millis, OrgId


class Decided(StrEnum):
    """What the source decided."""

    GRANTED = "granted"
    REFUSED = "refused"


class Scope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """To whom data may go, and until when."""

    to: tuple[BureauId, ...]
    """Sorted, each once: bureaus of this organisation, or of `org`."""
    org: OrgId = OrgId("")
    """Another organisation; empty for this one."""
    until: Millis | None = None
    """The last moment at which they may be passed on."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if list(self.to) != sorted(set(self.to)) or not 1 <= len(self.to) <= MAX_RECIPIENTS:
            raise ValueError(f"those to whom data may go are sorted, each once, 1 to {MAX_RECIPIENTS}")

    def covers(self, other: "Scope", now: Millis) -> bool:
        """Tell whether everything that `other` asks for lies in this scope at `now`."""
        return set(other.to) <= set(self.to) and other.org == self.org and (self.until is None or now <= self.until)


class ConsentRequest(Act, frozen=True, kw_only=True, tag="messages.consent-request/1"):
    """Asks the source whether its data may be passed on."""

    scope: Scope
    reason: str
    """Why, in one line."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if not 1 <= len(self.reason) <= MAX_TITLE or not is_one_line(self.reason):
            raise ValueError(f"a reason is one line of 1 to {MAX_TITLE} characters")

    @property
    def title(self) -> str:
        """What it says, in one line."""
        return f"may it go to {', '.join(self.scope.to)}?"


class Consent(Act, frozen=True, kw_only=True, tag="messages.consent/1"):
    """The source says whether its data may be passed on; the last word about a message counts."""

    decision: Decided
    scope: Scope

    @property
    def title(self) -> str:
        """What it says, in one line."""
        return f"{self.decision.value}: {', '.join(self.scope.to)}"


class Departure(Act, frozen=True, kw_only=True, tag="messages.departure/1"):
    """Tells the source that its data now go into another organisation, under its consent."""

    scope: Scope

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if not self.scope.org:
            raise ValueError("data depart into another organisation")

    @property
    def title(self) -> str:
        """What it says, in one line."""
        return f"it goes to {', '.join(self.scope.to)} of another organisation"


class Abroad(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where data come from that were passed on from another organisation: what its parties can look up there."""

    org: OrgId
    act: ActId
    """The act that they come from; its id is the digest of its head."""
    consent: ActId
    """The consent of their source, there."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if {len(self.act), len(self.consent)} != {32}:
            raise ValueError("an act is named by 32 bytes")
