"""What capabilities say falls due, done once: also after a week switched off, a restart, or a clock set back.

Authority: decisions 0009 (legal clocks start at the recipient's receipt R1) and 0034. `Capability.due` gives the steps
of a subject's state; this module keeps them in the table `due`, finds the receipts that start their clocks, and does
each when its moment has come. Every moment is in milliseconds UTC, so neither time zones nor summer time touch it; and
what is done stays done, so a clock that is set back does nothing twice.

The table is an index of what state and receipts say. Were it lost, it would be made again, and what was said before
stands in the state, which no longer asks for it.
"""

from functools import partial

import msgspec
from sqlalchemy import ColumnElement, and_, delete, func, select, update

from comity.core.capability import Step
from comity.core.codec import decode
from comity.core.errors import Refused
from comity.core.ids import ActId, BureauId, Millis
from comity.core.receipt import ACCEPTED, Receipt, Rung
from comity.node import epochs, schema
from comity.node.bureau import Bureau, Utterance
from comity.node.database import Transaction
from comity.node.store import Kept, relation, thread_of

TRY_AGAIN = 15 * 60_000
"""When to try again what could not be said, milliseconds: a peer that is suspended, a registry that is out of date."""

MOST = 200
"""Subjects or steps looked at in one round; the others have the next one, a second later."""


