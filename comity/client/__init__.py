"""The typed Python client of a bureau's desk: what an officer can do, for the bureau's own programs (decision 0035).

It imports `core` at most, and aiohttp. `connection.py` is written by hand; the desks and what they answer are written
from the code by `make docs`. A token comes from ``comity token add``, which also prints the path of the desk:

    import asyncio
    import os

    from comity.client import Client
    from comity.core.ids import bureau_id


    async def main() -> None:
        async with Client(os.environ["COMITY_DESK"], os.environ["COMITY_TOKEN"]) as comity:
            asked = await comity.messages.request(to=(bureau_id("no"),), title="Vessel", text="When did it leave port?")
            print("asked", asked.id.hex())
            async for event in comity.events(after=0):
                print(type(event).__name__, event.kind)
                break
            page = await comity.messages.outbox(limit=5)
            print(len(page.items), "sent")


    asyncio.run(main())
"""

from collections.abc import AsyncIterator
from typing import Self

from comity.client.connection import Connection, Other
from comity.client.desks import Desks
from comity.client.values import EVENTS, Event

__all__ = ["Client", "Other"]


class Client(Desks):
    """The desk of one bureau; each capability is an attribute with a method for each operation."""

    def __init__(self, url: str, token: str) -> None:
        """Prepare a client for the desk at ``http://127.0.0.1:8801/o/ORG/desk``; ``async with`` opens it."""
        self._connection = Connection(url, token)
        super().__init__(self._connection)

    async def __aenter__(self) -> Self:
        """Open the line."""
        await self._connection.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the line."""
        await self._connection.close()

    def events(self, *, after: int | None = None) -> AsyncIterator[Event]:
        """Follow what happens, from now on or after the act of this number; goes on by itself when the line breaks.

        Raises:
            Refused: the token does not count, or does not any more.

        """
        return self._connection.events(EVENTS, after)
