"""The organisation that cases are played in: a registry of its own, two bureaus of ours, and the implementation's.

It is founded once in a run, by the real ceremonies, and copied for each case; what a case changes in it no other case
sees. Custodians, role keys and online keys are the suite's, and worth nothing. Time is what `Clock` says: it begins at
the same moment in each case, and moves only when a case lets it.
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from comity.capabilities.messages.acts import Information
from comity.core.act import NO_LABEL, kind_of
from comity.core.handling import Label, Purpose
from comity.core.ids import ActId, BureauId, Millis, OrgId
from comity.core.registry import Accreditation, Key, KeyUse, Policy, Profile, Revocation, Standing, Suite
from comity.faces.conformance import player, protocol
from comity.faces.conformance.player import Clock, Player
from comity.faces.conformance.session import Denial, Differs, Session
from comity.node import admission, anchor, ceremony, clock, home, proposals
from comity.node.anchor import Anchor
from comity.node.draft import Ceremony
from comity.node.keyfile import OfflineKey
from comity.node.repository import Online, Repository

START = Millis(1_767_225_600_000)
"""2026-01-01T00:00:00Z."""

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000

TESTED, PEER, THIRD = BureauId("tested"), BureauId("peer"), BureauId("third")
"""The implementation under test, and two bureaus of ours: the second one has the suites for older hardware."""

KEYS: dict[BureauId, tuple[tuple[KeyUse, Suite], ...]] = {
    PEER: (
        (KeyUse.SIGN, Suite.ED25519), (KeyUse.SEAL, Suite.HYBRID), (KeyUse.SEAL, Suite.X25519),
        (KeyUse.LOG, Suite.ED25519), (KeyUse.WITNESS, Suite.ED25519),
    ),
    THIRD: (
        (KeyUse.SIGN, Suite.ES256), (KeyUse.SEAL, Suite.X25519), (KeyUse.LOG, Suite.ED25519),
        (KeyUse.WITNESS, Suite.ED25519),
    ),
}  # fmt: skip

_NEEDED = {KeyUse.SIGN, KeyUse.SEAL, KeyUse.LOG}
_ROUNDS = 8


def _silent(_: str) -> None:
    """Let ceremonies speak to nobody."""


def _offline(label: str) -> OfflineKey:
    return OfflineKey(Ed25519PrivateKey.from_private_bytes(clock.entropy(32)), label)


@dataclass
class Organisation:
    """A registry in a folder, and every key that changes it."""

    folder: Path
    name: str = "conformance"
    custodians: list[OfflineKey] = field(default_factory=lambda: [_offline(f"custodian {n}") for n in (1, 2, 3)])
    online: Online = field(default_factory=lambda: Online(timestamp=_offline("online"), snapshot=_offline("online")))
    roles: dict[BureauId, OfflineKey] = field(default_factory=dict)

    @cached_property
    def anchor(self) -> Anchor:
        """The organisation's first root."""
        return anchor.read(self.folder / "anchor.json")

    @property
    def org(self) -> OrgId:
        """The organisation's id."""
        return self.anchor.org

    @property
    def anchor_text(self) -> str:
        """The anchor's file, as it is handed to bureaus."""
        return (self.folder / "anchor.json").read_text()

    @property
    def repository(self) -> Repository:
        """The registry's files."""
        return Repository(self.folder, self.anchor)

    def found(self) -> "Organisation":
        """Found it: two of three custodians sign."""
        policy = Policy(name=self.name, custodians=3, threshold=2, languages=("en",))
        founders = proposals.Founders(
            custodians=tuple(key.public for key in self.custodians), timestamp=self.online.timestamp.public,
            snapshot=self.online.snapshot.public,
        )  # fmt: skip
        made = proposals.organisation(policy, founders, ("https://registry.example",), START, _silent)
        for key in self.custodians[:2]:
            made = ceremony.sign(made, None, key, START, _silent)
        ceremony.create_organisation(self.folder, made, self.online, START, _silent)
        return self

    def copied(self, folder: Path) -> "Organisation":
        """Return the same organisation with its registry in another folder."""
        shutil.copytree(self.folder, folder)
        return Organisation(folder, self.name, self.custodians, self.online, dict(self.roles))

    def admit(self, profile: Profile) -> None:
        """Accredit a bureau with its first profile."""
        self.roles[profile.bureau] = _offline(f"role key of {profile.bureau}")
        paper = admission.application(self.org, profile, self.roles[profile.bureau], START, _silent)
        decided = Accreditation(bureau=profile.bureau, since=START, decided_by="suite", article="C 4")
        self.decide(proposals.accreditation(self.repository.read(), paper, decided, START, _silent), START)

    def submit(self, profile: Profile, now: Millis) -> None:
        """Publish a bureau's next profile."""
        paper = admission.submission(self.org, profile, self.roles[profile.bureau], now, _silent)
        admission.accept_profile(self.repository, paper, self.online, now, _silent)

    def revoke(self, revocation: Revocation, now: Millis) -> None:
        """Publish that a key is dead."""
        self.decide(proposals.revocation(self.repository.read(), revocation, now, _silent), now)

    def measure(self, bureau: BureauId, standing: Standing, until: Millis, now: Millis) -> None:
        """Publish a measure against a bureau."""
        decided = Accreditation(
            bureau=bureau, standing=standing, since=now, until=until, decided_by="suite", article="RPD 131"
        )
        self.decide(proposals.measure(self.repository.read(), decided, now, _silent), now)

    def decide(self, made: Ceremony, now: Millis) -> None:
        """Let two custodians sign, and publish."""
        for key in self.custodians[:2]:
            made = ceremony.sign(made, self.repository.read(), key, now, _silent)
        ceremony.publish(self.repository, made, self.online, now, _silent)

    def renew(self, now: Millis) -> None:
        """Let the online keys sign anew."""
        ceremony.refresh(self.repository, self.online, now, _silent)


