"""Backup and restore: whole or refused, while the node works, and never anything readable in the file."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psycopg
import pytest
from psycopg import sql

from comity.core.errors import ComityError, Malformed, Misused, Unreachable
from comity.core.ids import BureauId
from comity.node import archive, backup, disk, migrations, rebuild, restoring, schema
from comity.node.bodies import State
from comity.node.restoring import restore
from tests.node.recovering import PASSPHRASE, World, role_of
from tests.simulator import code_of, rows, tell

MA = BureauId("ma")
CANARY = "the canary sings at midnight"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give three bureaus of which two have told each other something, and a backup of one of them."""
    world = World(tmp_path_factory.mktemp("told"), ["ma", "no", "et"])
    tell(world.bureaus[MA], "no", text=CANARY)
    tell(world.bureaus[BureauId("no")], "ma", text=CANARY)
    world.carry()
    world.back_up("ma")
    yield world
    world.close()


def refused(world: World, saved: Path, folder: Path, passphrase: str = PASSPHRASE) -> ComityError:
    with pytest.raises(ComityError) as problem:
        restore(saved, folder, passphrase, (role_of("ma"),), now=world.clock)
    assert not folder.exists()
    assert not list(folder.parent.glob(f".{folder.name}*"))
    return problem.value


def test_a_restored_node_holds_every_row_and_every_body(told: World, tmp_path: Path) -> None:
    restored = restore(told.folder / "saved", tmp_path / "ma", PASSPHRASE, (role_of("ma"),), now=told.clock)
    before = told.bureaus[MA]
    opened = told.start("ma", tmp_path / "ma")
    told.bureaus[MA] = before
    assert restored.memberships[0].size == len(rows(before, schema.leaves))
    for table in schema.metadata.sorted_tables:
        # The new epoch adds a row here and one there; it changes nothing that was said.
        if table.name in {"acts", "outbox", "receipts", "owed", "subjects", "officers", "channels", "peers"}:
            assert rows(opened, table) == rows(before, table), table.name
    with opened.database.read() as tx:
        kept = [opened.store.by_number(tx, row.number) for row in rows(opened, schema.acts)]
        assert sum(CANARY in str(opened.store.said(tx, each).act) for each in kept) == 2
    assert rebuild.rebuild(opened).differing == ()


def test_nothing_readable_is_in_a_backup(told: World) -> None:
    raw = (told.folder / "saved").read_bytes()
    for text in (CANARY, "exchange.receipts", "NCB", told.anchor.org, PASSPHRASE):
        assert text.encode() not in raw


def test_only_its_owner_can_read_a_backup(told: World) -> None:
    assert (told.folder / "saved").stat().st_mode & 0o777 == disk.PRIVATE


def test_a_backup_never_replaces_a_file(told: World) -> None:
    before = (told.folder / "saved").read_bytes()
    with pytest.raises(Misused, match="exists already"):
        told.back_up("ma")
    assert (told.folder / "saved").read_bytes() == before


def test_a_passphrase_that_is_not_the_one_is_refused_and_not_repeated(told: World, tmp_path: Path) -> None:
    problem = refused(told, told.folder / "saved", tmp_path / "ma", "not the passphrase")
    assert isinstance(problem, Misused)
    assert "not the passphrase" not in str(problem)


