"""What it costs to hear one symbol as another: a table for each family of scripts, and the ground it was learned from.

A cost is 0 for what always corresponds (Arabic `b`, Latin `b`), about 1 for what never does. The learned tables are in
the model (decision 0047): counted in aligned pairs of single names, native and Latin, by `bench/train_match.py`, which
starts from the plain table here. What was not seen often enough keeps its plain cost.

Tables 0 to 7 are for `scripts.Family`: rows are the native script's symbols, columns the Latin ones. 8 to 15 are their
mirror images. Table 16 counts one for every difference.
"""

import numpy as np
from numpy.typing import NDArray

from comity.engines.match.scripts import Family
from comity.engines.match.spelling import NUMBER, SIZE, VOWELS

TABLES = 17

_NEAR = {
    0.15: "tT Gg qk xh vw yi",
    0.3: "bv bp fv pf dt gk Dy DZ Zz sS sz cs cC CS xk SZ Gh ei ou ae ao",
    0.45: "lr mn dT zd DC Dg ct cz ck kC Ts hg wb wf Ds ai au eo eu io iu ye ya wo wu wa",
}
"""General knowledge of how the sounds of languages lie beside each other; where learning starts."""

_LOST = dict.fromkeys(VOWELS, 0.4) | {"h": 0.4, "w": 0.45, "y": 0.4}


def plain_table() -> NDArray[np.float32]:
    """Return the table before anything was learned, [32, 32]."""
    table = np.ones((SIZE, SIZE), np.float32)
    for symbol, place in NUMBER.items():
        table[place, 0] = table[0, place] = _LOST.get(symbol, 1.0)
        for other, there in NUMBER.items():
            if (symbol in VOWELS) != (other in VOWELS):
                table[place, there] = 1.2
    for cost, near in _NEAR.items():
        for pair in near.split():
            one, other = pair[0], pair[1]
            table[NUMBER[one], NUMBER[other]] = table[NUMBER[other], NUMBER[one]] = cost
    np.fill_diagonal(table, 0.0)
    return table


def whole_table(learned: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return all 17 tables from the eight that are learned, [8, 32, 32]."""
    units = np.ones((1, SIZE, SIZE), np.float32)
    np.fill_diagonal(units[0], 0.0)
    return np.ascontiguousarray(np.concatenate([learned, learned.transpose(0, 2, 1), units]))


def plain_tables() -> NDArray[np.float32]:
    """Return all 17 tables with nothing learned."""
    return whole_table(np.stack([plain_table()] * len(Family)))
