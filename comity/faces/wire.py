"""The wire between the nodes of the exercise: carries bytes unchanged, and remembers them as a stranger could.

It stands where a carrier, a tapped cable or a hostile relay would stand. It holds no key and understands only the
outermost form of what passes: HTTP, and the list of deliveries in a request.
"""

import asyncio
import contextlib
import http.client
import itertools
import os
import socket
import threading
from collections import Counter
from typing import Self

from comity.core.codec import encode, unpack
from comity.core.errors import Malformed, Unreachable
from comity.core.ids import OrgId

_PIECE = 65_536
_MOST = 256 * 1024 * 1024
"""Bytes that the wire remembers; the exercise moves far less."""


_PORTS = range(20_000, 32_000)
"""Below what Linux (32768) and IANA (49152) give to outgoing connections, above what services are known by."""

_NUMBERS = itertools.count()


class Wire:
    """Forwards TCP connections on ports of its own to the nodes behind them, and remembers every byte."""

    def __init__(self) -> None:
        """Prepare the wire; `open` lays it."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wire", daemon=True)
        self._heard: dict[int, list[bytearray]] = {}

    def __enter__(self) -> Self:
        """Begin to carry."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End; connections are cut."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def open(self, behind: int) -> int:
        """Lay a wire to the node at this port of 127.0.0.1, and return the port that peers use instead."""
        self._heard[behind] = []
        made = asyncio.run_coroutine_threadsafe(self._listen(behind), self._loop)
        return made.result(10)

    def heard(self) -> bytes:
        """Return all that passed, in both directions."""
        return b"".join(bytes(piece) for pieces in self._heard.values() for piece in pieces)

    def answers(self, port: int) -> bool:
        """Tell whether a node answers at this port."""
        try:
            return _call(port, "GET", "/health", b"")[0] == 200  # noqa: PLR2004 - HTTP's own number
        except OSError:
            return False

    def again(self, behind: int, org: OrgId, *, forge: bool) -> Counter[str]:
        """Send all deliveries to this node once more, as they were or with one bit changed; count the answers."""
        answers: Counter[str] = Counter()
        for raw in self._deliveries(behind):
            middle = len(raw) // 2
            sent = raw[:middle] + bytes([raw[middle] ^ 1]) + raw[middle + 1 :] if forge else raw
            status, body = _call(behind, "POST", f"/o/{org}/deliveries", encode([sent]))
            if status != 200:  # noqa: PLR2004 - HTTP's own number
                raise Unreachable(f"the node answered with status {status}")
            answers[unpack(body)[0]["code"]] += 1
        return answers

    def _deliveries(self, behind: int) -> list[bytes]:
        """Find the deliveries among what passed towards a node: bodies of POST requests, cut by their stated length."""
        found = []
        for stream in self._heard[behind]:
            data, at = bytes(stream), 0
            while (start := data.find(b"POST /o/", at)) >= 0:
                head_end = data.find(b"\r\n\r\n", start)
                head = data[start:head_end].decode("latin-1").lower()
                length = next((int(x.split(":")[1]) for x in head.split("\r\n") if x.startswith("content-length:")), 0)
                at = head_end + 4 + length
                if "/deliveries " in head.split("\r\n", 1)[0]:
                    with contextlib.suppress(Malformed):
                        found += [item for item in unpack(data[head_end + 4 : at]) if isinstance(item, bytes)]
        return found

    async def _listen(self, behind: int) -> int:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                onward = await asyncio.open_connection("127.0.0.1", behind)
            except OSError:
                writer.close()
                return
            inward, outward = bytearray(), bytearray()
            self._heard[behind] += [inward, outward]
            await asyncio.gather(_pump(reader, onward[1], inward), _pump(onward[0], writer, outward))

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        return int(server.sockets[0].getsockname()[1])


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter, memory: bytearray) -> None:
    with contextlib.suppress(OSError):
        while piece := await source.read(_PIECE):
            if len(memory) < _MOST:
                memory += piece
            target.write(piece)
            await target.drain()
    with contextlib.suppress(OSError):
        target.close()


def free_port() -> int:
    """Return a port of 127.0.0.1 at which nobody listens now, for whoever must know it long before he listens.

    It is none of those that the system gives to outgoing connections: such a one may be taken a moment later. Each
    process begins at another place and goes on from there, so that two that run at once do not meet.

    Raises:
        Unreachable: all of them are taken.

    """
    first = os.getpid() * 131
    for number in itertools.islice(_NUMBERS, len(_PORTS)):
        port = _PORTS[(first + number) % len(_PORTS)]
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise Unreachable(f"no port of 127.0.0.1 from {_PORTS[0]} to {_PORTS[-1]} is free")


def _call(port: int, method: str, path: str, body: bytes) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body or None)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
