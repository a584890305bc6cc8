"""Makes evidence files from what a node holds against others, and checks them without a node (decision 0040).

What a peer signed twice, and cannot have meant twice, lies in the node's store since it arrived. `make` adds the files
of the registry that say whose keys these are, so that somebody without a node can see for themselves. Not all that a
node keeps convicts before outsiders: what was passed on, and that a store was set back, only the node itself can know.
"""

from functools import partial

from sqlalchemy import and_, select

from comity.core import contradiction, cose
from comity.core.act import Head
from comity.core.checkpoint import parse_checkpoint
from comity.core.codec import decode
from comity.core.contradiction import Contradiction, Conviction
from comity.core.errors import Malformed, Misused
from comity.core.evidence import parse_proof
from comity.core.ids import BureauId, KeyId
from comity.core.note import only, parse_note
from comity.core.receipt import Continued
from comity.core.registry import Profile
from comity.node import anchor as anchors
from comity.node import continuity, proof, schema
from comity.node.anchor import Anchor
from comity.node.bureau import Bureau
from comity.node.continuity import Rewriting
from comity.node.proof import Shelf, profiles_in
from comity.node.trust import Trust


def make(bureau: Bureau, trust: Trust, number: int) -> bytes:
    """Return an evidence file about what this node holds under a number.

    Raises:
        Misused: there is no such number, or what it names convicts nobody before outsiders.

    """
    with bureau.database.read() as tx:
        e = schema.evidence.c
        row = tx.one(select(schema.evidence).where(and_(e.member == bureau.member, e.number == number)))
    if row is None:
        raise Misused(f"nothing is held under the number {number}; `comity evidence` lists what is")
    against, one, other = BureauId(row.against), bytes(row.one), bytes(row.other)
    match row.what:
        case "split-view" if against != bureau.me:
            raw = _two_logs(bureau, trust, against, one, _whole(other))
        case continuity.REWRITTEN:
            raw = _two_logs(bureau, trust, against, one, decode(other, Rewriting))
        case "equivocation":
            raw = _two_acts(bureau, trust, against, one, other)
        case _:
            raise Misused(f"{row.what} convicts nobody before outsiders: only this node can know that it is true")
    verify(raw, trust.anchor)
    return raw


def held(bureau: Bureau) -> tuple[tuple[BureauId, str], ...]:
    """Return whom this node holds something against, and what it is, oldest first; no act is named."""
    with bureau.database.read() as tx:
        e = schema.evidence.c
        rows = tx.all(select(e.against, e.what).where(e.member == bureau.member).order_by(e.number))
    return tuple((BureauId(row.against), str(row.what)) for row in rows)


def compared(one: bytes, other: bytes) -> bytes:
    """Return an evidence file made of two proof files, about acts that one sender said under one number.

    Recipients of one act who were told different things find it out so: each brings the proof of what it holds.

    Raises:
        Malformed: one of them proves nothing, or the two acts do not contradict each other.

    """
    files = []
    for raw in (one, other):
        proof.verify(raw)
        files.append(parse_proof(raw))
    first, second = files
    head = decode(cose.payload_of(first.act.head), Head)
    raw = contradiction.format_evidence(
        Contradiction(
            comity=contradiction.FORM, org=first.org, against=head.sender, what="equivocation", one=first.act.head,
            other=second.act.head, registry=first.registry,
        )
    )  # fmt: skip
    verify(raw)
    return raw


def verify(raw: bytes, anchor: Anchor | None = None) -> Conviction:
    """Check an evidence file and say what it proves; without an anchor, the reader must know the organisation's id.

    Raises:
        Malformed: it is none, or something in it does not hold; the sentence says what.

    """
    file = contradiction.parse_evidence(raw)
    if anchor is not None and anchors.checked(anchor).org != file.org:
        raise Malformed("an evidence file of another organisation than the anchor's")
    return contradiction.check(file, profiles_in(file.org, file.registry), anchored=anchor is not None)


def _two_logs(bureau: Bureau, trust: Trust, against: BureauId, one: bytes, later: Rewriting) -> bytes:
    other, shown = later.note, later.shown
    shelf, version = Shelf(trust), trust.current().version
    # The accused alone is shown: who cosigned, before it was known better, plays no part in it.
    notes = [shelf.note(only(raw, _origin(raw)), bureau.org, against, (), version).encode() for raw in (one, other)]
    return contradiction.format_evidence(
        Contradiction(
            comity=contradiction.FORM, org=bureau.org, against=against, what="split-view", one=notes[0],
            other=notes[1], root=shown.root, path=shown.path, registry=shelf.registered(),
        )
    )  # fmt: skip


def _two_acts(bureau: Bureau, trust: Trust, against: BureauId, one: bytes, other: bytes) -> bytes:
    shelf, version = Shelf(trust), trust.current().version
    for raw in (one, other):
        kid = cose.key_id(raw)
        shelf.need(against, version, partial(_lists, kid=kid))
    return contradiction.format_evidence(
        Contradiction(
            comity=contradiction.FORM, org=bureau.org, against=against, what="equivocation", one=one, other=other,
            registry=shelf.registered(),
        )
    )  # fmt: skip


def _lists(profile: Profile, kid: KeyId) -> bool:
    return any(key.kid == kid for key in profile.keys)


def _origin(note: bytes) -> str:
    return parse_note(note).text.partition("\n")[0]


def _whole(note: bytes) -> Rewriting:
    """Return the second of two roots of one size: its tree over those leaves is the tree itself."""
    seen = parse_checkpoint(parse_note(note).text)
    return Rewriting(note=note, shown=Continued(size=seen.size, root=seen.root, path=()))
