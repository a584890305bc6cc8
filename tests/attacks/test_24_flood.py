"""Attack 24: one member floods, a relay's room or disk is exhausted, while others have urgent things to say."""

import dataclasses

from msgspec.structs import replace as changed

from comity.core.envelope import Lane
from comity.node.mailboxes import Limits, Size
from tests.attacks.federation import DE, ET, MA, SN, Attacked
from tests.attacks.means import inbox_of, say
from tests.simulator import lines

SMALL = Limits(
    total=Size(pieces=100, bytes=1 << 30),
    sender=Size(pieces=100, bytes=1 << 30),
    recipient=Size(pieces=20, bytes=1 << 30),
)


def _limited(fed: Attacked, limits: Limits) -> None:

    for name, relay in fed.relays.items():
        fed.relays[name] = dataclasses.replace(relay, limits=limits)


def test_a_member_that_floods_both_relays_holds_up_nobodys_urgent_mail(fed: Attacked) -> None:
    _limited(fed, SMALL)
    flood = [say(fed, DE, ET, text=f"flood {count}") for count in range(60)]
    fed.only(DE)
    fed.carry()
    refused = [act for act in flood if lines(fed.bureaus[DE], act)["et"].state != "handed"]
    assert refused, "the relays take no more of it"
    urgent = say(fed, MA, ET, text="a child is missing", lane=Lane.URGENT)
    fed.only(MA)
    fed.carry()
    assert lines(fed.bureaus[MA], urgent)["et"].state == "handed"
    fed.only(ET)
    fed.carry(rounds=1)
    assert inbox_of(fed, ET)[0] == urgent, "and it is handed out before all of the flood"


def test_what_was_refused_is_kept_by_its_sender_and_arrives_in_the_end(fed: Attacked) -> None:
    _limited(fed, changed(SMALL, sender=Size(pieces=5, bytes=1 << 30)))
    said = {say(fed, DE, SN, text=f"message {count}") for count in range(20)}
    fed.only(DE, SN)
    fed.patient(rounds=8, pause=600_000)
    assert set(inbox_of(fed, SN)) == said


def test_a_full_disk_takes_nothing_new_and_loses_nothing_that_was_promised(fed: Attacked) -> None:
    before = say(fed, MA, ET, text="in time")
    fed.only(MA)
    fed.carry()
    fed.free = 0
    later = say(fed, MA, ET, text="too late", lane=Lane.URGENT)
    fed.later(2_000)
    fed.carry()
    assert lines(fed.bureaus[MA], later)["et"].state == "queued"
    fed.only(ET)
    fed.carry()
    assert inbox_of(fed, ET) == [before]
    fed.free = 100 << 30
    fed.only(MA, ET)
    fed.patient(rounds=2)
    assert inbox_of(fed, ET) == [before, later]
