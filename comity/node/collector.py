"""Fetches a bureau's mail from the relays of its organisation, and tells them what it has committed (decision 0033).

A relay is believed in nothing. What it hands over goes the way of every delivery (`node/inbox.py`), so junk, mail of
others, old mail and mail in another order do what they would do if a stranger had sent them: nothing. A number is
confirmed only after the commit of the mail that came under it. Beside mail a relay hands over its own signed word that
it gives mail of ours back (`node/post.py`). A relay that keeps answering and brings nothing new is
asked ever more seldom.

One poll is always open at each relay; the relay answers when there is mail, or after half a minute.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from comity.core import carriage
from comity.core.carriage import MOST_TAKEN, Collect
from comity.core.codec import decode
from comity.core.envelope import Delivery
from comity.core.errors import ComityError, Malformed, Unreachable
from comity.core.ids import BureauId, Digest
from comity.node import inbox, offers, post
from comity.node.bureau import Bureau
from comity.node.carrier import MOST_MAIL, Carrier
from comity.node.chunks import ID
from comity.node.mailboxes import Mail
from comity.node.relay import HANDED

STALE = 409
"""HTTP's own number: our serial is not above the last one, which the answer names."""

OK = 200

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 60.0
"""Seconds before a relay is asked again that failed or brought nothing new; doubled each time."""

PATIENT = 1.0
"""Seconds: an empty answer that took longer than this is a poll that waited, and no reason for a pause."""

FETCHES = 2
"""Pieces of mail whose attachments are fetched from one relay at a time; polling goes on meanwhile."""

MOST_FETCHING = 64
"""Those that are fetched or wait for it; the others are offered again."""


class Lacking(msgspec.Struct, frozen=True, kw_only=True):
    """Mail that cannot be taken in before its attachments are here."""

    mail: Mail
    chunks: dict[str, list[bytes]]
    """By attachment, what is missing of it, as `offers.offered` says."""


@dataclass
class Basket:
    """What passes between a bureau and one relay: the next poll, and what to do with its answer. No network."""

    bureau: Bureau
    relay: BureauId
    fetching: set[int] = field(default_factory=set)
    """Numbers of mail whose attachments are under way."""
    _serial: int = 0
    _taken: list[int] = field(default_factory=list)
    _left: list[int] = field(default_factory=list)

    def poll(self) -> bytes:
        """Return the next poll, signed; it confirms what was committed since the last one that arrived."""
        now = self.bureau.now()
        # The clock, not a counter on the disk: it grows across restarts, and a relay that is ahead tells so.
        self._serial = max(self._serial + 1, now)
        taken = self._taken[:MOST_TAKEN]
        said = Collect(
            org=self.bureau.org, relay=self.relay, bureau=self.bureau.me, at=now, serial=self._serial,
            taken=tuple(taken), left=tuple(self._left[: MOST_TAKEN - len(taken)]),
        )  # fmt: skip
        return carriage.ask(said, self.bureau.signer())

    def answered(self, status: int, raw: bytes) -> list[Mail]:
        """Return the mail in an answer to the last poll.

        Raises:
            Malformed: it is no list of mail, or more than a relay may hand over at once.
            Unreachable: the relay did not take the poll.

        """
        if status == STALE and raw.isdigit() and len(raw) < 19:  # noqa: PLR2004 - digits of 63 bits
            self._serial = max(self._serial, int(raw))
            raise Unreachable(f"{self.relay} has seen a later poll")
        if status != OK:
            raise Unreachable(f"{self.relay} answered with status {status}")
        mail = decode(raw, list[Mail], MOST_MAIL)
        if len(mail) > HANDED.pieces or len({each.number for each in mail}) != len(mail):
            raise Malformed(f"{len(mail)} pieces of mail, at most {HANDED.pieces} different ones were expected")
        if any(each.number < 1 for each in mail):
            raise Malformed("numbers of mail count from 1")
        del self._taken[:MOST_TAKEN]
        self._left.clear()
        return mail

    def keep(self, mail: list[Mail]) -> tuple[int, list[Lacking]]:
        """Take mail in; returns how much of it was new, and what needs its attachments first."""
        outcomes = inbox.receive(self.bureau, [each.delivery for each in mail])
        new = 0
        lacking: list[Lacking] = []
        for each, outcome in zip(mail, outcomes, strict=True):
            if outcome.committed:
                self._taken.append(each.number)
                new += outcome.code != "again"
                continue
            if post.given_back(self.bureau, self.relay, each.delivery):
                self._taken.append(each.number)
                new += 1
                continue
            # The relay keeps it; perhaps it can be taken in later.
            self._left.append(each.number)
            chunks = self.lacks(each)
            if chunks and each.number not in self.fetching and len(self.fetching) + len(lacking) < MOST_FETCHING:
                lacking.append(Lacking(mail=each, chunks=chunks))
        return new, lacking

    def lacks(self, mail: Mail) -> dict[str, list[bytes]]:
        """Return what is missing of the attachments that mail announces; nothing where its frame is no good."""
        try:
            return offers.offered(self.bureau, decode(mail.delivery, Delivery).frame)
        except ComityError:
            return {}


