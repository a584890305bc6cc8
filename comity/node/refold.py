"""A subject's state as one reader may know it: folded again from the acts that they may see (decisions 0015 and 0016).

The kept state rests on every act about the subject, so it would tell a reader of those that are hidden from them. For
such a reader it is folded as on a node that never got the hidden acts, and that had erased the bodies of masked ones.
Nothing of this is kept; `node/view.py` asks for it only where something is hidden or masked.
"""

import msgspec
from sqlalchemy import and_, select

from comity.core.act import Erased, Said
from comity.core.capability import Capability, Hidden, Masked, Sight
from comity.core.ids import ActId
from comity.core.keeping import Entered
from comity.node import schema
from comity.node.bureau import Bureau
from comity.node.database import Transaction


def fold_seen(
    bureau: Bureau, tx: Transaction, subject: ActId, capability: Capability, judged: list[tuple[Said, Sight]]
) -> object:
    """Return the state that the judged acts make, in the order of our log, or None when nothing is left of them.

    Along a keeper's chain it ends before the first hidden act: what follows might not make sense without it.
    """
    if capability.fold is None:
        return None
    state: object = None
    waiting: dict[ActId, Said | None] = {}
    for said, seen_as in judged:
        shown = None if isinstance(seen_as, Hidden) else _tombstone(said) if isinstance(seen_as, Masked) else said
        if bureau.store.kinds.struct(said.head.kind).kept:
            waiting[said.id] = shown
        elif shown is not None:
            state = capability.fold(state, Entered(number=0, said=shown))
    for number, act in _chain(bureau, tx, subject):
        # What is not waiting belongs to the chain itself, a handover for one, and is folded nowhere.
        if act in waiting:
            entered = waiting[act]
            if entered is None:
                break
            state = capability.fold(state, Entered(number=number, said=entered))
    return state


def _chain(bureau: Bureau, tx: Transaction, subject: ActId) -> list[tuple[int, ActId]]:
    """Return number and act of each entry that the store has folded."""
    e, s = schema.entries.c, schema.subjects.c
    folded = select(s.entered).where(and_(s.member == bureau.member, s.subject == subject)).scalar_subquery()
    where = and_(e.member == bureau.member, e.subject == subject, e.position <= folded)
    rows = tx.all(select(e.position, e.act).where(where).order_by(e.position))
    return [(int(row.position), ActId(bytes(row.act))) for row in rows]


def _tombstone(said: Said) -> Said:
    return msgspec.structs.replace(said, act=Erased(tag=said.head.kind))
