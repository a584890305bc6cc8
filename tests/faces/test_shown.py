"""How results look: what others wrote adds no line to ours, and commands no terminal."""

import json

import msgspec
import pytest

from comity.capabilities.messages.acts import Attachment, Information
from comity.capabilities.messages.desk import Side, Waiting
from comity.capabilities.messages.rules import Clock
from comity.core.act import Author, Erased, Relation, Unknown
from comity.core.evidence import Finding, Findings
from comity.core.handling import Basis, Label, Purpose
from comity.core.ids import ActId, BureauId, Digest, Millis, OrgId, Span
from comity.core.receipt import Rung
from comity.faces import shown, terminal
from comity.faces.terminal import Options
from comity.node.glimpse import Glimpse, Veiled
from comity.node.ladder import Carriage, Ladder, Reached, Silence
from comity.node.view import Page

AT = Millis(1_767_603_600_000)
"""2026-01-05 09:00 UTC."""
HOSTILE = "fine\nno: forged\x1b[2J\x9b31m\u202etxt.exe\u2028x"
"""A line of ours, the escape character in both its forms, an override of the direction, a separator of lines."""

LETTER = Information(title="a van", text="It was seen.\nTwice.", language="en")
GLIMPSE = Glimpse(
    number=1, id=ActId(b"\x3f" * 32), kind="messages.information/1", sender=BureauId("ma"),
    recipients=(BureauId("et"), BureauId("no")), author=Author(officer="k7", unit="duty"), said=AT, at=AT, leaf=4,
    code="accepted", reason="", article="", purpose=Purpose.INVESTIGATE, label=Label(), basis=None, refs=(),
    subject=None, keeper=None, thread=ActId(b"\x3f" * 32), blobs=(), approvers=(), act=LETTER, masked=(), erased=False,
)  # fmt: skip
SEEN = " on 2026-01-05 09:00 UTC, leaf 7 of its log"
REACHED = Reached(rung=Rung.RULED, code="accepted", reason="", article="", leaf=7, at=AT, batch=None, row=None)


def printed(capsys: pytest.CaptureFixture[str], value: object) -> str:
    """Return what a value looks like."""
    shown.show(value)
    return capsys.readouterr().out


def test_a_message_looks_like_a_letter(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, GLIMPSE) == (
        f"id          {'3f' * 32}\n"
        "kind        messages.information/1\n"
        "from        ma (k7, unit duty)\n"
        "to          et, no\n"
        "said        2026-01-05 09:00 UTC by the sender's clock\n"
        "committed   2026-01-05 09:00 UTC, leaf 4 of our log\n"
        "purpose     investigate\n"
        "label       H0, source X, information 4, official-use-only, onward: ask\n"
        "title       a van\n"
        "language    en\n"
        "\n"
        "It was seen.\nTwice.\n"
    )


