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

    folder/aa/<62 hex>/manifest    a blob lies in a folder named by its root
    folder/aa/<62 hex>/content     its chunks one after the other; as long as some are lacking it is called `partial`
    folder/staging/                what is being written; taken for nothing, cleared by `sweep`

One file for each blob: forcing each chunk to the disk by itself took most of the time (decision 0045). One folder for
each, not one for all: no key comes twice, so no two blobs share a chunk, and a peer that lists a foreign chunk in its
manifest reaches nothing. Bytes from a peer are counted, hashed and kept (node/arriving.py); they are decrypted in
`open` alone and never parsed here. Removing a blob does not overwrite it: what makes it unreadable is that its key went
with the body that held it (node/bodies.py).
"""

import fcntl
import hashlib
import hmac
import itertools
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TypeAlias

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from comity.core.errors import Malformed, Misused, Unreachable
from comity.core.ids import Digest, Millis
from comity.core.log import leaf_hash, root_of
from comity.node import chunks, disk
from comity.node.arriving import CONTENT, PARTIAL, Arrival, Arrivals

Entropy: TypeAlias = Callable[[int], bytes]

KEY = 32

MOST = 4 << 30
"""Bytes of the largest blob unless a node says otherwise: twice what the exchange promises; 4,096 chunks."""

_MANIFEST = "manifest"
_TRIES = 3
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
        self._arrivals = Arrivals()
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
        digest, size = hashlib.sha256(), 0
        with self._staged() as place:
            with chunks.Sealer(place / CONTENT, AESGCM(key)) as sealer:
                for piece, last in chunks.pieces(stream):
                    size += len(piece)
                    if size > self._most:
                        raise Misused(f"an attachment may have {self._most} bytes, this one has more")
                    sealer.seal(piece, last=last)
                    digest.update(piece)
                    self._tell("encrypting", size, _length(stream))
                ids = sealer.finish()
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
        chunks.verify(root, raw)
        return raw

    def chunk(self, root: Digest, id_: Digest) -> bytes:
        """Return an encrypted chunk of the blob, for whoever may have the blob.

        Raises:
            Misused: it is not here (any more).
            Malformed: it has rotted; `missing` names it from then on.

        """
        index = self._seat(root, id_)
        for name in (CONTENT, PARTIAL):
            raw = self._read(root, index, name)
            if raw is not None and hashlib.sha256(raw).digest() == id_:
                return raw
            if raw is not None and name == CONTENT:
                with suppress(FileNotFoundError):
                    # It is whole no more, and must not be taken for it.
                    (self._place(root) / CONTENT).rename(self._place(root) / PARTIAL)
                raise Malformed(f"chunk {id_.hex()[:16]} of blob {root.hex()[:16]} has rotted on the disk")
        raise Misused(f"no chunk {id_.hex()[:16]} of blob {root.hex()[:16]} is here")

    def unverified(self, root: Digest, id_: Digest) -> bytes:
        """Return what is in a chunk's place of a whole blob, for a peer that verifies it itself before it keeps it.

        Raises:
            Misused: the blob is not whole, or has no such chunk.

        """
        raw = self._read(root, self._seat(root, id_), CONTENT)
        if raw is None:
            raise Misused(f"no chunk {id_.hex()[:16]} of blob {root.hex()[:16]} is here")
        return raw

    # The recipient's side, and a relay's.

    def accept_manifest(self, root: Digest, raw: bytes, limit: int) -> None:
        """Keep the manifest of a blob that is to come; `limit` is how many bytes of plaintext it may promise.

        Doing it again changes nothing. Nothing is kept of one that is refused.

        Raises:
            Malformed: it does not lead to this root, lists a chunk twice, or lists more than the limit allows.

        """
        most = chunks.count(min(limit, self._most))
        if len(raw) > most * chunks.ID:
            raise Malformed(f"a manifest of {len(raw)} bytes, expected at most {most} chunks of {chunks.ID}")
        chunks.verify(root, raw)
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
        arrival = self._arrivals.known(root)
        if arrival is None and self._known(root):
            arrival = self._arrival(root, self._listed(root))
        manifest = arrival.manifest if arrival is not None else b""
        index, last = chunks.find(manifest, id_), len(manifest) // chunks.ID - 1
        if arrival is None or index is None:
            raise Malformed(f"blob {root.hex()[:16]} has no chunk {id_.hex()[:16]}")
        full, shortest = chunks.CHUNK + chunks.TAG, chunks.TAG + (last > 0)
        if len(raw) != full and not (index == last and shortest <= len(raw) < full):
            raise Malformed(f"a chunk of {len(raw)} bytes, expected {full}, or less at the end")
        if hashlib.sha256(raw).digest() != id_:
            raise Malformed(f"a chunk of {len(raw)} bytes is not {id_.hex()[:16]}")
        with _kept():
            for _ in range(_TRIES):
                try:
                    taken = arrival.take(index, raw)
                except FileNotFoundError:
                    raise Malformed(f"blob {root.hex()[:16]} was dropped meanwhile") from None
                if arrival.closed:
                    self._arrivals.forget(root)
                if taken:
                    return
                arrival = self._arrival(root, manifest)
        raise Unreachable(f"blob {root.hex()[:16]} is being dropped or brought anew by others")

    def missing(self, root: Digest) -> list[Digest]:
        """Return the ids of the chunks that are not here yet, in order.

        Of a blob that another process received, or this one before it was started anew, all that has come is read.

        Raises:
            Misused: no manifest of this root was accepted.

        """
        manifest = self._listed(root)
        with _kept():
            for _ in range(_TRIES):
                arrival = self._arrival(root, manifest)
                places = arrival.missing()
                if arrival.closed:
                    self._arrivals.forget(root)
                if places is not None:
                    return [Digest(manifest[at * chunks.ID : (at + 1) * chunks.ID]) for at in places]
        raise Unreachable(f"blob {root.hex()[:16]} is being dropped or brought anew by others")

    def arrives(self, root: Digest) -> bool:
        """Tell whether this process is just receiving the blob, which somebody must have announced; nothing is read."""
        return self._arrivals.known(root) is not None

    def complete(self, root: Digest) -> bool:
        """Tell whether the whole blob is here, and force it to the disk before saying yes."""
        if not self._known(root) or self.missing(root):
            return False
        with _kept():
            # What it holds was forced before it got its name; the name is, now.
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
        ids = chunks.split(raw)
        if not 0 <= size <= self._most or chunks.count(size) != len(ids):
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
                piece = cipher.decrypt(chunks.nonce(index, last=last), self.unverified(root, id_), None)
            except InvalidTag:
                # Rotten here, or another than its sender described.
                self.chunk(root, id_)
                raise Malformed(f"chunk {index} of {len(ids)} does not open under the key described") from None
            if len(piece) != (left if last else chunks.CHUNK):
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
        self._arrivals.forget(root)
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
                if root not in keep and _touched(place) < before * 1_000_000:
                    self.drop(root)
                    gone.append(root)
        with self._locked(fcntl.LOCK_EX | fcntl.LOCK_NB) as got:
            if got:
                for left in self._staging.iterdir():
                    shutil.rmtree(left)
        return tuple(gone)

    # The folder.

    def _place(self, root: Digest) -> Path:
        if len(root) != chunks.ID:
            raise Misused(f"a blob is named by {chunks.ID} bytes, not {len(root)}")
        return self._folder / root.hex()[:2] / root.hex()[2:]

    def _known(self, root: Digest) -> bool:
        return self._place(root).joinpath(_MANIFEST).exists()

    def _listed(self, root: Digest) -> bytes:
        # Verified when it was accepted, and again by `open`: once more for each chunk would cost more than its digest.
        try:
            return self._place(root).joinpath(_MANIFEST).read_bytes()
        except FileNotFoundError:
            raise Misused(f"no blob {root.hex()[:16]} is known here") from None

    def _seat(self, root: Digest, id_: Digest) -> int:
        index = chunks.find(self._listed(root), id_) if self._known(root) else None
        if index is None:
            raise Misused(f"no chunk {id_.hex()[:16]} of blob {root.hex()[:16]} is here")
        return index

    def _read(self, root: Digest, index: int, name: str) -> bytes | None:
        """Return what is in the place of a chunk, None if there is no file of this name."""
        try:
            handle = os.open(self._place(root) / name, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            return os.pread(handle, chunks.CHUNK + chunks.TAG, index * (chunks.CHUNK + chunks.TAG))
        finally:
            os.close(handle)

    def _arrival(self, root: Digest, manifest: bytes) -> Arrival:
        return self._arrivals.at(root, self._place(root), manifest, chunks.CHUNK + chunks.TAG)

    @contextmanager
    def _staged(self) -> Iterator[Path]:
        # A folder of our own; what is not moved out of it goes when the block ends, or with a later sweep.
        with self._locked(fcntl.LOCK_SH), _kept():
            place = _made(self._staging)
            try:
                yield place
            finally:
                shutil.rmtree(place, ignore_errors=True)

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
            self._arrivals.forget(root)
            for file in place.iterdir():
                file.replace(target / file.name)
            (target / PARTIAL).unlink(missing_ok=True)
            _force(target)
        _force(target.parent)


def _length(stream: BinaryIO) -> int:
    """Return how long a stream will be; 0 where it does not say, as a pipe does not."""
    try:
        return os.fstat(stream.fileno()).st_size
    except (OSError, AttributeError):
        return 0


def _touched(place: Path) -> int:
    """Return when something was last added to a blob."""
    found = [place.stat().st_mtime_ns]
    with suppress(FileNotFoundError):
        found.append((place / PARTIAL).stat().st_mtime_ns)
    return max(found)


@contextmanager
def _kept() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unreachable(f"an attachment could not be read or kept: {error.strerror}") from None


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
