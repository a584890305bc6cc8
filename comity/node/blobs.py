"""Attachments at rest: encrypted chunks that name themselves, whole or absent (decision 0025).

Authority: AES-256-GCM is NIST SP 800-38D; the nonces are the variant of STREAM (Hoang, Reyhanitabar, Rogaway, Vizár:
"Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", CRYPTO 2015) that age uses (C2SP age): eleven
bytes that count the chunks from 0, big-endian, and a last byte, 1 in the final chunk and 0 before it. The key is fresh
for each blob, so the nonce needs no prefix. A chunk cut off, swapped, doubled or added does not open.

    plaintext   cut every MiB; the last chunk is shorter or full, and empty only if the whole blob is
    chunk       AES-256-GCM under the blob's key, no associated data: 16 bytes longer than its piece
    chunk id    SHA-256 of the encrypted chunk
    manifest    the chunk ids in order, 32 bytes each
    root        the Merkle root (RFC 6962) whose leaves are the chunk ids: the blob's name in heads and frames

Whoever knows the root takes each chunk from anybody and knows at once whether it belongs. Key, size and digest of the
plaintext travel in the act's body; a relay has none of them. AES-GCM does not bind a ciphertext to one key, so the
digest is what makes all recipients read the same.

    folder/aa/<62 hex>/manifest    a blob lies in a folder named by its root; chunks beside, named by their ids
    folder/staging/                what is being written; taken for nothing, cleared by `sweep`

One folder for each blob, not one for each chunk: no key comes twice, so no two blobs share a chunk, and a peer that
lists a foreign chunk in its manifest reaches nothing. Bytes from a peer are counted, hashed and kept; they are
decrypted in `open` alone and never parsed here. Removing a blob does not overwrite it: what makes it unreadable is that
its key went with the body that held it (node/bodies.py).
"""

import fcntl
import hashlib
import hmac
import itertools
import os
import shutil
from collections import deque
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Self, TypeAlias

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from comity.core.errors import Malformed, Misused, Unreachable
from comity.core.ids import Digest, Millis
from comity.core.log import leaf_hash, root_of
from comity.node import disk

Entropy: TypeAlias = Callable[[int], bytes]

CHUNK = 1 << 20
"""Bytes of plaintext in a chunk. Smaller ones cost a file and a sync each, larger ones memory and more to send again
after a break; 1 MiB keeps the manifest of 2 GiB at 64 KiB."""

TAG = 16
KEY = 32
ID = 32

MOST = 4 << 30
"""Bytes of the largest blob unless a node says otherwise: twice what the exchange promises; 4,096 chunks."""

_MANIFEST = "manifest"
_NUMBERS = itertools.count()


class Attached(msgspec.Struct, frozen=True, kw_only=True):
    """What the sender needs to tell of a blob: `root` in the head, the rest in the body."""

    root: Digest
    chunks: int
    size: int
    """Bytes of the plaintext."""
    key: bytes
    digest: Digest
    """SHA-256 of the plaintext."""

    def __repr__(self) -> str:
        """Spell everything but the key, so that it gets into no log."""
        return f"Attached(root={self.root.hex()[:16]}, chunks={self.chunks}, size={self.size})"


Watch = Callable[[str, int, int], None]
"""``watch(what, done, total)``: bytes of one attachment that are encrypted or decrypted so far."""


