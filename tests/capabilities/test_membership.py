"""The rules of membership, one test or property for each (decision 0027)."""

from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.capabilities.membership import CAPABILITY
from comity.capabilities.membership.acts import Appeal, Body, Measure, Outcome, Result, Revocation, Terms
from comity.capabilities.membership.rules import MOVES, NEXT, Measured, Move, Stage, due, fold
from comity.capabilities.membership.tables import DAY, NEEDS, THREE_MONTHS
from comity.core.act import Erased, Kinds, Said, encode_body, kind_of
from comity.core.codec import decode, encode
from comity.core.ids import ActId, BureauId, Millis
from comity.core.keeping import Entered, Entry, chain
from comity.core.registry import SelfRevocation, Standing, to_json
from comity.core.ruling import ALLOWED, Refusal
from tests.capabilities.memory import ET, MA, NO, NOW, SECRETARIAT, Memory, code_of, refs, say

SUSPENSION = Measure(
    bureau=NO,
    terms=Terms(standing=Standing.SUSPENDED, since=NOW, until=Millis(NOW + 30 * DAY)),
    decided_by=Body.SECRETARIAT,
    article="RPD 131(1)",
    reason="eleven requests for correction without an answer",
)
APPEAL = Appeal(reason="nine of them were answered in time")
UPHELD = Outcome(result=Result.UPHELD, decided_by=Body.COMMITTEE, article="RPD 131", reason="two were not")
LIFTED = Outcome(result=Result.LIFTED, decided_by=Body.COMMITTEE, article="RPD 131", reason="the bureau is right")
SHORTER = Terms(standing=Standing.SUSPENDED, since=NOW, until=Millis(NOW + 10 * DAY))
AMENDED = Outcome(
    result=Result.AMENDED, terms=SHORTER, decided_by=Body.COMMITTEE, article="RPD 131", reason="in part"
)  # fmt: skip

ALL_BUT_THE_SECRETARIAT = (ET, MA, NO)


def code(said: Said, me: BureauId, *seen: Said) -> str:
    """Return what the gates say at the bureau `me`, which has seen and folded these acts."""
    memory = Memory(me, seen, fold)
    rulings = (gate(said, memory, NOW) for gate in CAPABILITY.gates)
    return code_of(next((ruling for ruling in rulings if isinstance(ruling, Refusal)), ALLOWED))


def measure(to: Iterable[BureauId] = ALL_BUT_THE_SECRETARIAT, **changes: object) -> Said:
    """Return the suspension of a bureau, right in every respect but the changes."""
    return say(msgspec.structs.replace(SUSPENSION, **changes), SECRETARIAT, to)


def terms(standing: Standing, days: int | None) -> Terms:
    """Return terms for so many days from now."""
    return Terms(standing=standing, since=NOW, until=None if days is None else Millis(NOW + days * DAY))


def appeal(about: Said, sender: BureauId = NO, to: Iterable[BureauId] = (ET, MA, SECRETARIAT)) -> Said:
    """Return the appeal of the bureau concerned to everybody."""
    return say(APPEAL, sender, to, subject=about.id)


def outcome(about: Said, act: Outcome = UPHELD, to: Iterable[BureauId] = ALL_BUT_THE_SECRETARIAT) -> Said:
    """Return what the secretariat tells everybody of the decision on the appeal."""
    return say(act, SECRETARIAT, to, subject=about.id)


# --------------------------------------------------------------------------------------------------------------- shape


@pytest.mark.parametrize(
    "fields",
    [
        {"standing": Standing.RESTRICTED, "functions": ("records", "messages"), "since": NOW},
        {"standing": Standing.SUSPENDED, "functions": ("messages",), "since": NOW},
        {"standing": Standing.SUSPENDED, "since": NOW, "until": NOW},
    ],
)
def test_terms_say_one_thing_in_one_way(fields: dict[str, object]) -> None:
    """Functions are sorted and only of a restricted bureau; an end is after the beginning."""
    with pytest.raises(ValueError, match=r"functions|ends"):
        Terms(**fields)  # type: ignore[arg-type]


def test_only_an_amended_measure_has_new_terms() -> None:
    """Neither an amendment without terms nor terms without an amendment."""
    for act, changes in ((UPHELD, {"terms": SHORTER}), (AMENDED, {"terms": None})):
        with pytest.raises(ValueError, match="new terms"):
            msgspec.structs.replace(act, **changes)


