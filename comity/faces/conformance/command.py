"""The two commands: `conformance`, which asks an implementation, and `under-test`, with which ours answers.

Whatever stands behind the command's name belongs to that command, as with `env` or `time`; so options come first.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from comity.core.errors import Misused
from comity.faces import terminal

if TYPE_CHECKING:
    from comity.faces.conformance.suite import Report


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    settings = {"ignore_unknown_options": True, "allow_interspersed_args": False}
    app.command("conformance", context_settings=settings)(conformance)
    app.command("under-test")(under_test)


@terminal.takes("json")
def conformance(
    command: Annotated[
        list[str] | None, typer.Argument(help="The implementation: a program and its arguments.", show_default=False)
    ] = None,
    xfails: Annotated[
        Path | None, typer.Option(help="Cases that it is known to fail: a name or pattern in each line.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Cases to run, by name or pattern; may be given several times.")
    ] = None,
    vectors: Annotated[
        Path | None, typer.Option(help="Folder of the golden bytes; by default those beside us.")
    ] = None,
    patience: Annotated[float, typer.Option(help="Seconds for one answer.", min=0.1)] = 20.0,
    listing: Annotated[bool, typer.Option("--list", help="List the cases, run none.")] = False,  # noqa: FBT002
) -> None:
    """Ask another implementation everything that must hold, and report case by case (docs/spec/cli-protocol.md).

    Ends with 0 when exactly the listed cases fail, else with 1. Options stand before the command.

    Example: comity conformance --xfails ours.xfails node answer.mjs
    """
    # The cases load the whole node, which help does not need.
    from comity.faces.conformance import suite  # noqa: PLC0415
    from comity.faces.conformance import vectors as golden  # noqa: PLC0415
    from comity.faces.conformance.session import Session  # noqa: PLC0415

    place = golden.folder(vectors)
    known = suite.every(place)
    cases = suite.chosen(known, only or ())
    if listing:
        terminal.show({case.name: case.promise for case in cases})
        return
    if not command:
        raise Misused("name the implementation to be asked: a program and its arguments, behind the options")
    failing = suite.listed(xfails, known)
    json = terminal.given().json
    whole = suite.run(Session(command, patience), cases, failing, place, (lambda _: None) if json else _tell)
    if json:
        terminal.show(whole)
    else:
        counts = ", ".join(f"{count} {result}" for result, count in whole.counts.items())
        verdict = "all as expected" if whole.good else "not as expected"
        terminal.printed([f"{terminal.plain(whole.implementation)}: {verdict}: {counts}"])
    if not whole.good:
        raise typer.Exit(1)


def under_test() -> None:
    """Answer a conformance suite on standard input and output, a line of JSON each, until the input ends.

    As in: comity conformance comity under-test

    Example: comity under-test
    """
    from comity.faces.conformance import answer  # noqa: PLC0415 - see `conformance`

    answer.serve(sys.stdin.buffer, sys.stdout.buffer)


def _tell(report: "Report") -> None:
    lines = [f"{report.result.value:<20} {report.case}"]
    if report.expected:
        lines += [f"    expected {terminal.plain(report.expected)}", f"    came     {terminal.plain(report.came)}"]
    terminal.printed(lines)
    # Whoever reads along through a pipe sees where it stands.
    sys.stdout.flush()
