"""The rules of records: one property for each, by the code of the refusal."""

import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from comity.capabilities.records import rules
from comity.capabilities.records.acts import (
    STRUCTS,
    Batch,
    Cause,
    Device,
    LookDigest,
    Loss,
    Name,
    Nominal,
    Reach,
    RecordKind,
    RecordList,
    Restriction,
    Row,
    Status,
    TravelDocument,
    Trouble,
    Vehicle,
    Withdrawal,
    Withdrawn,
    pack,
)
from comity.capabilities.records.rules import Listed
from comity.capabilities.records.tables import ASKED_BEFORE, DAY, RETENTION, months_after
from comity.core.act import Act, Erased, Kinds, Said, encode_body, kind_of
from comity.core.capability import Hidden, Masked, OfficerRole, Reader, Shown
from comity.core.codec import encode
from comity.core.errors import Malformed
from comity.core.handling import Confidentiality, Handling, Label, Onward, Purpose
from comity.core.ids import BureauId, Digest, Millis
from comity.core.keeping import Entered
from comity.core.rows import DropRows, Gone, Policy, PutRows, RestrictRows
from tests.capabilities.memory import ET, MA, NO, NOW, Memory, code_of, refs, say

PASSPORT = TravelDocument(number="XX0000001", issuer="MAR", type="P", loss=Loss.LOST)
END = months_after(NOW, 120)
ENDING = Label(expires=END)


def opened(**how: Any) -> Said:  # noqa: ANN401
    """Return the opening act of a list of `ma`, told to `no` and `et`."""
    parts = {"record": RecordKind.TRAVEL_DOCUMENT, "months": 120} | how.pop("act", {})
    return say(RecordList(**parts), how.pop("sender", MA), (NO, ET), **how)


def batch(listed: Said, *keys: str, serial: int = 1, **how: Any) -> Said:  # noqa: ANN401
    """Return a batch of passports."""
    rows = how.pop("rows", None) or tuple(Row(key=key, record=PASSPORT) for key in keys or ("a-1",))
    act = Batch(serial=serial, count=len(rows), rows=pack(rows))
    return about(listed, act, **{"label": ENDING} | how)


def about(listed: Said, act: Act, sender: BureauId = MA, to: tuple[BureauId, ...] = (NO, ET), **how: Any) -> Said:  # noqa: ANN401
    """Return an act about a list."""
    return say(act, sender, to, **{"subject": listed.id, "keeper": None} | how)


def withdrawal(listed: Said, *keys: str, serial: int = 9, **how: Any) -> Said:  # noqa: ANN401
    """Return a withdrawal."""
    reach = Reach.ROWS if keys else Reach.LIST
    act = Withdrawal(serial=serial, reach=reach, keys=tuple(sorted(keys)), why=Cause.MISTAKEN, deadline=Millis(NOW + 1))
    return about(listed, act, **how)


def restriction(listed: Said, *keys: str, serial: int = 9, label: Label) -> Said:
    """Return a restriction."""
    reach = Reach.ROWS if keys else Reach.LIST
    return about(listed, Restriction(serial=serial, reach=reach, keys=tuple(sorted(keys)), label=label))


def seen_by(me: BureauId, *acts: Said) -> Memory:
    """Return what a bureau has seen."""
    return Memory(me, acts, rules.fold)


def folded(*acts: Said) -> Listed:
    """Return the state that acts make, in this order."""
    state = None
    for said in acts:
        state = rules.fold(state, Entered(number=0, said=said))
    assert state is not None
    return state


# -------------------------------------------------------------------------------------------------------------- gates


def test_a_list_is_kept_by_its_source() -> None:
    listed = opened(keeper=NO)
    assert code_of(rules.may_open_list(listed, seen_by(NO), NOW)) == "records.keeper"
    assert code_of(rules.may_open_list(opened(), seen_by(NO), NOW)) == "allowed"


@pytest.mark.parametrize("record", RecordKind)
def test_records_rest_no_longer_than_the_table_allows(record: RecordKind) -> None:
    kept = {"record": record, "months": RETENTION[record].months}
    assert code_of(rules.may_open_list(opened(act=kept), seen_by(NO), NOW)) == "allowed"
    if record is RecordKind.ART:
        return  # Its row is the longest that a list can ask for.
    longer = kept | {"months": RETENTION[record].months + 1}
    assert code_of(rules.may_open_list(opened(act=longer), seen_by(NO), NOW)) == "records.retention"


