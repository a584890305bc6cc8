"""A federation with relays: the carriers, collectors and relays of the program, and a hand on every byte between them.

Bureaus work as in `tests/simulator.py`. What they bring to a peer or to a relay goes through the real
`node/carrier.py`; only its one method that touches the network is replaced, by a call in this process. `tap` sees each
request with its answer, and may change both, lose them, or say that nobody is there.
"""

import asyncio
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import aiohttp
from msgspec.structs import replace

from comity.app import open_node
from comity.capabilities import ALL
from comity.capabilities.messages.acts import Attachment, Information
from comity.core.codec import decode, encode, unpack
from comity.core.errors import ComityError, Malformed, Misused, Refused, Unreachable
from comity.core.handling import Purpose
from comity.core.ids import BureauId, Digest
from comity.core.registry import Accreditation, KeyUse, Profile, Role, Suite
from comity.node import clock, inbox, offers, post, relay, relayhome
from comity.node.blobs import Blobs
from comity.node.bureau import Bureau
from comity.node.carrier import Carrier
from comity.node.clock import entropy
from comity.node.collector import FETCHES, Basket, Collector
from comity.node.database import Database, sqlite_url
from comity.node.keyring import Keyring
from comity.node.mailboxes import Limits
from comity.node.relay import Relay, Stale
from comity.node.store import Kept
from tests.simulator import START, Federation, reader

Answer = tuple[int, bytes]
Tap = Callable[[str, str, bytes, Callable[[bytes], Answer]], Answer]
"""(whose address, path, body, what is there) -> the answer that arrives; raises Unreachable for nobody there."""

PLENTY = 100 << 30
"""Free bytes of a disk, as relays are told unless a test says otherwise."""

STATUS: dict[type[ComityError], int] = {Malformed: 400, Misused: 404, Refused: 403, Unreachable: 503}


class Wired(Carrier):
    """A carrier whose network is a call to what stands behind the address."""

    def __init__(self, bureau: Bureau, fed: "Relayed") -> None:
        super().__init__(bureau, None)  # type: ignore[arg-type]  # the session is not used
        self._fed = fed

    async def _call(
        self, method: str, address: str, path: str, body: bytes, *, most: int = 0,
        timeout: aiohttp.ClientTimeout | None = None,
    ) -> Answer:  # fmt: skip
        del most, timeout
        host = address.removeprefix("http://")
        name = self._fed.behind.get(host, BureauId(host))
        try:
            return self._fed.tap(name, path, body, lambda raw: self._fed.request(method, name, path, raw))
        except Unreachable as problem:
            raise aiohttp.ClientConnectionError(str(problem)) from None


