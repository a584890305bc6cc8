"""What the desk of a bureau answers: structs and enumerations.

Written by `make docs` from the desks; do not edit.
"""

from enum import StrEnum

import msgspec

from comity.core.ids import ActId, Millis, Span


class HitsCame(StrEnum):
    """How a hit came about."""

    SEARCH = "search"
    RECORD = "record"
    MESSAGE = "message"


class HitsManner(StrEnum):
    """Who knows of a hit."""

    OPENLY = "openly"
    QUIETLY = "quietly"


class HitsAsks(StrEnum):
    """Whether the source is asked to confirm, and how fast: the clocks of `tables.TERMS`."""

    NOTHING = "nothing"
    ROUTINE = "routine"
    URGENT = "urgent"


class HitsTouched(msgspec.Struct, frozen=True, kw_only=True):
    """A row, named as its source names it."""

    list: ActId
    key: str


class HitsHit(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="hits.hit/1"):
    """Tells a record's source that its record was met, and asks it to confirm, if anything is to be done on it."""

    list: ActId
    batch: ActId
    key: str
    score: int
    agreed: tuple[str, ...]
    came: HitsCame
    manner: HitsManner
    asks: HitsAsks
    touches: HitsTouched | None


class HitsHitVerdict(StrEnum):
    """What the source says of a hit."""

    SAME = "same"
    OTHER = "not-same"
    UNCLEAR = "cannot-tell"


class HitsHitGround(StrEnum):
    """Why the source says so, in a word."""

    RECORDS = "our-files-agree"
    BIOMETRICS = "biometrics-compared"
    DETAILS = "details-differ"
    ENDED = "no-longer-sought"
    MORE = "more-is-needed"


class HitsConfirmation(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="hits.confirmation/1"):
    """The source's word on a hit; the last one counts."""

    verdict: HitsHitVerdict
    grounds: tuple[HitsHitGround, ...]
    note: str


class HitsDid(StrEnum):
    """What was done on a hit."""

    LOCATED = "located"
    ARRESTED = "arrested"
    SEIZED = "seized"
    REFUSED = "entry-refused"
    QUESTIONED = "questioned"
    LET_GO = "let-go"
    GONE = "gone-before"
    NOTHING = "nothing-done"


class HitsHitOutcome(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="hits.outcome/1"):
    """What was done on a hit; what acts on somebody or something only after the source has confirmed it."""

    did: HitsDid
    note: str


class HitsHitStage(StrEnum):
    """Of the chase for a confirmation."""

    AGAIN = "again"
    SUPERVISORS = "supervisors"


class HitsHitReminder(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="hits.reminder/1"):
    """Says, by the asking node itself, that a confirmation is owed."""

    asks: HitsAsks
    stage: HitsHitStage
    within: Span


class HitsGlimpsed(msgspec.Struct, frozen=True, kw_only=True):
    """How often one record was found by searches, and opened by its key."""

    key: str
    found: int
    opened: int


class HitsLooked(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="hits.looked/1"):
    """Tells a source which records of one list were looked at, for the purpose in the head; not by whom."""

    since: Millis
    until: Millis
    looks: tuple[HitsGlimpsed, ...]
