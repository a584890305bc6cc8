"""What arrives: bytes to verdict to ledger to store to receipt (`core/exchange.py` judges, this module carries out).

The cryptography runs before the transaction, everything else inside one: the leaf, the act, the folded state, the
channel's mark and the receipt that we now owe are committed together or not at all. The answer to the carrier is given
only after that commit. What does not even have a valid frame is nobody we know: it is answered and forgotten.
"""

from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial

import msgspec
from sqlalchemy import select, update

from comity.core.act import STREAMS, Said
from comity.core.act import channel_of as channel
from comity.core.codec import decode, encode
from comity.core.cose import Opener
from comity.core.envelope import Delivery, sha256
from comity.core.epoch import Epoch, Held
from comity.core.errors import Malformed
from comity.core.exchange import Accept, Again, Equivocation, Examined, Park, Refuse, Verdict, admit, examine, rule
from comity.core.ids import ActId, BureauId, Digest, Millis
from comity.core.leaf import SALT, Leaf, Way
from comity.core.receipt import ACCEPTED, Gap, Receipt, Receipts, Rung
from comity.core.registry import Registry
from comity.core.ruling import ALLOWED, Refusal
from comity.node import arrivals, channels, epochs, erasing, offers, recovery, schema, subjects
from comity.node.bureau import Bureau
from comity.node.database import Transaction
from comity.node.query import Query
from comity.node.rows import apply_rows
from comity.node.store import PARKED, Fate, Past

GAP_MILLIS = 5_000
"""How long a hole in a channel may stay before we ask: 5 seconds, as parallel deliveries overtake each other."""


UNSEEN = ".unseen"
"""How the code of a refusal ends that says: this act speaks of another which is not here."""

FIRST_LOOK = 1_000
"""When such an act is judged again first, milliseconds; then after ever longer pauses (`node/jobs.py`)."""

OVERTAKEN = 24 * 3_600_000
"""How long an act that overtook the one it speaks of waits for it, milliseconds; then it is refused."""

_o = schema.owed.c
_OWED = Query(
    lambda member, act, recipient: (
        select(_o.number, _o.receipt)
        .where(_o.member == member, _o.act == act, _o.recipient == recipient)
        .order_by(_o.number)
    )
)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the carrier is told at once; the signed receipt follows by the exchange's own road."""

    code: str
    """``accepted``, ``again``, ``parked``, or the code of a refusal; ``malformed`` when nothing was kept."""
    reason: str = ""

    @property
    def committed(self) -> bool:
        """True when the delivery is durable here, whatever the ruling."""
        return self.code != "malformed"


def receive(bureau: Bureau, raws: Sequence[bytes]) -> list[Outcome]:
    """Take in deliveries and say what became of each, once all that was committed is durable.

    All are opened and verified before the first is ruled on, so that one commit serves them together.
    """
    registry = bureau.registry()
    openers = bureau.openers(registry)
    found = [_opened(bureau, raw, registry, openers) for raw in raws]
    opened = [each for each in found if not isinstance(each, Outcome)]
    ids = tuple(examined.said.id for _, examined in opened if examined.said is not None)
    works = [partial(_settle, bureau, ids, each) for each in opened]
    settled = iter(bureau.database.submit_all(works))
    return [each if isinstance(each, Outcome) else _answer(next(settled)) for each in found]


def _answer(waiting: "Future[Outcome]") -> Outcome:
    try:
        return waiting.result()
    except (Malformed, RuntimeError, OverflowError):
        # A number beyond the database's, a text that it does not take: signed, and still nothing that can be kept.
        return Outcome(code="malformed", reason="this node could not keep the act")


def _opened(
    bureau: Bureau, raw: bytes, registry: Registry, openers: tuple[Opener, ...]
) -> Outcome | tuple[Delivery, Examined]:
    try:
        delivery = decode(raw, Delivery)
        frame = admit(delivery, registry, bureau.me)
    except Malformed as problem:
        return Outcome(code="malformed", reason=str(problem))
    kinds = bureau.store.kinds
    examined = examine(delivery, frame, registry=registry, me=bureau.me, openers=openers, kinds=kinds)
    named = examined.said.head.blobs if examined.said is not None else ()
    if not all(bureau.blobs.complete(blob) for blob in {*frame.blobs, *named}):
        return Outcome(code="malformed", reason="an attachment is not here yet; send its chunks first")
    return delivery, examined


def _settle(bureau: Bureau, coming: tuple[ActId, ...], opened: tuple[Delivery, Examined], tx: Transaction) -> Outcome:
    subjects.foresee(bureau.store, tx, coming)
    return settle(bureau, tx, *opened)


