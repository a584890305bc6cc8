"""The line to an implementation under test: its process, and one answer to each question, in bounded time and size.

The process is ours: it is started in a group of its own, and that group alone is ended. When it dies, hangs or talks
nonsense, the case that asked has failed, and the next one starts the process again; whoever hangs again and again is
given up. What it writes to standard error goes where ours goes.
"""

import os
import select
import shlex
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress

import msgspec

from comity.core.codec import NO_JSON
from comity.core.errors import Unreachable
from comity.faces.conformance.protocol import (
    DENIALS,
    FORM,
    Asked,
    Denied,
    Greeting,
    Hello,
    ToldT,
    Unsupported,
)

PATIENCE = 20.0
"""Seconds for one answer. Ours takes 0.2 at most on a busy machine; ten times that, and again ten for slow ones."""

MOST_HANGS = 3
"""Questions without an answer after which the command is given up."""

LONGEST = 64 * 1024 * 1024
"""Bytes of one answer: a full envelope in base64 has 11 million, and `send` may give several."""

_SHOWN = 120


class Differs(Exception):
    """The implementation did something else than it must; carries what was expected and what came."""

    def __init__(self, expected: str, came: str) -> None:
        """Keep both."""
        super().__init__(f"expected {expected}, came {came}")
        self.expected, self.came = expected, came


class Session:
    """An implementation under test, asked line by line."""

    def __init__(self, command: Sequence[str], patience: float = PATIENCE) -> None:
        """Keep the command; the process starts with the first question."""
        self.command, self.patience = tuple(command), patience
        self.greeting: Greeting | None = None
        self.hangs = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._rest = b""

    def start(self) -> Greeting:
        """Start the process if it does not run, and return how it introduced itself.

        Raises:
            Unreachable: it cannot be started, does not answer, or speaks another protocol.

        """
        if self._process is not None and self.greeting is not None:
            return self.greeting
        name = shlex.join(self.command)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - to start what the person named is what this is for
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, start_new_session=True
            )
        except OSError as problem:
            raise Unreachable(f"the command {name} cannot be started: {problem.strerror}") from None
        self._rest = b""
        try:
            self.greeting = self._answer(Hello(), Greeting)
        except (Differs, Unsupported) as problem:
            self.stop()
            raise Unreachable(f"the command {name} does not answer hello: {problem}") from None
        if self.greeting.protocol != FORM:
            self.stop()
            raise Unreachable(f"the command {name} speaks another protocol than {FORM}")
        return self.greeting

    def does(self, name: str) -> bool:
        """Tell whether the implementation knows a command."""
        return name in self.start().does

    def ask(self, command: Asked, answer: type[ToldT]) -> ToldT:
        """Return the answer to a command.

        Raises:
            Denial: it was refused, or the bytes are malformed.
            Unsupported: the implementation does not know the command or the structure.
            Differs: there was no answer, or none of this form.
            Unreachable: the command cannot be started, or hung too often.

        """
        name = str(command.__struct_config__.tag)
        if not self.does(name):
            raise Unsupported(f"the command {name}")
        return self._answer(command, answer)

    def stop(self) -> None:
        """End the process and what it started."""
        process, self._process, self.greeting = self._process, None, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        try:
            # At the end of its input it should end by itself, having closed what it keeps.
            process.wait(2.0)
        except subprocess.TimeoutExpired:
            with suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def kill(self) -> None:
        """End the process at once, as a power cut would."""
        if self._process is not None:
            with suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self.stop()

    def _answer(self, command: Asked, answer: type[ToldT]) -> ToldT:
        name = str(command.__struct_config__.tag)
        line = self._exchanged(msgspec.json.encode(command) + b"\n", name)
        try:
            said = msgspec.json.decode(line)
            denied = isinstance(said, dict) and not DENIALS.isdisjoint(said)
            found: ToldT | Denied = msgspec.convert(said, Denied) if denied else msgspec.convert(said, answer)
        except NO_JSON as problem:
            raise Differs(f"an answer to {name} as the protocol has it", f"{shown(line)} ({problem})") from None
        if isinstance(found, Denied):
            raise denial(found)
        return found

    def _exchanged(self, line: bytes, name: str) -> bytes:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise Differs(f"an answer to {name}", "a process that was stopped")
        into, out = process.stdin.fileno(), process.stdout.fileno()
        os.set_blocking(into, False)
        until, rest, said = time.monotonic() + self.patience, memoryview(line), self._rest
        while b"\n" not in said:
            left = until - time.monotonic()
            readable, writable, _ = select.select([out], [into] if rest else [], [], max(left, 0))
            if left <= 0 or len(said) > LONGEST:
                raise self._hung(name, said)
            if writable:
                with suppress(BlockingIOError, BrokenPipeError):
                    rest = rest[os.write(into, rest[:65_536]) :]
            if readable:
                piece = os.read(out, 1 << 20)
                if not piece:
                    raise self._ended(name, said)
                said += piece
        answer, _, self._rest = said.partition(b"\n")
        if self._rest:
            self.kill()
            raise Differs(f"one line in answer to {name}", f"more behind it: {shown(self._rest)}")
        return answer

    def _hung(self, name: str, said: bytes) -> Exception:
        self.kill()
        self.hangs += 1
        if self.hangs >= MOST_HANGS:
            return Unreachable(f"{shlex.join(self.command)} left {self.hangs} questions without an answer; given up")
        came = f"only {shown(said)}" if said else "nothing"
        return Differs(f"an answer to {name} within {self.patience:.0f} s", came)

    def _ended(self, name: str, said: bytes) -> Exception:
        process = self._process
        with suppress(subprocess.TimeoutExpired):
            if process is not None:
                process.wait(2.0)
        code = None if process is None else process.returncode
        self.kill()
        ended = f"the end of the process, with the code {code}" if code is not None else "the end of its output"
        return Differs(f"an answer to {name}", ended + (f" after {shown(said)}" if said else ""))


class Denial(Exception):
    """The implementation answered that it does not do it: `code` is what a case compares."""

    def __init__(self, code: str, told: str) -> None:
        """Keep the code, and the sentence that came with it."""
        super().__init__(f"{code}: {told}" if told else code)
        self.code = code


def denial(found: Denied) -> Exception:
    """Return what an answer that denies something means to the case that asked."""
    match found:
        case Denied(unsupported=str(what)):
            return Unsupported(what)
        case Denied(malformed=str(why)):
            return Denial("malformed", why)
        case Denied(refused=str(code)):
            return Denial(code, "")
        case _:
            return Differs("an answer", f"the error: {found.error}")


def shown(raw: bytes) -> str:
    """Return the beginning of what came, as text that a terminal may show."""
    text = raw[:_SHOWN].decode(errors="replace")
    plain = "".join(letter if letter.isprintable() else "?" for letter in text)
    return plain + ("..." if len(raw) > _SHOWN else "")
