"""The log on disk: one leaf with its act or none, tiles that say what recomputing says, proofs under signed roots."""

from collections.abc import Iterator
from functools import partial

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from comity.core import checkpoint as notes
from comity.core import log
from comity.core.errors import Malformed, Misused, Refused
from comity.core.handling import Purpose
from comity.core.ids import Digest, Millis
from comity.core.leaf import Leaf, Way, commitment
from comity.core.log import TileId, leaf_hash
from comity.core.note import Use, VerifierKey
from comity.core.registry import KeyUse
from comity.node import jobs, schema
from comity.node.bureau import Bureau, Utterance
from comity.node.clock import entropy
from comity.node.database import Database, Transaction
from comity.node.ledger import Ledger
from tests.node.conftest import Found, NewDatabase
from tests.simulator import deliveries, information, rows, tell

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
TOUCHED = (schema.acts, schema.leaves, schema.tiles, schema.outbox, schema.channels, schema.subjects, schema.owed)
"""What saying and receiving write to."""


@pytest.fixture
def database(new_database: NewDatabase) -> Iterator[Database]:
    opened = Database(new_database())
    for member in (1, 2):
        opened.write(partial(enrol, member))
    yield opened
    opened.close()


def enrol(member: int, tx: Transaction) -> None:
    row = {"member": member, "org": f"o-{member}", "bureau": "no", "epoch": 1, "size": 0}
    tx.run(insert(schema.memberships).values(**row))


def leaf(number: int) -> Leaf:
    return Leaf(way=Way.SENT, act=Digest(number.to_bytes(32)), at=Millis(number))


def grow(database: Database, ledger: Ledger, numbers: range) -> list[Digest]:
    """Append leaves in one transaction and return their hashes."""
    salted = [(leaf(number), entropy(32)) for number in numbers]

    def work(tx: Transaction) -> None:
        for one, salt in salted:
            ledger.append(tx, one, salt)

    database.write(work)
    return [leaf_hash(commitment(one, salt)) for one, salt in salted]


def tiles(database: Database, member: int) -> dict[TileId, bytes]:
    t = schema.tiles.c
    with database.read() as tx:
        found = tx.all(select(schema.tiles).where(t.member == member))
    return {TileId(row.level, row.position): bytes(row.hashes) for row in found}


def verified(bureau: Bureau, note: bytes) -> notes.Checkpoint:
    """Return a checkpoint of a bureau, verified under the key that its profile lists."""
    key = bureau.registry().profile(bureau.me).current(KeyUse.LOG)
    return notes.verify(note, VerifierKey(bureau.ledger.origin, Use.LOG, key.public))


def counted(bureau: Bureau) -> list[int]:
    return [len(rows(bureau, table)) for table in TOUCHED]