class Play:
    """One case's own copy of everything."""

    def __init__(self, folder: Path, session: Session, organisation: Organisation, template: Path) -> None:
        """Take a folder for it; the peers are copied and opened when they first play a part."""
        self.folder, self.session, self.organisation = folder, session, organisation
        self.clock = Clock(START)
        self.home = str(folder / TESTED)
        self.players: dict[BureauId, Player] = {}
        """Those that were opened."""
        self._template, self._changed = template, False

    @property
    def peer(self) -> Player:
        """The bureau of ours that has the standard suites."""
        return self.bureau(PEER)

    @property
    def third(self) -> Player:
        """The bureau of ours that has the suites for older hardware."""
        return self.bureau(THIRD)

    def bureau(self, name: BureauId) -> Player:
        """Return a bureau of ours."""
        if name not in self.players:
            shutil.copytree(self._template / name, self.folder / name)
            self.players[name] = player.opened(self.folder / name, self.organisation.org, self.clock)
            if self._changed:
                self.players[name].refresh(self.organisation.folder)
        return self.players[name]

    # What the implementation is asked.

    @property
    def node(self) -> dict[str, Any]:
        """The fields that every command about a bureau has."""
        return {"home": self.home, "org": self.organisation.org, "now": self.clock.at}

    def refresh(self, registry: Path | None = None) -> protocol.Refreshed:
        """Let the implementation fetch the registry, or what is offered in its place."""
        offered = str(registry or self.organisation.folder)
        return self.session.ask(protocol.Refresh(**self.node, registry=offered), protocol.Refreshed)

    def say(self, *to: BureauId, text: str = "good evening") -> ActId:
        """Let the implementation say a piece of information."""
        act = {"kind": kind_of(Information), "title": "exercise", "text": text, "language": "en"}
        command = protocol.Say(**self.node, to=to, act=act, purpose=Purpose.INVESTIGATE.value)
        try:
            return ActId(self.session.ask(command, protocol.Said).act)
        except Denial as problem:
            raise Differs("the act to be said", str(problem)) from None

    def silenced(self, *to: BureauId) -> str:
        """Return the code with which the implementation refuses to say something."""
        act = {"kind": kind_of(Information), "title": "exercise", "text": "good evening", "language": "en"}
        command = protocol.Say(**self.node, to=to, act=act, purpose=Purpose.INVESTIGATE.value)
        try:
            self.session.ask(command, protocol.Said)
        except Denial as problem:
            return problem.code
        return "said"

    def send(self) -> tuple[protocol.Leaving, ...]:
        """Let the implementation do what is due; return what leaves."""
        return self.session.ask(protocol.Send(**self.node), protocol.Sent).deliveries

    def sent_to(self, name: BureauId) -> list[bytes]:
        """Let the implementation do what is due; return what leaves for one bureau."""
        return [each.raw for each in self.send() if each.to == name]

    def receive(self, *deliveries: bytes) -> tuple[str, ...]:
        """Let the implementation take in deliveries; return its codes."""
        answer = self.session.ask(protocol.Receive(**self.node, deliveries=deliveries), protocol.Received)
        if len(answer.outcomes) != len(deliveries):
            raise Differs(f"{len(deliveries)} outcomes", f"{len(answer.outcomes)}")
        return answer.outcomes

    def status(self) -> protocol.State:
        """Ask what the implementation holds."""
        return self.session.ask(protocol.Status(**self.node), protocol.State)

    def prove(self, act: ActId) -> str:
        """Let the implementation make a proof file."""
        try:
            return self.session.ask(protocol.Prove(**self.node, act=act), protocol.Proven).file
        except Denial as problem:
            raise Differs("a proof file", str(problem)) from None

    def codes(self) -> dict[bytes, str]:
        """Return what the implementation holds of others, with its rulings."""
        return {each.act: each.code for each in self.status().acts}

    def rungs(self, act: ActId) -> set[tuple[BureauId, int, str]]:
        """Return the receipts that the implementation has for an act of its own."""
        return {(each.by, each.rung, each.code) for each in self.status().receipts if each.act == act}

    # What the peers do.

    def tell(self, by: Player, *to: BureauId, text: str = "good evening", label: Label = NO_LABEL) -> ActId:
        """Let a peer say a piece of information."""
        return by.say(information(text), to or (TESTED,), Purpose.INVESTIGATE, label)

    def mail(self, by: Player, to: BureauId = TESTED) -> list[bytes]:
        """Return what leaves a peer for somebody now."""
        return [raw for recipient, raw in by.send() if recipient == to]

    def later(self, millis: int) -> None:
        """Let time pass."""
        self.clock.at = Millis(self.clock.at + millis)

    def carry(self) -> None:
        """Carry everything between all until nothing moves."""
        for _ in range(_ROUNDS):
            moved = 0
            for leaving in self.send():
                moved += 1
                if leaving.to in KEYS:
                    self.bureau(leaving.to).receive((leaving.raw,))
            for by in tuple(self.players.values()):
                for to, raw in by.send():
                    moved += 1
                    if to == TESTED:
                        self.receive(raw)
                    else:
                        self.bureau(to).receive((raw,))
            if not moved:
                return

    def published(self) -> None:
        """Let everybody see the registry as it is now."""
        self._changed = True
        for each in self.players.values():
            each.refresh(self.organisation.folder)
        self.refresh()

    def close(self) -> None:
        """Close the peers."""
        for each in self.players.values():
            each.close()


