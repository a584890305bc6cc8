"""The forms of typed requests: a question and an answer of each, and what each field refuses.

`make.py` writes the good ones to `forms/` and the bad ones to `bad/`. All names and numbers are made up: telephone
numbers and IMEIs from ranges that are kept for examples, plates and documents of no series in use.
"""

from collections.abc import Iterator
from typing import Any

from comity.capabilities.messages.acts import (
    Assent,
    Document,
    DocumentAnswer,
    DocumentStatus,
    DocumentType,
    Finding,
    Form,
    HitAnswer,
    HitConfirmation,
    Identity,
    IdentityAnswer,
    Measure,
    Name,
    Operation,
    OperationAnswer,
    Outcome,
    Person,
    Phone,
    PhoneAnswer,
    Reading,
    Reply,
    Request,
    Sex,
    Thing,
    Urgency,
    Vehicle,
    VehicleAnswer,
    VehicleStatus,
    Verdict,
    form_of,
)
from comity.core.act import Act, encode_body, kind_of
from comity.core.codec import encode, unpack
from comity.core.ids import Millis
from tests.vectors.good import Vector, readable

AT = Millis(1_767_225_600_000)
"""2026-01-01T00:00:00Z."""

PERSON = Person(
    name=Name(family="بنعلي", given="أمينة", latin_family="Benali", latin_given="Amina"),
    aliases=(Name(family="Ødegård", given="Kari"),),
    born="1984-05",
    birthplace="Sefrou",
    sex=Sex.FEMALE,
    nationalities=("MAR", "NOR"),
)
VEHICLE = Vehicle(plate="ZZ 00000", country="NOR", vin="1M8GDM9AXKP042788", make="Example", model="One", colour="blue")

PAIRS: tuple[tuple[Form, Finding], ...] = (
    (Identity(person=PERSON), IdentityAnswer(outcome=Outcome.FOUND, person=PERSON)),
    (
        Document(number="ZZ0000000", country="D", type=DocumentType.PASSPORT),
        DocumentAnswer(
            outcome=Outcome.PARTIAL, status=DocumentStatus.STOLEN_BLANK, holder=PERSON, issued="2021", expires="2031-02"
        ),
    ),
    (
        VEHICLE,
        VehicleAnswer(outcome=Outcome.FOUND, status=VehicleStatus.STOLEN, vehicle=VEHICLE, keeper=PERSON),
    ),
    (
        Phone(number="+4721000000", imei="490154203237510", reading=Reading.AS_SEEN),
        PhoneAnswer(outcome=Outcome.FOUND, subscriber=PERSON, operator="Example", since="2020-01-31"),
    ),
    (
        Operation(measure=Measure.OBSERVE, place="Oslo harbour", begins=AT, ends=Millis(AT + 3_600_000)),
        OperationAnswer(assent=Assent.PARTLY, begins=AT, ends=Millis(AT + 1_800_000)),
    ),
    (
        HitConfirmation(
            record="2026/1187", thing=Thing.VEHICLE, found_at=AT, place="Svinesund", agrees="plate, VIN, colour"
        ),
        HitAnswer(verdict=Verdict.CONFIRMED, measures="hold the vehicle"),
    ),
)
"""Question and answer of each form, with every field that it has."""


def asked(form: Form) -> Request:
    """Return a request of this form."""
    urgent = Urgency.URGENT
    return Request(title=f"Request: {form_of(form)}", text="", language="en", urgency=urgent, form=form)


def answered(finding: Finding) -> Reply:
    """Return a reply of this form."""
    return Reply(title=f"Re: Request: {form_of(finding)}", text="", language="en", answer=finding)


def good() -> Iterator[Vector]:
    """Yield a vector of each form, asked and answered."""
    for form, finding in PAIRS:
        for act in (asked(form), answered(finding)):
            body = encode_body(act)
            name = f"forms/{kind_of(act).replace('/', '.')}.{form_of(form)}"
            yield Vector(name, {"kind": kind_of(act), "act": readable(act), "body": body.hex()}, body)


