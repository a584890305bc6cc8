"""A relay killed at a named point keeps its promises, and a node killed at its relay loses nothing (attack 25).

Each case is one organisation of two bureaus that reach each other over a relay alone, and a third that is away. Relay
or bureau kills itself at the point (`victim.py`); the others are stopped then, and all are opened from their disks.
First the promises are looked at as they are found: every R0 is covered, every room is counted right. Then everybody
works on, and books, receipts and mailboxes are compared.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from comity.core.ids import ActId, BureauId
from comity.node import home
from tests.faults.converged import assert_all_is_well
from tests.faults.peer import reached, start
from tests.faults.points import APART, CARRYING, CARRYING_POSTGRESQL, EVERY, Point
from tests.faults.promises import (
    R1,
    assert_everything_was_carried,
    assert_promises_hold,
    assert_rooms_are_counted,
    assert_what_is_over_goes,
    work,
)
from tests.faults.stations import Stations, write_until
from tests.faults.test_kills import ID
from tests.faults.victim import ME, PEER, RELAY
from tests.organisation import PASSPHRASE
from tests.relayed import over

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("quick")]

Tell = Callable[[str, object], None]


def names(points: tuple[Point, ...]) -> list[str]:
    """Return the names of points, as ids of cases."""
    return [point.name for point in points]


@pytest.mark.parametrize("point", CARRYING, ids=names(CARRYING))
def test_a_relay_killed_at_work_keeps_its_promises(
    point: Point, carried: Path, tmp_path: Path, record_property: Tell
) -> None:
    folder = tmp_path / "organisation"
    shutil.copytree(carried, folder)
    relay_killed(point, folder)
    record_property("fail point", point.name)


@pytest.mark.services
@pytest.mark.parametrize("name", sorted(CARRYING_POSTGRESQL))
def test_a_relay_on_postgresql_killed_at_work_keeps_its_promises(
    name: str, carried: Path, tmp_path: Path, postgres_database: str, record_property: Tell
) -> None:
    folder = tmp_path / "organisation"
    shutil.copytree(carried, folder)
    place = folder / RELAY
    home.write(place, replace(home.read(place), database=postgres_database))
    relay_killed(EVERY[name], folder)
    record_property("fail point", f"{name}, PostgreSQL")


@pytest.mark.parametrize("point", APART, ids=names(APART))
def test_a_node_killed_at_its_relay_loses_nothing_and_does_nothing_twice(
    point: Point, carried: Path, tmp_path: Path, record_property: Tell
) -> None:
    folder = tmp_path / "organisation"
    shutil.copytree(carried, folder)
    with Stations(folder, PEER, RELAY) as stations:
        victim = start(point, "apart", folder)
        said = write_until(victim, stations, folder)
    reached(point, victim, folder)
    raw = (folder / "said").read_bytes() if (folder / "said").exists() else b""
    promised = {ActId(raw[at : at + ID]) for at in range(0, len(raw), ID)}
    assert_all_came_over(folder, said | {BureauId(ME): promised})
    record_property("fail point", point.name)


def relay_killed(point: Point, folder: Path) -> None:
    """Let the relay die at the point, bring it back, and see that all is well."""
    with Stations(folder, ME, PEER) as stations:
        victim = start(point, "carry", folder)
        said = write_until(victim, stations, folder)
    reached(point, victim, folder)
    assert_all_came_over(folder, said)


def assert_all_came_over(folder: Path, said: dict[BureauId, set[ActId]]) -> None:
    """Assert all that must hold between two bureaus and their relay; `said` is what each must have said."""
    with over(folder, (ME, PEER), (RELAY,), PASSPHRASE) as fed:
        assert_rooms_are_counted(fed.relays[R1])
        assert_promises_hold(fed)
        work(fed)
        assert_all_is_well(fed, said)
        assert_everything_was_carried(fed)
        assert_what_is_over_goes(fed)
