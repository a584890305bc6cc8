"""What a reader may see: the view behaves as over a store that never held anything else."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from comity.capabilities.messages.acts import Assignment, Information, Reply, Request
from comity.capabilities.messages.rules import Matter
from comity.core.act import Act, Erased, Relation, body_digest
from comity.core.capability import OfficerRole
from comity.core.errors import Misused, Unreachable
from comity.core.handling import Basis, Confidentiality, Label, Purpose
from comity.core.ids import ActId, BureauId
from comity.core.receipt import Rung
from comity.core.registry import Standing
from comity.node import jobs, schema
from comity.node.bureau import PATIENCE
from comity.node.database import Transaction
from comity.node.store import ACCEPTED, Kept
from comity.node.view import Direction, Glimpse, Page, Ruled, Veiled, View, Wanted
from tests.simulator import START, Federation, federation, reader

NO, MA, ET = BureauId("no"), BureauId("ma"), BureauId("et")
SECRET = Label(confidentiality=Confidentiality.CONFIDENTIAL)


@pytest.fixture
def fed(tmp_path: Path) -> Iterator[Federation]:
    made = federation(tmp_path, ["no", "ma", "et"])
    yield made
    made.close()


def say(
    fed: Federation, act: Act, sender: BureauId = NO, to: tuple[BureauId, ...] = (MA,), *, unit: str = "duty",
    **how: object,
) -> Kept:  # fmt: skip
    """Say an act as an officer of a unit."""
    how.setdefault("purpose", Purpose.INVESTIGATE)
    return fed.bureaus[sender].say(act, to, reader=reader(fed.bureaus[sender], unit=unit), **how)


def information(text: str = "a text") -> Information:
    """Return a message that asks nothing."""
    return Information(title="a title", text=text, language="en")


def request(text: str = "whose car is it?") -> Request:
    """Return a message that asks for an answer."""
    return Request(title="a plate", text=text, language="en")


def reply(fed: Federation, asked: Kept, *, label: Label = Label(), unit: str = "duty") -> Kept:  # noqa: B008 - frozen
    """Answer a request as `ma`."""
    refs = (Relation(rel="answers", act=asked.id), Relation(rel="thread", act=asked.id))
    act = Reply(title="the plate", text="it is a rented one", language="en")
    return say(fed, act, MA, (NO,), unit=unit, label=label, refs=refs, subject=asked.id)


def view(fed: Federation, bureau: BureauId = NO, **who: object) -> View:
    """Return what somebody sees at a bureau."""
    return View(fed.bureaus[bureau], reader(fed.bureaus[bureau], **who))  # type: ignore[arg-type]


def ids(page: Page[Glimpse]) -> list[ActId]:
    """Return the ids of a page."""
    return [found.id for found in page.items]


# Acts.


def test_an_act_comes_with_all_that_a_face_needs(fed: Federation) -> None:
    kept = say(fed, information(), label=Label(audience=(MA, NO)), basis=Basis(law="Art. 1"))
    found = view(fed).act(kept.id)
    assert found is not None
    assert (found.kind, found.sender, found.recipients) == ("messages.information/1", NO, (MA,))
    assert (found.said, found.at, found.code, found.erased) == (START, START, ACCEPTED, False)
    assert (found.act, found.masked, found.thread, found.basis) == (information(), (), kept.id, Basis(law="Art. 1"))


def test_the_newest_act_comes_first_and_pages_go_on_where_the_last_one_ended(fed: Federation) -> None:
    said = [say(fed, information(f"text {number}")).id for number in range(5)]
    first = view(fed).acts(limit=2)
    second = view(fed).acts(limit=2, before=first.older)
    last = view(fed).acts(limit=2, before=second.older)
    assert [ids(page) for page in (first, second, last)] == [said[:2:-1], said[2:0:-1], said[:1]]
    assert last.older is None


def test_inbox_and_outbox_tell_whose_acts_they_are(fed: Federation) -> None:
    ours = say(fed, information()).id
    theirs = say(fed, information(), MA, (NO,)).id
    fed.carry()
    assert (ids(view(fed).outbox()), ids(view(fed).inbox())) == ([ours], [theirs])
    assert view(fed).count(Wanted(direction=Direction.IN)) == 1


def test_kinds_narrow_a_list_down(fed: Federation) -> None:
    say(fed, information())
    asked = say(fed, request()).id
    assert ids(view(fed).outbox("messages.request/1")) == [asked]


def test_a_thread_is_read_from_its_first_message_on_whichever_act_is_named(fed: Federation) -> None:
    asked = say(fed, request())
    say(fed, information())
    fed.carry()
    answer = reply(fed, asked)
    fed.carry()
    assert [found.id for found in view(fed).thread(answer.id)] == [asked.id, answer.id]


def test_what_was_refused_is_listed_with_its_code_and_without_its_body(fed: Federation) -> None:
    kept = say(fed, information(), MA, (NO,))
    accreditation = msgspec.structs.replace(fed.registry.accreditations[MA], standing=Standing.SUSPENDED)
    fed.change(accreditations={MA: accreditation})
    fed.carry()
    (found,) = view(fed).refused().items
    assert (found.id, found.code) == (kept.id, "registry.suspended")
    assert (found.act, found.erased) == (Erased(tag="messages.information/1"), False)
    assert (view(fed).count(Wanted(ruled=Ruled.REFUSED)), view(fed).inbox().items) == (1, ())


def test_an_erased_act_is_listed_as_its_tombstone(fed: Federation) -> None:
    kept = say(fed, information())
    store = fed.bureaus[NO].store
    fed.bureaus[NO].database.write(lambda tx: store.erase(tx, kept.id))
    found = view(fed).act(kept.id)
    assert found is not None
    assert (found.erased, found.code, found.act) == (True, ACCEPTED, Erased(tag="messages.information/1"))
    with pytest.raises(Misused, match="erased"):
        view(fed).signed(kept.id)


def test_the_signed_whole_is_for_who_may_see_it_whole(fed: Federation) -> None:
    kept = say(fed, information("a text to prove"))
    signed = view(fed).signed(kept.id)
    assert body_digest(signed.salt, signed.body) == kept.head.body


@pytest.mark.parametrize("limit", [0, 501])
def test_a_page_has_a_limit(fed: Federation, limit: int) -> None:
    with pytest.raises(Misused, match="page"):
        view(fed).acts(limit=limit)


def test_a_reader_of_another_bureau_has_no_view(fed: Federation) -> None:
    with pytest.raises(Misused, match="desk"):
        View(fed.bureaus[NO], reader(fed.bureaus[MA]))


def test_an_act_is_found_by_the_first_digits_of_its_id(fed: Federation) -> None:
    kept = say(fed, information())
    assert view(fed).find(kept.id.hex()[:8]).id == kept.id
    with pytest.raises(Misused, match="no act"):
        view(fed).find("0" * 8 if kept.id[:1] != b"\0" else "f" * 8)


# Hidden and masked.


def test_a_hidden_act_is_nowhere(fed: Federation) -> None:
    shown, hidden = say(fed, information()), say(fed, request(), unit="drugs", label=SECRET)
    fed.carry()
    other = view(fed, unit="duty")
    assert ids(other.acts()) == [shown.id]
    assert (other.act(hidden.id), other.kept(hidden.id), other.thread(hidden.id)) == (None, None, ())
    assert (other.count(), other.receipts(hidden.id), other.state(hidden.id, Matter)) == (1, (), None)
    assert [found.opened.id for found in other.states(Matter).items] == [shown.id]
    for asked in (other.signed, lambda act: other.find(act.hex())):
        with pytest.raises(Misused, match="no "):
            asked(hidden.id)


def test_a_hidden_act_does_not_promise_another_page(fed: Federation) -> None:
    say(fed, information(), unit="drugs", label=SECRET)
    say(fed, information())
    assert view(fed, unit="duty").acts(limit=1).older is None


def test_an_assignment_opens_the_hidden_act(fed: Federation) -> None:
    hidden = say(fed, information(), unit="drugs", label=SECRET)
    say(fed, Assignment(units=("duty",)), to=(NO,), subject=hidden.id, unit="drugs")
    assert hidden.id in ids(view(fed, unit="duty").acts())


def test_of_a_masked_act_the_fields_are_missing_and_named(fed: Federation) -> None:
    kept = say(fed, information("nobody's business"))
    found = view(fed, role=OfficerRole.AUDITOR).act(kept.id)
    assert found is not None
    assert found.act == Veiled(tag="messages.information/1", shown=())
    assert found.masked == ("abroad", "attachments", "language", "terms", "text", "title")
    assert b"business" not in msgspec.json.encode(found, enc_hook=repr)


def test_the_signed_whole_of_a_masked_act_is_not_given(fed: Federation) -> None:
    kept = say(fed, information())
    auditor = view(fed, role=OfficerRole.AUDITOR)
    assert auditor.kept(kept.id) == kept
    with pytest.raises(Misused, match="part"):
        auditor.signed(kept.id)


def test_acts_of_the_exchange_itself_are_not_listed(fed: Federation) -> None:
    kept = say(fed, information())
    fed.carry()
    with fed.bureaus[NO].database.read() as tx:
        kinds = {row.kind: ActId(bytes(row.id)) for row in tx.all(select(schema.acts.c.kind, schema.acts.c.id))}
    assert view(fed, role=OfficerRole.SUPERVISOR).act(kinds["exchange.receipts/1"]) is None
    assert ids(view(fed, role=OfficerRole.SUPERVISOR).acts()) == [kept.id]


# State.


def test_a_state_does_not_tell_of_a_hidden_act(fed: Federation) -> None:
    asked = say(fed, request())
    fed.later(1)
    fed.carry()
    answer = reply(fed, asked, label=SECRET)
    fed.carry()
    supervisor, other = view(fed, role=OfficerRole.SUPERVISOR), view(fed, unit="traffic")
    whole, part = (each.state(asked.id, Matter) for each in (supervisor, other))
    assert whole is not None
    assert part is not None
    assert [line.act for line in whole.lines] == [asked.id, answer.id]
    assert ([line.act for line in part.lines], part.owing) == ([asked.id], (MA,))


def test_states_come_by_the_act_that_opened_them(fed: Federation) -> None:
    said = [say(fed, information()).id for _ in range(3)]
    first = view(fed).states(Matter, limit=2)
    rest = view(fed).states(Matter, limit=2, before=first.older)
    assert [found.opened.id for found in (*first.items, *rest.items)] == said[::-1]
    assert rest.older is None


def test_a_state_that_no_capability_keeps_is_asked_for_by_mistake(fed: Federation) -> None:
    with pytest.raises(Misused, match="no capability"):
        view(fed).states(Label)


# Receipts, evidence, peers.


def test_a_ladder_shows_how_far_an_act_has_come_with_each_recipient(fed: Federation) -> None:
    def ma_is_away(_sender: BureauId, recipient: BureauId, deliveries: list[bytes]) -> list[bytes]:
        if recipient == MA:
            raise Unreachable("nobody answers")
        return deliveries

    fed.interfere = ma_is_away
    kept = say(fed, information(), to=(ET, MA))
    fed.carry()
    there, away = view(fed).receipts(kept.id)
    assert (there.recipient, there.state, [each.rung for each in there.reached]) == (ET, "settled", [Rung.RULED])
    assert (there.reached[0].code, there.reached[0].leaf, there.reached[0].at) == (ACCEPTED, 0, START)
    assert (away.recipient, away.state, away.reached, away.trouble) == (MA, "queued", (), "nobody answers")
    assert (away.silences, away.attempts > 0) == ((), True)


def test_a_stated_silence_stands_on_the_ladder(fed: Federation) -> None:
    fed.interfere = lambda _sender, _recipient, _deliveries: []
    kept = say(fed, information())
    fed.later(max(PATIENCE.values()))
    jobs.state_silence(fed.bureaus[NO])
    (ladder,) = view(fed).receipts(kept.id)
    (silence,) = ladder.silences
    assert (ladder.state, silence.deadline) == ("silent", ladder.deadline)
    assert silence.said == fed.now()


def test_the_ladder_of_a_received_act_shows_what_we_answered(fed: Federation) -> None:
    kept = say(fed, information())
    fed.carry()
    (ladder,) = view(fed, MA).receipts(kept.id)
    (reached,) = ladder.reached
    assert (ladder.recipient, ladder.state, reached.rung, reached.code) == (MA, "", Rung.RULED, ACCEPTED)
    assert reached.batch is not None


def test_evidence_is_shown_unless_it_tells_of_a_hidden_act(fed: Federation) -> None:
    shown, hidden = say(fed, information()), say(fed, information(), unit="drugs", label=SECRET)
    bureau = fed.bureaus[NO]

    def accuse(tx: Transaction) -> None:
        for kept in (shown, hidden):
            bureau.store.accuse(tx, MA, "equivocation", kept.signed_head, shown.signed_head, START)
        bureau.store.accuse(tx, ET, "split-view", b"a note", b"another note", START)

    bureau.database.write(accuse)
    assert [found.number for found in view(fed, unit="duty").evidence()] == [1, 3]
    assert len(view(fed, role=OfficerRole.SUPERVISOR).evidence()) == 3


def test_peers_are_shown_with_standing_and_the_checkpoint_last_seen(fed: Federation) -> None:
    say(fed, information())
    fed.carry()
    et, ma, no = view(fed).peers()
    assert [peer.bureau for peer in (et, ma, no)] == [ET, MA, NO]
    assert (ma.standing, ma.name, ma.seen) == (Standing.MEMBER, "NCB ma", START)
    assert (ma.size > 0, et.size, et.seen) == (True, 0, None)
