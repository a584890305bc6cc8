"""Five bureaus, two relays, a registry and three witnesses in one process, with an attacker's hand on every line.

All of it is the program's own: nodes, relays, carriers, collectors, the registry with its custodians, witnesses.
Time stands still unless a test moves it. What a node draws while it works comes from a seed; the bureaus' keys do not,
and HPKE draws its own randomness (decision 0006). So sealed bytes differ from run to run, and what happens does not.
Founding is done once in a process and copied for each test.
"""

import hashlib
import itertools
import shutil
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import msgspec

from comity.core.codec import decode, encode
from comity.core.ids import BureauId
from comity.core.registry import Registry, Role
from comity.node import jobs, witness
from comity.node.bureau import Bureau
from comity.node.database import sqlite_url
from comity.node.keyring import Keyring
from comity.node.mailboxes import Limits, Mail
from comity.node.relay import Relay
from comity.node.repository import Repository
from comity.node.trust import Trust
from tests.node.founding import START, Founded
from tests.relayed import Answer, Relayed, Tap, mail_in

MA, NO, ET, SN, DE = (BureauId(name) for name in ("ma", "no", "et", "sn", "de"))
BUREAUS, WITNESSES, ADDRESSED = (MA, NO, ET, SN, DE), (NO, ET, SN), (MA, NO)
"""Rabat and Oslo can be reached directly; the others have no address and live behind their relays."""

R1, R2 = BureauId("r1"), BureauId("r2")
PASSPHRASE = "a passphrase for tests"
CANARY = "the canary of Addis Ababa was born on 1971-03-09"

T = TypeVar("T")
There = Callable[[bytes], Answer]


class Seeded:
    """Entropy that is the same in every run: SHAKE-256 over a label and a counter."""

    def __init__(self, label: str) -> None:
        self._label, self._count = label.encode(), itertools.count()

    def __call__(self, size: int) -> bytes:
        """Return the next bytes."""
        return hashlib.shake_256(self._label + next(self._count).to_bytes(8, "big")).digest(size)

    def below(self, bound: int) -> int:
        """Return a number from 0 up to the bound."""
        return int.from_bytes(self(8)) % bound

    def shuffled(self, things: list[T]) -> list[T]:
        """Return the things in some order."""
        rest, order = list(things), list[T]()
        while rest:
            order.append(rest.pop(self.below(len(rest))))
        return order


@dataclass
class Middle:
    """The man in the middle: hears every request with its answer, and has a hand for what is to be done to some."""

    heard: list[tuple[BureauId, str, bytes, bytes]] = field(default_factory=list)
    """Whose address, path, body, answer."""
    hands: list[Tap] = field(default_factory=list)

    def __call__(self, name: str, path: str, body: bytes, there: There) -> Answer:
        """Let all hands do their work, the last one nearest to the caller."""

        def recorded(raw: bytes) -> Answer:
            status, answer = there(raw)
            self.heard.append((BureauId(name), path, raw, answer))
            return status, answer

        reached: There = recorded
        for hand in self.hands:
            reached = _through(hand, name, path, reached)
        return reached(body)

    def deliveries(self) -> list[bytes]:
        """Return every delivery that passed on the way to a bureau or a relay, in order."""
        found = [mail_in(body) for _, path, body, _ in self.heard if path == "deliveries"]
        return [raw for mail in found for raw in mail]

    def everything(self) -> bytes:
        """Return all bytes that passed."""
        return b"".join(part for _, path, body, answer in self.heard for part in (path.encode(), body, answer))


def _through(hand: Tap, name: str, path: str, there: There) -> There:
    return lambda raw: hand(name, path, raw, there)


def to_mailbox(change: Callable[[list[Mail]], list[Mail]], relays: Iterable[BureauId] = (R1, R2)) -> Tap:
    """Return the hand that changes what relays hand out: it drops, repeats, reorders, alters or adds mail."""
    owners = frozenset(relays)

    def hand(name: str, path: str, body: bytes, there: There) -> Answer:
        status, answer = there(body)
        if path != "mailbox" or status != 200 or name not in owners:
            return status, answer
        return status, encode(change(decode(answer, list[Mail], len(answer))))

    return hand


def numbered(raws: Iterable[bytes], first: int = 1_000_000) -> list[Mail]:
    """Return deliveries as mail of numbers that no relay has given yet."""
    return [Mail(number=first + place, delivery=raw) for place, raw in enumerate(raws)]


