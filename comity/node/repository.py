"""The registry as the secretariat keeps it: a folder that any web server can serve, changed in one step.

Authority: The Update Framework, specification 1.0, consistent snapshots (decision 0005).

    <folder>/anchor.json
    <folder>/metadata/   <n>.root.json  <n>.targets.json  <n>.<bureau>.json  <n>.snapshot.json  timestamp.json
    <folder>/targets/    <sha256>.policy.json ...  <bureau>/<sha256>.profile.json

Every file but `timestamp.json` has its version or hash in its name and is never changed once the timestamp leads to
it. Publishing writes the new files, then the timestamp in one rename: before it the old state holds, after it the new
one, and doing it again is harmless. A new root comes last: what was signed before it verifies under both roots.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from comity.core import registry
from comity.core.errors import Malformed, Misused
from comity.core.ids import BureauId, Millis
from comity.core.registry import Accreditation, Policy, Profile, Revocation
from comity.node import disk, metadata
from comity.node.anchor import Anchor
from comity.node.keyfile import OfflineKey
from comity.node.metadata import (
    DOCUMENTS,
    LIFE,
    Metadata,
    MetaFile,
    Root,
    S,
    Snapshot,
    Targets,
    Timestamp,
    profile_path,
)


class Online(msgspec.Struct, frozen=True, kw_only=True):
    """The secretariat's online keys, opened; `retiring` are old ones that sign along while they are replaced."""

    timestamp: OfflineKey
    snapshot: OfflineKey
    retiring: tuple[OfflineKey, ...] = ()


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """The three documents that the custodians sign, decoded."""

    policy: Policy
    accreditations: dict[BureauId, Accreditation]
    revocations: tuple[Revocation, ...]


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What a registry holds now; root, membership and profiles are verified up from the anchor."""

    anchor: Anchor
    roots: tuple[Metadata[Root], ...]
    targets: Metadata[Targets]
    roles: dict[BureauId, Metadata[Targets]]
    profiles: dict[BureauId, Profile]
    documents: dict[str, bytes]
    content: Content
    snapshot: int
    snapshot_expires: Millis
    timestamp: int

    @property
    def root(self) -> Metadata[Root]:
        """The root in force."""
        return self.roots[-1]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be published; each part that is absent stays as it is."""

    root: bytes | None = None
    targets: bytes | None = None
    roles: dict[BureauId, bytes] = {}
    files: dict[str, bytes] = {}
    """Target files by path."""


