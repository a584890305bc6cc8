"""What the index keeps on the disk: sealed pieces, each under a key of its own, and a journal (decisions 0013, 0049).

    index/manifest.json     which pieces there are and which journal; replaced in one step
    index/<n>.piece         one slice or segment, sealed under the key with its number
    index/<n>.journal       what came since, in frames: number 8 | length 8 | sealed under the key with that number
    index/lock              held by the one process that has the index open

The keys stand in a file of keys (`node/bodies.py`) outside this folder. A piece is never changed: `turn` writes those
that take its place and a new journal, puts them into the manifest in one step, and then destroys the keys of what is
no longer in it. Whatever a crash leaves behind, a piece or key that no manifest names, is destroyed at the next
opening, before anything is read.

The journal is not forced to the disk with every frame: the index is derived, and what a power cut takes it asks of the
store again, by its position. A frame that was written in part, or whose key did not reach the disk, ends the journal.
"""

import fcntl
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

import msgspec

from comity.core.errors import Misused, Unreachable
from comity.node import disk
from comity.node.bodies import BodyKeys, Entropy, State

_HEAD = 16
_FILE = re.compile(r"^([1-9][0-9]*)\.(piece|journal)$")


class Busy(Misused):
    """Another process has the index open: ask that one."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What the index consists of."""

    version: int = 1
    journal: int
    pieces: dict[str, tuple[int, ...]]
    """Numbers of pieces, by what they are, in an order that means something to their owner."""
    floor: int
    """Keys below this number are destroyed."""


