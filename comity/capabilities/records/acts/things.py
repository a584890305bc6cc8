"""What is recorded: a person, a document, a thing; one frozen struct for each kind of record, told apart by `of`.

Fields that a kind must have are those without which its databases take no record in: for a travel document number,
issuing country, document type and fraud type (ICAO Facilitation Panel paper on SLTD). The others are wanted. A field
that is not known is left out; an empty one is the same as none.
"""

from enum import StrEnum

import msgspec

from comity.capabilities.records.acts.values import (
    check_countries,
    check_dates,
    check_line,
    check_lines,
    check_many,
    check_number,
    check_text,
)


class RecordKind(StrEnum):
    """What a list holds records of."""

    NOMINAL = "nominal"
    TRAVEL_DOCUMENT = "travel-document"
    IDENTITY_DOCUMENT = "identity-document"
    VEHICLE = "vehicle"
    VESSEL = "vessel"
    AIRCRAFT = "aircraft"
    FIREARM = "firearm"
    DEVICE = "device"
    ART = "work-of-art"
    MONEY = "money"
    BIOMETRIC = "biometric-reference"


class Sex(StrEnum):
    """As a travel document says it: ICAO Doc 9303-4."""

    FEMALE = "F"
    MALE = "M"
    OTHER = "X"


class Status(StrEnum):
    """Why a person is recorded: RPD 44 (the list is GK-text)."""

    WANTED = "wanted"
    CONVICTED = "convicted"
    CHARGED = "charged"
    SUSPECT = "suspect"
    WITNESS = "witness"
    VICTIM = "victim"
    MISSING = "missing"
    UNIDENTIFIED = "unidentified"
    OF_INTEREST = "person-of-interest"


class Caution(StrEnum):
    """What an officer should know before coming near."""

    ARMED = "armed"
    VIOLENT = "violent"
    ESCAPES = "may-escape"
    ILL = "contagious-illness"
    SELF_HARM = "may-harm-themselves"


class Loss(StrEnum):
    """What happened to a document: the four fraud types of SLTD, and a forged one that was found."""

    BLANK = "stolen-blank"
    LOST = "lost"
    STOLEN = "stolen"
    REVOKED = "revoked"
    FORGED = "forged"


class Trouble(StrEnum):
    """What is the matter with a thing."""

    STOLEN = "stolen"
    LOST = "lost"
    EMBEZZLED = "embezzled"
    SOUGHT = "sought-as-evidence"
    ALTERED = "altered-or-forged"
    OBSERVE = "note-where-seen"


class Recorded(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="of"
):
    """The base of every record; `when` and `where` are of the loss, theft or deed, as far as they are known."""

    when: str = ""
    """A partial date."""
    where: str = ""
    """The country, by its code."""
    note: str = ""
    """What the source adds, and what whoever finds it should do."""

    def check(self) -> None:
        """Check what all records have."""
        if self.when:
            check_dates(when=self.when)
        if self.where:
            check_countries(where=self.where)
        if self.note:
            check_text("a note", self.note)


