"""Bars on the terminal while long attachments are encrypted or written; nothing where nobody looks.

On stderr, so that results can be piped; only on a terminal, and only for files that take longer than a glance.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from comity.capabilities.keylists.desk.giving import WORK
from comity.node.blobs import Blobs, Watch

LONG = 16 * 1024 * 1024
"""Bytes from which a file gets a bar: about a tenth of a second of work."""

SLOW = frozenset({WORK})
"""Work that takes longer than its bytes tell: a third of a millisecond for each key of a list."""


@contextmanager
def shown(blobs: Blobs) -> Iterator[None]:
    """Show bars for what these attachments do inside the block."""
    with bars() as watch:
        blobs.watch = watch
        try:
            yield
        finally:
            blobs.watch = None


@contextmanager
def bars() -> Iterator[Watch | None]:
    """Give what long work tells how far it is; None where nobody looks."""
    if not sys.stderr.isatty():
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown_:
        under_way: dict[str, TaskID] = {}

        def watch(what: str, done: int, total: int) -> None:
            if total < LONG and what not in SLOW:
                return
            if what not in under_way:
                under_way[what] = shown_.add_task(what, total=total)
            shown_.update(under_way[what], completed=done, total=total)
            if done >= total:
                shown_.remove_task(under_way.pop(what))

        yield watch
