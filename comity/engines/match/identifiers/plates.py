"""Registration plates: the country that the caller knows, and one key for all scripts in which a plate is written.

The 1968 Convention on Road Traffic, annex 2 wants plates in Arabic numerals and capital Latin letters, beside or
instead of national ones. Cyrillic and Greek letters on plates are those of Latin shape; Saudi plates print a Latin
letter for each Arabic one, by a fixed table. Other letters (Han, Kana, Thai, Arabic of other states) stay as they are.
Whether a country issues plates of this form is not judged: too many do what no table knows.
"""

import unicodedata

from comity.core.errors import Malformed
from comity.engines.match.identifiers.folding import SAME_SHAPE, compact, folded, plain
from comity.engines.match.identifiers.reading import Kind, Proof, Reading, Repair, Why

SHORTEST, LONGEST = 2, 14
"""Characters without spaces and strokes; the longest known is Japanese, with the name of the office."""

SAUDI = dict(zip("ابحدرسصطعقكلمنهوى", "ABJDRSXTEGKLZNHUV", strict=True)) | {"أ": "A", "ي": "V", "ک": "K", "ی": "V"}
"""The seventeen letters of Saudi plates and the Latin ones beside them (Ministry of Interior, plates since 2007)."""


def read(text: str, country: str = "") -> Reading:
    """Return a plate with its keys; marks on letters and all separators are left out.

    Raises: Malformed if the length is not 2 to 14, or nothing of it is a digit or a letter without case.

    >>> read("а 123 ве 77", "RU").key, read("١٢٣٤ ا ب ح", "SA").key
    ('A123BE77', '1234ABJ')
    """
    if len(text) > LONGEST * 4:
        raise Malformed(f"{len(text)} characters where a plate was expected")
    before = plain(text)
    if country.upper() == "SA":
        before = "".join(SAUDI.get(each, each) for each in before)
    number = compact(before)
    if not SHORTEST <= len(number) <= LONGEST:
        raise Malformed(f"{len(number)} letters and digits, expected {SHORTEST} to {LONGEST}")
    if not any(each.isdigit() or unicodedata.category(each) == "Lo" for each in number):
        raise Malformed("a plate has a digit, or a letter of a script without capitals")
    letters = [each for each in unicodedata.normalize("NFC", before) if each.isalnum()]
    pairs = enumerate(zip(letters, number, strict=True)) if len(letters) == len(number) else ()
    repairs = tuple(
        Repair(place=at, read=read_as, taken=taken, why=Why.SCRIPT)
        for at, (read_as, taken) in pairs
        if SAME_SHAPE.get(read_as) == taken
    )
    return Reading(
        kind=Kind.PLATE,
        key=number,
        folded=folded(number),
        shown=" ".join(plain(text).split()),
        proof=Proof.FORM,
        country=country.upper(),
        repairs=repairs,
    )
