"""Makes a node of a backup: all of it is verified first, and the node goes on in a new epoch (decision 0039).

Authority: decisions 0009 (a restored store uses no number twice) and 0013 (what was erased stays erased, as far as that
can be known). The backup is read twice. The first time nothing is written: a file that is torn, cut or altered, or a
passphrase that is not the one, leaves no trace. The second time the node is made beside its place, and gets its name in
one step when it is whole.

A new epoch is stated under the offline role key of each membership. The statement is the first leaf that the log gets:
so every checkpoint that the backup holds is of the earlier log, and every later one of the new.

A backup is older than what was erased since. Recalls come back from peers before a desk opens (`node/recovery.py`).
What this bureau erased by itself is known to nobody else: if the old file of body keys is still there, what it shows as
erased is erased here too. If not, those bodies live again, and SOUNDNESS.md says so.
"""

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TypeVar

import msgspec
from sqlalchemy import Connection, MetaData, create_engine, insert, inspect, select, update
from sqlalchemy.exc import OperationalError

from comity.core.codec import NO_JSON, from_json
from comity.core.epoch import FIRST, Opening, Statement, epoch_payload, next_epoch, origin
from comity.core.errors import Malformed, Misused, Unreachable
from comity.core.ids import BureauId, Digest, Millis, OrgId
from comity.core.leaf import SALT, Leaf, Way
from comity.node import archive, clock, disk, home, migrations, schema
from comity.node.backup import DATA, END, FILE, META, ROWS, TABLE, Entry, Meta, Part, Totals, Watch
from comity.node.bodies import BodyKeys, State
from comity.node.database import Database, Transaction, sqlite_url
from comity.node.home import Home
from comity.node.keyfile import OfflineKey
from comity.node.ledger import Ledger

Record = tuple[bytes, bytes]
S = TypeVar("S", bound=msgspec.Struct)


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A membership that goes on in a new epoch."""

    org: OrgId
    bureau: BureauId
    epoch: int
    size: int
    """Leaves of its earlier log that the backup held."""


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a restore."""

    folder: str
    backup_of: Millis
    memberships: tuple[Begun, ...]
    erased: int
    """Bodies that were erased after the backup, as the old file of keys shows."""


def verify(path: Path, passphrase: str, watch: Watch | None = None) -> Meta:
    """Read a backup to its end and return what it says of itself; nothing is written.

    Raises:
        Misused: there is no such file, the passphrase is not the one, or newer software made it.
        Malformed: it is no backup, or is cut off, torn or altered.

    """
    files, rows, size, total = 0, 0, 0, max(path.stat().st_size, 1) if path.exists() else 1
    meta: Meta | None = None
    ended: Totals | None = None
    for what, content in _checked(archive.records(path, passphrase)):
        match what:
            case b"m":
                meta = _decoded(content, Meta)
            case b"f":
                _place(PurePosixPath(_decoded(content, Entry).path))
                files += 1
            case b"d":
                size += len(content)
            case b"r":
                rows += len(msgspec.msgpack.decode(content))
            case b"e":
                ended = _decoded(content, Totals)
            case _:
                pass
        if watch is not None:
            watch("verifying", min(size, total), total)
    if meta is None or ended != Totals(files=files, rows=rows, bytes=size):
        raise Malformed("the backup holds other parts than it says at its end")
    if meta.schema > migrations.NEWEST:
        raise Misused(f"the backup has schema {meta.schema}, this software {migrations.NEWEST}: install the newer one")
    return meta


