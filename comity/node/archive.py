r"""The form of a backup: one encrypted file, written and read as a stream (decision 0039).

Authority: AES-256-GCM is NIST SP 800-38D, HKDF RFC 5869; the nonces are STREAM's (Hoang, Reyhanitabar, Rogaway, Vizár,
CRYPTO 2015), as in `node/blobs.py`: eleven bytes count the chunks, the last byte is 1 in the final one. Header and
chunks are bound together, so nothing can be cut off, swapped, doubled or put in from another backup.

    magic       "comity backup/1\n"
    header      4 bytes of length (big endian), then JSON: the sealed master key of the keyring, a fresh salt
    chunk       AES-256-GCM of up to 1 MiB, 16 bytes longer; associated data is SHA-256(magic || header)

The key is HKDF(the keyring's secret `backup`, salt). The keyring's `master.key` travels in the header as it rests on
the disk: under the passphrase. So the file opens with the passphrase that the node had when it was made, and with
nothing else. Inside is a row of records: one byte that says what it is, four bytes of length, content. What the records
say is for `node/backup.py` and `node/restoring.py`.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from comity.core.codec import NO_JSON, from_json
from comity.core.errors import Malformed, Misused, Unreachable
from comity.node import disk, keyring

MAGIC = b"comity backup/1\n"

CHUNK = 1 << 20
"""Bytes of plaintext in a chunk: what is in memory of a backup, twice."""

LONGEST = 16 << 20
"""Bytes of one record at most: twice what an act may have."""

SALT = 32
_TAG = 16
_HEADER = 1 << 16
_LENGTH = 4


class Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be read without the passphrase; bound to every chunk."""

    master: bytes
    """The keyring's sealed master key, as it rests on the disk."""
    salt: bytes


class Writer:
    """Writes records; `archive` makes one and ends it."""

    def __init__(self, file: BinaryIO, secret: bytes, header: Header) -> None:
        """Begin the file: magic and header."""
        raw = msgspec.json.encode(header)
        self._file, self._buffer, self._index = file, bytearray(), 0
        self._cipher, self._bound = AESGCM(_key(secret, header.salt)), _bound(raw)
        file.write(MAGIC + len(raw).to_bytes(_LENGTH) + raw)

    def add(self, what: bytes, content: bytes) -> None:
        """Add a record; `what` is one byte.

        Raises:
            Misused: it is longer than a record may be.

        """
        if len(content) > LONGEST:
            raise Misused(f"a record of {len(content)} bytes, {LONGEST} at most")
        self._buffer += what + len(content).to_bytes(_LENGTH) + content
        # The last chunk is known only at the end, so one full chunk is held back until more comes.
        while len(self._buffer) > CHUNK:
            self._emit(bytes(self._buffer[:CHUNK]), last=False)
            del self._buffer[:CHUNK]

    def end(self) -> None:
        """Write the last chunk, which says that it is the last."""
        self._emit(bytes(self._buffer), last=True)

    def _emit(self, piece: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._index, last=last), piece, self._bound))
        self._index += 1


@contextmanager
def archive(path: Path, secret: bytes, header: Header) -> Iterator[Writer]:
    """Give a writer for a new file, mode 0600; it has its name only once it is whole and on the disk.

    Raises:
        Misused: there is a file of this name, or no folder for it.
        Unreachable: the disk is full or failing; nothing is left behind.

    """
    if path.exists():
        raise Misused(f"{path} exists already: name another file, or move this one away first")
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, disk.PRIVATE)
    except OSError as error:
        raise Misused(f"cannot write {path}: {error.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            writer = Writer(file, secret, header)
            yield writer
            writer.end()
            file.flush()
            os.fsync(handle)
        disk.name_new(beside, path)
    except OSError as error:
        raise Unreachable(f"the backup was not written: {error.strerror}; nothing of it was kept") from None
    finally:
        beside.unlink(missing_ok=True)


def records(path: Path, passphrase: str) -> Iterator[tuple[bytes, bytes]]:
    """Yield each record, verified: what it is and its content; a piece of one chunk is in memory at a time.

    Whoever acts on a record before the iterator has ended acts on a beginning: the end may be cut off.

    Raises:
        Misused: there is no such file, or the passphrase is not the one.
        Malformed: it is no backup, or is cut off, torn or altered.

    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise Misused(f"cannot read {path}: {error.strerror}") from None
    with file:
        header, bound = _header(file)
        secret = keyring.secret_under(header.master, passphrase, "backup")
        held = bytearray()
        for piece in _pieces(file, AESGCM(_key(secret, header.salt)), bound):
            held += piece
            at = 0
            while (record := _record(held, at)) is not None:
                what, content, at = record
                yield what, content
            del held[:at]
        if held:
            raise Malformed("the backup ends in the middle of a record")


def sealed_master(path: Path) -> bytes:
    """Return the sealed master key of the keyring that a backup holds.

    Raises:
        Misused: there is no such file.
        Malformed: it is no backup.

    """
    try:
        with path.open("rb") as file:
            return _header(file)[0].master
    except OSError as error:
        raise Misused(f"cannot read {path}: {error.strerror}") from None


def _header(file: BinaryIO) -> tuple[Header, bytes]:
    start = file.read(len(MAGIC) + _LENGTH)
    length = int.from_bytes(start[len(MAGIC) :])
    if not start.startswith(MAGIC) or len(start) != len(MAGIC) + _LENGTH or length > _HEADER:
        raise Malformed("the file is no backup of this program")
    raw = file.read(length)
    try:
        header = from_json(raw, Header)
    except NO_JSON:
        raise Malformed("the file is no backup of this program, or its header was altered") from None
    return header, _bound(raw)


def _pieces(file: BinaryIO, cipher: AESGCM, bound: bytes) -> Iterator[bytes]:
    index, raw = 0, file.read(CHUNK + _TAG)
    while True:
        following = file.read(CHUNK + _TAG)
        try:
            yield cipher.decrypt(_nonce(index, last=not following), raw, bound)
        except (InvalidTag, ValueError):
            raise Malformed(f"the backup was cut off or altered: chunk {index} does not open") from None
        if not following:
            return
        index, raw = index + 1, following


def _record(held: bytearray, at: int) -> tuple[bytes, bytes, int] | None:
    content = at + 1 + _LENGTH
    length = int.from_bytes(held[at + 1 : content])
    if length > LONGEST:
        raise Malformed(f"a record of {length} bytes in the backup, {LONGEST} at most")
    if len(held) < content or len(held) < content + length:
        return None
    return bytes(held[at : at + 1]), bytes(held[content : content + length]), content + length


def _nonce(index: int, *, last: bool) -> bytes:
    return index.to_bytes(11) + bytes([last])


def _key(secret: bytes, salt: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=b"comity backup/1").derive(secret)


def _bound(header: bytes) -> bytes:
    return hashlib.sha256(MAGIC + len(header).to_bytes(_LENGTH) + header).digest()
