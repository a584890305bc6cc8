"""The machines of a storm: processes that run `comity serve` and `comity relay`, and are killed at any moment.

They work as in service; only the pauses after a failure are shorter, so that more happens between two kills. An officer
sits at each node and notes whatever was promised: an act is noted after it was said.
"""

import faulthandler
import itertools
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path

from sqlalchemy import func, select

from comity import app
from comity.capabilities.messages import desk
from comity.core.errors import ComityError, Unreachable
from comity.core.ids import ActId, BureauId
from comity.faces import cli
from comity.node import carrier, post, schema, service
from comity.node.bureau import Bureau
from tests.faults.victim import ME, PEER, RELAY
from tests.organisation import PASSPHRASE
from tests.simulator import reader, received, tell

PATIENCE = 90.0
"""Seconds in which a machine must be at work; it takes about one where nothing else runs."""

PAUSE = 0.05
"""Seconds between two acts of an officer."""

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.storm.machine", "comity.faces.relay", "comity.faces.api"])


@dataclass
class Machine:
    """One machine, which runs, is killed and is started again."""

    name: str
    folder: Path
    """Where all of them lie."""
    port: int
    process: BaseProcess | None = None
    starts: int = 0
    crashes: list[str] = field(default_factory=list)
    """What it said when a signal ended it that we had not sent."""
    _before: int = field(default=0)

    def start(self) -> None:
        """Start it."""
        self._before = self._promised()
        self.process = _FORKS.Process(target=live, args=(self.name, self.folder, self.port), daemon=True)
        self.process.start()
        self.starts += 1

    def kill(self) -> None:
        """Kill it as `kill -9` does."""
        assert self.process is not None
        if self.process.exitcode is not None:
            self._crashed(self.process.exitcode)
            return
        os.kill(self.process.pid or 0, signal.SIGKILL)
        self.process.join()

    def _crashed(self, status: int) -> None:
        """Note that it ended by itself: once in a storm a crash counts as one more kill, which the summary tells."""
        assert status < 0, f"{self.name} ended by itself: {self.told()}"
        assert not self.crashes, f"{self.name} crashes again and again: {self.told()}"
        self.crashes.append(f"{self.name} crashed by itself, signal {-status}: {self.told()}")

    def wait(self) -> None:
        """Wait until it works: a node until its officer was promised something, a relay until it listens."""
        end = time.monotonic() + PATIENCE
        while not self._works():
            if self.process is not None and self.process.exitcode is not None:
                self._crashed(self.process.exitcode)
                self.start()
            assert time.monotonic() < end, f"{self.name} does not work: {self.told()}"
            time.sleep(0.02)

    def goes_on(self) -> None:
        """Wait until it works again as it did: its officer is promised something, and it hears of others."""
        path = self.folder / f"{self.name}.heard"
        self._before = self._promised()
        self.wait()
        self.heard(int((path.exists() and path.read_text()) or 0) + 1)

    def heard(self, count: int) -> None:
        """Wait until a node has taken in so many acts of the others."""
        end, path = time.monotonic() + PATIENCE, self.folder / f"{self.name}.heard"
        while not path.exists() or int(path.read_text() or 0) < count:
            assert time.monotonic() < end, f"{self.name} hears nothing: {self.told()}"
            time.sleep(0.05)

    def told(self) -> str:
        """Return the end of what it said; of a crash its beginning, where the thread that crashed stands."""
        path = self.folder / f"{self.name}.log"
        said = path.read_text() if path.exists() else ""
        crash = said.rfind("Fatal Python error")
        return said[-2000:] if crash < 0 else said[crash:][:12_000]

    def _works(self) -> bool:
        if self.name != RELAY:
            return self._promised() > self._before
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _promised(self) -> int:
        path = self.folder / f"{self.name}.said"
        return path.stat().st_size if path.exists() else 0


def said(folder: Path, name: str) -> set[ActId]:
    """Return what an officer was told to be said."""
    raw = (folder / f"{name}.said").read_bytes()
    return {ActId(raw[at : at + 32]) for at in range(0, len(raw), 32)}


def live(name: str, folder: Path, port: int) -> None:
    """Run a machine in this process until it is killed."""
    log = os.open(folder / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    faulthandler.enable()
    os.environ.update(COMITY_HOME=str(folder / name), COMITY_PASSPHRASE=PASSPHRASE)
    post.FIRST_WAIT, post.LONGEST_WAIT, post.RECEIPT_WAIT, post.CARRIED_WAIT = 50, 500, 2_000, 3_000
    carrier.AWAY = 300
    service.Pace = partial(service.Pace, jobs=0.1, witness=0.5)  # type: ignore[misc,assignment]
    if name != RELAY:
        _seat_an_officer(name, folder)
    sys.exit(cli.main(["relay" if name == RELAY else "serve", "--listen", f"127.0.0.1:{port}"]))


def _seat_an_officer(name: str, folder: Path) -> None:
    plain = app.open_node

    def opened(place: Path, passphrase: str) -> app.Node:
        node = plain(place, passphrase)
        threading.Thread(target=_officer, args=(node.bureau(), name, folder), daemon=True).start()
        return node

    app.open_node = opened  # type: ignore[assignment]  # a face looks it up there


def _officer(bureau: Bureau, name: str, folder: Path) -> None:
    try:
        with (folder / f"{name}.said").open("ab", buffering=0) as promised:
            for number in itertools.count(1):
                try:
                    promised.write(_something(bureau, number, folder))
                    (folder / f"{name}.heard").write_text(str(_heard(bureau)))
                except Unreachable:
                    # The database is away: whoever sits here tries again.
                    time.sleep(0.2)
                time.sleep(PAUSE)
    except BaseException:  # noqa: BLE001 - whatever it is, a node without its officer would be waited for in vain
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


def _heard(bureau: Bureau) -> int:
    a = schema.acts.c
    with bureau.database.read() as tx:
        row = tx.one(select(func.count().label("heard")).where(a.member == bureau.member, a.sender != bureau.me))
    return 0 if row is None else int(row.heard)


def _something(bureau: Bureau, number: int, folder: Path) -> bytes:
    to = BureauId(PEER if bureau.me == ME else ME)
    match number % 12:
        case 4:
            return desk.request(bureau, reader(bureau), to=(to,), title="a question", text="and its text").id
        case 6:
            enclosed = folder / f"{bureau.me}.bin"
            enclosed.write_bytes(os.urandom(64) * (18_000 if number % 24 == 6 else 500))  # noqa: TID251 - an attachment
            return desk.send(bureau, reader(bureau), to=(to,), title="a", text="b", attach=(enclosed,)).id
        case 8:
            return _answered(bureau)
        case 10:
            _erase(bureau)
            return b""
        case _:
            return tell(bureau, to, text=f"word {number}").id


def _answered(bureau: Bureau) -> bytes:
    """Answer the newest request."""
    for kept in reversed(received(bureau, "messages.request/1")):
        try:
            return desk.reply(bureau, reader(bureau), act=kept.id.hex(), text="the answer").id
        except Unreachable:
            raise
        except ComityError:
            # It was answered before this machine was killed.
            continue
    return b""


def _erase(bureau: Bureau) -> None:
    """Erase the oldest message that is not erased yet."""
    for kept in received(bureau, "messages.information/1"):
        if not bureau.store.erased(kept) and not kept.head.blobs:
            bureau.database.write(partial(bureau.store.erase, act=kept.id))
            return
