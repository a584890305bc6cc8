"""The rules of lists of keys: one property for each, by the code of the refusal."""

from itertools import permutations
from typing import Any

import pytest

from comity.capabilities.keylists import rules
from comity.capabilities.keylists.acts import (
    POINT,
    Answer,
    AnswerKind,
    End,
    KeyKind,
    KeyList,
    Question,
    Secret,
    Setup,
)
from comity.capabilities.keylists.rules import FOLDING, Keylist
from comity.capabilities.keylists.tables import DAY, LATE, LONGEST_EPOCH, MOST_IN_EPOCH
from comity.core.act import Act, Said
from comity.core.capability import Hidden, Masked, OfficerRole, Reader, Shown
from comity.core.handling import Basis, Purpose
from comity.core.ids import BureauId, Millis
from comity.core.keeping import Entered
from tests.capabilities.memory import ET, MA, NO, NOW, Memory, code_of, refs, say

BASIS = Basis(law="CPP 77-1")
UNTIL = Millis(NOW + 30 * DAY)


def points(count: int) -> bytes:
    """Return bytes of the form of points."""
    return b"".join(b"\x02" + number.to_bytes(32) for number in range(1, count + 1))


def opened(sender: BureauId = MA, to: tuple[BureauId, ...] = (NO, ET), **how: Any) -> Said:  # noqa: ANN401
    """Return the opening act of a list of `ma`, to `no` and `et`."""
    parts = {
        "of": KeyKind.PHONE, "folding": FOLDING, "size": 1_000, "most": 10, "daily": 3, "epoch": 1, "until": UNTIL,
    } | how.pop("act", {})  # fmt: skip
    return say(KeyList(**parts), sender, to, **how)


def about(listed: Said, act: Act, sender: BureauId, to: BureauId, **how: Any) -> Said:  # noqa: ANN401
    """Return an act about a list."""
    return say(act, sender, (to,), **{"subject": listed.id, "keeper": None} | how)


def setup(listed: Said, to: BureauId = NO, sender: BureauId = MA, **parts: Any) -> Said:  # noqa: ANN401
    """Return a part of a set."""
    whole: dict[str, Any] = {"serial": NOW, "part": 1, "parts": 1, "concealed": points(5)}
    return about(listed, Setup(**whole | parts), sender, to)


def question(listed: Said, sender: BureauId = NO, to: BureauId = MA, count: int = 2, **how: Any) -> Said:  # noqa: ANN401
    """Return a question of `no`."""
    act = Question(count=count, blinded=points(count))
    return about(listed, act, sender, to, **{"basis": BASIS} | how)


def answer(listed: Said, asked: Said, sender: BureauId = MA, count: int = 2, **how: Any) -> Said:  # noqa: ANN401
    """Return an answer to a question."""
    act = Answer(outcome=AnswerKind.EVALUATED, evaluated=points(count))
    return about(listed, act, sender, asked.head.sender, **{"refs": refs(answers=asked)} | how)


def seen_by(me: BureauId, *acts: Said) -> Memory:
    """Return what a bureau has seen."""
    return Memory(me, acts, rules.fold)


def folded(*acts: Said) -> Keylist:
    """Return the state that acts make, in this order."""
    state = None
    for said in acts:
        state = rules.fold(state, Entered(number=0, said=said))
    assert state is not None
    return state


# ------------------------------------------------------------------------------------------------------------- opening


def test_a_list_is_opened_and_kept_by_its_source() -> None:
    assert code_of(rules.may_open_list(opened(), seen_by(NO), NOW)) == "allowed"
    assert code_of(rules.may_open_list(opened(keeper=NO), seen_by(NO), NOW)) == "keylists.keeper"
    assert code_of(rules.may_open_list(opened(to=(MA, NO)), seen_by(NO), NOW)) == "keylists.keeper"


def test_keys_are_compared_for_a_police_purpose() -> None:
    said = opened(purpose=Purpose.ADMINISTRATION)
    assert code_of(rules.may_open_list(said, seen_by(NO), NOW)) == "keylists.purpose"


