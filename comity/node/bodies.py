"""The keys under which bodies rest, so that erasing a body is destroying 32 bytes (decisions 0013 and 0024).

Authority: AES key wrap is RFC 3394, AES-256-GCM NIST SP 800-38D. The database holds bodies as ciphertext only, so a
copy of a body in its pages, its write-ahead log or its backups is as dead as the key. The keys rest in one file
outside the database, each in the slot that its act's number gives, so nothing is searched and nothing moves:

    slot 0      magic 16 | check of the master 32 | zeros 16
    slot n      mark 1 | n 7 | key, wrapped under the master 40 | first 16 bytes of the SHA-256 of these 48

A slot never crosses a 512-byte sector, so a power cut leaves the old or the new one; where a disk tears a sector all
the same, the digest tells. A slot never written is a hole of zeros and takes no room.

The order that makes it safe, in one transaction of the database:

1. the database gives the number, under its write lock, so two processes never write one slot at the same time;
2. `seal` writes the slot and returns the ciphertext, which goes into the database;
3. `sync` returns: the key is on the disk; 4. only then the database commits.

A transaction that rolls back leaves a key to nothing, and the next owner of the number overwrites it. An erased slot is
never overwritten: numbers of committed acts are not given out twice, so one that comes again is a mistake. After an
older database was restored, it must count on from `end`.

What this does *not* do. Overwriting reaches the blocks that the file system calls by the same name: flash may keep the
old cell until it is recycled, a copying file system (btrfs, ZFS), a snapshot or a journal of data keeps the old block.
What survives there is wrapped under the master, so `rewrap` kills it once the old master is destroyed too; else use a
disk that is encrypted as a whole. A backup of this file brings erased keys back: keep it apart from the database's, no
longer than an erasure may take, and on restoring `erase` again what the database calls erased before anything is read.
Keys in the memory of a running process are not wiped. Nothing here knows what a body says.
"""

import fcntl
import hashlib
import hmac
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import Self, TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from comity.core.errors import Misused, Unreachable
from comity.node import disk

Entropy: TypeAlias = Callable[[int], bytes]

KEY = 32
"""Bytes of a body's key and of the master: AES-256."""

SLOT = 64
"""Bytes of one slot: 1 + 7 + 40 + 16, and a divisor of the 512 bytes that a disk writes as one."""

LARGEST = 1 << 37
"""The highest number: its slot ends at 8 TiB, half of what one ext4 file can hold."""

_MAGIC = b"comity bodies/1\n"
_WRAPPED = 40
_SIGNED = SLOT - 16
_PIECE = 16_384 * SLOT  # One MiB at a time when the whole file is read.
_BLOCK = 4096  # Bytes of a page, and of a block of the usual file systems.
# SP 800-38D section 8 asks that no nonce comes twice under one key: each key here seals one body, once.
_NONCE = bytes(12)


class State(StrEnum):
    """What a slot holds."""

    EMPTY = "empty"
    """Nothing was ever written, or it did not reach the disk: no act with this number was committed."""
    LIVE = "live"
    ERASED = "erased"
    TORN = "torn"
    """Half written; nothing opens. A seal that was cut off may be repeated, and so may an erasure."""


_MARKS = {State.LIVE: b"L", State.ERASED: b"E", State.TORN: b"T"}
_STATES = {mark: state for state, mark in _MARKS.items()}