def test_records_have_a_police_purpose() -> None:
    said = opened(purpose=Purpose.ADMINISTRATION)
    assert code_of(rules.may_open_list(said, seen_by(NO), NOW)) == "records.purpose"
    listed = opened()
    filled = batch(listed, purpose=Purpose.ADMINISTRATION)
    assert code_of(rules.may_publish(filled, seen_by(NO, listed), NOW)) == "records.purpose"


def test_a_batch_that_overtakes_its_list_waits_for_it() -> None:
    assert code_of(rules.may_publish(batch(opened()), seen_by(NO), NOW)) == "records.unseen"


def test_only_the_source_fills_restricts_and_withdraws() -> None:
    listed = opened()
    seen = seen_by(ET, listed)
    for gate, said in (
        (rules.may_publish, batch(listed, sender=NO, to=(ET,))),
        (rules.may_withdraw, withdrawal(listed, "a-1", sender=NO, to=(ET,))),
        (rules.may_restrict, replace_sender(restriction(listed, "a-1", label=Label()), NO)),
    ):
        assert code_of(gate(said, seen, NOW)) == "records.source"


def replace_sender(said: Said, sender: BureauId) -> Said:
    """Return an act as if another had said it."""
    return Said(id=said.id, head=replace(said.head, sender=sender, to=(ET,)), act=said.act)


def test_a_list_reaches_those_to_whom_it_was_opened() -> None:
    listed = opened()
    said = batch(listed, to=(NO, BureauId("br")))
    assert code_of(rules.may_publish(said, seen_by(NO, listed), NOW)) == "records.addressee"


def test_an_act_about_something_else_is_about_no_list() -> None:
    other = say(Withdrawn(dropped=0, absent=0, leaf=0), MA, (NO,))
    assert code_of(rules.may_publish(batch(other), Memory(NO, (other,)), NOW)) == "records.list"


def test_a_batch_is_not_used_more_freely_than_its_list() -> None:
    listed = opened(label=Label(handling=Handling.H2, onward=Onward.NONE))
    seen = seen_by(NO, listed)
    assert code_of(rules.may_publish(batch(listed), seen, NOW)) == "handling.loosened"
    kept = Label(handling=Handling.H2, onward=Onward.NONE, expires=END)
    assert code_of(rules.may_publish(batch(listed, label=kept), seen, NOW)) == "allowed"


@pytest.mark.parametrize("until", [None, Millis(END + DAY), Millis(END - 1)])
def test_rows_end_on_a_day_that_the_list_allows(until: Millis | None) -> None:
    listed = opened()
    said = batch(listed, label=Label(expires=until))
    assert code_of(rules.may_publish(said, seen_by(NO, listed), NOW)) == "records.retention"


def test_a_moment_that_no_calendar_has_is_refused_and_breaks_nothing() -> None:
    listed = opened()
    said = batch(listed, said=Millis(-(2**62)), label=Label(expires=Millis(0)))
    assert code_of(rules.may_publish(said, seen_by(NO, listed), NOW)) in {"records.retention", "records.serial"}


def test_a_list_takes_records_of_its_kind_only() -> None:
    listed = opened()
    rows = (Row(key="a-1", record=Device(trouble=Trouble.STOLEN, imei="490154203237518")),)
    assert code_of(rules.may_publish(batch(listed, rows=rows), seen_by(NO, listed), NOW)) == "records.rows"


def test_two_rows_of_one_batch_do_not_share_a_key() -> None:
    listed = opened()
    assert code_of(rules.may_publish(batch(listed, "a-1", "a-1"), seen_by(NO, listed), NOW)) == "records.rows"


def test_a_row_that_is_none_is_named_by_its_place_and_not_quoted() -> None:
    listed = opened()
    bad = encode({"key": "a-2", "record": {"of": "travel-document", "number": "XX-SECRET"}})
    packed = zlib.compress(encode([encode(Row(key="a-1", record=PASSPORT)), bad]))
    said = about(listed, Batch(serial=1, count=2, rows=packed), label=ENDING)
    ruling = rules.may_publish(said, seen_by(NO, listed), NOW)
    assert code_of(ruling) == "records.rows"
    assert "row 2" in str(ruling)
    assert "SECRET" not in str(ruling)