def settle(bureau: Bureau, tx: Transaction, delivery: Delivery, examined: Examined) -> Outcome:
    """Rule on an examined delivery inside a transaction, and carry the verdict out."""
    return carry_out(bureau, tx, delivery, examined, rule_on(bureau, examined, bureau.past(tx), bureau.now()))


def rule_on(bureau: Bureau, examined: Examined, past: Past, since: Millis) -> Verdict:
    """Rule on an examined delivery that is here `since` then; the numbered checks first, then every gate."""
    now = bureau.now()
    verdict = rule(examined, registry=past.registry, kinds=bureau.store.kinds, order=past, now=now)
    if not isinstance(verdict, Accept):
        return verdict
    stated = epochs.rule(bureau, past.tx, verdict.said)
    if isinstance(stated, Refusal):
        waits = not isinstance(verdict.said.act, Epoch) and now < since + epochs.WAIT
        return Park(stated, Millis(since + epochs.WAIT)) if waits else Refuse(stated, verdict.said)
    for gate in bureau.gates:
        ruling = gate(verdict.said, past, now)
        if ruling is not ALLOWED and isinstance(ruling, Refusal):
            if ruling.code.endswith(UNSEEN) and now < since + OVERTAKEN:
                return Park(ruling, Millis(since + OVERTAKEN))
            return Refuse(ruling, verdict.said)
    return verdict


def carry_out(bureau: Bureau, tx: Transaction, delivery: Delivery, examined: Examined, verdict: Verdict) -> Outcome:
    """Commit what a verdict demands: leaf, act, state, mark and receipt."""
    sender = examined.frame.sender
    # They are here with their envelope; whatever is ruled, they are under way no longer.
    offers.arrived(bureau, tx, examined.frame.blobs)
    match verdict:
        case Accept(said):
            _accept(bureau, tx, delivery, examined, said)
            return Outcome(code=ACCEPTED)
        case Park(reason):
            _park(bureau, tx, delivery, examined, reason, verdict.until)
            return Outcome(code=PARKED, reason=reason.reason)
        case Again(act):
            owe_again(bureau, tx, sender, act)
            return Outcome(code="again")
        case Equivocation(said, other):
            return _equivocation(bureau, tx, examined, said, other)
        case Refuse(refusal, said):
            return _refuse(bureau, tx, delivery, examined, refusal, said)


def _accept(bureau: Bureau, tx: Transaction, delivery: Delivery, examined: Examined, said: Said) -> None:
    now = bureau.now()
    leaf = _leaf(bureau, tx, Way.RECEIVED, Digest(said.id), delivery)
    signed = examined.signed
    if signed is None:
        raise Malformed("an accepted act without its bytes")
    kept = bureau.store.keep(tx, said, signed, fate=Fate(), at=now, leaf=leaf, frame=delivery.frame)
    number = kept.number
    apply_rows(bureau, tx, said, kept, signed.salt)
    _mark(bureau, tx, said)
    erasing.let_go(bureau, tx, said)
    if isinstance(said.act, Receipts):
        arrivals.apply_receipts(bureau, tx, said, said.act, number)
    elif isinstance(said.act, Gap):
        arrivals.send_again(bureau, tx, said.head.sender, said.act)
    elif isinstance(said.act, Epoch):
        epochs.accept(bureau, tx, said.act, number)
    elif isinstance(said.act, Held):
        recovery.accept(bureau, tx, said, said.act)
    bureau.enter(tx, said)
    if bureau.store.kinds.struct(said.head.kind).receipted:
        owe(bureau, tx, said.head.sender, Receipt(act=Digest(said.id), rung=Rung.RULED, leaf=leaf, at=now))


def _park(
    bureau: Bureau, tx: Transaction, delivery: Delivery, examined: Examined, reason: Refusal, until: Millis
) -> None:
    """Commit without ruling: R1 is owed now, R2 when the moment has come."""
    said, signed, now = examined.said, examined.signed, bureau.now()
    if said is None or signed is None:
        raise Malformed("a parked act without its head")
    leaf = _leaf(bureau, tx, Way.RECEIVED, Digest(said.id), delivery)
    judge_at = until if reason.code == "exchange.future" else Millis(now + FIRST_LOOK)
    fate = Fate(code=PARKED, reason=reason.reason, article=reason.article, judge_at=judge_at)
    bureau.store.keep(tx, said, signed, fate=fate, at=now, leaf=leaf, frame=delivery.frame, delivery=encode(delivery))
    _mark(bureau, tx, said)
    owe(bureau, tx, said.head.sender, Receipt(act=Digest(said.id), rung=Rung.COMMITTED, leaf=leaf, at=now))