def test_an_act_its_leaf_and_its_tile_are_committed_together(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    kept = tell(ma, "no")
    fed.carry()
    for bureau, way in ((ma, Way.SENT), (no, Way.RECEIVED)):
        with bureau.database.read() as tx:
            (position,) = bureau.ledger.positions(tx, Digest(kept.id))
            proven = bureau.ledger.prove(tx, position, bureau.ledger.size(tx))
        assert (proven.leaf.act, proven.leaf.way) == (Digest(kept.id), way)
        assert len(tiles(bureau.database, 1)[TileId(0, 0)]) == 32 * len(rows(bureau, schema.leaves))


def test_an_act_that_is_rolled_back_leaves_nothing(found: Found) -> None:
    ma, no = found(["ma", "no"]).bureaus.values()
    act = information()
    utterance = Utterance(act=act, to=(no.me,), purpose=Purpose.INVESTIGATE)

    def work(tx: Transaction) -> None:
        ma.utter(tx, utterance)
        raise Misused("and yet it is not said")

    with pytest.raises(Misused):
        ma.database.write(work)
    assert counted(ma) == [0] * len(TOUCHED)
    kept = tell(ma, "no")
    assert (kept.number, kept.leaf, kept.head.seq) == (1, 0, 1)


def test_an_act_that_a_gate_refuses_leaves_nothing(found: Found) -> None:
    ma, _ = found(["ma", "no"]).bureaus.values()
    with pytest.raises(Refused) as refused:
        tell(ma, "no", purpose=Purpose.ADMINISTRATION)
    assert refused.value.refusal.code == "messages.purpose"
    assert counted(ma) == [0] * len(TOUCHED)


def test_an_act_that_cannot_be_received_leaves_nothing(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    tell(ma, "no")
    (delivery,) = deliveries(ma, "no")

    def stopped(_: int) -> bytes:
        raise Misused("the clock has stopped")

    object.__setattr__(no.store, "entropy", stopped)
    with pytest.raises(Misused):
        fed.hand_over(ma.me, no.me, [delivery])
    object.__setattr__(no.store, "entropy", entropy)
    assert counted(no) == [0] * len(TOUCHED)
    fed.carry()
    assert next(row.code for row in rows(no, schema.acts)) == "accepted"


def test_every_leaf_is_proven_under_the_signed_checkpoint(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, _ = fed.bureaus.values()
    for number in range(5):
        tell(ma, "no", text=f"text {number}")
        fed.carry()
    checkpoint = verified(ma, jobs.checkpoint(ma))
    with ma.database.read() as tx:
        assert checkpoint.size == ma.ledger.size(tx) > 5
        for position in range(checkpoint.size):
            proven = ma.ledger.prove(tx, position, checkpoint.size)
            hash_ = leaf_hash(commitment(proven.leaf, proven.salt))
            log.verify_inclusion(proven.inclusion, hash_, checkpoint.root)


def test_a_later_checkpoint_is_proven_to_continue_an_earlier_one(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, _ = fed.bureaus.values()
    tell(ma, "no")
    old = verified(ma, jobs.checkpoint(ma))
    tell(ma, "no")
    tell(ma, "no")
    new = verified(ma, jobs.checkpoint(ma))
    with ma.database.read() as tx:
        path = ma.ledger.consistency(tx, old.size, new.size)
    log.verify_consistency(old.size, old.root, new.size, new.root, path)


def test_a_checkpoint_of_the_same_size_is_the_same_note(found: Found) -> None:
    ma, _ = found(["ma", "no"]).bureaus.values()
    tell(ma, "no")
    assert jobs.checkpoint(ma) == jobs.checkpoint(ma)


def test_a_checkpoint_says_nothing_of_leaves_that_are_not_committed(database: Database) -> None:
    ledger = Ledger(1, "o/no")
    hashes = grow(database, ledger, range(3))

    def both(tx: Transaction) -> bytes:
        ledger.append(tx, leaf(4), bytes(32))
        return ledger.checkpoint(tx, KEY, Millis(0))

    note = database.write(both)
    key = VerifierKey("o/no", Use.LOG, KEY.public_key().public_bytes_raw())
    checkpoint = notes.verify(note, key)
    assert (checkpoint.size, checkpoint.root) == (3, log.root_of(hashes))


@given(groups=st.lists(st.integers(1, 300), min_size=1, max_size=4))
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_tiles_are_what_recomputing_them_gives(new_database: NewDatabase, groups: list[int]) -> None:
    database = Database(new_database())
    database.write(partial(enrol, 1))
    ledger, hashes = Ledger(1, "o/no"), list[Digest]()
    for size in groups:
        before = tiles(database, 1)
        hashes += grow(database, ledger, range(len(hashes), len(hashes) + size))
        after = tiles(database, 1)
        assert all(after[where].startswith(held) for where, held in before.items())
    assert after == log.append(0, {}, hashes)
    with database.read() as tx:
        assert ledger.size(tx) == len(hashes)
        assert ledger.root(tx, len(hashes)) == log.root_of(hashes)
    database.close()


def test_two_logs_in_one_database_do_not_mix(database: Database) -> None:
    ledgers, hashes = [Ledger(member, f"o-{member}/no") for member in (1, 2)], dict[int, list[Digest]]({1: [], 2: []})
    for number in range(6):
        ledger = ledgers[number % 2]
        hashes[ledger.member] += grow(database, ledger, range(number, number + 1 + number % 3))

    def together(tx: Transaction) -> None:
        for ledger in ledgers:
            ledger.append(tx, leaf(ledger.member), bytes(32))
            hashes[ledger.member].append(leaf_hash(commitment(leaf(ledger.member), bytes(32))))

    database.write(together)
    with database.read() as tx:
        for ledger in ledgers:
            mine = hashes[ledger.member]
            assert ledger.root(tx, ledger.size(tx)) == log.root_of(mine)
            assert tiles(database, ledger.member) == log.append(0, {}, mine)


def test_a_leaf_that_is_not_there_is_not_proven(database: Database) -> None:
    ledger = Ledger(1, "o/no")
    grow(database, ledger, range(3))
    with database.read() as tx:
        with pytest.raises(Misused):
            ledger.prove(tx, 3, 3)
        with pytest.raises(Malformed):
            ledger.tile(tx, 1, 0)


def test_a_log_of_no_membership_is_misused(database: Database) -> None:
    with database.read() as tx, pytest.raises(Misused):
        Ledger(3, "o/no").size(tx)
