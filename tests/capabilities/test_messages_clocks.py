"""The clocks of requests: by rule, and between real nodes that restart, oversleep and get their clocks wrong."""

import dataclasses
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from comity.capabilities.messages import CAPABILITY, desk
from comity.capabilities.messages.acts import Chase, Escalation, Reminder, Reply, Request, Urgency
from comity.capabilities.messages.desk import Sent
from comity.capabilities.messages.rules import Matter, clock_of, clocks, due, fold
from comity.capabilities.messages.tables import DAY, HOUR, MINUTE, TERMS
from comity.core.act import Said
from comity.core.ids import BureauId, Millis, Span
from comity.core.keeping import Entered
from comity.core.registry import Standing
from comity.faces.commands import moment
from comity.node import schema
from comity.node.due import fall_due
from comity.node.home import BUILT_IN
from comity.node.rebuild import rebuild
from comity.node.store import kinds_of
from comity.node.view import View
from tests.capabilities.memory import ET, MA, NO, NOW, Memory, code_of, refs, say
from tests.simulator import START, Federation, federation, reader, received, rows, rungs

ASK = Request(title="a plate", text="whose is it?", language="en", urgency=Urgency.URGENT)
KINDS = ("messages.reminder/1", "messages.escalation/1")


# --------------------------------------------------------------------------------------------------------------- rules


def test_the_law_is_in_the_table() -> None:
    """Figures and sources: Dir. (EU) 2023/977 Art. 5, SIRENE Manual 1.3.5, NCIC hit confirmation."""
    within = {name: term.within for name, term in TERMS.items()}
    assert within == {
        "urgent": 8 * HOUR, "soon": 3 * DAY, "normal": 7 * DAY, "follow-up": 12 * HOUR,
        "hit-urgent": 10 * MINUTE, "hit-routine": HOUR,
    }  # fmt: skip
    assert all(term.remind <= term.within < term.escalate and term.article for term in TERMS.values())


@pytest.mark.parametrize("urgency", Urgency)
def test_every_urgency_starts_a_clock_of_the_table(urgency: Urgency) -> None:
    assert clock_of(Request(title="x", text="x", language="en", urgency=urgency)) in TERMS


def course(*acts: Said) -> Matter:
    state = None
    for said in acts:
        state = fold(state, Entered(number=0, said=said))
    assert state is not None
    return state


def chase(asked: Said, to: BureauId = NO, *, act: Chase | None = None, sender: BureauId = MA, **changes: Any) -> Said:  # noqa: ANN401
    """Return a reminder that is right in every respect but the changes."""
    term = TERMS["urgent"]
    said = act or Reminder(clock="urgent", within=term.within)
    return say(said, sender, [to], **{"subject": asked.id, "said": Millis(NOW + term.remind)} | changes)


def test_each_recipient_has_its_own_clock_until_it_replies() -> None:
    """Steps are counted from the receipt of whoever owes; what was said is not asked for again."""
    asked = say(ASK, MA, [NO, ET])
    answer = Reply(title="a plate", text="nobody's", language="en")
    replied = say(answer, NO, [MA], subject=asked.id, refs=refs(thread=asked, answers=asked))
    assert {step.after for step in due(course(asked))} == {NO, ET}
    assert {step.after for step in due(course(asked, replied))} == {ET}
    assert [step.what for step in due(course(asked, replied, chase(asked, ET)))] == [
        "overdue", "escalation", "supervisors",
    ]  # fmt: skip


