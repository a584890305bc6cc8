"""What a relay answers over HTTP: deliveries and attachments in, mailboxes out, and nothing else (docs/spec/http.md).

Thin: a length limit, then bytes to `node/relay.py`. A poll waits here, without a thread, until the bell of its mailbox
rings. Deliveries and attachments come in as at a node, so that a sender brings them to either in the same way.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from litestar import Litestar, MediaType, Request, Response, Router, get, post, put
from litestar.datastructures import State
from litestar.params import FromPath

from comity.core.carriage import Collect
from comity.core.errors import ComityError, Misused, Refused
from comity.core.ids import OrgId
from comity.faces import incoming
from comity.faces.incoming import MOST_CHUNK, MOST_DELIVERIES, MOST_SMALL, body, cbor, digest
from comity.node.mailboxes import WAIT, Mail
from comity.node.relay import Relay, Stale

LONG_POLL = 30.0
"""Seconds that a poll waits for mail: below the minute after which proxies cut a silent connection."""

_BUSY = {"relay.quota": 429, "relay.full": 503, "relay.disk": 503}


@post("/deliveries", status_code=200)
async def deliveries(request: Request[Any, Any, State], org: FromPath[str]) -> Response[bytes]:
    """Take in deliveries; answers what became of each, with the relay's signed word, after the commit."""
    relay = _relay(request, org)
    refusal = relay.full()
    if refusal is not None:
        raise Refused(refusal)
    items = incoming.deliveries(await body(request, MOST_DELIVERIES))
    answer = await asyncio.to_thread(relay.take, items)
    wait = max((told.wait for told in answer.outcomes), default=0)
    return cbor(answer, {"Retry-After": str(wait)} if wait else None)


@post("/mailbox", status_code=200)
async def mailbox(request: Request[Any, Any, State], org: FromPath[str]) -> Response[bytes]:
    """Answer a bureau's signed poll with its mail: at once if there is some, else as soon as there is."""
    relay = _relay(request, org)
    said = await asyncio.to_thread(relay.polled, await body(request, MOST_SMALL))
    if isinstance(said, Stale):
        return Response(b"%d" % said.last, status_code=409, media_type=MediaType.TEXT)
    return cbor(await _awaited(relay, said))


async def _awaited(relay: Relay, said: Collect) -> list[Mail]:
    loop, rung = asyncio.get_running_loop(), asyncio.Event()
    end = loop.time() + LONG_POLL

    def ear() -> None:
        loop.call_soon_threadsafe(rung.set)

    with relay.bells.listening(said.bureau, ear):
        while True:
            # Cleared before looking: mail that comes after the look rings again.
            rung.clear()
            mail = await asyncio.to_thread(relay.waiting, said)
            left = end - loop.time()
            if mail or left <= 0 or relay.overtaken(said):
                return mail
            try:
                await asyncio.wait_for(rung.wait(), left)
            except TimeoutError:
                return []


@post("/offers", status_code=200)
async def take_offer(request: Request[Any, Any, State], org: FromPath[str]) -> Response[bytes]:
    """Answer which chunks are lacking of the attachments that a frame announces."""
    relay = _relay(request, org)
    lacking = await asyncio.to_thread(relay.offered, await body(request, MOST_SMALL))
    return cbor(lacking)


@put("/blobs/{blob:str}/manifest", status_code=204)
async def take_manifest(request: Request[Any, Any, State], org: FromPath[str], blob: FromPath[str]) -> None:
    """Take in the list of chunks of an announced attachment."""
    raw = await body(request, MOST_SMALL)
    await asyncio.to_thread(_relay(request, org).take_manifest, digest(blob), raw)


@put("/blobs/{blob:str}/{chunk:str}", status_code=204)
async def take_chunk(
    request: Request[Any, Any, State], org: FromPath[str], blob: FromPath[str], chunk: FromPath[str]
) -> None:
    """Take in one chunk of an announced attachment."""
    raw = await body(request, MOST_CHUNK)
    await asyncio.to_thread(_relay(request, org).take_chunk, digest(blob), digest(chunk), raw)


@get("/blobs/{blob:str}/manifest")
async def manifest(request: Request[Any, Any, State], org: FromPath[str], blob: FromPath[str]) -> Response[bytes]:
    """Answer the list of chunks of an attachment that is held for somebody."""
    return _octets(await asyncio.to_thread(_relay(request, org).manifest, digest(blob)))


@get("/blobs/{blob:str}/{chunk:str}")
async def chunk_of(
    request: Request[Any, Any, State], org: FromPath[str], blob: FromPath[str], chunk: FromPath[str]
) -> Response[bytes]:
    """Answer a chunk of an attachment that is held for somebody."""
    return _octets(await asyncio.to_thread(_relay(request, org).chunk, digest(blob), digest(chunk)))


@get("/health", media_type=MediaType.TEXT)
async def health() -> str:
    """Answer that the relay is up; says nothing of what it holds."""
    return "ok\n"


def build(
    relays: Mapping[OrgId, Relay], lifespan: Callable[[Litestar], AbstractAsyncContextManager[None]] | None = None
) -> Litestar:
    """Return the HTTP application of a relay."""
    handlers = [deliveries, mailbox, take_offer, take_manifest, take_chunk, manifest, chunk_of]
    router = Router("/o/{org:str}", route_handlers=handlers)
    return incoming.application([router, health], State({"relays": dict(relays)}), lifespan, _trouble)


def _trouble(request: Request[Any, Any, State], problem: ComityError) -> Response[str]:
    answer = incoming.trouble(request, problem)
    if isinstance(problem, Refused) and problem.refusal.code in _BUSY:
        code = problem.refusal.code
        answer.status_code = _BUSY[code]
        answer.set_header("Retry-After", str(WAIT[code]))
    return answer


def _relay(request: Request[Any, Any, State], org: str) -> Relay:
    found: Relay | None = request.app.state.relays.get(org)
    if found is None:
        raise Misused("this relay does not belong to that organisation")
    return found


def _octets(raw: bytes) -> Response[bytes]:
    return Response(raw, media_type="application/octet-stream")
