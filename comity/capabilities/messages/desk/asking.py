"""Asking by form: a command for each thing that bureaus ask for, so that both sides can process it (decision 0034)."""

import re
from typing import Annotated

from comity.capabilities.messages.acts import (
    Document,
    DocumentType,
    Form,
    HitConfirmation,
    Identity,
    Measure,
    Name,
    Operation,
    Person,
    Phone,
    Reading,
    Request,
    Sex,
    Thing,
    Urgency,
    Vehicle,
    form_of,
)
from comity.capabilities.messages.desk.addressing import addressed
from comity.capabilities.messages.desk.attaching import attached
from comity.capabilities.messages.desk.parts import (
    LANES,
    Attach,
    Audience,
    Case,
    Certainty,
    Code,
    Expires,
    HowSoon,
    Language,
    Law,
    Level,
    Passing,
    Reach,
    Reliability,
    Sent,
    Terms,
    Text,
    To,
    Until,
    Why,
    among,
    based_on,
    labelled,
    made,
    say,
)
from comity.capabilities.messages.desk.shared import Options, shares
from comity.capabilities.messages.tables import MOST_ASKED
from comity.core.capability import Reader
from comity.core.desk import about
from comity.core.envelope import Lane
from comity.core.errors import Misused
from comity.core.handling import Confidentiality, Handling, Onward, Purpose, Source
from comity.core.ids import Millis
from comity.node.bureau import Bureau

Country = Annotated[str, about("country, three letters as in a passport: NOR, MAR, D")]
Plate = Annotated[str, about("registration, as it stands on the plate")]
Vin = Annotated[str, about("vehicle identification number, 17 signs")]
How = Annotated[Reading, about("checked: its check digit must fit; as-seen: it stands there so, right or wrong")]
Line = Annotated[str, about("in a few words")]


class Asking(Options, frozen=True, kw_only=True):
    """What every request by form has beside its form."""

    to: To
    urgency: HowSoon = Urgency.NORMAL
    text: Text = ""
    language: Language = "en"
    attach: Attach = ()
    purpose: Why = Purpose.INVESTIGATE
    law: Law = ""
    law_until: Until = None
    handling: Code = Handling.H0
    reliability: Reliability = Source.X
    certainty: Certainty = 4
    confidentiality: Level = Confidentiality.OFFICIAL
    onward: Passing = Onward.ASK
    audience: Audience = ()
    expires: Expires = None
    terms: Terms = ""
    reach: Reach = None
    case: Case = ()


class Particulars(Options, frozen=True, kw_only=True):
    """Who somebody is."""

    family_name: Annotated[str, about("family name, in its own script; a person's only name too")] = ""
    given_names: Annotated[str, about("given names, in their own script")] = ""
    latin_family_name: Annotated[str, about("family name in Latin letters, as in a passport")] = ""
    latin_given_names: Annotated[str, about("given names in Latin letters, as in a passport")] = ""
    alias: Annotated[tuple[str, ...], about("another name, as FAMILY, GIVEN; repeat it for several")] = ()
    born: Annotated[str, about("date of birth, as much as is known: 1984, 1984-05 or 1984-05-17")] = ""
    birthplace: Annotated[str, about("place of birth")] = ""
    sex: Annotated[Sex | None, about("F, M or X, as in a passport")] = None
    nationality: Annotated[tuple[str, ...], about("nationality, three letters: NOR; repeat it for several")] = ()


@shares
def ask_identity(bureau: Bureau, reader: Reader, asking: Asking, particulars: Particulars) -> Sent:
    """Ask who a person is and what is known of them.

    Example: comity ask-identity --to no --family-name Ødegård --given-names Kari --born 1984-05
    """
    person = person_of(particulars)
    if person is None:
        raise Misused("say whom you ask about: --family-name")
    return _ask(bureau, reader, asking, made(Identity, person=person))


@shares
def ask_document(
    bureau: Bureau, reader: Reader, asking: Asking, *,
    number: Annotated[str, about("number of the document")],
    country: Annotated[str, about("who issued it, three letters: NOR")],
    document: Annotated[DocumentType, about("which sort of document")] = DocumentType.PASSPORT,
) -> Sent:  # fmt: skip
    """Ask whether a document is genuine, and whose it is.

    Example: comity ask-document --to no --number AB1234567 --country NOR --document passport
    """
    form = made(Document, number=compact(number), country=country_of(country), type=document)
    return _ask(bureau, reader, asking, form)


@shares
def ask_vehicle(  # noqa: PLR0913 - the form has these fields
    bureau: Bureau, reader: Reader, asking: Asking, *, plate: Plate = "", country: Country = "", vin: Vin = "",
    reading: How = Reading.CHECKED, make: Line = "", model: Line = "", colour: Line = "",
) -> Sent:  # fmt: skip
    """Ask whether a vehicle is reported, and who keeps it.

    Example: comity ask-vehicle --to no --plate "AB 12345" --country NOR --urgency urgent
    """
    form = made(
        Vehicle, plate=plate.strip().upper(), country=country_of(country), vin=compact(vin), reading=reading, make=make,
        model=model, colour=colour,
    )  # fmt: skip
    return _ask(bureau, reader, asking, form)


