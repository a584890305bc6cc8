"""What tests of faults ask for: an organisation of two bureaus that is made once and copied."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import insert, select

from comity.app import open_node
from comity.faces.wire import free_port
from comity.node import clock, home, post, schema
from comity.node.database import Database, Transaction, sqlite_url
from tests import organisation as organisations
from tests.faults.stations import AWAY
from tests.faults.victim import ME, PEER, RELAY


@pytest.fixture(scope="session")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an organisation whose nodes know its registry; each test works on a copy."""
    folder = tmp_path_factory.mktemp("organisation") / "made"
    addresses = {name: f"http://127.0.0.1:{free_port()}" for name in (ME, PEER)}
    organisations.found(folder, (ME, PEER), addresses=addresses)
    for name in (ME, PEER):
        node = open_node(folder / name, organisations.PASSPHRASE)
        for trust in node.home.trusts.values():
            trust.refresh(clock.now())
        node.close()
    return folder


@pytest.fixture(scope="session")
def carried(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an organisation whose bureaus reach each other over a relay alone; each test works on a copy."""
    folder = tmp_path_factory.mktemp("carried") / "made"
    anchor = organisations.found(folder, (ME, PEER, AWAY))
    organisations.station(folder, anchor, RELAY, address=f"http://127.0.0.1:{free_port()}")
    # How full the disk of this machine is says nothing about the relay.
    (folder / RELAY / "limits.json").write_text('{"disk_low": 0, "disk_stop": 0}')
    for name in (ME, PEER, RELAY):
        home.trust_in(folder / name, anchor.org).refresh(clock.now())
    return folder


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whoever lives try again soon after the victim did not answer yet."""
    monkeypatch.setattr(post, "FIRST_WAIT", 50)
    monkeypatch.setattr(post, "LONGEST_WAIT", 200)


def move(place: Path, url: str) -> None:
    """Move a node that is stopped to another database."""
    old, new = Database(sqlite_url(place / "node.db")), Database(url)
    with old.read() as tx:
        held = {table: [row._asdict() for row in tx.all(select(table))] for table in schema.metadata.sorted_tables}

    def write(tx: Transaction) -> None:
        for table, found in held.items():
            if found:
                tx.run(insert(table), found)

    new.write(write)
    old.close()
    new.close()
    home.write(place, replace(home.read(place), database=url))
