"""The inner loops of the exact index, compiled by Numba (decision 0049); the first run of each is kept beside the code.

An entry is two numbers of 64 bits: the mixed key, and the payload of `packing.payload`, kind and row. The *base* holds
entries in the order of their keys; `starts` says where each bucket, the keys with the same upper bits, begins. What was
added since hangs in the *delta*, with the place of the next one as a third number: one chain of entries for each place
of `heads`, 0 at its end. `rows` holds for each row of the store the number of its policy, 0 if there is no such row.
Nothing is counted before `allow`, the reader's flags by policy, was asked.
"""

import numba as nb
import numpy as np
import numpy.typing as npt

U64 = npt.NDArray[np.uint64]
U32 = npt.NDArray[np.uint32]
I64 = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_NARROW = 24
"""Entries of a bucket that are looked through one by one; more of them, all of one number, are searched by halves."""

_A = np.uint64(0xFF51AFD7ED558CCD)
_B = np.uint64(0xC4CEB9FE1A85EC53)
_33 = np.uint64(33)
_KIND = np.uint64(56)
_ROWS = np.uint64((1 << 56) - 1)


@nb.njit(cache=True, inline="always")
def mixed(key: np.uint64, seed: np.uint64) -> np.uint64:
    """Return the key mixed with the seed: the finaliser of MurmurHash3, one to one."""
    x = key ^ seed
    x = (x ^ (x >> _33)) * _A
    x = (x ^ (x >> _33)) * _B
    return x ^ (x >> _33)


@nb.njit(cache=True)
def mix(entries: U64, seed: np.uint64) -> None:
    """Mix the keys of all entries in place."""
    for i in range(entries.shape[0]):
        entries[i, 0] = mixed(entries[i, 0], seed)


@nb.njit(cache=True, inline="always")
def _bits(size: int) -> int:
    # The exponent of a power of two, 2 or more.
    bits = 0
    while size > 1:
        size >>= 1
        bits += 1
    return bits


@nb.njit(cache=True)
def first_of(base: U64, low: np.int64, high: np.int64, key: np.uint64) -> np.int64:
    """Return the first entry of base[low:high] whose key is not below `key`."""
    if high - low > _NARROW:
        while low < high:
            middle = (low + high) >> 1
            if base[middle, 0] < key:
                low = middle + 1
            else:
                high = middle
        return low
    while low < high and base[low, 0] < key:
        low += 1
    return low


@nb.njit(cache=True, inline="always")
def _shown(load: np.uint64, sort: np.uint64, rows: U32, allow: Flags) -> np.int64:
    # The row, if it holds an identifier of this kind and the reader may see it. A policy that came after `allow` was
    # made is not shown yet: nothing is ever read past the end of a table.
    row = np.int64(load & _ROWS)
    if load >> _KIND == sort and row < rows.shape[0]:
        policy = np.int64(rows[row])
        if policy != 0 and policy < allow.shape[0] and allow[policy]:
            return row
    return np.int64(0)


@nb.njit(cache=True)
def find(
    base: U64, starts: U32, delta: U64, heads: U32, rows: U32, allow: Flags, key: int, kind: int, seed: int
) -> int:  # fmt: skip
    """Return the one row that holds the identifier and that `allow` shows; 0 if none does, -n if n do.

    Numbers come as signed ones, as Python's own integers do: that is what makes a look cheap to call.
    """
    mine, sort = mixed(np.uint64(key), np.uint64(seed)), np.uint64(kind)
    found, last = 0, np.int64(0)
    bucket = mine >> np.uint64(64 - _bits(starts.shape[0] - 1))
    high = np.int64(starts[bucket + np.uint64(1)])
    at = first_of(base, np.int64(starts[bucket]), high, mine)
    while at < high and base[at, 0] == mine:
        row = _shown(base[at, 1], sort, rows, allow)
        if row != 0:
            last = row
            found += 1
        at += 1
    link = np.int64(heads[mine >> np.uint64(64 - _bits(heads.shape[0]))])
    while link != 0:
        if delta[link, 0] == mine:
            row = _shown(delta[link, 1], sort, rows, allow)
            if row != 0:
                last = row
                found += 1
        link = np.int64(delta[link, 2])
    return int(last) if found <= 1 else -found


@nb.njit(cache=True)
def find_many(
    base: U64, starts: U32, delta: U64, heads: U32, rows: U32, allow: Flags, key: int, kind: int, seed: int, out: I64
) -> int:  # fmt: skip
    """Write the rows that `find` counted into `out`, as far as it has room; return how many there are."""
    mine, sort = mixed(np.uint64(key), np.uint64(seed)), np.uint64(kind)
    found = 0
    bucket = mine >> np.uint64(64 - _bits(starts.shape[0] - 1))
    high = np.int64(starts[bucket + np.uint64(1)])
    at = first_of(base, np.int64(starts[bucket]), high, mine)
    while at < high and base[at, 0] == mine:
        found = _noted(_shown(base[at, 1], sort, rows, allow), out, found)
        at += 1
    link = np.int64(heads[mine >> np.uint64(64 - _bits(heads.shape[0]))])
    while link != 0:
        if delta[link, 0] == mine:
            found = _noted(_shown(delta[link, 1], sort, rows, allow), out, found)
        link = np.int64(delta[link, 2])
    return found


