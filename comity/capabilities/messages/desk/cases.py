"""Cases: what assignments join, gathered for whoever may see it (decision 0037).

A case is a name that assignments give, and nothing else; it leaves the house with no act. Whether there is one, a
reader learns from the assignments that they may see.
"""

from typing import Annotated

import msgspec

from comity.capabilities.messages.acts import Assignment, ReadMark, SavedList
from comity.capabilities.messages.desk.waiting import Side, Waiting, assignments, waiting
from comity.capabilities.messages.rules import Matter
from comity.core.act import kind_of
from comity.core.capability import Reader
from comity.core.desk import about
from comity.core.errors import Misused
from comity.core.ids import ActId, Millis
from comity.node.bureau import Bureau
from comity.node.view import MOST, Glimpse, View, Wanted

_OURS_ALONE = {kind_of(Assignment), kind_of(SavedList), kind_of(ReadMark)}
"""Kinds that are no part of what was said to each other."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One case, as a line of a list."""

    case: str
    matters: int
    messages: int
    last: Millis
    """When the last message of it was said, by its sender's clock."""
    owed_by_us: int
    owed_to_us: int
    overdue: int


class Casefile(msgspec.Struct, frozen=True, kw_only=True):
    """One case, whole."""

    case: str
    units: tuple[str, ...]
    """Units to which matters of it are assigned."""
    messages: tuple[Glimpse, ...]
    """In the order of this node's log."""
    waiting: tuple[Waiting, ...]
    """The clocks that run in it, what has used up most of its term first."""


def cases(bureau: Bureau, reader: Reader) -> tuple[Case, ...]:
    """List the cases of this bureau, the one in which something was said last comes first.

    Example: comity cases
    """
    view, found = View(bureau, reader), dict[str, list[tuple[ActId, Matter]]]()
    for subject, assigned in assignments(view).items():
        state = view.state(subject, Matter) if assigned.cases else None
        if state is not None and state.lines:
            for name in assigned.cases:
                found.setdefault(name, []).append((subject, state))
    owed = waiting(bureau, reader) if found else ()
    every = (_line(name, matters, owed) for name, matters in found.items())
    return tuple(sorted(every, key=lambda each: (-each.last, each.case)))


def case(
    bureau: Bureau, reader: Reader, name: Annotated[str, about("the case, as assignments name it", positional=True)]
) -> Casefile:
    """Show one case: what was said in it, in order, and the clocks that run.

    Example: comity case harbour-2026
    """
    view = View(bureau, reader)
    assigned = {subject: each for subject, each in assignments(view).items() if name in each.cases}
    messages = {each.id: each for subject in assigned for each in _said(view, subject)}
    if not messages:
        raise Misused("there is no case of this name, or none that you may see; look at: comity cases")
    ordered = sorted(messages.values(), key=lambda each: each.number)
    units = {unit for each in assigned.values() for unit in each.units}
    return Casefile(
        case=name, units=tuple(sorted(units)), messages=tuple(ordered), waiting=waiting(bureau, reader, case=name)
    )


def _line(name: str, matters: list[tuple[ActId, Matter]], owed: tuple[Waiting, ...]) -> Case:
    lines = [line for _, state in matters for line in state.lines]
    running = [each for each in owed if name in each.cases]
    ours = sum(each.side is Side.US for each in running)
    return Case(
        case=name, matters=len(matters), messages=len(lines), last=max(line.said for line in lines), owed_by_us=ours,
        owed_to_us=len(running) - ours, overdue=sum(each.clock.late is not None for each in running),
    )  # fmt: skip


def _said(view: View, subject: ActId) -> list[Glimpse]:
    """Return what was said about a matter and in the thread that it opened, as far as the reader may see it."""
    found, before = list(view.thread(subject)), None
    while True:
        page = view.acts(Wanted(subject=subject), limit=MOST, before=before)
        found += page.items
        if page.older is None:
            return [each for each in found if each.kind not in _OURS_ALONE]
        before = page.older
