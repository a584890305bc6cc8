"""Rows: what acts put, restrict and drop by the thousand, each of which is shown, withdrawn and proven alone.

Authority: decision 0050. Rows are no subjects, or a million records would be a million states. A capability says by
pure functions what an act does to the rows of its subject; a node's row store does it in the act's transaction. What
the source says of one list bears serials, and the highest counts: so every node ends with the same rows, in whatever
order acts arrive.

Nothing here knows what a row says.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from comity.core.act import Act, Said
from comity.core.capability import Reader, Sight
from comity.core.handling import Label
from comity.core.ids import BureauId, Millis


class PutRows(msgspec.Struct, frozen=True, kw_only=True):
    """Put rows; one whose key is there already takes the place of the earlier one."""

    serial: int
    rows: tuple[tuple[str, bytes], ...]
    """Key and bytes, in the order in which the head's Merkle root holds them."""
    label: Label
    until: Millis
    """When they lapse: every node drops them by itself."""
    quiet: bool = False
    """Found for their source alone: who searches elsewhere is not told that they are there."""


class RestrictRows(msgspec.Struct, frozen=True, kw_only=True):
    """Give rows another label."""

    serial: int
    keys: tuple[str, ...] | None
    """None: all rows of the list with a lower serial."""
    label: Label
    quiet: bool = False
    """As they were put."""


class DropRows(msgspec.Struct, frozen=True, kw_only=True):
    """Drop rows; one that comes later with a lower serial is dropped when it comes."""

    serial: int
    keys: tuple[str, ...] | None
    """None: all rows of the list with a lower serial."""


RowOperation = PutRows | RestrictRows | DropRows


class Gone(msgspec.Struct, frozen=True, kw_only=True):
    """What dropping came to at one node."""

    dropped: int
    absent: int
    leaf: int
    """Index of the leaf, in this node's log, of the act that asked for it."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """All that decides who may see a row."""

    source: BureauId
    label: Label
    """Without its end, which is the row's own."""
    quiet: bool = False
    """Nobody but its source is told that it is there."""


class Findable(msgspec.Struct, frozen=True, kw_only=True):
    """By what a row is found, and what weighs beside it; plain values, for who looks knows no capability's structs."""

    what: str
    """The kind of record, in the word of its capability."""
    names: tuple[str, ...] = ()
    """Each name and alias of the person."""
    identifiers: tuple[tuple[str, str], ...] = ()
    """Kind and folded text of each number; the kinds are those of `node/searching.py`."""
    born: tuple[str, ...] = ()
    """Partial dates, ISO 8601."""
    nationalities: tuple[str, ...] = ()
    sex: str = ""
    """``F``, ``M`` or ``X``, as documents say it."""
    places: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What a capability declares whose acts carry rows."""

    operations: Callable[[Said, BureauId, Any], tuple[RowOperation, ...]]
    """``operations(said, me, state)``: what an accepted act does to the rows at bureau `me`, the subject being so."""
    key: Callable[[bytes], str]
    """``key(row)``: how the source calls a row; raises `Malformed` where it is none."""
    findable: Callable[[bytes], Findable]
    """``findable(row)``: by what it is found; raises `Malformed` where it is none."""
    states: Callable[[Said, Gone], Act | None]
    """``states(said, gone)``: what a node that is not the source's says once it has dropped what an act asked for."""
    veil: Callable[[Policy, Reader], Sight]
    """Rules on reading a row; `Masked` shows its key and its source, so that the reader knows whom to ask."""
