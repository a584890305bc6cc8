"""What somebody finds at a node who has its disk, its passphrase and all the time in the world.

Every sealed thing in the database is opened that the file of keys opens still, and whatever is compressed in it is
unpacked, however deep it lies. So a copy is found wherever one was left: in a segment, in the body of a batch, in an
act that only carries another one.
"""

import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from sqlalchemy import select

from comity.core.errors import Misused
from comity.node import archive, schema
from comity.node.bodies import SLOT, State
from comity.node.bureau import Bureau
from tests.node.recovering import PASSPHRASE

_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")


def opened(bureau: Bureau) -> Iterator[tuple[str, bytes]]:
    """Yield the name of a table and what one row of it holds that can be opened, unpacked; and all that lies open."""
    for table in schema.metadata.sorted_tables:
        with bureau.database.read() as tx:
            found = tx.all(select(table))
        for row in found:
            values = [bytes(each) for each in row if isinstance(each, (bytes, memoryview))]
            yield table.name, b"|".join([*values, *(str(each).encode() for each in row if isinstance(each, str))])
            if "number" not in table.c or row.number is None:
                continue
            for value in values:
                try:
                    yield table.name, b"|".join(_unpacked(bureau.store.bodies.open(int(row.number), value)))
                except Misused:
                    continue


def _unpacked(raw: bytes) -> Iterator[bytes]:
    yield raw
    for mark in _ZLIB:
        at = raw.find(mark)
        while at >= 0:
            try:
                plain = zlib.decompressobj().decompress(raw[at:])
            except zlib.error:
                plain = b""
            if plain:
                yield from _unpacked(plain)
            at = raw.find(mark, at + 1)


def left(bureau: Bureau, words: Iterable[str]) -> set[tuple[str, str]]:
    """Return which of these words can still be read in the database with the keys that are there: table and word."""
    wanted = {word: word.encode() for word in words}
    return {(table, word) for table, raw in opened(bureau) for word, spelled in wanted.items() if spelled in raw}


def on_disk(folder: Path, words: Iterable[bytes]) -> set[bytes]:
    """Return which of these bytes stand in some file under a folder, or in the file that it is."""
    files = [folder] if folder.is_file() else [path for path in folder.rglob("*") if path.is_file()]
    wanted = set(words)
    found: set[bytes] = set()
    for file in files:
        raw = file.read_bytes()
        found |= {word for word in wanted - found if word in raw}
    return found


def in_backup(path: Path, words: Iterable[str]) -> set[str]:
    """Return which of these words stand in what a backup holds, once it is opened."""
    everything = b"|".join(content for _, content in archive.records(path, PASSPHRASE))
    return {word for word in words if word.encode() in everything}


def sealed(bureau: Bureau, word: str) -> dict[int, tuple[bytes, bytes]]:
    """Return what holds a word now: by number the sealed bytes, and the slot that holds their key."""
    found: dict[int, tuple[bytes, bytes]] = {}
    for table in (schema.acts, schema.metadata.tables["row_segments"]):
        with bureau.database.read() as tx:
            rows = tx.all(select(table))
        for row in rows:
            value = row.body if table is schema.acts else row.sealed
            if value is None or bureau.store.bodies.state(row.number) is not State.LIVE:
                continue
            if any(word.encode() in each for each in _unpacked(bureau.store.bodies.open(row.number, bytes(value)))):
                found[int(row.number)] = bytes(value), _slot(bureau, int(row.number))
    return found


def _slot(bureau: Bureau, number: int) -> bytes:
    whole = b"".join(bureau.store.bodies.slots(number))
    return whole[number * SLOT : (number + 1) * SLOT]
