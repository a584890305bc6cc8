"""Aircraft: the 24-bit address that the transponder sends, and the registration mark on the fuselage.

The address is six hexadecimal digits (ICAO Annex 10, volume III, chapter 9), the mark a nationality prefix and letters
or digits (Annex 7); both name the state of registry, which the tables in ``airblocks`` know. Neither has a check digit.
Which aircraft carries them today is a matter of its register. Military serials follow no common scheme and are not
read.
"""

import re
from bisect import bisect_right

from comity.core.errors import Malformed
from comity.engines.match.identifiers.airblocks import BLOCKS, MARKS
from comity.engines.match.identifiers.choices import repairs_between
from comity.engines.match.identifiers.folding import compact, folded, plain
from comity.engines.match.identifiers.reading import Kind, Problem, Proof, Reading, Why

HEXADECIMAL = re.compile(r"[0-9A-F]{6}\Z")
NO_DIGIT = str.maketrans("OQILZSG", "0011256")
"""Letters that are no hexadecimal digit but look like one; B, D, 8 and 0 are all digits here, and are left as read."""
ROWS = sorted((int(row[:6], 16), size, row[6:]) for size, rows in BLOCKS.items() for row in rows.split())
STARTS = [start for start, _, _ in ROWS]
PREFIXES = {row[:-3]: (row[-3], row[-2:]) for row in MARKS.split()}
"""Nationality mark to how it is joined and whose it is."""
LONGEST_PREFIX = 4
AMERICAN = re.compile(r"N(?:[1-9]\d{0,4}|[1-9]\d{0,3}[A-HJ-NP-Z]|[1-9]\d{0,2}[A-HJ-NP-Z]{2})\Z")
"""14 CFR 45.23 and the form of N-numbers: no letter I or O."""


def read_address(text: str) -> Reading:
    """Return a 24-bit address as six capital hexadecimal digits.

    Raises: Malformed if it is none; all zeros and all ones are no address.

    >>> read_address("3c:65:ac").country
    'DE'
    """
    number = compact(text[:32])
    digits = number.translate(NO_DIGIT)
    if not HEXADECIMAL.match(digits) or digits in {"000000", "FFFFFF"}:
        raise Malformed(f"{len(number)} characters, expected six hexadecimal digits of an aircraft's address")
    at = bisect_right(STARTS, int(digits, 16)) - 1
    start, size, state = ROWS[max(at, 0)]
    inside = start <= int(digits, 16) < start + size
    return Reading(
        kind=Kind.AIRCRAFT_ADDRESS,
        key=digits,
        folded=digits,
        shown=digits,
        proof=Proof.FORM,
        country=state if inside else "",
        repairs=repairs_between(number, digits, Why.FIELD),
        problems=() if inside else (Problem(code="aircraft.country"),),
    )


def read_mark(text: str) -> Reading:
    """Return a registration mark; the hyphen is no part of the key.

    Raises: Malformed if no state's mark begins it, or what follows has not two to five letters and digits.

    >>> read_mark("d-aBcd").shown, read_mark("N123AB").country
    ('D-ABCD', 'US')
    """
    written = "".join(plain(text[:32]).split())
    mark = compact(written)
    if not mark.isascii():
        raise Malformed("a registration mark has Latin letters and digits")
    for length in range(LONGEST_PREFIX, 0, -1):
        joined, state = PREFIXES.get(mark[:length], ("", ""))
        rest = mark[length:]
        if not joined or not 2 <= len(rest) <= 5 or (state == "US" and not AMERICAN.match(mark)):  # noqa: PLR2004
            continue
        if "-" in written and written.index("-") != length:
            continue
        return Reading(
            kind=Kind.AIRCRAFT_MARK,
            key=mark,
            folded=folded(mark),
            shown=f"{mark[:length]}-{rest}" if joined == "-" else mark,
            proof=Proof.FORM,
            country=state,
        )
    raise Malformed(f"{len(mark)} letters and digits that begin with no state's mark")
