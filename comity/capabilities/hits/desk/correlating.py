"""Correlation: a row that touches another one raises a hit by itself, for those who may know (decision 0054).

A chore: it reads on in the changes of rows. A row of ours is compared with those of others, a row of another with ours,
never two of others: what they have in common is theirs to find. Each pair is ruled on once.

The other's source is told only where it may read our row, by our list and the row's label: then it holds both, as we
do, and of the two bureaus the first by name says it, so that one pair makes one hit. A quiet row is told to its source
quietly. Everything else is noted in our own house: an officer may ask.

The node compares with the eyes of a supervisor and shows nobody anything; what an officer is shown of it, the veils
rule. Rows of two others are left alone, also where both could be told.
"""

from collections.abc import Iterator
from functools import partial

from comity.capabilities.hits.acts import Came, Touched
from comity.capabilities.hits.desk.scoring import Met, Scores
from comity.capabilities.hits.desk.searching import hit_on
from comity.capabilities.hits.rules import touch
from comity.capabilities.hits.rules.asked import Query, Read
from comity.capabilities.hits.rules.weighing import Weighed
from comity.core.capability import OfficerRole, Reader
from comity.core.errors import Refused
from comity.core.handling import Purpose
from comity.core.rows import Findable
from comity.node import rowpairs
from comity.node.bureau import Bureau, Utterance
from comity.node.database import Transaction
from comity.node.rowpairs import NodesEyes
from comity.node.rowview import Brought, Found, Shelf, Sought, findable
from comity.node.view import Glimpse, View

MOST_ROWS = 2_000
"""New rows that are compared in one round, each some milliseconds; a change of rows is not cut in two."""

MOST_NAMES = 8
"""Names of one record that are searched for; the others are other spellings."""

LIKEST = 20
"""Rows of one name that are weighed."""

TELLS = "always"
"""How a list must tell of hits for its source to be told of one that nobody asks about."""


def correlate(bureau: Bureau) -> int:
    """Compare the rows that are new here; returns how many hits that made."""
    if bureau.finder is None:
        return 0
    said = 0
    for position, numbers in rowpairs.unread(bureau, MOST_ROWS):
        eyes = NodesEyes(bureau, _node(bureau))
        for number in numbers:
            said += sum(_said(bureau, *pair) for pair in _pairs(bureau, eyes, number))
        bureau.database.write(partial(rowpairs.done, bureau, position=position))
    return said


def _node(bureau: Bureau) -> Reader:
    return Reader(
        bureau=bureau.me, officer="node", unit="node", role=OfficerRole.SUPERVISOR, purpose=Purpose.INVESTIGATE
    )


def _pairs(bureau: Bureau, eyes: NodesEyes, number: int) -> Iterator[tuple[Shelf, Met, bool]]:
    """Yield each row of another bureau that touches a row of ours, one of the two being new: ours, theirs, quietly."""
    here = next(iter(eyes.numbered((number,))), None) or next(iter(eyes.hushed((number,))), None)
    if here is None or here.row is None:
        return
    record = findable(bureau, here.row)
    for met, quiet in _met(bureau, eyes, record):
        other = met.shelf
        if (here.source == bureau.me) is not (other.source == bureau.me) and other.row is not None:
            hushed = quiet if here.source == bureau.me else not _shown(eyes, here)
            ours, theirs = (here, met) if here.source == bureau.me else (other, met._replace(shelf=here))
            yield ours, theirs, hushed


