"""What the fields of records may hold: lines, partial dates, countries, numbers as they stand on a thing.

Shape alone is checked here. Records come from registers of many countries, and a number that cannot be right may be
what a forged thing shows; so nothing is refused for a check digit, and what is alike is for those who search to find.
"""

import datetime as dt
import re
import unicodedata
from functools import lru_cache

MAX_LINE = 200
"""Characters of one field; a registered company's name, the longest thing met, has about 160."""
MAX_TEXT = 4_000
"""Characters of a free text, two printed pages."""
MAX_NUMBER = 64
"""Characters of a number on a thing; a wallet of the Monero network, the longest, has 95 and gets `MAX_LINE`."""
MAX_MANY = 32
"""Names, numbers or dates of one record."""

# Unicode's Cc, Cs, Zl and Zp, and the marks of UAX 9 that turn a line around: a number that reads backwards is another.
_NOT_ONE_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# What nearly all numbers are, so that a million of them need one look each.
_PLAIN = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_PLAIN_NUMBER = re.compile(r"[A-Z0-9](?:[A-Za-z0-9 ./-]{0,62}[A-Za-z0-9])?")
_ALNUM = re.compile(r"[^\W_]")
_COUNTRY = re.compile(r"[A-Z]{1,3}")
_DATE = re.compile(r"[0-9]{4}(-[0-9]{2}){0,2}")


def check_line(what: str, text: str, most: int = MAX_LINE) -> None:
    """Refuse what is not one line of 1 to `most` characters.

    >>> check_line("a make", "Peugeot")
    >>> check_line("a make", " ")
    Traceback (most recent call last):
    ValueError: a make is one line of 1 to 200 characters, without blanks at its ends
    """
    if len(text) <= most and _PLAIN.fullmatch(text):
        return
    if not text or len(text) > most or text != text.strip() or _NOT_ONE_LINE.search(text):
        raise ValueError(f"{what} is one line of 1 to {most} characters, without blanks at its ends")


def check_lines(**fields: str) -> None:
    """Refuse fields that are neither empty nor one line; named by the keyword."""
    for name, text in fields.items():
        if text:
            check_line(f"the field {name}", text)


def check_number(what: str, text: str) -> None:
    """Refuse a number of a thing that has no letter and no digit in it."""
    if _PLAIN_NUMBER.fullmatch(text):
        return
    check_line(what, text, MAX_NUMBER)
    if _ALNUM.search(text) is None:
        raise ValueError(f"{what} has a letter or a digit in it")


def check_text(what: str, text: str) -> None:
    """Refuse a text that is too long or holds control characters other than line ends and tabs."""
    if not text:
        return
    if len(text) > MAX_TEXT:
        raise ValueError(f"{what} has at most {MAX_TEXT} characters")
    if any(unicodedata.category(letter) in {"Cc", "Cs"} and letter not in "\n\t" for letter in text):
        raise ValueError(f"{what} holds no control characters but line ends and tabs")


def check_many(what: str, many: tuple[object, ...]) -> None:
    """Refuse more of one thing than a record has room for."""
    if len(many) > MAX_MANY:
        raise ValueError(f"a record has at most {MAX_MANY} {what}")


def check_dates(**fields: str) -> None:
    """Refuse fields that are neither empty nor a year, a month of a year, or a day that there is.

    >>> check_dates(born="1984", issued="1984-05", expires="2024-02-29")
    >>> check_dates(born="2023-02-29")
    Traceback (most recent call last):
    ValueError: the date born is a year, a month or a day that there is: 1984, 1984-05 or 1984-05-17
    """
    for name, text in fields.items():
        if text and not _is_date(text):
            raise ValueError(f"the date {name} is a year, a month or a day that there is: 1984, 1984-05 or 1984-05-17")


def check_countries(**fields: str) -> None:
    """Refuse fields that are neither empty nor a code of 1 to 3 capitals (ICAO Doc 9303-3, ISO 3166-1)."""
    for name, code in fields.items():
        if code and not _COUNTRY.fullmatch(code):
            raise ValueError(f"the country {name} is its code of ICAO Doc 9303-3: 1 to 3 capitals")


# The same few thousand dates and codes stand in millions of rows.
@lru_cache(maxsize=8192)
def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        dt.date.fromisoformat((text + "-01-01")[:10])
    except ValueError:
        return False
    return True
