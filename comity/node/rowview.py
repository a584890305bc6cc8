"""The part of the only road to what is kept (`node/view.py`) that rows take: each under its own label (decision 0050).

Who may see a row depends on its policy alone, and a bureau has few policies: so a reader's are ruled on once, and a
search index is asked with their numbers. A row that is hidden is as one that is not there: not found, not counted, not
proven. Of a row that is masked its source and key are shown, so that the reader knows whom to ask.

Whatever row goes to a reader is noted in the journal of looks before it goes (`node/looks.py`, decision 0054).
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace
from sqlalchemy import Row, and_, func, select

from comity.core.act import Act, Said, Unknown, row_digest
from comity.core.capability import Hidden, Reader, Shown, Sight
from comity.core.errors import Malformed, Misused, Refused
from comity.core.handling import Label
from comity.core.ids import ActId, BureauId, Digest, Millis
from comity.core.log import TileId, append, leaf_hash, prove_inclusion
from comity.core.receipt import RowProof
from comity.core.rows import Findable, Policy
from comity.node import epochs, looks, segments
from comity.node.bureau import Bureau
from comity.node.database import Transaction
from comity.node.finding import KINDS, MOST_ASKED, Answer, Looked, Question
from comity.node.looks import Fell, How, Why
from comity.node.query import Query
from comity.node.rows import policy_in, row_id
from comity.node.rowtables import row_batches, row_policies, rows
from comity.node.segments import Resting
from comity.node.store import Kept
from comity.node.view import S, View

_r, _b, _p = rows.c, row_batches.c, row_policies.c
_BY_KEY = Query(lambda member, number, row: select(rows).where(_r.member == member, _r.list == number, _r.row == row))
_BY_NUMBER = Query(lambda member, number: select(rows).where(_r.member == member, _r.number == number))
_POLICIES = Query(lambda member: select(row_policies).where(_p.member == member))


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """A row as one reader may see it."""

    number: int
    list: ActId
    key: str
    """How its source calls it."""
    source: BureauId
    batch: ActId
    """The act that put it."""
    said: Millis
    """When the source said that act, by its own clock."""
    label: Label
    until: Millis
    """When it lapses, unless its source keeps it."""
    row: bytes | None
    """As its source spelled it; None where it is masked."""


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader looks for; identifiers and names bring up rows each for itself."""

    identifiers: tuple[tuple[str, str], ...] = ()
    """Kind (`finding.KINDS`) and folded text."""
    names: tuple[str, ...] = ()
    """As they are written, in any script."""
    limit: int = 10
    """Rows that names alone bring up, at most; whoever holds an identifier is found beside them."""


class Alike(msgspec.Struct, frozen=True, kw_only=True):
    """How a name brought up a row."""

    asked: int
    """Which of the names that were sought, from 0."""
    odds: float
    """Log-odds that both are names of one person; of the names alone."""
    name: int
    """Which of the row's names fits best, from 0."""


class Brought(msgspec.Struct, frozen=True, kw_only=True):
    """A row that was found, and how."""

    shelf: Shelf
    names: tuple[Alike, ...] = ()
    """In the order in which they were asked for."""
    identifiers: tuple[int, ...] = ()
    """Which of the identifiers that were sought it holds, from 0."""


class Effort(msgspec.Struct, frozen=True, kw_only=True):
    """What the search did, of what exists for its reader."""

    compared: int
    """Words."""
    touched: int
    """Names."""
    scored: int
    """Names."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader's search brought up."""

    brought: tuple[Brought, ...]
    """Who holds most of the identifiers first, then the likeliest."""
    effort: Effort
    quiet: tuple[Brought, ...]
    """What only its source may be told of: never shown, counted or mentioned to the reader."""


SPARE = 20
"""Rows that are asked for beyond the limit, as some have lapsed or gone since the index knew of them."""

LONGEST = 100
"""Rows by name at most: an officer looks at ten."""

_Seen = dict[int, tuple[Sight, Label]]

Keep = Callable[[int, Brought], bool]
"""``keep(search, brought)``: whether a row is likely enough to be shown; what is not kept was not seen by anybody."""


NO_REASON = Why()
"""Where a reader gives none beside the purpose: a record is opened by its key."""


def _all(_search: int, _brought: Brought) -> bool:
    return True


