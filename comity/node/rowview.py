"""The part of the only road to what is kept (`node/view.py`) that rows take: each under its own label (decision 0050).

Who may see a row depends on its policy alone, and a bureau has few policies: so a reader's are ruled on once, and a
search index is asked with their numbers. A row that is hidden is as one that is not there: not found, not counted, not
proven. Of a row that is masked its source and key are shown, so that the reader knows whom to ask.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
from sqlalchemy import Row, and_, func, select

from comity.core.act import Act, row_digest
from comity.core.capability import Hidden, Reader, Shown, Sight
from comity.core.codec import decode
from comity.core.errors import Misused, Refused
from comity.core.handling import Label
from comity.core.ids import ActId, BureauId, Digest, Millis
from comity.core.log import TileId, append, leaf_hash, prove_inclusion
from comity.core.receipt import RowProof
from comity.core.rows import Policy
from comity.node import epochs, segments
from comity.node.bureau import Bureau
from comity.node.database import Transaction
from comity.node.query import Query
from comity.node.rows import row_id
from comity.node.rowtables import row_batches, row_policies, rows
from comity.node.segments import Resting
from comity.node.store import Kept
from comity.node.view import S, View

_r, _b, _p = rows.c, row_batches.c, row_policies.c
_BY_KEY = Query(lambda member, number, row: select(rows).where(_r.member == member, _r.list == number, _r.row == row))
_POLICIES = Query(lambda member: select(row_policies).where(_p.member == member))


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """A row as one reader may see it."""

    number: int
    list: ActId
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


@dataclass(frozen=True)
class RowView:
    """What one reader may see of the rows at one bureau."""

    bureau: Bureau
    reader: Reader

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
        return found[0] if found else None

    def numbered(self, numbers: Iterable[int]) -> tuple[Shelf, ...]:
        """Return rows by the numbers that an index has found, in that order; those for this reader, and still here."""
        wanted = list(numbers)
        with self.bureau.database.read() as tx:
            some = tx.all(select(rows).where(_r.member == self.bureau.member, _r.number.in_(wanted)))
            found = {shelf.number: shelf for shelf in self._shelves(tx, some)}
        return tuple(found[number] for number in wanted if number in found)

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
            query = select(func.count().label("seen")).select_from(rows).where(here, _r.policy.in_(mine))
            row = tx.one(query)
            return int(row.seen) if row is not None else 0

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

    def _policies(self, tx: Transaction) -> dict[int, tuple[Sight, Label]]:
        if epochs.closed(self.bureau, tx):
            raise Refused(epochs.CLOSED)
        veils = [each.rows.veil for each in self.bureau.capabilities if each.rows is not None]
        seen: dict[int, tuple[Sight, Label]] = {}
        for row in tx.all(_POLICIES, member=self.bureau.member):
            policy = Policy(source=BureauId(row.source), label=decode(bytes(row.label), Label))
            ruled = [veil(policy, self.reader) for veil in veils]
            if not any(isinstance(each, Hidden) for each in ruled):
                sight = next((each for each in ruled if not isinstance(each, Shown)), Shown())
                seen[int(row.policy)] = (sight, policy.label)
        return seen

    def _shelves(self, tx: Transaction, found: list[Row]) -> list[Shelf]:  # type: ignore[type-arg]
        seen, shelves = self._policies(tx), []
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
                number=int(row.number), list=kept.head.subject or kept.id, source=kept.head.sender, batch=kept.id,
                said=kept.head.said, label=label, until=until,
                row=resting.row if isinstance(sight, Shown) else None,
            )  # fmt: skip
            shelves.append(self._look(shelf))
        return shelves

    def _look(self, shelf: Shelf) -> Shelf:
        """Let a row go to the reader: all of them pass here, so that this is the place to note who looked at what."""
        return shelf

    def _resting(self, tx: Transaction, row: Row) -> Resting | None:  # type: ignore[type-arg]
        part = segments.part_of(int(row.place))
        segment = segments.read(self.bureau.store, tx, int(row.batch), part)
        return next((each for each in segment if each.place == int(row.place)), None)

    def _withheld(self, tx: Transaction, kept: Kept) -> bool:
        """Tell whether a restore keeps it back: its source has not said yet what it withdrew since the backup."""
        if self.bureau.epoch == 1:
            return False
        said = self.bureau.store.said(tx, kept)
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
