"""Carries deliveries and attachments to peers and relays over HTTP, and asks witnesses (docs/spec/http.md).

HTTP only moves bytes here: who said what is proven by the envelope, not by the connection. Every answer is bounded in
size and time, because the other side may be anybody.
"""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field

import aiohttp
from msgspec.structs import replace

from comity.core.carriage import read_carried
from comity.core.codec import decode, encode
from comity.core.envelope import Delivery
from comity.core.errors import Malformed, Unreachable
from comity.core.ids import BureauId, Digest, Millis
from comity.node.bureau import Bureau
from comity.node.chunks import CHUNK, ID
from comity.node.inbox import Outcome
from comity.node.mailboxes import CARRIED
from comity.node.post import Parcel, Report
from comity.node.relay import Answer

CBOR = "application/cbor"

MOST = 1 << 20
"""Bytes of an answer that we read; the longest, a list of missing chunks of 2 GiB, has 70 kB."""

PATIENCE = aiohttp.ClientTimeout(total=120, sock_connect=10, sock_read=60)
"""Seconds: a batch of 8 MiB over a line of 1 Mbit/s takes 67."""

HASTE = aiohttp.ClientTimeout(total=120, sock_connect=2, sock_read=15)
"""The same for a peer whose mail a relay would take: it should not wait for a machine that is off."""

IDLE = 60.0
"""Seconds for which a connection is kept for the next request. A server of ours keeps it longer (`faces/incoming.py`):
were it the other way round, a request would now and then be written to a line that is just being hung up."""

CONNECTIONS = 1024
"""At most: two to each of 400 parties, and a poll to each relay; one that does not answer holds its own for minutes."""

AWAY = 30_000
"""How long a peer that did not answer is not tried directly while a relay takes its mail, milliseconds."""

ABREAST = 4
"""Chunks of an attachment under way together: one by one, both sides and both disks would wait for each other."""

MOST_REASON = 200
"""Bytes of a reason that are kept of an answer which is an error."""

MOST_MAIL = 32 << 20
"""Bytes of one answer of a mailbox: 8 MiB of mail, the last piece of which may have 8 MiB more, in their list."""