@shares
def ask_phone(
    bureau: Bureau, reader: Reader, asking: Asking, *,
    number: Annotated[str, about("telephone number with its country: +47 21 00 00 00")] = "",
    imei: Annotated[str, about("IMEI of a device, 15 digits")] = "", reading: How = Reading.CHECKED,
) -> Sent:  # fmt: skip
    """Ask whose a telephone number or a device is.

    Example: comity ask-phone --to no --number "+47 21 00 00 00"
    """
    form = made(Phone, number=compact(number), imei=compact(imei), reading=reading)
    return _ask(bureau, reader, asking, form)


@shares
def ask_operation(  # noqa: PLR0913 - the form has these fields
    bureau: Bureau, reader: Reader, asking: Asking, *,
    measure: Annotated[Measure, about("what is to be done or allowed")],
    place: Annotated[str, about("where, in a few words")],
    begins: Annotated[Millis, about("from when")], ends: Annotated[Millis, about("until when")],
) -> Sent:  # fmt: skip
    """Ask another bureau to do something, or to allow it, at a place and time.

    Example: comity ask-operation --to no --measure observe --place "Oslo harbour" --begins 2026-12-01T18:00
    --ends 2026-12-02
    """
    return _ask(bureau, reader, asking, made(Operation, measure=measure, place=place, begins=begins, ends=ends))


@shares
def ask_hit(  # noqa: PLR0913 - the form has these fields
    bureau: Bureau, reader: Reader, asking: Asking, *,
    record: Annotated[str, about("the source's own reference of its record")],
    thing: Annotated[Thing, about("what the hit is on")],
    found_at: Annotated[Millis | None, about("when it was found, by default now")] = None, place: Line = "",
    agrees: Annotated[str, about("what agrees with the record, in a few words")] = "",
) -> Sent:  # fmt: skip
    """Ask the source to confirm a hit: urgent within ten minutes, otherwise within an hour. Nothing is done before.

    Example: comity ask-hit --to no --record 2026/1187 --thing vehicle --urgency urgent --agrees "plate, VIN"
    """
    at = bureau.now() if found_at is None else found_at
    if at > bureau.now():
        raise Misused("a hit was found before now; --found-at lies ahead")
    form = made(HitConfirmation, record=record, thing=thing, found_at=at, place=place, agrees=agrees)
    return _ask(bureau, reader, asking, form)


def person_of(given: Particulars) -> Person | None:
    """Return the person whom the options describe; None if they name nobody."""
    if not given.family_name:
        if any(getattr(given, name) for name in given.__struct_fields__):
            raise Misused("particulars of a person need a name: --family-name")
        return None
    name = made(
        Name, family=given.family_name.strip(), given=given.given_names.strip(),
        latin_family=given.latin_family_name.strip(), latin_given=given.latin_given_names.strip(),
    )  # fmt: skip
    return made(
        Person, name=name, aliases=tuple(map(_alias, given.alias)), born=given.born, birthplace=given.birthplace,
        sex=given.sex, nationalities=tuple(sorted({country_of(code) for code in given.nationality})),
    )  # fmt: skip


def compact(number: str) -> str:
    """Return a number without what people put between its signs."""
    return re.sub(r"[\s().-]", "", number).upper()


def country_of(code: str) -> str:
    """Return a country's code as ICAO Doc 9303-3 has it; Germany's there is one letter."""
    text = code.strip().upper()
    return "D" if text == "DEU" else text


def _alias(text: str) -> Name:
    family, _, given = text.partition(",")
    return made(Name, family=family.strip(), given=given.strip())


def _ask(bureau: Bureau, reader: Reader, asking: Asking, form: Form) -> Sent:
    to = addressed(bureau, reader, asking.to, asking.reach, most=MOST_ASKED)
    label = labelled(
        asking.handling, asking.reliability, asking.certainty, asking.confidentiality, asking.onward,
        among(bureau, asking.audience), asking.expires,
    )  # fmt: skip
    basis, lane = based_on(asking.law, asking.law_until), LANES.get(asking.urgency, Lane.NORMAL)
    with attached(bureau, asking.attach) as files:
        # The title stands in lists and on screens: it says what kind of question this is, and of whom it is nothing.
        act = made(
            Request, title=f"Request: {form_of(form)}", text=asking.text, language=asking.language, terms=asking.terms,
            attachments=files, urgency=asking.urgency, form=form,
        )  # fmt: skip
        return say(
            bureau, reader, act, to, purpose=asking.purpose, label=label, basis=basis, lane=lane, cases=asking.case
        )
