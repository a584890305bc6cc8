"""Lists and texts: each line of a file is searched for, each name and number of a text (decisions 0048 and 0054).

Nobody is told of a hit here: what a list brings up, an officer takes for a hit one by one. That its records were found,
each source is told as of any search. A line that is wrong is named by its number, never by what it says, and the others
are searched.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec.structs import replace

from comity.capabilities.hits.desk.mentioned import TextRead
from comity.capabilities.hits.desk.parts import Case, For, Land, Law, Speech, Tongue, basis_of, marked
from comity.capabilities.hits.desk.searching import tell_quietly
from comity.capabilities.hits.rules.asked import Query
from comity.capabilities.hits.tables import CAUTION, FOUND_FROM
from comity.core.capability import Reader
from comity.core.desk import about
from comity.core.errors import Misused
from comity.core.handling import Basis
from comity.core.ids import ActId, BureauId
from comity.node import lines, pace
from comity.node.bureau import Bureau
from comity.node.lines import Flaw, Mapping
from comity.node.pace import Asked
from comity.node.rowview import RowView

AT_ONCE = 250
"""Lines that are searched, and noted, together."""

MOST_SHOWN = 100_000
"""Hits that are shown; who has more makes several files of one list."""

MOST_FLAWS = 100
"""Bad lines that are told of."""

MOST_TEXT = 1 << 20
"""Bytes of a text: a book of 500 pages."""

MOST_KEY = 200
"""Characters of how a file calls a line."""

LIKEST = 5
"""Candidates of each line."""

FIELDS = frozenset({"name", "born", "nationality", "sex", "place", "identifier", "document", "country"})
"""What a line may say; a document is a number that is read as nothing else."""


class Matched(msgspec.Struct, frozen=True, kw_only=True):
    """One hit of one line."""

    line: int
    key: str
    """As the file calls the line."""
    list: ActId
    record: str
    """Key of the record."""
    source: BureauId
    score: int
    """In thousandths; 0 where the label keeps it back."""
    why: tuple[str, ...]
    label: str
    """What its source allows; it goes with the line wherever that is copied to."""


class Screening(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file."""

    lines: int
    searched: int
    hits: int
    """Lines with at least one."""
    matched: tuple[Matched, ...]
    """The first hundred thousand."""
    flaws: tuple[Flaw, ...]
    """What is wrong with other lines, the first hundred."""
    caution: str


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    key: str
    query: Query
    document: bool


def screen(  # noqa: PLR0913, PLR0917 - a file, and what a search names
    bureau: Bureau, reader: Reader,
    file: Annotated[Path, about("CSV or JSON lines, a person or document each", positional=True, file=True)],
    purpose: For, law: Law = "", case: Case = "",
    mapping: Annotated[Path | None, about("JSON that says which column is which field", file=True)] = None,
    language: Speech = Tongue.EN,
) -> Screening:  # fmt: skip
    """Search for each line of a list: passengers, guests, stolen documents; the fields are those of a search.

    Columns are called name, born, nationality, sex, place, identifier, document, country, and key; a mapping says it
    where they are not. What is met is nobody's hit yet: look, then take it: comity hits take. With --json all of it is
    printed for a program, or into a file.

    Example: comity hits screen passengers.csv --purpose border-control --law "RPD 8" --mapping airline.json
    """
    basis, columns = basis_of(purpose, law), lines.mapping_of(mapping)
    asked = tuple(_asked(each) for each in _good(file, columns))
    if not asked:
        raise Misused("no line of this file can be searched for: it needs a name, an identifier or a document")
    why = pace.permit(bureau, replace(reader, purpose=purpose), asked, law=basis.law, case=case)
    view = RowView(bureau, replace(reader, purpose=purpose), replace(why, searches=0))
    return _kept(_matched(view, file, columns, basis, language), CAUTION[tuple(Tongue).index(language)])


def screen_text(  # noqa: PLR0913, PLR0917 - a text, and what a search names
    bureau: Bureau, reader: Reader,
    file: Annotated[Path, about("a text in UTF-8", positional=True, file=True)],
    purpose: For, law: Law = "", case: Case = "", country: Land = "", language: Speech = Tongue.EN,
) -> TextRead:  # fmt: skip
    """Read a text for numbers and for persons that records know: a report, a statement, a chat.

    A mention is a reason to look, not a hit.

    Example: comity hits screen-text report.txt --purpose investigate --law "RPD 8"
    """
    from comity.capabilities.hits.desk import reading  # noqa: PLC0415 - the engine takes a third of a second to load

    basis, text = basis_of(purpose, law), _text(file)
    return reading.read(bureau, replace(reader, purpose=purpose), text, basis, case, country, language)


