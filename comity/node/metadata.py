"""What the registry's metadata look like: roles, lives, names, and the checks that TUF itself does not make.

Authority: The Update Framework, specification 1.0 (decision 0005), through python-tuf. TUF verifies signatures,
versions and expiry; it lets a delegator list any target and any path. Comity allows one shape only, so that the
custodians cannot sign a bureau's keys beside its back and no key is counted twice under two ids (GMS-2022-4197).

    root      n of m custodians   x-comity-name (version 1) or x-comity-org (later): one organisation's root only
    targets   the same custodians policy.json accreditations.json revocations.json; one delegation for each bureau
    <bureau>  its role key        <bureau>/profile.json and nothing else, no delegation of its own
    snapshot, timestamp           the secretariat's online keys

This module reads and builds values; `node/repository.py` keeps them, `node/trust.py` follows them.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from securesystemslib.signer import Key, Signature, SSlibKey  # type: ignore[attr-defined]  # as below
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import (  # type: ignore[attr-defined]  # its documented names, which it does not mark as exported
    TOP_LEVEL_ROLE_NAMES,
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Role,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

from comity.core.errors import Malformed
from comity.core.ids import BureauId, Millis, OrgId, bureau_id
from comity.node.keyfile import OfflineKey, PublicKey

__all__ = [
    "DelegatedRole",
    "Delegations",
    "MetaFile",
    "Metadata",
    "Role",
    "Root",
    "SSlibKey",
    "Snapshot",
    "TargetFile",
    "Targets",
    "Timestamp",
]

DAY = 86_400_000

LIFE: dict[str, int] = {
    "timestamp": DAY,
    "snapshot": 7 * DAY,
    "targets": 90 * DAY,
    "root": 365 * DAY,
    "profile": 365 * DAY,
}
"""How long metadata of a role may be relied on, in milliseconds. A timestamp of one day bounds a freeze to a day; the
other lives are Sigstore's practice, where shorter ones stopped services that nobody had attacked."""

ORG = "x-comity-org"
"""Field of signed metadata: keys may serve two organisations, their signatures must not."""
NAME = "x-comity-name"
"""Field of the first root, which cannot hold the organisation's id because the id is its hash."""
_LABEL = "x-comity-label"

POLICY, ACCREDITATIONS, REVOCATIONS = "policy.json", "accreditations.json", "revocations.json"
DOCUMENTS = frozenset({POLICY, ACCREDITATIONS, REVOCATIONS})

S = TypeVar("S", Root, Timestamp, Snapshot, Targets)
"""The four kinds of signed metadata."""


def profile_path(bureau: str) -> str:
    """Return the target path of a bureau's profile."""
    return f"{bureau}/profile.json"


def moment(at: int) -> datetime:
    """Return milliseconds UTC as the date that TUF wants, in whole seconds."""
    return datetime.fromtimestamp(at // 1000, UTC)


def millis(at: datetime) -> Millis:
    """Return a date of TUF as milliseconds UTC."""
    return Millis(int(at.timestamp()) * 1000)


def day(at: datetime) -> str:
    """Return a date as people read it."""
    return at.strftime("%Y-%m-%d")


def tuf_key(key: PublicKey) -> SSlibKey:
    """Return the key as TUF writes it; its id is computed from the key alone, never chosen."""
    made = SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(key.public))
    if key.label:
        made.unrecognized_fields[_LABEL] = key.label
    return made


def raw_key(key: Key) -> bytes:
    """Return the 32 bytes of a key in metadata.

    Raises:
        Malformed: it is no Ed25519 key, or its id is not the one that follows from it.

    """
    if not isinstance(key, SSlibKey) or (key.keytype, key.scheme) != ("ed25519", "ed25519"):
        raise Malformed(f"registry: a key of type {key.keytype}, ed25519 was expected")
    try:
        public = bytes.fromhex(key.keyval["public"])
        same = SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(public))
    except (KeyError, TypeError, ValueError):
        raise Malformed("registry: a key that is not 32 bytes") from None
    # One key under two ids would be counted as two custodians.
    if same.keyid != key.keyid:
        raise Malformed(f"registry: a key under the id {key.keyid[:8]}, which does not follow from the key")
    return public


def name_of(key: Key) -> str:
    """Return how people call a key: its label and the first 8 digits of its id."""
    label = key.unrecognized_fields.get(_LABEL)
    return f"{label} ({key.keyid[:8]})" if isinstance(label, str) else key.keyid[:8]


def parse(raw: bytes, kind: type[S], what: str) -> Metadata[S]:
    """Read metadata of one kind; it is not verified yet.

    Raises:
        Malformed: it is not metadata, or of another kind.

    """
    try:
        found: Metadata[S] = Metadata[S].from_bytes(raw)
    except RepositoryError:
        raise Malformed(f"registry: {what} of {len(raw)} bytes is not metadata") from None
    if not isinstance(found.signed, kind):
        raise Malformed(f"registry: {what} is of another type than expected")
    return found


def sign(metadata: Metadata[S], key: OfflineKey) -> None:
    """Add the signature of `key`."""
    keyid = tuf_key(key.public).keyid
    metadata.signatures[keyid] = Signature(keyid, key.sign(metadata.signed_bytes).hex())


