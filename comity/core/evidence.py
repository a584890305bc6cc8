"""Proof files: what somebody without a node needs to see that an act was said, logged and answered (decision 0031).

Authority: the form is ours (docs/spec/proof.md); what it holds is COSE_Sign1 (RFC 9052), inclusion proofs (RFC 6962),
checkpoints and cosignatures (C2SP), and the signed files of the registry (TUF). A proof file proves by signatures and
hashes alone: who made it, and when, does not matter, and one flipped byte in any of its values ends it.

This module reads the file and checks everything but the registry's own signatures, which need python-tuf: it takes the
profiles that `node/proof.py` has verified up from the organisation's first root. Times are what signers claim; what is
proven is order (decision 0009). Whether a key was revoked later is not in the file: the registry says that.

Times are shown as people read them:

>>> moment(Millis(1_767_225_600_000))
'2026-01-01T00:00:00.000Z'
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import msgspec

from comity.core import cose
from comity.core.act import Head, body_digest
from comity.core.checkpoint import Checkpoint, Cosigner, cosigners, verify
from comity.core.codec import NO_JSON, decode, from_json, unpack
from comity.core.envelope import HEAD, read_approval
from comity.core.epoch import origin_in
from comity.core.errors import Malformed, Misused
from comity.core.ids import ActId, BureauId, Digest, KeyId, Millis, OrgId, act_id, spell
from comity.core.leaf import SALT, Leaf, Way, commitment
from comity.core.log import Inclusion, leaf_hash, verify_inclusion
from comity.core.note import Use, VerifierKey, made_by, parse_note, witness_name
from comity.core.receipt import BATCH, Nondelivery, Receipt, RowProof, Rung, verify_row
from comity.core.registry import Key, KeyUse, Profile

FORM = "proof/1"

MAX_FILE = 32 * 1024 * 1024
"""Bytes of a proof file at most: a body of 8 MiB in base64, and 400 receipts with their profiles."""

RECEIPTS, NONDELIVERY = "exchange.receipts/1", "exchange.nondelivery/1"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Spoken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The act: its signed head and approvals, and what it says if that is to be shown."""

    head: bytes
    """COSE_Sign1, as it was sent."""
    approvals: tuple[bytes, ...] = ()
    """COSE_Sign1 of officers who approved."""
    body: bytes | None = None
    salt: bytes | None = None
    """32 bytes; with the body, or not at all."""


