"""The database under a node: SQLite by default, PostgreSQL by URL, one code path, commits in groups (decision 0028).

A commit that is really on disk costs a sync; a hundred writes in one commit cost one sync. So writers hand their work
to one thread, which runs whatever waits in one transaction and answers only after the commit (no receipt before a
durable commit). When one piece of work fails, the group is rolled back and each piece runs alone, so that only the
guilty one fails.

Several processes may write to one database (the node's service and a command line beside it): each transaction takes
the write lock first and reads what it needs inside, so nothing is kept in memory that another process could change.
"""

import logging
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Dialect, Engine, Executable, Row, Table, create_engine, event, select
from sqlalchemy.exc import DBAPIError, OperationalError

from comity.core.errors import ComityError, Misused, Unreachable
from comity.node import schema
from comity.node.query import Query, insertion, replacement

log = logging.getLogger("comity.database")

T = TypeVar("T")

GROUP = 256
"""Pieces of work after which a commit takes in no more; beyond 100 the sync hardly counts (measured: 52,600 rows/s)."""

BUSY_MILLIS = 30_000
"""How long a SQLite transaction waits for another process."""

_RISKS = {
    "fsync": "after a power cut acts are lost that were promised",
    "full_page_writes": "after a power cut its tables may be damaged",
}
"""Settings of a PostgreSQL server that no client can set, and what they cost."""

_FULL = frozenset({"SQLITE_FULL", "DiskFull"})

_PG_LOCK = 0x636F6D697479
"""Key of the PostgreSQL advisory lock that serialises writers: the letters of the project's name."""


@dataclass
class _Rows:
    """Rows of one table that wait to be written together: a statement for each costs more than the row."""

    query: Query | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    known: dict[Any, Any] = field(default_factory=dict)
    """What `Transaction.unwritten` gives; forgotten when the rows are written, or may have been changed by others."""


