"""Ceremonies of the custodians: a proposal travels as a file, is signed by one after the other, and is published.

Authority: decision 0005; The Update Framework 1.0, section 6.1 for roots (old and new custodians both sign). Nobody
decides alone: what is published carries the threshold of the custodians in force, and where they change, that of the
coming ones too. Each custodian may sit at another machine; whoever signs is shown what changes, computed on the spot.

This module counts and publishes; `node/proposals.py` writes proposals, `node/admission.py` has the bureaus' own papers.
"""

from pathlib import Path

import msgspec

from comity.core.codec import NO_JSON, from_json
from comity.core.errors import Malformed, Misused, Refused
from comity.core.ids import Millis
from comity.core.ruling import Refusal
from comity.node import anchor as anchors
from comity.node import disk, draft, metadata
from comity.node.admission import Say, check_online
from comity.node.anchor import Anchor
from comity.node.draft import Ceremony, Draft
from comity.node.keyfile import OfflineKey
from comity.node.metadata import DAY, LIFE, Metadata, Root, S, Targets, profile_path
from comity.node.repository import Change, Online, Repository, State


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How many signatures that count one group of custodians has given to one part."""

    what: str
    have: int
    need: int

    def __str__(self) -> str:
        """Return the count as people read it."""
        return f"{self.what}: {self.have} of {self.need} signatures"


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """What a ceremony ended in."""

    anchor: Anchor
    version: int
    """Version of the registry, which acts name."""
    changes: tuple[str, ...]


def explain(ceremony: Ceremony, state: State | None, now: Millis) -> tuple[str, ...]:
    """Return what the ceremony changes, from the metadata themselves; show this before asking for a passphrase.

    Raises:
        Malformed: the file is not sound.
        Refused: the registry has moved on.

    """
    return draft.explained(draft.read(ceremony, state), state, now)


def sign(ceremony: Ceremony, state: State | None, key: OfflineKey, now: Millis, say: Say) -> Ceremony:
    """Return the ceremony with one custodian's signature more, on each of its parts.

    Raises:
        Malformed: the file is not sound.
        Refused: the key is no custodian's, has signed already, or the registry has moved on.

    """
    read = draft.read(ceremony, state)
    for line in draft.explained(read, state, now):
        say(line)
    made = metadata.tuf_key(key.public)
    if made.keyid not in _custodians(read, state):
        raise Refused(Refusal("registry.custodian", f"the key {made.keyid[:8]} belongs to no custodian"))
    if _signed_by(made.keyid, read, state):
        raise Refused(Refusal("registry.signed", "this custodian has signed already, and counts once"))
    if read.root is not None:
        metadata.sign(read.root, key)
    if read.targets is not None:
        metadata.sign(read.targets, key)
    signed = _with(ceremony, read)
    say(f"signed by {metadata.name_of(made)}")
    for count in counts(signed, state):
        say(str(count))
    return signed


def joined(first: Ceremony, *others: Ceremony) -> Ceremony:
    """Return one ceremony with the signatures of copies that custodians signed side by side.

    Raises:
        Misused: the copies are not of one proposal.

    """
    result = first
    for other in others:
        result = msgspec.structs.replace(
            result,
            root=_joined(result.root, other.root, Root),
            targets=_joined(result.targets, other.targets, Targets),
        )
        same = msgspec.structs.replace(result, root=other.root, targets=other.targets, summary=other.summary)
        if same != other:
            raise Misused("these files are not copies of one proposal")
    return result


def counts(ceremony: Ceremony, state: State | None) -> tuple[Count, ...]:
    """Return how many signatures each part has from each group of custodians that must sign it.

    Raises:
        Malformed: the file is not sound.

    """
    found = _tally(draft.read(ceremony, state), state)
    return tuple(Count(what=each.what, have=len(each.keyids), need=each.need) for each in found)


def publish(repository: Repository, ceremony: Ceremony, online: Online, now: Millis, say: Say) -> Published:
    """Publish a ceremony that enough custodians have signed.

    Raises:
        Malformed: the file is not sound.
        Refused: signatures are missing, counted in the message; or the registry has moved on.

    """
    state = repository.read()
    read = draft.read(ceremony, state)
    changes = draft.explained(read, state, now)
    for line in changes:
        say(line)
    _check_enough(ceremony, state, say)
    if read.root is None:
        check_online(state, online)
    else:
        check_online(msgspec.structs.replace(state, roots=(*state.roots, read.root)), online)
    version = repository.publish(_change(ceremony, read), online, now)
    say(f"published: the registry is at version {version}")
    return Published(anchor=repository.anchor, version=version, changes=changes)


def create_organisation(folder: Path, ceremony: Ceremony, online: Online, now: Millis, say: Say) -> Published:
    """Publish the ceremony that an organisation begins with: its registry in a new folder, and its anchor.

    Raises:
        Misused: the folder holds a registry already.
        Malformed, Refused: as `publish`.

    """
    anchor_file = folder / "anchor.json"
    if anchor_file.exists() and anchors.read(anchor_file).org != ceremony.org:
        raise Misused(f"{folder} holds the registry of another organisation: choose an empty folder")
    if (folder / "metadata" / "2.root.json").exists() or (folder / "metadata" / "2.targets.json").exists():
        raise Misused(f"{folder} holds a registry that is in use")
    read = draft.read(ceremony, None)
    changes = draft.explained(read, None, now)
    for line in changes:
        say(line)
    _check_enough(ceremony, None, say)
    if ceremony.root is None or read.root is None:
        raise Malformed("a new organisation needs a root")
    anchor = Anchor(org=ceremony.org, name=ceremony.name, urls=ceremony.urls, root=ceremony.root)
    anchors.checked(anchor)
    _check_first_online(read.root.signed, online)
    version = Repository(folder, anchor).publish(_change(ceremony, read), online, now)
    anchors.write(anchor_file, anchor)
    say(f"the organisation is {ceremony.org}")
    say(f"hand {anchor_file.name} to each bureau and compare the 32 digits by telephone: all trust begins there")
    return Published(anchor=anchor, version=version, changes=changes)


def refresh(repository: Repository, online: Online, now: Millis, say: Say) -> int:
    """Sign the timestamp anew, and the snapshot when half its life is over; return the registry's version.

    To be run several times a day; what the custodians and bureaus must renew is said in time.

    Raises:
        Misused: these are not the online keys.
        Malformed: the registry's own files do not verify.

    """
    state = repository.read()
    check_online(state, online)
    for name, expires in _falls_due(state):
        left = (expires - now) // DAY
        if left <= WARNING:
            say(
                f"{name} expires in {left} days: renew it, or every bureau stops"
                if left >= 0
                else f"{name} has expired"
            )
    if state.snapshot_expires - now < LIFE["snapshot"] // 2:
        version = repository.publish(Change(), online, now)
        say(f"signed a new snapshot and timestamp: the registry is at version {version}")
        return version
    repository.stamp(online, now)
    say(f"signed a new timestamp: the registry stays at version {state.snapshot}")
    return state.snapshot


WARNING = 30
"""Days before an expiry from which `refresh` warns: time for five custodians in five countries to meet by post."""


def write(path: Path, ceremony: Ceremony) -> None:
    """Write the ceremony to a file, in one step."""
    disk.write(path, msgspec.json.format(msgspec.json.encode(ceremony)) + b"\n")


def read(path: Path) -> Ceremony:
    """Return the ceremony in a file, not checked yet.

    Raises:
        Misused: there is no such file.
        Malformed: it is not a ceremony.

    """
    try:
        return from_json(path.read_bytes(), Ceremony)
    except OSError as error:
        raise Misused(f"cannot read the ceremony {path}: {error.strerror}") from None
    except NO_JSON:
        raise Malformed(f"{path} is not a ceremony file of this program") from None


class _Signed(msgspec.Struct, frozen=True, kw_only=True):
    what: str
    keyids: set[str]
    members: frozenset[str]
    need: int


def _groups(read: Draft, state: State | None) -> list[tuple[str, Root]]:
    # When a ceremony is published again, its root is in the registry already and the one before it is counted.
    found: list[tuple[str, Root]] = []
    if state is not None:
        version = read.root.signed.version - 1 if read.root else state.root.signed.version
        found.append(("present", state.roots[version - 1].signed))
    if read.root is not None:
        found.append(("coming", read.root.signed))
    return found


def _tally(read: Draft, state: State | None) -> list[_Signed]:
    found: list[_Signed] = []
    for group, root in _groups(read, state):
        members = frozenset(root.roles["root"].keyids)
        # Membership that is published with a new root must hold under the old one too: that comes last.
        if read.root is not None:
            keyids, need = metadata.signers(root, "root", read.root)
            found.append(_Signed(what=f"root, {group} custodians", keyids=keyids, members=members, need=need))
        if read.targets is not None:
            keyids, need = metadata.signers(root, "targets", read.targets)
            found.append(_Signed(what=f"membership, {group} custodians", keyids=keyids, members=members, need=need))
    return found


def _signed_by(keyid: str, read: Draft, state: State | None) -> bool:
    # By signatures that verify, so that a worthless one in the file cannot keep a custodian from signing.
    return all(keyid in each.keyids for each in _tally(read, state) if keyid in each.members)


def _custodians(read: Draft, state: State | None) -> set[str]:
    return {keyid for _, root in _groups(read, state) for keyid in root.roles["root"].keyids}


def _check_enough(ceremony: Ceremony, state: State | None, say: Say) -> None:
    found = counts(ceremony, state)
    for count in found:
        say(str(count))
    lacking = [count for count in found if count.have < count.need]
    if lacking:
        missing = max(count.need - count.have for count in lacking)
        reason = f"{'; '.join(str(count) for count in lacking)}; at least {missing} more must sign"
        raise Refused(Refusal("registry.threshold", reason))


def _check_first_online(root: Root, online: Online) -> None:
    for role, key in (("timestamp", online.timestamp), ("snapshot", online.snapshot)):
        if metadata.tuf_key(key.public).keyid not in root.roles[role].keyids:
            raise Misused(
                f"this is not the {role} key that the custodians signed: open the key file that belongs to it"
            )


def _change(ceremony: Ceremony, read: Draft) -> Change:
    files = dict(read.documents)
    files |= {profile_path(bureau): text.encode() for bureau, text in ceremony.profiles.items()}
    return Change(
        root=ceremony.root.encode() if ceremony.root is not None else None,
        targets=ceremony.targets.encode() if ceremony.targets is not None else None,
        roles={bureau: text.encode() for bureau, text in ceremony.roles.items()},
        files=files,
    )


def _with(ceremony: Ceremony, read: Draft) -> Ceremony:
    return msgspec.structs.replace(
        ceremony,
        root=read.root.to_bytes().decode() if read.root else None,
        targets=read.targets.to_bytes().decode() if read.targets else None,
    )


def _joined(first: str | None, second: str | None, kind: type[S]) -> str | None:
    if first is None or second is None:
        return first
    one: Metadata[S] = metadata.parse(first.encode(), kind, "the proposal")
    other: Metadata[S] = metadata.parse(second.encode(), kind, "the proposal")
    if one.signed_bytes != other.signed_bytes:
        raise Misused("these files are not copies of one proposal")
    one.signatures = {**other.signatures, **one.signatures}
    return one.to_bytes().decode()


def _falls_due(state: State) -> list[tuple[str, Millis]]:
    parts = [("root", state.root.signed.expires), ("membership", state.targets.signed.expires)]
    parts += [(f"the profile of {bureau}", role.signed.expires) for bureau, role in state.roles.items()]
    return [(name, metadata.millis(expires)) for name, expires in parts]
