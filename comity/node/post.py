"""What leaves: lines of the outbox become sealed deliveries, and every answer is written down (decision 0029).

An act is sealed when it is about to leave, to the key that the recipient's profile lists now. A line is done only when
the recipient's signed receipt is here; an answer of the carrier, and a relay's signed promise, only move the next
attempt. So an act is never lost between two machines: at worst it is sent twice, and the second time is answered with
the same receipt.

Everything here is synchronous and takes one step; `node/service.py` takes the steps again and again, and tests take
them one by one.
"""

from collections import defaultdict
from collections.abc import Collection
from concurrent.futures import Future
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, Select, Update, and_, select, update

from comity.core import cose
from comity.core.carriage import Carried, read_returned
from comity.core.codec import encode
from comity.core.envelope import CONTENT_KEY, NONCE, Delivery, Lane, Signed, frame_of, seal, sha256
from comity.core.errors import ComityError, Misused
from comity.core.exchange import Proof
from comity.core.ids import ActId, BureauId, Digest, Millis
from comity.core.leaf import Way
from comity.core.registry import KeyUse
from comity.node import schema
from comity.node.arrivals import unless_silent
from comity.node.bureau import LANES, Bureau
from comity.node.chunks import CHUNK, ID
from comity.node.database import Transaction
from comity.node.inbox import Outcome
from comity.node.query import Query
from comity.node.store import Kept

BATCH = 256
"""Deliveries in one request at most; what one request carries is one group commit, and one batch of receipts, at the
other side. Of 128 and 256, 256 carried a fifth more acts a second: what is done once for each batch is not little."""

BATCH_BYTES = 8 * 1024 * 1024
"""Bytes of bodies in one request, after which it is sent off."""

ABREAST = 32
"""Recipients of one look: the first of many are on the line while the next are sealed."""

FIRST_WAIT = 1_000
LONGEST_WAIT = 15 * 60_000
"""Back-off after a failure, milliseconds: 1 s, doubled each time, at most 15 minutes, each with up to a half more."""

RECEIPT_WAIT = 60_000
"""How long the recipient's receipt may take after its node answered, before the act is sent again."""

CARRIED_WAIT = 3_600_000
"""How long the receipt may take once a relay holds the act, milliseconds: it promised, and the recipient may be away.
Then the direct road is tried, and a relay that does not hold it (decision 0033)."""

CARRIED_AGAIN = 7 * 86_400_000
"""How long a relay's word is relied on, milliseconds; then it is handed the act once more, should it be lost."""

_LANE = {number: lane for lane, number in LANES.items()}
_o = schema.outbox.c


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery that is ready to leave."""

    number: int
    """Of the act."""
    act: ActId
    recipient: BureauId
    delivery: bytes
    """CBOR of `core.envelope.Delivery`."""
    sealed: Digest
    blobs: tuple[Digest, ...]
    receipted: bool = True
    """False where the other node's answer is all that will come."""
    relays: tuple[BureauId, ...] = ()
    """Relays to try if the recipient cannot be reached, in this order; those that hold the act already are left out."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What became of parcels on one road: at the recipient's node, or at a relay, whose word comes with it."""

    parcels: list[Parcel]
    outcomes: list[Outcome]
    """One for each; at a relay only those that its statement names are committed."""
    relay: BureauId | None = None
    said: Carried | None = None
    statement: bytes = b""
    wait: int = 0
    """Seconds for which whoever refused does not want to be asked again."""


