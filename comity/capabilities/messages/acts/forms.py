"""The forms of typed requests, and those of their answers (decision 0034).

A form is what both sides can process without reading: one struct for each thing that bureaus ask for, told apart by the
field ``form``. A request without one is free text. The answer to a form has the same name and says first what came of
it.
"""

from enum import StrEnum

import msgspec

from comity.capabilities.messages.acts.values import (
    Person,
    Reading,
    check_country,
    check_date,
    check_document,
    check_imei,
    check_line,
    check_optional,
    check_phone,
    check_plate,
    check_vin,
)
from comity.core.ids import Millis


class DocumentType(StrEnum):
    """Kinds of documents that bureaus ask about."""

    PASSPORT = "passport"
    IDENTITY_CARD = "identity-card"
    VISA = "visa"
    RESIDENCE = "residence-permit"
    DRIVING = "driving-licence"
    REGISTRATION = "vehicle-registration"
    OTHER = "other"


class Measure(StrEnum):
    """What one bureau asks another to do or to allow."""

    OBSERVE = "observe"
    FOLLOW = "follow-across-the-border"
    DELIVERY = "controlled-delivery"
    ARREST = "arrest"
    SEARCH = "search"
    SUPPORT = "support"


class Thing(StrEnum):
    """What a hit is on."""

    PERSON = "person"
    DOCUMENT = "document"
    VEHICLE = "vehicle"
    OBJECT = "object"


class Question(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="form"
):
    """What is asked for; each form is a struct of its own."""


class Identity(Question, frozen=True, kw_only=True, tag="identity"):
    """Who is this person, and what is known of them?"""

    person: Person


class Document(Question, frozen=True, kw_only=True, tag="document"):
    """Is this document genuine, and whose is it?"""

    number: str
    country: str
    """Who issued it: a code of ICAO Doc 9303-3."""
    type: DocumentType

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        check_document(self.number)
        check_country(self.country)


class Vehicle(Question, frozen=True, kw_only=True, tag="vehicle"):
    """Is this vehicle reported, and who keeps it?"""

    plate: str = ""
    country: str = ""
    """Where it is registered; needed with the plate."""
    vin: str = ""
    reading: Reading = Reading.CHECKED
    """Of the VIN."""
    make: str = ""
    model: str = ""
    colour: str = ""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if not self.plate and not self.vin:
            raise ValueError("a vehicle is named by its plate or its VIN")
        if bool(self.plate) != bool(self.country):
            raise ValueError("a plate needs the country of registration, and the other way round")
        if self.plate:
            check_plate(self.plate)
            check_country(self.country)
        if self.vin:
            check_vin(self.vin)
        for what, text in (("a make", self.make), ("a model", self.model), ("a colour", self.colour)):
            check_optional(what, text)


class Phone(Question, frozen=True, kw_only=True, tag="phone"):
    """Whose is this number or this device?"""

    number: str = ""
    imei: str = ""
    reading: Reading = Reading.CHECKED
    """Of the IMEI."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if not self.number and not self.imei:
            raise ValueError("a telephone is named by its number or its IMEI")
        if self.number:
            check_phone(self.number)
        if self.imei:
            check_imei(self.imei)


class Operation(Question, frozen=True, kw_only=True, tag="operation"):
    """Will you do this, or allow it, at that place and time?"""

    measure: Measure
    place: str
    begins: Millis
    ends: Millis

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        check_line("a place", self.place)
        if self.ends <= self.begins:
            raise ValueError("an operation ends after it begins")


class HitConfirmation(Question, frozen=True, kw_only=True, tag="hit"):
    """Is what we found the one in your record, and is the record still in force?"""

    record: str
    """The source's own reference of the record."""
    thing: Thing
    found_at: Millis
    place: str = ""
    agrees: str = ""
    """What agrees with the record, in a line: ``document number, date of birth``."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        check_line("a record's reference", self.record)
        check_optional("a place", self.place)
        check_optional("what agrees", self.agrees)


Form = Identity | Document | Vehicle | Phone | Operation | HitConfirmation


class Outcome(StrEnum):
    """What a search in one's own files came to."""

    FOUND = "found"
    PARTIAL = "partial"
    """Something, and not all that was asked; the text says what is lacking."""
    NOT_FOUND = "not-found"


