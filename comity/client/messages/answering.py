# mypy: disable-error-code="empty-body"

"""The desk of messages, as a program calls it. Written by `make docs` from the desks; do not edit.

A method has no body: `operation` sends what its signature takes, and reads what it promises.
"""

from comity.client.connection import Connection, operation
from comity.client.said.messages import (
    MessagesAssent,
    MessagesDocumentStatus,
    MessagesOutcome,
    MessagesReading,
    MessagesSex,
    MessagesVehicleStatus,
    MessagesVerdict,
)
from comity.client.told.messages import MessagesSent
from comity.core.handling import Handling, Onward, Source
from comity.core.ids import Millis
from comity.core.spelling import File


class Answering:
    """Answering."""

    def __init__(self, connection: Connection) -> None:
        """Speak over this line."""
        self.connection = connection

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
