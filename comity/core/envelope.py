"""Seal and open: sign inside, encrypt outside, sign the frame (decisions 0002, 0011 and 0019).

Three layers, from the inside out:

1. the *signed act*: a COSE_Sign1 over the head, which names its recipients (so nobody can pass it on as if it had been
   written to somebody else), with the body, its salt and the approvals beside it;
2. the *sealed envelope*: a COSE_Encrypt that only the recipients' nodes open, padded so that its size says little;
3. the *frame*: a COSE_Sign1 by the sending node over what a carrier may know: organisation, sender, one addressee,
   lane, size bucket, expiry, time, attachments by digest, and the digest of the sealed bytes.

What travels is a *delivery*: frame and sealed bytes, and after a revocation a proof that the act was logged before it.
Nothing here decides whether an act is acceptable; that is `core/exchange.py`.
"""

import hashlib
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from comity.core import cose
from comity.core.codec import MAX_BYTES, decode, encode
from comity.core.cose import Opener, Sealed, Signer
from comity.core.errors import Malformed, Misused
from comity.core.ids import ActId, BureauId, Digest, Millis, OrgId
from comity.core.registry import Key

HEAD = "application/vnd.comity.head.v1"
FRAME = "application/vnd.comity.frame.v1"
SEALED = "application/vnd.comity.sealed.v1"
APPROVAL = "application/vnd.comity.approval.v1"
"""Media types: one for each structure, in its protected header, so that none passes for another."""

CONTENT_KEY, NONCE = 32, 12
"""Bytes of entropy that sealing needs."""

_SMALLEST = 1024
_LARGEST_POWER = 1024 * 1024


class Lane(StrEnum):
    """How fast a carrier should move it; visible to the carrier."""

    URGENT = "urgent"
    NORMAL = "normal"
    BULK = "bulk"


class Approval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an approving officer signs: the act, in an organisation, by an officer of a unit."""

    org: OrgId
    act: ActId
    officer: str
    unit: str


class Signed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A signed act with its body: what the recipient verifies, logs and keeps, byte for byte."""

    head: bytes
    """COSE_Sign1 of type `HEAD`."""
    body: bytes
    salt: bytes
    approvals: tuple[bytes, ...] = ()
    """COSE_Sign1 of type `APPROVAL`, by officers listed in the bureau's profile."""


class Frame(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """All that a carrier knows of an act."""

    org: OrgId
    sender: BureauId
    to: BureauId
    lane: Lane = Lane.NORMAL
    sealed: Digest
    """SHA-256 of the sealed bytes."""
    size: int
    """Bytes of the sealed envelope's content, already padded to a bucket."""
    said: Millis
    expires: Millis | None = None
    blobs: tuple[Digest, ...] = ()
    blob_bytes: int = 0
    """Bytes of all attachments together, encrypted."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What travels from node to node, or from node to relay."""

    frame: bytes
    sealed: bytes
    proof: bytes | None = None
    """After a revocation: CBOR of `exchange.Proof`, that the act was in the sender's log before the cut."""


def bucket(size: int) -> int:
    """Return the padded size: the next power of two from 1 KiB to 1 MiB, above that the next whole MiB.

    >>> [bucket(n) for n in (1, 1024, 1025, 3_000_000)]
    [1024, 1024, 2048, 3145728]
    """
    if size > _LARGEST_POWER:
        return -(-size // _LARGEST_POWER) * _LARGEST_POWER
    padded = _SMALLEST
    while padded < size:
        padded *= 2
    return padded


def pad(content: bytes) -> bytes:
    """Return four bytes of length, the content, and zeros up to the bucket."""
    size = 4 + len(content)
    return len(content).to_bytes(4) + content + bytes(bucket(size) - size)


def unpad(padded: bytes) -> bytes:
    """Return what `pad` was given.

    Raises:
        Malformed: wrong length, or something else than zeros behind the content.

    """
    length = int.from_bytes(padded[:4])
    end = 4 + length
    if len(padded) != bucket(end) or padded.count(0, end) != len(padded) - end:
        raise Malformed(f"a padded content of {len(padded)} bytes is not padded as it says")
    return padded[4:end]


def seal(signed: Signed, to: Iterable[Key], entropy: bytes) -> Sealed:
    """Seal a signed act to the keys of its recipients; `entropy` is 44 fresh bytes.

    Raises:
        Misused: not 44 bytes of entropy, or the act is larger than an envelope may be.

    """
    if len(entropy) != CONTENT_KEY + NONCE:
        raise Misused(f"sealing needs {CONTENT_KEY + NONCE} fresh bytes")
    plain = pad(encode(signed))
    if len(plain) > MAX_BYTES - 4096:
        raise Misused("the act is larger than 8 MiB; send what is large as an attachment")
    return cose.seal(plain, SEALED, to, entropy[:CONTENT_KEY], entropy[CONTENT_KEY:])


def open_sealed(raw: bytes, openers: Iterable[Opener]) -> Signed:
    """Open a sealed envelope and return the signed act in it, not yet verified.

    Raises:
        Malformed: not for us, does not decrypt, or not in canonical form.

    """
    return decode(unpad(cose.unseal(raw, SEALED, openers)), Signed)


def frame_of(  # noqa: PLR0913 - a frame has these parts
    sealed: Sealed, key: Key, signer: Signer, *, org: OrgId, sender: BureauId, to: BureauId, lane: Lane, said: Millis,
    expires: Millis | None = None, blobs: tuple[Digest, ...] = (), blob_bytes: int = 0,
) -> Delivery:  # fmt: skip
    """Return the delivery to one recipient: the envelope with only their block, framed and signed."""
    raw = sealed.envelope(key.kid)
    frame = Frame(
        org=org, sender=sender, to=to, lane=lane, sealed=sha256(raw), size=len(sealed.ciphertext), said=said,
        expires=expires, blobs=blobs, blob_bytes=blob_bytes,
    )  # fmt: skip
    return Delivery(frame=cose.sign1(encode(frame), FRAME, signer), sealed=raw)


def open_frame(raw: bytes, key: Key) -> Frame:
    """Verify a frame under the sender's registered key and return it.

    Raises:
        Malformed: it does not verify, or is not in canonical form.

    """
    return decode(cose.verify1(raw, FRAME, key), Frame)


def read_frame(delivery: Delivery, key: Key) -> Frame:
    """Verify the frame of a delivery, and that it belongs to the sealed bytes beside it.

    Raises:
        Malformed: it does not verify, or belongs to other bytes.

    """
    frame = open_frame(delivery.frame, key)
    if frame.sealed != sha256(delivery.sealed):
        raise Malformed("the frame belongs to another envelope than the one beside it")
    return frame


def approve(approval: Approval, signer: Signer) -> bytes:
    """Return an officer's approval of an act, signed."""
    return cose.sign1(encode(approval), APPROVAL, signer)


def read_approval(raw: bytes, key: Key) -> Approval:
    """Verify an approval under the officer's listed key and return it."""
    return decode(cose.verify1(raw, APPROVAL, key), Approval)


def sha256(raw: bytes) -> Digest:
    """Return the SHA-256 of bytes."""
    return Digest(hashlib.sha256(raw).digest())
