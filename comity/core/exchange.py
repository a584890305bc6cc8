"""Judge what arrived: the numbered checks that every delivery passes before anything is done with it.

Authority: decisions 0009 (time is claimed, order is proven), 0019 (the wire), 0020 (revocation cuts at a log index).
Pure: the registry, what this node has seen and the time are arguments; `node/inbox.py` carries out the verdict.

The order is fixed, because each check relies on those before it, and nothing is decoded before it is verified:

 1. the frame verifies under a registered key of its sender, is ours, and belongs to the sealed bytes beside it;
 2. the envelope opens with a key of ours;
 3. the head verifies under a registered key, and its sender is the owner of that key;
 4. organisation, and frame and head name the same sender: nobody passes on what was written to somebody else;
 5. we are among the recipients that the head names, and its channel is the one of exactly these recipients;
 6. no key that framed, signed or approved it is revoked, or it is proven to have been logged before the cut;
 7. body, size, rows and salt are what the head holds digests of;
 8. sequence: new, the same again, or two acts under one number (evidence against the sender);
 9. time: not ahead of ours by more than ten minutes (parked), not expired;
10. the sender is accredited for this capability;
11. the kind is known, and the body is its canonical form;
12. kinds that need two persons come with two approvals from different units;
13. label, audience and basis allow it. The capabilities' own gates come after, in `node/inbox.py`.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

import msgspec

from comity.core import cose
from comity.core.act import STREAMS, Act, Author, Head, Kinds, Said, Unknown, body_digest, channel_of, own_stream
from comity.core.codec import decode
from comity.core.cose import Opener
from comity.core.envelope import FRAME, HEAD, Delivery, Frame, Signed, open_sealed, read_approval, sha256
from comity.core.errors import Malformed
from comity.core.handling import may_carry
from comity.core.ids import ActId, BureauId, Digest, KeyId, Millis, OrgId, act_id
from comity.core.leaf import Leaf, Way, commitment
from comity.core.log import Inclusion, leaf_hash, verify_inclusion
from comity.core.receipt import rows_root
from comity.core.registry import KeyUse, Registry, Standing
from comity.core.ruling import ALLOWED, Refusal, Ruling

SKEW = Millis(10 * 60 * 1000)
"""How far ahead of ours a claimed time may be: 10 minutes, twice the skew that Kerberos allows (RFC 4120: 5)."""


class Proof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """That the sender's log held the act before the key was revoked."""

    leaf: Leaf
    salt: bytes
    inclusion: Inclusion


class Order(Protocol):
    """What the judge needs to know of the past."""

    def said_at(self, sender: BureauId, channel: bytes, epoch: int, seq: int) -> ActId | None:
        """Return the act that was accepted, or refused with `Refuse.numbered`, under this number, if any."""

    def logged(self, act: ActId) -> bool:
        """Tell whether our own log holds this act as received; one logged as refused would pass at a second try."""


class Accept(msgspec.Struct, frozen=True):
    """Store it, fold it, receipt it."""

    said: Said


class Refuse(msgspec.Struct, frozen=True):
    """Log it, keep no more than the head, and answer with the refusal."""

    refusal: Refusal
    said: Said | None = None
    """Absent when it could not be read at all."""

    @property
    def numbered(self) -> bool:
        """Tell whether the act takes its sequence number although it is refused.

        Not when somebody else than the sender can bring the refusal about, by passing on what was sealed to them or
        with a stolen key that has been revoked: the genuine act, still on its way, would then count as a repetition.
        Nor when it came before the statement of its epoch (decision 0039): once that is here, it counts.
        """
        return self.said is not None and self.refusal.code not in {*_NOT_OURS, "exchange.revoked", "exchange.epoch"}


class Park(msgspec.Struct, frozen=True):
    """Committed but not ruled yet: judge again at `until`, or when the registry has changed."""

    reason: Refusal
    until: Millis


class Again(msgspec.Struct, frozen=True):
    """The same act once more: answer with the same receipt, do nothing else."""

    act: ActId


class Equivocation(msgspec.Struct, frozen=True):
    """Two acts under one number: both heads are kept, signed by the sender, as evidence that anybody can check."""

    said: Said
    other: ActId


Verdict = Accept | Refuse | Park | Again | Equivocation


def admit(delivery: Delivery, registry: Registry, me: BureauId) -> Frame:
    """Check 1: return the verified frame. Who fails here is nobody we know, so nothing is stored or logged.

    Raises:
        Malformed: the frame does not verify, is for somebody else, or of another organisation.

    """
    frame = announced(delivery.frame, registry, me)
    if frame.sealed != sha256(delivery.sealed):
        raise Malformed("the frame belongs to another envelope than the one beside it")
    return frame


def announced(raw: bytes, registry: Registry, me: BureauId) -> Frame:
    """Check 1 without the sealed bytes: return a verified frame that announces an envelope to us.

    Raises:
        Malformed: the frame does not verify, is for somebody else, or of another organisation.

    """
    frame = framed(raw, registry)
    if frame.to != me:
        raise Malformed(f"a frame addressed to {frame.to}")
    return frame


