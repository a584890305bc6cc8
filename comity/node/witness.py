"""Witnesses: bureaus cosign each other's checkpoints, so that no log can be rewritten or show two faces unseen.

Authority: C2SP tlog-witness and tlog-cosignature; decisions 0010 and 0031. `core/checkpoint.py` rules whether a
checkpoint continues what was cosigned before. This module keeps what was cosigned, and compares and stores it in one
transaction *before* the cosignature leaves: with two requests at once, or a crash between the two steps, a witness
that answers first would have cosigned two histories.

Both sides are here. `add_checkpoint` is the witness; `requests` and `record` are the log, which asks. Nothing in this
module speaks HTTP, and none of its answers holds up an exchange: witnesses are asked between the acts.
"""

from typing import Any

import msgspec
from sqlalchemy import Row, and_, select, update

from comity.core.checkpoint import (
    HTTP_STATUS,
    AddCheckpoint,
    Checkpoint,
    cosign,
    cosigners,
    format_request,
    may_cosign,
    origin_of,
    parse_checkpoint,
    parse_request,
)
from comity.core.epoch import named
from comity.core.errors import Malformed
from comity.core.ids import BureauId, Digest
from comity.core.log import MAX_SIZE, earlier_root
from comity.core.note import (
    Note,
    Use,
    VerifierKey,
    format_note,
    parse_note,
    parse_signatures,
    witness_name,
)
from comity.core.receipt import Continued
from comity.core.registry import KeyUse, Registry
from comity.core.ruling import ALLOWED, Refusal, Ruling
from comity.node import continuity, epochs, schema
from comity.node.bureau import Bureau
from comity.node.database import Transaction

SIZE_TYPE = "text/x.tlog.size"
"""Content type of an answer that tells the size last cosigned, by tlog-witness."""

TEXT_TYPE = "text/plain; charset=utf-8"

MOST = 64
"""Cosignatures kept on one checkpoint: more than any quorum, and below the 100 signatures that a note may have."""

OK, CONFLICT = 200, 409
_CODES = {status: code for code, status in HTTP_STATUS.items() if status != CONFLICT}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a witness answers over HTTP."""

    status: int
    content_type: str = TEXT_TYPE
    body: bytes


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sent to one witness, and the size of the checkpoint in it."""

    witness: BureauId
    size: int
    body: bytes


# The witness.


