"""Bureaus witness each other's logs: through many appends, races, lost answers, forks and rollbacks."""

import dataclasses
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from comity.core.checkpoint import (
    AddCheckpoint,
    Checkpoint,
    cosign,
    cosigners,
    format_request,
    parse_checkpoint,
    sign,
    split_view,
)
from comity.core.errors import Malformed
from comity.core.ids import BureauId, Digest, Millis, OrgId
from comity.core.leaf import Leaf, Way
from comity.core.log import Frontier, grow, leaf_hash, root_at_edge
from comity.core.note import Use, VerifierKey, log_name, parse_note, with_signatures, witness_name
from comity.core.registry import KeyUse, Revocation, Standing, Suite
from comity.core.ruling import ALLOWED, Refusal
from comity.node import arrivals, jobs, schema, witness
from comity.node.bureau import Bureau
from comity.node.database import Transaction
from comity.node.witness import Answer
from tests.simulator import ORG, Federation, federation

MA, NO, ET = BureauId("ma"), BureauId("no"), BureauId("et")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Federation]:
    made = federation(tmp_path, ["ma", "no", "et"])
    made.registry = replace(made.registry, policy=replace(made.registry.policy, witness_quorum=2))
    yield made
    made.close()


@pytest.fixture
def ma(world: Federation) -> Bureau:
    return world.bureaus[MA]


@pytest.fixture
def no(world: Federation) -> Bureau:
    return world.bureaus[NO]


def grow_log(bureau: Bureau, leaves: int) -> bytes:
    """Log that many leaves of a bureau and return the checkpoint."""

    def add(tx: Transaction) -> None:
        for _ in range(leaves):
            leaf = Leaf(way=Way.SENT, act=Digest(bureau.entropy(32)), at=bureau.now())
            bureau.ledger.append(tx, leaf, bureau.entropy(32))

    bureau.database.write(add)
    return jobs.checkpoint(bureau)


def ask_all(world: Federation, bureau: Bureau) -> list[Answer]:
    """Ask every witness once and write down what it answers."""
    answers = []
    for ask in witness.requests(bureau):
        answer = witness.add_checkpoint(world.bureaus[ask.witness], ask.body)
        witness.record(bureau, ask, answer.status, answer.body)
        answers.append(answer)
    return answers


def forged(bureau: Bureau, size: int, mark: str, old: int = 0, origin: str = "") -> bytes:
    """Return a request with a checkpoint that the log signs over another tree."""
    leaves = [leaf_hash(f"{mark} {number}".encode()) for number in range(size)]
    checkpoint = Checkpoint(origin or bureau.ledger.origin, size, root_at_edge(grow(Frontier(), leaves)))
    note = sign(checkpoint, checkpoint.origin, bureau.private(KeyUse.LOG))
    return format_request(AddCheckpoint(old, (), note))


def evidence(bureau: Bureau) -> list[tuple[str, str, bytes, bytes]]:
    """Return what a bureau holds against others."""
    with bureau.database.read() as tx:
        rows = tx.all(select(schema.evidence).order_by(schema.evidence.c.number))
    return [(row.against, row.what, bytes(row.one), bytes(row.other)) for row in rows]


def cosigned_size(bureau: Bureau) -> int:
    """Return the size that a bureau cosigned last, of the only log that it knows."""
    with bureau.database.read() as tx:
        row = tx.one(select(schema.cosigned.c.size))
    return 0 if row is None else int(row.size)


