# mypy: disable-error-code="empty-body"

"""The desk of messages, as a program calls it. Written by `make docs` from the desks; do not edit.

A method has no body: `operation` sends what its signature takes, and reads what it promises.
"""

from comity.client.connection import Connection, operation
from comity.client.said.messages import (
    MessagesDocumentType,
    MessagesMeasure,
    MessagesReading,
    MessagesSex,
    MessagesThing,
    MessagesUrgency,
)
from comity.client.told.messages import MessagesSent
from comity.core.handling import Confidentiality, Handling, Onward, Purpose, Source
from comity.core.ids import BureauId, Millis
from comity.core.spelling import File


class Asking:
    """Asking by form."""

    def __init__(self, connection: Connection) -> None:
        """Speak over this line."""
        self.connection = connection

    @operation("messages/ask-identity")
    async def ask_identity(  # noqa: PLR0913 - as the desk has them
        self,
        *,
        to: tuple[str, ...],
        urgency: MessagesUrgency = MessagesUrgency.NORMAL,
        text: str = "",
        language: str = "en",
        attach: tuple[File, ...] = (),
        purpose: Purpose = Purpose.INVESTIGATE,
        law: str = "",
        law_until: Millis | None = None,
        handling: Handling = Handling.H0,
        reliability: Source = Source.X,
        certainty: int = 4,
        confidentiality: Confidentiality = Confidentiality.OFFICIAL,
        onward: Onward = Onward.ASK,
        audience: tuple[BureauId, ...] = (),
        expires: Millis | None = None,
        terms: str = "",
        reach: int | None = None,
        case: tuple[str, ...] = (),
        family_name: str = "",
        given_names: str = "",
        latin_family_name: str = "",
        latin_given_names: str = "",
        alias: tuple[str, ...] = (),
        born: str = "",
        birthplace: str = "",
        sex: MessagesSex | None = None,
        nationality: tuple[str, ...] = (),
    ) -> MessagesSent:
        """Ask who a person is and what is known of them.

        Args:
            to: a bureau (no), region:NAME or list:NAME; repeat it for several
            urgency: urgent: 8 hours, soon: 3 days, normal: 7 days, follow-up: 12 hours
            text: the text
            language: language of the text: en, fr, es, ar
            attach: attach this file; repeat it for several
            purpose: purpose for which the data are processed (RPD 10)
            law: legal basis, as lawyers cite it
            law_until: when the legal basis ends
            handling: handling code: H0 crime prevention, H1 not in court, H2 not onward, H3 other limits
            reliability: how reliable the source is: A, B, C or X
            certainty: how certain the information is: 1 known true to 4 not corroborated
            confidentiality: confidentiality
            onward: whether the recipient may pass it on
            audience: a bureau that may see it; all recipients must be among them
            expires: after this moment nothing may be done on the data
            terms: other limits on use, in words; needed with H3
            reach: how many bureaus are meant; needed with a region or a list
            case: a case of this bureau that it belongs to; nobody outside learns of it
            family_name: family name, in its own script; a person's only name too
            given_names: given names, in their own script
            latin_family_name: family name in Latin letters, as in a passport
            latin_given_names: given names in Latin letters, as in a passport
            alias: another name, as FAMILY, GIVEN; repeat it for several
            born: date of birth, as much as is known: 1984, 1984-05 or 1984-05-17
            birthplace: place of birth
            sex: F, M or X, as in a passport
            nationality: nationality, three letters: NOR; repeat it for several

        """

    @operation("messages/ask-document")
    async def ask_document(  # noqa: PLR0913 - as the desk has them
        self,
        *,
        to: tuple[str, ...],
        number: str,
        country: str,
        urgency: MessagesUrgency = MessagesUrgency.NORMAL,
        text: str = "",
        language: str = "en",
        attach: tuple[File, ...] = (),
        purpose: Purpose = Purpose.INVESTIGATE,
        law: str = "",
        law_until: Millis | None = None,
        handling: Handling = Handling.H0,
        reliability: Source = Source.X,
        certainty: int = 4,
        confidentiality: Confidentiality = Confidentiality.OFFICIAL,
        onward: Onward = Onward.ASK,
        audience: tuple[BureauId, ...] = (),
        expires: Millis | None = None,
        terms: str = "",
        reach: int | None = None,
        case: tuple[str, ...] = (),
        document: MessagesDocumentType = MessagesDocumentType.PASSPORT,
    ) -> MessagesSent:
        """Ask whether a document is genuine, and whose it is.

        Args:
            to: a bureau (no), region:NAME or list:NAME; repeat it for several
            urgency: urgent: 8 hours, soon: 3 days, normal: 7 days, follow-up: 12 hours
            text: the text
            language: language of the text: en, fr, es, ar
            attach: attach this file; repeat it for several
            purpose: purpose for which the data are processed (RPD 10)
            law: legal basis, as lawyers cite it
            law_until: when the legal basis ends
            handling: handling code: H0 crime prevention, H1 not in court, H2 not onward, H3 other limits
            reliability: how reliable the source is: A, B, C or X
            certainty: how certain the information is: 1 known true to 4 not corroborated
            confidentiality: confidentiality
            onward: whether the recipient may pass it on
            audience: a bureau that may see it; all recipients must be among them
            expires: after this moment nothing may be done on the data
            terms: other limits on use, in words; needed with H3
            reach: how many bureaus are meant; needed with a region or a list
            case: a case of this bureau that it belongs to; nobody outside learns of it
            number: number of the document
            country: who issued it, three letters: NOR
            document: which sort of document

        """

    @operation("messages/ask-vehicle")
    async def ask_vehicle(  # noqa: PLR0913 - as the desk has them
        self,
        *,
        to: tuple[str, ...],
        urgency: MessagesUrgency = MessagesUrgency.NORMAL,
        text: str = "",
        language: str = "en",
        attach: tuple[File, ...] = (),
        purpose: Purpose = Purpose.INVESTIGATE,
        law: str = "",
        law_until: Millis | None = None,
        handling: Handling = Handling.H0,
        reliability: Source = Source.X,
        certainty: int = 4,
        confidentiality: Confidentiality = Confidentiality.OFFICIAL,
        onward: Onward = Onward.ASK,
        audience: tuple[BureauId, ...] = (),
        expires: Millis | None = None,
        terms: str = "",
        reach: int | None = None,
        case: tuple[str, ...] = (),
        plate: str = "",
        country: str = "",
        vin: str = "",
        reading: MessagesReading = MessagesReading.CHECKED,
        make: str = "",
        model: str = "",
        colour: str = "",
    ) -> MessagesSent:
        """Ask whether a vehicle is reported, and who keeps it.

        Args:
            to: a bureau (no), region:NAME or list:NAME; repeat it for several
            urgency: urgent: 8 hours, soon: 3 days, normal: 7 days, follow-up: 12 hours
            text: the text
            language: language of the text: en, fr, es, ar
            attach: attach this file; repeat it for several
            purpose: purpose for which the data are processed (RPD 10)
            law: legal basis, as lawyers cite it
            law_until: when the legal basis ends
            handling: handling code: H0 crime prevention, H1 not in court, H2 not onward, H3 other limits
            reliability: how reliable the source is: A, B, C or X
            certainty: how certain the information is: 1 known true to 4 not corroborated
            confidentiality: confidentiality
            onward: whether the recipient may pass it on
            audience: a bureau that may see it; all recipients must be among them
            expires: after this moment nothing may be done on the data
            terms: other limits on use, in words; needed with H3
            reach: how many bureaus are meant; needed with a region or a list
            case: a case of this bureau that it belongs to; nobody outside learns of it
            plate: registration, as it stands on the plate
            country: country, three letters as in a passport: NOR, MAR, D
            vin: vehicle identification number, 17 signs
            reading: checked: its check digit must fit; as-seen: it stands there so, right or wrong
            make: in a few words
            model: in a few words
            colour: in a few words

        """

    @operation("messages/ask-phone")
    async def ask_phone(  # noqa: PLR0913 - as the desk has them
        self,
        *,
        to: tuple[str, ...],
        urgency: MessagesUrgency = MessagesUrgency.NORMAL,
        text: str = "",
        language: str = "en",
        attach: tuple[File, ...] = (),
        purpose: Purpose = Purpose.INVESTIGATE,
        law: str = "",
        law_until: Millis | None = None,
        handling: Handling = Handling.H0,
        reliability: Source = Source.X,
        certainty: int = 4,
        confidentiality: Confidentiality = Confidentiality.OFFICIAL,
        onward: Onward = Onward.ASK,
        audience: tuple[BureauId, ...] = (),
        expires: Millis | None = None,
        terms: str = "",
        reach: int | None = None,
        case: tuple[str, ...] = (),
        number: str = "",
        imei: str = "",
        reading: MessagesReading = MessagesReading.CHECKED,
    ) -> MessagesSent:
        """Ask whose a telephone number or a device is.

        Args:
            to: a bureau (no), region:NAME or list:NAME; repeat it for several
            urgency: urgent: 8 hours, soon: 3 days, normal: 7 days, follow-up: 12 hours
            text: the text
            language: language of the text: en, fr, es, ar
            attach: attach this file; repeat it for several
            purpose: purpose for which the data are processed (RPD 10)
            law: legal basis, as lawyers cite it
            law_until: when the legal basis ends
            handling: handling code: H0 crime prevention, H1 not in court, H2 not onward, H3 other limits
            reliability: how reliable the source is: A, B, C or X
            certainty: how certain the information is: 1 known true to 4 not corroborated
            confidentiality: confidentiality
            onward: whether the recipient may pass it on
            audience: a bureau that may see it; all recipients must be among them
            expires: after this moment nothing may be done on the data
            terms: other limits on use, in words; needed with H3
            reach: how many bureaus are meant; needed with a region or a list
            case: a case of this bureau that it belongs to; nobody outside learns of it
            number: telephone number with its country: +47 21 00 00 00
            imei: IMEI of a device, 15 digits
            reading: checked: its check digit must fit; as-seen: it stands there so, right or wrong

        """

    @operation("messages/ask-operation")
    async def ask_operation(  # noqa: PLR0913 - as the desk has them
        self,
        *,
        to: tuple[str, ...],
        measure: MessagesMeasure,
        place: str,
        begins: Millis,
        ends: Millis,
        urgency: MessagesUrgency = MessagesUrgency.NORMAL,
        text: str = "",
        language: str = "en",
        attach: tuple[File, ...] = (),
        purpose: Purpose = Purpose.INVESTIGATE,
        law: str = "",
        law_until: Millis | None = None,
        handling: Handling = Handling.H0,
        reliability: Source = Source.X,
        certainty: int = 4,
        confidentiality: Confidentiality = Confidentiality.OFFICIAL,
        onward: Onward = Onward.ASK,
        audience: tuple[BureauId, ...] = (),
        expires: Millis | None = None,
        terms: str = "",
        reach: int | None = None,
        case: tuple[str, ...] = (),
    ) -> MessagesSent:
        """Ask another bureau to do something, or to allow it, at a place and time.

        Args:
            to: a bureau (no), region:NAME or list:NAME; repeat it for several
            urgency: urgent: 8 hours, soon: 3 days, normal: 7 days, follow-up: 12 hours
            text: the text
            language: language of the text: en, fr, es, ar
            attach: attach this file; repeat it for several
            purpose: purpose for which the data are processed (RPD 10)
            law: legal basis, as lawyers cite it
            law_until: when the legal basis ends
            handling: handling code: H0 crime prevention, H1 not in court, H2 not onward, H3 other limits
            reliability: how reliable the source is: A, B, C or X
            certainty: how certain the information is: 1 known true to 4 not corroborated
            confidentiality: confidentiality
            onward: whether the recipient may pass it on
            audience: a bureau that may see it; all recipients must be among them
            expires: after this moment nothing may be done on the data
            terms: other limits on use, in words; needed with H3
            reach: how many bureaus are meant; needed with a region or a list
            case: a case of this bureau that it belongs to; nobody outside learns of it
            measure: what is to be done or allowed
            place: where, in a few words
            begins: from when
            ends: until when

        """

    @operation("messages/ask-hit")
    async def ask_hit(  # noqa: PLR0913 - as the desk has them
        self,
        *,
        to: tuple[str, ...],
        record: str,
        thing: MessagesThing,
        urgency: MessagesUrgency = MessagesUrgency.NORMAL,
        text: str = "",
        language: str = "en",
        attach: tuple[File, ...] = (),
        purpose: Purpose = Purpose.INVESTIGATE,
        law: str = "",
        law_until: Millis | None = None,
        handling: Handling = Handling.H0,
        reliability: Source = Source.X,
        certainty: int = 4,
        confidentiality: Confidentiality = Confidentiality.OFFICIAL,
        onward: Onward = Onward.ASK,
        audience: tuple[BureauId, ...] = (),
        expires: Millis | None = None,
        terms: str = "",
        reach: int | None = None,
        case: tuple[str, ...] = (),
        found_at: Millis | None = None,
        place: str = "",
        agrees: str = "",
    ) -> MessagesSent:
        """Ask the source to confirm a hit: urgent within ten minutes, otherwise within an hour.

        Args:
            to: a bureau (no), region:NAME or list:NAME; repeat it for several
            urgency: urgent: 8 hours, soon: 3 days, normal: 7 days, follow-up: 12 hours
            text: the text
            language: language of the text: en, fr, es, ar
            attach: attach this file; repeat it for several
            purpose: purpose for which the data are processed (RPD 10)
            law: legal basis, as lawyers cite it
            law_until: when the legal basis ends
            handling: handling code: H0 crime prevention, H1 not in court, H2 not onward, H3 other limits
            reliability: how reliable the source is: A, B, C or X
            certainty: how certain the information is: 1 known true to 4 not corroborated
            confidentiality: confidentiality
            onward: whether the recipient may pass it on
            audience: a bureau that may see it; all recipients must be among them
            expires: after this moment nothing may be done on the data
            terms: other limits on use, in words; needed with H3
            reach: how many bureaus are meant; needed with a region or a list
            case: a case of this bureau that it belongs to; nobody outside learns of it
            record: the source's own reference of its record
            thing: what the hit is on
            found_at: when it was found, by default now
            place: in a few words
            agrees: what agrees with the record, in a few words

        """
