"""Attack 25: a machine stops at any moment of an exchange, before or after anything that passes on a line."""

import pytest

from tests.attacks.federation import ET, MA, NO, Attacked, There
from tests.attacks.means import inbox_of, say
from tests.relayed import Answer
from tests.simulator import lines, rungs


class Power(Exception):
    """The plug was pulled."""


def _pulled(fed: Attacked, at: int, *, answered: bool) -> None:
    """Pull the plug at the request of this number, before it arrives or after it was answered."""
    count = iter(range(1_000_000))

    def hand(_name: str, _path: str, body: bytes, there: There) -> Answer:
        if next(count) != at:
            return there(body)
        if answered:
            there(body)
        raise Power

    fed.middle.hands.append(hand)


@pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(0, 12, 2))
def test_a_crash_at_any_request_loses_nothing_and_does_nothing_twice(fed: Attacked, at: int, *, answered: bool) -> None:
    fed.only(MA, NO, ET)
    first, second = say(fed, MA, NO, ET), say(fed, ET, MA)
    _pulled(fed, at, answered=answered)
    try:
        fed.carry()
    except Power:
        for name in (MA, NO, ET):
            fed.restart(name)
        for name in list(fed.relays):
            fed.reopened(name)
    fed.middle.hands.clear()
    fed.patient(rounds=3)
    assert inbox_of(fed, NO) == inbox_of(fed, ET) == [first]
    assert inbox_of(fed, MA) == [second]
    assert [(signer, code) for signer, _, code in rungs(fed.bureaus[MA], first)] == [
        ("et", "accepted"),
        ("no", "accepted"),
    ]
    assert {line.state for line in lines(fed.bureaus[MA], first).values()} == {"settled"}
