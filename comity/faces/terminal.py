"""What every command shares: where the node is, who may open it, how a ceremony speaks, how results are printed.

Explanations go to stderr and results to stdout, so that ``--json`` can be piped. A passphrase comes from a variable of
the environment, from a file that only its owner can read, or from a prompt that shows nothing; never from the command
line, where every process of the machine can read it. Text of others is printed without its control characters, for an
escape character would command the terminal of whoever reads it.
"""

import functools
import getpass
import inspect
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, get_args

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from comity.core.errors import Misused
from comity.core.ids import Millis, Span
from comity.node import disk, metadata

Say = Callable[[str], None]


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What a person gave of the options that commands share; `takes` fills it for the time of one command."""

    home: Path | None = None
    org: str = ""
    officer: str = ""
    passphrase_file: Path | None = None
    yes: bool = False
    json: bool = False


SHORT = 72
"""Characters of a list that is shown on one line."""

_LAYOUT = re.compile("[\u202a-\u202e\u2066-\u2069\u2028\u2029\n\t]")
"""What begins another line or turns its direction around: overrides, embeddings, isolates (UAX 9), separators."""

_COMMANDS = re.compile("[\x7f-\x9f]")
"""Control characters that JSON leaves as they are."""

SHARED: dict[str, Any] = {
    "home": Annotated[Path | None, typer.Option(help="Folder of the node.", envvar="COMITY_HOME", show_default="node")],
    "org": Annotated[str, typer.Option(help="Organisation, by name or id, when the node belongs to several.")],
    "officer": Annotated[
        str, typer.Option("--as", help="Who you are: an officer's pseudonym.", envvar="COMITY_OFFICER")
    ],
    "passphrase_file": Annotated[Path | None, typer.Option(help="File with the node's passphrase (mode 0600).")],
    "yes": Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")],
    "json": Annotated[bool, typer.Option("--json", help="Print the result as JSON.")],
}
"""The shared options as Typer reads them; the names are the fields of `Options`."""

_given: ContextVar[Options] = ContextVar("given", default=Options())  # noqa: B039 - a frozen struct


def takes(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command some of the `SHARED` options; the functions of this module read them while it runs."""

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(function)
        none = Options()
        extra = [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, annotation=SHARED[name], default=getattr(none, name)
            )
            for name in names
        ]

        @functools.wraps(function)
        def command(*args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Typer hands over what it parsed
            token = _given.set(Options(**{name: kwargs.pop(name) for name in names if name in kwargs}))
            try:
                function(*args, **kwargs)
            finally:
                _given.reset(token)

        # The name `__signature__` is how inspect, and so Typer, is told of parameters that are not in the code.
        command.__signature__ = own.replace(parameters=[*own.parameters.values(), *extra])  # type: ignore[attr-defined]
        return command

    return decorate


def given() -> Options:
    """Return the shared options of the command that runs."""
    return _given.get()


def home_folder() -> Path:
    """Return the folder of the node: ``--home``, else ``COMITY_HOME``, else ``node`` in the present folder."""
    return given().home or Path(os.environ.get("COMITY_HOME") or "node")


def passphrase(prompt: str, *, variable: str = "COMITY_PASSPHRASE", confirm: bool = False) -> str:
    """Return a passphrase: from ``--passphrase-file``, the variable, or a prompt that shows nothing.

    The file is that of the node, so it counts for ``COMITY_PASSPHRASE`` alone; `confirm` asks twice, for a new one.

    Raises:
        Misused: there is none and nobody to ask, or what was typed twice differs.

    """
    file = given().passphrase_file
    if file is not None and variable == "COMITY_PASSPHRASE":
        return disk.read_private(file).decode().rstrip("\n")
    if found := os.environ.get(variable):
        return found
    if not sys.stdin.isatty():
        raise Misused(f"{prompt}: no terminal to ask at; set {variable}, or give --passphrase-file for the node's own")
    typed = getpass.getpass(f"{prompt}: ", stream=sys.stderr)
    if confirm and typed != getpass.getpass(f"{prompt}, once more: ", stream=sys.stderr):
        raise Misused("these two differ; nothing was written")
    return typed


def ask(question: str) -> bool:
    """Return whether the person agrees; ``--yes`` agrees beforehand.

    Raises:
        Misused: there is no terminal to ask at, and no ``--yes``.

    """
    if given().yes:
        return True
    if not sys.stdin.isatty():
        raise Misused(f"{question} There is no terminal to ask at: add --yes")
    return typer.confirm(plain(question), err=True)


def agreed(question: str) -> None:
    """Go on only if the person agrees; else end the command with status 1."""
    if not ask(question):
        narrator()("nothing was done")
        raise typer.Exit(1)


def narrator() -> Say:
    """Return what a ceremony speaks to: each line on stderr as it happens; alarms stand out on a terminal."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)

    def say(line: str) -> None:
        style = "bold red" if line.startswith("ALARM") else ""
        console.print(Text(plain(line), style=style))

    return say


def show(value: object, json: bool | None = None) -> None:  # noqa: FBT001 - the name is the face's own option
    """Print a result on stdout: readable, or as JSON when `json` or ``--json`` says so; bytes as hexadecimal."""
    if given().json if json is None else json:
        text = msgspec.json.format(msgspec.json.encode(_built(value))).decode()
        print(_COMMANDS.sub(lambda found: f"\\u{ord(found[0]):04x}", text))
        return
    if isinstance(value, list | tuple) and not value:
        value = "nothing"
    # A note or a page of its own comes out byte for byte, so that it can be written to a file and checked.
    printed([plain(value).removesuffix("\n")] if isinstance(value, str) else readable(value))


def printed(lines: Iterable[str]) -> None:
    """Print lines on stdout as they are: not wrapped, and with no markup in them."""
    console = Console(highlight=False, soft_wrap=True)
    for text in lines:
        console.print(Text(text))


def readable(value: object, indent: str = "") -> Iterator[str]:
    r"""Give the lines in which a person reads a value; what is empty is left out.

    >>> print(*readable({"bureau": "no", "keys": [b"\x01\x02"], "until": None}), sep="\n")
    bureau: no
    keys: 0102
    """
    if isinstance(value, msgspec.Struct | Mapping):
        for name, item in items(value):
            simple = _line(item)
            if simple is None:
                yield f"{indent}{name}:"
                yield from readable(item, indent + "  ")
            elif simple:
                yield f"{indent}{name}: {simple}"
    elif isinstance(value, list | tuple | set | frozenset):
        for number, item in enumerate(value):
            if isinstance(item, msgspec.Struct | Mapping) and number:
                yield ""
            yield from readable(item, indent)
    elif isinstance(value, str):
        # What goes on is set in, so that nobody adds a line that looks like one of ours.
        first, *others = plain(value).split("\n")
        yield f"{indent}{first}"
        yield from (f"{indent}  {other}" for other in others)
    else:
        yield f"{indent}{_line(value)}"


def date(at: int) -> str:
    """Return a moment as people read it.

    >>> date(1796061600000)
    '2026-11-30 18:00 UTC'
    """
    return metadata.moment(at).strftime("%Y-%m-%d %H:%M UTC")


def span(millis: int) -> str:
    """Return a length of time as people read it: its two largest units.

    >>> span(28_800_000), span(600_000), span(95_400_000), span(999)
    ('8 h', '10 min', '1 d 2 h', '0 s')
    """
    units = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000))
    parts = []
    for name, unit in units:
        count, millis = divmod(millis, unit)
        parts.append((count, name))
    first = next((place for place, (count, _) in enumerate(parts) if count), len(parts) - 1)
    shown = [f"{count} {name}" for count, name in parts[first : first + 2] if count]
    return " ".join(shown) or "0 s"


def plain(text: str) -> str:
    r"""Return text without what commands a terminal; line ends and tabs stay.

    >>> plain("NCB\x1b[2J Oslo")
    'NCB\ufffd[2J Oslo'
    """
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(letter) in {"Cc", "Cs"} and letter not in "\n\t" else letter
        for letter in text
    )


def line(text: str) -> str:
    r"""Return text as one line, without what commands a terminal, adds a line or turns one around.

    >>> line("no such register\nverdict    proven")
    'no such register\ufffdverdict    proven'
    """
    return _LAYOUT.sub("\N{REPLACEMENT CHARACTER}", plain(text))


def items(value: msgspec.Struct | Mapping[Any, Any]) -> Iterator[tuple[str, object]]:
    """Give the fields of a value in order, moments and lengths of time as people read them."""
    if isinstance(value, Mapping):
        yield from ((_line(name) or "", item) for name, item in value.items())
        return
    for field in msgspec.structs.fields(value):
        item = getattr(value, field.name)
        kinds = {field.type, *get_args(field.type)}
        if item is not None and (Millis in kinds or Span in kinds):
            item = date(item) if Millis in kinds else span(item)
        yield field.name.replace("_", " "), item


def _line(value: object) -> str | None:
    """Return a value that fits a line; None for one that needs several."""
    match value:
        case None:
            return ""
        case Enum():
            return line(str(value.value))
        case str():
            return None if "\n" in value else line(value)
        case bytes():
            return value.hex()
        case bool():
            return "yes" if value else "no"
        case msgspec.Struct() | Mapping():
            return None
        case list() | tuple() | set() | frozenset():
            parts = [_line(item) for item in value]
            joined = ", ".join(part for part in parts if part)
            # Sentences stand one on a line; a few short words share one.
            return None if None in parts or len(joined) > SHORT else joined
        case _:
            return line(str(value))


def _built(value: object) -> object:
    match value:
        case Enum():
            return value.value
        case bytes():
            return value.hex()
        case msgspec.Struct():
            return {name: _built(getattr(value, name)) for name in value.__struct_fields__}
        case Mapping():
            return {str(_built(name)): _built(item) for name, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_built(item) for item in value]
        case _:
            return value
