# mypy: disable-error-code="empty-body"

"""The desk of messages, as a program calls it. Written by `make docs` from the desks; do not edit.

A method has no body: `operation` sends what its signature takes, and reads what it promises.
"""

from comity.client.connection import Connection, operation
from comity.client.said.messages import MessagesDecided
from comity.client.told.messages import MessagesSent
from comity.core.handling import Confidentiality, Handling, Source
from comity.core.ids import BureauId, Millis


class Consenting:
    """Passing on what others sent."""

    def __init__(self, connection: Connection) -> None:
        """Speak over this line."""
        self.connection = connection

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
