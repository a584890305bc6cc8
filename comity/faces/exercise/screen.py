"""The live screen of the exercise: who runs, what came and went, what the relays hold, and what to try."""

import contextlib
import sys
import time
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from comity.app import Node, open_node
from comity.core.errors import ComityError
from comity.core.handling import Purpose
from comity.core.ids import BureauId
from comity.faces import terminal
from comity.faces.exercise.stage import BUREAUS, NAMES, PARTIES, PASSPHRASE, RELAYS, Exercise
from comity.node import officers, relayhome
from comity.node.view import Direction, View, Wanted

EVERY = 2.0
"""Seconds between two looks."""

TRAFFIC = 10
"""Looks between two messages that the exercise itself says."""

COLUMN = 36
"""Characters after which it is said what a command shows."""

_WORDS = ("Line test", "Shift change", "Weather at the border", "Good evening", "Register updated")


@dataclass
class Desk:
    """One bureau's desk, opened to look at."""

    name: BureauId
    node: Node
    view: View

    def row(self, *, runs: bool) -> tuple[str, ...]:
        """Return the cells of this bureau."""
        got = Wanted(direction=Direction.IN)
        last = self.view.inbox(limit=1).items
        title = terminal.plain(str(getattr(last[0].act, "title", last[0].kind))) if last else ""
        sender = f"{last[0].sender}, {terminal.date(last[0].at)[11:16]}: " if last else ""
        said = self.view.count(Wanted(direction=Direction.OUT))
        return (
            self.name,
            NAMES[self.name],
            "runs" if runs else "away",
            str(self.view.count(got)),
            str(said),
            sender + title,
        )


def watch(played: Exercise) -> int:
    """Show what goes on until Ctrl-C; now and then a bureau says something. Returns the exit code."""
    _invite(played)
    with contextlib.ExitStack() as stack:
        desks = [_desk(played, name) for name in BUREAUS]
        for desk in desks:
            stack.callback(desk.node.close)
        live = stack.enter_context(Live(console=played.console, refresh_per_second=2, transient=False))
        talkers = cycle(zip(BUREAUS, (*BUREAUS[1:], BUREAUS[0]), cycle(_WORDS), strict=False))
        for look in range(10**9):
            live.update(_screen(played, desks))
            if look % TRAFFIC == TRAFFIC - 1:
                sender, to, words = next(talkers)
                if _runs(played, sender):
                    played.comity(sender, "send", "--to", to, "--title", words, "--text", words, shown=False)
            time.sleep(EVERY)
    return 0


def _screen(played: Exercise, desks: list[Desk]) -> Group:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("bureau", "name", "node", "received", "said", "last received"):
        # On a narrow terminal the last words go first: a count without its heading tells nothing.
        least = None if heading == "last received" else max(len(heading), 16 if heading == "name" else 4)
        table.add_column(heading, no_wrap=True, overflow="ellipsis", min_width=least)
    for desk in desks:
        table.add_row(*map(Text, desk.row(runs=_runs(played, desk.name))))
    lines = [Text(f"{name}: {_relay(played, name)}") for name in RELAYS]
    dead = [name for name in PARTIES if not _runs(played, name)]
    if dead:
        lines.append(Text(f"not running: {', '.join(dead)} (see {played.folder}/NAME.log)", style="yellow"))
    return Group(table, *lines)


def _relay(played: Exercise, name: BureauId) -> str:
    try:
        status = relayhome.looked_at(played.folder / name)
    except ComityError as problem:
        return str(problem)
    return f"{'runs' if _runs(played, name) else 'does not run'}, holds {status.held} envelopes"


def _runs(played: Exercise, name: BureauId) -> bool:
    process = played.processes.get(name)
    return process is not None and process.poll() is None


def _desk(played: Exercise, name: BureauId) -> Desk:
    node = open_node(played.folder / name, PASSPHRASE)
    bureau = node.bureau()
    return Desk(name, node, View(bureau, officers.reader(bureau, officers.chosen(bureau, ""), Purpose.INVESTIGATE)))


def _invite(played: Exercise) -> None:
    played.title("It goes on running. Try, in another terminal")
    where = played.folder
    first = (
        # Nobody who has only copied the repository has the command in the path.
        f'export PATH="{Path(sys.executable).parent}:$PATH"',
        f"export COMITY_PASSPHRASE='{PASSPHRASE}' COMITY_HOME={where}/no",
    )
    then = (
        ("comity inbox", "what Oslo has received"),
        (f"comity read {played.acts['opening'][:12]}", "one message, with its label"),
        (f"comity save {played.acts['opening'][:12]}", "its attachment"),
        ('comity send --to sn --title Test --text "Good evening from Oslo"', ""),
        ("comity outbox", "what Oslo has said, with the ids"),
        ("comity status ID", "how far it has come, rung by rung"),
        ("comity directory on-duty --help", "tell all others who answers in Oslo"),
        (f"COMITY_HOME={where}/gb comity inbox", "what Manchester has received"),
        (f"COMITY_HOME={where}/relay-1 comity relay-status", "what a relay holds"),
        (f"kill -9 {played.processes[RELAYS[0]].pid}", "kills relay-1; nothing is lost"),
        ("comity --help", "everything else"),
    )
    for line in first:
        played.console.print(f"    {escape(line)}", soft_wrap=True, highlight=False)
    for typed, told in then:
        gap = " " * (COLUMN - len(typed)) if len(typed) < COLUMN else "  "
        played.console.print(f"    {escape((typed + gap + told).rstrip())}", soft_wrap=True, highlight=False)
    played.console.print("\n  Ctrl-C ends it. Everything lies in the folder above and is made anew next time.\n")
