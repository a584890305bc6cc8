"""What is said of a hit: that a record was met, whether it is the same, what was done; and that records were looked at.

A search is no act: it is made at home and tells nobody what was asked. What it meets is told to the source of the
record, by the source's own key and in codes; neither name nor number that was searched for is in any of these acts
(decision 0054).
"""

import re
from enum import StrEnum

import msgspec

from comity.core.act import Act
from comity.core.ids import ActId, Millis, Span

MAX_KEY = 64
"""Characters of a source's own key."""

MAX_NOTE = 2_000
"""Characters of what a person adds: two paragraphs."""

MOST_CODES = 64
"""Parts of one explanation."""

MOST_LOOKS = 4_000
"""Records of one list that one act tells of; each takes some 90 bytes."""

WHOLE = 1_000
"""A score of 1, in thousandths: the wire knows no fractions."""

_CODE = re.compile(r"[a-z]+\.[a-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


class Came(StrEnum):
    """How a hit came about."""

    SEARCH = "search"
    """An officer searched and opened what was found."""
    RECORD = "record"
    """Two records touch each other."""
    MESSAGE = "message"
    """A message names what a record holds."""


class Asks(StrEnum):
    """Whether the source is asked to confirm, and how fast: the clocks of `tables.TERMS`."""

    NOTHING = "nothing"
    ROUTINE = "routine"
    URGENT = "urgent"


class Manner(StrEnum):
    """Who knows of a hit."""

    OPENLY = "openly"
    QUIETLY = "quietly"
    """The source alone; who searched was not told."""


class HitVerdict(StrEnum):
    """What the source says of a hit."""

    SAME = "same"
    OTHER = "not-same"
    UNCLEAR = "cannot-tell"


class HitGround(StrEnum):
    """Why the source says so, in a word."""

    RECORDS = "our-files-agree"
    BIOMETRICS = "biometrics-compared"
    DETAILS = "details-differ"
    ENDED = "no-longer-sought"
    MORE = "more-is-needed"
    """To tell, the source would have to know more: it asks by a message."""


class Did(StrEnum):
    """What was done on a hit."""

    LOCATED = "located"
    ARRESTED = "arrested"
    SEIZED = "seized"
    REFUSED = "entry-refused"
    QUESTIONED = "questioned"
    LET_GO = "let-go"
    GONE = "gone-before"
    """Whoever or whatever it was had left before anybody could act."""
    NOTHING = "nothing-done"


class HitStage(StrEnum):
    """Of the chase for a confirmation."""

    AGAIN = "again"
    """The source is asked a second time."""
    SUPERVISORS = "supervisors"
    """It goes to the supervisors of both."""


class Touched(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row, named as its source names it."""

    list: ActId
    key: str

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        check_key(self.key)


class Hit(Act, frozen=True, kw_only=True, tag="hits.hit/1"):
    """Tells a record's source that its record was met, and asks it to confirm, if anything is to be done on it."""

    opens = True

    list: ActId
    batch: ActId
    """The act that put the row: it says which state of the record was met."""
    key: str
    score: int
    """In thousandths: of hits with a score of 800 about eight in ten are the same."""
    agreed: tuple[str, ...]
    """What speaks for it and against it, in codes, sorted: ``name.alike``, ``born.year``, ``number.same``."""
    came: Came = Came.SEARCH
    manner: Manner = Manner.OPENLY
    asks: Asks = Asks.NOTHING
    touches: Touched | None = None
    """The row of the sender that touches it; only where its source may see that one too."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        check_key(self.key)
        if not 0 <= self.score <= WHOLE:
            raise ValueError(f"a score has 0 to {WHOLE} thousandths")
        if list(self.agreed) != sorted(set(self.agreed)) or len(self.agreed) > MOST_CODES:
            raise ValueError(f"codes are sorted, each once, and at most {MOST_CODES}")
        if not all(_CODE.fullmatch(code) for code in self.agreed):
            raise ValueError("a code of an explanation is two words in lower case with a dot between them")
        if self.manner is Manner.QUIETLY and self.asks is not Asks.NOTHING:
            raise ValueError("a hit that nobody was told of asks nothing")


class Confirmation(Act, frozen=True, kw_only=True, tag="hits.confirmation/1"):
    """The source's word on a hit; the last one counts."""

    verdict: HitVerdict
    grounds: tuple[HitGround, ...]
    note: str = ""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if not self.grounds or list(self.grounds) != sorted(set(self.grounds)):
            raise ValueError("a confirmation says why, each ground once, in order")
        check_note(self.note)


class HitOutcome(Act, frozen=True, kw_only=True, tag="hits.outcome/1"):
    """What was done on a hit; what acts on somebody or something only after the source has confirmed it."""

    did: Did
    note: str = ""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        check_note(self.note)


class HitReminder(Act, frozen=True, kw_only=True, tag="hits.reminder/1"):
    """Says, by the asking node itself, that a confirmation is owed."""

    asks: Asks
    stage: HitStage
    within: Span
    """How long the answer may take by the table, milliseconds from the source's receipt."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if self.asks is Asks.NOTHING or self.within < 1:
            raise ValueError("a reminder is about a question, and its term is longer than nothing")


class Glimpsed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How often one record was found by searches, and opened by its key."""

    key: str
    found: int = 0
    opened: int = 0

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        check_key(self.key)
        if min(self.found, self.opened) < 0 or not self.found + self.opened:
            raise ValueError("what was looked at was found or opened at least once")


class Looked(Act, frozen=True, kw_only=True, tag="hits.looked/1"):
    """Tells a source which records of one list were looked at, for the purpose in the head; not by whom."""

    since: Millis
    until: Millis
    """The first moment that it does not cover."""
    looks: tuple[Glimpsed, ...]

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        keys = [look.key for look in self.looks]
        if not 1 <= len(keys) <= MOST_LOOKS or keys != sorted(set(keys)):
            raise ValueError(f"looks are sorted by key, each once, 1 to {MOST_LOOKS}")
        if self.until <= self.since:
            raise ValueError("an end comes after its beginning")


def check_key(key: str) -> None:
    """Refuse what cannot be a source's own key."""
    if not 1 <= len(key) <= MAX_KEY or not key.isprintable():
        raise ValueError(f"a key is one line of 1 to {MAX_KEY} characters")


def check_note(note: str) -> None:
    """Refuse a note that is too long, or holds characters that no text has."""
    if len(note) > MAX_NOTE or _CONTROL.search(note):
        raise ValueError(f"a note has at most {MAX_NOTE} characters, and no control characters but line ends")
