"""The command line of a node: every desk function is a command, and what runs a node stands beside them.

Thin: a command opens the node in a folder, calls one function and shows what it returns. Exit codes: 0 done, 1 refused
(or bytes that do not verify), 2 misused, 3 unreachable; 130 stopped by Ctrl-C, as shells expect. An error is one
sentence on stderr that says what to do.
"""

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.exceptions import Abort, Exit, TyperException

from comity.core.errors import ComityError, Misused, Refused
from comity.core.handling import Purpose
from comity.faces import ceremonies, commands, evidence, mentioning, recovery, relaying, searching, service, terminal
from comity.faces import officers as officer_commands
from comity.faces import tokens as token_commands
from comity.faces.conformance import command as conformance_commands

app = typer.Typer(
    help="Comity: a node of a police bureau. Start with: comity exercise, or docs/ceremonies.md.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

_TOP = "messages"
"""The capability whose commands need no name in front: it is what officers do all day."""

_STOPPED = 130
"""128 and the number of the signal, so that a script which runs a command stops with it."""

_HINTS = {"registry.unknown": "the names of all parties: comity directory bureaus"}
"""What to type after a refusal, by its code, where a command says what is right."""

_CLUMSY = {
    "Value error, ": "",
    "Input should be a valid integer, unable to parse string as an integer": "a whole number is expected",
}
"""Words of the library that parses options, and what they mean to a person."""

COMMON = ("home", "org", "officer", "passphrase_file", "json")
"""The options of every command that opens the node."""


@contextmanager
def opened() -> Iterator[tuple[Any, Any, Any]]:
    """Give bureau, reader and trust that the command is for; the node is closed behind it."""
    from comity import app as composition  # noqa: PLC0415 - opening a node loads what help does not need
    from comity.node import officers  # noqa: PLC0415

    folder = terminal.home_folder()
    node = composition.open_node(folder, terminal.passphrase("passphrase of the node"))
    try:
        bureau = node.bureau(terminal.given().org)
        officer = officers.chosen(bureau, terminal.given().officer)
        yield bureau, officers.reader(bureau, officer, Purpose.INVESTIGATE), node.home.trusts[bureau.org]
    finally:
        node.close()


def _run(function: Callable[..., Any], given: dict[str, Any]) -> None:
    from comity.faces import progress  # noqa: PLC0415 - see `opened`

    with opened() as (bureau, reader, _), progress.shown(bureau.blobs):
        result = function(bureau, reader, **given)
    # What results look like needs the node's types, which help does not.
    from comity.faces import shown  # noqa: PLC0415

    shown.show(result)


_SHORT = {("hits", "find"): "find", ("hits", "screen"): "screen", ("records", "publish"): "import"}
"""Commands that are also typed without the name of their capability: at a border, many times a day."""


def _register() -> None:
    """Make a command of every desk function of every capability in the list."""
    from comity.app import CAPABILITIES  # noqa: PLC0415 - the list must be complete before it is read

    for capability in CAPABILITIES:
        target = app
        if capability.name != _TOP:
            target = typer.Typer(help=commands.first_line(capability.desk), no_args_is_help=True)
            if capability.desk:
                app.add_typer(target, name=capability.name)
        for function in capability.desk:
            name = function.__name__.replace("_", "-")
            target.command(name=name)(terminal.takes(*COMMON)(commands.command(function, _run)))
            if short := _SHORT.get((capability.name, name)):
                told = (inspect.getdoc(function) or "").replace(f"comity {capability.name} {name}", f"comity {short}")
                app.command(name=short, help=told)(terminal.takes(*COMMON)(commands.command(function, _run)))


_register()
ceremonies.add_to(app)
officer_commands.add_to(app, opened)
token_commands.add_to(app)
evidence.add_to(app, opened)
service.add_to(app)
relaying.add_to(app)
recovery.add_to(app)
searching.add_to(app)
mentioning.add_to(app)
conformance_commands.add_to(app)


@app.command()
@terminal.takes("json")
def version() -> None:
    """Print the version of this software.

    Example: comity version
    """
    from importlib.metadata import PackageNotFoundError  # noqa: PLC0415
    from importlib.metadata import version as installed  # noqa: PLC0415

    try:
        terminal.show(installed("comity"))
    except PackageNotFoundError:
        raise Misused("this copy is not installed, so it has no version; make setup installs it") from None


@app.command()
def exercise(
    check: Annotated[bool, typer.Option("--check", help="Check every claim made, then end.")] = False,  # noqa: FBT002
    folder: Annotated[Path, typer.Option(help="Where the exercise lives; made anew each time.")] = Path("exercise"),
    port: Annotated[int, typer.Option(help="First port on 127.0.0.1; 0 takes free ones.")] = 0,
) -> None:
    """Run the exercise organisation on this machine: a secretariat, a commission, two relays and six bureaus.

    Example: comity exercise --check
    """
    from comity.faces import exercise as played  # noqa: PLC0415 - needs no time when it is not asked for

    raise typer.Exit(played.run(folder, port, main, check=check))


def main(arguments: list[str] | None = None) -> int:
    """Run a command line and return its exit code; an installed `comity` calls it."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        code = app(args=given, standalone_mode=False, prog_name="comity")
    except Refused as problem:
        _complain("refused", problem)
        if (hint := _HINTS.get(problem.refusal.code)) is not None:
            print(f"help: {hint}", file=sys.stderr)
        return problem.exit_code
    except ComityError as problem:
        _complain("error", problem)
        return problem.exit_code
    except OSError as problem:
        # A full disk, a folder of somebody else: for the person at the keyboard to put right.
        _complain("error", Misused(f"{problem.filename or 'the system'}: {problem.strerror or type(problem).__name__}"))
        return Misused.exit_code
    except (Abort, KeyboardInterrupt):
        return _stopped()
    except Exit as ended:
        return ended.exit_code
    except TyperException as problem:
        told = getattr(problem, "format_message", None)
        text = told() if told is not None else str(problem)
        if text.startswith("Usage:"):
            # Nothing was typed behind a group: its help is the answer, and no complaint.
            print(text, file=sys.stderr)
            return Misused.exit_code
        _complain("error", Misused(_plainer(" ".join(text.split()))))
        context = getattr(problem, "ctx", None)
        if context is not None:
            print(f"help: {context.command_path} --help", file=sys.stderr)
        return Misused.exit_code
    # Typer turns Ctrl-C into this code.
    return _stopped() if code == _STOPPED else code if isinstance(code, int) else 0


def _plainer(text: str) -> str:
    """Return the sentence of the library that parses options without what only a programmer knows.

    >>> _plainer("Invalid value for '--urgency': Value error, 'now' is not one of 'urgent', 'soon'.")
    "Invalid value for '--urgency': 'now' is not one of 'urgent', 'soon'."
    """
    for clumsy, plain in _CLUMSY.items():
        text = text.replace(clumsy, plain)
    return text


def _stopped() -> int:
    print("stopped", file=sys.stderr)
    return _STOPPED


def _complain(what: str, problem: ComityError) -> None:
    print(f"{what}: {terminal.plain(str(problem))}", file=sys.stderr)


def run() -> None:
    """Run the command line of this process and end it with the exit code."""
    sys.exit(main())
