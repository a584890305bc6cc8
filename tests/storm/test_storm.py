"""Nodes and a relay are killed at random moments under traffic over bad lines, and lose nothing (attack 25).

Two bureaus write to each other over HTTP, directly and over a relay. Between them stands a proxy that loses, delays,
doubles and reorders requests and cuts lines (`proxy.py`). Again and again a machine is killed with -9 and started anew
(`machine.py`). In the end all are killed, opened from their disks, and their books are compared as after a kill at a
named point (`tests/faults`).
"""

import shutil
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from msgspec.structs import replace
from psycopg import sql

from comity.core.ids import BureauId
from comity.node import clock, home, schema
from tests import organisation as organisations
from tests.faults.conftest import move
from tests.faults.converged import ROUNDS, STEP, assert_all_is_well
from tests.faults.promises import R1, assert_promises_hold, assert_rooms_are_counted, kept_by, work
from tests.faults.victim import ME, PEER, RELAY
from tests.organisation import PASSPHRASE
from tests.power.recording import Dice
from tests.relayed import Relayed, over
from tests.simulator import rows
from tests.storm.machine import Machine, said
from tests.storm.proxy import Lines, Proxy
from tests.storm.server import Server

pytestmark = pytest.mark.faults

MACHINES = (ME, PEER, RELAY)
WEIGHTS = (ME, ME, PEER, PEER, RELAY)
"""Who is killed: a bureau twice as often as the relay."""

SERVER_KILLS = 4
"""Kills of the database server."""

