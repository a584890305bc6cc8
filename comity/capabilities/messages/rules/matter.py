"""The state of a matter: who wrote when, which clock runs for whom, what is due (decisions 0026 and 0034).

Made of heads, and of one word of the request's body: which clock it starts. Once that body is erased no clock runs any
more, for nobody can tell what is still asked. The moment a clock starts is no part of the state, since it is said in a
receipt: steps are counted from it, and the node that keeps the receipts knows when that was.

>>> no, ma = BureauId("no"), BureauId("ma")
>>> line = Line(act=ActId(bytes(32)), kind="messages.request/1", sender=ma, to=(no,), said=Millis(0))
>>> asked = Matter(lines=(line,), clock="urgent")
>>> asked.owing
('no',)
>>> [(step.when // 3_600_000, step.what, step.by) for step in due(asked)]
[(6, 'reminder', 'ma'), (8, 'overdue', None), (12, 'escalation', 'ma'), (12, 'supervisors', None)]
"""

from collections.abc import Iterator, Mapping

import msgspec

from comity.capabilities.messages.acts import (
    Decline,
    Escalation,
    HitConfirmation,
    ReadMark,
    Recall,
    Recalled,
    Reminder,
    Request,
    Urgency,
)
from comity.capabilities.messages.rules.naming import MESSAGES, named
from comity.capabilities.messages.tables import TERMS
from comity.core.act import Head, Relation, kind_of
from comity.core.capability import Step
from comity.core.ids import ActId, BureauId, Millis, Span
from comity.core.keeping import Entered

REMINDER, ESCALATION = kind_of(Reminder), kind_of(Escalation)
RECALL, RECALLED = kind_of(Recall), kind_of(Recalled)
READ_MARK, DECLINE = kind_of(ReadMark), kind_of(Decline)


class Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One message of a matter, as its head tells it."""

    act: ActId
    kind: str
    sender: BureauId
    to: tuple[BureauId, ...]
    said: Millis


class Chased(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bureau was reminded, or the matter escalated to it."""

    bureau: BureauId
    kind: str
    said: Millis


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bureau was asked for a message back, or says that its copy is gone."""

    act: ActId
    """The message."""
    sender: BureauId
    """Who says so."""
    bureau: BureauId
    """Whose copy it is."""
    said: Millis


class Mark(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a recipient said of a message: that it was opened, or that it is declined."""

    act: ActId
    """The message."""
    bureau: BureauId
    """Who says so."""
    said: Millis


class Matter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Information or a request, and what came of it; of bodies only which clock runs."""

    lines: tuple[Line, ...] = ()
    """Sorted by the time that the sender claims, then by id."""
    clock: str = ""
    """The row of `tables.TERMS` that the request starts; empty of information, and once the request is erased."""
    chased: tuple[Chased, ...] = ()
    """Sorted by the time that the sender claims."""
    recalls: tuple[Asked, ...] = ()
    """Copies that were asked back, sorted; they count where the message is the sender's own."""
    gone: tuple[Asked, ...] = ()
    """Copies that are said to be erased, sorted."""
    opened: tuple[Mark, ...] = ()
    """Messages that a person at a recipient has opened, sorted."""
    declines: tuple[Mark, ...] = ()
    """Who declined the request, sorted."""

    @property
    def request(self) -> Line | None:
        """The request that opened the matter; none while only replies have arrived, or if it is information."""
        return next((line for line in self.lines if line.kind.startswith("messages.request/")), None)

    @property
    def replies(self) -> tuple[Line, ...]:
        """The replies, in order."""
        return tuple(line for line in self.lines if line.kind.startswith("messages.reply/"))

    @property
    def owing(self) -> tuple[BureauId, ...]:
        """The bureaus whose clocks run, sorted: a reply, a decline and a recall of the request close one."""
        if self.request is None:
            return ()
        request, replied = self.request, {line.sender for line in self.replies}
        # Who was asked for the request back is not to answer it.
        replied |= {each.bureau for each in self.valid if each.act == request.act}
        replied |= {each.bureau for each in self.declines}
        return tuple(bureau for bureau in request.to if bureau not in replied)

    @property
    def valid(self) -> tuple[Asked, ...]:
        """The recalls that count: of a message by its own sender, from a bureau that got it."""
        lines = {line.act: line for line in self.lines}
        return tuple(
            each
            for each in self.recalls
            if each.act in lines and lines[each.act].sender == each.sender and each.bureau in lines[each.act].to
        )


