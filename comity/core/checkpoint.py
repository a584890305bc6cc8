"""Checkpoints: what a log signs about itself, and what witnesses sign beside it (decision 0010).

A root is worth something once its log cannot deny it and cannot show others a different one. A checkpoint names the
log, its size and its root in three lines of text (C2SP tlog-checkpoint); the log signs them as a note (signed-note);
witnesses, here other bureaus, check that nothing was rewritten and cosign with the time (tlog-cosignature,
tlog-witness). Two checkpoints of one size with different roots convict the log that signed both.

Not here: the form of notes and their keys (core/note.py), how many witnesses are enough (a policy of the
organisation), where the last cosigned checkpoint is kept (node/witness.py, which must compare and store in one
transaction), and ML-DSA-44 cosignatures, whose lines are carried and not verified.

A checkpoint that the checksum database of the Go language published, under its published key:

>>> from comity.core.note import parse_key
>>> key = parse_key("sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8")
>>> note = '''go.sum database tree
... 35225469
... vt5T6GaLCXvyHFl9VUvvItR43XZxfLgftEcTyO3eJCQ=
...
... — sum.golang.org Az3grpukl5AXaVfYkLiDGORx/DN2nlcS5kZHR5uYOBV2KA2HgXpD+gu9HHONebHLAyaKbbTM75QTtPydhKCExixSfwQ=
... '''.encode()
>>> checkpoint = verify(note, key, origin="go.sum database tree")
>>> checkpoint.size, checkpoint.root.hex()[:16]
(35225469, 'bede53e8668b097b')
>>> verify(note.replace(b"35225469", b"35225470"), key, origin="go.sum database tree")
Traceback (most recent call last):
comity.core.errors.Malformed: note with a signature of a known key that does not verify
"""

import re
import struct
from collections.abc import Iterable
from types import MappingProxyType
from typing import NamedTuple

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from comity.core.errors import Malformed, Misused
from comity.core.ids import Digest
from comity.core.log import EMPTY_ROOT, HASH_BYTES, MAX_SIZE, verify_consistency
from comity.core.note import (
    CONTROL,
    Note,
    Signature,
    Use,
    VerifierKey,
    check,
    format_note,
    format_signature,
    from_base64,
    log_key,
    made_by,
    parse_note,
    to_base64,
    witness_key,
)
from comity.core.ruling import ALLOWED, Refusal, Ruling

__all__ = ["Use", "VerifierKey"]

MAX_PROOF = 63
"""Proof lines in a request at most, by tlog-witness; a longer path belongs to no tree of less than 2**63 leaves."""

MAX_TIME = (1 << 63) - 1
"""The latest time that a cosignature may carry, in seconds, by tlog-cosignature."""

_TIME_BYTES = 8
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")


class Checkpoint(msgspec.Struct, frozen=True):
    """The head of a log: `origin` names it, `size` counts its leaves, `root` is 32 bytes.

    `extensions` are lines that other logs add; ours write none, because nobody can audit them.
    """

    origin: str
    size: int
    root: Digest
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that the text form of the value reads back as this value."""
        lines = (self.origin, *self.extensions)
        if not all(lines) or any(CONTROL.search(line) or "\n" in line for line in lines):
            raise Malformed("checkpoint: origin and extension lines are not empty and hold no control characters")
        if not 0 <= self.size <= MAX_SIZE or len(self.root) != HASH_BYTES:
            raise Malformed(
                f"checkpoint: size {self.size} with a root of {len(self.root)} bytes, expected {HASH_BYTES}"
            )


class Cosigner(NamedTuple):
    """A witness that cosigned, and when, in seconds since 1970."""

    name: str
    time: int


class AddCheckpoint(msgspec.Struct, frozen=True):
    """What a log asks a witness: cosign `note`, which continues the checkpoint of size `old` by this proof."""

    old: int
    proof: tuple[Digest, ...]
    note: bytes


class SplitView(msgspec.Struct, frozen=True):
    """Evidence that a log showed two trees of one size: two notes that it signed, with different roots."""

    origin: str
    size: int
    one: bytes
    other: bytes


# Text.


def format_checkpoint(checkpoint: Checkpoint) -> str:
    """Return the text that is signed: origin, size, root and extensions, a line each."""
    lines = (checkpoint.origin, str(checkpoint.size), to_base64(checkpoint.root), *checkpoint.extensions)
    return "\n".join(lines) + "\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Return the checkpoint that a note's text spells.

    Raises:
        Malformed: it is not three lines or more in their one spelling.

    """
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() != "":  # noqa: PLR2004 - three lines, and the nothing after the last newline
        raise Malformed("checkpoint: expected an origin, a size and a root, each on a line")
    origin, size, root, *extensions = lines
    return Checkpoint(origin, _number(size), Digest(from_base64(root)), tuple(extensions))