def signers(delegator: Root | Targets, role: str, metadata: Metadata[S]) -> tuple[set[str], int]:
    """Return the ids of the keys of `role` whose signature verifies, and how many are needed.

    Raises:
        Malformed: the delegator knows no such role.

    """
    try:
        result = delegator.get_verification_result(role, metadata.signed_bytes, metadata.signatures)
    except ValueError:
        raise Malformed(f"registry: there is no role {role}") from None
    return set(result.signed), result.threshold


def verify(delegator: Root | Targets, role: str, metadata: Metadata[S]) -> None:
    """Verify that enough keys of `role` signed.

    Raises:
        Malformed: they did not.

    """
    found, needed = signers(delegator, role, metadata)
    if len(found) < needed:
        raise Malformed(f"registry: {role} carries {len(found)} of {needed} signatures that count")


def check_root(root: Root, org: OrgId, name: str) -> None:
    """Check the shape of a root, whose signatures are verified elsewhere.

    Raises:
        Malformed: it is another organisation's, or lists its custodians in a way that would count one twice.

    """
    if root.version == 1 and root.unrecognized_fields.get(NAME) != name:
        raise Malformed("registry: the first root bears another name")
    if root.version > 1 and root.unrecognized_fields.get(ORG) != org:
        raise Malformed("registry: a root of another organisation")
    if not root.consistent_snapshot:
        raise Malformed("registry: a root without consistent snapshots")
    for key in root.keys.values():
        raw_key(key)
    custodians = root.roles["root"]
    membership = root.roles["targets"]
    if set(custodians.keyids) != set(membership.keyids) or custodians.threshold != membership.threshold:
        raise Malformed("registry: root and targets name different custodians")
    if not len(custodians.keyids) < 2 * custodians.threshold <= 2 * len(custodians.keyids):
        count, needed = len(custodians.keyids), custodians.threshold
        raise Malformed(f"registry: {needed} of {count} custodians is no majority: two groups could decide apart")
    online = {*root.roles["snapshot"].keyids, *root.roles["timestamp"].keyids}
    if online & set(custodians.keyids):
        raise Malformed("registry: a custodian's key is used online")


def check_targets(targets: Targets, org: OrgId) -> dict[BureauId, tuple[bytes, ...]]:
    """Check the shape of the membership metadata and return each bureau's role keys.

    Raises:
        Malformed: it is another organisation's, lists other files than its three, or delegates in another form.

    """
    if targets.unrecognized_fields.get(ORG) != org:
        raise Malformed("registry: the membership metadata of another organisation")
    # A target named here would be found before the bureau's own: the custodians would speak for the bureau.
    if set(targets.targets) != DOCUMENTS:
        raise Malformed(f"registry: the membership metadata list {len(targets.targets)} files, its own 3 expected")
    roles, keys = delegated(targets)
    found = {checked_bureau(name): _role_keys(role, keys) for name, role in roles.items()}
    every = [key for keys in found.values() for key in keys]
    if len(set(every)) != len(every):
        raise Malformed("registry: one role key for two bureaus")
    return found


def delegated(targets: Targets) -> tuple[dict[str, DelegatedRole], dict[str, Key]]:
    """Return the delegations by name, and their keys by id.

    Raises:
        Malformed: there are none, or they are made by hash and not by name.

    """
    if targets.delegations is None or targets.delegations.roles is None:
        raise Malformed("registry: the membership metadata delegate in bins, by name expected")
    return targets.delegations.roles, targets.delegations.keys


def checked_bureau(name: str) -> BureauId:
    """Return a bureau's name if a role may bear it.

    Raises:
        Malformed: it is not a bureau's name, or it is one of TUF's own.

    """
    bureau = bureau_id(name)
    if bureau != name or bureau in TOP_LEVEL_ROLE_NAMES:
        raise Malformed(f"registry: {bureau} cannot be a bureau's name")
    return bureau


def check_profile_metadata(targets: Targets, bureau: BureauId, org: OrgId) -> None:
    """Check the shape of a bureau's own metadata.

    Raises:
        Malformed: it is made for another organisation, or holds something beside the profile.

    """
    if targets.unrecognized_fields.get(ORG) != org:
        raise Malformed(f"registry: the profile metadata of {bureau} are made for another organisation")
    if set(targets.targets) != {profile_path(bureau)} or targets.delegations is not None:
        raise Malformed(f"registry: the profile metadata of {bureau} hold something beside its profile")


def _role_keys(role: DelegatedRole, keys: dict[str, Key]) -> tuple[bytes, ...]:
    if role.paths != [f"{role.name}/*"] or not role.terminating or role.threshold != 1 or not role.keyids:
        raise Malformed(f"registry: the delegation to {role.name} is not for its own profile alone")
    if not set(role.keyids) <= set(keys):
        raise Malformed(f"registry: the delegation to {role.name} names a key that is not listed")
    return tuple(raw_key(keys[keyid]) for keyid in role.keyids)


def delegations(bureaus: Mapping[BureauId, Sequence[SSlibKey]]) -> Delegations:
    """Return one delegation for each bureau, in the one form that is allowed."""
    return Delegations(
        keys={key.keyid: key for keys in bureaus.values() for key in keys},
        roles={
            bureau: DelegatedRole(bureau, [key.keyid for key in keys], 1, terminating=True, paths=[f"{bureau}/*"])
            for bureau, keys in bureaus.items()
        },
    )
