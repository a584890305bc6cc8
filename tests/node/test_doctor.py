"""The doctor: each thing that can be wrong with a folder is found, told with what to do, and left as it is."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, select, text, update

from comity.app import CAPABILITIES
from comity.capabilities.messages import desk
from comity.core.ids import BureauId, Millis
from comity.core.registry import KeyUse
from comity.node import doctor, jobs, migrations, schema
from comity.node.bureau import Bureau
from comity.node.database import Transaction
from comity.node.doctor import Finding, Health
from tests.node.recovering import PASSPHRASE, World
from tests.simulator import DAY, reader, rows, tell

MA, NO = BureauId("ma"), BureauId("no")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Give three bureaus that have told each other something."""
    made = World(tmp_path, ["ma", "no", "et"])
    (tmp_path / "photo").write_bytes(b"light" * 300_000)
    desk.send(
        made.bureaus[NO], reader(made.bureaus[NO]), to=(MA,), title="a photo", text="see", attach=(tmp_path / "photo",)
    )
    tell(made.bureaus[MA], "no")
    made.carry(rounds=12)
    made.cosign("ma")
    yield made
    made.close()


def found(world: World, *, later: int = 0) -> dict[str, Finding]:
    """Return what is not well, by what was looked at."""
    every = doctor.examine(world.folder / "ma", PASSPHRASE, CAPABILITIES, Millis(world.clock + later))
    return {each.what: each for each in every if each.state is not Health.WELL}


def write(bureau: Bureau, *statements: object) -> None:
    def work(tx: Transaction) -> None:
        for statement in statements:
            tx.run(statement)  # type: ignore[arg-type]

    bureau.database.write(work)


def test_a_node_that_is_well_is_told_so_and_left_as_it_is(world: World) -> None:
    before = {table.name: rows(world.bureaus[MA], table) for table in schema.metadata.sorted_tables}
    every = doctor.examine(world.folder / "ma", PASSPHRASE, CAPABILITIES, world.clock)
    assert {each.state for each in every} <= {Health.WELL, Health.LOOK}
    assert every[-1].found == "nothing is wrong"
    assert before == {table.name: rows(world.bureaus[MA], table) for table in schema.metadata.sorted_tables}


def _open_file(world: World) -> None:
    (world.folder / "ma" / "node.json").chmod(0o644)


def _lost_key(world: World) -> None:
    bureau = world.bureaus[MA]
    bureau.keyring.destroy(bureau.registry().profile(MA).current(KeyUse.WITNESS).kid)


def _other_state(world: World) -> None:
    write(world.bureaus[MA], update(schema.subjects).values(entered=7))


def _flipped_tile(world: World) -> None:
    tile = rows(world.bureaus[MA], schema.tiles)[0]
    hashes = bytes([tile.hashes[0] ^ 1, *tile.hashes[1:]])
    write(world.bureaus[MA], update(schema.tiles).where(schema.tiles.c.level == 0).values(hashes=hashes))


def _lost_leaf(world: World) -> None:
    write(world.bureaus[MA], delete(schema.leaves).where(schema.leaves.c.position == 1))


def _other_checkpoint(world: World) -> None:
    jobs.checkpoint(world.bureaus[NO])
    held = rows(world.bureaus[NO], schema.checkpoints)[-1].note
    write(world.bureaus[MA], update(schema.checkpoints).values(note=held))


def _lost_body_key(world: World) -> None:
    number = rows(world.bureaus[MA], schema.acts)[0].number
    with (world.folder / "ma" / "bodies.keys").open("r+b") as file:
        file.seek(number * 64)
        file.write(bytes(64))


def _half_erased(world: World) -> None:
    ma = world.bureaus[MA]
    ma.store.bodies.erase([row.number for row in rows(ma, schema.acts) if row.kind == "messages.information/1"][:1])


def _lost_chunk(world: World) -> None:
    next((world.folder / "ma" / "blobs").rglob("content")).unlink()


def _set_back(world: World) -> None:
    ma = world.bureaus[MA]
    ma.database.write(lambda tx: ma.store.accuse(tx, MA, "set-back", b"one", b"other", world.clock))


@pytest.mark.parametrize(
    ("harm", "what", "advice", "mends"),
    [
        (_open_file, "permissions", "chmod", False),
        (_lost_key, "keys", "comity rotate --use witness", False),
        (_other_state, "state", "--mend", True),
        (_flipped_tile, "log", "stop the node", False),
        (_lost_leaf, "log", "stop the node", False),
        (_other_checkpoint, "log", "stop the node", False),
        (_lost_body_key, "bodies", "backup", False),
        (_half_erased, "bodies", "--mend", True),
        (_lost_chunk, "attachments", "send them again", False),
        (_set_back, "evidence", "comity restore", False),
    ],
)
def test_what_is_wrong_is_found_with_what_to_do(
    world: World,
    harm: Callable[[World], None],
    what: str,
    advice: str,
    mends: bool,  # noqa: FBT001 - a column of the table above
) -> None:
    harm(world)
    told = found(world)[what]
    assert (told.state, told.mends) == (Health.WRONG, mends)
    assert advice in told.do
    assert found(world)["all"].state is Health.WRONG


@pytest.mark.parametrize("harm", [_other_state, _half_erased])
def test_what_can_be_mended_is_mended(world: World, harm: Callable[[World], None]) -> None:
    harm(world)
    doctor.mend(world.folder / "ma", PASSPHRASE, CAPABILITIES)
    assert "all" not in found(world)


def test_a_registry_that_is_stale_is_told_before_it_stops_the_node(world: World) -> None:
    assert found(world, later=2 * DAY)["registry"].state is Health.LOOK
    assert found(world, later=30 * DAY)["registry"].state is Health.WRONG
    assert "comity refresh" in found(world, later=30 * DAY)["registry"].do


@pytest.mark.parametrize("off", [-DAY, DAY])
def test_a_clock_that_is_off_by_a_day_is_found_when_two_peers_say_so(world: World, off: int) -> None:
    ma = world.bureaus[MA]
    for name in ("no", "et"):
        tell(ma, name)
        tell(world.bureaus[BureauId(name)], "ma")
    world.carry(rounds=12)
    assert "clock" not in found(world)
    write(ma, update(schema.acts).where(schema.acts.c.sender == "ma").values(said=schema.acts.c.said + off))
    write(ma, update(schema.acts).where(schema.acts.c.sender != "ma").values(at=schema.acts.c.at + off))
    told = found(world)["clock"]
    assert told.state is Health.WRONG
    assert ("behind" if off < 0 else "ahead") in told.found


def test_an_older_schema_is_not_brought_up_to_date(world: World) -> None:
    world.stop("ma")
    opened = world.start("ma")
    with opened.database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    told = found(world)["database"]
    assert (told.state, "0001" in told.found) == (Health.LOOK, True)
    with opened.database.engine.begin() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "0001"
        connection.execute(text("UPDATE alembic_version SET version_num = :newest"), {"newest": migrations.NEWEST})
    assert opened.database.write(lambda tx: tx.one(select(schema.counters.c.value)))
