"""Calendar dates as people write them, in figures: all readings, because 03/04 is two dates until somebody says which.

ISO 8601 is the key (YYYY-MM-DD, or YYYY-MM, or YYYY where less is written). A year of 1300 to 1500 may be of the
lunar or the Persian calendar, and one of 2400 to 2700 Buddhist: that is reported, not converted. Months in words are
not read.
"""

import re
from itertools import permutations

from comity.core.errors import Malformed
from comity.engines.match.identifiers.folding import plain
from comity.engines.match.identifiers.reading import Kind, Problem, Proof, Reading

FIGURES = re.compile(r"\s*(\d{1,4})\s*([-./ 年])\s*(\d{1,4})(?:\s*([-./ 月])\s*(\d{1,4})\s*日?)?\s*\Z")
TOGETHER = re.compile(r"\s*(\d{4})(\d{2})(\d{2})\s*\Z")
LONGEST = 24
DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
OTHER_CALENDARS = (range(1300, 1501), range(2400, 2701))
YEARS = (range(1800, 2200), *OTHER_CALENDARS)


def read(text: str) -> tuple[Reading, ...]:
    """Return each date that a text can be, the year first or last; several where day and month can be exchanged.

    Raises: Malformed if it can be none.

    >>> [each.key for each in read("3.4.1974")], [each.key for each in read("1974-08-12")]
    (['1974-04-03', '1974-03-04'], ['1974-08-12'])
    """
    level = plain(text[: LONGEST + 1])
    found = FIGURES.match(level) or TOGETHER.match(level)
    if len(text) > LONGEST or not found:
        raise Malformed(f"{len(text)} characters that are no date in figures")
    parts = [part for part in found.groups() if part and part.isdigit()]
    keys = dict.fromkeys(partial(parts) if len(parts) == 2 else whole(parts))  # noqa: PLR2004
    if not keys:
        raise Malformed("figures that are no date: no year, or no such day")
    return tuple(reading(key) for key in keys)


def partial(parts: list[str]) -> list[str]:
    """Return the readings of a month and a year."""
    pairs = ((int(year), int(month)) for year, month in permutations(parts))
    return [f"{year}-{month:02}" for year, month in pairs if is_year(year) and 1 <= month <= len(DAYS)]


def whole(parts: list[str]) -> list[str]:
    """Return the readings of three figures: the year stands first or last, day before month is tried first."""
    first, second, third = (int(part) for part in parts)
    leading = len(parts[0]) > 2  # noqa: PLR2004 - a year.
    orders = ((first, second, third),) if leading else ((third, second, first), (third, first, second))
    return [f"{y}-{m:02}-{d:02}" for y, m, d in orders if is_year(y) and 1 <= m <= len(DAYS) and 1 <= d <= DAYS[m - 1]]


def is_year(year: int) -> bool:
    """Tell whether a number can be the year of somebody's birth or of an event on record."""
    return any(year in years for years in YEARS)


def reading(key: str) -> Reading:
    """Return the reading of a date."""
    doubtful = any(int(key[:4]) in years for years in OTHER_CALENDARS)
    problems = (Problem(code="date.calendar"),) if doubtful else ()
    return Reading(kind=Kind.DATE, key=key, folded=key, shown=key, proof=Proof.FORM, problems=problems)
