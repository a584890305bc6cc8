"""Rows after a restore: what was withdrawn since the backup is seen by nobody, whoever's machine was lost."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.capabilities.records import desk
from comity.capabilities.records.acts import Cause, Reach, RecordKind
from comity.core.errors import Misused, Refused
from comity.core.ids import ActId, BureauId
from comity.node import rebuild, recovery
from comity.node.rowview import RowView
from tests.node import remains
from tests.node.recovering import World
from tests.simulator import reader

MA, NO = BureauId("ma"), BureauId("no")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Give an organisation of three, whose machines can be lost."""
    made = World(tmp_path / "world", ["ma", "no", "et"])
    yield made
    made.close()


def filled(world: World, folder: Path) -> ActId:
    """Let `no` publish two passports to `ma`."""
    no = world.bureaus[NO]
    listed = desk.open(no, reader(no), record=RecordKind.TRAVEL_DOCUMENT, to=(MA,)).id
    file, record = folder / "rows.jsonl", {"number": "XX0000001", "issuer": "NOR", "type": "P", "loss": "lost"}
    file.write_text("".join(json.dumps({"key": key, "record": record}) + "\n" for key in ("a-1", "a-2")))
    desk.publish(no, reader(no), which=listed.hex(), file=file)
    world.carry()
    return listed


def seen(world: World, name: BureauId, listed: ActId) -> list[str]:
    """Return the keys that an officer finds."""
    bureau, found = world.bureaus[name], []
    for key in ("a-1", "a-2"):
        try:
            found.append(desk.record(bureau, reader(bureau), which=listed.hex(), key=key).key)
        except Misused:
            continue
    return found


@pytest.mark.parametrize("lost", [MA, NO], ids=["the holder's", "the source's"])
def test_no_desk_shows_what_was_withdrawn_after_the_backup(world: World, tmp_path: Path, lost: BureauId) -> None:
    listed = filled(world, tmp_path)
    assert seen(world, lost, listed) == ["a-1", "a-2"]
    world.back_up(lost)
    no = world.bureaus[NO]
    desk.withdraw(no, reader(no), which=listed.hex(), why=Cause.MISTAKEN, key=("a-1",))
    world.carry()
    world.lose(lost)
    world.restore(lost)
    world.start(lost)
    with pytest.raises(Refused, match="recovery"):
        seen(world, lost, listed)
    for _ in range(8):
        world.later(10_000)
        world.carry()
    assert seen(world, MA, listed) == ["a-2"]
    assert seen(world, NO, listed) == ["a-2"]


def test_no_copy_of_a_withdrawn_row_is_left_in_what_a_restored_source_was_handed_back(
    world: World, tmp_path: Path
) -> None:
    world.back_up(NO)
    listed = filled(world, tmp_path)
    world.lose(NO)
    world.restore(NO)
    world.start(NO)
    for _ in range(8):
        world.later(10_000)
        world.carry()
    no = world.bureaus[NO]
    assert all(remains.left(world.bureaus[name], ["XX0000001"]) for name in (MA, NO))
    desk.withdraw(no, reader(no), which=listed.hex(), why=Cause.MISTAKEN, reach=Reach.LIST)
    for _ in range(8):
        world.later(10_000)
        world.carry()
    assert [remains.left(bureau, ["XX0000001"]) for bureau in world.bureaus.values()] == [set()] * 3
    assert [rebuild.rebuild(bureau).differing for bureau in world.bureaus.values()] == [()] * 3


def test_what_is_hidden_of_a_source_that_was_waived_is_not_counted_either(world: World, tmp_path: Path) -> None:
    listed = filled(world, tmp_path)
    world.back_up(MA)
    world.lose(MA)
    world.restore(MA)
    ma = world.start(MA)
    world.away.add(NO)
    for _ in range(3):
        world.later(10_000)
        world.carry()
    recovery.waive(ma, NO)
    world.carry()
    view = RowView(ma, reader(ma))
    assert view.record(listed, "a-1") is None
    assert view.count(listed) == 0
