"""Aliases of listed persons, sought among the listed and among a million invented ones, for `bench/match.py`."""

import random  # noqa: TID251 - typing errors are drawn from a seed, so that a run can be repeated
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.measured.figures import recall_at
from bench.measured.people import invented
from bench.training.mining import mistyped
from bench.training.sources import rows_of
from comity.engines.match.evidence import WEIGHTS, compare_dates
from comity.engines.match.models import Model
from comity.engines.match.segment import Memory, Segment, memory_of, search, segment_of
from comity.engines.match.warming import warm

SEED = 2026
CANDIDATES = 50
"""Rows of a search that birth years may reorder."""
MISTYPED = 300
_YEAR = re.compile(r"\d{4}")


class Row(NamedTuple):
    """One row of what is searched."""

    name: str
    cluster: str
    year: str


class Question(NamedTuple):
    """One alias, or with an empty cluster somebody else's name."""

    name: str
    cluster: str
    year: str
    group: str


def measured(corpus: Path, queries: Path, others: Path, background: int) -> dict[str, Any]:
    """Measure screening and retrieval, print the figures, and return the last line."""
    model = warm()
    listed = rows_of(corpus)
    rows = [Row(row["name"], row["cluster"], _year(row["birth_year"])) for row in listed]
    known = {row.cluster for row in rows}
    aliases = rows_of(queries)
    questions = [
        Question(row["query"], row["cluster"], _year(row["birth_year"]), f"{row['script']} {row['stratum']}")
        for row in aliases
        if row["stratum"] != "other-name" and row["cluster"] in known
    ]
    left = len(aliases) - len(questions)
    print(f"{len(rows):,} listed persons, {len(questions):,} aliases; {left:,} left out as other names")
    strangers = [Question(row["query"], "", _year(row["birth_year"]), "") for row in rows_of(others)]
    _screening(rows, questions, strangers, model)
    draw = random.Random(SEED)  # noqa: S311 - no secret
    some = draw.sample(rows, min(MISTYPED, len(rows)))
    typed = [Question(mistyped(row.name, draw), row.cluster, row.year, "mistyped") for row in some]
    nations = [(row["name"], row["nationality"]) for row in listed]
    rows += [Row(each.name, "", str(each.birth_year)) for each in invented(background, nations, SEED)]
    found = _retrieval(rows, [*questions, *typed], model)
    return {
        "name": f"recall@10 among {len(rows):,} persons",
        "value": found,
        "unit": "0..1",
        "peer": None,
        "peer_value": None,
        "ratio": None,
    }


def _year(text: str) -> str:
    found = _YEAR.search(text)
    return found.group() if found else ""


def _answers(
    rows: Sequence[Row], questions: Iterable[Question], model: Model, segment: Segment, memory: Memory
) -> Iterable[tuple[Question, NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]]:
    """Yield for each question the rows, their log-odds by name alone, and with birth years."""
    for question in questions:
        found = search(segment, question.name, model, memory, limit=CANDIDATES)
        dated = [
            WEIGHTS[compare_dates(question.year, rows[row].year)] if question.year and rows[row].year else 0.0
            for row in found.rows.tolist()
        ]
        yield question, found.rows, found.odds, found.odds + np.array(dated)


def _screening(rows: Sequence[Row], questions: Sequence[Question], strangers: Sequence[Question], model: Model) -> None:
    """Print how many aliases alarm at a fixed rate of false alarms."""
    segment = segment_of((row.name for row in rows), model)
    memory = memory_of(segment)
    right: list[tuple[float, float]] = []
    groups: list[str] = []
    for question, found, odds, dated in _answers(rows, questions, model, segment, memory):
        hits = np.array([rows[row].cluster == question.cluster for row in found.tolist()], np.bool_)
        right.append((float(odds[hits].max()), float(dated[hits].max())) if hits.any() else (-np.inf, -np.inf))
        groups.append(question.group)
    wrong = [
        (float(odds.max(initial=-np.inf)), float(dated.max(initial=-np.inf)))
        for _, _, odds, dated in _answers(rows, strangers, model, segment, memory)
    ]
    hits, false = np.array(right), np.array(wrong)
    print(f"screening, {len(false):,} names that must not hit:")
    for column, what in ((0, "name only"), (1, "with birth year")):
        figures = [f"{recall_at(hits[:, column], false[:, column], rate):.3f} at {rate:.1%}" for rate in (0.01, 0.001)]
        print(f"    {what}: recall {', '.join(figures)} false alarms")
    for group in sorted(set(groups)):
        chosen = hits[np.array(groups) == group]
        print(f"    {group} ({len(chosen)}): {recall_at(chosen[:, 0], false[:, 0], 0.01):.3f} at 1 %")


def _retrieval(rows: Sequence[Row], questions: Sequence[Question], model: Model) -> float:
    """Print at which place the right person comes; returns recall@10 without the mistyped names."""
    start = time.process_time()
    segment = segment_of((row.name for row in rows), model)
    words = segment.vocabulary.words
    size = sum(
        array.nbytes for part in (segment, segment.vocabulary, words) for array in part if isinstance(array, np.ndarray)
    )
    built = f"built in {time.process_time() - start:.0f} s of CPU, {size / len(rows):.0f} bytes a row"
    print(f"retrieval among {len(rows):,} persons, {len(words.lengths):,} words: {built}")
    memory = memory_of(segment)
    places: dict[str, list[int]] = defaultdict(list)
    dated_places: list[int] = []
    spent: list[float] = []
    search(segment, questions[0].name, model, memory)
    for question in questions:
        start = time.process_time()
        search(segment, question.name, model, memory)
        spent.append(time.process_time() - start)
        _, found, _, dated = next(iter(_answers(rows, [question], model, segment, memory)))
        place = _place(question, rows, found)
        places[question.group].append(place)
        if question.group != "mistyped":
            places["all"].append(place)
            dated_places.append(_place(question, rows, found[np.lexsort((found, -dated))]))
    for group, where in sorted(places.items()):
        print(f"    {group} ({len(where)}): {_shares(where)}")
    print(f"    with birth year: {_shares(dated_places)}")
    mean, median, late = np.mean(spent) * 1000, np.median(spent) * 1000, np.quantile(spent, 0.99) * 1000
    print(f"CPU per search: mean {mean:.2f} ms, median {median:.2f}, p99 {late:.2f}")
    return round(float(np.mean(np.array(places["all"]) < 10)), 4)


def _place(question: Question, rows: Sequence[Row], found: NDArray[np.int32]) -> int:
    return next(
        (place for place, row in enumerate(found.tolist()) if rows[row].cluster == question.cluster), CANDIDATES
    )


def _shares(where: Sequence[int]) -> str:
    return ", ".join(f"@{top} {np.mean(np.array(where) < top):.3f}" for top in (1, 10, CANDIDATES))
