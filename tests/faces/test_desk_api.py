"""The desk's interface over a real server: who gets in, what is answered, what an error looks like."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.core.capability import OfficerRole
from comity.core.errors import Misused
from comity.core.handling import Purpose
from comity.core.ids import BureauId
from comity.faces import desk_listener, desk_page, operations
from comity.faces.desk_api import Limits
from comity.node import officers, tokens
from tests.faces.programs import Programs, serving, staff
from tests.simulator import Federation

MA, NO = BureauId("ma"), BureauId("no")


@pytest.fixture(scope="module")
def federation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    made = Federation(tmp_path_factory.mktemp("federation"))
    for name in (MA, NO):
        staff(made.join(name))
    yield made
    made.close()


@pytest.fixture(scope="module")
def ma(federation: Federation) -> Iterator[Programs]:
    with serving(federation.bureaus[MA], federation.folder / MA) as programs:
        yield programs


@pytest.fixture(scope="module")
def no(federation: Federation) -> Iterator[Programs]:
    with serving(federation.bureaus[NO], federation.folder / NO) as programs:
        yield programs


LETTER = {"to": ["no"], "title": "Vessel", "text": "It left on Tuesday."}


# ------------------------------------------------------------------------------------------------------ operations


def test_a_message_is_sent_carried_and_read(federation: Federation, ma: Programs, no: Programs) -> None:
    sent = ma.do(ma.token(), "messages/send", **LETTER).json
    assert sent["kind"] == "messages.information/1"
    assert sent["said"] == "2025-11-24T10:00:00.000Z"
    federation.carry()
    page = no.do(no.token(), "messages/inbox").json
    assert page["older"] is None
    (seen,) = (each for each in page["items"] if each["id"] == sent["id"])
    assert seen["act"]["kind"] == "messages.information/1"
    assert seen["act"]["text"] == LETTER["text"]
    assert seen["author"] == {"officer": "k7", "unit": "duty"}


def test_a_program_reads_in_silence_and_marks_only_when_told_to(
    federation: Federation, ma: Programs, no: Programs
) -> None:
    """A scope to read says nothing to anybody; the mark is an operation of its own."""
    sent = ma.do(ma.token(), "messages/send", **LETTER).json
    federation.carry()
    reading = no.token("messages:read")
    assert no.do(reading, "messages/read", act=sent["id"]).status == 200
    assert no.do(reading, "messages/mark-read", act=sent["id"]).code == "desk.scope"
    federation.carry()
    (ladder,) = ma.do(ma.token(), "messages/status", act=sent["id"]).json
    assert ladder["opened"] is None
    assert no.do(no.token("messages:mark-read"), "messages/mark-read", act=sent["id"]).status == 200
    again = no.do(no.token(), "messages/mark-read", act=sent["id"])
    assert (again.status, again.code) == (403, "messages.twice")
    federation.carry()
    (ladder,) = ma.do(ma.token(), "messages/status", act=sent["id"]).json
    assert ladder["opened"] == sent["said"]


def test_whom_a_program_means_is_counted_too(ma: Programs) -> None:
    """It has no terminal to be asked at, so it says the number."""
    letter = {**LETTER, "to": ["region:europe"]}
    told = ma.do(ma.token(), "messages/send", **letter)
    assert (told.status, told.json["detail"]) == (422, "this goes to 1 bureau: no; if that is meant, say --reach 1")
    assert ma.do(ma.token(), "messages/send", **letter, reach=1).json["to"] == ["no"]


def test_files_come_and_go_inside_the_json_and_leave_nothing_behind(
    federation: Federation, ma: Programs, no: Programs
) -> None:
    content = bytes(range(256)) * 100
    given = {"name": "harbour.bin", "content": base64.b64encode(content).decode()}
    sent = ma.do(ma.token(), "messages/send", **LETTER, attach=[given]).json
    federation.carry()
    (file,) = no.do(no.token(), "messages/save", act=sent["id"]).json
    assert file["name"] == "harbour.bin"
    assert base64.b64decode(file["content"]) == content
    for name in (MA, NO):
        assert not list((federation.folder / name).glob(f"{operations.BESIDE}*"))


@pytest.mark.parametrize("name", ["../x", "a/b", "", "..", "x" * 300, "a\\b", "a\nb"])
def test_a_file_cannot_name_a_place(ma: Programs, name: str) -> None:
    given = {"name": name, "content": ""}
    assert ma.do(ma.token(), "messages/send", **LETTER, attach=[given]).code == "desk.malformed"


def test_no_operation_takes_a_path_of_this_machine(ma: Programs) -> None:
    answer = ma.do(ma.token(), "messages/save", act="0123", folder="/etc")
    assert (answer.status, answer.code) == (400, "desk.malformed")
    schema = json.loads(ma.send("GET", f"{ma.path}/openapi.json").raw)["components"]["schemas"]
    assert "folder" not in schema["MessagesSaveInput"]["properties"]


def test_a_list_is_read_page_by_page_without_a_gap(ma: Programs) -> None:
    token = ma.token()
    said = [ma.do(token, "messages/send", **LETTER).json["id"] for _ in range(5)]
    met, before = list[str](), None
    while len(met) < 5:
        page = ma.do(token, "messages/outbox", limit=2, before=before).json
        met += [item["id"] for item in page["items"]]
        before = page["older"]
    assert met[:5] == said[::-1]


# ---------------------------------------------------------------------------------------------------------- errors


def test_what_a_rule_refuses_is_403_with_code_and_article(ma: Programs) -> None:
    answer = ma.do(ma.token(), "messages/send", **LETTER, audience=["et"])
    assert answer.status == 403
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json
    assert problem["type"] == f"urn:comity:{problem['code']}"
    assert problem["code"] == "handling.audience"
    assert problem["article"].startswith("RPD 58")
    assert problem["status"] == 403


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "desk.malformed"),
        (b"[]", 400, "desk.malformed"),
        (b"\xff\xfe", 400, "desk.malformed"),
        (b"[" * 100_000, 400, "desk.malformed"),
        (b'{"limit": "five"}', 400, "desk.malformed"),
        (b'{"limit": true}', 400, "desk.malformed"),
        (b'{"limit": 1e400}', 400, "desk.malformed"),
        (b'{"limit": 123456789012345678901234567890}', 400, "desk.malformed"),
        (b'{"unheard": 1}', 400, "desk.malformed"),
        (b'{"limit": 0}', 422, "desk.misused"),
        (b'{"limit": ' + b"9" * 2_000_000 + b"}", 413, "desk.size"),
    ],
)
def test_a_body_that_does_not_fit_is_told_so(ma: Programs, body: bytes, status: int, code: str) -> None:
    headers = {"Authorization": f"Bearer {ma.token()}", "Content_Type": "application/json"}
    answer = ma.send("POST", f"{ma.path}/messages/inbox", body, **headers)
    assert (answer.status, answer.code) == (status, code)


def test_a_body_of_another_type_is_refused(ma: Programs) -> None:
    headers = {"Authorization": f"Bearer {ma.token()}", "Content_Type": "text/plain"}
    answer = ma.send("POST", f"{ma.path}/messages/inbox", b"{}", **headers)
    assert (answer.status, answer.code) == (415, "desk.media")


def test_an_error_quotes_nothing_that_was_sent(ma: Programs) -> None:
    secret = "Jane Doe, born 1970"
    answers = [
        ma.do(ma.token(), "messages/inbox", **{secret: 1}),
        ma.do(ma.token(), "messages/inbox", limit=secret),
        ma.do(ma.token(), "messages/send", **{**LETTER, "urgency": secret}),
        ma.do(ma.token(), "messages/send", **{**LETTER, "handling": secret}),
        ma.do(ma.token(), "messages/send", **{**LETTER, "expires": secret}),
        ma.do(ma.token(), "messages/read", act=secret),
    ]
    assert all(answer.status >= 400 for answer in answers)
    assert not any(secret.encode() in answer.raw for answer in answers)


def test_no_such_operation_and_no_such_organisation_are_404(ma: Programs) -> None:
    assert (ma.do(ma.token(), "messages/burn").status, ma.do(ma.token(), "nothing/at-all").status) == (404, 404)
    elsewhere = ma.path.replace("/o/", "/o/other-")
    headers = {"Authorization": f"Bearer {ma.token()}"}
    answer = ma.send("POST", f"{elsewhere}/messages/inbox", **headers)
    assert (answer.status, answer.code) == (404, "desk.unknown")
    assert ma.send("GET", "/health").code == "desk.unknown"


def test_reading_too_is_a_post_so_that_no_address_holds_what_was_asked(ma: Programs) -> None:
    answer = ma.send("GET", f"{ma.path}/messages/inbox", Authorization=f"Bearer {ma.token()}")
    assert (answer.status, answer.code) == (405, "desk.method")
    assert "POST" in answer.headers["allow"]


def test_no_answer_is_kept_by_a_cache(ma: Programs) -> None:
    for answer in (ma.do(ma.token(), "messages/inbox"), ma.do("", "messages/inbox")):
        assert answer.headers["cache-control"] == "no-store"


def test_a_mistake_of_ours_tells_the_caller_nothing(
    ma: Programs, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("Jane Doe, born 1970")

    monkeypatch.setattr(operations.Operation, "call", broken)
    answer = ma.do(ma.token(), "messages/inbox")
    assert (answer.status, answer.code) == (500, "desk.fault")
    assert b"Jane" not in answer.raw
    assert "RuntimeError" in caplog.text
    assert "Jane" not in caplog.text


# ---------------------------------------------------------------------------------------------------------- tokens


def test_without_a_token_nothing_is_answered_but_the_document(ma: Programs) -> None:
    for authorization in ("", "Bearer", "Bearer nothing", "Basic bWE6bm8=", ma.token(), "Bearer \xff"):
        answer = ma.send("POST", f"{ma.path}/messages/inbox", Authorization=authorization)
        assert (answer.status, answer.code) == (401, "desk.token")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert ma.send("GET", f"{ma.path}/events").status == 401
    assert ma.send("GET", f"{ma.path}/openapi.json").status == 200


def test_a_revoked_token_is_refused_with_the_next_request(ma: Programs) -> None:
    issued = tokens.issue(ma.bureau, "k7", ("messages:inbox",), ma.bureau.now() + 1_000_000)  # type: ignore[arg-type]
    assert ma.do(issued.secret, "messages/inbox").status == 200
    tokens.revoke(ma.bureau, issued.token.token)
    assert ma.do(issued.secret, "messages/inbox").status == 401


def test_no_token_stands_in_an_error_or_in_a_log(ma: Programs, caplog: pytest.LogCaptureFixture) -> None:
    shown = ma.token("messages:inbox")
    answers = [ma.do(shown, "messages/send", **LETTER), ma.do(shown + "x", "messages/inbox"), ma.do(shown, "x/y")]
    assert not any(shown[24:].encode() in answer.raw for answer in answers)
    assert shown[24:] not in caplog.text


def test_every_operation_needs_its_own_scope(ma: Programs) -> None:
    paths = [path for path in ma.send("GET", f"{ma.path}/openapi.json").json["paths"] if path != "/events"]
    assert len(paths) >= 16
    every = {scope for scope in tokens.scopes_of(ma.bureau.capabilities) if not scope.endswith(":*")}
    assert {path[1:].replace("/", ":") for path in paths} | {tokens.EVENTS} == every
    for path in paths:
        scope = path[1:].replace("/", ":")
        others = tuple(sorted(every - {scope}))
        answer = ma.do(ma.token(*others), path[1:])
        assert (answer.status, answer.code) == (403, "desk.scope"), path
        assert ma.do(ma.token(scope), path[1:]).code != "desk.scope", path


def test_events_need_their_own_scope(ma: Programs) -> None:
    shown = ma.token("messages:*", "membership:*")
    answer = ma.send("GET", f"{ma.path}/events", Authorization=f"Bearer {shown}")
    assert (answer.status, answer.code) == (403, "desk.scope")


@pytest.mark.parametrize("role", list(OfficerRole))
def test_a_program_sees_what_its_officer_sees_and_nothing_more(
    federation: Federation, ma: Programs, no: Programs, role: OfficerRole
) -> None:
    sent = ma.do(ma.token(), "messages/send", **LETTER, confidentiality="restricted").json
    federation.carry()
    officer = officers.add(no.bureau, f"unit-{role}", role).officer
    reader = officers.reader(no.bureau, officer, Purpose.INVESTIGATE)
    function = next(
        function for each in no.bureau.capabilities for function in each.desk if function.__name__ == "inbox"
    )
    by_desk = [item.id.hex() for item in function(no.bureau, reader).items]
    by_program = [item["id"] for item in no.do(no.token(officer=officer), "messages/inbox").json["items"]]
    assert by_program == by_desk
    assert (sent["id"] in by_program) is (role in {OfficerRole.SUPERVISOR, OfficerRole.AUDITOR, OfficerRole.ENGINEER})


def test_a_token_that_asks_too_often_waits_and_another_does_not(federation: Federation, tmp_path: Path) -> None:
    with serving(federation.bureaus[MA], tmp_path, Limits(rate=0.001, burst=3)) as few:
        one, other = few.token(), few.token()
        answers = [few.do(one, "messages/inbox") for _ in range(4)]
        assert [answer.status for answer in answers] == [200, 200, 200, 429]
        assert (answers[3].code, answers[3].headers["retry-after"]) == ("desk.rate", "1")
        assert few.do(other, "messages/inbox").status == 200


# -------------------------------------------------------------------------------------------------------- document


def test_the_document_describes_every_desk_function_and_its_inputs(ma: Programs) -> None:
    told = ma.send("GET", f"{ma.path}/openapi.json").json
    assert told["openapi"] == "3.1.0"
    send = told["paths"]["/messages/send"]["post"]
    assert send["operationId"] == "messages_send"
    assert send["summary"] == "Send information to other bureaus."
    given = told["components"]["schemas"]["MessagesSendInput"]
    assert given["required"] == ["to", "title"]
    assert given["properties"]["expires"]["anyOf"][0]["format"] == "date-time"
    assert given["properties"]["handling"]["default"] == "H0"


def test_every_reference_in_the_document_leads_somewhere(ma: Programs) -> None:
    told = ma.send("GET", f"{ma.path}/openapi.json").json
    found = {part.split('"')[0] for part in json.dumps(told).split('"$ref": "#/components/schemas/')[1:]}
    assert found <= set(told["components"]["schemas"])


@pytest.mark.parametrize("host", ["192.168.1.1", "::", "192.0.2.1", "node.example", ""])
def test_the_desk_listens_on_this_machine_alone(host: str) -> None:
    with pytest.raises(Misused, match="this machine alone"):
        desk_listener.bind(host, 0)


def test_a_person_reads_the_document_as_a_page(ma: Programs) -> None:
    answer = ma.send("GET", f"{ma.path}/")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    told, page = ma.send("GET", f"{ma.path}/openapi.json").json, answer.raw.decode()
    for path, verbs in told["paths"].items():
        assert all(f"<code>{method.upper()} {path}</code>" in page for method in verbs)
    assert f"127.0.0.1:{ma.port}{ma.path}/messages/inbox" in page
    targets = set(re.findall(r'id="([^"]+)"', page))
    assert {*re.findall(r'href="#([^"]+)"', page)} <= targets
    assert "<script" not in page
    assert "messages_send" in targets


def test_no_host_that_somebody_claims_becomes_markup(ma: Programs) -> None:
    page = desk_page.page(ma.send("GET", f"{ma.path}/openapi.json").json, "a<script>b")
    assert b"<script" not in page
    assert b"a&lt;script&gt;b" in page
