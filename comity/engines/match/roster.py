"""A short list of names as `mentions` asks it: office-holders for a press text, the crew of a ship, a case's persons.

Every name of the list is there for whoever holds the list: no policies, nothing added or taken away. Records, which
have both, are found through the index of a node.

>>> from comity.engines.match.mentions import persons_in
>>> from comity.engines.match.models import load_model
>>> roster = Roster((("dg", "Abdellatif Hammouchi"), ("dg", "عبد اللطيف حموشي")), load_model())
>>> text = "Abdelatif Hammouchi opened the session. Hammmouchi said that it works on new capabilities."
>>> [(each.person, each.written) for each in persons_in(text, roster)]
[('dg', 'Abdelatif Hammouchi'), ('dg', 'Hammmouchi')]
"""

from collections.abc import Iterable, Sequence
from math import exp

from comity.engines.match.mentions import Likeness
from comity.engines.match.models import Model
from comity.engines.match.segment import memory_of, search, segment_of

LIKEST = 5
"""Persons of one answer; a list this short has no more that are alike."""


class Roster:
    """Persons by the names that they are known under; one thread at a time."""

    def __init__(self, names: Iterable[tuple[str, str]], model: Model) -> None:
        """Take pairs of a person and a name; a person may have several, in several scripts."""
        known = tuple(names)
        self._persons = tuple(person for person, _ in known)
        self._model, self._segment = model, segment_of((name for _, name in known), model)
        self._memory = memory_of(self._segment)

    def alike(self, names: Sequence[str]) -> list[list[Likeness]]:
        """Return for each name, in order, the persons whose names are like it, the likeliest first; scores 0 to 1."""
        return [self._alike(name) for name in names]

    def _alike(self, name: str) -> list[Likeness]:
        found = search(self._segment, name, self._model, self._memory, limit=LIKEST)
        best: dict[str, float] = {}
        for row, odds in zip(found.rows.tolist(), found.odds.tolist(), strict=True):
            best.setdefault(self._persons[row], 1 / (1 + exp(-odds)))
        return [Likeness(person, score) for person, score in best.items()]