def test_both_ends_fold_alike_or_not_at_all() -> None:
    assert code_of(rules.may_open_list(opened(act={"folding": "other/2"}), seen_by(NO), NOW)) == "keylists.folding"


@pytest.mark.parametrize("until", [NOW, NOW - 1, NOW + LONGEST_EPOCH + 1])
def test_an_epoch_has_an_end_that_comes(until: int) -> None:
    said = opened(act={"until": Millis(until), "most": 1})
    assert code_of(rules.may_open_list(said, seen_by(NO), NOW)) == "keylists.epoch"


def test_no_list_lets_one_bureau_go_through_a_small_series_in_an_epoch() -> None:
    assert 5 * MOST_IN_EPOCH <= 1_000_000
    many = {"most": 1_000, "daily": 10}
    assert code_of(rules.may_open_list(opened(act=many), seen_by(NO), NOW)) == "keylists.enumerable"


def test_a_later_epoch_names_the_list_that_it_follows() -> None:
    first = opened()
    other = opened(act={"of": KeyKind.PLATE})
    later = {"epoch": 2, "until": Millis(UNTIL + DAY), "most": 5}
    assert code_of(rules.may_open_list(opened(act=later), seen_by(NO, first), NOW)) == "keylists.epoch"
    after = opened(act=later, refs=refs(follows=first))
    assert code_of(rules.may_open_list(after, seen_by(NO, first), NOW)) == "allowed"
    assert code_of(rules.may_open_list(after, seen_by(ET), NOW)) == "allowed"
    wrong = opened(act=later, refs=refs(follows=other))
    assert code_of(rules.may_open_list(wrong, seen_by(NO, other), NOW)) == "keylists.epoch"


# ------------------------------------------------------------------------------------------------------------- filling


def test_only_the_source_fills_and_each_asker_apart() -> None:
    listed = opened()
    seen = seen_by(NO, listed)
    assert code_of(rules.may_set_up(setup(listed), seen, NOW)) == "allowed"
    assert code_of(rules.may_set_up(setup(listed, sender=ET), seen, NOW)) == "keylists.source"
    both = say(setup(listed).act, MA, (NO, ET), subject=listed.id)  # type: ignore[arg-type]
    assert code_of(rules.may_set_up(both, seen, NOW)) == "keylists.party"
    assert code_of(rules.may_set_up(setup(listed, BureauId("br")), seen, NOW)) == "keylists.party"


def test_a_list_holds_no_more_than_it_is_said_to_hold() -> None:
    listed = opened()
    first = setup(listed, parts=2, concealed=points(600))
    second = setup(listed, part=2, parts=2, concealed=points(401))
    assert code_of(rules.may_set_up(first, seen_by(NO, listed), NOW)) == "allowed"
    assert code_of(rules.may_set_up(second, seen_by(NO, listed, first), NOW)) == "keylists.size"


def test_a_part_comes_once_and_its_serial_is_the_moment() -> None:
    listed = opened()
    first = setup(listed, parts=2)
    seen = seen_by(NO, listed, first)
    assert code_of(rules.may_set_up(setup(listed, parts=2, concealed=points(4)), seen, NOW)) == "keylists.serial"
    assert code_of(rules.may_set_up(setup(listed, part=2, parts=3), seen, NOW)) == "keylists.serial"
    assert code_of(rules.may_set_up(setup(listed, serial=NOW + 2 * DAY), seen, NOW)) == "keylists.serial"


# -------------------------------------------------------------------------------------------------------------- asking


def test_an_asker_asks_the_source_alone() -> None:
    listed = opened()
    seen = seen_by(MA, listed, setup(listed))
    assert code_of(rules.may_ask(question(listed), seen, NOW)) == "allowed"
    assert code_of(rules.may_ask(question(listed, sender=BureauId("br")), seen, NOW)) == "keylists.party"
    assert code_of(rules.may_ask(question(listed, to=ET), seen, NOW)) == "keylists.party"
    assert code_of(rules.may_ask(question(listed), seen_by(MA), NOW)) == "keylists.unseen"


