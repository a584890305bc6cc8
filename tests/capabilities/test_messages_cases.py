"""Cases that join messages, and what waits for an answer: what each reader sees of them, and what comes first."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.capabilities.messages import desk
from comity.capabilities.messages.acts import Thing, Urgency
from comity.capabilities.messages.acts import Why as Ground
from comity.capabilities.messages.desk import Decision, Side, Waiting
from comity.capabilities.messages.tables import DAY, HOUR, MINUTE
from comity.core.capability import OfficerRole
from comity.core.errors import ComityError, Misused
from comity.core.handling import Confidentiality
from comity.core.ids import BureauId
from comity.node import officers
from tests.capabilities.desks import ET, MA, NO, arrived, ask, at, reply, send
from tests.simulator import Federation, federation, reader, received

RESTRICTED = Confidentiality.RESTRICTED


def seen(fed: Federation, name: BureauId = MA, **how: Any) -> list[tuple[str, str, str]]:  # noqa: ANN401
    """Return what waits at a bureau: the digits of the request, who owes, the other party."""
    return [(each.request.hex(), each.side.value, each.bureau) for each in desk.waiting(*at(fed, name), **how)]


# --------------------------------------------------------------------------------------------------------------- cases


def test_a_case_joins_what_was_sent_and_what_came(fed: Federation) -> None:
    """In the order of our log, with the clocks that run; nobody outside learns of it."""
    out = send(fed, to=(NO, ET), case=("harbour",))
    asked = ask(fed, to=(NO,), case=("harbour", "van"))
    came = arrived(fed, sender=ET, to=(MA,))
    desk.assign(*at(fed, MA), act=came.id.hex(), case=("harbour",))
    reply(fed, asked)
    fed.carry()
    found = desk.case(*at(fed, MA), name="harbour")
    kinds = [each.kind.partition("/")[0] for each in found.messages]
    assert kinds == ["messages.information", "messages.request", "messages.information", "messages.reply"]
    assert [each.id for each in found.messages][:3] == [out.id, asked.id, came.id]
    assert found.waiting == ()
    assert [(each.case, each.matters, each.messages) for each in desk.cases(*at(fed, MA))] == [
        ("harbour", 3, 4), ("van", 1, 2),
    ]  # fmt: skip
    for name in (NO, ET):
        assert desk.cases(*at(fed, name)) == ()
        assert received(fed.bureaus[name], "messages.assignment/1") == []


def test_a_case_shows_the_clocks_that_run_in_it(fed: Federation) -> None:
    """Ours and those of others, and how many are overdue."""
    ask(fed, case=("harbour",), urgency=Urgency.URGENT)
    theirs = ask(fed, sender=ET, to=(MA,))
    desk.assign(*at(fed, MA), act=theirs.id.hex(), case=("harbour",))
    ask(fed)
    fed.pass_time(9 * HOUR, every=3 * HOUR)
    (line,) = desk.cases(*at(fed, MA))
    assert (line.owed_by_us, line.owed_to_us, line.overdue) == (1, 1, 1)
    waiting = desk.case(*at(fed, MA), name="harbour").waiting
    assert [(each.side, each.bureau) for each in waiting] == [(Side.THEM, NO), (Side.US, ET)]


def test_the_last_assignment_moves_a_matter_to_another_case(fed: Federation) -> None:
    """And out of the first one."""
    sent = send(fed, case=("harbour",))
    desk.assign(*at(fed, MA), act=sent.id.hex(), case=("van",))
    assert [each.case for each in desk.cases(*at(fed, MA))] == ["van"]
    with pytest.raises(Misused, match="there is no case of this name, or none that you may see"):
        desk.case(*at(fed, MA), name="harbour")


def test_who_has_no_need_to_know_sees_no_case(fed: Federation) -> None:
    """Neither its name nor its messages nor its clocks; who is put to the case does."""
    bureau = fed.bureaus[NO]
    officers.add(bureau, "fugitives", officer="k9")
    asked = ask(fed, confidentiality=RESTRICTED)
    chief = msgspec.structs.replace(reader(bureau), role=OfficerRole.SUPERVISOR)
    desk.assign(bureau, chief, act=asked.id.hex(), unit=("fugitives",), case=("harbour",))
    stranger = reader(bureau, unit="vehicles")
    member = msgspec.structs.replace(stranger, cases=frozenset({"harbour"}))
    auditor = msgspec.structs.replace(stranger, role=OfficerRole.AUDITOR)
    for officer, count in ((stranger, 0), (auditor, 0), (member, 1), (chief, 1), (reader(bureau, unit="fugitives"), 1)):
        # Which clock runs, the request's body says: so an auditor sees none.
        assert len(desk.cases(bureau, officer)) == len(desk.waiting(bureau, officer)) == count
    with pytest.raises(Misused, match="none that you may see"):
        desk.case(bureau, stranger, name="harbour")


def test_a_message_that_is_not_sent_joins_no_case(fed: Federation) -> None:
    """Both in one transaction, or neither."""
    with pytest.raises(ComityError):
        send(fed, case=("two\nlines",))
    with pytest.raises(ComityError):
        send(fed, to=("zz",), case=("harbour",))
    assert desk.cases(*at(fed, MA)) == ()
    assert desk.outbox(*at(fed, MA)).items == ()


# ------------------------------------------------------------------------------------------------------------- waiting


def test_what_has_used_up_most_of_its_term_comes_first(fed: Federation) -> None:
    """A hit that is ten minutes late, before a week that has a day to go; theirs and ours in one list."""
    week = ask(fed, sender=ET, to=(MA,))
    urgent = ask(fed, urgency=Urgency.URGENT)
    fed.pass_time(7 * HOUR, every=HOUR)
    hit = desk.ask_hit(*at(fed, NO), to=(MA,), record="2026/1", thing=Thing.VEHICLE, urgency=Urgency.URGENT)
    fed.carry()
    fed.pass_time(20 * MINUTE, every=10 * MINUTE)
    assert seen(fed) == [(hit.id.hex(), "us", NO), (urgent.id.hex(), "them", NO), (week.id.hex(), "us", ET)]
    assert seen(fed, owed_by=Side.THEM) == [(urgent.id.hex(), "them", NO)]
    assert [(each.used, each.clock.late is not None) for each in desk.waiting(*at(fed, MA))] == [
        (200, True), (91, False), (4, False),
    ]  # fmt: skip


def test_what_never_arrived_waits_too(fed: Federation) -> None:
    """Its clock has not started, and somebody must look after it all the same."""
    fed.away.add(NO)
    asked = ask(fed, urgency=Urgency.URGENT)
    fed.pass_time(4 * HOUR, every=HOUR)
    (found,) = desk.waiting(*at(fed, MA))
    assert (found.request, found.used, found.clock.received) == (asked.id, 50, None)


@pytest.mark.parametrize("closing", ["reply", "decline", "recall"])
def test_what_is_closed_waits_no_more(fed: Federation, closing: str) -> None:
    """At either end, also where the supervisors have it on their list."""
    asked = ask(fed, urgency=Urgency.URGENT)
    fed.pass_time(13 * HOUR, every=13 * HOUR)
    assert seen(fed) and seen(fed, NO)  # noqa: PT018 - both ends
    if closing == "reply":
        reply(fed, asked)
    elif closing == "decline":
        desk.decide(*at(fed, NO), act=asked.id.hex(), decision=Decision.DECLINED, reason="no such register")
    else:
        desk.recall(*at(fed, MA), act=asked.id.hex(), why=Ground.RECIPIENT)
    fed.carry()
    assert seen(fed) == seen(fed, NO) == []


def test_what_waits_can_be_narrowed_to_a_unit_or_a_case(fed: Federation) -> None:
    """By the assignments of this house."""
    officers.add(fed.bureaus[NO], "fugitives", officer="k9")
    first, second = ask(fed), ask(fed)
    desk.assign(*at(fed, NO), act=first.id.hex(), unit=("fugitives",), case=("van",))
    assert {each[0] for each in seen(fed, NO)} == {first.id.hex(), second.id.hex()}
    for narrowed in ({"unit": "fugitives"}, {"case": "van"}):
        assert seen(fed, NO, **narrowed) == [(first.id.hex(), "us", MA)]
    assert seen(fed, NO, unit="vehicles") == []


URGENCIES = st.sampled_from(Urgency)


@settings(max_examples=8, deadline=None)
@given(
    asked=st.lists(st.tuples(URGENCIES, st.booleans(), st.integers(0, 12)), min_size=1, max_size=4),
    after=st.integers(0, 4 * DAY),
    answered=st.sets(st.integers(0, 3)),
)
def test_what_waits_is_what_overdue_knows_and_what_is_not_yet_due(
    asked: list[tuple[Urgency, bool, int]], after: int, answered: set[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each open clock once, in the order of what is left; the overdue ones are those that `overdue` names."""
    fed = federation(tmp_path_factory.mktemp("waiting"), ["ma", "no"])
    try:
        requests = []
        for urgency, ours, hours in asked:
            sender, other = (NO, MA) if ours else (MA, NO)
            requests.append((ask(fed, sender=sender, to=(other,), urgency=urgency), other))
            fed.later(hours * HOUR)
        for place in answered & set(range(len(requests))):
            reply(fed, requests[place][0], sender=requests[place][1])
        fed.carry()
        fed.later(after)
        fed.carry()
        owed = {request.id: whose for place, (request, whose) in enumerate(requests) if place not in answered}
        for name in (MA, NO):
            found: tuple[Waiting, ...] = desk.waiting(*at(fed, name))
            assert {each.request: each.clock.bureau for each in found} == owed
            assert len(found) == len(owed)
            assert [each.used for each in found] == sorted((each.used for each in found), reverse=True)
            late = {each.request for each in desk.overdue(*at(fed, name))}
            assert {each.request for each in found if each.clock.late is not None} == late
    finally:
        fed.close()
