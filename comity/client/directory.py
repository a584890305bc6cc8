# mypy: disable-error-code="empty-body"

"""The desk of directory, as a program calls it. Written by `make docs` from the desks; do not edit.

A method has no body: `operation` sends what its signature takes, and reads what it promises.
"""

from comity.client.connection import Connection, operation
from comity.client.told.directory import DirectoryCard, DirectoryListed, DirectoryPosted
from comity.core.ids import BureauId, Millis


class Directory:
    """The directory: how to reach each bureau, in which languages and hours, and who is on duty now ..."""

    def __init__(self, connection: Connection) -> None:
        """Speak over this line."""
        self.connection = connection

    @operation("directory/publish")
    async def publish(
        self,
        *,
        language: tuple[str, ...],
        telephone: str,
        zone: str,
        hours: tuple[str, ...] = (),
        function: tuple[str, ...] = (),
        holiday: tuple[str, ...] = (),
    ) -> DirectoryPosted:
        """Publish this bureau's working profile to every member; the latest counts.

        Args:
            language: a language that is read and spoken, for example fr; repeat it
            telephone: in international form, for example "+47 2200 0000"
            zone: time zone, for example Europe/Oslo
            hours: working hours, for example 'mon-fri 08:00-16:30'; repeat it
            function: an office, for example 'Vehicles: +47 2200 0001, vehicles@example.org'; repeat it
            holiday: a day on which it is closed, for example 2026-12-25; repeat it

        """

    @operation("directory/on-duty")
    async def on_duty(
        self,
        *,
        until: Millis,
        name: str = "",
        unit: str = "",
        language: tuple[str, ...] = (),
        telephone: str = "",
    ) -> DirectoryPosted:
        """Tell every member that you are on duty until a moment; whoever was on duty before is relieved.

        Args:
            until: when the duty ends
            name: a pseudonym or the name of an office, no person's name; by default yours
            unit: the unit; by default yours
            language: a language that is read and spoken, for example fr; repeat it
            telephone: where to call; by default the number of the profile

        """

    @operation("directory/off-duty")
    async def off_duty(
        self,
    ) -> DirectoryPosted:
        """Tell every member that nobody is on duty any more."""

    @operation("directory/bureaus")
    async def bureaus(
        self,
    ) -> tuple[DirectoryListed, ...]:
        """List all parties of the organisation: standing, languages, time there, who is on duty, when last ..."""

    @operation("directory/bureau")
    async def bureau(
        self,
        which: BureauId,
    ) -> DirectoryCard:
        """Show one bureau: its profile, functions, hours and holidays, who is on duty, how its clock stands.

        Args:
            which: the bureau, for example no

        """
