"""Evidence files: two things that one bureau signed and that cannot both be true (decision 0040).

Authority: the form is ours (docs/spec/evidence.md); what it holds is checkpoints (C2SP tlog-checkpoint), a consistency
proof (RFC 6962 2.1.2) or two signed heads (COSE_Sign1), and the registry's files that say whose keys these are. A file
convicts by signatures and hashes alone: whoever made it, and why, does not matter.

`split-view`: two checkpoints of one log. The path shows which root the later tree has over the leaves that the earlier
one counts; if that is another than the earlier one names, the log was rewritten, or shows two faces. Two roots for one
size are the same with an empty path. `equivocation`: two heads under one number of one channel.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

from comity.core import cose
from comity.core.act import Head
from comity.core.checkpoint import Checkpoint, verify
from comity.core.codec import decode, from_json
from comity.core.envelope import HEAD
from comity.core.epoch import origin_in
from comity.core.errors import Malformed
from comity.core.evidence import Finding, Registered
from comity.core.ids import BureauId, OrgId, act_id, spell
from comity.core.log import verify_consistency
from comity.core.note import Use, VerifierKey, made_by, parse_note
from comity.core.registry import Key, KeyUse, Profile

FORM = "evidence/1"

MAX_FILE = 4 * 1024 * 1024
"""Bytes of an evidence file at most: two notes or heads, and the registry's files for one bureau."""

MAX_NOTE = 100_000
"""Bytes of each of the two things: a note with a hundred signatures has about 12,000, a head for 400 bureaus 4,000."""


class Contradiction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An evidence file; JSON, bytes in base64."""

    comity: str
    org: OrgId
    against: BureauId
    what: Literal["split-view", "equivocation"]
    one: bytes
    """The earlier checkpoint as a signed note, or one signed head."""
    other: bytes
    root: bytes | None = None
    """What the later tree has over the leaves of the earlier checkpoint."""
    path: tuple[bytes, ...] = ()
    """The consistency proof from that root to the later one."""
    registry: Registered


class Conviction(msgspec.Struct, frozen=True, kw_only=True):
    """What an evidence file proves."""

    org: OrgId
    against: BureauId
    verdict: str
    findings: tuple[Finding, ...]


def format_evidence(file: Contradiction) -> bytes:
    """Return the bytes of an evidence file."""
    return msgspec.json.format(msgspec.json.encode(file)) + b"\n"


def is_evidence(raw: bytes) -> bool:
    """Tell whether a file says that it is one, so that it is read as one."""
    return b'"comity": "evidence/' in raw[:200] or b'"comity":"evidence/' in raw[:200]


def parse_evidence(raw: bytes) -> Contradiction:
    """Read an evidence file; verifies nothing. White space is free, all else has one spelling.

    Raises:
        Malformed: it is none, of another version, or something in it is not in its one spelling.

    """
    if len(raw) > MAX_FILE:
        raise Malformed(f"an evidence file of {len(raw)} bytes, {MAX_FILE} at most")
    try:
        file = from_json(raw, Contradiction)
        tokens = msgspec.json.format(raw, indent=-1)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Malformed(f"{len(raw)} bytes are no evidence file of version {FORM}") from None
    if file.comity != FORM or msgspec.json.encode(file) != tokens:
        raise Malformed(f"an evidence file of another version than {FORM}, or with something in another spelling")
    if max(len(file.one), len(file.other)) > MAX_NOTE:
        raise Malformed(f"a signed thing of more than {MAX_NOTE} bytes")
    return file


def check(file: Contradiction, profiles: Iterable[Profile], *, anchored: bool) -> Conviction:
    """Check an evidence file against the profiles that it shows, already verified, and say what it proves.

    Raises:
        Malformed: something in it does not verify, or the two things do not contradict each other.

    """
    keys = tuple(key for profile in profiles if profile.bureau == file.against for key in profile.keys)
    found = [Finding(statement=f"the keys of {file.against} are registered in the organisation {file.org}")]
    if not anchored:
        text = "that is the organisation you mean: no anchor was given, so compare its id"
        found.append(Finding(statement=text, proven=False))
    found += _two_logs(file, keys) if file.what == "split-view" else _two_acts(file, keys)
    count = sum(each.proven for each in found)
    verdict = "proven" if count == len(found) else f"proven: {count} of {len(found)} statements"
    return Conviction(org=file.org, against=file.against, verdict=verdict, findings=tuple(found))


def _two_logs(file: Contradiction, keys: tuple[Key, ...]) -> list[Finding]:
    one, other = (_checkpoint(file, raw, keys) for raw in (file.one, file.other))
    if one.origin != other.origin or not 0 < one.size <= other.size or file.root is None:
        raise Malformed("the two checkpoints are not of one log, the smaller one first, with a root between them")
    verify_consistency(one.size, file.root, other.size, other.root, file.path)
    if file.root == one.root:
        raise Malformed("the later checkpoint continues the earlier one: nothing contradicts")
    return [
        Finding(statement=f"{file.against} signed that its first {one.size} leaves have the root {one.root.hex()}"),
        Finding(statement=f"{file.against} signed a log of {other.size} leaves with the root {other.root.hex()}"),
        Finding(statement=f"the first {one.size} leaves of that log have the root {file.root.hex()}"),
        Finding(statement=f"{file.against} has rewritten its log, or shows two faces"),
    ]


def _checkpoint(file: Contradiction, raw: bytes, keys: tuple[Key, ...]) -> Checkpoint:
    """Return a checkpoint that a log key of the accused signed; under it stands no signature of anybody else."""
    note = parse_note(raw)
    origin = origin_in(note.text, file.org, file.against)
    logs = [VerifierKey(origin, Use.LOG, key.public) for key in keys if key.use is KeyUse.LOG]
    signed = [key for key in logs if made_by(key, note)]
    if len(note.signatures) != 1 or not signed:
        raise Malformed(f"a checkpoint that {file.against} alone has not signed")
    return verify(raw, signed[0], origin=origin)


def _two_acts(file: Contradiction, keys: tuple[Key, ...]) -> list[Finding]:
    if file.root is not None or file.path:
        raise Malformed("two heads need no path between them")
    (one, first), (other, second) = (_head(file, raw, keys) for raw in (file.one, file.other))
    if one == other or (first.channel, first.epoch, first.seq) != (second.channel, second.epoch, second.seq):
        raise Malformed("two heads that do not stand under one number")
    place = f"number {first.seq} of epoch {first.epoch} of channel {first.channel.hex()}"
    return [
        *(
            Finding(statement=f"{file.against} signed {head.kind} {name} to {', '.join(head.to)} as {place}")
            for name, head in ((one, first), (other, second))
        ),
        Finding(statement=f"{file.against} said two things under one number"),
    ]


def _head(file: Contradiction, raw: bytes, keys: tuple[Key, ...]) -> tuple[str, Head]:
    kid = cose.key_id(raw)
    key = next((key for key in keys if key.kid == kid and key.use is KeyUse.SIGN), None)
    if key is None:
        raise Malformed(f"a head under no signing key that the profile of {file.against} lists")
    payload = cose.verify1(raw, HEAD, key)
    head = decode(payload, Head)
    if (head.sender, head.org) != (file.against, file.org):
        raise Malformed("a head of another sender or organisation")
    return spell(act_id(payload)), head
