"""Rows as they rest: some hundreds together under a key of their own, written anew when one of them must go.

Authority: decisions 0013 and 0050. A segment is what a body is to an act: ciphertext in the database, its key in the
file of keys (`node/bodies.py`), at a number that the counter `acts` gives, so that keys of rows and of bodies share one
file, one way to the disk and one way to die. Beside each row rests its own salt: with it and the digests of the other
rows, which `node/rows.py` keeps, a row can be proven against the signed head after the body of its batch is gone.

A row that must go takes its segment's key with it: what is left is sealed under a new one in the same transaction, the
old key is destroyed when that has committed, and again after a crash (`Store.doom`).
"""

import struct
import zlib
from collections.abc import Collection, Iterable, Iterator

import msgspec
from sqlalchemy import and_, delete, select

from comity.core.codec import MAX_BYTES
from comity.node.bodies import State
from comity.node.database import Transaction
from comity.node.query import Query
from comity.node.rowtables import row_segments
from comity.node.store import Store

ROWS = 256
"""Rows of a segment. Reading one row opens all of them, in 0.3 ms; dropping one writes all of them, some 20 kB. With 64
a million records take 8 % more room and four times the keys."""

_LEVEL = 6
_s = row_segments.c
_SEGMENT = Query(
    lambda member, batch, part: select(_s.number, _s.sealed).where(
        _s.member == member, _s.batch == batch, _s.part == part
    )
)


class Resting(msgspec.Struct, frozen=True):
    """One row in a segment."""

    place: int
    """Its index in its batch."""
    salt: bytes
    """Of its digest."""
    row: bytes


def part_of(place: int) -> int:
    """Return the segment of its batch in which a row rests."""
    return place // ROWS


def write(store: Store, tx: Transaction, batch: int, rows: Iterable[Resting]) -> None:
    """Seal the rows of a batch, each segment under a fresh key; nothing of the batch may rest here yet."""
    parts: dict[int, list[Resting]] = {}
    for each in rows:
        parts.setdefault(part_of(each.place), []).append(each)
    _write(store, tx, batch, parts)


def read(store: Store, tx: Transaction, batch: int, part: int) -> tuple[Resting, ...]:
    """Return the rows of a segment; none where it is gone, also where only its key is."""
    found = tx.one(_SEGMENT, member=store.member, batch=batch, part=part)
    if found is None or store.bodies.state(int(found.number)) is State.ERASED:
        return ()
    return _opened(store.reveal(tx, int(found.number), bytes(found.sealed)))


def one(store: Store, tx: Transaction, batch: int, place: int) -> Resting | None:
    """Return one row of a batch, without making the others of its segment; None where it does not rest here."""
    found = tx.one(_SEGMENT, member=store.member, batch=batch, part=part_of(place))
    if found is None or store.bodies.state(int(found.number)) is State.ERASED:
        return None
    return next(_parted(store.reveal(tx, int(found.number), bytes(found.sealed)), place), None)


def every(store: Store, tx: Transaction, batch: int) -> tuple[Resting, ...]:
    """Return all rows of a batch that rest here."""
    rows = tx.all(select(_s.part).where(and_(_s.member == store.member, _s.batch == batch)).order_by(_s.part))
    return tuple(each for row in rows for each in read(store, tx, batch, int(row.part)))


def drop(store: Store, tx: Transaction, batch: int, places: Collection[int]) -> None:
    """Let rows of a batch go: their segments are written anew without them, the old keys are destroyed."""
    gone: dict[int, set[int]] = {}
    for place in places:
        gone.setdefault(part_of(place), set()).add(place)
    left: dict[int, list[Resting]] = {}
    for part, out in gone.items():
        kept = [each for each in read(store, tx, batch, part) if each.place not in out]
        _forget(store, tx, batch, part)
        if kept:
            left[part] = kept
    _write(store, tx, batch, left)


def drop_all(store: Store, tx: Transaction, batch: int) -> None:
    """Let all rows of a batch go."""
    _forget(store, tx, batch, None)


def _write(store: Store, tx: Transaction, batch: int, parts: dict[int, list[Resting]]) -> None:
    if not parts:
        return
    first, lines = tx.count("acts", len(parts)), []
    for number, (part, rows) in enumerate(sorted(parts.items()), first):
        line = {"number": number, "member": store.member, "batch": batch, "part": part, "count": len(rows)}
        lines.append({**line, "sealed": store.hide(tx, number, _spelled(rows))})
    tx.add(row_segments, lines)


def _forget(store: Store, tx: Transaction, batch: int, part: int | None) -> None:
    where = [_s.member == store.member, _s.batch == batch, *([_s.part == part] if part is not None else [])]
    for row in tx.all(select(_s.number).where(and_(*where))):
        store.doom(tx, int(row.number))
    tx.run(delete(row_segments).where(and_(*where)))


# How a segment is spelled before it is sealed; nobody else reads it, and the seal tells whether it was altered:
#   rows 4 | for each: place 4, length 4 | for each: salt 32 | all rows, one after the other, compressed by zlib


def _spelled(rows: list[Resting]) -> bytes:
    lengths = [number for each in rows for number in (each.place, len(each.row))]
    head = struct.pack(f">I{len(lengths)}I", len(rows), *lengths)
    return head + b"".join(each.salt for each in rows) + zlib.compress(b"".join(each.row for each in rows), _LEVEL)


def _opened(raw: bytes) -> tuple[Resting, ...]:
    return tuple(_parted(raw))


def _parted(raw: bytes, only: int | None = None) -> Iterator[Resting]:
    count = int.from_bytes(raw[:4])
    numbers, salts = struct.unpack_from(f">{2 * count}I", raw, 4), 4 + 8 * count
    plain = zlib.decompressobj().decompress(raw[salts + 32 * count :], MAX_BYTES)
    at = 0
    for index in range(count):
        place, length = numbers[2 * index], numbers[2 * index + 1]
        if only is None or place == only:
            yield Resting(place, raw[salts + 32 * index : salts + 32 * index + 32], plain[at : at + length])
        at += length
