# mypy: disable-error-code="empty-body"

"""The desk of messages, as a program calls it. Written by `make docs` from the desks; do not edit.

A method has no body: `operation` sends what its signature takes, and reads what it promises.
"""

from comity.client.connection import Connection, operation
from comity.client.said.messages import MessagesUrgency
from comity.client.told.messages import MessagesSent
from comity.core.handling import Confidentiality, Handling, Onward, Purpose, Source
from comity.core.ids import BureauId, Millis
from comity.core.spelling import File


class Writing:
    """Writing."""

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
