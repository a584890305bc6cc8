"""Attack 6: what is for one bureau is handed to another, with or without the sender's help."""

from comity.core.codec import encode
from comity.core.envelope import CONTENT_KEY, NONCE, Lane, frame_of, seal
from comity.core.registry import KeyUse
from comity.node import inbox
from tests.attacks.federation import ET, MA, R1, SN, Attacked, numbered, to_mailbox
from tests.attacks.means import digest, frame_in, inbox_of, matter_of, reframed, say, ways
from tests.simulator import codes, deliveries, information, signed_past_the_rules


def test_mail_of_another_bureau_leaves_nothing_and_still_reaches_its_own(fed: Attacked) -> None:
    act = say(fed, MA, ET)
    fed.only(MA)
    fed.carry()
    (raw,) = fed.middle.deliveries()
    before = digest(fed.bureaus[SN], fed.folder / "sn")
    fed.middle.hands.append(to_mailbox(lambda mail: mail or numbered([raw])))
    fed.only(SN)
    fed.carry(rounds=2)
    assert digest(fed.bureaus[SN], fed.folder / "sn") == before
    fed.middle.hands.clear()
    fed.only(ET)
    fed.carry()
    assert inbox_of(fed, ET) == [act]


def test_a_frame_that_a_relay_addresses_anew_is_nobodys(fed: Attacked) -> None:
    say(fed, MA, ET)
    fed.only(MA)
    (raw,) = deliveries(fed.bureaus[MA], "et")
    forged = reframed(raw, fed.relays[R1]._signer(), to=SN)
    assert frame_in(forged).to == SN
    before = digest(fed.bureaus[SN], fed.folder / "sn")
    assert codes(inbox.receive(fed.bureaus[SN], [forged])) == ["malformed"]
    assert digest(fed.bureaus[SN], fed.folder / "sn") == before


def test_a_sender_cannot_slip_a_copy_to_somebody_whom_the_act_does_not_name(fed: Attacked) -> None:
    ma, keys = fed.bureaus[MA], [fed.registry.profile(name).current(KeyUse.SEAL) for name in (ET, SN)]
    _, signed = signed_past_the_rules(ma, information("for Addis Ababa alone"), "et")
    both = seal(signed, keys, bytes(CONTENT_KEY + NONCE))
    delivery = frame_of(both, keys[1], ma.signer(), org=fed.org, sender=MA, to=SN, lane=Lane.NORMAL, said=fed.now())
    sn = fed.bureaus[SN]
    assert codes(inbox.receive(sn, [encode(delivery)])) == ["exchange.recipient"]
    assert matter_of(sn) == set()
    assert [way.name for way in ways(fed, SN)] == ["REFUSED"]