def collect(
    bureau: Bureau, busy: frozenset[BureauId] = frozenset(), underway: Collection[tuple[int, BureauId]] = ()
) -> dict[BureauId, list[Parcel]]:
    """Seal what is due, urgent first, and return it by recipient: `BATCH` each at most, for `ABREAST` of them at most.

    `busy` recipients are left out, and so is what is `underway`: acts by number, each with its recipient.
    """
    parcels: dict[BureauId, list[Parcel]] = defaultdict(list)
    failed: list[tuple[int, BureauId, str]] = []
    size: dict[BureauId, int] = defaultdict(int)
    with bureau.database.read() as tx:
        lines = _due(bureau, tx, busy, underway)
        if not lines:
            return {}
        roads, acts = _roads(bureau, tx, lines), bureau.store.resting(tx, (line.act for line in lines))
        opened = cache(lambda act: bureau.store.opened(*acts[act]))  # Once for all recipients of an act.
        for line in lines:
            recipient = BureauId(str(line.recipient))
            if size[recipient] > BATCH_BYTES:
                continue
            try:
                kept, relays = acts[line.act][0], roads.get((line.act, recipient), ())
                parcel = _parcel(bureau, tx, line, kept, opened(line.act), relays=relays)
            except ComityError as problem:
                failed.append((line.act, recipient, str(problem)))
                continue
            size[recipient] += len(parcel.delivery)
            parcels[recipient].append(parcel)
    _put_all_off(bureau, failed)
    return {recipient: found for recipient, found in parcels.items() if found}


def _due(
    bureau: Bureau, tx: Transaction, busy: frozenset[BureauId], underway: Collection[tuple[int, BureauId]]
) -> list[Row[Any]]:
    """Return the lines to send now, in order, `BATCH` to each recipient at most."""
    most = 2 * BATCH + len(underway)
    if busy:
        found = tx.all(_lines(bureau.member, bureau.now()).where(_o.recipient.not_in(busy)).limit(most))
    else:
        found = tx.all(_DUE, member=bureau.member, now=bureau.now(), most=most)
    count: dict[str, int] = defaultdict(int)
    chosen = []
    for line in found:
        if (line.act, line.recipient) in underway or (line.recipient not in count and len(count) == ABREAST):
            continue
        if count[line.recipient] < BATCH:
            count[line.recipient] += 1
            chosen.append(line)
    return chosen


def _lines(member: Any, now: Any) -> Select[Any]:  # noqa: ANN401 - values, or their places in a query
    columns = select(_o.act, _o.recipient, _o.id, _o.lane, _o.proof, _o.attempts)
    return columns.where(_o.member == member, _o.next_at <= now).order_by(_o.lane, _o.next_at, _o.act)


_DUE = Query(lambda member, now, most: _lines(member, now).limit(most))


def record(bureau: Bureau, parcels: list[Parcel], outcomes: list[Outcome]) -> None:
    """Write down what the recipient's node answered to each parcel."""
    note(bureau, Report(parcels=parcels, outcomes=outcomes)).result()


def note(bureau: Bureau, report: Report) -> "Future[None]":
    """Write down, with the next commit, what a report says: answers of the recipient's node, or R0 of a relay.

    Raises:
        Misused: it has more answers than parcels, or fewer.

    """
    if len(report.parcels) != len(report.outcomes):
        raise Misused(f"{len(report.outcomes)} answers to {len(report.parcels)} deliveries")
    return bureau.database.submit(lambda tx: _noted(bureau, tx, report))


def _noted(bureau: Bureau, tx: Transaction, report: Report) -> None:
    relay, said, taken = report.relay, report.said, []
    for parcel, outcome in zip(report.parcels, report.outcomes, strict=True):
        if outcome.committed:
            taken.append(parcel)
        else:
            _put_off(bureau, tx, parcel.number, parcel.recipient, outcome.reason, report.wait * 1000)
    if relay is None or said is None:
        _handed(bureau, tx, taken)
        return
    rows = [
        {
            "member": bureau.member, "act": parcel.number, "recipient": parcel.recipient, "relay": relay,
            "sealed": parcel.sealed, "at": said.at, "noted": bureau.now(), "statement": report.statement,
        }
        for parcel in taken
    ]  # fmt: skip
    tx.put(schema.carried, rows)
    _handed(bureau, tx, taken, CARRIED_WAIT)