class Blobs:
    """The attachments of one node; any number of processes may use the folder together."""

    def __init__(self, folder: Path, *, most: int = MOST) -> None:
        """Use `folder`, made if it lacks; blobs of more than `most` bytes are neither written nor received."""
        self._folder, self._most = folder, most
        self.watch: Watch | None = None
        """Who is told how far a long piece of work has come."""
        self._staging = folder / "staging"
        disk.private_folder(self._staging)

    # The sender's side.

    def put(self, stream: BinaryIO, entropy: Entropy) -> Attached:
        """Encrypt what the stream gives and keep it; on the disk, under its name, when this returns.

        Holds a dozen chunks in memory, however long the stream is.

        Raises:
            Misused: the stream is longer than a blob may be, or there is too little entropy.
            Unreachable: the disk is full or failing; nothing is kept.

        """
        key = entropy(KEY)
        if len(key) != KEY:
            raise Misused(f"a blob's key needs {KEY} fresh bytes, not {len(key)}")
        cipher, digest, size, ids = AESGCM(key), hashlib.sha256(), 0, []
        with self._staged() as place:
            with _Writers() as writers:
                for index, (piece, last) in enumerate(_pieces(stream)):
                    size += len(piece)
                    if size > self._most:
                        raise Misused(f"an attachment may have {self._most} bytes, this one has more")
                    digest.update(piece)
                    raw = cipher.encrypt(_nonce(index, last=last), piece, None)
                    ids.append(hashlib.sha256(raw).digest())
                    writers.write(place / ids[-1].hex(), raw)
                    self._tell("encrypting", size, _length(stream))
            root = root_of([leaf_hash(id_) for id_ in ids])
            _write(place / _MANIFEST, b"".join(ids))
            self._settle_in(place, root)
        return Attached(root=root, chunks=len(ids), size=size, key=key, digest=Digest(digest.digest()))

    def manifest(self, root: Digest) -> bytes:
        """Return the chunk ids in order, 32 bytes each.

        Raises:
            Misused: no such blob is known.
            Malformed: the file has rotted; `drop` the blob and ask for it again.

        """
        try:
            raw = self._place(root).joinpath(_MANIFEST).read_bytes()
        except FileNotFoundError:
            raise Misused(f"no blob {root.hex()[:16]} is known here") from None
        _verify(root, raw)
        return raw

    def chunk(self, root: Digest, id_: Digest) -> bytes:
        """Return an encrypted chunk of the blob, for whoever may have the blob.

        Raises:
            Misused: it is not here (any more).
            Malformed: the file has rotted; it is removed, so that `missing` names the chunk again.

        """
        try:
            raw = self._chunk(root, id_).read_bytes()
        except FileNotFoundError:
            raise Misused(f"no chunk {id_.hex()[:16]} of blob {root.hex()[:16]} is here") from None
        if hashlib.sha256(raw).digest() != id_:
            self._chunk(root, id_).unlink(missing_ok=True)
            raise Malformed(f"chunk {id_.hex()[:16]} of blob {root.hex()[:16]} has rotted on the disk")
        return raw

    # The recipient's side, and a relay's.

    def accept_manifest(self, root: Digest, raw: bytes, limit: int) -> None:
        """Keep the manifest of a blob that is to come; `limit` is how many bytes of plaintext it may promise.

        Doing it again changes nothing. Nothing is kept of one that is refused.

        Raises:
            Malformed: it does not lead to this root, lists a chunk twice, or lists more than the limit allows.

        """
        most = _count(min(limit, self._most))
        if len(raw) > most * ID:
            raise Malformed(f"a manifest of {len(raw)} bytes, expected at most {most} chunks of {ID}")
        _verify(root, raw)
        if not self._known(root):
            with self._staged() as place:
                _write(place / _MANIFEST, raw)
                self._settle_in(place, root)

    def accept_chunk(self, root: Digest, id_: Digest, raw: bytes) -> None:
        """Keep a chunk that the manifest lists. It is there for certain only when `complete` says so.

        Doing it again changes nothing.

        Raises:
            Malformed: nobody announced such a blob or its manifest lists no such chunk, the bytes are not the chunk, or
                not as long as a chunk in its place can be.
            Unreachable: the disk is full or failing.

        """
        ids = self._ids(root) if self._known(root) else []
        if id_ not in ids:
            raise Malformed(f"blob {root.hex()[:16]} has no chunk {id_.hex()[:16]}")
        full, shortest = CHUNK + TAG, TAG + (len(ids) > 1)
        if len(raw) != full and not (id_ == ids[-1] and shortest <= len(raw) < full):
            raise Malformed(f"a chunk of {len(raw)} bytes, expected {full}, or less at the end")
        if hashlib.sha256(raw).digest() != id_:
            raise Malformed(f"a chunk of {len(raw)} bytes is not {id_.hex()[:16]}")
        if self._chunk(root, id_).exists():
            return
        with self._staged() as place:
            _write(place / id_.hex(), raw)
            try:
                place.joinpath(id_.hex()).replace(self._chunk(root, id_))
            except FileNotFoundError:
                raise Malformed(f"blob {root.hex()[:16]} was dropped meanwhile") from None

    def missing(self, root: Digest) -> list[Digest]:
        """Return the ids of the chunks that are not here yet, in order.

        Raises:
            Misused: no manifest of this root was accepted.

        """
        ids = self._ids(root)
        held = {file.name for file in self._place(root).iterdir()}
        return [id_ for id_ in ids if id_.hex() not in held]

    def complete(self, root: Digest) -> bool:
        """Tell whether the whole blob is here, and force it to the disk before saying yes."""
        if not self._known(root) or self.missing(root):
            return False
        _force(self._place(root))
        return True

    def open(self, root: Digest, key: bytes, size: int, digest: bytes) -> Iterator[bytes]:
        """Return the plaintext, a chunk at a time, each verified before it is given out.

        Size and number of chunks are checked before the first byte. Only when the iterator has ended is it certain
        that this is what the sender described: do not act on the beginning alone.

        Raises:
            Misused: no such blob is known, or chunks of it are missing.
            Malformed: a chunk does not open under this key in its place, or size or digest are others than described.

        """
        raw = self.manifest(root)
        ids = _split(raw)
        if not 0 <= size <= self._most or _count(size) != len(ids):
            raise Malformed(f"a blob of {len(ids)} chunks is described as {size} bytes")
        if len(key) != KEY:
            raise Malformed(f"a blob's key has {KEY} bytes, this one {len(key)}")
        if lacking := len(self.missing(root)):
            raise Misused(f"{lacking} of {len(ids)} chunks are not here yet")
        return self._plain(root, AESGCM(key), ids, size, digest)

    def _plain(self, root: Digest, cipher: AESGCM, ids: list[Digest], size: int, digest: bytes) -> Iterator[bytes]:
        found, left = hashlib.sha256(), size
        for index, id_ in enumerate(ids):
            last = index == len(ids) - 1
            try:
                piece = cipher.decrypt(_nonce(index, last=last), self.chunk(root, id_), None)
            except InvalidTag:
                raise Malformed(f"chunk {index} of {len(ids)} does not open under the key described") from None
            if len(piece) != (left if last else CHUNK):
                raise Malformed(f"chunk {index} of {len(ids)} holds {len(piece)} bytes, which the size does not allow")
            left -= len(piece)
            found.update(piece)
            self._tell("decrypting", size - left, size)
            yield piece
        if not hmac.compare_digest(found.digest(), digest):
            raise Malformed(f"a blob of {size} bytes has another digest than described")

    def _tell(self, what: str, done: int, total: int) -> None:
        if self.watch is not None:
            self.watch(what, done, total)

    # Letting go.

    def drop(self, root: Digest) -> None:
        """Remove the blob, or what is here of it; that it is not here is no mistake."""
        with self._staged() as place, suppress(FileNotFoundError):
            # In one step, so that nobody finds a blob with a manifest and half its chunks.
            self._place(root).rename(place / "dropped")
            _force(self._place(root).parent)

    def sweep(self, keep: Collection[Digest], before: Millis) -> tuple[Digest, ...]:
        """Remove every blob that is not to be kept and that nothing was added to since `before`; return their roots.

        `before` lies back by longer than an act may take from its first chunk to its commit (a day will do): a blob
        comes before the act that names it. Also clears what broken writes left, unless somebody is writing just now.
        """
        gone = []
        for place in sorted(self._folder.glob("[0-9a-f][0-9a-f]/" + "[0-9a-f]" * 62)):
            root = Digest(bytes.fromhex(place.parent.name + place.name))
            with suppress(FileNotFoundError):
                if root not in keep and place.stat().st_mtime_ns < before * 1_000_000:
                    self.drop(root)
                    gone.append(root)
        with self._locked(fcntl.LOCK_EX | fcntl.LOCK_NB) as got:
            if got:
                for left in self._staging.iterdir():
                    shutil.rmtree(left)
        return tuple(gone)

    # The folder.

    def _place(self, root: Digest) -> Path:
        if len(root) != ID:
            raise Misused(f"a blob is named by {ID} bytes, not {len(root)}")
        return self._folder / root.hex()[:2] / root.hex()[2:]

    def _chunk(self, root: Digest, id_: Digest) -> Path:
        if len(id_) != ID:
            raise Misused(f"a chunk is named by {ID} bytes, not {len(id_)}")
        return self._place(root) / id_.hex()

    def _known(self, root: Digest) -> bool:
        return self._place(root).joinpath(_MANIFEST).exists()

    def _ids(self, root: Digest) -> list[Digest]:
        # Verified when it was accepted, and again by `open`: once more for each chunk would cost more than its digest.
        try:
            return _split(self._place(root).joinpath(_MANIFEST).read_bytes())
        except FileNotFoundError:
            raise Misused(f"no blob {root.hex()[:16]} is known here") from None

    @contextmanager
    def _staged(self) -> Iterator[Path]:
        # A folder of our own; what is not moved out of it goes when the block ends, or with a later sweep.
        with self._locked(fcntl.LOCK_SH):
            try:
                place = _made(self._staging)
                try:
                    yield place
                finally:
                    shutil.rmtree(place, ignore_errors=True)
            except OSError as error:
                raise Unreachable(f"an attachment could not be read or kept: {error.strerror}") from None

    @contextmanager
    def _locked(self, how: int) -> Iterator[bool]:
        handle = os.open(self._staging, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            got = True
            try:
                fcntl.flock(handle, how)
            except BlockingIOError:
                got = False
            yield got
        finally:
            os.close(handle)

    def _settle_in(self, place: Path, root: Digest) -> None:
        # The folder appears under its name in one step, with all that is in it on the disk.
        _force(place)
        target = self._place(root)
        disk.private_folder(target.parent)
        _force(self._folder)
        try:
            place.rename(target)
        except OSError:
            # Known already, perhaps with chunks missing: then it gets those from here.
            if not self._known(root):
                raise
            for file in place.iterdir():
                file.replace(target / file.name)
            _force(target)
        _force(target.parent)


class _Writers:
    """Write chunks to the disk while the next ones are encrypted; all are there when the block ends."""

    ABREAST = 4
    """Threads; forcing a file to the disk is waiting, and the disk serves several at once."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(self.ABREAST, "blobs")
        self._pending: deque[Future[None]] = deque()

    def __enter__(self) -> Self:
        return self

    def write(self, path: Path, raw: bytes) -> None:
        """Begin to write a chunk; waits for an older one where too many are under way."""
        if len(self._pending) >= 2 * self.ABREAST:
            self._pending.popleft().result()
        self._pending.append(self._pool.submit(_write, path, raw))

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # Nobody writes into the folder any more when this returns, whether it went well or not.
        self._pool.shutdown(cancel_futures=kind is not None)
        if kind is None:
            for pending in self._pending:
                pending.result()


def _nonce(index: int, *, last: bool) -> bytes:
    return index.to_bytes(11) + bytes([last])


def _pieces(stream: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    # One piece ahead, because the last one is sealed differently.
    piece = _full(stream)
    while True:
        following = _full(stream) if len(piece) == CHUNK else b""
        yield piece, not following
        if not following:
            return
        piece = following


def _length(stream: BinaryIO) -> int:
    """Return how long a stream will be; 0 where it does not say, as a pipe does not."""
    try:
        return os.fstat(stream.fileno()).st_size
    except (OSError, AttributeError):
        return 0


def _full(stream: BinaryIO) -> bytes:
    # A pipe or socket gives less than it was asked for before it ends.
    parts, lacking = [], CHUNK
    while lacking and (part := stream.read(lacking)):
        parts.append(part)
        lacking -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _count(size: int) -> int:
    return max(1, -(-size // CHUNK))


def _split(raw: bytes) -> list[Digest]:
    return [Digest(raw[at : at + ID]) for at in range(0, len(raw), ID)]


def _verify(root: Digest, raw: bytes) -> None:
    ids = _split(raw)
    if not ids or len(raw) % ID:
        raise Malformed(f"a manifest of {len(raw)} bytes, expected {ID} for each chunk and at least one")
    if len(set(ids)) != len(ids):
        raise Malformed(f"a manifest of {len(ids)} chunks lists one twice")
    if root_of([leaf_hash(id_) for id_ in ids]) != root:
        raise Malformed(f"a manifest of {len(ids)} chunks leads to another root than {root.hex()[:16]}")


def _made(folder: Path) -> Path:
    # No name twice in one process: a folder that was moved into its place leaves its name, and is then still cleared.
    for number in _NUMBERS:
        with suppress(FileExistsError):
            place = folder / f"{os.getpid()}-{number}"
            place.mkdir(mode=0o700)
            break
    return place


def _write(path: Path, raw: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, disk.PRIVATE)
    with os.fdopen(handle, "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(handle)


def _force(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
