"""Search at home, and say to its source that a record was met (decision 0054).

What a search shows was noted before it is shown. What is quiet is told to its source in the same moment and changes
nothing of the answer: not a line, not an order, not an error.
"""

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import msgspec

from comity.capabilities.hits.acts import Asks, Came, Hit, Manner, Touched
from comity.capabilities.hits.desk.following import LANES
from comity.capabilities.hits.desk.parts import (
    Born,
    Case,
    For,
    HitSaid,
    Key,
    Land,
    Law,
    Named,
    Nationality,
    Number,
    OfList,
    Place,
    Sexed,
    Speech,
    Tongue,
    basis_of,
    label_of,
    told,
)
from comity.capabilities.hits.rules.asked import Query
from comity.capabilities.hits.rules.gates import QUIET
from comity.capabilities.hits.tables import FOUND_FROM, QUIET_FROM
from comity.core.act import Author, Relation
from comity.core.capability import Reader
from comity.core.desk import about, made
from comity.core.errors import ComityError, Misused
from comity.core.handling import Basis, Label, Purpose
from comity.core.ids import ActId, BureauId, Millis
from comity.core.rows import Findable
from comity.node import pace
from comity.node.bureau import Bureau, Utterance
from comity.node.pace import Asked
from comity.node.rowview import Found, RowView
from comity.node.view import View

if TYPE_CHECKING:
    from comity.capabilities.hits.desk import scoring  # It loads the engine.
    from comity.engines.match.wording import Language


class RecordShown(msgspec.Struct, frozen=True, kw_only=True):
    """What a record is found by, as far as its label lets it be seen."""

    what: str
    """The kind of record."""
    names: tuple[str, ...]
    born: tuple[str, ...]
    nationalities: tuple[str, ...]
    sex: str
    places: tuple[str, ...]


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A record that may be what was searched for."""

    list: ActId
    key: str
    source: BureauId
    score: int
    """In thousandths: of candidates with 800 about eight in ten are the same. 0 where the label keeps it back."""
    why: tuple[str, ...]
    """What speaks for it and against it, the heaviest first."""
    codes: tuple[str, ...]
    record: RecordShown | None
    """None where its label keeps it from you: ask its source. Whole: comity records record."""
    label: Label
    said: Millis
    until: Millis


class SearchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a search met."""

    hit: bool
    caution: str
    """Empty where nothing was met."""
    candidates: tuple[Candidate, ...]
    read_as: tuple[str, ...]
    """What the number was taken for, where characters were put right."""
    compared: int
    touched: int
    scored: int
    """What the search did: words compared, names touched, names scored, of what you may see."""


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """A search as it is made: what for, by what law, and what is looked for."""

    query: Query
    purpose: Purpose
    basis: Basis
    case: str = ""
    limit: int = 10
    near: bool = False


def find(  # noqa: PLR0913, PLR0917 - what may be known of a person or a thing
    bureau: Bureau, reader: Reader, purpose: For, law: Law = "", name: Named = "", born: Born = "",
    nationality: Nationality = "", sex: Sexed = "", place: Place = "", identifier: Number = "", country: Land = "",
    case: Case = "",
    near: Annotated[bool, about("also numbers one character apart; needs a name or a birth date")] = False,  # noqa: FBT002
    limit: Annotated[int, about("candidates by name, at most")] = 10,
    language: Speech = Tongue.EN,
) -> SearchAnswer:  # fmt: skip
    """Search the records that rest here, ours and those of others; nobody is told what was asked.

    The sources of the records that are shown hear that they were found, by this bureau and what for. Nothing may be
    done on a hit before its source has confirmed it.

    Example: comity hits find --purpose locate-wanted --law "RPD 8" --name "salma el amrani" --born 1984
    """
    query = made(
        Query, name=name.strip(), born=born.strip(), nationality=nationality.strip().upper(), sex=sex.strip().upper(),
        place=place.strip(), identifier=identifier.strip(), country=country.strip().upper(),
    )  # fmt: skip
    search = Search(query=query, purpose=purpose, basis=basis_of(purpose, law), case=case, limit=limit, near=near)
    found, scores, met = run(bureau, reader, search)
    return _answer(found, scores, met, language)


