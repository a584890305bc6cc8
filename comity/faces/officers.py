"""Commands about officers and about acts that need two persons: add, list, propose by a desk, approve, drop."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any

import typer

from comity.core.capability import OfficerRole
from comity.core.errors import Misused
from comity.core.handling import Purpose
from comity.faces import terminal

Opened = Callable[[], AbstractContextManager[tuple[Any, Any, Any]]]

NODE = ("home", "org", "passphrase_file", "json")
"""The options of commands that need the node but no officer: the first officer is added by one of them."""


def add_to(app: typer.Typer, opened: Opened) -> None:
    """Register the commands."""
    group = typer.Typer(help="Officers of this bureau: who may sit at its desks.", no_args_is_help=True)
    app.add_typer(group, name="officer")
    _register_officers(group)
    _register_approvals(app, opened)


def _bureau(work: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - whatever the work returns is shown
    from comity import app as composition  # noqa: PLC0415 - see faces/cli.py

    node = composition.open_node(terminal.home_folder(), terminal.passphrase("passphrase of the node"))
    try:
        return work(node.bureau(terminal.given().org))
    finally:
        node.close()


def _register_officers(group: typer.Typer) -> None:
    from comity.node import officers  # noqa: PLC0415 - see faces/cli.py

    @group.command("add")
    @terminal.takes(*NODE)
    def add(
        unit: Annotated[str, typer.Argument(help="The unit, for example duty or fugitives.")],
        role: Annotated[OfficerRole, typer.Option(help="What the officer may do.")] = OfficerRole.OFFICER,
        pseudonym: Annotated[str, typer.Option(help="Drawn when not given; peers see nothing else.")] = "",
        case: Annotated[list[str], typer.Option(help="A case that the officer works on; repeat it.")] = [],  # noqa: B006
    ) -> None:
        """Add an officer.

        Example: comity officer add duty --role supervisor
        """
        terminal.show(_bureau(lambda bureau: officers.add(bureau, unit, role, cases=case, officer=pseudonym)))

    @group.command("list")
    @terminal.takes(*NODE)
    def every() -> None:
        """List the officers of this bureau.

        Example: comity officer list
        """
        terminal.show(_bureau(officers.every))

    @group.command("retire")
    @terminal.takes(*NODE)
    def retire(pseudonym: Annotated[str, typer.Argument(help="The officer.")]) -> None:
        """End an officer's work here; what they said stays.

        Example: comity officer retire k7
        """
        terminal.show(_bureau(lambda bureau: officers.retire(bureau, pseudonym)))

    @group.command("key")
    @terminal.takes(*NODE)
    def key(
        pseudonym: Annotated[str, typer.Argument(help="The officer.")],
        file: Annotated[Path, typer.Argument(help="Where the officer's key file is to be.")],
    ) -> None:
        """Make the key with which an officer approves, under the officer's own passphrase.

        It counts once the bureau's profile lists it: comity rotate --approver k7

        Example: comity officer key k7 keys/k7.key
        """
        # Before the file is made: a key of nobody would be left lying about.
        _bureau(lambda bureau: officers.reader(bureau, pseudonym, Purpose.ADMINISTRATION))
        secret = terminal.passphrase("the officer's own passphrase", variable="COMITY_OFFICER_PASSPHRASE", confirm=True)
        public = officers.new_officer_key(file, secret)
        terminal.show(_bureau(lambda bureau: officers.entrust(bureau, pseudonym, public)))


def _register_approvals(app: typer.Typer, opened: Opened) -> None:
    from comity.node import approvals, officers  # noqa: PLC0415 - see faces/cli.py

    options = (*NODE[:2], "officer", *NODE[2:])

    @app.command("pending")
    @terminal.takes(*options)
    def pending() -> None:
        """List what waits for the approval of two officers.

        Example: comity pending
        """
        with opened() as (bureau, reader, _):
            found = approvals.pending(bureau, reader)
        # What results look like needs the node's types, which help does not.
        from comity.faces import shown  # noqa: PLC0415

        shown.show(found)

    @app.command("approve")
    @terminal.takes(*options, "yes")
    def approve(
        proposal: Annotated[str, typer.Argument(help="The proposal, by the first digits of its id.")],
        key: Annotated[Path, typer.Option(help="Your key file.")],
    ) -> None:
        """Approve a proposal with your own key; with the second approval it is said.

        Example: comity approve 3fa2 --key keys/k7.key --as k7
        """
        with opened() as (bureau, reader, _):
            meant = _meant(approvals.pending(bureau, reader), proposal)
            terminal.show(meant)
            terminal.agreed("Approve this? With the second approval it is said and cannot be taken back.")
            secret = terminal.passphrase("your own passphrase", variable="COMITY_OFFICER_PASSPHRASE")
            terminal.show(approvals.approve(bureau, meant.id, reader, officers.open_officer_key(key, secret)))

    @app.command("drop")
    @terminal.takes(*options, "yes")
    def drop(proposal: Annotated[str, typer.Argument(help="The proposal, by the first digits of its id.")]) -> None:
        """Drop a proposal; it is never said.

        Example: comity drop 3fa2 --as k7
        """
        with opened() as (bureau, reader, _):
            meant = _meant(approvals.pending(bureau, reader), proposal)
            terminal.agreed(f"Drop the proposal {meant.id.hex()[:8]}?")
            terminal.show(approvals.drop(bureau, meant.id, reader))


def _meant(found: Any, digits: str) -> Any:  # noqa: ANN401 - proposals, as node/approvals.py returns them
    fitting = [proposal for proposal in found if proposal.id.hex().startswith(digits.lower())]
    if len(fitting) != 1:
        how = "no proposal begins" if not fitting else "several proposals begin"
        raise Misused(f"{how} with these digits; look at: comity pending")
    return fitting[0]