HERE, HERE_POSTGRESQL, SOAKED = 20, 10, 150
"""Kills in `make check` on SQLite and on PostgreSQL, and in `make soak` on each."""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def lines(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    """Make an organisation whose addresses are those of proxies; each test works on a copy."""
    folder, ports = tmp_path_factory.mktemp("storm") / "made", {name: _free_port() for name in MACHINES}
    addresses = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    anchor = organisations.found(folder, (ME, PEER), addresses=addresses)
    organisations.station(folder, anchor, RELAY, address=addresses[RELAY])
    (folder / RELAY / "limits.json").write_text('{"disk_low": 0, "disk_stop": 0}')
    for name in MACHINES:
        home.trust_in(folder / name, anchor.org).refresh(clock.now())
    return folder, ports


@pytest.fixture
def two_databases(postgres_url: str) -> Iterator[tuple[str, str]]:
    """Give the addresses of two empty databases that go away after the test."""
    names = [f"storm_{uuid.uuid4().hex}" for _ in range(2)]
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
        for name in names:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        one, other = (postgres_url.rpartition("/")[0] + f"/{name}" for name in names)
        yield one, other
        for name in names:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


Strike = Callable[[dict[str, Machine], dict[str, Proxy], Dice], None]
"""Something that happens to the machines at work."""


def storm(folder: Path, ports: dict[str, int], kills: int, seed: str, strike: Strike) -> str:
    """Let a storm rage over an organisation's machines, and return what it did."""
    dice = Dice(seed)
    machines = {name: Machine(name, folder, _free_port()) for name in MACHINES}
    proxies = {name: Proxy(ports[name], machines[name].port, Dice(f"{seed}/{name}")) for name in MACHINES}
    with Lines(proxies):
        try:
            for machine in machines.values():
                machine.start()
            for machine in machines.values():
                machine.wait()
            for _ in range(kills):
                strike(machines, proxies, dice)
            for name in (ME, PEER):
                # A storm in which nobody got through would prove nothing.
                machines[name].heard(kills)
            for machine in machines.values():
                machine.kill()
        finally:
            for machine in machines.values():
                if machine.process is not None and machine.process.exitcode is None:
                    machine.process.kill()
                    machine.process.join()
    total = {fate: sum(proxy.fates[fate] for proxy in proxies.values()) for fate in proxies[ME].fates}
    starts = {name: machine.starts for name, machine in machines.items()}
    crashes = "".join(f"; {crash}" for machine in machines.values() for crash in machine.crashes)
    return f"{kills + len(machines)} kills, starts {starts}, requests {total}{crashes}"


def _strike(machines: dict[str, Machine], proxies: dict[str, Proxy], dice: Dice) -> None:
    """Let them work for a while, perhaps with a line cut, and kill one."""
    victim = machines[WEIGHTS[dice.below(len(WEIGHTS))]]
    victim.wait()
    if dice.chance(30):
        torn = proxies[MACHINES[dice.below(len(MACHINES))]]
        torn.cut = True
        time.sleep(dice.below(600) / 1000)
        torn.cut = False
    time.sleep(dice.below(1_200) / 1000)
    victim.kill()
    if dice.chance(30):
        # It stays away for a while, and the others go on without it.
        time.sleep(dice.below(800) / 1000)
    victim.start()


def _fetch(fed: Relayed) -> None:
    """Let mailboxes be emptied: what is not receipted is done for its sender once the relay has it."""
    for _ in range(ROUNDS):
        if not any(
            row.state == "held" and row.recipient in fed.bureaus for row in kept_by(fed.relays[R1], schema.mail)
        ):
            return
        fed.later(STEP)
        fed.work()


def weathered(folder: Path, ports: dict[str, int], kills: int, seed: str, strike: Strike = _strike) -> str:
    """Let a storm rage, and see that nothing was lost and nothing done twice."""
    try:
        told = storm(folder, ports, kills, seed, strike)
        words = {BureauId(name): said(folder, name) for name in (ME, PEER)}
        with over(folder, (ME, PEER), (RELAY,), PASSPHRASE) as fed:
            for bureau in fed.bureaus.values():
                assert words[bureau.me] <= {row.id for row in rows(bureau, schema.acts)}, "what was said is lost"
            assert_promises_hold(fed)
            assert_rooms_are_counted(fed.relays[R1])
            work(fed)
            _fetch(fed)
            assert_all_is_well(fed, words)
            assert_promises_hold(fed)
            count = sum(len(rows(bureau, schema.acts)) for bureau in fed.bureaus.values())
    except BaseException as problem:
        problem.add_note(f"the storm's seed was {seed!r}")
        raise
    return f"{told}; {count} acts in the books"


@pytest.mark.timeout(600)
def test_a_storm_takes_nothing_and_doubles_nothing(
    lines: tuple[Path, dict[str, int]], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    folder = shutil.copytree(lines[0], tmp_path / "organisation")
    record_property("storm", weathered(folder, lines[1], HERE, "a storm"))


@pytest.mark.services
@pytest.mark.timeout(600)
def test_a_storm_over_postgresql_takes_nothing_and_doubles_nothing(
    lines: tuple[Path, dict[str, int]], tmp_path: Path, two_databases: tuple[str, str],
    record_property: Callable[[str, object], None],
) -> None:  # fmt: skip
    folder = shutil.copytree(lines[0], tmp_path / "organisation")
    _moved(folder, two_databases)
    record_property("storm", weathered(folder, lines[1], HERE_POSTGRESQL, "a storm over PostgreSQL"))


@pytest.fixture
def server(postgres_url: str) -> Iterator[Server]:
    """Give a PostgreSQL server that may be killed; the one for all is asked for to know that there is one."""
    del postgres_url
    made = Server()
    try:
        yield made
    finally:
        made.close()


@pytest.mark.services
@pytest.mark.timeout(600)
def test_a_database_server_that_is_killed_takes_nothing_and_doubles_nothing(
    lines: tuple[Path, dict[str, int]], tmp_path: Path, server: Server
) -> None:
    """The machines live on; they go on by themselves when the server is back."""
    folder = shutil.copytree(lines[0], tmp_path / "organisation")
    _moved(folder, (server.url("bureau"), server.url("relay")))

    def strike(machines: dict[str, Machine], _proxies: dict[str, Proxy], dice: Dice) -> None:
        time.sleep(0.5 + dice.below(1_000) / 1000)
        server.kill()
        time.sleep(dice.below(1_000) / 1000)
        server.start()
        for name in (ME, PEER):
            machines[name].goes_on()

    weathered(folder, lines[1], SERVER_KILLS, "a server's storm", strike)


@pytest.mark.slow
def test_nor_does_a_long_storm(
    lines: tuple[Path, dict[str, int]], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    folder = shutil.copytree(lines[0], tmp_path / "organisation")
    record_property("storm", weathered(folder, lines[1], SOAKED, f"long, {clock.now()}"))


@pytest.mark.slow
@pytest.mark.services
def test_nor_does_a_long_storm_over_postgresql(
    lines: tuple[Path, dict[str, int]], tmp_path: Path, two_databases: tuple[str, str],
    record_property: Callable[[str, object], None],
) -> None:  # fmt: skip
    folder = shutil.copytree(lines[0], tmp_path / "organisation")
    _moved(folder, two_databases)
    record_property("storm", weathered(folder, lines[1], SOAKED, f"long over PostgreSQL, {clock.now()}"))


def _moved(folder: Path, databases: tuple[str, str]) -> None:
    """Let a bureau and the relay keep what they keep in PostgreSQL; the other bureau stays on SQLite."""
    move(folder / ME, databases[0])
    place = folder / RELAY
    home.write(place, replace(home.read(place), database=databases[1]))