@dataclass
class Transaction:
    """A write transaction: the connection, and what must happen before and after its commit."""

    connection: Connection
    before: list[Callable[[], None]] = field(default_factory=list)
    """Runs just before the commit: tiles are written, body keys synced. May write to the transaction."""
    after: list[Callable[[], None]] = field(default_factory=list)
    """Runs once the commit is durable; may fail, and must then be done again later."""
    notes: dict[Any, Any] = field(default_factory=dict)
    """What the layers above share within one transaction (a ledger's growing edge, for one)."""
    _cursor: Any = None
    _waiting: dict[str, _Rows] = field(default_factory=dict)

    def run(self, statement: Executable | Query, rows: list[dict[str, Any]] | None = None, **values: object) -> int:
        """Execute a statement and return how many rows it touched; `values` are those of a query."""
        self._settle(statement)
        if isinstance(statement, Query):
            return int(self._say(statement, values)[0].rowcount)
        result = self.connection.execute(statement, rows) if rows is not None else self.connection.execute(statement)
        return int(getattr(result, "rowcount", 0))

    def one(self, statement: Executable | Query, **values: object) -> Row[Any] | None:
        """Return the first row, or None."""
        if isinstance(statement, Query):
            return next(iter(self.all(statement, **values)), None)
        self._settle(statement)
        return self.connection.execute(statement).first()

    def all(self, statement: Executable | Query, **values: object) -> list[Row[Any]]:
        """Return all rows."""
        self._settle(statement)
        if isinstance(statement, Query):
            cursor, row = self._say(statement, values)
            return [row(found) for found in cursor.fetchall()] if row is not None else []
        return list(self.connection.execute(statement))

    def add(self, table: Table, rows: list[dict[str, Any]]) -> None:
        """Insert rows, all with the same columns; they are written when somebody looks, or with the commit."""
        if rows:
            self._wait(table, insertion(table, tuple(rows[0])), rows)

    def put(self, table: Table, rows: list[dict[str, Any]]) -> None:
        """Insert rows, all with the same columns, or overwrite those that have the same primary key; as `add`."""
        if rows:
            self._wait(table, replacement(table, tuple(rows[0]), self.connection.dialect.name), rows)

    def each(self, query: Query, rows: list[dict[str, Any]]) -> None:
        """Execute a query once with the values of each row."""
        if rows:
            self._settle(query)
            self._say_many(query, rows)

    def unwritten(self, table: Table) -> dict[Any, Any]:
        """Return what is known of a table's rows, by any name; rows that wait may be changed as long as it is kept."""
        return self._waiting.setdefault(table.name, _Rows()).known

    def settle(self) -> None:
        """Write the rows that wait: those of one table with one statement."""
        for name in tuple(self._waiting):
            self._write(name)

    def end(self) -> None:
        """Let go of the cursor: SQLite keeps a closed connection, and its log unfolded, for as long as one is left."""
        if self._cursor is not None:
            self._cursor.close()
            self._cursor = None

    def _settle(self, statement: Executable | Query) -> None:
        """Write what this statement could see. Of one that is no query its tables are not known: it may see all."""
        if not self._waiting:
            return
        if isinstance(statement, Query):
            for name in statement.tables.intersection(self._waiting):
                self._write(name)
        else:
            self.settle()

    def _wait(self, table: Table, query: Query, rows: list[dict[str, Any]]) -> None:
        held = self._waiting.setdefault(table.name, _Rows())
        if held.query is not query:
            if held.query is not None:
                self._write(table.name)
                held = self._waiting[table.name] = _Rows()
            held.query = query
        held.rows += rows

    def _write(self, name: str) -> None:
        held = self._waiting.pop(name)
        if held.query is not None:
            self._say_many(held.query, held.rows)

    def count(self, name: str, step: int = 1) -> int:
        """Return the first of `step` new numbers of a counter; numbers that were committed are never given twice."""
        given = self.notes.setdefault("counters", {})
        if name not in given:
            row = self.one(_COUNTED, name=name)
            given[name] = 0 if row is None else int(row.value)
            # Once for all that the transaction counts.
            self.before.append(lambda: self.put(schema.counters, [{"name": name, "value": given[name]}]))
        given[name] += step
        return int(given[name]) - step + 1

    def _say(self, query: Query, values: dict[str, object]) -> "tuple[Any, Callable[[Any], Any] | None]":
        """Hand a query to the driver, past SQLAlchemy's own machinery; returns the cursor, and what makes its rows."""
        dialect = self.connection.dialect
        spelled = query.spelled(dialect)
        cursor = self._driver()
        try:
            dialect.do_execute(cursor, spelled.text, spelled.values(values))
        except dialect.loaded_dbapi.Error as problem:
            raise _wrapped(problem, dialect) from None
        return cursor, spelled.row

    def _say_many(self, query: Query, rows: list[dict[str, Any]]) -> None:
        if len(rows) == 1:
            self._say(query, rows[0])
            return
        dialect = self.connection.dialect
        spelled = query.spelled(dialect)
        try:
            dialect.do_executemany(self._driver(), spelled.text, [spelled.values(row) for row in rows])
        except dialect.loaded_dbapi.Error as problem:
            raise _wrapped(problem, dialect) from None

    def _driver(self) -> Any:  # noqa: ANN401 - the driver's own cursor
        if self._cursor is None:
            self._cursor = self.connection.connection.cursor()
        return self._cursor


_COUNTED = Query(lambda name: select(schema.counters.c.value).where(schema.counters.c.name == name))


def _wrapped(problem: Exception, dialect: Dialect) -> BaseException:
    """Return a driver's error as SQLAlchemy's, so that it does not matter on which way a statement was said."""
    return DBAPIError.instance(None, None, problem, dialect.loaded_dbapi.Error, hide_parameters=True)


@dataclass
class _Work(Generic[T]):
    run: Callable[[Transaction], T]
    future: "Future[T]"


