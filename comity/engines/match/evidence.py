"""What speaks for one person, or against, beside the names: birth date, nationality, sex, place.

Each is a `Part`: a code, what it is about, and a weight in log-odds that is added to the name's. The weights are a
table, set by hand and careful, not fitted to data: nationality, sex and place are often wrong or missing in records, so
they move a score and never decide it. Nothing is a filter. An unknown value says nothing.

Dates are ISO 8601, as precise as they are known: `1961`, `1961-04`, `1961-04-03`; compared as precisely as the less
precise one. Not here: names (alignment.py).
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from comity.core.errors import Misused

_DATE = re.compile(r"^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$")


class Part(NamedTuple):
    """One part of a score: what it is, what it is about, and its log-odds."""

    code: str
    told: tuple[str, ...]
    """Parameters for the words: names, dates, countries as they were written."""
    weight: float


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a person; an empty value is unknown."""

    name: str
    born: str = ""
    """ISO 8601, as precise as it is known."""
    nationalities: tuple[str, ...] = ()
    """Codes of one kind on both sides, upper case: ISO 3166 or ICAO 9303."""
    sex: str = ""
    """`F`, `M` or `X`."""
    places: tuple[str, ...] = ()
    """Places of birth or residence, as written."""


WEIGHTS = {
    "born.same": 2.6,
    "born.month": 1.7,
    "born.year": 1.3,
    "born.swapped": 1.8,
    "born.day-off": 1.4,
    "born.year-off": 0.4,
    "born.near": -0.4,
    "born.other-day": -0.6,
    "born.other": -3.2,
    "nationality.same": 0.5,
    "nationality.other": -0.5,
    "sex.same": 0.1,
    "sex.other": -1.6,
    "place.same": 0.8,
    "place.other": -0.1,
}
"""Log-odds of each code. Sex X and a missing value have none."""

NEAR_YEARS = 2
"""Years apart that are still near: ages are estimated, calendars converted."""


def _date(text: str) -> tuple[int, int, int]:
    found = _DATE.match(text)
    if not found:
        raise Misused("a date is year, year-month or year-month-day, in figures")
    year, month, day = (int(each or 0) for each in found.groups())
    if month > 12 or day > 31:  # noqa: PLR2004
        raise Misused("a date has twelve months and at most 31 days")
    return year, month, day


def compare_dates(query: str, record: str) -> str:
    """Return the code of two dates that are both known.

    >>> [compare_dates("1961-04-03", each) for each in ("1961", "1961-03-04", "1962-04-03", "1980-01-01")]
    ['born.year', 'born.swapped', 'born.year-off', 'born.other']

    Raises:
        Misused: a text is no date.
    """
    (year, month, day), (other, moon, date) = _date(query), _date(record)
    apart = abs(year - other)
    if apart > NEAR_YEARS:
        return "born.other"
    if apart:
        return "born.year-off" if apart == 1 else "born.near"
    if not (month and moon):
        return "born.year"
    if not (day and date):
        return "born.month" if month == moon else "born.other-day"
    if (month, day) == (moon, date):
        return "born.same"
    if (month, day) == (date, moon):
        return "born.swapped"
    return "born.day-off" if (month == moon and abs(day - date) == 1) or day == date else "born.other-day"


def _fold(place: str) -> str:
    return " ".join(place.casefold().replace(",", " ").split())


def weigh(query: Person, record: Person) -> tuple[Part, ...]:
    """Return the parts that what stands beside the names adds.

    Raises:
        Misused: a date is none.
    """
    parts: list[tuple[str, Sequence[str]]] = []
    if query.born and record.born:
        parts.append((compare_dates(query.born, record.born), (query.born, record.born)))
    if query.nationalities and record.nationalities:
        shared = sorted(set(query.nationalities) & set(record.nationalities))
        told = shared or (", ".join(query.nationalities), ", ".join(record.nationalities))
        parts.append(("nationality.same" if shared else "nationality.other", told))
    if {query.sex, record.sex} <= {"F", "M"} and query.sex and record.sex:
        parts.append(("sex.same" if query.sex == record.sex else "sex.other", (query.sex, record.sex)))
    if query.places and record.places:
        here = {_fold(place): place for place in query.places}
        shared = sorted(here[place] for place in here.keys() & {_fold(place) for place in record.places})
        told = shared or (", ".join(query.places), ", ".join(record.places))
        parts.append(("place.same" if shared else "place.other", told))
    return tuple(Part(code, tuple(told), WEIGHTS[code]) for code, told in parts)
