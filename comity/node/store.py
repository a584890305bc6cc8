"""Acts as they rest: verified bytes, the ruling, and the folded state of what they are about (decisions 0013 to 0015).

What is stored is what was verified: the signed head and the approvals as they came, the body under a key of its own.
The ruling is stored with the act; rebuilding state never runs a gate again, because gates depended on what was seen
then. State is folded in the transaction that stores an act, and holds nothing of any body that may be erased.

Only this module and `node/view.py` read these tables; rules get the read-only `Past`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Row, Select, and_, delete, insert, select, update

from comity.core import cose
from comity.core.act import Act, Author, Erased, Head, Kinds, Relation, Said
from comity.core.capability import Capability
from comity.core.codec import decode, encode, recall, unpack
from comity.core.envelope import Approval, Signed
from comity.core.errors import Malformed, Misused
from comity.core.evidence import Findings
from comity.core.ids import ActId, BureauId, Millis, act_id
from comity.core.registry import Registry, Role
from comity.core.ruling import Ruling
from comity.node import channels, schema, subjects
from comity.node.bodies import BodyKeys, State
from comity.node.database import Transaction
from comity.node.query import Query

S = TypeVar("S", bound=msgspec.Struct)

Verify = Callable[[bytes], Findings]
"""Checks a proof file up to the first root of the organisation; raises `Malformed` where something does not hold."""

UNKNOWN_KIND = "exchange.unknown-kind"
"""The one refusal after which the body is kept: who learns the kind later can then read it (decision 0004)."""

NO_APPROVALS = encode([])

Rest = bytes | Signed | None
"""How a body rests: under its key, not at all any more, or, just after it was said, still open in memory."""

MOST_FRESH, MOST_FRESH_BYTES = 1024, 16_384
"""How many acts are kept at hand between their commit and their first sealing, and the longest body of one, bytes."""

ACCEPTED, PARKED = "accepted", "parked"
"""Codes of acts that were not refused."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An act as it rests in the store, without its body."""

    number: int
    id: ActId
    head: Head
    at: Millis
    """When this node committed it."""
    leaf: int
    code: str
    reason: str
    article: str
    erased: bool
    signed_head: bytes
    approvals: tuple[bytes, ...]
    frame: bytes


