"""The rules of hits: one property for each, by the code of the refusal."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from comity.capabilities.hits import rules
from comity.capabilities.hits.acts import (
    Asks,
    Came,
    Confirmation,
    Did,
    Glimpsed,
    Hit,
    HitGround,
    HitOutcome,
    HitReminder,
    HitStage,
    HitVerdict,
    Looked,
    Manner,
    Touched,
)
from comity.capabilities.hits.rules import Course
from comity.capabilities.hits.rules.gates import QUIET
from comity.capabilities.hits.tables import ACTING, TERMS
from comity.capabilities.records.acts import RecordKind, RecordList, Tells
from comity.core.act import Act, Author, Relation, Said
from comity.core.capability import Hidden, Masked, OfficerRole, Reader, Shown
from comity.core.handling import Basis, Confidentiality, Label, Onward, Purpose
from comity.core.ids import ActId, BureauId, Millis, Span
from comity.core.keeping import Entered
from comity.core.rows import Findable
from tests.capabilities.memory import ET, MA, NO, NOW, Memory, code_of, say

LAW = Basis(law="RPD 8")
ME = Author(officer="o-1", unit="duty")
BATCH = ActId(bytes(32))


def opened(**how: Any) -> Said:  # noqa: ANN401
    """Return the opening act of a list of `ma`, told to `no` and `et`."""
    return say(RecordList(record=RecordKind.NOMINAL, months=12, tells=Tells.ALWAYS), MA, (NO, ET), **how)


def hit(listed: Said, sender: BureauId = NO, to: tuple[BureauId, ...] = (MA,), **how: Any) -> Said:  # noqa: ANN401
    """Return a hit of `no` on a record of `ma`; `act` are fields of the hit, the others of its head."""
    parts: dict[str, Any] = {"list": listed.id, "batch": BATCH, "key": "a-1", "score": 900, "agreed": ("name.same",)}
    head = {"basis": LAW, "author": ME, "label": Label()} | how
    return say(Hit(**parts | head.pop("act", {})), sender, to, **head)


def quietly(listed: Said) -> Said:
    """Return a hit of which only `ma` is to know."""
    refs = (Relation(rel=QUIET, act=listed.id),)
    return hit(listed, act={"manner": Manner.QUIETLY}, author=None, refs=refs)


def about(met: Said, act: Act, sender: BureauId, to: BureauId, **how: Any) -> Said:  # noqa: ANN401
    """Return an act about a hit."""
    return say(act, sender, (to,), **{"subject": met.id, "keeper": None} | how)


def word(met: Said, verdict: HitVerdict = HitVerdict.SAME, **how: Any) -> Said:  # noqa: ANN401
    """Return the source's word on a hit."""
    return about(met, Confirmation(verdict=verdict, grounds=(HitGround.RECORDS,)), MA, NO, **how)


def seen_by(me: BureauId, *acts: Said) -> Memory:
    """Return what a bureau has seen."""
    return Memory(me, acts, rules.fold)


def reader(bureau: BureauId, role: OfficerRole = OfficerRole.OFFICER, unit: str = "desk") -> Reader:
    """Return somebody at a desk."""
    return Reader(bureau=bureau, officer="o-9", unit=unit, role=role)


LIST = opened()

