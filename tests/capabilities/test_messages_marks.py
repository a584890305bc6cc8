"""Read marks and declines: who may say them, that each is said once, and that a decline closes the clock."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.capabilities.messages import CAPABILITY, desk
from comity.capabilities.messages.acts import Decline, Information, ReadMark, Reply, Request, Urgency
from comity.capabilities.messages.desk import Decision
from comity.capabilities.messages.rules import Matter, clocks, due, fold
from comity.capabilities.messages.tables import DAY, HOUR, TERMS
from comity.core.act import Author, Relation, Said
from comity.core.capability import OfficerRole
from comity.core.errors import Misused, Refused
from comity.core.handling import Confidentiality, Purpose
from comity.core.ids import Millis
from comity.core.keeping import Entered
from comity.node.bureau import Utterance
from comity.node.rebuild import rebuild
from tests.capabilities.desks import ET, MA, NO, arrived, ask, at, lawless, reply
from tests.capabilities.memory import NOW, Memory, code_of, refs
from tests.capabilities.memory import say as spoken
from tests.simulator import Federation, reader, received

ASK = Request(title="a plate", text="whose is it?", language="en", urgency=Urgency.URGENT)
NEWS = Information(title="a van", text="it was seen", language="en")
WHY = "there is no such register in this country"


def ruled(said: Said, seen: Memory) -> str:
    """Return the first refusal of any gate, or ``allowed``."""
    codes = (code_of(gate(said, seen, NOW)) for gate in CAPABILITY.gates)
    return next((code for code in codes if code != "allowed"), "allowed")


# --------------------------------------------------------------------------------------------------------------- rules


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "allowed"),
        ({"sender": ET}, "messages.addressee"),
        ({"sender": MA, "to": NO}, "messages.addressee"),
        ({"to": ET}, "messages.addressee"),
        ({"author": Author(officer="k7", unit="duty")}, "messages.author"),
        ({"refs": ()}, "messages.mark"),
        ({"subject": None}, "messages.mark"),
    ],
)
def test_a_read_mark_is_the_recipients_and_names_nobody(changes: dict[str, Any], code: str) -> None:
    """To the sender of the message alone."""
    news = spoken(NEWS, MA, [NO])
    how = {"sender": NO, "to": MA, "subject": news.id, "refs": refs(reads=news)} | changes
    said = spoken(ReadMark(), how.pop("sender"), [how.pop("to")], **how)
    assert ruled(said, Memory(MA, [news])) == code


def test_a_read_mark_is_said_once() -> None:
    """By each recipient, of each message."""
    news = spoken(NEWS, MA, [NO, ET])
    first = spoken(ReadMark(), NO, [MA], subject=news.id, refs=refs(reads=news))
    again = spoken(ReadMark(), NO, [MA], subject=news.id, refs=refs(reads=news), said=Millis(NOW + 1))
    other = spoken(ReadMark(), ET, [MA], subject=news.id, refs=refs(reads=news))
    seen = Memory(MA, [news, first])
    assert (ruled(again, seen), ruled(other, seen)) == ("messages.twice", "allowed")


def test_a_mark_or_decline_of_what_is_not_here_waits_for_it() -> None:
    """A decline of a restored node may come before the copy of the request that is sent again."""
    asked = spoken(ASK, MA, [NO])
    for act, rel in ((ReadMark(), "reads"), (Decline(reason=WHY), "declines")):
        said = spoken(act, NO, [MA], subject=asked.id, refs=refs(**{rel: asked}))
        assert ruled(said, Memory(MA)) == "messages.unseen"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "allowed"),
        ({"sender": ET}, "messages.addressee"),
        ({"sender": MA, "to": NO}, "messages.addressee"),
        ({"to": ET}, "messages.addressee"),
        ({"refs": ()}, "messages.decline"),
        ({"subject": None}, "messages.decline"),
    ],
)
def test_only_who_was_asked_declines(changes: dict[str, Any], code: str) -> None:
    """And tells the bureau that asked."""
    asked = spoken(ASK, MA, [NO])
    how = {"sender": NO, "to": MA, "subject": asked.id, "refs": refs(declines=asked)} | changes
    said = spoken(Decline(reason=WHY), how.pop("sender"), [how.pop("to")], **how)
    assert ruled(said, Memory(MA, [asked])) == code


def test_only_a_request_is_declined() -> None:
    """Information asks for nothing."""
    news = spoken(NEWS, MA, [NO])
    said = spoken(Decline(reason=WHY), NO, [MA], subject=news.id, refs=refs(declines=news))
    assert ruled(said, Memory(MA, [news])) == "messages.decline"


@pytest.mark.parametrize("reason", ["", " ", "x" * 2001, "a\x1b[2Jb"])
def test_a_decline_has_a_reason_that_can_be_read(reason: str) -> None:
    with pytest.raises(ValueError, match="a reason has 1 to"):
        Decline(reason=reason)


@given(order=st.permutations(range(5)), after=st.integers(0, 3 * DAY))
def test_reply_and_decline_close_the_same_clock_in_any_order(order: list[int], after: int) -> None:
    """What is due afterwards is due of others alone, and the first of the two words says how late it was."""
    asked = spoken(ASK, MA, [NO, ET])
    declined = spoken(
        Decline(reason=WHY), NO, [MA], subject=asked.id, refs=refs(declines=asked), said=Millis(NOW + after)
    )
    answer = Reply(title="a plate", text="nobody's", language="en")
    replied = spoken(
        answer, NO, [MA], subject=asked.id, refs=refs(thread=asked, answers=asked), said=Millis(NOW + after + HOUR)
    )
    marks = [spoken(ReadMark(), each, [MA], subject=asked.id, refs=refs(reads=asked)) for each in (NO, ET)]
    acts, state = (asked, declined, replied, *marks), None
    for place in order:
        state = fold(state, Entered(number=0, said=acts[place]))
    assert isinstance(state, Matter)
    assert state.owing == (ET,)
    assert {step.after for step in due(state)} == {ET}
    assert {mark.bureau for mark in state.opened} == {NO, ET}
    closed, running = sorted(clocks(state, {NO: NOW, ET: NOW}, Millis(NOW + 9 * DAY)), key=lambda each: each.bureau)[
        ::-1
    ]
    assert (closed.declined, closed.replied) == (NOW + after, NOW + after + HOUR)
    assert (closed.late or 0) == max(0, after - TERMS["urgent"].within)
    assert running.late == 9 * DAY - TERMS["urgent"].within


# --------------------------------------------------------------------------------------------------------------- nodes


def opened(fed: Federation, act: bytes) -> list[tuple[str, bool]]:
    """Return to whom a message of ``ma`` went, and who says to have opened it."""
    return [(each.recipient, each.opened is not None) for each in desk.status(*at(fed, MA), act=act.hex())]


def test_reading_alone_tells_the_sender_nothing(fed: Federation) -> None:
    """What a person does at the own desk is nobody else's affair until they say it; programs read too."""
    news = arrived(fed, to=(NO, ET))
    desk.read(*at(fed, NO), act=news.id.hex())
    fed.carry()
    assert opened(fed, news.id) == [(ET, False), (NO, False)]
    desk.mark_read(*at(fed, NO), act=news.id.hex())
    fed.carry()
    assert opened(fed, news.id) == [(ET, False), (NO, True)]
    (mark,) = received(fed.bureaus[MA], "messages.read-mark/1")
    assert mark.head.author is None
    assert [each.opened is not None for each in desk.status(*at(fed, NO), act=news.id.hex())] == [True]
    assert received(fed.bureaus[ET], "messages.read-mark/1") == []
    for name in (MA, NO):
        assert rebuild(fed.bureaus[name]).differing == ()


