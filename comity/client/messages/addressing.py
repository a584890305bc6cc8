# mypy: disable-error-code="empty-body"

"""The desk of messages, as a program calls it. Written by `make docs` from the desks; do not edit.

A method has no body: `operation` sends what its signature takes, and reads what it promises.
"""

from comity.client.connection import Connection, operation
from comity.client.told.messages import MessagesMeant, MessagesNamed, MessagesSent


class Addressing:
    """Addressing."""

    def __init__(self, connection: Connection) -> None:
        """Speak over this line."""
        self.connection = connection

    @operation("messages/whom")
    async def whom(
        self,
        *,
        to: tuple[str, ...],
    ) -> MessagesMeant:
        """Show whom regions and lists mean at the moment, and who is left out.

        Args:
            to: a bureau (no), region:NAME or list:NAME; repeat it for several

        """

    @operation("messages/save-list")
    async def save_list(
        self,
        name: str,
        *,
        to: tuple[str, ...],
    ) -> MessagesSent:
        """Save recipients under a name, for this bureau alone; the same name again replaces them.

        Args:
            name: the list's name: small letters, digits and hyphens
            to: a bureau (no), region:NAME or list:NAME; repeat it for several

        """

    @operation("messages/show-list")
    async def show_list(
        self,
        name: str,
    ) -> MessagesNamed:
        """Show who is on a saved list, and who saved it when.

        Args:
            name: the list's name: small letters, digits and hyphens

        """

    @operation("messages/lists")
    async def lists(
        self,
    ) -> tuple[MessagesNamed, ...]:
        """Show the saved lists of this bureau, by name."""

    @operation("messages/delete-list")
    async def delete_list(
        self,
        name: str,
    ) -> MessagesSent:
        """End a saved list; that there was one stays in the log.

        Args:
            name: the list's name: small letters, digits and hyphens

        """
