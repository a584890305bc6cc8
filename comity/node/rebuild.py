"""What is kept against what the acts make: state folded again and compared, erasures brought to their end.

Authority: decisions 0013 (heads, surviving bodies and tombstones rebuild the same state) and 0015 (gates are never run
again: the rulings are kept). Comparing writes nothing. Healing writes tombstones only where the key of a body is gone
already, and destroys keys only where the row was let go of; both are what a crash can leave.
"""

from functools import partial

import msgspec
from sqlalchemy import select

from comity.core.ids import ActId, BureauId
from comity.core.keeping import Entry
from comity.node import schema, subjects
from comity.node.bodies import State
from comity.node.bureau import Bureau
from comity.node.database import Transaction
from comity.node.store import ACCEPTED, PARKED

_PAGE = 1_000


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """What folding everything again has shown."""

    subjects: int
    """How many there are."""
    differing: tuple[ActId, ...]
    """Those whose kept state is not the one that their acts make; none, if all is well."""


def rebuild(bureau: Bureau) -> Rebuilt:
    """Fold every subject again and compare; costs a reading of every act that is about one."""
    a, store = schema.acts.c, bureau.store
    with bureau.database.read() as tx:
        about = select(a.subject).where(a.member == bureau.member, a.code == ACCEPTED, a.subject.is_not(None))
        named = {ActId(bytes(row.subject)) for row in tx.all(about.distinct())}
        every = sorted(named.union(store.subjects(tx)))
        differing = tuple(subject for subject in every if not _same(bureau, tx, subject))
        return Rebuilt(subjects=len(store.subjects(tx)), differing=differing)


def heal(bureau: Bureau) -> int:
    """Bring to its end what a crash cut off between a key and its row; returns how many bodies that concerned."""
    done = 0
    while found := bureau.database.write(bureau.store.destroy):
        done += found
    a, last = schema.acts.c, 0
    while True:
        with bureau.database.read() as tx:
            where = (a.member == bureau.member, a.number > last, a.body.is_not(None), a.code != PARKED)
            numbers = [
                int(row.number) for row in tx.all(select(a.number).where(*where).order_by(a.number).limit(_PAGE))
            ]
        gone = [number for number in numbers if bureau.store.bodies.state(number) is State.ERASED]
        if gone:
            bureau.database.write(partial(_bury, bureau, gone))
            done += len(gone)
        if len(numbers) < _PAGE:
            return done
        last = numbers[-1]


def _bury(bureau: Bureau, numbers: list[int], tx: Transaction) -> None:
    for number in numbers:
        bureau.store.bury(tx, bureau.store.by_number(tx, number))


def _same(bureau: Bureau, tx: Transaction, subject: ActId) -> bool:
    kept, folded = subjects.row_of(bureau.store, tx, subject), subjects.computed(bureau.store, tx, subject)
    if kept is None or folded is None:
        return kept is None and folded is None
    return all(getattr(kept, name) == value for name, value in folded.row.items()) and _signed(bureau, tx, subject)


def _signed(bureau: Bureau, tx: Transaction, subject: ActId) -> bool:
    """Tell whether each entry that is noted is an accepted act of whom it is said to be."""
    e, store = schema.entries.c, bureau.store
    for row in tx.all(select(schema.entries).where(e.member == bureau.member, e.subject == subject)):
        kept = store.find(tx, ActId(bytes(row.entry)))
        noted = Entry(
            subject=subject, number=row.position, previous=ActId(bytes(row.previous)), act=ActId(bytes(row.act))
        )
        if kept is None or kept.code != ACCEPTED or kept.head.sender != BureauId(row.sender):
            return False
        if store.said(tx, kept).act != noted:
            return False
    return True
