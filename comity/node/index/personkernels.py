"""The inner loops of the index of names, compiled by Numba (decision 0049); costs and models are the engine's.

Three tables say what belongs to what: which words have a blocking key, which slots (names of rows) hold a word, and how
many living names hold a word under which policy. Each is a *base*, ranges of flat arrays, and what came since: chains
of `nodes` (value, count, next), which begin at `heads`, 0 at their end.

A word exists for a reader if a name that the reader may see holds it. That is asked first: what does not exist is
neither compared nor counted, and no cap is filled by it.
"""

from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from comity.engines.match.alignment import NICKNAME, ROLE_INITIAL, Words, are_nicknames, table_of
from comity.engines.match.kernels import likeness
from comity.node.index.kernels import I64, U32, Flags

I32 = npt.NDArray[np.int32]
F32 = npt.NDArray[np.float32]


class Table(NamedTuple):
    """What belongs to what: owner n has values[starts[n]:starts[n + 1]], and the chain that begins at heads[n]."""

    starts: I64
    values: U32
    counts: U32
    heads: U32
    nodes: U32


class Keys(NamedTuple):
    """Which words have a key: sorted keys with their holders, and chains by the lower bits of the key."""

    keys: U32
    holders: U32
    heads: U32
    nodes: U32
    """Key, holder, next."""


class Work(NamedTuple):
    """Memory of one search."""

    marks: I32
    ids: I32
    alike: F32
    gathered: F32
    stamps: npt.NDArray[np.uint8]
    touched: I32
    rows: F32


@nb.njit(cache=True)
def count(table: Table, used: int, owners: U32, values: U32, *, more: bool) -> int:
    """Count each value of its owner once more or once less; return how many nodes are used then."""
    for i in range(owners.shape[0]):
        owner, value, found = np.int64(owners[i]), values[i], False
        if owner + 1 < table.starts.shape[0]:
            for at in range(table.starts[owner], table.starts[owner + 1]):
                if table.values[at] == value:
                    table.counts[at] = table.counts[at] + np.uint32(1) if more else table.counts[at] - np.uint32(1)
                    found = True
                    break
        link = np.int64(table.heads[owner])
        while link != 0 and not found:
            if table.nodes[link, 0] == value:
                held = table.nodes[link, 1]
                table.nodes[link, 1] = held + np.uint32(1) if more else held - np.uint32(1)
                found = True
            link = np.int64(table.nodes[link, 2])
        if more and not found:
            used = _hung(table, used, owner, value)
    return used


@nb.njit(cache=True)
def hang(table: Table, used: int, owners: U32, values: U32) -> int:
    """Hang each value into its owner's chain; return how many nodes are used then."""
    for i in range(owners.shape[0]):
        used = _hung(table, used, np.int64(owners[i]), values[i])
    return used


@nb.njit(cache=True)
def _hung(table: Table, used: int, owner: np.int64, value: np.uint32) -> int:
    table.nodes[used, 0] = value
    table.nodes[used, 1] = 1
    table.nodes[used, 2] = table.heads[owner]
    table.heads[owner] = used
    return used + 1


@nb.njit(cache=True)
def hang_keys(keys: Keys, used: int, fresh: U32, holders: U32) -> int:
    """Hang keys with their holders into the chains; return how many nodes are used then."""
    mask = np.uint32(keys.heads.shape[0] - 1)
    for i in range(fresh.shape[0]):
        place = fresh[i] & mask
        keys.nodes[used, 0] = fresh[i]
        keys.nodes[used, 1] = holders[i]
        keys.nodes[used, 2] = keys.heads[place]
        keys.heads[place] = used
        used += 1
    return used


