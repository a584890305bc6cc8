"""After a restore: both sides say what they hold, and what one of them lost comes back (decision 0039).

The restored bureau tells each member its epoch, and how far the channels between the two are known to it. The member
says again what the bureau had received and lost, and hands back what the bureau itself had said: with its body where it
is still there, else the signed head, which proves that it was said. Nothing of this needs trust in the member: what it
says again is signed by itself, and what it hands back by the bureau.

Until every member has answered, and each act that it named is here and ruled on, the desks are closed: nobody reads and
nobody says anything but the exchange itself. So what was recalled after the backup is erased before anybody can see it,
and a keeper gives no number twice. A member that is away may be waived by the bureau's own decision; then what came
from it before stays hidden until it has answered after all (`epochs.withheld`).

An answer carries whole acts. Once it has arrived, its body goes on both sides: what it carried rests by itself, and a
copy in it would outlive a recall or a withdrawal.

The members' answer is made here too: `work` does whatever either side has to do next.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, and_, delete, exists, func, select, update

from comity.core import cose
from comity.core.act import Act, Head, Said, Unknown
from comity.core.codec import decode, encode, unpack
from comity.core.envelope import HEAD, Lane, Signed
from comity.core.epoch import Epoch, Held, Mark, Returned
from comity.core.errors import Malformed, Misused
from comity.core.exchange import addressed, fill
from comity.core.ids import ActId, BureauId, Digest, Millis, act_id
from comity.core.leaf import SALT, Leaf, Way
from comity.core.registry import KeyUse, Role
from comity.core.ruling import Refusal
from comity.node import arrivals, epochs, erasing, schema
from comity.node.bureau import LANES, PATIENCE, Bureau, Utterance
from comity.node.database import Transaction
from comity.node.rows import apply_rows
from comity.node.store import ACCEPTED, HELD, PARKED, Fate

PART = 2 << 20
"""Bytes of bodies in one part of an answer; what is longer goes alone."""

LONGEST = 6 << 20
"""The longest body that is handed back: a structure has 8 MiB at most. Of a longer one, the head."""

NAMED = 5_000
"""Acts named or handed back in one part."""

ENCLOSED = 64
"""Attachments in one part, as many as a head may name."""

MOST_MARKS = 50_000
"""Channels named to one member, the newest first; what is not named is said again, and does no harm."""

_OURS = ("exchange.epoch/1", HELD, "exchange.gap/1")
"""Kinds that speak of this exchange alone, and mean nothing later."""

_a, _o, _r, _w = schema.acts.c, schema.outbox.c, schema.recoveries.c, schema.awaited.c


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """How far one member has answered."""

    bureau: BureauId
    state: str
    """``asked``, ``answered``, ``done`` or ``waived``."""
    again: int
    """Acts of its own that it says again."""
    returned: int
    """Acts of ours that it handed back and that we lacked."""
    awaited: int
    """Acts that it named and that are not here, or not ruled on yet."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was lost, what came back, from whom, and what nobody holds."""

    epoch: int
    began: Millis
    opened: Millis | None
    """When the desks opened; absent while they are closed."""
    kept: int
    """Leaves of the earlier log that the backup held."""
    known: int
    """Leaves that the earlier log had, as far as anybody's checkpoint shows."""
    returned: int
    again: int
    heads: int
    """Acts of ours of which only the signed head came back."""
    unaccounted: int
    """Leaves that nothing came back for, at least: acts to ourselves alone, refusals, and what nobody holds."""
    members: tuple[Answer, ...]


