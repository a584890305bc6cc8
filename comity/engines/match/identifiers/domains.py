"""Domain names: one key for all spellings (IDNA 2008, UTS 46), and a warning where letters only look Latin (UTS 39).

The key is the ASCII form. ``folded`` is the skeleton: letters of other scripts by the shape that they share with a
Latin one (confusable-homoglyphs carries the Unicode table), and the pairs that eyes confuse in ASCII itself. A defanged
spelling (``hxxp``, ``[.]``) is understood. No name is resolved, and no list of existing top-level domains is kept.
"""

import re
import unicodedata

import idna
from confusable_homoglyphs import confusables

from comity.core.errors import Malformed
from comity.engines.match.identifiers.reading import Kind, Problem, Proof, Reading

LONGEST = 253
"""Characters of a name; RFC 1035, section 2.3.4."""
OUTSIDE = re.compile(
    r"^\s*(?:[A-Za-z][A-Za-z+.-]{1,9}://)?(?:[^/?#@\s]{0,64}@)?|[/?#\s].*$|:\d{1,5}(?=[/?#\s]|$)", re.DOTALL
)
"""What stands around the name in an address of the web; the scheme, a user, a port, a path."""
DEFANGED = (("[.]", "."), ("(.)", "."), ("[dot]", "."), ("。", "."))
LOOKS_LIKE = (("RN", "M"), ("VV", "W"), ("CL", "D"), ("1", "L"), ("I", "L"), ("0", "O"), ("5", "S"))
"""What eyes confuse in ASCII; the first three are pairs of letters that look like one."""
TOGETHER = frozenset({"LATIN", "HAN", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "COMMON"})
"""Scripts that one label may mix: UTS 39, section 5.2, highly restrictive."""


def read(text: str) -> Reading:
    """Return a domain name, from the name alone or from an address of the web that holds it.

    Raises: Malformed if it is none: one label only, a number at the end, or characters that IDNA refuses.

    >>> read("hxxps://Exa\u0301mple[.]COM/x").key
    'xn--exmple-qta.com'
    """
    if len(text) > LONGEST * 4:
        raise Malformed(f"{len(text)} characters where a domain name was expected")
    for written, meant in DEFANGED:
        text = text.replace(written, meant)
    name = OUTSIDE.sub("", text).rstrip(".")
    labels = name.split(".")
    if len(labels) < 2 or not all(labels) or labels[-1].isdigit() or len(labels[-1]) < 2:  # noqa: PLR2004
        raise Malformed(f"{len(labels)} labels are no domain name")
    try:
        key = idna.encode(name, uts46=True).decode()
        shown = idna.decode(key)
    except (idna.IDNAError, UnicodeError):
        raise Malformed("a domain name has a label that IDNA does not allow") from None
    return Reading(
        kind=Kind.DOMAIN,
        key=key,
        folded=skeleton(shown),
        shown=shown,
        proof=Proof.FORM,
        problems=tuple(doubts(shown)),
    )


def doubts(name: str) -> list[Problem]:
    """Return what is odd about the letters of a name."""
    found = []
    for label in name.split("."):
        if label.isascii():
            continue
        latin = latin_shape(label)
        if latin.isascii() and "LATIN" not in scripts(unmarked(label)) - {"COMMON"}:
            found.append(Problem(code="domain.confusable", field=label, candidates=(latin,)))
        elif not scripts(label) <= TOGETHER and len(scripts(label) - {"COMMON"}) > 1:
            found.append(Problem(code="domain.mixed-scripts", field=label, candidates=(latin,)))
    return found


def scripts(label: str) -> set[str]:
    """Return the scripts of a label as the Unicode table names them."""
    from_table: set[str] = confusables.unique_aliases(label)
    return from_table


def unmarked(label: str) -> str:
    """Return a label without marks on letters."""
    return "".join(each for each in unicodedata.normalize("NFD", label) if not unicodedata.combining(each))


def latin_shape(label: str) -> str:
    """Return a label with each letter that looks like an ASCII one taken for it, and marks left out."""
    return "".join(each if each.isascii() else ascii_twin(each) for each in unmarked(label))


def ascii_twin(character: str) -> str:
    """Return the ASCII letter or digit that a character is confusable with, or the character."""
    found = confusables.is_confusable(character, greedy=True, preferred_aliases=["latin"]) or []
    shapes = (twin["c"] for row in found for twin in row["homoglyphs"])
    return next(
        (shape.lower() for shape in shapes if len(shape) == 1 and shape.isascii() and shape.isalnum()), character
    )


def skeleton(name: str) -> str:
    """Return one spelling for all names that look alike.

    >>> skeleton("paypa1.com") == skeleton("paypal.com") == skeleton("раураl.com")
    True
    """
    folded = latin_shape(name).upper()
    for seen, meant in LOOKS_LIKE:
        folded = folded.replace(seen, meant)
    return folded.lower()
