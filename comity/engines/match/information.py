"""How much a word tells, in bits: `Kim` little, a rare surname much; what a match of it weighs.

The numbers come from a table that is frozen with the model (decision 0047). They are never counted in live records: a
search would otherwise tell how many records hold a word, also to those who may not know of one of them.

A word is looked up as it is romanised and by its consonants, so that a rare spelling of a frequent name is no rare
name. What the table lacks is rare; a short word tells little in any case.
"""

from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from comity.engines.match.name import Word
from comity.engines.match.roles import Role

MOST_BITS = 18.0
"""Bits of a word that the table lacks: once in 260,000, the rarest that the counts behind it can tell apart."""

PER_SYMBOL = 3.4
"""Bits of one more symbol: the entropy of a symbol in names of the training data, given the one before."""

SPELLING_BITS = 2.0
"""What the choice of one spelling among those with the same consonants adds."""

_ROLE_BITS = {Role.PARTICLE: 0.6, Role.TITLE: 1.5, Role.INITIAL: 2.5, Role.SUFFIX: 2.0}
"""The most bits of a word that does not name."""

STEPS = 8.0
"""Steps of the table's bytes in one bit."""


class Information:
    """The frozen table: sorted hashes of spellings and of consonant strings, with their bits."""

    def __init__(self, hashes: NDArray[np.uint32], eighths: NDArray[np.uint8]) -> None:
        """Take hashes in rising order and, for each, eighths of a bit."""
        self._bits = dict(zip(hashes.tolist(), (eighths / STEPS).tolist(), strict=True))
        self._of = lru_cache(maxsize=1 << 17)(self._looked_up)

    def of(self, word: Word) -> float:
        """Return the bits of a word, 0.6 to 18."""
        return float(self._of(word.letters, word.symbols, word.role))

    def _looked_up(self, letters: str, symbols: str, role: Role) -> float:
        spelt = self._bits.get(hash_of(letters), MOST_BITS)
        heard = self._bits.get(hash_of(consonants(symbols)), MOST_BITS) + SPELLING_BITS
        return float(min(spelt, heard, 2.0 + PER_SYMBOL * len(symbols), _ROLE_BITS.get(role, MOST_BITS)))


def hash_of(key: str) -> int:
    """Return the 32 bits under which the table knows a spelling; one word in 50,000 shares them with another."""
    return crc32(key.encode())


def consonants(symbols: str) -> str:
    """Return the key of a word's consonants: upper half of the table, marked so that it meets no spelling."""
    heard = "".join(each for each in symbols if each not in "aeiouywh")
    return f"-{'V' if symbols[:1] in tuple('aeiou') else ''}{heard}"