def work(bureau: Bureau) -> int:
    """Do what a restore asks of this node next, its own or a peer's; returns how much was done."""
    e = schema.epochs.c
    with bureau.database.read() as tx:
        # One look, since nearly always there is nothing: few bureaus are ever restored.
        rows = tx.all(select(schema.epochs).where(e.member == bureau.member).order_by(e.epoch))
    own = next((row for row in reversed(rows) if row.bureau == bureau.me), None)
    peers = [row for row in rows if row.bureau != bureau.me and row.ended is None]
    done = sum(bureau.database.write(partial(_answer, bureau, row)) for row in peers)
    if own is not None:
        done += sum(bureau.database.write(partial(_tell, bureau, peer)) for peer in _untold(bureau, own.epoch))
        done += bureau.database.write(partial(_finish, bureau, own.epoch))
    for act in _spent(bureau) if rows else ():
        bureau.database.write(partial(bureau.store.erase, act=act))
        done += 1
    return done


def _spent(bureau: Bureau) -> list[ActId]:
    """Return the answers that have done their work: what they carried rests by itself now, and must be erasable."""
    moving = exists().where(and_(_o.act == _a.number, _o.state != "settled"))
    whole = and_(_a.member == bureau.member, _a.kind == HELD, _a.code == ACCEPTED, _a.body.is_not(None))
    with bureau.database.read() as tx:
        return [ActId(bytes(row.id)) for row in tx.all(select(_a.id).where(whole, ~moving).limit(NAMED))]


def members(bureau: Bureau) -> list[BureauId]:
    """Return who is to be told of a new epoch: every other party that may exchange, but for relays."""
    registry, now = bureau.registry(), bureau.now()
    return [
        party
        for party, one in sorted(registry.accreditations.items())
        if party != bureau.me
        and one.role is not Role.RELAY
        and not isinstance(registry.may_act(party, "exchange", now), Refusal)
    ]


def waive(bureau: Bureau, peer: BureauId) -> None:
    """Open the desks without the answer of a member; what came from it before the restore is hidden until it comes.

    Raises:
        Misused: the desks are open, or nothing is awaited from it.

    """

    def write(tx: Transaction) -> None:
        if not epochs.closed(bureau, tx):
            raise Misused("the desks are open: nothing is awaited")
        mine = and_(_r.member == bureau.member, _r.epoch == bureau.epoch, _r.bureau == peer)
        if not tx.run(
            update(schema.recoveries).where(mine, _r.state.in_(["asked", "answered"])).values(state="waived")
        ):
            raise Misused(f"nothing is awaited from {peer}")

    bureau.database.write(write)


def report(bureau: Bureau) -> Report:
    """Return how the recovery stands.

    Raises:
        Misused: this bureau was never restored.

    """
    with bureau.database.read() as tx:
        own = epochs.known(tx, bureau.member, bureau.me)
        if own is None:
            raise Misused("this bureau was never restored from a backup: there is nothing to report")
        rows = tx.all(select(schema.recoveries).where(_mine(bureau, own.epoch)).order_by(_r.bureau))
        theirs, count = and_(_w.member == bureau.member, _w.head.is_(None)), func.count().label("n")
        per_peer = tx.all(select(_w.bureau, count).where(theirs).group_by(_w.bureau))
        waiting = {row.bureau: int(row.n) for row in per_peer}
        heads = tx.one(select(count).where(_w.member == bureau.member, _w.head.is_not(None)))
    sizes = [epochs.size_of(bytes(row.note)) for row in (*rows, own)]
    known, size = max([int(own.size), *sizes]), int(own.size)
    again, returned = sum(row.again for row in rows), sum(row.returned for row in rows)
    lost = heads.n if heads is not None else 0
    return Report(
        epoch=own.epoch, began=own.at, opened=own.ended, kept=size, known=known, returned=returned, again=again,
        heads=lost, unaccounted=max(0, known - size - again - returned - lost),
        members=tuple(
            Answer(
                bureau=BureauId(row.bureau), state=row.state, again=row.again, returned=row.returned,
                awaited=waiting.get(row.bureau, 0),
            )
            for row in rows
        ),
    )  # fmt: skip


def _mine(bureau: Bureau, epoch: int) -> ColumnElement[bool]:
    return and_(_r.member == bureau.member, _r.epoch == epoch)


