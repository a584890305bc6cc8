"""A bureau's own papers: its application, each new profile, and the word that one of its keys is dead.

Authority: decision 0005 (each bureau alone says which keys it uses) and decision 10 of the architecture. A paper is
signed with the bureau's role key, an offline key that never lies on the node. The secretariat publishes a profile as
it was signed and can change nothing in it; the custodians admit the role key once (`node/proposals.py`).
"""

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from comity.core import registry
from comity.core.codec import NO_JSON, from_json
from comity.core.errors import Malformed, Misused, Refused
from comity.core.ids import BureauId, KeyId, Millis, OrgId
from comity.core.registry import Key, Profile, Revocation, SelfRevocation
from comity.core.ruling import Refusal
from comity.node import disk, metadata
from comity.node.keyfile import OfflineKey, PublicKey
from comity.node.metadata import LIFE, ORG, Metadata, TargetFile, Targets, profile_path
from comity.node.repository import Change, Online, Repository, State

Say = Callable[[str], None]
"""Where a ceremony explains its steps in plain words; a face shows them."""


class Submission(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A profile on its way to the secretariat: self-contained, and verifiable by whoever holds it."""

    comity: str = "submission/1"
    org: OrgId
    bureau: BureauId
    role_key: PublicKey
    metadata: str
    profile: str


def application(org: OrgId, profile: Profile, role: OfflineKey, now: Millis, say: Say) -> Submission:
    """Return a bureau's application: its first profile under its new role key.

    Raises:
        Misused: the profile is not a first one, or is not sound.

    """
    if profile.version != 1:
        raise Misused(f"an application carries version 1 of the profile, not {profile.version}")
    say(f"{profile.bureau} applies: its role key is {metadata.name_of(metadata.tuf_key(role.public))}")
    say("read those 8 digits to the secretariat over a road that it trusts, for this key will speak for the bureau")
    return submission(org, profile, role, now, say)


def submission(org: OrgId, profile: Profile, role: OfflineKey, now: Millis, say: Say) -> Submission:
    """Return a signed profile for publishing; it may be relied on for a year.

    Raises:
        Misused: the profile is not sound.

    """
    try:
        profile.checked()
        bureau = metadata.checked_bureau(profile.bureau)
    except Malformed as error:
        raise Misused(f"this profile would be refused: {error}") from None
    raw = registry.to_json(profile)
    path = profile_path(bureau)
    signed = Targets(
        version=profile.version,
        expires=metadata.moment(now + LIFE["profile"]),
        targets={path: TargetFile.from_data(path, raw, ["sha256"])},
        unrecognized_fields={ORG: org},
    )
    made = Metadata(signed)
    metadata.sign(made, role)
    say(f"signed version {profile.version} of the profile of {bureau} with its role key: {_counted(profile)}")
    return Submission(
        org=org, bureau=bureau, role_key=role.public, metadata=made.to_bytes().decode(), profile=raw.decode()
    )


def rotated(profile: Profile, new: Iterable[Key], retire: Iterable[KeyId]) -> Profile:
    """Return the next version of a profile: new keys first, so that they count, and old ones marked as retired.

    Raises:
        Misused: a key to be retired is not in the profile.

    """
    retiring = frozenset(retire)
    unknown = retiring - {key.kid for key in profile.keys}
    if unknown:
        raise Misused(f"the profile lists no key {min(unknown).hex()}")
    old = (msgspec.structs.replace(key, retired=key.retired or key.kid in retiring) for key in profile.keys)
    return msgspec.structs.replace(profile, version=profile.version + 1, keys=(*new, *old))


def verified(paper: Submission, org: OrgId, now: Millis) -> Profile:
    """Return the profile that a submission holds, verified under the role key that it brings along.

    That it is the bureau's key is for the custodians to know (application) or the registry (later profiles).

    Raises:
        Malformed: it is made for another organisation, signed by another key, expired, or its parts do not agree.

    """
    if paper.comity != "submission/1" or paper.org != org:
        raise Malformed("a submission made for another organisation")
    bureau = metadata.checked_bureau(paper.bureau)
    signed = metadata.parse(paper.metadata.encode(), Targets, f"the profile metadata of {bureau}")
    key = metadata.tuf_key(paper.role_key)
    delegator = Targets(delegations=metadata.delegations({bureau: (key,)}))
    metadata.verify(delegator, bureau, signed)
    _unexpired(signed.signed, bureau, now)
    return profile_in(signed.signed, paper.profile.encode(), bureau, org)


def accept_profile(repository: Repository, paper: Submission, online: Online, now: Millis, say: Say) -> int:
    """Publish a bureau's new profile as it was signed, and return the registry's new version.

    Raises:
        Malformed: the role key of the bureau did not sign it, or its parts do not agree.
        Refused: the bureau is not accredited, or the version is not the next one.

    """
    state = repository.read()
    bureau = metadata.checked_bureau(paper.bureau)
    raw, profile_raw = paper.metadata.encode(), paper.profile.encode()
    if bureau not in state.content.accreditations:
        raise Refused(Refusal("registry.unknown", f"{bureau} is not accredited in this organisation", "C 4"))
    signed = metadata.parse(raw, Targets, f"the profile metadata of {bureau}")
    # The key that the paper brings along counts for nothing here: the custodians have named the bureau's.
    metadata.verify(state.targets.signed, bureau, signed)
    say(f"the profile metadata carry the signature of the role key that the custodians accredited for {bureau}")
    _unexpired(signed.signed, bureau, now)
    profile = profile_in(signed.signed, profile_raw, bureau, state.anchor.org)
    _check_next(state, bureau, signed)
    present = state.roles.get(bureau)
    if present is not None and present.signed_bytes == signed.signed_bytes:
        say("this profile is published already; nothing changes")
        return state.snapshot
    say(f"version {profile.version} follows on the published one: {_counted(profile)}")
    check_online(state, online)
    change = Change(roles={bureau: raw}, files={profile_path(bureau): profile_raw})
    version = repository.publish(change, online, now)
    say(f"published: the registry is at version {version}")
    return version


def check_online(state: State, online: Online) -> None:
    """Check that these are the online keys that the root names.

    Raises:
        Misused: they are not, and what they sign would be refused everywhere.

    """
    for role, key in (("timestamp", online.timestamp), ("snapshot", online.snapshot)):
        if metadata.tuf_key(key.public).keyid not in state.root.signed.roles[role].keyids:
            raise Misused(f"this is not the {role} key that the root names: open the key file that belongs to it")


def self_revocation(org: OrgId, revocation: Revocation, role: OfflineKey, say: Say) -> SelfRevocation:
    """Return the bureau's own word, under its role key, that a key is dead; peers obey it before the registry does."""
    payload = registry.self_revocation_payload(org, revocation)
    say(
        f"{revocation.bureau} revokes its key {revocation.kid.hex()[:8]}: {revocation.size} leaves of its log stay good"
    )
    say("hand this statement to every peer now; it cannot be taken back")
    return SelfRevocation(
        payload=payload, public=role.public.public, signature=role.sign(SelfRevocation.message(payload))
    )


def write_submission(path: Path, paper: Submission) -> None:
    """Write a submission to a file."""
    disk.write(path, msgspec.json.format(msgspec.json.encode(paper)) + b"\n")


def read_submission(path: Path) -> Submission:
    """Return the submission in a file, not verified yet.

    Raises:
        Misused: there is no such file.
        Malformed: it is not a submission.

    """
    try:
        return from_json(path.read_bytes(), Submission)
    except OSError as error:
        raise Misused(f"cannot read the submission {path}: {error.strerror}") from None
    except NO_JSON:
        raise Malformed(f"{path} is not an application or a profile of this program") from None


def profile_in(signed: Targets, raw: bytes, bureau: BureauId, org: OrgId) -> Profile:
    """Return a bureau's profile if its metadata, whose signature was verified before, are about these bytes.

    Raises:
        Malformed: they are not, or are made for another organisation, or the profile is not sound.

    """
    metadata.check_profile_metadata(signed, bureau, org)
    if signed.targets[profile_path(bureau)].hashes.get("sha256") != hashlib.sha256(raw).hexdigest():
        raise Malformed(f"the profile of {bureau} is not the one that its metadata sign")
    profile = registry.profile_from(raw)
    if profile.bureau != bureau:
        raise Malformed(f"a profile of another bureau under the signature of {bureau}")
    if profile.version != signed.version:
        raise Malformed(f"a profile of version {profile.version} in metadata of version {signed.version}")
    return profile


def _unexpired(signed: Targets, bureau: BureauId, now: Millis) -> None:
    if signed.is_expired(metadata.moment(now)):
        raise Malformed(f"the profile metadata of {bureau} expired on {metadata.day(signed.expires)}: sign them anew")


def _check_next(state: State, bureau: BureauId, coming: Metadata[Targets]) -> None:
    present = state.roles.get(bureau)
    if present is None or coming.signed.version == present.signed.version + 1:
        return
    if coming.signed.version == present.signed.version and coming.signed_bytes == present.signed_bytes:
        return  # The same again: `accept_profile` publishes nothing anew, or a stranger could make versions at will.
    reason = f"version {coming.signed.version} of the profile, {present.signed.version + 1} is next"
    raise Refused(Refusal("registry.version", reason))


def _counted(profile: Profile) -> str:
    retired = sum(key.retired for key in profile.keys)
    uses = ", ".join(f"{key.use} {key.kid.hex()[:8]}" for key in profile.keys if not key.retired)
    return f"{len(profile.keys) - retired} keys in use ({uses}), {retired} retired"
