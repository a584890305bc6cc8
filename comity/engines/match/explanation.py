"""Why two names got their score: the log-odds taken apart into parts that an officer can read, which add up to it.

The sum of the trees is divided among the features (each step down a tree moves what is expected, and the feature that
decided the step gets the difference), the features among what they are about: a word that is the same, words that are
alike, words that one side has alone, the order, the script. What a feature says of several words is shared among them
by what they tell. Nothing is rounded off: prior and parts add up to the log-odds, and a property test says so.

This is one honest way to divide a sum, not the only one. Not here: the words in which it is told (wording.py).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from comity.engines.match.alignment import FEATURES, LEAST_WORD, NICKNAME, Scratch, Words, describe, scratch
from comity.engines.match.evidence import Part, Person, weigh
from comity.engines.match.models import Model, Trees
from comity.engines.match.name import Word, analyse
from comity.engines.match.roles import Role

_ABOUT = {
    "told": "placed", "cover_query": "placed", "strongest": "placed", "weakest": "placed", "matched": "placed",
    "surface": "placed", "same_share": "placed", "first": "placed", "last": "placed", "joined": "placed",
    "initials": "placed", "nicknames": "placed", "cover_least": "placed", "cover_record": "placed",
    "lacking_query": "query", "words_query": "query", "lacking_record": "record", "words_record": "record",
    "clash": "clash", "rest": "clash", "crossings": "order", "family": "script",
}  # fmt: skip
"""What each feature is about."""


class Verdict(NamedTuple):
    """A score and its parts."""

    score: float
    """0 to 1, calibrated: of pairs with a score of 0.8, about eight in ten name one person (model/README.md)."""
    odds: float
    """The same as log-odds: the sum of the parts' weights."""
    parts: tuple[Part, ...]
    """What moves the score, the prior first, then the heaviest first."""


class _Place(NamedTuple):
    """Words of the query that were placed on words of the record."""

    query: tuple[Word, ...]
    record: tuple[Word, ...]
    alike: float
    initial: bool
    bits: float

    def part(self, weight: float) -> Part:
        here, there = (" ".join(word.native for word in words) for words in (self.query, self.record))
        if len(self.query) + len(self.record) > 2:  # noqa: PLR2004
            return Part("name.joined", (here, there), weight)
        if self.initial:
            return Part("name.initial", (here, there), weight)
        if here.casefold() == there.casefold():
            return Part("name.same", (here,), weight)
        if self.query[0].script is not self.record[0].script:
            return Part("name.sounds", (here, there), weight)
        return Part("name.nickname" if self.alike == np.float32(NICKNAME) else "name.alike", (here, there), weight)


def contributions(features: NDArray[np.float32], trees: Trees) -> tuple[float, NDArray[np.float64]]:
    """Return what is expected before anything is known, and what each feature adds: together the sum of the trees."""
    start, added = trees.base, np.zeros(len(FEATURES))
    for root in trees.roots.tolist():
        node = root
        start += float(trees.expected[node])
        while (feature := int(trees.nodes[node, 0])) >= 0:
            left = features[feature] <= trees.nodes[node, 1]
            below = node + 1 if left else int(trees.nodes[node, 2])
            added[feature] += float(trees.expected[below]) - float(trees.expected[node])
            node = below
    return start, added


class _Side(NamedTuple):
    """One of the two names, as officers and as kernels see it."""

    words: tuple[Word, ...]
    arrays: Words
    alike: NDArray[np.float32]
    """How alike each word is to what it was placed on; 0 without a place."""

    def alone(self) -> list[tuple[Word, float]]:
        """Return the words that found no place, with their bits, those that tell most first."""
        rows = zip(self.words, self.arrays.bits.tolist(), self.alike.tolist(), strict=False)
        return sorted(((word, bits) for word, bits, alike in rows if alike < LEAST_WORD), key=lambda each: -each[1])


def compare(query: Person, record: Person, model: Model, head: str = "pair") -> Verdict:
    """Return the verdict on two persons, with its parts.

    Raises:
        Misused: a date is none.
    """
    here, there = analyse(query.name).words, analyse(record.name).words
    asked, kept = model.words(here), model.words(there)
    memory = scratch()
    rows = np.arange(len(here)), np.arange(len(there), dtype=np.int32)
    chosen = describe(asked, rows[0], kept, rows[1], model.costs, model.nicknames, memory)
    sides = _Side(here, asked, memory.alike[0]), _Side(there, kept, memory.alike[1])
    trees = model.heads[head]
    start, added = contributions(memory.features, trees)
    parts = _parts(added * trees.slope, _places(*sides, memory, chosen), *sides)
    parts += weigh(query, record)
    prior = Part("prior", (), start * trees.slope + trees.shift)
    odds = math.fsum(part.weight for part in (prior, *parts))
    ordered = sorted(parts, key=lambda part: (-abs(part.weight), part.code, part.told))
    return Verdict(1 / (1 + math.exp(-max(min(odds, MOST_ODDS), -MOST_ODDS))), odds, (prior, *ordered))


MOST_ODDS = 500.0
"""Log-odds beyond which a score is 0 or 1 in double precision anyway."""


def _places(here: _Side, there: _Side, memory: Scratch, chosen: int) -> list[_Place]:
    places = []
    for at in memory.placed[:chosen, 0].tolist():
        first, count, other, many, initial = memory.places[at].tolist()
        query, record = slice(first, first + count), slice(other, other + many)
        bits = min(here.arrays.bits[query].sum(), there.arrays.bits[record].sum())
        alike = float(memory.options[at, 0])
        places.append(_Place(here.words[query], there.words[record], alike, bool(initial), float(bits)))
    return places


def _parts(added: NDArray[np.float64], places: list[_Place], here: _Side, there: _Side) -> list[Part]:
    """Turn what features add into parts; what has no part of its own goes to the first."""
    about = dict.fromkeys(_ABOUT.values(), 0.0)
    for feature, weight in zip(FEATURES, added.tolist(), strict=True):
        about[_ABOUT[feature]] += weight
    whole = sum(place.bits * place.alike for place in places)
    parts = [place.part(about["placed"] * place.bits * place.alike / whole) for place in places]
    parts = parts or [Part("name.nothing", (), about["placed"])]
    rest = 0.0
    for side, code, alone in (
        ("query", "name.only-query", here.alone()),
        ("record", "name.only-record", there.alone()),
    ):
        bits = sum(each for _, each in alone)
        parts += [Part(code, (word.native,), about[side] * each / bits) for word, each in alone]
        rest += 0.0 if alone else about[side]
    naming = [[word for word, _ in side.alone() if word.role is Role.NAME] for side in (here, there)]
    if naming[0] and naming[1]:
        parts.append(Part("name.clash", (naming[0][0].native, naming[1][0].native), about["clash"]))
    else:
        rest += about["clash"]
    crossed = any(_crosses(one, other, here, there) for one in places for other in places)
    scripts = {word.script for word in here.words} != {word.script for word in there.words}
    for told, code, weight in ((crossed, "name.order", about["order"]), (scripts, "name.script", about["script"])):
        if told:
            parts.append(Part(code, (), weight))
        else:
            rest += weight
    return [parts[0]._replace(weight=parts[0].weight + rest), *parts[1:]]


def _crosses(one: _Place, other: _Place, here: _Side, there: _Side) -> bool:
    """Tell whether two places stand in another order on the two sides."""
    asked = here.words.index(one.query[0]) - here.words.index(other.query[0])
    kept = there.words.index(one.record[0]) - there.words.index(other.record[0])
    return asked * kept < 0