class Database:
    """An open database; `write` groups commits, `read` gives a connection for looking only."""

    def __init__(self, url: str) -> None:
        """Open the database at a URL (``sqlite:///path`` or ``postgresql+psycopg://...``) and bring it up to date.

        Raises:
            Unreachable: the server does not answer.
            Misused: the URL names another kind of database, the schema is newer than this software, or the server
                answers a commit before it is on its disk whatever we ask.

        """
        self.url = url
        try:
            self._engine = _engine(url)
            if self._engine.dialect.name == "postgresql":
                _check_postgresql(self._engine)
            self._migrate()
        except OperationalError as problem:
            raise Unreachable(f"the database does not answer: {type(problem.orig).__name__}") from None
        self._queue: queue.SimpleQueue[list[_Work[Any]] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._closed = False
        self._watch: Connection | None = None
        self._watching = threading.Lock()
        self._ears: list[Callable[[], None]] = []

    @property
    def engine(self) -> Engine:
        """The engine, for migrations and tests."""
        return self._engine

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a write transaction and return its result once the commit is durable.

        `work` may run twice: once in a group that another's failure rolled back, and once alone. So it must not
        change anything but the database.
        """
        return self.submit(work).result()

    def submit(self, work: Callable[[Transaction], T]) -> "Future[T]":
        """Queue `work` for the next commit; the future is done once that commit is durable."""
        return self.submit_all([work])[0]

    def submit_all(self, works: Sequence[Callable[[Transaction], T]]) -> "list[Future[T]]":
        """Queue pieces of work that are to be committed together, unless one of them fails; `GROUP` at most."""
        queued = [_Work(work, Future[T]()) for work in works]
        for each in queued:
            # What is queued is done: whoever stops waiting for it takes nothing back.
            each.future.set_running_or_notify_cancel()
        with self._lock:
            if self._closed:
                raise Misused("the database is closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._commit_groups, name="commits", daemon=True)
                self._thread.start()
            if queued:
                self._queue.put(queued)
        return [each.future for each in queued]

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Give a transaction that sees what is committed now; nothing done in it stays.

        Raises:
            Unreachable: the server does not answer.

        """
        with _answering(), self._engine.connect() as connection:
            # Begun here and not by the first statement: a query goes to the driver, which begins nothing by itself.
            connection.begin()
            transaction = Transaction(connection)
            try:
                yield transaction
            finally:
                transaction.end()
                connection.rollback()

    @contextmanager
    def listening(self, ear: Callable[[], None]) -> Iterator[None]:
        """Call `ear` after each commit of this process, from the thread that commits; `pulse` tells of all others."""
        self._ears.append(ear)
        try:
            yield
        finally:
            self._ears.remove(ear)

    def pulse(self) -> str:
        """Return a word that changes when anybody commits: so cheap that it can be asked twenty times a second.

        Raises:
            Unreachable: the server does not answer.

        """
        with self._watching, _answering():
            if self._watch is None:
                self._watch = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            if self._watch.dialect.name == "sqlite":
                return str(self._watch.exec_driver_sql("PRAGMA data_version").scalar_one())
            try:
                # The whole snapshot: its end alone stays where it is when a transaction commits after one that began
                # later, be it in another database of the server.
                return str(self._watch.exec_driver_sql("SELECT pg_current_snapshot()::text").scalar_one())
            except DBAPIError:
                # A server that was away is asked over a new connection; this one stays broken for ever.
                self._watch.invalidate()
                self._watch.close()
                self._watch = None
                raise

    def close(self) -> None:
        """Commit what waits and close."""
        with self._lock:
            self._closed = True
            thread = self._thread
            self._queue.put(None)
        if thread is not None:
            thread.join()
        with self._watching:
            if self._watch is not None:
                self._watch.close()
        self._engine.dispose()

    def _commit_groups(self) -> None:
        while True:
            works = self._queue.get()
            if works is None:
                return
            group, last = works, False
            while len(group) < GROUP:
                try:
                    more = self._queue.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    last = True
                    break
                group += more
            self._commit(group)
            if last:
                return

    def _commit(self, group: list[_Work[Any]]) -> None:
        try:
            results, after = self._attempt(group)
        except BaseException as problem:  # noqa: BLE001 - whatever it is belongs to whoever asked for the work
            if len(group) == 1 or _lost(problem):
                # Whether the server had committed before the connection broke, nobody knows: doing it again might do
                # it twice, so whoever asked for it decides.
                for work in group:
                    work.future.set_exception(_ours(problem))
                return
            for work in group:
                self._commit([work])
            return
        for step in after:
            # What is committed stays committed, and the next work must find this thread alive: so what comes after a
            # commit is also written down before it, by whoever asks for it (`Store.doom`), and done again later.
            with suppress(ComityError):
                step()
        # Answered last, so that whoever hears that a body is erased may rely on its key being gone.
        for work, result in zip(group, results, strict=True):
            work.future.set_result(result)
        for ear in tuple(self._ears):
            ear()

    def _attempt(self, group: list[_Work[Any]]) -> tuple[list[Any], list[Callable[[], None]]]:
        with self._engine.connect().execution_options(comity_write=True) as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_PG_LOCK})")
            transaction = Transaction(connection)
            try:
                results = [work.run(transaction) for work in group]
                for step in transaction.before:
                    step()
                transaction.settle()
            finally:
                transaction.end()
        return results, transaction.after

    def _migrate(self) -> None:
        from comity.node.migrations import upgrade  # noqa: PLC0415 - Alembic is slow to load; only an old schema needs it

        upgrade(self._engine)


