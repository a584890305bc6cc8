"""How the client speaks: one call, one stream, and errors of the house's own tree (decision 0035).

aiohttp, and only asynchronous: measured, it costs 60 us of CPU a request with 32 in flight, where httpx costs 2,130;
and a stream of events beside calls is what programs here need. Whoever writes a plain script calls `asyncio.run`.
Nothing is repeated by itself but a stream that broke: whether an act was said, only the outbox tells.
"""

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, get_type_hints

import aiohttp
import msgspec

from comity.core.errors import ComityError, Malformed, Misused, Refused, Unreachable
from comity.core.ruling import Refusal
from comity.core.spelling import Speller

P = ParamSpec("P")
R = TypeVar("R")

MOST = 80_000_000
"""Bytes of an answer at most: 50 MB of files in base64, and what is around them."""

PATIENCE = aiohttp.ClientTimeout(total=120, sock_connect=10)
SILENCE = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=45)
"""Of a stream, seconds: three beats of the server."""

PAUSE = 2.0
"""Seconds before a stream that broke is opened again."""


class Other(msgspec.Struct, frozen=True):
    """An act or event of a kind that this client does not know yet: a newer node speaks."""

    kind: str
    members: dict[str, object]


class Connection:
    """An open line to the desk of one bureau."""

    def __init__(self, url: str, token: str) -> None:
        """Prepare the line; `open` makes it."""
        self._url = url.rstrip("/")
        self._token = token
        self._session: aiohttp.ClientSession | None = None
        self._speller = Speller(other=Other)

    async def open(self) -> None:
        """Open the line."""
        headers = {"Authorization": f"Bearer {self._token}"}
        self._session = aiohttp.ClientSession(headers=headers, timeout=PATIENCE, trust_env=False)

    async def close(self) -> None:
        """Close the line."""
        if self._session is not None:
            await self._session.close()

    async def do(self, operation: str, given: dict[str, Any], types: dict[str, Any]) -> Any:  # noqa: ANN401
        """Do an operation; `types` are those of the arguments, and of the answer under ``return``.

        Raises:
            Refused: a rule said no, or the token does not reach so far; `refusal` has code and article.
            Misused: this cannot be done.
            Unreachable: the node does not answer, or too much was asked of it; try again.
            Malformed: the answer is not what the interface promises.

        """
        body = msgspec.json.encode({name: self._speller.of(types[name]).write(value) for name, value in given.items()})
        headers = {"Content-Type": "application/json"}
        try:
            async with self._line().post(
                f"{self._url}/{operation}", data=body, headers=headers, allow_redirects=False
            ) as answer:
                raw = await _read(answer)
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            raise Unreachable(f"the node does not answer: {type(problem).__name__}") from None
        if answer.status != 200:  # noqa: PLR2004 - HTTP's own number
            raise _problem(answer.status, raw)
        return self._speller.of(types["return"]).read(_decoded(raw), "")

    async def events(self, kinds: dict[str, type], after: int | None) -> AsyncIterator[Any]:
        """Give events, each as one of `kinds` by its name; opens the stream again when it breaks.

        Raises:
            Refused: the token does not count, or does not any more.

        """
        last = after
        while True:
            headers = {} if last is None else {"Last-Event-ID": str(last)}
            try:
                async with self._line().get(f"{self._url}/events", headers=headers, timeout=SILENCE) as answer:
                    if answer.status != 200:  # noqa: PLR2004 - HTTP's own number
                        raise _problem(answer.status, await _read(answer))
                    async for name, number, data in _events(answer.content):
                        if name in kinds:
                            yield self._speller.of(kinds[name]).read(data, "")
                        elif name:
                            yield Other(kind=name, members=data)
                        last = number if number is not None else last
            except (aiohttp.ClientError, TimeoutError, OSError, Unreachable):
                pass
            await asyncio.sleep(PAUSE)

    def _line(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise Misused("the client is not open: async with Client(url, token) as comity: ...")
        return self._session


class HasConnection(Protocol):
    """What an operation's method belongs to."""

    connection: Connection


S = TypeVar("S", bound=HasConnection)


def operation(
    path: str,
) -> Callable[
    [Callable[Concatenate[S, P], Coroutine[Any, Any, R]]], Callable[Concatenate[S, P], Coroutine[Any, Any, R]]
]:
    """Make a method do an operation; its signature says what goes there and what comes back."""

    def decorate(
        method: Callable[Concatenate[S, P], Coroutine[Any, Any, R]],
    ) -> Callable[Concatenate[S, P], Coroutine[Any, Any, R]]:
        signature, types = inspect.signature(method), get_type_hints(method)

        async def call(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
            # Without defaults: what was not given, the node decides.
            given = signature.bind(self, *args, **kwargs).arguments
            result: R = await self.connection.do(path, dict(list(given.items())[1:]), types)
            return result

        functools.update_wrapper(call, method)
        return call

    return decorate


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    pieces, size = [], 0
    async for piece in answer.content.iter_any():
        size += len(piece)
        if size > MOST:
            raise Malformed(f"an answer of more than {MOST:,} bytes")
        pieces.append(piece)
    return b"".join(pieces)


def _decoded(raw: bytes) -> Any:  # noqa: ANN401 - what JSON holds
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Malformed(f"an answer of {len(raw)} bytes is no JSON") from None


def _problem(status: int, raw: bytes) -> ComityError:
    """Return the error that a problem document tells of."""
    try:
        told = _decoded(raw)
        code, detail, article = str(told["code"]), str(told["detail"]), str(told["article"])
    except (Malformed, KeyError, TypeError):
        return Unreachable(f"something answered with status {status}, and it is no desk")
    match status:
        case 422:
            return Misused(detail)
        case 429 | 500 | 503:
            return Unreachable(f"{code}: {detail}")
        case _:
            return Refused(Refusal(code, detail, article))


async def _events(lines: aiohttp.StreamReader) -> AsyncIterator[tuple[str, int | None, Any]]:
    """Give name, number and data of each server-sent event; comments are passed over.

    A number without data has no name: it only says from where to go on (HTML standard, "dispatch the event").
    """
    fields: dict[str, str] = {}
    while line := await lines.readline():
        text = line.decode().rstrip("\r\n")
        if text:
            name, _, value = text.partition(":")
            fields[name] = value.removeprefix(" ")
            continue
        number = int(fields["id"]) if fields.get("id", "").isdecimal() else None
        if "data" in fields:
            yield fields.get("event", "message"), number, _decoded(fields["data"].encode())
        elif number is not None:
            yield "", number, None
        fields = {}
