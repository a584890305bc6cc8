"""Trains trees with LightGBM, a tool of development, and flattens them into the arrays that the engine reads.

The sign in which a feature may move the score is fixed where the meaning of the feature fixes it: a model must not
learn from accidents of the data that less in common is more.
"""

from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from comity.engines.match.alignment import FEATURES

SEED = 47

SIGNS = {"told": 1, "lacking_query": -1, "lacking_record": -1, "cover_query": 1, "cover_record": 1, "cover_least": 1}
SIGNS |= {"weakest": 1, "clash": -1, "strongest": 1, "crossings": -1}


def grown(rows: NDArray[np.float32], same: NDArray[np.int8], weights: NDArray[np.float64], *, trees: int) -> Any:
    """Return a trained booster."""
    settings = {
        "objective": "binary",
        "learning_rate": 0.06,
        "num_leaves": 15,
        "min_data_in_leaf": 30,
        "lambda_l2": 3.0,
        "feature_fraction": 0.6,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "monotone_constraints": [SIGNS.get(feature, 0) for feature in FEATURES],
        "seed": SEED,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    return lgb.train(settings, lgb.Dataset(rows, same, weight=weights), num_boost_round=trees)


def _below(threshold: float) -> float:
    """Return the greatest single-precision number that is not above: no feature changes sides by rounding."""
    near = np.float32(threshold)
    return float(near if float(near) <= threshold else np.nextafter(near, np.float32(-np.inf)))


def flattened(booster: Any, head: str) -> dict[str, NDArray[Any]]:
    """Return the arrays of one head, uncalibrated."""
    nodes: list[tuple[float, float, float]] = []
    expected: list[float] = []

    def add(node: dict[str, Any]) -> tuple[int, float, float]:
        place = len(nodes)
        nodes.append((-1, node.get("leaf_value", 0.0), 0))
        expected.append(node.get("leaf_value", 0.0))
        if "leaf_value" in node:
            return place, node["leaf_value"], node.get("leaf_count", 1)
        _, low, here = add(node["left_child"])
        right, high, there = add(node["right_child"])
        nodes[place] = (node["split_feature"], _below(node["threshold"]), right)
        expected[place] = (low * here + high * there) / (here + there)
        return place, expected[place], here + there

    roots = [add(tree["tree_structure"])[0] for tree in booster.dump_model()["tree_info"]]
    return {
        f"{head}_roots": np.array(roots, np.int32),
        f"{head}_nodes": np.array(nodes, np.float32),
        f"{head}_expected": np.array(expected, np.float32),
        f"{head}_numbers": np.array([0.0, 1.0, 0.0]),
    }
