"""A PostgreSQL server of a test's own, which is killed with -9 and started again; it waits for its disk."""

import os
import shutil
import signal
import socket
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psycopg

from tests.conftest import _postgres_program, _run


class Server:
    """One server, in a folder of its own."""

    def __init__(self) -> None:
        """Make it and start it."""
        self.place = Path(tempfile.mkdtemp(prefix="comity-killed-postgres-"))
        if os.geteuid() == 0:
            shutil.chown(self.place, "postgres")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port: int = probe.getsockname()[1]
        self._data = self.place / "data"
        program = _postgres_program("initdb")
        _run(program, "-D", str(self._data), "-A", "trust", "-U", "comity", "-E", "UTF8", "--no-sync", cwd=self.place)
        self.start()

    def url(self, name: str) -> str:
        """Make an empty database and return its address."""
        with psycopg.connect(f"{self._server}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return f"{self._server.replace('postgresql', 'postgresql+psycopg')}/{name}"

    @property
    def _server(self) -> str:
        return f"postgresql://comity@127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it, once what is left of the one that was killed has gone."""
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.place}"
        command = (_postgres_program("pg_ctl"), "start", "-D", str(self._data), "-w", "-l", str(self.place / "log"))
        for attempt in range(60):
            try:
                _run(*command, "-o", options, cwd=self.place)
            except RuntimeError:
                if attempt == 59:
                    raise
                time.sleep(0.5)
            else:
                return

    def kill(self) -> None:
        """Kill it as `kill -9` does; its own processes notice and end."""
        os.kill(int((self._data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)

    def close(self) -> None:
        """Stop it, and take away what it wrote."""
        with suppress(RuntimeError):
            _run(_postgres_program("pg_ctl"), "stop", "-D", str(self._data), "-w", "-m", "immediate", cwd=self.place)
        shutil.rmtree(self.place, ignore_errors=True)
