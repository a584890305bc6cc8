# mypy: disable-error-code="empty-body"

"""The desk of keylists, as a program calls it. Written by `make docs` from the desks; do not edit.

A method has no body: `operation` sends what its signature takes, and reads what it promises.
"""

from comity.client.connection import Connection, operation
from comity.client.said.keylists import KeylistsKeyKind
from comity.client.told.keylists import KeylistsFilled, KeylistsSaid
from comity.core.handling import Purpose
from comity.core.ids import BureauId
from comity.core.spelling import File


class Giving:
    """What a source does with its lists of keys."""

    def __init__(self, connection: Connection) -> None:
        """Speak over this line."""
        self.connection = connection

    @operation("keylists/open")
    async def open(  # noqa: PLR0913 - as the desk has them
        self,
        *,
        of: KeylistsKeyKind,
        to: tuple[BureauId, ...],
        size: int = 10000,
        most: int = 200,
        daily: int = 10,
        days: int = 30,
        name: str = "",
        after: str = "",
        purpose: Purpose = Purpose.INVESTIGATE,
        law: str = "",
    ) -> KeylistsSaid:
        """Open a list of keys without records: who may ask learns which of its own numbers are in it, and no more.

        Args:
            of: what its keys name: document, plate, iban, phone
            to: a bureau that may ask; repeat it for several
            size: at most so many keys: 1000, 10000, 100000 or 1000000; askers read it
            most: keys of one question at most
            daily: questions of one bureau on one day at most
            days: how long the epoch lasts
            name: a name, where there are several lists of this kind
            after: the list whose next epoch this is, by the first digits of its id
            purpose: purpose for which keys are compared (RPD 10)
            law: legal basis, as lawyers cite it

        """

    @operation("keylists/fill")
    async def fill(
        self,
        which: str,
        file: File,
        *,
        country: str = "",
        dry_run: bool = False,
        skip_bad: bool = False,
    ) -> KeylistsFilled:
        """Fill a list of ours from a file of numbers; what it held before is replaced.

        Args:
            which: the list, by the first digits of its id
            file: numbers, one a line
            country: where plates, and phones without +, were written: two letters
            dry_run: only say what would come of it
            skip_bad: fill in the other lines though some are wrong

        """
