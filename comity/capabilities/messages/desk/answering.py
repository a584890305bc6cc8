"""Answering: in free text, or in the form in which was asked; the reply closes the clock of its request."""

from typing import Annotated

from msgspec.structs import replace

from comity.capabilities.messages.acts import (
    Assent,
    DocumentAnswer,
    DocumentStatus,
    Finding,
    HitAnswer,
    IdentityAnswer,
    OperationAnswer,
    Outcome,
    PhoneAnswer,
    Reading,
    Reply,
    Request,
    Vehicle,
    VehicleAnswer,
    VehicleStatus,
    Verdict,
)
from comity.capabilities.messages.desk.asking import (
    Country,
    How,
    Line,
    Particulars,
    Plate,
    Vin,
    compact,
    country_of,
    person_of,
)
from comity.capabilities.messages.desk.attaching import attached
from comity.capabilities.messages.desk.parts import (
    LANES,
    About,
    Attach,
    Certainty,
    Code,
    Language,
    Law,
    Passing,
    Reliability,
    Sent,
    Terms,
    Text,
    TextFile,
    Title,
    Until,
    based_on,
    labelled,
    made,
    say,
    text_of,
)
from comity.capabilities.messages.desk.shared import Options, shares
from comity.core.act import Relation
from comity.core.capability import Reader
from comity.core.desk import about
from comity.core.envelope import Lane
from comity.core.errors import Misused
from comity.core.handling import Handling, Onward, Source, join
from comity.core.ids import Millis
from comity.node.bureau import Bureau
from comity.node.view import View

Found = Annotated[Outcome, about("found, partial or not-found")]
Since = Annotated[str, about("a date, as much as is known: 2020, 2020-05 or 2020-05-17")]


class Answering(Options, frozen=True, kw_only=True):
    """What every reply has."""

    act: About
    text: Text = ""
    file: TextFile = None
    title: Title = ""
    language: Language = "en"
    attach: Attach = ()
    law: Law = ""
    law_until: Until = None
    handling: Code = Handling.H0
    reliability: Reliability = Source.X
    certainty: Certainty = 4
    onward: Passing = Onward.ASK
    terms: Terms = ""


@shares
def reply(bureau: Bureau, reader: Reader, answering: Answering) -> Sent:
    """Answer a request that was put to this bureau.

    The reply takes over purpose, basis, label and terms of the request; options can make the label stricter, never
    looser. How reliable the answer is, the reply says itself.

    Example: comity reply 3fa2 --text "It left on Tuesday at 06:10 UTC" --reliability A --certainty 1
    """
    return _answer(bureau, reader, answering, None)


@shares
def answer_identity(
    bureau: Bureau, reader: Reader, answering: Answering, particulars: Particulars, *, outcome: Found
) -> Sent:
    """Answer who a person is by our files.

    Example: comity answer-identity 3fa2 --outcome found --family-name Ødegård --born 1984-05-17
    """
    return _answer(bureau, reader, answering, made(IdentityAnswer, outcome=outcome, person=person_of(particulars)))


@shares
def answer_document(  # noqa: PLR0913 - the form has these fields
    bureau: Bureau, reader: Reader, answering: Answering, particulars: Particulars, *, outcome: Found,
    status: Annotated[DocumentStatus | None, about("where the document stands")] = None, issued: Since = "",
    valid_until: Since = "",
) -> Sent:  # fmt: skip
    """Answer where a document stands; the particulars are its holder's.

    Example: comity answer-document 3fa2 --outcome found --status stolen --issued 2021
    """
    found = made(
        DocumentAnswer, outcome=outcome, status=status, holder=person_of(particulars), issued=issued,
        expires=valid_until,
    )  # fmt: skip
    return _answer(bureau, reader, answering, found)


