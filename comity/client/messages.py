"""The desk of messages, as a program calls it. Written by `make docs` from the desks; do not edit."""

from comity.client.connection import Connection, operation
from comity.client.said.messages import (
    MessagesAssent,
    MessagesDecided,
    MessagesDocumentStatus,
    MessagesDocumentType,
    MessagesMeasure,
    MessagesOutcome,
    MessagesReading,
    MessagesSex,
    MessagesThing,
    MessagesUrgency,
    MessagesVehicleStatus,
    MessagesVerdict,
    MessagesWhy,
)
from comity.client.told.messages import (
    MessagesCase,
    MessagesCasefile,
    MessagesClock,
    MessagesDecision,
    MessagesLate,
    MessagesMeant,
    MessagesNamed,
    MessagesRecalling,
    MessagesSent,
    MessagesSide,
    MessagesWaiting,
)
from comity.client.values import Glimpse, Ladder, PageOfGlimpse
from comity.core.handling import Confidentiality, Handling, Onward, Purpose, Source
from comity.core.ids import BureauId, Millis
from comity.core.spelling import File


class Messages:
    """Messages between bureaus: information, request, reply (decision 0026)."""

    def __init__(self, connection: Connection) -> None:
        """Speak over this line."""
        self.connection = connection

    @operation("messages/send")
    async def send(  # noqa: PLR0913 - as the desk has them
        self,
        *,
        to: tuple[str, ...],
        title: str,
        text: str = "",
        file: File | None = None,
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
        """Send information to other bureaus.

        Args:
            to: a bureau (no), region:NAME or list:NAME; repeat it for several
            title: what it is about, one line
            text: the text
            file: take the text from this file
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

        """
        raise NotImplementedError

    @operation("messages/request")
    async def request(  # noqa: PLR0913 - as the desk has them
        self,
        *,
        to: tuple[str, ...],
        title: str,
        text: str = "",
        file: File | None = None,
        urgency: MessagesUrgency = MessagesUrgency.NORMAL,
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
        """Ask other bureaus; the clock of the urgency starts when they have it.

        Args:
            to: a bureau (no), region:NAME or list:NAME; repeat it for several
            title: what it is about, one line
            text: the text
            file: take the text from this file
            urgency: urgent: 8 hours, soon: 3 days, normal: 7 days, follow-up: 12 hours
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

        """
        raise NotImplementedError

    @operation("messages/reply")
    async def reply(  # noqa: PLR0913 - as the desk has them
        self,
        act: str,
        *,
        text: str = "",
        file: File | None = None,
        title: str = "",
        language: str = "en",
        attach: tuple[File, ...] = (),
        law: str = "",
        law_until: Millis | None = None,
        handling: Handling = Handling.H0,
        reliability: Source = Source.X,
        certainty: int = 4,
        onward: Onward = Onward.ASK,
        terms: str = "",
    ) -> MessagesSent:
        """Answer a request that was put to this bureau.

        Args:
            act: the act, by the first digits of its id
            text: the text
            file: take the text from this file
            title: what it is about, one line
            language: language of the text: en, fr, es, ar
            attach: attach this file; repeat it for several
            law: legal basis, as lawyers cite it
            law_until: when the legal basis ends
            handling: handling code: H0 crime prevention, H1 not in court, H2 not onward, H3 other limits
            reliability: how reliable the source is: A, B, C or X
            certainty: how certain the information is: 1 known true to 4 not corroborated
            onward: whether the recipient may pass it on
            terms: other limits on use, in words; needed with H3

        """
        raise NotImplementedError

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
        raise NotImplementedError

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
        raise NotImplementedError

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
        raise NotImplementedError

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
        raise NotImplementedError

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
        raise NotImplementedError

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
        raise NotImplementedError

    @operation("messages/answer-identity")
    async def answer_identity(  # noqa: PLR0913 - as the desk has them
        self,
        act: str,
        *,
        outcome: MessagesOutcome,
        text: str = "",
        file: File | None = None,
        title: str = "",
        language: str = "en",
        attach: tuple[File, ...] = (),
        law: str = "",
        law_until: Millis | None = None,
        handling: Handling = Handling.H0,
        reliability: Source = Source.X,
        certainty: int = 4,
        onward: Onward = Onward.ASK,
        terms: str = "",
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
        """Answer who a person is by our files.

        Args:
            act: the act, by the first digits of its id
            text: the text
            file: take the text from this file
            title: what it is about, one line
            language: language of the text: en, fr, es, ar
            attach: attach this file; repeat it for several
            law: legal basis, as lawyers cite it
            law_until: when the legal basis ends
            handling: handling code: H0 crime prevention, H1 not in court, H2 not onward, H3 other limits
            reliability: how reliable the source is: A, B, C or X
            certainty: how certain the information is: 1 known true to 4 not corroborated
            onward: whether the recipient may pass it on
            terms: other limits on use, in words; needed with H3
            family_name: family name, in its own script; a person's only name too
            given_names: given names, in their own script
            latin_family_name: family name in Latin letters, as in a passport
            latin_given_names: given names in Latin letters, as in a passport
            alias: another name, as FAMILY, GIVEN; repeat it for several
            born: date of birth, as much as is known: 1984, 1984-05 or 1984-05-17
            birthplace: place of birth
            sex: F, M or X, as in a passport
            nationality: nationality, three letters: NOR; repeat it for several
            outcome: found, partial or not-found

        """
        raise NotImplementedError

    @operation("messages/answer-document")
    async def answer_document(  # noqa: PLR0913 - as the desk has them
        self,
        act: str,
        *,
        outcome: MessagesOutcome,
        text: str = "",
        file: File | None = None,
        title: str = "",
        language: str = "en",
        attach: tuple[File, ...] = (),
        law: str = "",
        law_until: Millis | None = None,
        handling: Handling = Handling.H0,
        reliability: Source = Source.X,
        certainty: int = 4,
        onward: Onward = Onward.ASK,
        terms: str = "",
        family_name: str = "",
        given_names: str = "",
        latin_family_name: str = "",
        latin_given_names: str = "",
        alias: tuple[str, ...] = (),
        born: str = "",
        birthplace: str = "",
        sex: MessagesSex | None = None,
        nationality: tuple[str, ...] = (),
        status: MessagesDocumentStatus | None = None,
        issued: str = "",
        valid_until: str = "",
    ) -> MessagesSent:
        """Answer where a document stands; the particulars are its holder's.

        Args:
            act: the act, by the first digits of its id
            text: the text
            file: take the text from this file
            title: what it is about, one line
            language: language of the text: en, fr, es, ar
            attach: attach this file; repeat it for several
            law: legal basis, as lawyers cite it
            law_until: when the legal basis ends
            handling: handling code: H0 crime prevention, H1 not in court, H2 not onward, H3 other limits
            reliability: how reliable the source is: A, B, C or X
            certainty: how certain the information is: 1 known true to 4 not corroborated
            onward: whether the recipient may pass it on
            terms: other limits on use, in words; needed with H3
            family_name: family name, in its own script; a person's only name too
            given_names: given names, in their own script
            latin_family_name: family name in Latin letters, as in a passport
            latin_given_names: given names in Latin letters, as in a passport
            alias: another name, as FAMILY, GIVEN; repeat it for several
            born: date of birth, as much as is known: 1984, 1984-05 or 1984-05-17
            birthplace: place of birth
            sex: F, M or X, as in a passport
            nationality: nationality, three letters: NOR; repeat it for several
            outcome: found, partial or not-found
            status: where the document stands
            issued: a date, as much as is known: 2020, 2020-05 or 2020-05-17
            valid_until: a date, as much as is known: 2020, 2020-05 or 2020-05-17

        """
        raise NotImplementedError

    @operation("messages/answer-vehicle")
    async def answer_vehicle(  # noqa: PLR0913 - as the desk has them
        self,
        act: str,
        *,
        outcome: MessagesOutcome,
        text: str = "",
        file: File | None = None,
        title: str = "",
        language: str = "en",
        attach: tuple[File, ...] = (),
        law: str = "",
        law_until: Millis | None = None,
        handling: Handling = Handling.H0,
        reliability: Source = Source.X,
        certainty: int = 4,
        onward: Onward = Onward.ASK,
        terms: str = "",
        family_name: str = "",
        given_names: str = "",
        latin_family_name: str = "",
        latin_given_names: str = "",
        alias: tuple[str, ...] = (),
        born: str = "",
        birthplace: str = "",
        sex: MessagesSex | None = None,
        nationality: tuple[str, ...] = (),
        status: MessagesVehicleStatus | None = None,
        plate: str = "",
        country: str = "",
        vin: str = "",
        reading: MessagesReading = MessagesReading.CHECKED,
        make: str = "",
        model: str = "",
        colour: str = "",
    ) -> MessagesSent:
        """Answer where a vehicle stands and what it is; the particulars are its keeper's.

        Args:
            act: the act, by the first digits of its id
            text: the text
            file: take the text from this file
            title: what it is about, one line
            language: language of the text: en, fr, es, ar
            attach: attach this file; repeat it for several
            law: legal basis, as lawyers cite it
            law_until: when the legal basis ends
            handling: handling code: H0 crime prevention, H1 not in court, H2 not onward, H3 other limits
            reliability: how reliable the source is: A, B, C or X
            certainty: how certain the information is: 1 known true to 4 not corroborated
            onward: whether the recipient may pass it on
            terms: other limits on use, in words; needed with H3
            family_name: family name, in its own script; a person's only name too
            given_names: given names, in their own script
            latin_family_name: family name in Latin letters, as in a passport
            latin_given_names: given names in Latin letters, as in a passport
            alias: another name, as FAMILY, GIVEN; repeat it for several
            born: date of birth, as much as is known: 1984, 1984-05 or 1984-05-17
            birthplace: place of birth
            sex: F, M or X, as in a passport
            nationality: nationality, three letters: NOR; repeat it for several
            outcome: found, partial or not-found
            status: where the vehicle stands
            plate: registration, as it stands on the plate
            country: country, three letters as in a passport: NOR, MAR, D
            vin: vehicle identification number, 17 signs
            reading: checked: its check digit must fit; as-seen: it stands there so, right or wrong
            make: in a few words
            model: in a few words
            colour: in a few words

        """
        raise NotImplementedError

    @operation("messages/answer-phone")
    async def answer_phone(  # noqa: PLR0913 - as the desk has them
        self,
        act: str,
        *,
        outcome: MessagesOutcome,
        text: str = "",
        file: File | None = None,
        title: str = "",
        language: str = "en",
        attach: tuple[File, ...] = (),
        law: str = "",
        law_until: Millis | None = None,
        handling: Handling = Handling.H0,
        reliability: Source = Source.X,
        certainty: int = 4,
        onward: Onward = Onward.ASK,
        terms: str = "",
        family_name: str = "",
        given_names: str = "",
        latin_family_name: str = "",
        latin_given_names: str = "",
        alias: tuple[str, ...] = (),
        born: str = "",
        birthplace: str = "",
        sex: MessagesSex | None = None,
        nationality: tuple[str, ...] = (),
        operator: str = "",
        since: str = "",
    ) -> MessagesSent:
        """Answer whose a number or a device is; the particulars are the subscriber's.

        Args:
            act: the act, by the first digits of its id
            text: the text
            file: take the text from this file
            title: what it is about, one line
            language: language of the text: en, fr, es, ar
            attach: attach this file; repeat it for several
            law: legal basis, as lawyers cite it
            law_until: when the legal basis ends
            handling: handling code: H0 crime prevention, H1 not in court, H2 not onward, H3 other limits
            reliability: how reliable the source is: A, B, C or X
            certainty: how certain the information is: 1 known true to 4 not corroborated
            onward: whether the recipient may pass it on
            terms: other limits on use, in words; needed with H3
            family_name: family name, in its own script; a person's only name too
            given_names: given names, in their own script
            latin_family_name: family name in Latin letters, as in a passport
            latin_given_names: given names in Latin letters, as in a passport
            alias: another name, as FAMILY, GIVEN; repeat it for several
            born: date of birth, as much as is known: 1984, 1984-05 or 1984-05-17
            birthplace: place of birth
            sex: F, M or X, as in a passport
            nationality: nationality, three letters: NOR; repeat it for several
            outcome: found, partial or not-found
            operator: in a few words
            since: a date, as much as is known: 2020, 2020-05 or 2020-05-17

        """
        raise NotImplementedError

    @operation("messages/answer-operation")
    async def answer_operation(  # noqa: PLR0913 - as the desk has them
        self,
        act: str,
        *,
        assent: MessagesAssent,
        text: str = "",
        file: File | None = None,
        title: str = "",
        language: str = "en",
        attach: tuple[File, ...] = (),
        law: str = "",
        law_until: Millis | None = None,
        handling: Handling = Handling.H0,
        reliability: Source = Source.X,
        certainty: int = 4,
        onward: Onward = Onward.ASK,
        terms: str = "",
        begins: Millis | None = None,
        ends: Millis | None = None,
    ) -> MessagesSent:
        """Answer whether something is done or allowed, and within which times.

        Args:
            act: the act, by the first digits of its id
            text: the text
            file: take the text from this file
            title: what it is about, one line
            language: language of the text: en, fr, es, ar
            attach: attach this file; repeat it for several
            law: legal basis, as lawyers cite it
            law_until: when the legal basis ends
            handling: handling code: H0 crime prevention, H1 not in court, H2 not onward, H3 other limits
            reliability: how reliable the source is: A, B, C or X
            certainty: how certain the information is: 1 known true to 4 not corroborated
            onward: whether the recipient may pass it on
            terms: other limits on use, in words; needed with H3
            assent: agreed, partly or refused
            begins: from when
            ends: until when

        """
        raise NotImplementedError

    @operation("messages/answer-hit")
    async def answer_hit(  # noqa: PLR0913 - as the desk has them
        self,
        act: str,
        *,
        verdict: MessagesVerdict,
        text: str = "",
        file: File | None = None,
        title: str = "",
        language: str = "en",
        attach: tuple[File, ...] = (),
        law: str = "",
        law_until: Millis | None = None,
        handling: Handling = Handling.H0,
        reliability: Source = Source.X,
        certainty: int = 4,
        onward: Onward = Onward.ASK,
        terms: str = "",
        measures: str = "",
    ) -> MessagesSent:
        """Answer whether a hit is the one in our record, and what is asked for now.

        Args:
            act: the act, by the first digits of its id
            text: the text
            file: take the text from this file
            title: what it is about, one line
            language: language of the text: en, fr, es, ar
            attach: attach this file; repeat it for several
            law: legal basis, as lawyers cite it
            law_until: when the legal basis ends
            handling: handling code: H0 crime prevention, H1 not in court, H2 not onward, H3 other limits
            reliability: how reliable the source is: A, B, C or X
            certainty: how certain the information is: 1 known true to 4 not corroborated
            onward: whether the recipient may pass it on
            terms: other limits on use, in words; needed with H3
            verdict: confirmed, open or rejected
            measures: what is asked for now, in a few words

        """
        raise NotImplementedError

    @operation("messages/assign")
    async def assign(
        self,
        act: str,
        *,
        unit: tuple[str, ...] = (),
        case: tuple[str, ...] = (),
    ) -> MessagesSent:
        """Assign a message to units or cases of this bureau; they then see it, and nobody outside the bureau knows.

        Args:
            act: the act, by the first digits of its id
            unit: a unit that works on it; repeat it for several
            case: a case that it belongs to; repeat it for several

        """
        raise NotImplementedError

    @operation("messages/decide")
    async def decide(
        self,
        act: str,
        decision: MessagesDecision,
        *,
        reason: str = "",
    ) -> MessagesSent:
        """Tell the sender what a person here decided about a message: the third rung of its receipts.

        Args:
            act: the act, by the first digits of its id
            decision: taken or declined
            reason: why it is declined; the sender reads it

        """
        raise NotImplementedError

    @operation("messages/inbox")
    async def inbox(
        self,
        *,
        limit: int = 20,
        before: int | None = None,
    ) -> PageOfGlimpse:
        """List the messages that others sent to this bureau, newest first.

        Args:
            limit: how many at most, newest first
            before: go on with older ones: the number that the page before ended with

        """
        raise NotImplementedError

    @operation("messages/outbox")
    async def outbox(
        self,
        *,
        limit: int = 20,
        before: int | None = None,
    ) -> PageOfGlimpse:
        """List the messages that this bureau sent, newest first, each with how far it has come.

        Args:
            limit: how many at most, newest first
            before: go on with older ones: the number that the page before ended with

        """
        raise NotImplementedError

    @operation("messages/read")
    async def read(
        self,
        act: str,
    ) -> Glimpse:
        """Show one message whole, with its label.

        Args:
            act: the act, by the first digits of its id

        """
        raise NotImplementedError

    @operation("messages/mark-read")
    async def mark_read(
        self,
        act: str,
    ) -> MessagesSent:
        """Tell the sender that a person here has opened its message: once, naming nobody, and only when you say so.

        Args:
            act: the act, by the first digits of its id

        """
        raise NotImplementedError

    @operation("messages/thread")
    async def thread(
        self,
        act: str,
    ) -> tuple[Glimpse, ...]:
        """Show a conversation from its first message on.

        Args:
            act: the act, by the first digits of its id

        """
        raise NotImplementedError

    @operation("messages/status")
    async def status(
        self,
        act: str,
    ) -> tuple[Ladder, ...]:
        """Show how far a message of ours has come at each recipient, rung by rung, and who says that it was opened.

        Args:
            act: the act, by the first digits of its id

        """
        raise NotImplementedError

    @operation("messages/save")
    async def save(
        self,
        act: str,
    ) -> tuple[File, ...]:
        """Write the attachments of a message to a folder; each is checked against what the sender signed.

        Args:
            act: the act, by the first digits of its id

        """
        raise NotImplementedError

    @operation("messages/clock")
    async def clock(
        self,
        act: str,
    ) -> tuple[MessagesClock, ...]:
        """Show how each recipient of a request stands with its answer: received, due, reminded, escalated, ...

        Args:
            act: the act, by the first digits of its id

        """
        raise NotImplementedError

    @operation("messages/overdue")
    async def overdue(
        self,
    ) -> tuple[MessagesLate, ...]:
        """List the answers that are overdue, ours and those of others, the latest first."""
        raise NotImplementedError

    @operation("messages/escalated")
    async def escalated(
        self,
    ) -> tuple[MessagesLate, ...]:
        """List what supervisors must look after: answers that are overdue for half a term and more, the ..."""
        raise NotImplementedError

    @operation("messages/waiting")
    async def waiting(
        self,
        *,
        owed_by: MessagesSide | None = None,
        unit: str = "",
        case: str = "",
    ) -> tuple[MessagesWaiting, ...]:
        """List the answers that are owed, by us and to us: what has used up most of its term comes first.

        Args:
            owed_by: us: what we owe; them: what is owed to us; without it, both
            unit: only what is assigned to this unit
            case: only what belongs to this case

        """
        raise NotImplementedError

    @operation("messages/cases")
    async def cases(
        self,
    ) -> tuple[MessagesCase, ...]:
        """List the cases of this bureau, the one in which something was said last comes first."""
        raise NotImplementedError

    @operation("messages/case")
    async def case(
        self,
        name: str,
    ) -> MessagesCasefile:
        """Show one case: what was said in it, in order, and the clocks that run.

        Args:
            name: the case, as assignments name it

        """
        raise NotImplementedError

    @operation("messages/recall")
    async def recall(
        self,
        act: str,
        *,
        why: MessagesWhy,
        to: tuple[BureauId, ...] = (),
    ) -> MessagesSent:
        """Ask a message of ours back: the recipients' nodes erase it by themselves, and say so.

        Args:
            act: the act, by the first digits of its id
            why: why it is asked back; the recipients read it
            to: from this recipient only; repeat it for several

        """
        raise NotImplementedError

    @operation("messages/recalls")
    async def recalls(
        self,
        act: str,
    ) -> tuple[MessagesRecalling, ...]:
        """Show who has erased what was asked back in a matter, and who has not yet.

        Args:
            act: the act, by the first digits of its id

        """
        raise NotImplementedError

    @operation("messages/ask-consent")
    async def ask_consent(
        self,
        act: str,
        *,
        whom: tuple[BureauId, ...],
        reason: str,
        organisation: str = "",
        until: Millis | None = None,
    ) -> MessagesSent:
        """Ask the source of a message whether it may be passed on.

        Args:
            act: the act, by the first digits of its id
            whom: a bureau to which it is to go; repeat it for several
            reason: why it is to be passed on, one line
            organisation: another organisation, by its whole id; without it, this one
            until: the last moment at which it may be passed on

        """
        raise NotImplementedError

    @operation("messages/consent")
    async def consent(
        self,
        act: str,
        decision: MessagesDecided,
        *,
        whom: tuple[BureauId, ...] = (),
        until: Millis | None = None,
    ) -> MessagesSent:
        """Decide a request to pass our data on; the last word counts, so a later refusal takes a consent back.

        Args:
            act: the act, by the first digits of its id
            decision: granted or refused
            whom: only to this one of those asked for; repeat it for several
            until: the last moment at which it may be passed on

        """
        raise NotImplementedError

    @operation("messages/forward")
    async def forward(
        self,
        act: str,
        *,
        to: tuple[str, ...],
        note: str = "",
        without: tuple[str, ...] = (),
        reach: int | None = None,
    ) -> MessagesSent:
        """Pass a message of another bureau on, under its own label and with the consents that its source gave.

        Args:
            act: the act, by the first digits of its id
            to: a bureau (no), region:NAME or list:NAME; repeat it for several
            note: a word of our own in front
            without: leave this attachment out, by its name; repeat it for several
            reach: how many bureaus are meant; needed with a region or a list

        """
        raise NotImplementedError

    @operation("messages/depart")
    async def depart(
        self,
        act: str,
        *,
        whom: tuple[BureauId, ...],
        organisation: str,
    ) -> str:
        """Tell the source of a message that it now goes into another organisation, under its consent; ...

        Args:
            act: the act, by the first digits of its id
            whom: a bureau to which it is to go; repeat it for several
            organisation: another organisation, by its whole id; without it, this one

        """
        raise NotImplementedError

    @operation("messages/cite")
    async def cite(  # noqa: PLR0913 - as the desk has them
        self,
        citation: str,
        *,
        to: tuple[str, ...],
        title: str,
        text: str,
        language: str = "en",
        handling: Handling = Handling.H2,
        reliability: Source = Source.X,
        certainty: int = 4,
        confidentiality: Confidentiality = Confidentiality.RESTRICTED,
        terms: str = "",
        reach: int | None = None,
    ) -> MessagesSent:
        """Send in this organisation what departed from another, citing the act and the consent there.

        Args:
            citation: what `comity depart` gave in the other organisation
            to: a bureau (no), region:NAME or list:NAME; repeat it for several
            title: what it is about, one line
            text: the text
            language: language of the text: en, fr, es, ar
            handling: handling code: H0 crime prevention, H1 not in court, H2 not onward, H3 other limits
            reliability: how reliable the source is: A, B, C or X
            certainty: how certain the information is: 1 known true to 4 not corroborated
            confidentiality: confidentiality
            terms: other limits on use, in words; needed with H3
            reach: how many bureaus are meant; needed with a region or a list

        """
        raise NotImplementedError

    @operation("messages/whom")
    async def whom(
        self,
        *,
        to: tuple[str, ...],
    ) -> MessagesMeant:
        """Show whom regions and lists mean at the moment, and who is left out.

        Args:
            to: a bureau (no), region:NAME or list:NAME; repeat it for several

        """
        raise NotImplementedError

    @operation("messages/save-list")
    async def save_list(
        self,
        name: str,
        *,
        to: tuple[str, ...],
    ) -> MessagesSent:
        """Save recipients under a name, for this bureau alone; the same name again replaces them.

        Args:
            name: the list's name: small letters, digits and hyphens
            to: a bureau (no), region:NAME or list:NAME; repeat it for several

        """
        raise NotImplementedError

    @operation("messages/show-list")
    async def show_list(
        self,
        name: str,
    ) -> MessagesNamed:
        """Show who is on a saved list, and who saved it when.

        Args:
            name: the list's name: small letters, digits and hyphens

        """
        raise NotImplementedError

    @operation("messages/lists")
    async def lists(
        self,
    ) -> tuple[MessagesNamed, ...]:
        """Show the saved lists of this bureau, by name."""
        raise NotImplementedError

    @operation("messages/delete-list")
    async def delete_list(
        self,
        name: str,
    ) -> MessagesSent:
        """End a saved list; that there was one stays in the log.

        Args:
            name: the list's name: small letters, digits and hyphens

        """
        raise NotImplementedError
