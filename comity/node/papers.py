"""What a bureau prepares on its node for its offline role key to sign: first keys, the next profile, a revocation.

Authority: decision 0005 (a bureau alone says which keys it uses), decision 0020 (revocation names the key and the last
good witnessed checkpoint), decision 0017 (whose approval counts, the profile lists). The role key itself is not here:
`node/admission.py` signs, in the hands of a person who reads what changes.
"""

import http.client
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
from sqlalchemy import and_, select

from comity.core import checkpoint as notes
from comity.core.codec import NO_JSON, decode, from_json
from comity.core.epoch import origin_in
from comity.core.errors import ComityError, Malformed, Misused, Refused, Unreachable
from comity.core.ids import BureauId, Digest, KeyId
from comity.core.note import Use, VerifierKey, witness_name
from comity.core.registry import Approver, Key, KeyUse, Profile, Revocation, Suite
from comity.core.ruling import Refusal
from comity.node import admission, disk, keyfile, officers, schema
from comity.node.admission import Submission
from comity.node.anchor import Anchor
from comity.node.bureau import Bureau
from comity.node.keyfile import PublicKey
from comity.node.keyring import Keyring
from comity.node.repository import State

PATIENCE = 30.0
"""Seconds for handing in a profile: the secretariat signs and forces three files to its disk."""

_ANSWER = 100_000
"""Bytes of an answer that are read at most."""

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Which suites a bureau's new keys have."""

    es256: bool = False
    """Acts are signed with ES256, for hardware that lacks Ed25519; the log stays Ed25519, as C2SP wants it."""
    classical: bool = False
    """A sealing key of X25519 beside the hybrid one, for peers that have no ML-KEM."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What the next profile changes."""

    uses: tuple[KeyUse, ...] = ()
    """Keys to be made anew; the present ones are retired."""
    choice: Choice = Choice()
    approvers: tuple[str, ...] = ()
    """Officers to be listed as ones who approve, beside those who are listed already."""
    addresses: tuple[str, ...] = ()
    """New addresses in place of the old ones; none leaves them."""


def new_keys(keyring: Keyring, uses: Iterable[KeyUse], choice: Choice) -> tuple[Key, ...]:
    """Make keys for these uses in the keyring; the standard suite of a use comes first, so that it counts."""
    return tuple(keyring.new(use, suite) for use in uses for suite in _suites(use, choice))


def rotated(bureau: Bureau, wish: Wish) -> Profile:
    """Return the next version of the bureau's profile: new keys made in the keyring, those of the same use retired.

    Approvers follow the list of officers: who left it leaves the profile, who moved to another unit is listed there.

    Raises:
        Misused: the registry holds no profile of this bureau yet, or an officer who is named has no key.

    """
    present = bureau.registry().profiles.get(bureau.me)
    if present is None:
        raise Misused(f"the registry lists no profile of {bureau.me} yet: wait until the custodians have accredited it")
    approvers = _approvers(bureau, present, wish.approvers)
    choice = wish.choice
    if not choice.classical:
        choice = msgspec.structs.replace(choice, classical=_has(present, Suite.X25519))
    if not choice.es256:
        choice = msgspec.structs.replace(choice, es256=_has(present, Suite.ES256))
    new = new_keys(bureau.keyring, wish.uses, choice)
    retiring = [key.kid for key in present.keys if key.use in wish.uses and not key.retired]
    made = admission.rotated(present, new, retiring)
    addresses = wish.addresses or present.addresses
    return msgspec.structs.replace(made, approvers=approvers, addresses=addresses)