@pytest.mark.parametrize(
    "changes", [{"reason": ""}, {"reason": "x" * 4001}, {"article": "x" * 201}, {"reason": "\x1b"}]
)
def test_words_have_bounds(changes: dict[str, str]) -> None:
    """A measure has a reason of at most two pages."""
    with pytest.raises(ValueError, match=r"article|reason"):
        msgspec.structs.replace(SUSPENSION, **changes)


@pytest.mark.parametrize("act", [SUSPENSION, APPEAL, UPHELD, AMENDED, Revocation(statement=b"{}")], ids=kind_of)
def test_an_act_is_read_as_it_was_written(act: Measure | Appeal | Outcome | Revocation) -> None:
    """Encoding and decoding give the same act."""
    assert Kinds(CAPABILITY.acts).decode(kind_of(act), encode_body(act)) == act


def test_measures_and_outcomes_need_two_persons_and_a_revocation_one() -> None:
    """Nobody suspends a country alone, and nobody waits for a second officer while a stolen key is used."""
    assert Measure.two_persons
    assert Outcome.two_persons
    assert not Revocation.two_persons


# --------------------------------------------------------------------------------------------------------------- gates


def test_a_measure_is_allowed_at_both_ends() -> None:
    """The good road."""
    assert code(measure(), SECRETARIAT) == code(measure(), NO) == "allowed"


def test_only_the_secretariat_announces_measures_and_outcomes() -> None:
    """A bureau that poses as it is refused by everybody."""
    about = measure()
    assert code(say(SUSPENSION, MA, [NO]), NO) == "membership.secretariat"
    assert code(say(UPHELD, MA, [NO], subject=about.id), NO, about, appeal(about)) == "membership.secretariat"


def test_the_secretariat_keeps_what_it_announces() -> None:
    """A measure opens a subject, or an appeal would have no place."""
    assert code(say(SUSPENSION, SECRETARIAT, [NO], keeper=None), NO) == "membership.keeper"
    assert code(say(SUSPENSION, SECRETARIAT, [NO], keeper=NO), NO) == "membership.keeper"
    assert code(say(SUSPENSION, SECRETARIAT, [NO], subject=measure().id), NO) == "membership.keeper"


@pytest.mark.parametrize("standing", [Standing.RESTRICTED, Standing.SUSPENDED])
def test_the_bureau_concerned_is_told(standing: Standing) -> None:
    """Nobody appeals against what they never heard of."""
    assert code(measure([ET, MA], terms=terms(standing, 9)), SECRETARIAT) == "membership.untold"


@pytest.mark.parametrize("standing", [Standing.RESTRICTED, Standing.SUSPENDED, Standing.EJECTED])
def test_a_measure_names_its_article(standing: Standing) -> None:
    """A blank is none."""
    assert code(measure(terms=terms(standing, 9), article=" "), SECRETARIAT) == "membership.article"


@pytest.mark.parametrize("standing", [Standing.RESTRICTED, Standing.SUSPENDED])
def test_a_graduated_measure_has_an_end(standing: Standing) -> None:
    """Only ejection is for good."""
    assert code(measure(terms=terms(standing, None)), SECRETARIAT) == "membership.end"
    assert code(measure(terms=terms(Standing.EJECTED, None)), SECRETARIAT) == "allowed"


@pytest.mark.parametrize(
    ("days", "decided_by", "expected"),
    [
        (92, Body.SECRETARIAT, "allowed"),
        (93, Body.SECRETARIAT, "membership.too-long"),
        (93, Body.COMMITTEE, "allowed"),
        (93, Body.ASSEMBLY, "allowed"),
    ],
)
def test_a_suspension_over_three_months_needs_the_executive_committee(
    days: int, decided_by: Body, expected: str
) -> None:
    """RPD 131 (GK-text)."""
    said = measure(terms=terms(Standing.SUSPENDED, days), decided_by=decided_by)
    assert code(said, SECRETARIAT) == code(said, NO) == expected


def test_every_standing_has_a_row_and_every_row_an_article() -> None:
    """The table is whole, and its figures are the law's."""
    assert set(NEEDS) == set(Standing)
    assert all(row.article for row in NEEDS.values())
    assert THREE_MONTHS == 92 * 86_400_000


