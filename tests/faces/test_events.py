"""Live events over a real server: what happens arrives, what is hidden does not, and a break loses nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from comity.core.errors import Refused
from comity.core.handling import Purpose
from comity.core.ids import BureauId
from comity.faces import desk_api, events
from comity.node import news, officers, tokens
from tests.faces.programs import Event, Programs, serving, staff
from tests.simulator import Federation

MA, NO = BureauId("ma"), BureauId("no")


@pytest.fixture
def federation(tmp_path: Path) -> Iterator[Federation]:
    made = Federation(tmp_path)
    for name in (MA, NO):
        staff(made.join(name))
    yield made
    made.close()


@pytest.fixture
def ma(federation: Federation) -> Iterator[Programs]:
    with serving(federation.bureaus[MA], federation.folder / MA) as programs:
        yield programs


@pytest.fixture
def no(federation: Federation) -> Iterator[Programs]:
    with serving(federation.bureaus[NO], federation.folder / NO) as programs:
        yield programs


@pytest.fixture
def ask(ma: Programs) -> Callable[..., str]:
    """Ask Oslo something as Rabat, and return the id of the request."""
    token = ma.token()

    def asked(**more: object) -> str:
        answer = ma.do(token, "messages/request", to=["no"], title="Vessel", text="When did it leave?", **more)
        assert answer.status == 200, answer.raw
        return str(answer.json["id"])

    return asked


def seen(found: list[Event]) -> list[tuple[str, str]]:
    return [(event.name, event.data.get("act") or event.data.get("subject")) for event in found]


def test_a_request_arrives_and_so_does_its_receipt(
    federation: Federation, ma: Programs, no: Programs, ask: Callable[..., str]
) -> None:
    with ma.events(ma.token()) as ours, no.events(no.token()) as theirs:
        request = ask()
        assert seen(ours.take(2)) == [("arrived", request), ("changed", request)]
        federation.carry()
        assert seen(theirs.take(2)) == [("arrived", request), ("changed", request)]
        receipt = ours.next()
        assert (receipt.name, receipt.data["act"]) == ("receipted", request)
        assert (receipt.data["rung"], receipt.data["code"], receipt.data["recipient"]) == (2, "accepted", "no")


def test_the_events_of_one_act_bear_its_number_once_at_the_end(ma: Programs, ask: Callable[..., str]) -> None:
    with ma.events(ma.token()) as stream:
        ask()
        arrived, changed = stream.take(2)
    assert arrived.id == ""
    assert changed.id == str(changed.data["number"]) == str(arrived.data["number"])


def test_who_comes_back_with_the_last_number_has_missed_nothing(ma: Programs, ask: Callable[..., str]) -> None:
    with ma.events(ma.token()) as stream:
        ask()
        last = stream.take(2)[-1].id
    missed = [ask() for _ in range(3)]
    with ma.events(ma.token(), Last_Event_ID=last) as stream:
        assert [name for name in seen(stream.take(6)) if name[0] == "arrived"] == [("arrived", each) for each in missed]
    with ma.events(ma.token(), Last_Event_ID="0") as stream:
        assert len(stream.take(8)) == 8


def test_without_a_number_one_follows_from_now_on(ma: Programs, ask: Callable[..., str]) -> None:
    ask()
    with ma.events(ma.token()) as stream:
        asked = ask()
        assert stream.next().data["act"] == asked


def test_an_officer_of_another_unit_gets_no_event_of_a_hidden_message(
    federation: Federation, ma: Programs, no: Programs, ask: Callable[..., str]
) -> None:
    with ma.events(ma.token(officer="f1")) as stranger, no.events(no.token(officer="f1")) as abroad:
        hidden = ask(confidentiality="restricted")
        federation.carry()
        plain = ask()
        federation.carry()
        assert seen(stranger.take(3)) == [("arrived", plain), ("changed", plain), ("receipted", plain)]
        assert seen(abroad.take(2)) == [("arrived", plain), ("changed", plain)]
    assert hidden != plain


def test_what_falls_due_is_told_and_only_to_whom_the_matter_is_shown(
    federation: Federation, ma: Programs, ask: Callable[..., str]
) -> None:
    with ma.events(ma.token()) as ours, ma.events(ma.token(officer="f1")) as stranger:
        hidden = ask(urgency="urgent", confidentiality="restricted")
        federation.carry()
        federation.pass_time(9 * 3_600_000, every=3_600_000)
        ask()
        met: list[Event] = []
        while not met or met[-1].name != "felldue" or met[-1].data["what"] != "overdue":
            met.append(ours.next())
        assert met[-1].data["subject"] == hidden
        assert met[-1].data["bureau"] == "no"
        assert stranger.next().data.get("act") != hidden


def test_a_token_hears_only_of_its_own_capabilities(
    ma: Programs, ask: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "BEAT", 0.2)
    with ma.events(ma.token("membership:*", tokens.EVENTS)) as stream:
        ask()
        lines = [stream.answer.readline() for _ in range(9)]
    assert b": beat\r\n" in lines
    assert not any(line.startswith(b"data") for line in lines)


def test_a_silent_stream_beats_and_a_revoked_token_ends_it(ma: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "BEAT", 0.2)
    issued = tokens.issue(ma.bureau, "k7", ("messages:*", tokens.EVENTS), ma.bureau.now() + 10**6)  # type: ignore[arg-type]
    with ma.events(issued.secret) as stream:
        tokens.revoke(ma.bureau, issued.token.token)
        assert stream.answer.read().startswith(b": here")


def test_the_stream_of_a_retired_officer_ends(ma: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "BEAT", 0.2)
    gone = officers.add(ma.bureau, "duty").officer
    with ma.events(ma.token(officer=gone)) as stream:
        officers.retire(ma.bureau, gone)
        stream.answer.read()
    issued = ma.token()
    assert tokens.admit(ma.bureau, issued)
    with pytest.raises(Refused):
        tokens.again(ma.bureau, "0" * 16)


def test_a_token_has_four_streams(ma: Programs) -> None:
    token = ma.token()
    with ma.events(token), ma.events(token), ma.events(token), ma.events(token):
        answer = ma.send("GET", f"{ma.path}/events", Authorization=f"Bearer {token}")
        assert (answer.status, answer.code) == (429, "desk.rate")


@pytest.mark.parametrize("number", ["-1", "x", "1.5", "٣", "9" * 40, ""])
def test_a_number_that_is_none_is_told_so(ma: Programs, number: str) -> None:
    if number:
        headers = {"Authorization": f"Bearer {ma.token()}", "Last_Event_ID": number}
        if number.isascii():
            assert ma.send("GET", f"{ma.path}/events", **headers).status == 400
    assert desk_api._number(None) is None


def test_news_are_read_in_chunks_without_a_gap(ma: Programs, ask: Callable[..., str]) -> None:
    asked = [ask() for _ in range(5)]
    reader = officers.reader(ma.bureau, "k7", Purpose.INVESTIGATE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(news, "CHUNK", 2)
        mark, found = 0, []
        while True:
            batch = news.since(ma.bureau, reader, mark)
            found += [each.act.hex() for each in batch.news if isinstance(each, news.Arrived)]
            mark = batch.mark
            if not batch.more:
                break
    assert found == asked
