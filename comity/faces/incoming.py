"""What nodes and relays take in over HTTP, in one way: bodies with a bound, deliveries, digests, and what went wrong.

A sender brings the same things to either (docs/spec/http.md), so one that is hostile must meet the same bounds at both.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from typing import Any

from litestar import Litestar, MediaType, Request, Response
from litestar.datastructures import State
from litestar.logging import LoggingConfig
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR
from litestar.types import ControllerRouterHandler

from comity.core.codec import encode, unpack
from comity.core.errors import ComityError, Malformed, Misused, Refused, Unreachable
from comity.core.ids import Digest
from comity.node import carrier, service

MOST_DELIVERIES = 16 * 1024 * 1024
"""Bytes of one request with deliveries: a batch of 8 MiB of bodies, padded and framed."""

MOST_TOGETHER = 1024
"""Deliveries of one request: eight times what our own sender puts together; 16 MiB could hold millions."""

MOST_CHUNK = (1 << 20) + 1024
MOST_SMALL = 300_000
"""Bytes of a frame, a manifest, a poll, or a checkpoint with its proof."""

KEPT = int(carrier.IDLE) + 15
"""Seconds for which a silent connection is kept; longer than a peer keeps it, so that it is the peer who hangs up."""

THREADS = 32
"""Requests and other work that may wait for the disk at a time; by default they would be six on two cores."""

_STATUS: dict[type[ComityError], int] = {Malformed: 400, Misused: 404, Refused: 403, Unreachable: 503}


async def body(request: Request[Any, Any, State], most: int) -> bytes:
    """Read a body of at most `most` bytes; a longer one is refused while it comes, not after.

    Raises:
        Malformed: it is longer.

    """
    chunks, size = [], 0
    stream: AsyncIterator[bytes] = request.stream()
    async for chunk in stream:
        size += len(chunk)
        if size > most:
            raise Malformed(f"a body of more than {most} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def deliveries(raw: bytes) -> list[bytes]:
    """Return the deliveries of a request; what is in them is not looked at.

    Raises:
        Malformed: it is no list of them, or they are too many.

    """
    items = unpack(raw, MOST_DELIVERIES)
    if not isinstance(items, list) or not all(isinstance(item, bytes) for item in items):
        raise Malformed("a list of deliveries was expected")
    if len(items) > MOST_TOGETHER:
        raise Malformed(f"{len(items)} deliveries in one request, at most {MOST_TOGETHER} were expected")
    return items


def digest(text: str) -> Digest:
    """Return the digest that stands in a path.

    Raises:
        Malformed: it is none.

    """
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    if len(raw) != 32 or raw.hex() != text:  # noqa: PLR2004 - SHA-256
        raise Malformed("a digest of 64 hexadecimal digits was expected")
    return Digest(raw)


def cbor(value: object, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    """Return an answer in the wire's encoding."""
    return Response(encode(value), media_type="application/cbor", headers=dict(headers or {}))


def trouble(_request: Request[Any, Any, State], problem: ComityError) -> Response[str]:
    """Answer what is wrong with a request, as text."""
    status = next((code for kind, code in _STATUS.items() if isinstance(problem, kind)), 500)
    return Response(f"{problem}\n", status_code=status, media_type=MediaType.TEXT)


def application(
    handlers: Sequence[ControllerRouterHandler],
    state: State,
    lifespan: Callable[[Litestar], AbstractAsyncContextManager[None]] | None = None,
    answer: Callable[[Request[Any, Any, State], ComityError], Response[str]] = trouble,
) -> Litestar:
    """Return the HTTP application of a node or relay; `answer` says what is wrong with a request."""
    return Litestar(
        handlers,
        state=state,
        exception_handlers={ComityError: answer, HTTP_500_INTERNAL_SERVER_ERROR: _mistake},
        lifespan=[lifespan] if lifespan is not None else [],
        request_max_body_size=MOST_DELIVERIES,
        openapi_config=None,
        # By default Litestar takes over the root logger, at INFO: then every library speaks, for one application made.
        logging_config=LoggingConfig(configure_root_logger=False),
    )


def more_threads() -> None:
    """Give the running loop as many threads as a node or relay may need; most of them wait for the disk."""
    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="work")
    asyncio.get_running_loop().set_default_executor(pool)


def _mistake(_request: Request[Any, Any, State], problem: Exception) -> Response[str]:
    """Answer a mistake of ours: what it was stands in this node's log and nowhere else."""
    service.complain("api", problem)
    return Response("an error in this node\n", status_code=500, media_type=MediaType.TEXT)
