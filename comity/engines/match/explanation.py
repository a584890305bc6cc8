"""Why two names got their score: the log-odds taken apart into parts that an officer can read, which add up to it.

The sum of the trees is divided among the features (each step down a tree moves what is expected, and the feature that
decided the step gets the difference), the features among what they are about: a word that is the same, words that are
alike, words that one side has alone, the order, the script. What a feature says of several words is shared among them
by what they tell. Nothing is rounded off: prior and parts add up to the log-odds, and a property test says so.

This is one honest way to divide a sum, not the only one. Not here: the words in which it is told (wording.py).
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from comity.engines.match.alignment import FEATURES, LEAST_WORD, NICKNAME, Words, describe, scratch
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
            left = features[feature] <= trees.thresholds[node]
            below = int(trees.nodes[node, 1] if left else trees.nodes[node, 2])
            added[feature] += float(trees.expected[below]) - float(trees.expected[node])
            node = below
    return start, added


def compare(query: Person, record: Person, model: Model, head: str = "pair") -> Verdict:
    """Return the verdict on two persons, with its parts.

    Raises:
        Misused: a date is none.
    """
    here, there = analyse(query.name), analyse(record.name)
    asked, kept = model.words(here.words), model.words(there.words)
    memory = scratch()
    rows = np.arange(len(here.words)), np.arange(len(there.words))
    chosen = describe(asked, rows[0], kept, rows[1], model.costs, model.nicknames, memory)
    trees = model.heads[head]
    start, added = contributions(memory.features, trees)
    places = _places(here.words, there.words, asked, kept, memory, chosen)
    parts = _parts(added * trees.slope, places, here.words, there.words, asked, kept, memory.alike)
    parts += list(weigh(query, record))
    prior = Part("prior", (), start * trees.slope + trees.shift)
    odds = math.fsum(part.weight for part in (prior, *parts))
    ordered = sorted(parts, key=lambda part: (-abs(part.weight), part.code, part.told))
    return Verdict(1 / (1 + math.exp(-max(min(odds, 500.0), -500.0))), odds, (prior, *ordered))


def _places(here: tuple[Word, ...], there: tuple[Word, ...], asked: Words, kept: Words, memory: Any, chosen: int) -> list[_Place]:  # noqa: ANN401, E501, PLR0913
    places = []
    for at in memory.placed[:chosen, 0].tolist():
        first, count, other, many, initial = memory.places[at].tolist()
        bits = min(asked.bits[first : first + count].sum(), kept.bits[other : other + many].sum())
        alike = float(memory.options[at, 0])
        places.append(_Place(here[first : first + count], there[other : other + many], alike, bool(initial), float(bits)))
    return places


def _parts(added: NDArray[np.float64], places: list[_Place], here: tuple[Word, ...], there: tuple[Word, ...], asked: Words, kept: Words, alike: NDArray[np.float32]) -> list[Part]:  # noqa: E501, PLR0913
    """Turn what features add into parts."""
    about = {each: 0.0 for each in _ABOUT.values()}
    for feature, weight in zip(FEATURES, added.tolist(), strict=True):
        about[_ABOUT[feature]] += weight
    alone = [
        [(word, float(bits)) for word, bits, like in zip(words, own.bits, likes, strict=False) if like < LEAST_WORD]
        for words, own, likes in ((here, asked, alike[0]), (there, kept, alike[1]))
    ]
    parts: list[Part] = []
    if places:
        whole = sum(place.bits * place.alike for place in places)
        parts += [place.part(about["placed"] * place.bits * place.alike / whole) for place in places]
    else:
        parts.append(Part("name.nothing", (), about["placed"]))
    for side, code, words in (("query", "name.only-query", alone[0]), ("record", "name.only-record", alone[1])):
        if words:
            whole = sum(bits for _, bits in words)
            parts += [Part(code, (word.native,), about[side] * bits / whole) for word, bits in words]
        elif places:
            parts[0] = parts[0]._replace(weight=parts[0].weight + about[side])
        else:
            parts.append(Part("name.nothing", (), about[side]))
    naming = [[word for word, _ in sorted(words, key=lambda each: -each[1]) if word.role is Role.NAME] for words in alone]
    if naming[0] and naming[1]:
        parts.append(Part("name.clash", (naming[0][0].native, naming[1][0].native), about["clash"]))
    else:
        parts[0] = parts[0]._replace(weight=parts[0].weight + about["clash"])
    for side, code in (("order", "name.order"), ("script", "name.script")):
        told = about[side]
        crossed = any(a.query and _crosses(a, b, here, there) for a in places for b in places)
        scripts = {word.script for word in here} != {word.script for word in there}
        if (side == "order" and crossed) or (side == "script" and scripts):
            parts.append(Part(code, (), told))
        else:
            parts[0] = parts[0]._replace(weight=parts[0].weight + told)
    return parts


def _crosses(one: _Place, other: _Place, here: tuple[Word, ...], there: tuple[Word, ...]) -> bool:
    """Tell whether two places stand in another order on the two sides."""
    return (here.index(one.query[0]) - here.index(other.query[0])) * (
        there.index(one.record[0]) - there.index(other.record[0])
    ) < 0
