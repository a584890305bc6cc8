"""What waits for an answer: ours to give and those of others, what burns first (decision 0037).

For whoever comes on duty at three in the morning: one list, one line each, and the first line is what to do first.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

import msgspec

from comity.capabilities.messages.acts import Assignment
from comity.capabilities.messages.rules import ASSIGNMENT, Clock, Matter, clocks
from comity.capabilities.messages.tables import TERMS
from comity.core.capability import Reader
from comity.core.desk import about
from comity.core.ids import ActId, BureauId
from comity.node.bureau import Bureau
from comity.node.running import running
from comity.node.view import MOST, View, Wanted


class Side(StrEnum):
    """Who is to do something."""

    US = "us"
    THEM = "them"


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """One answer that is owed."""

    request: ActId
    title: str
    """Nothing of whom it is about, where it is a form."""
    side: Side
    """Who owes it: this bureau, or another one."""
    bureau: BureauId
    """The other party: who asks us, or whom we asked."""
    used: int
    """How much of the term has passed, percent; beyond 100 it is overdue. Counted from the moment of asking while no
    receipt is known."""
    clock: Clock
    units: tuple[str, ...] = ()
    """Who works on it in this house."""
    cases: tuple[str, ...] = ()


def waiting(
    bureau: Bureau, reader: Reader,
    owed_by: Annotated[Side | None, about("us: what we owe; them: what is owed to us; without it, both")] = None,
    unit: Annotated[str, about("only what is assigned to this unit")] = "",
    case: Annotated[str, about("only what belongs to this case")] = "",
) -> tuple[Waiting, ...]:  # fmt: skip
    """List the answers that are owed, by us and to us: what has used up most of its term comes first.

    So ten minutes overdue by ten come before a week overdue by a day. What nobody has been given stands there too.

    Example: comity waiting --owed-by us
    """
    wanted = (
        each
        for each in _owed(bureau, reader)
        if owed_by in {None, each.side} and (not unit or unit in each.units) and (not case or case in each.cases)
    )
    return tuple(sorted(wanted, key=lambda each: (-each.used, each.clock.asked, each.request, each.clock.bureau)))


def _owed(bureau: Bureau, reader: Reader) -> Iterator[Waiting]:
    """Yield each answer that is owed: by this bureau, or by one that it asked."""
    view, now, owed = View(bureau, reader), bureau.now(), dict[ActId, set[BureauId]]()
    # Every clock that runs has this step to come, or behind it; who refused the request has none.
    for subject, whose in running(bureau, reader, "supervisors"):
        owed.setdefault(subject, set()).add(whose)
    assigned = assignments(view) if owed else {}
    for subject, those in owed.items():
        state, request = view.state(subject, Matter), view.act(subject)
        if state is None or state.request is None or request is None:
            continue
        work, those_owing = assigned.get(subject, Assignment()), those.intersection(state.owing)
        for clock in clocks(state, view.starts(subject), now) if those_owing else ():
            if clock.bureau in those_owing:
                ours = clock.bureau == bureau.me
                start = clock.asked if clock.received is None else clock.received
                yield Waiting(
                    request=subject, title=str(getattr(request.act, "title", "")), side=Side.US if ours else Side.THEM,
                    bureau=state.request.sender if ours else clock.bureau,
                    used=max(0, now - start) * 100 // TERMS[clock.clock].within, clock=clock, units=work.units,
                    cases=work.cases,
                )  # fmt: skip


def assignments(view: View) -> dict[ActId, Assignment]:
    """Return the latest assignment of each matter that the reader may see."""
    found, before = dict[ActId, Assignment](), None
    while True:
        page = view.acts(Wanted(kinds=(ASSIGNMENT,), sender=view.bureau.me), limit=MOST, before=before)
        for each in page.items:
            if each.subject is not None and isinstance(each.act, Assignment):
                found.setdefault(each.subject, each.act)
        if page.older is None:
            return found
        before = page.older
