"""Files that are whole or absent, and files that only their owner can read (decision 0003: what is kept is kept whole).

A file is written beside its place, forced to the disk and moved there in one step, so a crash leaves the old file or
the new one. A private file has its mode from the moment that it exists: a file that is narrowed afterwards was open
for a while. This module knows nothing of what the files hold.
"""

import errno
import fcntl
import itertools
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from comity.core.errors import Misused, Unreachable

PRIVATE = 0o600
PUBLIC = 0o644
FORCED = 16 << 20
"""Bytes of a long file after which the disk is asked to take in what it has so far. Measured with 256 MiB on a busy
machine: a file forced for each MiB came to 98 to 114 MB/s, one file forced every 16 MiB to 213 to 334, at the end alone
to 410; but then the end waits for all of it."""

_OTHERS = 0o077
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO})


def private_folder(folder: Path) -> None:
    """Create the folder, and those above it that lack, readable by the owner alone; leave one that exists as it is."""
    for part in reversed([folder, *folder.parents]):
        with suppress(FileExistsError):
            part.mkdir(mode=0o700)
            # A key on the disk is lost all the same if a power cut forgets the folder that it lies in.
            settle(part.parent)
    if not folder.is_dir():
        raise Misused(f"{folder} is not a folder")


def check_private_folder(folder: Path) -> None:
    """Refuse a folder that others than its owner can enter.

    Raises:
        Misused: they can.

    """
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & _OTHERS:
        raise Misused(f"{folder} can be entered by others (mode {mode:04o}): close it with: chmod 700 {folder}")


def write(path: Path, data: bytes, *, mode: int = PUBLIC) -> None:
    """Write the file in one step, in place of the one that was there."""
    beside = _written_beside(path, data, mode)
    beside.replace(path)
    settle(path.parent)


def write_new(path: Path, data: bytes, *, mode: int = PUBLIC) -> None:
    """Write a file that must not exist yet.

    Raises:
        Misused: there is a file of this name.

    """
    name_new(_written_beside(path, data, mode), path)


def name_new(beside: Path, path: Path) -> None:
    """Give a file that was written beside its place, and forced to the disk, its name, which must be free.

    Raises:
        Misused: there is a file of this name.

    """
    try:
        # A link fails when the name is taken; a rename would silently replace somebody's key.
        os.link(beside, path)
    except FileExistsError:
        raise Misused(f"{path} exists already: name another file, or move this one away first") from None
    finally:
        beside.unlink()
    settle(path.parent)


def read_private(path: Path) -> bytes:
    """Return the content of a file that holds a secret.

    Raises:
        Misused: there is no such file, it belongs to somebody else, or others than its owner can reach it.

    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise Misused(f"cannot read {path}: {error.strerror}") from None
    with os.fdopen(handle, "rb") as file:
        # The open file is looked at, not the name: the name can point elsewhere by the time that it is read.
        found = os.fstat(handle)
        if found.st_uid not in {os.geteuid(), 0}:
            raise Misused(f"{path} belongs to another user: a key file must belong to the one who uses it")
        if found.st_mode & _OTHERS:
            raise Misused(
                f"{path} can be reached by others (mode {stat.S_IMODE(found.st_mode):04o}): "
                f"consider its keys as known, or close it with: chmod 600 {path}"
            )
        return file.read()


def destroy(path: Path) -> None:
    """Overwrite a file with zeros and remove it; on flash and copying file systems old blocks may survive below."""
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
    settle(path.parent)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path` alone, among threads and processes, until the block ends; wait for it if need be."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        # Closing releases the lock; the file stays, because removing it would split those who wait on it.
        os.close(handle)


def _written_beside(path: Path, data: bytes, mode: int) -> Path:
    with _room(path):
        for attempt in itertools.count():
            beside = path.with_name(f".{path.name}.{os.getpid()}-{attempt}.tmp")
            with suppress(FileExistsError):
                handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
                break
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(handle)
        except OSError:
            # Half a key must not stay under a name that nobody looks for.
            beside.unlink()
            raise
    return beside


@contextmanager
def _room(path: Path) -> Iterator[None]:
    """Say of a disk that is full or failing what the service can wait for, as of everything else that is away."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise Unreachable(f"cannot write {path}: {error.strerror}; nothing was changed") from None


def settle(folder: Path) -> None:
    """Force the names in a folder to the disk."""
    # Without this a power cut may forget the new name although the content is on the disk.
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_at(handle: int, raw: bytes, at: int) -> None:
    """Write all of it at that place of a file."""
    left = memoryview(raw)
    while left:
        done = os.pwrite(handle, left, at)
        left, at = left[done:], at + done