# -------------------------------------------------------------------------------------------------------------- gates


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (hit(LIST), "allowed"),
        (hit(LIST, act={"asks": Asks.URGENT}), "allowed"),
        (quietly(LIST), "allowed"),
        (hit(LIST, to=(NO,)), "allowed"),
        (hit(LIST, to=(NO,), act={"asks": Asks.URGENT}), "hits.addressee"),
        (hit(LIST, to=(ET,)), "hits.addressee"),
        (hit(LIST, to=(ET, MA)), "hits.addressee"),
        (hit(LIST, sender=BureauId("br")), "hits.holder"),
        (hit(LIST, sender=MA, to=(NO,)), "hits.own"),
        (hit(LIST, basis=None), "hits.basis"),
        (hit(LIST, basis=None, act={"came": Came.RECORD}), "allowed"),
        (hit(LIST, purpose=Purpose.ADMINISTRATION), "hits.purpose"),
        (hit(LIST, act={"asks": Asks.URGENT}, author=None), "hits.author"),
        (hit(LIST, subject=LIST.id), "hits.subject"),
        (hit(LIST, act={"manner": Manner.QUIETLY}), "hits.quiet"),
        (hit(LIST, refs=(Relation(rel=QUIET, act=LIST.id),)), "hits.quiet"),
        (hit(LIST, act={"list": ActId(bytes([1] * 32))}), "hits.unseen"),
    ],
)
def test_only_a_holder_of_the_list_raises_a_hit_and_tells_it_to_its_source_alone(said: Said, code: str) -> None:
    for me in (NO, MA):
        assert code_of(rules.may_raise(said, seen_by(me, LIST), NOW)) == code


def test_a_hit_is_about_a_list_and_a_batch_of_it() -> None:
    other = hit(LIST)
    assert code_of(rules.may_raise(hit(other), seen_by(NO, LIST, other), NOW)) == "hits.list"
    assert code_of(rules.may_raise(hit(LIST, act={"batch": LIST.id}), seen_by(NO, LIST), NOW)) == "hits.batch"


@pytest.mark.parametrize(
    "label",
    [
        Label(onward=Onward.NONE),
        Label(confidentiality=Confidentiality.RESTRICTED),
        Label(audience=(MA, NO)),
    ],
)
def test_a_hit_is_labelled_no_looser_than_its_list(label: Label) -> None:
    listed = opened(label=label)
    assert code_of(rules.may_raise(hit(listed), seen_by(NO, listed), NOW)) == "handling.loosened"
    assert code_of(rules.may_raise(hit(listed, label=label), seen_by(NO, listed), NOW)) == "allowed"


def test_only_the_source_confirms_and_says_it_to_who_met_the_record() -> None:
    met = hit(LIST, act={"asks": Asks.URGENT})
    past = seen_by(MA, LIST, met)
    confirmation = Confirmation(verdict=HitVerdict.SAME, grounds=(HitGround.RECORDS,))
    assert code_of(rules.may_confirm(word(met), past, NOW)) == "allowed"
    assert code_of(rules.may_confirm(about(met, confirmation, NO, MA), past, NOW)) == "hits.source"
    assert code_of(rules.may_confirm(about(met, confirmation, ET, NO), past, NOW)) == "hits.source"
    assert code_of(rules.may_confirm(about(met, confirmation, MA, ET), past, NOW)) == "hits.addressee"
    assert code_of(rules.may_confirm(word(met), seen_by(MA, LIST), NOW)) == "hits.unseen"
    assert code_of(rules.may_confirm(word(LIST), past, NOW)) == "hits.subject"


def test_nobody_confirms_or_concludes_a_quiet_hit_or_one_that_was_only_noted() -> None:
    met, noted = quietly(LIST), hit(LIST, to=(NO,))
    past = seen_by(MA, LIST, met, noted)
    end = HitOutcome(did=Did.NOTHING)
    assert code_of(rules.may_confirm(word(met), past, NOW)) == "hits.quiet"
    assert code_of(rules.may_conclude(about(met, end, NO, MA), past, NOW)) == "hits.quiet"
    assert code_of(rules.may_confirm(word(noted), past, NOW)) == "hits.source"


@pytest.mark.parametrize("did", Did)
@pytest.mark.parametrize(
    "verdicts", [(), (HitVerdict.OTHER,), (HitVerdict.UNCLEAR,), (HitVerdict.SAME, HitVerdict.OTHER)]
)
def test_an_outcome_that_acts_before_the_source_has_said_that_it_is_the_same_is_refused(
    did: Did, verdicts: tuple[HitVerdict, ...]
) -> None:
    met = hit(LIST, act={"asks": Asks.URGENT})
    words = [word(met, verdict, said=Millis(NOW + at)) for at, verdict in enumerate(verdicts)]
    said = about(met, HitOutcome(did=did), NO, MA)
    for me in (NO, MA):
        past = seen_by(me, LIST, met, *words)
        assert code_of(rules.may_conclude(said, past, NOW)) == ("hits.unconfirmed" if did in ACTING else "allowed")
        confirmed = seen_by(me, LIST, met, *words, word(met, said=Millis(NOW + 9)))
        assert code_of(rules.may_conclude(said, confirmed, NOW)) == "allowed"


