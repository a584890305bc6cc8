# mypy: disable-error-code="empty-body"

"""The desk of abuse, as a program calls it. Written by `make docs` from the desks; do not edit.

A method has no body: `operation` sends what its signature takes, and reads what it promises.
"""

from comity.client.connection import Connection, operation
from comity.client.said.abuse import AbuseDisposition, AbuseGround
from comity.client.told.abuse import AbuseAccount, AbuseFiled, PageOfAbuseDocket
from comity.client.values import PageOfGlimpse
from comity.core.spelling import File


class Abuse:
    """Abuse: a report of a message to the independent commission, with proof; its decision (decision 0038)."""

    def __init__(self, connection: Connection) -> None:
        """Speak over this line."""
        self.connection = connection

    @operation("abuse/report")
    async def report(
        self,
        act: str,
        *,
        ground: AbuseGround,
        text: str,
        also: tuple[str, ...] = (),
    ) -> AbuseFiled:
        """Report a message to the independent commission, with the proof that it was said; its sender is not told.

        Args:
            act: the message, by the first digits of its id
            ground: what it breaks
            text: what is wrong with it; the commission reads this
            also: another act to show with it, by its digits; repeat it for several

        """

    @operation("abuse/reports")
    async def reports(
        self,
        *,
        limit: int = 20,
        before: int | None = None,
    ) -> PageOfAbuseDocket:
        """List the reports that this bureau made, or, at the commission, those that it got; with what is due when.

        Args:
            limit: how many at most, newest first
            before: go on with older ones: the number that the page before ended with

        """

    @operation("abuse/show")
    async def show(
        self,
        report: str,
    ) -> AbuseAccount:
        """Show a report; at the commission with the words and labels of what is reported, verified anew, ...

        Args:
            report: the report, by the first digits of its id

        """

    @operation("abuse/decide")
    async def decide(
        self,
        report: str,
        outcome: AbuseDisposition,
        *,
        reason: str,
        article: str = "",
        tell_sender: bool = False,
    ) -> tuple[AbuseFiled, ...]:
        """Decide on a report, as the commission, and answer it; its sender hears of it only with --tell-sender.

        Args:
            report: the report, by the first digits of its id
            outcome: what was decided
            reason: the answer, which the reporter reads
            article: the article that it rests on, as lawyers cite it
            tell_sender: tell the sender of the message too, in the same words

        """

    @operation("abuse/decisions")
    async def decisions(
        self,
        *,
        limit: int = 20,
        before: int | None = None,
    ) -> PageOfGlimpse:
        """List what the commission decided: on reports of this bureau, and on messages of this bureau that ...

        Args:
            limit: how many at most, newest first
            before: go on with older ones: the number that the page before ended with

        """

    @operation("abuse/export")
    async def export(
        self,
        report: str,
    ) -> tuple[File, ...]:
        """Write the proof files of a report, as they came, for whoever checks them without a node: comity verify.

        Args:
            report: the report, by the first digits of its id

        """
