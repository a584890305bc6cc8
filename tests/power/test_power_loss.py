"""A machine that loses its power at any moment has kept whatever it promised, and does nothing twice (attack 25).

Two bureaus and a relay work in a process whose every write and sync is recorded (`shim.c`, `traffic.py`). From one
recording the disk after a power cut can be made for any moment: what was synced is there, of the rest any sectors and
any names (`recording.py`). Nodes and relay are opened from such a disk. First it is looked whether all is there that
was promised until then, before anybody can send anything again; then everybody works on, and the books are compared.
"""

import shutil
from collections import defaultdict
from pathlib import Path

import pytest

from comity.core.codec import decode
from comity.core.ids import ActId, BureauId, Millis
from comity.core.leaf import Leaf
from comity.node import clock, schema
from comity.node.bodies import State
from comity.node.bureau import Bureau
from tests.faults.converged import ROUNDS, STEP, assert_all_is_well, assert_bodies_agree, books_of, left_to_do
from tests.power import conftest
from tests.power.recording import Dice, Disk, What
from tests.power.traffic import ME, NODES, PEER, RELAY, Machines
from tests.simulator import rows

pytestmark = pytest.mark.faults

HERE, SOAKED = 50, 1_000
"""Power cuts in `make check` and in `make soak`."""

STRICT = 12
"""Power cuts that take all that they may, just after a promise."""

GROUP = 5
"""Power cuts to one test, so that several workers share them."""

DARK = ((ME,), (PEER,), (RELAY,), (ME,), (ME, PEER), (ME, PEER, RELAY))


@pytest.fixture(scope="session")
def work(shim: Path, two_and_a_relay: Path, tmp_path_factory: pytest.TempPathFactory) -> Disk:
    """Record two bureaus and a relay at work."""
    folder = tmp_path_factory.mktemp("recorded") / "organisation"
    shutil.copytree(two_and_a_relay, folder)
    return conftest.recorded(shim, folder, "tests.power.traffic", str(conftest.ROUNDS))


def moment(disk: Disk, dice: Dice) -> int:
    """Return a moment after everybody has said something: often just after a promise, or just before a sync."""
    first = next(number for number in disk.numbers(What.MARK) if disk.events[number].first.startswith("clock"))
    which = dice.below(4)
    if which == 3:
        return first + dice.below(len(disk.events) - first)
    asked = _promises(disk) if which < 2 else [number - 1 for number in disk.numbers(What.SYNC)]
    asked = [number for number in asked if number >= first]
    return asked[dice.below(len(asked))]


def _promises(disk: Disk) -> list[int]:
    return [number for number in disk.numbers(What.MARK) if not disk.events[number].first.startswith("clock")]


def cut(disk: Disk, seed: str, place: Path) -> None:
    """Let the power go at a moment, and see that all is well afterwards."""
    dice = Dice(seed)
    at, dark = moment(disk, dice), DARK[dice.below(len(DARK))]
    told = f"seed {seed!r}: cut after event {at} of {len(disk.events)}, dark: {', '.join(dark)}"
    folder = place / "organisation"
    disk.image(at, dark, dice, folder)
    try:
        _assert_survived(disk, at, folder)
    except BaseException as problem:
        problem.add_note(told)
        raise
    shutil.rmtree(folder)


def _assert_survived(disk: Disk, at: int, folder: Path) -> None:
    marks = disk.marks(at)
    times = [int(words[1]) for words in marks if words[0] == "clock"]
    machines = Machines(folder, Millis(max([clock.now(), *times])))
    fed = machines.fed
    try:
        assert_promises_kept(machines, marks)
        for _ in range(ROUNDS):
            fed.later(STEP)
            fed.carry()
            if not any(left_to_do(fed, bureau) for bureau in fed.bureaus.values()):
                break
        said: dict[BureauId, set[ActId]] = {BureauId(name): set() for name in NODES}
        for words in marks:
            if words[0] == "said":
                said[BureauId(words[1])].add(ActId(bytes.fromhex(words[2])))
        assert_all_is_well(fed, said)
    finally:
        machines.close()


def assert_promises_kept(machines: Machines, marks: list[list[str]]) -> None:
    """Assert that everything is there that was promised, before anybody sends anything again."""
    promised: dict[tuple[str, str], list[list[str]]] = defaultdict(list)
    for what, *rest in marks:
        promised[what, rest[0]].append(rest[1:])
    for name in NODES:
        bureau = machines.fed.bureaus[BureauId(name)]
        acts = {bytes(row.id).hex() for row in rows(bureau, schema.acts)}
        assert {words[0] for words in promised["said", name]} <= acts, "an act that was said is lost"
        frames = {leaf.frame.hex() for leaf in _leaves(bureau) if leaf.frame is not None}
        assert {words[0] for words in promised["answered", name]} <= frames, "an act that was taken in is lost"
        for (number,) in promised["erased", name]:
            assert bureau.store.bodies.state(int(number)) is State.ERASED, "an erased body is back"
        kids = {key.kid.hex() for key in bureau.keyring.public()}
        assert {words[0] for words in promised["key", name]} <= kids, "a key is lost"
        for key in bureau.keyring.public():
            bureau.keyring.private(key.kid)
        if acts:
            assert_bodies_agree(books_of(bureau))
    with machines.fed.relays[BureauId(RELAY)].database.read() as tx:
        held = {bytes(row.sealed).hex() for row in tx.all(schema.mail.select())}
    assert {words[1] for words in promised["answered", RELAY]} <= held, "mail that a relay promised is lost"


def _leaves(bureau: Bureau) -> list[Leaf]:
    return [decode(bytes(row.leaf), Leaf) for row in rows(bureau, schema.leaves)]


def test_what_is_promised_is_on_the_disk_already(work: Disk, tmp_path: Path) -> None:
    """Of what was not synced nothing is left, at moments just after a promise, on all machines together."""
    moments = _promises(work)
    for at in moments[:: len(moments) // STRICT]:
        folder = tmp_path / "organisation"
        work.image(at, DARK[-1], None, folder)
        machines = Machines(folder, clock.now())
        try:
            assert_promises_kept(machines, work.marks(at))
        finally:
            machines.close()
        shutil.rmtree(folder)


@pytest.mark.parametrize("group", range(HERE // GROUP))
def test_a_power_cut_takes_nothing_that_was_promised(group: int, work: Disk, tmp_path: Path) -> None:
    for number in range(group * GROUP, (group + 1) * GROUP):
        cut(work, f"cut {number}", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("group", range(SOAKED // 100))
def test_nor_do_a_thousand(group: int, work: Disk, tmp_path: Path) -> None:
    for number in range(group * 100, (group + 1) * 100):
        cut(work, f"long cut {number}", tmp_path)
