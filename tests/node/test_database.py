"""The database: commits in groups that are all or nothing, numbers that never come twice, writers that wait in line."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, Select, event, func, insert, select, text

from comity.core.errors import Misused, Unreachable
from comity.node import schema
from comity.node.database import Database, Transaction, sqlite_url
from comity.node.query import Query
from tests.node.conftest import NewDatabase

WRITER = """
import sys
from comity.node import schema
from comity.node.database import Database
from sqlalchemy import insert

database = Database(sys.argv[1])
def work(tx):
    number = tx.count("acts")
    tx.run(insert(schema.doomed).values(number=number))
    return number
alone = [database.write(work) for _ in range(40)]
waiting = [database.submit(work) for _ in range(60)]
print(*alone, *[future.result() for future in waiting])
database.close()
"""


@pytest.fixture
def database(new_database: NewDatabase) -> Iterator[Database]:
    opened = Database(new_database())
    yield opened
    opened.close()


def mark(number: int) -> Callable[[Transaction], int]:
    """Return work that writes one row."""

    def work(tx: Transaction) -> int:
        tx.run(insert(schema.doomed).values(number=number))
        return number

    return work


def marks(database: Database) -> list[int]:
    with database.read() as tx:
        return [row.number for row in tx.all(select(schema.doomed.c.number).order_by(schema.doomed.c.number))]


def grouped(database: Database, *works: Callable[[Transaction], int]) -> list[Future[int]]:
    """Submit works so that they are one group: the thread that commits is held up until all of them wait."""
    started, go_on = threading.Event(), threading.Event()

    def hold(_: Transaction) -> int:
        started.set()
        assert go_on.wait(30)
        return 0

    held = database.submit(hold)
    assert started.wait(30)
    waiting = [database.submit(work) for work in works]
    go_on.set()
    held.result(30)
    return waiting


def connections(database: Database, works: int) -> tuple[set[int], list[Future[int]]]:
    """Commit a group and return the transactions that were used."""
    seen: set[int] = set()

    def note(number: int) -> Callable[[Transaction], int]:
        def work(tx: Transaction) -> int:
            seen.add(id(tx))
            return mark(number)(tx)

        return work

    futures = grouped(database, *(note(number) for number in range(1, works + 1)))
    for future in futures:
        future.result(30)
    return seen, futures


def test_what_waits_is_committed_in_one_transaction(database: Database) -> None:
    seen, _ = connections(database, 50)
    assert len(seen) == 1
    assert marks(database) == list(range(1, 51))


def test_only_the_guilty_piece_of_a_group_fails(database: Database) -> None:
    def guilty(tx: Transaction) -> int:
        mark(99)(tx)
        raise Misused("this one does not work")

    first, bad, last = grouped(database, mark(1), guilty, mark(2))
    assert (first.result(30), last.result(30)) == (1, 2)
    with pytest.raises(Misused, match="does not work"):
        bad.result(30)
    assert marks(database) == [1, 2]


def test_a_piece_that_the_database_refuses_fails_alone(database: Database) -> None:
    good, twice, other = grouped(database, mark(1), mark(1), mark(2))
    assert (good.result(30), other.result(30)) == (1, 2)
    with pytest.raises(RuntimeError, match=r"refused a write: (IntegrityError|UniqueViolation)"):
        twice.result(30)
    assert marks(database) == [1, 2]


def test_a_refused_write_tells_nothing_of_the_row(database: Database) -> None:
    row = {"member": 1, "org": "canary", "bureau": "canary", "epoch": 1, "size": 0}
    database.write(lambda tx: tx.run(insert(schema.memberships).values(**row)))
    with pytest.raises(RuntimeError) as refused:
        database.write(lambda tx: tx.run(insert(schema.memberships).values(**row)))
    assert "canary" not in str(refused.value)


def test_a_group_whose_last_step_fails_is_not_committed(database: Database) -> None:
    def work(tx: Transaction) -> int:
        def fail() -> None:
            raise Unreachable("the disk failed")

        tx.before.append(fail)
        return mark(1)(tx)

    with pytest.raises(Unreachable):
        database.write(work)
    assert marks(database) == []


def test_what_comes_after_a_commit_runs_only_after_it(database: Database) -> None:
    found: list[list[int]] = []

    def work(tx: Transaction) -> int:
        tx.after.append(lambda: found.append(marks(database)))
        return mark(1)(tx)

    database.write(work)
    database.write(mark(2))
    assert found == [[1]]


def test_a_failure_after_a_commit_does_not_stop_the_next_one(database: Database) -> None:
    def work(tx: Transaction) -> int:
        def fail() -> None:
            raise Unreachable("the disk failed")

        tx.after.append(fail)
        return mark(1)(tx)

    assert database.write(work) == 1
    assert database.submit(mark(2)).result(30) == 2


def test_work_that_waits_is_committed_when_the_database_is_closed(new_database: NewDatabase) -> None:
    url = new_database()
    database = Database(url)
    waiting = grouped(database, *(mark(number) for number in range(1, 301)))
    database.close()
    assert [future.result(0) for future in waiting] == list(range(1, 301))
    again = Database(url)
    assert marks(again) == list(range(1, 301))
    again.close()


def test_work_that_is_queued_is_done_although_nobody_waits_for_it_any_more(database: Database) -> None:
    begin = threading.Event()
    database.submit(lambda _tx: begin.wait(60))
    waiting = database.submit(mark(1))
    assert not waiting.cancel()
    begin.set()
    assert waiting.result(60) == 1
    assert marks(database) == [1]


def test_a_closed_database_takes_no_work(new_database: NewDatabase) -> None:
    database = Database(new_database())
    database.close()
    with pytest.raises(Misused):
        database.submit(mark(1))


def test_reading_leaves_nothing_behind(database: Database) -> None:
    with database.read() as tx:
        mark(1)(tx)
    assert marks(database) == []


def test_a_number_of_a_counter_never_comes_twice(database: Database) -> None:
    numbers = [future.result(30) for future in [database.submit(lambda tx: tx.count("acts")) for _ in range(300)]]
    assert numbers == list(range(1, 301))
    assert database.write(lambda tx: tx.count("acts", 10)) == 301
    assert database.write(lambda tx: tx.count("acts")) == 311
    assert database.write(lambda tx: tx.count("owed")) == 1


def test_a_number_that_was_rolled_back_leaves_no_hole(database: Database) -> None:
    def fail(tx: Transaction) -> int:
        tx.count("acts")
        raise Misused("no")

    with pytest.raises(Misused):
        database.write(fail)
    assert database.write(lambda tx: tx.count("acts")) == 1


def test_two_processes_lose_no_number_and_repeat_none(new_database: NewDatabase) -> None:
    url = new_database()
    Database(url).close()
    command = [sys.executable, "-c", WRITER, url]
    writers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [writer.communicate(timeout=60)[0].split() for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0]
    numbers = [int(number) for words in said for number in words]
    assert sorted(numbers) == list(range(1, 201))
    database = Database(url)
    assert marks(database) == list(range(1, 201))
    database.close()


def test_a_writer_waits_for_another_process_and_then_sees_what_it_wrote(new_database: NewDatabase) -> None:
    url = new_database()
    one, other = Database(url), Database(url)
    inside, go_on = threading.Event(), threading.Event()

    def slow(tx: Transaction) -> int:
        number = tx.count("acts")
        inside.set()
        assert go_on.wait(30)
        return number

    first = one.submit(slow)
    assert inside.wait(30)
    second = other.submit(lambda tx: tx.count("acts"))
    with pytest.raises(TimeoutError):
        second.result(0.3)
    go_on.set()
    assert (first.result(30), second.result(30)) == (1, 2)
    one.close()
    other.close()


def test_sqlite_waits_for_the_disk_and_overwrites_what_it_deletes(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "node.db"))
    with database.read() as tx:
        found = {
            name: tx.connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "secure_delete")
        }
    database.close()
    assert found == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1}


@pytest.mark.services
def test_postgresql_waits_for_the_disk_whatever_its_server_says(postgres_database: str) -> None:
    with Database(postgres_database).engine.connect() as connection:
        connection.execute(
            text("ALTER DATABASE " + postgres_database.rpartition("/")[2] + " SET synchronous_commit=off")
        )
        connection.commit()
    database = Database(postgres_database)
    with database.read() as tx:
        read = tx.connection.execute(text("SHOW synchronous_commit")).scalar()
    written = database.write(lambda tx: tx.connection.execute(text("SHOW synchronous_commit")).scalar())
    database.close()
    assert (read, written) == ("on", "on")


@pytest.mark.services
def test_a_server_that_does_not_wait_for_its_disk_whatever_we_ask_is_refused(postgres_database: str) -> None:
    def pooled(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own connection
        # What a pooler does that keeps its own settings for all who use it.
        connection.execute("SET synchronous_commit=off")
        connection.commit()

    event.listen(Engine, "connect", pooled)
    try:
        with pytest.raises(Misused, match="synchronous_commit=off although we ask for on"):
            Database(postgres_database)
    finally:
        event.remove(Engine, "connect", pooled)


@pytest.mark.services
def test_a_server_that_a_power_cut_harms_is_told(postgres_database: str, caplog: pytest.LogCaptureFixture) -> None:
    Database(postgres_database).close()
    # That of the tests does not wait for its disk.
    assert "fsync=off: after a power cut acts are lost that were promised" in caplog.text
    assert "full_page_writes" not in caplog.text


def _end(url: str, process: int) -> None:
    """End the server's process behind a connection, as a server that dies does."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", (process,))