def changes(before: Profile, after: Profile) -> Iterator[str]:
    """Give what the next profile changes, a sentence each; shown before the role key is asked for."""
    known, retired = {key.kid for key in before.keys}, {key.kid for key in before.keys if key.retired}
    for key in after.keys:
        if key.kid not in known:
            yield f"new {key.use} key {key.kid.hex()[:8]} ({key.suite})"
        elif key.retired and key.kid not in retired:
            yield f"the {key.use} key {key.kid.hex()[:8]} is retired: what it signed stays good, it signs nothing new"
    old = {approver.officer: approver for approver in before.approvers}
    for approver in after.approvers:
        if old.pop(approver.officer, None) != approver:
            named = approver.key.kid.hex()[:8]
            yield f"officer {approver.officer} of the unit {approver.unit} may approve, with the key {named}"
    yield from (f"officer {officer} may no longer approve" for officer in old)
    if before.addresses != after.addresses:
        yield f"the node answers at {', '.join(after.addresses) or 'no address'}"


def key_named(profile: Profile, digits: str) -> Key:
    """Return the one key of a profile whose id begins with these hexadecimal digits.

    Raises:
        Misused: none or several do.

    """
    every = (*profile.keys, *(approver.key for approver in profile.approvers))
    found = [key for key in every if digits and key.kid.hex().startswith(digits.lower())]
    if len(found) != 1:
        how = f"{len(found)} keys of {profile.bureau} begin" if found else f"no key of {profile.bureau} begins"
        raise Misused(f"{how} with these digits: give more of the key's id, or other ones")
    return found[0]


def in_use(profile: Profile, kid: KeyId) -> KeyUse | None:
    """Return what a key is used for, if it is the one of that use that counts today."""
    for key in profile.keys:
        if key.kid == kid and not key.retired and profile.current(key.use, key.suite) == key:
            return key.use
    return None


# Revocations.


def last_good(bureau: Bureau, size: int | None = None) -> tuple[int, Digest]:
    """Return size and root of the bureau's own log up to which a key counts.

    Without a size: its last checkpoint that as many witnesses cosigned as the policy asks for, and where the policy
    asks for none, all that is committed.

    Raises:
        Misused: the log is not that long, or no witness has cosigned it yet.

    """
    quorum = bureau.registry().policy.witness_quorum
    with bureau.database.read() as tx:
        held = bureau.ledger.size(tx)
        if size is None:
            size = _witnessed(bureau, quorum) if quorum else held
        if not 0 <= size <= held:
            raise Misused(f"the log of this node has {held} leaves, not {size}")
        return size, bureau.ledger.root(tx, size)


def good_by(state: State, bureau: BureauId, note: bytes) -> tuple[notes.Checkpoint, int]:
    """Return the checkpoint in a note that the bureau's log key signed, and how many witnesses cosigned it.

    Raises:
        Malformed: no log key of the bureau signed it, or a cosignature does not verify.

    """
    profile = state.profiles.get(bureau)
    if profile is None:
        raise Misused(f"the registry lists no profile of {bureau}")
    witnesses = [
        VerifierKey(witness_name(state.anchor.org, peer), Use.WITNESS, key.public)
        for peer, other in state.profiles.items()
        for key in other.keys
        if key.use is KeyUse.WITNESS and peer != bureau
    ]
    origin = origin_in(note.decode(errors="replace"), state.anchor.org, bureau)
    for key in profile.keys:
        if key.use is KeyUse.LOG:
            try:
                checkpoint = notes.verify(note, VerifierKey(origin, Use.LOG, key.public))
            except Malformed:
                continue
            return checkpoint, len(notes.cosigners(note, witnesses))
    raise Malformed(f"no log key of {bureau} signed this checkpoint")


def own_revocation(bureau: Bureau, digits: str, good: tuple[int, Digest]) -> Revocation:
    """Return the bureau's word that one of its keys is dead, for the role key to sign.

    Raises:
        Misused: none or several of its keys begin with these digits.

    """
    key = key_named(bureau.registry().profile(bureau.me), digits)
    return Revocation(bureau=bureau.me, kid=key.kid, size=good[0], root=good[1], decided_by=bureau.me)


# Files and the road to the secretariat.


def write_public(path: Path, public: PublicKey) -> None:
    """Write the public half of an offline key to a file, for handing over."""
    disk.write(path, msgspec.json.format(msgspec.json.encode(public)) + b"\n")


