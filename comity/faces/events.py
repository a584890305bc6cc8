"""Live events for programs: what `node/news.py` finds for a reader, as a stream of server-sent events (decision 0035).

Authority: the HTML standard, section "Server-sent events". One look at the database's pulse serves all streams of a
bureau; a stream reads only when somebody has committed. The id of an event is the number of an act, and only the last
event of an act bears it, so that whoever comes back with it has missed nothing. A silent stream beats, and each time
it does or says something, the token is looked at again: a revoked one ends the stream.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import pairwise

import msgspec
from litestar.response.sse import ServerSentEventMessage

from comity.core.capability import Reader
from comity.core.errors import ComityError
from comity.core.spelling import Speller
from comity.node import news, service, tokens
from comity.node.bureau import Bureau
from comity.node.news import FellDue, News
from comity.node.tokens import Token

PULSE = 0.1
"""Seconds between two looks whether anybody has committed."""

BEAT = 15.0
"""Seconds of silence before a stream says that it is there; proxies often give up after 30."""

_ENCODER = msgspec.json.Encoder()


class Heart:
    """Tells every stream of a bureau when somebody has committed."""

    def __init__(self, bureau: Bureau) -> None:
        """Watch this bureau's database; `run` does it."""
        self._bureau = bureau
        self._beats = 0
        self._beaten = asyncio.Condition()
        self._waiting = 0
        self.ended = False
        """True once the listener ends; streams then end too, each after what it was saying."""

    @property
    def beats(self) -> int:
        """How often somebody has committed, as far as it was looked at."""
        return self._beats

    async def run(self) -> None:
        """Look again and again, as long as anybody follows."""
        seen = ""
        while True:
            await asyncio.sleep(PULSE)
            if not self._waiting:
                continue
            try:
                now = await asyncio.to_thread(self._bureau.database.pulse)
            except Exception as problem:  # noqa: BLE001 - a database that is away comes back, and streams go on
                service.complain("desk", problem)
                continue
            if now != seen:
                seen = now
                async with self._beaten:
                    self._beats += 1
                    self._beaten.notify_all()

    async def end(self) -> None:
        """Let every stream end."""
        self.ended = True
        async with self._beaten:
            self._beaten.notify_all()

    async def wait(self, beats: int, seconds: float) -> bool:
        """Wait until somebody commits after `beats`, at most so long; return whether somebody did."""
        self._waiting += 1
        try:
            async with asyncio.timeout(seconds), self._beaten:
                await self._beaten.wait_for(lambda: self._beats != beats or self.ended)
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1
        return True


async def stream(
    bureau: Bureau, token: Token, reader: Reader, heart: Heart, speller: Speller, after: int
) -> AsyncIterator[ServerSentEventMessage]:
    """Give what is new after the act of this number, for as long as the token counts."""
    mark, due = after, await asyncio.to_thread(news.moment_of, bureau, after)
    # With its number, though without data: who loses the line before the first event comes back to where it began.
    yield ServerSentEventMessage(comment="here", data=None, retry=2000, id=str(after))
    while True:
        beats = heart.beats
        batch = await asyncio.to_thread(news.since, bureau, reader, mark)
        fallen = await asyncio.to_thread(news.fallen_due, bureau, reader, due)
        mark, due = batch.mark, max((each.done for each in fallen), default=due)
        for message in _messages(_wanted(token, (*batch.news, *fallen)), speller):
            yield message
        if batch.more:
            continue
        if not await heart.wait(beats, BEAT):
            yield ServerSentEventMessage(comment="beat", data=None)
        if heart.ended:
            return
        try:
            token, reader = await asyncio.to_thread(tokens.again, bureau, token.token)
        except ComityError:
            return


def _wanted(token: Token, found: Iterable[News]) -> Iterator[News]:
    """Leave out what belongs to a capability that the token has nothing to do with."""
    return (each for each in found if token.touches(each.kind.partition(".")[0]))


def _messages(found: Iterable[News], speller: Speller) -> Iterator[ServerSentEventMessage]:
    for each, following in pairwise([*found, None]):
        if each is None:
            return
        name = type(each).__name__.lower()
        data = _ENCODER.encode(speller.of(type(each)).write(each)).decode()
        last = not isinstance(each, FellDue) and _number(following) != each.number
        yield ServerSentEventMessage(data=data, event=name, id=_number(each) if last else None)


def _number(each: News | None) -> int | None:
    return None if each is None or isinstance(each, FellDue) else each.number
