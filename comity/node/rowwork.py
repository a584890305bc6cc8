"""What falls due of rows: they lapse, bodies that hold what must not rest go, and holders state what is gone.

Authority: decision 0050; RPD 49 and 50 for the lapse. Each step is one transaction and is found again by what the
tables say, so a crash costs a repetition and a node that was away does once what fell due meanwhile. After a restore
nothing is done before the desks open: what was withdrawn since the backup comes back from its source first.
"""

from functools import partial
from typing import Any

from sqlalchemy import and_, exists, select, update

from comity.core.act import Act, Relation, row_digest
from comity.core.errors import Refused
from comity.core.ids import ActId
from comity.core.log import leaf_hash
from comity.core.rows import Gone
from comity.node import epochs, schema, segments
from comity.node.bureau import Bureau, Utterance
from comity.node.database import Transaction
from comity.node.rowchanges import What, note
from comity.node.rows import capability_of
from comity.node.rowtables import row_batches, row_statements, rows

MOST = 20
"""Batches that lapse or shed their bodies, and statements that are said, in one round."""

TRY_AGAIN = 15 * 60_000
"""When to try again to say a statement that a gate or the registry forbids now, milliseconds."""

_r, _b, _t = rows.c, row_batches.c, row_statements.c


def work(bureau: Bureau) -> int:
    """Do what is due of rows: lapse, shed bodies, state what is gone; returns how much that was."""
    with bureau.database.read() as tx:
        if epochs.closed(bureau, tx):
            # What was withdrawn after the backup comes back from the source first.
            return 0
        ours, now = _b.member == bureau.member, bureau.now()
        lapsed = [int(row.batch) for row in tx.all(select(_b.batch).where(ours, _b.until <= now).limit(MOST))]
        stale = [int(row.batch) for row in tx.all(_stale(bureau))]
        due = and_(_t.member == bureau.member, _t.next_at <= now)
        doomed = tx.one(select(schema.doomed.c.number).limit(1)) is not None
        owed = [ActId(bytes(row.act)) for row in tx.all(select(_t.act).where(due).limit(MOST))]
    for batch in lapsed:
        bureau.database.write(partial(_lapse, bureau, batch))
    for batch in stale:
        bureau.database.write(partial(_shed, bureau, batch))
    if doomed:
        # Their keys went with the commit already; this is for those that a crash left, and to know that none is.
        bureau.database.write(bureau.store.destroy)
    return len(lapsed) + len(stale) + sum(_state(bureau, act) for act in owed)


def _lapse(bureau: Bureau, batch: int, tx: Transaction) -> None:
    """Drop what the source did not decide to keep; it leaves its serial behind, as whatever was dropped."""
    place = and_(_b.member == bureau.member, _b.batch == batch)
    found = tx.one(select(row_batches).where(place))
    if found is None or found.until is None or int(found.until) > bureau.now():
        return
    # A batch numbers its rows one after the other; those that were put anew since have other numbers.
    gone = and_(_r.member == bureau.member, _r.number >= found.first, _r.number < found.first + found.count)
    numbers = [int(row.number) for row in tx.all(select(_r.number).where(gone))]
    tx.run(update(rows).where(gone).values(number=None))
    segments.drop_all(bureau.store, tx, batch)
    tx.run(update(row_batches).where(place).values(until=None, stale=1))
    note(bureau.store, tx, What.DROP, numbers)


def _stale(bureau: Bureau) -> Any:  # noqa: ANN401 - a query
    """Return the query for batches whose bodies hold what must not rest here, and have left for every recipient."""
    o = schema.outbox.c
    moving = exists().where(and_(o.act == _b.batch, o.state != "settled"))
    return select(_b.batch).where(_b.member == bureau.member, _b.stale == 1, ~moving).limit(MOST)


def _shed(bureau: Bureau, batch: int, tx: Transaction) -> None:
    """Erase the body of a batch, and keep the digests of its rows while some of them still rest here."""
    place = and_(_b.member == bureau.member, _b.batch == batch)
    kept = bureau.store.by_number(tx, batch)
    values: dict[str, object] = {"stale": 0}
    if not bureau.store.erased(kept):
        signed = bureau.store.signed(tx, kept)
        act = bureau.store.kinds.decode(kept.head.kind, signed.body)
        if isinstance(act, Act):
            spelled = enumerate(act.row_bytes())
            values["leaves"] = b"".join(leaf_hash(row_digest(signed.salt, index, row)) for index, row in spelled)
        bureau.store.erase(tx, kept.id)
    if tx.one(select(_b.until).where(place, _b.until.is_(None))) is not None:
        values["leaves"] = None
    tx.run(update(row_batches).where(place).values(**values))


def _state(bureau: Bureau, act: ActId) -> int:
    """Say to its source what an act has taken from here; tried again later where it may not be said now."""
    line = and_(_t.member == bureau.member, _t.act == act)
    try:
        return bureau.database.write(partial(_say, bureau, act))
    except Refused:
        later = {"next_at": bureau.now() + TRY_AGAIN}
        bureau.database.write(lambda tx: tx.run(update(row_statements).where(line).values(**later)))
        return 0


def _say(bureau: Bureau, act: ActId, tx: Transaction) -> int:
    line = and_(_t.member == bureau.member, _t.act == act)
    row, kept = tx.one(select(row_statements).where(line)), bureau.store.find(tx, act)
    capability = capability_of(bureau, kept.head.capability) if kept is not None else None
    if row is None or row.next_at is None or kept is None or capability is None or capability.rows is None:
        return 0
    said = bureau.store.said(tx, kept)
    gone = Gone(dropped=int(row.dropped), absent=int(row.absent), leaf=int(row.leaf))
    word = capability.rows.states(said, gone)
    if word is not None:
        refs = (Relation(rel="withdraws", act=act),)
        head = kept.head
        how = {"subject": head.subject, "purpose": head.purpose, "refs": refs}
        bureau.utter(tx, Utterance(act=word, to=(head.sender,), **how))  # type: ignore[arg-type]
    tx.run(update(row_statements).where(line).values(next_at=None))
    return 1
