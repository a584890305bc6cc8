"""One running bureau in one organisation: the place where acts are said (decisions 0002, 0017 and 0029).

Saying is one transaction: the next number of the channel, the gates of all capabilities, the signature, the leaf, the
stored act, the folded state and a line in the outbox for each recipient. Sealing comes later, when an envelope really
leaves (`node/post.py`): then the recipient's newest key is used and no ciphertext has to rest here.

This module delivers nothing and receives nothing; `node/post.py` and `node/inbox.py` do.
"""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cached_property, partial

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import and_, select

from comity.core import cose
from comity.core.act import (
    STREAMS,
    Act,
    Author,
    Head,
    Relation,
    Said,
    body_digest,
    channel_of,
    encode_body,
    kind_of,
    own_stream,
)
from comity.core.capability import Capability, Gate, Reader, Veil
from comity.core.checkpoint import Checkpoint
from comity.core.codec import encode
from comity.core.cose import Opener, Signer
from comity.core.envelope import HEAD, Lane, Signed
from comity.core.errors import Misused, Refused
from comity.core.exchange import approved
from comity.core.handling import Basis, Label, Purpose, may_carry
from comity.core.ids import ActId, BureauId, Digest, Millis, OrgId, act_id
from comity.core.keeping import Entry, Handover
from comity.core.leaf import SALT as LEAF_SALT
from comity.core.leaf import Leaf, Way
from comity.core.receipt import rows_root
from comity.core.registry import Freshness, KeyUse, Registry, Suite
from comity.core.ruling import ALLOWED, Refusal, require
from comity.node import channels, epochs, schema
from comity.node.blobs import Blobs
from comity.node.database import Database, Transaction
from comity.node.finding import Finder
from comity.node.keyring import Keyring
from comity.node.ledger import Ledger
from comity.node.rows import apply_rows
from comity.node.store import Fate, Kept, Past, Store, Verify
from comity.node.trust import Trust

LANES = {Lane.URGENT: 0, Lane.NORMAL: 1, Lane.BULK: 2}
"""Order of the lanes in the outbox."""

PATIENCE: dict[Lane, Millis] = {
    Lane.URGENT: Millis(8 * 3_600_000),
    Lane.NORMAL: Millis(3 * 86_400_000),
    Lane.BULK: Millis(7 * 86_400_000),
}
"""When silence is stated as non-delivery: 8 hours, 3 days and 7 days, the limits of Dir. (EU) 2023/977 Art. 5."""