class Recalling(msgspec.Struct, frozen=True, kw_only=True):
    """How one recipient stands with a message that was asked back."""

    message: ActId
    bureau: BureauId
    asked: Millis
    erased: Millis | None = None
    """When it says that its copy was erased; None of one that lags."""


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """How one recipient of a request stands with its answer; times in milliseconds."""

    bureau: BureauId
    clock: str
    article: str
    asked: Millis
    """The asking bureau's time."""
    received: Millis | None = None
    """The recipient's receipt R1: the clock starts here. None before it is known here."""
    by: Millis | None = None
    """When the answer falls due."""
    reminded: Millis | None = None
    escalated: Millis | None = None
    replied: Millis | None = None
    """The time of the first reply by the replier's clock, which is also the one of its receipt."""
    declined: Millis | None = None
    """When it declined, by its own clock; it closes the clock as a reply does."""
    late: Span | None = None
    """How long after the term: of the reply or the decline, or, while there is none, of the moment of asking."""


def clock_of(request: Request) -> str:
    """Return the clock that a request starts: a row of `tables.TERMS`.

    >>> clock_of(Request(title="a plate", text="whose is it?", language="en"))
    'normal'
    """
    if isinstance(request.form, HitConfirmation):
        return "hit-urgent" if request.urgency is Urgency.URGENT else "hit-routine"
    return str(request.urgency)


def fold(state: Matter | None, entered: Entered) -> Matter:
    """Add an act to its matter; commutes, so that the order of arrival does not matter."""
    said, matter = entered.said, state or Matter()
    head = said.head
    if head.kind.startswith(MESSAGES):
        line = Line(act=said.id, kind=head.kind, sender=head.sender, to=head.to, said=head.said)
        lines = tuple(sorted({*matter.lines, line}, key=lambda each: (each.said, each.act)))
        clock = clock_of(said.act) if isinstance(said.act, Request) else matter.clock
        return msgspec.structs.replace(matter, lines=lines, clock=clock)
    if head.kind in {REMINDER, ESCALATION}:
        return _chased(matter, head)
    if head.kind in {READ_MARK, DECLINE}:
        return _marked(matter, head)
    if head.kind == RECALL:
        found = {
            Asked(act=act, sender=head.sender, bureau=bureau, said=head.said)
            for act in named(head, "recalls")
            for bureau in head.to
        }
        return msgspec.structs.replace(matter, recalls=_sorted(matter.recalls, found))
    if head.kind == RECALLED:
        bureau = head.sender
        found = {Asked(act=act, sender=bureau, bureau=bureau, said=head.said) for act in named(head, "recalls")}
        return msgspec.structs.replace(matter, gone=_sorted(matter.gone, found))
    # An assignment is read by the veil alone: it is one bureau's affair, and a matter is the same for all parties.
    return matter


def _sorted(before: tuple[Asked, ...], found: set[Asked]) -> tuple[Asked, ...]:
    return tuple(sorted({*before, *found}, key=lambda each: (each.said, each.act, each.bureau, each.sender)))


def _marked(matter: Matter, head: Head) -> Matter:
    field, rel = ("opened", "reads") if head.kind == READ_MARK else ("declines", "declines")
    found = {Mark(act=act, bureau=head.sender, said=head.said) for act in named(head, rel)}
    every = sorted({*getattr(matter, field), *found}, key=lambda each: (each.said, each.act, each.bureau))
    return msgspec.structs.replace(matter, **{field: tuple(every)})