@dataclass
class Carrier:
    """The roads from one bureau to its peers and relays."""

    bureau: Bureau
    session: aiohttp.ClientSession
    _away: dict[BureauId, Millis] = field(default_factory=dict)
    """Until when a peer is not tried directly."""

    async def deliver(self, recipient: BureauId, parcels: list[Parcel]) -> list[Report]:
        """Bring parcels to their recipient, or else to a relay each; return what became of them, road by road.

        Raises:
            Unreachable: neither the peer nor a relay took any of them.

        """
        if any(parcel.relays for parcel in parcels) and self.bureau.now() < self._away.get(recipient, Millis(0)):
            trouble = f"{recipient} did not answer a moment ago"
        else:
            try:
                outcomes = await self.hand_over(recipient, parcels)
            except Unreachable as problem:
                trouble = str(problem)
                self._away[recipient] = Millis(self.bureau.now() + AWAY)
            else:
                self._away.pop(recipient, None)
                return [Report(parcels=parcels, outcomes=outcomes)]
        return await self._relayed(parcels, trouble)

    async def _relayed(self, parcels: list[Parcel], trouble: str) -> list[Report]:
        """Bring each parcel to the first of its relays that takes it."""
        reports: list[Report] = []
        left, wait = parcels, 0
        for step in range(max(len(parcel.relays) for parcel in parcels)):
            groups: dict[BureauId, list[Parcel]] = defaultdict(list)
            for parcel in left:
                if step < len(parcel.relays):
                    groups[parcel.relays[step]].append(parcel)
            for relay, group in groups.items():
                try:
                    report = await self._give(relay, group)
                except Unreachable as problem:
                    trouble = str(problem)
                    continue
                pairs = list(zip(report.parcels, report.outcomes, strict=True))
                held = [parcel for parcel, outcome in pairs if outcome.committed]
                trouble = next((f"{relay}: {each.reason}" for _, each in pairs if not each.committed), trouble)
                wait = max(wait, report.wait)
                if held:
                    taken = [outcome for _, outcome in pairs if outcome.committed]
                    reports.append(replace(report, parcels=held, outcomes=taken, wait=0))
                    left = [parcel for parcel in left if parcel not in held]
        if not reports and not wait:
            raise Unreachable(trouble)
        if left:
            refused = [Outcome(code="malformed", reason=trouble)] * len(left)
            reports.append(Report(parcels=left, outcomes=refused, wait=wait))
        return reports

    async def _give(self, relay: BureauId, parcels: list[Parcel]) -> Report:
        """Hand parcels to one relay; only what its signed statement names counts as taken.

        Raises:
            Unreachable: no address of the relay answered as it should.

        """
        trouble = f"{relay} lists no address"
        for address in self.bureau.registry().profile(relay).addresses:
            try:
                ready, refused = await self._enclose(address, parcels)
                raw = await self._post(address, "deliveries", encode([parcel.delivery for parcel in ready]), HASTE)
                return self._promised(relay, ready, refused, decode(raw, Answer))
            except (aiohttp.ClientError, TimeoutError, Malformed, Unreachable) as problem:
                trouble = f"{relay} at {address}: {_spoken(problem)}"
        raise Unreachable(trouble)

    async def _enclose(self, address: str, parcels: list[Parcel]) -> tuple[list[Parcel], list[Parcel]]:
        """Send attachments ahead; one that is refused keeps back its own parcel alone."""
        ready, refused = [], []
        for parcel in parcels:
            try:
                if parcel.blobs:
                    await self._attach(address, parcel, HASTE)
            except Unreachable:
                refused.append(parcel)
            else:
                ready.append(parcel)
        if not ready:
            raise Unreachable("takes none of the attachments")
        return ready, refused

    def _promised(self, relay: BureauId, ready: list[Parcel], refused: list[Parcel], answer: Answer) -> Report:
        if len(answer.outcomes) != len(ready):
            raise Malformed(f"{len(answer.outcomes)} answers to {len(ready)} deliveries")
        said = read_carried(answer.carried, self.bureau.registry(), relay) if answer.carried else None
        named = frozenset(said.sealed) if said is not None else frozenset()
        outcomes = [
            Outcome(code=CARRIED if parcel.sealed in named else "malformed", reason=told.reason)
            for parcel, told in zip(ready, answer.outcomes, strict=True)
        ]
        outcomes += [Outcome(code="malformed", reason="an attachment was refused")] * len(refused)
        return Report(
            parcels=[*ready, *refused], outcomes=outcomes, relay=relay, said=said, statement=answer.carried,
            wait=max((told.wait for told in answer.outcomes), default=0),
        )  # fmt: skip

    async def poll(self, relay: BureauId, body: bytes) -> tuple[int, bytes]:
        """Ask a relay for the mail of this bureau; returns its status and answer, after half a minute at most.

        Raises:
            Unreachable: no address of the relay answered.

        """
        for address in self.bureau.registry().profile(relay).addresses:
            try:
                return await self._call("POST", address, "mailbox", body, most=MOST_MAIL)
            except (aiohttp.ClientError, TimeoutError, Malformed):
                continue
        raise Unreachable(f"{relay} does not answer")

    async def fetch(self, relay: BureauId, blob: Digest, part: str) -> bytes:
        """Return the manifest, or a chunk, of an attachment that a relay holds for us; not verified yet.

        Raises:
            Unreachable: no address of the relay has it.

        """
        for address in self.bureau.registry().profile(relay).addresses:
            try:
                status, raw = await self._call("GET", address, f"blobs/{blob.hex()}/{part}", b"", most=2 * CHUNK)
            except (aiohttp.ClientError, TimeoutError, Malformed):
                continue
            if status == 200:  # noqa: PLR2004 - HTTP's own number
                return raw
        raise Unreachable(f"{relay} does not give the attachment")

    async def hand_over(self, recipient: BureauId, parcels: list[Parcel]) -> list[Outcome]:
        """Hand deliveries over, attachments first, and return what became of each.

        Raises:
            Unreachable: no address of the peer answered as it should.

        """
        addresses = self.bureau.registry().profile(recipient).addresses
        trouble = f"{recipient} lists no address"
        timeout = HASTE if any(parcel.relays for parcel in parcels) else PATIENCE
        for address in addresses:
            try:
                for parcel in parcels:
                    if parcel.blobs:
                        await self._attach(address, parcel, timeout)
                raw = await self._post(address, "deliveries", encode([parcel.delivery for parcel in parcels]), timeout)
                outcomes = _outcomes(raw, len(parcels))
            except (aiohttp.ClientError, TimeoutError, Malformed, Unreachable) as problem:
                trouble = f"{recipient} at {address}: {_spoken(problem)}"
                continue
            return outcomes
        raise Unreachable(trouble)

    async def ask_witness(self, witness: BureauId, body: bytes) -> tuple[int, bytes]:
        """Ask a witness to cosign a checkpoint; returns its status and answer.

        Raises:
            Unreachable: no address of the witness answered.

        """
        for address in self.bureau.registry().profile(witness).addresses:
            try:
                async with self.session.post(
                    self._url(address, "log/add-checkpoint"), data=body, allow_redirects=False
                ) as answer:
                    return answer.status, await _body(answer)
            except (aiohttp.ClientError, TimeoutError, Malformed):
                continue
        raise Unreachable(f"{witness} does not answer")

    async def _attach(self, address: str, parcel: Parcel, timeout: aiohttp.ClientTimeout) -> None:
        """Send the chunks that are lacking there; the frame, which names the attachments, is the ticket."""
        frame = decode(parcel.delivery, Delivery).frame
        wanted = decode(await self._post(address, "offers", frame, timeout), dict[str, list[bytes]])
        for blob in parcel.blobs:
            name = blob.hex()
            if name not in wanted:
                continue
            missing = wanted[name]
            if missing == [b""]:
                manifest = self.bureau.blobs.manifest(blob)
                await self._put(address, f"blobs/{name}/manifest", manifest)
                missing = [manifest[at : at + ID] for at in range(0, len(manifest), ID)]
            await self._chunks(address, blob, missing)

    async def _chunks(self, address: str, blob: Digest, missing: list[bytes]) -> None:
        """Send chunks, a few at a time: while one is on the line, the next is read here and another is kept there.

        Raises:
            Malformed: a chunk has rotted on this node's disk.
            Unreachable: the other side did not take one.

        """
        left = iter(missing)

        async def send() -> None:
            for chunk in left:
                data = await asyncio.to_thread(self.bureau.blobs.unverified, blob, Digest(chunk))
                try:
                    await self._put(address, f"blobs/{blob.hex()}/{chunk.hex()}", data)
                except Unreachable:
                    # Whoever takes a chunk verifies it; that it left as it should is looked at where one was refused.
                    await asyncio.to_thread(self.bureau.blobs.chunk, blob, Digest(chunk))
                    raise

        senders = [asyncio.create_task(send()) for _ in range(min(ABREAST, len(missing)))]
        try:
            await asyncio.gather(*senders)
        finally:
            for sender in senders:
                sender.cancel()

    async def _post(self, address: str, path: str, body: bytes, timeout: aiohttp.ClientTimeout = PATIENCE) -> bytes:
        status, raw = await self._call("POST", address, path, body, timeout=timeout)
        if status != 200:  # noqa: PLR2004 - HTTP's own number
            raise Unreachable(f"answered with status {status}{_reason(raw)}")
        return raw

    async def _put(self, address: str, path: str, body: bytes) -> None:
        status, _ = await self._call("PUT", address, path, body)
        if status not in {200, 204}:
            raise Unreachable(f"answered an attachment with status {status}")

    async def _call(
        self, method: str, address: str, path: str, body: bytes, *, most: int = MOST,
        timeout: aiohttp.ClientTimeout = PATIENCE,
    ) -> tuple[int, bytes]:  # fmt: skip
        """Make one request; the only place that touches the network, so that a test stands in its way here."""
        headers = {"Content-Type": CBOR} if path != "log/add-checkpoint" else {}
        url = self._url(address, path)
        async with self.session.request(method, url, data=body or None, headers=headers, timeout=timeout) as answer:
            return answer.status, await _body(answer, most)

    def _url(self, address: str, path: str) -> str:
        return f"{address.rstrip('/')}/o/{self.bureau.org}/{path}"