class Logged(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """That the act stands in the log of whoever made the file."""

    leaf: bytes
    """CBOR of `core.leaf.Leaf`."""
    salt: bytes
    index: int
    path: tuple[bytes, ...]
    """From the leaf to the root of the checkpoint."""
    checkpoint: str


class Answered(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One receipt, without the others that travelled with it."""

    head: bytes
    """COSE_Sign1 of the act that carries it."""
    row: bytes
    """CBOR of `core.receipt.Receipt`."""
    salt: bytes
    index: int
    size: int
    """Of the smallest tree that has this path: how many receipts really travelled together is not shown."""
    path: tuple[bytes, ...]
    checkpoint: str
    """What the receipt's signer had logged by then, signed by its log."""


class Shown(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bureau's profile and the metadata that sign it, as text."""

    bureau: BureauId
    role: str
    profile: str


class Membership(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The membership metadata of one moment, and the profiles that are shown from it."""

    targets: str
    profiles: tuple[Shown, ...]


class Registered(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The registry, as far as the keys in this file need it."""

    name: str
    """Of the organisation, as its first root spells it."""
    roots: tuple[str, ...]
    """From the first root on, without a hole."""
    memberships: tuple[Membership, ...]


class ProofFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A proof file; JSON, bytes in base64."""

    comity: str
    org: OrgId
    by: BureauId
    """Whose log shows the act: its sender, or one of its recipients."""
    act: Spoken
    logged: Logged
    receipts: tuple[Answered, ...]
    registry: Registered


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A plain statement, and whether the file proves it; what it contradicts is no finding but `Malformed`."""

    statement: str
    proven: bool = True


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What a proof file proves."""

    org: OrgId
    act: str
    """The act's id in hexadecimal."""
    verdict: str
    findings: tuple[Finding, ...]
    text: object = None
    """What was said, decoded; absent when the file does not show it."""


def format_proof(file: ProofFile) -> bytes:
    """Return the bytes of a proof file."""
    return msgspec.json.format(msgspec.json.encode(file)) + b"\n"


def parse_proof(raw: bytes) -> ProofFile:
    """Read a proof file; verifies nothing.

    White space is free, so that the file survives being looked at; all else has one spelling.

    Raises:
        Malformed: it is none, of another version, or something in it is not in its one spelling.

    """
    if len(raw) > MAX_FILE:
        raise Malformed(f"a proof file of {len(raw)} bytes, {MAX_FILE} at most")
    try:
        file = from_json(raw, ProofFile)
        tokens = msgspec.json.format(raw, indent=-1)
    except NO_JSON:
        raise Malformed(f"{len(raw)} bytes are no proof file of version {FORM}") from None
    if file.comity != FORM:
        raise Malformed(f"a proof file of another version than {FORM}")
    # A key that stands twice is read in two ways by two programs, and base64 has spare bits.
    if msgspec.json.encode(file) != tokens:
        raise Malformed("a proof file in which something is not in its one spelling")
    return file


def check(file: ProofFile, profiles: Iterable[Profile], *, anchored: bool) -> Findings:
    """Check a proof file against the profiles that it shows, already verified, and say what it proves.

    `anchored` says that the organisation is the one that the reader means, not just some organisation.

    Raises:
        Malformed: something in it does not verify, or contradicts the rest.

    """
    checking = _Check(file, tuple(profiles))
    checking.say(f"the keys are registered in the organisation {file.org}, from its first root on")
    if not anchored:
        checking.say("that is the organisation you mean: no anchor was given, so compare its id", proven=False)
    return checking.run()


def smallest(proof: RowProof, root: Digest | None) -> RowProof:
    """Return the proof of a row in the smallest tree that has this path, which hides how many rows there are."""
    index, path = proof.inclusion.index, proof.inclusion.path
    for size in range(index + 1, proof.inclusion.size + 1):
        smaller = RowProof(row=proof.row, salt=proof.salt, inclusion=Inclusion(index, size, path))
        try:
            verify_row(root, smaller)
        except Malformed:
            continue
        return smaller
    raise Malformed("the proof of a row does not lead to its root")


def moment(at: Millis) -> str:
    """Return milliseconds as ISO 8601 in UTC.

    Raises:
        Malformed: later than the year 9999.

    """
    try:
        text = (_EPOCH + timedelta(milliseconds=at)).isoformat(timespec="milliseconds")
    except OverflowError:
        raise Malformed("a time that no calendar knows") from None
    return text.removesuffix("+00:00") + "Z"


class _Check:
    """One run through a proof file; collects statements, raises at the first thing that does not hold."""

    def __init__(self, file: ProofFile, profiles: tuple[Profile, ...]) -> None:
        self.file = file
        self.profiles = profiles
        self.found: list[Finding] = []

    # What a file says is collected here, in the order in which it is checked.

    def say(self, statement: str, *, proven: bool = True) -> None:
        self.found.append(Finding(statement=statement, proven=proven))

    def run(self) -> Findings:
        act, head = self.head()
        text = self.text(head)
        self.approvals(act, head)
        self.log(act, head)
        ruled = {head.sender} | {self.receipt(answered, act, head) for answered in self.file.receipts}
        if self.file.by == head.sender:
            for recipient in head.to:
                if recipient not in ruled:
                    self.say(f"{recipient} ruled on it: no receipt that says so is in this file", proven=False)
        count = sum(finding.proven for finding in self.found)
        verdict = "proven" if count == len(self.found) else f"proven: {count} of {len(self.found)} statements"
        return Findings(org=self.file.org, act=spell(act), verdict=verdict, findings=tuple(self.found), text=text)

    # The act.

    def head(self) -> tuple[ActId, Head]:
        payload, head = self.signed(self.file.act.head)
        act, to = act_id(payload), ", ".join(head.to)
        if self.file.by not in {head.sender, *head.to}:
            raise Malformed(f"the act concerns {head.sender} and its recipients, the log is that of {self.file.by}")
        kid = cose.key_id(self.file.act.head).hex()
        claim = f"at {moment(head.said)} by its own clock"
        self.say(f"{head.sender} said {head.kind} {spell(act)} to {to}, signed with its key {kid}, {claim}")
        return act, head

    def signed(self, raw: bytes) -> tuple[bytes, Head]:
        """Verify a signed head under a key of its sender; nothing in it is read before."""
        bureau, key = self.key(cose.key_id(raw))
        payload = cose.verify1(raw, HEAD, key)
        head = decode(payload, Head)
        if head.sender != bureau:
            raise Malformed(f"a head names {head.sender} as its sender and is signed by {bureau}")
        if head.org != self.file.org:
            raise Malformed("a head of another organisation")
        return payload, head

    def text(self, head: Head) -> object:
        body, salt = self.file.act.body, self.file.act.salt
        if body is None and salt is None:
            return None
        if body is None or salt is None or len(salt) != SALT:
            raise Malformed("the text of the act is shown with its salt of 32 bytes, or not at all")
        if len(body) != head.size or body_digest(salt, body) != head.body:
            raise Malformed("the text is not the one that the head holds a digest of")
        self.say("the text in this file is the one that was said")
        if head.kind == NONDELIVERY:
            silent = decode(body, Nondelivery)
            until = moment(silent.deadline)
            self.say(f"{head.sender} states that {silent.recipient} was silent on {spell(silent.act)} until {until}")
        text: object = unpack(body)
        return text

    def approvals(self, act: ActId, head: Head) -> None:
        listed = [each for profile in self.profiles if profile.bureau == head.sender for each in profile.approvers]
        for raw in self.file.act.approvals:
            kid = cose.key_id(raw)
            approver = next((each for each in listed if each.key.kid == kid), None)
            if approver is None:
                raise Malformed(f"an approval by nobody whom the profile of {head.sender} lists")
            said = read_approval(raw, approver.key)
            if (said.org, said.act, said.officer, said.unit) != (head.org, act, approver.officer, approver.unit):
                raise Malformed("an approval of another act, or by another officer than it names")
            self.say(f"officer {said.officer} of unit {said.unit} of {head.sender} approved it")

    # The log.

    def log(self, act: ActId, head: Head) -> None:
        by, logged = self.file.by, self.file.logged
        leaf, place = decode(logged.leaf, Leaf), f"leaf {logged.index} of its log"
        ways = {Way.SENT: "sent"} if by == head.sender else {Way.RECEIVED: "received", Way.REFUSED: "refused"}
        if leaf.act != Digest(act) or leaf.way not in ways or len(logged.salt) != SALT:
            raise Malformed(f"the leaf of {by} is about another act, or about something else")
        checkpoint, witnesses = self.checkpoint(by, logged.checkpoint)
        path = tuple(Digest(hash_) for hash_ in logged.path)
        entry = leaf_hash(commitment(leaf, logged.salt))
        verify_inclusion(Inclusion(logged.index, checkpoint.size, path), entry, checkpoint.root)
        code = f" ({leaf.code})" if leaf.code else ""
        self.say(f"{by} logged it as {ways[leaf.way]}{code} at {place}, at {moment(leaf.at)} by its own clock")
        self.say(f"{by} signed the checkpoint that holds it, of size {checkpoint.size}")
        for witness in witnesses:
            bureau = witness.name.split("/")[1]
            when = moment(Millis(witness.time * 1000))
            self.say(f"{bureau} cosigned that checkpoint of size {checkpoint.size}, at {when} by its own clock")
        if not witnesses:
            self.say("another bureau cosigned that checkpoint: no cosignature is in this file", proven=False)

    def checkpoint(self, bureau: BureauId, text: str) -> tuple[Checkpoint, tuple[Cosigner, ...]]:
        """Verify a checkpoint of a bureau's log and all that stands under it, down to the last signature line."""
        raw, origin = text.encode(), origin_in(text, self.file.org, bureau)
        logs = [VerifierKey(origin, Use.LOG, key.public) for _, key in self.keys(KeyUse.LOG, bureau)]
        witnesses = [
            VerifierKey(witness_name(self.file.org, other), Use.WITNESS, key.public)
            for other, key in self.keys(KeyUse.WITNESS)
            if other != bureau
        ]
        note = parse_note(raw)
        known = {(key.name, key.key_id) for key in (*logs, *witnesses)}
        if any((line.name, line.key_id) not in known for line in note.signatures):
            raise Malformed(f"a checkpoint of {bureau} with a signature of nobody whose profile this file shows")
        checkpoints = [verify(raw, key, origin=origin) for key in logs if made_by(key, note)]
        if not checkpoints:
            raise Malformed(f"a checkpoint without the signature of the log of {bureau}")
        try:
            return checkpoints[0], cosigners(raw, witnesses)
        except Misused:
            raise Malformed("two bureaus list one key for cosignatures") from None

    # Receipts.

    def receipt(self, answered: Answered, act: ActId, asked: Head) -> BureauId | None:
        """Verify one receipt, say what it says, and return its signer if it ruled on the act."""
        _, head = self.signed(answered.head)
        if head.kind != RECEIPTS or head.sender not in asked.to or asked.sender not in head.to:
            raise Malformed("a receipt that is none, or not from a recipient to the sender of the act")
        inclusion = Inclusion(answered.index, answered.size, tuple(Digest(hash_) for hash_ in answered.path))
        if len(answered.salt) != SALT or not 0 <= answered.index < answered.size <= BATCH:
            raise Malformed(f"a receipt stands among at most {BATCH}, with a salt of 32 bytes")
        proof = RowProof(row=answered.row, salt=answered.salt, inclusion=inclusion)
        receipt = decode(verify_row(head.rows, proof), Receipt)
        if smallest(proof, head.rows) != proof:
            raise Malformed("the place of a receipt is not in its one spelling")
        if receipt.act != Digest(act):
            raise Malformed("a receipt for another act")
        known, _ = self.checkpoint(head.sender, answered.checkpoint)
        if known.size <= receipt.leaf:
            raise Malformed("a receipt that names a leaf beyond the checkpoint beside it")
        signer, place = head.sender, f"at leaf {receipt.leaf} of its log, at {moment(receipt.at)} by its own clock"
        self.say(f"{signer} {_did(receipt)} {place}")
        return signer if receipt.rung >= Rung.RULED else None

    # Keys.

    def keys(self, use: KeyUse, bureau: BureauId | None = None) -> list[tuple[BureauId, Key]]:
        found = [(profile.bureau, key) for profile in self.profiles for key in profile.keys]
        return [(owner, key) for owner, key in found if key.use is use and bureau in {None, owner}]

    def key(self, kid: KeyId) -> tuple[BureauId, Key]:
        for owner, key in self.keys(KeyUse.SIGN):
            if key.kid == kid:
                return owner, key
        raise Malformed(f"something is signed with the key {kid.hex()}, which no profile in this file lists")


def _did(receipt: Receipt) -> str:
    match receipt.rung:
        case Rung.CARRIED:
            return "carried it"
        case Rung.COMMITTED:
            return "committed it"
        case Rung.RULED:
            return "accepted it" if receipt.accepted else f"refused it ({receipt.code})"
        case Rung.DECIDED:
            return f"decided on it ({receipt.code})"
