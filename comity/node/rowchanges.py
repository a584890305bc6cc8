"""What has become of rows, change by change, for whoever keeps something that is made of them: a search index.

Authority: decision 0050. Each change gets a number in the transaction that makes it, so whoever reads on from the last
number that it has done misses nothing and needs to be told nothing: not by this process, not before a crash. What a row
says is read when the change is; one that is gone by then is left out, for its going comes later.

An index keeps no record of its own. It begins with `live`, and goes on with `since`.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

import msgspec
from sqlalchemy import Row, and_, func, select

from comity.node import segments
from comity.node.database import Database, Transaction
from comity.node.query import Query
from comity.node.rowtables import row_changes, rows
from comity.node.store import Store

PAGE = 1_000
"""Rows that are read at once."""

COUNTER = "row changes"

_c, _r = row_changes.c, rows.c
_LAST = Query(lambda member: select(func.max(_c.position).label("last")).where(_c.member == member))


class What(StrEnum):
    """What became of rows."""

    PUT = "put"
    RESTRICT = "restrict"
    DROP = "drop"


class Put(msgspec.Struct, frozen=True, kw_only=True):
    """A row is there from now on; it was not before."""

    number: int
    """By which the row store finds it, never given out twice; a revised row has another."""
    policy: int
    """Who may see it: `RowView.policies` tells a reader's."""
    row: bytes
    """As its source spelled it."""


class Restrict(msgspec.Struct, frozen=True, kw_only=True):
    """Others than before may see these rows; those that are not there stay away."""

    numbers: tuple[int, ...]
    policy: int


class Drop(msgspec.Struct, frozen=True, kw_only=True):
    """These rows are gone."""

    numbers: tuple[int, ...]


Change = Put | Restrict | Drop


def note(store: Store, tx: Transaction, what: What, numbers: Sequence[int], policy: int = 0) -> None:
    """Number a change, in the transaction that makes it."""
    if numbers:
        packed = zlib.compress(struct.pack(f">{len(numbers)}Q", *numbers))
        line = {"member": store.member, "position": tx.count(COUNTER), "what": what.value, "policy": policy}
        tx.add(row_changes, [{**line, "numbers": packed}])


def last(store: Store, database: Database) -> int:
    """Return the number of the last change, 0 before the first."""
    with database.read() as tx:
        row = tx.one(_LAST, member=store.member)
    return int(row.last or 0) if row is not None else 0


def live(store: Store, database: Database) -> tuple[int, Iterator[Put]]:
    """Return the number of the last change and all rows that live after it, seen in one moment."""
    moment = database.read()
    tx = moment.__enter__()
    try:
        row = tx.one(_LAST, member=store.member)
    except BaseException:
        moment.__exit__(None, None, None)
        raise

    def every() -> Iterator[Put]:
        try:
            done = 0
            while True:
                some = and_(_r.member == store.member, _r.number > done)
                found = tx.all(select(rows).where(some).order_by(_r.number).limit(PAGE))
                yield from _read(store, tx, found)
                if len(found) < PAGE:
                    return
                done = int(found[-1].number)
        finally:
            moment.__exit__(None, None, None)

    return int(row.last or 0) if row is not None else 0, every()


def since(store: Store, database: Database, position: int) -> Iterator[tuple[int, tuple[Change, ...]]]:
    """Yield the changes after this number, in the order in which they were committed, each with its number."""
    while True:
        with database.read() as tx:
            later = and_(_c.member == store.member, _c.position > position)
            row = tx.one(select(row_changes).where(later).order_by(_c.position).limit(1))
            if row is None:
                return
            group = tuple(_changes(store, tx, row))
        position = int(row.position)
        yield position, group


def _changes(store: Store, tx: Transaction, row: Row) -> Iterator[Change]:  # type: ignore[type-arg]
    raw = zlib.decompress(bytes(row.numbers))
    numbers = struct.unpack(f">{len(raw) // 8}Q", raw)
    match What(row.what):
        case What.RESTRICT:
            yield Restrict(numbers=numbers, policy=int(row.policy))
        case What.DROP:
            yield Drop(numbers=numbers)
        case What.PUT:
            for at in range(0, len(numbers), PAGE):
                some = and_(_r.member == store.member, _r.number.in_(numbers[at : at + PAGE]))
                yield from _read(store, tx, tx.all(select(rows).where(some).order_by(_r.number)))


def _read(store: Store, tx: Transaction, found: Iterable[Row]) -> Iterator[Put]:  # type: ignore[type-arg]
    """Yield rows with what they say; neighbours rest in one segment, which is opened once."""
    part: tuple[int, int] | None = None
    held: dict[int, bytes] = {}
    for row in found:
        here = (int(row.batch), segments.part_of(int(row.place)))
        if here != part:
            part, held = here, {each.place: each.row for each in segments.read(store, tx, *here)}
        if (spelled := held.get(int(row.place))) is not None:
            yield Put(number=int(row.number), policy=int(row.policy), row=spelled)
