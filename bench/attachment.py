"""MB per second of an attachment from end to end, beside what the same bytes cost the machine alone.

What is measured: a file is read, encrypted, forced to the sender's disk, said as an act, carried over loopback HTTP,
verified, forced to the recipient's disk, taken in, and done when the sender has committed the recipient's signed
receipt. Each node is a process of its own with SQLite (`bench/measured/nodes.py`). MB are 10^6 bytes of plaintext.

The peer is the floor: the same bytes read, encrypted, hashed as often as the protocol demands (the plaintext once, the
ciphertext once on each side), written twice and forced to the disk, sent through a socket; bare calls of the
libraries, one after the other, on one core, but for the other end of the socket. Two cores could do it faster than
that; no node with one could. Beside it stands plain HTTP: the same chunks put by the same client to a server that
throws them away, which is no less than what any server in this language costs.

    python bench/attachment.py [--quick] [--megabytes N]

Prints tables, and as its last line one JSON object: MB/s end to end beside the floor.
"""

import argparse
import asyncio
import hashlib
import json
import multiprocessing
import os
import platform
import socket
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import uvicorn
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.measured.nodes import NEAR, SENDER, Worker, federation, free_port, wait_for
from comity.node.carrier import ABREAST, session
from comity.node.chunks import CHUNK, TAG
from comity.node.clock import entropy

ROUNDS, MEBIBYTES = 3, 1024
QUICK_ROUNDS, QUICK_MEBIBYTES = 2, 96
"""Ends within 50 seconds on two cores that nobody else uses."""

MB = 1e6


def _file(path: Path, mebibytes: int) -> None:
    with path.open("wb") as file:
        for _ in range(mebibytes):
            file.write(entropy(CHUNK))


def _rate(mebibytes: int, seconds: float) -> float:
    return mebibytes * CHUNK / MB / seconds


# ------------------------------------------------------------------------------------------------------ end to end


def _memory(worker: Worker) -> int:
    """Return the most memory that a process has had, MiB."""
    told = Path(f"/proc/{worker.process.pid}/status").read_text()
    return int(next(line.split()[1] for line in told.splitlines() if line.startswith("VmHWM:"))) // 1024


def end_to_end(folder: Path, mebibytes: int, rounds: int) -> list[float]:
    """Send a file several times; returns MB/s."""
    rates, path = [], folder / "enclosed.bin"
    (folder / "nodes").mkdir()
    with federation(folder / "nodes") as workers:
        workers[SENDER].ask("single", NEAR, 1)
        for _ in range(rounds):
            _file(path, mebibytes)
            before = {name: workers[name].ask("count")[0] for name in (SENDER, NEAR)}
            took = workers[SENDER].ask("attach", NEAR, str(path))
            spent = {name: workers[name].ask("count")[0] - before[name] for name in before}
            rates.append(_rate(mebibytes, took))
            cpu = ", ".join(f"{name} {seconds / mebibytes * 1e3:.1f}" for name, seconds in spent.items())
            print(f"  {mebibytes} MiB: {rates[-1]:.0f} MB/s to the receipt; CPU ms a MiB: {cpu}")
        print("  most memory of a process, MiB:", ", ".join(f"{n} {_memory(workers[n])}" for n in (SENDER, NEAR)))
    path.unlink()
    return rates


# -------------------------------------------------------------------------------------------------------- the floor


def _swallow(port: int) -> None:
    with socket.create_server(("127.0.0.1", port)) as line:
        while True:
            there, _ = line.accept()
            with there:
                while there.recv(CHUNK):
                    pass