def test_that_a_message_was_opened_is_told_once(fed: Federation) -> None:
    """Whoever of the officers opens it next."""
    news = arrived(fed)
    desk.mark_read(*at(fed, NO), act=news.id.hex())
    with pytest.raises(Refused) as refused:
        desk.mark_read(*at(fed, NO, unit="fugitives"), act=news.id.hex())
    assert refused.value.refusal.code == "messages.twice"


def test_a_second_mark_of_a_lawless_node_is_refused(fed: Federation) -> None:
    """The sender's own node looks."""
    news = arrived(fed)
    mark = Utterance(
        act=ReadMark(), to=(MA,), purpose=Purpose.INVESTIGATE, subject=news.id,
        refs=(Relation(rel="reads", act=news.id),),
    )  # fmt: skip
    for _ in range(2):
        lawless(fed, NO).submit(mark).result()
        fed.carry()
    assert len(received(fed.bureaus[MA], "messages.read-mark/1")) == 1


def test_who_may_not_read_a_message_cannot_have_opened_it(fed: Federation) -> None:
    """Nor can its sender."""
    news = arrived(fed, confidentiality=Confidentiality.RESTRICTED)
    auditor = msgspec.structs.replace(reader(fed.bureaus[NO]), role=OfficerRole.AUDITOR)
    with pytest.raises(Misused, match="could have opened"):
        desk.mark_read(fed.bureaus[NO], auditor, act=news.id.hex())
    with pytest.raises(Misused, match="no act that you may see"):
        desk.mark_read(*at(fed, NO), act=news.id.hex())
    with pytest.raises(Misused, match="our own"):
        desk.mark_read(*at(fed, MA), act=news.id.hex())


