"""The frozen model: tables and trees as arrays, read from the folder `model/`, and what can be asked of them.

Two heads weigh the same features. `pair` answers whether two names that somebody laid side by side name one person;
`screen` answers it for the best of a million that a search brought up, where most of what looks alike is another
person. Each is a sum of small trees; the sum is a log-odds, made honest by two numbers per head (calibration).

What trained them, from which data and with which seed: `model/README.md`. Not here: evidence beside names.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from comity.core.errors import Malformed
from comity.engines.match.alignment import FEATURES, Scratch, Words, describe, scratch
from comity.engines.match.costs import TABLES, whole_table
from comity.engines.match.information import Information
from comity.engines.match.kernels import boosted
from comity.engines.match.name import Word, analyse
from comity.engines.match.scripts import FAMILY
from comity.engines.match.spelling import LONGEST, numbers

FORMAT = 1
"""Version of the model's file; a model is made for the features of one version."""

HEADS = ("pair", "screen")


@dataclass(frozen=True)
class Trees:
    """A sum of trees, flat: see `kernels.boosted`."""

    roots: NDArray[np.int32]
    nodes: NDArray[np.float32]
    """[nodes, 3]: feature, threshold or value, right child."""
    expected: NDArray[np.float32]
    """What the sum is expected to be at a node, before more is known; at leaves the same as their value."""
    base: float
    slope: float
    """Calibration: log-odds = slope * sum + shift."""
    shift: float


class Model:
    """All that is frozen: costs, information, nicknames, trees."""

    def __init__(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take the arrays of a model's file.

        Raises:
            Malformed: an array is lacking or has another shape than this version reads.
        """
        try:
            if int(arrays["format"]) != FORMAT:
                raise Malformed(f"model of format {int(arrays['format'])}, expected {FORMAT}")
            if arrays["features"].tolist() != list(FEATURES):
                raise Malformed("model for other features than this version computes")
            self.costs = whole_table(arrays["costs"])
            self.information = Information(arrays["hashes"], arrays["eighths"])
            self.nicknames = arrays["nicknames"]
            self.tags = {word: number for number, word in enumerate(arrays["named"].tolist(), 1)}
            self.heads = {head: _trees(arrays, head) for head in HEADS}
        except KeyError as lacking:
            raise Malformed(f"model without the array {lacking}") from None
        if self.costs.shape[0] != TABLES:
            raise Malformed(f"model with {self.costs.shape[0]} cost tables, expected {TABLES}")

    def words(self, words: Sequence[Word]) -> Words:
        """Return words as kernels see them, one row each."""
        count = len(words)
        symbols = np.zeros((count, LONGEST), np.uint8)
        for row, word in enumerate(words):
            symbols[row, : len(word.symbols)] = np.frombuffer(numbers(word.symbols), np.uint8)
        return Words(
            symbols,
            np.array([len(word.symbols) for word in words], np.int64),
            np.array([FAMILY[word.script] for word in words], np.int64),
            np.array([self.information.of(word) for word in words], np.float32),
            np.array([word.role for word in words], np.int64),
            np.array([self.tags.get(word.letters, 0) for word in words], np.int64),
        )

    def prepare(self, name: str) -> Words:
        """Return the words of a name as kernels see them, in their order."""
        return self.words(analyse(name).words)

    def features(self, query: Words, record: Words, memory: Scratch | None = None) -> NDArray[np.float32]:
        """Return the features of one pair; see `alignment.FEATURES`."""
        memory = memory or scratch()
        here, there = np.arange(len(query.lengths)), np.arange(len(record.lengths), dtype=np.int32)
        describe(query, here, record, there, self.costs, self.nicknames, memory)
        return memory.features.copy()

    def odds(self, features: NDArray[np.float32], head: str) -> float:
        """Return the calibrated log-odds of one row of features."""
        trees = self.heads[head]
        total = boosted(features, trees.roots, trees.nodes, trees.base)
        return float(trees.slope * total + trees.shift)


def _trees(arrays: dict[str, NDArray[Any]], head: str) -> Trees:
    base, slope, shift = arrays[f"{head}_numbers"].tolist()
    roots, nodes, expected = (np.ascontiguousarray(arrays[f"{head}_{part}"]) for part in ("roots", "nodes", "expected"))
    return Trees(roots, nodes, expected, base, slope, shift)


def load_model(file: IO[bytes] | None = None) -> Model:
    """Read a model: from a file that was opened for us, else the one that is shipped with the package.

    Raises:
        Malformed: it is no model of this version.
    """
    if file is not None:
        return _read(file)
    with (files("comity.engines.match") / "model" / "model.npz").open("rb") as shipped:
        return _read(shipped)


def _read(file: IO[bytes]) -> Model:
    try:
        with np.load(file, allow_pickle=False) as stored:
            arrays = {key: stored[key] for key in stored.files}
    except (ValueError, OSError, AttributeError):
        raise Malformed("a model is an archive of arrays, and this is none") from None
    return Model(arrays)
