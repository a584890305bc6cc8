"""COSE in Comity's strict profile: one signature structure, one encryption structure (RFC 9052; decision 0019).

COSE and not a form of our own, so that somebody else's software can check our bytes in court: python-cwt opens the
interoperable suite, and it and other implementations verify the signatures of both.

The profile: protected headers are exact, unprotected ones hold only what the standard forces there (the nonce, the
encapsulated key, the recipient's key id), `crit` does not occur, and the algorithm is *never* taken from the message:
the registry entry of the key says it, the header must merely agree (attack: algorithm confusion).

HPKE (RFC 9180) wraps the content key for each recipient as in draft-ietf-cose-hpke, key-encryption mode. Sealing is
the one place where a library draws randomness of its own (decision 0006).
"""

import hashlib
from collections.abc import Callable, Iterable
from functools import cache, lru_cache

import msgspec
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mlkem, utils, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from comity.core.codec import MAX_BYTES, encode, spell, unpack
from comity.core.errors import Malformed
from comity.core.ids import KeyId
from comity.core.registry import Key, Suite

_TAG_SIGN1 = b"\xd2"
_TAG_ENCRYPT = b"\xd8\x60"

# COSE labels: RFC 9052 section 3.1, RFC 9596 (typ), draft-ietf-cose-hpke (ek).
_ALG, _KID, _IV, _TYP, _EK = 1, 4, 5, 16, -4
_COMMIT = "commit"
_A256GCM = 3

ALGORITHM: dict[Suite, int] = {
    Suite.ED25519: -8,
    Suite.ES256: -7,
    Suite.X25519: 50,
    # Private use until draft-ietf-cose-hpke-pq-pqt is an RFC; then the number changes with a new sealed version.
    Suite.HYBRID: -70_768,
}
"""COSE algorithm numbers: IANA registry, HPKE-4-KE of draft-ietf-cose-hpke, and one of private use."""

_MLKEM_BYTES = 1184
_ES256_HALF = 32

PrivateSeal = x25519.X25519PrivateKey | hpke.MLKEM768X25519PrivateKey
"""A private key that opens envelopes."""


class Signer(msgspec.Struct, frozen=True):
    """A public key and the act of signing with its private half, wherever that rests (file, token, test)."""

    key: Key
    sign: Callable[[bytes], bytes]
    """Message to raw signature: 64 bytes for Ed25519, r and s of 32 bytes each for ES256."""


class Opener(msgspec.Struct, frozen=True):
    """A public sealing key and its private half."""

    key: Key
    private: PrivateSeal


def sign1(payload: bytes, typ: str, signer: Signer) -> bytes:
    """Return a tagged COSE_Sign1 over `payload`; `typ` separates what one key signs for different ends."""
    protected = _protected(signer.key.suite, signer.key.kid, typ)
    signature = signer.sign(spell("Signature1", protected, b"", payload))
    return _TAG_SIGN1 + encode([protected, {}, payload, signature])


def key_id(raw: bytes) -> KeyId:
    """Return the key id that a COSE_Sign1 names: unverified, good for nothing but finding the key."""
    return _key_id(_sign1_parts(raw)[0])


def verify1(raw: bytes, typ: str, key: Key) -> bytes:
    """Return the payload of a COSE_Sign1 that `key` signed as a `typ`.

    Raises:
        Malformed: another key, algorithm or type than the registry's, or the signature does not verify.

    """
    return verified(raw, typ, lambda _: key)[0]


def verified(raw: bytes, typ: str, key_of: Callable[[KeyId], Key]) -> tuple[bytes, KeyId]:
    """Return the payload of a COSE_Sign1, verified under the key that `key_of` finds for the id it names, and that id.

    Raises:
        Malformed: as `verify1`, or there is no such key.

    """
    protected, payload, signature = _sign1_parts(raw)
    named = _key_id(protected)
    key = key_of(named)
    if protected != _protected(key.suite, key.kid, typ):
        raise Malformed(f"the header of a signature is not the one of a {typ} under the registered key")
    verify_raw(key, spell("Signature1", protected, b"", payload), signature)
    return payload, named


def payload_of(raw: bytes) -> bytes:
    """Return the payload of a COSE_Sign1 that was verified before it was stored; verifies nothing."""
    return _sign1_parts(raw)[1]


def verify_raw(key: Key, message: bytes, signature: bytes) -> None:
    """Verify a raw signature under a registered key.

    Raises:
        Malformed: it does not verify, or the key is not a signature key.

    """
    try:
        match key.suite:
            case Suite.ED25519:
                _ed25519(key.public).verify(signature, message)
            case Suite.ES256:
                _verify_es256(key.public, message, signature)
            case Suite.X25519 | Suite.HYBRID:
                raise Malformed("a sealing key cannot sign")
    except (InvalidSignature, ValueError):
        raise Malformed("a signature does not verify under the registered key") from None


# What depends on a key alone is made once for each: nodes of an organisation speak under the same few thousand.
_MOST_KEYS = 4096


