"""The directory: a bureau tells of itself alone, the latest word counts everywhere, clocks are read from receipts."""

import dataclasses
from itertools import permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.capabilities.directory import desk
from comity.capabilities.directory.acts import DAY_MINUTES, Duty, Function, Hours, Profile
from comity.capabilities.directory.desk import Card
from comity.capabilities.directory.rules import Told, at_work, fold, hours_of, may_tell, spelled
from comity.core.act import Act, Erased, Said
from comity.core.errors import Misused
from comity.core.exchange import SKEW
from comity.core.ids import BureauId, Millis
from comity.core.keeping import Entered
from comity.node.contact import Clock, contacts
from comity.node.view import View
from tests.capabilities.desks import at
from tests.capabilities.memory import MA, NO, NOW, Memory, code_of, say
from tests.simulator import DAY, START, Federation

ET, BR = BureauId("et"), BureauId("br")

OSLO = Profile(languages=("no", "en"), zone="Europe/Oslo", telephone="+47 2200 0000")
ON = Duty(unit="duty", name="Duty desk", until=Millis(NOW + 1))


def first(act: Act = OSLO, sender: BureauId = NO, **changes: object) -> Said:
    return say(act, sender, (MA,), **changes)


# ------------------------------------------------------------------------------------------------------------- shape


