"""Exact identifiers in memory: which rows hold this number, among those that the reader may see (decision 0049).

Sixteen bytes an entry, half a byte to a byte for the buckets, and four for the policy of each row. Withdrawing and
restricting a row is one write into the table of rows (`policies.py`), so neither needs to know what the row held.
What is added goes into a delta until `merge` makes a new base of both. The base lies in slices, by the upper bits of
the mixed key, of which `shelf.py` keeps each under a key of its own.

One thread changes it at a time (the caller's lock); any number may look meanwhile: a look is one compiled call that
keeps the interpreter's lock, and `merge` puts the new base in place in one assignment.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from comity.core.errors import Misused
from comity.node.index import kernels
from comity.node.index.kernels import U32, U64, Flags

LOAD = 8
"""Entries of a bucket in the mean; more make a look longer, fewer cost memory."""

SLICE = 1 << 18
"""Entries of a slice in the mean, at most: 4 MiB, written again in some ten milliseconds when one row is withdrawn."""

LARGEST = (1 << 32) - 1
"""Entries of one index at most; 32 bits say where a bucket starts."""

_FIRST = 1024
_HALF, _WHOLE = 1 << 63, 1 << 64


def signed(number: int) -> int:
    """Return a number of 64 bits as the signed one with the same bits."""
    return number - _WHOLE if number >= _HALF else number


def power(size: int) -> int:
    """Return the smallest power of two that is not below `size`, at least 2: its exponent is never 0."""
    return max(2, 1 << max(size - 1, 1).bit_length())


class Base(NamedTuple):
    """Entries in the order of their keys, and where each bucket begins; one longer than there are buckets."""

    entries: U64
    starts: U32


def ordered(rows: U32, *parts: U64) -> Base:
    """Return the entries of all parts, mixed keys, whose rows live, as one base; seconds for a hundred million."""
    total = sum(len(part) for part in parts)
    starts = np.zeros(power(total // LOAD) + 1, np.uint32)
    for part in parts:
        kernels.count_into(part, rows, starts)
    np.cumsum(starts, out=starts)
    entries = np.empty((int(starts[-1]), 2), np.uint64)
    ends = starts.copy()
    for part in parts:
        kernels.scatter(part, rows, ends, entries)
    kernels.order(entries, starts)
    return Base(entries, starts)


def founded(entries: U64) -> Base:
    """Return the base of entries that are in order already."""
    starts = np.zeros(power(len(entries) // LOAD) + 1, np.uint32)
    kernels.count_all(entries, starts)
    np.cumsum(starts, out=starts)
    return Base(entries, starts)


@dataclass
class Delta:
    """What was added since the base was made; place 0 is never used, it ends the chains."""

    entries: U64 = field(default_factory=lambda: np.zeros((_FIRST, 3), np.uint64))
    heads: U32 = field(default_factory=lambda: np.zeros(_FIRST, np.uint32))
    used: int = 1

    @property
    def held(self) -> U64:
        """The entries."""
        return self.entries[1 : self.used]

    def with_room(self, more: int) -> "Delta":
        """Return itself, or one with the same entries and room for twice as many as are needed."""
        if self.used + more <= len(self.entries):
            return self
        size = power(self.used + more)
        grown = Delta(np.zeros((size, 3), np.uint64), np.zeros(size, np.uint32))
        grown.used = kernels.add(grown.entries, grown.heads, 1, self.held)
        return grown


class Exact:
    """All identifiers of one index."""

    def __init__(self, seed: int) -> None:
        """Begin with nothing; the seed mixes keys and must be the one that stored entries were mixed with."""
        self._seed = signed(seed)
        self._held = (Base(np.zeros((0, 2), np.uint64), np.zeros(3, np.uint32)), Delta())
        self.dirty: Flags = np.ones(slices_of(0), np.bool_)
        """The slices of the base that the disk does not have as they are here."""

    def find(self, key: int, kind: int, rows: U32, allow: Flags) -> tuple[int, ...]:
        """Return the rows that hold this key and whose policy the reader's `allow` shows, smallest first."""
        (entries, starts), delta = self._held
        if key >= _HALF:
            key -= _WHOLE
        found: int = kernels.find(entries, starts, delta.entries, delta.heads, rows, allow, key, kind, self._seed)
        if found >= 0:
            return (found,) if found else ()
        count, room = -found, 0
        while count > room:
            out = np.zeros(room := count, np.int64)
            # Another thread may have added one meanwhile.
            count = kernels.find_many(
                entries, starts, delta.entries, delta.heads, rows, allow, key, kind, self._seed, out
            )
        return tuple(sorted(out[:count].tolist()))

    def mixed(self, entries: U64) -> U64:
        """Mix the keys of entries in place and return them."""
        kernels.mix(entries, np.uint64(self._seed % _WHOLE))
        return entries

    def add(self, entries: U64) -> None:
        """Add mixed entries; visible when this returns.

        Raises:
            Misused: there would be more than one index holds.

        """
        self.check(len(entries))
        base, delta = self._held
        delta = delta.with_room(len(entries))
        delta.used = kernels.add(delta.entries, delta.heads, delta.used, entries)
        self._held = (base, delta)

    def check(self, more: int) -> None:
        """Refuse to hold so many more.

        Raises:
            Misused: there would be more than one index holds.

        """
        if len(self) + more > LARGEST:
            raise Misused(f"an index holds {LARGEST} identifiers")

    def added(self, rows: U32) -> U64:
        """Return the living entries that were added since the base was made, in the order of their keys."""
        return ordered(rows, self._held[1].held).entries

    def merge(self, rows: U32, *more: U64) -> None:
        """Make one base of what it holds and of more mixed entries; looks go on meanwhile, changes must wait."""
        base, delta = self._held
        self.check(sum(len(part) for part in more))
        fresh = ordered(rows, base.entries, delta.held, *more)
        self.dirty = np.ones(slices_of(len(fresh.entries)), np.bool_)
        # In one assignment: a look finds what was added in the delta or in the base, never in both and never in none.
        self._held = (fresh, Delta())

    def load(self, slices: Iterable[bytes], counts: Sequence[int]) -> None:
        """Take as base the slices that were put down, in their order, and how many entries each should hold.

        Raises:
            Misused: they do not.

        """
        entries, at = np.empty((sum(counts), 2), np.uint64), 0
        for raw, count in zip(slices, counts, strict=True):
            if len(raw) != 16 * count:
                raise Misused(f"a slice of the index does not hold {count} entries: rebuild it from the store")
            entries[at : at + count] = np.frombuffer(raw, np.uint64).reshape(-1, 2)
            at += count
        self._held = (founded(entries), Delta())
        self.dirty = np.zeros(len(counts), np.bool_)

    def mark(self, rows: U32) -> int:
        """Blank the entries of the base whose rows are gone, mark their slices, and return how many they were."""
        return int(kernels.blank(self._held[0].entries, rows, self.dirty))

    def slice(self, number: int, rows: U32) -> U64:
        """Return the living entries of one slice of the base."""
        entries = self._held[0].entries
        count, shift = len(self.dirty), 64 - (len(self.dirty).bit_length() - 1)
        low, end = np.int64(0), np.int64(len(entries))
        low = kernels.first_of(entries, low, end, np.uint64(number << shift))
        last = number == count - 1
        high = end if last else kernels.first_of(entries, low, end, np.uint64(number + 1 << shift))
        part = entries[int(low) : int(high)]
        out = np.empty_like(part)
        return out[: kernels.living(part, rows, out)]

    @property
    def due(self) -> bool:
        """Whether so much was added that a merge is worth its time."""
        base, delta = self._held
        return delta.used > max(SLICE, len(base.entries) // 8)

    def __len__(self) -> int:
        """Return the entries held, those of rows that are gone and were not yet cleared away among them."""
        base, delta = self._held
        return len(base.entries) + delta.used - 1

    @property
    def nbytes(self) -> int:
        """The bytes that its arrays take in memory."""
        base, delta = self._held
        return sum(array.nbytes for array in (*base, delta.entries, delta.heads, self.dirty))


def slices_of(entries: int) -> int:
    """Return into how many slices so many entries are cut: a power of two."""
    return power(-(-entries // SLICE))
