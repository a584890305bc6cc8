"""From the registry's signed files to `core.registry.Registry`: fetched, verified, kept, and merged with revocations.

Authority: The Update Framework 1.0, section 5, by python-tuf's `Updater` (decision 0005); the stale policy in three
steps is `core.registry.Freshness`. A bureau whose own profile does not hold is left out and named in `problems`; it
does not stop the others. An expired registry is no reason to forget the last good one: it ages into grace and stop.

    <folder>/<org>/metadata/   what python-tuf keeps: root_history/, timestamp, snapshot, targets, one per bureau
    <folder>/<org>/objects/    documents and profiles by SHA-256: only what changed is fetched
    <folder>/<org>/views/      every verified state seen: <version>-<digest>.json (old evidence needs old keys)
    <folder>/<org>/current.json  the last one, replaced in one step
    <folder>/<org>/revocations/  self-revocations of bureaus, verified when they came
    <folder>/<org>/lock        one refresh at a time, among processes

This module decides nothing about acts, and asks no clock: `now` comes in, also for the Updater.
"""

import hashlib
from pathlib import Path
from typing import Literal

import msgspec
from tuf.api.exceptions import (
    DownloadError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    RepositoryError,
)
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig  # type: ignore[attr-defined]  # names not marked

from comity.core import registry
from comity.core.codec import NO_JSON, from_json
from comity.core.errors import Malformed, Misused, Unreachable
from comity.core.ids import BureauId, Millis, OrgId
from comity.core.registry import Profile, Registry, Revocation
from comity.node import admission, disk, fetch, metadata
from comity.node import anchor as anchors
from comity.node.anchor import Anchor
from comity.node.evidence import Evidence
from comity.node.metadata import DOCUMENTS, Root, Snapshot, Targets, profile_path
from comity.node.repository import content

LIMITS = UpdaterConfig(
    root_max_length=200_000,
    timestamp_max_length=16_384,
    snapshot_max_length=500_000,
    targets_max_length=2_000_000,
    app_user_agent="comity",
)
"""Bytes that a registry file may have: about five times what 200 bureaus and 9 custodians need."""


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the custodians may do and that everybody must hear of (decision 10)."""

    version: int
    bureau: BureauId
    text: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What was wrong at the last refresh although it went on; `bureau` is empty where it concerns all."""

    bureau: str
    text: str


