"""An index whose process is killed between two writes answers as its store does, and keeps no key of what is gone.

Each case forks: the child does its work and ends itself, without any cleaning up, at the n-th write, sync, erasure or
removal; the parent opens what is left, asks the store for the rest, and compares (attack 25).
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from comity.node import disk
from comity.node.bodies import BodyKeys, State
from comity.node.index import opened, shelf
from comity.node.index.changes import Change, Drop, Identifier, Put, Restrict
from comity.node.index.opened import Index
from tests.node.plainmodel import plain_model
from tests.node.test_index import EVERYBODY, MASTER, PASSPORT, Kept, counted, flags, opening

pytestmark = pytest.mark.faults

KILLED = 9
POINTS = 400
"""More points than one piece of work has: the one whose point is never reached ends by itself."""


def row(number: int, policy: int = 1) -> Put:
    """Return a row with a number and a name of its own."""
    words = ("Anna", "Berta", "Carla", "Doris", "Edda", "Frida", "Greta", "Hilda")
    named = f"{words[number % 8]} {words[number // 8 % 8]}"
    return Put(number=number, policy=policy, identifiers=(Identifier(PASSPORT, f"N{number:04}"),), names=(named,))


EARLIER: tuple[Change, ...] = tuple(row(number) for number in range(1, 40))
LATER: tuple[Change, ...] = (*(row(number, 2) for number in range(40, 60)), Drop(numbers=(7, 45)),
                             Restrict(numbers=(8,), policy=2))  # fmt: skip


def changed(index: Index, store: Kept) -> None:
    index.apply(LATER, len(store.log))


def settled(index: Index, store: Kept) -> None:
    index.apply(LATER, len(store.log))
    index.settle()


def rebuilt(index: Index, store: Kept) -> None:
    index.rebuild(store)


def deadly(countdown: list[int], function: Callable[..., object]) -> Callable[..., object]:
    """Return the function, before or after which the process dies when the countdown ends."""

    def call(*args: object, **kwargs: object) -> object:
        for moment in range(2):
            countdown[0] -= 1
            if not countdown[0]:
                os._exit(KILLED)
            if not moment:
                result = function(*args, **kwargs)
        return result

    return call


def arm(point: int) -> None:
    """Let this process die at the point."""
    left = [point]
    for owner, name in (
        (disk, "write"), (disk, "settle"), (shelf, "_all"), (BodyKeys, "seal_all"), (BodyKeys, "sync"),
        (BodyKeys, "erase"), (BodyKeys, "_write"), (os, "replace"), (Path, "unlink"),
    ):  # fmt: skip
        setattr(owner, name, deadly(left, getattr(owner, name)))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("work", [changed, settled, rebuilt], ids=lambda work: work.__name__)
def test_an_index_killed_at_any_write_answers_as_its_store_and_keeps_no_key_of_what_is_gone(
    tmp_path: Path, work: Callable[[Index, Kept], None]
) -> None:
    for point in range(1, POINTS):
        end = killed_at(point, tmp_path / str(point), work)
        if not end:
            break
        assert end == KILLED
    assert (end, point > 5) == (0, True), "the work has more points than are tried, or none"


def killed_at(point: int, folder: Path, work: Callable[[Index, Kept], None]) -> int:
    """Let a child die at the point, and look at what it left; return how the child ended."""
    folder.mkdir()
    store = Kept()
    with (
        BodyKeys.create(folder / "index.keys", MASTER) as keys,
        Index.create(folder / "index", keys, counted(), plain_model()) as index,
    ):
        index.apply(EARLIER, store.commit(*EARLIER))
        index.settle()
    store.commit(*LATER)
    child = os.fork()
    if not child:
        with BodyKeys(folder / "index.keys", MASTER) as keys:
            index = Index(folder / "index", keys, counted(), plain_model())
            arm(point)
            work(index, store)
            os._exit(0)
    end = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    whole(folder, store)
    return end


def whole(folder: Path, store: Kept) -> None:
    """Open the index, let it catch up, and compare it with the store; settled, it holds nothing that is gone."""
    with (
        BodyKeys(folder / "index.keys", MASTER) as keys,
        Index(folder / "index", keys, counted(), plain_model()) as index,
    ):
        if index.position < len(store.log):
            index.catch_up(store)
        for allow in (flags(1), flags(2), EVERYBODY):
            for number in range(1, 60):
                text = f"N{number:04}"
                assert index.lookup(allow, PASSPORT, text) == store.holders(allow, text)
            seen = {each.number for each in store.rows.values() if allow[each.policy]}
            assert {each.number for each in index.search(allow, "Anna Berta", 99).candidates} <= seen
        assert 8 not in {each.number for each in index.search(flags(1), row(8).names[0], 99).candidates}
        assert 8 in {each.number for each in index.search(flags(2), row(8).names[0], 99).candidates}
        index.settle()
        gone = index._exact.mixed(opened._compact([row(7)]).entries).tobytes()[:8]
        named = {number for part in index._shelf.manifest.pieces.values() for number in part}
        live = {n for n in range(1, keys.end()) if keys.state(n) is not State.ERASED}
        assert live == named | {index._shelf.manifest.journal}
    assert gone not in opening(folder)
