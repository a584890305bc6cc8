"""Compiles every kernel of the index before the first search, as `engines/match/warming.py` does those of the engine.

Numba compiles a kernel when it is first called with these types and keeps it beside its module. Six nodes that did so
at once, each for itself, kept the first officer waiting for minutes; so `make setup` calls this, once.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from comity.engines.match.warming import warm as warm_engine
from comity.node.bodies import KEY, BodyKeys
from comity.node.clock import entropy
from comity.node.index.changes import Drop, Identifier, Put, Restrict
from comity.node.index.kernels import Flags
from comity.node.index.opened import Index

_NAMES = ("Abd al-Rahman al-Mithali", "Jon Smith")


def warm() -> None:
    """Take in, find, restrict, withdraw, put in order and open again: a small index in a folder that is let go of."""
    model, allow = warm_engine(), np.array([False, True, True], np.bool_)
    number = Identifier(1, "XX0000001")
    with TemporaryDirectory() as place:
        folder, file = Path(place) / "index", Path(place) / "keys"
        with BodyKeys.create(file, entropy(KEY)) as keys:
            with Index.create(folder, keys, entropy, model) as index:
                rows = [Put(number=n, policy=1, identifiers=(number,), names=_NAMES) for n in (1, 2, 3)]
                index.apply(rows[:2], 1)
                index.settle()
                index.apply([rows[2], Restrict(numbers=(2,), policy=2), Drop(numbers=(1,))], 2)
                _look(index, allow)
                index.settle()
                _look(index, allow)
            with Index(folder, keys, entropy, model) as index:
                _look(index, allow)


def _look(index: Index, allow: Flags) -> None:
    index.lookup(allow, 1, "XX0000001")
    for name in _NAMES:
        index.search(allow, name)
