"""Commands for the day on which a machine, or a passphrase, is lost, and for the days before.

Backup, restore, recovery, anew and doctor are no desk's: they are about the node, not about what officers do
(decision 0039, docs/recovery.md).
"""

from pathlib import Path
from typing import Annotated

import typer

from comity.core.errors import ComityError, Misused
from comity.core.ids import bureau_id
from comity.faces import progress, terminal
from comity.node import clock, home, keyfile

ROLE = "COMITY_ROLE_PASSPHRASE"


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    for function in (backup, restore, recovery, anew, doctor):
        app.command(function.__name__)(function)


@terminal.takes("home", "passphrase_file", "json")
def backup(
    file: Annotated[Path, typer.Argument(help="The backup, a new file; keep it apart and not for long.")],
) -> None:
    """Save the whole node into one encrypted file, also while it serves; the node's passphrase opens it.

    It holds the keys of all bodies that are not erased: destroy old backups, or what is erased later can be read in
    them. A registry that a secretariat keeps is not in it.

    Example: comity backup saved-2026-11-22.comity --home node
    """
    from comity.node import backup as saving  # noqa: PLC0415 - needs the database, which help does not

    opened = home.open_home(terminal.home_folder(), terminal.passphrase("passphrase of the node"))
    try:
        with progress.bars() as watch:
            made = saving.write(opened, file, watch=watch)
    finally:
        opened.close()
    terminal.narrator()("it opens with the passphrase that the node has today; a later one does not open it")
    terminal.show(made)


@terminal.takes("passphrase_file", "yes", "json")
def restore(
    file: Annotated[Path, typer.Argument(help="The backup.")],
    folder: Annotated[Path, typer.Option(help="Where the node is made; the folder must not hold anything.")],
    role_key: Annotated[
        list[Path] | None, typer.Option(help="The offline role key of each bureau that the node is; repeat it.")
    ] = None,
    database: Annotated[str, typer.Option(help="URL of an empty PostgreSQL database; else a file in the folder.")] = "",
    erased: Annotated[
        Path | None, typer.Option(help="The file bodies.keys of the lost node: what it erased is erased here too.")
    ] = None,
    verify_only: Annotated[bool, typer.Option("--verify", help="Only read it to its end.")] = False,  # noqa: FBT002
) -> None:
    """Make a node of a backup, in a new epoch; nothing is written before all of it is verified.

    The lost node must never run again. When the new one serves, its desks stay closed until every peer has said what
    it holds: comity recovery shows how far that is.

    Example: comity restore saved-2026-11-22.comity --folder node --role-key ma-role.key
    """
    from comity.node import restoring  # noqa: PLC0415 - as in `backup`

    say, secret = terminal.narrator(), terminal.passphrase("passphrase of the backup")
    with progress.bars() as watch:
        meta = restoring.verify(file, secret, watch)
    say(f"the backup is whole, of {terminal.date(meta.at)}: {', '.join(each.bureau for each in meta.members)}")
    if verify_only:
        terminal.show(meta)
        return
    terminal.agreed("The node of which this is a backup is lost and never runs again. Go on?")
    roles = [_role(each) for each in role_key or ()]
    with progress.bars() as watch:
        made = restoring.restore(file, folder, secret, roles, database=database, erased=erased, watch=watch)
    for each in made.memberships:
        say(f"{each.bureau} goes on in epoch {each.epoch}; its log kept {each.size} leaves")
    if erased is None:
        say("what this bureau erased by itself after the backup can be read again: erase it again")
    say(f"next: comity refresh --home {folder}, comity doctor --home {folder}, then comity serve --home {folder}")
    terminal.show(made)


@terminal.takes("home", "org", "passphrase_file", "yes", "json")
def recovery(
    without: Annotated[
        list[str] | None, typer.Option(help="Open the desks without the answer of this bureau; repeat it.")
    ] = None,
) -> None:
    """Show what came back after a restore, from whom, and what nobody holds; open the desks without somebody.

    Example: comity recovery --without et --home node
    """
    from comity import app as composition  # noqa: PLC0415 - as in `backup`
    from comity.node import recovery as recovering  # noqa: PLC0415

    node = composition.open_node(terminal.home_folder(), terminal.passphrase("passphrase of the node"))
    try:
        bureau = node.bureau(terminal.given().org)
        for name in without or ():
            terminal.agreed(
                f"What {name} sent before the backup stays hidden until {name} has answered; numbers that {bureau.me} "
                f"gave as a keeper and only {name} has seen may be given twice. Go on?"
            )
            recovering.waive(bureau, bureau_id(name))
        if without:
            recovering.work(bureau)
        terminal.show(recovering.report(bureau))
    finally:
        node.close()