@dataclass(frozen=True)
class RowView:
    """What one reader may see of the rows at one bureau."""

    bureau: Bureau
    reader: Reader
    why: Why = NO_REASON
    """What the journal of looks is told beside who looks."""

    def __post_init__(self) -> None:
        """Refuse a reader of another bureau, as `View` does."""
        View(self.bureau, self.reader)

    def policies(self) -> dict[int, Sight]:
        """Return the policies under which the reader sees rows, whole or masked; what an index is asked with."""
        with self.bureau.database.read() as tx:
            return {number: sight for number, (sight, _) in self._policies(tx).items()}

    def record(self, listed: ActId, key: str) -> Shelf | None:
        """Return the row of a list with this key; None when there is none, or none for this reader."""
        with self.bureau.database.read() as tx:
            opening = self.bureau.store.find(tx, listed)
            if opening is None:
                return None
            row = row_id(self.bureau, opening.number, key)
            some = tx.all(_BY_KEY, member=self.bureau.member, number=opening.number, row=row)
            found = self._shelves(tx, some)
        self._look(How.OPENED, found)
        return found[0] if found else None

    def numbered(self, numbers: Iterable[int]) -> tuple[Shelf, ...]:
        """Return rows by the numbers that an index has found, in that order; those for this reader, and still here."""
        wanted = list(numbers)
        with self.bureau.database.read() as tx:
            some = tx.all(select(rows).where(_r.member == self.bureau.member, _r.number.in_(wanted)))
            found = {shelf.number: shelf for shelf in self._shelves(tx, some)}
        self._look(How.FOUND, list(found.values()))
        return tuple(found[number] for number in wanted if number in found)

    def find(self, sought: Sought, keep: Keep = _all) -> Found:
        """Return the rows that the reader may see and that a search brings up, and apart those that are quiet.

        Quiet rows are those of which the reader would be told if their source did not keep them quiet; they are looked
        for by themselves, so they take no place and change no score, order, count or told work.

        Raises:
            Misused: a kind of identifier is unknown, the limit is out of range, or this node keeps no index.
            Refused: the node was restored, and no desk is open yet.
            Unreachable: the index is being made anew, or another process has it open and does not answer.

        """
        return self.finds((sought,), keep)[0]

    def finds(self, every: Sequence[Sought], keep: Keep = _all) -> tuple[Found, ...]:
        """Return what `find` would for each of many searches; noted as one look, however many they are."""
        questions = [self._question(sought) for sought in every]
        if self.bureau.finder is None:
            raise Misused("this node keeps no search index")
        with self.bureau.database.read() as tx:
            mine, quiet = self._ruled(tx)
        answers = [each for some in _together(questions) for each in self._asked(some, mine, quiet)]
        with self.bureau.database.read() as tx:
            # What was ruled may have changed while the index was asked.
            mine, quiet = self._ruled(tx)
            found = []
            for at, (sought, answer) in enumerate(zip(every, answers, strict=True)):
                brought = tuple(each for each in self._brought(tx, sought, answer.seen, mine) if keep(at, each))
                hushed = tuple(self._brought(tx, sought, answer.quiet, quiet))
                compared, touched, scored = answer.seen.effort
                effort = Effort(compared=compared, touched=touched, scored=scored)
                found.append(Found(brought=brought, effort=effort, quiet=hushed))
        self._look(How.FOUND, [each.shelf for one in found for each in one.brought], searches=len(every))
        return tuple(found)

    def state(self, listed: ActId, kind: type[S]) -> S | None:
        """Return the state of a list that was opened to this bureau.

        Unlike `View.state` it does not look at each batch again: what is folded of them is counts, dates and words of
        holders, and nothing of what a veil masks.
        """
        view = View(self.bureau, self.reader)
        if view.act(listed) is None:
            return None
        with self.bureau.database.read() as tx:
            return self.bureau.store.state(tx, listed, kind)

    def count(self, listed: ActId) -> int:
        """Return how many rows of a list the reader may see, whole or masked."""
        with self.bureau.database.read() as tx:
            opening, mine = self.bureau.store.find(tx, listed), list(self._policies(tx))
            if opening is None or not mine:
                return 0
            here = and_(_r.member == self.bureau.member, _r.list == opening.number, _r.number.is_not(None))
            query = select(_r.batch, func.count().label("seen")).where(here, _r.policy.in_(mine)).group_by(_r.batch)
            found = tx.all(query)
            if self.bureau.epoch > 1:
                batch = self.bureau.store.by_number
                found = [row for row in found if not self._withheld(tx, batch(tx, int(row.batch)))]
            return sum(int(row.seen) for row in found)

    def prove(self, listed: ActId, key: str) -> tuple[Kept, RowProof]:
        """Return the head that a row was put by, and the proof that the row is under it; for whoever sees it whole.

        Raises:
            Misused: there is no such row for this reader.

        """
        shelf = self.record(listed, key)
        if shelf is None or shelf.row is None:
            raise Misused("there is no such record, or none that you may see whole")
        with self.bureau.database.read() as tx:
            found = tx.one(select(rows).where(_r.member == self.bureau.member, _r.number == shelf.number))
            kept = self.bureau.store.find(tx, shelf.batch)
            resting = self._resting(tx, found) if found is not None else None
            if kept is None or resting is None:
                raise Misused("there is no such record, or none that you may see whole")
            leaves = self._leaves(tx, kept)
        tiles = append(0, {}, leaves)
        inclusion = prove_inclusion(resting.place, len(leaves), lambda level, place: tiles[TileId(level, place)])
        return kept, RowProof(row=resting.row, salt=resting.salt, inclusion=inclusion)

    # Parts.

    def _policies(self, tx: Transaction) -> _Seen:
        return self._ruled(tx)[0]

    def _ruled(self, tx: Transaction) -> tuple[_Seen, _Seen]:
        """Return the policies that the reader sees, and those that he would see, were they not quiet."""
        if epochs.closed(self.bureau, tx):
            raise Refused(epochs.CLOSED)
        seen, quiet = _Seen(), _Seen()
        for row in tx.all(_POLICIES, member=self.bureau.member):
            policy = policy_in(row)
            if (sight := self._sight(policy)) is not None:
                seen[int(row.policy)] = (sight, policy.label)
            elif policy.quiet and (sight := self._sight(replace(policy, quiet=False))) is not None:
                quiet[int(row.policy)] = (sight, policy.label)
        return seen, quiet

    def _sight(self, policy: Policy) -> Sight | None:
        ruled = [each.rows.veil(policy, self.reader) for each in self.bureau.capabilities if each.rows is not None]
        if any(isinstance(each, Hidden) for each in ruled):
            return None
        return next((each for each in ruled if not isinstance(each, Shown)), Shown())

    def _shelves(self, tx: Transaction, found: list[Row]) -> list[Shelf]:  # type: ignore[type-arg]
        return [shelf for shelf, _ in self._opened(tx, found, self._policies(tx))]

    def _opened(self, tx: Transaction, found: list[Row], seen: _Seen) -> Iterator[tuple[Shelf, bytes]]:  # type: ignore[type-arg]
        """Yield rows that are still here and for this reader, and what they say, masked or not."""
        for row in found:
            if row.number is None or int(row.policy) not in seen:
                continue
            sight, label = seen[int(row.policy)]
            kept = self.bureau.store.by_number(tx, int(row.batch))
            resting = self._resting(tx, row)
            until = kept.head.label.expires or Millis(0)
            if resting is None or until <= self.bureau.now() or self._withheld(tx, kept):
                continue
            shelf = Shelf(
                number=int(row.number), list=kept.head.subject or kept.id, key=self._key(resting.row),
                source=kept.head.sender, batch=kept.id, said=kept.head.said, label=label, until=until,
                row=resting.row if isinstance(sight, Shown) else None,
            )  # fmt: skip
            yield shelf, resting.row

    def _look(self, how: How, shelves: Iterable[Shelf], searches: int = 0) -> None:
        """Note in the journal what goes to the reader, before it goes: all rows pass here, and each search."""
        fell = tuple(
            Fell(list=each.list, source=each.source, batch=each.batch, key=each.key, how=how) for each in shelves
        )
        if searches:
            looks.note(self.bureau, self.reader, replace(self.why, searches=max(searches, self.why.searches)), fell)
        elif fell:
            looks.note(self.bureau, self.reader, Why(law=self.why.law, case=self.why.case), fell)

    def _key(self, row: bytes) -> str:
        for each in self.bureau.capabilities:
            if each.rows is not None:
                with suppress(Malformed):
                    return each.rows.key(row)
        # One that no capability of this software reads any more has no key to ask for.
        return ""

    # Finding.

    def _question(self, sought: Sought) -> Question:
        if not 1 <= sought.limit <= LONGEST:
            raise Misused(f"a limit of {sought.limit} rows: from 1 to {LONGEST} are found at a time")
        unknown = sorted({kind for kind, _ in sought.identifiers} - KINDS.keys())
        if unknown:
            raise Misused(f"no kind of number is called {unknown[0]!r}; known are: {', '.join(sorted(KINDS))}")
        if not all(text for _, text in sought.identifiers):
            raise Misused("a number that is looked for has at least one letter or digit")
        numbers = tuple((KINDS[kind], text) for kind, text in sought.identifiers)
        return Question(allow=(), identifiers=numbers, names=sought.names, limit=sought.limit + SPARE)

    def _asked(self, some: Sequence[Question], mine: _Seen, quiet: _Seen) -> Iterator[Answer]:
        """Ask the index several questions at a time, and give each its own part of the answer."""
        together = Question(
            allow=tuple(sorted(mine)), quiet=tuple(sorted(quiet)),
            identifiers=tuple(each for question in some for each in question.identifiers),
            names=tuple(each for question in some for each in question.names),
            limit=max(question.limit for question in some),
        )  # fmt: skip
        finder = self.bureau.finder
        if finder is None:
            raise Misused("this node keeps no search index")
        answer = finder.ask(self.bureau, together)
        numbers = names = 0
        for question in some:
            here = (
                numbers,
                numbers := numbers + len(question.identifiers),
                names,
                names := names + len(question.names),
            )
            yield Answer(seen=_part(answer.seen, *here), quiet=_part(answer.quiet, *here))

    def _brought(self, tx: Transaction, sought: Sought, looked: Looked, seen: _Seen) -> Iterator[Brought]:
        held, alike = dict[int, list[int]](), dict[int, list[Alike]]()
        for asked, numbers in enumerate(looked.holders):
            for number in numbers:
                held.setdefault(number, []).append(asked)
        place, last = dict[int, tuple[float, int]](), (math.inf, 0)
        for asked, candidates in enumerate(looked.candidates):
            for rank, (number, odds, name) in enumerate(candidates):
                alike.setdefault(number, []).append(Alike(asked=asked, odds=odds, name=name))
                place[number] = min(place.get(number, last), (-odds, rank))
        holders = sorted(held, key=lambda number: (-len(held[number]), place.get(number, last)))
        others = sorted(alike.keys() - held.keys(), key=lambda number: (place[number], number))
        left = sought.limit
        for number, shelf, row in self._still(tx, holders, seen):
            # Numbers that the index has hashed, or in which capitals count, are the record's to confirm.
            said = self._identifiers(row)
            named = tuple(each for each in held[number] if sought.identifiers[each] in said)
            if named:
                yield Brought(shelf=shelf, names=tuple(alike.get(number, ())), identifiers=named)
        for number, shelf, _ in self._still(tx, others, seen):
            yield Brought(shelf=shelf, names=tuple(alike[number]))
            left -= 1
            if not left:
                return

    def _still(self, tx: Transaction, numbers: list[int], seen: _Seen) -> Iterator[tuple[int, Shelf, bytes]]:
        """Yield those of these rows that are still here and for this reader, in this order."""
        for number in numbers:
            found = tx.all(_BY_NUMBER, member=self.bureau.member, number=number)
            yield from ((number, shelf, row) for shelf, row in self._opened(tx, found, seen))

    def _identifiers(self, row: bytes) -> frozenset[tuple[str, str]]:
        return frozenset(findable(self.bureau, row).identifiers)

    def _resting(self, tx: Transaction, row: Row) -> Resting | None:  # type: ignore[type-arg]
        return segments.one(self.bureau.store, tx, int(row.batch), int(row.place))

    def _withheld(self, tx: Transaction, kept: Kept) -> bool:
        """Tell whether a restore keeps it back: its source has not said yet what it withdrew since the backup."""
        if self.bureau.epoch == 1:
            return False
        # What the act says does not matter here, and opening a batch would cost milliseconds.
        said = Said(id=kept.id, head=kept.head, act=Unknown(tag=kept.head.kind, body=b""))
        return isinstance(epochs.withheld(said, self.reader, self.bureau.past(tx)), Hidden)

    def _leaves(self, tx: Transaction, kept: Kept) -> list[Digest]:
        """Return the digests of all rows of a batch: of its body while that is here, then as they were kept of it."""
        if not self.bureau.store.erased(kept):
            signed = self.bureau.store.signed(tx, kept)
            act = self.bureau.store.kinds.decode(kept.head.kind, signed.body)
            spelled = act.row_bytes() if isinstance(act, Act) else ()
            return [leaf_hash(row_digest(signed.salt, index, row)) for index, row in enumerate(spelled)]
        row = tx.one(select(_b.leaves).where(_b.member == self.bureau.member, _b.batch == kept.number))
        raw = bytes(row.leaves) if row is not None and row.leaves is not None else b""
        return [Digest(raw[at : at + 32]) for at in range(0, len(raw), 32)]


def findable(bureau: Bureau, row: bytes) -> Findable:
    """Return by what a row is found, as its capability says it; by nothing where no capability reads it any more."""
    for each in bureau.capabilities:
        if each.rows is not None:
            with suppress(Malformed):
                return each.rows.findable(row)
    return Findable(what="")


def _together(questions: Sequence[Question]) -> Iterator[list[Question]]:
    """Yield questions in groups of one limit that the index takes at a time."""
    group: list[Question] = []
    numbers = names = 0
    for each in questions:
        numbers, names = numbers + len(each.identifiers), names + len(each.names)
        if group and (max(numbers, names) > MOST_ASKED or each.limit != group[0].limit):
            yield group
            group, numbers, names = [], len(each.identifiers), len(each.names)
        group.append(each)
    if group:
        yield group


def _part(looked: Looked, number: int, last_number: int, name: int, last_name: int) -> Looked:
    """Return what belongs to one of several questions; the work is told for all of them."""
    return Looked(
        holders=looked.holders[number:last_number], candidates=looked.candidates[name:last_name], effort=looked.effort
    )
