"""Random traffic over bad lines, with restarts and erasures: it ends well, and all of it folds to what is kept."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, update

from comity.core import checkpoint as notes
from comity.core import log
from comity.core.errors import Unreachable
from comity.core.ids import ActId, BureauId, Digest
from comity.core.leaf import Way, commitment
from comity.core.log import leaf_hash
from comity.core.note import Use, VerifierKey
from comity.core.receipt import Rung
from comity.core.registry import KeyUse
from comity.node import jobs, schema
from comity.node.bureau import Bureau
from comity.node.rebuild import heal, rebuild
from comity.node.store import Kept
from tests.node.conftest import Found
from tests.node.minutes import BOTH, Leaflet, Line, Opening, Remark, Scribble
from tests.simulator import Federation, held, reader, received, rows, rungs

NAMES = ["ma", "no", "et"]


@dataclass
class BadLine:
    """A line that loses, doubles, turns round and cuts off, as the bytes say; then it is good."""

    fate: bytes
    places: Iterator[int] = field(default_factory=count)
    good: bool = False

    def __call__(self, _sender: BureauId, _recipient: BureauId, passing: list[bytes]) -> list[bytes]:
        """Return what arrives."""
        if self.good or not self.fate:
            return passing
        arriving = []
        for one in passing:
            match self.fate[next(self.places) % len(self.fate)] % 8:
                case 0:
                    continue
                case 1:
                    arriving += [one, one]
                case 2:
                    arriving.insert(0, one)
                case 3:
                    raise Unreachable("cut off")
                case _:
                    arriving.append(one)
        return arriving


@dataclass
class Traffic:
    """What was said in a federation, step by step."""

    fed: Federation
    line: BadLine
    said: list[tuple[BureauId, Kept]] = field(default_factory=list)
    subjects: list[tuple[ActId, frozenset[str]]] = field(default_factory=list)

    def step(self, number: int) -> None:
        """Do what a number says: speak, pass time, restart or erase."""
        names = sorted(self.fed.bureaus)
        name, rest = names[number % 3], number // 3
        bureau = self.fed.bureaus[name]
        others = [one for one in names if one != name]
        match rest % 10:
            case 0 | 1:
                to = others if rest & 16 else others[:1]
                self.note(bureau, bureau.say(_opening(rest), tuple(to), reader=reader(bureau)))
            case 2 | 3 | 4 | 5:
                self.speak(bureau, rest)
            case 6 | 7:
                self.fed.later(1_000 * (rest % 90))
                self.fed.carry(rounds=2)
            case 8:
                self.fed.restart(name)
            case _:
                self.erase(bureau, rest)

    def speak(self, bureau: Bureau, rest: int) -> None:
        """Say something about a subject that the bureau has heard of."""
        known = [one for one in self.subjects if held(bureau, one[0]) is not None]
        if not known:
            return
        subject, parties = known[rest % len(known)]
        to = tuple(BureauId(one) for one in sorted(parties - {bureau.me}))
        act = (Line(text="x" * (rest % 50)), Remark(text="y" * (rest % 40)), Scribble(text="z"), Line(text=""))[
            rest % 4
        ]
        self.note(bureau, bureau.say(act, to, reader=reader(bureau), subject=subject))

    def note(self, bureau: Bureau, kept: Kept) -> None:
        """Remember what was said."""
        self.said.append((bureau.me, kept))
        if kept.head.subject is None:
            self.subjects.append((kept.id, frozenset({*kept.head.to, kept.head.sender})))

    def erase(self, bureau: Bureau, rest: int) -> None:
        """Erase the body of something that others said."""
        here = received(bureau, *(f"minutes.{noun}/1" for noun in ("opening", "line", "remark")))
        if here:
            act = here[rest % len(here)].id
            bureau.database.write(lambda tx: bureau.store.erase(tx, act))

    def settle(self) -> None:
        """Let the line be good and time pass until nothing is under way."""
        self.line.good = True
        for pause in (6_000, 70_000, 70_000, 1_800_000, 70_000, 7 * 3_600_000, 70_000):
            self.fed.later(pause)
            self.fed.carry(rounds=10)


def _opening(rest: int) -> Opening | Leaflet:
    return Leaflet(text="a leaflet") if rest & 32 else Opening(title="minutes")


def consistent(bureau: Bureau) -> None:
    """Check every leaf against the signed checkpoint, and that each act has the leaf that it says."""
    key = bureau.registry().profile(bureau.me).current(KeyUse.LOG)
    checkpoint = notes.verify(jobs.checkpoint(bureau), VerifierKey(bureau.ledger.origin, Use.LOG, key.public))
    found: dict[int, tuple[Digest, Way]] = {}
    with bureau.database.read() as tx:
        for position in range(checkpoint.size):
            proven = bureau.ledger.prove(tx, position, checkpoint.size)
            entry = leaf_hash(commitment(proven.leaf, proven.salt))
            log.verify_inclusion(proven.inclusion, entry, checkpoint.root)
            found[position] = (proven.leaf.act, proven.leaf.way)
    for row in rows(bureau, schema.acts):
        way = Way.SENT if row.sender == bureau.me else Way.RECEIVED
        assert found[row.leaf] == (bytes(row.id), way)


STEPS = st.lists(st.integers(0, 2**12), min_size=4, max_size=20)


def _random_traffic(fed: Federation, steps: list[int], fate: bytes) -> None:
    line = BadLine(fate)
    fed.interfere = line
    traffic = Traffic(fed, line)
    for step in steps:
        traffic.step(step)
    traffic.settle()
    for sender, kept in traffic.said:
        bureau = fed.bureaus[sender]
        expected = [(to, Rung.RULED, "accepted") for to in sorted(kept.head.to)]
        assert [one for one in rungs(bureau, kept.id) if one[1] == Rung.RULED] == expected
        for to in kept.head.to:
            arrived = [one.id for one in received(fed.bureaus[to]) if one.head.kind == kept.head.kind]
            assert arrived.count(kept.id) == 1
    for bureau in fed.bureaus.values():
        assert {row.state for row in rows(bureau, schema.outbox)} <= {"settled"}
        assert rows(bureau, schema.evidence) == []
        assert rebuild(bureau).differing == ()
        assert heal(bureau) == 0
        consistent(bureau)


@given(steps=STEPS, fate=st.binary(max_size=24))
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_random_traffic_over_bad_lines_ends_well(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int], fate: bytes
) -> None:
    fed = Federation(tmp_path_factory.mktemp("traffic"), capabilities=BOTH)
    for name in NAMES:
        fed.join(name)
    try:
        _random_traffic(fed, steps, fate)
    finally:
        fed.close()


@pytest.mark.parametrize("seed", [7, 41])
def test_so_does_traffic_that_is_the_same_each_time(found: Found, seed: int) -> None:
    steps = [(seed * (place + 3) ** 3) % 4096 for place in range(16)]
    _random_traffic(found(NAMES, BOTH), steps, bytes((seed * place * place) % 251 for place in range(1, 24)))


@pytest.mark.slow
@given(steps=st.lists(st.integers(0, 2**12), min_size=20, max_size=120), fate=st.binary(max_size=64))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_so_does_long_traffic(tmp_path_factory: pytest.TempPathFactory, steps: list[int], fate: bytes) -> None:
    fed = Federation(tmp_path_factory.mktemp("traffic"), capabilities=BOTH)
    for name in NAMES:
        fed.join(name)
    try:
        _random_traffic(fed, steps, fate)
    finally:
        fed.close()


# ------------------------------------------------------------------------------------------------- what is not in order


def _kept_minutes(fed: Federation) -> tuple[Bureau, ActId]:
    ma, no, _ = fed.bureaus.values()
    opening = ma.say(Opening(title="minutes"), (no.me,), reader=reader(ma))
    ma.say(Line(text="a line"), (no.me,), reader=reader(ma), subject=opening.id)
    fed.carry()
    assert rebuild(no).subjects == 1
    assert rebuild(no).differing == ()
    return no, opening.id


@pytest.mark.parametrize(
    "change", [{"state": b"\xa1gwritten\x80"}, {"keeper": "no"}, {"entered": 0}, {"last": bytes(32)}]
)
def test_a_state_that_was_altered_is_found(found: Found, change: dict[str, object]) -> None:
    no, subject = _kept_minutes(found(NAMES, BOTH))
    no.database.write(lambda tx: tx.run(update(schema.subjects).values(**change)))
    assert rebuild(no).differing == (subject,)


def test_a_state_that_is_lost_or_too_much_is_found(found: Found) -> None:
    no, subject = _kept_minutes(found(NAMES, BOTH))
    row = {
        "member": 1, "subject": b"x" * 32, "capability": "minutes", "keeper": "ma", "entered": 0, "last": b"x" * 32,
        "state": b"", "changed": 1,
    }  # fmt: skip
    no.database.write(lambda tx: tx.run(delete(schema.subjects)))
    assert rebuild(no).differing == (subject,)
    no.database.write(lambda tx: tx.run(insert(schema.subjects).values(**row)))
    assert rebuild(no).differing == tuple(sorted((subject, ActId(b"x" * 32))))


def test_an_entry_that_nobody_signed_is_found(found: Found) -> None:
    no, subject = _kept_minutes(found(NAMES, BOTH))
    no.database.write(lambda tx: tx.run(update(schema.entries).values(previous=b"y" * 32)))
    assert rebuild(no).differing == (subject,)


def test_comparing_writes_nothing(tmp_path: Path) -> None:
    fed = Federation(tmp_path, capabilities=BOTH)
    for name in NAMES:
        fed.join(name)
    no, _ = _kept_minutes(fed)
    before = [rows(no, table) for table in schema.metadata.sorted_tables]
    no.database.write(lambda tx: tx.run(update(schema.subjects).values(entered=0)))
    rebuild(no)
    no.database.write(lambda tx: tx.run(update(schema.subjects).values(entered=1)))
    assert [rows(no, table) for table in schema.metadata.sorted_tables] == before
    fed.close()