@nb.njit(cache=True)
def visible(table: Table, owner: np.int64, allow: Flags, enough: int) -> int:
    """Return how many names hold the word that the reader may see; counting ends at `enough`."""
    total = np.int64(0)
    if owner + 1 < table.starts.shape[0]:
        for at in range(table.starts[owner], table.starts[owner + 1]):
            policy = np.int64(table.values[at])
            if policy < allow.shape[0] and allow[policy]:
                total += np.int64(table.counts[at])
                if total >= enough:
                    return int(total)
    link = np.int64(table.heads[owner])
    while link != 0:
        policy = np.int64(table.nodes[link, 0])
        if policy < allow.shape[0] and allow[policy]:
            total += np.int64(table.nodes[link, 1])
            if total >= enough:
                return int(total)
        link = np.int64(table.nodes[link, 2])
    return int(total)


@nb.njit(cache=True)
def masses(table: Table, words: I32, allow: Flags) -> int:
    """Return how many names hold one of the words, those that the reader may see."""
    total = 0
    for i in range(words.shape[0]):
        total += visible(table, np.int64(words[i]), allow, 1 << 40)
    return total


@nb.njit(cache=True)
def totals(table: Table, words: int) -> I64:
    """Return for each word how many living names hold it."""
    out = np.zeros(words, np.int64)
    for word in range(words):
        if word + 1 < table.starts.shape[0]:
            for at in range(table.starts[word], table.starts[word + 1]):
                out[word] += np.int64(table.counts[at])
        link = np.int64(table.heads[word])
        while link != 0:
            out[word] += np.int64(table.nodes[link, 1])
            link = np.int64(table.nodes[link, 2])
    return out


@nb.njit(cache=True)
def expand(
    query: Words, row: int, wanted: U32, words: Words, keys: Keys, held: Table, allow: Flags, costs: F32,
    pairs: I64, work: Work, turn: int, least: float,
) -> tuple[int, int]:  # fmt: skip
    """Write the look-alikes that exist for the reader; return how many, and how many words were compared."""
    found, compared = 0, 0
    mask = np.uint32(keys.heads.shape[0] - 1)
    for k in range(wanted.shape[0]):
        key = wanted[k]
        at = np.searchsorted(keys.keys, key)
        while at < keys.keys.shape[0] and keys.keys[at] == key:
            word = np.int64(keys.holders[at])
            if work.marks[word] != turn:
                work.marks[word] = turn
                one = _compared(query, row, word, words, held, allow, costs, pairs, work, least)
                found, compared = _noted(work, word, one, found, compared)
            at += 1
        link = np.int64(keys.heads[key & mask])
        while link != 0:
            word = np.int64(keys.nodes[link, 1])
            if keys.nodes[link, 0] == key and work.marks[word] != turn:
                work.marks[word] = turn
                one = _compared(query, row, word, words, held, allow, costs, pairs, work, least)
                found, compared = _noted(work, word, one, found, compared)
            link = np.int64(keys.nodes[link, 2])
    return found, compared


@nb.njit(cache=True)
def _compared(
    query: Words, row: int, word: np.int64, words: Words, held: Table, allow: Flags, costs: F32, pairs: I64,
    work: Work, least: float,
) -> float:  # fmt: skip
    # How alike both are; -1 for a word that does not exist for the reader, or that stands for any name.
    if words.roles[word] == ROLE_INITIAL or visible(held, word, allow, 1) == 0:
        return -1.0
    table = costs[table_of(query.families[row], words.families[word])]
    alike = likeness(
        query.symbols[row], query.lengths[row], words.symbols[word], words.lengths[word], table, least, work.rows
    )
    if alike < NICKNAME and are_nicknames(query.tags[row], words.tags[word], pairs):
        alike = NICKNAME
    return float(alike)


@nb.njit(cache=True)
def _noted(work: Work, word: np.int64, alike: float, found: int, compared: int) -> tuple[int, int]:
    if alike < 0.0:
        return found, compared
    if alike > 0.0:
        work.ids[found] = word
        work.alike[found] = alike
        found += 1
    return found, compared + 1


