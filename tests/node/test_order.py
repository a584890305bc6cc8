"""What arrives, in its order: once, whoever repeats, overtakes or dates ahead; and two acts under one number."""

from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from comity.capabilities.messages.acts import Reply, Request
from comity.core import cose
from comity.core.act import Relation
from comity.core.codec import decode, encode
from comity.core.envelope import FRAME, HEAD, Delivery, Frame
from comity.core.handling import Purpose
from comity.core.ids import ActId, Millis
from comity.core.leaf import Way
from comity.core.receipt import Rung
from comity.core.registry import KeyUse
from comity.node import inbox, jobs, post, schema
from comity.node.bureau import Bureau
from comity.node.inbox import OVERTAKEN
from tests.node.conftest import Found
from tests.node.looking import everything, leaves
from tests.simulator import (
    DAY,
    Federation,
    code_of,
    codes,
    deliveries,
    federation,
    held,
    information,
    parcels,
    reader,
    received,
    rows,
    rungs,
    sealed,
    signed_past_the_rules,
    tell,
)

CANARY = "canary in the coal mine born 1971-03-09"
HOUR = 3_600_000


# -------------------------------------------------------------------------------------------------- once, in any order


def test_a_delivery_that_comes_again_is_answered_with_the_same_receipt(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    kept = tell(ma, "no")
    (delivery,) = deliveries(ma, "no")
    assert codes(inbox.receive(no, [delivery])) == ["accepted"]
    fed.carry()
    first = rows(ma, schema.receipts)
    size = len(rows(no, schema.acts))
    assert codes(inbox.receive(no, [delivery, delivery])) == ["again", "again"]
    no = fed.restart("no")
    assert codes(inbox.receive(no, [delivery])) == ["again"]
    fed.later(365 * DAY)
    assert codes(inbox.receive(no, [delivery])) == ["again"]
    assert len(rows(no, schema.acts)) == size
    fed.renew()
    fed.carry()
    (before,), (after,) = first, rows(ma, schema.receipts)
    assert (before.leaf, before.at, before.code) == (after.leaf, after.at, after.code)
    assert after.batch > before.batch
    assert [one.id for one in received(no)] == [kept.id]


def test_an_act_that_is_sealed_anew_is_the_same_act(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    kept = tell(ma, "no")
    one, other = deliveries(ma, "no"), deliveries(ma, "no")
    assert one != other
    assert codes(inbox.receive(no, [*one, *other])) == ["accepted", "again"]
    assert [row.id for row in rows(no, schema.acts)] == [kept.id]
    assert len(rows(no, schema.owed)) == 1


def test_a_refused_act_that_comes_again_is_logged_once(found: Found) -> None:
    ma, no = found(["ma", "no"]).bureaus.values()
    _, signed = signed_past_the_rules(ma, information(), "no", purpose=Purpose.ADMINISTRATION)
    again = [sealed(ma, "no", signed) for _ in range(3)]
    assert codes(inbox.receive(no, again)) == ["messages.purpose", "again", "again"]
    assert leaves(no) == [Way.REFUSED]
    assert len(rows(no, schema.owed)) == 1


ORDERS = list(permutations(range(4)))


@given(orders=st.lists(st.sampled_from(ORDERS), min_size=1, max_size=3, unique=True))
@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_deliveries_in_any_order_make_the_same_state(
    tmp_path_factory: pytest.TempPathFactory, orders: list[tuple[int, ...]]
) -> None:
    folder = tmp_path_factory.mktemp("orders")
    fed = federation(folder / "fed", ["ma", "no", "et"])
    ma, no, et = fed.bureaus.values()
    fed.away = {et.me}
    asked = ma.say(
        Request(title="a plate", text="whose is it?", language="en"), (no.me, et.me), reader=reader(ma),
        purpose=Purpose.INVESTIGATE,
    )  # fmt: skip
    told = tell(ma, "et", "no", refs=(Relation(rel="thread", act=asked.id),))
    fed.carry()
    tell(no, "et", "ma", refs=(Relation(rel="thread", act=asked.id),))
    answered = no.say(
        Reply(title="Re: a plate", text="nobody's", language="en"), (ma.me, et.me), reader=reader(no),
        purpose=Purpose.INVESTIGATE, subject=asked.id,
        refs=(Relation(rel="answers", act=asked.id), Relation(rel="thread", act=asked.id)),
    )  # fmt: skip
    fed.later(DAY // 2)
    arriving = [*deliveries(ma, "et"), *deliveries(no, "et")]
    found = []
    for number, order in enumerate([tuple(range(4)), *orders]):
        twin = fed.twin("et", folder / f"twin-{number}")
        for place in order:
            inbox.receive(twin, [arriving[place]])
        fed.later(inbox.FIRST_LOOK)
        jobs.judge_parked(twin)
        assert {code_of(twin, kept.id) for kept in (asked, told, answered)} == {"accepted"}
        found.append([(bytes(row.subject), bytes(row.state), row.entered) for row in rows(twin, schema.subjects)])
        twin.database.close()
        twin.store.bodies.close()
    fed.close()
    assert len(found[0]) == 3
    assert all(state == found[0] for state in found)


def test_a_reply_that_overtakes_its_request_waits_for_it(found: Found) -> None:
    fed = found(["ma", "no", "et"])
    ma, no, et = fed.bureaus.values()
    asked, answered = _overtaken(fed)
    assert codes(inbox.receive(et, deliveries(no, "et"))) == ["parked"]
    fed.restart("et")
    et = fed.bureaus[et.me]
    fed.step(et)
    assert rungs(no, answered) == [("et", Rung.COMMITTED, "accepted"), ("ma", Rung.RULED, "accepted")]
    assert jobs.judge_parked(et) == 0
    fed.away = set()
    fed.later(HOUR)
    fed.carry()
    assert [code_of(et, act) for act in (asked, answered)] == ["accepted", "accepted"]
    assert ("et", Rung.RULED, "accepted") in rungs(no, answered)
    assert rungs(ma, asked)[0] == ("et", Rung.RULED, "accepted")


def test_a_reply_whose_request_never_comes_is_refused_in_the_end(found: Found) -> None:
    fed = found(["ma", "no", "et"])
    ma, no, et = fed.bureaus.values()
    _, answered = _overtaken(fed)
    inbox.receive(et, deliveries(no, "et"))
    fed.away = {ma.me}
    fed.later(OVERTAKEN - 1)
    jobs.judge_parked(et)
    assert code_of(et, answered) == "parked"
    fed.later(1)
    fed.carry()
    assert code_of(et, answered) == "messages.unseen"
    assert rungs(no, answered)[:2] == [
        ("et", Rung.COMMITTED, "accepted"),
        ("et", Rung.RULED, "messages.unseen"),
    ]


def _overtaken(fed: Federation) -> tuple[ActId, ActId]:
    """Let ma ask no and et, and no answer both, while et is away; return request and reply."""
    ma, no, et = fed.bureaus.values()
    fed.away = {et.me}
    asked = ma.say(
        Request(title="a plate", text="whose is it?", language="en"), (no.me, et.me), reader=reader(ma),
        purpose=Purpose.INVESTIGATE,
    )  # fmt: skip
    fed.carry()
    answered = no.say(
        Reply(title="Re: a plate", text="nobody's", language="en"), (ma.me, et.me), reader=reader(no),
        purpose=Purpose.INVESTIGATE, subject=asked.id,
        refs=(Relation(rel="answers", act=asked.id), Relation(rel="thread", act=asked.id)),
    )  # fmt: skip
    fed.carry()
    fed.later(HOUR)
    return asked.id, answered.id


# ------------------------------------------------------------------------------------------------------------ the hour


def test_an_act_from_the_future_is_committed_now_and_ruled_when_its_time_has_come(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    fast = _ahead(ma, HOUR)
    kept = tell(fast, "no", text=CANARY)
    (parcel,) = parcels(fast, "no")
    post.record(fast, [parcel], inbox.receive(no, [parcel.delivery]))
    fed.carry()
    assert code_of(no, kept.id) == "parked"
    assert rungs(ma, kept.id) == [("no", Rung.COMMITTED, "accepted")]
    no = fed.restart("no")
    fed.later(HOUR // 2)
    fed.carry()
    assert code_of(no, kept.id) == "parked"
    fed.later(HOUR // 2)
    fed.carry()
    assert rungs(ma, kept.id) == [("no", Rung.COMMITTED, "accepted"), ("no", Rung.RULED, "accepted")]
    assert [one.id for one in received(no)] == [kept.id]
    assert CANARY.encode() not in everything(no, fed.folder / "no")


def test_the_key_of_a_parked_delivery_is_destroyed_once_it_is_ruled(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    act, signed = signed_past_the_rules(ma, information(), "no", said=Millis(fed.clock + HOUR))
    inbox.receive(no, [sealed(ma, "no", signed)])
    parked = held(no, act)
    assert parked is not None
    fed.later(HOUR)
    jobs.judge_parked(no)
    assert code_of(no, act) == "accepted"
    assert no.store.bodies.state(parked.number) == "erased"
    jobs.judge_parked(no)
    assert rows(no, schema.doomed) == []


def test_acts_from_the_far_future_keep_no_other_waiting(found: Found) -> None:
    ma, no = (fed := found(["ma", "no"])).bureaus.values()
    far = [
        signed_past_the_rules(ma, information(), "no", seq=number, said=Millis(fed.clock + 1000 * DAY))[1]
        for number in range(1, 6)
    ]
    near, signed = signed_past_the_rules(ma, information(), "no", seq=6, said=Millis(fed.clock + HOUR))
    outcomes = inbox.receive(no, [sealed(ma, "no", one) for one in (*far, signed)])
    assert set(codes(outcomes)) == {"parked"}
    fed.later(HOUR)
    assert jobs.judge_parked(no) == 1
    assert code_of(no, near) == "accepted"


def test_a_parked_act_that_comes_again_is_answered_with_its_first_receipt(found: Found) -> None:
    ma, no = (fed := found(["ma", "no"])).bureaus.values()
    _, signed = signed_past_the_rules(ma, information(), "no", said=Millis(fed.clock + HOUR))
    assert codes(inbox.receive(no, [sealed(ma, "no", signed) for _ in range(2)])) == ["parked", "again"]
    assert len(rows(no, schema.acts)) == len(rows(no, schema.owed)) == 1


def _ahead(bureau: Bureau, millis: int) -> Bureau:
    """Return the bureau with a clock that is ahead."""
    values = {name: getattr(bureau, name) for name in bureau.__dataclass_fields__}
    return Bureau(**{**values, "now": lambda: Millis(bureau.now() + millis)})


# ------------------------------------------------------------------------------------------------------------ evidence


def test_two_acts_under_one_number_are_kept_as_evidence(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    one, first = signed_past_the_rules(ma, information("yes"), "no")
    other, second = signed_past_the_rules(ma, information("no"), "no")
    outcomes = codes(inbox.receive(no, [sealed(ma, "no", first), sealed(ma, "no", second)]))
    assert outcomes == ["accepted", "exchange.equivocation"]
    assert [code_of(no, act) for act in (one, other)] == ["accepted", "absent"]
    (row,) = rows(no, schema.evidence)
    assert (row.against, row.what) == ("ma", "equivocation")
    key = fed.registry.profile(ma.me).current(KeyUse.SIGN)
    assert [cose.verify1(raw, HEAD, key) for raw in (bytes(row.one), bytes(row.other))] == [
        cose.payload_of(first.head),
        cose.payload_of(second.head),
    ]
    assert leaves(no) == [Way.RECEIVED, Way.EVIDENCE]


def test_the_same_contradiction_again_is_no_new_evidence(found: Found) -> None:
    ma, no = found(["ma", "no"]).bureaus.values()
    _, first = signed_past_the_rules(ma, information("yes"), "no")
    _, second = signed_past_the_rules(ma, information("no"), "no")
    inbox.receive(no, [sealed(ma, "no", first)])
    again = [sealed(ma, "no", second) for _ in range(3)]
    assert set(codes(inbox.receive(no, again))) == {"exchange.equivocation"}
    assert len(rows(no, schema.evidence)) == 1
    assert len(rows(no, schema.owed)) == 2
    assert leaves(no) == [Way.RECEIVED, Way.EVIDENCE]


def test_a_contradiction_with_a_refused_act_is_evidence_too(found: Found) -> None:
    ma, no = found(["ma", "no"]).bureaus.values()
    _, first = signed_past_the_rules(ma, information(), "no", purpose=Purpose.ADMINISTRATION)
    _, second = signed_past_the_rules(ma, information(), "no")
    outcomes = codes(inbox.receive(no, [sealed(ma, "no", first), sealed(ma, "no", second)]))
    assert outcomes == ["messages.purpose", "exchange.equivocation"]
    assert len(rows(no, schema.evidence)) == 1


def test_an_act_that_is_passed_on_becomes_evidence_and_the_genuine_one_still_counts(found: Found) -> None:
    fed = found(["ma", "no", "et"])
    ma, no, et = fed.bureaus.values()
    fed.away = {et.me}
    kept = tell(ma, "no", "et")
    fed.carry()
    with no.database.read() as tx:
        there = no.store.find(tx, kept.id)
        assert there is not None
        signed = no.store.signed(tx, there)
    assert codes(inbox.receive(et, [sealed(no, "et", signed)])) == ["exchange.forwarded"]
    (row,) = rows(et, schema.evidence)
    assert (row.against, row.what) == ("no", "forwarded")
    frame = decode(cose.verify1(bytes(row.one), FRAME, fed.registry.profile(no.me).current(KeyUse.SIGN)), Frame)
    assert (frame.sender, frame.to) == (no.me, et.me)
    cose.verify1(bytes(row.other), HEAD, fed.registry.profile(ma.me).current(KeyUse.SIGN))
    fed.away = set()
    fed.later(HOUR)
    fed.carry()
    assert code_of(et, kept.id) == "accepted"


def test_a_genuine_act_in_the_frame_of_another_is_turned_away_before_it_is_opened(found: Found) -> None:
    fed = found(["ma", "no", "et"])
    ma, no, et = fed.bureaus.values()
    tell(ma, "no")
    tell(et, "no")
    one, other = (decode(deliveries(bureau, "no")[0], Delivery) for bureau in (ma, et))
    mixed = replace(one, sealed=other.sealed)
    assert codes(inbox.receive(no, [encode(mixed)])) == ["malformed"]
    assert rows(no, schema.leaves) == []