@pytest.mark.services
def test_work_whose_connection_broke_is_not_done_again(postgres_database: str) -> None:
    """Whether the server had committed it, nobody knows: done again, it might be done twice."""
    database, ran, begin = Database(postgres_database), [], threading.Event()

    def first(_tx: Transaction) -> None:
        ran.append("first")

    def second(tx: Transaction) -> None:
        ran.append("second")
        _end(postgres_database, int(tx.connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()))

    database.submit(lambda _tx: begin.wait(60))
    waiting = [database.submit(first), database.submit(second)]
    begin.set()
    for each in waiting:
        with pytest.raises(Unreachable):
            each.result(60)
    assert ran == ["first", "second"]
    assert database.write(lambda tx: tx.count("acts")) == 1
    database.close()


@pytest.mark.services
def test_a_server_that_was_away_is_found_again(postgres_database: str) -> None:
    database = Database(postgres_database)
    database.pulse()
    watch = database._watch
    assert watch is not None
    _end(postgres_database, int(watch.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()))
    with pytest.raises(Unreachable):
        database.pulse()
    before = database.pulse()
    database.write(lambda tx: tx.count("acts"))
    assert database.pulse() != before

    def broken() -> None:
        with database.read() as tx:
            _end(postgres_database, int(tx.connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()))
            tx.connection.exec_driver_sql("SELECT 1")

    with pytest.raises(Unreachable):
        broken()
    database.close()