@nb.njit(cache=True)
def accumulate(
    ids: I32, alike: F32, bits: float, posted: Table, policies: U32, allow: Flags, work: Work, turn: int, touched: int,
    *, closed: bool,
) -> int:  # fmt: skip
    """Give each name that the reader may see its bits, once for each word of the query; look-alikes come falling."""
    for x in range(ids.shape[0]):
        word, gain = np.int64(ids[x]), np.float32(bits * alike[x] * alike[x])
        if word + 1 < posted.starts.shape[0]:
            for at in range(posted.starts[word], posted.starts[word + 1]):
                touched = _given(np.int64(posted.values[at]), gain, policies, allow, work, turn, touched, closed)
        link = np.int64(posted.heads[word])
        while link != 0:
            touched = _given(np.int64(posted.nodes[link, 0]), gain, policies, allow, work, turn, touched, closed)
            link = np.int64(posted.nodes[link, 2])
    return touched


@nb.njit(cache=True, inline="always")
def _given(
    slot: np.int64, gain: np.float32, policies: U32, allow: Flags, work: Work, turn: int, touched: int, closed: bool,  # noqa: FBT001 - compiled
) -> int:  # fmt: skip
    policy = np.int64(policies[slot])
    if work.stamps[slot] == turn or policy >= allow.shape[0] or not allow[policy]:
        return touched
    if work.gathered[slot] == 0.0:
        if closed:
            return touched
        work.touched[touched] = slot
        touched += 1
    work.stamps[slot] = turn
    work.gathered[slot] += gain
    return touched


@nb.njit(cache=True)
def select(
    work: Work, touched: int, weights: F32, asked: float, unsaid: float, room: int, steps: int, out: I32
) -> tuple[int, int]:  # fmt: skip
    """Write the names that explain most of the query, and clean the memory.

    Returns how many surely belong to the best `room`, and how many were written: those behind are equally good, and
    there are more of them than room is left.
    """
    counts = np.zeros(steps, np.int64)
    for t in range(touched):
        counts[_step(work, work.touched[t], weights, asked, unsaid, steps)] += 1
    cut, left = steps, room
    while cut > 0 and left >= counts[cut - 1]:
        cut -= 1
        left -= counts[cut]
    sure, edge = 0, room - left
    for t in range(touched):
        slot = work.touched[t]
        step = _step(work, slot, weights, asked, unsaid, steps)
        if step >= cut:
            out[sure] = slot
            sure += 1
        elif step == cut - 1 and left > 0:
            out[edge] = slot
            edge += 1
    for t in range(touched):
        work.gathered[work.touched[t]] = 0.0
        work.stamps[work.touched[t]] = 0
    return sure, edge


@nb.njit(cache=True, inline="always")
def _step(work: Work, slot: np.int32, weights: F32, asked: float, unsaid: float, steps: int) -> int:
    gathered = work.gathered[slot]
    share = gathered / (asked + unsaid * max(weights[slot] - gathered, 0.0))
    return int(min(share, 1.0) * (steps - 1))


@nb.njit(cache=True)
def flatten(table: Table, owners: int, out_owners: U32, out_values: U32, out_counts: U32) -> int:
    """Write all values with owners and counts, in the order of the owners; what is counted to nothing is left out."""
    n = 0
    for owner in range(owners):
        if owner + 1 < table.starts.shape[0]:
            for at in range(table.starts[owner], table.starts[owner + 1]):
                if table.counts[at] != 0:
                    out_owners[n], out_values[n], out_counts[n] = owner, table.values[at], table.counts[at]
                    n += 1
        link = np.int64(table.heads[owner])
        while link != 0:
            if table.nodes[link, 1] != 0:
                out_owners[n], out_values[n], out_counts[n] = owner, table.nodes[link, 0], table.nodes[link, 1]
                n += 1
            link = np.int64(table.nodes[link, 2])
    return n