def read_public(path: Path) -> PublicKey:
    """Return the public half of an offline key from the file that was handed over, or from the key file itself.

    Raises:
        Misused: it is neither.

    """
    try:
        public = from_json(path.read_bytes(), PublicKey)
    except OSError as error:
        raise Misused(f"cannot read the key {path}: {error.strerror}") from None
    except NO_JSON:
        return keyfile.public_of(path)
    if len(public.public) != 32:  # noqa: PLR2004 - Ed25519
        raise Misused(f"{path} holds a public key of {len(public.public)} bytes, 32 expected")
    return public


def hand_in(anchor: Anchor, paper: Submission) -> int:
    """Hand a signed profile in at the secretariat and return the registry's new version.

    Raises:
        Misused: no address of the registry takes profiles: they travel as a file then.
        Refused, Malformed: the secretariat refused it.
        Unreachable: no address answered.

    """
    web = [url for url in anchor.urls if urllib.parse.urlsplit(url).scheme in {"http", "https"}]
    if not web:
        raise Misused("the registry has no address that takes profiles: write the profile to a file with --to")
    trouble = ""
    for url in web:
        try:
            return _posted(f"{url.rstrip('/')}/profiles", msgspec.json.encode(paper))
        except Unreachable as problem:
            trouble = str(problem)
    raise Unreachable(trouble)


def _posted(url: str, raw: bytes) -> int:
    request = urllib.request.Request(url, data=raw, headers={"Content-Type": "application/json"})  # noqa: S310 - `hand_in`
    local = [urllib.request.ProxyHandler({})] if urllib.parse.urlsplit(url).hostname in _LOOPBACK else []
    try:
        with urllib.request.build_opener(*local).open(request, timeout=PATIENCE) as answer:
            return decode(answer.read(_ANSWER), dict[str, int])["version"]
    except urllib.error.HTTPError as error:
        raise _answered(error.code, error.read(_ANSWER).decode(errors="replace").strip()) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unreachable(f"cannot reach {url}: {getattr(error, 'reason', error)}") from None
    except KeyError:
        raise Malformed(f"{url} answered something else than a version") from None


def _answered(status: int, text: str) -> ComityError:
    match status:
        case 403:
            code, _, reason = text.partition(": ")
            return Refused(Refusal(code, reason))
        case 400:
            return Malformed(f"the secretariat says: {text}")
        case 404:
            return Misused(f"the secretariat says: {text}")
        case _:
            return Unreachable(f"the secretariat answered {status}")


# Parts.


def _suites(use: KeyUse, choice: Choice) -> Sequence[Suite]:
    match use:
        case KeyUse.SIGN:
            return (Suite.ES256,) if choice.es256 else (Suite.ED25519,)
        case KeyUse.SEAL:
            return (Suite.HYBRID, Suite.X25519) if choice.classical else (Suite.HYBRID,)
        case KeyUse.LOG | KeyUse.WITNESS:
            return (Suite.ED25519,)
        case KeyUse.OFFICER:
            raise Misused("an officer's key is made by the officer: comity officer key")


def _has(profile: Profile, suite: Suite) -> bool:
    return any(key.suite is suite and not key.retired for key in profile.keys)


def _approvers(bureau: Bureau, present: Profile, named: tuple[str, ...]) -> tuple[Approver, ...]:
    able = {approver.officer: approver for approver in officers.approvers(bureau)}
    lacking = set(named) - set(able)
    if lacking:
        raise Misused(f"officer {min(lacking)} has no key to approve with: make one with comity officer key")
    listed = {approver.officer for approver in present.approvers} | set(named)
    return tuple(approver for officer, approver in able.items() if officer in listed)


def _witnessed(bureau: Bureau, quorum: int) -> int:
    c = schema.checkpoints.c
    with bureau.database.read() as tx:
        enough = and_(c.member == bureau.member, c.cosignatures >= quorum)
        row = tx.one(select(c.size).where(enough).order_by(c.size.desc()).limit(1))
    if row is None:
        raise Misused(f"no checkpoint has the {quorum} cosignatures that the policy asks for: say which with --size")
    return int(row.size)
