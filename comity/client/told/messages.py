"""What the desk of a bureau answers: structs and enumerations.

Written by `make docs` from the desks; do not edit.
"""

from enum import StrEnum

import msgspec

from comity.client.values import Glimpse
from comity.core.ids import ActId, BureauId, Millis, Span


class MessagesSent(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a message that was said."""

    id: ActId
    kind: str
    to: tuple[BureauId, ...]
    said: Millis
    leaf: int


class MessagesDecision(StrEnum):
    """What a person at the recipient decides about a message."""

    TAKEN = "taken"
    DECLINED = "declined"


class MessagesClock(msgspec.Struct, frozen=True, kw_only=True):
    """How one recipient of a request stands with its answer; times in milliseconds."""

    bureau: BureauId
    clock: str
    article: str
    asked: Millis
    received: Millis | None
    by: Millis | None
    reminded: Millis | None
    escalated: Millis | None
    replied: Millis | None
    declined: Millis | None
    late: Span | None


class MessagesLate(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that is overdue."""

    request: ActId
    asker: BureauId
    clock: MessagesClock


class MessagesSide(StrEnum):
    """Who is to do something."""

    US = "us"
    THEM = "them"


class MessagesWaiting(msgspec.Struct, frozen=True, kw_only=True):
    """One answer that is owed."""

    request: ActId
    title: str
    side: MessagesSide
    bureau: BureauId
    used: int
    clock: MessagesClock
    units: tuple[str, ...]
    cases: tuple[str, ...]


class MessagesCase(msgspec.Struct, frozen=True, kw_only=True):
    """One case, as a line of a list."""

    case: str
    matters: int
    messages: int
    last: Millis
    owed_by_us: int
    owed_to_us: int
    overdue: int


class MessagesCasefile(msgspec.Struct, frozen=True, kw_only=True):
    """One case, whole."""

    case: str
    units: tuple[str, ...]
    messages: tuple[Glimpse, ...]
    waiting: tuple[MessagesWaiting, ...]


class MessagesRecalling(msgspec.Struct, frozen=True, kw_only=True):
    """How one recipient stands with a message that was asked back."""

    message: ActId
    bureau: BureauId
    asked: Millis
    erased: Millis | None


class MessagesLeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """A bureau that a region or list names and that can be told nothing at the moment."""

    bureau: BureauId
    code: str
    reason: str


class MessagesMeant(msgspec.Struct, frozen=True, kw_only=True):
    """Who is meant by recipients, regions and lists."""

    to: tuple[BureauId, ...]
    left_out: tuple[MessagesLeftOut, ...]


class MessagesNamed(msgspec.Struct, frozen=True, kw_only=True):
    """A saved list."""

    name: str
    members: tuple[BureauId, ...]
    saved: Millis
    by: str
    act: ActId