@lru_cache(maxsize=_MOST_KEYS)
def _ed25519(public: bytes) -> ed25519.Ed25519PublicKey:
    return ed25519.Ed25519PublicKey.from_public_bytes(public)


@lru_cache(maxsize=_MOST_KEYS)
def _protected(suite: Suite, kid: KeyId, typ: str) -> bytes:
    """Return the protected header of a signature; canonical, so that bytes can be compared instead of maps."""
    return encode({_ALG: ALGORITHM[suite], _KID: kid, _TYP: typ})


@lru_cache(maxsize=_MOST_KEYS)
def _key_id(protected: bytes) -> KeyId:
    kid = _header(protected).get(_KID)
    if not isinstance(kid, bytes) or len(kid) != 16:  # noqa: PLR2004 - see KeyId
        raise Malformed("a signature names no key of 16 bytes")
    return KeyId(kid)


def _verify_es256(public: bytes, message: bytes, signature: bytes) -> None:
    if len(signature) != 2 * _ES256_HALF:
        raise Malformed(f"an ES256 signature of {len(signature)} bytes, 64 were expected")
    r, s = (int.from_bytes(half) for half in (signature[:_ES256_HALF], signature[_ES256_HALF:]))
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
    point.verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))


class Block(msgspec.Struct, frozen=True):
    """The content key, wrapped for one recipient's key."""

    kid: KeyId
    protected: bytes
    encapsulated: bytes
    wrapped: bytes


class Sealed(msgspec.Struct, frozen=True):
    """A ciphertext and the content key wrapped for each recipient.

    The ciphertext does not depend on who gets it, so each recipient is sent the ciphertext with only their own block:
    196 hybrid blocks are 230 kB, which nobody needs 196 times.
    """

    protected: bytes
    nonce: bytes
    ciphertext: bytes
    blocks: tuple[Block, ...]

    def envelope(self, *kids: KeyId) -> bytes:
        """Return the tagged COSE_Encrypt for the holders of these keys."""
        chosen = [block for block in self.blocks if block.kid in kids]
        recipients = [[b.protected, {_KID: b.kid, _EK: b.encapsulated}, b.wrapped] for b in chosen]
        return _TAG_ENCRYPT + encode([self.protected, {_IV: self.nonce}, self.ciphertext, recipients])


def seal(plain: bytes, typ: str, to: Iterable[Key], content_key: bytes, nonce: bytes) -> Sealed:
    """Encrypt `plain` under a fresh 32-byte content key and wrap that for each key of `to`.

    The protected header commits to the content key: AES-GCM alone lets a malicious sender make one ciphertext open
    to different texts for different recipients.
    """
    protected = encode({_ALG: _A256GCM, _TYP: typ, _COMMIT: _commitment(content_key)})
    ciphertext = AESGCM(content_key).encrypt(nonce, plain, spell("Encrypt", protected, b""))
    blocks = tuple(_wrap(key, content_key) for key in to)
    return Sealed(protected=protected, nonce=nonce, ciphertext=ciphertext, blocks=blocks)


def unseal(raw: bytes, typ: str, openers: Iterable[Opener]) -> bytes:
    """Return the plaintext of a COSE_Encrypt, opened with the first opener that it names.

    Raises:
        Malformed: not a sealed envelope of this type, not addressed to any of the openers, or it does not decrypt.

    """
    sealed = parse_sealed(raw)
    header = _header(sealed.protected)
    if set(header) != {_ALG, _TYP, _COMMIT} or header[_ALG] != _A256GCM or header[_TYP] != typ:
        raise Malformed(f"the header of an envelope is not the one of a {typ}")
    by_kid = {opener.key.kid: opener for opener in openers}
    for block in sealed.blocks:
        opener = by_kid.get(block.kid)
        if opener is not None:
            content_key = _unwrap(block, opener)
            break
    else:
        raise Malformed("the envelope is not sealed to any of our keys")
    if _commitment(content_key) != header[_COMMIT]:
        raise Malformed("the envelope does not commit to the key that it carries")
    try:
        return AESGCM(content_key).decrypt(sealed.nonce, sealed.ciphertext, spell("Encrypt", sealed.protected, b""))
    except InvalidTag:
        raise Malformed("the envelope's content does not decrypt") from None


def parse_sealed(raw: bytes) -> Sealed:
    """Return the parts of a tagged COSE_Encrypt without opening it.

    Raises:
        Malformed: not in our profile.

    """
    match _untag(raw, _TAG_ENCRYPT, 4):
        case [bytes() as protected, dict() as beside, bytes() as ciphertext, list() as recipients] if (
            len(nonce := _only(beside, _IV)[0]) == 12  # noqa: PLR2004 - AES-GCM's nonce
        ):
            return Sealed(protected, nonce, ciphertext, tuple(map(_block, recipients)))
        case _:
            raise Malformed("a sealed envelope has a protected header, a nonce of 12 bytes, ciphertext and recipients")


