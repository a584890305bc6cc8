"""How likely what a search brought up is what was asked for, and why, in words (decisions 0047 and 0054).

The score of a name is the engine's, with what stands beside it: birth date, nationality, sex, place. Of a number it is
a row of `tables.SURE`, moved by the same evidence. Everything that moves a score is told; nothing here filters.

Imported when somebody searches: the engine's tables take a third of a second to load.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import msgspec

from comity.capabilities.hits.acts import WHOLE
from comity.capabilities.hits.rules.asked import Query, Read
from comity.capabilities.hits.tables import CAUTION, SURE, WORDS
from comity.core.errors import Malformed
from comity.core.rows import Findable
from comity.engines.match.evidence import Part, Person, compare_dates, weigh
from comity.engines.match.explanation import compare
from comity.engines.match.identifiers import documents, mrz
from comity.engines.match.identifiers.folding import compact
from comity.engines.match.identifiers.folding import folded as alike
from comity.engines.match.identifiers.reading import Kind, Reading
from comity.engines.match.identifiers.recognise import recognise
from comity.engines.match.identifiers.states import country_of
from comity.engines.match.models import Model, load_model
from comity.engines.match.wording import LANGUAGES, Language, tell

PLAIN_KINDS = (
    "engine", "hull", "registration", "call-sign", "vessel", "imsi", "serial", "mac", "account", "banknote",
    "reference", "title",
)  # fmt: skip
"""Kinds that the engine does not read: they are found as they are typed, look-alikes folded."""

_TYPED = (
    "document", "plate", "vin", "imei", "iban", "phone", "email", "domain", "wallet", "firearm", "ship", "mmsi",
    "aircraft-address", "aircraft-mark",
)  # fmt: skip
"""Kinds that the engine reads; what it cannot read as one is found as it is typed too: forged numbers have no form."""


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """A score with its reasons."""

    score: int
    """In thousandths."""
    codes: tuple[str, ...]
    """Sorted, each once."""
    parts: tuple[Part, ...]
    """The heaviest first."""


def readings(text: str, country: str = "") -> tuple[Read, ...]:
    """Return all that a number, or the zone of a travel document, can be.

    >>> [(read.kind, read.folded) for read in readings("AB 123456") if read.kind in ("document", "serial")]
    [('document', 'A8123456'), ('serial', 'A8123456')]
    """
    land = _land(country)
    found: dict[tuple[str, str], Read] = {}
    for each in _read(text, land):
        kind = "document" if each.kind is Kind.MRZ else each.kind.value
        if kind in _TYPED and each.folded:
            code = "number.repaired" if each.repairs else "number.same"
            found.setdefault((kind, each.folded), Read(kind=kind, folded=each.folded, code=code, shown=each.shown))
    plain = alike(compact(text))
    # The zone of a document is no number by itself.
    if plain and not any(read.code and "\n" in text for read in found.values()) and len(plain) <= _LONGEST:
        for kind in (*_TYPED, *PLAIN_KINDS):
            read = Read(kind=kind, folded=plain, code="number.same", shown=compact(text) or text.strip())
            found.setdefault((kind, plain), read)
    return tuple(found.values())


_LONGEST = 100
"""Characters of a number; the longest wallet has 95."""


def near(text: str, country: str = "") -> tuple[Read, ...]:
    """Return the numbers of documents that are one character apart; only where a second fact is known (decision 0048).

    Left out, put in, changed, or two exchanged: some 500 of a number of nine characters.
    """
    try:
        number = documents.read(text, _land(country)).folded
    except Malformed:
        return ()
    symbols = sorted({alike(each) for each in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"})
    apart = {number[:at] + number[at + 1 :] for at in range(len(number))}
    for at in range(len(number) + 1):
        apart |= {number[:at] + each + number[at:] for each in symbols}
        apart |= {number[:at] + each + number[at + 1 :] for each in symbols if at < len(number)}
        apart.add(number[:at] + number[at : at + 2][::-1] + number[at + 2 :])
    every = sorted(apart - {number, ""})
    return tuple(Read(kind="document", folded=each, code="number.near", shown=each) for each in every)


def by_name(query: Query, name: str, record: Findable) -> Weighed:
    """Return how likely a record is the person that was asked for, by the record's name that is likest."""
    born = _nearest(query.born, record.born)
    verdict = compare(_asked(query), _kept(record, name, born), _model(), "screen")
    parts = verdict.parts[1:]
    return _weighed(verdict.odds, (*parts, verdict.parts[0]), (part.code for part in parts))


def by_number(query: Query, read: Read, written: Iterable[str], record: Findable) -> Weighed:
    """Return how likely a record is what was asked for by its number; `written` are all texts of the record."""
    code = read.code
    if code == "number.same" and compact(query.identifier) not in map(compact, written):
        # The index folds look-alikes; only a record that holds the number as it was typed holds the same.
        code = "number.look-alike" if compact(read.shown) not in map(compact, written) else code
    others = weigh(_asked(query), _kept(record, "", _nearest(query.born, record.born)))
    start = math.log(SURE[code] / (WHOLE - SURE[code]))
    parts = (Part(code, (read.shown,), start), *others)
    return _weighed(math.fsum(part.weight for part in parts), parts, (part.code for part in parts))


