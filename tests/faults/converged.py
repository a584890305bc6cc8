"""What must hold once a node that died is back: the federation converges, and everybody's books agree.

The nodes are opened from what is on their disks and move what is due by hand, on a clock that runs ahead: so back-off
and waits for receipts cost no time, and nothing that is decided here depends on the speed of a machine.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select

from comity.app import CAPABILITIES, open_node
from comity.core import log
from comity.core.checkpoint import parse_checkpoint
from comity.core.codec import decode, unpack
from comity.core.ids import ActId, BureauId
from comity.core.leaf import Leaf, Way, commitment
from comity.core.note import parse_note
from comity.core.receipt import ACCEPTED, Receipts, Rung
from comity.node import clock, rebuild, schema
from comity.node.bodies import State
from comity.node.bureau import Bureau
from comity.node.chunks import split
from comity.node.store import Kept
from tests.organisation import PASSPHRASE
from tests.simulator import Federation, rows

STEP = 70_000
"""Milliseconds of one round: a little more than a receipt may take before an act is sent again."""

ROUNDS = 12


@contextmanager
def restarted(folder: Path, names: Iterable[str]) -> Iterator[Federation]:
    """Open the nodes of an organisation again, and let them work until nothing is left to do."""
    nodes = {BureauId(name): open_node(folder / name, PASSPHRASE) for name in names}
    fed = Federation(folder, clock=clock.now())
    try:
        for me, node in nodes.items():
            fed.bureaus[me] = node.home.bureau(node.home.choose(), CAPABILITIES, now=fed.now)
        for _ in range(ROUNDS):
            fed.later(STEP)
            fed.carry()
            if not any(left_to_do(fed, bureau) for bureau in fed.bureaus.values()):
                break
        yield fed
    finally:
        for node in nodes.values():
            node.close()


def left_to_do(fed: Federation, bureau: Bureau) -> list[str]:
    """Name what is left to send to those who are there, to pay, to ask for, to judge or to destroy."""
    unsent = [row for row in rows(bureau, schema.outbox) if row.state != "settled"]
    found = {
        "to send": [row for row in unsent if row.recipient in fed.bureaus],
        "to pay": [row for row in rows(bureau, schema.owed) if row.batch is None],
        "to ask for": [row for row in rows(bureau, schema.channels) if unpack(bytes(row.missing))],
        "to judge": [row for row in rows(bureau, schema.acts) if row.judge_at is not None],
        "to destroy": rows(bureau, schema.doomed),
    }
    return [what for what, which in found.items() if which]


@dataclass
class Books:
    """What one bureau has on its disk, read once."""

    bureau: Bureau
    acts: list[Kept]
    leaves: list[Leaf]
    receipts: list[Row[Any]]

    @property
    def said(self) -> list[Kept]:
        """What it said itself."""
        return [kept for kept in self.acts if kept.head.sender == self.bureau.me]


def books_of(bureau: Bureau) -> Books:
    """Read the books of a bureau."""
    with bureau.database.read() as tx:
        acts = [bureau.store.by_number(tx, row.number) for row in rows(bureau, schema.acts)]
    leaves = [decode(bytes(row.leaf), Leaf) for row in rows(bureau, schema.leaves)]
    return Books(bureau, acts, leaves, rows(bureau, schema.receipts))


def assert_all_is_well(fed: Federation, said: dict[BureauId, set[ActId]]) -> None:
    """Assert all that must hold between two bureaus; `said` is what each was told to be said, and so must have said."""
    for bureau in fed.bureaus.values():
        assert left_to_do(fed, bureau) == []
        rebuild.heal(bureau)
        assert rebuild.rebuild(bureau).differing == ()
        assert rows(bureau, schema.evidence) == []
    one, other = (books_of(bureau) for bureau in fed.bureaus.values())
    for sender, recipient in ((one, other), (other, one)):
        assert said[sender.bureau.me] <= {kept.id for kept in sender.said}
        assert_log_is_whole(sender)
        assert_bodies_agree(sender)
        assert_delivered_once(sender, recipient)
        assert_checkpoints_hold(sender, recipient)


def assert_delivered_once(sender: Books, recipient: Books) -> None:
    """Assert that each act of the sender was taken in once, accepted, folded once, and receipted once."""
    told = [kept for kept in sender.said if recipient.bureau.me in kept.head.to]
    sent = [kept.id for kept in told]
    taken = [kept for kept in recipient.acts if kept.head.sender == sender.bureau.me]
    assert sorted(kept.id for kept in taken) == sorted(sent)
    assert {kept.code for kept in taken} == {ACCEPTED}
    leaves = Counter(bytes(leaf.act) for leaf in recipient.leaves if leaf.way is Way.RECEIVED)
    # What was parked has two leaves, of its arrival and of its ruling, and a receipt for each.
    parked = {bytes(row.act) for row in sender.receipts if row.rung == Rung.COMMITTED}
    assert leaves == Counter(map(bytes, sent)) + Counter(parked)
    kinds = sender.bureau.store.kinds
    wanted = [kept.id for kept in told if kinds.struct(kept.head.kind).receipted]
    ruled = [row for row in sender.receipts if row.rung == Rung.RULED and row.signer == recipient.bureau.me]
    assert sorted(bytes(row.act) for row in ruled) == sorted(wanted)
    assert {row.code for row in ruled} == {ACCEPTED}
    owed = Counter(bytes(row.act) for row in rows(recipient.bureau, schema.owed))
    assert owed == Counter(map(bytes, wanted)) + Counter(parked)


def assert_log_is_whole(books: Books) -> None:
    """Assert that tree, leaves, acts and channels tell the same."""
    bureau, stored = books.bureau, rows(books.bureau, schema.leaves)
    with bureau.database.read() as tx:
        size = bureau.ledger.size(tx)
        root = bureau.ledger.root(tx, size)
    assert [row.position for row in stored] == list(range(size))
    hashes = [log.leaf_hash(commitment(leaf, row.salt)) for leaf, row in zip(books.leaves, stored, strict=True)]
    assert root == log.root_of(hashes)
    for kept in books.acts:
        way = Way.SENT if kept.head.sender == bureau.me else Way.RECEIVED
        assert (bytes(books.leaves[kept.leaf].act), books.leaves[kept.leaf].way) == (bytes(kept.id), way)
    assert {bytes(leaf.act) for leaf in books.leaves} == {bytes(kept.id) for kept in books.acts}
    numbers: dict[tuple[str, bytes, int], list[int]] = defaultdict(list)
    for kept in books.acts:
        numbers[kept.head.sender, kept.head.channel, kept.head.epoch].append(kept.head.seq)
    for row in rows(bureau, schema.channels):
        assert sorted(numbers[row.sender, bytes(row.channel), row.epoch]) == list(range(1, row.high + 1))


def assert_checkpoints_hold(signer: Books, other: Books) -> None:
    """Assert that the log continues every checkpoint that its node ever let out, wherever that is kept."""
    notes = [bytes(row.note) for row in rows(signer.bureau, schema.checkpoints)]
    notes += [bytes(row.note) for table in (schema.peers, schema.cosigned) for row in rows(other.bureau, table)]
    with other.bureau.database.read() as tx:
        for kept in other.acts:
            act = other.bureau.store.said(tx, kept).act
            if kept.head.sender == signer.bureau.me and isinstance(act, Receipts):
                notes.append(act.mine.encode())
    with signer.bureau.database.read() as tx:
        size = signer.bureau.ledger.size(tx)
        for found in {parse_checkpoint(parse_note(note).text) for note in notes}:
            assert found.size <= size
            assert found.root == signer.bureau.ledger.root(tx, found.size)


def assert_bodies_agree(books: Books) -> None:
    """Assert that each body in the database opens, that none opens whose row let go of it, and attachments are here."""
    bureau = books.bureau
    with bureau.database.read() as tx:
        given = tx.one(select(schema.counters.c.value).where(schema.counters.c.name == "acts"))
        assert given is not None
        # A row that is gone was let go of, as that of a parked act is once it was ruled on.
        for number in set(range(1, given.value + 1)) - {kept.number for kept in books.acts}:
            assert bureau.store.bodies.state(number) is State.ERASED
        for kept in books.acts:
            assert bureau.store.bodies.state(kept.number) is (State.ERASED if kept.erased else State.LIVE)
            if not kept.erased:
                bureau.store.signed(tx, kept)
            for blob in kept.head.blobs:
                assert bureau.blobs.complete(blob)
                for chunk in split(bureau.blobs.manifest(blob)):
                    bureau.blobs.chunk(blob, chunk)
