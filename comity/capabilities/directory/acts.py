"""What a bureau tells all others of how to reach it: its working profile, and who is on duty now (decision 0036).

Offices and functions, never persons: a telephone on duty belongs to a service, and a name here is a pseudonym or the
name of an office. Nothing in these acts is trusted for anything but a call; who may speak for a bureau is said by the
registry, and by it alone.
"""

import re
import unicodedata

import msgspec

from comity.core.act import Act
from comity.core.ids import Millis

MAX_LANGUAGES = 16
MAX_HOURS = 28
"""Rows: four spells on each day of a week."""
MAX_FUNCTIONS = 64
MAX_HOLIDAYS = 64
"""Days; two years of them."""
MAX_NAME = 100
"""Characters of a name: a line of a list."""
DAY_MINUTES = 24 * 60

# RFC 5646, as far as needed: as in a message, which is another capability's.
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
# ITU-T E.123: international notation, a plus and at most 15 digits (E.164), spaces between groups.
_TELEPHONE = re.compile(r"\+[0-9](?: ?[0-9]){5,14}")
# The form of names in the IANA time zone database (theory.html, "Names of timezones").
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{0,31}(/[A-Za-z0-9_+-]{1,32}){0,2}")
_DATE = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")
_MAIL = re.compile(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,8}")


class Hours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A spell of time in which the bureau works, on some days of the week, by its own clock.

    A night shift is two spells: until midnight, and from it.
    """

    days: tuple[int, ...]
    """1 Monday to 7 Sunday (ISO 8601), sorted."""
    begin: int
    """Minutes after local midnight."""
    end: int
    """Minutes after local midnight, 1440 at most."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if not self.days or list(self.days) != sorted(set(self.days)) or not {*self.days} <= {*range(1, 8)}:
            raise ValueError("days are numbers from 1 to 7, sorted, each once")
        if not 0 <= self.begin < self.end <= DAY_MINUTES:
            raise ValueError("hours begin before they end, between 0 and 1440 minutes after midnight")


class Function(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An office of the bureau and how to reach it: fugitives, vehicles, the rights officer."""

    name: str
    telephone: str = ""
    mail: str = ""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        _check_name(self.name, "a function")
        _check_telephone(self.telephone)
        if self.mail and not _MAIL.fullmatch(self.mail):
            raise ValueError("a mail address is name@host in ASCII")
        if not self.telephone and not self.mail:
            raise ValueError("a function has a telephone or a mail address")


class Profile(Act, frozen=True, kw_only=True, tag="directory.profile/1"):
    """Tells how a bureau works: languages, hours, telephone, functions, holidays; the latest counts."""

    opens = True

    languages: tuple[str, ...]
    """RFC 5646 tags, the most welcome first."""
    zone: str
    """Name in the IANA time zone database: ``Europe/Oslo``."""
    telephone: str
    hours: tuple[Hours, ...] = ()
    """Empty where it does not say."""
    functions: tuple[Function, ...] = ()
    holidays: tuple[str, ...] = ()
    """Days on which it is closed all the same: ISO 8601 dates by its own clock, sorted."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        _check_languages(self.languages, least=1)
        _check_telephone(self.telephone)
        if not self.telephone:
            raise ValueError("a profile has a telephone")
        if not _ZONE.fullmatch(self.zone):
            raise ValueError("a zone is a name like Europe/Oslo")
        if len(self.hours) > MAX_HOURS or len(self.functions) > MAX_FUNCTIONS or len(self.holidays) > MAX_HOLIDAYS:
            raise ValueError(f"at most {MAX_HOURS} hours, {MAX_FUNCTIONS} functions, {MAX_HOLIDAYS} holidays")
        if len({function.name.casefold() for function in self.functions}) != len(self.functions):
            raise ValueError("no two functions have one name")
        if list(self.holidays) != sorted(set(self.holidays)) or not all(map(_DATE.fullmatch, self.holidays)):
            raise ValueError("holidays are dates like 2026-12-25, sorted, each once")


class Duty(Act, frozen=True, kw_only=True, tag="directory.duty/1"):
    """Tells who is on duty at a bureau until a moment, or with an end that is past, that nobody is; the latest counts.

    By unit and pseudonym or office: never by a person's name.
    """

    unit: str
    name: str
    """A pseudonym, or the name of an office."""
    languages: tuple[str, ...] = ()
    telephone: str = ""
    """Empty: the one of the profile."""
    until: Millis

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        _check_name(self.unit, "a unit")
        _check_name(self.name, "who is on duty")
        _check_languages(self.languages, least=0)
        _check_telephone(self.telephone)


def _check_name(name: str, what: str) -> None:
    marks = {unicodedata.category(letter) for letter in name}
    if not 1 <= len(name) <= MAX_NAME or marks & {"Cc", "Cf", "Cs", "Zl", "Zp"} or name != name.strip():
        raise ValueError(f"{what} is named in one line of 1 to {MAX_NAME} characters")


def _check_languages(languages: tuple[str, ...], *, least: int) -> None:
    if not least <= len(languages) <= MAX_LANGUAGES or len(set(languages)) != len(languages):
        raise ValueError(f"{least} to {MAX_LANGUAGES} languages, each once")
    if not all(map(_LANGUAGE.fullmatch, languages)):
        raise ValueError("a language is its tag, for example no, en or pt-BR (RFC 5646)")


def _check_telephone(telephone: str) -> None:
    if telephone and not _TELEPHONE.fullmatch(telephone):
        raise ValueError("a telephone number begins with + and has 6 to 15 digits, spaces between them if any")