def restore(  # noqa: PLR0913 - a restore has these parts
    path: Path, folder: Path, passphrase: str, roles: Iterable[OfflineKey], *, database: str = "",
    erased: Path | None = None, now: Millis | None = None, watch: Watch | None = None,
) -> Restored:  # fmt: skip
    """Make the node in `folder` from a backup, in a new epoch; without a URL its database is a file in the folder.

    `erased` is the file of body keys of the node that was lost, if it is still there.

    Raises:
        Misused: the folder or the database holds something, the passphrase is not the one, or a role key is missing.
        Malformed: the backup is cut off, torn or altered.
        Unreachable: the disk is full, or the database server does not answer.

    """
    at = now if now is not None else clock.now()
    refuse_full(folder)
    meta = verify(path, passphrase, watch)
    _free(database)
    beside = folder.with_name(f".{folder.name}.{os.getpid()}.restoring")
    disk.private_folder(beside)
    try:
        _unpack(path, passphrase, beside, database or sqlite_url(beside / "node.db"), meta)
        settings = msgspec.structs.replace(home.read(beside), database=database)
        home.write(beside, settings)
        opened = home.open_home(beside, passphrase)
        try:
            memberships = _begin(opened, tuple(roles), at)
            gone = _erase_again(opened, erased, meta.numbers)
        finally:
            opened.close()
        beside.replace(folder)
        disk.settle(folder.parent)
    except BaseException as problem:
        _clear(database)
        if isinstance(problem, OSError):
            raise Unreachable(f"the node was not restored: {problem.strerror}; nothing of it was kept") from None
        raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return Restored(folder=str(folder), backup_of=meta.at, memberships=memberships, erased=gone)


def refuse_full(folder: Path) -> None:
    """Refuse to make a node where there is something already.

    Raises:
        Misused: there is.

    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Misused(f"{folder} holds something already; name a folder that does not exist yet")


# Reading.


def _checked(records: Iterator[Record]) -> Iterator[Record]:
    """Yield records in the order in which they may stand: meta first, data in a file, rows in a table, the end last."""
    inside, ended = b"", False
    for place, (what, content) in enumerate(records):
        if (place == 0) != (what == META) or ended:
            raise Malformed("the parts of the backup stand in another order than they may")
        if (what == DATA and inside != FILE) or (what == ROWS and inside != TABLE):
            raise Malformed("the backup holds data that belong to nothing")
        if what in {FILE, TABLE}:
            inside = what
        ended = what == END
        yield what, content


def _decoded(content: bytes, kind: type[S]) -> S:
    try:
        return from_json(content, kind)
    except NO_JSON:
        raise Malformed("a part of the backup is not in the expected form") from None


def _place(path: PurePosixPath) -> PurePosixPath:
    """Return a path that stays inside the node's folder."""
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise Malformed("the backup names a file outside the node's folder")
    return path


# Writing.


def _free(url: str) -> None:
    """Refuse a database that holds something; a file of ours lies in the new folder and is always free."""
    if not url:
        return
    try:
        engine = create_engine(url)
        with engine.connect() as connection:
            held = inspect(connection).get_table_names()
        engine.dispose()
    except OperationalError as problem:
        raise Unreachable(f"the database does not answer: {type(problem.orig).__name__}") from None
    if held:
        raise Misused("the database that is named holds tables already; name an empty one")


def _clear(url: str) -> None:
    """Empty a database again that was empty before."""
    if url:
        engine = create_engine(url)
        with suppress(OperationalError):
            found = MetaData()
            found.reflect(engine)
            found.drop_all(engine)
        engine.dispose()


def _unpack(path: Path, passphrase: str, folder: Path, url: str, meta: Meta) -> None:
    """Write files and rows."""
    disk.private_folder(folder / "keyring")
    disk.write_new(folder / "keyring" / "master.key", archive.sealed_master(path), mode=disk.PRIVATE)
    engine = create_engine(url)
    try:
        migrations.upgrade(engine, meta.schema)
        tables = MetaData()
        with engine.begin() as connection:
            tables.reflect(connection)
            unpacking = _Unpacking(folder, connection, tables)
            for what, content in _checked(archive.records(path, passphrase)):
                unpacking.take(what, content)
            unpacking.close()
    finally:
        engine.dispose()