def _refuse(
    bureau: Bureau, tx: Transaction, delivery: Delivery, examined: Examined, refusal: Refusal, said: Said | None
) -> Outcome:
    """Log the refusal and owe a receipt that says it; of the act itself at most the head is kept."""
    now, sender = bureau.now(), examined.frame.sender
    named = Digest(said.id) if said is not None else sha256(delivery.sealed)
    if owe_again(bureau, tx, sender, named, code=refusal.code):
        return Outcome(code=refusal.code, reason=refusal.reason)
    leaf = _leaf(bureau, tx, Way.REFUSED, named, delivery, refusal.code)
    if said is not None and examined.signed is not None and Refuse(refusal, said).numbered:
        fate = Fate(code=refusal.code, reason=refusal.reason, article=refusal.article)
        bureau.store.keep(tx, said, examined.signed, fate=fate, at=now, leaf=leaf, frame=delivery.frame)
        _mark(bureau, tx, said)
    if said is not None and examined.signed is not None and refusal.code == "exchange.forwarded":
        bureau.store.accuse(tx, sender, "forwarded", delivery.frame, examined.signed.head, now)
    waited = refusal.code == epochs.UNSTATED and said is not None and not isinstance(said.act, Epoch)
    if waited and examined.signed is not None:
        bureau.store.accuse(tx, sender, "unstated-epoch", delivery.frame, examined.signed.head, now)
    receipt = Receipt(
        act=named, rung=Rung.RULED, code=refusal.code, reason=refusal.reason, article=refusal.article, leaf=leaf, at=now
    )
    owe(bureau, tx, sender, receipt)
    return Outcome(code=refusal.code, reason=refusal.reason)


def _equivocation(bureau: Bureau, tx: Transaction, examined: Examined, said: Said, other: ActId) -> Outcome:
    """Keep both signed heads: two acts under one number are evidence that anybody can check."""
    held = bureau.store.find(tx, other)
    refusal = Refusal("exchange.equivocation", "another act was said under this number", "decision 0009")
    if owe_again(bureau, tx, said.head.sender, said.id, code=refusal.code):
        return Outcome(code=refusal.code, reason=refusal.reason)
    if held is not None and examined.signed is not None:
        sender, now = said.head.sender, bureau.now()
        bureau.store.accuse(tx, sender, "equivocation", held.signed_head, examined.signed.head, now)
        leaf = Leaf(way=Way.EVIDENCE, act=Digest(said.id), at=now, code=refusal.code)
        position = bureau.ledger.append(tx, leaf, bureau.entropy(SALT))
        receipt = Receipt(
            act=Digest(said.id), rung=Rung.RULED, code=refusal.code, reason=refusal.reason, article=refusal.article,
            leaf=position, at=now,
        )  # fmt: skip
        owe(bureau, tx, sender, receipt)
    return Outcome(code=refusal.code, reason=refusal.reason)


# Receipts that we owe.


def owe(bureau: Bureau, tx: Transaction, to: BureauId, receipt: Receipt) -> None:
    """Note a receipt to be sent with the next batch."""
    number = tx.count("owed")
    row = {"number": number, "member": bureau.member, "recipient": to, "act": receipt.act, "receipt": encode(receipt)}
    tx.add(schema.owed, [{**row, "batch": None}])


def owe_again(bureau: Bureau, tx: Transaction, to: BureauId, act: bytes, code: str | None = None) -> bool:
    """Send the same receipts again for an act that came again; tells whether there are any (with that code)."""
    o, rows = schema.owed.c, tx.all(_OWED, member=bureau.member, act=act, recipient=to)
    if not rows or (code is not None and decode(bytes(rows[-1].receipt), Receipt).code != code):
        return False
    tx.run(update(schema.owed).where(o.number.in_([row.number for row in rows])).values(batch=None))
    return True


# Parts.


def _leaf(bureau: Bureau, tx: Transaction, way: Way, act: Digest, delivery: Delivery, code: str = "") -> int:
    leaf = Leaf(way=way, act=act, frame=sha256(delivery.frame), at=bureau.now(), code=code)
    return bureau.ledger.append(tx, leaf, bureau.entropy(SALT))


def _mark(bureau: Bureau, tx: Transaction, said: Said) -> None:
    """Note that this number of the channel has arrived, and what is missing below it."""
    head = said.head
    if all(head.channel != channel(head.org, head.sender, head.to, stream) for stream in STREAMS):
        # A channel of its own, where nothing can be missing: `exchange.addressed` knows no other.
        return
    ask_at = Millis(bureau.now() + GAP_MILLIS)
    channels.mark(tx, bureau.member, head.sender, head.channel, head.epoch, head.seq, ask_at=ask_at)
