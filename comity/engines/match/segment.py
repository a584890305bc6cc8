"""Rows of names, found by their words: an immutable segment of flat arrays and the search over it.

A search goes over the vocabulary first. Look-alikes of each word of the query bring up rows, each row gathers bits, and
the rows with most bits in common are scored by the model. Nothing is counted that the caller's bitmaps leave out:
`alive` over words and `seen` over rows come first, every cap after.

Not here: adding and taking away rows, files, policies; `node/index.py` keeps those and hands over arrays.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from comity.engines.match.alignment import Scratch, Words, describe, scratch
from comity.engines.match.blocking import SHORT, joined_neighbours, keys_of, word_keys
from comity.engines.match.kernels import boosted
from comity.engines.match.models import Model
from comity.engines.match.name import Name, Word, analyse
from comity.engines.match.roles import Role
from comity.engines.match.scripts import FAMILY
from comity.engines.match.spelling import skeleton, spell
from comity.engines.match.vocabulary import Likes, Vocabulary, Workspace, expand, vocabulary_of

DEPTH = 128
"""Rows of one search that the model scores."""

OPEN = 2000
"""Rows after which a frequent word brings up no more rows of its own."""
FREQUENT = 60_000
"""Postings from which a word is frequent."""

LEAST_BITS = 2.6
"""A word of a query that tells less brings up nothing, unless no word tells more."""

UNSAID = 0.12
"""What a bit that the record has beyond the query weighs beside one that the query asks for."""


class Segment(NamedTuple):
    """Rows and their words, as arrays."""

    vocabulary: Vocabulary
    starts: NDArray[np.int64]
    tokens: NDArray[np.int32]
    """Row r has the words tokens[starts[r]:starts[r + 1]], in their order."""
    heads: NDArray[np.int64]
    postings: NDArray[np.int32]
    """Word w stands in the rows postings[heads[w]:heads[w + 1]]; joined neighbours too."""
    weights: NDArray[np.float32]
    """Bits of each row."""


class Unit(NamedTuple):
    """One word that a query looks up."""

    word: Word
    bits: float
    """What a row gathers for it."""
    own: bool
    """One of the name's words, not one made of two."""


class Memory(NamedTuple):
    """Memory of one thread for one segment."""

    work: Workspace
    scratch: Scratch
    gathered: NDArray[np.float32]
    stamps: NDArray[np.uint8]
    touched: NDArray[np.int32]


class Found(NamedTuple):
    """Rows of a search, the likeliest first; of the same odds, the lower row first."""

    rows: NDArray[np.int32]
    odds: NDArray[np.float64]
    compared: int
    touched: int


def segment_of(names: Iterable[str], model: Model) -> Segment:
    """Return the segment of these names, row by row."""
    known: dict[Word, int] = {}
    rows: list[list[int]] = []
    extra: list[tuple[int, int]] = []
    for row, written in enumerate(names):
        name = analyse(written)
        rows.append([known.setdefault(_bare(word), len(known)) for word in name.words])
        extra += [(known.setdefault(_bare(word), len(known)), row) for word in joined_neighbours(name)]
    # Words that sound alike lie side by side, so that look-alikes share pages and cache lines.
    order = sorted(known, key=lambda word: (skeleton(word.symbols), word))
    place = np.empty(len(order), np.int32)
    place[[known[word] for word in order]] = np.arange(len(order), dtype=np.int32)
    words = model.words(order)
    counts = np.array([len(row) for row in rows], np.int64)
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    tokens = place[np.array([word for row in rows for word in row], np.int64)]
    holders = np.concatenate(
        [np.repeat(np.arange(len(rows), dtype=np.int32), counts), np.array([r for _, r in extra], np.int32)]
    )
    held = np.concatenate([tokens, place[np.array([word for word, _ in extra], np.int64)]])
    by_word = np.lexsort((holders, held))
    heads = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.bincount(held, minlength=len(order)))])
    weights = np.bincount(np.repeat(np.arange(len(rows)), counts), words.bits[tokens], minlength=len(rows))
    vocabulary = vocabulary_of(words, map(word_keys, order))
    return Segment(vocabulary, starts, tokens, heads, holders[by_word], weights.astype(np.float32))


