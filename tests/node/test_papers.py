"""What a bureau prepares for its role key to sign: how much of its log stays good, what the next profile changes."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from comity.capabilities.messages.acts import Information
from comity.core import checkpoint as notes
from comity.core.errors import Malformed, Misused
from comity.core.handling import Purpose
from comity.core.ids import BureauId
from comity.core.log import EMPTY_ROOT
from comity.core.note import with_signatures, witness_name
from comity.core.registry import KeyUse, Profile, Suite
from comity.node import anchor, jobs, papers
from comity.node.bureau import Bureau
from comity.node.keyring import Keyring
from comity.node.papers import Choice, Wish
from comity.node.repository import State
from tests.node.founding import Founded
from tests.simulator import START, Federation, reader

MA, NO = BureauId("ma"), BureauId("no")


@pytest.fixture
def federation(tmp_path: Path) -> Iterator[Federation]:
    made = Federation(tmp_path)
    made.join(MA)
    made.join(NO)
    yield made
    made.close()


@pytest.fixture
def ma(federation: Federation) -> Bureau:
    bureau = federation.bureaus[MA]
    act = Information(title="Before", text="Said before the theft.", language="en")
    bureau.say(act, (NO,), reader=reader(bureau), purpose=Purpose.INVESTIGATE)
    return bureau


def quorum(federation: Federation, count: int) -> None:
    policy = msgspec.structs.replace(federation.registry.policy, witness_quorum=count)
    federation.registry = msgspec.structs.replace(federation.registry, policy=policy)


def state_of(federation: Federation, tmp_path: Path) -> State:
    """Return the state of a registry that lists the profiles of the federation, under the federation's id."""
    founded = Founded(tmp_path / "registry", "other")
    held = msgspec.structs.replace(founded.anchor, org=federation.org)
    return msgspec.structs.replace(founded.state(), anchor=held, profiles=federation.registry.profiles)


def test_without_witnesses_all_that_is_committed_stays_good(ma: Bureau) -> None:
    size, root = papers.last_good(ma)
    assert size == 1
    assert root != EMPTY_ROOT


def test_a_smaller_log_can_be_named_as_good_and_a_longer_one_cannot(ma: Bureau) -> None:
    assert papers.last_good(ma, 0) == (0, EMPTY_ROOT)
    with pytest.raises(Misused, match="has 1 leaves, not 2"):
        papers.last_good(ma, 2)


def test_where_the_policy_asks_for_witnesses_an_unwitnessed_checkpoint_is_not_good(
    federation: Federation, ma: Bureau
) -> None:
    quorum(federation, 1)
    jobs.checkpoint(ma)
    with pytest.raises(Misused, match="1 cosignatures"):
        papers.last_good(ma)


def test_a_checkpoint_says_up_to_where_a_key_counts_and_who_saw_it(
    federation: Federation, ma: Bureau, tmp_path: Path
) -> None:
    note, no = jobs.checkpoint(ma), federation.bureaus[NO]
    state = state_of(federation, tmp_path)
    assert papers.good_by(state, MA, note)[1] == 0
    line = notes.cosign(note, witness_name(federation.org, NO), no.private(KeyUse.WITNESS), START // 1000)
    checkpoint, witnesses = papers.good_by(state, MA, with_signatures(note, line))
    assert ((checkpoint.size, checkpoint.root), witnesses) == (papers.last_good(ma), 1)


def test_a_bureau_is_no_witness_of_its_own_log(federation: Federation, ma: Bureau, tmp_path: Path) -> None:
    note = jobs.checkpoint(ma)
    line = notes.cosign(note, witness_name(federation.org, MA), ma.private(KeyUse.WITNESS), START // 1000)
    assert papers.good_by(state_of(federation, tmp_path), MA, with_signatures(note, line))[1] == 0


def test_a_checkpoint_of_another_log_is_refused(federation: Federation, ma: Bureau, tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="no log key of no"):
        papers.good_by(state_of(federation, tmp_path), NO, jobs.checkpoint(ma))


def test_new_keys_come_first_and_the_old_ones_of_that_use_are_retired(ma: Bureau) -> None:
    before = ma.registry().profile(MA)
    after = papers.rotated(ma, Wish(uses=(KeyUse.SEAL,), choice=Choice(classical=True)))
    assert after.version == 2
    assert after.current(KeyUse.SEAL).suite is Suite.HYBRID
    assert after.current(KeyUse.SEAL, Suite.X25519) in ma.keyring.public()
    assert [key.kid for key in after.keys if key.retired] == [before.current(KeyUse.SEAL).kid]
    told = " / ".join(papers.changes(before, after))
    assert told.count("new seal key") == 2
    assert told.count("is retired") == 1


def test_a_bureau_keeps_its_suites_when_it_changes_its_keys(federation: Federation, ma: Bureau) -> None:
    federation.change(profiles={MA: papers.rotated(ma, Wish(uses=(KeyUse.SIGN,), choice=Choice(es256=True)))})
    again = papers.rotated(ma, Wish(uses=(KeyUse.SIGN,)))
    assert again.current(KeyUse.SIGN).suite is Suite.ES256


def test_an_officers_key_is_never_made_by_the_node(tmp_path: Path) -> None:
    keyring = Keyring.create(tmp_path / "keyring", "a passphrase for tests", work=4)
    with pytest.raises(Misused, match="made by the officer"):
        papers.new_keys(keyring, (KeyUse.OFFICER,), Choice())


@pytest.mark.parametrize("digits", ["", "zz", "0" * 32])
def test_digits_that_name_no_key_or_many_are_misuse(ma: Bureau, digits: str) -> None:
    profile: Profile = ma.registry().profile(MA)
    with pytest.raises(Misused, match=r"keys? of ma begins?"):
        papers.key_named(profile, digits)
    assert papers.key_named(profile, profile.keys[0].kid.hex()[:8].upper()) == profile.keys[0]


def test_a_registry_that_is_a_folder_takes_no_profile_over_the_network(tmp_path: Path) -> None:
    founded = Founded(tmp_path / "registry")
    held = anchor.checked(msgspec.structs.replace(founded.anchor, urls=("file:///srv/registry",)))
    with pytest.raises(Misused, match="--to"):
        papers.hand_in(held, founded.apply(MA))
