"""What tests of a failing disk ask for: an organisation of two bureaus and a relay, and a recording of its work."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from comity.app import open_node
from comity.node import clock
from tests import organisation as organisations
from tests.conftest import ROOT
from tests.power.recording import Disk, compiled, differing
from tests.power.traffic import NODES, RELAY

ROUNDS = 24
"""Of the traffic that is recorded: every kind of work comes three times, before a restart and after it."""


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the library that sees what a process writes."""
    return compiled(tmp_path_factory.mktemp("shim"))


@pytest.fixture(scope="session")
def two_and_a_relay(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an organisation whose nodes know its registry; each user works on a copy."""
    folder = tmp_path_factory.mktemp("power") / "made"
    anchor = organisations.found(folder, NODES, addresses={name: f"http://{name}" for name in NODES})
    organisations.station(folder, anchor, RELAY, address=f"http://{RELAY}")
    for name in NODES:
        node = open_node(folder / name, organisations.PASSPHRASE)
        for trust in node.home.trusts.values():
            trust.refresh(clock.now())
        node.close()
    return folder


def under(shim: Path, folder: Path, module: str, *arguments: str) -> str:
    """Run a module under the shim, on a folder; return what it said."""
    log = folder.parent / f"{folder.name}.log"
    named = {"LD_PRELOAD": str(shim), "COMITY_RECORD_ROOT": str(folder), "COMITY_RECORD_LOG": str(log)}
    command = [sys.executable, "-m", module, str(folder), *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **named}, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


def recorded(shim: Path, folder: Path, module: str, *arguments: str) -> Disk:
    """Run a module under the shim and return what it wrote into the folder; a recording with a hole is none."""
    disk, log, whole = Disk(folder), folder.parent / f"{folder.name}.log", folder.parent / "whole"
    under(shim, folder, module, *arguments)
    disk.play(log)
    log.unlink()
    disk.whole(whole)
    assert differing(folder, whole) == []
    return disk