def thousandths(odds: float) -> int:
    """Return log-odds as a score.

    >>> thousandths(0.0), thousandths(2.2), thousandths(-800.0)
    (500, 900, 0)
    """
    return round(WHOLE / (1 + math.exp(-max(min(odds, 50.0), -50.0))))


def sure(reads: Sequence[Read], beside: float = 0.0) -> int:
    """Return the score of the numbers that a record holds, moved by what stands beside them; 0 of none."""
    each = [SURE[read.code] / WHOLE for read in reads]
    return thousandths(math.log(max(each) / (1 - max(each))) + beside) if each else 0


def beside(query: Query, record: Findable) -> float:
    """Return what birth date, nationality, sex and place add to the odds."""
    parts = weigh(_asked(query), _kept(record, "", _nearest(query.born, record.born)))
    return math.fsum(part.weight for part in parts)


def weighed(query: Query, reads: Sequence[Read], named: int | None, row: object, record: Findable) -> Weighed:
    """Return the likelier of what a record's numbers and its name say; told is what both say.

    `reads` are the numbers that it holds of those that were asked for, `named` which of its names is likest.
    """
    written = tuple(texts(row))
    found = [by_number(query, read, written, record) for read in reads]
    found += [by_name(query, record.names[named], record)] if named is not None and query.name else []
    best = max(found, key=lambda each: each.score)
    codes = {code for each in found for code in each.codes}
    parts = {part.code + repr(part.told): part for each in (best, *found) for part in each.parts}
    return Weighed(score=best.score, codes=tuple(sorted(codes)), parts=tuple(parts.values()))


def seconds(query: Query, record: Findable) -> bool:
    """Tell whether a second fact agrees, without which a number one character apart is a stranger's."""
    codes = {part.code for part in weigh(_asked(query), _kept(record, "", _nearest(query.born, record.born)))}
    if codes & {"born.same", "born.month", "born.year", "born.swapped"}:
        return True
    scores = (by_name(query, name, record).score for name in record.names) if query.name else ()
    return max(scores, default=0) >= WHOLE // 2


def words(parts: Iterable[Part], language: Language) -> tuple[str, ...]:
    """Return the words of each part."""
    column = LANGUAGES.index(language)
    return tuple(
        WORDS[part.code][column].format(*part.told) if part.code in WORDS else tell((part,), language)[0]
        for part in parts
    )


def caution(language: Language) -> str:
    """Return the sentence that stands with each candidate."""
    return CAUTION[LANGUAGES.index(language)]


def texts(row: object) -> Iterator[str]:
    """Yield every text in a decoded value.

    >>> list(texts({"a": ["b", {"c": "d"}], "e": 1}))
    ['b', 'd']
    """
    match row:
        case str():
            yield row
        case dict():
            for each in row.values():
                yield from texts(each)
        case list() | tuple():
            for each in row:
                yield from texts(each)
        case _:
            return


def check(query: Query) -> None:
    """Refuse a birth date that is none.

    Raises:
        Misused: it is none.

    """
    if query.born:
        compare_dates(query.born, query.born)


def _read(text: str, country: str) -> Iterator[Reading]:
    if "\n" in text or "<" in text:
        try:
            yield mrz.read(text)
        except Malformed:
            return
        return
    yield from (each.reading for each in recognise(text, country))


def _weighed(odds: float, parts: tuple[Part, ...], codes: Iterable[str]) -> Weighed:
    return Weighed(score=thousandths(odds), codes=tuple(sorted(set(codes))), parts=parts)


def _asked(query: Query) -> Person:
    return Person(
        name=query.name, born=query.born, nationalities=(_land(query.nationality),) if query.nationality else (),
        sex=query.sex, places=(query.place,) if query.place else (),
    )  # fmt: skip


def _kept(record: Findable, name: str, born: str) -> Person:
    lands = tuple(_land(each) for each in record.nationalities)
    return Person(name=name, born=born, nationalities=lands, sex=record.sex, places=record.places)


def _nearest(asked: str, kept: tuple[str, ...]) -> str:
    """Return which of a record's birth dates fits best."""
    if not asked or not kept:
        return kept[0] if kept else ""

    def weight(born: str) -> float:
        return math.fsum(part.weight for part in weigh(Person(name="", born=asked), Person(name="", born=born)))

    return max(kept, key=weight)


def _land(code: str) -> str:
    """Return a country by two letters, or the code as it is."""
    return (country_of(code) or code).upper()


@lru_cache(maxsize=1)
def _model() -> Model:
    return load_model()