@nb.njit(cache=True)
def _noted(row: np.int64, out: I64, found: int) -> int:
    if row == 0:
        return found
    if found < out.shape[0]:
        out[found] = row
    return found + 1


@nb.njit(cache=True)
def add(delta: U64, heads: U32, used: int, entries: U64) -> int:
    """Hang mixed entries into the delta, which must have the room; return how many places are used then."""
    shift = np.uint64(64 - _bits(heads.shape[0]))
    for i in range(entries.shape[0]):
        place = entries[i, 0] >> shift
        delta[used, 0] = entries[i, 0]
        delta[used, 1] = entries[i, 1]
        delta[used, 2] = np.uint64(heads[place])
        heads[place] = used
        used += 1
    return used


@nb.njit(cache=True, inline="always")
def _alive(load: np.uint64, rows: U32) -> bool:
    row = np.int64(load & _ROWS)
    return bool(row < rows.shape[0] and rows[row] != 0)


@nb.njit(cache=True, nogil=True)
def blank(base: U64, rows: U32, dirty: Flags) -> int:
    """Blank the payload of each entry whose row is gone, mark its slice, and return how many there were."""
    dead, coarse, none = 0, np.uint64(64 - _bits(dirty.shape[0])), np.uint64(0)
    for i in range(base.shape[0]):
        if base[i, 1] != none and not _alive(base[i, 1], rows):
            base[i, 1] = none
            dirty[base[i, 0] >> coarse] = True
            dead += 1
    return dead


@nb.njit(cache=True, nogil=True)
def count_into(entries: U64, rows: U32, counts: U32) -> None:
    """Count the entries of each bucket whose row lives; bucket n is counted at counts[n + 1]."""
    shift = np.uint64(64 - _bits(counts.shape[0] - 1))
    for i in range(entries.shape[0]):
        if _alive(entries[i, 1], rows):
            counts[(entries[i, 0] >> shift) + np.uint64(1)] += np.uint32(1)


@nb.njit(cache=True, nogil=True)
def count_all(entries: U64, counts: U32) -> None:
    """Count the entries of each bucket, as `count_into`, whatever their rows."""
    shift = np.uint64(64 - _bits(counts.shape[0] - 1))
    for i in range(entries.shape[0]):
        counts[(entries[i, 0] >> shift) + np.uint64(1)] += np.uint32(1)


@nb.njit(cache=True, nogil=True)
def scatter(entries: U64, rows: U32, ends: U32, base: U64) -> None:
    """Put the entries whose row lives into their buckets; `ends` begins as their starts and becomes their ends."""
    shift = np.uint64(64 - _bits(ends.shape[0] - 1))
    for i in range(entries.shape[0]):
        if _alive(entries[i, 1], rows):
            bucket = entries[i, 0] >> shift
            at = ends[bucket]
            base[at, 0] = entries[i, 0]
            base[at, 1] = entries[i, 1]
            ends[bucket] = at + np.uint32(1)


@nb.njit(cache=True, nogil=True)
def order(base: U64, starts: U32) -> None:
    """Put the entries of each bucket in order, by key and then by payload."""
    for bucket in range(starts.shape[0] - 1):
        low, high = np.int64(starts[bucket]), np.int64(starts[bucket + 1])
        # By insertion, at first over wide gaps (Shell, 1959): most buckets hold eight entries, but one number that ten
        # thousand rows hold makes a bucket of ten thousand.
        gap = 1
        while gap < (high - low) // 9:
            gap = 3 * gap + 1
        while gap > 0:
            for i in range(low + gap, high):
                key, load = base[i, 0], base[i, 1]
                j = i - gap
                while j >= low and (base[j, 0] > key or (base[j, 0] == key and base[j, 1] > load)):
                    base[j + gap, 0], base[j + gap, 1] = base[j, 0], base[j, 1]
                    j -= gap
                base[j + gap, 0], base[j + gap, 1] = key, load
            gap //= 3


@nb.njit(cache=True, nogil=True)
def living(entries: U64, rows: U32, out: U64) -> int:
    """Copy the entries whose row lives; return how many there are."""
    n = 0
    for i in range(entries.shape[0]):
        if _alive(entries[i, 1], rows):
            out[n, 0] = entries[i, 0]
            out[n, 1] = entries[i, 1]
            n += 1
    return n
