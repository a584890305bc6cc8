"""Which epochs this node knows: its own, and those that peers have stated (decision 0039).

Authority: `core/epoch.py` says what a statement is. Here it is ruled on, kept, and asked for: an act in an epoch that
its sender has not stated waits for the statement, and is refused when none comes; a log goes on under a new name only
where a statement says with which leaves it begins; two statements for one epoch are evidence against whoever signed
both. What the two sides then tell each other is `node/recovery.py`.
"""

from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import Row, and_, select, update

from comity.core.act import Said
from comity.core.capability import HIDDEN, SHOWN, Reader, Seen, Sight
from comity.core.checkpoint import Checkpoint, parse_checkpoint
from comity.core.epoch import FIRST, Epoch, named, origin, read_statement
from comity.core.errors import Malformed
from comity.core.ids import BureauId, Digest
from comity.core.note import parse_note
from comity.core.ruling import ALLOWED, Refusal, Ruling
from comity.node import schema
from comity.node.database import Transaction
from comity.node.query import Query
from comity.node.store import Past

if TYPE_CHECKING:
    from comity.node.bureau import Bureau  # The bureau imports this module.

UNSTATED = "exchange.epoch"
"""The code of an act in an epoch that its sender has not stated, or has stated falsely."""

WAIT = 3_600_000
"""How long such an act waits for the statement, milliseconds: it leaves first, and may still be overtaken."""

CLOSED = Refusal(
    "recovery.closed",
    "this bureau was restored from a backup and waits for what its peers hold: comity recovery shows for whom",
    "decision 0039",
)
"""Why nothing is read or said meanwhile."""

_e = schema.epochs.c
_NEWEST = Query(
    lambda member, bureau: (
        select(schema.epochs).where(_e.member == member, _e.bureau == bureau).order_by(_e.epoch.desc()).limit(1)
    )
)


def known(tx: Transaction, member: int, bureau: BureauId) -> Row[Any] | None:
    """Return the newest epoch of a bureau that was stated; None for one that was never restored."""
    return tx.one(_NEWEST, member=member, bureau=bureau)


def current(tx: Transaction, member: int, bureau: BureauId) -> int:
    """Return the number of a bureau's epoch, as far as this node knows."""
    row = known(tx, member, bureau)
    return FIRST if row is None else int(row.epoch)


def closed(bureau: "Bureau", tx: Transaction) -> bool:
    """Tell whether the desks of this bureau wait for what peers have to say since it was restored."""
    if bureau.epoch == FIRST:
        return False
    row = known(tx, bureau.member, bureau.me)
    return row is not None and row.ended is None


def rule(bureau: "Bureau", tx: Transaction, said: Said) -> Ruling:
    """Rule whether the epoch of an act is one that its sender has stated, or states with it."""
    head = said.head
    if isinstance(said.act, Epoch):
        return _stated(bureau, tx, said, said.act)
    if head.epoch == FIRST or head.epoch <= current(tx, bureau.member, head.sender):
        return ALLOWED
    reason = f"{head.sender} has stated no epoch {head.epoch}; without the word of its role key nothing in it counts"
    return Refusal(UNSTATED, reason, "decision 0039")


def _stated(bureau: "Bureau", tx: Transaction, said: Said, act: Epoch) -> Ruling:
    try:
        opening = read_statement(act.statement, bureau.registry())
    except Malformed as problem:
        return Refusal(UNSTATED, str(problem), "decision 0039")
    if opening.bureau != said.head.sender or opening.epoch != said.head.epoch:
        return Refusal(UNSTATED, "the statement is of another bureau or epoch than its act", "decision 0039")
    same = and_(_e.member == bureau.member, _e.bureau == opening.bureau, _e.epoch == opening.epoch)
    held = tx.one(select(_e.statement).where(same))
    if held is not None and bytes(held.statement) != act.statement:
        bureau.store.accuse(tx, opening.bureau, "epoch", bytes(held.statement), act.statement, bureau.now())
        return Refusal(UNSTATED, "another statement was made for this epoch", "decision 0039")
    return ALLOWED


