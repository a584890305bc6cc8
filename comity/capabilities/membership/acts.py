"""What is said about a bureau's membership: a measure, the appeal against it, its outcome, a dead key (decision 0027).

A measure announces what the registry's custodians decided; it does not itself take anything from anybody. The registry
does, at every node, whether or not this act arrives.
"""

import unicodedata
from enum import StrEnum

import msgspec

from comity.core.act import Act
from comity.core.ids import BureauId, Millis
from comity.core.registry import MAX_DOCUMENT, Standing

MAX_REASON = 4_000
"""Characters, two printed pages; longer grounds are sent as an attachment of a message."""
MAX_ARTICLE = 200
"""Characters; a citation, as in `handling.Basis`."""


class Body(StrEnum):
    """The body of the organisation that decided."""

    SECRETARIAT = "secretariat"
    COMMITTEE = "executive-committee"
    ASSEMBLY = "assembly"


class Result(StrEnum):
    """How an appeal ends."""

    UPHELD = "upheld"
    LIFTED = "lifted"
    AMENDED = "amended"


class Terms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a bureau stands under a measure."""

    standing: Standing
    functions: tuple[str, ...] = ()
    """The capabilities that a restricted bureau keeps, sorted."""
    since: Millis
    until: Millis | None = None

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if list(self.functions) != sorted(set(self.functions)):
            raise ValueError("functions are sorted, each once")
        if self.functions and self.standing is not Standing.RESTRICTED:
            raise ValueError("functions are named only when a bureau is restricted to them")
        if self.until is not None and self.until <= self.since:
            raise ValueError("a measure ends after it begins")


class Measure(Act, frozen=True, kw_only=True, tag="membership.measure/1"):
    """The secretariat tells members what was decided about one of them."""

    two_persons = True
    opens = True

    bureau: BureauId
    terms: Terms
    decided_by: Body
    article: str = ""
    reason: str

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        _check_words(self.article, self.reason)


class Appeal(Act, frozen=True, kw_only=True, tag="membership.appeal/1"):
    """The bureau concerned asks for another decision."""

    kept = True

    reason: str

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        _check_words("", self.reason)


class Outcome(Act, frozen=True, kw_only=True, tag="membership.outcome/1"):
    """The secretariat tells what was decided on the appeal."""

    two_persons = True
    kept = True

    result: Result
    terms: Terms | None = None
    """The new terms of an amended measure."""
    decided_by: Body
    article: str = ""
    reason: str

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        _check_words(self.article, self.reason)
        if (self.terms is None) is (self.result is Result.AMENDED):
            raise ValueError("an amended measure has new terms, an upheld or lifted one has none")


class Revocation(Act, frozen=True, kw_only=True, tag="membership.revocation/1"):
    """A bureau tells its peers at once that one of its keys is dead; one officer is enough, because it must be fast.

    The statement proves itself: each peer's node verifies it under the bureau's offline role key (`Registry.obeyed`).
    """

    statement: bytes
    """JSON of a `SelfRevocation`, as it was signed."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if not 1 <= len(self.statement) <= MAX_DOCUMENT:
            raise ValueError(f"a statement has 1 to {MAX_DOCUMENT} bytes")


def _check_words(article: str, reason: str) -> None:
    if len(article) > MAX_ARTICLE or not 1 <= len(reason) <= MAX_REASON:
        raise ValueError(f"an article has at most {MAX_ARTICLE} characters, a reason 1 to {MAX_REASON}")
    if any(unicodedata.category(letter) in {"Cc", "Cs"} and letter not in "\n\t" for letter in article + reason):
        raise ValueError("article and reason hold no control characters but line ends and tabs")