def test_the_bureau_concerned_appeals_and_nobody_else() -> None:
    """At its own node and at the keeper's."""
    about = measure()
    assert code(appeal(about), NO, about) == code(appeal(about), SECRETARIAT, about) == "allowed"
    other = appeal(about, MA, [NO, SECRETARIAT])
    assert code(other, MA, about) == code(other, SECRETARIAT, about) == "membership.concerned"


def test_an_appeal_goes_to_the_keeper() -> None:
    """Or nobody would enter it."""
    about = measure()
    assert code(appeal(about, to=[MA]), NO, about) == "membership.keeper"


def test_an_appeal_against_nothing_is_refused_where_that_is_certain() -> None:
    """A third bureau may hear of the appeal before the measure reaches it."""
    about = measure()
    assert code(appeal(about), NO) == code(appeal(about), SECRETARIAT) == "membership.measure"
    assert code(appeal(about), MA) == "allowed"
    assert code(say(APPEAL, NO, [MA], subject=None), MA, about) == "membership.measure"
    first = appeal(about)
    assert code(appeal(first), MA, about, first) == "membership.measure"


def test_there_is_no_outcome_without_an_appeal() -> None:
    """And no second one."""
    about = measure()
    first = appeal(about)
    assert code(outcome(about), SECRETARIAT, about) == "membership.stage"
    assert code(outcome(about), SECRETARIAT, about, first) == "allowed"
    assert code(outcome(about), SECRETARIAT, about, first, outcome(about, LIFTED)) == "membership.stage"


def test_an_upheld_measure_is_final_and_an_amended_one_is_not() -> None:
    """New terms are a new decision."""
    about = measure()
    first = appeal(about)
    again = say(APPEAL, NO, [SECRETARIAT], subject=about.id, seq=2)
    assert code(again, NO, about, first, outcome(about)) == "membership.stage"
    assert code(again, NO, about, first, outcome(about, AMENDED)) == "allowed"


def test_an_outcome_is_told_to_the_bureau_concerned() -> None:
    """It has waited for it."""
    about = measure()
    assert code(outcome(about, to=[MA]), SECRETARIAT, about, appeal(about)) == "membership.untold"


def test_amended_terms_need_what_a_measure_needs() -> None:
    """An appeal is no way around the Executive Committee."""
    about = measure()
    longer = msgspec.structs.replace(AMENDED, terms=terms(Standing.SUSPENDED, 93), decided_by=Body.SECRETARIAT)
    assert code(outcome(about, longer), SECRETARIAT, about, appeal(about)) == "membership.too-long"


def test_a_bureau_that_has_not_heard_of_the_appeal_takes_the_outcome() -> None:
    """The order of arrival is no reason to refuse; what counts is what the keeper enters."""
    about = measure()
    assert code(outcome(about), MA, about) == code(outcome(about), MA) == "allowed"


def test_a_revocation_carries_a_statement() -> None:
    """Its form is checked here, its signature by the node, and whoever can still speak may carry it."""
    statement = to_json(SelfRevocation(payload=b"{}", public=bytes(32), signature=bytes(64)))
    assert code(say(Revocation(statement=statement), NO, [MA]), MA) == "allowed"
    assert code(say(Revocation(statement=b"{}"), NO, [MA]), MA) == "membership.statement"


def test_the_gates_have_no_opinion_on_other_acts() -> None:
    """A gate runs on every act; it speaks about its own."""
    entry = Entry(subject=measure().id, number=1, previous=measure().id, act=appeal(measure()).id)
    assert code(say(entry, SECRETARIAT, [MA], refs=refs(quotes=measure())), MA) == "allowed"


# --------------------------------------------------------------------------------------------------------------- state


def history(*acts: Said) -> list[Said]:
    """Return the opening act, the acts about it, and the entries by which the secretariat numbers them."""
    about, *proposals = acts
    entries: list[Said] = []
    for number, said in enumerate(proposals, 1):
        previous = entries[-1].id if entries else about.id
        entry = Entry(subject=about.id, number=number, previous=previous, act=said.id)
        entries.append(say(entry, SECRETARIAT, ALL_BUT_THE_SECRETARIAT, subject=about.id, seq=number))
    return [*acts, *entries]


