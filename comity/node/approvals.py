"""Grave acts: proposed by one officer, said only once two others of different units have approved (decision 0017).

Authority: NIST SP 800-53 AC-3(2), dual authorization. What is approved is the id of the act, which is the hash of its
head: content, recipients, label and time are fixed before anybody approves, and the act becomes what was proposed or
nothing. Whose approval counts says the bureau's signed profile alone, at the moment when the act is said, as it will at
each recipient (`core.exchange`); the table of officers cannot add to it.

A proposal has a channel of its own with the number 1, so dropping it leaves no hole. Its body rests under a key of its
own, which is destroyed when the proposal is said or dropped; head and row stay and say who ended it.
"""

from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Row, and_, insert, select, update

from comity.core import cose
from comity.core.act import Author, Erased, Head, Said, kind_of
from comity.core.capability import Hidden, OfficerRole, Reader, Shown
from comity.core.codec import decode, encode, unpack
from comity.core.cose import Signer
from comity.core.envelope import HEAD, Approval, Lane, Signed
from comity.core.envelope import approve as signed_approval
from comity.core.errors import Malformed, Misused
from comity.core.exchange import approved, fill
from comity.core.ids import ActId, KeyId, Millis, act_id
from comity.core.registry import Approver
from comity.core.ruling import ALLOWED, Refusal, Ruling, require
from comity.node import schema
from comity.node.bureau import Bureau, Utterance
from comity.node.database import Transaction
from comity.node.glimpse import Content, content, sight
from comity.node.store import Kept

ARTICLE = "decision 0017"

MAY_APPROVE = frozenset({OfficerRole.SUPERVISOR})
"""Roles that approve, and that drop what others proposed."""


class Stage(StrEnum):
    """Where a proposal stands."""

    OPEN = "open"
    SAID = "said"
    DROPPED = "dropped"


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """An act that waits for approvals, or did, as one reader may see it."""

    id: ActId
    """Of the act that it becomes."""
    head: Head
    """As it will be signed."""
    act: Content
    """The tombstone `Erased` once it has been said or dropped."""
    masked: tuple[str, ...]
    """Names of the fields that are kept from the reader."""
    author: Author
    approvals: tuple[Author, ...]
    """Who has approved; of an open proposal only those whom the profile still lists."""
    stage: Stage
    at: Millis
    """When it was proposed."""
    ended_at: Millis | None
    ended_by: str
    """The officer whose approval was the last one needed, or who dropped it; empty while it is open."""


