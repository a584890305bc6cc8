"""What the custodians can be asked to decide: each function writes one proposal and signs nothing.

Authority: decision 0005; measures against a bureau RPD 131 (text not seen, see `docs/glossary.md`). A proposal builds
the coming metadata on top of the present ones; `node/ceremony.py` has it signed, counted and published.
"""

from collections.abc import Sequence

import msgspec

from comity.core import registry
from comity.core.errors import Malformed, Misused
from comity.core.ids import BureauId, Millis
from comity.core.registry import Accreditation, Policy, Revocation, Standing
from comity.node import admission, anchor, draft, metadata
from comity.node.admission import Say, Submission
from comity.node.draft import Ceremony
from comity.node.keyfile import PublicKey
from comity.node.metadata import (
    ACCREDITATIONS,
    DAY,
    LIFE,
    NAME,
    ORG,
    POLICY,
    REVOCATIONS,
    Metadata,
    Role,
    Root,
    SSlibKey,
    TargetFile,
    Targets,
)
from comity.node.repository import Content, State


class Founders(msgspec.Struct, frozen=True, kw_only=True):
    """Whose keys an organisation begins with; only public halves."""

    custodians: tuple[PublicKey, ...]
    timestamp: PublicKey
    snapshot: PublicKey


def organisation(policy: Policy, founders: Founders, urls: tuple[str, ...], now: Millis, say: Say) -> Ceremony:
    """Propose a new organisation: its custodians, its policy and no bureau yet.

    Raises:
        Misused: the custodians are not the number that the policy names, or one is named twice.

    """
    root = Root(
        version=1,
        expires=metadata.moment(now + LIFE["root"]),
        consistent_snapshot=True,
        unrecognized_fields={NAME: policy.name},
    )
    _appoint(root, founders.custodians, policy.threshold)
    _employ(root, founders.timestamp, founders.snapshot)
    if policy.custodians != len(founders.custodians):
        raise Misused(f"the policy names {policy.custodians} custodians, {len(founders.custodians)} keys were given")
    org = anchor.named(policy.name, root)
    content = Content(policy=policy, accreditations={}, revocations=())
    targets = Targets(
        version=1,
        expires=metadata.moment(now + LIFE["targets"]),
        delegations=metadata.delegations({}),
        unrecognized_fields={ORG: org},
    )
    made = Ceremony(org=org, name=policy.name, urls=urls, root=_text(root))
    made = _membership(made, targets, content)
    say(f"a new organisation, {policy.name}: {policy.threshold} of {policy.custodians} custodians will decide together")
    return _told(made, None, now, say)


def accreditation(state: State, paper: Submission, decided: Accreditation, now: Millis, say: Say) -> Ceremony:
    """Propose to admit a bureau, the secretariat or the commission, from its application.

    Raises:
        Malformed: the application does not verify.
        Misused: the bureau is accredited already, or the decision is about another one.

    """
    profile = admission.verified(paper, state.anchor.org, now)
    if profile.bureau in state.content.accreditations:
        raise Misused(f"{profile.bureau} is accredited already: propose a measure, or a new role key")
    if decided.bureau != profile.bureau:
        raise Misused(f"the decision is about {decided.bureau} and the application from {profile.bureau}")
    _check_decision(decided, now)
    say(f"the application of {profile.bureau} is signed by the role key that it brings along")
    say("before you sign: compare that key's first digits with what the bureau told you by another road")
    content = _decided(state.content, decided)
    made = _next_membership(state, content, now, {profile.bureau: paper.role_key})
    return _told(_with_profile(made, paper), state, now, say)


def measure(state: State, decided: Accreditation, now: Millis, say: Say) -> Ceremony:
    """Propose to suspend a bureau, restrict it to named functions, reinstate it or eject it.

    Raises:
        Misused: the bureau is not accredited, or the measure lacks its end, its functions or its authority.

    """
    present = state.content.accreditations.get(decided.bureau)
    if present is None:
        raise Misused(f"{decided.bureau} is not accredited: there is nothing to change")
    if present.role is not decided.role:
        raise Misused(f"{decided.bureau} is accredited as {present.role}, the measure speaks of a {decided.role}")
    _check_decision(decided, now)
    say(f"{decided.bureau} is now {draft.spelled(present)}")
    return _told(_next_membership(state, _decided(state.content, decided), now), state, now, say)


