"""Telephone numbers in the one form of ITU-T E.164, whatever country and script they were written in.

phonenumbers (the Python port of Google's metadata) parses and says which countries have such numbers (decision 0048). A
number without a country code needs the country in which it was written: it is asked of the caller, never guessed.
Whether the number is in service, and who holds it, is not known.
"""

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from comity.core.errors import Malformed
from comity.engines.match.identifiers.choices import digits_for_letters
from comity.engines.match.identifiers.folding import plain
from comity.engines.match.identifiers.reading import Kind, Problem, Proof, Reading

LONGEST = 60
"""Characters with spaces and extension; E.164 itself allows 15 digits."""


def read(text: str, country: str = "") -> Reading:
    """Return a number as ``+`` and up to 15 digits; the country, alpha-2, is where a number without ``+`` was written.

    Raises: Malformed if it can be no number of that country, or there is neither ``+`` nor country.

    >>> read("0537 72 12 00", "MA").key, read("+212 537-721200").country
    ('+212537721200', 'MA')
    """
    if len(text) > LONGEST:
        raise Malformed(f"{len(text)} characters where a telephone number was expected")
    number = parsed(text, country)
    key = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    problems: tuple[Problem, ...] = ()
    if not phonenumbers.is_valid_number(number):
        problems = (Problem(code="phone.unassigned"),)
    region = phonenumbers.region_code_for_number(number) or ""
    return Reading(
        kind=Kind.PHONE,
        key=key,
        folded=key.removeprefix("+"),
        shown=phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL),
        proof=Proof.FORM,
        country="" if region == "001" else region,
        problems=problems,
    )


def parsed(text: str, country: str) -> phonenumbers.PhoneNumber:
    """Return the parsed number; letters are digits misread, not the letters of a keypad.

    Raises: Malformed, see ``read``.
    """
    before, mark, extension = plain(text).partition("EXT")
    try:
        number = phonenumbers.parse(digits_for_letters(before) + mark + extension, country.upper() or None)
    except NumberParseException:
        raise Malformed("no telephone number, or one without its country") from None
    if not phonenumbers.is_possible_number(number):
        raise Malformed("the number of digits is not one that this country has")
    return number
