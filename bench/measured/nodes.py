"""Nodes and a relay as processes of their own, and orders to them: what `bench/exchange.py` measures.

Each node is the program as `comity serve` runs it, the relay as `comity relay` does. The load generator is a thread in
the sender's process that says acts as a desk does (`Bureau.submit`); it costs part of what is measured.
"""

import functools
import multiprocessing
import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from bench.measured.watch import Watch
from comity import app
from comity.capabilities.messages import desk
from comity.capabilities.messages.acts import Information
from comity.core.act import Author, Said
from comity.core.capability import OfficerRole, Reader
from comity.core.envelope import Lane
from comity.core.handling import Purpose
from comity.core.ids import BureauId
from comity.core.receipt import Receipts, Rung
from comity.faces import cli
from comity.node import arrivals
from comity.node.bureau import Bureau, Utterance
from comity.node.database import Database, Transaction
from tests import organisation

SENDER, NEAR, FAR, RELAY = "ma", "no", "et", "relay-1"
"""The sender; who is reached directly; who is away and is reached through the relay; the relay."""

IN_FLIGHT = 1024
"""Acts without a receipt at most."""

PATIENCE = 60.0
"""Seconds that the last receipts may take."""

TEXT = "A vessel left the port of Tangier on Tuesday at 06:10 UTC, bound for the north. " * 8
"""640 characters: a short message; with its head it is sealed in a bucket of 2 KiB."""


# ------------------------------------------------------------------------------------------------- inside a process


@dataclass
class Meter:
    """What one node's process counts while it works."""

    commits: int = 0
    batches: int = 0
    receipts: int = 0
    said: dict[bytes, float] = field(default_factory=dict)
    """When each act was handed to the bureau, seconds."""
    waits: list[float] = field(default_factory=list)
    """How long each act took until its receipt was committed, seconds."""

    def watch(self) -> None:
        """Count commits and receipts; the two functions are called some ten times for a hundred acts."""
        attempt, apply = Database._attempt, arrivals.apply_receipts  # noqa: SLF001 - the one place that commits

        def counted(database: Database, group: Any) -> Any:  # noqa: ANN401 - handed on as it comes
            self.commits += 1
            return attempt(database, group)

        def heard(bureau: Bureau, tx: Transaction, said: Said, batch: Receipts, number: int) -> None:
            apply(bureau, tx, said, batch, number)
            tx.after.append(functools.partial(self._heard, batch))

        Database._attempt = counted  # type: ignore[method-assign,assignment]  # noqa: SLF001
        arrivals.apply_receipts = heard

    def _heard(self, batch: Receipts) -> None:
        now = time.perf_counter()
        self.batches += 1
        for receipt in batch.receipts:
            if receipt.rung >= Rung.RULED and (began := self.said.pop(bytes(receipt.act), None)) is not None:
                self.receipts += 1
                self.waits.append(now - began)


def _node(command: list[str], folder: Path, pipe: Connection) -> None:
    """Run a node or relay as the command line does; answers orders that come through the pipe."""
    meter, bureaus = Meter(), list[Bureau]()
    meter.watch()
    plain = app.open_node

    def opened(place: Path, passphrase: str) -> app.Node:
        node = plain(place, passphrase)
        bureaus.extend(node.bureaus().values())
        return node

    app.open_node = opened  # type: ignore[assignment]  # the command line looks it up there
    threading.Thread(target=_obey, args=(meter, bureaus, pipe), daemon=True).start()
    os.environ.update(COMITY_HOME=str(folder), COMITY_PASSPHRASE=organisation.PASSPHRASE)
    with (folder.parent / f"{folder.name}.log").open("wb") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    cli.main(command)


def _obey(meter: Meter, bureaus: list[Bureau], pipe: Connection) -> None:
    watch: Watch | None = None
    while True:
        try:
            order, *arguments = pipe.recv()
        except EOFError:
            return
        match order:
            case "count":
                used = resource.getrusage(resource.RUSAGE_SELF)
                pipe.send((used.ru_utime + used.ru_stime, meter.commits, meter.batches))
            case "look":
                watch = Watch()
                pipe.send(None)
            case "parts":
                pipe.send(watch.parts() if watch is not None else {})
            case "flood":
                pipe.send(_flood(meter, bureaus[0], *arguments))
            case "single":
                pipe.send(_single(meter, bureaus[0], *arguments))
            case "attach":
                pipe.send(_attach(meter, bureaus[0], *arguments))
            case _:
                raise SystemExit(f"an unknown order: {order}")