def test_a_question_names_a_police_purpose_and_a_basis() -> None:
    listed = opened()
    seen = seen_by(MA, listed, setup(listed))
    assert code_of(rules.may_ask(question(listed, basis=None), seen, NOW)) == "keylists.purpose"
    assert code_of(rules.may_ask(question(listed, purpose=Purpose.ADMINISTRATION), seen, NOW)) == "keylists.purpose"


@pytest.mark.parametrize("me", [MA, NO], ids=["source", "asker"])
def test_the_cap_of_a_question_holds_at_both_ends(me: BureauId) -> None:
    listed = opened()
    seen = seen_by(me, listed, setup(listed))
    assert code_of(rules.may_ask(question(listed, count=10), seen, NOW)) == "allowed"
    assert code_of(rules.may_ask(question(listed, count=11), seen, NOW)) == "keylists.cap"


def test_a_list_that_is_not_filled_is_not_asked() -> None:
    listed = opened()
    half = setup(listed, parts=2)
    assert code_of(rules.may_ask(question(listed), seen_by(NO, listed), NOW)) == "keylists.empty"
    assert code_of(rules.may_ask(question(listed), seen_by(NO, listed, half), NOW)) == "keylists.empty"
    assert code_of(rules.may_ask(question(listed), seen_by(MA, listed, setup(listed, ET)), NOW)) == "keylists.empty"


def test_the_source_rules_how_often_a_bureau_asks_on_a_day() -> None:
    listed = opened()
    asked = [question(listed, said=Millis(NOW + number)) for number in range(3)]
    fourth, seen = question(listed, said=Millis(NOW + 9)), seen_by(MA, listed, setup(listed), setup(listed, ET), *asked)
    assert code_of(rules.may_ask(fourth, seen, Millis(NOW + 9))) == "keylists.rate"
    assert code_of(rules.may_ask(question(listed, sender=ET), seen, NOW)) == "allowed"
    tomorrow = Millis(NOW + DAY)
    assert code_of(rules.may_ask(question(listed, said=tomorrow), seen, tomorrow)) == "allowed"


def test_the_allowance_of_past_days_is_not_used_later() -> None:
    listed = opened()
    seen = seen_by(MA, listed, setup(listed))
    assert code_of(rules.may_ask(question(listed), seen, Millis(NOW + LATE))) == "allowed"
    assert code_of(rules.may_ask(question(listed), seen, Millis(NOW + LATE + 1))) == "keylists.late"


@pytest.mark.parametrize("said", [NOW, UNTIL])
def test_after_the_epoch_nothing_is_asked(said: int) -> None:
    listed = opened()
    seen = seen_by(MA, listed, setup(listed))
    assert code_of(rules.may_ask(question(listed, said=Millis(said)), seen, UNTIL)) == "keylists.over"


# ----------------------------------------------------------------------------------------------------------- answering


def test_the_source_answers_whoever_asked_and_once() -> None:
    listed = opened()
    asked = question(listed)
    seen = seen_by(NO, listed, setup(listed), asked)
    said = answer(listed, asked)
    assert code_of(rules.may_answer(said, seen, NOW)) == "allowed"
    assert code_of(rules.may_answer(answer(listed, asked, sender=ET), seen, NOW)) == "keylists.source"
    to_another = about(listed, said.act, MA, ET, refs=refs(answers=asked))  # type: ignore[arg-type]
    assert code_of(rules.may_answer(to_another, seen, NOW)) == "keylists.party"
    assert code_of(rules.may_answer(said, seen_by(NO, listed), NOW)) == "keylists.unseen"
    seen = seen_by(NO, listed, setup(listed), asked, said)
    assert code_of(rules.may_answer(answer(listed, asked, said=Millis(NOW + 1)), seen, NOW)) == "keylists.answered"


def test_as_many_points_come_back_as_were_sent() -> None:
    listed = opened()
    asked = question(listed)
    seen = seen_by(NO, listed, setup(listed), asked)
    assert code_of(rules.may_answer(answer(listed, asked, count=3), seen, NOW)) == "keylists.points"


# -------------------------------------------------------------------------------------------------- secrets and the end


