"""A model of names that nobody trained: plain costs and a few trees; tests of the index rest on no frozen run."""

from functools import cache

import numpy as np

from comity.engines.match.alignment import FEATURES
from comity.engines.match.costs import plain_table
from comity.engines.match.models import FORMAT, HEADS, Model

STUMPS = {"told": 3.0, "cover_query": 1.0, "cover_record": 1.0, "surface": 1.0}
"""Features that say how alike two names are, and up to where they are cut."""
CUTS = 12


@cache
def plain_model() -> Model:
    """Return the model: each cut that a feature reaches adds three tenths to the odds, else takes as much away."""
    arrays = {
        "format": np.array(FORMAT),
        "features": np.array(FEATURES),
        "costs": np.stack([plain_table()] * 8),
        "hashes": np.zeros(0, np.uint32),
        "eighths": np.zeros(0, np.uint8),
        "nicknames": np.zeros(0, np.int64),
        "named": np.array([], "U8"),
    }
    roots, nodes = list[int](), list[tuple[float, float, float]]()
    for name, most in STUMPS.items():
        for cut in range(1, CUTS + 1):
            root = len(nodes)
            roots.append(root)
            nodes += [(FEATURES.index(name), most * cut / CUTS, root + 2), (-1, -0.3, 0), (-1, 0.3, 0)]
    for head in HEADS:
        arrays[f"{head}_roots"] = np.array(roots, np.int32)
        arrays[f"{head}_nodes"] = np.array(nodes, np.float32)
        arrays[f"{head}_expected"] = np.array([value for _, value, _ in nodes], np.float32)
        arrays[f"{head}_numbers"] = np.array([0.0, 1.0, 0.0])
    return Model(arrays)
