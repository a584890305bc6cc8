"""Our own bodies that need not rest here any longer: erased once every recipient has ruled on them.

Authority: decision 0038. Whoever says an act keeps its body, to deliver it again and to know what it said. Where that
body holds what others may ask back, a copy would be left behind; so a capability says by `spent` which of its acts have
done their work. Head, signature and receipts stay. Nothing is erased that is still on its way.
"""

from collections.abc import Callable
from functools import partial

from sqlalchemy import and_, exists, func, select

from comity.core.act import Act, Said, kind_of
from comity.core.capability import Capability, Seen
from comity.core.ids import ActId
from comity.node import schema
from comity.node.bureau import Bureau
from comity.node.database import Transaction
from comity.node.store import ACCEPTED

Spent = Callable[[Said, Seen], bool]


def watch(bureau: Bureau) -> Callable[[], int]:
    """Return a job that erases what is spent, and returns how much that was; looks again when acts have come."""
    looked = -1

    def shed() -> int:
        nonlocal looked
        with bureau.database.read() as tx:
            row = tx.one(select(func.max(schema.acts.c.number).label("newest")))
            newest = int(row.newest or 0) if row is not None else 0
            if newest == looked:
                return 0
            found = [act for each in bureau.capabilities if each.spent for act in _spent(bureau, tx, each, each.spent)]
        for act in found:
            bureau.database.write(partial(_erase, bureau, act))
        looked = newest
        return len(found)

    return shed


def _spent(bureau: Bureau, tx: Transaction, capability: Capability, spent: Spent) -> list[ActId]:
    a, o = schema.acts.c, schema.outbox.c
    ours = and_(a.member == bureau.member, a.sender == bureau.me, a.code == ACCEPTED, a.body.is_not(None))
    moving = exists().where(and_(o.act == a.number, o.state != "settled"))
    kinds = [kind_of(act) for act in capability.acts]
    rows = tx.all(select(a.number).where(and_(ours, a.kind.in_(kinds), ~moving)).order_by(a.number))
    past = bureau.past(tx)
    every = (bureau.store.said(tx, bureau.store.by_number(tx, int(row.number))) for row in rows)
    return [said.id for said in every if isinstance(said.act, Act) and spent(said, past)]


def _erase(bureau: Bureau, act: ActId, tx: Transaction) -> None:
    kept = bureau.store.find(tx, act)
    if kept is not None and not bureau.store.erased(kept):
        bureau.store.erase(tx, act)
