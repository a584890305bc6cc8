"""Persons by name in memory: the rows whose names are most like the one that is asked for (decision 0049).

The engine says what a word is, how alike two words are and how likely two names are one person's. Here is the search:
words that look like those of the query, those names that hold them, and the best of these scored. Everything that a
reader may not see is left out before it is compared, counted or cut off, so that the answer, and the work that is told
with it, are those of an index which never held it. Nothing depends on the order in which names came: equally good ones
are put in order by what their rows say (`Put.tie`), then by the rows' numbers.

What this does not do: dates, countries, sex. Who asks weighs them for the candidates that come back.
"""

import threading
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from comity.engines.match.alignment import scratch
from comity.engines.match.blocking import joined_neighbours, keys_of
from comity.engines.match.kernels import LONGEST_JOINED
from comity.engines.match.models import Model
from comity.engines.match.name import analyse
from comity.engines.match.scripts import FAMILY
from comity.engines.match.segment import DEPTH, FREQUENT, OPEN, STEPS, UNSAID, Segment, Unit, score_rows, units_of
from comity.engines.match.vocabulary import LEAST_LIKE, MOST_LIKES, Vocabulary
from comity.node.index import personkernels as kernels
from comity.node.index.changes import Put
from comity.node.index.kernels import I64, U32, U64, Flags
from comity.node.index.lexicon import Lexicon
from comity.node.index.personkernels import F32, I32, Work
from comity.node.index.relation import Relation, grown, ranges

_LAST_TURN = (1 << 31) - 1
_NONE, _ZERO = np.zeros(0, np.float32), np.zeros(1, np.int64)


class Effort(NamedTuple):
    """What a search did, of what exists for its reader."""

    compared: int = 0
    """Words."""
    touched: int = 0
    """Names."""
    scored: int = 0
    """Names."""


class Candidate(NamedTuple):
    """A row that may be meant."""

    number: int
    odds: float
    """Log-odds that the names are one person's, as the engine's model is calibrated."""
    name: int
    """Which of the row's names fits best, from 0."""


class Answer(NamedTuple):
    """Candidates, the likeliest first."""

    candidates: tuple[Candidate, ...] = ()
    effort: Effort = Effort()


class Like(NamedTuple):
    """Words that look like one of the query's, the most alike first."""

    unit: Unit
    ids: I32
    alike: F32
    mass: int
    """How many names hold them, of those that the reader may see."""


class Names(NamedTuple):
    """All names, one slot each, as arrays with room for more."""

    numbers: I64
    ties: U64
    places: I32
    """Which of its row's names."""
    policies: U32
    """0: withdrawn."""
    weights: F32
    """Bits of its words."""
    ends: I64
    tokens: I32
    """Slot n has the words tokens[ends[n]:ends[n + 1]], in their order."""
    more_ends: I64
    more: I32
    """Words that neighbours make, under which it is found too."""


