"""A process whose disk is full at the n-th write: two bureaus and a relay that refuse, wait, and go on.

The shim (`shim.c`) makes the disk full: it answers "no space left on device" from a chosen call on, until there is room
again. What ends a process here, or is refused without a reason, fails the test that started it.
"""

import ctypes
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from comity.core.errors import ComityError
from comity.core.ids import ActId, BureauId, Millis
from comity.node import clock, schema
from tests.faults.converged import ROUNDS, STEP, assert_all_is_well, left_to_do
from tests.power import traffic
from tests.power.traffic import ME, NODES, RELAY, SECOND, Machines, Officers, no_direct_road
from tests.simulator import rows

ROUNDS_OF_A_POINT = 3
"""One of them goes over the relay."""

SAID: dict[BureauId, set[ActId]] = {BureauId(name): set() for name in NODES}


def remember(*words: object) -> None:
    """Take what was promised, in place of a recording."""
    if words[0] == "said":
        SAID[BureauId(str(words[1]))].add(ActId(bytes.fromhex(str(words[2]))))


def full(folder: Path, calls: int) -> int:
    """Make the disk under a folder full after so many calls, -1 for never; returns how many were made until now."""
    shim = ctypes.CDLL(None)
    shim.comity_full.restype = ctypes.c_long
    return int(shim.comity_full(str(folder).encode(), ctypes.c_long(calls)))


class Filling:
    """Machines that work on while a disk is full."""

    def __init__(self, folder: Path) -> None:
        """Open them."""
        self.folder = folder
        self.machines = Machines(folder, Millis(clock.now()))
        self.officers = Officers(self.machines)
        self.refused: list[str] = []
        self._round = 0
        self._direct = self.machines.fed.tap

    def round(self) -> None:
        """Do what everybody does in one round; what is refused is refused with a reason."""
        fed = self.machines.fed
        fed.tap = no_direct_road if self._round % 3 == 2 else self._direct
        self._try(lambda: self.officers.work(self._round))
        for bureau in list(fed.bureaus.values()):
            self._try(partial(fed.step, bureau))
        fed.later(8 * SECOND)
        self._round += 1

    def _try(self, work: Callable[[], object]) -> None:
        try:
            work()
        except ComityError as problem:
            self.refused.append(str(problem))

    def point(self, name: str, calls: int) -> None:
        """Work three rounds on a disk that is full after so many calls, and one when there is room again."""
        before = len(self.refused)
        full(self.folder / name, calls)
        for _ in range(ROUNDS_OF_A_POINT):
            self.round()
        made = full(self.folder / name, -1)
        told = self.refused[before:]
        self.round()
        sys.stdout.write(f"{name}: full after {calls} calls of {made}, refused: {'; '.join(told) or 'nothing'}\n")
        assert all(told), "a refusal without a reason"
        for me, bureau in self.machines.fed.bureaus.items():
            held = {bytes(row.id) for row in rows(bureau, schema.acts)}
            assert {bytes(act) for act in SAID[me]} <= held, f"{me} lost what it said"
        assert made > calls, "the disk was never full"

    def settle(self) -> None:
        """Let everybody work until nothing is left to do, and compare the books."""
        fed = self.machines.fed
        fed.tap = self._direct
        for _ in range(ROUNDS):
            fed.later(STEP)
            fed.carry()
            if not any(left_to_do(fed, bureau) for bureau in fed.bureaus.values()):
                break
        assert_all_is_well(fed, SAID)


def play(folder: Path, points: int) -> None:
    """Make the disks of a bureau and of the relay full at so many points, one after the other."""
    traffic.mark = remember
    filling = Filling(folder)
    for _ in range(8):
        filling.round()
    assert filling.refused == []
    for name, share in ((ME, points - points // 4), (RELAY, points // 4)):
        full(folder / name, -1)
        for _ in range(ROUNDS_OF_A_POINT):
            filling.round()
        usual = full(folder / name, -1)
        for number in range(share):
            # What was refused comes again, so that the last of the usual calls would be found no more.
            filling.point(name, number * usual // (2 * share))
    assert filling.refused
    filling.settle()
    filling.machines.close()


if __name__ == "__main__":
    play(Path(sys.argv[1]), int(sys.argv[2]))