def framed(raw: bytes, registry: Registry) -> Frame:
    """Check 1 but for the addressee: return a frame that a member of this organisation made; all that a relay checks.

    Raises:
        Malformed: the frame does not verify, is of another organisation, or its sender is no member.

    """
    payload, key_id = cose.verified(raw, FRAME, lambda kid: registry.key(registry.owner(kid), kid, KeyUse.SIGN))
    frame, owner = decode(payload, Frame), registry.owner(key_id)
    if frame.sender != owner:
        raise Malformed("a frame names another sender than the owner of the key that signed it")
    if frame.org != registry.org:
        raise Malformed("a frame of another organisation")
    accreditation = registry.accreditations.get(owner)
    if accreditation is None or accreditation.standing is Standing.EJECTED:
        raise Malformed(f"{owner} is no member of this organisation")
    return frame


def judge(  # noqa: PLR0913 - the judge looks at exactly these
    delivery: Delivery, frame: Frame, *, registry: Registry, me: BureauId, openers: Iterable[Opener], kinds: Kinds,
    order: Order, now: Millis,
) -> tuple[Verdict, Signed | None]:  # fmt: skip
    """Checks 2 to 13 on an admitted delivery: the verdict, and the signed act where it could be opened."""
    examined = examine(delivery, frame, registry=registry, me=me, openers=openers, kinds=kinds)
    return rule(examined, registry=registry, kinds=kinds, order=order, now=now), examined.signed


class Examined(msgspec.Struct, frozen=True, kw_only=True):
    """What can be said of a delivery without knowing the past; all the cryptography is done."""

    frame: Frame
    signed: Signed | None = None
    said: Said | None = None
    """Absent when the envelope does not open or the head does not verify."""
    key_id: KeyId | None = None
    """The key that signed the head."""
    keys: frozenset[KeyId] = frozenset()
    """The keys that framed it, signed its head and approved it."""
    proof: bytes | None = None
    flaw: Refusal | None = None
    """The first check that failed, among those that need no past."""


def examine(
    delivery: Delivery, frame: Frame, *, registry: Registry, me: BureauId, openers: Iterable[Opener], kinds: Kinds
) -> Examined:
    """Checks 2 to 5, 7, and the signatures of 12: everything that costs time and needs no store."""
    try:
        signed = open_sealed(delivery.sealed, openers)
    except Malformed as problem:
        return Examined(frame=frame, flaw=Refusal("exchange.sealed", str(problem)))
    try:
        said, key_id = read(signed, registry)
    except Malformed as problem:
        return Examined(frame=frame, signed=signed, flaw=Refusal("exchange.signature", str(problem)))
    flaw: Ruling = ALLOWED
    if said.head.sender != frame.sender:
        reason = f"{frame.sender} passes on an act of {said.head.sender} that was sealed to somebody else"
        flaw = Refusal("exchange.forwarded", reason)
    else:
        flaw = addressed(said.head, registry.org, me)
    if not isinstance(flaw, Refusal):
        try:
            said = fill(said, signed, kinds, registry)
        except Malformed as problem:
            flaw = Refusal("exchange.malformed", str(problem))
    found = flaw if isinstance(flaw, Refusal) else None
    keys = frozenset({cose.key_id(delivery.frame), key_id, *_approval_keys(signed)})
    return Examined(frame=frame, signed=signed, said=said, key_id=key_id, keys=keys, proof=delivery.proof, flaw=found)


_NOT_OURS = frozenset({"exchange.forwarded", "exchange.organisation", "exchange.recipient", "exchange.channel"})
"""Flaws of acts whose number says nothing about what their sender said to us."""


def rule(examined: Examined, *, registry: Registry, kinds: Kinds, order: Order, now: Millis) -> Verdict:
    """Checks 6 and 8 to 13, on what `examine` found: what needs the past, the registry and the time."""
    said, flaw = examined.said, examined.flaw
    if said is None or examined.key_id is None or (flaw is not None and flaw.code in _NOT_OURS):
        return Refuse(flaw or Refusal("exchange.signature", "the head was not read"), said)
    head = said.head
    ruling = not_revoked(said, examined.keys, examined.proof, registry, order)
    if isinstance(ruling, Refusal):
        return Refuse(ruling, said)
    before = order.said_at(head.sender, head.channel, head.epoch, head.seq)
    if before is not None:
        return Again(before) if before == said.id else Equivocation(said, before)
    if head.said > now + SKEW:
        ahead = Refusal("exchange.future", f"the act claims a time {head.said - now} ms ahead of ours", "decision 0009")
        return Park(ahead, Millis(head.said - SKEW))
    for step in (
        flaw or ALLOWED,
        registry.may_act(head.sender, head.capability, now),
        known(said),
        approved(said, kinds),
        may_carry(head.label, head.basis, head.to, now),
    ):
        if isinstance(step, Refusal):
            return Refuse(step, said)
    return Accept(said)


