"""What could this be? All readings of what an officer put into the one search box, likeliest first.

Each family is asked; whatever does not refuse is a reading. The weights only order: they say how rarely a text of
another kind passes for this one (a checksum of 97 against a form that any word of letters and figures has). None of
the readings is dropped for being unlikely, since the index answers all of them at once. Nothing is looked up here.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator

import msgspec

from comity.core.errors import Malformed
from comity.engines.match.identifiers import (
    accounts,
    aircraft,
    dates,
    devices,
    documents,
    domains,
    firearms,
    mail,
    mrz,
    plates,
    telephones,
    vessels,
    vin,
    wallets,
)
from comity.engines.match.identifiers.folding import plain
from comity.engines.match.identifiers.reading import Kind, Proof, Reading

LONGEST = 400
"""Characters; what is longer is a text, and is screened (``screening``)."""
NAME = re.compile(r"[^\W\d_][^\d_@/<>]{0,98}\Z")

WEIGHTS: dict[tuple[Kind, Proof], int] = {
    (Kind.MRZ, Proof.CHECKED): 99,
    (Kind.WALLET, Proof.CHECKED): 99,
    (Kind.IBAN, Proof.CHECKED): 98,
    (Kind.EMAIL, Proof.FORM): 97,
    (Kind.VIN, Proof.CHECKED): 96,
    (Kind.MRZ, Proof.FAILED): 90,
    (Kind.IMEI, Proof.CHECKED): 85,
    (Kind.WALLET, Proof.FORM): 85,
    (Kind.VIN, Proof.FORM): 80,
    (Kind.DATE, Proof.FORM): 75,
    (Kind.DOMAIN, Proof.FORM): 70,
    (Kind.NAME, Proof.FORM): 65,
    (Kind.SHIP, Proof.CHECKED): 60,
    (Kind.PHONE, Proof.FORM): 58,
    (Kind.WALLET, Proof.FAILED): 55,
    (Kind.VIN, Proof.FAILED): 50,
    (Kind.IBAN, Proof.FAILED): 45,
    (Kind.DOCUMENT, Proof.FORM): 40,
    (Kind.MMSI, Proof.FORM): 35,
    (Kind.IMEI, Proof.FORM): 33,
    (Kind.AIRCRAFT_MARK, Proof.FORM): 32,
    (Kind.PLATE, Proof.FORM): 30,
    (Kind.IMEI, Proof.FAILED): 25,
    (Kind.AIRCRAFT_ADDRESS, Proof.FORM): 20,
    (Kind.SHIP, Proof.FAILED): 15,
    (Kind.FIREARM, Proof.FORM): 10,
}
"""0 to 100. What has no check digit comes behind all that is checked, a failed check behind the form it would have."""
SPELT_OUT = 40
"""What is added where the text itself names the kind: ``IMO``, ``MMSI``, a ``+``, a scheme, the hyphen of a mark."""
DOUBTED = 5
"""What is taken away for each problem."""


class Possibility(msgspec.Struct, frozen=True):
    """One reading with its weight, 0 to 100, which orders readings and means nothing else."""

    reading: Reading
    weight: int


def recognise(text: str, country: str = "") -> tuple[Possibility, ...]:
    """Return all readings of a text, likeliest first; the country, alpha-2, is where it was written, if anybody knows.

    Empty for a text of more than 400 characters.
    """
    if len(text) > LONGEST or not text.strip():
        return ()
    found = [Possibility(each, weight(each, text)) for each in readings(text, country)]
    return tuple(sorted(found, key=lambda each: (-each.weight, each.reading.kind, each.reading.key)))


def readings(text: str, country: str) -> Iterator[Reading]:
    """Yield what each family makes of a text."""
    readers: tuple[Callable[[str], Reading], ...] = (
        mrz.read,
        wallets.read,
        accounts.read,
        mail.read,
        domains.read,
        vin.read,
        devices.read,
        vessels.read,
        aircraft.read_mark,
        aircraft.read_address,
        firearms.read,
        name,
        lambda each: documents.read(each, country),
        lambda each: plates.read(each, country),
        lambda each: telephones.read(each, country),
    )
    for reader in readers:
        try:
            yield reader(text)
        except Malformed:
            continue
    try:
        yield from dates.read(text)
    except Malformed:
        return


def name(text: str) -> Reading:
    """Return a text as the name of a person: letters, no figures.

    Raises: Malformed if it cannot be one.
    """
    words = " ".join(unicodedata.normalize("NFKC", text).split())
    letters = sum(unicodedata.category(each)[0] in "LM" for each in words)
    if not NAME.match(words) or letters * 4 < len(words) * 3:
        raise Malformed(f"{len(text)} characters that are no name")
    key = words.casefold()
    return Reading(kind=Kind.NAME, key=key, folded=key, shown=words, proof=Proof.FORM)


def weight(reading: Reading, text: str) -> int:
    """Return how likely a reading is beside others of the same text."""
    base = WEIGHTS[reading.kind, reading.proof] + SPELT_OUT * names_its_kind(reading, text)
    return max(1, min(100, base - DOUBTED * len(reading.problems) - DOUBTED * (len(reading.repairs) > 0)))


def names_its_kind(reading: Reading, text: str) -> bool:
    """Tell whether the text says what it is."""
    level = plain(text).strip()
    match reading.kind:
        case Kind.SHIP:
            return level.startswith("IMO")
        case Kind.MMSI:
            return level.startswith("MMSI")
        case Kind.PHONE:
            return level.startswith("+") and not reading.problems
        case Kind.DOMAIN:
            return "://" in text or level.startswith("WWW.")
        case Kind.AIRCRAFT_MARK:
            return "-" in level and reading.shown == level
        case Kind.FIREARM:
            return bool(firearms.LABEL.match(level))
        case _:
            return False
