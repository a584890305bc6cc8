"""The sound of a word in an alphabet of 31 symbols, small enough that a table holds the cost of each exchange.

A digraph is one symbol (`sh`, `kh`), a doubled letter is one, and a word is at most 24 symbols. The *skeleton* of a
word, its consonants in seven classes, is what survives nearly every transliteration; words are found by it.

Not here: what an exchange costs (costs.py), and any meaning.
"""

import re
from functools import lru_cache

SYMBOLS = "aeiouywbpfvdtTDZzcCsSgGkqxhlrmn"
"""T: th. D: j, dj. Z: zh. c: ts. C: ch. S: sh. G: gh. x: kh. Symbol number = place here, from 1; 0 is nothing."""

VOWELS = "aeiou"
LONGEST = 24
"""Symbols of one word that are kept; of 96,000 real words none that is a name of one person has more."""

NUMBER = {symbol: place for place, symbol in enumerate(SYMBOLS, 1)}
SIZE = len(SYMBOLS) + 1
"""Rows of a cost table: the symbols, and nothing."""

_DIGRAPHS = (
    ("shch", "S"), ("tsch", "C"), ("sch", "S"), ("tch", "C"), ("dzh", "D"), ("dsch", "D"), ("kh", "x"), ("gh", "G"),
    ("sh", "S"), ("zh", "Z"), ("ch", "C"), ("th", "T"), ("dh", "d"), ("ph", "f"), ("ts", "c"), ("tz", "c"), ("dj", "D"),
    ("ck", "k"), ("cz", "C"), ("sz", "S"), ("qu", "k"), ("oo", "u"), ("ou", "u"), ("ee", "i"), ("ij", "i"),
    ("iy", "i"), ("yi", "i"), ("j", "D"),
)  # fmt: skip
_LETTERS = dict(_DIGRAPHS)
_FOUND = re.compile("|".join(sorted(_LETTERS, key=len, reverse=True)) + "|^x|x|c(?=[eiy])|c|(?<=[aeiou])y(?=[aeou])")
_DOUBLED = re.compile(r"(.)\1+")
_CLASS = {
    each: kind
    for kind, group in zip("btsklmn", ("bpfv", "dtT", "DZzcCsS", "gGkqx", "lr", "m", "n"), strict=True)
    for each in group
}


def _sound(found: re.Match[str]) -> str:
    letters = found.group()
    if letters == "x":
        return "ks" if found.start() else "S"
    if letters == "c":
        return "s" if found.string[found.end() : found.end() + 1] in {"e", "i", "y"} else "k"
    return _LETTERS.get(letters, letters)


@lru_cache(maxsize=1 << 16)
def spell(letters: str) -> str:
    """Return the symbols of a romanised word; no digraph reaches over a barrier (`romanise.BARRIER`).

    >>> [spell(each) for each in ("schmidt", "khaddour", "xiaoming", "alexei", "jacques", "hussein")]
    ['Smidt', 'xadur', 'Siaoming', 'aleksei', 'Dakes', 'husein']
    """
    return _DOUBLED.sub(r"\1", _FOUND.sub(_sound, letters).replace("-", ""))[:LONGEST]


def numbers(symbols: str) -> bytes:
    """Return the symbol numbers, a byte each: how kernels see a word."""
    return bytes(NUMBER[each] for each in symbols)


@lru_cache(maxsize=1 << 16)
def skeleton(symbols: str) -> str:
    """Return the consonant classes in their order, repeats joined; a word of vowels is `V` and its first.

    >>> [skeleton(spell(each)) for each in ("mohammed", "muhamad", "mehmet", "aiou")]
    ['mt', 'mt', 'mt', 'Va']
    """
    classes = "".join(_CLASS.get(each, "") for each in symbols)
    return (
        "".join(kind for kind, before in zip(classes, " " + classes, strict=False) if kind != before)
        or "V" + symbols[:1]
    )
