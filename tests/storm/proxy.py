"""What lies between two machines: a proxy that loses, delays, doubles and reorders requests, and cuts lines.

It moves whole HTTP requests and looks into none. A request is lost before it arrives, or its answer is lost after; it
comes late, or twice, or after its sender was told that it failed and has sent others. While a line is cut, nobody gets
through.
"""

import asyncio
import re
import threading
from contextlib import suppress
from typing import Self

from tests.power.recording import Dice

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CONNECTION = re.compile(rb"\r\nconnection:[^\r]*", re.IGNORECASE)

LATE = 2.0
"""Seconds by which a request may come late."""

FATES = (
    *("through",) * 66, *("delayed",) * 12, *("lost",) * 5, *("answer lost",) * 5, *("doubled",) * 7, *("late",) * 5,
)  # fmt: skip
"""What may happen to a request, each as often as it stands here."""


class Proxy:
    """The line to one machine."""

    def __init__(self, port: int, behind: int, dice: Dice) -> None:
        """Listen at `port` for what goes to `behind`, once it runs."""
        self.port, self._behind, self._dice = port, behind, dice
        self.cut = False
        """Set while nobody gets through."""
        self.fates: dict[str, int] = dict.fromkeys(FATES, 0)
        self._later: set[asyncio.Task[object]] = set()

    async def serve(self) -> None:
        """Serve until cancelled."""
        server = await asyncio.start_server(self._line, "127.0.0.1", self.port, limit=1 << 20)
        async with server:
            await server.serve_forever()

    async def _line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            answer = b"" if self.cut else await self._moved(await _request(reader))
            writer.write(answer)
            await writer.drain()
        writer.close()

    async def _moved(self, request: bytes) -> bytes:
        """Let something happen to a request, and return what its sender is answered; nothing, if the line broke."""
        fate = FATES[self._dice.below(len(FATES))]
        self.fates[fate] += 1
        match fate:
            case "lost":
                return b""
            case "late":
                self._once_more(request)
                return b""
            case "delayed":
                await asyncio.sleep(self._dice.below(400) / 1000)
            case "doubled":
                self._once_more(request)
            case _:
                pass
        answer = await self._asked(request)
        return b"" if fate == "answer lost" or self.cut else answer

    def _once_more(self, request: bytes) -> None:
        async def later() -> object:
            await asyncio.sleep(self._dice.below(1000) * LATE / 1000)
            with suppress(OSError):
                return await self._asked(request)
            return None

        task = asyncio.create_task(later())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _asked(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._behind)
        try:
            writer.write(request)
            await writer.drain()
            return await reader.read(-1)
        finally:
            writer.close()


async def _request(reader: asyncio.StreamReader) -> bytes:
    """Read one request, and ask that the connection ends with it."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    body = await reader.readexactly(int(length.group(1))) if length else b""
    return _CONNECTION.sub(b"", head)[:-2] + b"Connection: close\r\n\r\n" + body


class Lines:
    """The proxies of all machines, in a thread of their own for as long as the block lasts."""

    def __init__(self, proxies: dict[str, Proxy]) -> None:
        """Run these."""
        self.proxies = proxies
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        for proxy in self.proxies.values():
            self._loop.create_task(proxy.serve())
        self._loop.run_forever()
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.close()

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Cut every line for good."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