def _bare(word: Word) -> Word:
    """Return a word without its native spelling, which a vocabulary does not tell apart."""
    return word._replace(native="")


def memory_of(segment: Segment) -> Memory:
    """Return fresh memory for one thread."""
    rows = len(segment.weights)
    return Memory(
        segment.vocabulary.workspace(),
        scratch(),
        np.zeros(rows, np.float32),
        np.zeros(rows, np.uint8),
        np.zeros(rows, np.int32),
    )


def units_of(name: Name, model: Model) -> tuple[Unit, ...]:
    """Return what a query looks up: words that tell enough, and what neighbours make when written together."""
    told = [(word, model.information.of(word)) for word in name.words]
    telling = [Unit(word, bits, True) for word, bits in told if bits >= LEAST_BITS and word.role is not Role.INITIAL]
    units = telling or [Unit(word, bits, True) for word, bits in told]
    for (one, bits), (other, more) in pairwise(told):
        short = min(len(one.symbols), len(other.symbols)) < SHORT
        if short and Role.INITIAL not in {one.role, other.role}:
            letters = one.letters + other.letters
            together = Word("", letters, spell(letters), one.script, Role.NAME)
            units.append(Unit(together, 0.9 * (bits + more), False))
    return tuple(units)


def likes_of(unit: Unit, segment: Segment, model: Model, alive: NDArray[np.bool_], work: Workspace) -> Likes:
    """Return the look-alikes of one unit."""
    keys = keys_of(unit.word.symbols, FAMILY[unit.word.script])
    return expand(segment.vocabulary, model.words([unit.word]), 0, keys, model, alive, work)


def search(
    segment: Segment, written: str, model: Model, memory: Memory, *, limit: int = 10, depth: int = DEPTH,
    seen: NDArray[np.bool_] | None = None, alive: NDArray[np.bool_] | None = None, head: str = "screen",
) -> Found:  # fmt: skip
    """Return the rows that most likely name whom the query names; `seen` and `alive` say what exists for the reader."""
    name = analyse(written)
    seen = np.ones(len(segment.weights), np.bool_) if seen is None else seen
    alive = np.ones(len(segment.vocabulary.words.lengths), np.bool_) if alive is None else alive
    units = units_of(name, model)
    if not units:
        return Found(np.zeros(0, np.int32), np.zeros(0), 0, 0)
    likes = [(unit, likes_of(unit, segment, model, alive, memory.work)) for unit in units]
    rows, touched = gather(segment, likes, seen, memory, depth)
    odds = score_rows(segment, model.prepare(written), rows, model, head, memory.scratch)
    order = np.lexsort((rows, -odds))[:limit]
    return Found(rows[order], odds[order], sum(each.compared for _, each in likes), touched)


def gather(
    segment: Segment, likes: Sequence[tuple[Unit, Likes]], seen: NDArray[np.bool_], memory: Memory, depth: int
) -> tuple[NDArray[np.int32], int]:
    """Return the `depth` rows that have most in common with the query, and how many were touched."""
    masses = [int((segment.heads[each.ids + 1] - segment.heads[each.ids]).sum()) for _, each in likes]
    touched = 0
    for turn, place in enumerate(np.argsort(masses, kind="stable").tolist(), 1):
        unit, each = likes[place]
        closed = touched > OPEN and masses[place] > FREQUENT
        touched = _accumulate(
            each.ids, each.alike, unit.bits, segment.heads, segment.postings, seen, memory, turn, touched, closed
        )
    asked = sum(unit.bits for unit, _ in likes if unit.own)
    rows = np.empty(depth, np.int32)
    count = _select(memory, touched, segment.weights, asked, rows)
    return rows[:count], touched


