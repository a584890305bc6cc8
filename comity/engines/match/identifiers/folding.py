"""One spelling for all ways to write a number, and one 64-bit key for an index of 130 million of them.

What scanners and hands confuse is folded before anything is compared: O, Q, D and 0; I, L and 1; Z and 2; S and 5; B
and 8; G and 6. At 130 million numbers 1.6 % of the records then share a key with another, which the record itself
settles (decision 0048). Up to 12 characters of 0-9A-Z are packed in base 37: exact, ordered, reversible. What is
longer, or holds other characters, becomes a hash, and a hit must be verified on the record.

A search for numbers that differ by an edit never happens by itself, nor without a second fact: see ``neighbours``.
"""

import hashlib
import re
import unicodedata
from enum import StrEnum

import msgspec

from comity.core.errors import Misused

SYMBOLS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SYMBOL_SET = frozenset(SYMBOLS)
PLACE_VALUE = {" ": 0} | {symbol: value for value, symbol in enumerate(SYMBOLS, 1)}
"""The end of a number sorts before all symbols."""
LONGEST = 12
"""Characters; 37 ** 12 is below 2 ** 63, so that the highest bit is free to mark a hash."""
HASHED = 1 << 63
"""The bit that tells a hash from a packed number."""
ORIGIN = b"comity identifier"
"""Keeps these hashes apart from those of other uses of BLAKE2b."""

TO_DIGIT = dict(zip("OQDILZSBG", "000112586", strict=True))
"""Which digit a letter is taken for: the pairs of the reference measurement, no others."""
TO_LETTERS = {"0": "ODQ", "1": "IL", "2": "Z", "5": "S", "6": "G", "8": "B"}
"""Which letters a digit may stand for, likeliest first."""
FOLD = str.maketrans(TO_DIGIT)
FOLDED_SYMBOLS = "".join(symbol for symbol in SYMBOLS if symbol not in TO_DIGIT)

_NO_SYMBOL = re.compile("[^0-9A-Z]")
SAME_SHAPE = dict(zip("АВЕЅІЈКМНОРСТУХЗΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABESIJKMHOPCTYX3ABEZHIKMNOPTYX", strict=True))
"""Cyrillic and Greek capitals of the shape of a Latin one (the twelve that GOST R 50577 allows on plates are among
them); Cyrillic ze looks like the digit 3."""


class SecondFact(StrEnum):
    """What is known beside a number; a search for neighbours must name it."""

    ISSUING_COUNTRY = "issuing-country"
    BIRTH_DATE = "birth-date"
    DOCUMENT_TYPE = "document-type"
    HOLDER = "holder"


class Key(msgspec.Struct, frozen=True):
    """A 64-bit key, unsigned, and whether it is the number itself (``exact``) or a hash of it."""

    value: int
    exact: bool


def plain(text: str) -> str:
    """Return the text in capitals, compatibility forms and the digits of all scripts replaced by their plain ones.

    >>> plain("ａb-١٢٣")
    'AB-123'
    """
    wide = unicodedata.normalize("NFKC", text).upper()
    return "".join(str(unicodedata.decimal(each)) if each.isdecimal() else each for each in wide)


def compact(text: str) -> str:
    """Return letters and digits alone, in capitals, without marks; letters of another script and same shape as Latin.

    >>> compact(" аб 12-34/ü ")
    'AБ1234U'
    """
    if text.isascii():
        return _NO_SYMBOL.sub("", text.upper())
    apart = unicodedata.normalize("NFKD", plain(text))
    kept = (each for each in apart if each.isalnum())
    return unicodedata.normalize("NFC", "".join(SAME_SHAPE.get(each, each) for each in kept))


def folded(number: str) -> str:
    """Return a compact number with its look-alikes folded to digits.

    >>> folded("LB0O1SZG")
    '18001526'
    """
    return number.translate(FOLD)


def key(number: str) -> Key:
    """Return the key of a number as it is given: compact and fold it first.

    >>> key("L898902C3"), unpack(key("L898902C3").value)
    (Key(value=3958797120330022101, exact=True), 'L898902C3')
    """
    if len(number) <= LONGEST and SYMBOL_SET.issuperset(number):
        return Key(pack(number), exact=True)
    digest = hashlib.blake2b(number.encode(), digest_size=8, person=ORIGIN[:16]).digest()
    return Key(int.from_bytes(digest) | HASHED, exact=False)


def pack(number: str) -> int:
    """Pack up to 12 characters of 0-9A-Z; the order of the values is the order of the numbers as text.

    Raises: Misused for a longer number, or another character.
    """
    if len(number) > LONGEST or not SYMBOL_SET.issuperset(number):
        raise Misused(f"{len(number)} characters where up to {LONGEST} of 0-9 and A-Z can be packed")
    value = 0
    for each in number.ljust(LONGEST):
        value = value * 37 + PLACE_VALUE[each]
    return value


def unpack(value: int) -> str:
    """Return the number that ``pack`` packed.

    Raises: Misused for a hash, and for what ``pack`` never makes.
    """
    if not 0 <= value < 37**LONGEST:
        raise Misused("a key of this value is a hash: the number is on the record alone")
    digits = []
    for _ in range(LONGEST):
        value, digit = divmod(value, 37)
        digits.append(digit)
    text = "".join(" " if digit == 0 else SYMBOLS[digit - 1] for digit in reversed(digits)).rstrip(" ")
    if " " in text:
        raise Misused("no number packs to this key")
    return text


def neighbours(number: Key, second_fact: SecondFact) -> tuple[int, ...]:
    """Return the keys of the folded numbers that are one edit away from a folded number, in ascending order.

    Only at the request of an officer, together with a second fact that every hit must agree with: among 130 million
    numbers 95 % of the digit-only numbers that nobody holds have a holder one edit away, 4.3 on average (57 % and 1.2
    for numbers with letters). Without the second fact the answer is a crowd of strangers. An edit is a character put
    in, left out, changed, or swapped with the next; 512 keys for nine characters.

    Raises: Misused for a hash, which has no neighbours.
    """
    if not number.exact:
        raise Misused(f"a key that is a hash has no neighbours, {second_fact.value} or not")
    text = unpack(number.value)
    if folded(text) != text:
        raise Misused("neighbours are asked of a folded number")
    found = {text[:at] + text[at + 1 :] for at in range(len(text))}
    for at in range(len(text)):
        found |= {text[:at] + each + text[at + 1 :] for each in FOLDED_SYMBOLS}
        found.add(text[:at] + text[at : at + 2][::-1] + text[at + 2 :])
    if len(text) < LONGEST:
        found |= {text[:at] + each + text[at:] for at in range(len(text) + 1) for each in FOLDED_SYMBOLS}
    return tuple(sorted(pack(each) for each in found - {text, ""}))
