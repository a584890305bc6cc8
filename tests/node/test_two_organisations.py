"""One node in two organisations: an act belongs to exactly one, and nothing of one is seen or counted in the other.

The harder case is tested: the same keys are registered in both, so that only the organisation in head and frame keeps
them apart (decision 0021). Both registries are real ones, made by their ceremonies.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from comity.capabilities import ALL
from comity.capabilities.messages.acts import Information
from comity.capabilities.messages.rules import Matter
from comity.core import checkpoint
from comity.core.codec import decode, encode
from comity.core.envelope import Delivery, Lane, Signed, frame_of, seal
from comity.core.errors import Malformed, Misused
from comity.core.handling import Purpose
from comity.core.ids import ActId, BureauId
from comity.core.registry import Key, KeyUse, Profile, Suite
from comity.node import home, inbox, jobs, officers, post
from comity.node.bureau import Bureau
from comity.node.home import Home
from comity.node.inbox import Outcome
from comity.node.store import Kept
from comity.node.view import View
from tests.node.founding import START, Founded
from tests.simulator import Federation, reader

NO, MA = BureauId("no"), BureauId("ma")
PASSPHRASE = "a passphrase for tests"


@dataclass
class Two:
    """Two nodes, each a member of the same two organisations under the same keys."""

    homes: dict[BureauId, Home]
    world: Federation
    region: Federation

    def say(self, where: Federation, text: str = "a text", sender: BureauId = NO, to: BureauId = MA) -> Kept:
        """Say something in one of the organisations."""
        bureau = where.bureaus[sender]
        act = Information(title="a title", text=text, language="en")
        return bureau.say(act, (to,), reader=reader(bureau), purpose=Purpose.INVESTIGATE)

    def signed(self, where: Federation, kept: Kept) -> Signed:
        """Return the act as its sender signed it."""
        return View(where.bureaus[NO], reader(where.bureaus[NO])).signed(kept.id)


def keys_of(node: Home) -> tuple[Key, ...]:
    """Return new keys for every use."""
    uses = ((KeyUse.SIGN, Suite.ED25519), (KeyUse.SEAL, Suite.HYBRID), (KeyUse.LOG, Suite.ED25519))
    return tuple(node.keyring.new(use, suite) for use, suite in uses)


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    homes = {}
    for name in (NO, MA):
        home.create(tmp_path / name, PASSPHRASE)
        homes[name] = home.open_home(tmp_path / name, PASSPHRASE)
    keys = {name: keys_of(node) for name, node in homes.items()}
    joined = {}
    for org in ("world", "region"):
        founded = Founded(tmp_path / "registries" / org, org)
        joined[org] = Federation(tmp_path, founded.anchor.org, clock=START)
        for name in homes:
            founded.admit(name, profile=Profile(bureau=name, name=f"NCB {name}", version=1, keys=keys[name]))
        for name, node in homes.items():
            node.join(founded.anchor, name)
            node.trusts[founded.anchor.org] = founded.node(node.folder / "trust")
            node.trusts[founded.anchor.org].refresh(START)
            joined[org].bureaus[name] = node.bureau(founded.anchor.org, ALL, now=joined[org].now)
    yield Two(homes, joined["world"], joined["region"])
    for node in homes.values():
        node.close()


def taken(bureau: Bureau, delivery: Delivery) -> Outcome:
    """Return what a bureau says to a delivery."""
    (outcome,) = inbox.receive(bureau, [encode(delivery)])
    return outcome


def carried(where: Federation, sender: BureauId = NO, to: BureauId = MA) -> Delivery:
    """Return what is about to leave."""
    (parcel,) = post.collect(where.bureaus[sender])[to]
    return decode(parcel.delivery, Delivery)


def framed(where: Federation, signed: Signed) -> Delivery:
    """Return an act in a frame of this organisation, as only its sender could make it."""
    bureau = where.bureaus[NO]
    key = bureau.registry().profile(MA).current(KeyUse.SEAL)
    sealed = seal(signed, [key], bytes(44))
    return frame_of(sealed, key, bureau.signer(), org=where.org, sender=NO, to=MA, lane=Lane.NORMAL, said=START)


def holds(bureau: Bureau, act: ActId) -> bool:
    """Tell whether a bureau keeps anything of an act."""
    with bureau.database.read() as tx:
        return bureau.store.find(tx, act) is not None


def size(bureau: Bureau) -> int:
    """Return the leaves of a bureau's log."""
    with bureau.database.read() as tx:
        return bureau.ledger.size(tx)


# Acts.


def test_an_act_reaches_the_organisation_in_which_it_was_said(two: Two) -> None:
    kept = two.say(two.world)
    two.world.carry()
    two.region.carry()
    assert holds(two.world.bureaus[MA], kept.id)
    assert not holds(two.region.bureaus[MA], kept.id)