def test_a_reply_is_late_by_its_senders_own_clock() -> None:
    """From its receipt to its reply; what the asking bureau's clock says does not come into it."""
    asked, term = say(ASK, MA, [NO]), TERMS["urgent"]
    state = course(asked)
    assert [clock.by for clock in clocks(state, {}, NOW)] == [None]
    start = Millis(NOW - DAY)
    (running,) = clocks(state, {NO: start}, Millis(start + term.within + 5))
    assert (running.received, running.by, running.late) == (start, start + term.within, 5)
    answer = Reply(title="a plate", text="nobody's", language="en")
    for over, late in ((0, None), (1, 1), (HOUR, HOUR)):
        at = Millis(start + term.within + over)
        replied = say(answer, NO, [MA], subject=asked.id, refs=refs(thread=asked, answers=asked), said=at)
        (closed,) = clocks(course(asked, replied), {NO: start}, Millis(NOW + 99 * DAY))
        assert (closed.replied, closed.late) == (at, late)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "allowed"),
        ({"sender": NO, "to": MA}, "messages.asker"),
        ({"to": ET}, "messages.addressee"),
        ({"said": NOW}, "messages.early"),
        ({"act": Escalation(clock="urgent", within=TERMS["urgent"].within)}, "messages.early"),
        ({"act": Reminder(clock="soon", within=TERMS["soon"].within)}, "messages.clock"),
        ({"act": Reminder(clock="urgent", within=Span(1))}, "messages.clock"),
        ({"act": Reminder(clock="never", within=Span(1))}, "messages.clock"),
        ({"subject": None}, "messages.unseen"),
    ],
)
def test_a_reminder_keeps_to_the_table(changes: dict[str, Any], code: str) -> None:
    """Only who asked chases, only who was asked is chased, under the request's own clock, and not before its time."""
    asked = say(ASK, MA, [NO])
    said, seen = chase(asked, **changes), Memory(NO, [asked])
    rulings = [code_of(gate(said, seen, NOW)) for gate in CAPABILITY.gates]
    assert next((each for each in rulings if each != "allowed"), "allowed") == code


# --------------------------------------------------------------------------------------------------------------- nodes


@pytest.fixture
def fed(tmp_path: Path) -> Iterator[Federation]:
    made = federation(tmp_path, ["ma", "no", "et"])
    yield made
    made.close()


def at(fed: Federation, name: str) -> tuple[Any, Any]:
    bureau = fed.bureaus[BureauId(name)]
    return bureau, reader(bureau)


def ask(fed: Federation, *to: str, urgency: Urgency = Urgency.URGENT) -> Sent:
    recipients = tuple(BureauId(name) for name in to)
    asked = desk.request(*at(fed, "ma"), to=recipients, title="a plate", text="whose is it?", urgency=urgency)
    fed.carry()
    return asked


def chased(fed: Federation, name: str) -> list[str]:
    """Return the kinds of what chased a bureau, in the order of its log."""
    return [kept.head.kind for kept in received(fed.bureaus[BureauId(name)], *KINDS)]


def test_a_clock_runs_from_the_recipients_receipt_at_both_ends(fed: Federation) -> None:
    """A bureau that was away for a day has its eight hours from the moment it got the request."""
    fed.away.add(NO)
    asked = ask(fed, "no")
    fed.pass_time(DAY, every=HOUR)
    assert chased(fed, "no") == []
    fed.away.clear()
    fed.pass_time(2 * HOUR, every=HOUR)
    (here,), (there,) = desk.clock(*at(fed, "ma"), act=asked.id.hex()), desk.clock(*at(fed, "no"), act=asked.id.hex())
    assert here == there
    assert here.received is not None
    assert here.received > START + DAY
    assert here.by == here.received + 8 * HOUR


def test_reminder_overdue_and_escalation_come_once_each(fed: Federation) -> None:
    """The asking node says them itself, naming no officer; both ends see what is overdue."""
    asked = ask(fed, "no", "et")
    fed.pass_time(6 * HOUR, every=HOUR)
    assert chased(fed, "no") == ["messages.reminder/1"]
    assert [kept.head.author for kept in received(fed.bureaus[NO], *KINDS)] == [None]
    assert desk.overdue(*at(fed, "ma")) == ()
    desk.reply(*at(fed, "et"), act=asked.id.hex(), text="nobody's")
    fed.pass_time(2 * HOUR, every=HOUR)
    assert [(late.request, late.clock.bureau) for late in desk.overdue(*at(fed, "ma"))] == [(asked.id, NO)]
    assert [late.asker for late in desk.overdue(*at(fed, "no"))] == [MA]
    assert desk.overdue(*at(fed, "et")) == desk.escalated(*at(fed, "no")) == ()
    fed.pass_time(DAY, every=HOUR)
    assert chased(fed, "no") == list(KINDS)
    assert chased(fed, "et") == ["messages.reminder/1"]
    assert [late.clock.bureau for late in desk.escalated(*at(fed, "ma"))] == [NO]
    assert [late.clock.escalated is not None for late in desk.escalated(*at(fed, "no"))] == [True]


