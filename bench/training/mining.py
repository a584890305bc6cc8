"""Mines training rows by searching: what a search brings up for a name that is not there is what a model must refuse.

Indexed are the listed persons, the Latin side of the cross-script pairs, and invented persons. Asked are the aliases of
listed persons, the native side of the pairs, listed names with typing errors, and names of invented persons that stand
in no list: whatever comes up for those is wrong. A row that came up for an alias and is another person is wrong too,
unless its name says the same words, when nobody could tell.
"""

import random  # noqa: TID251 - drawn from a seed, so that a training run can be repeated
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.measured.people import invented
from bench.training.sources import Pair
from comity.engines.match.models import Model
from comity.engines.match.name import analyse
from comity.engines.match.segment import Segment, describe_rows, memory_of, search, segment_of

WRONG = 10
"""Wrong rows that are kept of one search."""
DEEP = 128
PERSONS = 25_000
STRANGERS = 3_000
MISTYPED = 800


class Question(NamedTuple):
    """A name that is asked for, and whose it is; "" for nobody's."""

    name: str
    cluster: str
    weight: float


class Ground(NamedTuple):
    """What is searched: the segment, and for each row its person and its name."""

    segment: Segment
    clusters: list[str]
    names: list[str]


class Mined(NamedTuple):
    """Rows of features with what they are, how much they count, and whose question brought them up."""

    rows: NDArray[np.float32]
    same: NDArray[np.int8]
    weights: NDArray[np.float64]
    groups: list[str]


def mistyped(name: str, draw: random.Random) -> str:
    """Return a name with one or two typing errors: a letter lost, doubled, swapped or another one."""
    for _ in range(draw.choice((1, 1, 2))):
        at = draw.randrange(1, max(len(name) - 1, 2))
        kind = draw.randrange(4)
        other = draw.choice("abcdefghijklmnopqrstuvwxyz")
        name = (
            name[:at] + name[at + 1 :],
            name[:at] + name[at : at + 1] + name[at:],
            name[:at] + name[at + 1 : at + 2] + name[at : at + 1] + name[at + 2 :],
            name[:at] + other + name[at + 1 :],
        )[kind]
    return name


def ground_of(listed: Sequence[dict[str, str]], pairs: Sequence[Pair], model: Model, seed: int) -> Ground:
    """Return what is searched in training."""
    names = [row["name"] for row in listed]
    clusters = [row["cluster"] for row in listed]
    for pair in pairs:
        if pair.same and pair.script != "Latn":
            names.append(pair.record)
            clusters.append(pair.entities[0])
    nations = [(row["name"], row["nationality"]) for row in listed]
    names += [person.name for person in invented(PERSONS, nations, seed)]
    clusters += [""] * (len(names) - len(clusters))
    return Ground(segment_of(names, model), clusters, names)


def questions_of(
    listed: Sequence[dict[str, str]], aliases: Sequence[dict[str, str]], pairs: Sequence[Pair], seed: int
) -> list[Question]:
    """Return what is asked in training."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    asked = [Question(row["query"], row["cluster"], 1.0) for row in aliases if row["stratum"] != "other-name"]
    asked += [Question(pair.query, pair.entities[0], 1.0) for pair in pairs if pair.same and pair.script != "Latn"]
    for row in draw.sample(list(listed), MISTYPED):
        asked.append(Question(mistyped(row["name"], draw), row["cluster"], 0.5))
    nations = [(row["name"], row["nationality"]) for row in listed]
    known = {_words(row["name"]) for row in listed}
    strangers = (person.name for person in invented(STRANGERS, nations, seed + 1))
    return asked + [Question(name, "", 1.0) for name in strangers if _words(name) not in known]


def _words(name: str) -> frozenset[str]:
    return frozenset(word.letters for word in analyse(name).words)


def mine(ground: Ground, questions: Sequence[Question], model: Model) -> Mined:
    """Search for every question and keep the right rows and some wrong ones."""
    memory = memory_of(ground.segment)
    rows, same, weights, groups = [], [], [], []
    for question in questions:
        found = search(ground.segment, question.name, model, memory, limit=DEEP, depth=DEEP).rows
        words, wrong, kept, right = _words(question.name), 0, [], []
        for row in found.tolist():
            if question.cluster and ground.clusters[row] == question.cluster:
                kept.append(row)
                right.append(1)
            elif wrong < (WRONG if question.cluster else WRONG // 2) and words != _words(ground.names[row]):
                wrong += 1
                kept.append(row)
                right.append(0)
        if kept:
            query = model.prepare(question.name)
            rows.append(describe_rows(ground.segment, query, np.array(kept, np.int32), model, memory.scratch))
            same += right
            weights += [question.weight * (1.0 if each else 0.4) for each in right]
            groups += [question.cluster or question.name] * len(right)
    return Mined(np.concatenate(rows), np.array(same, np.int8), np.array(weights), groups)