@dataclass
class Relayed(Federation):
    """Bureaus and relays of one organisation."""

    relays: dict[BureauId, Relay] = field(default_factory=dict)
    collectors: dict[tuple[BureauId, BureauId], Collector] = field(default_factory=dict)
    carriers: dict[BureauId, Carrier] = field(default_factory=dict)
    tap: Tap = field(default=lambda _name, _path, body, there: there(body))
    behind: dict[str, BureauId] = field(default_factory=dict)
    """Who answers at a host and port, where that is not the party's own name."""
    free: int = PLENTY
    asked: list[tuple[BureauId, str]] = field(default_factory=list)
    """Every request that was made: whose address, and the path."""

    # Parties.

    def listed(self, name: str) -> None:
        """List an address for a bureau; without one it is reached through relays only."""
        me = BureauId(name)
        self.change(profiles={me: replace(self.registry.profile(me), addresses=(f"http://{name}",))})

    def station(self, name: str, *, url: str = "", limits: Limits | None = None) -> Relay:
        """Make a relay and accredit it."""
        me, home = BureauId(name), self.folder / name
        keyring = Keyring.create(home / "keyring", "a passphrase for tests", work=4)
        key = keyring.new(KeyUse.SIGN, Suite.ED25519)
        profile = Profile(bureau=me, name=name, version=1, keys=(key,), addresses=(f"http://{name}",))
        decided = Accreditation(bureau=me, role=Role.RELAY, since=START, decided_by="exercise")
        self.change(profiles={me: profile}, accreditations={me: decided})
        self.relays[me] = self._opened(me, keyring, url or sqlite_url(home / "relay.db"), limits or Limits())
        return self.relays[me]

    def reopened(self, name: str) -> Relay:
        """Close a relay and open it again from what is on its disk."""
        old = self.relays[BureauId(name)]
        old.database.close()
        self.relays[old.me] = self._opened(old.me, old.keyring, old.database.url, old.limits)
        return self.relays[old.me]

    def _opened(self, me: BureauId, keyring: Keyring, url: str, limits: Limits) -> Relay:
        return Relay(
            org=self.org, me=me, database=Database(url), blobs=Blobs(self.folder / me / "blobs"), keyring=keyring,
            registry=lambda: self.registry, now=self.now, free=lambda: self.free, limits=limits,
        )  # fmt: skip

    # Moving.

    def step(self, bureau: Bureau) -> int:
        """Let one node do what is due, bring what leaves, and empty its mailboxes, once."""
        return asyncio.run(self._step(bureau))

    async def _step(self, bureau: Bureau) -> int:
        done = self.chores(bureau)
        carrier = self.carrier(bureau)
        for recipient, parcels in post.collect(bureau).items():
            try:
                for report in await carrier.deliver(recipient, parcels):
                    post.note(bureau, report).result()
            except ComityError as problem:
                post.failed(bureau, parcels, str(problem))
            done += len(parcels)
        for name in self.registry.relays(self.now()):
            collector = self.collectors.setdefault((bureau.me, name), Collector(Basket(bureau, name), carrier))
            # Each step has an event loop of its own, and a gate that was waited at belongs to one.
            collector._gate = asyncio.Semaphore(FETCHES)
            try:
                found, _ = await collector.once()
                await collector.settle()
                done += found
            except ComityError:
                continue
        return done

    def work(self) -> None:
        """Let relays let go of what has expired, and bureaus work until nothing moves."""
        for station in self.relays.values():
            relay.sweep(station.database, station.blobs, self.now())
        # Where the clock stands still, the first poll of a node that was opened again is no newer than its last one.
        self.carry(rounds=1)
        self.carry()

    def carrier(self, bureau: Bureau) -> Carrier:
        """Return the carrier of a bureau, made when it is first asked for."""
        return self.carriers.setdefault(bureau.me, Wired(bureau, self))

    def restart(self, name: str) -> Bureau:
        """Open a bureau anew, with what keeps nothing on the disk made anew too."""
        bureau = super().restart(name)
        self.carriers.pop(bureau.me, None)
        self.collectors = {key: each for key, each in self.collectors.items() if key[0] != bureau.me}
        return bureau

    def request(self, method: str, name: BureauId, path: str, body: bytes) -> Answer:
        """Answer a request as the party behind an address would."""
        self.asked.append((name, path))
        try:
            if name in self.relays:
                return self._at_relay(self.relays[name], method, path, body)
            return self._at_bureau(self._open(name), path, body)
        except (Malformed, Misused, Refused) as problem:
            return STATUS[type(problem)], str(problem).encode()

    def _at_bureau(self, bureau: Bureau, path: str, body: bytes) -> Answer:
        match path.split("/"):
            case ["deliveries"]:
                return 200, encode(inbox.receive(bureau, unpack(body, relay.HANDED.bytes * 2)))
            case ["offers"]:
                return 200, encode(offers.offered(bureau, body))
            case ["blobs", blob, "manifest"]:
                offers.take_manifest(bureau, Digest(bytes.fromhex(blob)), body)
            case ["blobs", blob, chunk]:
                offers.take_chunk(bureau, Digest(bytes.fromhex(blob)), Digest(bytes.fromhex(chunk)), body)
            case _:
                return 404, b""
        return 204, b""

    def _at_relay(self, station: Relay, method: str, path: str, body: bytes) -> Answer:
        match method, path.split("/"):
            case "POST", ["deliveries"]:
                return 200, encode(station.take(unpack(body, relay.HANDED.bytes * 2)))
            case "POST", ["mailbox"]:
                said = station.polled(body)
                return (409, b"%d" % said.last) if isinstance(said, Stale) else (200, encode(station.waiting(said)))
            case "POST", ["offers"]:
                return 200, encode(station.offered(body))
            case "PUT", ["blobs", blob, "manifest"]:
                station.take_manifest(Digest(bytes.fromhex(blob)), body)
            case "PUT", ["blobs", blob, chunk]:
                station.take_chunk(Digest(bytes.fromhex(blob)), Digest(bytes.fromhex(chunk)), body)
            case "GET", ["blobs", blob, "manifest"]:
                return 200, station.manifest(Digest(bytes.fromhex(blob)))
            case "GET", ["blobs", blob, chunk]:
                return 200, station.chunk(Digest(bytes.fromhex(blob)), Digest(bytes.fromhex(chunk)))
            case _:
                return 404, b""
        return 204, b""

    def close(self) -> None:
        """Close every node and relay."""
        super().close()
        for station in self.relays.values():
            station.database.close()


