"""Two names laid side by side: which word is which, what is left over, and what that says, in 22 numbers.

Each word of the query finds at most one place in the record: another word, or two or three neighbours that together
spell it (`Abd al-Rahman`, `Abdulrahman`). Taken first is what tells most: rare words that are very alike. The numbers
that come out are *features*; models.py weighs them and explanation.py words them.

Not here: dates, countries and sex (evidence.py), and whether anything is a hit.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from comity.engines.match.kernels import LONGEST_JOINED, distance, likeness

FEATURES = (
    "told", "lacking_query", "lacking_record", "cover_query", "cover_record", "cover_least", "weakest", "clash",
    "matched", "words_query", "words_record", "crossings", "family", "initials", "surface", "same_share", "joined",
    "first", "last", "strongest", "nicknames", "rest",
)  # fmt: skip
"""The numbers of one pair, in the order in which models know them. Bits are divided by 16."""

COUNT = len(FEATURES)
MOST = 10
"""Words of one name that are aligned; `name.MOST_WORDS`."""

OPTIONS = MOST * MOST * 5
LEAST_WORD = 0.5
"""Two words less alike than this are two words. Tried .45 to .6."""
LEAST_JOINED = 0.72
"""Joined words must be more alike: there are more ways to join than to spell."""
LEAST_REST = 0.25
"""Words that found no place are still said to be somewhat alike from here on."""
SURE = 0.9
"""A word that is found as surely as this is not tried as a part of another one."""
JOINED_SHARE = 0.85
"""What a join is worth beside a plain match that explains as much."""
INITIAL = 0.75
"""How alike an initial and the name that it may stand for are."""
NICKNAME = 0.8
"""How alike a name and its nickname count."""

ROLE_PARTICLE, ROLE_TITLE, ROLE_INITIAL = 1, 2, 3
"""As in roles.Role; kernels know plain numbers only."""

BITS = np.float32(1 / 16)


class Words(NamedTuple):
    """Words as kernels see them: of one name, or of a whole vocabulary."""

    symbols: NDArray[np.uint8]
    """[words, 24]: symbol numbers."""
    lengths: NDArray[np.int64]
    families: NDArray[np.int64]
    """`scripts.Family`."""
    bits: NDArray[np.float32]
    roles: NDArray[np.int64]
    tags: NDArray[np.int64]
    """Number in the table of nicknames; 0 for a word that has none."""


class Scratch(NamedTuple):
    """Memory of one search; not shared between threads."""

    rows: NDArray[np.float32]
    alike: NDArray[np.float32]
    options: NDArray[np.float32]
    places: NDArray[np.int64]
    joined: NDArray[np.uint8]
    features: NDArray[np.float32]
    placed: NDArray[np.int64]


def scratch() -> Scratch:
    """Return fresh memory for one thread."""
    return Scratch(
        np.zeros((3, LONGEST_JOINED + 1), np.float32),
        np.zeros((2, MOST), np.float32),
        np.zeros((OPTIONS, 2), np.float32),
        np.zeros((OPTIONS, 5), np.int64),
        np.zeros((2, LONGEST_JOINED), np.uint8),
        np.zeros(COUNT, np.float32),
        np.zeros((MOST, 5), np.int64),
    )


@njit(cache=True, nogil=True)
def table_of(here: int, there: int) -> int:
    """Return the cost table for two families: the native script's rows, or its mirror image 8 tables on."""
    if here == there:
        return 0
    return here if here > there else there + 8


@njit(cache=True, nogil=True)
def are_nicknames(one: int, other: int, pairs: Any) -> Any:
    """Tell whether two tags stand together in the sorted table of nicknames."""
    if one == 0 or other == 0:
        return False
    key = (min(one, other) << 20) | max(one, other)
    at = np.searchsorted(pairs, key)
    return at < pairs.shape[0] and pairs[at] == key


@njit(cache=True, nogil=True)
def joined_into(words: Any, ids: Any, first: int, count: int, out: Any) -> int:
    """Write the symbols of neighbours into one row; returns how many, repeats at the seam joined."""
    n = 0
    for w in range(first, first + count):
        row = ids[w]
        for s in range(words.lengths[row]):
            if n == 0 or out[n - 1] != words.symbols[row, s]:
                out[n] = words.symbols[row, s]
                n += 1
    return n


@njit(cache=True, nogil=True)
def word_likeness(q: Any, i: int, r: Any, j: int, costs: Any, pairs: Any, least: float, rows: Any) -> Any:
    """Return how alike two words are, initials and nicknames included; negative for an initial."""
    table = costs[table_of(q.families[i], r.families[j])]
    if q.roles[i] == ROLE_INITIAL or r.roles[j] == ROLE_INITIAL:
        if table[q.symbols[i, 0], r.symbols[j, 0]] > 0.25:
            return 0.0
        return 1.0 if q.roles[i] == r.roles[j] else -INITIAL
    alike = likeness(q.symbols[i], q.lengths[i], r.symbols[j], r.lengths[j], table, least, rows)
    if alike < NICKNAME and are_nicknames(q.tags[i], r.tags[j], pairs):
        return NICKNAME
    return alike


