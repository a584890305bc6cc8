"""A node's clock is wrong by a day: nothing is lost, nothing is refused for it, and setting it is enough (0009)."""

import dataclasses

import pytest

from comity.core.ids import BureauId, Millis
from comity.node.bureau import Bureau
from tests.node.conftest import Found
from tests.simulator import DAY, Federation, code_of, received, rungs, tell

MA, NO = BureauId("ma"), BureauId("no")


@pytest.fixture
def fed(found: Found) -> Federation:
    """Give two bureaus."""
    return found(["ma", "no"])


def set_clock(fed: Federation, off: int) -> Bureau:
    """Set the clock of `ma` off by this much, 0 to set it right."""
    fed.bureaus[MA] = dataclasses.replace(fed.bureaus[MA], now=lambda: Millis(fed.clock + off))
    return fed.bureaus[MA]


def settle(fed: Federation) -> None:
    """Let everything arrive and be looked at again."""
    for _ in range(8):
        fed.carry(rounds=12)
        fed.later(90_000)


def test_a_clock_that_is_a_day_ahead_makes_peers_wait_and_loses_nothing(fed: Federation) -> None:
    ma, no = set_clock(fed, DAY), fed.bureaus[NO]
    ours, theirs = tell(ma, "no"), tell(no, "ma")
    settle(fed)
    assert (code_of(no, ours.id), code_of(ma, theirs.id)) == ("parked", "accepted")
    assert [(signer, rung) for signer, rung, _ in rungs(ma, ours.id)] == [("no", 1)]
    ma = set_clock(fed, 0)
    after = tell(ma, "no")
    settle(fed)
    assert (code_of(no, ours.id), code_of(no, after.id)) == ("parked", "accepted")
    fed.later(DAY)
    settle(fed)
    assert code_of(no, ours.id) == "accepted"
    assert ("no", 2) in [(signer, rung) for signer, rung, _ in rungs(ma, ours.id)]


def test_with_a_clock_that_is_a_day_behind_what_arrives_waits_until_it_is_set(fed: Federation) -> None:
    ma, no = set_clock(fed, -DAY), fed.bureaus[NO]
    ours, theirs = tell(ma, "no"), tell(no, "ma")
    settle(fed)
    assert (code_of(no, ours.id), code_of(ma, theirs.id)) == ("accepted", "parked")
    assert received(ma) == []
    assert [(signer, rung) for signer, rung, _ in rungs(no, theirs.id)] == [("ma", 1)]
    ma = set_clock(fed, 0)
    settle(fed)
    assert code_of(ma, theirs.id) == "accepted"
    assert {rung for _, rung, _ in rungs(no, theirs.id)} == {1, 2}


def test_a_clock_that_is_set_back_uses_no_number_twice(fed: Federation) -> None:
    ma, no = set_clock(fed, DAY), fed.bureaus[NO]
    first = tell(ma, "no")
    second = tell(set_clock(fed, -DAY), "no")
    settle(fed)
    assert (first.head.seq, second.head.seq) == (1, 2)
    assert code_of(no, second.id) == "accepted"
