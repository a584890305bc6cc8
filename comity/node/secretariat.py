"""What a secretariat's node does with the registry that it keeps: profiles taken in, timestamps signed.

Authority: decision 0005. The online keys lie beside the registry, never in it, for a web server may serve that folder:

    registry/           the registry, public (node/repository.py)
    registry-online/    timestamp.key and snapshot.key, under the passphrase of the secretariat's node

These two keys can make the registry look newer, not different: who is a member needs the custodians' signatures, and
each profile its bureau's. What they sign is done by one process at a time, and by one thread.
"""

import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from comity.core.codec import NO_JSON, from_json
from comity.core.errors import Malformed, Misused
from comity.core.ids import BureauId, Millis, OrgId
from comity.core.registry import Freshness
from comity.node import admission, anchor, ceremony, clock, disk, draft, home, keyfile, metadata
from comity.node.admission import Submission
from comity.node.metadata import Timestamp
from comity.node.repository import Online, Repository, State

log = logging.getLogger("comity.secretariat")

MAX_SUBMISSION = 1_200_000
"""Bytes of a submission: a profile of 1 MB at most, and its metadata."""


class OnlineFiles(msgspec.Struct, frozen=True, kw_only=True):
    """Where the online keys lie."""

    timestamp: Path
    snapshot: Path
    retiring: tuple[Path, ...] = ()


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One party as the registry lists it."""

    bureau: BureauId
    stands: str
    profile: int
    """Version of its profile."""
    expires: Millis
    """When its signature on the profile expires."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What a registry holds, and until when."""

    org: OrgId
    version: int
    root: int
    """Version of the root."""
    membership: int
    custodians: tuple[str, ...]
    threshold: int
    timestamp_expires: Millis
    snapshot_expires: Millis
    membership_expires: Millis
    root_expires: Millis
    freshness: Freshness
    falls_due: tuple[str, ...]
    members: tuple[Member, ...]
    revoked: tuple[str, ...]


def online_files(folder: Path) -> OnlineFiles:
    """Return where the online keys of the registry in `folder` lie by default.

    >>> online_files(Path("registry")).timestamp.as_posix()
    'registry-online/timestamp.key'
    """
    beside = folder.parent / f"{folder.name}-online"
    return OnlineFiles(timestamp=beside / "timestamp.key", snapshot=beside / "snapshot.key")


def open_online(files: OnlineFiles, passphrase: str) -> Online:
    """Open the online keys; all of them are under one passphrase.

    Raises:
        Misused: a file is missing or open to others, or the passphrase is not the one.

    """
    return Online(
        timestamp=keyfile.open_offline_key(files.timestamp, passphrase),
        snapshot=keyfile.open_offline_key(files.snapshot, passphrase),
        retiring=tuple(keyfile.open_offline_key(path, passphrase) for path in files.retiring),
    )


def repository(folder: Path) -> Repository:
    """Return the registry in a folder.

    Raises:
        Misused: there is none.
        Malformed: its anchor does not hold.

    """
    return Repository(folder, anchor.read(folder / "anchor.json"))


def alone(folder: Path) -> AbstractContextManager[None]:
    """Hold the registry in `folder` from reading it to publishing, so that nothing comes between the two."""
    return disk.locked(folder / ".keeper.lock")


@dataclass(frozen=True)
class Secretariat:
    """A registry and the keys that keep it fresh; `open_registry` makes one."""

    repository: Repository
    online: Online
    now: Callable[[], Millis] = clock.now

    @property
    def org(self) -> OrgId:
        """The organisation."""
        return self.repository.anchor.org

    @property
    def folder(self) -> Path:
        """The folder that is served."""
        return self.repository.folder

    def accept(self, raw: bytes) -> int:
        """Publish a bureau's new profile as it was signed, and return the registry's new version.

        Raises:
            Malformed: it is no submission, or the bureau's role key did not sign it.
            Refused: the bureau is not accredited, or the version is not the next one.

        """
        paper = submission(raw)
        with alone(self.folder):
            return admission.accept_profile(self.repository, paper, self.online, self.now(), log.info)

    def stamp(self) -> int:
        """Sign a new timestamp, warn in the log of what falls due, and return the registry's version."""
        with alone(self.folder):
            return ceremony.refresh(self.repository, self.online, self.now(), _warn)