class Fate(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an act: ``accepted``, ``parked``, or the code of its refusal."""

    code: str = ACCEPTED
    reason: str = ""
    article: str = ""
    judge_at: Millis | None = None
    """When a parked act is judged again."""


_a = schema.acts.c
_BODY = Query(lambda number: select(_a.body).where(_a.number == number))
_BY_NUMBER = Query(lambda number: select(schema.acts).where(_a.number == number))
_BY_ID = Query(lambda member, act: select(schema.acts).where(_a.member == member, _a.id == act))
_IN_CHANNEL = Query(
    lambda member, sender, channel, epoch, seq: select(_a.id).where(
        _a.member == member, _a.sender == sender, _a.channel == channel, _a.epoch == epoch, _a.seq == seq
    )
)


def _about(member: Any, subject: Any) -> Select[Any]:  # noqa: ANN401 - values, or their places in a query
    return select(schema.acts).where(_a.member == member, _a.subject == subject, _a.code == ACCEPTED)


_ABOUT = Query(lambda member, subject: _about(member, subject).order_by(_a.number))
_OTHERS_ABOUT = Query(lambda member, subject: _about(member, subject).where(_a.id != subject).order_by(_a.number))
_KIND_ABOUT = Query(lambda member, subject, kind: _about(member, subject).where(_a.kind == kind).order_by(_a.number))
_LATEST_ABOUT = Query(
    lambda member, subject, kind: _about(member, subject).where(_a.kind == kind).order_by(_a.number.desc()).limit(1)
)


@dataclass(frozen=True)
class Store:
    """The acts of one membership."""

    member: int
    me: BureauId
    kinds: Kinds
    capabilities: tuple[Capability, ...]
    bodies: BodyKeys
    entropy: Callable[[int], bytes]
    _fresh: dict[int, tuple[Kept, Signed]] = field(default_factory=dict)
    """Acts of ours that were committed a moment ago, by number, until they are sealed for the first time."""

    # Acts.

    def keep(  # noqa: PLR0913 - a row has these parts
        self, tx: Transaction, said: Said, signed: Signed, *, fate: Fate, at: Millis, leaf: int, frame: bytes = b"",
        delivery: bytes = b"", fresh: bool = False,
    ) -> Kept:  # fmt: skip
        """Store an act and fold it if it was accepted; returns it as it rests.

        Of a refused act the head is kept and the body is not; of a parked one, the whole delivery, under a body key.
        A `fresh` one was signed just now: nobody can have spoken of it yet.
        """
        number = tx.count("acts")
        if fate.code == PARKED:
            body: bytes | None = self.hide(tx, number, delivery)
        elif fate.code in {ACCEPTED, UNKNOWN_KIND}:
            body = self.hide(tx, number, signed.salt + signed.body)
        else:
            body = None
        head = said.head
        row = {
            "number": number, "member": self.member, "id": said.id, "kind": head.kind, "sender": head.sender,
            "channel": head.channel, "epoch": head.epoch, "seq": head.seq,
            "subject": subjects.subject_of(self.kinds, said), "thread": thread_of(said.id, head), "said": head.said,
            "at": at, "leaf": leaf, "code": fate.code, "reason": fate.reason, "article": fate.article,
            "judge_at": fate.judge_at, "head": signed.head, "frame": frame, "body": body,
            "approvals": encode(list(signed.approvals)) if signed.approvals else NO_APPROVALS,
        }  # fmt: skip
        tx.add(schema.acts, [row])
        if fate.code == ACCEPTED:
            subjects.fold(self, tx, said, number, fresh=fresh)
        return Kept(
            number=number, id=said.id, head=head, at=at, leaf=leaf, code=fate.code, reason=fate.reason,
            article=fate.article, erased=body is None, signed_head=signed.head, approvals=signed.approvals, frame=frame,
        )  # fmt: skip

    def parked(self, tx: Transaction, kept: Kept) -> bytes:
        """Return the delivery of a parked act."""
        row = tx.one(_BODY, number=kept.number)
        if row is None or row.body is None or kept.code != PARKED:
            raise Misused("this act is not parked")
        return self.reveal(tx, kept.number, bytes(row.body))

    def unpark(self, tx: Transaction, kept: Kept) -> None:
        """Remove the row of a parked act, which is stored anew with its ruling; the delivery's key is destroyed."""
        tx.run(delete(schema.acts).where(schema.acts.c.number == kept.number))
        self.doom(tx, kept.number)

    def doom(self, tx: Transaction, number: int) -> None:
        """Destroy the key of a body once the transaction that lets go of it is committed.

        Not before: were it rolled back, the body would be lost. What a crash leaves alive, `destroy` finds.
        """
        tx.put(schema.doomed, [{"number": number}])
        tx.after.append(lambda: self.bodies.erase([number]))

    def destroy(self, tx: Transaction) -> int:
        """Destroy again the keys that were doomed, and forget about them; returns how many there were."""
        numbers = [int(row.number) for row in tx.all(select(schema.doomed.c.number).limit(500))]
        self.bodies.erase(numbers)
        tx.run(delete(schema.doomed).where(schema.doomed.c.number.in_(numbers)))
        return len(numbers)

    def erase(self, tx: Transaction, act: ActId) -> None:
        """Erase an act's body: its key is destroyed, a tombstone is left, and state is folded again.

        The key goes just before the commit, so that no tombstone stands over a body that can still be read. After a
        crash in between the body is gone all the same; erasing again, or `node/rebuild.py`, puts the tombstone.

        Raises:
            Misused: there is no such act, it waits for its ruling, or it is one of the exchange itself.

        """
        kept = self.find(tx, act)
        if kept is None:
            raise Misused("this node holds no such act")
        if kept.code == PARKED:
            raise Misused("this act waits for its ruling; erase it afterwards")
        if kept.head.capability in {"exchange", "keeping"}:
            raise Misused(f"{kept.head.kind} holds nothing of a person, and proofs and chains rest on it")
        tx.before.append(lambda: self.bodies.erase([kept.number]))
        self.bury(tx, kept)

    def bury(self, tx: Transaction, kept: Kept) -> None:
        """Put the tombstone of an act whose key is destroyed, or is about to be, and fold its subject again."""
        tx.after.append(partial(self._forget, kept.number))
        tx.run(update(schema.acts).where(schema.acts.c.number == kept.number).values(body=None))
        # What has not left yet will never leave.
        lines = and_(schema.outbox.c.act == kept.number, schema.outbox.c.state != "settled")
        values = {"state": "settled", "next_at": None, "trouble": "erased before it was delivered"}
        tx.run(update(schema.outbox).where(lines).values(**values))
        subject = subjects.subject_of(self.kinds, Said(id=kept.id, head=kept.head, act=Erased(tag=kept.head.kind)))
        row = subjects.row_of(self, tx, subject) if subject is not None else None
        if subject is not None and row is not None:
            subjects.refold(self, tx, subject, int(row.changed))

    def find(self, tx: Transaction, act: ActId) -> Kept | None:
        """Return an act by its id."""
        row = tx.one(_BY_ID, member=self.member, act=act)
        return None if row is None else _kept(row)

    def by_number(self, tx: Transaction, number: int) -> Kept:
        """Return an act by the number of its row."""
        row = tx.one(_BY_NUMBER, number=number)
        if row is None:
            raise Misused(f"this node holds no act number {number}")
        return _kept(row)

    def signed(self, tx: Transaction, kept: Kept) -> Signed:
        """Return the signed act with its body, as it was verified.

        Raises:
            Misused: the body was erased, or never kept.

        """
        self._write_keys(tx)
        row = tx.one(_BODY, number=kept.number)
        return self.opened(kept, None if row is None else row.body)

    def remember(self, kept: Kept, signed: Signed) -> None:
        """Keep an act that was just committed at hand for `resting`, which is asked for it at once and then no more."""
        if len(signed.body) <= MOST_FRESH_BYTES:
            while len(self._fresh) >= MOST_FRESH:
                # Whoever was quicker than this note has read it from the database.
                self._fresh.pop(next(iter(self._fresh)), None)
            self._fresh[kept.number] = (kept, signed)

    def _forget(self, number: int) -> None:
        self._fresh.pop(number, None)

    def resting(self, tx: Transaction, numbers: Iterable[int]) -> dict[int, tuple[Kept, Rest]]:
        """Return acts by number, each with its body as it rests, for `opened`; asks the database once."""
        found: dict[int, tuple[Kept, Rest]] = {}
        asked = []
        for number in set(numbers):
            fresh = self._fresh.pop(number, None)
            if fresh is None:
                asked.append(number)
            else:
                found[number] = fresh
        if asked:
            self._write_keys(tx)
            rows = tx.all(select(schema.acts).where(_a.number.in_(asked)))
            found.update((row.number, (_kept(row), row.body)) for row in rows)
        return found

    def opened(self, kept: Kept, body: Rest) -> Signed:
        """Return the signed act with its body, as it was verified.

        Raises:
            Misused: the body was erased, or never kept.

        """
        if isinstance(body, Signed):
            return body
        if body is None or kept.code == PARKED:
            raise Misused("the body of this act is not here: it was refused or erased")
        plain = self.bodies.open(kept.number, bytes(body))
        return Signed(head=kept.signed_head, body=plain[32:], salt=plain[:32], approvals=kept.approvals)

    def said(self, tx: Transaction, kept: Kept) -> Said:
        """Return an act as rules see it; one whose body is gone comes as its tombstone."""
        head = kept.head
        if self.erased(kept) or kept.code == PARKED:
            return Said(id=kept.id, head=head, act=Erased(tag=head.kind))
        act = self.kinds.decode(head.kind, self.signed(tx, kept).body)
        approvals = (decode(cose.payload_of(raw), Approval) for raw in kept.approvals)
        approvers = tuple(Author(officer=approval.officer, unit=approval.unit) for approval in approvals)
        return Said(id=kept.id, head=head, act=act, approvers=approvers)

    def erased(self, kept: Kept) -> bool:
        """Tell whether a body is gone; its key's slot is believed rather than the row, which learns of it later."""
        return kept.erased or self.bodies.state(kept.number) is State.ERASED

    def acts_of(self, tx: Transaction, subject: ActId, kind: str | None = None) -> list[Kept]:
        """Return the accepted acts about a subject, its opening act included, in the order of our log."""
        if kind is None:
            return [_kept(row) for row in tx.all(_ABOUT, member=self.member, subject=subject)]
        return [_kept(row) for row in tx.all(_KIND_ABOUT, member=self.member, subject=subject, kind=kind)]

    def others_of(self, tx: Transaction, subject: ActId) -> list[Kept]:
        """Return the accepted acts about a subject without the one that opened it, in the order of our log."""
        return [_kept(row) for row in tx.all(_OTHERS_ABOUT, member=self.member, subject=subject)]

    def spoken_of(self, tx: Transaction, ids: Sequence[ActId]) -> set[ActId]:
        """Return those of some subjects that anything here is about, whatever was ruled on it."""
        about = and_(_a.member == self.member, _a.subject.in_(ids))
        return {ActId(bytes(row.subject)) for row in tx.all(select(_a.subject).where(about).distinct())}

    def latest_of(self, tx: Transaction, subject: ActId, kind: str) -> Kept | None:
        """Return the newest accepted act of a kind about a subject."""
        row = tx.one(_LATEST_ABOUT, member=self.member, subject=subject, kind=kind)
        return None if row is None else _kept(row)

    # Order.

    def said_at(self, tx: Transaction, sender: BureauId, channel: bytes, epoch: int, seq: int) -> ActId | None:
        """Return the act that holds this number in this channel, if any."""
        if 0 < channels.high(tx, self.member, sender, channel, epoch) < seq:
            # The common case, without a look at the acts. A channel of its own, of one act, has no row to tell it.
            return None
        row = tx.one(_IN_CHANNEL, member=self.member, sender=sender, channel=channel, epoch=epoch, seq=seq)
        return None if row is None else ActId(bytes(row.id))

    # State.

    def state(self, tx: Transaction, subject: ActId, kind: type[S]) -> S | None:
        """Return the folded state of a subject, if it is of this kind."""
        written = subjects.written(self, tx, subject)
        if isinstance(written, kind):
            return written
        row = subjects.row_of(self, tx, subject)
        if row is None or not row.state:
            return None
        if not any(known.name == row.capability and known.state is kind for known in self.capabilities):
            return None
        return decode(bytes(row.state), kind)

    def waiting(self, tx: Transaction, subject: ActId) -> list[Kept]:
        """Return the accepted acts about a subject that count only when entered and are not entered yet."""
        return subjects.waiting(self, tx, subject)

    def handed_over(self, tx: Transaction, subject: ActId) -> bool:
        """Tell, once, whether this transaction has given a subject another keeper."""
        return bool(tx.notes.pop(("handed over", self.member, subject), False))

    def subjects(self, tx: Transaction) -> list[ActId]:
        """Return every subject that has a state."""
        s = schema.subjects.c
        rows = tx.all(select(s.subject).where(s.member == self.member).order_by(s.subject))
        return [ActId(bytes(row.subject)) for row in rows]

    def accuse(self, tx: Transaction, against: BureauId, what: str, one: bytes, other: bytes, at: Millis) -> None:
        """Keep two signatures that contradict each other, once however often they are shown."""
        e = schema.evidence.c
        same = and_(e.member == self.member, e.against == against, e.what == what, e.one == one, e.other == other)
        if tx.one(select(e.number).where(same)) is not None:
            return
        number = tx.count("evidence")
        values = {"number": number, "member": self.member, "against": against, "what": what, "one": one}
        tx.run(insert(schema.evidence).values(**values, other=other, at=at))

    # Parts.

    def hide(self, tx: Transaction, number: int, plain: bytes) -> bytes:
        """Encrypt under a key of its own; the keys of a group are written and forced to the disk before the commit."""
        if (slots := tx.notes.get("keys")) is None:
            slots = tx.notes["keys"] = {}
            tx.before.append(lambda: self._sync_keys(tx))
        slots[number], sealed = self.bodies.hide(number, plain, self.entropy)
        return sealed

    def reveal(self, tx: Transaction, number: int, hidden: bytes) -> bytes:
        """Return what `hide` was given, in this transaction or an earlier one.

        Raises:
            Misused: it was erased, or altered.

        """
        self._write_keys(tx)
        return self.bodies.open(number, hidden)

    def _write_keys(self, tx: Transaction) -> None:
        """Write the keys that this transaction has made: before the commit, and before anybody opens one of them."""
        if slots := tx.notes.get("keys"):
            self.bodies.write(slots)
            slots.clear()

    def _sync_keys(self, tx: Transaction) -> None:
        self._write_keys(tx)
        self.bodies.sync()


@dataclass(frozen=True)
class Past:
    """What rules see of the past: implements `core.capability.Seen` and `core.exchange.Order`."""

    store: Store
    tx: Transaction
    registry: Registry
    ignoring: ActId | None = None
    """An act that is judged again and must not stand in its own way."""
    verify: Verify | None = None
    """None at a node that was given no anchor; there nothing is proven."""

    @property
    def me(self) -> BureauId:
        """The bureau whose past this is."""
        return self.store.me

    def act(self, act: ActId) -> Said | None:
        """Return an accepted act by its id."""
        kept = self.store.find(self.tx, act)
        return None if kept is None or kept.code != ACCEPTED else self.store.said(self.tx, kept)

    def every(self, kind: str, subject: ActId) -> tuple[Said, ...]:
        """Return the accepted acts of a kind about a subject, in the order of our log."""
        return tuple(self.store.said(self.tx, kept) for kept in self.store.acts_of(self.tx, subject, kind))

    def latest(self, kind: str, subject: ActId) -> Said | None:
        """Return the newest accepted act of a kind about a subject."""
        found = self.store.latest_of(self.tx, subject, kind)
        return None if found is None else self.store.said(self.tx, found)

    def state(self, subject: ActId, kind: type[S]) -> S | None:
        """Return the folded state of a subject."""
        return self.store.state(self.tx, subject, kind)

    def accredited(self, bureau: BureauId, function: str, now: Millis) -> Ruling:
        """Rule by the registry whether a bureau may say or be told something new of a capability."""
        return self.registry.may_act(bureau, function, now)

    def role(self, bureau: BureauId) -> Role | None:
        """Return what a party is in the organisation, None for a stranger."""
        accreditation = self.registry.accreditations.get(bureau)
        return None if accreditation is None else accreditation.role

    def proven(self, file: bytes) -> Findings:
        """Return what a proof file proves, with its keys checked up to the first root of this organisation."""
        if self.verify is None:
            raise Malformed("a proof file where no anchor is known to check it by")
        return self.verify(file)

    def said_at(self, sender: BureauId, channel: bytes, epoch: int, seq: int) -> ActId | None:
        """Return the act that holds this number in this channel, if any."""
        found = self.store.said_at(self.tx, sender, channel, epoch, seq)
        return None if found == self.ignoring else found

    def logged(self, act: ActId) -> bool:
        """Tell whether our own log holds this act as received."""
        kept = self.store.find(self.tx, act)
        return kept is not None and kept.code in {ACCEPTED, PARKED}


def thread_of(act: ActId, head: Head) -> ActId:
    """Return the act that opened the conversation: what the head names as its thread, or the act itself."""
    return next((ref.act for ref in head.refs if ref.rel == "thread"), act)


def relation(rel: str, act: ActId) -> Relation:
    """Return a reference to another act."""
    return Relation(rel=rel, act=act)


def kinds_of(capabilities: Iterable[Capability], built_in: Iterable[type[Act]]) -> Kinds:
    """Return the kinds that a node with these capabilities knows."""
    return Kinds((*built_in, *(struct for capability in capabilities for struct in capability.acts)))


def _kept(row: Row[Any]) -> Kept:
    payload = cose.payload_of(bytes(row.head))
    approvals = unpack(bytes(row.approvals)) if row.approvals != NO_APPROVALS else ()
    if act_id(payload) != bytes(row.id):
        raise Malformed(f"act number {row.number} is not what it was when it was stored")
    return Kept(
        number=row.number, id=ActId(bytes(row.id)), head=recall(payload, Head), at=Millis(row.at), leaf=row.leaf,
        code=row.code, reason=row.reason, article=row.article, erased=row.body is None, signed_head=bytes(row.head),
        approvals=tuple(approvals), frame=bytes(row.frame),
    )  # fmt: skip
