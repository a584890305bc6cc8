"""What a bureau's own programs reach over HTTP: every desk function, live events, the document of both.

Authority: decision 0035. This is another application than `faces/api.py`, at another listener: peers never reach it,
and it answers nobody without a token but with its document. A token stands for one officer and one purpose
(`node/tokens.py`), so gates and veils rule here as at any desk; the scopes of the token narrow it further. Nothing
here rules on content, and nothing of a request is logged.
"""

import asyncio
import shutil
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, Router, get, post
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.params import FromPath
from litestar.response import ServerSentEvent

from comity import app
from comity.core.act import Act
from comity.core.capability import Capability, Reader
from comity.core.errors import ComityError, Malformed
from comity.core.ids import OrgId
from comity.core.spelling import MOST, Speller
from comity.faces import desk_page, events, openapi, operations, problems
from comity.faces.operations import Operation
from comity.node import news, tokens
from comity.node.bureau import Bureau
from comity.node.tokens import Token

JSON = "application/json"

_TOKENS = 10_000
"""Tokens of which the last requests are remembered; a bureau has some dozens."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much one token may ask for."""

    rate: float = 50.0
    """Requests a second in the long run; one officer's program needs one or two, a duty room's display a dozen."""
    burst: int = 100
    streams: int = 4


@dataclass
class _Allowance:
    """What each token has left: a bucket that fills at the rate and holds a burst."""

    limits: Limits
    _left: "OrderedDict[tuple[OrgId, str], tuple[float, float]]" = field(default_factory=OrderedDict)

    def take(self, key: tuple[OrgId, str], now: float) -> bool:
        """Take one request of a token's allowance, `now` in seconds of any clock that only goes on."""
        left, at = self._left.pop(key, (float(self.limits.burst), now))
        left = min(float(self.limits.burst), left + (now - at) * self.limits.rate)
        allowed = left >= 1.0
        self._left[key] = (left - 1.0 if allowed else left, now)
        if len(self._left) > _TOKENS:
            self._left.popitem(last=False)
        return allowed


@dataclass
class Desk:
    """The desk of one bureau, as its programs see it."""

    bureau: Bureau
    operations: dict[tuple[str, str], Operation]
    document: bytes
    speller: Speller
    heart: events.Heart
    beside: Path
    """The folder in which files of requests rest while they are needed."""
    allowance: _Allowance
    limits: Limits
    streams: dict[str, int] = field(default_factory=dict)
    """Open streams by token."""

    def admit(self, request: Request[Any, Any, State]) -> tuple[Token, Reader]:
        """Return the token that a request shows and the reader it acts as; asks the database."""
        scheme, _, shown = request.headers.get("authorization", "").partition(" ")
        return tokens.admit(self.bureau, shown.strip() if scheme.lower() == "bearer" else "")

    def spend(self, token: Token) -> None:
        """Count a request against the token's rate."""
        if not self.allowance.take((self.bureau.org, token.token), asyncio.get_running_loop().time()):
            raise problems.refuse("desk.rate", f"more than {self.limits.rate:g} requests a second with one token")


@post("/{capability:str}/{verb:str}", status_code=200)
async def operate(
    request: Request[Any, Any, State], org: FromPath[str], capability: FromPath[str], verb: FromPath[str]
) -> Response[bytes]:
    """Do one operation of a desk."""
    desk = _desk(request, org)
    token, reader = await asyncio.to_thread(desk.admit, request)
    desk.spend(token)
    operation = desk.operations.get((capability, verb))
    if operation is None:
        raise problems.refuse("desk.unknown", "there is no such operation; the document names all of them")
    if not token.allows(capability, verb):
        raise problems.refuse("desk.scope", f"the token lacks the scope {operation.scope}")
    arguments = operation.read(_decoded(await _body(request, operation.most)))
    answer = await asyncio.to_thread(operation.call, desk.bureau, reader, arguments, desk.beside)
    return Response(msgspec.json.encode(answer), media_type=JSON, headers=problems.SAFE)


@get("/events")
async def follow(request: Request[Any, Any, State], org: FromPath[str]) -> ServerSentEvent:
    """Follow what happens, as far as the token's officer may see it and its scopes reach."""
    desk = _desk(request, org)
    token, reader = await asyncio.to_thread(desk.admit, request)
    desk.spend(token)
    if not token.allows(*tokens.EVENTS.split(":")):
        raise problems.refuse("desk.scope", f"the token lacks the scope {tokens.EVENTS}")
    after = _number(request.headers.get("last-event-id") or request.query_params.get("after"))
    if desk.streams.get(token.token, 0) >= desk.limits.streams:
        raise problems.refuse("desk.rate", f"more than {desk.limits.streams} streams with one token")
    start = await asyncio.to_thread(news.newest, desk.bureau) if after is None else after
    stream = events.stream(desk.bureau, token, reader, desk.heart, desk.speller, start)
    return ServerSentEvent(_counted(desk, token, stream), headers={**problems.SAFE, "X-Accel-Buffering": "no"})


