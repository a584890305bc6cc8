"""The words of an index, each once, and the look-alikes of a query's word among them.

A register of a million persons has some 400,000 different words; a search compares words first and rows after, which
is what makes it fast. Arrays only, so that a node can map them from a file. A reader's bitmap says which words exist
for it; a word that does not exist is passed over before anything is counted or cut off.

Not here: which rows hold a word (segment.py), and who may see a row (the node's affair).
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from comity.engines.match.alignment import NICKNAME, ROLE_INITIAL, Words, are_nicknames, table_of
from comity.engines.match.kernels import LONGEST_JOINED, likeness

LEAST_LIKE = 0.65
"""Words of one script less alike are no look-alikes."""

LEAST_ACROSS = 0.5
"""The same across scripts, where short words lose much: David is three letters in Hebrew."""

MOST_LIKES = 200
"""Look-alikes of one word that a search follows."""

MOST_FOUND = 4096


class Likes(NamedTuple):
    """Look-alikes of one word, the most alike first; of the same likeness, the lower number first."""

    ids: NDArray[np.int32]
    alike: NDArray[np.float32]
    compared: int
    """How many words were compared."""


class Workspace(NamedTuple):
    """Memory of one thread for one vocabulary."""

    marks: NDArray[np.int32]
    rows: NDArray[np.float32]
    ids: NDArray[np.int32]
    alike: NDArray[np.float32]
    turn: NDArray[np.int32]


class Vocabulary(NamedTuple):
    """Words as kernels see them, and who shares a blocking key."""

    words: Words
    keys: NDArray[np.uint32]
    """In rising order, repeated for each holder."""
    holders: NDArray[np.int32]
    """Row of the word that has the key."""

    def workspace(self) -> Workspace:
        """Return fresh memory for one thread."""
        return Workspace(
            np.zeros(len(self.words.lengths), np.int32),
            np.zeros((3, LONGEST_JOINED + 1), np.float32),
            np.zeros(MOST_FOUND, np.int32),
            np.zeros(MOST_FOUND, np.float32),
            np.zeros(1, np.int32),
        )


def vocabulary_of(words: Words, keys: Iterable[tuple[int, ...]]) -> Vocabulary:
    """Return a vocabulary; `keys` are the blocking keys of each word in turn."""
    pairs = [(np.array(own, np.uint32), np.full(len(own), row, np.int32)) for row, own in enumerate(keys)]
    if not pairs:
        return Vocabulary(words, np.zeros(0, np.uint32), np.zeros(0, np.int32))
    flat, holders = np.concatenate([own for own, _ in pairs]), np.concatenate([row for _, row in pairs])
    order = np.argsort(flat, kind="stable")
    return Vocabulary(words, flat[order], holders[order])


def expand(vocabulary: Vocabulary, query: Words, row: int, keys: Any, model: Any, alive: Any, work: Workspace) -> Likes:
    """Return the look-alikes of one word of a query.

    `keys` are its blocking keys, `alive` a bitmap over the vocabulary (bool). Cost: some 3,000 comparisons in a
    vocabulary of 400,000.
    """
    wanted = np.array(keys, np.uint32)
    low = np.searchsorted(vocabulary.keys, wanted, "left")
    high = np.searchsorted(vocabulary.keys, wanted, "right")
    work.turn[0] += 1
    count, compared = _expand(
        low,
        high,
        vocabulary.holders,
        vocabulary.words,
        query,
        row,
        model.costs,
        model.nicknames,
        alive,
        work,
    )
    ids, alike = work.ids[:count].copy(), work.alike[:count].copy()
    order = np.lexsort((ids, -alike))[:MOST_LIKES]
    return Likes(ids[order], alike[order], compared)


@njit(cache=True, nogil=True)
def _expand(
    low: Any,
    high: Any,
    holders: Any,
    words: Any,
    query: Any,
    row: int,
    costs: Any,
    pairs: Any,
    alive: Any,
    work: Any,
) -> tuple[int, int]:
    """Write look-alikes into the workspace; returns how many, and how many were compared."""
    found, compared = 0, 0
    a, n, family = query.symbols[row], query.lengths[row], query.families[row]
    turn = work.turn[0]
    for k in range(low.shape[0]):
        for at in range(low[k], high[k]):
            v = holders[at]
            if work.marks[v] == turn:
                continue
            work.marks[v] = turn
            if not alive[v] or words.roles[v] == ROLE_INITIAL:
                continue
            compared += 1
            table = costs[table_of(family, words.families[v])]
            least = LEAST_LIKE if family == words.families[v] else LEAST_ACROSS
            alike = likeness(a, n, words.symbols[v], words.lengths[v], table, least, work.rows)
            if alike < NICKNAME and are_nicknames(query.tags[row], words.tags[v], pairs):
                alike = NICKNAME
            if alike > 0.0:
                if found == work.ids.shape[0]:
                    found = _weakest_out(work, found)
                work.ids[found] = v
                work.alike[found] = alike
                found += 1
    return found, compared


@njit(cache=True, nogil=True)
def _weakest_out(work: Any, found: int) -> int:
    """Make room by keeping the better half; ties by the lower number, so that order of arrival does not matter."""
    order = np.argsort(-work.alike[:found] + work.ids[:found] * 1e-9)
    half = found // 2
    ids, alike = work.ids[order[:half]].copy(), work.alike[order[:half]].copy()
    work.ids[:half], work.alike[:half] = ids, alike
    return half
