"""What is said of a list of keys without records: opened, set up, asked, answered, ended (decision 0053).

A list is a subject of one epoch, kept by its source. Nothing here holds a number of a document, plate, account or phone
but the secret that an asker says to itself; what bureaus say to each other are points of a curve, 33 bytes each.
"""

from enum import StrEnum

from comity.core.act import Act
from comity.core.ids import BureauId, Millis

POINT = 33
"""Bytes of a point, as `engines/psi.py` has it; a test holds the two together."""

MOST_POINTS = 100_000
"""Points in one act: 3.3 MB, well below what is decoded in one piece."""

MOST_PARTS = 20
MOST_KEYS = 10_000
"""Keys of one question, whatever a list allows."""
SIZES = (1_000, 10_000, 100_000, 1_000_000)
"""How large a list may be said to be: at most so many keys."""
MAX_NAME = 64
MAX_NUMBER = 120
SECRET = 32
"""Bytes of a key of the library."""


class KeyKind(StrEnum):
    """What the keys of a list name."""

    DOCUMENT = "document"
    PLATE = "plate"
    IBAN = "iban"
    PHONE = "phone"


class AnswerKind(StrEnum):
    """What became of a question at the source."""

    EVALUATED = "evaluated"
    MALFORMED = "malformed"
    """What came were no points of the curve."""
    UNAVAILABLE = "unavailable"
    """The source's node no longer has the key of this pair and epoch."""


class KeyList(Act, frozen=True, kw_only=True, tag="keylists.key-list/1"):
    """Opens a list of keys for one epoch, to the bureaus that may ask."""

    opens = True

    of: KeyKind
    name: str = ""
    """Which of the source's lists of this kind; to others a name and no more."""
    folding: str
    """How numbers become keys, with its version; both ends must fold alike."""
    size: int
    """At most so many keys: one of `SIZES`."""
    most: int
    """Keys of one question at most."""
    daily: int
    """Questions of one bureau on one day (UTC) at most."""
    epoch: int
    """Counts from 1; a later epoch is a list of its own that names the one before."""
    until: Millis
    """End of the epoch: afterwards nothing is answered and its keys are destroyed."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if len(self.name) > MAX_NAME or not self.name.isprintable():
            raise ValueError(f"a name has at most {MAX_NAME} characters, none of them a control character")
        if not 1 <= len(self.folding) <= MAX_NAME or not self.folding.isascii():
            raise ValueError("a folding is named, with its version")
        if self.size not in SIZES:
            raise ValueError(f"a list is said to hold at most {', '.join(f'{each:,}' for each in SIZES)} keys")
        if not 1 <= self.most <= MOST_KEYS or self.daily < 1 or self.epoch < 1:
            raise ValueError(f"a question has 1 to {MOST_KEYS:,} keys; questions a day and epochs count from 1")


class Setup(Act, frozen=True, kw_only=True, tag="keylists.setup/1"):
    """Hands one asker a part of the set, concealed under the source's key for this asker and epoch."""

    serial: int
    """Orders the fillings of a list: the moment in milliseconds UTC, or the last one and 1 if that is more."""
    part: int
    """Counts from 1."""
    parts: int
    concealed: bytes
    """Points, sorted."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        _check_points(self.concealed, MOST_POINTS)
        if self.serial < 1 or not 1 <= self.part <= self.parts <= MOST_PARTS:
            raise ValueError(f"a serial counts from 1, and a part is one of 1 to {MOST_PARTS}")


class Question(Act, frozen=True, kw_only=True, tag="keylists.question/1"):
    """Asks the source which of some keys are in its list; it learns how many they are and not which."""

    count: int
    blinded: bytes
    """As many points, in the asker's order."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        _check_points(self.blinded, MOST_KEYS)
        if self.count < 1 or self.count * POINT != len(self.blinded):
            raise ValueError(f"{self.count} keys are {self.count} points of {POINT} bytes, at least one")


class Answer(Act, frozen=True, kw_only=True, tag="keylists.answer/1"):
    """Gives the points of the question named by ``answers`` back under the source's key; said by the source's node."""

    outcome: AnswerKind
    evaluated: bytes = b""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        _check_points(self.evaluated, MOST_KEYS)
        if (self.outcome is AnswerKind.EVALUATED) is not bool(self.evaluated):
            raise ValueError("points come back if the question was evaluated, and only then")


class Secret(Act, frozen=True, kw_only=True, tag="keylists.secret/1"):
    """Keeps a key of ours until the epoch ends: said to oneself, since a body rests sealed and can be destroyed."""

    peer: BureauId
    """For whose questions, or whose answers."""
    key: bytes
    asked: tuple[str, ...] = ()
    """An asker's: the numbers of the question that ``unblinds`` names, as written, in the order of its points."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if len(self.key) != SECRET or len(self.asked) > MOST_KEYS:
            raise ValueError(f"a key has {SECRET} bytes, and a question at most {MOST_KEYS:,} numbers")
        if any(not 1 <= len(each) <= MAX_NUMBER for each in self.asked):
            raise ValueError(f"a number has 1 to {MAX_NUMBER} characters")


class End(Act, frozen=True, kw_only=True, tag="keylists.end/1"):
    """States in one's own log that an epoch is over, so that its keys and points are destroyed here."""


def _check_points(raw: bytes, most: int) -> None:
    if len(raw) % POINT or len(raw) > most * POINT or not set(raw[::POINT]) <= {2, 3}:
        raise ValueError(f"points have {POINT} bytes and begin with 2 or 3; at most {most:,} of them")
