"""Asking a message back: by rule, and between real nodes that are away, restart, or hear of it before the message."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.capabilities.messages import CAPABILITY, desk
from comity.capabilities.messages.acts import Information, Recall, Recalled, Reply, Request, Why
from comity.capabilities.messages.rules import Matter, due, erases, fold, recallings
from comity.core.act import Erased, Relation, Said
from comity.core.codec import encode
from comity.core.errors import Misused, Refused
from comity.core.handling import Confidentiality, Label
from comity.core.ids import ActId, BureauId, Millis
from comity.core.keeping import Entered
from comity.node.glimpse import Glimpse
from comity.node.rebuild import rebuild
from tests.capabilities.memory import ET, MA, NO, NOW, Memory, code_of, refs, say
from tests.simulator import DAY, Federation, federation, held, reader, received

SECRET = "the house at the end of the road"
TELL = Information(title="a house", text=SECRET, language="en")


# --------------------------------------------------------------------------------------------------------------- rules


def ask_back(message: Said, sender: BureauId = MA, to: tuple[BureauId, ...] = (NO,), **changes: Any) -> Said:  # noqa: ANN401
    """Return a recall that is right in every respect but the changes."""
    how = {"subject": message.head.subject or message.id, "refs": refs(recalls=message), "keeper": None}
    return say(Recall(why=Why.RECIPIENT), sender, to, **how | changes)


def gone(message: Said, sender: BureauId = NO, to: tuple[BureauId, ...] = (MA,), **changes: Any) -> Said:  # noqa: ANN401
    """Return the statement of a recipient that its copy is gone."""
    how = {"subject": message.head.subject or message.id, "refs": refs(recalls=message)}
    return say(Recalled(), sender, to, **how | changes)


def code(said: Said, me: BureauId, *seen: Said) -> str:
    """Return what the gates say at a bureau that has seen these acts."""
    rulings = (code_of(gate(said, Memory(me, seen), NOW)) for gate in CAPABILITY.gates)
    return next((each for each in rulings if each != "allowed"), "allowed")


def course(*acts: Said) -> Matter:
    """Fold the acts in this order."""
    state = None
    for said in acts:
        state = fold(state, Entered(number=0, said=said))
    assert state is not None
    return state


def test_only_the_sender_asks_a_message_back_and_from_those_who_got_it() -> None:
    told = say(TELL, MA, [NO, ET])
    assert code(ask_back(told), MA, told) == code(ask_back(told, to=(ET, NO)), NO, told) == "allowed"
    assert code(ask_back(told, NO, (ET,)), ET, told) == "messages.source"
    assert code(ask_back(told, to=(BureauId("br"),)), BureauId("br"), told) == "messages.addressee"
    assert code(ask_back(told, subject=say(TELL, NO, [MA]).id), NO, told) == "messages.recall"
    assert code(ask_back(told, subject=None), NO, told) == "messages.recall"
    assert code(ask_back(told, refs=()), NO, told) == "messages.recall"
    assert code(ask_back(ask_back(told)), NO, told, ask_back(told)) == "messages.recall"


def test_a_recall_may_overtake_its_message_and_is_not_said_of_one_that_is_unknown() -> None:
    told = say(TELL, MA, [NO])
    assert code(ask_back(told), NO) == "allowed"
    assert code(ask_back(told), MA) == "messages.unseen"


def test_only_who_was_asked_states_that_its_copy_is_gone() -> None:
    told = say(TELL, MA, [NO, ET])
    asked = ask_back(told)
    assert code(gone(told), MA, told, asked) == "allowed"
    assert code(gone(told, ET), MA, told, asked) == "messages.unseen"
    assert code(gone(told), MA, told) == "messages.unseen"
    assert code(gone(told, refs=()), MA, told, asked) == "messages.recall"


def test_a_recall_by_somebody_else_erases_nothing() -> None:
    """Accepted unseen, it counts once the message shows whose it is: and then it does not."""
    told = say(TELL, MA, [NO, ET])
    forged = ask_back(told, ET)
    assert erases(course(told, forged), NO) == frozenset()
    assert due(course(told, forged)) == ()
    assert erases(course(told, forged, ask_back(told)), NO) == {told.id}
    assert erases(course(told, ask_back(told)), ET) == erases(course(told, ask_back(told)), MA) == frozenset()


def test_who_was_asked_for_a_request_back_owes_no_answer() -> None:
    request = say(Request(title="x", text="x", language="en"), MA, [NO, ET])
    assert course(request, ask_back(request)).owing == (ET,)


def scene() -> list[Said]:
    """Return a request to two, a reply, a recall of each, and the statements."""
    request = say(Request(title="x", text="x", language="en"), MA, [NO, ET])
    answer = say(Reply(title="x", text="x", language="en"), NO, [MA], subject=request.id,
                 refs=refs(thread=request, answers=request))  # fmt: skip
    recalled = [ask_back(request, to=(ET, NO)), ask_back(answer, NO, (MA,)), ask_back(request, to=(NO,), seq=2)]
    return [request, answer, *recalled, gone(request), gone(answer, MA, (NO,))]


@given(st.permutations(scene()))
def test_the_order_of_arrival_does_not_matter(arrived: list[Said]) -> None:
    state = course(*arrived)
    assert encode(state) == encode(course(*scene()))
    request, answer, *_ = scene()
    assert {(each.message, each.bureau): each.erased is not None for each in recallings(state)} == {
        (request.id, NO): True, (request.id, ET): False, (answer.id, MA): True,
    }  # fmt: skip
    assert [(step.by, step.to) for step in due(state) if step.what.startswith("recalled.")] == [(ET, (MA,))]


# --------------------------------------------------------------------------------------------------------------- nodes


@pytest.fixture
def fed(tmp_path: Path) -> Iterator[Federation]:
    made = federation(tmp_path, ["ma", "no", "et"])
    yield made
    made.close()


def at(fed: Federation, name: BureauId) -> tuple[Any, Any]:
    bureau = fed.bureaus[name]
    return bureau, reader(bureau)


def told(fed: Federation, **how: Any) -> ActId:  # noqa: ANN401 - options of the desk
    """Send the secret to both, and let it arrive."""
    sent = desk.send(*at(fed, MA), **{"to": (NO, ET), "title": "a house", "text": SECRET} | how)
    fed.carry()
    return sent.id


def seen(fed: Federation, name: BureauId, act: ActId) -> Glimpse:
    return desk.read(*at(fed, name), act=act.hex())


def test_the_recipients_erase_it_and_say_so_and_the_sender_keeps_it(fed: Federation, tmp_path: Path) -> None:
    file = tmp_path / "plan.txt"
    file.write_text(SECRET)
    act = told(fed, attach=(file,))
    blob = seen(fed, NO, act).blobs[0]
    desk.recall(*at(fed, MA), act=act.hex(), why=Why.RECIPIENT)
    fed.carry()
    for name in (NO, ET):
        glimpse = seen(fed, name, act)
        assert glimpse.erased
        assert isinstance(glimpse.act, Erased)
        assert not fed.bureaus[name].blobs.complete(blob)
        assert [type(each.act) for each in desk.thread(*at(fed, name), act=act.hex())][1] is Recall
        assert rebuild(fed.bureaus[name]).differing == ()
        database = fed.folder / name / "node.db"
        assert SECRET.encode() not in b"".join(each.read_bytes() for each in database.parent.glob("node.db*"))
    assert isinstance(seen(fed, MA, act).act, Information)
    assert fed.bureaus[MA].blobs.complete(blob)
    assert [each.erased is not None for each in desk.recalls(*at(fed, MA), act=act.hex())] == [True, True]
    assert [kept.head.author for kept in received(fed.bureaus[MA], "messages.recalled/1")] == [None, None]


def test_a_laggard_is_seen_until_it_is_back(fed: Federation) -> None:
    """Also after a month and a restart; it says once that its copy is gone."""
    act = told(fed)
    fed.away.add(ET)
    desk.recall(*at(fed, MA), act=act.hex(), why=Why.BASIS)
    fed.pass_time(3 * DAY, every=DAY)
    assert {each.bureau: each.erased is None for each in desk.recalls(*at(fed, MA), act=act.hex())} == {
        ET: True,
        NO: False,
    }
    fed.away.clear()
    fed.restart("et")
    fed.pass_time(DAY, every=DAY // 2)
    assert seen(fed, ET, act).erased
    assert len(received(fed.bureaus[MA], "messages.recalled/1")) == 2


def test_one_recipient_alone_can_be_asked(fed: Federation) -> None:
    act = told(fed)
    desk.recall(*at(fed, MA), act=act.hex(), why=Why.RECIPIENT, to=(ET,))
    fed.carry()
    assert (seen(fed, ET, act).erased, seen(fed, NO, act).erased) == (True, False)


def test_a_recall_that_comes_first_leaves_nothing_of_the_message(fed: Federation) -> None:
    """The message is erased in the transaction that accepts it."""
    late: list[bytes] = []

    def hold_back(sender: BureauId, recipient: BureauId, deliveries: list[bytes]) -> list[bytes]:
        if (sender, recipient) == (MA, NO) and not late:
            late.extend(deliveries)
            return []
        return deliveries

    fed.interfere = hold_back
    sent = desk.send(*at(fed, MA), to=(NO,), title="a house", text=SECRET)
    fed.carry(rounds=1)
    desk.recall(*at(fed, MA), act=sent.id.hex(), why=Why.RECIPIENT)
    fed.carry(rounds=1)
    assert held(fed.bureaus[NO], sent.id) is None
    fed.hand_over(MA, NO, late)
    assert seen(fed, NO, sent.id).erased
    fed.carry()
    assert [each.erased is not None for each in desk.recalls(*at(fed, MA), act=sent.id.hex())] == [True]


def test_a_label_that_has_ended_does_not_stop_a_recall(fed: Federation) -> None:
    label_ends = Millis(fed.clock + DAY)
    act = told(fed, expires=label_ends, confidentiality=Confidentiality.RESTRICTED)
    fed.later(2 * DAY)
    sent = desk.recall(*at(fed, MA), act=act.hex(), why=Why.PURPOSE)
    kept = held(fed.bureaus[MA], sent.id)
    assert kept is not None
    assert kept.head.label == Label(confidentiality=Confidentiality.RESTRICTED)


def test_what_others_sent_is_not_ours_to_ask_back(fed: Federation) -> None:
    act = told(fed)
    with pytest.raises(Misused, match="only our own"):
        desk.recall(*at(fed, NO), act=act.hex(), why=Why.RECIPIENT)
    head = seen(fed, NO, act)
    relation = (Relation(rel="recalls", act=act),)
    bureau, officer = at(fed, NO)
    with pytest.raises(Refused, match=r"messages\.source"):
        bureau.say(Recall(why=Why.CONTENT), (ET,), reader=officer, purpose=head.purpose, refs=relation, subject=act)