class Shelf:
    """The opened folder; one process at a time."""

    def __init__(self, folder: Path, keys: BodyKeys, entropy: Entropy) -> None:
        """Open what `create` made, and destroy what a crash left over.

        Raises:
            Misused: there is none, another process has it open, or the manifest is damaged.

        """
        self._folder, self._keys, self._entropy = folder, keys, entropy
        self._gone = set[int]()
        self._lock = _locked(folder)
        try:
            self.manifest = _read(folder)
            self._journal, self._frames = self._recover()
            self._clear()
        except BaseException:
            os.close(self._lock)
            raise

    @classmethod
    def create(cls, folder: Path, keys: BodyKeys, entropy: Entropy, snapshot: bytes) -> Self:
        """Make a folder with a journal whose first frame is the snapshot, and open it.

        Raises:
            Misused: there is an index in this folder.

        """
        disk.private_folder(folder)
        if (folder / "manifest.json").exists():
            raise Misused(f"{folder} holds an index already")
        number = keys.end()
        sealed = keys.seal(number, snapshot, entropy)
        keys.sync()
        disk.write(folder / f"{number}.journal", _framed(number, sealed), mode=disk.PRIVATE)
        _write(folder, Manifest(journal=number, pieces={}, floor=number))
        return cls(folder, keys, entropy)

    @staticmethod
    def clear(folder: Path, keys: BodyKeys) -> None:
        """Destroy whatever is in the folder, damaged or not, and all keys.

        Raises:
            Misused: there is no such folder, or another process has it open.

        """
        lock = _locked(folder)
        try:
            (folder / "manifest.json").unlink(missing_ok=True)
            keys.erase(n for n in range(1, keys.end()) if keys.state(n) is not State.ERASED)
            for path in folder.iterdir():
                if path.name != "lock":
                    path.unlink()
        finally:
            os.close(lock)

    def close(self) -> None:
        """Close it; the object is of no more use."""
        os.close(self._journal)
        os.close(self._lock)

    def frames(self) -> Iterator[bytes]:
        """Yield what the journal holds: the snapshot first, then what was appended."""
        at = 0
        for number in self._frames:
            size = int.from_bytes(os.pread(self._journal, 8, at + 8))
            yield self._keys.open(number, os.pread(self._journal, size, at + _HEAD))
            at += _HEAD + size

    def append(self, data: bytes) -> None:
        """Add a frame to the journal.

        Raises:
            Unreachable: the disk is full or failing; the journal is as it was.

        """
        number = self._keys.end()
        end = os.fstat(self._journal).st_size
        try:
            _all(self._journal, _framed(number, self._keys.seal(number, data, self._entropy)), end)
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._journal, end)
            raise Unreachable(f"cannot write the journal of the index: {error.strerror}") from None
        self._frames.append(number)

    def sync(self) -> None:
        """Force keys and journal to the disk, so that a power cut takes nothing that was appended."""
        self._keys.sync()
        os.fdatasync(self._journal)

    def put(self, data: bytes) -> int:
        """Seal and write a piece, and return its number; nobody knows of it before `turn`."""
        number = self._keys.end()
        disk.write(self._piece(number), self._keys.seal(number, data, self._entropy), mode=disk.PRIVATE)
        return number

    def read(self, number: int) -> bytes:
        """Return a piece.

        Raises:
            Misused: it is not there or does not open: the index must be rebuilt.

        """
        try:
            return self._keys.open(number, self._piece(number).read_bytes())
        except (OSError, Misused):
            raise Misused(f"piece {number} of the index is lost or was altered: rebuild it from the store") from None

    def turn(self, pieces: Mapping[str, tuple[int, ...]], snapshot: bytes) -> None:
        """Let the index consist of these pieces and of a journal that begins with this snapshot; forget all others."""
        number = self._keys.end()
        path = self._folder / f"{number}.journal"
        disk.write(path, _framed(number, self._keys.seal(number, snapshot, self._entropy)), mode=disk.PRIVATE)
        self._keys.sync()
        self._gone |= _named(self.manifest) | set(self._frames)
        fresh = Manifest(journal=number, pieces=dict(pieces), floor=1)
        # What is forgotten below has still its keys if the power goes first: the next opening must look for them.
        fresh = msgspec.structs.replace(fresh, floor=min(self._gone | _named(fresh)))
        _write(self._folder, fresh)
        self.manifest = fresh
        os.close(self._journal)
        self._journal, self._frames = os.open(path, os.O_RDWR | os.O_CLOEXEC), [number]
        self._forget()

    def _forget(self) -> None:
        # What the disk did not take is tried again at the next turn, and at the next opening.
        self._gone -= _named(self.manifest)
        self._keys.erase(self._gone)
        self._gone.clear()
        self._sweep()

    @property
    def size(self) -> int:
        """Bytes on the disk, without the keys."""
        return sum(each.stat().st_size for each in self._folder.iterdir())

    @property
    def journaled(self) -> int:
        """Bytes of the journal."""
        return os.fstat(self._journal).st_size

    def _piece(self, number: int) -> Path:
        return self._folder / f"{number}.piece"

    def _recover(self) -> tuple[int, list[int]]:
        # The journal up to the first frame that is not whole; what stands behind it is cut off.
        try:
            journal = os.open(self._folder / f"{self.manifest.journal}.journal", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            raise Misused("the journal of the index is lost: rebuild it from the store") from None
        frames, at, end = list[int](), 0, os.fstat(journal).st_size
        while at + _HEAD <= end:
            head = os.pread(journal, _HEAD, at)
            number, size = int.from_bytes(head[:8]), int.from_bytes(head[8:])
            if at + _HEAD + size > end or not self._opens(number, os.pread(journal, size, at + _HEAD)):
                break
            frames.append(number)
            at += _HEAD + size
        if not frames:
            os.close(journal)
            raise Misused("the journal of the index was altered: rebuild it from the store")
        os.ftruncate(journal, at)
        return journal, frames

    def _opens(self, number: int, sealed: bytes) -> bool:
        try:
            self._keys.open(number, sealed)
        except Misused:
            return False
        return True

    def _clear(self) -> None:
        kept = _named(self.manifest) | set(self._frames)
        left = range(self.manifest.floor, self._keys.end())
        self._keys.erase(n for n in left if n not in kept and self._keys.state(n) is not State.ERASED)
        self._sweep()

    def _sweep(self) -> None:
        kept = {f"{n}.piece" for part in self.manifest.pieces.values() for n in part}
        kept.add(f"{self.manifest.journal}.journal")
        for path in self._folder.iterdir():
            if (_FILE.match(path.name) or path.name.endswith(".tmp")) and path.name not in kept:
                path.unlink()


def _named(manifest: Manifest) -> set[int]:
    return {manifest.journal, *(number for part in manifest.pieces.values() for number in part)}


def _framed(number: int, sealed: bytes) -> bytes:
    return number.to_bytes(8) + len(sealed).to_bytes(8) + sealed


def _all(file: int, data: bytes, offset: int) -> None:
    while data:
        done = os.pwrite(file, data, offset)
        data, offset = data[done:], offset + done


def _write(folder: Path, manifest: Manifest) -> None:
    disk.write(folder / "manifest.json", msgspec.json.encode(manifest), mode=disk.PRIVATE)


def _read(folder: Path) -> Manifest:
    try:
        return msgspec.json.decode((folder / "manifest.json").read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise Misused(f"there is no index in {folder}: build it from the store") from None
    except msgspec.DecodeError:
        raise Misused(f"the manifest of the index in {folder} is damaged: rebuild it from the store") from None


def _locked(folder: Path) -> int:
    if not folder.is_dir():
        raise Misused(f"there is no index in {folder}: build it from the store")
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, disk.PRIVATE)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise Busy("another process has the index open: ask that one") from None
    return lock
