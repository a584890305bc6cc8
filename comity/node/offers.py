"""Attachments that a peer announces: a verified frame is the ticket, only what it names is taken in (decision 0025).

Chunks come before the envelope, so that a receipt never covers parts that did not arrive. What was announced and whose
envelope never came is let go after a week (`sweep`); a chunk is never parsed, only compared with the digest that names
it.
"""

from functools import partial

from sqlalchemy import ColumnElement, LargeBinary, and_, delete, func, literal, or_, select

from comity.core.errors import Malformed, Misused, Refused
from comity.core.exchange import announced
from comity.core.ids import BureauId, Digest
from comity.core.ruling import Refusal
from comity.node import schema
from comity.node.bureau import Bureau
from comity.node.database import Transaction

MOST_WAITING = 4 << 30
"""Bytes of announced, incomplete attachments that one sender may have with us: two of the largest."""

WAITING = 7 * 86_400_000
"""How long an announcement holds, milliseconds, as long as the patience of the slowest lane; it can be made again."""

TOGETHER = 3_600_000
"""How much longer it is left, milliseconds: a sender that still tries offers again within 15 minutes, and what is over
within an hour is looked up in one go."""

MOST_SWEPT = 50
"""Attachments that one look lets go of; each is searched in every head that is kept."""


def offered(bureau: Bureau, frame: bytes) -> dict[str, list[bytes]]:
    """Note what a frame announces and return what we lack of it: by blob, the missing chunks, or [b""] for all.

    Raises:
        Malformed: the frame does not verify or is not for us.
        Refused: the sender has announced more than it may.

    """
    seen = announced(frame, bureau.registry(), bureau.me)
    if not seen.blobs:
        return {}
    bureau.database.write(lambda tx: _note(bureau, tx, seen.sender, seen.blobs, seen.blob_bytes))
    return {blob.hex(): lacking for blob in seen.blobs if (lacking := _lacking(bureau, blob))}


def sweep(bureau: Bureau) -> int:
    """Let go of attachments that were announced a week ago and whose envelope never came; returns how many.

    What the head of any act names stays, whoever announced it: the roots of our own attachments stand in frames.
    """
    c, end = schema.arriving.c, bureau.now() - WAITING
    over = and_(c.member == bureau.member, c.at <= end)
    with bureau.database.read() as tx:
        late = tx.one(select(c.blob).where(and_(over, c.at <= end - TOGETHER)).limit(1))
    if late is None:
        return 0
    gone, seen = bureau.database.write(partial(_let_go, bureau, over))
    # The lines go last: after a crash between file and line the file is looked for once more.
    bureau.database.write(lambda tx: tx.run(delete(schema.arriving).where(and_(over, c.blob.in_(seen)))))
    return gone


def _let_go(bureau: Bureau, over: ColumnElement[bool], tx: Transaction) -> tuple[int, list[bytes]]:
    c = schema.arriving.c
    seen = [bytes(row.blob) for row in tx.all(select(c.blob).where(over).order_by(c.at).limit(MOST_SWEPT))]
    # Another membership of this node may wait for the same; there is one folder for all.
    place = and_(c.blob.in_(seen), c.member != bureau.member)
    others = {bytes(row.blob) for row in tx.all(select(c.blob).where(place))}
    gone = set(seen) - others - _named(tx, seen)
    # After the commit, in the thread of commits: so no act that names a blob is taken in while it goes.
    tx.after.extend(partial(bureau.blobs.drop, Digest(blob)) for blob in sorted(gone))
    return len(gone), seen


def _named(tx: Transaction, blobs: list[bytes]) -> set[bytes]:
    """Return those that a head names that is kept, in any organisation of this node."""
    head = schema.acts.c.head
    places = [literal(blob, LargeBinary) for blob in blobs]
    if tx.connection.dialect.name == "postgresql":
        found = [func.position(blob.op("IN")(head)) > 0 for blob in places]
    else:
        found = [func.instr(head, blob) > 0 for blob in places]
    heads = [bytes(row.head) for row in tx.all(select(head).where(or_(*found)))]
    return {blob for blob in blobs if any(blob in head for head in heads)}


def take_manifest(bureau: Bureau, blob: Digest, raw: bytes) -> None:
    """Keep the list of chunks of an announced attachment.

    Raises:
        Malformed: nobody announced it, or the list does not lead to its name.

    """
    bureau.blobs.accept_manifest(blob, raw, _announced(bureau, blob))


def take_chunk(bureau: Bureau, blob: Digest, chunk: Digest, raw: bytes) -> None:
    """Keep a chunk of an announced attachment.

    Raises:
        Malformed: nobody announced it, or the bytes are not the chunk.

    """
    if not bureau.blobs.arrives(blob):
        _announced(bureau, blob)
    bureau.blobs.accept_chunk(blob, chunk, raw)


def _lacking(bureau: Bureau, blob: Digest) -> list[bytes]:
    try:
        return [bytes(chunk) for chunk in bureau.blobs.missing(blob)]
    except Misused:
        return [b""]


def _note(bureau: Bureau, tx: Transaction, sender: BureauId, blobs: tuple[Digest, ...], size: int) -> None:
    c = schema.arriving.c
    # What is over counts no more, and is announced anew by whoever still means it; its line is left for `sweep`.
    theirs = and_(c.member == bureau.member, c.sender == sender, c.at > bureau.now() - WAITING)
    waiting = tx.one(select(func.sum(c.bytes)).where(theirs))
    held = {bytes(row.blob) for row in tx.all(select(c.blob).where(theirs))}
    fresh = [blob for blob in blobs if blob not in held]
    if fresh and int((waiting[0] if waiting else 0) or 0) + size > MOST_WAITING:
        reason = f"{sender} has more than {MOST_WAITING} bytes of attachments under way; finish those first"
        raise Refused(Refusal("offers.quota", reason, "decision 0025"))
    rows = [
        {"member": bureau.member, "blob": blob, "sender": sender, "bytes": size, "at": bureau.now()} for blob in fresh
    ]
    tx.put(schema.arriving, rows)


def _announced(bureau: Bureau, blob: Digest) -> int:
    c = schema.arriving.c
    with bureau.database.read() as tx:
        row = tx.one(select(c.bytes).where(and_(c.member == bureau.member, c.blob == blob)))
    if row is None:
        raise Malformed("nobody has announced this attachment with a frame")
    return int(row.bytes)


def arrived(bureau: Bureau, tx: Transaction, blobs: tuple[Digest, ...]) -> None:
    """Note that attachments have arrived with their envelope, so that they no longer count as under way."""
    c = schema.arriving.c
    if blobs:
        tx.run(schema.arriving.delete().where(and_(c.member == bureau.member, c.blob.in_(blobs))))