class _Unpacking:
    """The second reading: every record goes where it belongs."""

    def __init__(self, folder: Path, connection: Connection, tables: MetaData) -> None:
        self.folder, self.connection, self.tables = folder, connection, tables
        self.file: int | None = None
        self.part: Part | None = None

    def take(self, what: bytes, content: bytes) -> None:
        """Write one record."""
        if what == FILE:
            self.close()
            self._open(_decoded(content, Entry))
        elif what == DATA and self.file is not None:
            # A write may take less than it is given, on a disk that fills.
            while content:
                content = content[os.write(self.file, content) :]
        elif what == TABLE:
            self.part = _decoded(content, Part)
        elif what == ROWS and self.part is not None:
            rows = [dict(zip(self.part.columns, row, strict=True)) for row in msgspec.msgpack.decode(content)]
            self.connection.execute(insert(self.tables.tables[self.part.table]), rows)

    def _open(self, entry: Entry) -> None:
        place = self.folder / _place(PurePosixPath(entry.path))
        disk.private_folder(place.parent)
        if entry.link:
            _place(PurePosixPath(entry.link))
            place.symlink_to(entry.link)
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self.file = os.open(place, flags, entry.mode & 0o700 or disk.PRIVATE)
        os.fchmod(self.file, entry.mode & 0o777)

    def close(self) -> None:
        """Force the file that was written last to the disk."""
        if self.file is not None:
            os.fsync(self.file)
            os.close(self.file)
            self.file = None


# The new epoch.


def _begin(opened: Home, roles: tuple[OfflineKey, ...], now: Millis) -> tuple[Begun, ...]:
    """Open a new epoch for each membership in which anything was ever said."""
    begun = []
    with opened.database.read() as tx:
        members = tx.all(select(schema.memberships).order_by(schema.memberships.c.member))
    for row in members:
        org, me = OrgId(row.org), BureauId(row.bureau)
        try:
            named = opened.trusts[org].current().role_keys.get(me, ())
        except Unreachable:
            # Nothing was verified of its registry yet, so nobody has heard of the bureau.
            named = ()
        if not named and not row.size:
            continue
        role = next((each for each in roles if each.public.public in named), None)
        if role is None:
            raise Misused(f"give the role key of {me} with --role-key: peers know a new epoch by its signature alone")
        begun.append(begin(opened.database, org, me, int(row.member), role, now))
    return tuple(begun)


def begin(database: Database, org: OrgId, me: BureauId, member: int, role: OfflineKey, now: Millis) -> Begun:
    """Open a new epoch of one membership: state it, log it, and count on in it."""

    def write(tx: Transaction) -> Begun:
        m, c = schema.memberships.c, schema.channels.c
        row = tx.one(select(m.epoch, m.size).where(m.member == member))
        before, size = (int(row.epoch), int(row.size)) if row is not None else (FIRST, 0)
        epoch = next_epoch(before, now)
        ledger = Ledger(member, origin(org, me, before))
        opening = Opening(org=org, bureau=me, epoch=epoch, size=size, root=ledger.root(tx, size), at=now)
        payload = epoch_payload(opening)
        statement = Statement(
            payload=payload, public=role.public.public, signature=role.sign(Statement.message(payload))
        )
        raw = msgspec.json.encode(statement)
        latest = ledger.latest_checkpoint(tx)
        row_ = {"member": member, "bureau": me, "epoch": epoch, "size": size, "root": opening.root, "statement": raw}
        tx.put(schema.epochs, [{**row_, "note": latest[1] if latest else b"", "act": 0, "at": now, "ended": None}])
        ledger.append(tx, Leaf(way=Way.EPOCH, act=Digest(hashlib.sha256(raw).digest()), at=now), clock.entropy(SALT))
        tx.run(update(schema.memberships).where(m.member == member).values(epoch=epoch))
        # What witnesses said of the earlier log says nothing of this one; they are asked anew.
        tx.run(update(schema.witnesses).where(schema.witnesses.c.member == member).values(size=0))
        # Whom a hole of the earlier epochs is asked of, the answers of the peers say better.
        tx.run(update(schema.channels).where(c.member == member, c.ask_at.is_not(None)).values(ask_at=now))
        return Begun(org=org, bureau=me, epoch=epoch, size=size)

    return database.write(write)


def _erase_again(opened: Home, erased: Path | None, numbers: int) -> int:
    """Erase here what the old file of keys shows as erased; the numbers are those that the backup knows."""
    if erased is None:
        return 0
    old = BodyKeys(erased, opened.keyring.secret("bodies"))
    try:
        gone = [
            number
            for number in range(1, min(numbers + 1, old.end()))
            if old.state(number) is State.ERASED and opened.bodies.state(number) is not State.ERASED
        ]
    finally:
        old.close()
    opened.bodies.erase(gone)
    return len(gone)
