"""Trains the models of comity/engines/match from free data, and measures them on rows that they have not seen.

    python bench/train_match.py DATA [--out FILE] [--quick]

DATA is a folder with pairs.csv, retrieval_corpus.csv, retrieval_queries.csv, tokens_*.tsv, ar2en_google.txt,
common-*-by-country.csv and nicknames.csv in the columns in which they are published. Written are the model
(comity/engines/match/model/model.npz), the models that leave a source out (bench/measured/match_left_out.npz) and the
run (bench/measured/match_training.json): figures by cross-validation, over clusters of persons and over sources.

LightGBM is needed, in an environment of its own: it is a tool of development and no dependency. One core, some minutes.
"""

import argparse
import json
import platform
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.measured.figures import average_precision, recall_at
from bench.training import forest, tables
from bench.training.mining import Mined, ground_of, mine, questions_of
from bench.training.sources import Pair, aligned_of, held_of, pairs_of, rows_of, shares_of
from comity.engines.match.alignment import FEATURES, scratch
from comity.engines.match.models import FORMAT, HEADS, Model

ROOT = Path(__file__).parent.parent
MODEL = ROOT / "comity" / "engines" / "match" / "model" / "model.npz"
LEFT_OUT = ROOT / "bench" / "measured" / "match_left_out.npz"
RUN = ROOT / "bench" / "measured" / "match_training.json"

FOLDS = 5
PAIR_TREES = 150
SCREEN_TREES = 160
MINED_FOR_PAIRS = 0.0
"""What a mined row weighs in the pair model. Tried 0.1 and 0.35: fewer pairs found at 1 % false positives."""
PAIRS_FOR_SCREEN = 0.3
"""What a labelled pair weighs in the screen model."""
ROUNDS = 1


class Ground(NamedTuple):
    """The labelled pairs as rows of features."""

    pairs: list[Pair]
    rows: NDArray[np.float32]
    same: NDArray[np.int8]
    clusters: NDArray[np.int64]
    """Fold of each pair: pairs that share a person are in one fold."""


def tables_of(folder: Path, pairs: Sequence[Pair], listed: Sequence[dict[str, str]]) -> dict[str, NDArray[Any]]:
    """Return the arrays of the model that are no trees."""
    aligned = aligned_of(folder, held_of(list(pairs)))
    names = [pair.record for pair in pairs] + [row["name"] for row in listed]
    hashes, eighths = tables.learn_information(shares_of(folder, names))
    named, nicknames = tables.learn_nicknames(folder)
    return {
        "format": np.array(FORMAT),
        "features": np.array(FEATURES),
        "costs": tables.learn_costs(aligned, tables.latin_variants(list(pairs))),
        "hashes": hashes,
        "eighths": eighths,
        "named": np.array(named),
        "nicknames": nicknames,
    }


def without_trees(arrays: dict[str, NDArray[Any]]) -> Model:
    """Return a model that can describe pairs and weigh nothing yet."""
    empty = {"roots": np.zeros(0, np.int32), "nodes": np.zeros((0, 3), np.float32)}
    empty |= {"expected": np.zeros(0, np.float32), "numbers": np.array([0.0, 1.0, 0.0])}
    return Model(arrays | {f"{head}_{part}": array for head in HEADS for part, array in empty.items()})


def folds_of(pairs: Sequence[Pair], clusters: dict[str, str]) -> tuple[NDArray[np.int64], dict[str, str]]:
    """Return the fold of each pair, and for each entity the one that stands for its cluster."""
    above: dict[str, str] = {}

    def top(entity: str) -> str:
        while above.setdefault(entity, clusters.get(entity, entity)) != entity:
            entity = above[entity]
        return entity

    for pair in pairs:
        if pair.same:
            above[top(pair.entities[0])] = top(pair.entities[1])
    tops = {entity: top(entity) for entity in list(above)}
    return np.array([fold_of(tops.get(pair.entities[0], pair.entities[0])) for pair in pairs]), tops


def fold_of(cluster: str) -> int:
    """Return the fold of a cluster, the same in every run."""
    return sha256(cluster.encode()).digest()[0] % FOLDS


def described(pairs: Sequence[Pair], model: Model) -> NDArray[np.float32]:
    """Return the features of each pair."""
    memory = scratch()
    return np.stack([model.features(model.prepare(p.query), model.prepare(p.record), memory) for p in pairs])


def left_out(
    ground: Ground, groups: NDArray[Any], mined: Mined | None = None, mined_folds: NDArray[Any] | None = None
) -> NDArray[np.float64]:
    """Return for each pair the sum of trees that have not seen its group; with `mined`, of the screen head."""
    sums = np.zeros(len(ground.same))
    for group in sorted(set(groups.tolist())):
        unseen = groups == group
        keep = None if mined_folds is None else mined_folds != group
        sums[unseen] = grown(ground, ~unseen, mined, keep).predict(ground.rows[unseen], raw_score=True)
    return sums


def grown(ground: Ground, keep: NDArray[np.bool_], mined: Mined | None, mined_keep: NDArray[np.bool_] | None) -> Any:  # noqa: ANN401
    """Train the pair head (no mined rows), or the screen head.

    The screen head does not see noms de guerre: that two names have nothing in common must speak against a hit. In
    a file of pairs that somebody suspected it does not, and the pair head may learn so.
    """
    if mined is None:
        return forest.grown(ground.rows[keep], ground.same[keep], np.ones(keep.sum()), trees=PAIR_TREES)
    keep = keep & (np.array([pair.stratum for pair in ground.pairs]) != "other-name")
    chosen = slice(None) if mined_keep is None else mined_keep
    return forest.grown(
        np.concatenate([ground.rows[keep], mined.rows[chosen]]),
        np.concatenate([ground.same[keep], mined.same[chosen]]),
        np.concatenate([np.full(keep.sum(), PAIRS_FOR_SCREEN), mined.weights[chosen]]),
        trees=SCREEN_TREES,
    )