@njit(cache=True, nogil=True)
def _join_options(
    q: Any, qi: Any, nq: int, r: Any, ri: Any, nr: int, costs: Any, mem: Any, found: int, mirrored: bool
) -> int:
    """Add the places where neighbours of q together spell one word of r; with `mirrored` the sides are changed."""
    mine, theirs = (mem.alike[1], mem.alike[0]) if mirrored else (mem.alike[0], mem.alike[1])
    for i in range(nq - 1):
        for count in range(2, 4):
            if i + count > nq or (count == 3 and q.roles[qi[i + 1]] != ROLE_PARTICLE):
                continue
            if mine[i] > SURE and mine[i + count - 1] > SURE:
                continue
            n = joined_into(q, qi, i, count, mem.joined[0])
            bits = np.float32(0.0)
            for w in range(i, i + count):
                bits += q.bits[qi[w]]
            for j in range(nr):
                k = ri[j]
                m = r.lengths[k]
                if theirs[j] > SURE or m < 4 or n > m + m // 2 + 1 or m > n + n // 2 + 1:
                    continue
                table = costs[table_of(q.families[qi[i]], r.families[k])]
                alike = likeness(mem.joined[0], n, r.symbols[k], m, table, LEAST_JOINED, mem.rows)
                if alike > 0.0 and found < OPTIONS:
                    least = min(bits, r.bits[k])
                    mem.options[found, 0] = alike
                    mem.options[found, 1] = (alike - 0.4) * least * JOINED_SHARE
                    if mirrored:
                        mem.places[found, 0], mem.places[found, 1] = j, 1
                        mem.places[found, 2], mem.places[found, 3] = i, count
                    else:
                        mem.places[found, 0], mem.places[found, 1] = i, count
                        mem.places[found, 2], mem.places[found, 3] = j, 1
                    mem.places[found, 4] = 0
                    found += 1
    return found


@njit(cache=True, nogil=True)
def _options(q: Any, qi: Any, nq: int, r: Any, ri: Any, nr: int, costs: Any, pairs: Any, mem: Any) -> int:
    """Write down every place where a word may belong; returns how many."""
    found = 0
    mem.alike[:] = 0.0
    for i in range(nq):
        for j in range(nr):
            alike = word_likeness(q, qi[i], r, ri[j], costs, pairs, LEAST_REST, mem.rows)
            if alike == 0.0:
                continue
            mem.alike[0, i] = max(mem.alike[0, i], abs(alike))
            mem.alike[1, j] = max(mem.alike[1, j], abs(alike))
            kind = 1 if alike < 0.0 else 0
            alike = abs(alike)
            least = min(q.bits[qi[i]], r.bits[ri[j]])
            mem.options[found, 0] = alike
            mem.options[found, 1] = (alike - 0.4) * least
            mem.places[found, 0], mem.places[found, 1], mem.places[found, 2], mem.places[found, 3] = i, 1, j, 1
            mem.places[found, 4] = kind
            found += 1
    found = _join_options(q, qi, nq, r, ri, nr, costs, mem, found, False)
    return _join_options(r, ri, nr, q, qi, nq, costs, mem, found, True)


@njit(cache=True, nogil=True)
def place(found: int, mem: Any) -> int:
    """Choose the places that tell most, none twice; returns how many, as rows of `mem.placed` (numbers of options)."""
    mem.alike[:] = 0.0
    chosen = 0
    while chosen < MOST:
        best, at = np.float32(0.0), -1
        for o in range(found):
            if mem.options[o, 0] >= LEAST_WORD and mem.options[o, 1] > best:
                best, at = mem.options[o, 1], o
        if at < 0:
            break
        first, count, other, many = mem.places[at, 0], mem.places[at, 1], mem.places[at, 2], mem.places[at, 3]
        for w in range(first, first + count):
            mem.alike[0, w] = mem.options[at, 0]
        for w in range(other, other + many):
            mem.alike[1, w] = mem.options[at, 0]
        mem.placed[chosen, 0] = at
        chosen += 1
        for o in range(found):
            a, b, c, d = mem.places[o, 0], mem.places[o, 1], mem.places[o, 2], mem.places[o, 3]
            if (a < first + count and first < a + b) or (c < other + many and other < c + d):
                mem.options[o, 1] = -1.0
    return chosen


@njit(cache=True, nogil=True)
def _surface(q: Any, qi: Any, r: Any, ri: Any, at: int, units: Any, mem: Any) -> Any:
    """Return how alike two placed words look letter for letter: tells a typing error from another spelling."""
    n = joined_into(q, qi, mem.places[at, 0], mem.places[at, 1], mem.joined[0])
    m = joined_into(r, ri, mem.places[at, 2], mem.places[at, 3], mem.joined[1])
    return 1.0 - distance(mem.joined[0], n, mem.joined[1], m, units, 99.0, mem.rows) / max(n, m, 1)


