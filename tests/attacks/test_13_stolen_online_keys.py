"""Attack 13: somebody has the keys of the registry that lie at its server, and signs whatever they may sign."""

import pytest

from comity.core.errors import Malformed
from comity.node import admission, metadata
from comity.node.metadata import Metadata
from comity.node.repository import Change
from tests.attacks.federation import MA, NO, Attacked
from tests.node.founding import START, offline, profile_of, silent


def test_with_both_online_keys_nobody_swaps_a_bureaus_key(fed: Attacked) -> None:
    seen = fed.trust(MA).refresh(START)
    forged = admission.submission(fed.org, profile_of(NO, version=2), offline("a thief"), START, silent)
    change = Change(roles={NO: forged.metadata.encode()}, files={"no/profile.json": forged.profile.encode()})
    fed.founded.repository.publish(change, fed.founded.online, START)
    after = fed.trust(MA).refresh(START)
    assert NO not in after.profiles, "a profile that Oslo did not sign is no profile"
    assert seen.profile(MA) == after.profile(MA)
    assert [problem.bureau for problem in fed.trust(MA).problems] == ["no"]


def test_with_both_online_keys_nobody_admits_a_member(fed: Attacked) -> None:
    seen = fed.trust(MA).refresh(START)
    targets = metadata.parse(fed.founded.state().targets.to_bytes(), metadata.Targets, "membership").signed
    targets.version += 1
    made = Metadata(targets)
    metadata.sign(made, fed.founded.online.timestamp)
    metadata.sign(made, fed.founded.online.snapshot)
    fed.founded.repository.publish(Change(targets=made.to_bytes()), fed.founded.online, START)
    with pytest.raises(Malformed):
        fed.trust(MA).refresh(START)
    assert fed.trust(MA).current() == seen
