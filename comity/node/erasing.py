"""Bodies that must go because somebody entitled to it said so: erased in the transaction that accepts the word.

Authority: decision 0034 (recall). `Capability.erases` gives the acts by the state alone, so it does not matter whether
the word or the body comes first. Our own bodies stay: whoever asks a copy back keeps the original. The attachments go
after the commit; until then, and after a crash in between, nobody can read them, for their keys were in the body.
"""

from functools import partial

from comity.core.act import Said
from comity.core.ids import ActId
from comity.node import subjects
from comity.node.bureau import Bureau
from comity.node.database import Transaction


def let_go(bureau: Bureau, tx: Transaction, said: Said) -> tuple[ActId, ...]:
    """Erase what the state of the subject of an accepted act says must not rest here; returns the acts."""
    subject = subjects.subject_of(bureau.store.kinds, said)
    capability = next((each for each in bureau.capabilities if each.name == said.head.capability), None)
    if subject is None or capability is None or capability.erases is None or capability.state is None:
        return ()
    state = bureau.store.state(tx, subject, capability.state)
    gone = []
    for act in sorted(capability.erases(state, bureau.me)) if state is not None else ():
        kept = bureau.store.find(tx, act)
        if kept is None or kept.head.sender == bureau.me or bureau.store.erased(kept):
            continue
        bureau.store.erase(tx, act)
        for blob in kept.head.blobs:
            tx.after.append(partial(bureau.blobs.drop, blob))
        gone.append(act)
    return tuple(gone)
