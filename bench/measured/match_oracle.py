"""Scores of peers for labelled pairs: rapidfuzz's WRatio on romanised names, nomenklatura's name-based matcher.

Runs in an environment of its own, `.peers/`, for nomenklatura brings pins that are not ours. Prints a JSON object: for
each peer its scores, row by row, and its pairs a second.

    .peers/bin/python bench/measured/match_oracle.py FILE
"""

import csv
import importlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def _rapidfuzz() -> Callable[[str, str], float]:
    anyascii = importlib.import_module("anyascii").anyascii
    ratio = importlib.import_module("rapidfuzz.fuzz").WRatio
    return lambda one, other: float(ratio(anyascii(one).lower(), anyascii(other).lower())) / 100


def _nomenklatura() -> Callable[[str, str], float]:
    proxy = importlib.import_module("followthemoney").EntityProxy
    matching = importlib.import_module("nomenklatura.matching")
    matcher = matching.get_algorithm("name-based")
    config = matcher.default_config() if hasattr(matcher, "default_config") else None

    def person(name: str) -> Any:  # noqa: ANN401 - a library that is not in our environment
        return proxy.from_dict({"id": "x", "schema": "Person", "properties": {"name": [name]}})

    def score(one: str, other: str) -> float:
        arguments = (person(one), person(other)) + ((config,) if config is not None else ())
        return float(matcher.compare(*arguments).score)

    return score


def main() -> None:
    """Score every row."""
    with Path(sys.argv[1]).open(encoding="utf-8-sig", newline="") as file:
        rows = [(row["name_b"], row["name_a"]) for row in csv.DictReader(file)]
    answers = {}
    for peer, make in (("rapidfuzz WRatio (anyascii)", _rapidfuzz), ("nomenklatura name-based", _nomenklatura)):
        score = make()
        score(*rows[0])
        start = time.process_time()
        scores = [score(*row) for row in rows]
        answers[peer] = {"scores": scores, "rate": len(rows) / (time.process_time() - start)}
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
