"""A register of invented names, and what a search in it costs the node's index.

Words are made of syllables and drawn with a long tail: a million names hold some hundred thousand different words, the
commonest of which stand in some ten thousand names. Nobody is called so but by chance. Half of the questions are names
of the register with one letter changed or left out, half are names as they stand. How well persons are found is not
measured here but by `bench/match.py`, with real names; this measures CPU time, memory and the time to open.
"""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from comity.engines.match.models import Model
from comity.node.bodies import BodyKeys
from comity.node.clock import entropy
from comity.node.index.changes import Drop, Put
from comity.node.index.opened import Index

POLICIES = 1_000
WORDS = 400_000
ASKED = 300
GROUP = 10_000
"""Rows that are taken in together: a batch of records."""

_HEADS = (*"bdfghklmnprstvz", "sh", "kh", "ch", "gr", "st")
_SYLLABLES = [head + vowel for head in _HEADS for vowel in "aeiou"]
_ENDS = ["", "n", "r", "s", "l", "k"]


class Register:
    """Invented names, the same in every run."""

    def __init__(self, count: int) -> None:
        """Draw them."""
        self.count, self._draw = count, np.random.default_rng(7)
        words = min(WORDS, max(count // 2, 1_000))
        parts = self._draw.integers(0, len(_SYLLABLES), (words, 3)).tolist()
        ends = self._draw.integers(0, len(_ENDS), words).tolist()
        self._words = [
            "".join(_SYLLABLES[part] for part in own[: 2 + at % 2]) + _ENDS[end]
            for at, (own, end) in enumerate(zip(parts, ends, strict=True))
        ]
        ranks = (self._draw.pareto(0.75, (count, 3)) * 25).astype(np.int64)
        self._picked = np.where(ranks < words, ranks, ranks % words)

    def name(self, number: int) -> str:
        """Return the number-th name, two or three words."""
        return " ".join(self._words[word].title() for word in self._picked[number][: 2 + number % 2])

    def live(self) -> tuple[int, Iterator[Put]]:
        """Return them as a store does."""
        return 1, (Put(number=n + 1, policy=1 + n % POLICIES, names=(self.name(n),)) for n in range(self.count))

    def since(self, _position: int) -> None:
        """Remember no changes."""

    def questions(self) -> list[str]:
        """Return what is asked."""
        asked = []
        for at, number in enumerate(self._draw.integers(0, self.count, ASKED).tolist()):
            name = self.name(number)
            place = int(self._draw.integers(1, len(name)))
            asked.append(name if at % 2 else name[:place] + "ae"[at % 4 // 2] * (at % 3 == 0) + name[place + 1 :])
        return asked


def measured(count: int, folder: Path, model: Model) -> tuple[float, list[str]]:
    """Return the milliseconds of CPU time of one search, and lines that say the rest."""
    register, lines = Register(count), list[str]()
    allow = np.arange(POLICIES + 1) % 2 == 1
    with BodyKeys.create(folder / "keys", entropy(32)) as keys:
        with Index.create(folder / "index", keys, entropy, model) as index:
            index.search(allow, "Warm Up")
            start = time.process_time()
            index.rebuild(register)
            lines.append(f"built in {time.process_time() - start:.1f} s of CPU time")
        start = time.process_time()
        with Index(folder / "index", keys, entropy, model) as index:
            lines.append(f"opened in {time.process_time() - start:.2f} s of CPU time")
            questions = register.questions()
            plain, effort = _timed(index, allow, questions)
            fresh = [Put(number=count + n + 1, policy=1, names=(register.name(n),)) for n in range(GROUP)]
            start = time.process_time()
            index.apply(fresh, 2)
            added = GROUP / (time.process_time() - start)
            gone = tuple(range(1, count + 1, 50))
            start = time.process_time()
            index.apply([Drop(numbers=gone)], 3)
            lines.append(
                f"{added:,.0f} rows/s taken in; {len(gone):,} withdrawn in {time.process_time() - start:.2f} s"
            )
            busy, _ = _timed(index, allow, questions)
            start = time.process_time()
            index.settle()
            lines.append(f"settled, nothing of them on the disk, in {time.process_time() - start:.1f} s of CPU time")
            figures = index.figures()
            lines.append(", ".join(f"{name} {value:,}" for name, value in figures.items()))
    lines.append("words compared, names touched, names scored: " + ", ".join(f"{each:,.0f}" for each in effort))
    lines.append(f"{plain:.2f} ms a search; {busy:.2f} ms with {GROUP:,} rows in the delta and 2 % withdrawn")
    return plain, lines


def _timed(
    index: Index, allow: "np.ndarray[tuple[int], np.dtype[np.bool_]]", questions: list[str]
) -> tuple[float, list[float]]:
    rounds, efforts = [], []
    for _ in range(3):
        start = time.process_time()
        efforts = [index.search(allow, question).effort for question in questions]
        rounds.append(1000 * (time.process_time() - start) / len(questions))
    return min(rounds), [statistics.fmean(each) for each in zip(*efforts, strict=True)]
