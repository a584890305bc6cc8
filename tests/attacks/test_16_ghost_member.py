"""Attack 16: the secretariat, or custodians who were won over, slip a key of their own into a country's profile."""

import msgspec

from comity.core.registry import KeyUse
from comity.node import admission, inbox, proposals
from comity.node.repository import Change
from tests.attacks.federation import DE, ET, MA, NO, Attacked
from tests.attacks.means import inbox_of, say
from tests.node.founding import START, offline, profile_of, silent
from tests.simulator import codes, information, sealed, signed_past_the_rules


def test_mail_is_never_sealed_to_a_key_that_the_country_did_not_sign(fed: Attacked) -> None:
    ghost = msgspec.structs.replace(fed.registry.profile(ET), version=2, keys=profile_of(ET).keys)
    forged = admission.submission(fed.org, ghost, fed.founded.online.snapshot, START, silent)
    change = Change(roles={ET: forged.metadata.encode()}, files={"et/profile.json": forged.profile.encode()})
    fed.founded.repository.publish(change, fed.founded.online, START)
    seen = fed.trust(MA).refresh(START)
    assert ET not in seen.profiles, "left out rather than believed"
    assert "et" in [problem.bureau for problem in fed.trust(MA).problems]


def test_a_signature_under_a_ghost_key_is_nobodys(fed: Attacked) -> None:
    et, ghost = fed.bureaus[ET], fed.bureaus[DE]
    _, signed = signed_past_the_rules(fed.bureaus[NO], information("a ghost"), "et", signer=ghost.signer())
    raw = sealed(fed.bureaus[NO], "et", signed, signer=ghost.signer())
    assert codes(inbox.receive(et, [raw])) == ["malformed"]
    assert inbox_of(fed, ET) == []


def test_custodians_who_replace_a_role_key_are_seen_by_every_node_within_one_refresh(fed: Attacked) -> None:
    for name in (MA, NO):
        fed.trust(name).refresh(START)
    ghost = msgspec.structs.replace(fed.registry.profile(ET), version=2, keys=profile_of(ET).keys)
    paper = admission.submission(fed.org, ghost, offline("a ghost's role key"), START, silent)
    fed.founded.decide(proposals.role_key(fed.founded.state(), paper, START, silent))
    for name in (MA, NO):
        seen = fed.trust(name).refresh(START)
        assert [alarm.bureau for alarm in fed.trust(name).alarms] == [ET]
        assert seen.profile(ET).current(KeyUse.SIGN).kid == ghost.current(KeyUse.SIGN).kid
    say(fed, MA, NO)
    fed.only(MA, NO)
    fed.carry()
    assert len(inbox_of(fed, NO)) == 1, "what the alarm is about concerns nobody else"