def test_serials_of_a_source_go_up() -> None:
    listed = opened()
    first = batch(listed, serial=5)
    again = batch(listed, "a-2", serial=5)
    assert code_of(rules.may_publish(again, seen_by(MA, listed, first), NOW)) == "records.serial"
    # Elsewhere acts arrive in any order.
    assert code_of(rules.may_publish(again, seen_by(NO, listed, first), NOW)) == "allowed"
    assert code_of(rules.may_publish(batch(listed, serial=2**60), seen_by(NO, listed), NOW)) == "records.serial"


def test_a_restriction_is_not_looser_than_the_list() -> None:
    listed = opened(label=Label(confidentiality=Confidentiality.RESTRICTED))
    seen = seen_by(NO, listed)
    loose, strict = Label(), Label(confidentiality=Confidentiality.CONFIDENTIAL)
    assert code_of(rules.may_restrict(restriction(listed, "a-1", label=loose), seen, NOW)) == "handling.loosened"
    assert code_of(rules.may_restrict(restriction(listed, "a-1", label=strict), seen, NOW)) == "allowed"


@pytest.mark.parametrize("label", [Label(audience=(NO,)), Label(expires=END)])
def test_a_restriction_shuts_out_neither_the_source_nor_sets_an_end(label: Label) -> None:
    listed = opened()
    assert (
        code_of(rules.may_restrict(restriction(listed, "a-1", label=label), seen_by(NO, listed), NOW))
        == "records.label"
    )


def test_a_withdrawal_leaves_its_holders_some_time() -> None:
    listed = opened()
    late = withdrawal(listed, "a-1", said=Millis(NOW + 2))
    assert code_of(rules.may_withdraw(late, seen_by(NO, listed), NOW)) == "records.deadline"
    assert code_of(rules.may_withdraw(withdrawal(listed, "a-1"), seen_by(NO, listed), NOW)) == "allowed"


def stated(listed: Said, asked: Said, sender: BureauId = NO, to: tuple[BureauId, ...] = (MA,)) -> Said:
    """Return the statement of a holder."""
    return about(listed, Withdrawn(dropped=1, absent=0, leaf=7), sender, to, refs=refs(withdraws=asked))


def test_only_a_holder_that_was_asked_states_what_is_gone_and_to_the_source() -> None:
    listed = opened()
    asked = withdrawal(listed, "a-1", to=(NO,))
    seen = seen_by(MA, listed, asked)
    assert code_of(rules.may_state_withdrawn(stated(listed, asked), seen, NOW)) == "allowed"
    for wrong in (stated(listed, asked, ET), stated(listed, asked, NO, (ET,)), stated(listed, asked, MA)):
        assert code_of(rules.may_state_withdrawn(wrong, seen, NOW)) == "records.statement"
    assert code_of(rules.may_state_withdrawn(stated(listed, asked), seen_by(MA, listed), NOW)) == "records.unseen"


def test_a_restriction_is_answered_by_those_whom_it_shuts_out() -> None:
    listed = opened()
    asked = restriction(listed, "a-1", label=Label(audience=(MA, NO)))
    seen = seen_by(MA, listed, asked)
    assert code_of(rules.may_state_withdrawn(stated(listed, asked, ET), seen, NOW)) == "allowed"
    assert code_of(rules.may_state_withdrawn(stated(listed, asked, NO), seen, NOW)) == "records.statement"


def test_who_looked_at_what_leaves_the_house_in_no_form() -> None:
    digest = LookDigest(root=Digest(bytes(32)), count=1, since=NOW, until=Millis(NOW + 1_000))
    assert code_of(rules.may_digest(say(digest, MA, (MA,)), seen_by(MA), NOW)) == "allowed"
    assert code_of(rules.may_digest(say(digest, MA, (NO,)), seen_by(MA), NOW)) == "records.looks"
    longer = LookDigest(root=Digest(bytes(32)), count=1, since=NOW, until=Millis(NOW + 1_001))
    assert code_of(rules.may_digest(say(longer, MA, (MA,)), seen_by(MA), NOW)) == "records.looks"


# -------------------------------------------------------------------------------------------------------------- state