def given_back(bureau: Bureau, relay: BureauId, raw: bytes) -> bool:
    """Write down that a relay takes promises back; tells whether these bytes say so, under its good key.

    Its statement stands where its promise stood, as evidence of both; the act is due again, by whatever road is left.
    """
    try:
        said = read_returned(raw, bureau.registry(), relay)
    except ComityError:
        return False

    def write(tx: Transaction) -> None:
        c, o = schema.carried.c, schema.outbox.c
        mine = and_(c.member == bureau.member, c.relay == relay, c.recipient == said.to, c.sealed.in_(said.sealed))
        acts = [row.act for row in tx.all(select(c.act).where(mine))]
        tx.run(update(schema.carried).where(mine).values(statement=raw, at=said.at, noted=0))
        open_ = and_(o.act.in_(acts), o.recipient == said.to, o.state != "settled")
        trouble = f"{relay} gave it back: {said.code}"
        values = {"state": unless_silent("queued"), "next_at": bureau.now(), "trouble": trouble}
        tx.run(update(schema.outbox).where(open_).values(**values))

    bureau.database.write(write)
    return True


def failed(bureau: Bureau, parcels: list[Parcel], trouble: str) -> None:
    """Write down that nobody answered; each parcel waits longer than the time before."""
    _put_all_off(bureau, [(parcel.number, parcel.recipient, trouble) for parcel in parcels])


def _roads(bureau: Bureau, tx: Transaction, lines: list[Row[Any]]) -> dict[tuple[int, str], tuple[BureauId, ...]]:
    """Return the relays to try for each line: in the registry's order, begun at a place that the act's id says.

    So the load is spread, and each attempt for one act comes to the same relay first.
    """
    listed = bureau.registry().relays(bureau.now())
    if not listed:
        return {}
    c = schema.carried.c
    relied = c.noted > bureau.now() - CARRIED_AGAIN
    # A relay can hold only what was tried before.
    tried = [line.act for line in lines if line.attempts]
    place = and_(c.member == bureau.member, c.act.in_(tried), relied)
    rows = tx.all(select(c.act, c.recipient, c.relay).where(place)) if tried else ()
    holding = {(row.act, row.recipient, row.relay) for row in rows}
    roads = {}
    for line in lines:
        first = bytes(line.id)[0] % len(listed)
        order = (*listed[first:], *listed[:first])
        roads[line.act, line.recipient] = tuple(
            relay for relay in order if (line.act, line.recipient, relay) not in holding
        )
    return roads


def _parcel(
    bureau: Bureau, tx: Transaction, line: Row[Any], kept: Kept, signed: Signed, *, relays: tuple[BureauId, ...]
) -> Parcel:
    recipient = BureauId(str(line.recipient))
    head = kept.head
    registry = bureau.registry_in(tx)
    profile = registry.profile(recipient)
    key = profile.current(KeyUse.SEAL)
    lane = _LANE.get(line.lane, Lane.NORMAL)
    sealed = seal(signed, [key], bureau.entropy(CONTENT_KEY + NONCE))
    delivery = frame_of(
        sealed, key, bureau.signer(registry), org=bureau.org, sender=bureau.me, to=recipient, lane=lane,
        said=bureau.now(), expires=head.label.expires, blobs=head.blobs,
        blob_bytes=sum(_room(bureau, blob) for blob in head.blobs),
    )  # fmt: skip
    if line.proof:
        delivery = Delivery(frame=delivery.frame, sealed=delivery.sealed, proof=proof(bureau, tx, kept.id))
    return Parcel(
        number=kept.number, act=kept.id, recipient=recipient, delivery=encode(delivery),
        sealed=sha256(delivery.sealed), blobs=head.blobs, relays=relays,
        receipted=bureau.store.kinds.struct(head.kind).receipted,
    )  # fmt: skip


def _room(bureau: Bureau, blob: Digest) -> int:
    """Return the bytes of the blob's chunks as if each were full; a carrier is told nothing more exact."""
    return len(bureau.blobs.manifest(blob)) // ID * CHUNK