@dataclass
class Collector:
    """Empties the mailbox of a bureau at one relay, again and again."""

    basket: Basket
    road: Carrier
    _fetches: set[asyncio.Task[None]] = field(default_factory=set)
    _gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(FETCHES))

    async def run(self) -> None:
        """Poll until cancelled."""
        pause, loop = 0.0, asyncio.get_running_loop()
        try:
            while True:
                began = loop.time()
                try:
                    found, new = await self.once()
                    idle = not new and (found or loop.time() - began < PATIENT)
                except ComityError:
                    idle = True
                pause = min(max(2 * pause, FIRST_PAUSE), LONGEST_PAUSE) if idle else 0.0
                await asyncio.sleep(pause)
        finally:
            for task in self._fetches:
                task.cancel()

    async def once(self) -> tuple[int, int]:
        """Poll once and take in what comes; returns how much came, and how much of it was new."""
        basket = self.basket
        body = await asyncio.to_thread(basket.poll)
        status, raw = await self.road.poll(basket.relay, body)
        mail = basket.answered(status, raw)
        if not mail:
            return 0, 0
        new, lacking = await asyncio.to_thread(basket.keep, mail)
        for each in lacking:
            basket.fetching.add(each.mail.number)
            task = asyncio.create_task(self._complete(each))
            self._fetches.add(task)
            task.add_done_callback(self._fetches.discard)
        return len(mail), new + len(lacking)

    async def settle(self) -> None:
        """Wait until no attachment is under way."""
        await asyncio.gather(*self._fetches)

    async def _complete(self, lacking: Lacking) -> None:
        """Fetch the attachments of one piece of mail, then take it in; if they do not come, it is offered again."""
        try:
            async with self._gate:
                if await self._fetched(lacking):
                    await asyncio.to_thread(self.basket.keep, [lacking.mail])
        except ComityError:
            return
        finally:
            self.basket.fetching.discard(lacking.mail.number)

    async def _fetched(self, lacking: Lacking) -> bool:
        """Fetch what one piece of mail lacks; tells whether it lacks nothing any more."""
        try:
            for name, chunks in lacking.chunks.items():
                await self._fetch(Digest(bytes.fromhex(name)), chunks)
        except ComityError:
            # Another copy of the act may have brought them meanwhile; then nobody announces them any more.
            return not await asyncio.to_thread(self.basket.lacks, lacking.mail)
        return True

    async def _fetch(self, blob: Digest, chunks: list[bytes]) -> None:
        bureau, relay = self.basket.bureau, self.basket.relay
        if chunks == [b""]:
            raw = await self.road.fetch(relay, blob, "manifest")
            await asyncio.to_thread(offers.take_manifest, bureau, blob, raw)
            chunks = [raw[at : at + ID] for at in range(0, len(raw), ID)]
        for chunk in chunks:
            raw = await self.road.fetch(relay, blob, chunk.hex())
            await asyncio.to_thread(offers.take_chunk, bureau, blob, Digest(chunk), raw)


async def run(
    bureau: Bureau, road: Carrier, stop: asyncio.Event, complain: Callable[[str, Exception], None], look: float = 5.0
) -> None:
    """Collect at every relay that the registry lists, until `stop`; what changes there is seen every `look` seconds."""
    tasks: dict[BureauId, asyncio.Task[None]] = {}
    while not stop.is_set():
        try:
            listed = set(bureau.registry().relays(bureau.now()))
        except ComityError:
            listed = set(tasks)
        for relay, task in list(tasks.items()):
            if task.done() and not task.cancelled() and isinstance(problem := task.exception(), Exception):
                complain(bureau.me, problem)
            if task.done() or relay not in listed:
                task.cancel()
                del tasks[relay]
        for relay in listed - tasks.keys():
            tasks[relay] = asyncio.create_task(Collector(Basket(bureau, relay), road).run())
        try:
            await asyncio.wait_for(stop.wait(), look)
        except TimeoutError:
            continue
    for task in tasks.values():
        task.cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)
