"""A node or relay whose disk is full refuses with a reason, loses nothing, and goes on when there is room (attack 24).

The disk is full at the n-th write, of whatever file: database, its log, keys of bodies, attachments, keys. One process
(`filling.py`) goes from point to point, and its books are compared in the end.
"""

import shutil
from pathlib import Path

import pytest

from tests.power import conftest

pytestmark = pytest.mark.faults

POINTS = 20


def test_a_full_disk_refuses_and_loses_nothing(shim: Path, two_and_a_relay: Path, tmp_path: Path) -> None:
    folder = tmp_path / "organisation"
    shutil.copytree(two_and_a_relay, folder)
    told = conftest.under(shim, folder, "tests.power.filling", str(POINTS)).splitlines()
    assert len(told) == POINTS
    assert any("database" in line for line in told)