@njit(cache=True, nogil=True)
def _of_places(q: Any, qi: Any, r: Any, ri: Any, chosen: int, units: Any, mem: Any, out: Any) -> None:
    """Write the features of what was placed."""
    told, strongest, surface, weighed = np.float32(0.0), np.float32(0.0), np.float32(0.0), np.float32(0.0)
    weakest, same = np.float32(1.0), 0
    for c in range(chosen):
        at = mem.placed[c, 0]
        alike = mem.options[at, 0]
        here, there = np.float32(0.0), np.float32(0.0)
        for w in range(mem.places[at, 0], mem.places[at, 0] + mem.places[at, 1]):
            here += q.bits[qi[w]]
        for w in range(mem.places[at, 2], mem.places[at, 2] + mem.places[at, 3]):
            there += r.bits[ri[w]]
        bits = min(here, there)
        told += bits * alike * alike
        strongest = max(strongest, bits * alike * alike)
        looks = _surface(q, qi, r, ri, at, units, mem)
        surface += bits * looks
        weighed += bits
        if bits > TELLING and alike < weakest:
            weakest = alike
        if looks > 0.99:
            same += 1
        out[IS_INITIALS] += mem.places[at, 4]
        if mem.places[at, 1] + mem.places[at, 3] > 2:
            out[IS_JOINED] += 1
        elif alike == np.float32(NICKNAME):
            out[IS_NICKNAMES] += 1
        for d in range(c):
            before = mem.placed[d, 0]
            if (mem.places[at, 0] - mem.places[before, 0]) * (mem.places[at, 2] - mem.places[before, 2]) < 0:
                out[IS_CROSSINGS] += 1
    out[0] = told * BITS
    out[6] = weakest
    out[8] = chosen
    out[14] = surface / max(weighed, np.float32(0.1))
    out[15] = same / max(chosen, 1)
    out[19] = strongest * BITS


TELLING = 3.0
"""Bits from which a word is more than a particle, a title or an initial."""
IS_CROSSINGS, IS_INITIALS, IS_JOINED, IS_NICKNAMES = 11, 13, 16, 20
"""Places of counted features in `FEATURES`."""


@njit(cache=True, nogil=True)
def _of_side(words: Any, ids: Any, count: int, alike: Any) -> Any:
    """Return bits that are lacking, share that is covered, most bits of one lacking word, and words that name."""
    lacking, whole, worst, names = np.float32(0.0), np.float32(0.0), np.float32(0.0), 0
    for w in range(count):
        bits = words.bits[ids[w]]
        lost = bits * (np.float32(1.0) - alike[w])
        whole += bits
        lacking += lost
        worst = max(worst, lost)
        role = words.roles[ids[w]]
        if role != ROLE_PARTICLE and role != ROLE_TITLE:  # noqa: PLR1714 - numba has no sets that are fast
            names += 1
    return lacking, np.float32(1.0) - lacking / max(whole, np.float32(0.1)), worst, names


@njit(cache=True, nogil=True)
def _of_ends(q: Any, qi: Any, nq: int, r: Any, ri: Any, nr: int, found: int, mem: Any, out: Any) -> None:
    """Write how alike the first words are, and the last, and the best of what found no place."""
    for o in range(found):
        alike = mem.options[o, 0]
        i, j = mem.places[o, 0], mem.places[o, 2]
        if mem.places[o, 1] == 1 and mem.places[o, 3] == 1:
            if i == 0 and j == 0:
                out[17] = alike
            if i == nq - 1 and j == nr - 1:
                out[18] = alike
            if mem.alike[0, i] == 0.0 and mem.alike[1, j] == 0.0 and min(q.bits[qi[i]], r.bits[ri[j]]) > TELLING:
                out[21] = max(out[21], alike)


@njit(cache=True, nogil=True)
def describe(q: Any, qi: Any, r: Any, ri: Any, costs: Any, pairs: Any, mem: Any) -> int:
    """Align the words `qi` of q with the words `ri` of r and write the features into `mem.features`.

    Returns how many places were chosen; they stay in `mem.placed`, for the explanation.
    """
    nq, nr = min(qi.shape[0], MOST), min(ri.shape[0], MOST)
    out = mem.features
    out[:] = 0.0
    found = _options(q, qi, nq, r, ri, nr, costs, pairs, mem)
    chosen = place(found, mem)
    _of_places(q, qi, r, ri, chosen, costs[UNITS], mem, out)
    lacking_q, cover_q, worst_q, out[9] = _of_side(q, qi, nq, mem.alike[0])
    lacking_r, cover_r, worst_r, out[10] = _of_side(r, ri, nr, mem.alike[1])
    out[1], out[2] = lacking_q * BITS, lacking_r * BITS
    out[3], out[4], out[5] = cover_q, cover_r, min(cover_q, cover_r)
    out[7] = min(worst_q, worst_r) * BITS
    family = 0
    for i in range(nq):
        family = max(family, q.families[qi[i]])
    for j in range(nr):
        family = max(family, r.families[ri[j]])
    out[12] = family
    _of_ends(q, qi, nq, r, ri, nr, found, mem, out)
    return chosen


UNITS = 16
"""The table in which every exchange costs 1."""