def _good(file: Path, mapping: Mapping) -> Iterator[_Line]:
    return (each for each in _read(file, mapping) if isinstance(each, _Line))


def _read(file: Path, mapping: Mapping) -> Iterator[_Line | Flaw]:
    """Yield what each line asks for, or what is wrong with it."""
    from comity.capabilities.hits.desk import scoring  # noqa: PLC0415 - the engine takes a third of a second to load

    for number, given in lines.read(file, "persons and documents"):
        if isinstance(given, Flaw):
            yield given
            continue
        try:
            line = _line(number, lines.flat(given), mapping)
            scoring.check(line.query)
        except (Misused, msgspec.ValidationError) as problem:
            told = str(problem) if isinstance(problem, Misused) else "a value that is no text"
            yield Flaw(line=number, what=told)
        else:
            yield line


def _line(number: int, columns: dict[str, Any], mapping: Mapping) -> _Line:
    named = {field: columns.get(column, "") for field, column in mapping.fields.items()} if mapping.fields else columns
    values = {field: value for field, value in (named | mapping.always).items() if field in FIELDS and value}
    document = values.pop("document", "")
    if document and values.get("identifier"):
        raise Misused("a line has an identifier or a document, not both; make two lines of it")
    values["identifier"] = document or values.get("identifier", "")
    query = msgspec.convert({field: value for field, value in values.items() if value}, Query, strict=True)
    key = str(columns.get(mapping.key, ""))[:MOST_KEY]
    return _Line(number=number, key=key, query=query, document=bool(document))


def _asked(line: _Line) -> Asked:
    return Asked(name=line.query.name or line.query.identifier, born=line.query.born)


def _matched(
    view: RowView, file: Path, mapping: Mapping, basis: Basis, language: Tongue
) -> Iterator[tuple[Matched, ...] | Flaw]:
    """Yield what each line brings up, a few hundred lines at a time, each of which is noted before it is seen."""
    from comity.capabilities.hits.desk import scoring  # noqa: PLC0415 - loaded already
    from comity.capabilities.hits.rules import weighing  # noqa: PLC0415 - loaded already

    watch, size = view.bureau.blobs.watch, file.stat().st_size
    every, done = _read(file, mapping), 0
    for some in iter(lambda: list(islice(every, AT_ONCE)), []):
        yield from (each for each in some if isinstance(each, Flaw))
        asked = [each for each in some if isinstance(each, _Line)]
        scores = [
            scoring.Scores(view.bureau, each.query, scoring.readings_of(each.query, document=each.document))
            for each in asked
        ]
        found = view.finds(
            [each.sought(LIKEST) for each in scores],
            lambda at, brought, held=scores: held[at].likely(brought) >= FOUND_FROM,  # type: ignore[misc]
        )
        for line, score, one in zip(asked, scores, found, strict=True):
            tell_quietly(view.bureau, view.reader.purpose, basis, tuple(map(score.met, one.quiet)))
            met = sorted(map(score.met, one.brought), key=lambda each: -each.weighed.score)
            yield tuple(
                Matched(
                    line=line.number, key=line.key, list=each.shelf.list, record=each.shelf.key,
                    source=each.shelf.source, score=each.weighed.score if each.record is not None else 0,
                    why=weighing.words(each.weighed.parts, language.value), label=marked(each.shelf.label),
                )
                for each in met
            )  # fmt: skip
        done += len(some)
        if watch is not None and some:
            # Bars count bytes; where a file is long, its lines are of much the same length.
            last = some[-1].number if isinstance(some[-1], _Line) else some[-1].line
            watch("screening", min(size, size * done // max(last, done)), size)


def _kept(found: Iterable[tuple[Matched, ...] | Flaw], caution: str) -> Screening:
    """Count what comes, and keep as much of it as is shown."""
    searched = hits = flawed = 0
    shown: list[Matched] = []
    flaws: list[Flaw] = []
    for each in found:
        if isinstance(each, Flaw):
            flawed += 1
            flaws += [each][: MOST_FLAWS - len(flaws)]
            continue
        searched, hits = searched + 1, hits + bool(each)
        shown += each[: MOST_SHOWN - len(shown)]
    return Screening(
        lines=searched + flawed, searched=searched, hits=hits, matched=tuple(shown), flaws=tuple(flaws),
        caution=caution if hits else "",
    )  # fmt: skip


def _text(file: Path) -> str:
    try:
        raw = file.read_bytes()
    except OSError as problem:
        raise Misused(f"cannot read {file}: {problem.strerror}") from None
    if len(raw) > MOST_TEXT:
        raise Misused(f"a text has at most {MOST_TEXT:,} bytes; make several of it")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Misused(f"{file} is not text in UTF-8") from None
