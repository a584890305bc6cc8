"""A machine that loses its power while a node is made, joins or changes its keys has the old or the new, and no third.

As `test_power_loss.py`, for files. A key that was promised opens, a passphrase that was changed is the one, a body that
was erased stays so, and settings are whole.
"""

import shutil
from pathlib import Path

import pytest

from comity.app import CAPABILITIES
from comity.node import anchor, home, keyfile
from comity.node.bodies import BodyKeys, State
from tests.faults.test_making import _is_master, _opens
from tests.faults.victim import NEW, NEXT_PASSPHRASE, OLD
from tests.organisation import PASSPHRASE
from tests.power import conftest
from tests.power.making import BODIES, ERASED
from tests.power.recording import Dice, Disk, What

pytestmark = pytest.mark.faults

MACHINE = "machine"

MOMENTS = 16


@pytest.fixture(scope="session")
def made(shim: Path, two_and_a_relay: Path, tmp_path_factory: pytest.TempPathFactory) -> Disk:
    """Record a node that is made."""
    folder = tmp_path_factory.mktemp("recorded") / "site"
    (folder / MACHINE).mkdir(parents=True)
    shutil.copytree(two_and_a_relay / "registry", folder / "registry")
    (held,) = (two_and_a_relay / "ma" / "anchors").glob("*.json")
    shutil.copy(held, folder / "anchor.json")
    return conftest.recorded(shim, folder, "tests.power.making")


def test_what_a_node_keeps_in_files_survives_a_power_cut(made: Disk, tmp_path: Path) -> None:
    for at in made.numbers(What.MARK):
        _cut(made, at, None, tmp_path)


def test_so_does_what_it_is_just_changing(made: Disk, tmp_path: Path) -> None:
    changed = [number for number, event in enumerate(made.events) if event.what not in {What.WRITE, What.SYNC}]
    for at in changed[:: len(changed) // MOMENTS]:
        _cut(made, at, Dice(f"file {at}"), tmp_path)


def _cut(made: Disk, at: int, dice: Dice | None, place: Path) -> None:
    folder = place / "image"
    made.image(at, {MACHINE}, dice, folder)
    told = {words[0]: words[2:] for words in made.marks(at)}
    try:
        _assert_node(folder, told)
        _assert_keys(folder / MACHINE, told)
    except BaseException as problem:
        problem.add_note(f"cut after event {at} of {len(made.events)}, told: {', '.join(told)}")
        raise
    shutil.rmtree(folder)


def _assert_node(folder: Path, told: dict[str, list[str]]) -> None:
    place = folder / MACHINE / "site" / "node"
    if "made" not in told and not (place / "node.json").exists():
        return
    passphrases = [each for each in (PASSPHRASE, NEXT_PASSPHRASE) if _opens(place / "keyring", each)]
    assert len(passphrases) == 1
    if "passphrase" in told:
        assert passphrases == [NEXT_PASSPHRASE]
    node = home.open_home(place, passphrases[0])
    try:
        kids = {key.kid.hex(): key.kid for key in node.keyring.public()}
        for kid in kids.values():
            node.keyring.private(kid)
        assert set(told.get("key", [])) <= set(kids), "a key is lost"
        assert not set(told.get("destroyed", [])) & set(kids), "a key that was destroyed is back"
        known = anchor.read(folder / "anchor.json")
        if "joined" in told:
            assert node.bureau(known.org, CAPABILITIES).me == "sn"
        if "known" in told:
            assert set(node.trusts[known.org].current().profiles) == {"ma", "no", "r1"}
    finally:
        node.close()


def _assert_keys(machine: Path, told: dict[str, list[str]]) -> None:
    if "offline" in told:
        assert keyfile.open_offline_key(machine / "safe" / "role.key", PASSPHRASE).public.label == "role"
    path = machine / "bodies.keys"
    if "sealed" not in told:
        return
    (master,) = (each for each in (OLD, NEW) if _is_master(path, each))
    assert "rewrapped" not in told or master == NEW
    with BodyKeys(path, master) as keys:
        states = {number: keys.state(number) for number in BODIES}
        erased = states.pop(ERASED)
        assert set(states.values()) == {State.LIVE}
        assert "erased" not in told or erased is State.ERASED
        keys.rewrap(NEW)
    assert [each.name for each in machine.glob("bodies.keys.*") if each.suffix in {".new", ".old"}] == []