class _Held(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What rests under the body's key."""

    salt: bytes
    body: bytes
    lane: Lane
    deadline: Millis | None = None


def propose(bureau: Bureau, utterance: Utterance, reader: Reader) -> Proposal:
    """Propose an act in the reader's name; nothing leaves before two others approve.

    Raises:
        Refused: a gate, the label or the registry would forbid it now.
        Misused: the kind needs no approval or is not known here, or it has no recipient.

    """
    kind = kind_of(utterance.act)
    if reader.bureau != bureau.me:
        raise Misused(f"a reader of {reader.bureau} at the desk of {bureau.me}")
    if kind not in bureau.store.kinds or not utterance.to:
        raise Misused(f"to propose needs a recipient and a kind that this node knows; this is {kind}")
    if not utterance.act.two_persons:
        raise Misused(f"{kind} needs no approval: say it")
    named = msgspec.structs.replace(utterance, author=Author(officer=reader.officer, unit=reader.unit))
    return bureau.database.write(lambda tx: _keep(bureau, tx, named, reader))


def pending(bureau: Bureau, reader: Reader) -> tuple[Proposal, ...]:
    """Return the open proposals that the reader may see, oldest first."""
    p = schema.proposals.c
    with bureau.database.read() as tx:
        where = and_(p.member == bureau.member, p.state == Stage.OPEN.value)
        rows = tx.all(select(schema.proposals).where(where).order_by(p.number))
        return tuple(filter(None, (_seen(bureau, tx, row, reader) for row in rows)))


def find(bureau: Bureau, proposal: ActId, reader: Reader) -> Proposal | None:
    """Return a proposal in whatever stage; None when there is none for this reader."""
    with bureau.database.read() as tx:
        row = _row(bureau, tx, proposal)
        return None if row is None else _seen(bureau, tx, row, reader)


def approve(bureau: Bureau, proposal: ActId, reader: Reader, signer: Signer) -> Proposal | Kept:
    """Approve a proposal with the officer's own key; returns it, or with the second approval the act as it was said.

    Raises:
        Refused: this officer's approval does not count (``approvals.*``), or with the last one a gate, the label or
            the registry forbids the act now; then that approval is not kept either.
        Misused: there is no such proposal for this reader.

    """
    key = signer.key.kid
    with bureau.database.read() as tx:
        # Asked before signing, so that nobody unlocks a key, or touches a token, for nothing.
        require(may_approve(bureau, _visible(bureau, tx, proposal, reader), reader, key))
    raw = signed_approval(Approval(org=bureau.org, act=proposal, officer=reader.officer, unit=reader.unit), signer)

    def write(tx: Transaction) -> Proposal | Kept:
        found = _visible(bureau, tx, proposal, reader)
        require(may_approve(bureau, found, reader, key))
        return _add(bureau, tx, found, reader, raw)

    return bureau.database.write(write)


def drop(bureau: Bureau, proposal: ActId, reader: Reader) -> Proposal:
    """Drop a proposal, as its author or a supervisor; the row says who did, and its content is erased.

    Raises:
        Refused: the reader is neither, or the proposal was said or dropped before.
        Misused: there is no such proposal for this reader.

    """

    def write(tx: Transaction) -> Proposal:
        require(may_drop(_visible(bureau, tx, proposal, reader), reader))
        _end(bureau, tx, proposal, Stage.DROPPED, reader)
        return _visible(bureau, tx, proposal, reader)

    return bureau.database.write(write)


# Rules.


def may_approve(bureau: Bureau, proposal: Proposal, reader: Reader, key: KeyId) -> Ruling:
    """Rule whether this officer's approval, under this key, would count."""
    if proposal.stage is not Stage.OPEN:
        return _closed(proposal)
    if reader.role not in MAY_APPROVE:
        return Refusal("approvals.role", f"a reader with the role {reader.role} does not approve", ARTICLE)
    if proposal.author.officer == reader.officer:
        return Refusal("approvals.own", "nobody approves what they proposed", ARTICLE)
    if proposal.masked:
        return Refusal("approvals.masked", "nobody approves what is in part kept from them", ARTICLE)
    if not any(_lists(bureau, approver, reader, key) for approver in bureau.registry().profile(bureau.me).approvers):
        reason = "the bureau's profile lists no such officer in this unit with this key as one who approves"
        return Refusal("approvals.unlisted", reason, ARTICLE)
    if reader.officer in {approver.officer for approver in proposal.approvals}:
        return Refusal("approvals.twice", "this officer has approved already; somebody else is needed", ARTICLE)
    if reader.unit in {approver.unit for approver in proposal.approvals}:
        return Refusal("approvals.unit", "this unit has approved already; another one is needed", ARTICLE)
    return ALLOWED


def may_drop(proposal: Proposal, reader: Reader) -> Ruling:
    """Rule whether this officer may drop a proposal."""
    if proposal.stage is not Stage.OPEN:
        return _closed(proposal)
    if proposal.author.officer != reader.officer and reader.role not in MAY_APPROVE:
        return Refusal("approvals.drop", "a proposal is dropped by its author or by a supervisor", ARTICLE)
    return ALLOWED


def _closed(proposal: Proposal) -> Refusal:
    return Refusal("approvals.closed", f"the proposal was {proposal.stage} before", ARTICLE)


def _lists(bureau: Bureau, approver: Approver, reader: Reader, key: KeyId) -> bool:
    named = (approver.officer, approver.unit, approver.key.kid) == (reader.officer, reader.unit, key)
    return named and not approver.key.retired and bureau.registry().revocation(bureau.me, key) is None


# Steps.


def _keep(bureau: Bureau, tx: Transaction, utterance: Utterance, reader: Reader) -> Proposal:
    head, body, salt = bureau.draft(tx, utterance)
    payload = encode(head)
    said = Said(id=act_id(payload), head=head, act=utterance.act)
    bureau.rule(tx, said)
    number = tx.count("acts")
    held = _Held(salt=salt, body=body, lane=utterance.lane, deadline=utterance.deadline)
    # The key is on the disk before the row is committed, as for acts (`node/bodies.py`).
    sealed = bureau.store.hide(tx, number, encode(held))
    tx.run(
        insert(schema.proposals).values(
            id=said.id, number=number, member=bureau.member, author=reader.officer, unit=reader.unit, head=payload,
            body=sealed, approvals=encode([]), state=Stage.OPEN.value, at=bureau.now(), ended_at=None, ended_by="",
        )
    )  # fmt: skip
    return _visible(bureau, tx, said.id, reader)


def _add(bureau: Bureau, tx: Transaction, proposal: Proposal, reader: Reader, raw: bytes) -> Proposal | Kept:
    row = _existing(bureau, tx, proposal.id)
    held = _held(bureau, tx, row)
    standing = (*(each for each, _ in _standing(bureau, row, held)), raw)
    signed = Signed(head=b"", body=held.body, salt=held.salt, approvals=standing)
    try:
        # The recipients will make exactly this check; what fails here would be refused there.
        said = fill(_bare(row), signed, bureau.store.kinds, bureau.registry())
    except Malformed as problem:
        raise Misused(f"the approval was not signed with the key that the profile lists: {problem}") from None
    place = schema.proposals.c.id == proposal.id
    tx.run(update(schema.proposals).where(place).values(approvals=encode(list(standing))))
    if isinstance(approved(said, bureau.store.kinds), Refusal):
        return _visible(bureau, tx, proposal.id, reader)
    signed = msgspec.structs.replace(signed, head=cose.sign1(bytes(row.head), HEAD, bureau.signer()))
    kept = bureau.commit(tx, said, signed, held.lane, held.deadline)
    _end(bureau, tx, proposal.id, Stage.SAID, reader)
    return kept


def _end(bureau: Bureau, tx: Transaction, proposal: ActId, stage: Stage, reader: Reader) -> None:
    """Close a proposal; its body's key is destroyed once that is committed."""
    bureau.store.doom(tx, int(_existing(bureau, tx, proposal).number))
    values = {"state": stage.value, "body": b"", "ended_at": bureau.now(), "ended_by": reader.officer}
    tx.run(update(schema.proposals).where(schema.proposals.c.id == proposal).values(**values))


# Rows.


def _row(bureau: Bureau, tx: Transaction, proposal: ActId) -> Row[Any] | None:
    p = schema.proposals.c
    return tx.one(select(schema.proposals).where(and_(p.member == bureau.member, p.id == proposal)))


def _existing(bureau: Bureau, tx: Transaction, proposal: ActId) -> Row[Any]:
    row = _row(bureau, tx, proposal)
    if row is None:
        raise Misused("there is no such proposal here")
    return row


def _visible(bureau: Bureau, tx: Transaction, proposal: ActId, reader: Reader) -> Proposal:
    found = _seen(bureau, tx, _existing(bureau, tx, proposal), reader)
    if found is None:
        # The same words: who may not see it must not learn that it exists.
        raise Misused("there is no such proposal here")
    return found


def _seen(bureau: Bureau, tx: Transaction, row: Row[Any], reader: Reader) -> Proposal | None:
    """Return a proposal as the reader may see it, None when it is hidden from them."""
    said = _bare(row)
    if row.state == Stage.OPEN:
        held = _held(bureau, tx, row)
        act = bureau.store.kinds.decode(said.head.kind, held.body)
        approvals = tuple(author for _, author in _standing(bureau, row, held))
        said = msgspec.structs.replace(said, act=act, approvers=approvals)
    else:
        given = (decode(cose.payload_of(raw), Approval) for raw in unpack(bytes(row.approvals)))
        approvals = tuple(Author(officer=each.officer, unit=each.unit) for each in given)
    seen_as = sight(bureau.veils, said, reader, bureau.past(tx))
    if isinstance(seen_as, Hidden):
        return None
    return Proposal(
        id=said.id, head=said.head, act=content(said.act, seen_as),
        masked=() if isinstance(seen_as, Shown) else seen_as.fields, author=Author(officer=row.author, unit=row.unit),
        approvals=approvals, stage=Stage(row.state), at=Millis(row.at),
        ended_at=None if row.ended_at is None else Millis(row.ended_at), ended_by=row.ended_by,
    )  # fmt: skip


def _bare(row: Row[Any]) -> Said:
    head = decode(bytes(row.head), Head)
    return Said(id=ActId(bytes(row.id)), head=head, act=Erased(tag=head.kind))


def _held(bureau: Bureau, tx: Transaction, row: Row[Any]) -> _Held:
    return decode(bureau.store.reveal(tx, int(row.number), bytes(row.body)), _Held)


def _standing(bureau: Bureau, row: Row[Any], held: _Held) -> tuple[tuple[bytes, Author], ...]:
    """Return the approvals that count today: who left the profile, or moved to another unit, counts no more."""
    found = []
    for raw in unpack(bytes(row.approvals)):
        signed = Signed(head=b"", body=held.body, salt=held.salt, approvals=(raw,))
        try:
            said = fill(_bare(row), signed, bureau.store.kinds, bureau.registry())
        except Malformed:
            continue
        if bureau.registry().revocation(bureau.me, cose.key_id(raw)) is None:
            found.append((raw, said.approvers[0]))
    return tuple(found)
