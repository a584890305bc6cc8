"""What leaves: tried again with growing pauses, never lost between two machines, sealed to the newest key."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.core.codec import decode
from comity.core.cose import key_id, parse_sealed
from comity.core.envelope import Delivery, Lane
from comity.core.errors import Unreachable
from comity.core.ids import BureauId, Millis
from comity.core.receipt import Gap, Rung
from comity.core.registry import KeyUse, Suite
from comity.node import inbox, jobs, post, schema
from comity.node.bureau import Bureau
from comity.node.inbox import GAP_MILLIS, Outcome
from comity.node.jobs import ASK_AGAIN, ASK_SELDOM
from comity.node.post import FIRST_WAIT, LONGEST_WAIT, RECEIPT_WAIT
from tests.node.conftest import Found
from tests.simulator import (
    DAY,
    Interfere,
    code_of,
    codes,
    deliveries,
    lines,
    parcels,
    received,
    rows,
    rungs,
    sealed,
    signed_past_the_rules,
    tell,
)

MA, NO = BureauId("ma"), BureauId("no")
SETTLED = [("no", Rung.RULED, "accepted")]


def asked(bureau: Bureau) -> int:
    """Return how often a bureau has asked for what it misses."""
    return sum(row.kind == "exchange.gap/1" and row.sender == bureau.me for row in rows(bureau, schema.acts))


def losing(sender: BureauId, *places: int) -> Interfere:
    """Lose the deliveries of a sender at these places, counted from 1 over everything that it sends."""
    seen = 0

    def interfere(who: BureauId, _: BureauId, passing: list[bytes]) -> list[bytes]:
        nonlocal seen
        if who != sender:
            return passing
        seen += len(passing)
        first = seen - len(passing) + 1
        return [one for place, one in enumerate(passing, first) if place not in places]

    return interfere


# ------------------------------------------------------------------------------------------------------------ back-off


def test_the_pauses_between_attempts_grow_up_to_a_limit(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, _ = fed.bureaus.values()
    fed.away = {NO}
    kept = tell(ma, "no")
    pauses = []
    for _ in range(14):
        fed.step(ma)
        line = lines(ma, kept.id)["no"]
        pauses.append(line.next_at - fed.clock)
        fed.clock = Millis(line.next_at)
    assert line.attempts == 14
    assert line.trouble == "no does not answer"
    for attempt, pause in enumerate(pauses):
        plain = min(FIRST_WAIT * 2**attempt, LONGEST_WAIT)
        assert plain <= pause < plain * 3 / 2 + 1
    assert pauses[-1] >= LONGEST_WAIT


def test_an_act_is_not_tried_again_before_its_time(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, _ = fed.bureaus.values()
    fed.away = {NO}
    tell(ma, "no")
    assert [fed.step(ma) for _ in range(3)] == [1, 0, 0]


def test_a_carrier_that_fails_and_then_works_loses_nothing(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    failures = iter(range(3))

    def interfere(_: BureauId, to: BureauId, passing: list[bytes]) -> list[bytes]:
        if to == NO and next(failures, None) is not None:
            raise Unreachable("the line is down")
        return passing

    fed.interfere = interfere
    kept = tell(ma, "no")
    fed.pass_time(20_000, every=1_000)
    assert rungs(ma, kept.id) == SETTLED
    assert len(received(no)) == 1


def test_a_node_that_cannot_take_an_act_is_tried_again(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, _ = fed.bureaus.values()
    kept = tell(ma, "no")
    waiting = parcels(ma, "no")
    post.record(ma, waiting, [Outcome(code="malformed", reason="an attachment is not here yet")])
    line = lines(ma, kept.id)["no"]
    assert (line.state, line.trouble) == ("queued", "an attachment is not here yet")
    fed.later(2 * FIRST_WAIT)
    fed.carry()
    assert rungs(ma, kept.id) == SETTLED


def test_an_attempt_whose_receipt_is_quicker_than_its_answer_is_counted_and_stays_settled(found: Found) -> None:
    """Two roads run at once: the receipt comes in by the inbox while the answer is still being written down."""
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    kept = tell(ma, "no")
    waiting = parcels(ma, "no")
    post.failed(ma, waiting, "the line is down")
    outcomes = inbox.receive(no, [parcel.delivery for parcel in waiting])
    jobs.pay_receipts(no)
    inbox.receive(ma, deliveries(no, "ma"))
    before = lines(ma, kept.id)["no"]
    post.record(ma, waiting, outcomes)
    after = lines(ma, kept.id)["no"]
    assert rungs(ma, kept.id) == SETTLED
    assert (before.state, before.attempts) == ("settled", 1)
    assert (after.state, after.next_at, after.attempts) == ("settled", None, 2)


def test_one_recipient_that_is_away_holds_up_no_other(found: Found) -> None:
    fed = found(["ma", "no", "et"])
    ma, _, et = fed.bureaus.values()
    fed.away = {NO}
    kept = tell(ma, "no", "et")
    fed.carry()
    assert code_of(et, kept.id) == "accepted"
    assert {name: line.state for name, line in lines(ma, kept.id).items()} == {"no": "queued", "et": "settled"}


def test_urgent_acts_leave_first(found: Found) -> None:
    (ma, _) = found(["ma", "no"]).bureaus.values()
    said = [tell(ma, "no", lane=lane).id for lane in (Lane.BULK, Lane.NORMAL, Lane.URGENT)]
    assert [parcel.act for parcel in parcels(ma, "no")] == said[::-1]


def test_no_request_carries_more_than_a_batch(found: Found) -> None:
    (ma, _) = found(["ma", "no"]).bureaus.values()
    for _ in range(post.BATCH + 1):
        tell(ma, "no")
    assert len(parcels(ma, "no")) == post.BATCH


def test_a_recipient_that_is_being_served_is_left_out(found: Found) -> None:
    (ma, *_) = found(["ma", "no", "et"]).bureaus.values()
    tell(ma, "no", "et")
    assert list(post.collect(ma, frozenset({NO}))) == ["et"]


def test_one_look_seals_for_some_recipients_and_the_next_for_the_others(
    found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ma, *_) = found(["ma", "no", "et", "ke"]).bureaus.values()
    tell(ma, "no", "et", "ke")
    urgent = tell(ma, "ke", lane=Lane.URGENT)
    monkeypatch.setattr(post, "ABREAST", 2)
    first = post.collect(ma)
    assert len(first) == 2
    assert first[BureauId("ke")][0].act == urgent.id
    underway = {(parcel.number, parcel.recipient) for parcels in first.values() for parcel in parcels}
    second = post.collect(ma, frozenset(), underway)
    assert {*first, *second} == {"no", "et", "ke"}
    assert not first.keys() & second.keys()


def test_no_two_recipients_of_an_act_are_sent_the_same_ciphertext(found: Found) -> None:
    """Else whoever carries both sees that they are told the same."""
    (ma, *_) = found(["ma", "no", "et"]).bureaus.values()
    tell(ma, "no", "et")
    sent = [parse_sealed(decode(parcel.delivery, Delivery).sealed) for (parcel,) in post.collect(ma).values()]
    assert len({envelope.ciphertext for envelope in sent}) == 2
    assert len({envelope.protected for envelope in sent}) == 2
    assert len({envelope.nonce for envelope in sent}) == 2


def test_what_became_of_a_request_is_one_commit(found: Found) -> None:
    (ma, _) = found(["ma", "no"]).bureaus.values()
    said = [tell(ma, "no").id for _ in range(3)]
    waiting, commits = parcels(ma, "no"), list[None]()
    with ma.database.listening(lambda: commits.append(None)):
        post.record(ma, waiting, [Outcome(code="accepted"), *[Outcome(code="malformed", reason="later")] * 2])
        assert len(commits) == 1
        post.failed(ma, waiting[1:], "the line is down")
        assert len(commits) == 2
    found_ = [lines(ma, act)["no"] for act in said]
    assert [(line.state, line.attempts) for line in found_] == [("handed", 1), ("queued", 2), ("queued", 2)]


def test_an_envelope_is_sealed_to_the_key_that_the_recipient_lists_when_it_leaves(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    kept = tell(ma, "no")
    old = deliveries(ma, "no")
    fed.reseal("no")
    new = deliveries(ma, "no")
    assert codes(inbox.receive(no, [*new, *old])) == ["accepted", "again"]
    assert code_of(no, kept.id) == "accepted"


def test_bureaus_of_both_sealing_suites_understand_each_other(found: Found) -> None:
    fed = found(["ma"])
    fed.join("no", sealing=Suite.X25519, signing=Suite.ES256)
    ma, no = fed.bureaus.values()
    there, back = tell(ma, "no"), tell(no, "ma")
    fed.carry()
    assert [code_of(no, there.id), code_of(ma, back.id)] == ["accepted", "accepted"]
    key = fed.registry.profile(NO).current(KeyUse.SIGN)
    assert key_id(back.signed_head) == key.kid


# ------------------------------------------------------------------------------------------------- what a carrier loses


@given(lost=st.integers(1, 5), total=st.integers(2, 6))
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_hole_in_a_channel_is_seen_asked_for_and_filled(found: Found, lost: int, total: int) -> None:
    lost = min(lost, total - 1)
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    fed.interfere = losing(MA, lost)
    said = [tell(ma, "no").id for _ in range(total)]
    fed.carry()
    assert code_of(no, said[lost - 1]) == "absent"
    fed.later(GAP_MILLIS - 1)
    fed.carry()
    assert asked(no) == 0
    fed.later(1)
    fed.carry()
    assert asked(no) == 1
    assert [code_of(no, act) for act in said] == ["accepted"] * total
    assert all(rungs(ma, act) == SETTLED for act in said)
    fed.later(DAY)
    fed.carry()
    assert asked(no) == 1


def test_the_last_act_of_a_channel_is_sent_again_when_no_receipt_comes(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    fed.interfere = losing(MA, 1)
    kept = tell(ma, "no")
    fed.carry()
    assert lines(ma, kept.id)["no"].state == "handed"
    fed.later(RECEIPT_WAIT)
    fed.carry()
    assert code_of(no, kept.id) == "accepted"
    assert rungs(ma, kept.id) == SETTLED


def test_a_receipt_that_is_lost_is_sent_again(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    fed.interfere = losing(NO, 1)
    kept = tell(ma, "no")
    fed.carry()
    assert rungs(ma, kept.id) == []
    fed.later(RECEIPT_WAIT)
    fed.carry()
    assert rungs(ma, kept.id) == SETTLED
    assert len(received(no)) == 1


def test_a_hole_is_asked_for_although_more_keeps_arriving(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    fed.interfere = losing(MA, 1)
    first = tell(ma, "no")
    fed.carry()
    for _ in range(8):
        tell(ma, "no")
        fed.carry()
        fed.later(1_000)
    assert asked(no) == 1
    assert code_of(no, first.id) == "accepted"


def test_what_never_comes_is_asked_for_ever_more_seldom(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    for _ in range(2):
        tell(ma, "no")
    inbox.receive(no, deliveries(ma, "no")[1:])
    pauses = []
    fed.later(GAP_MILLIS)
    for _ in range(14):
        assert jobs.ask_gaps(no) == 1
        (row,) = [row for row in rows(no, schema.channels) if row.sender == "ma"]
        pauses.append(row.ask_at - fed.clock)
        fed.clock = Millis(row.ask_at)
    assert pauses[:3] == [ASK_AGAIN, 2 * ASK_AGAIN, 4 * ASK_AGAIN]
    assert pauses[-1] == ASK_SELDOM


def test_a_hole_that_is_half_filled_is_asked_for_soon_again(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    for _ in range(3):
        tell(ma, "no")
    one, _, three = deliveries(ma, "no")
    inbox.receive(no, [three])
    fed.later(GAP_MILLIS)
    jobs.ask_gaps(no)
    inbox.receive(no, [one])
    (row,) = [row for row in rows(no, schema.channels) if row.sender == "ma"]
    assert (row.ask_at, row.asked) == (fed.clock + GAP_MILLIS, 0)


def test_nobody_is_sent_what_was_not_said_to_them(found: Found) -> None:
    fed = found(["ma", "no", "et"])
    ma, no, et = fed.bureaus.values()
    kept = tell(ma, "no")
    fed.carry()
    gap = Gap(channel=kept.head.channel, epoch=1, missing=((1, 9),))
    _, signed = signed_past_the_rules(et, gap, "ma")
    assert codes(inbox.receive(ma, [sealed(et, "ma", signed)])) == ["accepted"]
    assert deliveries(ma, "et") == []
    assert {line.state for line in lines(ma, kept.id).values()} == {"settled"}
    assert len(received(no)) == 1
