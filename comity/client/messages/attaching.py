# mypy: disable-error-code="empty-body"

"""The desk of messages, as a program calls it. Written by `make docs` from the desks; do not edit.

A method has no body: `operation` sends what its signature takes, and reads what it promises.
"""

from comity.client.connection import Connection, operation
from comity.core.spelling import File


class Attaching:
    """Files to attachments and back."""

    def __init__(self, connection: Connection) -> None:
        """Speak over this line."""
        self.connection = connection

    @operation("messages/save")
    async def save(
        self,
        act: str,
    ) -> tuple[File, ...]:
        """Write the attachments of a message to a folder; each is checked against what the sender signed.

        Args:
            act: the act, by the first digits of its id

        """
