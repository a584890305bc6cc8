"""What every test may ask for: a PostgreSQL server, the foreign verifiers, and a run in which none is skipped.

A test that asks for `postgres_database` is marked ``services``; one that asks for `foreign_python` or `foreign_tool` is
marked ``foreign``. ``make test`` leaves both out, ``make check`` runs them with ``--none-skipped``.
"""

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings
from psycopg import sql

from comity.faces.wire import free_port

ROOT = Path(__file__).parent.parent

# How long one example takes says more about the machine than about the code. Under CI Hypothesis has a profile of its
# own, without a deadline too and with the same examples each time.
settings.register_profile("comity", deadline=None)
if "CI" not in os.environ:
    settings.load_profile("comity")

NEEDS = {
    "services": {"postgres_url", "postgres_database"},
    "foreign": {"foreign_python", "foreign_tool"},
}
"""Marker by marker, the fixtures that a test must not ask for without it."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--none-skipped``."""
    parser.addoption(
        "--none-skipped",
        action="store_true",
        help="a skipped test, an expected failure or an unexpected success fails the run",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a test that needs what only ``make check`` provides and does not say so."""
    for item in items:
        for marker, fixtures in NEEDS.items():
            asked = fixtures.intersection(getattr(item, "fixturenames", ()))
            if asked and item.get_closest_marker(marker) is None:
                raise pytest.UsageError(f"{item.nodeid} asks for {min(asked)} and is not marked {marker}")


def _not_run(config: pytest.Config) -> list[str]:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not config.getoption("--none-skipped"):
        return []  # Without a reporter this is a worker of pytest-xdist, and its controller counts.
    return [
        f"{outcome}: {report.nodeid}"
        for outcome in ("skipped", "xfailed", "xpassed")
        for report in reporter.stats.get(outcome, [])
    ]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Turn a run in which a test was skipped into a failure, when none may be."""
    if _not_run(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name the fail points at which processes were killed, and the tests that were skipped though none may be."""
    passed = [report for report in terminalreporter.stats.get("passed", []) if isinstance(report, pytest.TestReport)]
    hit = sorted(str(value) for report in passed for name, value in report.user_properties if name == "fail point")
    if hit:
        terminalreporter.section(f"{len(hit)} fail points were hit, and all was well afterwards")
        terminalreporter.line(", ".join(hit))
    storms = [value for report in passed for name, value in report.user_properties if name == "storm"]
    if storms:
        terminalreporter.section("storms that were weathered")
        for value in storms:
            terminalreporter.line(str(value))
    missed = _not_run(config)
    if missed:
        terminalreporter.section("none may be skipped here, and these were", red=True)
        for line in missed:
            terminalreporter.line(line)


# ------------------------------------------------------------------------------------------------------- PostgreSQL


def _postgres_program(name: str) -> str:
    newest_first = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    found = shutil.which(name) or next(map(str, newest_first), None)
    if found is None:
        pytest.skip(f"PostgreSQL's {name} is neither in PATH nor under /usr/lib/postgresql")
    return found


def _run(*command: str, cwd: Path) -> None:
    # PostgreSQL refuses to run as root; Debian's package brings the user `postgres`.
    drop = ("runuser", "-u", "postgres", "--") if os.geteuid() == 0 else ()
    done = subprocess.run([*drop, *command], cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} ended with {done.returncode}: {done.stdout}{done.stderr}")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Start a PostgreSQL server on a free loopback port, give its address, stop it in the end.

    Everything that it writes lies in a folder of its own, which goes away with it. It does not wait for the disk
    (``fsync=off``): no test pulls the plug of this server.
    """
    initdb, pg_ctl = _postgres_program("initdb"), _postgres_program("pg_ctl")
    place = Path(tempfile.mkdtemp(prefix="comity-postgres-"))
    data, port = place / "data", free_port()
    if os.geteuid() == 0:
        shutil.chown(place, "postgres")
    try:
        _run(initdb, "-D", str(data), "-A", "trust", "-U", "comity", "-E", "UTF8", "--no-sync", cwd=place)
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={place} -c fsync=off"
        _run(pg_ctl, "start", "-D", str(data), "-w", "-l", str(place / "log"), "-o", options, cwd=place)
        try:
            yield f"postgresql+psycopg://comity@127.0.0.1:{port}/postgres"
        finally:
            _run(pg_ctl, "stop", "-D", str(data), "-w", "-m", "immediate", cwd=place)
    finally:
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[str]:
    """Give the address of an empty database that goes away after the test."""
    name = f"test_{uuid.uuid4().hex}"
    address = postgres_url.replace("+psycopg", "")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield postgres_url.rpartition("/")[0] + f"/{name}"
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


# ------------------------------------------------------------------------------------------------ foreign verifiers


@pytest.fixture(scope="session")
def foreign_python() -> Path:
    """Give the Python in which verifiers that others wrote are installed (``make foreign``)."""
    python = ROOT / ".foreign" / "bin" / "python"
    if not python.exists():
        pytest.skip("there is no .foreign/ yet: make foreign")
    return python


@pytest.fixture(scope="session")
def foreign_tool() -> Callable[[str], str]:
    """Give a function that finds a foreign program (``go``, ``node``) or skips the test."""

    def find(name: str) -> str:
        found = shutil.which(name)
        if found is None:
            pytest.skip(f"{name} is not installed")
        return found

    return find
