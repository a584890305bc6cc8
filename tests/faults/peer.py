"""The other side of a node that dies: a bureau that serves over HTTP and goes on writing to it until it is gone."""

import asyncio
import multiprocessing
import signal
import threading
import time
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import uvicorn
from sqlalchemy import update

from comity import app
from comity.capabilities.messages import desk
from comity.core.exchange import SKEW
from comity.core.ids import ActId, BureauId, Millis
from comity.faces import api
from comity.node import clock, schema
from comity.node.bureau import Bureau
from comity.node.service import Pace, Service
from tests.faults.points import Point
from tests.faults.victim import ME, PAUSE, PEER, live
from tests.organisation import PASSPHRASE
from tests.simulator import reader, tell

PATIENCE = 60.0
"""Seconds in which a point must be reached; the slowest takes about 3 where nothing else runs."""

_FORKS = multiprocessing.get_context("forkserver")
# One process loads everything once; each victim is a fork of it and begins to work at once.
_FORKS.set_forkserver_preload(["tests.faults.victim", "comity.faces.relay"])

AHEAD = {6: 1_500, 12: 5_000, 18: 20_000}
"""By number, acts that claim a time ahead, and by how many milliseconds more than is allowed: so long they stay parked.
The later ones are for a machine so busy that the first arrives when its time has come."""


class Peer:
    """A bureau at work in a thread of its own, for as long as the block lasts."""

    def __init__(self, folder: Path) -> None:
        """Open the node of the peer in an organisation's folder."""
        self._folder = folder
        self._node = app.open_node(folder / PEER, PASSPHRASE)
        self.bureau = self._node.bureau()
        # Should a test fail, nothing waits for this thread.
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._ready = threading.Event()
        self._end = threading.Event()

    def __enter__(self) -> Self:
        """Begin to serve."""
        self._thread.start()
        assert self._ready.wait(PATIENCE), "the peer did not begin to serve"
        return self

    def __exit__(self, *_: object) -> None:
        """End as a node does that is stopped."""
        self._end.set()
        self._thread.join(PATIENCE)
        self._node.close()

    async def _serve(self) -> None:
        address = urlsplit(self._node.home.settings.address)
        config = uvicorn.Config(
            api.build(self._node), host=str(address.hostname), port=address.port or 0, log_level="error",
            access_log=False, timeout_graceful_shutdown=1,
        )  # fmt: skip
        server, stop = uvicorn.Server(config), asyncio.Event()
        work = Service(bureau=self.bureau, pace=Pace(jobs=0.1, witness=0.2))
        tasks = [asyncio.create_task(server.serve()), asyncio.create_task(work.run(stop))]
        self._ready.set()
        await asyncio.to_thread(self._end.wait)
        server.should_exit = True
        stop.set()
        await asyncio.gather(*tasks)


def write_until(victim: BaseProcess, bureau: Bureau, folder: Path) -> list[ActId]:
    """Write to the victim until it is gone, and return what was said; one who does not die in time is killed."""
    said: list[ActId] = []
    end = time.monotonic() + PATIENCE
    enclosed = folder / "peer.bin"
    enclosed.write_bytes(bytes(2_500_000))
    while victim.exitcode is None:
        if time.monotonic() > end:
            victim.kill()
            victim.join()
            break
        # Before the victim says anything itself, what is written would only pile up.
        if not said or (folder / "said").exists():
            said.append(something(bureau, len(said), enclosed))
        time.sleep(PAUSE)
    return said


def something(bureau: Bureau, number: int, enclosed: Path) -> ActId:
    """Say one thing of many kinds to the victim."""
    to = (BureauId(ME),)
    if number == 3:
        return desk.send(bureau, reader(bureau), to=to, title="a", text="b", attach=(enclosed,)).id
    if number in AHEAD:
        return _from_the_future(bureau, AHEAD[number])
    if number % 3 == 0:
        return desk.request(bureau, reader(bureau), to=to, title="a question", text="and its text").id
    return tell(bureau, ME, text=f"word {number}").id


def _from_the_future(bureau: Bureau, millis: int) -> ActId:
    """Say something that claims a time ahead of the recipient's: it is parked there, and ruled on in its time."""
    ahead = replace(bureau, now=lambda: Millis(clock.now() + SKEW + millis))
    kept = tell(ahead, ME, text="too early")
    line = schema.outbox.c.act == kept.number
    bureau.database.write(lambda tx: tx.run(update(schema.outbox).where(line).values(next_at=clock.now())))
    return kept.id


def start(point: Point, work: str, folder: Path) -> BaseProcess:
    """Start a process that will die at the point."""
    victim = _FORKS.Process(target=live, args=(point.name, work, folder))
    victim.start()
    return victim


def reached(point: Point, victim: BaseProcess, folder: Path) -> None:
    """Assert that the victim died at its point and nowhere else."""
    victim.join(PATIENCE)
    hit, log = folder / "hit", folder / "victim.log"
    told = log.read_text()[-2000:] if log.exists() else ""
    assert hit.exists(), f"{point.name} was never reached; the process ended with {victim.exitcode}: {told}"
    assert hit.read_text() == point.name
    assert victim.exitcode == -signal.SIGKILL
