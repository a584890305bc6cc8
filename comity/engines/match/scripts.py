"""Which script a piece of a name is written in: what decides how it is romanised and how its spellings are compared.

Scripts carry their ISO 15924 codes, as passports and library catalogues do. A script belongs to a *family*, and each
family has costs of its own: what Arabic leaves unwritten is not what Japanese adds.

Not here: languages. A name says its script, hardly ever its language, and a wrong guess costs more than none.
"""

from bisect import bisect_right
from enum import IntEnum, StrEnum
from functools import lru_cache


class Script(StrEnum):
    """A script by its ISO 15924 code."""

    LATIN = "Latn"
    CYRILLIC = "Cyrl"
    GREEK = "Grek"
    ARMENIAN = "Armn"
    GEORGIAN = "Geor"
    ARABIC = "Arab"
    HEBREW = "Hebr"
    HAN = "Hani"
    KANA = "Kana"
    HANGUL = "Hang"
    DEVANAGARI = "Deva"
    INDIC = "Brah"
    """Any other script of the Brahmi family: Bengali, Tamil, Khmer, Burmese and so on."""
    THAI = "Thai"
    OTHER = "Zyyy"


class Family(IntEnum):
    """Scripts whose spellings are compared at the same costs; the numbers are rows of the cost table."""

    LATIN = 0
    ALPHABET = 1
    ARABIC = 2
    HEBREW = 3
    HAN = 4
    KANA = 5
    HANGUL = 6
    INDIC = 7


FAMILY = {
    Script.LATIN: Family.LATIN,
    Script.CYRILLIC: Family.ALPHABET,
    Script.GREEK: Family.ALPHABET,
    Script.ARMENIAN: Family.ALPHABET,
    Script.GEORGIAN: Family.ALPHABET,
    Script.ARABIC: Family.ARABIC,
    Script.HEBREW: Family.HEBREW,
    Script.HAN: Family.HAN,
    Script.KANA: Family.KANA,
    Script.HANGUL: Family.HANGUL,
    Script.DEVANAGARI: Family.INDIC,
    Script.INDIC: Family.INDIC,
    Script.THAI: Family.INDIC,
    Script.OTHER: Family.LATIN,
}

# First and last code point of the blocks that hold letters of names (Unicode 15, Blocks.txt).
_BLOCKS: tuple[tuple[int, int, Script], ...] = (
    (0x0041, 0x024F, Script.LATIN),
    (0x0370, 0x03FF, Script.GREEK),
    (0x0400, 0x052F, Script.CYRILLIC),
    (0x0531, 0x058A, Script.ARMENIAN),
    (0x0590, 0x05FF, Script.HEBREW),
    (0x0600, 0x08FF, Script.ARABIC),
    (0x0900, 0x097F, Script.DEVANAGARI),
    (0x0980, 0x0DFF, Script.INDIC),
    (0x0E00, 0x0EFF, Script.THAI),
    (0x0F00, 0x109F, Script.INDIC),
    (0x10A0, 0x10FF, Script.GEORGIAN),
    (0x1100, 0x11FF, Script.HANGUL),
    (0x1780, 0x17FF, Script.INDIC),
    (0x1C90, 0x1CBF, Script.GEORGIAN),
    (0x1E00, 0x1EFF, Script.LATIN),
    (0x1F00, 0x1FFF, Script.GREEK),
    (0x2E80, 0x3007, Script.HAN),
    (0x3040, 0x30FF, Script.KANA),
    (0x3130, 0x318F, Script.HANGUL),
    (0x31F0, 0x31FF, Script.KANA),
    (0x3400, 0x9FFF, Script.HAN),
    (0xAC00, 0xD7AF, Script.HANGUL),
    (0xF900, 0xFAFF, Script.HAN),
    (0xFB1D, 0xFB4F, Script.HEBREW),
    (0xFB50, 0xFDFF, Script.ARABIC),
    (0xFE70, 0xFEFC, Script.ARABIC),
    (0x20000, 0x3134F, Script.HAN),
)
_FIRST = [first for first, _, _ in _BLOCKS]


@lru_cache(maxsize=1 << 14)
def script_of(letter: str) -> Script:
    """Return the script of one character; `OTHER` for digits, marks and scripts without rules of their own.

    >>> [script_of(each).value for each in "aжع習シ한थ"]
    ['Latn', 'Cyrl', 'Arab', 'Hani', 'Kana', 'Hang', 'Deva']
    """
    point = ord(letter)
    first, last, script = _BLOCKS[bisect_right(_FIRST, point) - 1] if point >= _FIRST[0] else _BLOCKS[0]
    return script if first <= point <= last else Script.OTHER


def script_of_word(word: str) -> Script:
    """Return the script that decides how a word is read: its first letter's, but kana wherever kana occurs.

    Han with kana beside it is Japanese, and kana is what says how it sounds.
    """
    if word.isascii():
        return Script.LATIN
    found = [script for script in map(script_of, word) if script is not Script.OTHER]
    if not found:
        return Script.OTHER
    return Script.KANA if Script.KANA in found else found[0]
