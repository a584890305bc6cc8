"""How an attachment is cut and sealed, and the list of its chunks (decision 0025; on the disk: decision 0045).

Authority: AES-256-GCM is NIST SP 800-38D; how the nonces count is told in node/blobs.py, which this module serves. It
knows of no folder and of no peer; what a manifest leads to is computed by the rules of RFC 6962 (core/log.py).
"""

import hashlib
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, Self

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from comity.core.errors import Malformed
from comity.core.ids import Digest
from comity.core.log import leaf_hash, root_of
from comity.node import disk

CHUNK = 1 << 20
"""Bytes of plaintext in a chunk. Smaller ones cost a request each, larger ones memory and more to send again after a
break; 1 MiB keeps the manifest of 2 GiB at 64 KiB."""

TAG = 16
ID = 32
"""Bytes of a chunk's id, the SHA-256 of its ciphertext."""


def nonce(index: int, *, last: bool) -> bytes:
    """Return the nonce of a chunk; no key comes twice, so it needs no prefix."""
    return index.to_bytes(11) + bytes([last])


def pieces(stream: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """Cut a stream; tells of each piece whether it is the last."""
    # One piece ahead, because the last one is sealed differently.
    piece = _full(stream)
    while True:
        following = _full(stream) if len(piece) == CHUNK else b""
        yield piece, not following
        if not following:
            return
        piece = following


def _full(stream: BinaryIO) -> bytes:
    # A pipe or socket gives less than it was asked for before it ends.
    parts, lacking = [], CHUNK
    while lacking and (part := stream.read(lacking)):
        parts.append(part)
        lacking -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def count(size: int) -> int:
    """Return how many chunks so many bytes of plaintext make."""
    return max(1, -(-size // CHUNK))


def split(raw: bytes) -> list[Digest]:
    """Return the ids in a manifest, in order."""
    return [Digest(raw[at : at + ID]) for at in range(0, len(raw), ID)]


def find(manifest: bytes, id_: bytes) -> int | None:
    """Return the place of a chunk in the manifest, None if it is not listed."""
    at = manifest.find(id_)
    while at >= 0 and at % ID:
        at = manifest.find(id_, at + 1)
    return at // ID if at >= 0 and len(id_) == ID else None


def verify(root: Digest, raw: bytes) -> None:
    """Verify that a manifest is one, and leads to the root.

    Raises:
        Malformed: it does not, or lists a chunk twice.

    """
    ids = split(raw)
    if not ids or len(raw) % ID:
        raise Malformed(f"a manifest of {len(raw)} bytes, expected {ID} for each chunk and at least one")
    if len(set(ids)) != len(ids):
        raise Malformed(f"a manifest of {len(ids)} chunks lists one twice")
    if root_of([leaf_hash(id_) for id_ in ids]) != root:
        raise Malformed(f"a manifest of {len(ids)} chunks leads to another root than {root.hex()[:16]}")


class Sealer:
    """Encrypt pieces and write them to a file while the next ones are read; nobody writes any more when the block ends.

    Encrypting, digests and writing let other threads of Python run.
    """

    ABREAST = 3
    """Threads: more than two cores seldom have time, and one may wait for the disk."""

    def __init__(self, path: Path, cipher: AESGCM) -> None:
        """Write to `path`, where there must be no file yet."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._handle = os.open(path, flags, disk.PRIVATE)
        self._cipher = cipher
        self._pool = ThreadPoolExecutor(self.ABREAST, "blobs")
        self._pending: deque[Future[bytes]] = deque()
        self._forcing: Future[None] | None = None
        self._ids: list[bytes] = []

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def seal(self, piece: bytes, *, last: bool) -> None:
        """Begin to seal the next piece; waits for an older one where too many are under way."""
        if len(self._pending) >= 2 * self.ABREAST:
            self._ids.append(self._pending.popleft().result())
        index = len(self._ids) + len(self._pending)
        self._pending.append(self._pool.submit(self._sealed, index, nonce(index, last=last), piece))
        if index and index % (disk.FORCED // CHUNK) == 0 and (self._forcing is None or self._forcing.done()):
            self._forced()
            # Beside the work, so that little is left to wait for at the end.
            self._forcing = self._pool.submit(os.fdatasync, self._handle)

    def finish(self) -> list[bytes]:
        """Wait until all is written, force it to the disk, and return the chunks' ids."""
        self._ids += [pending.result() for pending in self._pending]
        self._forced()
        os.fdatasync(self._handle)
        return self._ids

    def _forced(self) -> None:
        # A disk tells a handle once that it failed, so each answer is looked at.
        if self._forcing is not None:
            self._forcing.result()

    def _sealed(self, index: int, once: bytes, piece: bytes) -> bytes:
        raw = self._cipher.encrypt(once, piece, None)
        disk.write_at(self._handle, raw, index * (CHUNK + TAG))
        return hashlib.sha256(raw).digest()

    def __exit__(self, *_: object) -> None:
        """Let nobody write any more, whether it went well or not."""
        self._pool.shutdown(cancel_futures=True)
        os.close(self._handle)
