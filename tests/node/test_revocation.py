"""A revoked key: what the log held before counts with proof, what came after does not, whatever date it bears."""

from comity.core.cose import Signer
from comity.core.ids import Digest, Millis
from comity.core.receipt import Rung
from comity.core.registry import Key
from comity.node import inbox, jobs, schema
from comity.node.bureau import Bureau
from comity.node.store import Kept
from tests.node.conftest import Found
from tests.simulator import (
    DAY,
    Federation,
    code_of,
    codes,
    deliveries,
    information,
    lines,
    received,
    rows,
    rungs,
    sealed,
    signed_past_the_rules,
    tell,
)

ACCEPTED, REVOKED = ("no", Rung.RULED, "accepted"), ("no", Rung.RULED, "exchange.revoked")


def size(bureau: Bureau) -> int:
    with bureau.database.read() as tx:
        return bureau.ledger.size(tx)


def thief(bureau: Bureau, key: Key) -> Signer:
    """Return a signer that uses a key of the bureau whatever the registry says of it."""
    return Signer(key, lambda message: bureau.keyring.sign(key.kid, message))


def lost_key(fed: Federation) -> tuple[Kept, Kept, Key]:
    """Let ma say one act before the cut and one after it, neither delivered; then revoke the key of both."""
    ma, _ = fed.bureaus.values()
    before = tell(ma, "no", text="before the cut")
    cut = size(ma)
    after = tell(ma, "no", text="after the cut")
    key = fed.rotate("ma")
    fed.revoke("ma", key, cut)
    return before, after, key


def test_what_was_logged_before_the_cut_is_accepted_with_proof(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    before, _, _ = lost_key(fed)
    fed.carry(rounds=20)
    assert code_of(no, before.id) == "accepted"
    assert rungs(ma, before.id) == [ACCEPTED]
    assert lines(ma, before.id)["no"].proof == 1


def test_without_proof_it_is_refused_first_and_takes_no_number(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    before, _, _ = lost_key(fed)
    assert codes(inbox.receive(no, deliveries(ma, "no")[:1])) == ["exchange.revoked"]
    assert code_of(no, before.id) == "absent"
    assert rows(no, schema.channels) == []
    fed.carry(rounds=20)
    assert code_of(no, before.id) == "accepted"


def test_what_was_logged_after_the_cut_stays_refused(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    _, after, _ = lost_key(fed)
    fed.carry(rounds=20)
    assert code_of(no, after.id) == "absent"
    assert rungs(ma, after.id) == [REVOKED]
    line = lines(ma, after.id)["no"]
    assert (line.state, line.next_at) == ("settled", None)


def test_the_bureau_goes_on_under_its_new_key_and_the_hole_is_asked_for_ever_more_seldom(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    lost_key(fed)
    kept = tell(ma, "no", text="under the new key")
    fed.carry(rounds=20)
    assert code_of(no, kept.id) == "accepted"
    fed.pass_time(2 * DAY, every=DAY // 24)
    asked = [row for row in rows(no, schema.acts) if row.kind == "exchange.gap/1" and row.sender == "no"]
    assert 1 <= len(asked) <= 12


def test_a_thief_cannot_date_an_act_back(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    _, _, key = lost_key(fed)
    stolen = thief(ma, key)
    act, signed = signed_past_the_rules(
        ma, information("as if it were old"), "no", signer=stolen, said=Millis(fed.clock - DAY), seq=9
    )
    framed_by_both = [sealed(ma, "no", signed, signer=stolen), sealed(ma, "no", signed)]
    assert codes(inbox.receive(no, framed_by_both)) == ["exchange.revoked", "exchange.revoked"]
    assert code_of(no, act) == "absent"


def test_a_stolen_key_frames_nothing_that_was_not_accepted_before(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    _, _, key = lost_key(fed)
    genuine, signed = signed_past_the_rules(ma, information("under the new key"), "no", seq=9)
    stolen = sealed(ma, "no", signed, signer=thief(ma, key))
    assert codes(inbox.receive(no, [stolen, sealed(ma, "no", signed)])) == ["exchange.revoked", "accepted"]
    assert code_of(no, genuine) == "accepted"


def test_what_was_accepted_before_the_revocation_stays_and_is_answered_again(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    kept = tell(ma, "no")
    again = deliveries(ma, "no")
    fed.carry()
    key = fed.rotate("ma")
    fed.revoke("ma", key, 0)
    assert codes(inbox.receive(no, again)) == ["again"]
    assert [one.id for one in received(no)] == [kept.id]
    fed.carry()
    assert rungs(ma, kept.id) == [ACCEPTED]


def test_what_was_parked_before_the_revocation_is_ruled_on_as_logged(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    act, signed = signed_past_the_rules(ma, information(), "no", said=Millis(fed.clock + 3_600_000))
    inbox.receive(no, [sealed(ma, "no", signed)])
    fed.revoke("ma", fed.rotate("ma"), 0)
    fed.later(3_600_000)
    jobs.judge_parked(no)
    assert code_of(no, act) == "accepted"


def test_of_two_revoked_keys_the_proof_is_made_for_the_one_that_signed(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    first = fed.rotate("ma")
    kept = tell(ma, "no")
    assert kept.leaf == 0
    for _ in range(3):
        tell(ma, "no")
    second = fed.rotate("ma")
    fed.revoke("ma", first, 2)
    fed.revoke("ma", second, 4)
    fed.carry(rounds=20)
    assert code_of(no, kept.id) == "accepted"
    with no.database.read() as tx:
        assert len(no.ledger.positions(tx, Digest(kept.id))) == 2  # Refused once, accepted once.