@terminal.takes("passphrase_file", "yes", "json")
def anew(
    anchor_file: Annotated[Path, typer.Option("--anchor", help="The organisation's anchor.")],
    bureau: Annotated[str, typer.Option(help="The bureau's name, for example ma.")],
    folder: Annotated[Path, typer.Option(help="Where the node is made; the folder must not hold anything.")],
    role_key: Annotated[Path, typer.Option(help="The offline role key of the bureau.")],
    database: Annotated[str, typer.Option(help="URL of an empty PostgreSQL database; else a file in the folder.")] = "",
    to: Annotated[Path | None, typer.Option(help="File for the profile that the secretariat publishes.")] = None,
) -> None:
    """Make a node for a bureau whose passphrase, or whose every backup, is lost: with its role key alone.

    All its keys are new, the old ones retired. What passed between the bureau and its peers comes back from them.

    Example: comity anew --anchor anchor.json --bureau ma --folder node --role-key ma-role.key
    """
    from comity import app as composition  # noqa: PLC0415 - as in `backup`
    from comity.node import admission, anchor  # noqa: PLC0415
    from comity.node import anew as making  # noqa: PLC0415

    say, me, held = terminal.narrator(), bureau_id(bureau), anchor.read(anchor_file)
    file = to or Path(f"profile-{me}-anew.json")
    if file.exists():
        raise Misused(f"{file} exists already: name another file with --to")
    terminal.agreed(f"What the old node of {me} alone held is given up, and it never runs again. Go on?")
    role, secret = _role(role_key), terminal.passphrase("passphrase of the node", confirm=True)
    begun, paper = making.anew(
        folder, held, me, role, secret, composition.CAPABILITIES, clock.now(), say, database=database
    )
    admission.write_submission(file, paper)
    say(f"{me} goes on in epoch {begun.epoch}, with an empty log; peers hand back what they hold once the node serves")
    say(f"hand {file} to the secretariat; once it is published: comity refresh --home {folder}")
    terminal.show({"bureau": me, "epoch": begun.epoch, "file": str(file), "folder": str(folder)})


@terminal.takes("home", "passphrase_file", "yes", "json")
def doctor(
    mend: Annotated[bool, typer.Option("--mend", help="Mend what the acts can make again.")] = False,  # noqa: FBT002
) -> None:
    """Check the node's folder, from file modes to every hash of its log, and say what to do; changes nothing.

    Ends with 1 when something is wrong. It may run beside the service, and reads every act and attachment once.

    Example: comity doctor --home node
    """
    from comity.app import CAPABILITIES  # noqa: PLC0415 - as in `backup`
    from comity.node import doctor as examining  # noqa: PLC0415

    folder, secret = terminal.home_folder(), terminal.passphrase("passphrase of the node")
    now = clock.now()
    with progress.bars() as watch:
        findings = examining.examine(folder, secret, CAPABILITIES, now, watch)
    if mend and any(each.mends for each in findings):
        terminal.agreed("State is made from the acts again, and what a crash cut off is brought to its end. Go on?")
        try:
            examining.mend(folder, secret, CAPABILITIES)
        except ComityError as problem:
            raise Misused(f"not mended: {problem}") from None
        findings = examining.examine(folder, secret, CAPABILITIES, now, None)
    terminal.show([each for each in findings if each.state is not examining.Health.WELL] or findings[-1:])
    wrong = sum(each.state is examining.Health.WRONG for each in findings)
    terminal.narrator()(f"{len(findings)} things looked at, {wrong} of them wrong")
    if wrong:
        raise typer.Exit(1)


def _role(file: Path) -> keyfile.OfflineKey:
    return keyfile.open_offline_key(file, terminal.passphrase(f"passphrase of {file}", variable=ROLE))
