"""Attack 26: a node comes back from an old backup, by the command or by somebody who copies a folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.capabilities.messages import desk
from comity.capabilities.messages.acts import Why
from comity.core.errors import Refused
from comity.node import schema
from tests.attacks.federation import MA, NO, Attacked
from tests.attacks.means import against, say
from tests.node.recovering import World
from tests.simulator import held, reader, rows, tell


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "world", ["ma", "no", "et"])
    yield made
    made.close()


def _numbers(world: World) -> dict[tuple[bytes, int, int], bytes]:
    """Return which act of Rabat stands under which number, as everybody together has seen it."""
    found: dict[tuple[bytes, int, int], bytes] = {}
    for bureau in world.bureaus.values():
        for row in rows(bureau, schema.acts):
            if row.sender == "ma":
                assert found.setdefault((bytes(row.channel), row.epoch, row.seq), bytes(row.id)) == bytes(row.id)
    return found


def test_no_number_comes_twice_and_nothing_that_was_withdrawn_is_seen_again(world: World) -> None:
    ma, no = world.bureaus[MA], world.bureaus[NO]
    secret = desk.send(no, reader(no), to=(MA,), title="a house", text="the house at the end of the road")
    world.carry()
    world.back_up("ma")
    later = tell(ma, "no", text="after the backup")
    desk.recall(no, reader(no), act=secret.id.hex(), why=Why.RECIPIENT)
    world.carry()
    before = _numbers(world)
    world.lose("ma")
    world.restore("ma")
    ma = world.start("ma")
    with pytest.raises(Refused, match="recovery"):
        tell(ma, "no", text="too early")
    for _ in range(8):
        world.later(10_000)
        world.carry()
    kept = held(ma, secret.id)
    assert kept is not None
    assert kept.erased
    assert held(ma, later.id) is not None
    tell(ma, "no", text="afterwards")
    world.carry()
    after = _numbers(world)
    assert before.items() <= after.items()
    assert {epoch for _, epoch, _ in after.keys() - before.keys()} == {ma.epoch} != {1}


def test_a_folder_that_is_copied_back_by_hand_is_noticed_by_both_sides(fed: Attacked, tmp_path: Path) -> None:
    fed.only(MA, NO)
    say(fed, MA, NO)
    fed.carry()
    old = fed.twin("ma", tmp_path / "copied")
    say(fed, MA, NO, text="after the copy")
    say(fed, NO, MA, text="and an answer")
    fed.carry()
    fed.bureaus[MA].database.close()
    fed.bureaus[MA] = old
    fed.carriers.pop(MA, None)
    say(fed, MA, NO, text="under a number that is taken")
    fed.carry()
    assert ("ma", "equivocation") in against(fed, NO)
    assert ("ma", "set-back") in against(fed, MA)
