"""What acts about the exchange itself do when they arrive: receipts, requests to send again (decision 0018).

A receipt settles a line of the outbox; the checkpoint in it is gossip: it is verified, compared with what this node
saw before, and two different trees of one size become evidence.
"""

import contextlib
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, select, update

from comity.core import checkpoint as notes
from comity.core.act import Said
from comity.core.epoch import FIRST, named, origin
from comity.core.errors import Malformed
from comity.core.ids import BureauId, Digest
from comity.core.note import parse_note
from comity.core.receipt import Continued, Gap, Receipt, Receipts, Rung
from comity.core.registry import KeyUse
from comity.node import continuity, epochs, schema
from comity.node.bureau import Bureau
from comity.node.database import Transaction
from comity.node.query import Query

RULING_WAIT = 6 * 3_600_000
"""How long a recipient that has the act may take for its ruling before the act is sent again, milliseconds."""

MOST_AGAIN = 1_000
"""Acts sent again for one request; who misses more asks again for the rest."""


_o, _p = schema.outbox.c, schema.peers.c
_PEER = Query(lambda member, bureau: select(schema.peers).where(_p.member == member, _p.bureau == bureau))
_LINE = Query(
    lambda member, signer, act: select(schema.outbox, _o.id.label("named")).where(
        _o.member == member, _o.recipient == signer, _o.id == act
    )
)
_SETTLED = Query(
    lambda act, recipient: (
        update(schema.outbox).where(_o.act == act, _o.recipient == recipient).values(state="settled", next_at=None)
    )
)


def apply_receipts(bureau: Bureau, tx: Transaction, said: Said, batch: Receipts, number: int) -> None:
    """Settle the lines of the outbox that these receipts are about, and compare the checkpoints in them."""
    signer, rows = said.head.sender, []
    lines = _lines(bureau, tx, signer, [receipt.act for receipt in batch.receipts])
    settled: dict[int, dict[str, object]] = {}
    for place, receipt in enumerate(batch.receipts):
        line = lines.get(receipt.act)
        if line is None:
            continue
        values = {
            "member": bureau.member, "act": bytes(line.id), "signer": signer, "rung": int(receipt.rung),
            "code": receipt.code, "reason": receipt.reason, "article": receipt.article, "leaf": receipt.leaf,
            "at": receipt.at, "batch": number, "row": place,
        }  # fmt: skip
        if said.head.epoch == FIRST or not _answered_before(tx, values):
            rows.append(values)
        final = receipt.code != epochs.UNSTATED and (receipt.code != "exchange.revoked" or line.proof)
        if receipt.rung >= Rung.RULED and final:
            settled[line.act] = {"act": line.act, "recipient": signer}
        elif line.act not in settled:
            _go_on(bureau, tx, line, receipt)
    tx.put(schema.receipts, rows)
    tx.each(_SETTLED, list(settled.values()))
    gossip(bureau, tx, signer, batch.mine.encode(), batch.since)
    _compare_ours(bureau, tx, signer, batch.yours.encode())


def _answered_before(tx: Transaction, values: dict[str, Any]) -> bool:
    """Tell whether a receipt is here already that a restored bureau gave before: clocks run from the first one."""
    r = schema.receipts.c
    same = and_(*(getattr(r, name) == values[name] for name in ("member", "act", "signer", "rung")))
    held = tx.one(select(r.leaf).where(same))
    return held is not None and held.leaf != values["leaf"]


def send_again(bureau: Bureau, tx: Transaction, peer: BureauId, gap: Gap) -> None:
    """Queue what the peer misses on one of our channels; what was never said to it stays unsaid."""
    a, o, c = schema.acts.c, schema.outbox.c, schema.carried.c
    left = MOST_AGAIN
    for first, last in gap.missing:
        if left <= 0:
            return
        span = and_(a.seq >= first, a.seq <= min(last, first + left))
        place = and_(
            a.member == bureau.member, a.sender == bureau.me, a.channel == gap.channel, a.epoch == gap.epoch, span
        )
        # What was erased cannot be sent again; the peer asks for it ever more seldom.
        numbers = [row.number for row in tx.all(select(a.number).where(and_(place, a.body.is_not(None))).limit(left))]
        left -= len(numbers)
        # A relay may hold it still; but the peer says that it is not there, so that promise is relied on no more.
        promised = and_(c.member == bureau.member, c.act.in_(numbers), c.recipient == peer)
        tx.run(update(schema.carried).where(promised).values(noted=0))
        mine = and_(o.act.in_(numbers), o.recipient == peer)
        tx.run(update(schema.outbox).where(mine).values(state=unless_silent("queued"), next_at=bureau.now()))