def floor(folder: Path, mebibytes: int) -> float:
    """Do the same to the same bytes, bare; prints each part, and returns MB/s of all, one after the other."""
    source = folder / "source.bin"
    _file(source, mebibytes)
    cipher, digest, spent = AESGCM(entropy(32)), hashlib.sha256(), dict[str, float]()
    piece, raw = bytearray(CHUNK), bytearray(CHUNK + TAG)

    def timed(name: str, work: Callable[[int], object]) -> None:
        began = time.perf_counter()
        for index in range(mebibytes):
            work(index)
        spent[name] = time.perf_counter() - began

    with _running(_swallow) as port, source.open("rb", buffering=0) as file, socket.socket() as line:
        line.connect(("127.0.0.1", port))
        timed("reading the file", lambda _: file.readinto(piece))
        timed("SHA-256 of the plaintext", lambda _: digest.update(piece))
        timed("AES-256-GCM", lambda index: cipher.encrypt_into(index.to_bytes(12), piece, None, raw))
        timed("SHA-256 of the ciphertext, there and here", lambda _: (hashlib.sha256(raw), hashlib.sha256(raw)))
        for side in ("here", "there"):
            with (folder / f"{side}.bin").open("xb", buffering=0) as out:
                timed(f"writing it {side}", lambda _, out=out: out.write(raw))  # type: ignore[misc]
                began = time.perf_counter()
                os.fdatasync(out.fileno())
                spent[f"forcing it to the disk {side}"] = time.perf_counter() - began
        with (folder / "here.bin").open("rb", buffering=0) as kept:
            timed("reading it again", lambda _: kept.readinto(raw))
        timed("sending it through a socket", lambda _: line.sendall(raw))
    for name in ("source", "here", "there"):
        (folder / f"{name}.bin").unlink()
    for name, seconds in spent.items():
        print(f"  {name:<44}{seconds / mebibytes * 1e3:6.2f} ms a MiB")
    return _rate(mebibytes, sum(spent.values()))


# -------------------------------------------------------------------------------------------------------- plain HTTP


async def _throw_away(scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[..., Any]) -> None:
    while (await receive()).get("more_body"):
        pass
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def _serve(port: int) -> None:
    uvicorn.run(_throw_away, host="127.0.0.1", port=port, log_level="error", access_log=False, lifespan="off")


async def _put(port: int, mebibytes: int) -> float:
    body, left = entropy(CHUNK + TAG), iter(range(mebibytes))
    async with session() as client:

        async def some() -> None:
            for index in left:
                async with client.put(f"http://127.0.0.1:{port}/{index}", data=body) as answer:
                    await answer.read()

        began = time.perf_counter()
        await asyncio.gather(*(some() for _ in range(ABREAST)))
        return time.perf_counter() - began


def plain_http(mebibytes: int) -> float:
    """Put chunks to a server that throws them away; returns MB/s."""
    with _running(_serve) as port:
        return _rate(mebibytes, asyncio.run(_put(port, mebibytes)))


@contextmanager
def _running(work: Callable[[int], None]) -> Iterator[int]:
    """Run a server in a process of its own; gives its port."""
    port = free_port()
    process: BaseProcess = multiprocessing.get_context("spawn").Process(target=work, args=(port,), daemon=True)
    process.start()
    try:
        wait_for(port, process, Path(os.devnull))
        yield port
    finally:
        process.terminate()
        process.join()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="end within 50 seconds")
    parser.add_argument("--megabytes", type=int, default=0, help="MiB of the file; 1024 by default, 96 with --quick")
    given = parser.parse_args()
    mebibytes, rounds = (QUICK_MEBIBYTES, QUICK_ROUNDS) if given.quick else (MEBIBYTES, ROUNDS)
    mebibytes = given.megabytes or mebibytes
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"attachment: {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, load {load}")
    with tempfile.TemporaryDirectory(prefix="comity-bench-") as place:
        print("\nThe floor: the same work, bare, one after the other")
        bound = floor(Path(place), mebibytes)
        print(f"  all of it: {bound:.0f} MB/s")
        print(f"\nPlain HTTP, chunks that are thrown away: {plain_http(mebibytes):.0f} MB/s")
        print("\nEnd to end")
        rates = end_to_end(Path(place), mebibytes, rounds)
    rate = statistics.median(rates)
    values = {"value": round(rate, 1), "unit": "MB/s", "peer": "floor, one core", "peer_value": round(bound, 1)}
    print(json.dumps({"name": "attachment end to end", **values, "ratio": round(rate / bound, 3)}))


if __name__ == "__main__":
    main()
