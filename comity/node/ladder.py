"""How far an act has come: the rungs that receipts reached, and the silences that we stated (decision 0018).

R0 carried, R1 committed, R2 ruled, R3 decided by a person, N not received by the deadline. A rung is what a signed
receipt says; the state of the delivery beside it is only what this node knows of its own attempts. Whether a reader
may ask about the act is for `node/view.py` to say, before it asks here.
"""

import msgspec
from sqlalchemy import and_, select

from comity.core import cose
from comity.core.act import kind_of
from comity.core.carriage import Returned
from comity.core.codec import decode
from comity.core.errors import Malformed
from comity.core.ids import ActId, BureauId, Millis
from comity.core.receipt import Nondelivery, Receipt, Rung
from comity.node import schema
from comity.node.bureau import Bureau
from comity.node.database import Transaction
from comity.node.store import Kept


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """One rung that an act has reached with one recipient, as a receipt says."""

    rung: Rung
    code: str
    reason: str
    article: str
    leaf: int
    """In the signer's log."""
    at: Millis
    """The signer's clock."""
    batch: ActId | None
    """The act that carries the receipt; None while it waits to be sent."""
    row: int | None
    """Its place in that act; known of receipts that we got."""


class Carriage(msgspec.Struct, frozen=True, kw_only=True):
    """The rung R0: a relay has signed that the act is on its disk. It says nothing of the recipient."""

    rung: Rung = Rung.CARRIED
    relay: BureauId
    at: Millis
    """The relay's clock."""
    returned: str = ""
    """Why it gave the act back since, at the time above; empty while its promise stands."""


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """Our statement that a recipient was silent until the deadline: the rung N."""

    statement: ActId
    deadline: Millis
    attempts: int
    said: Millis


class Ladder(msgspec.Struct, frozen=True, kw_only=True):
    """How far an act has come with one recipient."""

    recipient: BureauId
    carried: tuple[Carriage, ...] = ()
    """By relays, the first one first."""
    reached: tuple[Reached, ...] = ()
    """What the recipient signed, from the lowest rung up."""
    silences: tuple[Silence, ...] = ()
    state: str = ""
    """``queued``, ``handed``, ``settled`` or ``silent``; empty for an act that we received."""
    attempts: int = 0
    next_at: Millis | None = None
    deadline: Millis | None = None
    trouble: str = ""
    """What stopped the last attempt."""
    opened: Millis | None = None
    """When a person there says to have opened it, by that bureau's clock; what a desk knows, and no rung."""


def climbed(bureau: Bureau, tx: Transaction, kept: Kept, recipient: BureauId) -> Ladder:
    """Return how far an act of ours has come with one of its recipients."""
    o = schema.outbox.c
    line = tx.one(select(schema.outbox).where(and_(o.act == kept.number, o.recipient == recipient)))
    reached, carried = _receipts(bureau, tx, kept, recipient), _carried(bureau, tx, kept, recipient)
    if line is None:
        return Ladder(recipient=recipient, carried=carried, reached=reached)
    # Silence is stated once the deadline has passed, so before it there is nothing to look for.
    silences = _silences(bureau, tx, kept, recipient) if line.deadline <= bureau.now() else ()
    return Ladder(
        recipient=recipient, carried=carried, reached=reached, silences=silences, state=line.state,
        attempts=int(line.attempts), next_at=None if line.next_at is None else Millis(line.next_at),
        deadline=Millis(line.deadline), trouble=line.trouble,
    )  # fmt: skip


def answered(bureau: Bureau, tx: Transaction, kept: Kept) -> Ladder:
    """Return what we answered, or owe as an answer, to an act that we received."""
    o = schema.owed.c
    mine = and_(o.member == bureau.member, o.act == kept.id, o.recipient == kept.head.sender)
    reached = []
    for line in tx.all(select(o.receipt, o.batch).where(mine).order_by(o.number)):
        receipt = decode(bytes(line.receipt), Receipt)
        batch = None if line.batch is None else bureau.store.by_number(tx, int(line.batch)).id
        reached.append(
            Reached(
                rung=receipt.rung, code=receipt.code, reason=receipt.reason, article=receipt.article, leaf=receipt.leaf,
                at=receipt.at, batch=batch, row=None,
            )
        )  # fmt: skip
    return Ladder(recipient=bureau.me, reached=tuple(reached))


def _receipts(bureau: Bureau, tx: Transaction, kept: Kept, signer: BureauId) -> tuple[Reached, ...]:
    r = schema.receipts.c
    where = and_(r.member == bureau.member, r.act == kept.id, r.signer == signer)
    return tuple(
        Reached(
            rung=Rung(row.rung), code=row.code, reason=row.reason, article=row.article, leaf=int(row.leaf),
            at=Millis(row.at), batch=bureau.store.by_number(tx, int(row.batch)).id, row=int(row.row),
        )
        for row in tx.all(select(schema.receipts).where(where).order_by(r.rung))
    )  # fmt: skip


def _carried(bureau: Bureau, tx: Transaction, kept: Kept, recipient: BureauId) -> tuple[Carriage, ...]:
    c = schema.carried.c
    where = and_(c.member == bureau.member, c.act == kept.number, c.recipient == recipient)
    rows = tx.all(select(c.relay, c.at, c.statement).where(where).order_by(c.noted, c.relay))
    return tuple(
        Carriage(relay=BureauId(row.relay), at=Millis(row.at), returned=_taken_back(bytes(row.statement)))
        for row in rows
    )


def _taken_back(statement: bytes) -> str:
    """Return why a relay gave mail back, if its last statement says so; it was verified when it came."""
    try:
        return decode(cose.payload_of(statement), Returned).code
    except Malformed:
        return ""


def _silences(bureau: Bureau, tx: Transaction, kept: Kept, recipient: BureauId) -> tuple[Silence, ...]:
    # Statements are few, and they are younger than what they are about.
    a = schema.acts.c
    ours = and_(a.member == bureau.member, a.sender == bureau.me, a.kind == kind_of(Nondelivery))
    found = []
    for row in tx.all(select(a.number).where(and_(ours, a.number > kept.number)).order_by(a.number)):
        said = bureau.store.said(tx, bureau.store.by_number(tx, int(row.number)))
        if isinstance(said.act, Nondelivery) and (said.act.act, said.act.recipient) == (kept.id, recipient):
            statement = said.act
            found.append(
                Silence(
                    statement=said.id, deadline=statement.deadline, attempts=statement.attempts, said=said.head.said
                )
            )
    return tuple(found)