def test_two_bureaus_witness_a_third_through_many_appends(world: Federation, ma: Bureau) -> None:
    for leaves in (1, 1, 2, 3, 5, 250, 1, 7):
        grow_log(ma, leaves)
        assert [answer.status for answer in ask_all(world, ma)] == [200, 200]
        size, note = witness.witnessed(ma) or (0, b"")
    with ma.database.read() as tx:
        newest = ma.ledger.latest_checkpoint(tx)
    assert newest is not None
    size, note = newest
    assert size == 270
    assert witness.witnessed(ma, size) == newest
    keys = [
        VerifierKey(witness_name(ORG, name), Use.WITNESS, world.registry.profile(name).current(KeyUse.WITNESS).public)
        for name in (ET, NO)
    ]
    assert cosigners(note, keys) == tuple((key.name, world.now() // 1000) for key in keys)


def test_nobody_is_asked_twice_for_one_checkpoint(world: Federation, ma: Bureau) -> None:
    grow_log(ma, 3)
    ask_all(world, ma)
    assert witness.requests(ma) == []


def test_a_log_without_leaves_asks_nobody(ma: Bureau) -> None:
    assert witness.requests(ma) == []
    jobs.checkpoint(ma)
    assert witness.requests(ma) == []


def test_a_bureau_that_is_no_witness_is_not_asked_and_knows_no_log(world: Federation, ma: Bureau, no: Bureau) -> None:
    world.change(profiles={NO: replace(world.registry.profile(NO), witness=False)})
    grow_log(ma, 1)
    (ask,) = witness.requests(ma)
    assert ask.witness == ET
    assert witness.add_checkpoint(no, ask.body).status == 404


def test_one_cosignature_is_no_quorum_of_two(world: Federation, ma: Bureau, no: Bureau) -> None:
    grow_log(ma, 1)
    ask = next(ask for ask in witness.requests(ma) if ask.witness == NO)
    answer = witness.add_checkpoint(no, ask.body)
    assert witness.record(ma, ask, answer.status, answer.body) == ALLOWED
    assert witness.witnessed(ma) is None
    assert [other.witness for other in witness.requests(ma)] == [ET]
    ask_all(world, ma)
    assert witness.witnessed(ma) is not None


def test_of_two_requests_at_once_one_is_cosigned_at_the_most(ma: Bureau, no: Bureau) -> None:
    # Of different sizes, so that no two of them contradict each other openly.
    rivals = [forged(ma, 5 + number, f"history {number}") for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda raw: witness.add_checkpoint(no, raw), rivals))
    assert sorted(answer.status for answer in answers) == [200] + 7 * [409]


def test_a_lost_answer_is_asked_for_again(world: Federation, ma: Bureau) -> None:
    grow_log(ma, 4)
    first = next(ask for ask in witness.requests(ma) if ask.witness == NO)
    witness.add_checkpoint(world.bureaus[NO], first.body)  # The answer gets lost, or the witness dies right here.
    again = world.restart("no")
    answer = witness.add_checkpoint(again, first.body)
    assert (answer.status, answer.content_type, answer.body) == (409, "text/x.tlog.size", b"4\n")
    refused = witness.record(ma, first, answer.status, answer.body)
    assert isinstance(refused, Refusal)
    assert refused.code == "witness.stale"
    second = next(ask for ask in witness.requests(ma) if ask.witness == NO)
    answer = witness.add_checkpoint(again, second.body)
    assert witness.record(ma, second, answer.status, answer.body) == ALLOWED


def test_what_was_answered_is_on_disk_before(world: Federation, ma: Bureau, no: Bureau) -> None:
    kept = []

    def watched() -> Millis:
        kept.append(cosigned_size(no))
        return world.now()

    grow_log(ma, 6)
    ask = next(ask for ask in witness.requests(ma) if ask.witness == NO)
    assert witness.add_checkpoint(dataclasses.replace(no, now=watched), ask.body).status == 200
    assert kept[-1] == 6, "the time of the cosignature is asked after the commit"


def test_a_fork_is_refused_and_kept_as_evidence(ma: Bureau, no: Bureau) -> None:
    assert witness.add_checkpoint(no, forged(ma, 5, "one")).status == 200
    other = forged(ma, 5, "other", old=5)
    assert witness.add_checkpoint(no, other).status == 409
    ((against, what, one, two),) = evidence(no)
    key = VerifierKey(log_name(ORG, MA), Use.LOG, ma.private(KeyUse.LOG).public_key().public_bytes_raw())
    assert (against, what) == (MA, "split-view")
    assert split_view(one, two, key) is not None


def test_a_fork_that_claims_to_be_new_is_evidence_too_and_is_kept_once(ma: Bureau, no: Bureau) -> None:
    witness.add_checkpoint(no, forged(ma, 5, "one"))
    for _ in range(3):
        answer = witness.add_checkpoint(no, forged(ma, 5, "other"))
        assert (answer.status, answer.body) == (409, b"5\n")
    assert len(evidence(no)) == 1


def test_a_view_that_contradicts_hearsay_is_not_cosigned(ma: Bureau, no: Bureau) -> None:
    heard = forged(ma, 5, "one").partition(b"\n\n")[2]
    no.database.write(lambda tx: arrivals.gossip(no, tx, MA, heard))
    answer = witness.add_checkpoint(no, forged(ma, 5, "other"))
    assert (answer.status, answer.body[:12]) == (409, b"witness.fork")
    assert cosigned_size(no) == 0
    assert [what for _, what, _, _ in evidence(no)] == ["split-view"]


def test_a_rollback_is_refused(ma: Bureau, no: Bureau) -> None:
    witness.add_checkpoint(no, forged(ma, 5, "one"))
    answer = witness.add_checkpoint(no, forged(ma, 3, "one", old=3))
    assert (answer.status, answer.content_type, answer.body) == (409, "text/x.tlog.size", b"5\n")
    assert witness.add_checkpoint(no, forged(ma, 3, "one", old=5)).status == 400
    assert cosigned_size(no) == 5


def test_a_history_that_was_rewritten_is_refused(ma: Bureau, no: Bureau) -> None:
    witness.add_checkpoint(no, forged(ma, 5, "one"))
    assert witness.add_checkpoint(no, forged(ma, 6, "other", old=5)).status == 422
    assert cosigned_size(no) == 5


@pytest.mark.parametrize("origin", ["another.example/log", f"{ORG}/xx", f"{ORG}/no", "ma", f"{ORG}2/ma"])
def test_an_unknown_log_is_404(ma: Bureau, no: Bureau, origin: str) -> None:
    assert witness.add_checkpoint(no, forged(ma, 1, "one", origin=origin)).status == 404


def test_the_log_of_an_ejected_bureau_is_unknown(world: Federation, ma: Bureau, no: Bureau) -> None:
    ejected = replace(world.registry.accreditations[MA], standing=Standing.EJECTED)
    world.change(accreditations={MA: ejected})
    assert witness.add_checkpoint(no, forged(ma, 1, "one")).status == 404


def test_a_wrong_signature_is_403(world: Federation, no: Bureau) -> None:
    impostor = forged(world.bureaus[ET], 1, "one", origin=log_name(ORG, MA))
    assert witness.add_checkpoint(no, impostor).status == 403
    assert cosigned_size(no) == 0


def test_a_revoked_log_key_is_403_and_a_retired_one_is_not(world: Federation, ma: Bureau, no: Bureau) -> None:
    request, profile = forged(ma, 1, "one"), world.registry.profile(MA)
    old, new = profile.current(KeyUse.LOG), ma.keyring.new(KeyUse.LOG, Suite.ED25519)
    keys = (*(key for key in profile.keys if key != old), replace(old, retired=True), new)
    world.change(profiles={MA: replace(profile, keys=keys)})
    assert witness.add_checkpoint(no, request).status == 200
    dead = Revocation(bureau=MA, kid=old.kid, size=0, root=Digest(bytes(32)), decided_by="exercise")
    world.registry = replace(world.registry, revocations=(dead,))
    assert witness.add_checkpoint(no, request).status == 403


@pytest.mark.parametrize("raw", [b"", b"old 0\n\n", b"old -1\n\nx\n1\ny\n", b"\xff"])
def test_what_is_no_request_is_400(no: Bureau, raw: bytes) -> None:
    assert witness.add_checkpoint(no, raw).status == 400


def test_a_cosignature_that_does_not_verify_is_not_kept(world: Federation, ma: Bureau) -> None:
    note = grow_log(ma, 2)
    ask = next(ask for ask in witness.requests(ma) if ask.witness == NO)
    line = witness.add_checkpoint(world.bureaus[NO], ask.body).body
    other = witness.add_checkpoint(world.bureaus[ET], ask.body).body
    for lie in (b"", b"OK\n", other, line[:-8] + b"AAAAAA=\n"):
        with pytest.raises(Malformed):
            witness.record(ma, ask, 200, lie)
    assert jobs.checkpoint(ma) == note
    # What a witness sends beside its own line is left out.
    assert witness.record(ma, ask, 200, other + line) == ALLOWED
    assert jobs.checkpoint(ma) == with_signatures(note, line)


def test_a_later_cosignature_takes_the_place_of_the_earlier_one(world: Federation, ma: Bureau) -> None:
    note = grow_log(ma, 2)
    ask = next(ask for ask in witness.requests(ma) if ask.witness == NO)
    witness.record(ma, ask, 200, witness.add_checkpoint(world.bureaus[NO], ask.body).body)
    world.later(5_000)
    again = ask.body.replace(b"old 0\n", b"old 2\n")
    later = witness.add_checkpoint(world.bureaus[NO], again).body
    witness.record(ma, ask, 200, later)
    assert jobs.checkpoint(ma) == with_signatures(note, later)


def test_one_key_that_two_bureaus_list_makes_one_witness(world: Federation, ma: Bureau, no: Bureau) -> None:
    private, profile = no.private(KeyUse.WITNESS), world.registry.profile(ET)
    stolen = world.registry.profile(NO).current(KeyUse.WITNESS)
    keys = tuple(stolen if key.use is KeyUse.WITNESS else key for key in profile.keys)
    world.change(profiles={ET: replace(profile, keys=keys)})
    note = grow_log(ma, 1)
    for ask in witness.requests(ma):
        witness.record(ma, ask, 200, cosign(note, witness_name(ORG, ask.witness), private, 1))
    assert witness.requests(ma) == []
    assert witness.witnessed(ma) is None


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "witness.size"), (403, "witness.signature"), (404, "witness.log"), (422, "witness.proof"),
     (409, "witness.fork"), (500, "witness.unanswered"), (302, "witness.unanswered")],
)  # fmt: skip
def test_what_a_witness_refuses_is_said_by_its_code(ma: Bureau, status: int, code: str) -> None:
    grow_log(ma, 1)
    ask = witness.requests(ma)[0]
    refused = witness.record(ma, ask, status, b"no\n")
    assert isinstance(refused, Refusal)
    assert refused.code == code
    assert ask in witness.requests(ma)


def test_a_witness_that_claims_more_than_our_log_holds_is_left_alone_until_it_does(ma: Bureau) -> None:
    grow_log(ma, 2)
    ask = next(ask for ask in witness.requests(ma) if ask.witness == NO)
    witness.record(ma, ask, 409, b"7\n")
    assert [other.witness for other in witness.requests(ma)] == [ET]
    grow_log(ma, 6)
    assert [other.witness for other in witness.requests(ma)] == [ET, NO]


def test_names_of_logs_are_those_of_their_checkpoints(ma: Bureau) -> None:
    note = grow_log(ma, 1)
    assert parse_checkpoint(parse_note(note).text).origin == log_name(ORG, MA) == arrivals.origin_of(OrgId(ORG), MA)