@get("/openapi.json", media_type=JSON)
async def document(request: Request[Any, Any, State], org: FromPath[str]) -> Response[bytes]:
    """Answer the document; it tells nothing of any bureau's data, so it asks for no token."""
    return Response(_desk(request, org).document, media_type=JSON, headers=problems.SAFE)


@get("/", media_type="text/html")
async def read(request: Request[Any, Any, State], org: FromPath[str]) -> Response[bytes]:
    """Answer the document as a page for people; it asks for no token either."""
    told = desk_page.page(msgspec.json.decode(_desk(request, org).document), request.headers.get("host", ""))
    return Response(told, media_type="text/html", headers={**problems.SAFE, **desk_page.HEADERS})


def build(node: app.Node, limits: Limits | None = None) -> Litestar:
    """Return the application for the programs of a node's bureaus; for a listener of its own."""
    return assemble(tuple(node.bureaus().values()), node.home.folder, limits or Limits())


def assemble(bureaus: tuple[Bureau, ...], beside: Path, limits: Limits) -> Litestar:
    """Return the application for these bureaus; `beside` is the folder below which files of requests rest."""
    for left in beside.glob(f"{operations.BESIDE}*"):
        shutil.rmtree(left)
    desks = {bureau.org: _open(bureau, beside, limits) for bureau in bureaus}
    return Litestar(
        [Router("/o/{org:str}/desk", route_handlers=[operate, follow, document, read])],
        state=State({"desks": desks}),
        exception_handlers={
            ComityError: problems.on_ours,
            HTTPException: problems.on_http,
            Exception: problems.on_fault,
        },
        lifespan=[_hearts(tuple(desk.heart for desk in desks.values()))],
        request_max_body_size=operations.MOST_UPLOAD,
        openapi_config=None,
    )


def speller_of(capabilities: tuple[Capability, ...]) -> Speller:
    """Return the speller that knows the acts of these capabilities."""
    known: list[type[Act]] = [act for each in capabilities for act in each.acts]
    return Speller(known)


def _open(bureau: Bureau, beside: Path, limits: Limits) -> Desk:
    speller = speller_of(bureau.capabilities)
    every = operations.every(bureau.capabilities, speller)
    told = msgspec.json.encode(openapi.document(every, speller, bureau.org))
    return Desk(
        bureau=bureau, operations={(each.capability, each.verb): each for each in every}, document=told,
        speller=speller, heart=events.Heart(bureau), beside=beside, allowance=_Allowance(limits), limits=limits,
    )  # fmt: skip


def _hearts(hearts: tuple[events.Heart, ...]) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def beating(_app: Litestar) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(heart.run()) for heart in hearts]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    return beating


async def _counted(desk: Desk, token: Token, stream: AsyncIterator[Any]) -> AsyncIterator[Any]:
    """Pass a stream on, and count it as long as it is open."""
    desk.streams[token.token] = desk.streams.get(token.token, 0) + 1
    try:
        async for each in stream:
            yield each
    finally:
        desk.streams[token.token] -= 1


def _desk(request: Request[Any, Any, State], org: str) -> Desk:
    found: Desk | None = request.app.state.desks.get(org)
    if found is None:
        raise problems.refuse("desk.unknown", "this node does not belong to that organisation")
    return found


async def _body(request: Request[Any, Any, State], most: int) -> bytes:
    """Read a body of at most `most` bytes; a longer one is refused while it comes, not after."""
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > most:
            raise problems.refuse("desk.size", f"a body of more than {most:,} bytes")
        pieces.append(piece)
    raw = b"".join(pieces)
    # A form of another origin can send anything but this type without asking first (Fetch, CORS-safelisted types).
    if raw and request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise problems.refuse("desk.media", f"the body is to be {JSON}")
    return raw


def _decoded(raw: bytes) -> object:
    if not raw:
        return {}
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # The library's sentence can quote what came.
        raise Malformed(f"a body of {len(raw)} bytes is no JSON") from None


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    # Digits beyond ASCII are digits to Python too.
    if not (text.isascii() and text.isdigit()) or int(text[:17]) > MOST:
        raise Malformed("the number of an event was expected")
    return int(text[:17])
