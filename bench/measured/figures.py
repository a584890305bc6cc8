"""The figures by which matchers are judged: average precision, and what is found at a fixed rate of false alarms."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def average_precision(same: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    """Return the area under precision over recall, 0 to 1; rows of one score count together."""
    if not same.any():
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    ranked, right = scores[order], same[order].astype(np.float64)
    last = np.append(np.nonzero(np.diff(ranked))[0], len(ranked) - 1)
    found = np.cumsum(right)[last]
    precision = found / (last + 1)
    return float(np.sum(np.diff(found, prepend=0.0) * precision) / right.sum())


def recall_at(right: NDArray[Any], wrong: NDArray[Any], rate: float) -> float:
    """Return the share of right scores above the threshold that this share of wrong ones passes."""
    if not len(right) or not len(wrong):
        return float("nan")
    return float((right > np.quantile(wrong, 1 - rate)).mean())
