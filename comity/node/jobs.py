"""What falls due: receipts to pay, holes to ask for, silence to state, parked acts to judge again.

Each job looks at the store, does what is due now, and leaves the rest: so after a week switched off a node does once
what fell due meanwhile, and nothing twice. `node/service.py` calls them; tests call them with a clock of their own.
"""

from functools import partial
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import ColumnElement, Row, and_, exists, select, update

from comity.core import cose
from comity.core.codec import decode, recall, unpack
from comity.core.envelope import Delivery, Frame
from comity.core.exchange import Park, examine
from comity.core.ids import ActId, BureauId, Millis
from comity.core.note import only
from comity.core.receipt import BATCH, Gap, Nondelivery, Receipt, Receipts
from comity.core.registry import KeyUse
from comity.core.ruling import Refusal
from comity.node import continuity, epochs, schema
from comity.node.bureau import Bureau, Utterance
from comity.node.database import Transaction
from comity.node.inbox import FIRST_LOOK, GAP_MILLIS, carry_out, rule_on
from comity.node.query import Query
from comity.node.store import PARKED, Past

ASK_AGAIN = 10 * GAP_MILLIS
"""How long a peer may take to fill a hole before we ask once more; doubled each time that nothing comes."""

ASK_SELDOM = 86_400_000
"""The longest such pause: a day."""

MOST_HOLES = 64
"""Holes named in one request; the others are asked for when these are filled."""

_a, _c, _o, _p = schema.acts.c, schema.channels.c, schema.owed.c, schema.peers.c
_OWED_TO = Query(lambda member: select(_o.recipient).where(_o.member == member, _o.batch.is_(None)).distinct())
_OWED = Query(
    lambda member, recipient: (
        select(_o.number, _o.receipt)
        .where(_o.member == member, _o.batch.is_(None), _o.recipient == recipient)
        .order_by(_o.number)
        .limit(BATCH)
    )
)
_PAID = Query(lambda number, batch: update(schema.owed).where(_o.number == number).values(batch=batch))
_HEARD = Query(lambda member, bureau: select(_p.note).where(_p.member == member, _p.bureau == bureau))
_HOLES = Query(
    lambda member, me, now: (
        select(schema.channels)
        .where(_c.member == member, _c.sender != me, _c.ask_at <= now)
        .order_by(_c.ask_at)
        .limit(100)
    )
)
_RIPE = Query(
    lambda member, now: (
        select(_a.number)
        .where(_a.member == member, _a.code == PARKED, _a.judge_at <= now)
        .order_by(_a.judge_at)
        .limit(200)
    )
)


def pay_receipts(bureau: Bureau) -> int:
    """Say the receipts that are owed, up to `BATCH` to an act and one act to each bureau; returns how many were paid.

    What is owed to a bureau that may be told nothing waits, and holds up nobody else's.
    """
    with bureau.database.read() as tx:
        owed_to = [BureauId(row.recipient) for row in tx.all(_OWED_TO, member=bureau.member)]
        due: dict[BureauId, list[tuple[int, Receipt]]] = {}
        for to in filter(partial(_reachable, bureau), owed_to):
            rows = tx.all(_OWED, member=bureau.member, recipient=to)
            due[to] = [(row.number, recall(bytes(row.receipt), Receipt)) for row in rows]
    if not due:
        return 0
    key = bureau.private(KeyUse.LOG)
    # All of them wait for one commit; a bureau to which nothing can be said holds up no other.
    paid = [bureau.database.submit(partial(_pay, bureau, key, to, owed)) for to, owed in due.items()]
    return sum(each.result() for each in paid)


def _pay(bureau: Bureau, key: Ed25519PrivateKey, to: BureauId, owed: list[tuple[int, Receipt]], tx: Transaction) -> int:
    # What is owed was committed before this transaction began, so it stands under the checkpoint. The log's own
    # signature is enough here; its witnesses' would make each batch of receipts 12 kB longer.
    note = only(bureau.ledger.checkpoint(tx, key, bureau.now()), bureau.ledger.origin)
    peer = tx.one(_HEARD, member=bureau.member, bureau=to)
    yours = bytes(peer.note).decode() if peer is not None else ""
    since = continuity.proofs(bureau, tx, to, note)
    receipts = tuple(receipt for _, receipt in owed)
    act = Receipts(receipts=receipts, mine=note.decode(), yours=yours, since=since)
    kept = bureau.utter(tx, Utterance(act=act, to=(to,), stream="receipts"))
    tx.each(_PAID, [{"number": number, "batch": kept.number} for number, _ in owed])
    return len(owed)


def checkpoint(bureau: Bureau) -> bytes:
    """Sign a checkpoint of everything that is committed, and return the note."""
    key = bureau.private(KeyUse.LOG)
    return bureau.database.write(lambda tx: bureau.ledger.checkpoint(tx, key, bureau.now()))


