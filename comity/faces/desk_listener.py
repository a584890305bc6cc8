"""The listener for a bureau's own programs: on this machine alone, beside the one for peers (decision 0035).

A token crosses it in the clear, so it refuses any address but loopback; for programs on other machines a proxy with
TLS stands in front, on this one. It lives and ends with the listener for peers, and minds no signal of its own.
"""

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from litestar import Litestar

from comity.core.errors import Misused


class _Beside(uvicorn.Server):
    """A server that leaves signals to the one beside it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket on loopback.

    Raises:
        Misused: the address is none of this machine alone, or is taken.

    """
    try:
        alone = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        alone = False
    if not alone:
        raise Misused("the desk listens on this machine alone: 127.0.0.1:PORT; put a proxy with TLS in front of it")
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as problem:
        # Python adds the address to what the system said.
        why = (problem.strerror or type(problem).__name__).partition(" (")[0]
        raise Misused(f"the desk cannot listen at port {port}: {why}") from None


@asynccontextmanager
async def serving(app: Litestar, listening: socket.socket) -> AsyncIterator[None]:
    """Serve the application of `desk_api` until the block ends; streams end with it."""
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2)
    server = _Beside(config)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield
    finally:
        for desk in app.state.desks.values():
            await desk.heart.end()
        server.should_exit = True
        await task