class Fallen(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a subject that was done."""

    subject: ActId
    what: str
    bureau: BureauId
    """Whose clock it is."""
    when: Millis
    """The moment at which it fell due."""
    done: Millis
    """When this node did it."""


def fall_due(bureau: Bureau) -> int:
    """Do what has fallen due by now; returns how many steps were done."""
    with bureau.database.read() as tx:
        if epochs.closed(bureau, tx):
            # What fell due may have been done after the backup was made; that comes back first.
            return 0
        changed, started = _changed(bureau, tx), _started(bureau, tx)
    if changed or started:
        bureau.database.write(partial(_plan, bureau))
    d = schema.due.c
    with bureau.database.read() as tx:
        ripe = and_(d.member == bureau.member, d.next_at <= bureau.now())
        rows = tx.all(select(d.subject, d.what, d.bureau).where(ripe).order_by(d.next_at).limit(MOST))
    return sum(_try(bureau, ActId(bytes(row.subject)), row.what, BureauId(row.bureau)) for row in rows)


def starts(bureau: Bureau, tx: Transaction, opening: Kept) -> dict[BureauId, Millis]:
    """Return when each recipient received an act, as far as it is known here: its own receipt R1.

    The same moment at both ends, but for two guards. A receipt never starts a clock before the act was said; and one
    that claims a moment later than that of its arrival here counts from then, or a recipient could put its own clock
    off for ever. A recipient that refused the act owes nothing.
    """
    if opening.head.sender != bureau.me:
        # One recipient does not learn what the others received.
        found = {bureau.me: _received(bureau, tx, opening)} if bureau.me in opening.head.to else {}
    else:
        r, a = schema.receipts.c, schema.acts.c
        joined = schema.receipts.join(schema.acts, a.number == r.batch)
        about = and_(r.member == bureau.member, r.act == opening.id, r.rung >= int(Rung.COMMITTED))
        query = select(r.signer, r.rung, r.code, r.at, a.at.label("arrived")).select_from(joined).where(about)
        rows = tx.all(query.order_by(r.signer))
        refused = {row.signer for row in rows if row.rung == Rung.RULED and row.code != ACCEPTED}
        found = {}
        for row in rows:
            if row.signer not in refused and row.signer in opening.head.to:
                signer, at = BureauId(row.signer), Millis(min(row.at, row.arrived))
                found[signer] = min(at, found.get(signer, at))
    return {party: Millis(max(at, opening.head.said)) for party, at in found.items()}


def fallen(bureau: Bureau, tx: Transaction, what: str) -> list[Fallen]:
    """Return the steps of this name that were done, the latest first."""
    d = schema.due.c
    done = and_(d.member == bureau.member, d.what == what, d.done.is_not(None))
    return [
        Fallen(
            subject=ActId(bytes(row.subject)), what=row.what, bureau=BureauId(row.bureau), when=Millis(row.when),
            done=Millis(row.done),
        )
        for row in tx.all(select(schema.due).where(done).order_by(d.done.desc(), d.subject, d.bureau))
    ]  # fmt: skip


# Planning.


def _mark(bureau: Bureau) -> str:
    return f"due/{bureau.member}"


def _changed(bureau: Bureau, tx: Transaction) -> list[tuple[ActId, int]]:
    """Return the subjects whose state has changed since we last looked, with the act that changed it."""
    s = schema.subjects.c
    row = tx.one(select(schema.counters.c.value).where(schema.counters.c.name == _mark(bureau)))
    mark = 0 if row is None else int(row.value)
    found = []
    for capability in bureau.capabilities:
        if capability.due is not None:
            ours = and_(s.member == bureau.member, s.capability == capability.name, s.changed > mark)
            found += tx.all(select(s.subject, s.changed).where(ours).order_by(s.changed).limit(MOST))
    every = sorted((int(row.changed), bytes(row.subject)) for row in found)
    return [(ActId(subject), changed) for changed, subject in every[:MOST]]


def _started(bureau: Bureau, tx: Transaction) -> list[ActId]:
    """Return the subjects for which the receipt has come that starts a clock."""
    d, r = schema.due.c, schema.receipts.c
    same = and_(r.member == d.member, r.act == d.subject, r.signer == d.bureau, r.rung >= int(Rung.COMMITTED))
    waiting = and_(d.member == bureau.member, d.when.is_(None))
    query = select(d.subject).select_from(schema.due.join(schema.receipts, same)).where(waiting)
    return [ActId(bytes(row.subject)) for row in tx.all(query.distinct().limit(MOST))]


def _plan(bureau: Bureau, tx: Transaction) -> None:
    changed = _changed(bureau, tx)
    for subject in dict.fromkeys([*(subject for subject, _ in changed), *_started(bureau, tx)]):
        _plan_one(bureau, tx, subject)
    if changed:
        tx.put(schema.counters, [{"name": _mark(bureau), "value": changed[-1][1]}])


def _plan_one(bureau: Bureau, tx: Transaction, subject: ActId) -> None:
    """Make the lines of a subject what its state says; what was done stays."""
    opening, d = bureau.store.find(tx, subject), schema.due.c
    steps = () if opening is None else _steps(bureau, tx, opening)
    about = and_(d.member == bureau.member, d.subject == subject)
    held = {(row.what, row.bureau): row for row in tx.all(select(schema.due).where(about))}
    wanted = {(step.what, step.bureau): when for step, when in steps}
    for key, row in held.items():
        if row.done is None and key not in wanted:
            tx.run(delete(schema.due).where(_line(bureau, subject, *key)))
    for (what, whose), when in wanted.items():
        line = held.get((what, whose))
        if line is None or (line.done is None and line.when != when):
            values = {"member": bureau.member, "subject": subject, "what": what, "bureau": whose, "when": when}
            tx.put(schema.due, [{**values, "next_at": when, "done": None}])


def _steps(bureau: Bureau, tx: Transaction, opening: Kept) -> list[tuple[Step, Millis | None]]:
    """Return what falls due here of a subject, each step with its moment, None where that is not known yet."""
    capability = next((each for each in bureau.capabilities if each.name == opening.head.capability), None)
    if capability is None or capability.due is None or capability.state is None:
        return []
    state = bureau.store.state(tx, opening.id, capability.state)
    if state is None:
        return []
    begun = starts(bureau, tx, opening)
    found: list[tuple[Step, Millis | None]] = []
    for step in capability.due(state):
        if step.by not in {None, bureau.me}:
            continue
        if step.after is None:
            found.append((step, step.when))
        elif step.after in begun:
            found.append((step, Millis(begun[step.after] + step.when)))
        elif opening.head.sender == bureau.me and not _refused(bureau, tx, opening.id, step.after):
            found.append((step, None))
    return found


def _received(bureau: Bureau, tx: Transaction, opening: Kept) -> Millis:
    """Return the moment of our own receipt R1."""
    o = schema.owed.c
    mine = and_(o.member == bureau.member, o.act == opening.id, o.recipient == opening.head.sender)
    owed = [decode(bytes(row.receipt), Receipt) for row in tx.all(select(o.receipt).where(mine))]
    return min((receipt.at for receipt in owed if receipt.rung >= Rung.COMMITTED), default=opening.at)


def _refused(bureau: Bureau, tx: Transaction, act: ActId, signer: BureauId) -> bool:
    r = schema.receipts.c
    ruled = and_(r.member == bureau.member, r.act == act, r.signer == signer, r.rung == int(Rung.RULED))
    return tx.one(select(func.count()).where(and_(ruled, r.code != ACCEPTED)).having(func.count() > 0)) is not None


# Doing.


def _try(bureau: Bureau, subject: ActId, what: str, whose: BureauId) -> int:
    line = _line(bureau, subject, what, whose)
    try:
        return bureau.database.write(partial(_do, bureau, subject, (what, whose)))
    except Refused:
        # A gate or the registry forbids it now: the clock goes on, and it is tried again.
        later = {"next_at": bureau.now() + TRY_AGAIN}
        bureau.database.write(lambda tx: tx.run(update(schema.due).where(line).values(**later)))
        return 0


def _do(bureau: Bureau, subject: ActId, key: tuple[str, BureauId], tx: Transaction) -> int:
    """Do one step, if the state still asks for it and its moment is still past."""
    now, opening, line = bureau.now(), bureau.store.find(tx, subject), _line(bureau, subject, *key)
    row = tx.one(select(schema.due).where(line))
    if row is None or row.done is not None or row.next_at is None or row.next_at > now:
        return 0
    steps = [] if opening is None else _steps(bureau, tx, opening)
    step, when = next(((step, when) for step, when in steps if (step.what, step.bureau) == key), (None, None))
    if opening is None or step is None or when is None or when > now:
        _plan_one(bureau, tx, subject)
        return 0
    if step.says is not None:
        head = opening.head
        refs = (relation("thread", thread_of(opening.id, head)), *step.refs)
        how = {"subject": subject, "purpose": head.purpose, "label": head.label, "refs": refs}
        bureau.utter(tx, Utterance(act=step.says, to=step.to, **how))  # type: ignore[arg-type]
    tx.run(update(schema.due).where(line).values(done=now, next_at=None))
    return 1


def _line(bureau: Bureau, subject: ActId, what: str, whose: BureauId) -> ColumnElement[bool]:
    d = schema.due.c
    return and_(d.member == bureau.member, d.subject == subject, d.what == what, d.bureau == whose)
