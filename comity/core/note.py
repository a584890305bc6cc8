r"""Notes: a text and the signatures under it, and the keys that verify them (C2SP signed-note; decision 0010).

Logs and witnesses sign text that a person can read, line by line. Each signature line names its signer and the first
bytes of a key's id, so that whoever has the key finds its line and passes over the others. The id is bound to what the
key is for, so that a log's signature never passes for a witness's.

Not here: what the text says (core/checkpoint.py), and which keys are trusted (the registry).

The key of the checksum database of the Go language, as it is published:

>>> key = parse_key("sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8")
>>> key.use, key.key_id.hex()
(<Use.LOG: 1>, '033de0ae')
>>> note = parse_note("a sentence\n\n\N{EM DASH} sum.golang.org Az3grpuk\n".encode())
>>> note.text, made_by(key, note)
('a sentence\n', [b'\x9b\xa4'])
"""

import base64
import binascii
import enum
import hashlib
import re

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from comity.core.errors import Malformed

MAX_NOTE = 1 << 18
"""Bytes of a note at most: 256 KiB holds 30 post-quantum signatures; a verifier must take at least 16 (signed-note)."""

MAX_SIGNATURES = 100
"""Signatures in a note at most, the bound that the Go implementation also sets."""

_ED25519_KEY_BYTES = 32
_KEY_ID_BYTES = 4
_DASH = "\N{EM DASH} "
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
"""What neither text nor signature line may hold; a newline ends a line, and is looked at apart."""


class Use(enum.IntEnum):
    """What a key signs, which its id is bound to, so that one signature never passes for the other (signed-note)."""

    LOG = 1
    """Ed25519 over the note's text: a log about itself."""

    WITNESS = 4
    """Ed25519 over a time and the note's text: cosignature/v1."""


class VerifierKey(msgspec.Struct, frozen=True):
    """A public key as it is configured: the name that stands in signature lines, its use and 32 bytes of Ed25519."""

    name: str
    use: Use
    public: bytes

    def __post_init__(self) -> None:
        """Check the shape, since keys come from registries and files."""
        if not _named(self.name) or len(self.public) != _ED25519_KEY_BYTES:
            raise Malformed("verifier key: expected a name without spaces and plus signs, and 32 bytes of Ed25519")

    @property
    def key_id(self) -> bytes:
        """Return the first four bytes of SHA-256(name || 0x0A || use || public key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.use]) + self.public).digest()[:_KEY_ID_BYTES]


class Signature(msgspec.Struct, frozen=True):
    """One signature line of a note: the signer's name, the id of its key, and what it made."""

    name: str
    key_id: bytes
    made: bytes


class Note(msgspec.Struct, frozen=True):
    """A text that ends in a newline, and the signatures under it; nothing in it is true before a signature verified."""

    text: str
    signatures: tuple[Signature, ...]


# Names and keys.


def log_name(org: str, bureau: str) -> str:
    """Return the origin of a bureau's log: the first line of its checkpoints, and the name of its key."""
    return f"{org}/{bureau}"


def witness_name(org: str, bureau: str) -> str:
    """Return the name under which a bureau cosigns; people tell it from a log's own signature at a glance."""
    return f"{org}/{bureau}/witness"


def log_key(name: str, public: Ed25519PublicKey) -> VerifierKey:
    """Return the key with which a log's signatures are verified; `name` is its origin as a rule."""
    return VerifierKey(name, Use.LOG, public.public_bytes_raw())


def witness_key(name: str, public: Ed25519PublicKey) -> VerifierKey:
    """Return the key with which a witness's cosignatures are verified; one key serves one witness."""
    return VerifierKey(name, Use.WITNESS, public.public_bytes_raw())


def format_key(key: VerifierKey) -> str:
    """Return the key as `name+id+base64`, the form in which keys are published (signed-note)."""
    return f"{key.name}+{key.key_id.hex()}+{to_base64(bytes([key.use]) + key.public)}"


def parse_key(text: str) -> VerifierKey:
    """Return the key that `name+id+base64` spells.

    Raises:
        Malformed: another shape, another kind of key, or an id that belongs to another key.

    """
    name, _, rest = text.partition("+")
    material = from_base64(rest.partition("+")[2])
    if material[:1] not in {b"\x01", b"\x04"}:
        raise Malformed("verifier key: expected name+id+base64 of a use (1 or 4) and an Ed25519 key")
    key = VerifierKey(name, Use(material[0]), material[1:])
    if format_key(key) != text:
        raise Malformed("verifier key: the id belongs to another key")
    return key