def test_what_was_done_is_told_by_who_met_the_record_to_its_source() -> None:
    met = hit(LIST)
    end = HitOutcome(did=Did.NOTHING)
    for sender, to in ((MA, NO), (ET, MA), (NO, ET)):
        said = about(met, end, sender, to)
        assert code_of(rules.may_conclude(said, seen_by(to, LIST, met), NOW)) == "hits.party"


@pytest.mark.parametrize("asks", [Asks.URGENT, Asks.ROUTINE])
def test_a_reminder_comes_from_who_asked_under_its_clock_and_not_before_its_time(asks: Asks) -> None:
    met, term = hit(LIST, act={"asks": asks}), TERMS[asks]
    past = seen_by(MA, LIST, met)
    for stage, when in ((HitStage.AGAIN, term.again), (HitStage.SUPERVISORS, term.supervisors)):
        act = HitReminder(asks=asks, stage=stage, within=term.within)
        late, early = (about(met, act, NO, MA, said=Millis(NOW + at)) for at in (when, when - 1))
        assert code_of(rules.may_remind(late, past, NOW)) == "allowed"
        assert code_of(rules.may_remind(early, past, NOW)) == "hits.early"
        assert code_of(rules.may_remind(about(met, act, ET, MA, said=late.head.said), past, NOW)) == "hits.party"
        other = replace(act, within=Span(1))
        assert code_of(rules.may_remind(about(met, other, NO, MA, said=late.head.said), past, NOW)) == "hits.clock"


def test_looks_are_told_to_the_source_of_a_list_by_who_holds_it() -> None:
    act = Looked(since=NOW, until=Millis(NOW + 1), looks=(Glimpsed(key="a-1", found=1),))
    for sender, to, code in (
        (NO, MA, "allowed"), (NO, ET, "hits.addressee"), (BureauId("br"), MA, "hits.holder"), (MA, MA, "hits.addressee")
    ):  # fmt: skip
        said = say(act, sender, (to,), subject=LIST.id)
        assert code_of(rules.may_tell_of_looks(said, seen_by(to, LIST), NOW)) == code
    assert code_of(rules.may_tell_of_looks(say(act, NO, (MA,)), seen_by(MA, LIST), NOW)) == "hits.unseen"


# ------------------------------------------------------------------------------------------------------- state and due


@given(st.permutations(range(6)))
def test_the_order_of_arrival_does_not_matter(order: list[int]) -> None:
    met = hit(LIST, act={"asks": Asks.URGENT})
    every = [
        word(met, HitVerdict.UNCLEAR, said=Millis(NOW + 5)),
        word(met, HitVerdict.SAME, said=Millis(NOW + 5), seq=2),
        about(met, HitOutcome(did=Did.ARRESTED), NO, MA, said=Millis(NOW + 9)),
        about(met, HitReminder(asks=Asks.URGENT, stage=HitStage.AGAIN, within=Span(600_000)), NO, MA),
        about(met, HitOutcome(did=Did.NOTHING), NO, MA, said=Millis(NOW + 2)),
        word(met, HitVerdict.OTHER, said=Millis(NOW + 1)),
    ]

    def folded(*acts: Said) -> Course:
        state = None
        for said in (met, *acts):
            state = rules.fold(state, Entered(number=0, said=said))
        assert state is not None
        return state

    assert folded(*every) == folded(*(every[at] for at in order))
    assert folded(*every).verdict is HitVerdict.SAME


