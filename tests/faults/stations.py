"""Bureaus that reach each other over a relay alone, at work in this process while another process dies.

Their addresses in the registry are nobody's, so that every act, receipt and attachment goes over the relay. A third
bureau is away for good: what is said to it rests at the relay until it expires.
"""

import asyncio
import threading
import time
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import uvicorn

from comity import app
from comity.capabilities.messages import desk
from comity.core.envelope import Lane
from comity.core.handling import Label
from comity.core.ids import ActId, BureauId, Millis
from comity.faces import relay as resources
from comity.node import clock, relayhome
from comity.node.bureau import Bureau
from comity.node.service import Pace, Service
from tests.faults.peer import PATIENCE, something
from tests.faults.victim import ME, PEER, RELAY
from tests.organisation import PASSPHRASE
from tests.simulator import reader, tell

AWAY = "et"

PAUSE = 0.05
"""Seconds between two rounds of writing: what is written is compared in the end, and more of it proves no more."""

EXPIRING = (1_000, 2_000, 4_000, 8_000, 16_000)
"""Milliseconds until what is said to the bureau that is away expires; the longer ones are for a busy machine."""

_LANES = tuple(Lane)


class Stations:
    """Bureaus and, unless it is the one to die, the relay, in a thread of their own for as long as the block lasts."""

    def __init__(self, folder: Path, *names: str) -> None:
        """Open the nodes of these names in an organisation's folder, and the relay if it is among them."""
        self._nodes = [app.open_node(folder / name, PASSPHRASE) for name in names if name != RELAY]
        self._relay = relayhome.open_relay(folder / RELAY, PASSPHRASE) if RELAY in names else None
        self.bureaus = {node.bureau().me: node.bureau() for node in self._nodes}
        # Should a test fail, nothing waits for this thread.
        self._thread = threading.Thread(target=lambda: asyncio.run(self._work()), daemon=True)
        self._ready = threading.Event()
        self._end = threading.Event()

    def __enter__(self) -> Self:
        """Begin to work."""
        self._thread.start()
        assert self._ready.wait(PATIENCE), "the stations did not begin to work"
        return self

    def __exit__(self, *_: object) -> None:
        """End as nodes do that are stopped."""
        self._end.set()
        self._thread.join(PATIENCE)
        for node in self._nodes:
            node.close()
        if self._relay is not None:
            self._relay.close()

    async def _work(self) -> None:
        stop = asyncio.Event()
        pace = Pace(jobs=0.1, witness=0.2)
        tasks = [asyncio.create_task(Service(bureau=each, pace=pace).run(stop)) for each in self.bureaus.values()]
        server = self._server()
        if server is not None:
            tasks.append(asyncio.create_task(server.serve()))
        self._ready.set()
        await asyncio.to_thread(self._end.wait)
        stop.set()
        if server is not None:
            server.should_exit = True
        await asyncio.gather(*tasks)

    def _server(self) -> uvicorn.Server | None:
        if self._relay is None:
            return None
        address = urlsplit(self._relay.settings.address)
        config = uvicorn.Config(
            resources.build(self._relay.relays()), host=str(address.hostname), port=address.port or 0,
            log_level="error", access_log=False, timeout_graceful_shutdown=1,
        )  # fmt: skip
        return uvicorn.Server(config)


def write_until(victim: BaseProcess, stations: Stations, folder: Path) -> dict[BureauId, set[ActId]]:
    """Let the bureaus that live write to each other until the victim is gone; return what each has said."""
    said: dict[BureauId, set[ActId]] = {me: set() for me in stations.bureaus}
    enclosed = folder / "enclosed.bin"
    enclosed.write_bytes(bytes(2_500_000))
    end, number = time.monotonic() + PATIENCE, 0
    while victim.exitcode is None:
        if time.monotonic() > end:
            victim.kill()
            victim.join()
            break
        for me, bureau in stations.bureaus.items():
            say = _something_else if me == ME else something
            said[me].add(say(bureau, number, enclosed))
        number += 1
        time.sleep(PAUSE)
    return said


def _something_else(bureau: Bureau, number: int, enclosed: Path) -> ActId:
    """Say what the bureau that is away will never get, what is enclosed, and something in each lane."""
    match number % 6:
        case 1:
            expires = Millis(clock.now() + EXPIRING[number // 6 % len(EXPIRING)])
            return tell(bureau, AWAY, text="in vain", label=Label(expires=expires)).id
        case 2:
            to = (BureauId(PEER),)
            return desk.send(bureau, reader(bureau), to=to, title="a", text="b", attach=(enclosed,)).id
        case _:
            return tell(bureau, PEER, text=f"word {number}", lane=_LANES[number % len(_LANES)]).id