def _chased(matter: Matter, head: Head) -> Matter:
    found = {Chased(bureau=bureau, kind=head.kind, said=head.said) for bureau in head.to}
    every = sorted({*matter.chased, *found}, key=lambda each: (each.said, each.bureau, each.kind))
    return msgspec.structs.replace(matter, chased=tuple(every))


def due(state: Matter) -> tuple[Step, ...]:
    """Return what falls due: of a request for each bureau that owes an answer, of a recall for each that was asked."""
    running = (step for bureau in state.owing for step in _steps(state, bureau))
    return (*running, *_statements(state))


def erases(state: Matter, me: BureauId) -> frozenset[ActId]:
    """Return the messages that this bureau was asked back."""
    return frozenset(each.act for each in state.valid if each.bureau == me)


def recallings(state: Matter) -> tuple[Recalling, ...]:
    """Return how each recipient stands with each message that was asked back; laggards have no `erased`."""
    first = {(each.act, each.bureau): each.said for each in reversed(state.valid)}
    gone = {(each.act, each.bureau): each.said for each in reversed(state.gone)}
    return tuple(
        Recalling(message=act, bureau=bureau, asked=asked, erased=gone.get((act, bureau)))
        for (act, bureau), asked in sorted(first.items())
    )


def _statements(matter: Matter) -> Iterator[Step]:
    """Yield what is owed to who asked a message back: the statement of each node that its copy is gone."""
    senders = {each.act: each.sender for each in matter.valid}
    for each in recallings(matter):
        if each.erased is None:
            what = f"recalled.{each.message.hex()[:32]}"
            refs = (Relation(rel="recalls", act=each.message),)
            to = (senders[each.message],)
            yield Step(what=what, when=each.asked, by=each.bureau, says=Recalled(), to=to, refs=refs)


def _steps(matter: Matter, bureau: BureauId) -> Iterator[Step]:
    request, term = matter.request, TERMS.get(matter.clock)
    if request is None or term is None:
        return
    done = {each.kind for each in matter.chased if each.bureau == bureau}
    clock, within, last, to = matter.clock, term.within, Millis(term.escalate), (bureau,)
    if REMINDER not in done:
        reminder = Reminder(clock=clock, within=within)
        yield Step(what="reminder", when=Millis(term.remind), after=bureau, by=request.sender, says=reminder, to=to)
    yield Step(what="overdue", when=Millis(within), after=bureau)
    if ESCALATION not in done:
        escalation = Escalation(clock=clock, within=within)
        yield Step(what="escalation", when=last, after=bureau, by=request.sender, says=escalation, to=to)
    # At both ends it comes on the list of those who answer for the unit.
    yield Step(what="supervisors", when=last, after=bureau)


def clocks(matter: Matter, starts: Mapping[BureauId, Millis], now: Millis) -> tuple[Clock, ...]:
    """Return how each recipient stands; `starts` holds the receipts R1 that are known here.

    Whether a reply or a decline is late is told by its sender's own clock alone, from its receipt to its word: two
    statements that it signed itself, in the order of its log. So neither skew between two clocks nor the road counts
    against it.
    """
    request, term = matter.request, TERMS.get(matter.clock)
    if request is None or term is None:
        return ()
    found = []
    for bureau in request.to:
        received = starts.get(bureau)
        replied = min((line.said for line in matter.replies if line.sender == bureau), default=None)
        declined = min((mark.said for mark in matter.declines if mark.bureau == bureau), default=None)
        closed = min((at for at in (replied, declined) if at is not None), default=None)
        by = None if received is None else Millis(received + term.within)
        over = 0 if by is None else (now if closed is None else closed) - by
        chased = {each.kind: each.said for each in matter.chased if each.bureau == bureau}
        found.append(
            Clock(
                bureau=bureau, clock=matter.clock, article=term.article, asked=request.said, received=received, by=by,
                reminded=chased.get(REMINDER), escalated=chased.get(ESCALATION), replied=replied,
                declined=declined, late=Span(over) if over > 0 else None,
            )
        )  # fmt: skip
    return tuple(found)