NAME = {"family": "Benali"}
BAD: dict[str, tuple[Act, dict[str, Any], str]] = {
    "unknown": (asked(VEHICLE), {"form": "boat", "name": "Fram"}, "a form that this version does not have"),
    "unknown-field": (
        asked(PAIRS[0][0]),
        {"person": {"name": NAME}, "shoe": 42},
        "a field that the form does not have",
    ),
    "no-name": (asked(PAIRS[0][0]), {"person": {}}, "a person without a name"),
    "name-empty": (asked(PAIRS[0][0]), {"person": {"name": {"family": ""}}}, "a name without a letter"),
    "name-script": (asked(PAIRS[0][0]), {"person": {"name": {"family": "بنعلي"}}}, "no transliteration beside it"),
    "name-latin": (
        asked(PAIRS[0][0]),
        {"person": {"name": {"family": "بنعلي", "latin_family": "Ben3ali"}}},
        "a transliteration with a digit",
    ),
    "born-no-day": (asked(PAIRS[0][0]), {"person": {"name": NAME, "born": "2023-02-29"}}, "a day that there is not"),
    "born-day-only": (asked(PAIRS[0][0]), {"person": {"name": NAME, "born": "05-17"}}, "no year"),
    "nationality": (asked(PAIRS[0][0]), {"person": {"name": NAME, "nationalities": ["no"]}}, "a code of two letters"),
    "nationality-twice": (
        asked(PAIRS[0][0]),
        {"person": {"name": NAME, "nationalities": ["NOR", "NOR"]}},
        "each nationality once",
    ),
    "document-blank": (asked(PAIRS[1][0]), {"number": "ZZ 000"}, "a blank in a document's number"),
    "document-long": (asked(PAIRS[1][0]), {"number": "Z" * 23}, "23 signs, 22 may be"),
    "vehicle-nothing": (asked(VEHICLE), {"form": "vehicle", "make": "Example"}, "neither plate nor VIN"),
    "vehicle-no-country": (asked(VEHICLE), {"form": "vehicle", "plate": "ZZ 00000"}, "a plate of no country"),
    "vin-short": (asked(VEHICLE), {"vin": "1M8GDM9AXKP04278"}, "16 signs"),
    "vin-letter-o": (asked(VEHICLE), {"vin": "1M8GDM9AXKPO42788"}, "the letter O, which looks like a nought"),
    "plate-small": (asked(VEHICLE), {"plate": "zz 00000"}, "small letters"),
    "phone-national": (asked(PAIRS[3][0]), {"number": "21000000"}, "no country"),
    "phone-long": (asked(PAIRS[3][0]), {"number": "+4721000000000000"}, "16 digits"),
    "imei-short": (asked(PAIRS[3][0]), {"imei": "49015420323751"}, "14 digits"),
    "operation-backwards": (asked(PAIRS[4][0]), {"ends": AT}, "ends when it begins"),
    "hit-no-record": (asked(PAIRS[5][0]), {"record": ""}, "of no record"),
    "not-found-person": (
        answered(PAIRS[0][1]),
        {"outcome": "not-found"},
        "what was not found has no particulars",
    ),
    "found-nothing": (answered(PAIRS[3][1]), {"form": "phone", "outcome": "found"}, "found, and nothing said of it"),
    "refused-times": (answered(PAIRS[4][1]), {"assent": "refused"}, "refused, with times"),
    "open-measures": (answered(PAIRS[5][1]), {"verdict": "open"}, "measures before the hit is confirmed"),
}
"""By name: the good act, what of its form is changed (all of it, where the form is named), and why that is wrong."""


def bad() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield bodies whose form is wrong in one thing."""
    for name, (act, changes, why) in BAD.items():
        plain = unpack(encode_body(act))
        field = "form" if isinstance(act, Request) else "answer"
        plain[field] = changes if "form" in changes else {**plain[field], **changes}
        raw = encode(plain)
        yield f"form-{name}.malformed", {"why": why, "reader": "body", "kind": kind_of(act), "bytes": raw.hex()}
    plain = unpack(encode_body(asked(VEHICLE)))
    del plain["form"]
    described = {"why": "neither a form nor a text", "reader": "body", "kind": "messages.request/1"}
    yield "form-missing.malformed", {**described, "bytes": encode(plain).hex()}