@shares
def answer_vehicle(  # noqa: PLR0913 - the form has these fields
    bureau: Bureau, reader: Reader, answering: Answering, particulars: Particulars, *, outcome: Found,
    status: Annotated[VehicleStatus | None, about("where the vehicle stands")] = None, plate: Plate = "",
    country: Country = "", vin: Vin = "", reading: How = Reading.CHECKED, make: Line = "", model: Line = "",
    colour: Line = "",
) -> Sent:  # fmt: skip
    """Answer where a vehicle stands and what it is; the particulars are its keeper's.

    Example: comity answer-vehicle 3fa2 --outcome found --status stolen --plate "AB 12345" --country NOR
    """
    vehicle = None
    if plate or vin:
        vehicle = made(
            Vehicle, plate=plate.strip().upper(), country=country_of(country), vin=compact(vin), reading=reading,
            make=make, model=model, colour=colour,
        )  # fmt: skip
    elif any((country, make, model, colour)):
        raise Misused("a vehicle is named by its plate or its VIN: --plate or --vin")
    found = made(VehicleAnswer, outcome=outcome, status=status, vehicle=vehicle, keeper=person_of(particulars))
    return _answer(bureau, reader, answering, found)


@shares
def answer_phone(  # noqa: PLR0913 - the form has these fields
    bureau: Bureau, reader: Reader, answering: Answering, particulars: Particulars, *, outcome: Found,
    operator: Line = "", since: Since = "",
) -> Sent:  # fmt: skip
    """Answer whose a number or a device is; the particulars are the subscriber's.

    Example: comity answer-phone 3fa2 --outcome not-found
    """
    found = made(PhoneAnswer, outcome=outcome, subscriber=person_of(particulars), operator=operator, since=since)
    return _answer(bureau, reader, answering, found)


@shares
def answer_operation(
    bureau: Bureau, reader: Reader, answering: Answering, *,
    assent: Annotated[Assent, about("agreed, partly or refused")],
    begins: Annotated[Millis | None, about("from when")] = None,
    ends: Annotated[Millis | None, about("until when")] = None,
) -> Sent:  # fmt: skip
    """Answer whether something is done or allowed, and within which times.

    Example: comity answer-operation 3fa2 --assent agreed
    """
    return _answer(bureau, reader, answering, made(OperationAnswer, assent=assent, begins=begins, ends=ends))


@shares
def answer_hit(
    bureau: Bureau, reader: Reader, answering: Answering, *,
    verdict: Annotated[Verdict, about("confirmed, open or rejected")],
    measures: Annotated[str, about("what is asked for now, in a few words")] = "",
) -> Sent:  # fmt: skip
    """Answer whether a hit is the one in our record, and what is asked for now.

    Example: comity answer-hit 3fa2 --verdict confirmed --measures "hold the vehicle"
    """
    return _answer(bureau, reader, answering, made(HitAnswer, verdict=verdict, measures=measures))


def _answer(bureau: Bureau, reader: Reader, answering: Answering, finding: Finding | None) -> Sent:
    asked = View(bureau, reader).find(answering.act)
    if not isinstance(asked.act, Request):
        if asked.kind.startswith("messages.request/"):
            raise Misused("this request cannot be read here, or not by you, so it cannot be answered")
        raise Misused("only a request can be answered; to write something new use: comity send")
    own = labelled(
        answering.handling, answering.reliability, answering.certainty, asked.label.confidentiality, answering.onward,
        (), None,
    )  # fmt: skip
    # Evaluated is the answer, not the question.
    label = replace(join(asked.label, own), source=own.source, information=own.information)
    limits = "\n".join(dict.fromkeys(filter(None, (asked.act.terms, answering.terms))))
    refs = (Relation(rel="answers", act=asked.id), Relation(rel="thread", act=asked.thread))
    basis = based_on(answering.law, answering.law_until) or asked.basis
    wordless = finding is not None and answering.file is None
    text = answering.text if wordless else text_of(answering.text, answering.file)
    with attached(bureau, answering.attach) as files:
        said = made(
            Reply, title=answering.title or f"Re: {asked.act.title}"[:200], text=text, language=answering.language,
            terms=limits, attachments=files, answer=finding,
        )  # fmt: skip
        return say(
            bureau, reader, said, (asked.sender,), purpose=asked.purpose, label=label, basis=basis, refs=refs,
            subject=asked.id, lane=LANES.get(asked.act.urgency, Lane.NORMAL),
        )  # fmt: skip