# The restored bureau tells.


def _untold(bureau: Bureau, epoch: int) -> list[BureauId]:
    with bureau.database.read() as tx:
        told = {row.bureau for row in tx.all(select(_r.bureau).where(_mine(bureau, epoch)))}
    return [member for member in members(bureau) if member not in told]


def _tell(bureau: Bureau, peer: BureauId, tx: Transaction) -> int:
    own = epochs.known(tx, bureau.member, bureau.me)
    if own is None:
        return 0
    act = Epoch(statement=bytes(own.statement), marks=tuple(_marks(bureau, tx, peer)))
    bureau.utter(tx, Utterance(act=act, to=(peer,), stream="receipts", lane=Lane.URGENT))
    row = {"member": bureau.member, "bureau": peer, "epoch": own.epoch, "state": "asked", "parts": 0, "got": 0}
    tx.put(schema.recoveries, [{**row, "again": 0, "returned": 0, "note": b"", "at": bureau.now()}])
    return 1


def _marks(bureau: Bureau, tx: Transaction, peer: BureauId) -> Iterator[Mark]:
    """Yield how far each channel between a peer and us is known here."""
    c, high = schema.channels.c, func.max(_a.seq).label("high")
    newest = func.max(_a.number).desc()
    theirs = select(_a.channel, _a.epoch, high).where(_a.member == bureau.member, _a.sender == peer)
    joined = schema.acts.join(schema.outbox, _o.act == _a.number)
    to_them = and_(_a.member == bureau.member, _a.sender == bureau.me, _o.recipient == peer)
    ours = select(_a.channel, _a.epoch, high).select_from(joined).where(to_them)
    holes = tx.all(select(c.channel, c.epoch, c.missing).where(c.member == bureau.member, c.sender == peer))
    missing = {(bytes(row.channel), row.epoch): unpack(bytes(row.missing)) for row in holes}
    for query in (theirs, ours):
        rows = tx.all(query.group_by(_a.channel, _a.epoch).order_by(newest).limit(MOST_MARKS // 2))
        for row in rows:
            held = missing.get((bytes(row.channel), row.epoch), []) if query is theirs else []
            spans = tuple((first, last) for first, last in held)
            yield Mark(channel=bytes(row.channel), epoch=row.epoch, high=row.high, missing=spans)


# A peer answers.


class _Marks:
    """What the other side knows."""

    def __init__(self, marks: Iterable[Mark]) -> None:
        self.known = {(mark.channel, mark.epoch): mark for mark in marks}

    def lacks(self, row: Row[Any]) -> bool:
        mark = self.known.get((bytes(row.channel), row.epoch))
        if mark is None or row.seq > mark.high:
            return True
        return any(first <= row.seq <= last for first, last in mark.missing)


def _answer(bureau: Bureau, begun: Row[Any], tx: Transaction) -> int:
    """Say again what the restored bureau lacks of ours, and hand back what it lacks of its own."""
    peer, e = BureauId(begun.bureau), schema.epochs.c
    act = bureau.store.said(tx, bureau.store.by_number(tx, begun.act)).act
    if isinstance(act, Epoch):
        marks = _Marks(act.marks)
        again, returned = _say_again(bureau, tx, peer, marks), list(_lacking(bureau, tx, begun, marks))
        parts = list(_parts(again, returned))
        for place, part in enumerate(parts, 1):
            named, acts, blobs = part
            note = bytes(begun.note).decode() if place == 1 else ""
            held = Held(epoch=begun.epoch, part=place, parts=len(parts), note=note, again=named, acts=acts)
            bureau.utter(tx, Utterance(act=held, to=(peer,), stream="receipts", lane=Lane.URGENT, blobs=blobs))
    if bureau.epoch > 1:
        # It may have forgotten our own epoch with the rest.
        tx.run(delete(schema.recoveries).where(_mine(bureau, bureau.epoch), _r.bureau == peer, _r.state == "done"))
    place_ = and_(e.member == bureau.member, e.bureau == peer, e.epoch == begun.epoch)
    tx.run(update(schema.epochs).where(place_).values(ended=bureau.now()))
    return 1


def _say_again(bureau: Bureau, tx: Transaction, peer: BureauId, marks: _Marks) -> list[ActId]:
    """Queue what the peer lacks of ours and return it; what was erased stays unsaid."""
    joined = schema.acts.join(schema.outbox, _o.act == _a.number)
    to_them = and_(_a.member == bureau.member, _a.sender == bureau.me, _o.recipient == peer, _a.body.is_not(None))
    query = select(_a.number, _a.id, _a.channel, _a.epoch, _a.seq).select_from(joined)
    rows = [row for row in tx.all(query.where(to_them, _a.kind.not_in(_OURS)).order_by(_a.number)) if marks.lacks(row)]
    for first in range(0, len(rows), 500):
        numbers = [row.number for row in rows[first : first + 500]]
        mine, state = and_(_o.act.in_(numbers), _o.recipient == peer), arrivals.unless_silent("queued")
        tx.run(update(schema.outbox).where(mine).values(state=state, next_at=bureau.now()))
        c = schema.carried.c
        # A relay's word was about the bureau that was lost.
        tx.run(
            update(schema.carried)
            .where(c.member == bureau.member, c.act.in_(numbers), c.recipient == peer)
            .values(noted=0)
        )
    return [ActId(bytes(row.id)) for row in rows]


def _lacking(
    bureau: Bureau, tx: Transaction, begun: Row[Any], marks: _Marks
) -> Iterator[tuple[Returned, int, tuple[Digest, ...]]]:
    """Yield what we hold of the peer's own acts and it lacks, with the bytes and the attachments of each."""
    theirs = and_(_a.member == bureau.member, _a.sender == begun.bureau, _a.epoch < begun.epoch)
    query = select(_a.number, _a.channel, _a.epoch, _a.seq).where(theirs, _a.kind.not_in(_OURS))
    for row in tx.all(query.order_by(_a.number)):
        if not marks.lacks(row):
            continue
        kept = bureau.store.by_number(tx, row.number)
        try:
            signed = bureau.store.signed(tx, kept)
        except Misused:
            # Refused or erased here: the head still proves that it was said.
            yield Returned(head=kept.signed_head), len(kept.signed_head), ()
            continue
        if len(signed.body) > LONGEST:
            yield Returned(head=kept.signed_head), len(kept.signed_head), ()
            continue
        whole = Returned(head=signed.head, body=signed.body, salt=signed.salt, approvals=signed.approvals)
        blobs = tuple(blob for blob in kept.head.blobs if bureau.blobs.complete(blob))
        yield whole, len(signed.body) + len(signed.head), blobs


Part = tuple[tuple[ActId, ...], tuple[Returned, ...], tuple[Digest, ...]]


def _parts(again: list[ActId], returned: list[tuple[Returned, int, tuple[Digest, ...]]]) -> Iterator[Part]:
    """Yield the parts of an answer, at least one."""
    named = [tuple(again[first : first + NAMED]) for first in range(0, len(again), NAMED)]
    acts: list[Returned] = []
    blobs: list[Digest] = []
    size, given = 0, False
    for each, bytes_, enclosed in returned:
        more = [blob for blob in enclosed if blob not in blobs]
        if acts and (size + bytes_ > PART or len(blobs) + len(more) > ENCLOSED or len(acts) >= NAMED):
            yield (named.pop(0) if named else (), tuple(acts), tuple(blobs))
            acts, blobs, size, given = [], [], 0, True
            more = list(enclosed)
        acts.append(each)
        blobs += more
        size += bytes_
    if acts or named or not given:
        yield (named.pop(0) if named else (), tuple(acts), tuple(blobs))
    for ids in named:
        yield (ids, (), ())


# The restored bureau takes back.


def accept(bureau: Bureau, tx: Transaction, said: Said, held: Held) -> None:
    """Take one part of a member's answer: acts of ours come back, acts of theirs are awaited from now on."""
    peer = said.head.sender
    mine = and_(_mine(bureau, bureau.epoch), _r.bureau == peer)
    row = tx.one(select(schema.recoveries).where(mine))
    if held.epoch != bureau.epoch or row is None or row.state == "done":
        return
    returned = sum(_take_back(bureau, tx, peer, each) for each in held.acts)
    note = _earlier(bureau, held.note.encode())
    values = {
        "got": row.got + 1, "parts": held.parts, "again": row.again + len(held.again),
        "returned": row.returned + returned,
        "note": max(bytes(row.note), note, key=epochs.size_of),
        "state": "answered" if row.state == "asked" else row.state,
    }  # fmt: skip
    tx.run(update(schema.recoveries).where(mine).values(**values))
    for act in held.again:
        _await(bureau, tx, peer, act, None)


def _await(bureau: Bureau, tx: Transaction, peer: BureauId, act: ActId, head: bytes | None) -> None:
    tx.put(schema.awaited, [{"member": bureau.member, "bureau": peer, "act": act, "head": head}])


def _take_back(bureau: Bureau, tx: Transaction, peer: BureauId, each: Returned) -> int:
    """Keep an act of ours that a member handed back; what does not verify, or is here already, is passed over."""
    try:
        said, signed = _verified(bureau, peer, each)
    except Malformed:
        return 0
    if bureau.store.find(tx, said.id) is not None:
        return 0
    head = said.head
    taken = bureau.store.said_at(tx, bureau.me, head.channel, head.epoch, head.seq)
    if taken is not None:
        # Two acts of ours under one number: whoever holds our signing key has said what we did not, or we did.
        other = bureau.store.find(tx, taken)
        if other is not None:
            bureau.store.accuse(tx, bureau.me, "equivocation", other.signed_head, each.head, bureau.now())
        return 0
    if signed is None:
        # Somebody else may hold the whole of it; if nobody does, its head stays as the proof that it was said.
        _await(bureau, tx, peer, said.id, each.head)
        return 0
    _keep(bureau, tx, said, signed)
    tx.run(delete(schema.awaited).where(_w.member == bureau.member, _w.act == said.id))
    erasing.let_go(bureau, tx, said)
    return 1


def _verified(bureau: Bureau, peer: BureauId, each: Returned) -> tuple[Said, Signed | None]:
    """Return an act that we ourselves signed, in an earlier epoch, to this member among others.

    Raises:
        Malformed: it is not that, or its body is not the one that the head holds a digest of.

    """
    registry, key_id = bureau.registry(), cose.key_id(each.head)
    if registry.owner(key_id) != bureau.me or registry.revocation(bureau.me, key_id) is not None:
        raise Malformed("not signed by a key of ours that counts")
    payload = cose.verify1(each.head, HEAD, registry.key(bureau.me, key_id, KeyUse.SIGN))
    head = decode(payload, Head)
    if head.sender != bureau.me or head.epoch >= bureau.epoch:
        raise Malformed("not an act of ours from before the restore")
    if isinstance(flaw := addressed(head, bureau.org, peer), Refusal):
        raise Malformed(flaw.reason)
    said = Said(id=act_id(payload), head=head, act=Unknown(tag=head.kind, body=b""))
    if each.body is None or each.salt is None:
        return said, None
    signed = Signed(head=each.head, body=each.body, salt=each.salt, approvals=each.approvals)
    return fill(said, signed, bureau.store.kinds, registry), signed


def _keep(bureau: Bureau, tx: Transaction, said: Said, signed: Signed) -> None:
    """Log and store an act of ours anew, and ask its recipients for their receipts by sending it again."""
    now, head = bureau.now(), said.head
    leaf = bureau.ledger.append(tx, Leaf(way=Way.SENT, act=Digest(said.id), at=now), bureau.entropy(SALT))
    kept = bureau.store.keep(tx, said, signed, fate=Fate(), at=now, leaf=leaf)
    number = kept.number
    apply_rows(bureau, tx, said, kept, signed.salt)
    c = schema.channels.c
    values = {"member": bureau.member, "sender": bureau.me, "channel": head.channel, "epoch": head.epoch}
    row = tx.one(select(c.high).where(and_(*(getattr(c, name) == value for name, value in values.items()))))
    high = max(head.seq, int(row.high) if row is not None else 0)
    tx.put(schema.channels, [{**values, "high": high, "missing": encode([]), "ask_at": None, "asked": 0}])
    receipted = isinstance(said.act, Act) and said.act.receipted
    for recipient in head.to:
        if recipient != bureau.me:
            line = {
                "act": number, "recipient": recipient, "member": bureau.member, "id": said.id,
                "lane": LANES[Lane.NORMAL], "state": "queued" if receipted else "settled", "attempts": 0,
                "next_at": now if receipted else None, "deadline": now + PATIENCE[Lane.NORMAL], "sealed": None,
                "proof": 0, "trouble": "",
            }  # fmt: skip
            tx.put(schema.outbox, [line])


def _earlier(bureau: Bureau, note: bytes) -> bytes:
    """Return a checkpoint that a log key of ours signed, or nothing."""
    try:
        return note if note and arrivals.ours(bureau, note) is not None else b""
    except Malformed:
        return b""


# The end.


def _finish(bureau: Bureau, epoch: int, tx: Transaction) -> int:
    """Note who has answered whole; open the desks when everybody has."""
    done = 0
    answered = and_(_mine(bureau, epoch), _r.state.in_(["answered", "waived"]), _r.parts > 0, _r.got >= _r.parts)
    for row in tx.all(select(_r.bureau).where(answered)):
        if not _still_awaited(bureau, tx, BureauId(row.bureau)):
            tx.run(update(schema.recoveries).where(_mine(bureau, epoch), _r.bureau == row.bureau).values(state="done"))
            done += 1
    if epochs.closed(bureau, tx) and _complete(bureau, tx, epoch):
        _open(bureau, tx, epoch)
        done += 1
    return done


def _still_awaited(bureau: Bureau, tx: Transaction, peer: BureauId) -> bool:
    """Tell whether an act that a member says again is not here, or not ruled on yet."""
    theirs = and_(_w.member == bureau.member, _w.bureau == peer, _w.head.is_(None))
    for row in tx.all(select(_w.act).where(theirs)):
        if not bureau.ledger.positions(tx, Digest(bytes(row.act))):
            return True
        kept = bureau.store.find(tx, ActId(bytes(row.act)))
        if kept is not None and kept.code == PARKED:
            return True
        tx.run(delete(schema.awaited).where(theirs, _w.act == row.act))
    return False


def _complete(bureau: Bureau, tx: Transaction, epoch: int) -> bool:
    settled = and_(_mine(bureau, epoch), _r.state.in_(["done", "waived"]))
    ended = {row.bureau for row in tx.all(select(_r.bureau).where(settled))}
    return set(members(bureau)) <= ended


def _open(bureau: Bureau, tx: Transaction, epoch: int) -> None:
    """Open the desks: what we keep is numbered from here on, and waits no longer."""
    e, s = schema.epochs.c, schema.subjects.c
    mine = and_(e.member == bureau.member, e.bureau == bureau.me, e.epoch == epoch)
    tx.run(update(schema.epochs).where(mine).values(ended=bureau.now()))
    for row in tx.all(select(s.subject).where(s.member == bureau.member, s.keeper == bureau.me)):
        bureau.enter_waiting(tx, ActId(bytes(row.subject)))
