"""By what a record is found: names as they are written, and each number under the one spelling that its kind has.

Decisions 0047, 0048 and 0050. The engine reads numbers; one that it cannot read is still found by whoever types it as
it stands on the thing, for a forged number has no proper form. Who asks folds in the same way (`folded`), or nothing
would be found.

Not done: a number inside a free text; a search for what differs by a character; a run of more than a thousand
banknotes, of which the first and the last are found.

>>> folded("document", "l 898902-C3"), folded("vin", "no number")
('1898902C3', 'N0NUM8ER')
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from comity.capabilities.records.acts import (
    STRUCTS,
    Aircraft,
    Biometric,
    Device,
    Firearm,
    IdentityDocument,
    Money,
    Name,
    Nominal,
    Record,
    Row,
    TravelDocument,
    Vehicle,
    Vessel,
    WorkOfArt,
)
from comity.core.codec import decode
from comity.core.errors import Malformed
from comity.core.rows import Findable

MOST_NOTES = 1_000
"""Banknotes of one run that are found one by one: ten bundles of a hundred."""

_WORDS = {struct: kind.value for kind, struct in STRUCTS.items()}
_EAST_ASIAN = range(0x2E80, 0xD7B0)
"""Han, Kana, Bopomofo and Hangul, where the family name comes first."""

_Numbers = Iterator[tuple[str, str, str]]
"""Kind, number as the record has it, and the country that issued it, where that matters."""


def findable(row: bytes) -> Findable:
    """Return by what a row is found.

    Raises:
        Malformed: these bytes are no row.

    """
    record = decode(row, Row).record
    found = dict.fromkeys((kind, folded(kind, number, country)) for kind, number, country in _numbers(record))
    if not isinstance(record, Nominal):
        return Findable(what=_WORDS[type(record)], identifiers=tuple(found))
    return Findable(
        what=_WORDS[Nominal], names=tuple(dict.fromkeys(map(_written, record.names))), identifiers=tuple(found),
        born=record.born, nationalities=record.nationalities, sex=record.sex or "",
        places=(record.birthplace,) if record.birthplace else (),
    )  # fmt: skip


def folded(kind: str, number: str, country: str = "") -> str:
    """Return a number of a kind as the index has it: as its kind is read, or folded as any number is.

    The country, a code of ICAO Doc 9303-3 or ISO 3166, is the caller's knowledge; plates and telephones need it.
    """
    read, plainly, country_of = _engine()
    try:
        if kind in read:
            return read[kind](number, country_of(country) or country[:2] if country else "")
    except Malformed:
        pass
    return plainly(number) or number.strip().casefold()


def _written(name: Name) -> str:
    first, then = name.given, name.family
    if any(ord(letter) in _EAST_ASIAN for letter in name.family):
        first, then = then, first
    return f"{first} {then}".strip()


def _numbers(record: Record) -> _Numbers:
    match record:
        case Nominal():
            yield from (("document", number, "") for number in record.documents)
        case TravelDocument() | IdentityDocument():
            yield "document", record.number, record.issuer
        case Biometric():
            yield "reference", record.reference, ""
        case WorkOfArt():
            yield from _known(title=record.title, reference=record.reference)
        case Money():
            yield from _known(iban=record.iban, account=record.account, wallet=record.wallet)
            yield from (("banknote", number, "") for number in _notes(record.first, record.last))
        case _:
            yield from _of_things(record)


def _of_things(record: Vehicle | Vessel | Aircraft | Firearm | Device) -> _Numbers:
    match record:
        case Vehicle():
            yield from _known(record.registered, plate=record.plate)
            yield from _known(vin=record.vin, engine=record.engine)
        case Vessel():
            yield from _known(ship=record.imo, mmsi=record.mmsi, hull=record.hull, registration=record.registration)
            yield from _known(call_sign=record.call_sign, engine=record.engine, vessel=record.name)
        case Aircraft():
            yield from _known(aircraft_mark=record.registration, aircraft_address=record.address, serial=record.serial)
        case Firearm():
            yield "firearm", record.serial, ""
        case Device():
            yield from _known(imei=record.imei, imsi=record.imsi, phone=record.phone)
            yield from _known(serial=record.serial, mac=record.mac)


def _known(country: str = "", **numbers: str) -> _Numbers:
    yield from ((kind.replace("_", "-"), number, country) for kind, number in numbers.items() if number)


def _notes(first: str, last: str) -> Iterable[str]:
    """Return the numbers of a run of banknotes.

    >>> list(_notes("AB0098", "AB0101")), list(_notes("AB1", "XY2"))
    (['AB0098', 'AB0099', 'AB0100', 'AB0101'], ['AB1', 'XY2'])
    """
    if not last or first == last:
        return (first,) if first else ()
    digits = 0
    while digits < len(first) and first[-1 - digits].isdecimal() and first[-1 - digits].isascii():
        digits += 1
    series, begin, end = first[: len(first) - digits], first[len(first) - digits :], last[len(first) - digits :]
    alike = len(first) == len(last) and last.startswith(series) and end.isascii() and end.isdecimal()
    if not digits or not alike or not 0 <= int(end) - int(begin) < MOST_NOTES:
        return (first, last)
    return (f"{series}{number:0{digits}}" for number in range(int(begin), int(end) + 1))


_Read = Callable[[str, str], str]


@lru_cache(maxsize=1)
def _engine() -> tuple[dict[str, _Read], Callable[[str], str], Callable[[str], str]]:
    """Return the engine's readers; its libraries take a third of a second to load, and most commands need none."""
    from comity.engines.match.identifiers import (  # noqa: PLC0415
        accounts,
        aircraft,
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
    from comity.engines.match.identifiers.folding import compact  # noqa: PLC0415
    from comity.engines.match.identifiers.folding import folded as alike  # noqa: PLC0415
    from comity.engines.match.identifiers.states import country_of  # noqa: PLC0415

    def document(text: str, country: str) -> str:
        # An officer may hand over the zone of a document for its number.
        return mrz.read(text).folded if "<" in text or "\n" in text else documents.read(text, country).folded

    readers: dict[str, _Read] = {
        "document": document,
        "plate": lambda text, country: plates.read(text, country).folded,
        "phone": lambda text, country: telephones.read(text, country).folded,
        "vin": lambda text, _: vin.read(text).folded,
        "imei": lambda text, _: devices.read(text).folded,
        "iban": lambda text, _: accounts.read(text).folded,
        "email": lambda text, _: mail.read(text).folded,
        "domain": lambda text, _: domains.read(text).folded,
        "wallet": lambda text, _: wallets.read(text).folded,
        "firearm": lambda text, _: firearms.read(text).folded,
        "ship": lambda text, _: vessels.read(text).folded,
        "mmsi": lambda text, _: vessels.read(text).folded,
        "aircraft-mark": lambda text, _: aircraft.read_mark(text).folded,
        "aircraft-address": lambda text, _: aircraft.read_address(text).folded,
    }
    return readers, lambda text: alike(compact(text)), country_of
