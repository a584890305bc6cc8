"""How far each channel has come: its highest number, and the holes below it (decisions 0009 and 0023).

One row for each sender, set of recipients and epoch. An act that takes a number moves the row on; in one transaction
many do, so the row is read once and written once. Whoever else changes such a row asks the database by its own words,
and what is remembered here is forgotten then.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from comity.core.codec import encode, unpack
from comity.core.ids import BureauId, Millis
from comity.node import schema
from comity.node.database import Transaction
from comity.node.query import Query

_c = schema.channels.c
_ROW = Query(
    lambda member, sender, channel, epoch: select(_c.high, _c.missing, _c.ask_at, _c.asked).where(
        _c.member == member, _c.sender == sender, _c.channel == channel, _c.epoch == epoch
    )
)
_NONE = encode([])


@dataclass
class _Standing:
    row: dict[str, Any]
    queued: bool = False
    """True once the row waits to be written."""

    def change(self, tx: Transaction, **values: object) -> None:
        self.row.update(values)
        if not self.queued:
            tx.put(schema.channels, [self.row])
            self.queued = True


def high(tx: Transaction, member: int, sender: BureauId, channel: bytes, epoch: int) -> int:
    """Return the highest number that was ever taken in a channel, 0 if none was."""
    return int(_standing(tx, member, sender, channel, epoch).row["high"])


def take(tx: Transaction, member: int, me: BureauId, channel: bytes, epoch: int) -> int:
    """Take the next number of one of our own channels; it counts only if the transaction commits."""
    standing = _standing(tx, member, me, channel, epoch)
    seq = int(standing.row["high"]) + 1
    standing.change(tx, high=seq)
    return seq


def mark(  # noqa: PLR0913 - a channel has these parts
    tx: Transaction, member: int, sender: BureauId, channel: bytes, epoch: int, seq: int, *, ask_at: Millis
) -> None:  # fmt: skip
    """Note that number `seq` has arrived; a hole that it shows is to be asked for at `ask_at`."""
    standing = _standing(tx, member, sender, channel, epoch)
    row = standing.row
    before = holes(row["missing"])
    last, missing = marked(row["high"], before, seq)
    if missing == before:
        # A hole is asked for in its time, however much arrives meanwhile.
        standing.change(tx, high=last)
        return
    known = row["ask_at"] if not row["asked"] else None
    ask = (known or ask_at) if missing else None
    standing.change(tx, high=last, missing=encode(missing), ask_at=ask, asked=0)


def holes(raw: bytes) -> list[list[int]]:
    """Return the holes of a channel as its row holds them: first and last number of each."""
    found: list[list[int]] = [] if raw == _NONE else unpack(raw)
    return found


def marked(high: int, missing: list[list[int]], seq: int) -> tuple[int, list[list[int]]]:
    """Return the highest number and the holes below it after `seq` has arrived.

    >>> marked(2, [], 6)
    (6, [[3, 5]])
    >>> marked(6, [[3, 5]], 4)
    (6, [[3, 3], [5, 5]])
    """
    if seq > high:
        return seq, [*missing, [high + 1, seq - 1]] if seq > high + 1 else missing
    left = []
    for first, last in missing:
        if first <= seq <= last:
            left += [hole for hole in ([first, seq - 1], [seq + 1, last]) if hole[0] <= hole[1]]
        else:
            left.append([first, last])
    return high, left


def _standing(tx: Transaction, member: int, sender: BureauId, channel: bytes, epoch: int) -> _Standing:
    key = (member, sender, channel, epoch)
    found: _Standing | None = tx.unwritten(schema.channels).get(key)
    if found is not None:
        return found
    named = {"member": member, "sender": sender, "channel": channel, "epoch": epoch}
    row = tx.one(_ROW, **named)
    if row is None:
        stood = {"high": 0, "missing": _NONE, "ask_at": None, "asked": 0}
    else:
        stood = {"high": row.high, "missing": bytes(row.missing), "ask_at": row.ask_at, "asked": row.asked}
    found = _Standing({**named, **stood})
    # Asked for anew: the query may have had rows of other channels written, and so forgotten.
    tx.unwritten(schema.channels)[key] = found
    return found