def test_a_key_is_said_to_oneself_alone_and_for_a_pair_of_the_list() -> None:
    listed = opened()
    seen, secret = seen_by(MA, listed), Secret(peer=NO, key=bytes(32))
    assert code_of(rules.may_keep_secret(about(listed, secret, MA, MA), seen, NOW)) == "allowed"
    assert code_of(rules.may_keep_secret(about(listed, secret, MA, NO), seen, NOW)) == "keylists.secret"
    assert code_of(rules.may_keep_secret(about(listed, secret, ET, ET), seen, NOW)) == "keylists.party"
    assert code_of(rules.may_keep_secret(about(listed, secret, NO, NO), seen, NOW)) == "keylists.party"
    assert code_of(rules.may_keep_secret(about(listed, secret, MA, MA), seen, UNTIL)) == "keylists.over"


def test_the_end_is_stated_by_each_party_for_itself_and_not_before() -> None:
    listed = opened()
    seen = seen_by(MA, listed)
    assert code_of(rules.may_end(about(listed, End(), MA, MA, said=UNTIL), seen, UNTIL)) == "allowed"
    assert code_of(rules.may_end(about(listed, End(), MA, MA), seen, UNTIL)) == "keylists.epoch"
    assert code_of(rules.may_end(about(listed, End(), MA, NO, said=UNTIL), seen, UNTIL)) == "keylists.party"
    stranger = BureauId("br")
    assert code_of(rules.may_end(about(listed, End(), stranger, stranger, said=UNTIL), seen, UNTIL)) == "keylists.party"


@pytest.mark.parametrize("role", OfficerRole)
def test_no_reader_sees_a_secret(role: OfficerRole) -> None:
    listed = opened()
    said = about(listed, Secret(peer=NO, key=bytes(32)), MA, MA)
    reader = Reader(bureau=MA, officer="o-1", unit="duty", role=role)
    assert isinstance(rules.veil(said, reader, seen_by(MA, listed)), Hidden)


def test_acts_are_seen_by_their_parties() -> None:
    listed = opened()
    seen, asked = seen_by(MA, listed), question(listed)
    at = {name: Reader(bureau=name, officer="o-1", unit="duty") for name in (MA, NO, ET)}
    assert isinstance(rules.veil(asked, at[NO], seen), Shown)
    assert isinstance(rules.veil(asked, at[ET], seen), Hidden)
    assert rules.veil(setup(listed), at[NO], seen) == Masked(("concealed",))


# --------------------------------------------------------------------------------------------------------------- state


def test_what_comes_of_a_list_does_not_depend_on_the_order_of_arrival() -> None:
    listed = opened()
    asked = question(listed)
    first, second = setup(listed, parts=2), setup(listed, part=2, parts=2)
    newer = setup(listed, serial=NOW + 5)
    every = (asked, answer(listed, asked), first, second, newer)
    states = {folded(listed, *order) for order in permutations(every)}
    assert len(states) == 1
    state = states.pop()
    assert state.waiting == ()
    assert [each.serial for each in state.fillings] == [NOW + 5]
    assert [(each.questions, each.keys) for each in state.asked] == [(1, 2)]


def test_a_part_counts_once_and_a_set_when_all_of_it_is_here() -> None:
    listed = opened()
    first, second = setup(listed, parts=2), setup(listed, part=2, parts=2)
    assert folded(listed, first, first).filled(NO) is None
    filling = folded(listed, first, second).filled(NO)
    assert filling is not None
    assert (filling.points, len(filling.acts)) == (10, 2)


def test_points_have_a_form() -> None:
    for raw in (b"\x02", points(1) + b"\x02", b"\x04" + bytes(32)):
        with pytest.raises(ValueError, match="points have 33 bytes"):
            Question(count=1, blinded=raw)
    with pytest.raises(ValueError, match="keys are"):
        Question(count=2, blinded=points(1))
    with pytest.raises(ValueError, match="points come back"):
        Answer(outcome=AnswerKind.MALFORMED, evaluated=points(1))
    assert len(points(3)) == 3 * POINT