def session() -> aiohttp.ClientSession:
    """Return a client session; one serves all peers of a node."""
    # A proxy of the surroundings has no business between nodes, so the environment is not asked.
    connector = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=IDLE)
    return aiohttp.ClientSession(connector=connector, timeout=PATIENCE, trust_env=False, auto_decompress=False)


async def _body(answer: aiohttp.ClientResponse, most: int = MOST) -> bytes:
    raw = bytearray(await answer.content.read(most + 1))
    while len(raw) <= most and not answer.content.at_eof():
        more = await answer.content.read(most + 1 - len(raw))
        if not more:
            break
        raw += more
    if len(raw) > most:
        raise Malformed(f"an answer of more than {most} bytes")
    return bytes(raw)


def _outcomes(raw: bytes, expected: int) -> list[Outcome]:
    outcomes = decode(raw, list[Outcome])
    if len(outcomes) != expected:
        raise Malformed(f"{len(outcomes)} answers to {expected} deliveries")
    return outcomes


def _reason(raw: bytes) -> str:
    r"""Return what a peer says beside its status, if it is a line of text: a full relay says why it takes nothing.

    >>> _reason(b"relay.disk: 7 bytes are free, urgent needs 9 (decision 0033)\n")
    ': relay.disk: 7 bytes are free, urgent needs 9 (decision 0033)'
    """
    said = raw[:MOST_REASON].decode("ascii", "replace").strip()
    return f": {said}" if said.isprintable() and said else ""


def _spoken(problem: Exception) -> str:
    if isinstance(problem, (Malformed, Unreachable)):
        return str(problem)
    return "no answer in time" if isinstance(problem, TimeoutError) else "cannot be reached"
