"""Numbers of passports, identity cards, permits and visas, as they are written on paper or typed by hand.

ICAO 9303, part 3 gives such a number up to nine characters in a zone and more outside of it; national ones have up to
twenty. None has a check digit that all states share, so a number proves nothing: it has a form, a key, and a folded key
that an index is asked for. Its check digit stands in the zone (``mrz``).
"""

from comity.core.errors import Malformed
from comity.engines.match.identifiers.folding import SYMBOL_SET, compact, folded
from comity.engines.match.identifiers.reading import Kind, Proof, Reading

DIGITS = frozenset("0123456789")
SHORTEST, LONGEST = 4, 20
"""Characters. Shorter ones are found among 130 million by chance; no issuer of a travel document is known."""


def read(text: str, country: str = "") -> Reading:
    """Return a document number with its keys; the country is the caller's knowledge, alpha-2, and no part of the key.

    Raises: Malformed if there is no digit, or the length is not 4 to 20, or letters have no Latin shape.

    >>> read("l 898902-C3").key, read("L898902C3").folded
    ('L898902C3', '1898902C3')
    """
    number = serial(text, SHORTEST, LONGEST)
    return Reading(
        kind=Kind.DOCUMENT, key=number, folded=folded(number), shown=number, proof=Proof.FORM, country=country.upper()
    )


def serial(text: str, shortest: int, longest: int) -> str:
    """Return a compact serial number of a proper length with a digit in it.

    Raises: Malformed for anything else.
    """
    if len(text) > longest * 3:
        raise Malformed(f"{len(text)} characters where a number of at most {longest} was expected")
    number = compact(text)
    if not shortest <= len(number) <= longest:
        raise Malformed(f"{len(number)} letters and digits, expected {shortest} to {longest}")
    if not SYMBOL_SET.issuperset(number) or DIGITS.isdisjoint(number):
        raise Malformed("a number consists of Latin letters and digits, one digit at least")
    return number
