"""Writes a backup of a node into one encrypted file, while the node serves (decision 0039).

Authority: decisions 0024 (keys of bodies apart from the database) and 0030 (what a node's folder holds). The order is
what makes the parts fit each other without stopping anybody:

1. the database, in one transaction that only reads: its rows are those of one moment, in either kind of database;
2. the keys of bodies, up to the number that the database had given out by then. A key is on the disk before its act is
   committed, so none is missing; one that was erased meanwhile is gone, and `node/rebuild.py` puts its tombstone;
3. keyring, anchors, registry files, settings; and the attachments that acts of that moment name. They are never
   changed, only dropped: what was dropped meanwhile is left out.

The database goes row by row, not as a file: nothing readable lies beside it while it is made, and a backup of one kind
of database is restored into the other. Nothing is ever whole in memory.

What a backup is *not*: it holds the keys of all bodies in it, so keeping it undoes every erasure that comes after it;
keep few, keep them short, and destroy them. It is no backup of a registry that a secretariat keeps beside its node.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, func, select, text
from sqlalchemy.exc import DBAPIError

from comity.core import cose
from comity.core.act import Head
from comity.core.codec import decode
from comity.core.errors import Unreachable
from comity.core.ids import BureauId, Digest, Millis, OrgId
from comity.node import archive, clock, keyring, migrations, schema
from comity.node.database import Database
from comity.node.home import Home

Watch = Callable[[str, int, int], None]
"""``watch(what, done, total)``: bytes that are written so far, and about how many there will be."""

META, FILE, DATA, TABLE, ROWS, END = b"m", b"f", b"d", b"t", b"r", b"e"
"""What a record is. Data belong to the file before them, rows to the table before them."""

PIECE = 1 << 20
"""Bytes of a file, or about as many of rows, in one record."""

_LINES = 500
"""Rows read from the database at a time."""

_FOLDERS = ("keyring", "anchors", "trust")
_ALONE = frozenset({"master.key", "lock"})
"""Files that are not copied: the master key is in the header, and locks belong to the running processes."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A membership at the moment of the backup."""

    org: OrgId
    bureau: BureauId
    epoch: int
    size: int
    """Leaves in its log."""


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """The first record: what this is a backup of."""

    at: Millis
    schema: str
    """The revision of the tables."""
    numbers: int
    """The highest number that the database had given to an act: so many slots of keys follow."""
    members: tuple[Member, ...]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A file that follows, by its path in the node's folder; a link holds no data."""

    path: str
    mode: int
    link: str = ""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A table whose rows follow."""

    table: str
    columns: tuple[str, ...]


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """The last record: what stands before it."""

    files: int
    rows: int
    bytes: int
    """Of the files."""


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a backup that was made."""

    file: str
    at: Millis
    members: tuple[Member, ...]
    rows: int
    files: int
    bytes: int
    """Of the backup."""


def write(home: Home, path: Path, *, now: Millis | None = None, watch: Watch | None = None) -> Made:
    """Write a backup of an open node to a new file, mode 0600, whole or not at all.

    Raises:
        Misused: there is a file of this name.
        Unreachable: the disk is full, or the database does not answer.

    """
    at = now if now is not None else clock.now()
    header = archive.Header(master=keyring.sealed_master(home.folder / "keyring"), salt=clock.entropy(archive.SALT))
    making = _Making(home, watch)
    with archive.archive(path, home.keyring.secret("backup"), header) as file:
        making.file = file
        meta = making.database(at)
        making.keys(meta.numbers)
        making.folders()
        totals = Totals(files=making.files, rows=making.rows, bytes=making.bytes)
        file.add(END, msgspec.json.encode(totals))
    making.told(done=True)
    size = path.stat().st_size
    return Made(file=str(path), at=at, members=meta.members, rows=totals.rows, files=totals.files, bytes=size)


