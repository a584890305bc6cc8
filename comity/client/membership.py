# mypy: disable-error-code="empty-body"

"""The desk of membership, as a program calls it. Written by `make docs` from the desks; do not edit.

A method has no body: `operation` sends what its signature takes, and reads what it promises.
"""

from comity.client.connection import Connection, operation
from comity.client.said.membership import MembershipBody, MembershipResult
from comity.client.told.membership import MembershipStands, MembershipTold, MembershipWaiting
from comity.core.ids import BureauId, Millis
from comity.core.registry import Standing
from comity.core.spelling import File


class Membership:
    """Membership: measures on a bureau, its appeal, the outcome; and a bureau's word that a key is ..."""

    def __init__(self, connection: Connection) -> None:
        """Speak over this line."""
        self.connection = connection

    @operation("membership/measure")
    async def measure(  # noqa: PLR0913 - as the desk has them
        self,
        concerned: BureauId,
        *,
        standing: Standing,
        decided_by: MembershipBody,
        reason: str,
        article: str = "",
        until: Millis | None = None,
        function: tuple[str, ...] = (),
    ) -> MembershipWaiting:
        """Announce what was decided about a bureau, as the secretariat; the custodians enforce it in the registry.

        Args:
            concerned: the bureau concerned, for example no
            standing: where it stands from now on
            decided_by: the body that decided
            reason: why, in the words that the bureau concerned will read
            article: the article that it rests on, as lawyers cite it
            until: when it ends
            function: a capability that a restricted bureau keeps; repeat it for several

        """

    @operation("membership/appeal")
    async def appeal(
        self,
        measure: str,
        *,
        reason: str,
    ) -> MembershipTold:
        """Appeal against a measure, as the bureau concerned; everybody who was told of the measure is told of this.

        Args:
            measure: the measure, by the first digits of its id
            reason: why, in the words that the bureau concerned will read

        """

    @operation("membership/outcome")
    async def outcome(  # noqa: PLR0913 - as the desk has them
        self,
        measure: str,
        *,
        result: MembershipResult,
        decided_by: MembershipBody,
        reason: str,
        article: str = "",
        standing: Standing | None = None,
        until: Millis | None = None,
        function: tuple[str, ...] = (),
    ) -> MembershipWaiting:
        """Announce what was decided on an appeal, as the secretariat.

        Args:
            measure: the measure, by the first digits of its id
            result: how the appeal ends
            decided_by: the body that decided
            reason: why, in the words that the bureau concerned will read
            article: the article that it rests on, as lawyers cite it
            standing: where it stands from now on, when the measure is amended
            until: when it ends
            function: a capability that a restricted bureau keeps; repeat it for several

        """

    @operation("membership/revoke")
    async def revoke(
        self,
        statement: File,
    ) -> MembershipTold:
        """Tell all peers that a key is dead; their nodes obey the statement in it, whoever says it.

        Args:
            statement: the statement that comity revoke wrote

        """

    @operation("membership/standing")
    async def standing(
        self,
        *,
        only: BureauId | None = None,
    ) -> tuple[MembershipStands, ...]:
        """Show who stands where, by the registry, and what was announced about it.

        Args:
            only: one bureau, for example no

        """