LISTED = opened()
EVERY = (
    batch(LISTED, serial=1),
    batch(LISTED, "a-2", serial=2, said=Millis(NOW + 5), label=Label(expires=Millis(END - DAY))),
    withdrawal(LISTED, "a-1", serial=3),
    restriction(LISTED, "a-2", serial=4, label=Label(audience=(MA, NO))),
    withdrawal(LISTED, serial=5, to=(NO,)),
)


@given(st.permutations(EVERY))
def test_a_list_is_the_same_in_whatever_order_its_acts_arrive(order: list[Said]) -> None:
    assert folded(LISTED, *order) == folded(LISTED, *EVERY)


def test_a_batch_counts_the_same_once_its_body_is_erased_but_for_its_serial() -> None:
    erased = [Said(id=said.id, head=said.head, act=Erased(tag=said.head.kind)) for said in EVERY[:2]]
    whole, left = folded(LISTED, *EVERY[:2]), folded(LISTED, *erased)
    assert replace(whole, last=0) == replace(left, last=0)


def test_what_all_holders_have_stated_is_a_count() -> None:
    listed = opened()
    asked = withdrawal(listed, "a-1")
    one = folded(listed, asked, stated(listed, asked, NO))
    assert one.taken[0].lagging == (ET,)
    both = folded(listed, asked, stated(listed, asked, NO), stated(listed, asked, ET))
    assert (both.taken, both.settled) == ((), 1)


def test_words_of_others_change_nothing_in_a_list() -> None:
    before = folded(LISTED, EVERY[0])
    assert folded(LISTED, EVERY[0], withdrawal(LISTED, "a-1", sender=NO, to=(MA,))) == before
    assert folded(LISTED, EVERY[0], stated(LISTED, EVERY[2], NO)) == before


def test_the_source_is_asked_six_months_before_rows_lapse() -> None:
    steps = {step.what.rpartition(".")[0]: step for step in rules.due(folded(LISTED, EVERY[0]))}
    assert steps["records.review"].when == END - ASKED_BEFORE
    assert steps["records.review"].by == MA
    assert steps["records.lapse"].when == END
    assert steps["records.lapse"].by is None


def test_what_has_lapsed_asks_for_nothing_any_more() -> None:
    late = batch(LISTED, "a-3", serial=9, said=Millis(END + 1), label=Label(expires=Millis(END + DAY)))
    assert [review.until for review in folded(LISTED, EVERY[0], late).reviews] == [END + DAY]


# --------------------------------------------------------------------------------------------------- rows and reading


def test_a_batch_puts_rows_and_a_withdrawal_drops_them() -> None:
    (put,) = rules.operations(batch(LISTED, "a-1", "a-2", serial=4), NO, None)
    assert isinstance(put, PutRows)
    assert [key for key, _ in put.rows] == ["a-1", "a-2"]
    assert (put.serial, put.until) == (4, END)
    assert rules.operations(withdrawal(LISTED, "a-1"), NO, None) == (DropRows(serial=9, keys=("a-1",)),)
    assert rules.operations(withdrawal(LISTED), NO, None) == (DropRows(serial=9, keys=None),)


def test_whoever_is_outside_the_audience_drops_what_others_restrict() -> None:
    label = Label(audience=(MA, NO))
    said = restriction(LISTED, "a-1", label=label)
    assert rules.operations(said, NO, None) == (RestrictRows(serial=9, keys=("a-1",), label=label),)
    assert rules.operations(said, ET, None) == (DropRows(serial=9, keys=("a-1",)),)
    assert rules.states(said, Gone(dropped=1, absent=0, leaf=3)) == Withdrawn(dropped=1, absent=0, leaf=3)


def test_an_erased_batch_does_nothing_to_rows() -> None:
    said = batch(LISTED)
    assert rules.operations(Said(id=said.id, head=said.head, act=Erased(tag=said.head.kind)), NO, None) == ()


def test_acts_of_records_are_shown_to_parties_without_keys_and_rows() -> None:
    seen = seen_by(NO)
    inside, outside = (Reader(bureau=bureau, officer="o-1", unit="duty") for bureau in (NO, BureauId("br")))
    assert rules.veil(batch(LISTED), inside, seen) == Masked(("rows",))
    assert rules.veil(withdrawal(LISTED, "a-1"), inside, seen) == Masked(("keys",))
    assert isinstance(rules.veil(LISTED, inside, seen), Shown)
    assert isinstance(rules.veil(LISTED, outside, seen), Hidden)


