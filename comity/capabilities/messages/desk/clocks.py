"""Clocks: how each recipient of a request stands with its answer, what is overdue, what went to the supervisors."""

import msgspec

from comity.capabilities.messages.desk.parts import About
from comity.capabilities.messages.rules import Clock, Matter, clocks
from comity.core.capability import Reader
from comity.core.errors import Misused
from comity.core.ids import ActId, BureauId
from comity.node.bureau import Bureau
from comity.node.view import View


class Late(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that is overdue."""

    request: ActId
    asker: BureauId
    clock: Clock


def clock(bureau: Bureau, reader: Reader, act: About) -> tuple[Clock, ...]:
    """Show how each recipient of a request stands with its answer: received, due, reminded, escalated, answered, late.

    A bureau that was asked sees its own clock; the bureau that asked sees all of them.

    Example: comity clock 3fa2
    """
    view = View(bureau, reader)
    found = view.find(act)
    subject = found.subject or found.id
    state = view.state(subject, Matter)
    if state is None or state.request is None:
        raise Misused("only a request runs a clock")
    return clocks(state, view.starts(subject), bureau.now())


def overdue(bureau: Bureau, reader: Reader) -> tuple[Late, ...]:
    """List the answers that are overdue, ours and those of others, the latest first.

    Example: comity overdue
    """
    return _late(bureau, reader, "overdue")


def escalated(bureau: Bureau, reader: Reader) -> tuple[Late, ...]:
    """List what supervisors must look after: answers that are overdue for half a term and more, the latest first.

    Example: comity escalated
    """
    return _late(bureau, reader, "supervisors")


def _late(bureau: Bureau, reader: Reader, what: str) -> tuple[Late, ...]:
    view = View(bureau, reader)
    found: list[Late] = []
    for step in view.fallen(what):
        state = view.state(step.subject, Matter)
        if state is None or state.request is None or step.bureau not in state.owing:
            continue
        every = clocks(state, view.starts(step.subject), bureau.now())
        asker = state.request.sender
        found += [Late(request=step.subject, asker=asker, clock=each) for each in every if each.bureau == step.bureau]
    return tuple(found)
