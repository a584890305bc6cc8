"""The command about the search index of a node: how it stands, and making it anew.

No desk's: it is about the node, and says nothing of what any record says. The index is derived (decision 0049), so
making it anew loses nothing; a node that serves does it while it answers.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from comity.core.errors import Misused
from comity.faces import terminal

_MIB = 1 << 20


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("index")(index)


@terminal.takes("home", "org", "passphrase_file", "json")
def index(
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make it anew from the records.")] = False,  # noqa: FBT002
) -> None:
    """Show how the search index stands: what it holds, memory, and how far it is behind the records.

    It may run beside the service, which then answers. Nothing is lost by making the index anew.

    Example: comity index --rebuild --home node
    """
    from comity import app as composition  # noqa: PLC0415 - opening a node loads what help does not need

    node = composition.open_node(terminal.home_folder(), terminal.passphrase("passphrase of the node"))
    try:
        bureau = node.bureau(terminal.given().org)
        if bureau.finder is None:
            raise Misused("this node keeps no search index")
        if rebuild:
            with _bar() as told:
                status = bureau.finder.rebuild(bureau, told)
        else:
            status = bureau.finder.status(bureau)
    finally:
        node.close()
    terminal.show({
        "rows": status.rows, "identifiers": status.identifiers, "names": status.names,
        "memory_mib": -(-status.memory // _MIB), "disk_mib": -(-status.disk // _MIB),
        "changes_behind": status.behind, "withdrawn_on_disk": "goes within the hour" if status.stale else "nothing",
    })  # fmt: skip


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None] | None]:
    """Give what is told how many records are done; None where nobody looks."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415 - as above
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("records", total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)