class Persons:
    """All names of one index."""

    def __init__(self, model: Model) -> None:
        """Begin without names."""
        self.model, self.size = model, 0
        self.lexicon = Lexicon(model)
        self.names = _no_names()
        self._posted = Relation()
        self._lock = threading.Lock()
        self._order: I64 = np.zeros(0, np.int64)
        self._later = dict[int, list[int]]()
        self._work, self._turn, self._scratch = _work(0, 0), 0, scratch()

    # ------------------------------------------------------------------------------------------------------ changing

    def put(self, puts: Iterable[Put]) -> None:
        """Take in the names of rows; found when this returns."""
        flat = [(each, place, name) for each in puts for place, name in enumerate(each.names)]
        if not flat:
            return
        taken = [analyse(name) for _, _, name in flat]
        with self._lock:
            own = [self.lexicon.numbers(name.words) for name in taken]
            more = [self.lexicon.numbers(joined_neighbours(name)) for name in taken]
            self._append(
                np.array([each.number for each, _, _ in flat], np.int64),
                np.array([each.tie for each, _, _ in flat], np.uint64),
                np.array([place for _, place, _ in flat], np.int32),
                np.array([each.policy for each, _, _ in flat], np.uint32),
                own, more,
            )  # fmt: skip

    def _append(
        self, numbers: I64, ties: U64, places: I32, policies: U32, own: list[list[int]], more: list[list[int]]
    ) -> None:  # fmt: skip
        old, size, names = self.size, self.size + len(numbers), self.names
        tokens = np.array([word for words in own for word in words], np.int32)
        joined = np.array([word for words in more for word in words], np.int32)
        ends = np.cumsum([len(words) for words in own]) + names.ends[old]
        more_ends = np.cumsum([len(words) for words in more]) + names.more_ends[old]
        sizes = (size, size, size, size, size, size + 1, int(ends[-1]), size + 1, int(more_ends[-1]))
        names = Names(*map(grown, self.names, sizes))  # type: ignore[arg-type]
        slots = np.repeat(np.arange(len(numbers)), np.diff(ends, prepend=names.ends[old]))
        names.numbers[old:size], names.ties[old:size], names.places[old:size] = numbers, ties, places
        names.policies[old:size] = policies
        names.weights[old:size] = np.bincount(slots, self.lexicon.words.bits[tokens], minlength=len(numbers))
        names.tokens[int(names.ends[old]) : int(ends[-1])] = tokens
        names.more[int(names.more_ends[old]) : int(more_ends[-1])] = joined
        names.ends[old + 1 : size + 1], names.more_ends[old + 1 : size + 1] = ends, more_ends
        self.names, self.size = names, size
        for slot, number in enumerate(numbers.tolist(), old):
            self._later.setdefault(number, []).append(slot)
        owners, holders = self._words_of(np.arange(old, size))
        self._posted.room(self.lexicon.size, len(owners))
        self._posted.hang(owners, holders)
        self.lexicon.held.room(self.lexicon.size, len(owners))
        self.lexicon.held.count(owners, names.policies[holders], more=True)

    def give(self, numbers: Iterable[int], policy: int) -> None:
        """Give the names of these rows, those that are there, another policy: 0 to withdraw them, seen at once."""
        with self._lock:
            slots = self._slots(numbers)
            owners, holders = self._words_of(slots)
            held = self.lexicon.held
            held.count(owners, self.names.policies[holders], more=False)
            if policy:
                held.room(self.lexicon.size, len(owners))
                held.count(owners, np.full(len(owners), policy, np.uint32), more=True)
            self.names.policies[slots] = policy

    def _slots(self, numbers: Iterable[int]) -> I64:
        # The living names of these rows.
        many = np.unique(np.fromiter(numbers, np.int64))
        laid = self.names.numbers[self._order]
        low, high = np.searchsorted(laid, many, "left"), np.searchsorted(laid, many, "right")
        later = [slot for number in many.tolist() for slot in self._later.get(number, ())]
        slots = np.concatenate([self._order[ranges(low, high)], np.array(later, np.int64)])
        living: I64 = slots[self.names.policies[slots] != 0]
        return living

    def _words_of(self, slots: I64) -> tuple[U32, U32]:
        # Each word that these names hold or are found under, and the slot that it belongs to.
        names = self.names
        own = ranges(names.ends[slots], names.ends[slots + 1])
        more = ranges(names.more_ends[slots], names.more_ends[slots + 1])
        words = np.concatenate([names.tokens[own], names.more[more]]).astype(np.uint32)
        counts = (names.ends[slots + 1] - names.ends[slots], names.more_ends[slots + 1] - names.more_ends[slots])
        return words, np.concatenate([np.repeat(slots, each) for each in counts]).astype(np.uint32)

    def fill(self, lexicon: Lexicon, names: Names) -> None:
        """Take in words and names that are prepared already, in place of what is held; their weights are computed."""
        size = len(names.numbers)
        slots = np.repeat(np.arange(size), np.diff(names.ends))
        weights = np.bincount(slots, lexicon.words.bits[names.tokens], minlength=size).astype(np.float32)
        self.lexicon, self.names, self.size = lexicon, names._replace(weights=weights), size
        self._order = np.argsort(names.numbers, kind="stable")
        self._later.clear()
        living = np.flatnonzero(names.policies)
        owners, holders = self._words_of(living)
        self._posted.lay(owners, holders, np.ones(len(owners), np.uint32), lexicon.size)
        pairs, counts = np.unique(
            owners.astype(np.uint64) << np.uint64(32) | names.policies[holders].astype(np.uint64), return_counts=True
        )
        held = ((pairs >> np.uint64(32)).astype(np.uint32), pairs.astype(np.uint32), counts.astype(np.uint32))
        lexicon.held.lay(*held, lexicon.size)
        lexicon.lay()

    def compact(self) -> "Persons":
        """Return the living names alone, with the words that they hold, all side by side: nothing else is in it."""
        names, fresh = self.names, Persons(self.model)
        living = np.flatnonzero(names.policies[: self.size])
        living = living[np.lexsort((names.places[living], names.numbers[living]))]
        order, place = self.lexicon.kept()
        low, high, more_low, more_high = (
            ends[living + one] for ends in (names.ends, names.more_ends) for one in (0, 1)
        )
        kept = Names(
            names.numbers[living], names.ties[living], names.places[living], names.policies[living], _NONE,
            np.concatenate([_ZERO, np.cumsum(high - low)]), place[names.tokens[ranges(low, high)]].astype(np.int32),
            np.concatenate([_ZERO, np.cumsum(more_high - more_low)]),
            place[names.more[ranges(more_low, more_high)]].astype(np.int32),
        )  # fmt: skip
        fresh.fill(self.lexicon.only(order), kept)
        return fresh

    @property
    def hanging(self) -> int:
        """How many postings hang in chains."""
        return self._posted.hanging

    # ----------------------------------------------------------------------------------------------------- searching

    def search(self, written: str, allow: Flags, limit: int = 10, head: str = "screen") -> Answer:
        """Return the rows that are likeliest meant by a name, of those whose policy `allow` shows, `limit` at most."""
        units = units_of(analyse(written), self.model)
        if not units:
            return Answer()
        with self._lock:
            likes = [self._expanded(unit, allow) for unit in units]
            slots, touched = self._gathered([like for like, _ in likes], allow)
            odds = score_rows(self._segment(), self.model.prepare(written), slots, self.model, head, self._scratch)
            found = self._best(slots, odds, limit)
        return Answer(found, Effort(sum(compared for _, compared in likes), touched, len(slots)))

    def _expanded(self, unit: Unit, allow: Flags) -> tuple[Like, int]:
        lexicon, model, work = self.lexicon, self.model, self._memory()
        self._turn += 1
        wanted = np.array(keys_of(unit.word.symbols, FAMILY[unit.word.script]), np.uint32)
        found, compared = kernels.expand(
            model.words([unit.word]), 0, wanted, lexicon.words, lexicon.keys, lexicon.held.table, allow, model.costs,
            model.nicknames, work, self._turn, LEAST_LIKE,
        )  # fmt: skip
        ids, alike = work.ids[:found], work.alike[:found]
        order = np.lexsort((lexicon.digests[ids], -alike))[:MOST_LIKES]
        ids, alike = ids[order], alike[order]
        return Like(unit, ids, alike, kernels.masses(lexicon.held.table, ids, allow)), compared

    def _gathered(self, likes: Sequence[Like], allow: Flags) -> tuple[I32, int]:
        work, names, touched = self._memory(), self.names, 0
        for turn, like in enumerate(sorted(likes, key=lambda each: each.mass), 1):
            # A frequent word brings up no names of its own once others have; both counts are of what the reader sees.
            closed = touched > OPEN and like.mass > FREQUENT
            touched = kernels.accumulate(
                like.ids, like.alike, like.unit.bits, self._posted.table, names.policies, allow, work, turn, touched,
                closed=closed,
            )  # fmt: skip
        asked = sum(like.unit.bits for like in likes if like.unit.own)
        out = np.empty(max(touched, 1), np.int32)
        sure, edge = kernels.select(work, touched, names.weights, asked, UNSAID, DEPTH, STEPS, out)
        if edge > DEPTH:
            last = out[sure:edge]
            order = np.lexsort((names.places[last], names.numbers[last], names.ties[last]))
            out[sure:DEPTH] = last[order[: DEPTH - sure]]
        return out[: min(edge, DEPTH)], touched

    def _best(
        self, slots: I32, odds: "np.ndarray[tuple[int], np.dtype[np.float64]]", limit: int
    ) -> tuple[Candidate, ...]:
        names = self.names
        order = np.lexsort((names.places[slots], names.numbers[slots], names.ties[slots], -odds))
        found = dict[int, Candidate]()
        for at in order.tolist():
            number = int(names.numbers[slots[at]])
            if number not in found:
                found[number] = Candidate(number, float(odds[at]), int(names.places[slots[at]]))
                if len(found) == limit:
                    break
        return tuple(found.values())

    def _segment(self) -> Segment:
        # What the engine's scoring looks at: words, and which of them make up a name.
        lexicon, none = self.lexicon, np.zeros(0, np.int32)
        vocabulary = Vocabulary(lexicon.words, lexicon.keys.keys, none)
        return Segment(vocabulary, self.names.ends, self.names.tokens, self.names.ends, none, self.names.weights)

    def _memory(self) -> Work:
        words, names = len(self.lexicon.digests), len(self.names.policies)
        if len(self._work.marks) < words or len(self._work.gathered) < names or self._turn == _LAST_TURN:
            self._work, self._turn = _work(words, names), 0
        return self._work

    @property
    def nbytes(self) -> int:
        """The bytes that it takes in memory."""
        arrays = (*self.names, self._order, *self._work)
        return sum(array.nbytes for array in arrays) + self._posted.nbytes + self.lexicon.nbytes


def _work(words: int, names: int) -> Work:
    rows = np.zeros((3, LONGEST_JOINED + 1), np.float32)
    return Work(
        np.zeros(words, np.int32), np.zeros(words, np.int32), np.zeros(words, np.float32), np.zeros(names, np.float32),
        np.zeros(names, np.uint8), np.zeros(names, np.int32), rows,
    )  # fmt: skip


def _no_names() -> Names:
    none = np.zeros(0, np.int32)
    return Names(
        np.zeros(0, np.int64), np.zeros(0, np.uint64), none, np.zeros(0, np.uint32), np.zeros(0, np.float32),
        np.zeros(1, np.int64), none, np.zeros(1, np.int64), none,
    )  # fmt: skip