def _lost(problem: BaseException) -> bool:
    """Tell whether the connection broke, and with it perhaps only the answer to a commit."""
    return isinstance(problem, DBAPIError) and problem.connection_invalidated


@contextmanager
def _answering() -> Iterator[None]:
    """Say of a database that does not answer what can be waited for; a mistake in a statement stays one."""
    try:
        yield
    except OperationalError as problem:
        name = getattr(problem.orig, "sqlite_errorname", type(problem.orig).__name__)
        if name == "SQLITE_ERROR":
            raise
        raise Unreachable(f"the database does not answer: {name}") from None


def _ours(problem: BaseException) -> BaseException:
    if isinstance(problem, OperationalError):
        # SQLite's own name of the error, or that of PostgreSQL's driver; both say no word of a row.
        name = getattr(problem.orig, "sqlite_errorname", type(problem.orig).__name__)
        if name in _FULL:
            return Unreachable("the disk of the database is full: nothing was kept, make room and try again")
        return Unreachable(f"the database did not take the write: {name}")
    if isinstance(problem, DBAPIError):
        # The driver's text may quote a row; only its kind may be told.
        return RuntimeError(f"the database refused a write: {type(problem.orig).__name__}")
    return problem


def sqlite_url(path: Path) -> str:
    """Return the URL of a SQLite file."""
    return f"sqlite:///{path}"


def _engine(url: str) -> Engine:
    if url.startswith("sqlite:///"):
        engine = create_engine(url, connect_args={"timeout": BUSY_MILLIS / 1000, "check_same_thread": False})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if url.startswith("postgresql+psycopg://"):
        # A server configured otherwise would lose receipts; `_check_postgresql` looks whether it listens.
        return create_engine(url, connect_args={"options": "-c synchronous_commit=on"}, pool_pre_ping=True)
    raise Misused("a database URL begins with sqlite:/// or postgresql+psycopg://")


def _check_postgresql(engine: Engine) -> None:
    """Refuse a server, or a pooler before it, that commits without its disk; warn of one that a power cut harms.

    Raises:
        Misused: it would answer before a commit is on the disk.

    """
    with engine.connect() as connection:
        found = {
            name: str(connection.exec_driver_sql(f"SHOW {name}").scalar_one())
            for name in ("synchronous_commit", *_RISKS)
        }
    if found["synchronous_commit"] not in {"on", "remote_apply"}:
        raise Misused(
            f"the PostgreSQL server has synchronous_commit={found['synchronous_commit']} although we ask for on: "
            "it would lose acts that were promised; set it to on, also in a pooler before it"
        )
    for name, why in _RISKS.items():
        if found[name] != "on":
            log.warning("the PostgreSQL server has %s=%s: %s; set it to on", name, found[name], why)


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own connection
    connection.isolation_level = None  # The driver must not begin transactions of its own accord.
    cursor = connection.cursor()
    # FULL: a commit is on disk when it returns. secure_delete: what is deleted is overwritten with zeros.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "wal_autocheckpoint=16384"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("isolation_level") == "AUTOCOMMIT":
        # SQLAlchemy tells of a beginning all the same; a transaction here would freeze what `pulse` sees.
        return
    writes = options.get("comity_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
