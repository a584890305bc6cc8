"""Attack 5: the end of a channel, or of a log, is cut off."""

from collections.abc import Callable
from pathlib import Path

from comity.node.mailboxes import Mail
from tests.attacks.federation import ET, MA, NO, R1, R2, Attacked, to_mailbox
from tests.attacks.means import against, inbox_of, say
from tests.simulator import lines


def _first(count: int, seen: list[int]) -> Callable[[list[Mail]], list[Mail]]:
    def change(mail: list[Mail]) -> list[Mail]:
        seen.extend(each.number for each in mail if each.number not in seen)
        return [each for each in mail if each.number in seen[:count]]

    return change


def test_a_channel_that_is_cut_off_at_one_relay_goes_on_over_the_other(fed: Attacked) -> None:
    fed.only(MA, ET)
    for name in (R1, R2):
        fed.middle.hands.append(to_mailbox(_first(1, []), [name]))
    said = []
    for count in range(4):
        said.append(say(fed, MA, ET, text=f"message {count}"))
        fed.carry()
    arrived = inbox_of(fed, ET)
    assert set(arrived) < set(said)
    open_ = [act for act in said if lines(fed.bureaus[MA], act)["et"].state != "settled"]
    assert set(open_) == set(said) - set(arrived), "the sender knows exactly what has no receipt"
    fed.middle.hands.pop()
    fed.patient(rounds=3)
    assert sorted(inbox_of(fed, ET)) == sorted(said)


def test_a_log_that_lost_its_end_is_told_by_the_next_receipt(fed: Attacked, tmp_path: Path) -> None:
    fed.only(MA, NO)
    say(fed, MA, NO)
    fed.carry()
    early = fed.twin("ma", tmp_path / "twin")
    for text in ("two", "three"):
        say(fed, MA, NO, text=text)
        say(fed, NO, MA, text=f"and {text}")
        fed.carry()
    fed.bureaus[MA].database.close()
    fed.bureaus[MA] = early
    fed.carriers.pop(MA, None)
    say(fed, MA, NO, text="as if nothing had been")
    fed.carry()
    assert ("ma", "set-back") in against(fed, MA)