def open_registry(
    folder: Path, registry: Path, passphrase: str, *, now: Callable[[], Millis] = clock.now
) -> Secretariat:
    """Return what the node in `folder` needs to keep the registry in `registry`: a secretariat's own.

    Raises:
        Misused: the node does not belong to that organisation, or a key does not open with the node's passphrase.

    """
    kept = repository(registry)
    if all(membership.org != kept.anchor.org for membership in home.read(folder).memberships):
        raise Misused(f"{registry} is the registry of an organisation that the node in {folder} does not belong to")
    online = open_online(online_files(registry), passphrase)
    admission.check_online(kept.read(), online)
    return Secretariat(kept, online, now)


def submission(raw: bytes) -> Submission:
    """Return a submission as it came over the network, not verified yet.

    Raises:
        Malformed: it is none.

    """
    if len(raw) > MAX_SUBMISSION:
        raise Malformed(f"a submission of {len(raw)} bytes, {MAX_SUBMISSION} at most")
    try:
        return from_json(raw, Submission)
    except NO_JSON:
        raise Malformed(f"a submission of {len(raw)} bytes is not in the expected form") from None


def status(kept: Repository, now: Millis) -> Status:
    """Return what a registry holds, and until when.

    Raises:
        Misused: the folder holds no whole registry.
        Malformed: what it holds does not verify.

    """
    state = kept.read()
    raw = (kept.folder / "metadata" / "timestamp.json").read_bytes()
    stamped = metadata.millis(metadata.parse(raw, Timestamp, "timestamp.json").signed.expires)
    root = state.root.signed
    ends = {
        "the snapshot": state.snapshot_expires,
        "the membership": metadata.millis(state.targets.signed.expires),
        "the root": metadata.millis(root.expires),
    } | {f"the profile of {bureau}": metadata.millis(role.signed.expires) for bureau, role in state.roles.items()}
    first = min(stamped, state.snapshot_expires, ends["the membership"], ends["the root"])
    grace = state.content.policy.grace
    return Status(
        org=kept.anchor.org,
        version=state.snapshot,
        root=root.version,
        membership=state.targets.signed.version,
        custodians=tuple(metadata.name_of(root.keys[keyid]) for keyid in root.roles["root"].keyids),
        threshold=root.roles["root"].threshold,
        timestamp_expires=stamped,
        snapshot_expires=state.snapshot_expires,
        membership_expires=ends["the membership"],
        root_expires=ends["the root"],
        freshness=Freshness.FRESH if now <= first else Freshness.GRACE if now <= first + grace else Freshness.STOPPED,
        falls_due=tuple(_due(ends.items(), now)),
        members=tuple(_members(state)),
        revoked=tuple(f"{each.bureau} {each.kid.hex()[:8]}" for each in state.content.revocations),
    )


def _due(ends: Iterable[tuple[str, Millis]], now: Millis) -> Iterable[str]:
    for name, expires in sorted(ends, key=lambda end: end[1]):
        # The snapshot is signed anew by the node itself, when half its life is over.
        if name != "the snapshot" and expires - now <= ceremony.WARNING * metadata.DAY:
            yield f"{name} expires on {metadata.day(metadata.moment(expires))}"


def _members(state: State) -> Iterable[Member]:
    for bureau, accreditation in state.content.accreditations.items():
        yield Member(
            bureau=bureau,
            stands=draft.spelled(accreditation),
            profile=state.profiles[bureau].version,
            expires=metadata.millis(state.roles[bureau].signed.expires),
        )


def _warn(line: str) -> None:
    (log.warning if "expire" in line else log.info)("%s", line)
