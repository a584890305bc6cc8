"""One keeper for each subject: what counts is what it entered, in any order of arrival; nobody else moves its chain."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.core.act import Act
from comity.core.ids import ActId, BureauId
from comity.core.keeping import Entry, Handover
from comity.core.registry import Standing
from comity.node import inbox, jobs, schema
from comity.node.bureau import Bureau
from comity.node.rebuild import rebuild
from comity.node.store import Kept
from tests.node.conftest import Found
from tests.node.minutes import BOTH, Leaflet, Line, Minutes, Opening, Remark, Scribble
from tests.simulator import (
    Federation,
    code_of,
    codes,
    deliveries,
    reader,
    rows,
    sealed,
    signed_past_the_rules,
)

NAMES = ["ma", "no", "et"]


def opened(fed: Federation) -> ActId:
    """Let ma open minutes with all others, and bring them there."""
    ma, *others = fed.bureaus.values()
    kept = say(ma, Opening(title="minutes"), *(one.me for one in others))
    fed.carry()
    return kept.id


def say(bureau: Bureau, act: Act, *to: str, subject: ActId | None = None) -> Kept:
    recipients = tuple(BureauId(name) for name in to)
    return bureau.say(act, recipients, reader=reader(bureau), subject=subject)


def minutes(bureau: Bureau, subject: ActId) -> Minutes | None:
    with bureau.database.read() as tx:
        return bureau.store.state(tx, subject, Minutes)


def acts(bureau: Bureau, subject: ActId) -> list[ActId]:
    """Return the acts in the minutes, the opening act left out."""
    found = minutes(bureau, subject)
    return [] if found is None else [one.act for one in found.written if one.act != subject]


def chain(bureau: Bureau, subject: ActId) -> tuple[str, int, bytes, bytes]:
    """Return keeper, count, last entry and state."""
    (row,) = [row for row in rows(bureau, schema.subjects) if bytes(row.subject) == subject]
    return str(row.keeper), int(row.entered), bytes(row.last), bytes(row.state)


def evidence(bureau: Bureau) -> list[tuple[str, str]]:
    return [(row.against, row.what) for row in rows(bureau, schema.evidence)]


def entry(bureau: Bureau, subject: ActId, number: int, previous: ActId, act: ActId, *, seq: int = 50) -> bytes:
    """Return a delivery to no of an entry that a bureau signed past its own rules."""
    made = Entry(subject=subject, number=number, previous=previous, act=act)
    _, signed = signed_past_the_rules(bureau, made, "no", subject=subject, seq=seq)
    return sealed(bureau, "no", signed)


def test_a_proposal_counts_only_when_the_keeper_has_entered_it(found: Found) -> None:
    fed = found(NAMES, BOTH)
    ma, no, et = fed.bureaus.values()
    subject = opened(fed)
    fed.away = {ma.me}
    line = say(no, Line(text="a line"), "ma", "et", subject=subject)
    fed.carry()
    assert [acts(bureau, subject) for bureau in (no, et)] == [[], []]
    fed.away = set()
    fed.later(60_000)
    fed.carry()
    assert [acts(bureau, subject) for bureau in (ma, no, et)] == [[line.id]] * 3


def test_what_the_keeper_says_itself_is_entered_at_once(found: Found) -> None:
    fed = found(NAMES, BOTH)
    ma, no, et = fed.bureaus.values()
    subject = opened(fed)
    line = say(ma, Line(text="a line"), "no", "et", subject=subject)
    assert acts(ma, subject) == [line.id]
    fed.carry()
    assert chain(ma, subject) == chain(no, subject) == chain(et, subject)


def test_what_counts_at_once_needs_no_entry(found: Found) -> None:
    fed = found(NAMES, BOTH)
    ma, no, _ = fed.bureaus.values()
    subject = opened(fed)
    remark = say(no, Remark(text="a remark"), "ma", "et", subject=subject)
    fed.carry()
    assert acts(ma, subject) == [remark.id]
    assert chain(ma, subject)[1] == 0


def test_a_refused_proposal_is_not_entered(found: Found) -> None:
    fed = found(NAMES, BOTH)
    ma, no, _ = fed.bureaus.values()
    subject = opened(fed)
    line = say(no, Line(text="a line"), "ma", subject=subject)
    waiting = deliveries(no, "ma")
    fed.measure("no", Standing.SUSPENDED)
    inbox.receive(ma, waiting)
    assert code_of(ma, line.id) == "registry.suspended"
    assert chain(ma, subject)[1] == 0


@given(data=st.data())
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_acts_and_entries_in_any_order_make_the_same_state(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("orders")
    fed = Federation(folder / "fed", capabilities=BOTH)
    for name in NAMES:
        fed.join(name)
    ma, no, et = fed.bureaus.values()
    fed.away = {et.me}
    subject = say(ma, Opening(title="minutes"), "no", "et").id
    fed.carry()
    speakers = data.draw(st.lists(st.sampled_from(["ma", "no"]), min_size=1, max_size=4))
    for place, name in enumerate(speakers):
        others = {"ma", "no", "et"} - {name}
        act = Line(text="x" * place) if place % 3 < 2 else Remark(text="x" * place)
        say(fed.bureaus[BureauId(name)], act, *others, subject=subject)
        fed.carry()
    fed.later(3_600_000)
    arriving = [*deliveries(ma, "et"), *deliveries(no, "et")]
    order = data.draw(st.permutations(arriving))
    assert set(codes(inbox.receive(et, order))) == {"accepted"}
    assert chain(et, subject) == chain(ma, subject)
    assert chain(et, subject)[1] == sum(place % 3 < 2 for place in range(len(speakers)))
    assert rebuild(et).differing == ()
    assert evidence(et) == []
    fed.close()


def test_a_keeper_that_gives_one_number_twice_has_signed_the_evidence(found: Found) -> None:
    fed = found(NAMES, BOTH)
    ma, no, _ = fed.bureaus.values()
    subject = opened(fed)
    one, other = (say(no, Line(text=text), "et", subject=subject).id for text in ("one", "other"))
    outcomes = inbox.receive(
        no,
        [entry(ma, subject, 1, subject, act, seq=seq) for seq, act in ((50, one), (51, other))],
    )
    assert codes(outcomes) == ["accepted", "accepted"]
    assert evidence(no) == [("ma", "fork")]
    (row,) = rows(no, schema.evidence)
    with no.database.read() as tx:
        signed = [no.store.find(tx, ActId(bytes(raw))) for raw in (row.one, row.other)]
    assert [kept.head.sender for kept in signed if kept is not None] == ["ma", "ma"]
    assert acts(no, subject) == [one]
    assert rebuild(no).differing == ()


def test_an_entry_of_somebody_else_moves_nothing_and_accuses_nobody(found: Found) -> None:
    fed = found(NAMES, BOTH)
    ma, no, et = fed.bureaus.values()
    subject = opened(fed)
    theirs = say(et, Line(text="mine"), "no", subject=subject)
    fed.carry()
    assert codes(inbox.receive(no, [entry(et, subject, 1, subject, theirs.id)])) == ["accepted"]
    assert acts(no, subject) == []
    line = say(ma, Line(text="the keeper's"), "no", "et", subject=subject)
    fed.carry()
    assert acts(no, subject) == [line.id]
    assert evidence(no) == []
    assert chain(no, subject) == chain(ma, subject)
    assert len(rows(no, schema.entries)) == 1
    assert codes(inbox.receive(no, [entry(et, subject, 1, subject, line.id, seq=51)])) == ["accepted"]
    assert evidence(no) == []
    assert rebuild(no).differing == ()


def test_an_act_about_another_subject_is_not_drawn_into_a_chain(found: Found) -> None:
    fed = found(NAMES, BOTH)
    ma, no, _ = fed.bureaus.values()
    subject, elsewhere = opened(fed), opened(fed)
    line = say(no, Line(text="about the other"), "et", subject=elsewhere)
    assert codes(inbox.receive(no, [entry(ma, subject, 1, subject, line.id)])) == ["accepted"]
    assert chain(no, subject)[1] == 0
    assert acts(no, subject) == []


def test_an_entry_about_another_subject_than_its_head_names_is_not_noted(found: Found) -> None:
    fed = found(NAMES, BOTH)
    ma, no, _ = fed.bureaus.values()
    subject, elsewhere = opened(fed), opened(fed)
    line = say(no, Line(text="a line"), "et", subject=subject)
    made = Entry(subject=subject, number=1, previous=subject, act=line.id)
    _, signed = signed_past_the_rules(ma, made, "no", subject=elsewhere, seq=50)
    assert codes(inbox.receive(no, [sealed(ma, "no", signed)])) == ["accepted"]
    assert rows(no, schema.entries) == []


def test_a_chain_with_a_hole_waits_for_what_is_missing(found: Found) -> None:
    fed = found(NAMES, BOTH)
    ma, no, _ = fed.bureaus.values()
    subject = opened(fed)
    fed.away = {no.me}
    lines = [say(ma, Line(text=f"line {number}"), "no", subject=subject).id for number in range(3)]
    every = deliveries(ma, "no")
    assert len(every) == 6  # Each line with its entry.
    inbox.receive(no, [*every[:1], *every[2:]])
    assert chain(no, subject)[1] == 0
    inbox.receive(no, every[1:2])
    assert acts(no, subject) == lines


def test_an_act_of_another_capability_does_not_touch_the_state(found: Found) -> None:
    fed = found(NAMES, BOTH)
    ma, no, _ = fed.bureaus.values()
    subject = opened(fed)
    before = chain(ma, subject)
    say(no, Scribble(text="on the margin"), "ma", subject=subject)
    fed.carry()
    assert chain(ma, subject) == before
    assert rebuild(ma).differing == ()


def test_nor_does_it_when_it_overtakes_the_act_that_opens_the_subject(found: Found) -> None:
    fed = found(NAMES, BOTH)
    ma, no, et = fed.bureaus.values()
    fed.away = {et.me}
    subject = say(ma, Opening(title="minutes"), "no", "et").id
    fed.carry()
    say(no, Scribble(text="on the margin"), "et", subject=subject)
    remark = say(no, Remark(text="a remark"), "ma", "et", subject=subject)
    fed.carry()
    fed.away = set()
    fed.later(3_600_000)
    inbox.receive(et, deliveries(no, "et"))
    assert minutes(et, subject) is None
    fed.carry()
    assert chain(et, subject) == chain(ma, subject)
    assert acts(et, subject) == [remark.id]


def test_an_act_about_what_opens_no_subject_makes_no_state(found: Found) -> None:
    fed = found(NAMES, BOTH)
    ma, no, _ = fed.bureaus.values()
    opening = opened(fed)
    remark = say(no, Remark(text="a remark"), "ma", subject=opening)
    say(no, Remark(text="a remark about a remark"), "ma", subject=remark.id)
    fed.carry()
    assert [bytes(row.subject) for row in rows(ma, schema.subjects)] == [opening]


def test_subjects_of_two_capabilities_do_not_mix(found: Found) -> None:
    fed = found(NAMES, BOTH)
    ma, no, _ = fed.bureaus.values()
    one = opened(fed)
    other = say(no, Leaflet(text="a leaflet"), "ma").id
    fed.carry()
    assert {bytes(row.subject): row.capability for row in rows(ma, schema.subjects)} == {
        one: "minutes",
        other: "scribbles",
    }


# ------------------------------------------------------------------------------------------------------- handing over


def test_a_subject_that_is_handed_over_is_kept_by_the_other(found: Found) -> None:
    fed = found(NAMES, BOTH)
    ma, no, et = fed.bureaus.values()
    subject = opened(fed)
    say(ma, Line(text="the first"), "no", "et", subject=subject)
    say(ma, Handover(subject=subject, to=no.me), "no", "et", subject=subject)
    fed.carry()
    assert [chain(bureau, subject)[0] for bureau in (ma, no, et)] == ["no"] * 3
    say(et, Line(text="the second"), "ma", "no", subject=subject)
    fed.carry()
    assert len(acts(et, subject)) == 2
    assert chain(ma, subject) == chain(no, subject) == chain(et, subject)
    senders = [row.sender for row in rows(et, schema.entries)]
    assert senders == ["ma", "ma", "no"]


def test_nobody_takes_a_subject_by_proposing_to_be_its_keeper(found: Found) -> None:
    fed = found(NAMES, BOTH)
    ma, no, et = fed.bureaus.values()
    subject = opened(fed)
    say(et, Handover(subject=subject, to=et.me), "ma", "no", subject=subject)
    fed.carry()
    assert [chain(bureau, subject)[:2] for bureau in (ma, no, et)] == [("ma", 0)] * 3


def test_a_handover_that_its_keeper_did_not_say_has_no_effect_even_if_entered(found: Found) -> None:
    fed = found(NAMES, BOTH)
    ma, no, et = fed.bureaus.values()
    subject = opened(fed)
    taking = say(et, Handover(subject=subject, to=et.me), "no", subject=subject)
    fed.carry()
    assert codes(inbox.receive(no, [entry(ma, subject, 1, subject, taking.id)])) == ["accepted"]
    assert chain(no, subject)[:2] == ("ma", 1)


def test_what_waited_while_a_subject_was_handed_over_is_entered_by_the_new_keeper(found: Found) -> None:
    fed = found(NAMES, BOTH)
    ma, no, et = fed.bureaus.values()
    subject = opened(fed)
    fed.away = {ma.me}
    line = say(et, Line(text="between two keepers"), "ma", "no", subject=subject)
    fed.carry()
    say(ma, Handover(subject=subject, to=no.me), "no", "et", subject=subject)
    fed.away = set()
    inbox.receive(ma, deliveries(et, "ma"))
    fed.later(60_000)
    fed.carry()
    assert [acts(bureau, subject) for bureau in (ma, no, et)] == [[line.id]] * 3
    assert chain(ma, subject) == chain(no, subject) == chain(et, subject)
    assert chain(no, subject)[1] == 2


def test_the_order_of_a_handover_and_what_follows_does_not_matter(tmp_path: Path) -> None:
    fed = Federation(tmp_path / "fed", capabilities=BOTH)
    for name in NAMES:
        fed.join(name)
    ma, no, et = fed.bureaus.values()
    subject = opened(fed)
    fed.away = {et.me}
    say(ma, Handover(subject=subject, to=no.me), "no", "et", subject=subject)
    fed.carry()
    say(no, Line(text="by the new keeper"), "ma", "et", subject=subject)
    fed.carry()
    fed.later(3_600_000)
    arriving = [*deliveries(no, "et"), *deliveries(ma, "et")]
    for number, order in enumerate((arriving, arriving[::-1])):
        twin = fed.twin("et", tmp_path / f"twin-{number}")
        inbox.receive(twin, order)
        assert chain(twin, subject) == chain(no, subject)
        assert rebuild(twin).differing == ()
        twin.database.close()
    fed.close()


def test_a_keeper_that_stops_goes_on_with_its_chain_when_it_is_back(found: Found) -> None:
    fed = found(NAMES, BOTH)
    ma, no, _ = fed.bureaus.values()
    subject = opened(fed)
    say(no, Line(text="one"), "ma", "et", subject=subject)
    fed.carry()
    ma = fed.restart("ma")
    say(no, Line(text="two"), "ma", "et", subject=subject)
    fed.carry()
    assert chain(ma, subject)[1] == 2
    assert chain(ma, subject) == chain(no, subject)
    assert jobs.pay_receipts(ma) == 0