# Signing.


def sign(checkpoint: Checkpoint, name: str, private: Ed25519PrivateKey) -> bytes:
    """Return the note that a log publishes: the checkpoint under its signature; `name` is the origin as a rule."""
    key, text = log_key(name, private.public_key()), format_checkpoint(checkpoint)
    return format_note(Note(text, (Signature(name, key.key_id, private.sign(text.encode())),)))


def cosign(note: bytes, name: str, private: Ed25519PrivateKey, time: int) -> bytes:
    """Return the signature line of a witness that saw this note at `time`, in seconds since 1970.

    The note is taken to be allowed: `may_cosign` is asked first, and the checkpoint is stored before the line leaves.
    """
    if not 0 < time <= MAX_TIME:
        raise Misused(f"cosignature at {time} s, expected 1 to {MAX_TIME}")
    key, text = witness_key(name, private.public_key()), parse_note(note).text
    made = struct.pack(">Q", time) + private.sign(_cosigned(text, time))
    return format_signature(Signature(name, key.key_id, made)).encode()


# Verifying.


def verify(note: bytes, key: VerifierKey, *, origin: str = "") -> Checkpoint:
    """Return the checkpoint that the log with this key signed; unknown signatures are ignored.

    The origin must be the key's name, or `origin` for a log whose key has another name.

    Raises:
        Malformed: no signature of the key, one that does not verify, another origin, or text that is no checkpoint.

    """
    if key.use is not Use.LOG:
        raise Misused("a log's signature is verified with a log key")
    parsed = parse_note(note)
    made = made_by(key, parsed)
    if not made:
        raise Malformed("note without a signature of the log's key")
    for signature in made:
        check(key, signature, parsed.text.encode())
    checkpoint = parse_checkpoint(parsed.text)
    if checkpoint.origin != (origin or key.name):
        raise Malformed("checkpoint of another origin than the log's key is for")
    return checkpoint


def cosigners(note: bytes, keys: Iterable[VerifierKey]) -> tuple[Cosigner, ...]:
    """Return which of these witnesses cosigned, and when, in the order of `keys`; the latest time of each.

    Says nothing of the log's own signature: `verify` does.

    Raises:
        Malformed: a cosignature of one of the keys does not verify, or the text is no checkpoint.
        Misused: one public key under two names, which would count a witness twice, since it signs no name.

    """
    parsed, found = parse_note(note), []
    parse_checkpoint(parsed.text)
    witnesses = tuple(dict.fromkeys(keys))
    if len({key.public for key in witnesses}) != len(witnesses) or any(key.use is not Use.WITNESS for key in witnesses):
        raise Misused("cosignatures are verified with witness keys, one for each witness")
    for key in witnesses:
        times = [_cosigned_at(key, made, parsed.text) for made in made_by(key, parsed)]
        if times:
            found.append(Cosigner(key.name, max(times)))
    return tuple(found)


def split_view(one: bytes, other: bytes, key: VerifierKey, *, origin: str = "") -> SplitView | None:
    """Return the evidence when the log signed two roots for one size, or None when these notes are no evidence.

    Two notes of different sizes can contradict each other too: that needs a consistency proof that fails to be made.
    Evidence that somebody sends is checked by calling this with its two notes.

    Raises:
        Malformed: one of the notes was not signed by the log.

    """
    first, second = verify(one, key, origin=origin), verify(other, key, origin=origin)
    if first.size != second.size or first.root == second.root:
        return None
    return SplitView(first.origin, first.size, one, other)


# Witnesses.

