"""The kernels: edit distance with costs, and trees, compiled by numba once at set-up and cached beside this file.

Everything is a flat array, so that a node can map it from disk and hundreds of candidates are scored in one call. A
kernel knows symbol numbers and costs; what they mean stands in spelling.py and costs.py.

The caches land beside the module, or where NUMBA_CACHE_DIR says. Compiling all takes some ten seconds, once; loading
from the cache a third of a second.
"""

from typing import Any

import numpy as np
from numba import njit

LONGEST_JOINED = 72
"""Symbols of words joined: three words of 24."""


SWAPPED = np.float32(0.5)
"""Cost of two neighbours in the wrong order, as fingers do it."""


@njit(cache=True, nogil=True)
def distance(a: Any, n: int, b: Any, m: int, costs: Any, limit: Any, work: Any) -> Any:
    """Return the cheapest way from a to b at these costs, or any number above `limit` when it is above.

    `costs` has row 0 for a symbol of b that a lacks and column 0 for one of a that b lacks; two swapped neighbours cost
    `SWAPPED`. `work` is scratch: three rows of `LONGEST_JOINED` + 1.
    """
    before, row, last = work[0], work[1], work[2]
    row[0] = 0.0
    for j in range(m):
        row[j + 1] = row[j] + costs[0, b[j]]
    for i in range(n):
        last, before, row = before, row, last
        x = a[i]
        gone = costs[x, 0]
        left = before[0] + gone
        row[0] = left
        least = left
        for j in range(m):
            y = b[j]
            best = before[j] + costs[x, y]
            other = before[j + 1] + gone
            best = min(best, other)
            other = left + costs[0, y]
            best = min(best, other)
            if i > 0 and j > 0 and x == b[j - 1] and a[i - 1] == y and x != y:
                other = last[j - 1] + SWAPPED
                best = min(best, other)
            row[j + 1] = best
            left = best
            least = min(least, best)
        if least > limit:
            return least
    return row[m]


@njit(cache=True, nogil=True)
def likeness(a: Any, n: int, b: Any, m: int, costs: Any, least: float, work: Any) -> Any:
    """Return how alike two words are, 0 to 1; 0 when it would be below `least`."""
    if n == 0 or m == 0:
        return 0.0
    here = np.float32(0.0)
    for i in range(n):
        here += costs[a[i], 0]
    there = np.float32(0.0)
    for j in range(m):
        there += costs[0, b[j]]
    whole = max(here, there, np.float32(1.0))
    limit = (1.0 - least) * whole
    if abs(here - there) > limit + 0.6:
        return 0.0
    alike = 1.0 - distance(a, n, b, m, costs, limit, work) / whole
    return alike if alike >= least else 0.0


@njit(cache=True, nogil=True)
def boosted(values: Any, roots: Any, nodes: Any, base: float) -> float:
    """Return the sum of trees for one row of features.

    A row of `nodes` is one node: the feature (-1 at a leaf), the threshold (a leaf's value) and the right child; the
    left child is the next row. A value that equals the threshold goes left.
    """
    total = base
    for t in range(roots.shape[0]):
        n = roots[t]
        feature = int(nodes[n, 0])
        while feature >= 0:
            n = n + 1 if values[feature] <= nodes[n, 1] else int(nodes[n, 2])
            feature = int(nodes[n, 0])
        total += nodes[n, 1]
    return total