def calibrated(sums: NDArray[np.float64], same: NDArray[np.int8]) -> tuple[float, float]:
    """Return slope and shift that make sums of unseen rows honest log-odds (Platt, by Newton's method)."""
    at = np.array([1.0, 0.0])
    columns = np.stack([sums, np.ones_like(sums)])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-at @ columns))
        bend = (columns * (chance * (1 - chance))) @ columns.T + 1e-6 * np.eye(2)
        at = at - np.linalg.solve(bend, columns @ (chance - same))
    return float(at[0]), float(at[1])


def figures_of(ground: Ground, sums: NDArray[np.float64]) -> dict[str, Any]:
    """Return average precision and recall at 1 % false positives, all, and by script."""
    scripts = np.array([pair.script for pair in ground.pairs])
    findable = np.array([pair.stratum in {"variant", "translit"} for pair in ground.pairs])
    same = ground.same == 1
    by_script = {
        each: average_precision(same[scripts == each], sums[scripts == each]) for each in sorted(set(scripts.tolist()))
    }
    return {
        "average_precision": round(average_precision(same, sums), 4),
        "recall_at_1%_findable": round(recall_at(sums[same & findable], sums[~same], 0.01), 4),
        "average_precision_by_script": {each: round(value, 3) for each, value in by_script.items()},
    }


def main() -> None:
    """Train, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=MODEL)
    said = parser.parse_args()
    start = time.process_time()
    pairs = pairs_of(said.data / "pairs.csv")
    listed, aliases = (rows_of(said.data / f"retrieval_{each}.csv") for each in ("corpus", "queries"))
    folds, tops = folds_of(pairs, {row["entity_id"]: row["cluster"] for row in listed})
    arrays = tables_of(said.data, pairs, listed)
    model = without_trees(arrays)
    ground = Ground(pairs, described(pairs, model), np.array([pair.same for pair in pairs], np.int8), folds)
    everything = np.ones(len(pairs), np.bool_)
    arrays |= forest.flattened(grown(ground, everything, None, None), "pair")
    unseen = left_out(ground, folds)
    arrays["pair_numbers"] = np.array([0.0, *calibrated(unseen, ground.same)])
    sources = np.array([pair.source for pair in pairs])
    run: dict[str, Any] = {"pair": figures_of(ground, unseen)}
    run["pair, source left out"] = figures_of(ground, left_out(ground, sources))
    print(json.dumps(run), flush=True)
    write_left_out(ground, sources, arrays["pair_numbers"])
    mined, questions = mined_rounds(arrays, ground, listed, aliases)
    mined_folds = np.array([fold_of(tops.get(group, group)) for group in mined.groups])
    unseen = left_out(ground, folds, mined, mined_folds)
    arrays |= forest.flattened(grown(ground, everything, mined, None), "screen")
    plain = np.array([pair.stratum != "other-name" for pair in pairs])
    arrays["screen_numbers"] = np.array([0.0, *calibrated(unseen[plain], ground.same[plain])])
    run["screen"] = figures_of(ground, unseen) | {"mined": len(mined.same), "asked": questions}
    Model(arrays)
    said.out.parent.mkdir(exist_ok=True)
    np.savez_compressed(said.out, allow_pickle=False, **arrays)
    run |= {"seed": forest.SEED, "cpu_seconds": round(time.process_time() - start), "python": platform.python_version()}
    run["bytes"] = said.out.stat().st_size
    RUN.write_text(json.dumps(run, indent=1) + "\n")
    print(json.dumps(run, indent=1))


def mined_rounds(
    arrays: dict[str, Any], ground: Ground, listed: list[dict[str, str]], aliases: list[dict[str, str]]
) -> tuple[Mined, int]:
    """Mine by the pair head, train a screen head on it, and mine again by that."""
    arrays = arrays | {
        key.replace("pair", "screen", 1): value for key, value in arrays.items() if key.startswith("pair_")
    }
    questions = questions_of(listed, aliases, ground.pairs, forest.SEED)
    searched = ground_of(listed, ground.pairs, Model(arrays), forest.SEED)
    everything = np.ones(len(ground.same), np.bool_)
    mined = mine(searched, questions, Model(arrays))
    for _ in range(ROUNDS - 1):
        arrays |= forest.flattened(grown(ground, everything, mined, None), "screen")
        mined = mine(searched, questions, Model(arrays))
    return mined, len(questions)


def write_left_out(ground: Ground, sources: NDArray[Any], numbers: NDArray[np.float64]) -> None:
    """Write for each source the pair head that has not seen it, for bench/match.py."""
    stored: dict[str, NDArray[Any]] = {}
    for place, source in enumerate(sorted(set(sources.tolist()))):
        head = f"left{place}"
        stored[f"{head}_source"] = np.array(source)
        stored |= forest.flattened(grown(ground, sources != source, None, None), head) | {f"{head}_numbers": numbers}
    np.savez_compressed(LEFT_OUT, allow_pickle=False, **stored)


if __name__ == "__main__":
    main()
