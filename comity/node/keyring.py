"""The keys of a running node: many keys behind one passphrase, and named secrets (house decision 1: keys live apart).

Authority: HKDF is RFC 5869, AES-256-GCM NIST SP 800-38D; signatures are raw as COSE wants them (RFC 9053 section 2).

One master key of 32 bytes rests under scrypt(passphrase) in `master.key`; each private key rests in a file of its own
under a key derived from the master, so opening costs one slow derivation however many keys there are. A changed
passphrase rewraps the master only: whoever copied the old `master.key` and knows the old passphrase still opens the
keys, so after a loss make new keys and retire the old ones.

    folder/                0700
        master.key         0600  sealed file (node/keyfile.py): the master key
        <kid>.key          0600  JSON: use, suite, public, nonce, box; the first three are bound to the box

What a box holds: Ed25519 and X25519 the 32 bytes of the private key; ES256 the scalar, 32 bytes; hybrid the 64-byte
seed of ML-KEM-768 (FIPS 203), then the 32 bytes of X25519. Opened keys stay in this process's memory; this module
does not lock memory pages.
"""

from pathlib import Path
from typing import Self

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from comity.core.codec import NO_JSON, from_json
from comity.core.errors import Misused
from comity.core.ids import KeyId
from comity.core.registry import SUITES_OF, Key, KeyUse, Suite
from comity.node import clock, disk, keyfile

Private = Ed25519PrivateKey | ec.EllipticCurvePrivateKey | X25519PrivateKey | MLKEM768X25519PrivateKey

_MASTER = "master.key"

# NIST SP 800-186, P-256: the order of the group.
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class KeyFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One private key at rest, under the keyring's master."""

    use: KeyUse
    suite: Suite
    public: bytes
    nonce: bytes
    box: bytes


class Keyring:
    """An opened keyring; `create` makes one, `open` unlocks one."""

    def __init__(self, folder: Path, master: bytes, entropy: keyfile.Entropy) -> None:
        """Hold the opened master; use `create` or `open` instead."""
        self._folder = folder
        self._entropy = entropy
        self._secrets = master
        self._boxes = AESGCM(_derive(master, b"comity keyring boxes/1"))
        self._opened: dict[KeyId, Private] = {}

    @classmethod
    def create(
        cls, folder: Path, passphrase: str, *, work: int = keyfile.WORK, entropy: keyfile.Entropy = clock.entropy
    ) -> Self:
        """Make an empty keyring in `folder`.

        Raises:
            Misused: there is one already, or the passphrase is too short.

        """
        disk.private_folder(folder)
        disk.check_private_folder(folder)
        master = entropy(32)
        sealed = keyfile.seal(master, passphrase, {"use": "keyring"}, work=work, entropy=entropy)
        disk.write_new(folder / _MASTER, sealed, mode=disk.PRIVATE)
        return cls(folder, master, entropy)

    @classmethod
    def open(cls, folder: Path, passphrase: str, *, entropy: keyfile.Entropy = clock.entropy) -> Self:
        """Unlock the keyring in `folder`; keys are opened when they are first used.

        Raises:
            Misused: there is none, others can read it, or the passphrase is not the one.

        """
        return cls(folder, _master(folder, passphrase), entropy)

    def new(self, use: KeyUse, suite: Suite) -> Key:
        """Make a private key, keep it, and return what goes into the profile.

        Raises:
            Misused: the registry allows no such suite for this use.

        """
        if suite not in SUITES_OF[use]:
            raise Misused(f"a key for {use} cannot be {suite}: choose {' or '.join(sorted(SUITES_OF[use]))}")
        secret = self._drawn(suite)
        private, public = restored(suite, secret)
        key = Key(use=use, suite=suite, public=public)
        nonce = self._entropy(12)
        file = KeyFile(
            use=use,
            suite=suite,
            public=key.public,
            nonce=nonce,
            box=self._boxes.encrypt(nonce, secret, _bound(use, suite, key.public)),
        )
        raw = msgspec.json.format(msgspec.json.encode(file)) + b"\n"
        disk.write_new(self._path(key.kid), raw, mode=disk.PRIVATE)
        self._opened[key.kid] = private
        return key

    def private(self, kid: KeyId) -> Private:
        """Return the private key with this id.

        Raises:
            Misused: the keyring holds none, or its file was altered or is open to others.

        """
        if kid not in self._opened:
            path = self._path(kid)
            file = _read(path)
            try:
                secret = self._boxes.decrypt(file.nonce, file.box, _bound(file.use, file.suite, file.public))
                private, public = restored(file.suite, secret)
            except (InvalidTag, ValueError):
                raise Misused(f"{path} was altered or belongs to another keyring") from None
            if Key(use=file.use, suite=file.suite, public=public).kid != kid:
                raise Misused(f"{path} holds another key than its name says")
            self._opened[kid] = private
        return self._opened[kid]

    def sign(self, kid: KeyId, message: bytes) -> bytes:
        """Return a raw signature of 64 bytes: Ed25519, or r then s for ES256.

        Raises:
            Misused: the keyring holds no such key, or the key does not sign.

        """
        private = self.private(kid)
        match private:
            case Ed25519PrivateKey():
                return private.sign(message)
            case ec.EllipticCurvePrivateKey():
                r, s = decode_dss_signature(private.sign(message, ec.ECDSA(hashes.SHA256())))
                return r.to_bytes(32, "big") + s.to_bytes(32, "big")
            case _:
                raise Misused(f"key {kid.hex()[:8]} opens envelopes and signs nothing")

    def public(self) -> tuple[Key, ...]:
        """Return every key that the keyring holds, by id; reads the files."""
        files = sorted(path for path in self._folder.glob("*.key") if path.name != _MASTER)
        return tuple(Key(use=file.use, suite=file.suite, public=file.public) for file in map(_read, files))

    def secret(self, name: str) -> bytes:
        """Return the 32-byte secret of this name, always the same in this keyring (``bodies``: keys of bodies)."""
        return _derive(self._secrets, b"comity keyring secret/1 " + name.encode())

    def destroy(self, kid: KeyId) -> None:
        """Overwrite and remove the private key; what was sealed to it can never be opened again.

        Raises:
            Misused: the keyring holds no such key.

        """
        path = self._path(kid)
        if not path.is_file():
            raise Misused(f"the keyring holds no key {kid.hex()}")
        self._opened.pop(kid, None)
        disk.destroy(path)

    def _path(self, kid: KeyId) -> Path:
        return self._folder / f"{kid.hex()}.key"

    def _drawn(self, suite: Suite) -> bytes:
        match suite:
            case Suite.ED25519 | Suite.X25519:
                return self._entropy(32)
            case Suite.ES256:
                # 48 bytes keep the bias of the remainder below 2^-128 (FIPS 186-5, appendix A.2.1).
                return (int.from_bytes(self._entropy(48), "big") % (_ORDER - 1) + 1).to_bytes(32, "big")
            case Suite.HYBRID:
                return self._entropy(96)