def test_a_file_that_is_no_backup_is_refused(told: World, tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("dear colleague")
    assert isinstance(refused(told, tmp_path / "letter", tmp_path / "ma"), Malformed)


@pytest.mark.parametrize("missing", [1, 16, 100, 5_000])
def test_a_backup_that_was_cut_off_is_refused(told: World, tmp_path: Path, missing: int) -> None:
    (tmp_path / "cut").write_bytes((told.folder / "saved").read_bytes()[:-missing])
    assert isinstance(refused(told, tmp_path / "cut", tmp_path / "ma"), Malformed)


@pytest.mark.parametrize("place", [20, 300, 0.3, 0.5, 0.7, 0.999])
def test_a_flipped_bit_anywhere_is_refused(told: World, tmp_path: Path, place: float) -> None:
    raw = bytearray((told.folder / "saved").read_bytes())
    raw[int(place if place >= 1 else place * len(raw))] ^= 1
    (tmp_path / "flipped").write_bytes(raw)
    refused(told, tmp_path / "flipped", tmp_path / "ma")


def test_chunks_of_a_backup_do_not_change_places(told: World, tmp_path: Path) -> None:
    secret = told.homes[MA].keyring.secret("backup")
    header = archive.Header(master=archive.sealed_master(told.folder / "saved"), salt=bytes(32))
    with archive.archive(tmp_path / "long", secret, header) as writer:
        for number in range(3):
            writer.add(b"d", bytes([number]) * archive.CHUNK)
    assert [what for what, _ in archive.records(tmp_path / "long", PASSPHRASE)] == [b"d"] * 3
    raw, size = (tmp_path / "long").read_bytes(), archive.CHUNK + 16
    start = len(raw) - 3 * size - 15 - 16
    one, two = raw[start : start + size], raw[start + size : start + 2 * size]
    (tmp_path / "swapped").write_bytes(raw[:start] + two + one + raw[start + 2 * size :])
    with pytest.raises(Malformed, match="cut off or altered"):
        list(archive.records(tmp_path / "swapped", PASSPHRASE))
    (tmp_path / "short").write_bytes(raw[: start + 2 * size])
    with pytest.raises(Malformed, match="cut off or altered"):
        list(archive.records(tmp_path / "short", PASSPHRASE))


def test_a_folder_that_holds_something_is_refused(told: World, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(Misused, match="holds something already"):
        restore(told.folder / "saved", tmp_path / "full", PASSPHRASE, (role_of("ma"),))
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["file"]


def test_without_the_role_key_nothing_is_restored(told: World, tmp_path: Path) -> None:
    with pytest.raises(Misused, match="--role-key"):
        restore(told.folder / "saved", tmp_path / "ma", PASSPHRASE, (role_of("no"),))
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_leaves_no_backup(told: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unreachable, match="No space left"):
        backup.write(told.homes[MA], tmp_path / "never")
    assert list(tmp_path.iterdir()) == []


def test_a_key_erased_after_the_backup_stays_erased_where_the_old_file_is_there(tmp_path: Path) -> None:
    world = World(tmp_path, ["ma", "no"])
    ma = world.bureaus[MA]
    gone, kept = tell(ma, "no", text="first"), tell(ma, "no", text="second")
    world.back_up("ma")
    ma.database.write(lambda tx: ma.store.erase(tx, gone.id))
    lost = world.lose("ma")
    assert world.restore("ma", erased=lost / "bodies.keys").erased == 1
    again = world.start("ma")
    rebuild.heal(again)
    with again.database.read() as tx:
        assert again.store.bodies.state(gone.number) is State.ERASED
        assert again.store.find(tx, gone.id).erased  # type: ignore[union-attr]
        assert "second" in str(again.store.said(tx, kept).act)
    world.close()


def test_what_is_said_while_a_backup_is_made_is_whole_or_absent_in_it(tmp_path: Path) -> None:
    world = World(tmp_path, ["ma", "no"])
    ma = world.bureaus[MA]
    said = [tell(ma, "no", text="before")]

    def meanwhile(_what: str, _done: int, _total: int) -> None:
        if len(said) < 20:
            said.append(tell(ma, "no", text="meanwhile"))

    backup.write(world.homes[MA], tmp_path / "saved", now=world.clock, watch=meanwhile)
    assert len(said) > 3
    world.lose("ma")
    world.restore("ma")
    again = world.start("ma")
    assert code_of(again, said[0].id) == "accepted"
    with again.database.read() as tx:
        for row in rows(again, schema.acts):
            assert again.store.signed(tx, again.store.by_number(tx, row.number)).body
    # A number that was given out after the backup is given out again, and its key is a new one.
    world.carry(rounds=20)
    assert tell(again, "no", text="afterwards").head.epoch > 1
    world.close()


def test_restoring_verifies_before_it_writes(told: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first chunk is whole, and says what the backup is; the end is what is missing."""
    secret = told.homes[MA].keyring.secret("backup")
    header = archive.Header(master=archive.sealed_master(told.folder / "saved"), salt=bytes(32))
    meta = backup.Meta(at=told.clock, schema=migrations.NEWEST, numbers=0, members=())
    with archive.archive(tmp_path / "long", secret, header) as writer:
        writer.add(backup.META, msgspec.json.encode(meta))
        writer.add(backup.FILE, msgspec.json.encode(backup.Entry(path="node.json", mode=0o600)))
        writer.add(backup.DATA, bytes(2 * archive.CHUNK))
    (tmp_path / "cut").write_bytes((tmp_path / "long").read_bytes()[:-1])
    written: list[object] = []
    monkeypatch.setattr(restoring, "_unpack", lambda *given: written.append(given))
    with pytest.raises(ComityError):
        restore(tmp_path / "cut", tmp_path / "ma", PASSPHRASE, (role_of("ma"),))
    assert written == []


@pytest.mark.services
def test_a_backup_of_one_kind_of_database_is_restored_into_the_other(tmp_path: Path, postgres_url: str) -> None:
    world = World(tmp_path, ["ma", "no"])
    first = tell(world.bureaus[MA], "no", text=CANARY)
    world.carry(rounds=12)
    world.back_up("ma")
    name = f"restored_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        world.lose("ma")
        world.restore("ma", database=f"{postgres_url.rpartition('/')[0]}/{name}")
        there = world.start("ma")
        assert there.database.url.startswith("postgresql")
        for _ in range(4):
            world.carry(rounds=12)
            world.later(6_000)
        second = tell(there, "no", text="from PostgreSQL")
        world.back_up("ma", "again")
        with pytest.raises(Misused, match="holds tables already"):
            restore(tmp_path / "again", tmp_path / "twice", PASSPHRASE, (role_of("ma"),), database=there.database.url)
        before = {table: rows(there, table) for table in (schema.acts, schema.outbox, schema.tiles, schema.channels)}
        world.lose("ma")
        world.later(60_000)
        world.restore("ma", "again")
        back = world.start("ma")
        assert back.database.url.startswith("sqlite")
        for table, held in before.items():
            kept = rows(back, table)
            assert len(kept) >= len(held)
            assert table is schema.tiles or kept == held, table.name
        assert {code_of(back, each.id) for each in (first, second)} == {"accepted"}
        assert rebuild.rebuild(back).differing == ()
        world.close()
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
