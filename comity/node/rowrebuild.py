"""Rows against what they are made of: the acts, the bodies that are left, the segments of those that are gone.

Authority: decisions 0013 and 0050. A batch whose body is here makes its rows again from it; of one whose body is erased
the segments are all there is, and what they hold is laid anew. What the source said of labels and withdrawals is said
by acts whose bodies stay, so rows that went stay away. Comparing writes nothing.
"""

from functools import partial
from typing import Any

import msgspec
from sqlalchemy import Row, and_, delete, select

from comity.core.act import Act
from comity.core.capability import Capability
from comity.core.errors import ComityError
from comity.core.ids import ActId
from comity.core.rows import DropRows, PutRows, RestrictRows, Rows
from comity.node import segments
from comity.node.bureau import Bureau
from comity.node.database import Transaction
from comity.node.rowchanges import What, note
from comity.node.rows import Change, capability_of, operations_of
from comity.node.rowtables import row_batches, row_lists, row_segments, rows
from comity.node.segments import Resting
from comity.node.store import Kept

_r, _b, _l, _s = rows.c, row_batches.c, row_lists.c, row_segments.c


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """What looking at every row has shown."""

    rows: int
    """Rows that rest here and open."""
    amiss: tuple[ActId, ...]
    """Lists in which a row is numbered and does not rest, or the other way round."""


def compare(bureau: Bureau) -> Compared:
    """Open every segment, and compare its rows with those that are numbered."""
    count, amiss = 0, []
    with bureau.database.read() as tx:
        for number, listed in _lists(bureau, tx):
            whole = True
            for row in tx.all(select(_b.batch).where(_b.member == bureau.member, _b.list == number)):
                places = _numbered(bureau, tx, number, int(row.batch))
                whole = whole and places == {each.place for each in _resting(bureau, tx, int(row.batch))}
                count += len(places)
            if not whole:
                amiss.append(listed)
    return Compared(rows=count, amiss=tuple(amiss))


def remake(bureau: Bureau) -> int:
    """Make the rows of every list again in which something is amiss; returns how many lists that were."""
    amiss = set(compare(bureau).amiss)
    with bureau.database.read() as tx:
        wanted = [(number, listed) for number, listed in _lists(bureau, tx) if listed in amiss]
    for number, listed in wanted:
        bureau.database.write(partial(_remake, bureau, number, listed))
    return len(wanted)


def _lists(bureau: Bureau, tx: Transaction) -> list[tuple[int, ActId]]:
    found = tx.all(select(_b.list).where(_b.member == bureau.member).distinct().order_by(_b.list))
    return [(int(row.list), bureau.store.by_number(tx, int(row.list)).id) for row in found]


def _numbered(bureau: Bureau, tx: Transaction, number: int, batch: int) -> set[int]:
    live = and_(_r.member == bureau.member, _r.list == number, _r.batch == batch, _r.number.is_not(None))
    return {int(row.place) for row in tx.all(select(_r.place).where(live))}


def _resting(bureau: Bureau, tx: Transaction, batch: int) -> list[Resting]:
    """Return the rows of a batch that open; a segment that does not is as one that is gone."""
    found: list[Resting] = []
    for row in tx.all(select(_s.part).where(_s.member == bureau.member, _s.batch == batch).order_by(_s.part)):
        try:
            found += segments.read(bureau.store, tx, batch, int(row.part))
        except ComityError:
            continue
    return found


def _remake(bureau: Bureau, number: int, listed: ActId, tx: Transaction) -> None:
    held = {
        int(row.batch): (row, _resting(bureau, tx, int(row.batch)))
        for row in tx.all(select(row_batches).where(_b.member == bureau.member, _b.list == number))
    }
    live = and_(_r.member == bureau.member, _r.list == number, _r.number.is_not(None))
    note(bureau.store, tx, What.DROP, [int(row.number) for row in tx.all(select(_r.number).where(live))])
    tx.run(delete(rows).where(_r.member == bureau.member, _r.list == number))
    tx.run(delete(row_lists).where(_l.member == bureau.member, _l.list == number))
    for kept in bureau.store.acts_of(tx, listed):
        capability = capability_of(bureau, kept.head.capability)
        if capability is not None and capability.rows is not None:
            _again(bureau, tx, kept, capability, capability.rows, held)


def _again(
    bureau: Bureau, tx: Transaction, kept: Kept, capability: Capability, carries: Rows,
    held: dict[int, tuple[Row[Any], list[Resting]]],
) -> None:  # fmt: skip
    """Do to rows once more what an act says, or lay what is left of a batch whose body is gone."""
    said = bureau.store.said(tx, kept)
    change = Change(bureau, tx, said, kept)
    if kept.number in held:
        segments.drop_all(bureau.store, tx, kept.number)
    if not isinstance(said.act, Act) and kept.number in held:
        row, resting = held[kept.number]
        keys = [carries.key(each.row) for each in resting]
        change.lay(keys, resting, int(row.serial), int(row.policy), row.until, row.leaves)
        return
    for operation in operations_of(bureau, tx, capability, said):
        match operation:
            case PutRows():
                lapsed = kept.number in held and held[kept.number][0].until is None
                if not lapsed:
                    change.put(operation, bureau.store.signed(tx, kept).salt)
            case RestrictRows():
                change.restrict(operation)
            case DropRows():
                change.drop(operation)