class Attacked(Relayed):
    """The organisation under attack."""

    founded: Founded
    middle: Middle
    trusts: dict[BureauId, Trust]
    views: dict[BureauId, Registry]
    """What single bureaus know of the registry, where that is not what all know."""
    chance: Seeded
    """Chooses what is attacked; the same in every run."""

    def open(
        self, name: str, keyring: Keyring, url: str = "", *, create: bool = False, folder: Path | None = None
    ) -> Bureau:
        """Open a bureau with entropy from the seed, and with its own view of the registry."""
        opened = super().open(name, keyring, url, create=create, folder=folder)
        me, drawn = opened.me, Seeded(f"{name} {folder} {create}")
        store = replace(opened.store, entropy=drawn)
        return replace(opened, store=store, entropy=drawn, registry=lambda: self.views.get(me, self.registry))

    def trust(self, name: BureauId) -> Trust:
        """Return what a bureau knows of the registry, fetched over a line that the attacker holds."""
        if name not in self.trusts:
            self.trusts[name] = self.founded.node(self.folder / f"trust-{name}")
        return self.trusts[name]

    def refresh(self, *names: BureauId) -> None:
        """Let bureaus fetch the registry; when none is named, everybody sees what Rabat sees."""
        for name in names:
            self.views[name] = self.trust(name).refresh(self.clock)
        if not names:
            self.registry = self.trust(MA).refresh(self.clock)

    def witnessed(self, name: BureauId) -> list[int]:
        """Let the newest checkpoint of a bureau's log be cosigned, and return how the witnesses answered."""
        bureau, found = self.bureaus[name], []
        jobs.checkpoint(bureau)
        for ask in witness.requests(bureau):
            status, body = self.tap(ask.witness, "log/add-checkpoint", ask.body, self._cosign(ask.witness))
            witness.record(bureau, ask, status, body)
            found.append(status)
        return found

    def _cosign(self, name: BureauId) -> There:
        def there(body: bytes) -> Answer:
            answer = witness.add_checkpoint(self.bureaus[name], body)
            return answer.status, answer.body

        return there

    def only(self, *names: BureauId) -> None:
        """Let the other bureaus be away, which saves their work where they play no part."""
        self.away = set(BUREAUS) - set(names)

    def patient(self, rounds: int = 5, pause: int = 3_700_000) -> None:
        """Carry, and let an hour pass, so often that every second road has been tried."""
        for _ in range(rounds):
            self.carry()
            self.later(pause)
        self.carry()


def found(folder: Path) -> Attacked:
    """Found the organisation, by the real ceremonies."""
    founded = Founded(folder / "registry", custodians=5, threshold=3)
    made = _empty(folder, founded)
    for name in BUREAUS:
        made.join(name)
    for name in (R1, R2):
        made.station(name)
    for name, profile in made.registry.profiles.items():
        listed = (f"http://{name}",) if name in (*ADDRESSED, R1, R2) else ()
        final = msgspec.structs.replace(profile, witness=name in WITNESSES, addresses=listed)
        founded.admit(name, profile=final, role=Role.RELAY if name in (R1, R2) else Role.BUREAU)
    made.registry = made.trust(MA).refresh(START)
    return made


def copied(template: Attacked, folder: Path) -> Attacked:
    """Return a copy of an organisation that was closed, as it was founded."""
    shutil.copytree(template.folder, folder)
    founded = copy(template.founded)
    founded.folder = folder / "registry"
    founded.repository = Repository(founded.folder, founded.anchor)
    made = _empty(folder, founded)
    made.registry = template.registry
    for name in BUREAUS:
        made.bureaus[name] = made.open(name, _keyring(folder, name))
    for name in (R1, R2):
        made.relays[name] = made._opened(name, _keyring(folder, name), _mail_in(folder, name), Limits())
    return made


def relay_in(folder: Path, me: BureauId, registry: Registry) -> Relay:
    """Open the relay in a folder of an organisation, without the rest of it."""
    made = Attacked(folder, org=registry.org, clock=START)
    made.registry = registry
    return made._opened(me, _keyring(folder, me), _mail_in(folder, me), Limits())


def _mail_in(folder: Path, name: BureauId) -> str:
    return sqlite_url(folder / name / "relay.db")


def _empty(folder: Path, founded: Founded) -> Attacked:
    made = Attacked(folder, org=founded.anchor.org, clock=START)
    made.founded, made.middle, made.trusts, made.views = founded, Middle(), {}, {}
    made.chance, made.tap = Seeded("the attacker"), made.middle
    return made


def _keyring(folder: Path, name: BureauId) -> Keyring:
    return Keyring.open(folder / name / "keyring", PASSPHRASE)
