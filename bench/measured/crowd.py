"""One act to many: a bureau in one process, all its recipients in another, and the moment when the last has committed.

How it is set up: the bureaus have keys, databases (SQLite, FULL), files of body keys and logs of their own; their
registry is made in memory, since the ceremonies of two hundred are not what is measured. The sender runs the service of
a node. The recipients share a process, a core and an HTTP server, which tells them apart by the path of their address;
behind it each is served by the face of a node, with the threads and the rest of its memory as `comity serve` has them.
So one machine does what two hundred would share.
"""

import asyncio
import multiprocessing
import socket
import threading
import time
from collections.abc import MutableMapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, cast

import uvicorn
from msgspec.structs import replace

from bench.measured.nodes import TEXT, free_port
from comity import app
from comity.capabilities.messages.acts import Information
from comity.core.act import Author
from comity.core.handling import Purpose
from comity.core.ids import BureauId, Millis, OrgId
from comity.core.registry import Registry
from comity.faces import api, incoming
from comity.faces.service import spare_what_is_loaded
from comity.node import clock, inbox
from comity.node.bureau import Bureau, Utterance
from comity.node.keyring import Keyring
from comity.node.service import Service
from tests.organisation import PASSPHRASE
from tests.simulator import Federation

PATIENCE = 120.0
"""Seconds for which the last commit is waited for."""

Scope = MutableMapping[str, Any]


@dataclass
class Dated(Federation):
    """A federation by the clock of this machine."""

    def now(self) -> Millis:
        """Return the time."""
        return clock.now()


def broadcast(folder: Path, count: int, rounds: int) -> list[float]:
    """Return the seconds from saying one act until all its recipients have committed it, round by round."""
    port, names = free_port(), tuple(f"b{number:03}" for number in range(count))
    made = Dated(folder)
    for name in ("ma", *names):
        made.join(name)
    listed = {
        me: replace(profile, addresses=(f"http://127.0.0.1:{port}/{me}",))
        for me, profile in made.registry.profiles.items()
    }
    registry = replace(made.registry, profiles=listed, expires=Millis(clock.now() + 86_400_000))
    made.close()
    context = multiprocessing.get_context("spawn")
    pipes, workers = [], []
    for target, arguments in ((_crowd, (names, port)), (_speaker, (names,))):
        ours, theirs = context.Pipe()
        worker = context.Process(target=target, args=(folder, registry, theirs, *arguments), daemon=True)
        worker.start()
        pipes.append(ours)
        workers.append(worker)
        ours.recv()
    crowd, speaker = pipes
    took = []
    try:
        for _ in range(rounds):
            speaker.send("say")
            began = speaker.recv()
            if not crowd.poll(PATIENCE):
                raise SystemExit("a broadcast did not reach everybody")
            took.append(crowd.recv() - began)
            # Receipts of this round are not part of the next.
            time.sleep(1.0)
    finally:
        for worker in workers:
            worker.terminate()
            worker.join(20)
    return took


def _opened(folder: Path, registry: Registry, names: tuple[str, ...]) -> dict[str, Bureau]:
    made = Dated(folder)
    made.registry = registry
    return {name: made.open(name, Keyring.open(folder / name / "keyring", PASSPHRASE)) for name in names}


@dataclass(frozen=True)
class _Served:
    """What a face needs of a node."""

    bureau: Bureau

    def bureaus(self) -> dict[OrgId, Bureau]:
        """Return its only bureau."""
        return {self.bureau.org: self.bureau}


def _crowd(folder: Path, registry: Registry, pipe: Connection, names: tuple[str, ...], port: int) -> None:
    """Serve the recipients, and tell when each of them has committed one more act."""
    bureaus = _opened(folder, registry, names)
    apps: dict[str, Any] = {name: api.build(cast("app.Node", _Served(bureau))) for name, bureau in bureaus.items()}
    left, lock, receive = len(names), threading.Lock(), inbox.receive

    def counted(bureau: Bureau, raws: list[bytes]) -> list[inbox.Outcome]:
        nonlocal left
        outcomes = receive(bureau, raws)
        with lock:
            left -= sum(outcome.code == "accepted" for outcome in outcomes)
            if left <= 0:
                left = len(names)
                pipe.send(time.perf_counter())
        return outcomes

    inbox.receive = counted  # type: ignore[assignment]  # the face looks it up there

    async def by_path(scope: Scope, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's own
        name, _, rest = scope["path"].lstrip("/").partition("/")
        await apps[name]({**scope, "path": f"/{rest}", "raw_path": f"/{rest}".encode()}, receive, send)

    config = uvicorn.Config(
        by_path, log_level="error", lifespan="off", access_log=False, timeout_keep_alive=incoming.KEPT
    )

    async def serve() -> None:
        incoming.more_threads()
        await uvicorn.Server(config).serve(sockets=[listener])

    spare_what_is_loaded()
    with socket.create_server(("127.0.0.1", port), backlog=512) as listener:
        threading.Timer(0.5, pipe.send, ("ready",)).start()
        asyncio.run(serve())


def _speaker(folder: Path, registry: Registry, pipe: Connection, names: tuple[str, ...]) -> None:
    """Run the sender's service, and say an act to everybody when told to."""
    (bureau,) = _opened(folder, registry, ("ma",)).values()

    async def work() -> None:
        incoming.more_threads()
        await Service(bureau).run(asyncio.Event())

    spare_what_is_loaded()
    threading.Thread(target=lambda: asyncio.run(work()), daemon=True).start()
    to, author = tuple(BureauId(name) for name in names), Author(officer="o-1", unit="duty")
    pipe.send("ready")
    while True:
        try:
            pipe.recv()
        except EOFError:
            return
        pipe.send(time.perf_counter())
        act = Information(title="exercise", text=TEXT, language="en")
        bureau.submit(Utterance(act=act, to=to, author=author, purpose=Purpose.INVESTIGATE)).result()
