"""The road between processes of one machine to the one that has a search index open: a socket in the node's folder.

Authority: decision 0052. `home/index/<organisation>.sock`, mode 0600 in folders of mode 0700: who reaches it could open
the index itself. A message is its length in four bytes and msgpack, no longer than `MOST`; one question for each
connection. Questions carry policies and not readers, so each process rules for itself, by the same store.

No road between machines: nothing here leaves this one.
"""

import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from comity.core.errors import ComityError, Unreachable
from comity.core.ids import OrgId
from comity.node import disk
from comity.node.finding import Answer, Question, Status, Told

if TYPE_CHECKING:
    from comity.node.searching import Searching

MOST = 16 << 20
"""Bytes of one message: a thousand names with a hundred candidates each."""

PATIENCE = 60.0
"""Seconds for which each side waits for the other."""

ABREAST = 8
"""Questions that are answered at a time; others wait in the kernel."""


class Stand(msgspec.Struct, frozen=True, tag="status"):
    """Asks how the index stands."""


class Rebuild(msgspec.Struct, frozen=True, tag="rebuild"):
    """Asks to make the index anew; `Progress` comes before the answer."""


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """How far a rebuild is."""

    done: int
    total: int


class Trouble(msgspec.Struct, frozen=True, tag="trouble"):
    """Why there is no answer."""

    told: str


class Answered(msgspec.Struct, frozen=True, tag="answer"):
    """The answer, spelled."""

    raw: bytes


_Asked = Question | Stand | Rebuild
_Said = Progress | Trouble | Answered

T = TypeVar("T", Answer, Status)


def ask(folder: Path, org: OrgId, question: _Asked, kind: type[T], told: Told | None = None) -> T | None:
    """Ask whoever has the index open; None where nobody listens.

    Raises:
        Unreachable: somebody listens and gives no answer.

    """
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with line:
        line.settimeout(PATIENCE)
        try:
            with _short(folder) as near:
                line.connect(f"{near}/{org}.sock")
        except OSError:
            return None
        try:
            _send(line, msgspec.msgpack.encode(question))
            while True:
                said: _Said = msgspec.msgpack.decode(_receive(line), type=_Said)
                match said:
                    case Progress(done=done, total=total):
                        if told is not None:
                            told(done, total)
                    case Trouble(told=why):
                        raise Unreachable(why)
                    case Answered(raw=raw):
                        return msgspec.msgpack.decode(raw, type=kind)
        except (OSError, EOFError, msgspec.DecodeError) as problem:
            why = f"the process that has the search index open gives no answer: {type(problem).__name__}"
            raise Unreachable(why) from None


class Listener:
    """Answers the other processes of this machine, from threads of its own, until it is closed."""

    def __init__(self, folder: Path, org: OrgId, searching: "Searching") -> None:
        """Begin to listen; whoever has the index open alone may, so a socket that lies there is a dead one's."""
        self._searching, self._path = searching, folder / f"{org}.sock"
        self._room = threading.Semaphore(ABREAST)
        disk.private_folder(folder)
        self._path.unlink(missing_ok=True)
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with _short(folder) as near:
            self._line.bind(f"{near}/{org}.sock")
        self._path.chmod(disk.PRIVATE)
        self._line.listen(ABREAST)
        threading.Thread(target=self._serve, name="search road", daemon=True).start()

    def close(self) -> None:
        """Listen no more; what is being answered is answered."""
        self._path.unlink(missing_ok=True)
        # Closing alone would not wake the thread that waits.
        with suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)
        self._line.close()

    def _serve(self) -> None:
        while True:
            self._room.acquire()
            try:
                line, _ = self._line.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(line,), name="search road", daemon=True).start()

    def _answer(self, line: socket.socket) -> None:
        # Who asks may go away at any moment; nobody is left to be told then.
        with line, suppress(OSError, EOFError):
            try:
                line.settimeout(PATIENCE)
                said: _Said = Answered(self._done(line, msgspec.msgpack.decode(_receive(line), type=_Asked)))
            except ComityError as problem:
                said = Trouble(str(problem))
            except (msgspec.DecodeError, ValueError):
                said = Trouble("the question is none that this software knows")
            finally:
                self._room.release()
            _send(line, msgspec.msgpack.encode(said))

    def _done(self, line: socket.socket, asked: _Asked) -> bytes:
        def told(done: int, total: int) -> None:
            _send(line, msgspec.msgpack.encode(Progress(done, total)))

        match asked:
            case Question():
                return msgspec.msgpack.encode(self._searching.ask(asked))
            case Rebuild():
                self._searching.rebuild(told)
            case Stand():
                pass
        return msgspec.msgpack.encode(self._searching.status())


def _send(line: socket.socket, message: bytes) -> None:
    line.sendall(struct.pack(">I", len(message)) + message)


def _receive(line: socket.socket) -> bytes:
    size = int.from_bytes(_exactly(line, 4))
    if size > MOST:
        raise EOFError
    return _exactly(line, size)


def _exactly(line: socket.socket, size: int) -> bytes:
    parts, left = list[bytes](), size
    while left:
        part = line.recv(min(left, 1 << 16))
        if not part:
            raise EOFError
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


@contextmanager
def _short(folder: Path) -> Iterator[str]:
    """Give another path of a folder: the address of a socket has a hundred bytes, and folders lie deeper than that."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{handle}"
    finally:
        os.close(handle)