def take(  # noqa: PLR0913, PLR0917 - which candidate, and the search that brought it up
    bureau: Bureau, reader: Reader, which: OfList, key: Key, purpose: For, law: Law = "", name: Named = "",
    born: Born = "", nationality: Nationality = "", sex: Sexed = "", place: Place = "", identifier: Number = "",
    country: Land = "", case: Case = "",
    ask: Annotated[Asks, about("ask the source to confirm it: routine (an hour), urgent (ten minutes)")] = Asks.NOTHING,
) -> HitSaid:  # fmt: skip
    """Take a candidate of a search for a hit: its source is told, and asked if you ask.

    The search is named again, so that score and reasons are those of this hit. Lists that are told on confirmation
    alone hear of a hit only with --ask.

    Example: comity hits take 3fa2 2026-17 --purpose locate-wanted --law "RPD 8" --name "salma el amrani" --ask urgent
    """
    listed = View(bureau, reader).find(which)
    query = made(
        Query, name=name.strip(), born=born.strip(), nationality=nationality.strip().upper(), sex=sex.strip().upper(),
        place=place.strip(), identifier=identifier.strip(), country=country.strip().upper(),
    )  # fmt: skip
    search = Search(query=query, purpose=purpose, basis=basis_of(purpose, law), case=case)
    _, _, met = run(bureau, reader, search)
    found = next((each for each in met if (each.shelf.list, each.shelf.key) == (listed.id, key)), None)
    if found is None:
        raise Misused("this search does not bring up that record; name the search that did")
    if found.shelf.source == bureau.me:
        raise Misused("the record is this bureau's own; there is nobody to tell or to ask")
    if ask is Asks.NOTHING and str(getattr(listed.act, "tells", "always")) != "always":
        raise Misused("the source of this list hears of hits only when it is asked: --ask routine, or urgent")
    utterance = hit_on(found, search.purpose, search.basis, asks=ask)
    author = Author(officer=reader.officer, unit=reader.unit)
    return told(bureau.submit(msgspec.structs.replace(utterance, author=author)).result())


def run(bureau: Bureau, reader: Reader, search: Search) -> "tuple[Found, scoring.Scores, tuple[scoring.Met, ...]]":
    """Make one search: ruled, made, noted; what is quiet is told to its source.

    Raises:
        Misused: nothing is looked for, or what is known beside a number is not enough.
        Refused: the officer searches more than a desk does.

    """
    from comity.capabilities.hits.desk import scoring  # noqa: PLC0415 - the engine takes a third of a second to load

    query = search.query
    scores = scoring.Scores(bureau, query, scoring.readings_of(query, near=search.near))
    looker = msgspec.structs.replace(reader, purpose=search.purpose)
    asked = Asked(name=query.name or query.identifier, born=query.born)
    why = pace.permit(bureau, looker, (asked,), law=search.basis.law, case=search.case)
    view = RowView(bureau, looker, why)
    found = view.find(scores.sought(search.limit), lambda _, brought: scores.likely(brought) >= FOUND_FROM)
    tell_quietly(bureau, search.purpose, search.basis, tuple(map(scores.met, found.quiet)))
    met = sorted(map(scores.met, found.brought), key=lambda each: -each.weighed.score)
    return found, scores, tuple(met)


def tell_quietly(bureau: Bureau, purpose: Purpose, basis: Basis, met: "tuple[scoring.Met, ...]") -> None:
    """Tell sources of quiet records that these were met; nobody here waits for it, and no error reaches anybody.

    It is queued before what the reader waits for, so that it is on the disk by then, and costs no moment that could be
    told from another.
    """
    for each in met:
        if each.weighed.score >= QUIET_FROM and each.shelf.source != bureau.me:
            with suppress(ComityError):
                bureau.submit(hit_on(each, purpose, basis, quiet=True))


def hit_on(  # noqa: PLR0913 - a hit has these parts
    met: "scoring.Met", purpose: Purpose, basis: Basis | None, *, asks: Asks = Asks.NOTHING, quiet: bool = False,
    came: Came = Came.SEARCH, touches: Touched | None = None, to: BureauId | None = None,
) -> Utterance:  # fmt: skip
    """Return what is said of a row that was met, under the row's own label."""
    shelf = met.shelf
    act = made(
        Hit, list=shelf.list, batch=shelf.batch, key=shelf.key, score=met.weighed.score, agreed=met.weighed.codes,
        came=came, manner=Manner.QUIETLY if quiet else Manner.OPENLY, asks=asks, touches=touches,
    )  # fmt: skip
    return Utterance(
        act=act, to=(to or shelf.source,), purpose=purpose, basis=basis, label=label_of(shelf.label, shelf.until),
        refs=(Relation(rel=QUIET, act=shelf.list),) if quiet else (), lane=LANES[asks],
    )  # fmt: skip


def _answer(found: Found, scores: "scoring.Scores", met: "tuple[scoring.Met, ...]", language: Tongue) -> SearchAnswer:
    from comity.capabilities.hits.rules import weighing  # noqa: PLC0415 - loaded already

    tongue: Language = language.value
    candidates = tuple(
        Candidate(
            list=each.shelf.list, key=each.shelf.key, source=each.shelf.source,
            score=each.weighed.score if each.record is not None else 0,
            why=weighing.words(each.weighed.parts, tongue), codes=each.weighed.codes,
            record=_person(each.record) if each.record is not None else None, label=each.shelf.label,
            said=each.shelf.said, until=each.shelf.until,
        )
        for each in met
    )  # fmt: skip
    repaired = {f"{read.kind}: {read.shown}" for read in scores.reads if read.code == "number.repaired"}
    effort = found.effort
    return SearchAnswer(
        hit=bool(candidates), caution=weighing.caution(tongue) if candidates else "", candidates=candidates,
        read_as=tuple(sorted(repaired)), compared=effort.compared, touched=effort.touched, scored=effort.scored,
    )  # fmt: skip


def _person(record: Findable) -> RecordShown:
    return RecordShown(
        what=record.what, names=record.names, born=record.born, nationalities=record.nationalities, sex=record.sex,
        places=record.places,
    )  # fmt: skip
