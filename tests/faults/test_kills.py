"""A node killed at a named point loses nothing that it promised and does nothing twice (attack 25).

Each case is one organisation of two nodes that write to each other over HTTP, with attachments, parked acts, answers,
erasures and witnesses. One node kills itself at the point (`victim.py`); then both are opened from their disks, work
until nothing is left to do, and their books are compared (`converged.py`). A point that is never reached fails.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from comity.core.ids import ActId, BureauId
from tests.faults.conftest import move
from tests.faults.converged import assert_all_is_well, restarted
from tests.faults.peer import Peer, reached, start, write_until
from tests.faults.points import EVERY, POSTGRESQL, SERVING, Point
from tests.faults.victim import ME, PEER

pytestmark = pytest.mark.faults

ID = 32


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("point", SERVING, ids=[point.name for point in SERVING])
def test_a_node_killed_at_work_loses_nothing_and_does_nothing_twice(
    point: Point, organisation: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    folder = tmp_path / "organisation"
    shutil.copytree(organisation, folder)
    killed_at_work(point, folder)
    record_property("fail point", point.name)


@pytest.mark.services
@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("name", sorted(POSTGRESQL))
def test_a_node_on_postgresql_killed_at_work_loses_nothing_and_does_nothing_twice(
    name: str, organisation: Path, tmp_path: Path, postgres_database: str,
    record_property: Callable[[str, object], None],
) -> None:  # fmt: skip
    folder = tmp_path / "organisation"
    shutil.copytree(organisation, folder)
    move(folder / ME, postgres_database)
    killed_at_work(EVERY[name], folder)
    record_property("fail point", f"{name}, PostgreSQL")


def killed_at_work(point: Point, folder: Path) -> None:
    """Let the victim die at the point, bring it back, and see that all is well."""
    with Peer(folder) as peer:
        victim = start(point, "serve", folder)
        said = set(write_until(victim, peer.bureau, folder))
    reached(point, victim, folder)
    raw = (folder / "said").read_bytes() if (folder / "said").exists() else b""
    promised = {ActId(raw[at : at + ID]) for at in range(0, len(raw), ID)}
    with restarted(folder, (ME, PEER)) as fed:
        assert_all_is_well(fed, {BureauId(ME): promised, BureauId(PEER): said})
