"""Private keys at rest: one sealed file per passphrase, and the offline keys of custodians, bureaus and the registry.

Authority: scrypt is RFC 7914, AES-256-GCM is NIST SP 800-38D, Ed25519 is RFC 8032. PKCS#8 under a passphrase was
tried and left: the library's `BestAvailableEncryption` derives with 20,000 rounds of PBKDF2, which a graphics card
guesses a thousand times faster than scrypt, and PKCS#8 has no form for the hybrid pair ML-KEM-768 + X25519.

A sealed file is JSON: `{"comity": "key/1", "header": {...}, "scrypt": {...}, "salt", "nonce", "box"}`. The header is
readable without the passphrase and authenticated with the box, so nobody can relabel one key as another.
This module keeps files; `node/keyring.py` keeps the many keys of a running node.
"""

import unicodedata
from collections.abc import Callable
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from comity.core.codec import NO_JSON, from_json
from comity.core.errors import Misused
from comity.node import clock, disk

Entropy = Callable[[int], bytes]

WORK = 15
"""Binary logarithm of scrypt's N, with r = 8 and p = 1: 2^15 costs 85 ms and 32 MiB on a plain server core.
2^16 (170 ms) was tried: together with the rest of the start it passes the 150 ms that opening may cost."""

SHORTEST = 8
"""Characters of a passphrase; shorter ones fall to guessing whatever the derivation costs."""

_MOST_WORK = 20
"""A file that asks for more (1 GiB) is broken, or wants to hang whoever opens it."""


class Sealed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file: what it is, how the passphrase is stretched, and the box."""

    comity: str
    header: dict[str, str]
    work: int
    salt: bytes
    nonce: bytes
    box: bytes


class PublicKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The public half of an offline key, with the label under which people know it; this is what is handed over."""

    label: str
    public: bytes
    """32 bytes, Ed25519."""


class OfflineKey:
    """An Ed25519 key that is opened for one ceremony: a custodian's, a bureau's role key, or an online registry key."""

    def __init__(self, private: Ed25519PrivateKey, label: str) -> None:
        """Hold the opened key and its label."""
        self._private = private
        self.public = PublicKey(label=label, public=private.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """Return the Ed25519 signature, 64 bytes."""
        return self._private.sign(message)


def seal(
    plain: bytes, passphrase: str, header: dict[str, str], *, work: int = WORK, entropy: Entropy = clock.entropy
) -> bytes:
    """Return the sealed file's bytes.

    Raises:
        Misused: the passphrase is shorter than eight characters.

    """
    if len(passphrase) < SHORTEST:
        raise Misused(f"the passphrase has {len(passphrase)} characters: it needs at least {SHORTEST}")
    salt, nonce = entropy(16), entropy(12)
    box = AESGCM(_stretch(passphrase, salt, work)).encrypt(nonce, plain, _bound(header))
    sealed = Sealed(comity="key/1", header=header, work=work, salt=salt, nonce=nonce, box=box)
    return msgspec.json.format(msgspec.json.encode(sealed)) + b"\n"


def unseal(path: Path, passphrase: str) -> tuple[bytes, dict[str, str]]:
    """Return what a sealed file holds, and its header; costs one scrypt.

    Raises:
        Misused: the file is missing, open to others or not a sealed file, or the passphrase is not the one.

    """
    return unseal_bytes(disk.read_private(path), passphrase, str(path))


def unseal_bytes(raw: bytes, passphrase: str, name: str) -> tuple[bytes, dict[str, str]]:
    """Return what the bytes of a sealed file hold, and its header; `name` is what errors call it.

    Raises:
        Misused: it is not a sealed file, or the passphrase is not the one.

    """
    sealed = _sealed(raw, name)
    try:
        plain = AESGCM(_stretch(passphrase, sealed.salt, sealed.work)).decrypt(
            sealed.nonce, sealed.box, _bound(sealed.header)
        )
    except (InvalidTag, ValueError):
        raise Misused(f"this passphrase does not open {name} (or the file was altered)") from None
    return plain, sealed.header


def new_offline_key(
    path: Path, passphrase: str, label: str, *, work: int = WORK, entropy: Entropy = clock.entropy
) -> PublicKey:
    """Make an offline key, write it sealed to a new file, and return its public half.

    Raises:
        Misused: the file exists, or the passphrase is too short.

    """
    seed = entropy(32)
    key = OfflineKey(Ed25519PrivateKey.from_private_bytes(seed), label)
    header = {"use": "offline", "label": label, "public": key.public.public.hex()}
    disk.private_folder(path.parent)
    disk.write_new(path, seal(seed, passphrase, header, work=work, entropy=entropy), mode=disk.PRIVATE)
    return key.public


def open_offline_key(path: Path, passphrase: str) -> OfflineKey:
    """Open an offline key.

    Raises:
        Misused: as `unseal`, or the file holds something else.

    """
    seed, header = unseal(path, passphrase)
    if header.get("use") != "offline":
        raise Misused(f"{path} holds no offline key but: {header.get('use', 'nothing named')}")
    return OfflineKey(Ed25519PrivateKey.from_private_bytes(seed), header.get("label", ""))


def public_of(path: Path) -> PublicKey:
    """Return the public half of an offline key without its passphrase, for handing over.

    Raises:
        Misused: the file is missing, open to others, or holds something else.

    """
    header = _sealed(disk.read_private(path), str(path)).header
    try:
        return PublicKey(label=header["label"], public=bytes.fromhex(header["public"]))
    except (KeyError, ValueError):
        raise Misused(f"{path} holds no offline key") from None


def _sealed(raw: bytes, name: str) -> Sealed:
    try:
        sealed = from_json(raw, Sealed)
    except NO_JSON:
        raise Misused(f"{name} is not a key file of this program") from None
    if sealed.comity != "key/1" or not 1 <= sealed.work <= _MOST_WORK:
        raise Misused(f"{name} is a key file of another version")
    return sealed


def _stretch(passphrase: str, salt: bytes, work: int) -> bytes:
    # NFKC: the same passphrase typed on another keyboard may arrive composed differently.
    typed = unicodedata.normalize("NFKC", passphrase).encode()
    return Scrypt(salt=salt, length=32, n=2**work, r=8, p=1).derive(typed)


def _bound(header: dict[str, str]) -> bytes:
    return b"comity key/1\n" + msgspec.json.encode(header, order="sorted")
