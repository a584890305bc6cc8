"""The keys by which a word is found again: two spellings of one name share a key, nearly always.

Three kinds. The consonant skeleton, and from four consonants on the skeleton with one left out: what survives
transliteration. The spelling with one symbol left out, for typing errors. Where one letter is read in two ways (Arabic
jim, Hebrew vav, Latin ch), the skeleton of the other reading. A pair of nicknames shares a key of its own.

Tried: one left out of every skeleton, four times as many candidates and no name more found (search costs go with them).
"""

from functools import lru_cache
from zlib import crc32

from comity.engines.match.name import Name, Word
from comity.engines.match.roles import Role
from comity.engines.match.scripts import FAMILY, Family
from comity.engines.match.spelling import skeleton, spell

SHORTEST_CUT = 4
"""Consonants from which a skeleton is also kept with one left out."""

SHORTEST_SPELLING = 3
SHORT = 5
"""Symbols up to which a word may be half of one that others write together."""
JOINED = range(4, 11)
"""Symbols of two words that are also posted as one."""

_OTHER = {
    Family.ARABIC: ("Dw", "gv"),
    Family.HEBREW: ("wT", "vs"),
    Family.LATIN: ("Cy", "kD"),
    Family.HAN: ("Sw", "hv"),
}
"""Symbols that are also read as others, by family."""


def _key(kind: str, text: str) -> int:
    return crc32(text.encode(), crc32(kind.encode()))


@lru_cache(maxsize=1 << 17)
def keys_of(symbols: str, family: Family) -> tuple[int, ...]:
    """Return the blocking keys of a word, 32 bits each, none twice, in no order that means anything."""
    bones = skeleton(symbols)
    keys = {_key("s", bones)}
    if len(bones) >= SHORTEST_CUT:
        keys |= {_key("s", bones[:cut] + bones[cut + 1 :]) for cut in range(len(bones))}
    if family in _OTHER:
        heard, as_well = _OTHER[family]
        keys |= {
            _key("s", skeleton(symbols.replace(a, b))) for a, b in zip(heard, as_well, strict=True) if a in symbols
        }
    if family not in {Family.ARABIC, Family.HEBREW}:
        keys.add(_key("p", symbols))
        if len(symbols) >= SHORTEST_SPELLING:
            keys |= {_key("p", symbols[:cut] + symbols[cut + 1 :]) for cut in range(len(symbols))}
    return tuple(keys)


def word_keys(word: Word) -> tuple[int, ...]:
    """Return the blocking keys of one word of a name."""
    return keys_of(word.symbols, FAMILY[word.script])


def joined(one: Word, other: Word) -> Word:
    """Return two neighbours as one word."""
    letters = one.letters + other.letters
    return Word(one.native + other.native, letters, spell(letters), one.script, Role.NAME)


def joined_neighbours(name: Name) -> tuple[Word, ...]:
    """Return the words that neighbours make when they are short and somebody might write them together."""
    found = []
    for one, other in zip(name.words, name.words[1:], strict=False):
        size = len(one.symbols) + len(other.symbols)
        short = max(len(one.symbols), len(other.symbols)) <= SHORT
        if short and size in JOINED and Role.INITIAL not in {one.role, other.role}:
            found.append(joined(one, other))
    return tuple(found)
