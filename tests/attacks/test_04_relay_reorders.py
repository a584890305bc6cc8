"""Attack 4: a relay hands out mail in whatever order it likes, and holds some back for a while."""

import pytest

from comity.capabilities.messages.acts import Reply, Request
from comity.core.act import Relation
from comity.core.handling import Purpose
from comity.core.ids import ActId
from comity.node.mailboxes import Mail
from tests.attacks.federation import ET, MA, SN, Attacked, Seeded, to_mailbox
from tests.attacks.means import matter_of
from tests.simulator import reader, tell


def _talk(fed: Attacked) -> set[ActId]:
    """Let Rabat ask, Addis Ababa answer twice, and return all that Dakar will hear of it."""
    ma, et = fed.bureaus[MA], fed.bureaus[ET]
    fed.only(MA, ET)
    asked = ma.say(
        Request(title="a van", text="whose is it?", language="en"), (ET, SN), reader=reader(ma),
        purpose=Purpose.INVESTIGATE,
    )  # fmt: skip
    thread = Relation(rel="thread", act=asked.id)
    told = tell(ma, "et", "sn", refs=(thread,))
    fed.carry()
    refs = (Relation(rel="answers", act=asked.id), thread)
    answered = et.say(
        Reply(title="Re: a van", text="nobody's", language="en"), (MA, SN), reader=reader(et),
        purpose=Purpose.INVESTIGATE, subject=asked.id, refs=refs,
    )  # fmt: skip
    more = tell(et, "ma", "sn", refs=(thread,))
    fed.carry()
    return {each.id for each in (asked, told, answered, more)}


@pytest.mark.parametrize("seed", range(5))
def test_any_order_of_mail_ends_in_the_same_state(fed: Attacked, seed: int) -> None:
    chance = Seeded(f"order {seed}")

    def shuffled(mail: list[Mail]) -> list[Mail]:
        return chance.shuffled([each for each in mail if chance.below(2)])

    said = _talk(fed)
    fed.only(SN)
    fed.middle.hands.append(to_mailbox(shuffled))
    for _ in range(8):
        fed.carry(rounds=2)
    fed.middle.hands.clear()
    fed.carry()
    fed.later(2_000)
    fed.carry()
    assert matter_of(fed.bureaus[SN]) == {(act, "accepted") for act in said}