@contextmanager
def over(folder: Path, bureaus: Iterable[str], relays: Iterable[str], passphrase: str) -> Iterator[Relayed]:
    """Open nodes and relays from their folders, as a federation in which nobody is reached but over these relays.

    Bureaus and relays that are not named do not answer.
    """
    nodes = [open_node(folder / name, passphrase) for name in bureaus]
    stations = [relayhome.open_relay(folder / name, passphrase) for name in relays]
    fed = Relayed(folder, clock=clock.now())
    fed.tap = partial(_only_over, fed.relays)
    try:
        for node in nodes:
            bureau = node.home.bureau(node.home.choose(), ALL, now=fed.now)
            fed.bureaus[bureau.me], fed.registry = bureau, bureau.registry()
        for station in stations:
            (each,) = station.relays(now=fed.now).values()
            fed.relays[each.me] = each
            fed.behind[station.settings.address.removeprefix("http://")] = each.me
        yield fed
    finally:
        for node in nodes:
            node.close()
        for station in stations:
            station.close()


def _only_over(
    relays: Mapping[BureauId, Relay], name: str, _path: str, body: bytes, there: Callable[[bytes], Answer]
) -> Answer:
    if name not in relays:
        raise Unreachable(f"{name} does not answer")
    return there(body)


def relayed(folder: Path, bureaus: str, relays: str = "r1 r2") -> Relayed:
    """Return a federation of these bureaus, none of which lists an address, and these relays."""
    made = Relayed(folder)
    for name in bureaus.split():
        made.join(name)
    for name in relays.split():
        made.station(name)
    return made


def enclose(bureau: Bureau, to: str, content: bytes, **how: object) -> Kept:
    """Say a piece of information with an attachment."""
    kept = bureau.blobs.put(io.BytesIO(content), entropy)
    attached = Attachment(
        name="photograph", media_type="image/png", size=kept.size, digest=kept.digest, blob=kept.root,
        chunks=kept.chunks, key=kept.key,
    )  # fmt: skip
    act = Information(title="exercise", text="see enclosed", language="en", attachments=(attached,))
    return bureau.say(
        act, (BureauId(to),), reader=reader(bureau), purpose=Purpose.INVESTIGATE, blobs=(kept.root,), **how
    )


def mail_in(raw: bytes) -> list[bytes]:
    """Return the deliveries in a request to take them in."""
    found: list[bytes] = decode(raw, list[bytes], relay.HANDED.bytes * 2)
    return found