class _Making:
    """One backup on its way."""

    file: archive.Writer

    def __init__(self, home: Home, watch: Watch | None) -> None:
        self.home, self.watch = home, watch
        self.files = self.rows = self.bytes = 0
        self._done, self._total = 0, 0
        self._blobs: set[Digest] = set()

    def told(self, size: int = 0, *, done: bool = False) -> None:
        """Tell how far it is."""
        self._done += size
        if self.watch is not None:
            self.watch("backup", self._total if done else min(self._done, self._total - 1), max(self._total, 1))

    # 1. The database.

    def database(self, at: Millis) -> Meta:
        """Write every row of one moment."""
        self._total = _weight(self.home)
        with _moment(self.home.database) as connection:
            meta = _meta(connection, at)
            self.file.add(META, msgspec.json.encode(meta))
            for table in schema.metadata.sorted_tables:
                self._table(connection, table)
        return meta

    def _table(self, connection: Connection, table: Table) -> None:
        columns = tuple(str(column.name) for column in table.columns)
        self.file.add(TABLE, msgspec.json.encode(Part(table=str(table.name), columns=columns)))
        heads = columns.index("head") if table is schema.acts else None
        held: list[tuple[Any, ...]] = []
        size = 0
        ordered = select(table).order_by(*table.primary_key.columns)
        for row in connection.execution_options(stream_results=True, yield_per=_LINES).execute(ordered):
            plain = tuple(bytes(value) if isinstance(value, (bytes, memoryview)) else value for value in row)
            weight = sum(len(value) if isinstance(value, (bytes, str)) else 8 for value in plain)
            if held and size + weight > PIECE:
                self._lines(held, size)
                held, size = [], 0
            held.append(plain)
            size += weight
            if heads is not None:
                self._blobs.update(decode(cose.payload_of(plain[heads]), Head).blobs)
        if held:
            self._lines(held, size)

    def _lines(self, held: list[tuple[Any, ...]], size: int) -> None:
        self.file.add(ROWS, msgspec.msgpack.encode(held))
        self.rows += len(held)
        self.told(size)

    # 2. The keys of bodies.

    def keys(self, numbers: int) -> None:
        """Write the slots that the database had given out."""
        self._begin(Entry(path="bodies.keys", mode=0o600))
        for piece in self.home.bodies.slots(numbers):
            self._data(piece)

    # 3. Everything else.

    def folders(self) -> None:
        """Write keyring, anchors, registry files and settings, and the attachments that acts name."""
        for name in _FOLDERS:
            for path in sorted((self.home.folder / name).rglob("*")):
                if path.name not in _ALONE and not path.name.endswith(".tmp"):
                    self._path(path)
        self._path(self.home.folder / "node.json")
        for blob in sorted(self._blobs):
            place = self.home.folder / "blobs" / blob.hex()[:2] / blob.hex()[2:]
            # What was dropped is not there; what is being dropped goes in one step, and its rest is passed over.
            for path in sorted(place.glob("*")) if place.is_dir() else ():
                self._path(path)

    def _path(self, path: Path) -> None:
        name = str(path.relative_to(self.home.folder))
        if path.is_symlink():
            self._begin(Entry(path=name, mode=0o777, link=str(path.readlink())))
        elif path.is_file():
            try:
                file = path.open("rb")
            except FileNotFoundError:
                return
            with file:
                self._begin(Entry(path=name, mode=os.fstat(file.fileno()).st_mode & 0o777))
                while piece := file.read(PIECE):
                    self._data(piece)

    def _begin(self, entry: Entry) -> None:
        self.file.add(FILE, msgspec.json.encode(entry))
        self.files += 1

    def _data(self, piece: bytes) -> None:
        self.file.add(DATA, piece)
        self.bytes += len(piece)
        self.told(len(piece))


def _meta(connection: Connection, at: Millis) -> Meta:
    c, m = schema.counters.c, schema.memberships
    numbers = connection.execute(select(c.value).where(c.name == "acts")).scalar()
    members = tuple(
        Member(org=OrgId(row.org), bureau=BureauId(row.bureau), epoch=row.epoch, size=row.size)
        for row in connection.execute(select(m).order_by(m.c.member))
    )
    return Meta(at=at, schema=migrations.NEWEST, numbers=int(numbers or 0), members=members)


def _weight(home: Home) -> int:
    """Return about how many bytes there will be, for the bar."""
    folders = [path for name in (*_FOLDERS, "blobs") for path in (home.folder / name).rglob("*") if path.is_file()]
    single = [home.folder / "node.db", home.folder / "bodies.keys"]
    total = sum(path.stat().st_size for path in (*folders, *single) if path.exists())
    if not home.settings.database.startswith("sqlite") and home.settings.database:
        with home.database.read() as tx:
            total += int(tx.connection.execute(select(func.pg_database_size(func.current_database()))).scalar() or 0)
    return total


@contextmanager
def _moment(database: Database) -> Iterator[Connection]:
    """Give a connection that sees the database as it is at one moment, however long that is looked at."""
    try:
        with database.engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            # In SQLite the transaction that `BEGIN` opened is the moment: its first read fixes it.
            yield connection
            connection.rollback()
    except DBAPIError as problem:
        raise Unreachable(f"the database did not give its rows: {type(problem.orig).__name__}") from None
