# mypy: disable-error-code="empty-body"

"""The desk of hits, as a program calls it. Written by `make docs` from the desks; do not edit.

A method has no body: `operation` sends what its signature takes, and reads what it promises.
"""

from comity.client.connection import Connection, operation
from comity.client.said.hits import HitsAsks, HitsDid, HitsHitGround, HitsHitVerdict
from comity.client.told.hits import HitsHitSaid, HitsHitStanding
from comity.core.handling import Purpose


class Following:
    """What becomes of a hit at the desk."""

    def __init__(self, connection: Connection) -> None:
        """Speak over this line."""
        self.connection = connection

    @operation("hits/ask")
    async def ask(
        self,
        hit: str,
        *,
        urgency: HitsAsks = HitsAsks.ROUTINE,
        purpose: Purpose | None = None,
        law: str = "",
    ) -> HitsHitSaid:
        """Ask the source of a record whether a hit is the same; the clock starts when it has the question.

        Args:
            hit: the hit, by the first digits of its id
            urgency: routine: an hour; urgent: ten minutes
            purpose: purpose; that of the hit, if nothing is said
            law: the law that allows it, as lawyers cite it

        """

    @operation("hits/confirm")
    async def confirm(
        self,
        hit: str,
        *,
        verdict: HitsHitVerdict,
        ground: tuple[HitsHitGround, ...] = (),
        note: str = "",
    ) -> HitsHitSaid:
        """Say, as the source of a record, whether a hit on it is the same; your last word counts.

        Args:
            hit: the hit, by the first digits of its id
            verdict: same, not-same or cannot-tell
            ground: why; repeat it for several
            note: what the other bureau should know

        """

    @operation("hits/outcome")
    async def outcome(
        self,
        hit: str,
        *,
        did: HitsDid,
        note: str = "",
    ) -> HitsHitSaid:
        """Tell the source of a record what was done on a hit; nothing may be done before it has confirmed it.

        Args:
            hit: the hit, by the first digits of its id
            did: what was done
            note: what the source should know

        """

    @operation("hits/waiting")
    async def waiting(
        self,
    ) -> tuple[HitsHitStanding, ...]:
        """List the hits that a source is asked to confirm and has not, ours to answer first, then what is ..."""

    @operation("hits/list")
    async def list(
        self,
        *,
        limit: int = 50,
    ) -> tuple[HitsHitStanding, ...]:
        """List hits, the newest first: those of ours on records of others, and those of others on ours.

        Args:
            limit: how many

        """

    @operation("hits/show")
    async def show(
        self,
        hit: str,
    ) -> HitsHitStanding:
        """Show a hit with all that was said of it: the question, the source's words, what was done.

        Args:
            hit: the hit, by the first digits of its id

        """
