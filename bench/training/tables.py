"""Learns the tables: what exchanges cost, how much words tell, and which names are nicknames of each other.

Costs: each pair of aligned words is laid side by side at the costs known so far; exchanges are counted; a cost becomes
the logarithm of how much rarer an exchange is than the likeliest one of either symbol. Six rounds. Words that are very
unlike each other (a tenth of the data: wrong labels, translations) are left out of the count.
"""

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bench.training.sources import Pair, rows_of
from comity.engines.match.costs import plain_table
from comity.engines.match.information import MOST_BITS, STEPS, consonants, hash_of
from comity.engines.match.name import Word, analyse
from comity.engines.match.scripts import FAMILY, Family
from comity.engines.match.spelling import SIZE, numbers

ROUNDS = 6
SPAN = 5.0
"""Natural logarithms of rarity that make a cost of 1."""
PRIOR = 6.0
"""Counts that the plain cost is worth beside what was seen."""
LOWEST = 0.04
DIFFUSE = 0.6
"""Share that the likeliest exchange of a symbol must have to be free: a sound heard as anything is no
match for anything. Without it any two Han syllables were alike."""
UNLIKE = 0.45
"""Cost for each symbol of the longer word from which a pair is left out."""


@njit(cache=False)
def _count(a: Any, b: Any, costs: Any, counts: Any, times: float, unlike: float) -> bool:
    """Lay two words side by side and count the exchanges of the cheapest way."""
    n, m = len(a), len(b)
    best = np.zeros((n + 1, m + 1))
    for i in range(n):
        best[i + 1, 0] = best[i, 0] + costs[a[i], 0]
    for j in range(m):
        best[0, j + 1] = best[0, j] + costs[0, b[j]]
    for i in range(n):
        for j in range(m):
            best[i + 1, j + 1] = min(
                best[i, j] + costs[a[i], b[j]], best[i, j + 1] + costs[a[i], 0], best[i + 1, j] + costs[0, b[j]]
            )
    if best[n, m] > unlike * max(n, m):
        return False
    i, j = n, m
    while i or j:
        if i and j and best[i, j] == best[i - 1, j - 1] + costs[a[i - 1], b[j - 1]]:
            i, j = i - 1, j - 1
            counts[a[i], b[j]] += times
        elif i and best[i, j] == best[i - 1, j] + costs[a[i - 1], 0]:
            i -= 1
            counts[a[i], 0] += times
        else:
            j -= 1
            counts[0, b[j]] += times
    return True


def _costs_from(counts: NDArray[np.float64], plain: NDArray[np.float32], family: Family) -> NDArray[np.float32]:
    """Turn counts into costs; the plain table speaks where little was seen."""
    rows, columns = counts[1:].sum(1, keepdims=True), counts[:, 1:].sum(0, keepdims=True)
    prior = np.exp(-SPAN * plain)
    forth = (counts[1:] + PRIOR * prior[1:]) / (rows + PRIOR)
    back = (counts[:, 1:] + PRIOR * prior[:, 1:]) / (columns + PRIOR)
    forth /= np.maximum(forth.max(1, keepdims=True), DIFFUSE)
    back /= np.maximum(back.max(0, keepdims=True), DIFFUSE)
    table = plain.astype(np.float64)
    table[1:, 1:] = -(np.log(forth[:, 1:]) + np.log(back[1:])) / 2 / SPAN
    table[1:, 0] = -np.log(forth[:, 0]) / SPAN
    table[0, 1:] = -np.log(back[0]) / SPAN
    table = np.clip(table, LOWEST, 1.2)
    table[0, 0] = 0.0
    np.fill_diagonal(table, np.minimum(np.diag(table), 0.25))
    if family is Family.HAN:  # Names of Chinese persons are spelt in pinyin, those that were counted are foreign.
        np.fill_diagonal(table, 0.0)
    for symbol in range(1, SIZE):
        table[symbol, symbol] = 0.0 if counts[symbol, symbol] >= 0.5 * counts[symbol].max() else table[symbol, symbol]
    return table.astype(np.float32)


def learn_costs(aligned: list[tuple[Word, Word, int]], latin: list[tuple[Word, Word]]) -> NDArray[np.float32]:
    """Return the eight tables; Latin to Latin is learned from aligned words of spelling variants, both ways."""
    groups: dict[Family, list[tuple[NDArray[np.uint8], NDArray[np.uint8], float]]] = defaultdict(list)
    for here, there, times in aligned:
        pair = (np.frombuffer(numbers(here.symbols), np.uint8), np.frombuffer(numbers(there.symbols), np.uint8))
        groups[FAMILY[here.script]].append((*pair, float(np.sqrt(times))))
    for here, there in latin:
        one, other = (np.frombuffer(numbers(word.symbols), np.uint8) for word in (here, there))
        groups[Family.LATIN] += [(one, other, 1.0), (other, one, 1.0)]
    tables = []
    for family in Family:
        table = plain = plain_table()
        for _ in range(ROUNDS):
            counts = np.zeros((SIZE, SIZE))
            kept = sum(_count(a, b, table, counts, times, UNLIKE) for a, b, times in groups[family])
            table = _costs_from(counts, plain, family)
        print(f"costs of {family.name}: {kept} of {len(groups[family])} aligned words")
        tables.append((table + table.T + 2 * plain) / 4 if family is Family.LATIN else table)
    return np.stack(tables)


def latin_variants(pairs: list[Pair]) -> list[tuple[Word, Word]]:
    """Return words that correspond in Latin spelling variants: words at the same place that differ."""
    found = []
    for pair in pairs:
        if not pair.same or pair.stratum != "variant":
            continue
        here, there = analyse(pair.record).words, analyse(pair.query).words
        if len(here) == len(there):
            found += [
                (a, b)
                for a, b in zip(here, there, strict=True)
                if a.symbols != b.symbols and a.letters[:1] == b.letters[:1]
            ]
    return found


def learn_information(shares: dict[str, float]) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    """Return the table of information.py: hashes in order, eighths of a bit."""
    spelt: dict[int, float] = defaultdict(float)
    for native, share in shares.items():
        for word in analyse(native).words:
            spelt[hash_of(word.letters)] += share
            spelt[hash_of(consonants(word.symbols))] += share
    hashes = np.array(sorted(spelt), np.uint32)
    bits = np.clip(-np.log2([spelt[each] for each in hashes.tolist()]), 3.0, MOST_BITS)
    telling = bits < MOST_BITS - 0.5
    return hashes[telling], np.round(bits[telling] * STEPS).astype(np.uint8)


def learn_nicknames(folder: Path) -> tuple[list[str], NDArray[np.int64]]:
    """Return the words of the table of nicknames, and its pairs as sorted numbers (tag of one << 20 | of the other)."""
    rows = [(row["name1"].strip(), row["name2"].strip()) for row in rows_of(folder / "nicknames.csv")]
    spelt = [tuple(analyse(name).words for name in row) for row in rows]
    links = {(a[0].letters, b[0].letters) for a, b in spelt if len(a) == len(b) == 1 and a[0].letters != b[0].letters}
    words = sorted({word for link in links for word in link})
    tag = {word: number for number, word in enumerate(words, 1)}
    keys = sorted({min(tag[a], tag[b]) << 20 | max(tag[a], tag[b]) for a, b in links})
    return words, np.array(keys, np.int64)
