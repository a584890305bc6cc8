# mypy: disable-error-code="empty-body"

"""The desk of keylists, as a program calls it. Written by `make docs` from the desks; do not edit.

A method has no body: `operation` sends what its signature takes, and reads what it promises.
"""

from comity.client.connection import Connection, operation
from comity.client.told.keylists import KeylistsAnswered, KeylistsSaid
from comity.core.handling import Purpose
from comity.core.spelling import File


class Asking:
    """What an asker does."""

    def __init__(self, connection: Connection) -> None:
        """Speak over this line."""
        self.connection = connection

    @operation("keylists/ask")
    async def ask(
        self,
        which: str,
        file: File,
        *,
        law: str,
        purpose: Purpose = Purpose.INVESTIGATE,
        country: str = "",
        skip_bad: bool = False,
    ) -> KeylistsSaid:
        """Ask the source of a list which of the numbers in a file are in it.

        Args:
            which: the list, by the first digits of its id
            file: numbers, one a line
            law: legal basis, as lawyers cite it; the source reads it
            purpose: purpose of the question (RPD 10); the source reads it
            country: where plates, and phones without +, were written: two letters
            skip_bad: ask for the other lines though some are wrong

        """

    @operation("keylists/answers")
    async def answers(
        self,
        which: str = "",
    ) -> tuple[KeylistsAnswered, ...]:
        """Show the questions that this bureau asked; of one that is named, which of its numbers are in the list.

        Args:
            which: one question of ours, by the first digits of its id

        """
