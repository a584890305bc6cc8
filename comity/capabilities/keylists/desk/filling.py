"""A file of numbers to keys: one number a line, folded as everybody folds it, and a word on each bad line.

What a line says is never told in an error: only its number, and what is wrong with it. The families of identifiers are
loaded when they are needed: telephone numbering plans alone take a third of a second.
"""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path

import msgspec

from comity.capabilities.keylists.acts import MAX_NUMBER, KeyKind
from comity.capabilities.keylists.rules import key_text
from comity.core.errors import Malformed, Misused

LARGEST = 256 << 20
"""Bytes of one file: a million numbers with room to spare."""

MOST_ERRORS = 100
"""Bad lines that are told of; after so many the file is of another kind."""

_FAMILIES = {
    KeyKind.DOCUMENT: "documents",
    KeyKind.PLATE: "plates",
    KeyKind.IBAN: "accounts",
    KeyKind.PHONE: "telephones",
}
_COUNTRY = frozenset({KeyKind.PLATE, KeyKind.PHONE})
"""Kinds whose reading depends on where the number was written."""


class Flaw(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with one line."""

    line: int
    what: str


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """What was read from a file."""

    keys: dict[str, str]
    """Key to the number as it was written first."""
    lines: int
    """Lines with something on them."""
    flaws: tuple[Flaw, ...]


def numbers_of(file: Path, of: KeyKind, country: str) -> Numbers:
    """Return the numbers in a file, each once; empty lines are passed over.

    Raises:
        Misused: the file cannot be read, is too large or no text, or the extra for identifiers is missing.

    """
    fold = _folding(of, country)
    keys: dict[str, str] = {}
    flaws: list[Flaw] = []
    count = 0
    for number, line in enumerate(_text(file).splitlines(), 1):
        text = line.strip()
        if not text:
            continue
        count += 1
        try:
            keys.setdefault(key_text(of, fold(text)), text)
        except Malformed as problem:
            if len(flaws) < MOST_ERRORS:
                flaws.append(Flaw(line=number, what=str(problem)))
    return Numbers(keys=keys, lines=count, flaws=tuple(flaws))


def complaint(flaws: tuple[Flaw, ...], what: str) -> Misused:
    """Return the error that names bad lines, the first ten by number."""
    named = "; ".join(f"line {flaw.line}: {flaw.what}" for flaw in flaws[:10])
    return Misused(f"{len(flaws)} lines are wrong, {what}: {named}")


def _folding(of: KeyKind, country: str) -> Callable[[str], str]:
    try:
        read = import_module(f"comity.engines.match.identifiers.{_FAMILIES[of]}").read
    except ModuleNotFoundError:
        raise Misused("reading numbers needs the extra match: pip install comity[match]") from None
    if country and of in _COUNTRY:
        read = partial(read, country=country)

    def fold(text: str) -> str:
        if len(text) > MAX_NUMBER:
            raise Malformed(f"{len(text)} characters, expected at most {MAX_NUMBER}")
        reading = read(text)
        if reading.proof.value == "failed":
            raise Malformed("the check digits do not agree")
        return str(reading.folded)

    return fold


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > LARGEST:
            raise Misused(f"a file of numbers has at most {LARGEST:,} bytes")
        # The mark at the beginning that spreadsheets write is no part of the first number.
        return file.read_text(encoding="utf-8-sig")
    except OSError as problem:
        raise Misused(f"cannot read {file}: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise Misused(f"{file} is not text in UTF-8") from None
