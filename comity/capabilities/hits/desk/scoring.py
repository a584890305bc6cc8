"""What a search brought up, weighed row by row, under what the reader may see of each.

Imported when somebody searches: it loads the engine. Nothing here reads a row that a view did not hand over.
"""

from typing import NamedTuple

from comity.capabilities.hits.rules import weighing
from comity.capabilities.hits.rules.asked import Query, Read
from comity.capabilities.hits.rules.weighing import Weighed
from comity.core.codec import unpack
from comity.core.errors import Misused
from comity.core.rows import Findable
from comity.node.bureau import Bureau
from comity.node.rowview import Brought, Shelf, Sought, findable

MOST_READINGS = 900
"""Readings of one number: the neighbours of one of twelve characters are about 700."""

LONGEST_NAME = 300
"""Characters; who types more pastes a text, which is screened."""

NOTHING = Weighed(score=0, codes=(), parts=())


class Met(NamedTuple):
    """A row that a search met, and how likely it is the right one."""

    shelf: Shelf
    weighed: Weighed
    record: Findable | None
    """None where it is masked."""


class Scores:
    """The scores of one search, each row weighed once."""

    def __init__(self, bureau: Bureau, query: Query, reads: tuple[Read, ...]) -> None:
        """Take what was looked for."""
        self.bureau, self.query, self.reads = bureau, query, reads
        self._records: dict[int, Findable | None] = {}

    def sought(self, limit: int) -> Sought:
        """Return the search as the view takes it."""
        numbers = tuple((read.kind, read.folded) for read in self.reads)
        return Sought(identifiers=numbers, names=(self.query.name,) if self.query.name else (), limit=limit)

    def likely(self, brought: Brought) -> int:
        """Return the score of a row, in thousandths, without its reasons: they cost ten times as much."""
        record, reads = self._record(brought), self._held(brought)
        odds = [each.odds for each in brought.names[:1]]
        if record is None:
            return max((weighing.sure(reads), *(weighing.thousandths(each) for each in odds)))
        beside = weighing.beside(self.query, record) if reads or odds else 0.0
        return max((weighing.sure(reads, beside), *(weighing.thousandths(each + beside) for each in odds)))

    def met(self, brought: Brought) -> Met:
        """Return a row with its score and its reasons."""
        record, row = self._record(brought), brought.shelf.row
        if record is None or row is None:
            # Why it is like what was asked would tell what it says.
            return Met(brought.shelf, Weighed(score=self.likely(brought), codes=(), parts=()), None)
        named = brought.names[0].name if brought.names else None
        reads = self._held(brought)
        if not reads and named is None:
            return Met(brought.shelf, NOTHING, record)
        return Met(brought.shelf, weighing.weighed(self.query, reads, named, unpack(row), record), record)

    def _record(self, brought: Brought) -> Findable | None:
        number, row = brought.shelf.number, brought.shelf.row
        if number not in self._records:
            self._records[number] = findable(self.bureau, row) if row is not None else None
        return self._records[number]

    def _held(self, brought: Brought) -> list[Read]:
        """Return the numbers that a row holds; one that is near counts only where a second fact agrees."""
        reads, record = [self.reads[each] for each in brought.identifiers], self._record(brought)
        if any(read.code == "number.near" for read in reads) and not (
            record is not None and weighing.seconds(self.query, record)
        ):
            return [read for read in reads if read.code != "number.near"]
        return reads


def check(query: Query) -> None:
    """Refuse what cannot be looked for.

    Raises:
        Misused: nothing is looked for, or a value is none.

    """
    if not query.name and not query.identifier:
        raise Misused("name a person with --name, or a number with --identifier")
    if len(query.name) > LONGEST_NAME:
        raise Misused(f"a name has at most {LONGEST_NAME} characters; a text is screened: comity hits screen-text")
    if query.sex not in {"", "F", "M", "X"}:
        raise Misused("a sex is F, M or X, as documents say it")
    weighing.check(query)
    if query.identifier and not weighing.readings(query.identifier, query.country):
        raise Misused("this cannot be a number: it has no letter and no digit, or is too long")


def readings_of(query: Query, *, near: bool = False, document: bool = False) -> tuple[Read, ...]:
    """Return all that the number of a query can be; as a document alone, or with its neighbours, where that is asked.

    Raises:
        Misused: nothing is looked for, a value is none, or neighbours are asked for without a second fact.

    """
    check(query)
    reads = weighing.readings(query.identifier, query.country) if query.identifier else ()
    if document:
        reads = tuple(read for read in reads if read.kind == "document")
    if near:
        if not query.identifier or not (query.name or query.born):
            raise Misused("numbers one character apart are looked for only with a name or a birth date beside them")
        held = {(read.kind, read.folded) for read in reads}
        further = weighing.near(query.identifier, query.country)
        reads += tuple(read for read in further if (read.kind, read.folded) not in held)
    return reads[:MOST_READINGS]