def role_key(state: State, paper: Submission, now: Millis, say: Say) -> Ceremony:
    """Propose another role key for a bureau, from a profile that the new key signed (decision 10: said openly).

    Raises:
        Malformed: the profile does not verify under the new key.
        Misused: the bureau is not accredited, or its key is the same.

    """
    profile = admission.verified(paper, state.anchor.org, now)
    known = metadata.check_targets(state.targets.signed, state.anchor.org).get(profile.bureau)
    if known is None:
        raise Misused(f"{profile.bureau} is not accredited: propose its accreditation")
    if known == (paper.role_key.public,):
        raise Misused(f"{profile.bureau} has this role key already: its profile needs no custodians")
    say(f"ALARM: the custodians can replace the key by which {profile.bureau} speaks; every node will say so")
    made = _next_membership(state, state.content, now, {profile.bureau: paper.role_key})
    return _told(_with_profile(made, paper), state, now, say)


def revocation(state: State, decided: Revocation, now: Millis, say: Say) -> Ceremony:
    """Propose that a bureau's key is dead from a checkpoint of its log on.

    Raises:
        Misused: the bureau has no such key, or the checkpoint is not one.

    """
    profile = state.profiles.get(decided.bureau)
    if profile is None or decided.kid not in {key.kid for key in profile.keys}:
        raise Misused(f"the registry lists no key {decided.kid.hex()[:8]} of {decided.bureau}")
    if decided.size < 0 or len(decided.root) != 32:  # noqa: PLR2004 - SHA-256
        raise Misused("a revocation names the log's last good size and the 32 bytes of its root")
    content = msgspec.structs.replace(state.content, revocations=(*state.content.revocations, decided))
    return _told(_next_membership(state, content, now), state, now, say)


def policy(state: State, decided: Policy, now: Millis, say: Say) -> Ceremony:
    """Propose another policy; name and custodians stay."""
    content = msgspec.structs.replace(state.content, policy=decided)
    return _told(_next_membership(state, content, now), state, now, say)


def custodians(
    state: State, leaving: Sequence[str], joining: Sequence[PublicKey], threshold: int | None, now: Millis, say: Say
) -> Ceremony:
    """Propose to replace custodians, named by label or by the first digits of their key's id.

    The old and the new threshold must both sign; the membership is signed again with it, so that it stays valid
    when the signature of the one who leaves no longer counts.

    Raises:
        Misused: nobody bears that name, or a key is there already.

    """
    root = _next_root(state, now)
    gone = {draft.custodian(root, named) for named in leaving}
    staying = [_public(root, keyid) for keyid in root.roles["root"].keyids if keyid not in gone]
    _appoint(root, [*staying, *joining], threshold or root.roles["root"].threshold)
    count, needed = len(root.roles["root"].keyids), root.roles["root"].threshold
    content = msgspec.structs.replace(
        state.content, policy=msgspec.structs.replace(state.content.policy, custodians=count, threshold=needed)
    )
    made = msgspec.structs.replace(_next_membership(state, content, now), root=_text(root))
    say("both groups sign, the custodians of today and those of tomorrow; who is in both signs once for both")
    return _told(made, state, now, say)


def online_keys(state: State, timestamp: PublicKey, snapshot: PublicKey, now: Millis, say: Say) -> Ceremony:
    """Propose other online keys; also the way back after somebody ran the version numbers up with stolen ones.

    Raises:
        Misused: a key is a custodian's.

    """
    root = _next_root(state, now)
    _employ(root, timestamp, snapshot)
    made = Ceremony(org=state.anchor.org, name=state.anchor.name, root=_text(root))
    say("bureaus forget the versions that the old online keys signed as soon as they see the new root")
    return _told(made, state, now, say)


def renewal(state: State, now: Millis, say: Say) -> Ceremony:
    """Propose to sign the membership again before it expires, and the root when half its year is over."""
    made = _next_membership(state, state.content, now)
    if metadata.millis(state.root.signed.expires) - now < LIFE["root"] // 2:
        made = msgspec.structs.replace(made, root=_text(_next_root(state, now)))
    say("nothing changes but the dates; sign only if the list below says the same")
    return _told(made, state, now, say)


def _told(made: Ceremony, state: State | None, now: Millis, say: Say) -> Ceremony:
    try:
        lines = draft.explained(draft.read(made, state), state, now)
    except Malformed as error:
        raise Misused(f"this proposal would be refused: {error}") from None
    for line in lines:
        say(line)
    return msgspec.structs.replace(made, summary=lines)