def test_a_late_reply_closes_the_clock_and_says_that_it_is_late(fed: Federation) -> None:
    """At both ends, by the same figure."""
    asked = ask(fed, "no")
    fed.pass_time(10 * HOUR, every=HOUR)
    desk.reply(*at(fed, "no"), act=asked.id.hex(), text="nobody's")
    fed.carry()
    fed.pass_time(3 * DAY, every=12 * HOUR)
    for name in ("ma", "no"):
        (closed,) = desk.clock(*at(fed, name), act=asked.id.hex())
        assert closed.replied is not None
        assert closed.late == 2 * HOUR
        assert desk.overdue(*at(fed, name)) == desk.escalated(*at(fed, name)) == ()
        assert rebuild(fed.bureaus[BureauId(name)]).differing == ()
    assert chased(fed, "no") == ["messages.reminder/1"]


def test_what_fell_due_while_a_node_was_off_is_done_once_when_it_is_back(fed: Federation) -> None:
    """A week later, after a restart, however often it looks."""
    ask(fed, "no")
    fed.away.add(MA)
    fed.pass_time(7 * DAY, every=DAY)
    assert chased(fed, "no") == []
    fed.away.clear()
    for _ in range(3):
        fed.restart("ma")
        fed.pass_time(2 * HOUR, every=HOUR)
    assert chased(fed, "no") == list(KINDS)