def add_checkpoint(bureau: Bureau, raw: bytes) -> Answer:
    """Answer a log that asks for a cosignature; what is cosigned is durable here before this returns."""
    try:
        request = parse_request(raw)
        origin = origin_of(request)
    except Malformed as problem:
        return Answer(status=400, body=f"{problem}\n".encode())
    log, trusted = _log(bureau, origin)
    # Whoever has no key of the log is sent away without a write transaction, which is the same for all bureaus.
    ruling = may_cosign(None, request, trusted)
    if isinstance(ruling, Refusal) and ruling.code in {"witness.log", "witness.signature"}:
        return _refusal(ruling, 0)
    private = bureau.private(KeyUse.WITNESS)
    ruling, size = bureau.database.write(lambda tx: _compare_and_keep(bureau, tx, log, request, trusted))
    if isinstance(ruling, Refusal):
        return _refusal(ruling, size)
    line = cosign(request.note, witness_name(bureau.org, bureau.me), private, bureau.now() // 1000)
    return Answer(status=OK, body=line)


def _log(bureau: Bureau, origin: str) -> tuple[BureauId, tuple[VerifierKey, ...]]:
    """Return whose log this is and the keys that we trust for it; no keys for a log that we do not witness."""
    registry, whose = bureau.registry(), named(bureau.org, origin)
    log, epoch = whose or (BureauId(""), 0)
    with bureau.database.read() as tx:
        # One log at a time: an earlier one is closed, and a later one is no log before its statement is here.
        stated = epoch == epochs.current(tx, bureau.member, log)
    known = stated and log in registry.profiles and log != bureau.me
    member = not isinstance(registry.may_act(log, "exchange", bureau.now()), Refusal)
    if not known or not member or not registry.profile(bureau.me).witness:
        return log, ()
    return log, _keys(registry, log, KeyUse.LOG, Use.LOG, origin)


def _keys(registry: Registry, bureau: BureauId, use: KeyUse, kind: Use, name: str) -> tuple[VerifierKey, ...]:
    """Return a bureau's keys for a use, retired ones too: what they signed may be on its way. A revoked one is dead."""
    return tuple(
        VerifierKey(name, kind, key.public)
        for key in registry.profile(bureau).keys
        if key.use is use and registry.revocation(bureau, key.kid) is None
    )


def _compare_and_keep(
    bureau: Bureau, tx: Transaction, log: BureauId, request: AddCheckpoint, trusted: tuple[VerifierKey, ...]
) -> tuple[Ruling, int]:
    """Rule by what was cosigned last, keep the new checkpoint if it may be cosigned; return the size cosigned last."""
    c, p = schema.cosigned.c, schema.peers.c
    new = parse_checkpoint(parse_note(request.note).text)
    held = tx.one(select(schema.cosigned).where(and_(c.member == bureau.member, c.origin == new.origin)))
    heard = tx.one(select(schema.peers).where(and_(p.member == bureau.member, p.bureau == log)))
    known, note = _basis(bureau, tx, new.origin, held, heard, request.old)
    ruling = may_cosign(known, request, trusted)
    for row in (held, heard):
        if row is not None and _contradicts(row, new):
            _accuse(bureau, tx, log, bytes(row.note), request.note)
            if not isinstance(ruling, Refusal) or (row is heard and ruling.code == "witness.stale"):
                ruling = Refusal("witness.fork", f"another root was heard of at size {new.size}")
    if known is not None and isinstance(ruling, Refusal) and ruling.code == "witness.proof":
        _rewritten(bureau, tx, log, known, note, request)
    if not isinstance(ruling, Refusal):
        row_ = {"member": bureau.member, "origin": new.origin, "size": new.size, "root": new.root}
        tx.put(schema.cosigned, [{**row_, "note": request.note}])
    return ruling, known.size if known is not None else 0


def _basis(
    bureau: Bureau, tx: Transaction, origin: str, held: Row[Any] | None, heard: Row[Any] | None, old: int
) -> tuple[Checkpoint | None, bytes]:
    """Return what a new checkpoint must continue: the larger of what was cosigned and what was heard in receipts.

    What is heard grows with every receipt. So a log that was told one such size may prove from there, even if more was
    heard meanwhile; else a busy log would never catch up with its witness.
    """
    whose = named(bureau.org, origin)
    known, note = (epochs.beginning(bureau, tx, *whose) if whose is not None else None), b""
    if held is not None:
        known, note = _read(held, origin), bytes(held.note)
    if heard is None or parse_checkpoint(parse_note(bytes(heard.note)).text).origin != origin:
        return known, note
    told = _read(heard, origin)
    if known is not None and told.size <= known.size:
        return known, note
    before = bureau.asked.get(origin)
    if before is not None and before[0].size == old and (known is None or old >= known.size):
        return before
    bureau.asked[origin] = told, bytes(heard.note)
    return bureau.asked[origin]


def _read(row: Row[Any], origin: str) -> Checkpoint:
    return Checkpoint(origin, int(row.size), Digest(bytes(row.root)))


def _contradicts(row: Row[Any], new: Checkpoint) -> bool:
    same = parse_checkpoint(parse_note(bytes(row.note)).text).origin == new.origin
    return same and int(row.size) == new.size and bytes(row.root) != new.root


def _accuse(bureau: Bureau, tx: Transaction, log: BureauId, one: bytes, other: bytes) -> None:
    """Keep the two notes as evidence, once however often the second one is shown."""
    e = schema.evidence.c
    where = and_(e.member == bureau.member, e.against == log, e.what == "split-view")
    texts = {parse_note(bytes(row.other)).text for row in tx.all(select(e.other).where(where))}
    if parse_note(other).text not in texts:
        bureau.store.accuse(tx, log, "split-view", one, other, bureau.now())


def _rewritten(
    bureau: Bureau, tx: Transaction, log: BureauId, known: Checkpoint, note: bytes, request: AddCheckpoint
) -> None:
    """Keep as evidence a proof that shows other leaves than the log signed before, if the proof tells which."""
    new = parse_checkpoint(parse_note(request.note).text)
    if not note:
        return  # It continues what a statement said of an earlier epoch; its log signed nothing under this name yet.
    root = earlier_root(known.size, new.size, new.root, request.proof)
    if root is not None and root != known.root:
        shown = Continued(size=known.size, root=root, path=request.proof)
        continuity.accuse(bureau, tx, log, note, request.note, shown)


def _refusal(refusal: Refusal, size: int) -> Answer:
    if refusal.code == "witness.stale":
        return Answer(status=CONFLICT, content_type=SIZE_TYPE, body=f"{size}\n".encode())
    return Answer(status=HTTP_STATUS[refusal.code], body=f"{refusal}\n".encode())


# The log that asks.


def requests(bureau: Bureau) -> list[Ask]:
    """Return what to send to each witness that has not cosigned the newest checkpoint yet.

    Makes no checkpoint; `jobs.checkpoint` does. A witness that says it has cosigned more than this is left out.
    """
    registry = bureau.registry()
    with bureau.database.read() as tx:
        latest = bureau.ledger.latest_checkpoint(tx)
        if latest is None or latest[0] == 0 or len(parse_note(latest[1]).signatures) > MOST:
            return []
        size, note = latest
        w = schema.witnesses.c
        rows = tx.all(select(w.bureau, w.size).where(w.member == bureau.member))
        known = {BureauId(row.bureau): int(row.size) for row in rows}
        waiting = [witness for witness in witnesses_of(registry, bureau) if not _cosigned(bureau, note, witness)]
        return [
            _ask(bureau, tx, witness, known.get(witness, 0), size, note)
            for witness in waiting
            if known.get(witness, 0) <= size
        ]


def witnesses_of(registry: Registry, bureau: Bureau) -> list[BureauId]:
    """Return the bureaus whose profile says that they cosign for others, without ourselves."""
    return [
        other
        for other, profile in sorted(registry.profiles.items())
        if profile.witness
        and other != bureau.me
        and not isinstance(registry.may_act(other, "exchange", bureau.now()), Refusal)
    ]


def record(bureau: Bureau, ask: Ask, status: int, body: bytes) -> Ruling:
    """Write down what a witness answered: the cosignature, or the size that it knows; a refusal says why not.

    Raises:
        Malformed: the answer holds no cosignature of this witness, or one that does not verify.

    """
    if status == OK:
        bureau.database.write(lambda tx: _merge(bureau, tx, ask, body))
        return ALLOWED
    size = _size(body) if status == CONFLICT else None
    if size is not None:
        bureau.database.write(lambda tx: _remember(bureau, tx, ask.witness, size))
        return Refusal("witness.stale", f"{ask.witness} has cosigned up to size {size}")
    code = "witness.fork" if status == CONFLICT else _CODES.get(status, "witness.unanswered")
    return Refusal(code, f"{ask.witness} answered {status}")


def witnessed(bureau: Bureau, size: int = 0) -> tuple[int, bytes] | None:
    """Return the smallest checkpoint of at least `size` leaves that has the organisation's quorum of cosignatures."""
    quorum = bureau.registry().policy.witness_quorum
    with bureau.database.read() as tx:
        return bureau.ledger.witnessed_checkpoint(tx, quorum, size)


def _ask(bureau: Bureau, tx: Transaction, witness: BureauId, old: int, size: int, note: bytes) -> Ask:
    proof = bureau.ledger.consistency(tx, old, size)
    return Ask(witness=witness, size=size, body=format_request(AddCheckpoint(old, proof, note)))


def _cosigned(bureau: Bureau, note: bytes, witness: BureauId) -> bool:
    return bool(cosigners(note, _witness_keys(bureau, witness)))


def _witness_keys(bureau: Bureau, witness: BureauId) -> tuple[VerifierKey, ...]:
    return _keys(bureau.registry(), witness, KeyUse.WITNESS, Use.WITNESS, witness_name(bureau.org, witness))


def _merge(bureau: Bureau, tx: Transaction, ask: Ask, lines: bytes) -> None:
    """Add the witness's cosignature to the checkpoint; the lines of others that it may send along are left out."""
    c = schema.checkpoints.c
    place = and_(c.member == bureau.member, c.size == ask.size)
    row = tx.one(select(c.note).where(place))
    if row is None:
        raise Malformed(f"a cosignature for a checkpoint of size {ask.size}, which is not here")
    note, keys = parse_note(bytes(row.note)), _witness_keys(bureau, ask.witness)
    theirs = {(key.name, key.key_id) for key in keys}
    made = tuple(line for line in parse_signatures(lines) if (line.name, line.key_id) in theirs)
    others = tuple(line for line in note.signatures if (line.name, line.key_id) not in theirs)
    merged = format_note(Note(note.text, (*others, *made)))
    if not made or not cosigners(merged, keys):
        raise Malformed(f"{ask.witness} answered without a cosignature of its own")
    if len(others) <= MOST:
        tx.run(update(schema.checkpoints).where(place).values(note=merged, cosignatures=_count(bureau, merged)))
    w = schema.witnesses.c
    known = tx.one(select(w.size).where(and_(w.member == bureau.member, w.bureau == ask.witness)))
    _remember(bureau, tx, ask.witness, max(ask.size, int(known.size) if known is not None else 0))


def _count(bureau: Bureau, note: bytes) -> int:
    """Return how many witnesses cosigned; a key that two bureaus list, one of them falsely, counts once."""
    count, counted = 0, set[bytes]()
    for witness in witnesses_of(bureau.registry(), bureau):
        made = {key.public for key in _witness_keys(bureau, witness) if cosigners(note, [key])}
        count += bool(made - counted)
        counted |= made
    return count


def _remember(bureau: Bureau, tx: Transaction, witness: BureauId, size: int) -> None:
    tx.put(schema.witnesses, [{"member": bureau.member, "bureau": witness, "size": size}])


def _size(body: bytes) -> int | None:
    digits = body.removesuffix(b"\n")
    if not digits.isdigit() or len(digits) > len(str(MAX_SIZE)) or int(digits) > MAX_SIZE:
        return None
    return int(digits)
