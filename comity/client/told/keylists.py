"""What the desk of a bureau answers: structs and enumerations.

Written by `make docs` from the desks; do not edit.
"""

from enum import StrEnum

import msgspec

from comity.client.said.keylists import KeylistsKeyKind
from comity.core.ids import ActId, BureauId, Millis


class KeylistsSaid(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an act about a list."""

    id: ActId
    kind: str
    to: tuple[BureauId, ...]
    said: Millis
    leaf: int


class KeylistsFlaw(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with one line."""

    line: int
    what: str


class KeylistsFilled(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file of numbers."""

    lines: int
    keys: int
    flaws: tuple[KeylistsFlaw, ...]
    handed: tuple[ActId, ...]


class KeylistsStanding(StrEnum):
    """Where a question stands."""

    WAITING = "waiting"
    REFUSED = "refused"
    ANSWERED = "answered"
    FAILED = "failed"
    OVER = "over"


class KeylistsAnswered(msgspec.Struct, frozen=True, kw_only=True):
    """A question of ours, and what is known of its answer."""

    question: ActId
    list: ActId | None
    source: BureauId
    said: Millis
    numbers: int
    standing: KeylistsStanding
    reason: str
    in_list: tuple[str, ...]
    advice: str


class KeylistsShelved(msgspec.Struct, frozen=True, kw_only=True):
    """A list as it stands here."""

    id: ActId
    source: BureauId
    of: KeylistsKeyKind | None
    name: str
    size: int
    most: int
    daily: int
    epoch: int
    until: Millis
    over: bool
    askers: tuple[BureauId, ...]
    filled: tuple[BureauId, ...]
    questions: int
    waiting: int


class KeylistsAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """A bureau that asked more on one day than a list of ours allows, or what it must not."""

    list: ActId | None
    bureau: BureauId
    day: Millis
    code: str
    refused: int
    questions: int
    keys: int