def change_passphrase(folder: Path, old: str, new: str, *, work: int = keyfile.WORK) -> None:
    """Put the keyring under another passphrase, in one step.

    Raises:
        Misused: the old passphrase is not the one, or the new one is too short.

    """
    sealed = keyfile.seal(_master(folder, old), new, {"use": "keyring"}, work=work)
    disk.write(folder / _MASTER, sealed, mode=disk.PRIVATE)


def sealed_master(folder: Path) -> bytes:
    """Return the master key as it rests in the keyring's folder: under the passphrase.

    Raises:
        Misused: there is no keyring, or others can read it.

    """
    return disk.read_private(folder / _MASTER)


def secret_under(sealed: bytes, passphrase: str, name: str) -> bytes:
    """Return the secret of this name of the keyring whose sealed master key this is, without its folder.

    Raises:
        Misused: the passphrase is not the one, or it is no such key.

    """
    master, header = keyfile.unseal_bytes(sealed, passphrase, "the backup")
    if header.get("use") != "keyring":
        raise Misused("the backup holds no master key of a keyring")
    return _derive(master, b"comity keyring secret/1 " + name.encode())


def _master(folder: Path, passphrase: str) -> bytes:
    path = folder / _MASTER
    if not path.exists():
        raise Misused(f"there is no keyring in {folder}: create one first")
    disk.check_private_folder(folder)
    master, header = keyfile.unseal(path, passphrase)
    if header.get("use") != "keyring":
        raise Misused(f"{path} is not the master key of a keyring")
    return master


def _read(path: Path) -> KeyFile:
    if not path.exists():
        raise Misused(f"the keyring holds no key {path.stem}")
    try:
        return from_json(disk.read_private(path), KeyFile)
    except NO_JSON:
        raise Misused(f"{path} is not a key file of this program") from None


def restored(suite: Suite, secret: bytes) -> tuple[Private, bytes]:
    """Return the private key that a secret is, and its public half, which the library's hybrid key does not give out.

    Raises:
        ValueError: the secret is not one of this suite.

    """
    match suite:
        case Suite.ED25519:
            signing = Ed25519PrivateKey.from_private_bytes(secret)
            return signing, signing.public_key().public_bytes_raw()
        case Suite.ES256:
            curve = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1())
            return curve, curve.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        case Suite.X25519:
            sealing = X25519PrivateKey.from_private_bytes(secret)
            return sealing, sealing.public_key().public_bytes_raw()
        case Suite.HYBRID:
            lattice = MLKEM768PrivateKey.from_seed_bytes(secret[:64])
            sealing = X25519PrivateKey.from_private_bytes(secret[64:])
            public = lattice.public_key().public_bytes_raw() + sealing.public_key().public_bytes_raw()
            return MLKEM768X25519PrivateKey(lattice, sealing), public


def _derive(master: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(master)


def _bound(use: KeyUse, suite: Suite, public: bytes) -> bytes:
    return b"\x00".join((b"comity keyring key/1", use.value.encode(), suite.value.encode(), public))