class BodyKeys:
    """An open file of keys; any number of processes may hold it open together, `rewrap` needs it alone."""

    def __init__(self, path: Path, master: bytes) -> None:
        """Open the file that `create` made; `master` is the keyring's 32-byte secret for it.

        Raises:
            Misused: there is none, others can reach it, it is damaged, or it was made under another master.

        """
        self._path, self._master, self._failed = path, _checked(master), False
        self._lock = os.open(self._beside("lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, disk.PRIVATE)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_SH)
            self._finish_rewrap()
            self._file = _opened(path, self._master)
        except BaseException:
            os.close(self._lock)
            raise

    @classmethod
    def create(cls, path: Path, master: bytes) -> Self:
        """Make an empty file, mode 0600, and open it; a file that was lost is never silently replaced by `open`.

        Raises:
            Misused: there is a file of this name.

        """
        disk.write_new(path, _header(_checked(master)), mode=disk.PRIVATE)
        return cls(path, master)

    def close(self) -> None:
        """Close the file and give up its lock; the object is of no more use."""
        os.close(self._file)
        os.close(self._lock)

    def __enter__(self) -> Self:
        """Return itself; leaving the block closes the file."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def seal(self, number: int, body: bytes, entropy: Entropy) -> bytes:
        """Return the body under a fresh key, which is put in slot `number`; 16 bytes longer than the body.

        Durable only after `sync`. As `seal_all`, for one.
        """
        return self.seal_all({number: body}, entropy)[number]

    def seal_all(self, bodies: Mapping[int, bytes], entropy: Entropy) -> dict[int, bytes]:
        """Seal many bodies, by number, for one group commit: neighbouring slots are written together.

        Raises:
            Misused: a number is none, or its body was erased; nothing has been written then.
            Unreachable: the disk is full or failing; roll the transaction back.

        """
        found = {number: self.hide(number, bodies[number], entropy) for number in _numbers(bodies)}
        self.write({number: slot for number, (slot, _) in found.items()})
        return {number: sealed for number, (_, sealed) in found.items()}

    def hide(self, number: int, body: bytes, entropy: Entropy) -> tuple[bytes, bytes]:
        """Return a slot with a fresh key, for `write`, and the body under that key; touches no disk."""
        fresh = entropy(KEY)
        if len(fresh) != KEY:
            raise Misused(f"a key needs {KEY} fresh bytes, not {len(fresh)}")
        slot = _slot(State.LIVE, number, aes_key_wrap(self._master, fresh))
        return slot, AESGCM(fresh).encrypt(_NONCE, body, _bound(number))

    def write(self, slots: Mapping[int, bytes]) -> None:
        """Write slots that `hide` made, by number; neighbouring ones together. Durable only after `sync`.

        Raises:
            Misused: a number is none, or its body was erased; nothing has been written then.
            Unreachable: the disk is full or failing; roll the transaction back.

        """
        self._usable()
        for number, raw in self._read(_numbers(slots)):
            if raw[:1] == _MARKS[State.ERASED]:
                raise Misused(f"number {number} had a body that was erased: a number is given out once")
        self._write(slots)

    def sync(self) -> None:
        """Force to the disk what was sealed; the database commits only after this has returned.

        Raises:
            Unreachable: the disk did not take it. The kernel may have dropped what was not written, and a second sync
                would say yes to that; so this object refuses all work from then on: roll back and open the file again.

        """
        self._usable()
        try:
            os.fdatasync(self._file)
        except OSError as error:
            self._failed = True
            raise _disk_failed(error) from None

    def open(self, number: int, sealed: bytes) -> bytes:
        """Return the body.

        Raises:
            Misused: it was erased, no key was ever kept, or slot or ciphertext was altered; `state` tells which.

        """
        (_, raw), *_ = self._read(_numbers([number]))
        match _state(raw, number):
            case State.EMPTY if number >= self.end():
                raise Misused(f"no key for body {number}: the file of keys ends before it")
            case State.EMPTY:
                raise Misused(f"no key for body {number}")
            case State.ERASED:
                raise Misused(f"body {number} was erased")
            case State.TORN:
                raise Misused(f"the key of body {number} was written in part only")
            case State.LIVE:
                pass
        try:
            return AESGCM(_unwrapped(self._master, raw)).decrypt(_NONCE, sealed, _bound(number))
        except InvalidUnwrap:
            raise Misused(f"the key of body {number} was altered") from None
        except (InvalidTag, ValueError):
            raise Misused(f"the sealed body {number} was altered, or belongs to another number or key") from None

    def erase(self, numbers: Iterable[int]) -> None:
        """Destroy the keys: overwritten, forced to the disk and read again. Repeating it does no harm.

        Erase first, then commit the tombstone: after a crash in between, `state` already says what is true.

        Raises:
            Misused: a number is none.
            Unreachable: the disk did not take it, or still shows a key; repeat it.

        """
        self._usable()
        tombs = {number: _slot(State.ERASED, number, bytes(_WRAPPED)) for number in _numbers(numbers)}
        self._write(tombs)
        self.sync()
        # Without this the kernel would show its own copy of the page.
        for run in _runs(list(tombs)):
            first, last = run[0] * SLOT // _BLOCK * _BLOCK, run[-1] * SLOT + _BLOCK
            os.posix_fadvise(self._file, first, last - first, os.POSIX_FADV_DONTNEED)
        if any(raw != tombs[number] for number, raw in self._read(list(tombs))):
            raise Unreachable("the disk still shows a key that was overwritten")

    def state(self, number: int) -> State:
        """Tell what the slot holds; believe it rather than the database, which learns of an erasure later."""
        (_, raw), *_ = self._read(_numbers([number]))
        return _state(raw, number)

    def end(self) -> int:
        """Return the first number that no slot at or above it was ever written for; reads no slot."""
        return max(1, -(-os.fstat(self._file).st_size // SLOT))

    def slots(self, last: int) -> Iterator[bytes]:
        """Yield the file up to slot `last` in pieces, for a backup; a slot seen half written is looked at again."""
        for start in range(0, (last + 1) * SLOT, _PIECE):
            length = min(_PIECE, (last + 1) * SLOT - start)
            piece = bytearray(os.pread(self._file, length, start).ljust(length, b"\x00"))
            for at in range(0, length, SLOT):
                number = (start + at) // SLOT
                if number and _state(bytes(piece[at : at + SLOT]), number) is State.TORN:
                    piece[at : at + SLOT] = os.pread(self._file, SLOT, start + at).ljust(SLOT, b"\x00")
            yield bytes(piece)

    def rewrap(self, new_master: bytes) -> tuple[int, ...]:
        """Put every key under another master and shred the old file; about 7 s for a million keys.

        After a crash the file is whole, under the old master or the new one: the one that opens it. Other processes
        must have closed it. Returns the numbers whose slots were torn or altered: their bodies do not open.

        Raises:
            Misused: another process has the file open.
            Unreachable: the disk is full or failing; the file is whole, open it again.

        """
        self._usable()
        new, old = self._beside("new"), self._beside("old")
        with self._alone():
            try:
                damaged = self._copy(new, _checked(new_master))
                # The old file gets a second name first: it must be found again to be shredded, whenever the power goes.
                os.link(self._path, old)
                new.replace(self._path)
            except OSError as error:
                self._failed = True
                raise _disk_failed(error) from None
            fresh = _opened(self._path, new_master)
            os.close(self._file)
            self._file, self._master = fresh, new_master
            self._finish_rewrap()
        return damaged

    def _copy(self, new: Path, master: bytes) -> tuple[int, ...]:
        # Whole pieces of zeros are passed over, so holes stay holes.
        size, damaged = self.end() * SLOT, []
        with os.fdopen(os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, disk.PRIVATE), "r+b") as file:
            for start in range(0, size, _PIECE):
                piece = os.pread(self._file, _PIECE, start)
                if not any(piece):
                    continue
                slots = []
                for at in range(0, len(piece), SLOT):
                    number, raw = (start + at) // SLOT, piece[at : at + SLOT].ljust(SLOT, b"\x00")
                    slots.append(_rewrapped(raw, number, self._master, master) if number else _header(master))
                    if number and slots[-1][:1] == _MARKS[State.TORN]:
                        damaged.append(number)
                _write_all(file.fileno(), b"".join(slots), start)
            os.ftruncate(file.fileno(), size)
            os.fsync(file.fileno())
        return tuple(damaged)

    def _finish_rewrap(self) -> None:
        # Nobody rewraps meanwhile, we hold the lock; another opener may do the same as we do here, and harmlessly.
        for left in (self._beside("new"), self._beside("old")):
            with suppress(FileNotFoundError):
                if not left.samefile(self._path):
                    # Before the old file dies, the disk must know by its name the file that took its place.
                    _settle(self._path.parent)
                    _shred(left)
                left.unlink()
                _settle(self._path.parent)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        # The first lock keeps a second rewrap away: turning a shared lock into an exclusive one lets go of it between.
        with disk.locked(self._beside("rewrap")):
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                fcntl.flock(self._lock, fcntl.LOCK_SH)
                raise Misused("another process has the file of keys open: stop it, then rewrap") from None
            try:
                yield
            finally:
                fcntl.flock(self._lock, fcntl.LOCK_SH)

    def _beside(self, what: str) -> Path:
        return self._path.with_name(f"{self._path.name}.{what}")

    def _usable(self) -> None:
        if self._failed:
            raise Unreachable("the disk failed under the file of keys: open it again")

    def _read(self, numbers: list[int]) -> Iterator[tuple[int, bytes]]:
        for run in _runs(numbers):
            try:
                raw = os.pread(self._file, len(run) * SLOT, run[0] * SLOT).ljust(len(run) * SLOT, b"\x00")
            except OSError as error:
                raise _disk_failed(error) from None
            for place, number in enumerate(run):
                yield number, raw[place * SLOT : (place + 1) * SLOT]

    def _write(self, slots: Mapping[int, bytes]) -> None:
        try:
            for run in _runs(sorted(slots)):
                _write_all(self._file, b"".join(slots[number] for number in run), run[0] * SLOT)
        except OSError as error:
            raise _disk_failed(error) from None


def _opened(path: Path, master: bytes) -> int:
    try:
        file = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise Misused(f"cannot open {path}: {error.strerror}") from None
    mode, header = stat.S_IMODE(os.fstat(file).st_mode), os.pread(file, SLOT, 0)
    if mode == disk.PRIVATE and hmac.compare_digest(header, _header(master)):
        return file
    os.close(file)
    if mode != disk.PRIVATE:
        raise Misused(f"{path} can be reached by others (mode {mode:04o}): consider its keys as known, or chmod 600 it")
    if len(header) != SLOT or not header.startswith(_MAGIC):
        raise Misused(f"{path} is not a file of keys of bodies, or is cut off")
    raise Misused(f"{path} was made under another master")


def _checked(master: bytes) -> bytes:
    if len(master) != KEY:
        raise Misused(f"a master has {KEY} bytes, this one {len(master)}")
    return master


def _header(master: bytes) -> bytes:
    return (_MAGIC + hmac.digest(master, b"comity bodies master/1", hashlib.sha256)).ljust(SLOT, b"\x00")


def _numbers(numbers: Iterable[int]) -> list[int]:
    ordered = sorted(set(numbers))
    if ordered and not 1 <= ordered[0] <= ordered[-1] <= LARGEST:
        raise Misused(f"an act's number is 1 to {LARGEST}")
    return ordered


def _runs(numbers: list[int]) -> Iterator[range]:
    # Sorted numbers as ranges without a hole: one read or write each.
    first = 0
    for place in range(1, len(numbers) + 1):
        if place == len(numbers) or numbers[place] != numbers[place - 1] + 1:
            yield range(numbers[first], numbers[place - 1] + 1)
            first = place


def _slot(state: State, number: int, wrapped: bytes) -> bytes:
    signed = _MARKS[state] + number.to_bytes(7) + wrapped
    return signed + hashlib.sha256(signed).digest()[: SLOT - _SIGNED]


def _state(raw: bytes, number: int) -> State:
    if not any(raw):
        return State.EMPTY
    state = _STATES.get(raw[:1], State.TORN)
    return state if raw == _slot(state, number, raw[8:_SIGNED]) else State.TORN


def _unwrapped(master: bytes, raw: bytes) -> bytes:
    return aes_key_unwrap(master, raw[8:_SIGNED])


def _rewrapped(raw: bytes, number: int, old: bytes, new: bytes) -> bytes:
    match _state(raw, number):
        case State.EMPTY | State.ERASED:
            return raw
        case State.LIVE:
            with suppress(InvalidUnwrap):
                return _slot(State.LIVE, number, aes_key_wrap(new, _unwrapped(old, raw)))
        case State.TORN if raw[:1] == _MARKS[State.ERASED]:
            # An erasure that was cut off is carried out: nothing of the old key goes into the new file.
            return _slot(State.ERASED, number, bytes(_WRAPPED))
        case State.TORN:
            pass
    return _slot(State.TORN, number, bytes(_WRAPPED))


def _bound(number: int) -> bytes:
    return b"comity.body/1" + number.to_bytes(8)


def _write_all(file: int, data: bytes, offset: int) -> None:
    while data:
        done = os.pwrite(file, data, offset)
        data, offset = data[done:], offset + done


def _shred(path: Path) -> None:
    # Holes are left alone: filling them would ask room of a disk that may be full.
    with path.open("r+b") as file:
        for start in range(0, path.stat().st_size, _BLOCK):
            held = os.pread(file.fileno(), _BLOCK, start)
            if any(held):
                _write_all(file.fileno(), bytes(len(held)), start)
        os.fsync(file.fileno())


def _settle(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _disk_failed(error: OSError) -> Unreachable:
    return Unreachable(f"the file of keys failed: {error.strerror}")
