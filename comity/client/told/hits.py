"""What the desk of a bureau answers: structs and enumerations.

Written by `make docs` from the desks; do not edit.
"""

from enum import StrEnum

import msgspec

from comity.client.said.hits import HitsAsks, HitsDid, HitsHitVerdict, HitsManner
from comity.client.values import Flaw, How
from comity.core.handling import Label, Purpose
from comity.core.ids import ActId, BureauId, Millis, Span


class HitsTongue(StrEnum):
    """A working language."""

    EN = "en"
    FR = "fr"
    ES = "es"
    AR = "ar"


class HitsRecordShown(msgspec.Struct, frozen=True, kw_only=True):
    """What a record is found by, as far as its label lets it be seen."""

    what: str
    names: tuple[str, ...]
    born: tuple[str, ...]
    nationalities: tuple[str, ...]
    sex: str
    places: tuple[str, ...]


class HitsCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """A record that may be what was searched for."""

    list: ActId
    key: str
    source: BureauId
    score: int
    why: tuple[str, ...]
    codes: tuple[str, ...]
    record: HitsRecordShown | None
    label: Label
    said: Millis
    until: Millis


class HitsSearchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a search met."""

    hit: bool
    caution: str
    candidates: tuple[HitsCandidate, ...]
    read_as: tuple[str, ...]
    compared: int
    touched: int
    scored: int


class HitsHitSaid(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an act about a hit."""

    id: ActId
    kind: str
    to: tuple[BureauId, ...]
    said: Millis
    hit: ActId


class HitsRunning(msgspec.Struct, frozen=True, kw_only=True):
    """How the source stands with its confirmation; times in milliseconds."""

    asks: HitsAsks
    article: str
    received: Millis | None
    by: Millis | None
    late: Span | None


class HitsWord(msgspec.Struct, frozen=True, kw_only=True):
    """One word of the source."""

    act: ActId
    verdict: HitsHitVerdict
    said: Millis
    seq: int


class HitsEnded(msgspec.Struct, frozen=True, kw_only=True):
    """What was done."""

    act: ActId
    did: HitsDid
    said: Millis


class HitsHitStanding(msgspec.Struct, frozen=True, kw_only=True):
    """A hit as it stands."""

    id: ActId
    bureau: BureauId
    source: BureauId
    said: Millis
    purpose: Purpose
    list: ActId
    key: str
    score: int
    agreed: tuple[str, ...]
    came: str
    manner: HitsManner
    asks: HitsAsks
    clock: HitsRunning | None
    words: tuple[HitsWord, ...]
    ends: tuple[HitsEnded, ...]
    touches: str
    may_act: bool


class HitsMatched(msgspec.Struct, frozen=True, kw_only=True):
    """One hit of one line."""

    line: int
    key: str
    list: ActId
    record: str
    source: BureauId
    score: int
    why: tuple[str, ...]
    label: str


class HitsScreening(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file."""

    lines: int
    searched: int
    hits: int
    matched: tuple[HitsMatched, ...]
    flaws: tuple[Flaw, ...]
    caution: str


class HitsMention(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a text that names a person of a record, or holds a number."""

    start: int
    stop: int
    written: str
    what: str
    list: ActId | None
    key: str
    source: BureauId | None
    score: int
    label: str


class HitsTextRead(msgspec.Struct, frozen=True, kw_only=True):
    """What a text holds."""

    characters: int
    mentions: tuple[HitsMention, ...]
    caution: str


class HitsWatched(msgspec.Struct, frozen=True, kw_only=True):
    """That another bureau looked at one of our records."""

    bureau: BureauId
    purpose: Purpose
    since: Millis
    until: Millis
    found: int
    opened: int


class HitsLookLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of our own journal of looks."""

    number: int
    place: int
    at: Millis
    officer: str
    unit: str
    how: How
    purpose: Purpose
    law: str
    case: str
    searches: int
    alarm: str
    list: str
    key: str
    bound: ActId | None


class HitsProven(msgspec.Struct, frozen=True, kw_only=True):
    """A look and its proof, for whoever is to check it (RFC 6962)."""

    line: HitsLookLine
    leaf: bytes
    index: int
    size: int
    path: tuple[bytes, ...]
    act: ActId
    head: bytes
    body: bytes
    salt: bytes