def _say(meter: Meter, bureau: Bureau, to: str, lane: Lane = Lane.NORMAL) -> None:
    act = Information(title="exercise", text=TEXT, language="en")
    author = Author(officer="o-1", unit="duty")
    began = time.perf_counter()
    how = Utterance(act=act, to=(BureauId(to),), author=author, purpose=Purpose.INVESTIGATE, lane=lane)
    said = bureau.submit(how)
    # The id is known with the commit; long before a receipt can be.
    said.add_done_callback(lambda done: meter.said.__setitem__(bytes(done.result().id), began))


def _flood(meter: Meter, bureau: Bureau, to: str, warm: float, seconds: float) -> tuple[int, float, int]:
    """Say acts as fast as receipts allow; return how many were receipted in how many seconds, and how many were said.

    What is receipted while it warms up, and while the last ones come in, does not count.
    """
    before = said = meter.receipts
    start = time.perf_counter()
    began, first = 0.0, 0
    while (now := time.perf_counter()) < start + warm + seconds:
        if not began and now >= start + warm:
            began, first = now, meter.receipts
        while said - meter.receipts < IN_FLIGHT:
            _say(meter, bureau, to)
            said += 1
        time.sleep(0.001)
    count, end = meter.receipts - first, time.perf_counter()
    while meter.receipts < said and time.perf_counter() < end + PATIENCE:
        time.sleep(0.01)
    return count, end - began, said - before


def _single(meter: Meter, bureau: Bureau, to: str, count: int) -> list[float]:
    """Say one urgent act at a time; return how long each took until its receipt was here, seconds."""
    meter.waits.clear()
    for done in range(1, count + 1):
        _say(meter, bureau, to, Lane.URGENT)
        while len(meter.waits) < done:
            time.sleep(0.0005)
        # Not in step with the node's own beat.
        time.sleep(0.011 * (done % 7))
    return list(meter.waits)


def _attach(meter: Meter, bureau: Bureau, to: str, path: str) -> float:
    """Send a file; return the seconds until its receipt was here: reading, encrypting, carrying, both sides' disks."""
    meter.waits.clear()
    reader = Reader(bureau=bureau.me, officer="o-1", unit="duty", role=OfficerRole.OFFICER)
    began = time.perf_counter()
    sent = desk.send(bureau, reader, to=(BureauId(to),), title="a file", text="enclosed", attach=(Path(path),))
    meter.said[bytes(sent.id)] = began
    while not meter.waits and time.perf_counter() < began + 10 * PATIENCE:
        time.sleep(0.005)
    return meter.waits[0]


# ---------------------------------------------------------------------------------------------------- from outside


@dataclass
class Worker:
    """A process that runs a node or a relay."""

    process: BaseProcess
    pipe: Connection

    def ask(self, *order: object) -> Any:  # noqa: ANN401 - as the order says
        """Give an order and wait for its result."""
        self.pipe.send(order)
        return self.pipe.recv()


@contextmanager
def federation(folder: Path, databases: Mapping[str, str] | None = None) -> Iterator[dict[str, Worker]]:
    """Found an organisation and run its nodes and its relay; `databases` are those of nodes that have PostgreSQL."""
    ports = {name: free_port() for name in (SENDER, NEAR, FAR, RELAY)}
    addresses = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    anchor = organisation.found(folder, (SENDER, NEAR, FAR), addresses=addresses, databases=databases)
    organisation.station(folder, anchor, RELAY, address=addresses[RELAY])
    # Whoever is away listens elsewhere than its profile says, so that only the relay reaches it.
    ports[FAR] = free_port()
    context, workers = multiprocessing.get_context("spawn"), dict[str, Worker]()
    for name, port in ports.items():
        ours, theirs = context.Pipe()
        command = ["relay" if name == RELAY else "serve", "--listen", f"127.0.0.1:{port}"]
        process = context.Process(target=_node, args=(command, folder / name, theirs), daemon=True)
        process.start()
        workers[name] = Worker(process, ours)
    try:
        for name, port in ports.items():
            wait_for(port, workers[name].process, folder / f"{name}.log")
        yield workers
    finally:
        for worker in workers.values():
            if worker.process.pid is not None:
                os.kill(worker.process.pid, signal.SIGTERM)
        for worker in workers.values():
            worker.process.join(20)


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(port: int, process: BaseProcess, log: Path) -> None:
    """Wait until a process listens."""
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if process.exitcode is not None:
                raise SystemExit(f"a node did not start: {log.read_text()[-2000:]}") from None
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"a node does not answer: {log.read_text()[-2000:]}")
