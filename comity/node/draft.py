"""What a ceremony would publish, read and checked before anybody signs it, and told in plain words.

Authority: decision 0005. The words that a custodian is shown are computed here, from the metadata that would be signed
and from the registry as it stands; the text that lies in a ceremony file is for leafing through and decides nothing.
"""

import hashlib
from collections.abc import Iterator

import msgspec

from comity.core.errors import Malformed, Misused, Refused
from comity.core.ids import BureauId, Millis, OrgId
from comity.core.registry import Accreditation, Profile, Standing
from comity.core.ruling import Refusal
from comity.node import admission, anchor, metadata
from comity.node.metadata import DOCUMENTS, Metadata, Root, S, Targets
from comity.node.repository import Content, State, content


class Ceremony(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file that travels from custodian to custodian: what would be published, and the signatures so far."""

    comity: str = "ceremony/1"
    org: OrgId
    name: str
    urls: tuple[str, ...] = ()
    """Addresses of the registry; counts at the creation of an organisation only."""
    summary: tuple[str, ...] = ()
    """What the proposer saw; nobody signs by it."""
    root: str | None = None
    targets: str | None = None
    documents: dict[str, str] = {}
    roles: dict[BureauId, str] = {}
    """Profile metadata that bureaus signed and that must be published together with their delegation."""
    profiles: dict[BureauId, str] = {}


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A ceremony that was read: every part in the right shape, every hash and every bureau's signature verified."""

    root: Metadata[Root] | None
    targets: Metadata[Targets] | None
    documents: dict[str, bytes]
    content: Content
    roles: dict[BureauId, Metadata[Targets]]
    profiles: dict[BureauId, Profile]


def read(ceremony: Ceremony, state: State | None) -> Draft:
    """Return what the ceremony would publish on top of `state`; None is the creation of an organisation.

    Raises:
        Malformed: a part is not what it claims, or the parts do not agree.
        Refused: the registry has moved on since it was proposed.

    """
    if ceremony.comity != "ceremony/1" or (state is not None and ceremony.org != state.anchor.org):
        raise Malformed("a ceremony of another organisation")
    root = _root(ceremony, state)
    targets = _targets(ceremony, state)
    if root is None and targets is None:
        raise Malformed("a ceremony that changes nothing")
    in_force = targets or (state.targets if state else None)
    if in_force is None:
        raise Malformed("a new organisation needs membership metadata")
    documents = {path: _document(ceremony, state, in_force.signed, path) for path in DOCUMENTS}
    draft = Draft(
        root=root,
        targets=targets,
        documents=documents,
        content=content(documents),
        roles={},
        profiles={},
    )
    deciding = root or (state.root if state else None)
    if deciding is None:
        raise Malformed("a new organisation needs a root")
    _check_content(draft, deciding.signed, in_force.signed, ceremony)
    if state is not None:
        _check_nothing_lost(draft.content, state.content)
    for bureau, text in ceremony.roles.items():
        raw = ceremony.profiles.get(bureau, "").encode()
        draft.roles[bureau], draft.profiles[bureau] = _role(bureau, text, raw, in_force.signed, ceremony.org)
    _check_profiles(draft, state, in_force.signed)
    return draft


def explained(draft: Draft, state: State | None, now: Millis) -> tuple[str, ...]:
    """Return what would change, one sentence for each change.

    Raises:
        Malformed: what would be signed has expired.

    """
    lines: list[str] = []
    if draft.root is not None:
        lines += _root_lines(draft.root.signed, state.root.signed if state else None)
    if draft.targets is not None:
        lines += _key_lines(draft.targets.signed, state.targets.signed if state else None)
        lines += _content_lines(draft.content, state.content if state else None)
    for bureau, profile in draft.profiles.items():
        uses = ", ".join(f"{key.use} {key.kid.hex()[:8]}" for key in profile.keys if not key.retired)
        lines.append(f"published with it: version {profile.version} of the profile of {bureau} ({uses})")
    for name, part in (("root", draft.root), ("membership", draft.targets)):
        if part is not None:
            if part.signed.is_expired(metadata.moment(now)):
                raise Malformed(f"this proposal expired on {metadata.day(part.signed.expires)}: propose it again")
            lines.append(
                f"the {name} metadata become version {part.signed.version}, good until "
                f"{metadata.day(part.signed.expires)}"
            )
    return tuple(lines)


def _root(ceremony: Ceremony, state: State | None) -> Metadata[Root] | None:
    if ceremony.root is None:
        if state is None:
            raise Malformed("a new organisation needs a root")
        return None
    root = metadata.parse(ceremony.root.encode(), Root, "the proposed root")
    if state is None:
        if root.signed.version != 1 or anchor.named(ceremony.name, root.signed) != ceremony.org:
            raise Malformed("a new organisation whose id does not follow from its first root")
    else:
        _check_next("root", root, state.root)
    metadata.check_root(root.signed, ceremony.org, ceremony.name)
    return root


def _targets(ceremony: Ceremony, state: State | None) -> Metadata[Targets] | None:
    if ceremony.targets is None:
        return None
    targets = metadata.parse(ceremony.targets.encode(), Targets, "the proposed membership")
    metadata.check_targets(targets.signed, ceremony.org)
    if state is not None:
        _check_next("membership", targets, state.targets)
    elif targets.signed.version != 1:
        raise Malformed("a new organisation begins with version 1")
    return targets


def _check_next(what: str, coming: Metadata[S], present: Metadata[S]) -> None:
    # The same version with the same content is a publishing that was cut short and is done again.
    repeated = coming.signed.version == present.signed.version and coming.signed_bytes == present.signed_bytes
    if not repeated and coming.signed.version != present.signed.version + 1:
        reason = (
            f"this is version {coming.signed.version} of the {what} and the registry is at {present.signed.version}: "
            "propose it again"
        )
        raise Refused(Refusal("registry.superseded", reason))


def _document(ceremony: Ceremony, state: State | None, targets: Targets, path: str) -> bytes:
    expected = targets.targets[path].hashes.get("sha256")
    found = [ceremony.documents[path].encode()] if path in ceremony.documents else []
    found += [state.documents[path]] if state else []
    for raw in found:
        if hashlib.sha256(raw).hexdigest() == expected and len(raw) == targets.targets[path].length:
            return raw
    raise Malformed(f"the ceremony holds no {path} with the hash that would be signed")


def _check_content(draft: Draft, root: Root, targets: Targets, ceremony: Ceremony) -> None:
    if set(draft.content.accreditations) != set(metadata.check_targets(targets, ceremony.org)):
        raise Malformed("the accreditations and the delegations name different bureaus")
    custodians = root.roles["root"]
    policy = draft.content.policy
    if (policy.custodians, policy.threshold) != (len(custodians.keyids), custodians.threshold):
        raise Malformed("the policy and the root name different numbers of custodians")
    if policy.name != ceremony.name:
        raise Malformed("the policy bears another name than the organisation")


def _check_nothing_lost(coming: Content, present: Content) -> None:
    gone = set(present.revocations) - set(coming.revocations)
    if gone:
        raise Refused(Refusal("registry.revocation", f"{len(gone)} revocations would be taken back: a key stays dead"))
    if set(present.accreditations) - set(coming.accreditations):
        raise Refused(Refusal("registry.removed", "a bureau would vanish: eject it, so that its past stays verifiable"))


def _role(bureau: BureauId, text: str, raw: bytes, targets: Targets, org: OrgId) -> tuple[Metadata[Targets], Profile]:
    role = metadata.parse(text.encode(), Targets, f"the profile metadata of {bureau}")
    metadata.verify(targets, bureau, role)
    return role, admission.profile_in(role.signed, raw, bureau, org)


def _check_profiles(draft: Draft, state: State | None, targets: Targets) -> None:
    present = state.roles if state else {}
    for bureau in draft.content.accreditations:
        role = draft.roles.get(bureau) or present.get(bureau)
        if role is None:
            raise Malformed(f"{bureau} would be accredited without a profile")
        # Without this a replaced role key would leave the bureau with a profile that nobody accepts.
        metadata.verify(targets, bureau, role)
        if bureau in draft.roles and bureau in present:
            _check_next(f"profile of {bureau}", role, present[bureau])


def _root_lines(coming: Root, present: Root | None) -> Iterator[str]:
    custodians = coming.roles["root"]
    names = {keyid: metadata.name_of(key) for keyid, key in coming.keys.items()}
    if present is None:
        yield f"a new organisation: {custodians.threshold} of {len(custodians.keyids)} custodians decide together"
        yield from (f"custodian: {names[keyid]}" for keyid in custodians.keyids)
    else:
        before = present.roles["root"]
        old = {keyid: metadata.name_of(key) for keyid, key in present.keys.items()}
        yield from (f"custodian leaves: {old[keyid]}" for keyid in before.keyids if keyid not in custodians.keyids)
        yield from (f"custodian joins: {names[keyid]}" for keyid in custodians.keyids if keyid not in before.keyids)
        if (before.threshold, len(before.keyids)) != (custodians.threshold, len(custodians.keyids)):
            yield (
                f"instead of {before.threshold} of {len(before.keyids)} custodians, "
                f"{custodians.threshold} of {len(custodians.keyids)} decide"
            )
    for role in ("timestamp", "snapshot"):
        keyids = coming.roles[role].keyids
        if present is None or keyids != present.roles[role].keyids:
            yield f"online {role} key: {', '.join(names[keyid] for keyid in keyids)}"


def _key_lines(coming: Targets, present: Targets | None) -> Iterator[str]:
    before = _role_names(present) if present else {}
    for bureau, names in _role_names(coming).items():
        if bureau not in before:
            yield f"{bureau} will sign its own profile with the role key {names}"
        elif before[bureau] != names:
            yield (
                f"ALARM: the role key of {bureau} changes from {before[bureau]} to {names}: whoever holds the new key "
                "speaks for the bureau; sign only if you heard it from the bureau itself"
            )


def _role_names(targets: Targets) -> dict[str, str]:
    # Compared by the keys' ids: a label is only a label.
    roles, _ = metadata.delegated(targets)
    return {name: ", ".join(keyid[:16] for keyid in role.keyids) for name, role in roles.items()}


def _content_lines(coming: Content, present: Content | None) -> Iterator[str]:
    if present is not None:
        for field in coming.policy.__struct_fields__:
            old, new = getattr(present.policy, field), getattr(coming.policy, field)
            if old != new:
                yield f"policy: {field} was {old} and becomes {new}"
    for bureau, accreditation in coming.accreditations.items():
        if present is None or present.accreditations.get(bureau) != accreditation:
            yield f"{bureau}: {spelled(accreditation)}"
    known = set(present.revocations) if present else set()
    for revocation in coming.revocations:
        if revocation not in known:
            yield (
                f"{revocation.bureau}: its key {revocation.kid.hex()[:8]} is dead from leaf {revocation.size} of its "
                f"log on, decided by {revocation.decided_by}"
            )


def spelled(accreditation: Accreditation) -> str:
    """Return an accreditation as people read it."""
    until = f" until {metadata.day(metadata.moment(accreditation.until))}" if accreditation.until is not None else ""
    only = f" to {', '.join(accreditation.functions)}" if accreditation.standing is Standing.RESTRICTED else ""
    article = f" under {accreditation.article}" if accreditation.article else ""
    since = metadata.day(metadata.moment(accreditation.since))
    return (
        f"{accreditation.standing}{only} as {accreditation.role} since {since}{until}, "
        f"decided by {accreditation.decided_by}{article}"
    )


def custodian(root: Root, named: str) -> str:
    """Return the id of the one custodian's key that a person named by label or by the first digits of its id.

    Raises:
        Misused: none or several fit.

    """
    found = [
        keyid
        for keyid in root.roles["root"].keyids
        if named and (keyid.startswith(named) or metadata.name_of(root.keys[keyid]).rpartition(" (")[0] == named)
    ]
    if len(found) != 1:
        raise Misused(f"{len(found)} custodians fit that name: give the label or the first digits of the key's id")
    return found[0]
