"""What the desk of a bureau answers: structs and enumerations.

Written by `make docs` from the desks; do not edit.
"""

from enum import StrEnum

import msgspec

from comity.core.handling import Label
from comity.core.ids import Digest, Millis


class RecordsRecordKind(StrEnum):
    """What a list holds records of."""

    NOMINAL = "nominal"
    TRAVEL_DOCUMENT = "travel-document"
    IDENTITY_DOCUMENT = "identity-document"
    VEHICLE = "vehicle"
    VESSEL = "vessel"
    AIRCRAFT = "aircraft"
    FIREARM = "firearm"
    DEVICE = "device"
    ART = "work-of-art"
    MONEY = "money"
    BIOMETRIC = "biometric-reference"


class RecordsTells(StrEnum):
    """Whether the source's officers hear of a hit on a record: the source's own rule."""

    ALWAYS = "always"
    CONFIRMED = "on-confirmation"
    SILENTLY = "silently"


class RecordsRecordList(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="records.record-list/1"):
    """Opens a list of records of one kind, to those who are told; their nodes keep copies."""

    record: RecordsRecordKind
    shard: str
    months: int
    tells: RecordsTells


class RecordsBatch(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="records.batch/1"):
    """Puts rows into a list; a row whose key is there already is revised by it."""

    serial: int
    count: int
    rows: bytes


class RecordsReach(StrEnum):
    """What an act about rows reaches."""

    ROWS = "rows"
    LIST = "list"


class RecordsRestriction(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="records.restriction/1"):
    """Gives rows another label; who is outside its audience drops them."""

    serial: int
    reach: RecordsReach
    keys: tuple[str, ...]
    label: Label


class RecordsCause(StrEnum):
    """Cause records are withdrawn; nothing about what they said."""

    PURPOSE = "purpose-reached"
    MISTAKEN = "mistaken"
    BASIS = "no-longer-allowed"
    REVIEW = "not-kept-after-review"
    ORDERED = "ordered"


class RecordsWithdrawal(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="records.withdrawal/1"):
    """Takes rows, or all of a list, back from everybody; their nodes drop them and say so, without ..."""

    serial: int
    reach: RecordsReach
    keys: tuple[str, ...]
    why: RecordsCause
    deadline: Millis


class RecordsWithdrawn(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="records.withdrawn/1"):
    """States that no copy rests at the sender's node of what the act named by ``withdraws`` took back."""

    dropped: int
    absent: int
    leaf: int


class RecordsLookDigest(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="records.look-digest/1"):
    """Binds a bureau to its journal of looks: said to itself, so that its log holds the root and ..."""

    root: Digest
    count: int
    since: Millis
    until: Millis