def gossip(bureau: Bureau, tx: Transaction, peer: BureauId, note: bytes, since: tuple[Continued, ...] = ()) -> None:
    """Verify a peer's checkpoint, and remember it if it is proven to continue the one that we hold.

    Two roots for the same leaves, under two signatures of the peer's log, are evidence against it.
    """
    seen = _verified(bureau, peer, note)
    # A log goes on under the name of the newest epoch that was stated; an earlier one is closed.
    if seen is None or seen.origin != origin(bureau.org, peer, epochs.current(tx, bureau.member, peer)):
        return
    held = tx.one(_PEER, member=bureau.member, bureau=peer)
    if held is not None and notes.parse_checkpoint(parse_note(bytes(held.note)).text).origin != seen.origin:
        held = None
    if held is not None and int(held.size) == seen.size and bytes(held.root) != seen.root:
        bureau.store.accuse(tx, peer, "split-view", bytes(held.note), note, bureau.now())
        return
    if held is not None and int(held.size) < seen.size:
        known = notes.Checkpoint(seen.origin, int(held.size), Digest(bytes(held.root)))
        shown = continuity.compared(known, seen, since)
        if shown is None:
            # It did not show that its log only grew: we keep what we have, and name that in our next receipts.
            return
        if shown.root != known.root:
            continuity.accuse(bureau, tx, peer, bytes(held.note), note, shown)
            return
    if held is None or int(held.size) < seen.size:
        row = {"member": bureau.member, "bureau": peer, "size": seen.size, "root": seen.root, "note": note}
        tx.put(schema.peers, [{**row, "at": bureau.now()}])


def _compare_ours(bureau: Bureau, tx: Transaction, peer: BureauId, note: bytes) -> None:
    """Check that what the peer holds as our checkpoint is one of ours: else somebody shows another log in our name."""
    seen = _verified(bureau, bureau.me, note)
    if seen is None:
        return
    if seen.origin != bureau.ledger.origin and epochs.abandoned(bureau, tx, seen, note):
        # Of an earlier epoch, beyond the leaves with which a later one began: a statement says that it was given up.
        return
    continuity.named(bureau, peer, seen.size)
    if seen.size > bureau.ledger.size(tx):
        # A checkpoint of ours that we do not remember: this store was set back, or the log key is in other hands.
        bureau.store.accuse(tx, bureau.me, "set-back", note, peer.encode(), bureau.now())
    elif seen.root != bureau.ledger.root(tx, seen.size):
        bureau.store.accuse(tx, bureau.me, "split-view", note, bureau.ledger.root(tx, seen.size), bureau.now())


def unless_silent(state: str) -> ColumnElement[str]:
    """Return the state for a line of the outbox, which stays silent once its silence was stated: it is stated once."""
    return case((schema.outbox.c.state == "silent", "silent"), else_=state)


def ours(bureau: Bureau, note: bytes) -> notes.Checkpoint | None:
    """Return a checkpoint that one of our own log keys signed, of whatever epoch."""
    return _verified(bureau, bureau.me, note)


def _verified(bureau: Bureau, owner: BureauId, note: bytes) -> notes.Checkpoint | None:
    """Return the checkpoint that a key of this log's owner signed: a retired key counts, a revoked one does not.

    Its log may be of any epoch; the first line says which, and is believed only as far as the signature goes.
    """
    registry, line = bureau.registry(), note.partition(b"\n")[0].decode(errors="replace")
    whose = named(bureau.org, line)
    if whose is None or whose[0] != owner:
        return None
    for key in registry.profiles[owner].keys if owner in registry.profiles else ():
        if key.use is KeyUse.LOG and registry.revocation(owner, key.kid) is None:
            with contextlib.suppress(Malformed):
                return notes.verify(note, notes.VerifierKey(line, notes.Use.LOG, key.public))
    return None


def origin_of(org: str, bureau: str) -> str:
    """Return the origin of a bureau's log, the first line of its checkpoints."""
    return f"{org}/{bureau}"


def _lines(bureau: Bureau, tx: Transaction, signer: BureauId, named: list[Digest]) -> dict[bytes, Row[Any]]:
    """Return the lines of the outbox to a signer, by what its receipts call them: an act's id, or its sealed bytes."""
    found: dict[bytes, Row[Any]] = {}
    if len(named) == 1:
        # A receipt that comes alone answers something urgent more often than not.
        found = {bytes(line.named): line for line in tx.all(_LINE, member=bureau.member, signer=signer, act=named[0])}
    # One after the other: asked for both at once, SQLite reads every line that there is.
    for column in (_o.id, _o.sealed):
        left = [digest for digest in named if digest not in found]
        mine = and_(_o.member == bureau.member, _o.recipient == signer, column.in_(left))
        for line in tx.all(select(schema.outbox, column.label("named")).where(mine)) if left else ():
            found.setdefault(bytes(line.named), line)
    return found


def _go_on(bureau: Bureau, tx: Transaction, line: Row[Any], receipt: Receipt) -> None:
    """Write down a receipt that does not settle its line: the ruling, or a proof, is still to come."""
    # A ruling may come late, when what is parked has had its moment; should its receipt get lost, asking again helps.
    values: dict[str, object] = {"state": unless_silent("handed"), "next_at": bureau.now() + RULING_WAIT}
    if receipt.code == "exchange.revoked":
        # The peer wants proof that the act was in our log before the key was revoked.
        values = {"state": unless_silent("queued"), "next_at": bureau.now(), "proof": 1}
    elif receipt.code == epochs.UNSTATED:
        # The statement of our epoch was not there yet, or its role key not in the peer's registry.
        values["next_at"] = bureau.now() + epochs.WAIT
    elif line.state == "settled":
        return
    tx.run(update(schema.outbox).where(and_(_o.act == line.act, _o.recipient == line.recipient)).values(**values))