def read(signed: Signed, registry: Registry) -> tuple[Said, KeyId]:
    """Check 3: return the verified head, with an empty act, and the id of the key that signed it.

    Raises:
        Malformed: no registered key, the signature does not verify, or the head's sender is not the key's owner.

    """
    payload, key_id = cose.verified(signed.head, HEAD, lambda kid: registry.key(registry.owner(kid), kid, KeyUse.SIGN))
    head, owner = decode(payload, Head), registry.owner(key_id)
    if head.sender != owner:
        raise Malformed("a head names another sender than the owner of the key that signed it")
    return Said(id=act_id(payload), head=head, act=Unknown(tag=head.kind, body=b"")), key_id


def addressed(head: Head, org: OrgId, me: BureauId) -> Ruling:
    """Checks 4 and 5: our organisation, and we are one of the recipients that the sender signed for."""
    if head.org != org:
        return Refusal("exchange.organisation", "the act belongs to another organisation", "decision 0021")
    if me not in head.to:
        return Refusal("exchange.recipient", f"{me} is not among the recipients that the sender named")
    streams = (*STREAMS, own_stream(head.body))
    if all(head.channel != channel_of(head.org, head.sender, head.to, stream) for stream in streams):
        return Refusal("exchange.channel", "the channel is not the one of these recipients")
    return ALLOWED


def not_revoked(
    said: Said, keys: Iterable[KeyId], proof: bytes | None, registry: Registry, order: Order
) -> Ruling:  # fmt: skip
    """Check 6: an act under a revoked key counts if we had logged it, or if it was logged before the cut.

    The frame's key is looked at too: with a stolen one, a genuine head could be delivered beside another body.
    """
    found = [registry.revocation(said.head.sender, key_id) for key_id in keys]
    revocation = min((one for one in found if one is not None), key=lambda one: one.size, default=None)
    if revocation is None or order.logged(said.id):
        return ALLOWED
    reason = "a key of this act is revoked; send proof that the act was logged before"
    refusal = Refusal("exchange.revoked", reason, "decision 0020")
    if proof is None:
        return refusal
    try:
        shown = decode(proof, Proof)
        if (
            shown.leaf.act != Digest(said.id)
            or shown.leaf.way is not Way.SENT
            or shown.inclusion.size != revocation.size
        ):
            return refusal
        entry = commitment(shown.leaf, shown.salt)
        verify_inclusion(shown.inclusion, leaf_hash(entry), revocation.root)
    except Malformed:
        return refusal
    return ALLOWED


def fill(said: Said, signed: Signed, kinds: Kinds, registry: Registry) -> Said:
    """Checks 7, 11 and 12's signatures: return the act with its decoded body and its verified approvers.

    Raises:
        Malformed: body, rows or approvals are not what the head or the profile says.

    """
    head = said.head
    if len(signed.body) != head.size or body_digest(signed.salt, signed.body) != head.body:
        raise Malformed("the body is not the one that the head holds a digest of")
    act = kinds.decode(head.kind, signed.body)
    rows = act.row_bytes() if isinstance(act, Act) else ()
    if isinstance(act, Act) and (rows_root(signed.salt, rows) if rows else None) != head.rows:
        raise Malformed("the rows are not those that the head holds the root of")
    approvers = tuple(_approver(raw, said, registry) for raw in signed.approvals)
    return Said(id=said.id, head=head, act=act, approvers=approvers)


def known(said: Said) -> Ruling:
    """Check 11: an unknown kind is kept and refused, never dropped."""
    if isinstance(said.act, Unknown):
        return Refusal("exchange.unknown-kind", f"this node does not know {said.head.kind}; it is kept as it came")
    return ALLOWED


def approved(said: Said, kinds: Kinds) -> Ruling:
    """Check 12: two officers of different units, none of them the author, approved what needs two persons."""
    if not kinds.struct(said.head.kind).two_persons:
        return ALLOWED
    officers = {approver.officer for approver in said.approvers}
    units = {approver.unit for approver in said.approvers}
    # Without a named author nobody can tell that the author did not approve.
    author = said.head.author
    if author is None or author.officer in officers or len(officers) < 2 or len(units) < 2:  # noqa: PLR2004
        reason = "the kind needs an author, and the approval of two other officers of different units"
        return Refusal("exchange.two-persons", reason, "decision 0017")
    return ALLOWED


def _approval_keys(signed: Signed) -> Iterator[KeyId]:
    """Yield the keys that approvals name; unverified, so they may only make check 6 stricter."""
    for raw in signed.approvals:
        try:
            yield cose.key_id(raw)
        except Malformed:
            continue  # `fill` refuses the act for it.


def _approver(raw: bytes, said: Said, registry: Registry) -> Author:
    key_id = cose.key_id(raw)
    for approver in registry.profile(said.head.sender).approvers:
        if approver.key.kid == key_id:
            approval = read_approval(raw, approver.key)
            wanted = (said.head.org, said.id, approver.officer, approver.unit)
            if (approval.org, approval.act, approval.officer, approval.unit) != wanted:
                raise Malformed("an approval is for another act or by another officer")
            return Author(officer=approver.officer, unit=approver.unit)
    raise Malformed("an approval is signed by nobody whom the sender's profile lists")