def test_a_letter_tells_all_that_limits_its_use(capsys: pytest.CaptureFixture[str]) -> None:
    label = Label(audience=(BureauId("no"),), expires=AT)
    file = Attachment(
        name="plan.pdf", media_type="application/pdf", size=12_345, digest=Digest(bytes(32)), blob=Digest(bytes(32)),
        chunks=1, key=bytes(32),
    )  # fmt: skip
    full = msgspec.structs.replace(
        GLIMPSE, label=label, basis=Basis(law="warrant 12", until=AT), masked=("terms",),
        refs=(Relation(rel="answers", act=ActId(b"\xab" * 32)),),
        act=msgspec.structs.replace(LETTER, attachments=(file,)),
    )  # fmt: skip
    letter = printed(capsys, full)
    for line in (
        "purpose     investigate; basis: warrant 12, until 2026-01-05 09:00 UTC",
        "audience    no",
        "expires     2026-01-05 09:00 UTC",
        "answers     abababababab",
        "kept from you: terms",
        "attached    plan.pdf, 12,345 bytes; comity save writes it",
    ):
        assert line in letter.splitlines()
    assert "key" not in letter


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"act": Erased(tag="x"), "erased": True}, "(the body has been erased)"),
        ({"act": Erased(tag="x"), "code": "handling.basis", "reason": "it has ended", "article": "RPD 10"},
         "ruling      handling.basis: it has ended (RPD 10)"),
        ({"act": Unknown(tag="x", body=b"")}, "(this node does not know this kind; it keeps the body as it came)"),
        ({"act": Veiled(tag="x", shown=(("title", "a van"),)), "masked": ("text",)}, "kept from you: text"),
        ({"author": None}, "from        ma"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_told(capsys: pytest.CaptureFixture[str], changes: dict[str, object], told: str) -> None:
    assert told in printed(capsys, msgspec.structs.replace(GLIMPSE, **changes)).splitlines()


def test_a_list_fits_a_terminal_and_says_that_there_is_more(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, Page(items=(GLIMPSE,), older=1)).splitlines()
    assert lines[0].split() == ["id", "logged", "(UTC)", "from", "to", "kind", "about"]
    assert lines[1].split() == ["3f" * 6, "2026-01-05", "09:00", "ma", "et,", "no", "information", "a", "van"]
    assert lines[2] == "there are older ones; go on with --before 1"
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("nothing", [Page(items=()), (), []], ids=str)
def test_nothing_is_told_in_a_word(capsys: pytest.CaptureFixture[str], nothing: object) -> None:
    assert printed(capsys, nothing) == "nothing\n"


@pytest.mark.parametrize(
    ("ladder", "told"),
    [
        (
            {"carried": (Carriage(relay=BureauId("r1"), at=Millis(0)),)},
            "no: the relay r1 holds it since 1970-01-01 00:00 UTC (R0)",
        ),
        (
            {"carried": (Carriage(relay=BureauId("r1"), at=Millis(0), returned="registry.ejected"),)},
            "no: the relay r1 gave it back on 1970-01-01 00:00 UTC: registry.ejected",
        ),
        ({"reached": (REACHED,)}, "no: has it, verified it and accepted it (R2)" + SEEN),
        ({"reached": (msgspec.structs.replace(REACHED, code="a.b", reason="it ends", article="RPD 10"),)},
         "no: has it, verified it and refused it (R2): a.b: it ends (RPD 10)" + SEEN),
        ({"reached": (msgspec.structs.replace(REACHED, rung=Rung.DECIDED, code="a.b", reason="no"),)},
         "no: a person there declined it (R3): a.b: no" + SEEN),
        ({"state": "queued"}, "no: waits to leave"),
        ({"state": "handed"}, "no: was handed over, no receipt yet"),
        ({"state": "queued", "trouble": "no answer in time", "next_at": AT},
         "no: waits to leave; last trouble: no answer in time, next attempt 2026-01-05 09:00 UTC"),
        ({"silences": (Silence(statement=ActId(bytes(32)), deadline=AT, attempts=3, said=AT),), "state": "silent"},
         "no: silent until 2026-01-05 09:00 UTC, stated and logged (N)"),
    ],
)  # fmt: skip
def test_a_rung_is_a_sentence(capsys: pytest.CaptureFixture[str], ladder: dict[str, object], told: str) -> None:
    assert printed(capsys, (Ladder(recipient=BureauId("no"), **ladder),)).splitlines()[0] == told  # type: ignore[arg-type]


def test_findings_tell_what_is_proven_and_what_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    findings = (Finding(proven=True, statement="a"), Finding(proven=False, statement="b"))
    lines = printed(capsys, msgspec.structs.replace(FOUND, findings=findings)).splitlines()
    assert lines[:2] == ["proven     a", "NOT PROVEN b"]


FOUND = Findings(org=OrgId("exercise-" + "0" * 32), act="3f" * 32, verdict="everything", findings=())

EVERYWHERE = [
    msgspec.structs.replace(GLIMPSE, author=Author(officer=HOSTILE, unit=HOSTILE)),
    msgspec.structs.replace(GLIMPSE, basis=Basis(law=HOSTILE)),
    msgspec.structs.replace(GLIMPSE, code=HOSTILE, reason=HOSTILE, article=HOSTILE, act=Erased(tag="x")),
    msgspec.structs.replace(GLIMPSE, refs=(Relation(rel=HOSTILE, act=ActId(bytes(32))),)),
    msgspec.structs.replace(GLIMPSE, act=Veiled(tag="x", shown=(("title", HOSTILE), ("terms", HOSTILE)))),
    Page(items=(msgspec.structs.replace(GLIMPSE, act=Veiled(tag="x", shown=())),)),
    (Ladder(recipient=BureauId("no"), state="queued", trouble=HOSTILE),),
    (
        Ladder(
            recipient=BureauId("no"),
            reached=(msgspec.structs.replace(REACHED, code=HOSTILE, reason=HOSTILE, article=HOSTILE),),
        ),
    ),
    msgspec.structs.replace(FOUND, findings=(Finding(proven=False, statement=HOSTILE),)),
    {"name": HOSTILE, "names": [HOSTILE, "x"]},
    [HOSTILE],
    HOSTILE,
]


@pytest.mark.parametrize("value", EVERYWHERE, ids=range(len(EVERYWHERE)))
def test_what_a_peer_wrote_adds_no_line_of_ours(capsys: pytest.CaptureFixture[str], value: object) -> None:
    text = printed(capsys, value)
    assert not set("\x1b\x9b") & set(text)
    if value != HOSTILE:
        assert not any(line.startswith("no: forged") for line in text.splitlines())


@pytest.mark.parametrize("value", EVERYWHERE, ids=range(len(EVERYWHERE)))
def test_json_commands_no_terminal_either(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, value: object
) -> None:
    monkeypatch.setattr(terminal, "given", lambda: Options(json=True))
    text = printed(capsys, value)
    assert not set("\x1b\x7f\x9b") & set(text)
    json.loads(text)


def test_what_waits_is_a_line_each_and_nobody_adds_one(capsys: pytest.CaptureFixture[str]) -> None:
    """Who owes whom and how late first, what others wrote last; a line fits a narrow screen."""
    clock = Clock(bureau=BureauId("no"), clock="urgent", article="", asked=AT)
    late = msgspec.structs.replace(
        clock, received=AT, by=Millis(AT + 1), late=Span(9_000_000), escalated=Millis(AT + 2)
    )
    runs = msgspec.structs.replace(clock, received=AT, by=AT)
    lines = (
        Waiting(request=GLIMPSE.id, title=HOSTILE, side=Side.THEM, bureau=BureauId("no"), used=131, clock=late),
        Waiting(
            request=GLIMPSE.id, title="a van", side=Side.US, bureau=BureauId("et"), used=50, clock=clock,
            units=("duty",), cases=("harbour",),
        ),
        Waiting(request=GLIMPSE.id, title="a van", side=Side.US, bureau=BureauId("et"), used=2, clock=runs),
    )  # fmt: skip
    shown.show(lines)
    out = capsys.readouterr().out.splitlines()
    assert [each[14:60].rstrip() for each in out] == [
        "no to us  urgent  LATE 2 h 30 min, escalated",
        "us to et  urgent  no receipt, 50 %",
        "us to et  urgent  due 2026-01-05 09:00, 2 %",
    ]
    assert out[1].endswith("a van [duty, harbour]")
    assert not any(letter in out[0] for letter in "\x1b\x9b\u202e\u2028")