def _check_decision(decided: Accreditation, now: Millis) -> None:
    if not decided.decided_by:
        raise Misused("a decision names the body that took it")
    limited = decided.standing in {Standing.RESTRICTED, Standing.SUSPENDED}
    if limited and decided.until is None:
        raise Misused("to suspend or restrict needs an end date; without one it would be an ejection by another name")
    if limited and not decided.article:
        raise Misused("to suspend or restrict needs the article that allows it")
    if decided.standing is Standing.EJECTED and decided.until is not None:
        raise Misused("an ejection has no end date: admit the bureau again when the time comes")
    if decided.until is not None and decided.until <= now:
        raise Misused(f"the end date lies {(now - decided.until) // DAY} days back")
    if (decided.standing is Standing.RESTRICTED) != bool(decided.functions):
        raise Misused("functions are named when a bureau is restricted to them, and only then")


def _decided(present: Content, decided: Accreditation) -> Content:
    return msgspec.structs.replace(present, accreditations={**present.accreditations, decided.bureau: decided})


def _next_membership(
    state: State, content: Content, now: Millis, role_keys: dict[BureauId, PublicKey] | None = None
) -> Ceremony:
    known = metadata.check_targets(state.targets.signed, state.anchor.org)
    bureaus = {bureau: [PublicKey(label="", public=key) for key in keys] for bureau, keys in known.items()}
    bureaus |= {bureau: [key] for bureau, key in (role_keys or {}).items()}
    targets = Targets(
        version=state.targets.signed.version + 1,
        expires=metadata.moment(now + LIFE["targets"]),
        delegations=metadata.delegations({b: [metadata.tuf_key(key) for key in keys] for b, keys in bureaus.items()}),
        unrecognized_fields={ORG: state.anchor.org},
    )
    return _membership(Ceremony(org=state.anchor.org, name=state.anchor.name), targets, content)


def _with_profile(made: Ceremony, paper: Submission) -> Ceremony:
    # The bureau's bytes as it sent them: whatever is written anew here could differ from what it signed.
    return msgspec.structs.replace(made, roles={paper.bureau: paper.metadata}, profiles={paper.bureau: paper.profile})


def _membership(made: Ceremony, targets: Targets, content: Content) -> Ceremony:
    documents = {
        POLICY: registry.to_json(content.policy),
        ACCREDITATIONS: registry.to_json(tuple(content.accreditations.values())),
        REVOCATIONS: registry.to_json(content.revocations),
    }
    targets.targets = {path: TargetFile.from_data(path, raw, ["sha256"]) for path, raw in documents.items()}
    texts = {path: raw.decode() for path, raw in documents.items()}
    return msgspec.structs.replace(made, targets=_text(targets), documents=texts)


def _next_root(state: State, now: Millis) -> Root:
    root = metadata.parse(state.root.to_bytes(), Root, "the root").signed
    root.version += 1
    root.expires = metadata.moment(now + LIFE["root"])
    root.unrecognized_fields[ORG] = state.anchor.org
    return root


def _appoint(root: Root, keys: Sequence[PublicKey], threshold: int) -> None:
    made = [metadata.tuf_key(key) for key in keys]
    if len({key.keyid for key in made}) != len(made):
        raise Misused("one key is named for two custodians: it would be counted twice")
    if not len(made) < 2 * threshold <= 2 * len(made):
        raise Misused(f"{threshold} of {len(made)} is no majority: two groups could decide apart")
    _assign(root, "root", made, threshold)
    _assign(root, "targets", made, threshold)


def _employ(root: Root, timestamp: PublicKey, snapshot: PublicKey) -> None:
    for role, public in (("timestamp", timestamp), ("snapshot", snapshot)):
        made = metadata.tuf_key(public)
        if made.keyid in root.roles["root"].keyids:
            raise Misused(f"the {role} key is a custodian's: online keys must be their own")
        _assign(root, role, [made], 1)


def _assign(root: Root, role: str, keys: Sequence[SSlibKey], threshold: int) -> None:
    root.roles[role] = Role([key.keyid for key in keys], threshold)
    root.keys |= {key.keyid: key for key in keys}
    used = {keyid for each in root.roles.values() for keyid in each.keyids}
    root.keys = {keyid: key for keyid, key in root.keys.items() if keyid in used}


def _public(root: Root, keyid: str) -> PublicKey:
    key = root.keys[keyid]
    return PublicKey(label=metadata.name_of(key).rpartition(" (")[0], public=metadata.raw_key(key))


def _text(signed: metadata.S) -> str:
    return Metadata(signed).to_bytes().decode()