class Assent(StrEnum):
    """Whether a bureau does or allows what was asked."""

    AGREED = "agreed"
    PARTLY = "partly"
    REFUSED = "refused"


class Verdict(StrEnum):
    """What the source says of a hit; nothing is done before it says ``confirmed``."""

    CONFIRMED = "confirmed"
    OPEN = "open"
    """It cannot say yet; the text says by when."""
    REJECTED = "rejected"


class DocumentStatus(StrEnum):
    """Where a document stands in its issuer's files."""

    VALID = "valid"
    EXPIRED = "expired"
    LOST = "lost"
    STOLEN = "stolen"
    STOLEN_BLANK = "stolen-blank"
    REVOKED = "revoked"
    NEVER_ISSUED = "never-issued"


class VehicleStatus(StrEnum):
    """Where a vehicle stands in the files."""

    CLEAR = "clear"
    STOLEN = "stolen"
    WANTED = "wanted"
    DEREGISTERED = "deregistered"


class Answer(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="form"
):
    """What is answered; each form is a struct of its own, of the name of its question."""

    def _check(self, outcome: Outcome, *known: object) -> None:
        if outcome is Outcome.NOT_FOUND and any(known):
            raise ValueError("what was not found has no particulars")
        if outcome is Outcome.FOUND and not any(known):
            raise ValueError("what was found has particulars")


class IdentityAnswer(Answer, frozen=True, kw_only=True, tag="identity"):
    """Who the person is by the replier's files."""

    outcome: Outcome
    person: Person | None = None

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        self._check(self.outcome, self.person)


class DocumentAnswer(Answer, frozen=True, kw_only=True, tag="document"):
    """Where the document stands, and whose it is."""

    outcome: Outcome
    status: DocumentStatus | None = None
    holder: Person | None = None
    issued: str = ""
    """A partial date."""
    expires: str = ""
    """A partial date."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        check_date(self.issued)
        check_date(self.expires)
        self._check(self.outcome, self.status, self.holder, self.issued, self.expires)


class VehicleAnswer(Answer, frozen=True, kw_only=True, tag="vehicle"):
    """Where the vehicle stands, what it is, and who keeps it."""

    outcome: Outcome
    status: VehicleStatus | None = None
    vehicle: Vehicle | None = None
    keeper: Person | None = None

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        self._check(self.outcome, self.status, self.vehicle, self.keeper)


class PhoneAnswer(Answer, frozen=True, kw_only=True, tag="phone"):
    """Whose the number or the device is."""

    outcome: Outcome
    subscriber: Person | None = None
    operator: str = ""
    since: str = ""
    """A partial date."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        check_optional("an operator", self.operator)
        check_date(self.since)
        self._check(self.outcome, self.subscriber, self.operator, self.since)


class OperationAnswer(Answer, frozen=True, kw_only=True, tag="operation"):
    """Whether it is done or allowed, and within which times."""

    assent: Assent
    begins: Millis | None = None
    ends: Millis | None = None

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if (self.begins is None) != (self.ends is None):
            raise ValueError("times are given both or not at all")
        if self.begins is not None and self.ends is not None and self.ends <= self.begins:
            raise ValueError("an operation ends after it begins")
        if self.assent is Assent.REFUSED and self.begins is not None:
            raise ValueError("what is refused has no times")


class HitAnswer(Answer, frozen=True, kw_only=True, tag="hit"):
    """Whether it is the one, and whether the record is in force."""

    verdict: Verdict
    measures: str = ""
    """What the source asks for now, in a line."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        check_optional("what is asked for", self.measures)
        if self.verdict is not Verdict.CONFIRMED and self.measures:
            raise ValueError("nothing is asked for before the hit is confirmed")


Finding = IdentityAnswer | DocumentAnswer | VehicleAnswer | PhoneAnswer | OperationAnswer | HitAnswer


def form_of(form: Form | Finding) -> str:
    """Return the name of a form; question and answer have the same."""
    return str(form.__struct_config__.tag)
