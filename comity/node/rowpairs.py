"""Pairs of rows that touch each other, so that correlation says each of them once (decision 0054).

What touches what, a capability rules. Here is how far it has read the changes of rows, and which pairs it has seen: by
a digest under a secret of the keyring, since the keys of rows stand nowhere. A pair that was seen stays seen, also
after one of its rows was withdrawn and published again, and after a restart.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator

from sqlalchemy import and_, select

from comity.core.ids import ActId
from comity.node import rowchanges, schema
from comity.node.bureau import Bureau
from comity.node.database import Transaction
from comity.node.looks import How
from comity.node.looktables import row_pairs
from comity.node.rowchanges import Put
from comity.node.rowtables import row_changes, rows
from comity.node.rowview import RowView, Shelf


class NodesEyes(RowView):
    """What the node itself compares: no row goes to anybody, so no look is noted; who is then told, is shown it later.

    For correlation, and for the names of a text before it is known which are mentions; never for what a desk shows.
    """

    def _look(self, how: How, shelves: Iterable[Shelf], searches: int = 0) -> None:
        """Note nothing."""

    def hushed(self, numbers: Iterable[int]) -> tuple[Shelf, ...]:
        """Return rows by their numbers that only their source may be told of; for who tells it, and nobody else."""
        r = rows.c
        with self.bureau.database.read() as tx:
            found = tx.all(select(rows).where(r.member == self.bureau.member, r.number.in_(list(numbers))))
            return tuple(shelf for shelf, _ in self._opened(tx, found, self._ruled(tx)[1]))


End = tuple[ActId, str]
"""A row: its list and its key."""


def unread(bureau: Bureau, most: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield the changes that nobody has correlated yet with the rows that they put, until these are `most` or more."""
    count = 0
    for position, changes in rowchanges.since(bureau.store, bureau.database, _position(bureau)):
        put = tuple(change.number for change in changes if isinstance(change, Put))
        yield position, put
        count += len(put)
        if count >= most:
            return


def behind(bureau: Bureau) -> bool:
    """Tell whether there are changes that nobody has correlated yet."""
    c = row_changes.c
    later = and_(c.member == bureau.member, c.position > _position(bureau))
    with bureau.database.read() as tx:
        return tx.one(select(c.position).where(later).limit(1)) is not None


def done(bureau: Bureau, tx: Transaction, position: int) -> None:
    """Note up to which change rows are correlated."""
    tx.put(schema.counters, [{"name": _mark(bureau), "value": position}])


def first(bureau: Bureau, tx: Transaction, one: End, other: End) -> bool:
    """Tell whether this pair is seen for the first time, and note it."""
    spelled = b"\0".join(sorted(listed + key.encode() for listed, key in (one, other)))
    pair = hmac.digest(bureau.keyring.secret("pairs"), spelled, hashlib.sha256)[:16]
    place = and_(row_pairs.c.member == bureau.member, row_pairs.c.pair == pair)
    if tx.one(select(row_pairs.c.pair).where(place)) is not None:
        return False
    tx.add(row_pairs, [{"member": bureau.member, "pair": pair}])
    return True


def _position(bureau: Bureau) -> int:
    with bureau.database.read() as tx:
        row = tx.one(select(schema.counters.c.value).where(schema.counters.c.name == _mark(bureau)))
    return int(row.value) if row is not None else 0


def _mark(bureau: Bureau) -> str:
    return f"correlated/{bureau.member}"