class Utterance(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be said, before it has a number, a time and a signature."""

    act: Act
    to: tuple[BureauId, ...]
    author: Author | None = None
    purpose: Purpose = Purpose.ADMINISTRATION
    label: Label = Label()
    basis: Basis | None = None
    refs: tuple[Relation, ...] = ()
    subject: ActId | None = None
    lane: Lane = Lane.NORMAL
    stream: str = STREAMS[0]
    blobs: tuple[Digest, ...] = ()
    deadline: Millis | None = None
    """When silence is stated; by default the lane's patience."""


@dataclass(frozen=True, kw_only=True)
class Bureau:
    """A bureau with everything it needs: identity, store, ledger, keys, clock, entropy, capabilities."""

    org: OrgId
    me: BureauId
    member: int
    epoch: int
    database: Database
    store: Store
    ledger: Ledger
    blobs: Blobs
    keyring: Keyring
    capabilities: tuple[Capability, ...]
    registry: Callable[[], Registry]
    """The registry as last verified."""
    now: Callable[[], Millis]
    entropy: Callable[[int], bytes]
    finder: Finder | None = None
    """The way to the search index of its rows."""
    trust: Trust | None = None
    """What was verified of the registry's own files; proof files are made with them."""
    verify: Verify | None = None
    """Checks proof files of this organisation, by `node/proof.py`, which imports this module."""
    shown: dict[BureauId, tuple[int, int]] = field(default_factory=dict)
    """What a peer holds of our log: the size that it named last, and the one that we sent it last."""
    asked: dict[str, tuple[Checkpoint, bytes]] = field(default_factory=dict)
    """By log: the checkpoint, heard in receipts, that it was last told to continue before it is cosigned."""
    _openers: dict[int, tuple[Opener, ...]] = field(default_factory=dict)
    """By version of the registry; opening key files for each envelope would cost more than the envelope."""

    # Saying.

    def say(self, act: Act, to: tuple[BureauId, ...], *, reader: Reader, **how: object) -> Kept:
        """Say an act to its recipients, as the officer `reader`; returns it as it rests once the commit is durable.

        `how` are the other fields of `Utterance`.

        Raises:
            Refused: a gate, the label, the registry or a missing approval forbids it; nothing is said.

        """
        author = Author(officer=reader.officer, unit=reader.unit)
        return self.submit(Utterance(act=act, to=to, author=author, **how)).result()  # type: ignore[arg-type]

    def submit(self, utterance: Utterance) -> "Future[Kept]":
        """Say it with the next commit; the future is done once that commit is durable."""
        self._check(utterance)
        return self.database.submit(lambda tx: self.utter(tx, utterance))

    def utter(self, tx: Transaction, utterance: Utterance) -> Kept:
        """Say it inside a transaction of the caller."""
        head, body, salt = self.draft(tx, utterance)
        payload = encode(head)
        said = Said(id=act_id(payload), head=head, act=utterance.act)
        signed = Signed(head=cose.sign1(payload, HEAD, self.signer(self.registry_in(tx))), body=body, salt=salt)
        return self.commit(tx, said, signed, utterance.lane, utterance.deadline)

    def draft(self, tx: Transaction, utterance: Utterance) -> tuple[Head, bytes, bytes]:
        """Return the head that the utterance gets now, its body and the body's salt; takes the channel's number."""
        registry, now, act = self.registry_in(tx), self.now(), utterance.act
        body, salt, rows = encode_body(act), self.entropy(32), act.row_bytes()
        digest = body_digest(salt, body)
        to = tuple(sorted(set(utterance.to)))
        # An act that waits for approvals is a channel of its own, so that dropping it leaves no hole (decision 0017).
        stream = own_stream(digest) if act.two_persons else utterance.stream
        channel = channel_of(self.org, self.me, to, stream)
        head = Head(
            kind=kind_of(act), org=self.org, sender=self.me, author=utterance.author, to=to, said=now,
            registry=registry.version, channel=channel, epoch=self.epoch,
            seq=channels.take(tx, self.member, self.me, channel, self.epoch),
            purpose=utterance.purpose, label=utterance.label, basis=utterance.basis, refs=utterance.refs,
            subject=utterance.subject, keeper=self.me if act.opens else None, body=digest, size=len(body),
            rows=rows_root(salt, rows) if rows else None, blobs=utterance.blobs,
        )  # fmt: skip
        return head, body, salt

    def commit(self, tx: Transaction, said: Said, signed: Signed, lane: Lane, deadline: Millis | None = None) -> Kept:
        """Rule on a signed act of ours, then log, store and queue it."""
        require(approved(said, self.store.kinds))
        self.rule(tx, said)
        now = self.now()
        leaf = Leaf(way=Way.SENT, act=Digest(said.id), at=now)
        position = self.ledger.append(tx, leaf, self.entropy(LEAF_SALT))
        kept = self.store.keep(tx, said, signed, fate=Fate(), at=now, leaf=position, fresh=True)
        apply_rows(self, tx, said, kept, signed.salt)
        end = deadline if deadline is not None else Millis(now + PATIENCE[lane])
        rows = [
            {
                "act": kept.number, "recipient": recipient, "member": self.member, "id": said.id, "lane": LANES[lane],
                "state": "queued", "attempts": 0, "next_at": now, "deadline": end, "sealed": None, "proof": 0,
                "trouble": "",
            }
            for recipient in said.head.to
            if recipient != self.me
        ]  # fmt: skip
        tx.add(schema.outbox, rows)
        if rows:
            tx.after.append(partial(self.store.remember, kept, signed))
        self.enter(tx, said)
        return kept

    def enter(self, tx: Transaction, said: Said) -> None:
        """Number an accepted act in its subject's chain, if we are the keeper and it counts only when entered.

        It may be the act that makes us the keeper; then we number what has been waiting for one.
        """
        subject = said.head.subject
        if subject is None:
            return
        if self.store.handed_over(tx, subject):
            waiting = [(kept.id, kept.head) for kept in self.store.waiting(tx, subject)]
        elif self.store.kinds.struct(said.head.kind).kept:
            waiting = [(said.id, said.head)]
        else:
            return
        for act, head in waiting:
            # Whoever keeps a subject hands it over itself; to enter the word of somebody else would let them take it.
            if head.sender == self.me or head.kind != kind_of(Handover):
                self._enter(tx, subject, act)

    def enter_waiting(self, tx: Transaction, subject: ActId) -> None:
        """Number what waits in the chain of a subject that we keep: after a restore, once our own entries are back."""
        for kept in self.store.waiting(tx, subject):
            if kept.head.sender == self.me or kept.head.kind != kind_of(Handover):
                self._enter(tx, subject, kept.id)

    def _enter(self, tx: Transaction, subject: ActId, act: ActId) -> None:
        s = schema.subjects.c
        row = tx.one(select(schema.subjects).where(and_(s.member == self.member, s.subject == subject)))
        opening = self.store.find(tx, subject)
        registry, now = self.registry(), self.now()
        if row is None or row.keeper != self.me or opening is None or epochs.closed(self, tx):
            return
        if isinstance(registry.may_act(self.me, "keeping", now), Refusal):
            return
        parties = {*opening.head.to, opening.head.sender} - {self.me}
        # Whoever is out is told nothing more, and must not keep the others from going on.
        told = [party for party in parties if not isinstance(registry.may_act(party, "keeping", now), Refusal)]
        entry = Entry(subject=subject, number=int(row.entered) + 1, previous=ActId(bytes(row.last)), act=act)
        self.utter(tx, Utterance(act=entry, to=tuple(told) or (self.me,), subject=subject))

    # Keys.

    def signer(self, registry: Registry | None = None) -> Signer:
        """Return the current signing key of this bureau, as its profile lists it; `registry` where it is at hand."""
        key = (registry or self.registry()).profile(self.me).current(KeyUse.SIGN)
        return Signer(key, lambda message: self.keyring.sign(key.kid, message))

    def openers(self, registry: Registry | None = None) -> tuple[Opener, ...]:
        """Return the keys that open envelopes to us, retired ones too: mail under them may still be on its way."""
        registry = registry or self.registry()
        found = self._openers.get(registry.version)
        if found is None:
            held = {key.kid for key in self.keyring.public()}
            keys = [key for key in registry.profile(self.me).keys if key.use is KeyUse.SEAL and key.kid in held]
            found = tuple(Opener(key, self.keyring.private(key.kid)) for key in keys)  # type: ignore[arg-type]
            self._openers.clear()
            self._openers[registry.version] = found
        return found

    def private(self, use: KeyUse) -> Ed25519PrivateKey:
        """Return the current private key for the log or for cosignatures.

        Raises:
            Misused: the keyring lacks it.

        """
        key = self.registry().profile(self.me).current(use, Suite.ED25519)
        private = self.keyring.private(key.kid)
        if not isinstance(private, Ed25519PrivateKey):
            raise Misused(f"the key for {use} is not an Ed25519 key")
        return private

    # Rules.

    def registry_in(self, tx: Transaction) -> Registry:
        """Return the registry as this transaction sees it: one for all that is ruled in it, and looked for once."""
        found: Registry = tx.notes.get(("registry", self.member)) or self.registry()
        tx.notes["registry", self.member] = found
        return found

    @cached_property
    def gates(self) -> tuple[Gate, ...]:
        """The gates of all capabilities, in the order of the list that `app.py` hands over."""
        return tuple(gate for capability in self.capabilities for gate in capability.gates)

    @property
    def veils(self) -> tuple[Veil, ...]:
        """The veils of all capabilities; after a restore one more, which no capability has."""
        ours = (epochs.withheld,) if self.epoch > 1 else ()
        return (*ours, *(veil for capability in self.capabilities for veil in capability.veils))

    def past(self, tx: Transaction) -> Past:
        """Return what rules may look at."""
        return Past(self.store, tx, self.registry_in(tx), verify=self.verify)

    def rule(self, tx: Transaction, said: Said) -> None:
        """Rule on an act of ours by registry, label and gates; whether two persons approved it, `commit` asks.

        Raises:
            Refused: one of them forbids it.

        """
        registry, now, head = self.registry_in(tx), self.now(), said.head
        # Receipts and entries say nothing new: they answer what has been accepted.
        goes_on = head.capability == "exchange" or isinstance(said.act, Entry)
        if registry.freshness(now) is Freshness.STOPPED and not goes_on:
            reason = "the registry is out of date for longer than its grace; refresh it before saying anything new"
            raise Refused(Refusal("registry.stale", reason, "decision 0005"))
        if head.capability != "exchange" and epochs.closed(self, tx):
            raise Refused(epochs.CLOSED)
        for party in (self.me, *head.to):
            require(registry.may_act(party, head.capability, now))
        require(may_carry(head.label, head.basis, head.to, now))
        past = self.past(tx)
        for gate in self.gates:
            if (ruling := gate(said, past, now)) is not ALLOWED:
                require(ruling)

    def _check(self, utterance: Utterance) -> None:
        """Refuse early, before a transaction, what cannot be said at all."""
        if kind_of(utterance.act) not in self.store.kinds:
            raise Misused(f"this node does not know {kind_of(utterance.act)}")
        if utterance.act.two_persons:
            reason = "the kind needs two more persons: propose it, then let two officers of different units approve"
            raise Refused(Refusal("exchange.two-persons", reason, "decision 0017"))
        if not utterance.to:
            raise Misused("an act needs at least one recipient")
