"""Commands about tokens: what a program shows to act as an officer over the desk's HTTP interface (decision 0035)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from comity.core.handling import Purpose
from comity.faces import commands, terminal

NODE = ("home", "org", "passphrase_file", "json")
"""The options of commands that need the node; who gives out a token is whoever has the node's passphrase."""


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(help="Tokens: what programs show at the desk's interface.", no_args_is_help=True)
    app.add_typer(group, name="token")
    for name, function in (("add", add), ("list", every), ("revoke", revoke), ("scopes", scopes)):
        group.command(name)(function)


@terminal.takes(*NODE)
def add(
    officer: Annotated[str, typer.Option(help="The officer as whom the program acts, by pseudonym.")],
    scope: Annotated[list[str], typer.Option(help="CAPABILITY:VERB, CAPABILITY:* or events:follow; repeat it.")],
    until: Annotated[str, typer.Option(help="The last moment: a date like 2026-11-30, UTC; within a year.")],
    purpose: Annotated[Purpose, typer.Option(help="For which purpose (RPD 10).")] = Purpose.INVESTIGATE,
    title: Annotated[str, typer.Option(help="What it is for; you will read it in the list.")] = "",
) -> None:
    """Make a token for a program; the secret is shown this once and kept nowhere.

    Example: comity token add --officer k7 --scope messages:inbox --scope events:follow --until 2026-11-30
    """
    from comity.node import tokens  # noqa: PLC0415 - see faces/cli.py

    end = commands.moment(until)
    with _bureau() as bureau:
        issued = tokens.issue(bureau, officer, tuple(scope), end, purpose=purpose, title=title)
        terminal.show({"token": issued.token, "secret": issued.secret, "path": f"/o/{bureau.org}/desk"})
    terminal.narrator()("this secret is shown once; the program sends it as: Authorization: Bearer SECRET")


@terminal.takes(*NODE)
def every() -> None:
    """List the tokens of this bureau, with their last use.

    Example: comity token list
    """
    from comity.node import tokens  # noqa: PLC0415 - see faces/cli.py

    with _bureau() as bureau:
        found = tokens.every(bureau)
    terminal.show(found)


@terminal.takes(*NODE)
def revoke(token: Annotated[str, typer.Argument(help="The token's name, 16 digits; not the secret.")]) -> None:
    """End a token at once.

    Example: comity token revoke 3fa2b1c45d6e7f80
    """
    from comity.node import tokens  # noqa: PLC0415 - see faces/cli.py

    with _bureau() as bureau:
        ended = tokens.revoke(bureau, token)
    terminal.show(ended)


@terminal.takes(*NODE)
def scopes() -> None:
    """List the scopes that there are.

    Example: comity token scopes
    """
    from comity.app import CAPABILITIES  # noqa: PLC0415 - see faces/cli.py
    from comity.node import tokens  # noqa: PLC0415

    terminal.show(list(tokens.scopes_of(CAPABILITIES)))


@contextmanager
def _bureau() -> Iterator[Any]:
    from comity import app as composition  # noqa: PLC0415 - see faces/cli.py

    node = composition.open_node(terminal.home_folder(), terminal.passphrase("passphrase of the node"))
    try:
        yield node.bureau(terminal.given().org)
    finally:
        node.close()