def test_a_peer_that_is_suspended_is_chased_when_it_is_back(fed: Federation) -> None:
    """It holds up nobody else meanwhile."""
    ask(fed, "no")
    ask(fed, "et")
    fed.measure("no", Standing.SUSPENDED, until=Millis(START + 7 * HOUR))
    fed.pass_time(6 * HOUR, every=HOUR)
    assert (chased(fed, "no"), chased(fed, "et")) == ([], ["messages.reminder/1"])
    fed.measure("no", Standing.MEMBER, until=None)
    fed.pass_time(HOUR, every=HOUR // 2)
    assert chased(fed, "no") == ["messages.reminder/1"]


def test_a_request_that_was_refused_starts_no_clock(fed: Federation) -> None:
    """Who refused it owes nothing; the refusal is in its receipt."""
    knows_less = fed.bureaus[NO]
    store = dataclasses.replace(knows_less.store, kinds=kinds_of((), BUILT_IN))
    fed.bureaus[NO] = dataclasses.replace(knows_less, store=store, capabilities=())
    asked = ask(fed, "no")
    bureau, officer = at(fed, "ma")
    assert rungs(bureau, asked.id) == [(NO, 2, "exchange.unknown-kind")]
    fed.pass_time(2 * DAY, every=DAY)
    assert chased(fed, "no") == []
    assert View(bureau, officer).starts(asked.id) == {}
    assert rows(bureau, schema.due) == []


@settings(max_examples=10)
@example(jumps=[(20 * HOUR, False), (-12 * HOUR, True), (7 * HOUR, True)])
@given(jumps=st.lists(st.tuples(st.integers(-12 * HOUR, 20 * HOUR), st.booleans()), max_size=8))
def test_clocks_set_wrong_and_restarts_do_nothing_twice_and_nothing_early(
    jumps: list[tuple[int, bool]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each step is done once, when the clock has first shown its moment, whatever the clock did before and after."""
    fed = federation(tmp_path_factory.mktemp("jumps"), ["ma", "no"])
    try:
        asked = ask(fed, "no")
        (clock,) = desk.clock(*at(fed, "ma"), act=asked.id.hex())
        assert clock.received is not None
        term, highest = TERMS["urgent"], fed.clock
        for jump, restart in jumps:
            fed.later(max(jump, START - fed.clock))
            highest = max(highest, fed.clock)
            if restart:
                fed.restart("ma")
            fall_due(fed.bureaus[MA])
            fall_due(fed.bureaus[MA])
        said = {row.what for row in rows(fed.bureaus[MA], schema.due) if row.done is not None}
        ripe = {
            "reminder": term.remind,
            "overdue": term.within,
            "escalation": term.escalate,
            "supervisors": term.escalate,
        }
        assert said == {what for what, span in ripe.items() if clock.received + span <= highest}
        every = [row.kind for row in rows(fed.bureaus[MA], schema.acts)]
        assert [every.count(kind) for kind in KINDS] == [int("reminder" in said), int("escalation" in said)]
    finally:
        fed.close()


ZONES = ("UTC", "Europe/Oslo", "Asia/Kathmandu", "Pacific/Apia", "America/St_Johns", "Africa/Casablanca")
CHANGES = (1_774_746_000_000, 1_792_890_000_000)
"""2026-03-29T01:00Z and 2026-10-25T01:00Z: clocks in Europe go forward, and back."""


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Give a way to move this machine to another time zone; it comes home afterwards."""

    def moved(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield moved
    monkeypatch.undo()
    time.tzset()


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(change=0, before=9 * HOUR, moves=[("Europe/Oslo", "UTC")], urgency=Urgency.FOLLOW_UP)
@given(
    change=st.integers(0, 1),
    before=st.integers(0, 12 * HOUR),
    moves=st.lists(st.tuples(st.sampled_from(ZONES), st.sampled_from(ZONES)), min_size=1, max_size=3),
    urgency=st.sampled_from([Urgency.URGENT, Urgency.FOLLOW_UP]),
)
def test_a_clock_counts_the_same_hours_in_every_time_zone_and_across_restarts(
    change: int, before: int, moves: list[tuple[str, str]], urgency: Urgency, zone: Callable[[str], None],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    """Two nodes in two zones that restart in others, over a night of 23 or 25 hours: to the millisecond the same."""
    fed = federation(tmp_path_factory.mktemp("zones"), ["ma", "no"])
    try:
        fed.later(CHANGES[change] - before - fed.clock)
        fed.renew()
        asked, term = ask(fed, "no", urgency=urgency), TERMS[str(urgency)]
        by = {name: desk.clock(*at(fed, name), act=asked.id.hex())[0].by for name in ("ma", "no")}
        assert by["ma"] == by["no"] == fed.clock + term.within
        ends = {"reminder": term.remind, "overdue": term.within, "supervisors": term.escalate}
        for number, (what, span) in enumerate(sorted(ends.items(), key=lambda each: each[1])):
            for done in (False, True):
                fed.later(asked.said + span - (not done) - fed.clock)
                for name, there in zip(("ma", "no"), moves[number % len(moves)], strict=True):
                    zone(there)
                    fed.restart(name)
                    fall_due(fed.bureaus[BureauId(name)])
                    # The asking node alone says the reminder; what is overdue both of them note.
                    noted = {row.what for row in rows(fed.bureaus[BureauId(name)], schema.due) if row.done is not None}
                    assert (what in noted) is (done and (name == "ma" or what != "reminder"))
        assert {name: desk.clock(*at(fed, name), act=asked.id.hex())[0].by for name in by} == by
    finally:
        fed.close()


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-03-29T03:30+02:00", "2026-03-29T01:30"),  # An hour that Oslo's clocks leave out, by another offset.
        ("2026-10-25T02:30+02:00", "2026-10-25T00:30"),  # The first of two half past twos in Oslo.
        ("2026-10-25T02:30+01:00", "2026-10-25T01:30"),  # The second.
        ("2026-11-30T18:00+05:45", "2026-11-30T12:15"),
    ],
)
def test_a_moment_is_one_moment_in_every_time_zone(text: str, same: str) -> None:
    """Clocks count milliseconds UTC; where nothing is said, a moment is taken as UTC."""
    assert moment(text) == moment(same)


def test_a_receipt_cannot_put_a_clock_off(fed: Federation) -> None:
    """One that claims a moment later than its arrival counts from its arrival."""
    fed.later(DAY)
    asked = ask(fed, "no")
    bureau, officer = at(fed, "ma")
    before = View(bureau, officer).starts(asked.id)
    far = {"at": fed.clock + 99 * DAY}
    bureau.database.write(lambda tx: tx.run(update(schema.receipts).values(**far)))
    assert View(bureau, officer).starts(asked.id) == before
    near = {"at": int(START)}
    bureau.database.write(lambda tx: tx.run(update(schema.receipts).values(**near)))
    assert View(bureau, officer).starts(asked.id) == {NO: asked.said}
