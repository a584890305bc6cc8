"""What an officer sees of lists: which there are, what is in them, who lags, what is to be reviewed (decision 0050)."""

from typing import Annotated

import msgspec

from comity.capabilities.records.acts import Record, RecordKind, RecordList, Row, Tells
from comity.capabilities.records.desk.parts import About, found_list
from comity.capabilities.records.rules import Listed
from comity.capabilities.records.tables import ASKED_BEFORE
from comity.core.capability import Reader
from comity.core.codec import decode
from comity.core.desk import about
from comity.core.errors import Misused
from comity.core.handling import Label
from comity.core.ids import ActId, BureauId, Millis
from comity.node.bureau import Bureau
from comity.node.rowview import RowView
from comity.node.view import Glimpse, View, Wanted

MOST = 500
"""Lists that are shown; who has more than that names one."""


class Shelved(msgspec.Struct, frozen=True, kw_only=True):
    """A list as it stands here."""

    id: ActId
    source: BureauId
    record: RecordKind | None
    shard: str
    months: int
    tells: Tells
    holders: tuple[BureauId, ...]
    batches: int
    rows: int
    """Rows in it that you may see, whole or not."""
    newest: Millis | None
    """When its source filled it last."""
    lapses: Millis | None
    """When the next rows in it lapse."""
    lagging: tuple[BureauId, ...]
    """Ours: holders that have not stated that what we took back is gone."""


class Lag(msgspec.Struct, frozen=True, kw_only=True):
    """A holder that has not said that what we took back is gone, or when it said so."""

    act: ActId
    bureau: BureauId
    asked: Millis
    deadline: Millis
    rows: int
    """0 for the whole list."""
    stated: Millis | None
    """When it said so, by its own clock; None while it lags."""
    dropped: int
    """What it says that it had."""
    late: bool
    """True once the deadline has passed in silence."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Records of ours that lapse within six months, unless we keep them by publishing them again."""

    list: ActId
    record: RecordKind | None
    shard: str
    until: Millis
    batches: int


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A record, as you may see it."""

    list: ActId
    source: BureauId
    key: str
    said: Millis
    until: Millis
    label: Label
    record: Record | None
    """None where its label keeps it from you: ask its source."""


def lists(
    bureau: Bureau, reader: Reader,
    source: Annotated[BureauId | None, about("only lists of this bureau")] = None,
) -> tuple[Shelved, ...]:  # fmt: skip
    """Show the lists of records that rest here, ours and those of others.

    Example: comity records lists --source no
    """
    page = View(bureau, reader).acts(Wanted(kinds=("records.record-list/1",), sender=source), limit=MOST)
    shelved = (_shelved(bureau, reader, opened) for opened in page.items)
    return tuple(each for each in shelved if each is not None)


def record(
    bureau: Bureau, reader: Reader, which: About,
    key: Annotated[str, about("how its source calls it", positional=True)],
) -> Found:  # fmt: skip
    """Show one record by its key, as far as its label allows it.

    Example: comity records record 3fa2 2026-17
    """
    opened = found_list(bureau, reader, which)
    shelf = RowView(bureau, reader).record(opened.id, key)
    if shelf is None:
        raise Misused("there is no record with this key in the list, or none that you may see")
    return Found(
        list=shelf.list, source=shelf.source, key=key, said=shelf.said, until=shelf.until, label=shelf.label,
        record=decode(shelf.row, Row).record if shelf.row is not None else None,
    )  # fmt: skip


def laggards(bureau: Bureau, reader: Reader, which: About) -> tuple[Lag, ...]:
    """Show who has not yet stated that what we took back from a list is gone; who has, until all have.

    Example: comity records laggards 3fa2
    """
    opened = found_list(bureau, reader, which)
    state, lags = RowView(bureau, reader).state(opened.id, Listed), []
    for taken in state.taken if state is not None and state.source == bureau.me else ():
        words = {each.holder: each for each in taken.stated}
        for holder in taken.holders:
            word = words.get(holder)
            lag = Lag(
                act=taken.act, bureau=holder, asked=taken.said, deadline=taken.deadline, rows=taken.rows,
                stated=word.said if word is not None else None, dropped=word.dropped if word is not None else 0,
                late=word is None and bureau.now() > taken.deadline,
            )  # fmt: skip
            lags.append(lag)
    return tuple(lags)


def reviews(bureau: Bureau, reader: Reader) -> tuple[Question, ...]:
    """Show which records of ours lapse within six months: keep them by publishing them again, or let them go.

    Example: comity records reviews
    """
    page = View(bureau, reader).acts(Wanted(kinds=("records.record-list/1",), sender=bureau.me), limit=MOST)
    found = []
    for opened in page.items:
        state = RowView(bureau, reader).state(opened.id, Listed)
        for review in state.reviews if state is not None else ():
            if state is not None and bureau.now() >= review.until - ASKED_BEFORE and review.until > bureau.now():
                question = Question(
                    list=opened.id, record=state.record, shard=state.shard, until=review.until, batches=review.batches
                )
                found.append(question)
    return tuple(sorted(found, key=lambda each: (each.until, each.list)))


def _shelved(bureau: Bureau, reader: Reader, opened: Glimpse) -> Shelved | None:
    view = RowView(bureau, reader)
    state = view.state(opened.id, Listed)
    if state is None or not isinstance(opened.act, RecordList):
        return None
    lagging = {holder for taken in state.taken for holder in taken.lagging}
    return Shelved(
        id=opened.id, source=state.source, record=state.record, shard=state.shard, months=state.months,
        tells=state.tells, holders=state.holders, batches=state.batches, rows=view.count(opened.id),
        newest=state.newest or None, lapses=min((review.until for review in state.reviews), default=None),
        lagging=tuple(sorted(lagging)) if state.source == bureau.me else (),
    )  # fmt: skip