def public_of(private: PrivateSeal) -> bytes:
    """Return the public bytes of a sealing key as the registry holds them."""
    if isinstance(private, x25519.X25519PrivateKey):
        return private.public_key().public_bytes_raw()
    raise Malformed("the public half of a hybrid key is kept beside it, the library does not give it back")


def _commitment(content_key: bytes) -> bytes:
    return hashlib.sha256(b"comity.commit/1" + content_key).digest()


@cache
def _suite(suite: Suite) -> tuple[hpke.Suite, int]:
    """Return the HPKE suite and the length of its encapsulated key."""
    if suite is Suite.X25519:
        kem, aead = hpke.KEM.X25519, hpke.AEAD.CHACHA20_POLY1305
    elif suite is Suite.HYBRID:
        kem, aead = hpke.KEM.MLKEM768_X25519, hpke.AEAD.AES_256_GCM
    else:
        raise Malformed("a signature key cannot open or seal")
    return hpke.Suite(kem, hpke.KDF.HKDF_SHA256, aead), kem.enc_length()


@lru_cache(maxsize=_MOST_KEYS)
def _public(key: Key) -> x25519.X25519PublicKey | hpke.MLKEM768X25519PublicKey:
    try:
        if key.suite is Suite.X25519:
            return x25519.X25519PublicKey.from_public_bytes(key.public)
        post_quantum = mlkem.MLKEM768PublicKey.from_public_bytes(key.public[:_MLKEM_BYTES])
        classical = x25519.X25519PublicKey.from_public_bytes(key.public[_MLKEM_BYTES:])
        return hpke.MLKEM768X25519PublicKey(post_quantum, classical)
    except ValueError:
        raise Malformed("a registered sealing key is not of its suite") from None


@cache
def _protected_block(suite: Suite) -> bytes:
    return encode({_ALG: ALGORITHM[suite]})


@lru_cache(maxsize=16)
def _info(protected: bytes) -> bytes:
    """Recipient_structure of draft-ietf-cose-hpke: binds the wrapped key to the layer below and to the suite."""
    return encode(["HPKE Recipient", _A256GCM, protected, b""])


def _wrap(key: Key, content_key: bytes) -> Block:
    suite, length = _suite(key.suite)
    protected = _protected_block(key.suite)
    try:
        out = suite.encrypt(content_key, _public(key), _info(protected))
    except ValueError:
        # A point of low order passes as a public key, and is found only when the secret comes out as zeros.
        raise Malformed("a registered sealing key gives no secret") from None
    return Block(key.kid, protected, out[:length], out[length:])


def _unwrap(block: Block, opener: Opener) -> bytes:
    suite, length = _suite(opener.key.suite)
    if block.protected != _protected_block(opener.key.suite) or len(block.encapsulated) != length:
        raise Malformed("a recipient's block is not of the registered suite")
    try:
        content_key = suite.decrypt(block.encapsulated + block.wrapped, opener.private, _info(block.protected))
    except (InvalidTag, ValueError):
        raise Malformed("the content key does not unwrap") from None
    if len(content_key) != 32:  # noqa: PLR2004 - AES-256
        raise Malformed(f"a content key of {len(content_key)} bytes, 32 were expected")
    return content_key


def _block(item: object) -> Block:
    match item:
        case [bytes() as protected, dict() as beside, bytes() as wrapped]:
            kid, ek = _only(beside, _KID, _EK)
            return Block(KeyId(kid), protected, ek, wrapped)
        case _:
            raise Malformed("a recipient is a protected header, its key id and encapsulated key, and a wrapped key")


def _only(beside: dict[object, object], *labels: int) -> list[bytes]:
    """Return the byte strings that an unprotected header holds under these labels and no others."""
    found = [value for label in labels if type(value := beside.get(label)) is bytes]
    if len(found) != len(beside) or len(found) != len(labels):
        raise Malformed("an unprotected header holds something else than the standard forces there")
    return found


# A frame is looked at for its key, for its signature and for what it says, one after the other.
@lru_cache(maxsize=16)
def _sign1_parts(raw: bytes) -> tuple[bytes, bytes, bytes]:
    match _untag(raw, _TAG_SIGN1, 4):
        case [bytes() as protected, dict() as beside, bytes() as payload, bytes() as signature] if not beside:
            return protected, payload, signature
        case _:
            raise Malformed("a COSE_Sign1 has a protected header, no unprotected one, a payload and a signature")


def _untag(raw: bytes, tag: bytes, length: int) -> list[object]:
    if not raw.startswith(tag):
        raise Malformed(f"{len(raw)} bytes do not begin with the COSE tag {tag.hex()}")
    value = unpack(raw[len(tag) :], MAX_BYTES)
    if not isinstance(value, list) or len(value) != length:
        raise Malformed(f"a COSE structure of {length} items was expected")
    return value


def _header(protected: bytes) -> dict[object, object]:
    value = unpack(protected, 1024)
    if not isinstance(value, dict):
        raise Malformed("a protected header is a map")
    return value
