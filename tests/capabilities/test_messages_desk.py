"""The desk of messages between real nodes: send, ask, answer, read, assign, decide, and what cannot be a message."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from comity.capabilities.messages import desk
from comity.capabilities.messages.acts import Information, Reply, Urgency
from comity.capabilities.messages.desk import Decision
from comity.core.capability import OfficerRole
from comity.core.errors import Misused
from comity.core.handling import Basis, Confidentiality, Handling, Label, Onward, Source
from comity.core.ids import Millis
from comity.core.receipt import Rung
from comity.node import officers
from tests.capabilities.desks import ET, MA, NO, SECRET, ask, at, reply, send, trace
from tests.simulator import DAY, START, Federation, code_of, lines, reader, rungs

# ---------------------------------------------------------------------------------------------------------- good roads


def test_a_message_goes_there_and_its_receipts_come_back(fed: Federation) -> None:
    said = send(fed, to=(NO, ET), title="Vessel", law="Art. 4", reliability=Source.A, certainty=1)
    assert (said.kind, said.to, said.leaf) == ("messages.information/1", (ET, NO), 0)
    fed.carry()
    for name in (NO, ET):
        (found,) = desk.inbox(*at(fed, name)).items
        assert (found.id, found.sender, found.basis, found.label.information) == (said.id, MA, Basis(law="Art. 4"), 1)
        assert isinstance(found.act, Information)
        assert (found.act.title, found.act.text) == ("Vessel", SECRET)
        assert desk.read(*at(fed, name), act=said.id.hex()[:4]) == found
    assert [found.id for found in desk.outbox(*at(fed, MA)).items] == [said.id]
    ladders = desk.status(*at(fed, MA), act=said.id.hex())
    assert [(each.recipient, each.reached[-1].rung, each.reached[-1].code) for each in ladders] == [
        (ET, Rung.RULED, "accepted"),
        (NO, Rung.RULED, "accepted"),
    ]


def test_a_request_its_reply_and_what_a_person_decides_stand_in_one_thread(fed: Federation) -> None:
    asked = ask(fed, urgency=Urgency.URGENT)
    desk.decide(*at(fed, NO), act=asked.id.hex(), decision=Decision.TAKEN)
    said = reply(fed, asked)
    fed.carry()
    for name in (MA, NO):
        thread = desk.thread(*at(fed, name), act=said.id.hex())
        assert [(found.id, found.sender) for found in thread] == [(asked.id, MA), (said.id, NO)]
    found = desk.read(*at(fed, MA), act=said.id.hex())
    assert isinstance(found.act, Reply)
    assert (found.act.title, found.subject, found.recipients) == ("Re: a plate", asked.id, (MA,))
    assert rungs(fed.bureaus[MA], asked.id) == [("no", Rung.RULED, "accepted"), ("no", Rung.DECIDED, "accepted")]
    assert lines(fed.bureaus[NO], said.id)["ma"].lane == lines(fed.bureaus[MA], asked.id)["no"].lane == 0


def test_a_person_declines_with_a_reason_that_the_sender_reads(fed: Federation) -> None:
    asked = ask(fed)
    desk.decide(*at(fed, NO), act=asked.id.hex(), decision=Decision.DECLINED, reason=" no such register ")
    fed.carry()
    (ladder,) = desk.status(*at(fed, MA), act=asked.id.hex())
    decided = ladder.reached[-1]
    assert (decided.rung, decided.code, decided.reason) == (Rung.DECIDED, "messages.declined", "no such register")


def test_an_assignment_lets_a_unit_read_and_nobody_else_learns_of_it(fed: Federation) -> None:
    said = send(fed, confidentiality=Confidentiality.RESTRICTED)
    fed.carry()
    with pytest.raises(Misused, match="no act that you may see"):
        desk.read(*at(fed, NO, "fugitives"), act=said.id.hex())
    officers.add(fed.bureaus[NO], "fugitives")
    supervisor = msgspec.structs.replace(reader(fed.bureaus[NO]), role=OfficerRole.SUPERVISOR)
    assigned = desk.assign(fed.bureaus[NO], supervisor, act=said.id.hex(), unit=("fugitives", "fugitives"))
    assert assigned.to == (NO,)
    assert desk.read(*at(fed, NO, "fugitives"), act=said.id.hex()).id == said.id
    fed.carry()
    assert code_of(fed.bureaus[MA], assigned.id) == "absent"


def test_a_reply_takes_over_the_limits_of_its_request_and_adds_its_own(fed: Federation) -> None:
    strict: dict[str, Any] = {
        "handling": Handling.H3,
        "terms": "not to the press",
        "audience": (NO,),
        "onward": Onward.NONE,
    }
    asked = ask(fed, expires=Millis(START + DAY), law="Art. 4", **strict)
    said = reply(fed, asked, terms="not to the tax office", reliability=Source.A, certainty=1)
    fed.carry()
    found = desk.read(*at(fed, MA), act=said.id.hex())
    assert found.label == Label(
        handling=Handling.H3, source=Source.A, information=1,
        onward=Onward.NONE, audience=(MA, NO), expires=Millis(START + DAY),
    )  # fmt: skip
    assert isinstance(found.act, Reply)
    assert (found.act.terms, found.basis) == ("not to the press\nnot to the tax office", Basis(law="Art. 4"))


def test_a_reply_can_name_a_basis_of_its_own_when_that_of_the_request_has_ended(fed: Federation) -> None:
    asked = ask(fed, law="warrant 12", law_until=Millis(START + 1000))
    fed.later(1000)
    said = reply(fed, asked, law="warrant 13")
    fed.carry()
    assert desk.read(*at(fed, MA), act=said.id.hex()).basis == Basis(law="warrant 13")


def test_lists_are_short_and_newest_first(fed: Federation) -> None:
    said = [send(fed, title=f"number {number}").id for number in range(3)]
    fed.carry()
    page = desk.inbox(*at(fed, NO), limit=2)
    assert [found.id for found in page.items] == [said[2], said[1]]
    assert page.older is not None
    with pytest.raises(Misused, match="a page holds"):
        desk.outbox(*at(fed, MA), limit=0)


# ------------------------------------------------------------------------------------------------------------- misused


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ({"text": " "}, "a message needs a text"),
        ({"text": "x" * 100_001}, "1 to 100000 characters"),
        ({"text": "\x1b[2J"}, "no control characters"),
        ({"title": ""}, "one line of 1 to 200"),
        ({"title": "two\nlines"}, "one line of 1 to 200"),
        ({"title": "gpj\u202eexe"}, "one line of 1 to 200"),
        ({"language": "English"}, "a language is its tag"),
        ({"terms": "x" * 2001}, "terms have at most"),
        ({"certainty": 5}, "from 1 to 4"),
        ({"law": "x" * 201}, "1 to 200 characters"),
        ({"law_until": START}, "give --law"),
        ({"to": (MA,)}, "ma is this bureau"),
        ({"to": ()}, "at least one recipient"),
        ({"file": Path("missing.txt")}, "give --text or --file, not both"),
        ({"text": "", "file": Path("missing.txt")}, "cannot read missing.txt: No such file"),
        ({"text": "", "file": Path("/")}, "cannot read /: Is a directory"),
        ({"attach": (Path("missing.txt"),)}, "cannot read missing.txt: No such file"),
        ({"attach": (Path("/"),)}, "/ is not a file"),
        ({"attach": (Path("/dev/null"),)}, "/dev/null is not a file"),
    ],
)
def test_what_cannot_be_a_message_is_told_in_a_sentence(still: Federation, how: dict[str, Any], sentence: str) -> None:
    before = trace(still, MA)
    with pytest.raises(Misused, match=sentence):
        send(still, **how)
    assert trace(still, MA) == before


def test_a_text_file_is_read_as_people_save_it(fed: Federation, tmp_path: Path) -> None:
    file = tmp_path / "text.txt"
    file.write_bytes("\ufeffun véhicule\r\nà Rabat".encode())
    said = send(fed, text="", file=file)
    found = desk.read(*at(fed, MA), act=said.id.hex()).act
    assert isinstance(found, Information)
    assert found.text == "un véhicule\nà Rabat"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Misused, match="not text in UTF-8"):
        send(fed, text="", file=file)


def test_only_what_others_sent_is_decided_and_declined_only_with_a_reason(fed: Federation) -> None:
    asked = ask(fed)
    with pytest.raises(Misused, match="is our own"):
        desk.decide(*at(fed, MA), act=asked.id.hex(), decision=Decision.TAKEN)
    with pytest.raises(Misused, match="say why"):
        desk.decide(*at(fed, NO), act=asked.id.hex(), decision=Decision.DECLINED)


def test_only_a_request_is_answered_and_only_to_somebody_assigned(fed: Federation) -> None:
    said = send(fed)
    fed.carry()
    with pytest.raises(Misused, match="only a request can be answered"):
        desk.reply(*at(fed, NO), act=said.id.hex(), text="x")
    with pytest.raises(Misused, match="say to whom"):
        desk.assign(*at(fed, NO), act=said.id.hex())
    with pytest.raises(Misused, match="in one line"):
        desk.assign(*at(fed, NO), act=said.id.hex(), unit=("two\nlines",))
    with pytest.raises(Misused, match="carries no attachments"):
        desk.save(*at(fed, NO), act=said.id.hex())


@pytest.mark.parametrize("digits", ["", "abc", "nothex", "0" * 65, "ffff"])
def test_an_act_is_named_by_digits_that_fit_one(still: Federation, digits: str) -> None:
    with pytest.raises(Misused):
        desk.read(*at(still, MA), act=digits)
