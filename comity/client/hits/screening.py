# mypy: disable-error-code="empty-body"

"""The desk of hits, as a program calls it. Written by `make docs` from the desks; do not edit.

A method has no body: `operation` sends what its signature takes, and reads what it promises.
"""

from comity.client.connection import Connection, operation
from comity.client.told.hits import HitsScreening, HitsTextRead, HitsTongue
from comity.core.handling import Purpose
from comity.core.spelling import File


class Screening:
    """Lists and texts."""

    def __init__(self, connection: Connection) -> None:
        """Speak over this line."""
        self.connection = connection

    @operation("hits/screen")
    async def screen(
        self,
        file: File,
        *,
        purpose: Purpose,
        law: str = "",
        case: str = "",
        mapping: File | None = None,
        language: HitsTongue = HitsTongue.EN,
    ) -> HitsScreening:
        """Search for each line of a list: passengers, guests, stolen documents; the fields are those of a search.

        Args:
            file: CSV or JSON lines, a person or document each
            purpose: purpose of the search (RPD 10)
            law: the law that allows it, as lawyers cite it
            case: the case that it is for; stays in this house
            mapping: JSON that says which column is which field
            language: language of the explanation

        """

    @operation("hits/screen-text")
    async def screen_text(
        self,
        file: File,
        *,
        purpose: Purpose,
        law: str = "",
        case: str = "",
        country: str = "",
        language: HitsTongue = HitsTongue.EN,
    ) -> HitsTextRead:
        """Read a text for numbers and for persons that records know: a report, a statement, a chat.

        Args:
            file: a text in UTF-8
            purpose: purpose of the search (RPD 10)
            law: the law that allows it, as lawyers cite it
            case: the case that it is for; stays in this house
            country: country that the number is from
            language: language of the explanation

        """
