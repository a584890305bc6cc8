"""An organisation for tests: five custodians, online keys, bureaus; made by the real ceremonies, at a fake time."""

import hashlib
import itertools
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from comity.core import registry
from comity.core.errors import Refused
from comity.core.ids import BureauId, Digest, KeyId, Millis
from comity.core.registry import Accreditation, Key, KeyUse, Policy, Profile, Revocation, Role, Standing, Suite
from comity.node import admission, ceremony, fetch, proposals
from comity.node.admission import Submission
from comity.node.anchor import Anchor
from comity.node.draft import Ceremony
from comity.node.keyfile import OfflineKey
from comity.node.repository import Online, Repository, State
from comity.node.trust import Trust

DAY = 86_400_000
START = Millis(1_767_225_600_000)
"""2026-01-01T00:00:00Z."""

MA, NO, ET = BureauId("ma"), BureauId("no"), BureauId("et")


def silent(_: str) -> None:
    """Let a ceremony speak to nobody."""


def offline(label: str) -> OfflineKey:
    """Return the key that belongs to this label, always the same."""
    return OfflineKey(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(label.encode()).digest()), label)


_serial = itertools.count(1)


def signing_key(suite: Suite = Suite.ED25519, use: KeyUse = KeyUse.SIGN) -> Key:
    """Return a public key that nobody else has; its bytes are of the right length and open nothing."""
    length = {Suite.ED25519: 32, Suite.ES256: 65, Suite.X25519: 32, Suite.HYBRID: 1216}[suite]
    return Key(use=use, suite=suite, public=next(_serial).to_bytes(length, "big"))


def profile_of(bureau: BureauId, version: int = 1, keys: Sequence[Key] | None = None) -> Profile:
    """Return a profile with a signing key and a sealing key."""
    held = tuple(keys or (signing_key(), signing_key(Suite.HYBRID, KeyUse.SEAL)))
    return Profile(bureau=bureau, name=f"NCB {bureau}", version=version, keys=held)


class Founded:
    """One organisation: its registry in a folder, the private keys of everybody, and the hands that use them."""

    def __init__(self, folder: Path, name: str = "exercise", *, custodians: int = 5, threshold: int = 3) -> None:
        self.folder = folder
        self.custodians = [offline(f"{name} custodian {number}") for number in range(1, custodians + 1)]
        self.online = Online(timestamp=offline(f"{name} timestamp"), snapshot=offline(f"{name} snapshot"))
        self.roles: dict[BureauId, OfflineKey] = {}
        policy = Policy(name=name, custodians=custodians, threshold=threshold, languages=("en", "fr"))
        founders = proposals.Founders(
            custodians=tuple(key.public for key in self.custodians),
            timestamp=self.online.timestamp.public,
            snapshot=self.online.snapshot.public,
        )
        proposed = proposals.organisation(policy, founders, ("https://registry.example",), START, silent)
        for key in self.custodians[:threshold]:
            proposed = ceremony.sign(proposed, None, key, START, silent)
        self.founding = proposed
        self.anchor: Anchor = ceremony.create_organisation(folder, proposed, self.online, START, silent).anchor
        self.repository = Repository(folder, self.anchor)

    def state(self) -> State:
        """Return what the registry holds now."""
        return self.repository.read()

    def decide(
        self, proposed: Ceremony, now: Millis = START, signers: Sequence[OfflineKey] | None = None
    ) -> ceremony.Published:
        """Sign with three custodians, or those named, and publish."""
        for key in self.custodians[:3] if signers is None else signers:
            proposed = ceremony.sign(proposed, self.state(), key, now, silent)
        return ceremony.publish(self.repository, proposed, self.online, now, silent)

    def apply(self, bureau: BureauId, profile: Profile | None = None, now: Millis = START) -> Submission:
        """Return the application of a bureau, under a role key that is kept here."""
        self.roles[bureau] = offline(f"{self.anchor.org} {bureau}")
        return admission.application(self.anchor.org, profile or profile_of(bureau), self.roles[bureau], now, silent)

    def admit(
        self, bureau: BureauId, *, role: Role = Role.BUREAU, profile: Profile | None = None, now: Millis = START
    ) -> ceremony.Published:
        """Accredit a bureau, from application to publication."""
        decided = Accreditation(bureau=bureau, role=role, since=now, decided_by="assembly", article="C 4")
        return self.decide(
            proposals.accreditation(self.state(), self.apply(bureau, profile, now), decided, now, silent), now
        )

    def submit(self, profile: Profile, now: Millis = START, role: OfflineKey | None = None) -> int:
        """Publish a bureau's next profile."""
        paper = admission.submission(self.anchor.org, profile, role or self.roles[profile.bureau], now, silent)
        return admission.accept_profile(self.repository, paper, self.online, now, silent)

    def rotate(self, bureau: BureauId, now: Millis = START) -> tuple[KeyId, KeyId]:
        """Give a bureau another signing key; return the ids of the old and the new one."""
        profile = self.state().profiles[bureau]
        old, new = profile.current(KeyUse.SIGN), signing_key()
        self.submit(admission.rotated(profile, [new], [old.kid]), now)
        return old.kid, new.kid

    def refresh(self, now: Millis) -> int:
        """Let the online keys sign anew."""
        return ceremony.refresh(self.repository, self.online, now, silent)

    def node(self, folder: Path, seen: Callable[[str], None] = silent) -> Trust:
        """Return the trust of a node that fetches from this registry's folder; `seen` hears each address."""
        read = fetch.from_folder(self.folder)._read

        def told(url: str) -> bytes:
            seen(url)
            return read(url)

        return Trust(folder, self.anchor, fetch.FunctionFetcher(told))


def after(days: float) -> Millis:
    """Return a time after the start."""
    return Millis(START + int(days * DAY))


def tampered(paper: Submission, **parts: str) -> Submission:
    """Return the paper with other parts."""
    return msgspec.structs.replace(paper, **parts)


def copied(founded: Founded, place: Path) -> Path:
    """Return a copy of the registry's folder."""
    shutil.copytree(founded.folder, place)
    return place


def serve(founded: Founded, old: Path) -> None:
    """Put an old copy in the registry's place."""
    shutil.rmtree(founded.folder)
    shutil.copytree(old, founded.folder)


def ghost() -> Profile:
    """Return a profile of Oslo that Oslo never made."""
    return profile_of(NO, version=2)


def self_revocation(founded: Founded, bureau: BureauId = NO, signer: BureauId = NO) -> bytes:
    """Return a bureau's word that its signing key is dead, under the role key of `signer`."""
    kid = founded.state().profiles[bureau].current(KeyUse.SIGN).kid
    dead = Revocation(bureau=bureau, kid=kid, size=7, root=Digest(bytes(32)), decided_by=bureau)
    return registry.to_json(admission.self_revocation(founded.anchor.org, dead, founded.roles[signer], silent))


IN_A_MONTH = after(30)


def suspension(until: Millis | None = IN_A_MONTH, article: str = "RPD 131") -> Accreditation:
    """Return the decision to suspend Oslo."""
    return Accreditation(
        bureau=NO, standing=Standing.SUSPENDED, since=START, until=until, decided_by="executive", article=article
    )


def refused(act: Callable[[], object]) -> str:
    """Return the code with which an act is refused."""
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.refusal.code