def ask_gaps(bureau: Bureau) -> int:
    """Ask the senders for what is missing on their channels; returns how many were asked."""
    with bureau.database.read() as tx:
        rows = tx.all(_HOLES, member=bureau.member, me=bureau.me, now=bureau.now())
    return sum(bureau.database.write(partial(_ask, bureau, row)) for row in rows)


def _ask(bureau: Bureau, row: Row[Any], tx: Transaction) -> int:
    c = schema.channels.c
    place = and_(c.member == bureau.member, c.sender == row.sender, c.channel == row.channel, c.epoch == row.epoch)
    sender = BureauId(row.sender)
    if not _reachable(bureau, sender):
        tx.run(update(schema.channels).where(place).values(ask_at=None))
        return 0
    missing = tuple((first, last) for first, last in unpack(bytes(row.missing))[:MOST_HOLES])
    act = Gap(channel=bytes(row.channel), epoch=row.epoch, missing=missing)
    bureau.utter(tx, Utterance(act=act, to=(sender,), stream="receipts"))
    # What was refused without being counted, or erased meanwhile, never comes: so the pauses grow.
    pause = min(ASK_AGAIN * 2 ** min(int(row.asked), 20), ASK_SELDOM)
    tx.run(update(schema.channels).where(place).values(ask_at=bureau.now() + pause, asked=row.asked + 1))
    return 1


def state_silence(bureau: Bureau) -> int:
    """Say, and so log, that acts were sent in time and not received by their deadline; returns how many."""
    o, r = schema.outbox.c, schema.receipts.c
    answered = exists().where(and_(r.member == o.member, r.act == o.id, r.signer == o.recipient))
    open_ = and_(o.member == bureau.member, o.state.in_(("queued", "handed")), ~answered)
    with bureau.database.read() as tx:
        if epochs.closed(bureau, tx):
            # Whoever was silent when the backup was made may have answered since.
            return 0
        late = select(o.act, o.recipient).where(and_(open_, o.deadline <= bureau.now()))
        rows = tx.all(late.order_by(o.deadline).limit(200))
    return sum(bureau.database.write(partial(_silent, bureau, row, open_)) for row in rows)


def _silent(bureau: Bureau, found: Row[Any], open_: ColumnElement[bool], tx: Transaction) -> int:
    o = schema.outbox.c
    place = and_(o.act == found.act, o.recipient == found.recipient)
    row = tx.one(select(schema.outbox).where(and_(place, open_)))
    if row is None:
        return 0
    # The act itself stays in the outbox: late is better than never, and the statement stands beside it.
    tx.run(update(schema.outbox).where(place).values(state="silent"))
    kept = bureau.store.by_number(tx, row.act)
    if not bureau.store.kinds.struct(kept.head.kind).receipted:
        return 0
    recipient = BureauId(row.recipient)
    act = Nondelivery(
        act=ActId(bytes(row.id)), recipient=recipient, deadline=Millis(row.deadline), attempts=row.attempts
    )
    # It is logged in any case; a bureau that may be told nothing more is not told this either.
    to = recipient if _reachable(bureau, recipient) else bureau.me
    bureau.utter(tx, Utterance(act=act, to=(to,)))
    return 1


def judge_parked(bureau: Bureau) -> int:
    """Judge again what was parked, as far as its moment has come; returns how many were ruled on."""
    with bureau.database.read() as tx:
        numbers = [row.number for row in tx.all(_RIPE, member=bureau.member, now=bureau.now())]
        doomed = tx.one(select(schema.doomed.c.number).limit(1)) is not None
    judged = sum(bureau.database.write(partial(_judge, bureau, number)) for number in numbers)
    if doomed:
        bureau.database.write(bureau.store.destroy)
    return judged


def _judge(bureau: Bureau, number: int, tx: Transaction) -> int:
    kept = bureau.store.by_number(tx, number)
    if kept.code != PARKED:
        return 0
    delivery = decode(bureau.store.parked(tx, kept), Delivery)
    # The frame was verified when it came; were its sender out by now, that is for the ruling to say.
    frame = decode(cose.payload_of(delivery.frame), Frame)
    registry, kinds = bureau.registry(), bureau.store.kinds
    examined = examine(delivery, frame, registry=registry, me=bureau.me, openers=bureau.openers(), kinds=kinds)
    past = Past(bureau.store, tx, registry, ignoring=kept.id, verify=bureau.verify)
    verdict = rule_on(bureau, examined, past, kept.at)
    if isinstance(verdict, Park):
        # An act that waits for another is looked at again after a quarter of the time that it has waited.
        later = min(bureau.now() + FIRST_LOOK + (bureau.now() - kept.at) // 4, verdict.until)
        tx.run(update(schema.acts).where(schema.acts.c.number == number).values(judge_at=later))
        return 0
    bureau.store.unpark(tx, kept)
    carry_out(bureau, tx, delivery, examined, verdict)
    return 1


def _reachable(bureau: Bureau, party: BureauId) -> bool:
    """Tell whether a party may be told about the exchange; whoever is out is told nothing."""
    return not isinstance(bureau.registry().may_act(party, "exchange", bureau.now()), Refusal)
