"""Withdrawal in an organisation of thirty, under cut lines, stopped machines and restores (issue 5).

`withdrawing.py` says how it is moved and what is asserted after each step; here is what must be true in the end.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.core import cose
from comity.core.envelope import HEAD
from comity.core.ids import ActId, BureauId
from comity.core.registry import KeyUse
from comity.node import restoring
from comity.node.bodies import State
from tests import organisation
from tests.node import remains
from tests.node.recovering import MINUTE, PASSPHRASE, role_of
from tests.node.withdrawing import HOUR, Play, closed, found
from tests.simulator import held

NAMES = tuple(BureauId(f"b{number:02}") for number in range(30))
FIRST, SECOND = NAMES[:2]
"""The sources."""

FEW = NAMES[:7]


def founded(folder: Path, names: tuple[BureauId, ...]) -> Path:
    """Found an organisation in a folder."""
    organisation.found(folder, names)
    return folder


@pytest.fixture
def play(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Play]:
    """Give an organisation of thirty, or of the names in the test's parameter."""
    made = Play(founded(tmp_path / "org", getattr(request, "param", NAMES)), request.node.name)
    yield made
    made.close()


def lists(play: Play) -> tuple[ActId, ActId]:
    """Let two sources open lists and fill them: one to all others, one to a few."""
    one = play.open(FIRST, play.names[1:])
    other = play.open(SECOND, play.names[2:6])
    play.publish(one, "k-0", "k-1", "k-2", "k-3")
    play.publish(other, "k-0", "k-1", "k-2")
    return one, other


def assert_withdrawn_everywhere(play: Play) -> None:
    """Assert what must be true once all has healed."""
    for bureau in play.bureaus.values():
        play.look(bureau.me)
        shown = found(bureau, play.lists)
        gone = set(play.lists.canaries) - set(shown.values())
        assert remains.left(bureau, gone) == set()
        # What rests here rests sealed, also what was not taken back.
        every = [word.encode() for word in play.lists.canaries]
        assert remains.on_disk(play.folder / bureau.me, every) == set()
    for source in play.lists.sources():
        assert all(
            play.lists.lagging(listed, play.logs[source].has, play.clock) == {} for listed in play.lists.of(source)
        )
    for said in play.lists.said.values():
        for holder in said.asked:
            assert_signed(play, holder, said.act)


def assert_signed(play: Play, holder: BureauId, asked: ActId) -> None:
    """Assert that the source holds a statement under a holder's signature, and that the holder's own log has it too."""
    source = play.bureaus[play.lists.opened[play.lists.said[asked].listed].source]
    mine = [act for act, (who, what) in play.lists.statements.items() if (who, what) == (holder, asked)]
    found_ = [kept for act in mine if (kept := held(source, act)) is not None]
    assert found_
    for kept in found_:
        key = source.registry().key(holder, cose.key_id(kept.signed_head), KeyUse.SIGN)
        cose.verify1(kept.signed_head, HEAD, key)
    assert any(act in play.logs[holder].has for act in mine)


def assert_no_key_is_left(play: Play, before: dict[BureauId, dict[int, tuple[bytes, bytes]]]) -> None:
    """Assert that what once held a record cannot be opened by whoever kept a copy of it: its key is nowhere."""
    for name, found_ in before.items():
        assert found_
        bodies = play.bureaus[name].store.bodies
        assert {bodies.state(number) for number in found_} == {State.ERASED}
        assert remains.on_disk(play.folder / name, (slot for _, slot in found_.values())) == set()


def assert_a_new_backup_holds_nothing(play: Play, name: BureauId, folder: Path) -> None:
    """Assert that a backup that is made now, and a node that is made of it, hold nothing that was taken back."""
    gone = set(play.lists.canaries) - set(found(play.bureaus[name], play.lists).values())
    path = play.folder / f"after-{name}"
    play.back_up(name, path.name)
    assert remains.in_backup(path, gone) == set()
    restoring.restore(path, folder, PASSPHRASE, (role_of(name),), now=play.clock)
    assert remains.on_disk(folder, [word.encode() for word in play.lists.canaries]) == set()
    twin = play.beside(folder)
    assert remains.left(twin, gone) == set()
    twin.database.close()
    twin.store.bodies.close()


@pytest.mark.faults
@pytest.mark.timeout(600)
def test_thirty_nodes_under_partitions_crashes_and_restores(play: Play, tmp_path: Path) -> None:
    one, _ = lists(play)
    play.heal()
    canary = play.lists.canaries[0]
    before = {bureau.me: remains.sealed(bureau, canary) for bureau in play.bureaus.values()}
    holder, away = NAMES[7], NAMES[8]
    play.save(holder)
    play.save(FIRST)
    play.go_away(away)
    play.group = {name: int(number >= 20) for number, name in enumerate(NAMES)}
    play.stop_when_a_key_goes(NAMES[3])
    play.stop_when_a_key_goes(FIRST)
    play.withdraw(one, "k-0", within=20 * MINUTE)
    play.round(nodes=20)
    play.crash(NAMES[4])
    play.round(nodes=20)
    play.later(HOUR)
    play.lose_and_restore(holder)
    play.shut_out(one, "k-1", NAMES[5], NAMES[25])
    play.round(nodes=20)
    play.heal()
    play.publish(one, "k-0", "k-4")
    play.round(nodes=10)
    play.lose_and_restore(FIRST)
    play.heal()
    play.withdraw(one)
    play.heal()
    assert_withdrawn_everywhere(play)
    assert_no_key_is_left(play, {name: found_ for name, found_ in before.items() if not play.logs[name].restored})
    for name in (FIRST, holder):
        assert_a_new_backup_holds_nothing(play, name, tmp_path / f"again-{name}")
    assert play.told["stopped over a key"] == 2
    assert play.told["looked while closed"] > 0


@pytest.mark.faults
@pytest.mark.timeout(600)
@pytest.mark.parametrize("play", [FEW], indirect=True)
@pytest.mark.parametrize("seed", range(2))
def test_a_few_nodes_by_chance(play: Play, seed: int) -> None:
    by_chance(play, f"few {seed}", rounds=40)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_thirty_nodes_by_chance(play: Play, seed: int) -> None:
    by_chance(play, f"thirty {seed}", rounds=120)


def by_chance(play: Play, seed: str, rounds: int) -> None:
    """Let anything happen, then heal and compare."""
    play.reseed(seed)
    lists(play)
    play.heal()
    for number in range(rounds):
        play.goes_wrong()
        if play.dice.chance(30):
            play.officer()
        play.round(nodes=len(play.names) // 2)
        lost = [name for name in play.names if name in play.saved]
        if lost and number % 20 == 19:
            play.lose_and_restore(lost[play.dice.below(len(lost))])
        for name in play.names:
            if number % 10 == 9 and name not in play.away and closed(play.bureaus[name]):
                play.waive_who_is_away(name)
    play.heal()
    for name in play.names:
        if name not in play.lists.sources() and name in play.saved:
            play.lose_and_restore(name)
            break
    play.heal()
    assert_withdrawn_everywhere(play)
