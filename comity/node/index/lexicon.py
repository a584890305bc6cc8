"""The words of all names, each once: how they sound, by which keys they are found, and who may know of them.

A word is a word of the engine without its native spelling; its digest is its name, and puts equally alike words in an
order that does not depend on which came first. Which words exist for a reader follows from `held`: how many names hold
the word under which policy (decision 0049).

What this does not do: tell how much a word says. That comes from the engine's frozen table, never from rows.
"""

import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from zlib import crc32

import numpy as np

from comity.engines.match.alignment import Words
from comity.engines.match.blocking import word_keys
from comity.engines.match.models import Model
from comity.engines.match.name import Word
from comity.engines.match.spelling import skeleton
from comity.node.index import personkernels as kernels
from comity.node.index.kernels import I64, U32, U64
from comity.node.index.personkernels import Keys
from comity.node.index.relation import Relation, grown, ranges


@lru_cache(maxsize=1 << 16)
def digest(letters: str, symbols: str, script: str, role: int) -> int:
    """Return the digest of a word, 64 bits."""
    spelled = "\0".join((letters, symbols, script, str(role)))
    return int.from_bytes(hashlib.blake2b(spelled.encode(), digest_size=8, person=b"comity word/1").digest())


class Lexicon:
    """All words of an index; numbers from 0, in the order in which they came or were laid."""

    def __init__(self, model: Model) -> None:
        """Begin without words."""
        self._model, self.size = model, 0
        self.words: Words = model.words(())
        self.digests: U64 = np.zeros(0, np.uint64)
        self.bones: U32 = np.zeros(0, np.uint32)
        """A hash of the consonants: words with the same ones are laid side by side."""
        self.key_ends: I64 = np.zeros(1, np.int64)
        self.key_values: U32 = np.zeros(0, np.uint32)
        """Word n has the keys key_values[key_ends[n]:key_ends[n + 1]]."""
        self.held = Relation()
        self._numbers = dict[int, int]()
        self.keys = _no_keys()
        self._keys_used = 1

    def numbers(self, words: Iterable[Word]) -> list[int]:
        """Return the numbers of words; those that are new are taken in."""
        found, fresh = [], list[Word]()
        for word in words:
            name = digest(word.letters, word.symbols, word.script, word.role)
            number = self._numbers.get(name)
            if number is None:
                number = self._numbers[name] = self.size + len(fresh)
                fresh.append(word)
            found.append(number)
        if fresh:
            self._take_in(fresh)
        return found

    def _take_in(self, fresh: Sequence[Word]) -> None:
        more, keys = self._model.words(fresh), [word_keys(word) for word in fresh]
        names = [digest(word.letters, word.symbols, word.script, word.role) for word in fresh]
        bones = [crc32(skeleton(word.symbols).encode()) for word in fresh]
        ends = np.cumsum([len(own) for own in keys])
        values = np.array([key for own in keys for key in own], np.uint32)
        self.append(more, np.array(names, np.uint64), np.array(bones, np.uint32), ends, values)

    def append(self, more: Words, digests: U64, bones: U32, ends: I64, values: U32) -> None:
        """Take in words that are prepared already; `ends` says where the keys of each end in `values`."""
        old, size, keyed = self.size, self.size + len(digests), int(self.key_ends[self.size])
        self.words = wider(self.words, size)
        for array, fresh in zip(self.words, more, strict=True):
            array[old:size] = fresh  # type: ignore[index]
        self.digests, self.bones = grown(self.digests, size), grown(self.bones, size)
        self.digests[old:size], self.bones[old:size] = digests, bones
        self.key_ends, self.key_values = grown(self.key_ends, size + 1), grown(self.key_values, keyed + len(values))
        self.key_ends[old + 1 : size + 1] = keyed + ends
        self.key_values[keyed : keyed + len(values)] = values
        self.held.room(size, 0)
        self._hang_keys(values, np.repeat(np.arange(old, size), np.diff(ends, prepend=0)).astype(np.uint32))
        self.size = size

    def _hang_keys(self, values: U32, holders: U32) -> None:
        nodes = grown(self.keys.nodes, self._keys_used + len(values))
        self.keys = self.keys._replace(nodes=nodes)
        self._keys_used = kernels.hang_keys(self.keys, self._keys_used, values, holders)

    def keys_of(self, first: int, last: int) -> tuple[I64, U32]:
        """Return the keys of words first to last - 1, as `append` takes them."""
        low, high = int(self.key_ends[first]), int(self.key_ends[last])
        return self.key_ends[first + 1 : last + 1] - low, self.key_values[low:high]

    def lay(self) -> None:
        """Lay the keys, and who holds what, side by side."""
        sizes = np.diff(self.key_ends[: self.size + 1])
        holders = np.repeat(np.arange(self.size, dtype=np.uint32), sizes)
        values = self.key_values[: len(holders)]
        order = np.argsort(values, kind="stable")
        fresh = _no_keys(max(1024, 1 << max(self.size // 8, 1).bit_length()))
        self.keys, self._keys_used = fresh._replace(keys=values[order], holders=holders[order]), 1
        self.held.lay(*self.held.flat(self.size), self.size)

    def kept(self) -> tuple[I64, U32]:
        """Return the words that living names hold, those that sound alike side by side, and for each its new number."""
        living = np.flatnonzero(kernels.totals(self.held.table, self.size))
        order: I64 = living[np.lexsort((self.digests[living], self.bones[living]))]
        place = np.zeros(max(self.size, 1), np.uint32)
        place[order] = np.arange(len(order), dtype=np.uint32)
        return order, place

    def only(self, order: I64) -> "Lexicon":
        """Return a lexicon of these words alone, in this order; who holds them is not told yet."""
        fresh = Lexicon(self._model)
        keys = ranges(self.key_ends[order], self.key_ends[order + 1])
        ends = np.cumsum(self.key_ends[order + 1] - self.key_ends[order])
        fresh.append(picked(self.words, order), self.digests[order], self.bones[order], ends, self.key_values[keys])
        fresh.know()
        return fresh

    def know(self) -> None:
        """Learn the numbers of words from their digests, after they were read from the disk."""
        self._numbers = {name: number for number, name in enumerate(self.digests[: self.size].tolist())}

    @property
    def nbytes(self) -> int:
        """The bytes that it takes in memory; of its table of numbers, which Python keeps, an estimate."""
        arrays = (*self.words, self.digests, self.bones, self.key_ends, self.key_values, *self.keys)
        return sum(array.nbytes for array in arrays) + self.held.nbytes + 120 * len(self._numbers)


def wider(words: Words, size: int) -> Words:
    """Return the words with room for so many."""
    symbols, lengths, families, bits, roles, tags = words
    return Words(
        grown(symbols, size), grown(lengths, size), grown(families, size), grown(bits, size), grown(roles, size),
        grown(tags, size),
    )  # fmt: skip


def picked(words: Words, which: I64 | slice) -> Words:
    """Return some of the words, in this order."""
    symbols, lengths, families, bits, roles, tags = words
    return Words(symbols[which], lengths[which], families[which], bits[which], roles[which], tags[which])


def _no_keys(heads: int = 1024) -> Keys:
    none = np.zeros(0, np.uint32)
    return Keys(none, none, np.zeros(heads, np.uint32), np.zeros((64, 3), np.uint32))