class View(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One verified state at rest: versions, and the hashes of the documents it consists of."""

    view: Literal["view/1"] = "view/1"
    org: OrgId
    version: int
    root_version: int
    expires: Millis
    documents: dict[str, str]
    profiles: dict[BureauId, str]
    signed: dict[str, str]
    """The metadata that signed them, by role: `targets` and each bureau; what `Trust.evidence` hands out."""
    role_keys: dict[BureauId, tuple[bytes, ...]]
    problems: tuple[Problem, ...] = ()
    alarms: tuple[Alarm, ...] = ()


class Trust:
    """What one node knows of one organisation's registry."""

    def __init__(self, folder: Path, anchor: Anchor, fetcher: FetcherInterface | None = None) -> None:
        """Open, or begin, the knowledge of an organisation; without a fetcher the anchor's addresses say which.

        Raises:
            Malformed: the anchor does not hold.

        """
        self.anchor = anchors.checked(anchor)
        self._fetcher = fetcher
        self._folder = folder / anchor.org
        for part in ("metadata", "objects", "views", "revocations"):
            disk.private_folder(self._folder / part)
        self._current, self._revocations = self._folder / "current.json", self._folder / "revocations"
        self._known: tuple[tuple[int, ...], Registry] | None = None
        self.problems: tuple[Problem, ...] = ()

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """Role keys that custodians replaced, since this node first saw the registry."""
        view = self._view()
        return view.alarms if view else ()

    def refresh(self, now: Millis) -> Registry:
        """Fetch and verify what is new, keep it, and return the registry; to be called every 15 minutes.

        When what is offered has expired, the last good view stays and `problems` says so.

        Raises:
            Unreachable: no address answered, or only with expired files and nothing was known before.
            Malformed: what was offered does not verify; the last good view stays in force.

        """
        failed: list[Malformed | Unreachable] = []
        expired: list[str] = []
        with disk.locked(self._folder / "lock"):
            for url in self.anchor.urls or ("",):
                try:
                    return self._refresh_from(url, now)
                except ExpiredMetadataError as error:
                    expired.append(str(error))
                except (Malformed, Unreachable) as error:
                    # Another address may have what this one lacks or falsifies: whoever signed is the same.
                    failed.append(error)
        if expired and self._view() is not None:
            self.problems = tuple(Problem(bureau="", text=f"what is offered has expired: {text}") for text in expired)
            return self.current()
        if expired:
            raise Unreachable(f"registry: {'; '.join(expired)}, and nothing was known before: try later")
        for failure in failed:
            if isinstance(failure, Malformed):
                raise failure
        raise Unreachable("; ".join(map(str, failed)))

    def current(self) -> Registry:
        """Return the last verified registry, without the network; `Registry.freshness` says how far it holds.

        Raises:
            Unreachable: nothing was ever verified.

        """
        stamp = self._stamp()
        if self._known is None or self._known[0] != stamp:
            view = self._view()
            if view is None:
                raise Unreachable("registry: nothing known of this organisation yet: refresh first")
            self._known = (stamp, self._registry(view))
        return self._known[1]

    def at(self, version: int) -> Registry:
        """Return the registry as it was at a version, for evidence of that time.

        Raises:
            Misused: this node never saw that version.

        """
        return self._registry(self._view_at(version))

    def evidence(self, version: int, bureau: BureauId) -> Evidence:
        """Return the signed files that show an outsider which keys a bureau had at a version.

        Raises:
            Misused: this node never saw that version, or the bureau had no profile in it.

        """
        view = self._view_at(version)
        if bureau not in view.profiles:
            raise Misused(f"{bureau} had no profile in version {version} of the registry")
        history = self._folder / "metadata" / "root_history"
        return Evidence(
            org=self.anchor.org,
            bureau=bureau,
            roots=tuple((history / f"{n}.root.json").read_bytes().decode() for n in range(1, view.root_version + 1)),
            targets=self._read_object(view.signed["targets"]).decode(),
            role=self._read_object(view.signed[bureau]).decode(),
            profile=self._read_object(view.profiles[bureau]).decode(),
        )

    def obey(self, raw: bytes) -> Revocation:
        """Verify a bureau's self-revocation, keep it, and return it; from now on `current` includes it.

        Raises:
            Malformed: it does not verify under the role key that the registry names.

        """
        said = self.current().obeyed(registry.statement_from(raw))
        name = f"{said.bureau}-{said.kid.hex()}-{hashlib.sha256(raw).hexdigest()[:16]}.json"
        # What is kept is what was verified: the role key may be another one when it is read again.
        disk.write(self._folder / "revocations" / name, registry.to_json((said,)), mode=disk.PRIVATE)
        return said

    def _refresh_from(self, url: str, now: Millis) -> Registry:
        try:
            updater = _Updater(
                self._folder / "metadata",
                url,
                self._fetcher or fetch.fetcher_for(url),
                root=self.anchor.root.encode(),
                now=now,
            )
            updater.refresh()
            view = self._seen(updater)
        except ExpiredMetadataError:
            raise
        except DownloadLengthMismatchError as error:
            raise Malformed(f"registry: a file is longer than it may be: {error}") from None
        except DownloadError as error:
            raise Unreachable(f"registry: {error}") from None
        except (RepositoryError, ValueError, KeyError, TypeError, RuntimeError) as error:
            # The last four are what python-tuf lets through of metadata that are JSON and nothing more.
            raise Malformed(f"registry: {error}") from None
        except OSError as error:
            raise Misused(f"cannot write {self._folder}: {error.strerror}") from None
        self._keep(view)
        self.problems = view.problems
        return self.current()

    def _seen(self, updater: "_Updater") -> View:
        self._check_roots(updater.root.version)
        known = self._view()
        # python-tuf holds this in files that a power cut may empty; the view is forced to the disk.
        if known and updater.snapshot.version < known.version and updater.root.version <= known.root_version:
            raise Malformed(f"registry: version {updater.snapshot.version} is offered, {known.version} was seen")
        role_keys = metadata.check_targets(updater.targets, self.anchor.org)
        documents = {path: self._object(updater, path) for path in sorted(DOCUMENTS)}
        content({path: self._read_object(digest) for path, digest in documents.items()})
        profiles: dict[BureauId, str] = {}
        problems: list[Problem] = []
        for bureau in role_keys:
            try:
                profiles[bureau] = self._profile(updater, bureau)
            except DownloadHTTPError as error:
                problems.append(Problem(bureau=bureau, text=f"its profile is listed and not there: {error}"))
            except (RepositoryError, DownloadLengthMismatchError, ValueError, Malformed) as error:
                problems.append(Problem(bureau=bureau, text=f"its profile is left out: {error}"))
        return View(
            org=self.anchor.org,
            version=updater.snapshot.version,
            root_version=updater.root.version,
            expires=updater.expires(),
            documents=documents,
            profiles=profiles,
            signed={role: self._filed(role) for role in ("targets", *profiles)},
            role_keys=role_keys,
            problems=tuple(problems),
            alarms=(*(known.alarms if known else ()), *_alarms(known, role_keys, updater.snapshot.version)),
        )

    def _check_roots(self, newest: int) -> None:
        # Each root of the chain, not the newest alone: one that counts a custodian twice could appoint its successor.
        history = self._folder / "metadata" / "root_history"
        for version in range(1, newest + 1):
            root = metadata.parse((history / f"{version}.root.json").read_bytes(), Root, f"root {version}")
            metadata.check_root(root.signed, self.anchor.org, self.anchor.name)

    def _profile(self, updater: "_Updater", bureau: BureauId) -> str:
        digest = self._object(updater, profile_path(bureau))
        admission.profile_in(updater.role(bureau), self._read_object(digest), bureau, self.anchor.org)
        return digest

    def _object(self, updater: "_Updater", path: str) -> str:
        info = updater.get_targetinfo(path)
        if info is None:
            raise Malformed(f"registry: nobody signed {path}")
        digest = info.hashes.get("sha256", "")
        place = self._folder / "objects" / digest
        if len(digest) != 64 or not digest.isalnum():  # noqa: PLR2004 - SHA-256 in hexadecimal
            raise Malformed(f"registry: {path} is signed without a SHA-256")
        if not place.exists():
            beside = place.with_suffix(".part")
            updater.download_target(info, str(beside))
            disk.write(place, beside.read_bytes(), mode=disk.PRIVATE)
            beside.unlink()
        return digest

    def _read_object(self, digest: str) -> bytes:
        try:
            raw = (self._folder / "objects" / digest).read_bytes()
        except OSError as error:
            raise Misused(f"the registry's copy in {self._folder} is not whole: {error.strerror}: refresh") from None
        if hashlib.sha256(raw).hexdigest() != digest:
            (self._folder / "objects" / digest).unlink()
            raise Misused(f"the registry's copy in {self._folder} was altered: refresh to fetch it again")
        return raw

    def _keep(self, view: View) -> None:
        raw = msgspec.json.encode(view, order="sorted")
        # A version is kept once, however often its timestamp is renewed; two of one number can only follow on a
        # replacement of the online keys, and then both are kept.
        lasting = msgspec.structs.replace(view, expires=Millis(0), problems=(), alarms=())
        name = f"{view.version}-{hashlib.sha256(msgspec.json.encode(lasting, order='sorted')).hexdigest()[:16]}.json"
        disk.write(self._folder / "views" / name, raw, mode=disk.PRIVATE)
        disk.write(self._folder / "current.json", raw, mode=disk.PRIVATE)

    def _view(self) -> View | None:
        path = self._folder / "current.json"
        return _decoded(path.read_bytes()) if path.exists() else None

    def _view_at(self, version: int) -> View:
        found = sorted((self._folder / "views").glob(f"{version}-*.json"), key=lambda path: path.stat().st_mtime_ns)
        if not found:
            raise Misused(f"this node never saw version {version} of the registry")
        return _decoded(found[-1].read_bytes())

    def _filed(self, role: str) -> str:
        # python-tuf replaces these files by the next version; for evidence each one that counted is kept.
        raw = (self._folder / "metadata" / f"{role}.json").read_bytes()
        digest = hashlib.sha256(raw).hexdigest()
        place = self._folder / "objects" / digest
        if not place.exists():
            disk.write(place, raw, mode=disk.PRIVATE)
        return digest

    def _stamp(self) -> tuple[int, ...]:
        # Another process may have refreshed, or obeyed a revocation: both change what these two say.
        # It is asked a dozen times for each act, so no paths are built here.
        try:
            view, revoked = self._current.stat(), self._revocations.stat()
        except FileNotFoundError:
            return ()
        return view.st_ino, view.st_mtime_ns, view.st_size, revoked.st_mtime_ns

    def _registry(self, view: View) -> Registry:
        held = content({path: self._read_object(digest) for path, digest in view.documents.items()})
        own: list[Revocation] = []
        for path in sorted((self._folder / "revocations").glob("*.json")):
            own += registry.revocations_from(path.read_bytes())
        profiles: dict[BureauId, Profile] = {
            bureau: registry.profile_from(self._read_object(digest)) for bureau, digest in view.profiles.items()
        }
        return Registry(
            org=view.org,
            version=view.version,
            expires=view.expires,
            policy=held.policy,
            accreditations=held.accreditations,
            profiles=profiles,
            revocations=registry.earliest([*held.revocations, *own]),
            role_keys=view.role_keys,
        )


class _Updater(Updater):
    """python-tuf's client at a time that is given.

    The Updater asks the wall clock once, when it makes its set of trusted metadata, and offers no argument for it.
    The time is put in its place right after: the first root, the only thing that was loaded by then, is loaded
    whether expired or not (TUF 5.3.10 looks at the final root only), so nothing was judged by the wall clock.
    """

    def __init__(self, folder: Path, url: str, fetcher: FetcherInterface, *, root: bytes, now: Millis) -> None:
        """Begin at the anchor's root and the local copies in `folder`."""
        base = url.rstrip("/")
        super().__init__(
            str(folder), f"{base}/metadata/", None, f"{base}/targets/", fetcher=fetcher, config=LIMITS, bootstrap=root
        )
        self._trusted_set.reference_time = metadata.moment(now)

    @property
    def root(self) -> Root:
        """The newest root."""
        return self._trusted_set.root

    @property
    def snapshot(self) -> Snapshot:
        """The verified snapshot."""
        return self._trusted_set.snapshot

    @property
    def targets(self) -> Targets:
        """The verified membership metadata."""
        return self._trusted_set.targets

    def role(self, bureau: BureauId) -> Targets:
        """Return the verified metadata of a bureau that was looked up before."""
        found = self._trusted_set[bureau]
        if not isinstance(found, Targets):
            raise Malformed(f"registry: {bureau} is no bureau's role")
        return found

    def expires(self) -> Millis:
        """Return when the first of the four top-level roles expires."""
        parts = (self.root, self._trusted_set.timestamp, self.snapshot, self.targets)
        return min(metadata.millis(part.expires) for part in parts)


def _alarms(known: View | None, role_keys: dict[BureauId, tuple[bytes, ...]], version: int) -> list[Alarm]:
    before = known.role_keys if known else {}
    text = "the custodians replaced its role key: whoever holds the new one speaks for it"
    return [
        Alarm(version=version, bureau=bureau, text=text)
        for bureau, keys in role_keys.items()
        if bureau in before and before[bureau] != keys
    ]


def _decoded(raw: bytes) -> View:
    try:
        return from_json(raw, View)
    except NO_JSON:
        raise Misused("the registry's copy on this disk is damaged: remove current.json and refresh") from None
