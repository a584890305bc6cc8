# mypy: disable-error-code="empty-body"

"""The desk of records, as a program calls it. Written by `make docs` from the desks; do not edit.

A method has no body: `operation` sends what its signature takes, and reads what it promises.
"""

from comity.client.connection import Connection, operation
from comity.client.said.records import RecordsCause, RecordsReach, RecordsRecordKind, RecordsTells
from comity.client.told.records import RecordsPublished, RecordsSaid
from comity.core.handling import Confidentiality, Handling, Onward, Purpose
from comity.core.ids import BureauId, Millis
from comity.core.spelling import File


class Publishing:
    """What a source does with its lists."""

    def __init__(self, connection: Connection) -> None:
        """Speak over this line."""
        self.connection = connection

    @operation("records/open")
    async def open(  # noqa: PLR0913 - as the desk has them
        self,
        *,
        record: RecordsRecordKind,
        to: tuple[BureauId, ...],
        shard: str = "",
        months: int | None = None,
        tells: RecordsTells = RecordsTells.ALWAYS,
        purpose: Purpose = Purpose.LOCATE,
        law: str = "",
        handling: Handling | None = None,
        confidentiality: Confidentiality | None = None,
        onward: Onward | None = None,
        audience: tuple[BureauId, ...] = (),
    ) -> RecordsSaid:
        """Open a list of records to those whose nodes shall keep copies; its label is the floor for all ...

        Args:
            record: what it holds records of
            to: a bureau whose node keeps a copy; repeat it for several
            shard: a name for this part of the records, where there are several
            months: how long they rest before they are reviewed; by default the longest
            tells: whether we hear of hits: always, on-confirmation, silently
            purpose: purpose for which the records are processed (RPD 10)
            law: legal basis, as lawyers cite it
            handling: handling code; that of the list, if nothing is said
            confidentiality: confidentiality; that of the list, if nothing is said
            onward: whether holders may pass them on; as the list says, if nothing is said
            audience: a bureau that may see them; repeat it for several

        """

    @operation("records/publish")
    async def publish(  # noqa: PLR0913 - as the desk has them
        self,
        which: str,
        file: File,
        *,
        mapping: File | None = None,
        until: Millis | None = None,
        dry_run: bool = False,
        skip_bad: bool = False,
        handling: Handling | None = None,
        confidentiality: Confidentiality | None = None,
        onward: Onward | None = None,
        audience: tuple[BureauId, ...] = (),
    ) -> RecordsPublished:
        """Publish the records of a file in a list of ours; one whose key is there already is revised by it.

        Args:
            which: the list, by the first digits of its id
            file: CSV or JSON lines, one record a line
            mapping: which column is which field; a file that is kept
            until: when they are reviewed; by default as late as the list allows
            dry_run: only say what would come of it
            skip_bad: publish the other lines though some are wrong
            handling: handling code; that of the list, if nothing is said
            confidentiality: confidentiality; that of the list, if nothing is said
            onward: whether holders may pass them on; as the list says, if nothing is said
            audience: a bureau that may see them; repeat it for several

        """

    @operation("records/restrict")
    async def restrict(  # noqa: PLR0913 - as the desk has them
        self,
        which: str,
        *,
        key: tuple[str, ...] = (),
        reach: RecordsReach = RecordsReach.ROWS,
        handling: Handling | None = None,
        confidentiality: Confidentiality | None = None,
        onward: Onward | None = None,
        audience: tuple[BureauId, ...] = (),
    ) -> RecordsSaid:
        """Give records of ours another label; whoever is left out of its audience drops them and says so.

        Args:
            which: the list, by the first digits of its id
            key: the key of a record; repeat it for several
            reach: rows: those with the keys that are named; list: everything in it
            handling: handling code; that of the list, if nothing is said
            confidentiality: confidentiality; that of the list, if nothing is said
            onward: whether holders may pass them on; as the list says, if nothing is said
            audience: a bureau that may see them; repeat it for several

        """

    @operation("records/withdraw")
    async def withdraw(
        self,
        which: str,
        *,
        why: RecordsCause,
        key: tuple[str, ...] = (),
        reach: RecordsReach = RecordsReach.ROWS,
        deadline: Millis | None = None,
    ) -> RecordsSaid:
        """Take records of ours back from everybody: the holders' nodes drop them by themselves, and say so.

        Args:
            which: the list, by the first digits of its id
            why: why; the holders read it
            key: the key of a record; repeat it for several
            reach: rows: those with the keys that are named; list: everything in it
            deadline: until when holders state that it is gone; by default an hour

        """