# Text.


def format_note(note: Note) -> bytes:
    """Return the bytes of a note: its text, an empty line and its signature lines.

    Raises:
        Malformed: nobody could read them back as this note.

    """
    raw = f"{note.text}\n{''.join(format_signature(signature) for signature in note.signatures)}".encode()
    if parse_note(raw) != note:
        raise Malformed("note: its text ends in one newline and holds no control characters")
    return raw


def parse_note(raw: bytes) -> Note:
    """Return text and signatures of a note; verifies nothing.

    Raises:
        Malformed: not UTF-8, too long, control characters, no text, no signature, or a line in another spelling.

    """
    if len(raw) > MAX_NOTE:
        raise Malformed(f"note of {len(raw)} bytes, expected at most {MAX_NOTE}")
    try:
        whole = raw.decode()
    except UnicodeDecodeError:
        raise Malformed("note: not UTF-8") from None
    # The text may hold empty lines; the signatures may not, so the last empty line divides the two.
    text, blank, signatures = whole.rpartition("\n\n")
    if not blank or not text or not signatures or CONTROL.search(whole):
        raise Malformed("note: expected text, an empty line and signatures, without control characters")
    return Note(text + "\n", parse_signatures(signatures.encode()))


def parse_signatures(raw: bytes) -> tuple[Signature, ...]:
    """Return the signatures in these lines: the end of a note, or what a witness answers.

    Raises:
        Malformed: no line, too many, or one that is not `— name base64`.

    """
    try:
        lines = raw.decode().split("\n")
    except UnicodeDecodeError:
        raise Malformed("signatures: not UTF-8") from None
    if lines.pop() != "" or not 1 <= len(lines) <= MAX_SIGNATURES:
        raise Malformed(f"signatures: expected 1 to {MAX_SIGNATURES} whole lines")
    return tuple(_signature(line) for line in lines)


def with_signatures(note: bytes, lines: bytes) -> bytes:
    """Return the note with these signature lines added; a line that is there already is not repeated."""
    parsed = parse_note(note)
    merged = dict.fromkeys((*parsed.signatures, *parse_signatures(lines)))
    return format_note(Note(parsed.text, tuple(merged)))


# One signature.


def only(note: bytes, name: str) -> bytes:
    """Return the note with the signatures of this name alone, without those of its witnesses."""
    parsed = parse_note(note)
    return format_note(Note(parsed.text, tuple(line for line in parsed.signatures if line.name == name)))


def made_by(key: VerifierKey, note: Note) -> list[bytes]:
    """Return what stands under the key's name and id; nothing of it is verified."""
    return [line.made for line in note.signatures if (line.name, line.key_id) == (key.name, key.key_id)]


def check(key: VerifierKey, made: bytes, message: bytes) -> None:
    """Check that the key signed the message.

    Raises:
        Malformed: it did not.

    """
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(made, message)
    except (InvalidSignature, ValueError):
        raise Malformed("note with a signature of a known key that does not verify") from None


def format_signature(signature: Signature) -> str:
    """Return the line of a signature, with its newline.

    Raises:
        Malformed: the name would not read back, or there is no signature.

    """
    if not _named(signature.name) or len(signature.key_id) != _KEY_ID_BYTES or not signature.made:
        raise Malformed("signature: expected a name without spaces and plus signs, an id of 4 bytes and a signature")
    return f"{_DASH}{signature.name} {to_base64(signature.key_id + signature.made)}\n"


def _signature(line: str) -> Signature:
    name, _, made = line.removeprefix(_DASH).partition(" ")
    raw = from_base64(made)
    signature = Signature(name, raw[:_KEY_ID_BYTES], raw[_KEY_ID_BYTES:])
    if format_signature(signature) != f"{line}\n":
        raise Malformed("signature: expected an em dash, a name and base64, one space between")
    return signature


def _named(name: str) -> bool:
    return bool(name) and "+" not in name and not any(sign.isspace() or sign < " " for sign in name)


# Base64.


def to_base64(raw: bytes) -> str:
    """Return the one spelling of bytes in standard base64 with padding (RFC 4648 section 4)."""
    return base64.b64encode(raw).decode()


def from_base64(text: str) -> bytes:
    """Return the bytes that standard base64 spells.

    Raises:
        Malformed: not base64, or not in its one spelling.

    """
    # Bits after the last byte and signs between are refused: one value has one spelling.
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("expected standard base64") from None
    if to_base64(raw) != text:
        raise Malformed("expected base64 in its one spelling")
    return raw
