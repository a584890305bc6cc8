"""An attachment on its way in: one file that chunks are written into, each at its place (decision 0045).

    folder/aa/<62 hex>/partial    what has come so far; a chunk that has not come is a hole, or past the end
    folder/aa/<62 hex>/content    the same file once all is there and was forced to the disk; whole by its name

What a process wrote it remembers. What it finds, of a process before it or after a power cut, it compares with the
digests in the manifest, and takes what is not the chunk for missing: no list is kept that could say more than the disk
does. Everything is forced to the disk as one file, a good deal of it while more is coming; before it has all been
forced it is not called content, and before that no act which names it is taken in (node/inbox.py).

This module knows nothing of keys, of who may send, and of where attachments lie.
"""

import errno
import hashlib
import os
import threading
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

from comity.core.ids import Digest
from comity.node import disk
from comity.node.chunks import ID

PARTIAL, CONTENT = "partial", "content"

WATCHED = 64
"""Attachments on their way in of which a process remembers what has come; of an older one it reads it again."""


class Arrival:
    """What one process knows of one attachment that is not whole yet; for any number of threads."""

    def __init__(self, place: Path, manifest: bytes, stride: int) -> None:
        """Look at the blob in the folder `place`, whose chunks, but the last, have `stride` bytes."""
        self._place, self.manifest, self._stride = place, manifest, stride
        self._lock = threading.Lock()
        self._handle = -1
        self.closed = False
        """Whether nobody may use this object any more."""
        self._held = bytearray(len(manifest) // ID)
        self._unforced = 0

    def take(self, index: int, raw: bytes) -> bool:
        """Keep a chunk that was verified; with the last one that was lacking, all of it is forced to the disk.

        Returns False if nobody may use this object any more: ask for another.

        Raises:
            OSError: the disk takes nothing; FileNotFoundError: the blob is gone.

        """
        with self._lock:
            if self.closed:
                return False
            self._begin(os.O_CREAT)
            if not self._held[index]:
                self._write(index, raw)
                if all(self._held):
                    self._settle()
            due = self._unforced >= disk.FORCED
            if due:
                self._unforced = 0
        if due:
            # Not in the line of those who write.
            self._force()
        return True

    def missing(self) -> list[int] | None:
        """Return the places of the chunks that are not here yet; None where `take` returns False.

        Where a process finds what another left, this reads all of it.
        """
        with self._lock:
            if self.closed:
                return None
            with suppress(FileNotFoundError):
                self._begin()
            return [index for index, held in enumerate(self._held) if not held]

    def close(self) -> None:
        """Let go of the file; whoever still holds this object must ask for another."""
        with self._lock:
            self._close()

    def __del__(self) -> None:
        """Let go of the file with the object."""
        self._close()

    def _begin(self, flags: int = 0) -> None:
        """Open the file, and look what is in it, if that was not done yet."""
        if self._handle >= 0:
            return
        if (self._place / CONTENT).exists():
            self._held = bytearray(b"\1") * len(self._held)
            self._close()
            return
        self._handle = os.open(self._place / PARTIAL, os.O_RDWR | os.O_CLOEXEC | flags, disk.PRIVATE)
        for index in range(len(self._held)):
            raw = os.pread(self._handle, self._stride, index * self._stride)
            if not raw:
                break
            id_ = self.manifest[index * ID : (index + 1) * ID]
            self._held[index] = hashlib.sha256(raw).digest() == id_
        if all(self._held):
            # It was cut off between the last chunk and the name.
            self._settle()

    def _write(self, index: int, raw: bytes) -> None:
        at = index * self._stride
        disk.write_at(self._handle, raw, at)
        if index == len(self._held) - 1:
            # Nothing stands behind the last chunk, or it would never be found again.
            os.ftruncate(self._handle, at + len(raw))
        self._held[index] = 1
        self._unforced += len(raw)

    def _force(self) -> None:
        """Force what has come so far to the disk, by whichever thread it came."""
        try:
            # By a handle of its own: each is told of a failure once, and `_settle` must hear of it too.
            handle = os.open(self._place / PARTIAL, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return  # It is whole already, or gone.
        try:
            os.fdatasync(handle)
        except OSError:
            with self._lock:
                if not self.closed:
                    self._distrust()
            raise
        finally:
            os.close(handle)

    def _settle(self) -> None:
        place = self._place / PARTIAL
        try:
            os.fdatasync(self._handle)
        except OSError:
            self._distrust()
            raise
        ours = os.path.samestat(os.fstat(self._handle), place.stat())
        self._close()
        if not ours:
            raise FileNotFoundError(errno.ENOENT, "the attachment was dropped and begun anew")
        place.rename(self._place / CONTENT)

    def _distrust(self) -> None:
        # A disk that failed once may say yes the next time, and have kept nothing: begin again.
        (self._place / PARTIAL).unlink(missing_ok=True)
        self._close()

    def _close(self) -> None:
        self.closed, self._unforced = True, 0
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


class Arrivals:
    """The attachments that one process is just receiving, by root."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._open: OrderedDict[Digest, Arrival] = OrderedDict()

    def known(self, root: Digest) -> Arrival | None:
        """Return the one of this root, if this process is receiving it."""
        found = self._open.get(root)
        return None if found is None or found.closed else found

    def at(self, root: Digest, place: Path, manifest: bytes, stride: int) -> Arrival:
        """Return the one of this root, made if need be."""
        with self._lock:
            found = self._open.get(root)
            if found is None or found.closed:
                found = self._open[root] = Arrival(place, manifest, stride)
            self._open.move_to_end(root)
            spare = self._open.popitem(last=False)[1] if len(self._open) > WATCHED else None
        if spare is not None:
            spare.close()
        return found

    def forget(self, root: Digest) -> None:
        """Forget what is known of this root: it is whole, or gone."""
        with self._lock:
            found = self._open.pop(root, None)
        if found is not None:
            found.close()
