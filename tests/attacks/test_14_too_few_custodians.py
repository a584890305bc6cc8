"""Attack 14: too few custodians, or one of them counted twice, try to change who belongs to the organisation."""

import msgspec
import pytest

from comity.core.errors import ComityError, Malformed
from comity.node import metadata, proposals
from comity.node.metadata import Metadata, Targets
from comity.node.repository import Change
from tests.attacks.federation import MA, Attacked
from tests.node.founding import START, refused, silent, suspension


def test_two_of_five_suspend_nobody(fed: Attacked) -> None:
    proposed = proposals.measure(fed.founded.state(), suspension(), START, silent)
    assert refused(lambda: fed.founded.decide(proposed, signers=fed.founded.custodians[:2])) == "registry.threshold"


def test_one_custodian_who_signs_three_times_is_one(fed: Attacked) -> None:
    proposed = proposals.measure(fed.founded.state(), suspension(), START, silent)
    alone = fed.founded.custodians[:1]
    assert refused(lambda: fed.founded.decide(proposed, signers=alone * 3)) == "registry.signed"
    assert refused(lambda: fed.founded.decide(proposed, signers=alone)) == "registry.threshold"


def _published(fed: Attacked, raw: bytes) -> None:
    fed.founded.repository.publish(Change(targets=raw), fed.founded.online, START)


def _membership(fed: Attacked, signers: int) -> Metadata[Targets]:
    """Return a next membership that this many custodians signed, past every ceremony."""
    targets = metadata.parse(fed.founded.state().targets.to_bytes(), Targets, "membership").signed
    targets.version += 1
    made = Metadata(targets)
    for key in fed.founded.custodians[:signers]:
        metadata.sign(made, key)
    return made


@pytest.mark.parametrize("signers", [1, 2])
def test_a_node_takes_no_membership_below_the_threshold(fed: Attacked, signers: int) -> None:
    seen = fed.trust(MA).refresh(START)
    _published(fed, _membership(fed, signers).to_bytes())
    with pytest.raises(Malformed):
        fed.trust(MA).refresh(START)
    assert fed.trust(MA).current() == seen


def test_a_signature_that_stands_twice_in_the_file_counts_once(fed: Attacked) -> None:
    seen = fed.trust(MA).refresh(START)
    plain = msgspec.json.decode(_membership(fed, 2).to_bytes())
    plain["signatures"] += plain["signatures"]
    # The registry's own program does not even publish it, so the thief of the server writes the file by hand.
    with pytest.raises(Malformed):
        _published(fed, msgspec.json.encode(plain))
    assert fed.trust(MA).refresh(START) == seen


def test_a_signature_under_ids_that_no_custodian_has_counts_for_nothing(fed: Attacked) -> None:
    seen = fed.trust(MA).refresh(START)
    plain = msgspec.json.decode(_membership(fed, 1).to_bytes())
    (one,) = plain["signatures"]
    plain["signatures"] += [one | {"keyid": letter * 64} for letter in "ab"]
    _published(fed, msgspec.json.encode(plain))
    with pytest.raises(ComityError):
        fed.trust(MA).refresh(START)
    assert fed.trust(MA).current() == seen
