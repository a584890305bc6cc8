"""Values that forms are made of: partial dates, names in two scripts, codes of countries, numbers on things.

Each checks its shape by itself: lengths, characters, whether there is such a day. Whether a check digit fits and
whether there is such a country, the rules ask: a number that cannot be right may still be what a forged thing shows.
"""

import datetime as dt
import re
import unicodedata
from enum import StrEnum

import msgspec

from comity.capabilities.messages.acts.words import is_one_line

MAX_FIELD = 100
"""Characters of a field of a form."""
MAX_ALIASES = 16

# ICAO Doc 9303-3 section 5: three letters; the one code of one letter is Germany's.
_COUNTRY = re.compile(r"[A-Z]{3}|D")
# ICAO Doc 9303-3 section 4: letters and digits; in the machine-readable zone up to nine, behind it more.
_DOCUMENT = re.compile(r"[A-Z0-9]{1,22}")
# ISO 3779: seventeen, without the letters that look like digits.
_VIN = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
# ITU-T E.164: at most fifteen digits behind the plus sign; shorter than seven is no subscriber's.
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
# 3GPP TS 23.003 section 6: fourteen digits and a check digit.
_IMEI = re.compile(r"[0-9]{15}")
# ICAO Doc 9303-3 section 6: a transliteration is in plain Latin letters.
_LATIN = re.compile(r"[A-Za-z]+([' .-]+[A-Za-z]+)*\.?")
_DATE = re.compile(r"[0-9]{4}(-[0-9]{2}){0,2}")
MAX_PLATE = 15
"""Characters of a registration; the longest of any country has ten."""


class Sex(StrEnum):
    """As a travel document says it: ICAO Doc 9303-4."""

    FEMALE = "F"
    MALE = "M"
    OTHER = "X"


class Reading(StrEnum):
    """How sure it is that a number was read as it stands on the thing."""

    CHECKED = "checked"
    """Its check digit must fit."""
    AS_SEEN = "as-seen"
    """It stands there so, though it cannot be right: a forged, altered or half-legible number."""


class Name(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A person's name as its own script writes it, and in Latin letters where that is another one."""

    family: str
    """The primary identifier of ICAO Doc 9303; who has one name has it here."""
    given: str = ""
    latin_family: str = ""
    """The transliteration; needed where `family` is in another script."""
    latin_given: str = ""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        check_words("a family name", self.family)
        for original, latin in ((self.family, self.latin_family), (self.given, self.latin_given)):
            if original:
                check_words("a name", original)
            if latin and (not _LATIN.fullmatch(latin) or len(latin) > MAX_FIELD):
                raise ValueError("a transliterated name has plain Latin letters only, as ICAO Doc 9303 spells it")
            if original and not latin and not _is_latin(original):
                raise ValueError("a name in another script needs its transliteration beside it")
            if latin and not original:
                raise ValueError("a transliteration stands beside the name that it spells")


class Person(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who somebody is, or is said to be."""

    name: Name
    aliases: tuple[Name, ...] = ()
    born: str = ""
    """A partial date: ``1984``, ``1984-05`` or ``1984-05-17``, as much as is known."""
    birthplace: str = ""
    sex: Sex | None = None
    nationalities: tuple[str, ...] = ()
    """Codes of ICAO Doc 9303-3, sorted."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        check_date(self.born)
        check_optional("a birthplace", self.birthplace)
        for code in self.nationalities:
            check_country(code)
        if list(self.nationalities) != sorted(set(self.nationalities)) or len(self.aliases) > MAX_ALIASES:
            raise ValueError(f"nationalities are sorted, each once, and at most {MAX_ALIASES} aliases are given")


def check_words(what: str, text: str) -> None:
    """Refuse what is not one line of a few words with a letter in it."""
    if not is_one_line(text) or not 1 <= len(text) <= MAX_FIELD or text != text.strip():
        raise ValueError(f"{what} is one line of 1 to {MAX_FIELD} characters, without blanks at its ends")
    if not any(unicodedata.category(character).startswith("L") for character in text):
        raise ValueError(f"{what} has a letter in it")


def check_line(what: str, text: str) -> None:
    """Refuse what is not one short line."""
    if not is_one_line(text) or not 1 <= len(text) <= MAX_FIELD or text != text.strip():
        raise ValueError(f"{what} is one line of 1 to {MAX_FIELD} characters, without blanks at its ends")


def check_optional(what: str, text: str) -> None:
    """Refuse what is neither empty nor one short line."""
    if text:
        check_line(what, text)


def check_date(text: str) -> None:
    """Refuse what is neither empty nor a year, a month of a year, or a day that there is.

    >>> check_date("1984"), check_date("1984-05"), check_date("2024-02-29")
    (None, None, None)
    >>> check_date("2023-02-29")
    Traceback (most recent call last):
    ValueError: a date is a year, a month or a day that there is: 1984, 1984-05 or 1984-05-17
    """
    problem = ValueError("a date is a year, a month or a day that there is: 1984, 1984-05 or 1984-05-17")
    if not text:
        return
    if not _DATE.fullmatch(text):
        raise problem
    try:
        dt.date.fromisoformat((text + "-01-01")[:10])
    except ValueError:
        raise problem from None


def check_country(code: str) -> None:
    """Refuse what does not look like a code of ICAO Doc 9303-3."""
    if not _COUNTRY.fullmatch(code):
        raise ValueError("a country is its code of ICAO Doc 9303-3: three capitals, or D for Germany")


def check_document(number: str) -> None:
    """Refuse what does not look like the number of a document."""
    if not _DOCUMENT.fullmatch(number):
        raise ValueError("a document's number has 1 to 22 capitals and digits, and no blanks")


def check_vin(vin: str) -> None:
    """Refuse what does not look like a vehicle identification number."""
    if not _VIN.fullmatch(vin):
        raise ValueError("a VIN has 17 capitals and digits, without I, O and Q")


def check_plate(plate: str) -> None:
    """Refuse what does not look like a registration, in any script."""
    words = re.split(r"[ -]", plate)
    whole = all(word and word.isalnum() and word == word.upper() for word in words)
    if not whole or len(plate) > MAX_PLATE:
        raise ValueError(f"a registration has at most {MAX_PLATE} capitals and digits, and single blanks or hyphens")


def check_phone(number: str) -> None:
    """Refuse what does not look like an international telephone number."""
    if not _PHONE.fullmatch(number):
        raise ValueError("a telephone number is international: a plus sign and 7 to 15 digits (E.164)")


def check_imei(imei: str) -> None:
    """Refuse what does not look like a device's IMEI."""
    if not _IMEI.fullmatch(imei):
        raise ValueError("an IMEI has 15 digits")


def _is_latin(text: str) -> bool:
    letters = (character for character in text if unicodedata.category(character).startswith("L"))
    return all("LATIN" in unicodedata.name(letter, "") for letter in letters)