class Stage:
    """Where cases are played: the implementation, and the organisation of which each case gets a copy."""

    def __init__(self, folder: Path, session: Session, vectors: Path) -> None:
        """Keep the places; nothing is founded before a case needs it."""
        self.folder, self.session, self.vectors = folder, session, vectors
        self._count = 0

    @cached_property
    def template(self) -> Organisation:
        """The organisation as it was founded, with the bureaus in it; without the implementation's, if it is none."""
        place = self.folder / "template"
        place.mkdir(mode=0o700)
        made = Organisation(place / "registry").found()
        if self.session.does("init"):
            self.initiate(place / TESTED, made)
        for name, keys in KEYS.items():
            join(place / name, made, name, keys)
        for name in KEYS:
            opened = player.opened(place / name, made.org, Clock(START))
            opened.refresh(made.folder)
            opened.close()
        return made

    def initiate(self, folder: Path, organisation: Organisation) -> None:
        """Let the implementation become a bureau, and admit it.

        Raises:
            Differs: its keys are not what a bureau needs.

        """
        command = protocol.Init(home=str(folder), now=START, bureau=TESTED, anchor=organisation.anchor_text)
        keys = self.session.ask(command, protocol.Keys).keys
        lacking = _NEEDED - {key.use for key in keys}
        if lacking:
            raise Differs("keys to sign, to seal and for the log", f"none for {', '.join(sorted(lacking))}")
        organisation.admit(profile_of(TESTED, keys))

    @contextmanager
    def play(self) -> Iterator[Play]:
        """Give a case its own copy; it is removed afterwards."""
        template = self.template
        self._count += 1
        place = self.folder / f"case-{self._count}"
        place.mkdir(mode=0o700)
        originals = template.folder.parent
        play = Play(place, self.session, template.copied(place / "registry"), originals)
        try:
            if (originals / TESTED).exists():
                shutil.copytree(originals / TESTED, place / TESTED)
                play.refresh()
            yield play
        finally:
            play.close()
            shutil.rmtree(place, ignore_errors=True)


def join(
    folder: Path, organisation: Organisation, name: BureauId, keys: Iterable[tuple[KeyUse, Suite]]
) -> None:  # fmt: skip
    """Make a bureau of ours, and admit it; in a folder that is there already, as a further membership."""
    if not folder.exists():
        home.create(folder, player.PASSPHRASE, work=player.WORK)
    opened = home.open_home(folder, player.PASSPHRASE)
    try:
        opened.join(organisation.anchor, name)
        made = [opened.keyring.new(use, suite) for use, suite in keys]
    finally:
        opened.close()
    organisation.admit(profile_of(name, made))


def profile_of(bureau: BureauId, keys: Sequence[Key]) -> Profile:
    """Return the first profile of a bureau with these keys."""
    witness = any(key.use is KeyUse.WITNESS for key in keys)
    return Profile(bureau=bureau, name=f"NCB {bureau}", version=1, keys=tuple(keys), witness=witness)


def information(text: str = "good evening") -> Information:
    """Return a piece of information."""
    return Information(title="exercise", text=text, language="en")


def rotated(profile: Profile, new: Key) -> Profile:
    """Return the next profile with another signing key, the old one retired."""
    old = tuple(msgspec.structs.replace(key, retired=key.retired or key.use is new.use) for key in profile.keys)
    return msgspec.structs.replace(profile, version=profile.version + 1, keys=(new, *old))
