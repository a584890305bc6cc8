"""A PostgreSQL server for one measurement: in a folder of its own, on loopback, and it waits for the disk."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from bench.measured.nodes import free_port


def program(name: str) -> str | None:
    """Return where a program of PostgreSQL is, if it is installed."""
    newest_first = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    return shutil.which(name) or next(map(str, newest_first), None)


@contextmanager
def server(names: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Run a server that keeps `fsync` as it comes, on, and give an empty database to each name."""
    initdb, pg_ctl = program("initdb"), program("pg_ctl")
    if initdb is None or pg_ctl is None:
        raise SystemExit("PostgreSQL is not installed")
    place, port = Path(tempfile.mkdtemp(prefix="comity-bench-postgres-")), free_port()
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root; Debian's package brings the user.
        shutil.chown(place, "postgres")
    data = str(place / "data")
    _run(initdb, "-D", data, "-A", "trust", "-U", "comity", "-E", "UTF8", cwd=place)
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={place}"
    _run(pg_ctl, "start", "-D", data, "-w", "-l", str(place / "log"), "-o", options, cwd=place)
    try:
        with psycopg.connect(f"postgresql://comity@127.0.0.1:{port}/postgres", autocommit=True) as connection:
            for name in names:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield {name: f"postgresql+psycopg://comity@127.0.0.1:{port}/{name}" for name in names}
    finally:
        _run(pg_ctl, "stop", "-D", data, "-w", "-m", "fast", cwd=place)
        shutil.rmtree(place, ignore_errors=True)


def _run(*command: str, cwd: Path) -> None:
    drop = ("runuser", "-u", "postgres", "--") if os.geteuid() == 0 else ()
    done = subprocess.run([*drop, *command], cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{Path(command[0]).name} ended with {done.returncode}: {done.stdout}{done.stderr}")