HTTP_STATUS = MappingProxyType(
    {
        "witness.size": 400,
        "witness.signature": 403,
        "witness.log": 404,
        "witness.stale": 409,
        "witness.fork": 409,
        "witness.proof": 422,
    }
)
"""What a witness answers over HTTP for each code of `may_cosign`, by tlog-witness; malformed bytes are 400.

To `witness.stale` it adds the size it knows, as a line, with the content type text/x.tlog.size.
"""


def format_request(request: AddCheckpoint) -> bytes:
    """Return the body of add-checkpoint: old size, proof lines, an empty line and the note."""
    head = [f"old {request.old}", *(to_base64(hash_) for hash_ in request.proof), "", ""]
    return "\n".join(head).encode() + request.note


def parse_request(raw: bytes) -> AddCheckpoint:
    """Return what a log asks; verifies nothing.

    Raises:
        Malformed: another shape, or more than 63 proof lines; the answer is 400.

    """
    head, blank, note = raw.partition(b"\n\n")
    if not blank or len(head) > (MAX_PROOF + 1) * 64 or not head.isascii():
        raise Malformed("request: expected an old size, proof lines, an empty line and a note")
    old, *lines = head.decode().split("\n")
    if not old.startswith("old ") or len(lines) > MAX_PROOF:
        raise Malformed(f"request: expected a line with the old size and at most {MAX_PROOF} proof lines")
    proof = tuple(Digest(from_base64(line)) for line in lines)
    if any(len(hash_) != HASH_BYTES for hash_ in proof):
        raise Malformed(f"request: a proof line has not {HASH_BYTES} bytes")
    parse_checkpoint(parse_note(note).text)
    return AddCheckpoint(_number(old.removeprefix("old ")), proof, note)


def origin_of(request: AddCheckpoint) -> str:
    """Return the origin that a request claims, by which a witness looks up known checkpoint and keys."""
    return parse_checkpoint(parse_note(request.note).text).origin


def may_cosign(known: Checkpoint | None, request: AddCheckpoint, keys: Iterable[VerifierKey]) -> Ruling:
    """Rule whether a witness may cosign, in the order of tlog-witness.

    `known` is the latest checkpoint that it cosigned for this origin, `keys` are those it trusts for this origin, none
    for a log that it does not know. When allowed, the caller stores the new checkpoint in the transaction in which it
    read `known`, and only then answers: otherwise two requests at once roll the log back.
    """
    new = parse_checkpoint(parse_note(request.note).text)
    if known is not None and known.origin != new.origin:
        raise Misused("the known checkpoint belongs to another log")
    trusted = tuple(keys)
    if not trusted:
        return Refusal("witness.log", "this witness does not know the log")
    if not _signed(request.note, new.origin, trusted):
        return Refusal("witness.signature", "no key trusted for the log signed the checkpoint")
    return _continues(known or Checkpoint(new.origin, 0, EMPTY_ROOT), new, request)


def _continues(known: Checkpoint, new: Checkpoint, request: AddCheckpoint) -> Ruling:
    if request.old > new.size:
        return Refusal("witness.size", f"the old size {request.old} is greater than the new size {new.size}")
    if request.old != known.size:
        return Refusal("witness.stale", f"the old size is {request.old}, the latest cosigned size {known.size}")
    if 0 < known.size == new.size and known.root != new.root and not request.proof:
        return Refusal("witness.fork", f"another root was cosigned at size {known.size}")
    try:
        verify_consistency(known.size, known.root, new.size, new.root, request.proof)
    except Malformed as why:
        return Refusal("witness.proof", str(why))
    return ALLOWED


# Spelling.


def _signed(note: bytes, origin: str, keys: Iterable[VerifierKey]) -> bool:
    for key in keys:
        try:
            verify(note, key, origin=origin)
        except Malformed:
            continue
        return True
    return False


def _cosigned(text: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def _cosigned_at(key: VerifierKey, made: bytes, text: str) -> int:
    time = int.from_bytes(made[:_TIME_BYTES], "big")
    if time > MAX_TIME:
        raise Malformed(f"cosignature at {time} s, expected at most {MAX_TIME}")
    check(key, made[_TIME_BYTES:], _cosigned(text, time))
    return time


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text) or int(text) > MAX_SIZE:
        raise Malformed(f"size: expected a decimal number up to {MAX_SIZE} without leading zeros")
    return int(text)