def accept(bureau: "Bureau", tx: Transaction, act: Epoch, number: int) -> None:
    """Keep what a peer has stated; a checkpoint of its earlier log that contradicts it is evidence."""
    opening = read_statement(act.statement, bureau.registry())
    p = schema.peers.c
    heard = tx.one(select(p.note).where(and_(p.member == bureau.member, p.bureau == opening.bureau)))
    notes = [bytes(heard.note)] if heard is not None else []
    notes += filter(None, [_cosigned(tx, bureau, opening.bureau, opening.epoch)])
    for raw in notes:
        seen = parse_checkpoint(parse_note(raw).text)
        if seen.size == opening.size and seen.root != opening.root:
            bureau.store.accuse(tx, opening.bureau, "split-view", raw, act.statement, bureau.now())
    row = {
        "member": bureau.member, "bureau": opening.bureau, "epoch": opening.epoch, "size": opening.size,
        "root": opening.root, "statement": act.statement, "note": max(notes, key=size_of, default=b""), "act": number,
        "at": bureau.now(),
    }  # fmt: skip
    tx.put(schema.epochs, [{**row, "ended": None}])


def size_of(note: bytes) -> int:
    """Return the size that a checkpoint names; 0 for none."""
    return parse_checkpoint(parse_note(note).text).size if note else 0


def beginning(bureau: "Bureau", tx: Transaction, log: BureauId, epoch: int) -> Checkpoint | None:
    """Return from where a witness follows a log that goes on under a new name; None where it begins with nothing.

    What the witness cosigned of the earlier log, where the new one holds all of that; else what the statement says.
    """
    place = and_(_e.member == bureau.member, _e.bureau == log, _e.epoch == epoch)
    row = tx.one(select(_e.size, _e.root).where(place))
    if row is None:
        return None
    name = origin(bureau.org, log, epoch)
    before = _cosigned(tx, bureau, log, epoch)
    if before:
        seen = parse_checkpoint(parse_note(before).text)
        if seen.size <= row.size:
            return msgspec.structs.replace(seen, origin=name)
    return Checkpoint(name, int(row.size), Digest(bytes(row.root)))


def abandoned(bureau: "Bureau", tx: Transaction, seen: Checkpoint, note: bytes) -> bool:
    """Tell whether a checkpoint of our own log is of an earlier epoch and beyond what we kept of it; note the largest.

    Up to what was kept the logs of all epochs are one, so there it is compared like any other.
    """
    whose = named(bureau.org, seen.origin)
    if whose is None or whose[1] >= bureau.epoch:
        return False
    later = and_(_e.member == bureau.member, _e.bureau == bureau.me, _e.epoch > whose[1])
    row = tx.one(select(schema.epochs).where(later).order_by(_e.epoch).limit(1))
    if row is None or seen.size <= row.size:
        return False
    if size_of(bytes(row.note)) < seen.size:
        place = and_(_e.member == bureau.member, _e.bureau == bureau.me, _e.epoch == row.epoch)
        tx.run(update(schema.epochs).where(place).values(note=note))
    return True


def _cosigned(tx: Transaction, bureau: "Bureau", log: BureauId, epoch: int) -> bytes:
    """Return the last checkpoint that we cosigned of a log before an epoch."""
    c = schema.cosigned.c
    earlier = and_(_e.member == bureau.member, _e.bureau == log, _e.epoch < epoch)
    row = tx.one(select(_e.epoch).where(earlier).order_by(_e.epoch.desc()).limit(1))
    name = origin(bureau.org, log, int(row.epoch) if row is not None else FIRST)
    held = tx.one(select(c.note).where(and_(c.member == bureau.member, c.origin == name)))
    return bytes(held.note) if held is not None else b""


def withheld(said: Said, _reader: Reader, seen: Seen) -> Sight:
    """Hide what came before a restore from a member whose answer is awaited still: it may have been recalled."""
    if not isinstance(seen, Past) or said.head.sender == seen.me:
        return SHOWN
    place = ("withheld", seen.store.member)
    if place not in seen.tx.notes:
        r = schema.recoveries.c
        waived = and_(r.member == seen.store.member, r.state == "waived")
        rows = seen.tx.all(select(r.bureau, r.at).where(waived))
        seen.tx.notes[place] = {row.bureau: row.at for row in rows}
    since = seen.tx.notes[place].get(said.head.sender)
    if since is None:
        return SHOWN
    kept = seen.store.find(seen.tx, said.id)
    return HIDDEN if kept is None or kept.at < since else SHOWN
