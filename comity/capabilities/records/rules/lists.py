"""A list of records as it stands: what `fold` makes of the acts about it, and what falls due.

What is kept of a batch is what its head says, for its body goes as soon as one row of it is withdrawn; only its serial
is of the body, and the desk does without it (it never says a serial before its own clock). Withdrawals stay here until
every holder has stated that its copies are gone; then they are a count.

>>> months = Millis(31 * 86_400_000)
>>> state = Listed(source=BureauId("ma"), reviews=(Review(until=Millis(10 * months), batches=2),))
>>> [(step.what, step.by, step.when // 86_400_000) for step in due(state)]
[('records.review.310', 'ma', 127), ('records.lapse.310', None, 310)]
"""

import msgspec
from msgspec.structs import replace

from comity.capabilities.records.acts import (
    Batch,
    RecordKind,
    RecordList,
    Restriction,
    Tells,
    Withdrawal,
    Withdrawn,
)
from comity.capabilities.records.tables import ASKED_BEFORE, DAY
from comity.core.act import Head, Said
from comity.core.capability import Step
from comity.core.handling import Label
from comity.core.ids import ActId, BureauId, Millis
from comity.core.keeping import Entered

WITHDRAWS = "withdraws"
"""The relation by which a statement names what it answers."""

BATCH = "records.batch/"
"""Beginning of the kind whose bodies are erased when a row of theirs is withdrawn."""


class Review(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Batches that lapse at one moment."""

    until: Millis
    batches: int


class Stated(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A holder's word that its copies are gone."""

    holder: BureauId
    dropped: int
    absent: int
    said: Millis


class Taken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What was taken back, as long as a holder has not said that it is gone."""

    act: ActId
    said: Millis
    rows: int
    """0 for the whole list."""
    deadline: Millis
    holders: tuple[BureauId, ...]
    stated: tuple[Stated, ...] = ()

    @property
    def lagging(self) -> tuple[BureauId, ...]:
        """The holders that have not stated it."""
        done = {each.holder for each in self.stated}
        return tuple(holder for holder in self.holders if holder not in done)


class Listed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A list as it stands."""

    source: BureauId
    holders: tuple[BureauId, ...] = ()
    """Who was told of the list, without its source."""
    record: RecordKind | None = None
    """Absent only where the body of the opening act no longer exists."""
    shard: str = ""
    months: int = 0
    tells: Tells = Tells.ALWAYS
    label: Label = Label()
    """The floor: no row is used more freely."""
    last: int = 0
    """The highest serial of a body that is here."""
    batches: int = 0
    newest: Millis = Millis(0)
    """When the source said the newest batch."""
    reviews: tuple[Review, ...] = ()
    taken: tuple[Taken, ...] = ()
    """What some holder has not yet stated to be gone."""
    settled: int = 0
    """How many were stated by all holders."""


def fold(state: Listed | None, entered: Entered) -> Listed:
    """Bring a list up to date with one act about it; acts of others than its source change nothing but statements."""
    said, head = entered.said, entered.said.head
    if state is None or head.subject is None:
        return _opened(said)
    if isinstance(said.act, Withdrawn):
        return _stated(state, said, said.act)
    if head.sender != state.source:
        return state
    if head.kind.startswith(BATCH):
        # By its head alone, but for the serial: the body may be gone, and the same must come of it.
        state = _filled(state, head)
    match said.act:
        case Batch(serial=serial):
            return replace(state, last=max(state.last, serial))
        case Withdrawal(serial=serial, keys=keys, deadline=deadline):
            holders = tuple(party for party in head.to if party != state.source)
            return _taken(replace(state, last=max(state.last, serial)), said, len(keys), deadline, holders)
        case Restriction(serial=serial, keys=keys) as restriction:
            out = shut_out(restriction, head)
            return _taken(replace(state, last=max(state.last, serial)), said, len(keys), head.said, out)
        case _:
            return state


def due(state: Listed) -> tuple[Step, ...]:
    """Return when the source is asked whether it keeps what will lapse, and when it lapses everywhere."""
    steps = []
    for review in state.reviews:
        day = review.until // DAY
        asked = Millis(max(review.until - ASKED_BEFORE, 0))
        steps.append(Step(when=asked, what=f"records.review.{day}", by=state.source))
        steps.append(Step(when=review.until, what=f"records.lapse.{day}"))
    return tuple(steps)


def shut_out(restriction: Restriction, head: Head) -> tuple[BureauId, ...]:
    """Return the recipients that a restriction leaves outside its audience; they drop the rows."""
    audience = restriction.label.audience
    return tuple(party for party in head.to if party != head.sender and audience and party not in audience)


def withdraws(head: Head) -> tuple[ActId, ...]:
    """Return the acts that a statement answers."""
    return tuple(relation.act for relation in head.refs if relation.rel == WITHDRAWS)


def _opened(said: Said) -> Listed:
    head = said.head
    state = Listed(
        source=head.sender, label=head.label, holders=tuple(party for party in head.to if party != head.sender)
    )
    if not isinstance(said.act, RecordList):
        return state
    told = said.act
    return replace(state, record=told.record, shard=told.shard, months=told.months, tells=told.tells)


def _filled(state: Listed, head: Head) -> Listed:
    newest = Millis(max(state.newest, head.said))
    counts = {review.until: review.batches for review in state.reviews}
    if head.label.expires is not None:
        counts[head.label.expires] = counts.get(head.label.expires, 0) + 1
    # What has lapsed by the source's own clock asks for nothing any more; so a list has few reviews, however long.
    reviews = tuple(Review(until=until, batches=counts[until]) for until in sorted(counts) if until > newest)
    return replace(state, batches=state.batches + 1, newest=newest, reviews=reviews)


def _taken(state: Listed, said: Said, rows: int, deadline: Millis, holders: tuple[BureauId, ...]) -> Listed:
    if not holders:
        return state
    taken = Taken(act=said.id, said=said.head.said, rows=rows, deadline=deadline, holders=holders)
    return replace(state, taken=tuple(sorted((*state.taken, taken), key=lambda each: (each.said, each.act))))


def _stated(state: Listed, said: Said, word: Withdrawn) -> Listed:
    holder, named = said.head.sender, withdraws(said.head)
    taken, settled = [], state.settled
    for each in state.taken:
        if each.act in named and holder in each.lagging:
            stated = Stated(holder=holder, dropped=word.dropped, absent=word.absent, said=said.head.said)
            each = replace(each, stated=tuple(sorted((*each.stated, stated), key=lambda one: one.holder)))  # noqa: PLW2901
        if each.lagging:
            taken.append(each)
        else:
            settled += 1
    return replace(state, taken=tuple(taken), settled=settled)