def test_a_server_that_is_not_there_is_unreachable() -> None:
    with pytest.raises(Unreachable):
        Database("postgresql+psycopg://nobody@127.0.0.1:1/none")


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(Misused):
        Database("mysql://localhost/comity")


def test_a_put_overwrites_the_row_of_the_same_key_and_no_other(database: Database) -> None:
    def put(tx: Transaction, member: int, root: bytes) -> None:
        key = {"member": member, "origin": "o", "size": 1, "root": root, "note": b""}
        tx.put(schema.cosigned, [key])

    database.write(lambda tx: put(tx, 1, b"a"))
    database.write(lambda tx: put(tx, 2, b"b"))
    database.write(lambda tx: put(tx, 1, b"c"))
    with database.read() as tx:
        found = tx.all(select(schema.cosigned.c.member, schema.cosigned.c.root).order_by(schema.cosigned.c.member))
        assert tx.one(select(func.count()).select_from(schema.cosigned)) == (2,)
    assert [(row.member, bytes(row.root)) for row in found] == [(1, b"c"), (2, b"b")]


@pytest.mark.services
def test_the_pulse_changes_with_a_commit_after_one_that_began_later(postgres_database: str) -> None:
    database = Database(postgres_database)
    with psycopg.connect(postgres_database.replace("+psycopg", "")) as early:
        early.execute("INSERT INTO doomed VALUES (1)")
        with psycopg.connect(postgres_database.replace("+psycopg", "")) as late:
            late.execute("INSERT INTO doomed VALUES (2)")
        before = database.pulse()
        assert marks(database) == [2]
    assert marks(database) == [1, 2]
    assert database.pulse() != before
    database.close()


def test_the_pulse_changes_with_every_commit_and_with_nothing_else(database: Database) -> None:
    beats = [database.pulse()]
    for number in range(3):
        database.write(mark(number))
        beats.append(database.pulse())
    assert len(set(beats)) == 4
    assert marks(database)
    assert database.pulse() == beats[-1]


_EVERY = Query(lambda: select(schema.doomed.c.number).order_by(schema.doomed.c.number))


@pytest.mark.parametrize("statement", [_EVERY, select(schema.doomed.c.number).order_by(schema.doomed.c.number)])
def test_whoever_looks_sees_the_rows_that_wait_to_be_written(
    database: Database, statement: Query | Select[Any]
) -> None:
    def work(tx: Transaction) -> list[int]:
        tx.add(schema.doomed, [{"number": 1}])
        tx.put(schema.doomed, [{"number": 2}])
        return [row.number for row in tx.all(statement)]

    assert database.write(work) == [1, 2]
    assert marks(database) == [1, 2]


def test_a_row_that_is_put_twice_before_it_is_written_is_the_last_one(database: Database) -> None:
    def work(tx: Transaction) -> None:
        tx.put(schema.counters, [{"name": "a", "value": 1}])
        tx.put(schema.counters, [{"name": "a", "value": 2}])

    database.write(work)
    with database.read() as tx:
        row = tx.one(select(schema.counters.c.value).where(schema.counters.c.name == "a"))
    assert row is not None
    assert row.value == 2


def test_pieces_that_are_handed_in_together_are_committed_together(database: Database) -> None:
    begun: set[int] = set()

    def work(tx: Transaction) -> None:
        begun.add(id(tx))

    for done in database.submit_all([work] * 20):
        done.result()
    assert len(begun) == 1