@pytest.mark.parametrize(
    ("level", "role", "wanted"),
    [
        (Confidentiality.OFFICIAL, OfficerRole.OFFICER, Shown()),
        (Confidentiality.RESTRICTED, OfficerRole.OFFICER, Masked(("record",))),
        (Confidentiality.CONFIDENTIAL, OfficerRole.OFFICER, Hidden()),
        (Confidentiality.CONFIDENTIAL, OfficerRole.SUPERVISOR, Shown()),
        (Confidentiality.OFFICIAL, OfficerRole.AUDITOR, Hidden()),
        (Confidentiality.OFFICIAL, OfficerRole.ENGINEER, Hidden()),
    ],
)
def test_a_row_is_open_to_the_roles_of_its_level(level: Confidentiality, role: OfficerRole, wanted: object) -> None:
    policy = Policy(source=MA, label=Label(confidentiality=level))
    assert rules.row_veil(policy, Reader(bureau=NO, officer="o-1", unit="duty", role=role)) == wanted


def test_a_row_is_hidden_outside_its_audience_and_without_a_police_purpose() -> None:
    policy = Policy(source=MA, label=Label(audience=(ET, MA)))
    reader = Reader(bureau=NO, officer="o-1", unit="duty")
    assert rules.row_veil(policy, reader) == Hidden()
    assert rules.row_veil(policy, replace(reader, bureau=ET)) == Shown()
    assert rules.row_veil(policy, replace(reader, bureau=ET, purpose=Purpose.ADMINISTRATION)) == Hidden()


# --------------------------------------------------------------------------------------------------------------- shape


def test_every_kind_of_record_has_a_struct_and_a_time() -> None:
    assert set(STRUCTS) == set(RecordKind) == set(RETENTION)
    assert {struct.__struct_config__.tag for struct in STRUCTS.values()} == {kind.value for kind in RecordKind}


@pytest.mark.parametrize(
    "make",
    [
        lambda: Nominal(names=(), status=Status.WANTED),
        lambda: Nominal(names=(Name(family="Zahir"),), status=Status.MISSING, born=("1984-13",)),
        lambda: Nominal(names=(Name(family="Zahir"),), status=Status.MISSING, nationalities=("NOR", "MAR")),
        lambda: TravelDocument(number="", issuer="MAR", type="P", loss=Loss.LOST),
        lambda: TravelDocument(number="XX1", issuer="Morocco", type="P", loss=Loss.LOST),
        lambda: Vehicle(trouble=Trouble.STOLEN, make="Peugeot"),
        lambda: Row(key="a\u202e1", record=PASSPORT),
        lambda: Withdrawal(serial=1, reach=Reach.ROWS, why=Cause.MISTAKEN, deadline=NOW),
        lambda: Withdrawal(serial=1, reach=Reach.LIST, keys=("a",), why=Cause.MISTAKEN, deadline=NOW),
        lambda: Batch(serial=0, count=1, rows=pack((Row(key="a", record=PASSPORT),))),
    ],
)
def test_what_has_no_shape_is_refused(make: Any) -> None:  # noqa: ANN401
    with pytest.raises(ValueError, match=r"\w"):
        make()


GOOD = encode([encode(Row(key="a-1", record=PASSPORT))])


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        (b"no zlib at all", 1),
        (zlib.compress(GOOD)[:-1], 1),
        (zlib.compress(GOOD) + b"more", 1),
        (zlib.compress(GOOD), 2),
        (zlib.compress(encode({"rows": 1})), 1),
        (zlib.compress(bytes(9 << 20)), 1),
    ],
    ids=["not compressed", "cut off", "followed by something", "another count", "no list", "a bomb"],
)
def test_rows_that_are_not_what_they_are_said_to_be_are_malformed(rows: bytes, count: int) -> None:
    good = encode_body(Batch(serial=1, count=1, rows=pack((Row(key="a", record=PASSPORT),))))
    raw = encode({"kind": kind_of(Batch), "serial": 1, "count": count, "rows": rows})
    assert isinstance(Kinds((Batch,)).decode(kind_of(Batch), good), Batch)
    with pytest.raises(Malformed):
        Kinds((Batch,)).decode(kind_of(Batch), raw)
