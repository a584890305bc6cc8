"""A registry that grows old, and bureaus under a measure: who may say what, and what goes on all the same."""

import pytest

from comity.core.errors import Refused
from comity.core.ids import BureauId, Millis
from comity.core.receipt import Rung
from comity.core.registry import Standing
from comity.node import inbox, jobs, schema
from comity.node.bureau import Bureau
from tests.node.conftest import Found
from tests.node.minutes import BOTH, Line, Minutes, Opening
from tests.simulator import (
    DAY,
    START,
    code_of,
    codes,
    deliveries,
    held,
    information,
    lines,
    reader,
    received,
    rows,
    rungs,
    sealed,
    signed_past_the_rules,
    tell,
)

GRACE, STOPPED = 365 * DAY + 1, 372 * DAY + 1
"""From the start of a federation: when its registry has expired, and when the grace is over too."""


def refused(bureau: Bureau, *to: str) -> str:
    with pytest.raises(Refused) as problem:
        tell(bureau, *to)
    return problem.value.refusal.code


def test_a_registry_that_has_expired_still_serves_for_its_grace(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    fed.later(GRACE)
    kept = tell(ma, "no")
    fed.carry()
    assert code_of(no, kept.id) == "accepted"


def test_after_the_grace_nothing_new_is_said(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, _ = fed.bureaus.values()
    fed.later(STOPPED)
    assert refused(ma, "no") == "registry.stale"
    assert rows(ma, schema.acts) == []


def test_after_the_grace_a_node_still_receives_and_answers(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    kept = tell(ma, "no")
    fed.later(STOPPED)
    fed.carry()
    assert code_of(no, kept.id) == "accepted"
    assert rungs(ma, kept.id) == [("no", Rung.RULED, "accepted")]


def test_after_the_grace_a_keeper_still_enters_what_it_accepts(found: Found) -> None:
    fed = found(["ma", "no"], BOTH)
    ma, no = fed.bureaus.values()
    opening = ma.say(Opening(title="minutes"), (no.me,), reader=reader(ma))
    fed.carry()
    line = no.say(Line(text="a line"), (ma.me,), reader=reader(no), subject=opening.id)
    fed.later(STOPPED)
    fed.carry()
    for bureau in (ma, no):
        with bureau.database.read() as tx:
            state = bureau.store.state(tx, opening.id, Minutes)
        assert state is not None
        assert [written.act for written in state.written] == [opening.id, line.id]


def test_a_fresh_registry_ends_the_silence(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, _ = fed.bureaus.values()
    fed.later(STOPPED)
    assert refused(ma, "no") == "registry.stale"
    fed.renew()
    assert tell(ma, "no").code == "accepted"


@pytest.mark.parametrize(
    ("standing", "code"),
    [
        (Standing.SUSPENDED, "registry.suspended"),
        (Standing.RESTRICTED, "registry.restricted"),
        (Standing.EJECTED, "registry.ejected"),
    ],
)
def test_a_bureau_under_a_measure_neither_says_nor_is_told_anything_new(
    found: Found, standing: Standing, code: str
) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    fed.measure("no", standing)
    assert [refused(no, "ma"), refused(ma, "no")] == [code, code]


def test_a_restricted_bureau_goes_on_with_what_it_was_left(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    fed.measure("no", Standing.RESTRICTED, functions=("messages",))
    kept = [tell(no, "ma"), tell(ma, "no")]
    fed.carry()
    assert [code_of(ma, kept[0].id), code_of(no, kept[1].id)] == ["accepted", "accepted"]


def test_a_suspension_ends_with_its_last_day(found: Found) -> None:
    fed = found(["ma", "no"])
    _, no = fed.bureaus.values()
    fed.measure("no", Standing.SUSPENDED, until=Millis(START + DAY))
    assert refused(no, "ma") == "registry.suspended"
    fed.later(DAY + 1)
    assert tell(no, "ma").code == "accepted"


@pytest.mark.parametrize(
    ("standing", "code"),
    [(Standing.SUSPENDED, "registry.suspended"), (Standing.RESTRICTED, "registry.restricted")],
)
def test_what_a_bureau_says_past_its_measure_is_refused_with_a_receipt(
    found: Found, standing: Standing, code: str
) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    kept = tell(no, "ma")
    fed.measure("no", standing, article="RPD 131")
    fed.carry()
    assert rungs(no, kept.id) == [("ma", Rung.RULED, code)]
    there = held(ma, kept.id)
    assert there is not None
    assert (there.code, there.article, there.erased) == (code, "RPD 131", True)


def test_what_an_ejected_bureau_sends_is_turned_away_and_nothing_is_kept(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    tell(no, "ma")
    waiting = deliveries(no, "ma")
    fed.measure("no", Standing.EJECTED)
    assert codes(inbox.receive(ma, waiting)) == ["malformed"]
    assert [rows(ma, table) for table in (schema.acts, schema.leaves, schema.owed)] == [[], [], []]


def test_what_was_accepted_before_an_ejection_stays(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    kept = tell(no, "ma")
    fed.carry()
    fed.measure("no", Standing.EJECTED)
    with ma.database.read() as tx:
        there = ma.store.find(tx, kept.id)
        assert there is not None
        assert ma.store.signed(tx, there).body


def test_a_bureau_that_is_out_does_not_hold_up_the_receipts_of_others(found: Found) -> None:
    fed = found(["ma", "no", "et"])
    ma, no, et = fed.bureaus.values()
    tell(no, "ma")
    inbox.receive(ma, deliveries(no, "ma"))
    fed.measure("no", Standing.EJECTED)
    kept = tell(et, "ma")
    fed.carry()
    assert rungs(et, kept.id) == [("ma", Rung.RULED, "accepted")]
    assert [(row.recipient, row.batch is None) for row in rows(ma, schema.owed)] == [("no", True), ("et", False)]


def test_a_bureau_that_is_out_is_not_asked_for_what_it_owes(found: Found) -> None:
    fed = found(["ma", "no", "et"])
    ma, no, _ = fed.bureaus.values()
    for _ in range(2):
        tell(no, "ma")
    inbox.receive(ma, deliveries(no, "ma")[1:])
    fed.measure("no", Standing.EJECTED)
    fed.later(inbox.GAP_MILLIS)
    assert jobs.ask_gaps(ma) == 0
    assert [kept.kind for kept in rows(ma, schema.acts)] == ["messages.information/1"]


def test_silence_of_a_bureau_that_is_out_is_stated_and_told_to_nobody(found: Found) -> None:
    fed = found(["ma", "no", "et"])
    ma, no, et = fed.bureaus.values()
    fed.away = {no.me}
    tell(ma, "no")
    other = tell(ma, "et")
    fed.measure("no", Standing.EJECTED)
    fed.later(3 * DAY)
    fed.carry()
    statements = [held(ma, row.id) for row in rows(ma, schema.acts) if row.kind == "exchange.nondelivery/1"]
    assert [kept.head.to for kept in statements if kept is not None] == [(ma.me,), (et.me,)]
    assert code_of(et, other.id) == "accepted"


def test_an_act_parked_before_an_ejection_is_refused_and_holds_up_no_other(found: Found) -> None:
    fed = found(["ma", "no", "et"])
    ma, no, et = fed.bureaus.values()
    ahead = Millis(fed.clock + 3_600_000)
    said = {}
    for bureau in (no, et):
        said[bureau.me], signed = signed_past_the_rules(bureau, information(), "ma", said=ahead)
        assert codes(inbox.receive(ma, [sealed(bureau, "ma", signed)])) == ["parked"]
    fed.measure("no", Standing.EJECTED)
    fed.later(3_600_000)
    assert jobs.judge_parked(ma) == 2
    assert [code_of(ma, act) for act in said.values()] == ["registry.ejected", "accepted"]


def test_a_keeper_goes_on_without_a_party_that_is_out(found: Found) -> None:
    fed = found(["ma", "no", "et"], BOTH)
    ma, no, et = fed.bureaus.values()
    opening = ma.say(Opening(title="minutes"), (no.me, et.me), reader=reader(ma))
    fed.carry()
    fed.measure("no", Standing.EJECTED)
    line = et.say(Line(text="a line"), (ma.me,), reader=reader(et), subject=opening.id)
    fed.carry()
    assert rungs(et, line.id) == [("ma", Rung.RULED, "accepted")]
    with et.database.read() as tx:
        state = et.store.state(tx, opening.id, Minutes)
    assert state is not None
    assert [written.act for written in state.written] == [opening.id, line.id]
    assert [kept.head.kind for kept in received(no)] == ["minutes.opening/1"]


def test_a_line_to_a_bureau_that_is_out_stays_open(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, _ = fed.bureaus.values()
    kept = tell(ma, "no")
    fed.measure("no", Standing.EJECTED)
    fed.away = {BureauId("no")}
    fed.carry()
    assert {line.state for line in lines(ma, kept.id).values()} == {"queued"}
