"""What is said about abuse: a bureau's report to the commission, and what the commission decided on it (decision 0038).

A report carries proof files, byte for byte as `comity prove` writes them, so that the commission verifies words and
sender by itself and with software of others. Which acts are reported, the head says by the relation ``about``, in the
same order, so that it stays readable when the words do not.
"""

import unicodedata
from enum import StrEnum

from comity.core.act import Act

MAX_TEXT = 4_000
"""Characters, two printed pages."""
MAX_ARTICLE = 200
"""Characters; a citation, as in `handling.Basis`."""
MAX_FILES = 16
"""Acts that one report shows: the reported one, and what of its conversation is needed to understand it."""
MAX_SIZE = 4 * 1024 * 1024
"""Bytes of all proof files together: half of what is decoded in one piece."""


class Ground(StrEnum):
    """Why it is reported; coded, so that it can be counted."""

    RIGHTS = "human-rights"
    """Against the spirit of the Universal Declaration of Human Rights: C 2."""
    NEUTRALITY = "neutrality"
    """A political, military, religious or racial matter: C 3."""
    PURPOSE = "purpose"
    """For no police purpose, or for another than it names: RPD 10."""
    FALSE = "false"
    """Its sender knows that it is not so."""
    HANDLING = "handling"
    """Data of another used or passed on against their label: RPD 65 (GK-text)."""
    CONDUCT = "conduct"
    """A threat, an insult, an offer of money."""


class Disposition(StrEnum):
    """What the commission decided."""

    ADMITTED = "admitted"
    """It will be looked into."""
    INADMISSIBLE = "inadmissible"
    UPHELD = "upheld"
    """It was abuse."""
    DISMISSED = "dismissed"


class Report(Act, frozen=True, kw_only=True, tag="abuse.report/1"):
    """Shows the commission a message that this bureau received or sent, and says what is wrong with it."""

    opens = True

    ground: Ground
    text: str
    """What is wrong, in the reporter's words."""
    proofs: tuple[bytes, ...]
    """Proof files (docs/spec/proof.md) of the reporter: the reported act first, then others that it chose to show."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        _check_words("", self.text)
        if not 1 <= len(self.proofs) <= MAX_FILES or sum(map(len, self.proofs)) > MAX_SIZE:
            raise ValueError(f"a report shows 1 to {MAX_FILES} acts, in {MAX_SIZE:,} bytes at most")

    @property
    def title(self) -> str:
        """What it says, in one line."""
        return f"report of abuse: {self.ground.value}"


class Decision(Act, frozen=True, kw_only=True, tag="abuse.decision/1"):
    """The commission says what it decided on a report, to the reporter, or to the sender of what was reported."""

    outcome: Disposition
    reason: str
    """The answer, in words."""
    article: str = ""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        _check_words(self.article, self.reason)

    @property
    def title(self) -> str:
        """What it says, in one line."""
        return f"report of abuse {self.outcome.value}"


def _check_words(article: str, text: str) -> None:
    if len(article) > MAX_ARTICLE or not 1 <= len(text.strip()) <= len(text) <= MAX_TEXT:
        raise ValueError(f"an article has at most {MAX_ARTICLE} characters, a text 1 to {MAX_TEXT}")
    if any(unicodedata.category(letter) in {"Cc", "Cs"} and letter not in "\n\t" for letter in article + text):
        raise ValueError("article and text hold no control characters but line ends and tabs")
