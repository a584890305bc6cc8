"""Labelled pairs of names, judged by ours and by peers: the figures of `bench/match.py --pairs`."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.measured.figures import average_precision, recall_at
from bench.training.sources import Pair, pairs_of
from comity.engines.match.alignment import scratch
from comity.engines.match.kernels import boosted
from comity.engines.match.models import Model
from comity.engines.match.segment import score_rows, segment_of
from comity.engines.match.warming import warm

ROOT = Path(__file__).parent.parent.parent
PEERS = ROOT / ".peers" / "bin" / "python"
LEFT_OUT = Path(__file__).parent / "match_left_out.npz"
FINDABLE = frozenset({"variant", "translit"})
PEER_SECONDS = 900
RECORDS, QUERIES = 1000, 60
"""Of the file, to measure scoring in one call."""


def measured(file: Path, *, peers: bool) -> dict[str, Any]:
    """Judge the pairs of a file, print the figures, and return the last line."""
    started = time.perf_counter()
    model = warm()
    print(f"model loaded, kernels ready: {time.perf_counter() - started:.1f} s (compiled once, then from the cache)")
    found = pairs_of(file)
    rows, whole, bare = _features(found, model)
    same = np.array([pair.same for pair in found])
    _print("ours", found, same, _sums(rows, model))
    unseen, known = _unseen(found, rows, model)
    _print(f"source left out ({known} of {len(found)} rows have a source that was trained on)", found, same, unseen)
    print(
        f"{_in_one_call(found, model):,.0f} pairs/s in one call, as a search scores; {bare:,.0f} one by one,", end=" "
    )
    print(f"{whole:,.0f} with both names prepared (CPU time, one core)")
    value = average_precision(same, _sums(rows, model))
    result = {
        "name": "pairs, average precision",
        "value": round(value, 4),
        "unit": "0..1",
        "peer": None,
        "peer_value": None,
        "ratio": None,
    }
    if peers:
        best = max(_peers(file, found, same).items(), key=lambda each: each[1])
        result |= {"peer": best[0], "peer_value": round(best[1], 4), "ratio": round(value / best[1], 3)}
    return result


def _features(found: list[Pair], model: Model) -> tuple[NDArray[np.float32], float, float]:
    """Return the features of each pair, and the pairs a second with and without preparing."""
    memory = scratch()
    start = time.process_time()
    prepared = [(model.prepare(pair.query), model.prepare(pair.record)) for pair in found]
    middle = time.process_time()
    rows = np.empty((len(found), len(memory.features)), np.float32)
    for place, (query, record) in enumerate(prepared):
        rows[place] = model.features(query, record, memory)
        model.odds(rows[place], "pair")
    end = time.process_time()
    return rows, len(found) / (end - start), len(found) / (end - middle)


def _in_one_call(found: list[Pair], model: Model) -> float:
    """Return the pairs a second when many records are scored for one query."""
    segment = segment_of((pair.record for pair in found[:RECORDS]), model)
    rows, memory = np.arange(len(segment.weights), dtype=np.int32), scratch()
    queries = [model.prepare(pair.query) for pair in found[:QUERIES]]
    start = time.process_time()
    for query in queries:
        score_rows(segment, query, rows, model, "pair", memory)
    return len(rows) * len(queries) / (time.process_time() - start)


def _sums(rows: NDArray[np.float32], model: Model) -> NDArray[np.float64]:
    return np.array([model.odds(row, "pair") for row in rows])


def _unseen(found: list[Pair], rows: NDArray[np.float32], model: Model) -> tuple[NDArray[np.float64], int]:
    """Return scores by models that have not seen the row's source, and how many rows have one that was trained on."""
    sums, known = _sums(rows, model), 0
    with np.load(LEFT_OUT) as stored:
        heads = {str(stored[key]): key.removesuffix("_source") for key in stored.files if key.endswith("_source")}
        trees = {
            source: tuple(stored[f"{head}_{part}"] for part in ("roots", "nodes", "numbers"))
            for source, head in heads.items()
        }
    for place, pair in enumerate(found):
        if pair.source in trees:
            roots, nodes, (base, slope, shift) = trees[pair.source]
            sums[place] = slope * boosted(rows[place], roots, nodes, base) + shift
            known += 1
    return sums, known


def _print(who: str, found: list[Pair], same: NDArray[np.bool_], scores: NDArray[np.float64]) -> None:
    findable = same & np.array([pair.stratum in FINDABLE for pair in found])
    scripts = np.array([pair.script for pair in found])
    each = {
        script: average_precision(same[scripts == script], scores[scripts == script])
        for script in sorted(set(scripts.tolist()))
    }
    found_all, found_some = (recall_at(scores[which], scores[~same], 0.01) for which in (same, findable))
    print(f"{who}: average precision {average_precision(same, scores):.4f}", end=", ")
    print(f"recall at 1 % false positives {found_all:.3f}, findable {found_some:.3f}")
    print("    by script: " + ", ".join(f"{script} {value:.3f}" for script, value in each.items()))


def _peers(file: Path, found: list[Pair], same: NDArray[np.bool_]) -> dict[str, float]:
    """Let the peers judge the same pairs, print their figures, and return their average precision."""
    if not PEERS.exists():
        raise SystemExit("the peers have an environment of their own: make peers")
    oracle = Path(__file__).parent / "match_oracle.py"
    done = subprocess.run([PEERS, oracle, file], capture_output=True, text=True, check=True, timeout=PEER_SECONDS)
    values: dict[str, float] = {}
    for peer, answer in json.loads(done.stdout).items():
        scores = np.array(answer["scores"])
        _print(f"{peer} ({answer['rate']:,.0f} pairs/s)", found, same, scores)
        values[peer] = average_precision(same, scores)
    return values
