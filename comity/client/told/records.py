"""What the desk of a bureau answers: structs and enumerations.

Written by `make docs` from the desks; do not edit.
"""

from enum import StrEnum

import msgspec

from comity.client.said.records import RecordsRecordKind, RecordsTells
from comity.client.values import Flaw
from comity.core.handling import Label
from comity.core.ids import ActId, BureauId, Millis


class RecordsSaid(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an act about a list."""

    id: ActId
    kind: str
    to: tuple[BureauId, ...]
    said: Millis
    leaf: int


class RecordsPublished(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file of records."""

    lines: int
    rows: int
    batches: tuple[ActId, ...]
    flaws: tuple[Flaw, ...]


class RecordsShelved(msgspec.Struct, frozen=True, kw_only=True):
    """A list as it stands here."""

    id: ActId
    source: BureauId
    record: RecordsRecordKind | None
    shard: str
    months: int
    tells: RecordsTells
    holders: tuple[BureauId, ...]
    batches: int
    rows: int
    newest: Millis | None
    lapses: Millis | None
    lagging: tuple[BureauId, ...]


class RecordsName(msgspec.Struct, frozen=True, kw_only=True):
    """One name of a person in one script; who has one name only has it as `family`."""

    family: str
    given: str


class RecordsStatus(StrEnum):
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


class RecordsSex(StrEnum):
    """As a travel document says it: ICAO Doc 9303-4."""

    FEMALE = "F"
    MALE = "M"
    OTHER = "X"


class RecordsCaution(StrEnum):
    """What an officer should know before coming near."""

    ARMED = "armed"
    VIOLENT = "violent"
    ESCAPES = "may-escape"
    ILL = "contagious-illness"
    SELF_HARM = "may-harm-themselves"


class RecordsNominal(msgspec.Struct, frozen=True, kw_only=True):
    """A person."""

    when: str
    where: str
    note: str
    names: tuple[RecordsName, ...]
    status: RecordsStatus
    born: tuple[str, ...]
    birthplace: str
    sex: RecordsSex | None
    nationalities: tuple[str, ...]
    documents: tuple[str, ...]
    description: str
    cautions: tuple[RecordsCaution, ...]
    offences: str


class RecordsLoss(StrEnum):
    """What happened to a document: the four fraud types of SLTD, and a forged one that was found."""

    BLANK = "stolen-blank"
    LOST = "lost"
    STOLEN = "stolen"
    REVOKED = "revoked"
    FORGED = "forged"


class RecordsTravelDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A passport or another document to cross borders with (SLTD)."""

    when: str
    where: str
    note: str
    number: str
    issuer: str
    type: str
    loss: RecordsLoss
    issued: str
    expires: str


class RecordsIdentityDocument(msgspec.Struct, frozen=True, kw_only=True):
    """An identity card, driving licence, residence permit or another paper that says who somebody is."""

    when: str
    where: str
    note: str
    number: str
    issuer: str
    type: str
    loss: RecordsLoss
    issued: str
    expires: str


class RecordsTrouble(StrEnum):
    """What is the matter with a thing."""

    STOLEN = "stolen"
    LOST = "lost"
    EMBEZZLED = "embezzled"
    SOUGHT = "sought-as-evidence"
    ALTERED = "altered-or-forged"
    OBSERVE = "note-where-seen"


class RecordsVehicle(msgspec.Struct, frozen=True, kw_only=True):
    """A motor vehicle, trailer or machine; at least its plate or its VIN is known."""

    when: str
    where: str
    note: str
    trouble: RecordsTrouble
    plate: str
    registered: str
    vin: str
    engine: str
    category: str
    make: str
    model: str
    colour: str
    year: str


class RecordsVessel(msgspec.Struct, frozen=True, kw_only=True):
    """A ship or boat, or its engine; at least one of its numbers or its name is known."""

    when: str
    where: str
    note: str
    trouble: RecordsTrouble
    name: str
    imo: str
    mmsi: str
    hull: str
    registration: str
    call_sign: str
    engine: str
    flag: str
    type: str
    make: str


class RecordsAircraft(msgspec.Struct, frozen=True, kw_only=True):
    """An aircraft or drone; at least one of its numbers is known."""

    when: str
    where: str
    note: str
    trouble: RecordsTrouble
    registration: str
    serial: str
    address: str
    registered: str
    make: str
    model: str


class RecordsFirearm(msgspec.Struct, frozen=True, kw_only=True):
    """A firearm or an essential part of one."""

    when: str
    where: str
    note: str
    trouble: RecordsTrouble
    serial: str
    make: str
    model: str
    calibre: str
    type: str
    made_in: str


class RecordsDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A telephone, computer or card, or a telephone number; at least one number is known."""

    when: str
    where: str
    note: str
    trouble: RecordsTrouble
    imei: str
    imsi: str
    phone: str
    serial: str
    mac: str
    make: str
    model: str


class RecordsWorkOfArt(msgspec.Struct, frozen=True, kw_only=True):
    """A stolen work of art or cultural good: the headings of Object ID, an ICOM standard (GK-text)."""

    when: str
    where: str
    note: str
    trouble: RecordsTrouble
    title: str
    type: str
    maker: str
    period: str
    materials: str
    dimensions: str
    inscriptions: str
    features: str
    reference: str


class RecordsMoney(msgspec.Struct, frozen=True, kw_only=True):
    """An account, a banknote or a run of them, or a wallet; at least one number is known."""

    when: str
    where: str
    note: str
    trouble: RecordsTrouble
    iban: str
    account: str
    bank: str
    wallet: str
    network: str
    currency: str
    first: str
    last: str


class RecordsBiometric(msgspec.Struct, frozen=True, kw_only=True):
    """That the source holds a biometric of somebody, and how to ask for it; never the biometric itself."""

    when: str
    where: str
    note: str
    modality: str
    reference: str
    format: str
    person: str


class RecordsFound(msgspec.Struct, frozen=True, kw_only=True):
    """A record, as you may see it."""

    list: ActId
    source: BureauId
    key: str
    said: Millis
    until: Millis
    label: Label
    record: (
        RecordsNominal
        | RecordsTravelDocument
        | RecordsIdentityDocument
        | RecordsVehicle
        | RecordsVessel
        | RecordsAircraft
        | RecordsFirearm
        | RecordsDevice
        | RecordsWorkOfArt
        | RecordsMoney
        | RecordsBiometric
        | None
    )


class RecordsLag(msgspec.Struct, frozen=True, kw_only=True):
    """A holder that has not said that what we took back is gone, or when it said so."""

    act: ActId
    bureau: BureauId
    asked: Millis
    deadline: Millis
    rows: int
    stated: Millis | None
    dropped: int
    late: bool


class RecordsQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """Records of ours that lapse within six months, unless we keep them by publishing them again."""

    list: ActId
    record: RecordsRecordKind | None
    shard: str
    until: Millis
    batches: int