class Repository:
    """One organisation's registry in a folder."""

    def __init__(self, folder: Path, anchor: Anchor) -> None:
        """Name the folder; nothing is read yet."""
        self.folder = folder
        self.anchor = anchor
        self._metadata = folder / "metadata"
        self._targets = folder / "targets"

    def read(self) -> State:
        """Return what the registry holds, verified from the anchor down; expiry is not looked at.

        The signatures of timestamp and snapshot are not looked at either: here they only lead to the files, both are
        made anew with every change, and while the online keys are replaced they may be those of the coming root.

        Raises:
            Misused: the folder holds no registry.
            Malformed: what it holds does not verify.

        """
        roots = self._roots()
        timestamp = self._parsed("timestamp.json", Timestamp)
        snapshot = self._parsed(f"{timestamp.signed.snapshot_meta.version}.snapshot.json", Snapshot)
        meta = snapshot.signed.meta
        targets = self._parsed(f"{_listed(meta, 'targets')}.targets.json", Targets)
        metadata.verify(roots[-1].signed, "targets", targets)
        bureaus = metadata.check_targets(targets.signed, self.anchor.org)
        roles: dict[BureauId, Metadata[Targets]] = {}
        profiles: dict[BureauId, Profile] = {}
        for bureau in bureaus:
            if f"{bureau}.json" in meta:
                roles[bureau] = self._parsed(f"{_listed(meta, bureau)}.{bureau}.json", Targets)
                metadata.verify(targets.signed, bureau, roles[bureau])
                metadata.check_profile_metadata(roles[bureau].signed, bureau, self.anchor.org)
                profiles[bureau] = registry.profile_from(self._target(roles[bureau].signed, profile_path(bureau)))
        documents = {path: self._target(targets.signed, path) for path in DOCUMENTS}
        return State(
            anchor=self.anchor,
            roots=roots,
            targets=targets,
            roles=roles,
            profiles=profiles,
            documents=documents,
            content=content(documents),
            snapshot=snapshot.signed.version,
            snapshot_expires=metadata.millis(snapshot.signed.expires),
            timestamp=timestamp.signed.version,
        )

    def publish(self, change: Change, online: Online, now: Millis) -> int:
        """Write what changes, sign a new snapshot and timestamp, and return the version of the registry.

        What comes in must have been checked: this is the last step of a ceremony, not a ceremony.
        """
        # A web server reads these folders, perhaps as another user, so they have the usual mode.
        self._metadata.mkdir(parents=True, exist_ok=True)
        with disk.locked(self.folder / ".lock"):
            for path, data in change.files.items():
                place = self._targets / _consistent(path, data)
                place.parent.mkdir(parents=True, exist_ok=True)
                disk.write(place, data)
            meta, snapshot_version, timestamp_version = self._present()
            coming: dict[str, bytes] = {str(bureau): raw for bureau, raw in change.roles.items()}
            if change.targets is not None:
                coming["targets"] = change.targets
            for role, raw in coming.items():
                version = metadata.parse(raw, Targets, f"the metadata of {role}").signed.version
                disk.write(self._metadata / f"{version}.{role}.json", raw)
                meta[f"{role}.json"] = MetaFile.from_data(version, raw, ["sha256"])
            snapshot = Snapshot(
                version=snapshot_version + 1, expires=metadata.moment(now + LIFE["snapshot"]), meta=meta
            )
            raw = _signed(snapshot, (online.snapshot, *online.retiring))
            disk.write(self._metadata / f"{snapshot.version}.snapshot.json", raw)
            self._stamp(snapshot.version, raw, timestamp_version + 1, online, now)
            if change.root is not None:
                version = metadata.parse(change.root, Root, "the new root").signed.version
                disk.write(self._metadata / f"{version}.root.json", change.root)
        return snapshot.version

    def stamp(self, online: Online, now: Millis) -> None:
        """Sign a new timestamp over the present snapshot."""
        with disk.locked(self.folder / ".lock"):
            present = self._parsed("timestamp.json", Timestamp).signed
            version = present.snapshot_meta.version
            raw = (self._metadata / f"{version}.snapshot.json").read_bytes()
            self._stamp(version, raw, present.version + 1, online, now)

    def _stamp(self, snapshot: int, raw: bytes, version: int, online: Online, now: Millis) -> None:
        stamp = Timestamp(
            version=version,
            expires=metadata.moment(now + LIFE["timestamp"]),
            snapshot_meta=MetaFile.from_data(snapshot, raw, ["sha256"]),
        )
        disk.write(self._metadata / "timestamp.json", _signed(stamp, (online.timestamp, *online.retiring)))

    def _present(self) -> tuple[dict[str, MetaFile], int, int]:
        if not (self._metadata / "timestamp.json").exists():
            return {}, 0, 0
        timestamp = self._parsed("timestamp.json", Timestamp).signed
        snapshot = self._parsed(f"{timestamp.snapshot_meta.version}.snapshot.json", Snapshot).signed
        return dict(snapshot.meta), snapshot.version, timestamp.version

    def _roots(self) -> tuple[Metadata[Root], ...]:
        found = [metadata.parse(self.anchor.root.encode(), Root, "the anchor's root")]
        while (self._metadata / f"{len(found) + 1}.root.json").exists():
            coming = self._parsed(f"{len(found) + 1}.root.json", Root)
            metadata.check_root(coming.signed, self.anchor.org, self.anchor.name)
            for delegator in (found[-1].signed, coming.signed):
                metadata.verify(delegator, "root", coming)
            found.append(coming)
        return tuple(found)

    def _parsed(self, name: str, kind: type[S]) -> Metadata[S]:
        path = self._metadata / name
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise Misused(f"{self.folder} holds no whole registry: {path}: {error.strerror}") from None
        return metadata.parse(raw, kind, name)

    def _target(self, targets: Targets, path: str) -> bytes:
        listed = targets.targets[path]
        head, slash, tail = path.rpartition("/")
        place = self._targets / f"{head}{slash}{listed.hashes['sha256']}.{tail}"
        try:
            raw = place.read_bytes()
        except OSError as error:
            raise Misused(f"{self.folder} holds no whole registry: {place}: {error.strerror}") from None
        if hashlib.sha256(raw).hexdigest() != listed.hashes["sha256"]:
            raise Malformed(f"registry: {path} is not the file that was signed")
        return raw


def content(documents: Mapping[str, bytes]) -> Content:
    """Return the custodians' documents decoded; they must have been verified.

    Raises:
        Malformed: one of them is not in its form.

    """
    return Content(
        policy=registry.policy_from(documents[metadata.POLICY]),
        accreditations=registry.accreditations_from(documents[metadata.ACCREDITATIONS]),
        revocations=registry.revocations_from(documents[metadata.REVOCATIONS]),
    )


def _listed(meta: Mapping[str, MetaFile], role: str) -> int:
    try:
        return meta[f"{role}.json"].version
    except KeyError:
        raise Malformed(f"registry: the snapshot does not list {role}") from None


def _consistent(path: str, data: bytes) -> str:
    head, slash, tail = path.rpartition("/")
    return f"{head}{slash}{hashlib.sha256(data).hexdigest()}.{tail}"


def _signed(payload: S, keys: tuple[OfflineKey, ...]) -> bytes:
    made = Metadata(payload)
    for key in keys:
        metadata.sign(made, key)
    return made.to_bytes()