def test_the_clock_stops_with_the_first_word_or_with_what_was_done() -> None:
    met = hit(LIST, act={"asks": Asks.URGENT})
    for end in (word(met, HitVerdict.UNCLEAR), about(met, HitOutcome(did=Did.GONE), NO, MA)):
        state = rules.fold(None, Entered(number=0, said=met))
        assert [step.what for step in rules.due(state)] == [
            "hits.again", "hits.late", "hits.supervisors", "hits.escalated"
        ]  # fmt: skip
        assert rules.due(rules.fold(state, Entered(number=0, said=end))) == ()
    assert rules.due(rules.fold(None, Entered(number=0, said=hit(LIST)))) == ()


# ---------------------------------------------------------------------------------------------------------------- sight


def test_a_quiet_hit_is_hidden_from_everybody_at_the_bureau_that_searched() -> None:
    met = quietly(LIST)
    for role in OfficerRole:
        assert isinstance(rules.veil(met, reader(NO, role), seen_by(NO, LIST, met)), Hidden)
    assert isinstance(rules.veil(met, reader(MA), seen_by(MA, LIST, met)), Shown)


def test_a_hit_is_for_its_parties_and_above_official_use_for_their_roles_and_the_unit_that_said_it() -> None:
    met = hit(LIST, label=Label(confidentiality=Confidentiality.RESTRICTED))
    past = seen_by(NO, LIST, met)
    assert isinstance(rules.veil(met, reader(ET, OfficerRole.SUPERVISOR), past), Hidden)
    assert isinstance(rules.veil(met, reader(NO), past), Hidden)
    assert isinstance(rules.veil(met, reader(NO, unit="duty"), past), Shown)
    assert isinstance(rules.veil(met, reader(NO, OfficerRole.SUPERVISOR), past), Shown)
    assert isinstance(rules.veil(met, reader(NO, OfficerRole.AUDITOR), past), Masked)
    assert isinstance(rules.veil(hit(LIST), reader(NO), past), Shown)


def test_who_looked_is_for_overseers_at_home_and_for_the_source_abroad() -> None:
    act = Looked(since=NOW, until=Millis(NOW + 1), looks=(Glimpsed(key="a-1", found=1),))
    said = say(act, NO, (MA,), subject=LIST.id)
    assert isinstance(rules.veil(said, reader(NO), seen_by(NO, LIST)), Hidden)
    assert isinstance(rules.veil(said, reader(NO, OfficerRole.SUPERVISOR), seen_by(NO, LIST)), Shown)
    assert isinstance(rules.veil(said, reader(MA), seen_by(MA, LIST)), Shown)
    assert isinstance(rules.veil(said, reader(ET, OfficerRole.SUPERVISOR), seen_by(ET, LIST)), Hidden)


# --------------------------------------------------------------------------------------------------------------- shape


@pytest.mark.parametrize(
    "parts",
    [
        {"score": 1_001},
        {"score": -1},
        {"key": ""},
        {"key": "a\nb"},
        {"agreed": ("name.same", "born.year")},
        {"agreed": ("Salma",)},
        {"manner": Manner.QUIETLY, "asks": Asks.URGENT},
    ],
)
def test_a_hit_of_the_wrong_shape_is_none(parts: dict[str, Any]) -> None:
    whole: dict[str, Any] = {"list": BATCH, "batch": BATCH, "key": "a-1", "score": 900, "agreed": ()}
    with pytest.raises(ValueError, match=r"score|key|code|hit"):
        Hit(**whole | parts)
    Hit(**whole, touches=Touched(list=BATCH, key="b-1"))


# ------------------------------------------------------------------------------------------------------------ touching


@given(st.integers(0, 1000), st.sampled_from([(), ("born.same",), ("born.year", "name.same")]))
def test_names_touch_only_with_the_whole_birth_date_and_a_high_score(score: int, codes: tuple[str, ...]) -> None:
    one = Findable(what="nominal", names=("a b",), born=("1984-05-02",))
    same, other = replace(one, names=("b a",)), replace(one, born=("1984",))
    met = rules.touch(one, same, score, codes)
    assert (met is not None) is (score >= 900 and "born.same" in codes)
    assert rules.touch(one, other, score, codes) is None