def course(arrived: Iterable[Said], subject: ActId) -> Measured | None:
    """Fold as a store does: the opening act, then along the chain as far as entries and acts are there."""
    acts, known = {}, {}
    for said in arrived:
        acts[said.id] = said
        if isinstance(said.act, Entry):
            known[said.act.number] = (said.id, said.act)
    if subject not in acts:
        return None
    state = fold(None, Entered(number=0, said=acts[subject]))
    for number, entry in chain(subject, known):
        if entry.act not in acts:
            break
        state = fold(state, Entered(number=number, said=acts[entry.act]))
    return state


ABOUT = measure()
SECOND_APPEAL = say(APPEAL, NO, [SECRETARIAT], subject=ABOUT.id, seq=2)
HISTORY = history(ABOUT, appeal(ABOUT), outcome(ABOUT, AMENDED), SECOND_APPEAL, outcome(ABOUT, LIFTED))


@given(st.permutations(HISTORY), st.integers(0, len(HISTORY)))
def test_any_order_of_arrival_gives_the_same_state(arrived: list[Said], some: int) -> None:
    """What has arrived decides, not when; and when all has, every node holds the same bytes."""
    early = course(arrived[:some], ABOUT.id)
    assert early == course(reversed(arrived[:some]), ABOUT.id)
    assert encode(course(arrived, ABOUT.id)) == encode(course(HISTORY, ABOUT.id))


def test_a_measure_goes_through_the_stages_of_its_history() -> None:
    """Decided, appealed, amended, appealed again, lifted."""
    stages = []
    for count in range(5):
        state = course([*HISTORY[:5], *HISTORY[5 : 5 + count]], ABOUT.id)
        assert state is not None
        stages.append(state.stage)
    assert stages == [Stage.DECIDED, Stage.APPEALED, Stage.AMENDED, Stage.APPEALED, Stage.LIFTED]


def test_what_was_not_entered_does_not_count() -> None:
    """An appeal is a proposal until the keeper numbers it; that it ignores one is provable by its receipt."""
    state = course([ABOUT, appeal(ABOUT)], ABOUT.id)
    assert state is not None
    assert state.stage is Stage.DECIDED


def test_a_keeper_cannot_enter_what_the_life_cycle_forbids() -> None:
    """An outcome without an appeal, or the appeal of another bureau, changes nothing though it is numbered."""
    plain = course([ABOUT], ABOUT.id)
    assert course(history(ABOUT, outcome(ABOUT, LIFTED)), ABOUT.id) == plain
    assert course(history(ABOUT, appeal(ABOUT, MA, [SECRETARIAT])), ABOUT.id) == plain
    assert course(history(ABOUT, measure(decided_by=Body.ASSEMBLY)), ABOUT.id) == plain


@pytest.mark.parametrize(
    ("act", "until"), [(UPHELD, 30), (AMENDED, 10), (LIFTED, None)], ids=["upheld", "amended", "lifted"]
)
def test_a_measure_falls_due_at_its_end_unless_it_is_lifted(act: Outcome, until: int | None) -> None:
    """By the terms in force."""
    state = course(history(ABOUT, appeal(ABOUT), outcome(ABOUT, act)), ABOUT.id)
    assert state is not None
    assert [step.when for step in due(state)] == ([] if until is None else [NOW + until * DAY])


def test_a_state_survives_the_store_and_the_loss_of_bodies() -> None:
    """It is kept in the wire's own encoding; a tombstone is folded like any other act."""
    state = course(HISTORY, ABOUT.id)
    assert decode(encode(state), Measured) == state
    gone = [said if isinstance(said.act, Entry) else _erased(said) for said in HISTORY]
    assert course(gone, ABOUT.id) == Measured()


def _erased(said: Said) -> Said:
    return msgspec.structs.replace(said, act=Erased(tag=said.head.kind))


def test_the_life_cycle_names_every_stage_and_move() -> None:
    """A stage that nothing leads to, or a move that leads nowhere, is a mistake in the table."""
    assert {Stage.DECIDED, *NEXT.values()} == set(Stage)
    assert {move for _, move in NEXT} == set(Move)
    assert set(MOVES) == set(Result)