@pytest.mark.parametrize(
    "changes",
    [
        {"languages": ()},
        {"languages": ("Norwegian",)},
        {"languages": ("no", "no")},
        {"telephone": ""},
        {"telephone": "22000000"},
        {"telephone": "+47"},
        {"telephone": "+47  22000000"},
        {"telephone": "+4722000000 ext 4"},
        {"zone": "Oslo time"},
        {"zone": "../../etc/passwd"},
        {"zone": "/etc/passwd"},
        {"holidays": ("2026-12-25", "2026-12-24")},
        {"holidays": ("25.12.2026",)},
        {"functions": (Function(name="Vehicles", mail="a@b.no"), Function(name="vehicles", mail="c@d.no"))},
    ],
)
def test_a_profile_that_nobody_could_use_is_none(changes: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(msgspec.to_builtins(OSLO) | changes, Profile)


@pytest.mark.parametrize("name", ["", " duty", "a\nb", "x" * 101, "\u202eytud"])
def test_a_name_is_one_plain_line(name: str) -> None:
    with pytest.raises(ValueError, match="one line"):
        Duty(unit="duty", name=name, until=NOW)
    with pytest.raises(ValueError, match="one line"):
        Function(name=name, telephone="+47 2200 0000")


def test_a_function_can_be_reached_somehow() -> None:
    with pytest.raises(ValueError, match="telephone or a mail"):
        Function(name="Vehicles")
    with pytest.raises(ValueError, match="name@host"):
        Function(name="Vehicles", mail="vehicles")


days = st.sets(st.integers(1, 7), min_size=1).map(lambda found: tuple(sorted(found)))
spells = st.tuples(days, st.integers(0, DAY_MINUTES), st.integers(0, DAY_MINUTES)).filter(
    lambda each: each[1] < each[2]
)


@given(spells)
def test_hours_are_read_as_they_are_written(spell: tuple[tuple[int, ...], int, int]) -> None:
    hours = Hours(days=spell[0], begin=spell[1], end=spell[2])
    assert hours_of(spelled(hours)) == hours


@pytest.mark.parametrize(
    "text", ["", "mon", "mon-fri", "mon 8-16", "mon 16:00-08:00", "xyz 08:00-16:00", "mon 25:00-26:00"]
)
def test_hours_that_are_none_are_told_so(text: str) -> None:
    with pytest.raises(ValueError, match=r"written like|begin before"):
        hours_of(text)


def test_a_week_goes_around_its_end() -> None:
    assert hours_of("sat-mon 00:00-24:00").days == (1, 6, 7)


# ------------------------------------------------------------------------------------------------------------- gates


def test_a_profile_opens_a_subject_of_its_own() -> None:
    assert code_of(may_tell(first(), Memory(NO), NOW)) == "allowed"
    assert code_of(may_tell(first(keeper=MA), Memory(NO), NOW)) == "directory.subject"


def test_duty_is_about_a_profile() -> None:
    assert code_of(may_tell(first(ON), Memory(NO), NOW)) == "directory.subject"
    opening = first()
    on = first(ON, subject=opening.id)
    assert code_of(may_tell(on, Memory(MA, [opening]), NOW)) == "allowed"
    assert code_of(may_tell(on, Memory(MA), NOW)) == "directory.unseen"


def test_nobody_tells_for_another_bureau() -> None:
    opening = first()
    for act in (OSLO, ON):
        false = say(act, ET, (MA, NO), subject=opening.id)
        assert code_of(may_tell(false, Memory(MA, [opening]), NOW)) == "directory.own"


def test_what_is_no_first_profile_is_no_subject() -> None:
    opening = first()
    second = first(ON, subject=opening.id)
    third = first(OSLO, subject=second.id)
    assert code_of(may_tell(third, Memory(MA, [opening, second]), NOW)) == "directory.subject"


# -------------------------------------------------------------------------------------------------------------- fold


def folded(acts: tuple[Said, ...]) -> Told | None:
    state: Told | None = None
    for said in acts:
        state = fold(state, Entered(number=0, said=said))
    return state


def test_the_latest_word_counts_in_any_order_of_arrival() -> None:
    opening = first()
    later = [
        first(ON, subject=opening.id, said=Millis(NOW + 1)),
        first(OSLO, subject=opening.id, said=Millis(NOW + 2)),
        first(ON, subject=opening.id, said=Millis(NOW + 3)),
        first(OSLO, subject=opening.id, said=Millis(NOW + 2), seq=9),
    ]
    states = {folded((opening, *order)) for order in permutations(later)}
    assert len(states) == 1
    (state,) = states
    assert state is not None
    assert state.duty == later[2].id
    assert state.profile == max(later[1].id, later[3].id)


def test_a_body_that_is_erased_leaves_the_same_state() -> None:
    opening = first()
    on = first(ON, subject=opening.id, said=Millis(NOW + 1))
    gone = [msgspec.structs.replace(said, act=Erased(tag=said.head.kind)) for said in (opening, on)]
    assert folded((opening, on)) == folded(tuple(gone))


def test_a_word_of_another_bureau_changes_nothing() -> None:
    opening = first()
    assert folded((opening, say(OSLO, ET, (MA,), subject=opening.id, said=Millis(NOW + 9)))) == folded((opening,))


def test_a_holiday_is_closed_whatever_the_hours_say() -> None:
    always = msgspec.structs.replace(OSLO, hours=(hours_of("mon-sun 00:00-24:00"),), holidays=("2026-12-25",))
    assert at_work(always, 5, 600, "2026-12-25") is False
    assert at_work(always, 5, 600, "2026-12-24") is True
    assert at_work(OSLO, 5, 600, "2026-12-24") is None


# -------------------------------------------------------------------------------------------------------------- desk


def publish(fed: Federation, name: BureauId = NO, **how: object) -> desk.Posted:
    given_ = {"language": ("no", "en"), "telephone": "+47 2200 0000", "zone": "Europe/Oslo"} | how
    posted = desk.publish(*at(fed, name), **given_)  # type: ignore[arg-type]
    fed.carry()
    return posted


def on_duty(fed: Federation, hours: int = 8, **how: str) -> None:
    desk.on_duty(*at(fed, NO), Millis(fed.clock + hours * 3_600_000), **how)  # type: ignore[arg-type]
    fed.carry()


def card(fed: Federation, by: BureauId = MA, of: BureauId = NO) -> Card:
    return desk.bureau(*at(fed, by), of)


def test_every_member_sees_a_profile_and_the_time_there(fed: Federation) -> None:
    publish(fed, hours=("mon-fri 08:00-16:00",), function=("Vehicles: +47 2200 0001, vehicles@example.org",))
    for by in (MA, NO, ET):
        seen = card(fed, by)
        assert seen.listed.local == "2025-11-24T11:00+01:00"
        assert seen.listed.at_work is True
        assert seen.hours == ("mon-fri 08:00-16:00",)
        assert seen.functions == (Function(name="Vehicles", telephone="+47 2200 0001", mail="vehicles@example.org"),)
        assert seen.published == START


def test_duty_needs_a_profile_ends_by_itself_and_is_relieved(fed: Federation) -> None:
    with pytest.raises(Misused, match="directory publish"):
        on_duty(fed)
    publish(fed)
    on_duty(fed)
    duty = card(fed).listed.duty
    assert duty is not None
    assert (duty.unit, duty.name, duty.telephone) == ("duty", at(fed, NO)[1].officer, "+47 2200 0000")
    assert duty.languages == ("no", "en")
    fed.later(8 * 3_600_000)
    assert card(fed).listed.duty is None
    on_duty(fed)
    fed.later(1_000)
    desk.off_duty(*at(fed, NO))
    fed.carry()
    assert card(fed).listed.duty is None


def test_who_joins_later_learns_with_the_next_word(fed: Federation) -> None:
    old = publish(fed)
    on_duty(fed, name="Night desk")
    fed.join(BR)
    fed.later(1_000)
    assert card(fed, BR).published is None
    publish(fed)
    # Nobody who knew who was on duty forgets it because of a newcomer.
    assert card(fed, MA).listed.duty is not None
    fed.later(1_000)
    fed.join("bf")
    on_duty(fed)
    seen = card(fed, BR)
    assert seen.listed.telephone == "+47 2200 0000"
    assert seen.listed.duty is not None
    assert card(fed, MA).listed.duty is not None
    fed.later(1_000)
    again = publish(fed, telephone="+47 2200 0009")
    assert {card(fed, by).listed.telephone for by in (MA, ET, BR)} == {"+47 2200 0009"}
    assert again.to == ("bf", BR, ET, MA)
    assert old.to == (ET, MA)


def test_a_second_word_is_about_the_first_profile(fed: Federation) -> None:
    posted = publish(fed)
    publish(fed, telephone="+47 2200 0001")
    on_duty(fed)
    states = View(*at(fed, MA)).states(Told).items
    assert [state.opened.id for state in states] == [posted.id]


def test_nothing_is_published_that_nobody_could_use(still: Federation) -> None:
    for how in (
        {"zone": "Europe/Nowhere"},
        {"zone": "../../etc/passwd"},
        {"telephone": "22000000"},
        {"hours": ("mon 8-16",)},
        {"function": ("Vehicles",)},
        {"function": ("Vehicles: +47 2200 0001, +47 2200 0002",)},
        {"holiday": ("25.12.",)},
        {"language": ()},
    ):
        with pytest.raises(Misused):
            publish(still, **how)
    with pytest.raises(Misused, match="after now"):
        desk.on_duty(*at(still, NO), still.clock)
    with pytest.raises(Misused, match="knows no party"):
        desk.bureau(*at(still, NO), BureauId("xx"))


def test_whoever_has_published_nothing_is_listed_with_what_the_registry_says(still: Federation) -> None:
    listed = desk.bureaus(*at(still, MA))
    assert [each.bureau for each in listed] == sorted(still.bureaus)
    for each in listed:
        assert (each.local, each.telephone, each.at_work, each.duty) == ("", "", None, None)


def test_an_erased_profile_is_a_bureau_that_has_published_nothing(fed: Federation) -> None:
    posted = publish(fed)
    bureau = fed.bureaus[MA]
    bureau.database.write(lambda tx: bureau.store.erase(tx, posted.id))
    assert card(fed).listed.telephone == ""
    assert card(fed).published is None


# ------------------------------------------------------------------------------------------------------------ clocks


def heard(fed: Federation, *, ahead: int) -> Clock:
    """Let Oslo's clock be ahead, send it something, and return how Rabat sees its clock from the receipt."""
    fed.bureaus[NO] = dataclasses.replace(fed.bureaus[NO], now=lambda: Millis(fed.clock + ahead))
    publish(fed, MA, telephone="+212 5 37 00 00 00")
    return contacts(fed.bureaus[MA])[NO].clock


def test_a_clock_within_the_bound_is_good(fed: Federation) -> None:
    assert heard(fed, ahead=SKEW - 1_000) is Clock.GOOD
    assert card(fed).lag == -(SKEW - 1_000)
    assert card(fed).listed.seen == fed.clock


def test_a_clock_behind_is_told_with_the_other_possibility(fed: Federation) -> None:
    assert heard(fed, ahead=-(SKEW + 1_000)) is Clock.LATE


def test_a_peer_that_was_never_heard_of_has_no_clock(still: Federation) -> None:
    assert {each.clock for each in desk.bureaus(*at(still, MA))} == {Clock.UNKNOWN}
    assert {each.seen for each in desk.bureaus(*at(still, MA))} == {None}


def test_one_fast_receipt_among_slow_ones_shows_a_good_clock(fed: Federation) -> None:
    assert heard(fed, ahead=-(SKEW + 1_000)) is Clock.LATE
    fed.later(DAY)
    assert heard(fed, ahead=0) is Clock.GOOD