def decline(fed: Federation, act: bytes, reason: str = WHY) -> None:
    """Decline a request at ``no``, and let it arrive."""
    desk.decide(*at(fed, NO), act=act.hex(), decision=Decision.DECLINED, reason=reason)
    fed.carry()


def test_a_declined_request_is_closed_at_both_ends(fed: Federation) -> None:
    """No reminder, nothing overdue, nothing for supervisors; the reason stands in the thread and in the receipt."""
    asked = ask(fed, urgency=Urgency.URGENT)
    fed.pass_time(2 * HOUR, every=HOUR)
    decline(fed, asked.id)
    fed.pass_time(2 * DAY, every=6 * HOUR)
    for name in (MA, NO):
        (closed,) = desk.clock(*at(fed, name), act=asked.id.hex())
        assert (closed.declined is not None, closed.replied, closed.late) == (True, None, None)
        assert desk.overdue(*at(fed, name)) == desk.escalated(*at(fed, name)) == ()
        told = [each.act for each in desk.thread(*at(fed, name), act=asked.id.hex())]
        assert Decline(reason=WHY) in told
        assert rebuild(fed.bureaus[name]).differing == ()
    assert received(fed.bureaus[NO], "messages.reminder/1", "messages.escalation/1") == []
    (ladder,) = desk.status(*at(fed, MA), act=asked.id.hex())
    assert [(each.code, each.reason) for each in ladder.reached][-1] == ("messages.declined", WHY)


def test_a_request_that_is_taken_runs_on(fed: Federation) -> None:
    """Somebody works on it: that is no answer yet."""
    asked = ask(fed, urgency=Urgency.URGENT)
    desk.decide(*at(fed, NO), act=asked.id.hex(), decision=Decision.TAKEN)
    fed.pass_time(9 * HOUR, every=HOUR)
    assert [late.clock.bureau for late in desk.overdue(*at(fed, MA))] == [NO]


def test_one_recipients_decline_closes_nobody_elses_clock(fed: Federation) -> None:
    """Each recipient answers for itself."""
    asked = ask(fed, to=(NO, ET), urgency=Urgency.URGENT)
    decline(fed, asked.id)
    fed.pass_time(9 * HOUR, every=HOUR)
    assert [late.clock.bureau for late in desk.overdue(*at(fed, MA))] == [ET]


def test_a_closed_request_is_not_decided_again_and_may_still_be_answered(fed: Federation) -> None:
    """Whoever finds the answer after all sends it; the first word closed the clock."""
    asked = ask(fed, urgency=Urgency.URGENT)
    decline(fed, asked.id)
    for decision in Decision:
        with pytest.raises(Misused, match="this request is closed"):
            desk.decide(*at(fed, NO), act=asked.id.hex(), decision=decision, reason="again")
    reply(fed, asked)
    fed.carry()
    for name in (MA, NO):
        (closed,) = desk.clock(*at(fed, name), act=asked.id.hex())
        assert closed.declined is not None
        assert closed.replied is not None


def test_information_is_declined_without_a_clock(fed: Federation) -> None:
    """The rung is said, and nothing more."""
    news = arrived(fed)
    decline(fed, news.id)
    assert received(fed.bureaus[MA], "messages.decline/1") == []
    (ladder,) = desk.status(*at(fed, MA), act=news.id.hex())
    assert ladder.reached[-1].code == "messages.declined"


def test_the_unit_that_asked_sees_what_came_of_it(fed: Federation) -> None:
    """Above official use too: the answer, the decline and the mark are for whoever needs them; for no other unit."""
    asked = ask(fed, confidentiality=Confidentiality.RESTRICTED, urgency=Urgency.URGENT)
    bureau = fed.bureaus[NO]
    chief = msgspec.structs.replace(reader(bureau), role=OfficerRole.SUPERVISOR)
    desk.mark_read(bureau, chief, act=asked.id.hex())
    desk.decide(bureau, chief, act=asked.id.hex(), decision=Decision.DECLINED, reason=WHY)
    desk.reply(bureau, chief, act=asked.id.hex(), text="nobody's")
    fed.carry()
    kinds = {each.kind for each in desk.thread(*at(fed, MA), act=asked.id.hex())}
    assert kinds == {"messages.request/1", "messages.read-mark/1", "messages.decline/1", "messages.reply/1"}
    assert opened(fed, asked.id) == [(NO, True)]
    (closed,) = desk.clock(*at(fed, MA), act=asked.id.hex())
    assert None not in {closed.declined, closed.replied}
    assert desk.waiting(*at(fed, MA)) == ()
    with pytest.raises(Misused, match="no act that you may see"):
        desk.thread(*at(fed, MA, unit="vehicles"), act=asked.id.hex())
    assert desk.inbox(*at(fed, MA, unit="vehicles")).items == ()