def score_rows(
    segment: Segment, query: Words, rows: NDArray[np.int32], model: Model, head: str, memory: Scratch
) -> NDArray[np.float64]:
    """Return the calibrated log-odds of each of these rows: one call of a kernel."""
    out = np.empty(len(rows), np.float64)
    trees = model.heads[head]
    forest = (trees.roots, trees.nodes, trees.base)
    _score(
        query,
        segment.vocabulary.words,
        segment.starts,
        segment.tokens,
        rows,
        model.costs,
        model.nicknames,
        forest,
        memory,
        out,
    )
    return trees.slope * out + trees.shift


def describe_rows(
    segment: Segment, query: Words, rows: NDArray[np.int32], model: Model, memory: Scratch
) -> NDArray[np.float32]:
    """Return the features of each of these rows: what training mines."""
    out = np.empty((len(rows), len(memory.features)), np.float32)
    here = np.arange(len(query.lengths))
    for place, row in enumerate(rows.tolist()):
        there = segment.tokens[segment.starts[row] : segment.starts[row + 1]]
        describe(query, here, segment.vocabulary.words, there, model.costs, model.nicknames, memory)
        out[place] = memory.features
    return out


@njit(cache=True, nogil=True)
def _accumulate(
    ids: Any,
    alike: Any,
    bits: float,
    heads: Any,
    postings: Any,
    seen: Any,
    memory: Any,
    turn: int,
    touched: int,
    closed: bool,
) -> int:
    """Give each row that holds a look-alike its bits, once for each unit; look-alikes come falling."""
    gathered, stamps = memory.gathered, memory.stamps
    for x in range(ids.shape[0]):
        gain = np.float32(bits * alike[x] * alike[x])
        for at in range(heads[ids[x]], heads[ids[x] + 1]):
            row = postings[at]
            if stamps[row] == turn or not seen[row]:
                continue
            if gathered[row] == 0.0:
                if closed:
                    continue
                memory.touched[touched] = row
                touched += 1
            stamps[row] = turn
            gathered[row] += gain
    return touched


STEPS = 2048
"""Steps of the histogram by which the best rows are chosen without sorting all."""


@njit(cache=True, nogil=True)
def _share(gathered: float, weight: float, asked: float) -> float:
    """Return how much of the query a row explains; what it has beyond that counts a little."""
    return min(gathered / (asked + UNSAID * max(weight - gathered, 0.0)), 1.0)


@njit(cache=True, nogil=True)
def _select(memory: Any, touched: int, weights: Any, asked: float, out: Any) -> int:
    """Write the best rows, in rising order within what the last step cuts off, and clean the memory."""
    counts = np.zeros(STEPS, np.int64)
    for t in range(touched):
        row = memory.touched[t]
        counts[int(_share(memory.gathered[row], weights[row], asked) * (STEPS - 1))] += 1
    room, cut = out.shape[0], STEPS
    while cut > 0 and room >= counts[cut - 1]:
        cut -= 1
        room -= counts[cut]
    count, edge = 0, 0
    last = np.empty(counts[cut - 1] if cut > 0 else 0, np.int32)
    for t in range(touched):
        row = memory.touched[t]
        step = int(_share(memory.gathered[row], weights[row], asked) * (STEPS - 1))
        if step >= cut:
            out[count] = row
            count += 1
        elif step == cut - 1:
            last[edge] = row
            edge += 1
        memory.gathered[row] = 0.0
        memory.stamps[row] = 0
    if edge > room:
        last.sort()
    for t in range(min(edge, room)):
        out[count] = last[t]
        count += 1
    return count


@njit(cache=True, nogil=True)
def _score(
    query: Any,
    words: Any,
    starts: Any,
    tokens: Any,
    rows: Any,
    costs: Any,
    pairs: Any,
    forest: Any,
    memory: Any,
    out: Any,
) -> None:
    """Write the sum of the trees for each row."""
    roots, nodes, base = forest
    here = np.arange(query.lengths.shape[0])
    for place in range(rows.shape[0]):
        there = tokens[starts[rows[place]] : starts[rows[place] + 1]]
        describe(query, here, words, there, costs, pairs, memory)
        out[place] = boosted(memory.features, roots, nodes, base)