def _met(bureau: Bureau, eyes: NodesEyes, record: Findable) -> Iterator[tuple[Met, bool]]:
    """Yield rows that touch a record, and whether they are quiet."""
    numbers = tuple(Read(kind=kind, folded=text, code="number.same", shown="") for kind, text in record.identifiers)
    names = record.names[:MOST_NAMES] if any(len(born) == len("1984-05-02") for born in record.born) else ()
    soughts = [Sought(identifiers=record.identifiers, limit=LIKEST)] if numbers else []
    soughts += [Sought(names=(name,), limit=LIKEST) for name in names]
    known: set[int] = set()
    for sought, found in zip(soughts, eyes.finds(soughts) if soughts else (), strict=True):
        for brought, quiet in _every(found):
            shelf = brought.shelf
            agreed = None
            if shelf.row is not None and shelf.number not in known:
                agreed = _agreed(bureau, record, sought, brought, findable(bureau, shelf.row))
            if agreed is not None:
                known.add(shelf.number)
                yield Met(shelf, agreed, None), quiet


def _every(found: Found) -> Iterator[tuple[Brought, bool]]:
    yield from ((each, False) for each in found.brought)
    yield from ((each, True) for each in found.quiet)


def _agreed(bureau: Bureau, record: Findable, sought: Sought, brought: Brought, other: Findable) -> Weighed | None:
    weighed = Weighed(score=0, codes=(), parts=())
    if sought.names and brought.names:
        for born in record.born:
            query = Query(
                name=sought.names[0], born=born, sex=record.sex, place=next(iter(record.places), ""),
                nationality=next(iter(record.nationalities), ""),
            )  # fmt: skip
            weighed = max(weighed, Scores(bureau, query, ()).met(brought).weighed, key=lambda each: each.score)
    agreement = touch(record, other, weighed.score, weighed.codes)
    return Weighed(score=agreement.score, codes=agreement.codes, parts=()) if agreement is not None else None


def _shown(eyes: NodesEyes, shelf: Shelf) -> bool:
    return bool(eyes.numbered((shelf.number,)))


def _said(bureau: Bureau, ours: Shelf, theirs: Met, quiet: bool) -> int:  # noqa: FBT001 - of the pair
    utterance = _utterance(bureau, ours, theirs, quiet=quiet)
    try:
        return bureau.database.write(partial(_once, bureau, ours, theirs.shelf, utterance))
    except Refused:
        # Its source may be told nothing now; what touches it is noted in the house.
        home = hit_on(theirs, Purpose.INVESTIGATE, None, came=Came.RECORD, touches=_end(ours), to=bureau.me)
        return 0 if quiet else bureau.database.write(partial(_once, bureau, ours, theirs.shelf, home))


def _once(bureau: Bureau, ours: Shelf, theirs: Shelf, utterance: Utterance | None, tx: Transaction) -> int:
    if not rowpairs.first(bureau, tx, (ours.list, ours.key), (theirs.list, theirs.key)) or utterance is None:
        return 0
    bureau.utter(tx, utterance)
    return 1


def _utterance(bureau: Bureau, ours: Shelf, theirs: Met, *, quiet: bool) -> Utterance | None:
    """Return what is said of a pair; nothing where the other source says it."""
    source, view = theirs.shelf.source, View(bureau, _node(bureau))
    mine, other = view.act(ours.list), view.act(theirs.shelf.list)
    if mine is None or other is None:
        return None
    open_to_it = source in mine.recipients and (not ours.label.audience or source in ours.label.audience)
    told = open_to_it and str(getattr(other.act, "tells", "")) == TELLS
    if quiet:
        end = _end(ours) if open_to_it else None
        return hit_on(theirs, other.purpose, None, came=Came.RECORD, quiet=True, touches=end)
    if not told:
        return hit_on(theirs, other.purpose, None, came=Came.RECORD, touches=_end(ours), to=bureau.me)
    if source < bureau.me and _they_say(mine):
        return None
    return hit_on(theirs, other.purpose, None, came=Came.RECORD, touches=_end(ours))


def _they_say(mine: Glimpse) -> bool:
    """Tell whether the other bureau, which holds our list, tells us of hits on it by itself."""
    return str(getattr(mine.act, "tells", "")) == TELLS


def _end(shelf: Shelf) -> Touched:
    return Touched(list=shelf.list, key=shelf.key)
