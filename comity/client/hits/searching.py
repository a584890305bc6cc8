# mypy: disable-error-code="empty-body"

"""The desk of hits, as a program calls it. Written by `make docs` from the desks; do not edit.

A method has no body: `operation` sends what its signature takes, and reads what it promises.
"""

from comity.client.connection import Connection, operation
from comity.client.said.hits import HitsAsks
from comity.client.told.hits import HitsHitSaid, HitsSearchAnswer, HitsTongue
from comity.core.handling import Purpose


class Searching:
    """Search at home, and say to its source that a record was met (decision 0054)."""

    def __init__(self, connection: Connection) -> None:
        """Speak over this line."""
        self.connection = connection

    @operation("hits/find")
    async def find(  # noqa: PLR0913 - as the desk has them
        self,
        *,
        purpose: Purpose,
        law: str = "",
        name: str = "",
        born: str = "",
        nationality: str = "",
        sex: str = "",
        place: str = "",
        identifier: str = "",
        country: str = "",
        case: str = "",
        near: bool = False,
        limit: int = 10,
        language: HitsTongue = HitsTongue.EN,
    ) -> HitsSearchAnswer:
        """Search the records that rest here, ours and those of others; nobody is told what was asked.

        Args:
            purpose: purpose of the search (RPD 10)
            law: the law that allows it, as lawyers cite it
            name: a person's name, in any script and order
            born: birth date: 1984, 1984-05 or 1984-05-02
            nationality: nationality, by two or three letters
            sex: F, M or X
            place: place of birth
            identifier: any number: document, plate, VIN, IMEI, IBAN, telephone; or a passport's zone
            country: country that the number is from
            case: the case that it is for; stays in this house
            near: also numbers one character apart; needs a name or a birth date
            limit: candidates by name, at most
            language: language of the explanation

        """

    @operation("hits/take")
    async def take(  # noqa: PLR0913 - as the desk has them
        self,
        which: str,
        key: str,
        *,
        purpose: Purpose,
        law: str = "",
        name: str = "",
        born: str = "",
        nationality: str = "",
        sex: str = "",
        place: str = "",
        identifier: str = "",
        country: str = "",
        case: str = "",
        ask: HitsAsks = HitsAsks.NOTHING,
    ) -> HitsHitSaid:
        """Take a candidate of a search for a hit: its source is told, and asked if you ask.

        Args:
            which: the list, by the first digits of its id
            key: how its source calls it
            purpose: purpose of the search (RPD 10)
            law: the law that allows it, as lawyers cite it
            name: a person's name, in any script and order
            born: birth date: 1984, 1984-05 or 1984-05-02
            nationality: nationality, by two or three letters
            sex: F, M or X
            place: place of birth
            identifier: any number: document, plate, VIN, IMEI, IBAN, telephone; or a passport's zone
            country: country that the number is from
            case: the case that it is for; stays in this house
            ask: ask the source to confirm it: routine (an hour), urgent (ten minutes)

        """