class Name(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One name of a person in one script; who has one name only has it as `family`."""

    family: str
    given: str = ""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        check_number("a family name", self.family)
        check_lines(given=self.given)


class Nominal(Recorded, frozen=True, kw_only=True, tag="nominal"):
    """A person."""

    names: tuple[Name, ...]
    """The principal one first; aliases, other spellings and other scripts follow."""
    status: Status
    born: tuple[str, ...] = ()
    """Partial dates; more than one where several are used."""
    birthplace: str = ""
    sex: Sex | None = None
    nationalities: tuple[str, ...] = ()
    """Codes, sorted."""
    documents: tuple[str, ...] = ()
    """Numbers of documents that the person carries; each may have a record of its own."""
    description: str = ""
    cautions: tuple[Caution, ...] = ()
    offences: str = ""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        self.check()
        if not self.names and self.status is not Status.UNIDENTIFIED:
            raise ValueError("a nominal has a name, unless the person is unidentified")
        many = {"names": self.names, "dates of birth": self.born, "documents": self.documents}
        for what, each in (many | {"nationalities": self.nationalities, "cautions": self.cautions}).items():
            check_many(what, each)
        for date in self.born:
            check_dates(born=date)
        for number in self.documents:
            check_number("a document's number", number)
        for code in self.nationalities:
            check_countries(nationality=code or "-")
        if list(self.nationalities) != sorted(set(self.nationalities)):
            raise ValueError("nationalities are sorted, each once")
        check_lines(birthplace=self.birthplace)
        check_text("a description", self.description)
        check_text("offences", self.offences)


class TravelDocument(Recorded, frozen=True, kw_only=True, tag="travel-document"):
    """A passport or another document to cross borders with (SLTD)."""

    number: str
    issuer: str
    """Code of the issuing country or organisation, ICAO Doc 9303-3."""
    type: str
    """The document code of ICAO Doc 9303: ``P``, ``PD``, ``V``; or the words of the issuer."""
    loss: Loss
    issued: str = ""
    expires: str = ""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        _check_document(self)


class IdentityDocument(Recorded, frozen=True, kw_only=True, tag="identity-document"):
    """An identity card, driving licence, residence permit or another paper that says who somebody is."""

    number: str
    issuer: str
    type: str
    """The words of the issuer."""
    loss: Loss
    issued: str = ""
    expires: str = ""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        _check_document(self)


class Vehicle(Recorded, frozen=True, kw_only=True, tag="vehicle"):
    """A motor vehicle, trailer or machine; at least its plate or its VIN is known."""

    trouble: Trouble
    plate: str = ""
    registered: str = ""
    """Country of registration."""
    vin: str = ""
    """ISO 3779 where it is from after 1980; otherwise the chassis number."""
    engine: str = ""
    category: str = ""
    make: str = ""
    model: str = ""
    colour: str = ""
    year: str = ""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        self.check()
        _check_numbers("a vehicle", plate=self.plate, vin=self.vin)
        check_countries(registered=self.registered)
        check_dates(year=self.year)
        check_lines(engine=self.engine, category=self.category, make=self.make, model=self.model, colour=self.colour)


class Vessel(Recorded, frozen=True, kw_only=True, tag="vessel"):
    """A ship or boat, or its engine; at least one of its numbers or its name is known."""

    trouble: Trouble
    name: str = ""
    imo: str = ""
    """IMO ship identification number."""
    mmsi: str = ""
    """ITU-R M.585."""
    hull: str = ""
    """Hull identification number, ISO 10087."""
    registration: str = ""
    call_sign: str = ""
    engine: str = ""
    flag: str = ""
    type: str = ""
    make: str = ""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        self.check()
        _check_numbers(
            "a vessel", name=self.name, imo=self.imo, mmsi=self.mmsi, hull=self.hull,
            registration=self.registration, call_sign=self.call_sign, engine=self.engine,
        )  # fmt: skip
        check_countries(flag=self.flag)
        check_lines(type=self.type, make=self.make)


class Aircraft(Recorded, frozen=True, kw_only=True, tag="aircraft"):
    """An aircraft or drone; at least one of its numbers is known."""

    trouble: Trouble
    registration: str = ""
    serial: str = ""
    address: str = ""
    """The 24 bits of ICAO Annex 10, as six hexadecimal digits."""
    registered: str = ""
    make: str = ""
    model: str = ""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        self.check()
        _check_numbers("an aircraft", registration=self.registration, serial=self.serial, address=self.address)
        check_countries(registered=self.registered)
        check_lines(make=self.make, model=self.model)


class Firearm(Recorded, frozen=True, kw_only=True, tag="firearm"):
    """A firearm or an essential part of one."""

    trouble: Trouble
    serial: str
    make: str = ""
    model: str = ""
    calibre: str = ""
    type: str = ""
    made_in: str = ""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        self.check()
        check_number("a serial number", self.serial)
        check_countries(made_in=self.made_in)
        check_lines(make=self.make, model=self.model, calibre=self.calibre, type=self.type)


class Device(Recorded, frozen=True, kw_only=True, tag="device"):
    """A telephone, computer or card, or a telephone number; at least one number is known."""

    trouble: Trouble
    imei: str = ""
    imsi: str = ""
    phone: str = ""
    """A subscriber's number, with the country in front: E.164."""
    serial: str = ""
    mac: str = ""
    make: str = ""
    model: str = ""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        self.check()
        _check_numbers("a device", imei=self.imei, imsi=self.imsi, phone=self.phone, serial=self.serial, mac=self.mac)
        check_lines(make=self.make, model=self.model)


class WorkOfArt(Recorded, frozen=True, kw_only=True, tag="work-of-art"):
    """A stolen work of art or cultural good: the headings of Object ID, an ICOM standard (GK-text)."""

    trouble: Trouble
    title: str
    type: str = ""
    """Painting, icon, coin, manuscript."""
    maker: str = ""
    period: str = ""
    materials: str = ""
    dimensions: str = ""
    inscriptions: str = ""
    features: str = ""
    reference: str = ""
    """Number in an inventory."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        self.check()
        check_line("a title", self.title)
        check_lines(
            type=self.type, maker=self.maker, period=self.period, materials=self.materials,
            dimensions=self.dimensions, reference=self.reference,
        )  # fmt: skip
        check_text("inscriptions", self.inscriptions)
        check_text("features", self.features)


class Money(Recorded, frozen=True, kw_only=True, tag="money"):
    """An account, a banknote or a run of them, or a wallet; at least one number is known."""

    trouble: Trouble
    iban: str = ""
    """ISO 13616."""
    account: str = ""
    bank: str = ""
    wallet: str = ""
    """An address as its network spells it; capitals count in most of them."""
    network: str = ""
    currency: str = ""
    """ISO 4217."""
    first: str = ""
    """Serial number of a banknote, or the first of a run."""
    last: str = ""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        self.check()
        check_lines(wallet=self.wallet, bank=self.bank, network=self.network)
        _check_numbers(
            "money", wallet=self.wallet[:32], iban=self.iban, account=self.account, first=self.first, last=self.last
        )
        check_countries(currency=self.currency)
        if self.last and not self.first:
            raise ValueError("a run of banknotes has a first number")


class Biometric(Recorded, frozen=True, kw_only=True, tag="biometric-reference"):
    """That the source holds a biometric of somebody, and how to ask for it; never the biometric itself."""

    modality: str
    """Face, fingerprint, palm, DNA, iris."""
    reference: str
    """By which the source finds it."""
    format: str = ""
    """ANSI/NIST-ITL and its version, for example."""
    person: str = ""
    """Key of the nominal in the same source's lists, where the person is known."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        self.check()
        check_line("a modality", self.modality)
        check_number("a reference", self.reference)
        check_lines(format=self.format, person=self.person)


Record = (
    Nominal | TravelDocument | IdentityDocument | Vehicle | Vessel | Aircraft | Firearm | Device | WorkOfArt | Money
    | Biometric
)  # fmt: skip
"""What a row may hold."""

STRUCTS: dict[RecordKind, type[Record]] = {
    RecordKind.NOMINAL: Nominal,
    RecordKind.TRAVEL_DOCUMENT: TravelDocument,
    RecordKind.IDENTITY_DOCUMENT: IdentityDocument,
    RecordKind.VEHICLE: Vehicle,
    RecordKind.VESSEL: Vessel,
    RecordKind.AIRCRAFT: Aircraft,
    RecordKind.FIREARM: Firearm,
    RecordKind.DEVICE: Device,
    RecordKind.ART: WorkOfArt,
    RecordKind.MONEY: Money,
    RecordKind.BIOMETRIC: Biometric,
}
"""The struct of each kind."""


def _check_document(document: TravelDocument | IdentityDocument) -> None:
    document.check()
    check_number("a document's number", document.number)
    check_line("a document's type", document.type)
    if not document.issuer:
        raise ValueError("a document has an issuing country")
    check_countries(issuer=document.issuer)
    if document.issued or document.expires:
        check_dates(issued=document.issued, expires=document.expires)


def _check_numbers(what: str, **numbers: str) -> None:
    """Refuse a thing by which nobody could find it."""
    known = {name: number for name, number in numbers.items() if number}
    if not known:
        raise ValueError(f"{what} has at least one of: {', '.join(numbers)}")
    for name, number in known.items():
        check_number(f"the number {name}", number)
