"""That a log only grows: what a bureau proves of its own log in each batch of receipts, and what it makes of a peer's.

Authority: RFC 6962 section 2.1.2 (consistency proofs); decisions 0010 and 0040. A checkpoint alone says what a log
holds now. Whoever holds an earlier one of the same log must be shown that the new one begins with it; the proof travels
with the receipts, so a log that was rewritten contradicts its own signature in the first exchange after that. A peer
that shows no proof is not accused, for silence proves nothing: it is only not believed any further.
"""

from functools import cache

import msgspec
from sqlalchemy import and_, select

from comity.core import checkpoint as notes
from comity.core import log
from comity.core.act import STREAMS, channel_of
from comity.core.codec import decode, encode
from comity.core.errors import Malformed
from comity.core.ids import BureauId
from comity.core.log import verify_consistency
from comity.core.note import parse_note
from comity.core.receipt import Continued, Receipts
from comity.node import schema
from comity.node.bureau import Bureau
from comity.node.database import Transaction

REWRITTEN = "rewritten"
"""What evidence is called that rests on a consistency proof, not on two roots of one size."""

RECEIPTS, KIND = STREAMS[1], "exchange.receipts/1"


class Rewriting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The second half of such evidence: the later checkpoint, and what its tree has over the earlier leaves."""

    note: bytes
    shown: Continued


# Our own log.


def proofs(bureau: Bureau, tx: Transaction, to: BureauId, note: bytes) -> tuple[Continued, ...]:
    """Return proofs that a checkpoint of ours continues what a peer holds, and remember that it was sent there."""
    size = notes.parse_checkpoint(parse_note(note).text).size
    said, sent = bureau.shown.get(to) or (0, _sent(bureau, tx, to))
    bureau.shown[to] = (said, size)
    read = cache(lambda level, index: bureau.ledger.tile(tx, level, index))  # Each proof reads the same few tiles.
    return tuple(
        Continued(size=each, root=log.root_at(each, read), path=log.prove_consistency(each, size, read))
        for each in sorted({said, sent})
        if 0 < each < size
    )


def named(bureau: Bureau, peer: BureauId, size: int) -> None:
    """Remember the size of our log that a peer says it holds."""
    bureau.shown[peer] = (size, bureau.shown.get(peer, (0, size))[1])


def _sent(bureau: Bureau, tx: Transaction, to: BureauId) -> int:
    """Return the size of the checkpoint in the last receipts that we said to a peer; after a start, from the disk."""
    a, channel = schema.acts.c, channel_of(bureau.org, bureau.me, (to,), RECEIPTS)
    place = and_(a.member == bureau.member, a.sender == bureau.me, a.channel == channel, a.kind == KIND)
    row = tx.one(select(a.number).where(place).order_by(a.number.desc()).limit(1))
    if row is None:
        return 0
    last = decode(bureau.store.signed(tx, bureau.store.by_number(tx, row.number)).body, Receipts)
    return notes.parse_checkpoint(parse_note(last.mine.encode()).text).size


# A peer's log.


def compared(held: notes.Checkpoint, seen: notes.Checkpoint, since: tuple[Continued, ...]) -> Continued | None:
    """Return the proof about the leaves that we hold a checkpoint of, if one of them holds; its root may differ."""
    for each in since:
        if each.size == held.size:
            try:
                verify_consistency(each.size, each.root, seen.size, seen.root, each.path)
            except Malformed:
                continue
            return each
    return None


def accuse(bureau: Bureau, tx: Transaction, whose: BureauId, one: bytes, other: bytes, shown: Continued) -> None:
    """Keep as evidence that a log signed two histories, once however often the second one is shown."""
    e = schema.evidence.c
    where = and_(e.member == bureau.member, e.against == whose, e.what == REWRITTEN)
    texts = {parse_note(decode(bytes(row.other), Rewriting).note).text for row in tx.all(select(e.other).where(where))}
    if parse_note(other).text not in texts:
        bureau.store.accuse(tx, whose, REWRITTEN, one, encode(Rewriting(note=other, shown=shown)), bureau.now())