def proof(bureau: Bureau, tx: Transaction, act: ActId) -> bytes | None:
    """Return the proof that an act of ours was logged before its key was revoked, as far as that is so.

    Of several keys that signed or approved it, the one whose revocation leaves the smallest good log counts.
    """
    kept = bureau.store.find(tx, act)
    signed = [] if kept is None else [kept.signed_head, *kept.approvals]
    found = [bureau.registry().revocation(bureau.me, cose.key_id(raw)) for raw in signed]
    cut = min((one.size for one in found if one is not None), default=0)
    for position in bureau.ledger.positions(tx, Digest(act)):
        if position < cut:
            proven = bureau.ledger.prove(tx, position, cut)
            if proven.leaf.way is Way.SENT:
                return encode(Proof(leaf=proven.leaf, salt=proven.salt, inclusion=proven.inclusion))
    return None


def _answered(act: Any, recipient: Any, sealed: Any, state: ColumnElement[str] | str, again: Any) -> Update:  # noqa: ANN401
    """Describe what an answer changes in a line that no receipt has settled."""
    return (
        update(schema.outbox)
        .where(_o.act == act, _o.recipient == recipient, _o.state != "settled")
        .values(state=state, next_at=again, sealed=sealed, trouble="", attempts=_o.attempts + 1)
    )


_AWAITED = Query(
    lambda act, recipient, sealed, again: _answered(act, recipient, sealed, unless_silent("handed"), again)
)
_DONE = Query(lambda act, recipient, sealed: _answered(act, recipient, sealed, "settled", None))
_TRIED = Query(
    lambda act, recipient: (
        update(schema.outbox)
        .where(_o.act == act, _o.recipient == recipient, _o.state == "settled")
        .values(attempts=_o.attempts + 1)
    )
)


def _handed(bureau: Bureau, tx: Transaction, parcels: list[Parcel], wait: int = RECEIPT_WAIT) -> None:
    lines: list[dict[str, Any]] = [{"act": each.number, "recipient": each.recipient} for each in parcels]
    # Where the receipt was quicker than the answer that took it: it is settled, and it was an attempt all the same.
    tx.each(_TRIED, lines)
    again = bureau.now() + wait
    answered = [line | {"sealed": each.sealed, "again": again} for line, each in zip(lines, parcels, strict=True)]
    tx.each(_AWAITED, [line for line, each in zip(answered, parcels, strict=True) if each.receipted])
    tx.each(_DONE, [line for line, each in zip(answered, parcels, strict=True) if not each.receipted])


def _put_all_off(bureau: Bureau, lines: list[tuple[int, BureauId, str]]) -> None:
    """Put off the next attempt of each act to each recipient, for the trouble that it met."""

    def write(tx: Transaction) -> None:
        for line in lines:
            _put_off(bureau, tx, *line)

    if lines:
        bureau.database.write(write)


def _put_off(bureau: Bureau, tx: Transaction, number: int, recipient: str, trouble: str, least: int = 0) -> None:
    """Move the next attempt: exponential back-off with some chance in it, so that peers do not all come at once.

    At least `least` milliseconds.
    """
    place = and_(_o.act == number, _o.recipient == recipient)
    row = tx.one(select(_o.attempts, _o.state).where(place))
    if row is None or row.state == "settled":
        return
    pause = min(FIRST_WAIT * 2 ** min(int(row.attempts), 20), LONGEST_WAIT)
    pause += pause * bureau.entropy(1)[0] // 512
    c = schema.carried.c
    mine = and_(c.member == bureau.member, c.act == number, c.recipient == recipient)
    if tx.one(select(c.relay).where(mine).limit(1)) is not None:
        # A relay holds it: that nobody else can be reached is no reason for haste.
        pause = max(pause, CARRIED_WAIT)
    values = {
        "attempts": row.attempts + 1,
        "next_at": Millis(bureau.now() + max(pause, least)),
        "trouble": trouble[:300],
    }
    tx.run(update(schema.outbox).where(place).values(**values))