def test_a_delivery_of_one_organisation_is_unknown_in_the_other(two: Two) -> None:
    two.say(two.world)
    outcome = taken(two.region.bureaus[MA], carried(two.world))
    assert (outcome.code, outcome.reason) == ("malformed", "a frame of another organisation")
    assert size(two.region.bureaus[MA]) == 0


def test_an_act_of_one_organisation_is_refused_in_a_frame_of_the_other(two: Two) -> None:
    kept = two.say(two.world)
    outcome = taken(two.region.bureaus[MA], framed(two.region, two.signed(two.world, kept)))
    assert outcome.code == "exchange.organisation"
    assert not holds(two.region.bureaus[MA], kept.id)


def test_the_refused_act_still_counts_where_it_belongs(two: Two) -> None:
    kept = two.say(two.world)
    taken(two.region.bureaus[MA], framed(two.region, two.signed(two.world, kept)))
    assert taken(two.world.bureaus[MA], carried(two.world)).code == "accepted"


def test_a_replayed_act_does_not_take_a_number_of_the_other_organisation(two: Two) -> None:
    kept = two.say(two.world)
    taken(two.region.bureaus[MA], framed(two.region, two.signed(two.world, kept)))
    genuine = two.say(two.region, "another text")
    assert genuine.head.seq == kept.head.seq == 1
    assert taken(two.region.bureaus[MA], carried(two.region)).code == "accepted"


def test_a_receipt_settles_nothing_in_the_other_organisation(two: Two) -> None:
    kept = two.say(two.world)
    two.say(two.region)
    two.region.carry()
    (ladder,) = View(two.world.bureaus[NO], reader(two.world.bureaus[NO])).receipts(kept.id)
    assert (ladder.state, ladder.reached) == ("queued", ())


# Logs and channels.


def test_channels_have_their_own_names_and_numbers(two: Two) -> None:
    one, other = two.say(two.world), two.say(two.region)
    assert one.head.channel != other.head.channel
    assert (one.head.seq, other.head.seq) == (1, 1)


def test_each_organisation_has_a_log_of_its_own(two: Two) -> None:
    two.say(two.world)
    two.say(two.world)
    two.say(two.region)
    assert (size(two.world.bureaus[NO]), size(two.region.bureaus[NO])) == (2, 1)


def test_a_checkpoint_of_one_log_is_none_of_the_other(two: Two) -> None:
    two.say(two.world)
    note = jobs.checkpoint(two.world.bureaus[NO])
    key = two.world.bureaus[NO].registry().profile(NO).current(KeyUse.LOG)
    origins = [where.bureaus[NO].ledger.origin for where in (two.world, two.region)]
    verifiers = [checkpoint.VerifierKey(origin, checkpoint.Use.LOG, key.public) for origin in origins]
    assert checkpoint.verify(note, verifiers[0]).size == 1
    with pytest.raises(Malformed):
        checkpoint.verify(note, verifiers[1])


# Desks.


def test_a_view_shows_one_organisation(two: Two) -> None:
    one, other = two.say(two.world), two.say(two.region)
    for where, mine, foreign in ((two.world, one, other), (two.region, other, one)):
        view = View(where.bureaus[NO], reader(where.bureaus[NO]))
        assert [found.id for found in view.acts().items] == [mine.id]
        assert [found.opened.id for found in view.states(Matter).items] == [mine.id]
        assert (view.count(), view.act(foreign.id), view.thread(foreign.id)) == (1, None, ())
        assert (view.receipts(foreign.id), view.state(foreign.id, Matter)) == ((), None)
        with pytest.raises(Misused, match="no act"):
            view.find(foreign.id.hex())


def test_an_officer_of_one_organisation_is_a_stranger_in_the_other(two: Two) -> None:
    officers.add(two.world.bureaus[NO], "duty", officer="o-1")
    with pytest.raises(Misused, match="no officer"):
        officers.reader(two.region.bureaus[NO], "o-1", Purpose.LOCATE)


def test_a_thread_cannot_be_carried_on_in_the_other_organisation(two: Two) -> None:
    kept = two.say(two.world)
    bureau = two.region.bureaus[NO]
    with bureau.database.read() as tx:
        assert bureau.past(tx).act(kept.id) is None


def test_a_person_says_which_organisation_is_meant(two: Two) -> None:
    with pytest.raises(Misused, match="--org"):
        two.homes[NO].choose()
    assert two.homes[NO].choose("region") == two.region.org


def test_what_belongs_where_survives_a_restart(two: Two) -> None:
    kept = {where.org: two.say(where).id for where in (two.world, two.region)}
    two.homes[NO].close()
    two.homes[NO] = home.open_home(two.homes[NO].folder, PASSPHRASE)
    for org, act in kept.items():
        bureau = two.homes[NO].bureau(org, ALL, now=two.world.now)
        assert [found.id for found in View(bureau, reader(bureau)).acts().items] == [act]
