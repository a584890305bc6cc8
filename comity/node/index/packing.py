"""Identifiers as numbers of 64 bits, so that a hundred and fifty million of them fit in memory (decision 0049).

Up to twelve characters of 0-9 and A-Z are counted: all strings of one length stand after all shorter ones, in their
order as numbers of base 36. That is exact, tells "007" from "7", and stays below 2^63. Whatever else comes is hashed
(BLAKE2b) into the upper half, where two long identifiers meet with a chance of one in 2^63 for each pair: who finds
one of those compares it with the record, and `exact` tells which kind a key is.

    >>> packed("AB123456"), packed("0"), packed("00")
    (888253357614, 0, 36)
    >>> packed("WVWZZZ1JZXW000001") >> 63
    1

A payload packs what stands beside the key: the kind of identifier (8 bits) and the row (56). The keys are then mixed
with a secret of the index, one to one: so they lie evenly, and nobody who publishes records can choose numbers that all
fall into one place.

What this does not do: fold look-alikes or strip hyphens. What is the same number in other letters is the engines'
business; here the text is taken as it comes.
"""

import hashlib
from itertools import accumulate

from comity.core.errors import Misused

LONGEST = 12
"""Characters that are packed exactly: the strings of up to 12 are 4.9e18, fewer than 2^63."""

KINDS = 1 << 8
"""Kinds of identifiers; which number means which is the engines' table."""

_HASHED = 1 << 63
_BEFORE: tuple[int, ...] = (0, *accumulate(int(36**length) for length in range(LONGEST)))
# _BEFORE[n] strings are shorter than n characters; the empty one is among them and is refused, so it is taken off.


def packed(text: str) -> int:
    """Return the key of an identifier, below 2^64; letters of either case are the same.

    Raises:
        Misused: it is empty.

    """
    length = len(text)
    if length <= LONGEST and text.isascii() and text.isalnum():
        return int(text, 36) + _BEFORE[length] - 1
    if not length:
        raise Misused("an identifier has at least one character")
    return hashed(text)


def hashed(text: str) -> int:
    """Return the key of a text of any length and letters, in the upper half of the keys."""
    digest = hashlib.blake2b(
        text.upper().encode("utf-8", "surrogatepass"), digest_size=8, person=b"comity key/1"
    ).digest()
    return int.from_bytes(digest) | _HASHED


def exact(key: int) -> bool:
    """Tell whether only one identifier has this key; else the record must be asked."""
    return key < _HASHED


def payload(kind: int, row: int) -> int:
    """Return kind and row in one number of 64 bits.

    Raises:
        Misused: the kind is out of its range.

    """
    if not 0 <= kind < KINDS:
        raise Misused(f"kind {kind} of an identifier: they are numbered from 0 and below {KINDS}")
    return kind << 56 | row
