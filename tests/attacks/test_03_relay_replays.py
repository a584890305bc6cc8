"""Attack 3: everything that ever passed is delivered again, and again a year later."""

from comity.core.receipt import Receipts
from comity.node import inbox
from tests.attacks.federation import BUREAUS, ET, MA, NO, SN, Attacked, numbered, to_mailbox
from tests.attacks.means import frame_in, inbox_of, matter_of, say
from tests.simulator import DAY, rungs


def _exchanged(fed: Attacked) -> None:
    say(fed, MA, ET, NO)
    say(fed, ET, MA, SN)
    say(fed, NO, MA)
    fed.carry()


def test_whatever_comes_again_is_applied_once(fed: Attacked) -> None:
    _exchanged(fed)
    heard = fed.middle.deliveries()
    before = {name: (matter_of(bureau), inbox_of(fed, name)) for name, bureau in fed.bureaus.items()}
    assert len(heard) > 8
    for again in range(3):
        for raw in heard:
            assert inbox.receive(fed.bureaus[frame_in(raw).to], [raw])[0].code == "again"
        if again == 1:
            for name in BUREAUS:
                fed.restart(name)
    fed.later(366 * DAY)
    for raw in heard:
        assert inbox.receive(fed.bureaus[frame_in(raw).to], [raw])[0].code == "again"
    assert {name: (matter_of(bureau), inbox_of(fed, name)) for name, bureau in fed.bureaus.items()} == before


def test_a_relay_that_hands_out_old_mail_for_ever_changes_nothing(fed: Attacked) -> None:
    _exchanged(fed)
    heard = [raw for raw in fed.middle.deliveries() if frame_in(raw).to == ET]
    before = inbox_of(fed, ET)
    fed.middle.hands.append(to_mailbox(lambda mail: [*mail, *numbered(heard)]))
    fed.carry()
    assert inbox_of(fed, ET) == before


def test_the_receipt_for_what_came_again_is_the_first_one(fed: Attacked) -> None:
    act = say(fed, MA, ET)
    fed.carry()
    (first,) = rungs(fed.bureaus[MA], act)
    (raw,) = [raw for raw in fed.middle.deliveries() if frame_in(raw).to == ET][:1]
    fed.later(60_000)
    inbox.receive(fed.bureaus[ET], [raw])
    fed.carry()
    assert rungs(fed.bureaus[MA], act) == [first]
    assert not Receipts.receipted
