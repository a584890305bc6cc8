"""A node killed while it is made, joins, changes its keys or learns of a new registry can be opened and goes on.

Files and database cannot be written in one step; so for each of these works it is shown that what is left is the old or
the new, and that doing it again brings it to its end.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import inspect

from comity.capabilities import ALL
from comity.core.errors import Misused
from comity.core.ids import BureauId
from comity.core.registry import KeyUse, Registry, Suite
from comity.node import anchor, clock, home, migrations
from comity.node import schema as tables
from comity.node.bodies import BodyKeys
from comity.node.database import Database, sqlite_url
from comity.node.keyring import Keyring
from comity.node.trust import Trust
from tests import organisation as organisations
from tests.faults.peer import reached, start
from tests.faults.points import MAKING, Point
from tests.faults.victim import NEW, NEXT_PASSPHRASE, OLD
from tests.organisation import PASSPHRASE
from tests.simulator import rows

pytestmark = pytest.mark.faults

Die = Callable[[Point], Path]
"""Lets a process die at a point, and returns the folder in which it worked."""


def points(first: str) -> pytest.MarkDecorator:
    """Return the points whose name begins with this word, as cases."""
    chosen = [point for point in MAKING if point.name.startswith(f"{first}-")]
    assert chosen
    return pytest.mark.parametrize("point", chosen, ids=[point.name for point in chosen])


@pytest.fixture
def die(tmp_path: Path, record_property: Callable[[str, object], None]) -> Die:
    """Give what lets a process die while it does the work that the point's name begins with."""

    def at(point: Point) -> Path:
        reached(point, start(point, point.name.partition("-")[0], tmp_path), tmp_path)
        record_property("fail point", point.name)
        return tmp_path

    return at


@points("join")
def test_joining_can_be_done_again(point: Point, die: Die, organisation: Path, tmp_path: Path) -> None:
    (held,) = (organisation / "ma" / "anchors").glob("*.json")
    shutil.copy(held, tmp_path / "anchor.json")
    home.create(tmp_path / "node", PASSPHRASE)
    folder, me = die(point), BureauId("sn")
    joined, known = home.open_home(folder / "node", PASSPHRASE), anchor.read(folder / "anchor.json")
    if known.org not in joined.trusts:
        joined.join(known, me)
    for trust in joined.trusts.values():
        trust.refresh(clock.now())
    bureau = joined.bureau(known.org, ALL)
    assert (bureau.me, len(rows(bureau, tables.memberships))) == (me, 1)
    joined.close()
    assert [each.bureau for each in home.read(folder / "node").memberships] == [me]


@points("key")
def test_a_key_is_whole_or_absent(point: Point, die: Die, tmp_path: Path) -> None:
    home.create(tmp_path / "node", PASSPHRASE)
    folder = die(point) / "node" / "keyring"
    keyring = Keyring.open(folder, PASSPHRASE)
    for key in keyring.public():
        keyring.private(key.kid)
    made = keyring.new(KeyUse.SIGN, Suite.ED25519)
    assert made in Keyring.open(folder, PASSPHRASE).public()


@points("passphrase")
def test_one_passphrase_opens_the_keyring(point: Point, die: Die, tmp_path: Path) -> None:
    home.create(tmp_path / "node", PASSPHRASE)
    folder = die(point) / "node" / "keyring"
    assert [_opens(folder, each) for each in (PASSPHRASE, NEXT_PASSPHRASE)].count(True) == 1


@points("registry")
def test_the_registry_is_the_old_one_or_the_new_one(point: Point, die: Die, tmp_path: Path) -> None:
    known = organisations.found(tmp_path / "made", ["ma"])
    anchor.write(tmp_path / "anchor.json", known)
    old = Trust(tmp_path / "trust", known).refresh(clock.now())
    organisations.admit(tmp_path / "made", known, "no", address="http://127.0.0.1:1")
    trust = Trust(die(point) / "trust", known)
    left = trust.current()
    new = trust.refresh(clock.now())
    assert set(new.profiles) == {"ma", "no"}
    assert _told(left) in (_told(old), _told(new))


@points("schema")
def test_a_schema_half_way_is_brought_up_to_date(
    point: Point, die: Die, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = sqlite_url(tmp_path / "node.db")
    with monkeypatch.context() as patched:
        patched.setattr(migrations, "NEWEST", "0001")
        Database(url).close()
    die(point)
    database = Database(url)
    assert set(inspect(database.engine).get_table_names()) >= set(tables.metadata.tables)
    database.close()


@points("rewrap")
def test_keys_of_bodies_open_under_one_master(point: Point, die: Die, tmp_path: Path) -> None:
    path = tmp_path / "bodies.keys"
    with BodyKeys.create(path, OLD) as keys:
        sealed = keys.seal_all(dict.fromkeys(range(1, 200), b"a body"), clock.entropy)
        keys.erase([7])
    die(point)
    (master,) = (each for each in (OLD, NEW) if _is_master(path, each))
    with BodyKeys(path, master) as keys:
        assert {keys.open(number, body) for number, body in sealed.items() if number != 7} == {b"a body"}
        assert keys.state(7) == "erased"
        keys.rewrap(NEW)
    assert [each.name for each in path.parent.glob("bodies.keys.*") if each.suffix in {".new", ".old"}] == []


def _opens(folder: Path, passphrase: str) -> bool:
    try:
        Keyring.open(folder, passphrase)
    except Misused:
        return False
    return True


def _is_master(path: Path, master: bytes) -> bool:
    try:
        BodyKeys(path, master).close()
    except Misused:
        return False
    return True


def _told(registry: Registry) -> tuple[int, frozenset[BureauId]]:
    return registry.version, frozenset(registry.profiles)
