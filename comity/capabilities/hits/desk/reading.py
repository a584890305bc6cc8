"""A text read for numbers and for persons that records know (decision 0048); imported when a text is screened."""

from collections.abc import Iterator

from comity.capabilities.hits.desk.mentioned import Mention, TextRead
from comity.capabilities.hits.desk.parts import Tongue, marked
from comity.capabilities.hits.desk.scoring import Scores
from comity.capabilities.hits.desk.searching import tell_quietly
from comity.capabilities.hits.rules import weighing
from comity.capabilities.hits.rules.asked import Query, Read
from comity.capabilities.hits.tables import FOUND_FROM
from comity.core.capability import Reader
from comity.core.handling import Basis
from comity.engines.match.identifiers.reading import Kind
from comity.engines.match.mentions import candidates
from comity.engines.match.screening import Found, Screened
from comity.node import looks, pace, textview
from comity.node.bureau import Bureau
from comity.node.pace import Asked
from comity.node.rowview import RowView, Shelf

WHOLE = 1_000
"""A score of 1, in thousandths."""


def read(  # noqa: PLR0913, PLR0917 - a text, and what a search names
    bureau: Bureau, reader: Reader, text: str, basis: Basis, case: str, country: str, language: Tongue
) -> TextRead:
    """Return the numbers of a text, and the places that name a person of a record; noted as looks before."""
    grams = {written for written, _, _, _ in candidates(text)}
    asked = tuple(Asked(name=each) for each in sorted(grams)) or (Asked(),)
    why = pace.permit(bureau, reader, asked, law=basis.law, case=case)
    # A text is a search for each of its names, whatever comes of it.
    looks.note(bureau, reader, why, ())
    view = RowView(bureau, reader, looks.Why(law=basis.law, case=case))
    page, shelves = textview.read(view, text, country)
    every = sorted((*_named(page, shelves), *_numbered(view, text, page, basis)), key=lambda each: each.start)
    met = any(each.list is not None for each in every)
    caution = weighing.caution(language.value) if met else ""
    return TextRead(characters=len(text), mentions=tuple(every), caution=caution)


def _named(page: Screened, shelves: dict[str, Shelf]) -> Iterator[Mention]:
    for each in page.mentions:
        shelf = shelves.get(each.person)
        if shelf is not None:
            yield Mention(
                start=each.start, stop=each.stop, written=each.written, what="name", list=shelf.list, key=shelf.key,
                source=shelf.source, score=round(each.score * WHOLE) if shelf.row is not None else 0,
                label=marked(shelf.label),
            )  # fmt: skip


def _numbered(view: RowView, text: str, page: Screened, basis: Basis) -> Iterator[Mention]:
    """Yield each number, and once more for each record that holds it."""
    known = [each for each in page.identifiers if each.reading.folded]
    scores = [_scores(view.bureau, text[each.start : each.stop], each) for each in known]
    found = view.finds(
        [score.sought(1) for score in scores],
        lambda at, brought: scores[at].likely(brought) >= FOUND_FROM,
    )  # fmt: skip
    for each, score, one in zip(known, scores, found, strict=True):
        tell_quietly(view.bureau, view.reader.purpose, basis, tuple(map(score.met, one.quiet)))
        kind, written = score.reads[0].kind, text[each.start : each.stop]
        if not one.brought:
            yield Mention(
                start=each.start,
                stop=each.stop,
                written=written,
                what=kind,
                list=None,
                key="",
                source=None,
                score=0,
                label="",
            )
        for met in map(score.met, one.brought):
            yield Mention(
                start=each.start, stop=each.stop, written=written, what=kind, list=met.shelf.list, key=met.shelf.key,
                source=met.shelf.source, score=met.weighed.score if met.record is not None else 0,
                label=marked(met.shelf.label),
            )  # fmt: skip


def _scores(bureau: Bureau, written: str, found: Found) -> Scores:
    reading = found.reading
    kind = "document" if reading.kind is Kind.MRZ else reading.kind.value
    code = "number.repaired" if reading.repairs else "number.same"
    read_ = Read(kind=kind, folded=reading.folded, code=code, shown=reading.shown)
    return Scores(bureau, Query(identifier=written), (read_,))
