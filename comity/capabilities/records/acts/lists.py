"""What is said of a list of records: opened, filled, restricted, withdrawn, and that a copy is gone (decision 0050).

A list is a subject whose keeper is its source; rows are not subjects. Who is told, and how rows may be used, the heads
say: the label of the opening act is the floor of the list, that of a batch is the label of its rows, and where that
expires the rows do. So label and end of a row outlive its body.
"""

from enum import StrEnum

from comity.capabilities.records.acts.rows import MOST_ROWS, check_keys, spelled_rows
from comity.capabilities.records.acts.things import RecordKind
from comity.capabilities.records.acts.values import check_line
from comity.core.act import Act
from comity.core.errors import Malformed
from comity.core.handling import Label
from comity.core.ids import Digest, Millis

MAX_SHARD = 64
"""Characters of a shard's name."""


class Tells(StrEnum):
    """Whether the source's officers hear of a hit on a record: the source's own rule."""

    ALWAYS = "always"
    CONFIRMED = "on-confirmation"
    SILENTLY = "silently"
    """The source is told, the searching officer does not see that there was a hit."""


class Reach(StrEnum):
    """What an act about rows reaches."""

    ROWS = "rows"
    """Those whose keys it names."""
    LIST = "list"
    """All that the source has put into the list before."""


class Cause(StrEnum):
    """Cause records are withdrawn; nothing about what they said."""

    PURPOSE = "purpose-reached"
    MISTAKEN = "mistaken"
    BASIS = "no-longer-allowed"
    REVIEW = "not-kept-after-review"
    ORDERED = "ordered"
    """By a court or the commission."""


class RecordList(Act, frozen=True, kw_only=True, tag="records.record-list/1"):
    """Opens a list of records of one kind, to those who are told; their nodes keep copies."""

    opens = True

    record: RecordKind
    shard: str = ""
    """Which part of the source's records of this kind, where it makes several lists; to others a name and no more."""
    months: int
    """How long a record rests at most before the source is asked again; not more than the table allows."""
    tells: Tells = Tells.ALWAYS

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if self.shard:
            check_line("a shard", self.shard, MAX_SHARD)
        if not 1 <= self.months <= 12 * 99:
            raise ValueError("records are kept for 1 month to 99 years")


class Batch(Act, frozen=True, kw_only=True, tag="records.batch/1"):
    """Puts rows into a list; a row whose key is there already is revised by it."""

    serial: int
    """Orders what the source says of a list: the moment in milliseconds UTC, or the last one and 1 if that is more."""
    count: int
    rows: bytes
    """See `rows.py`."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        _check_serial(self.serial)
        try:
            spelled_rows(self.rows, self.count)
        except Malformed as problem:
            raise ValueError(str(problem)) from None

    def row_bytes(self) -> tuple[bytes, ...]:
        """Return each row's bytes."""
        return spelled_rows(self.rows, self.count)


class Restriction(Act, frozen=True, kw_only=True, tag="records.restriction/1"):
    """Gives rows another label; who is outside its audience drops them."""

    serial: int
    reach: Reach
    keys: tuple[str, ...] = ()
    label: Label
    """Here and not in the head: whoever is shut out must be told."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        _check_serial(self.serial)
        _check_reach(self.reach, self.keys)


class Withdrawal(Act, frozen=True, kw_only=True, tag="records.withdrawal/1"):
    """Takes rows, or all of a list, back from everybody; their nodes drop them and say so, without anybody's doing."""

    serial: int
    reach: Reach
    keys: tuple[str, ...] = ()
    why: Cause
    deadline: Millis
    """Until when every holder should have stated that its copies are gone; who has not is shown as lagging."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        _check_serial(self.serial)
        _check_reach(self.reach, self.keys)


class Withdrawn(Act, frozen=True, kw_only=True, tag="records.withdrawn/1"):
    """States that no copy rests at the sender's node of what the act named by ``withdraws`` took back."""

    dropped: int
    """Rows that rested there and are gone."""
    absent: int
    """Rows that were not there."""
    leaf: int
    """Index of the leaf in the sender's log that says when it received what it answers."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if min(self.dropped, self.absent, self.leaf) < 0:
            raise ValueError("counts and places begin at 0")


class LookDigest(Act, frozen=True, kw_only=True, tag="records.look-digest/1"):
    """Binds a bureau to its journal of looks: said to itself, so that its log holds the root and nobody learns more."""

    root: Digest
    """Merkle root (RFC 6962) over the salted digests of the looks."""
    count: int
    since: Millis
    until: Millis
    """The first moment that belongs to the next one."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if len(self.root) != 32 or self.count < 1 or self.until <= self.since:  # noqa: PLR2004 - SHA-256
            raise ValueError("a digest has a root of 32 bytes, at least one look, and an end after its beginning")


def _check_serial(serial: int) -> None:
    if serial < 1:
        raise ValueError("a serial counts from 1")


def _check_reach(reach: Reach, keys: tuple[str, ...]) -> None:
    check_keys(keys)
    if (reach is Reach.ROWS) is not bool(keys):
        raise ValueError(f"rows are named by 1 to {MOST_ROWS} keys, a whole list by none")
