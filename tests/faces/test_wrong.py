"""What people type wrong, and the sentence that each gets: what is amiss and what to do, never a traceback.

Each was typed by hand first, and where the sentence did not help it was mended (docs/tried.md).
"""

import shutil
import socket
from pathlib import Path

import pytest

from tests.faces.conftest import Typed

TO_OSLO = ("--to", "no", "--title", "x", "--text", "y")
OSLO_CLOCK = ("--telephone", "+47 2200 0000", "--zone", "Europe/Oslo")

MISUSED = (
    # Bureaus and acts.
    (("send", "--to", "et,no", "--title", "x", "--text", "y"), "2 to 24 letters, digits or hyphens"),
    (("send", "--to", "ma", "--title", "x", "--text", "y"), "ma is this bureau; a message goes to others"),
    (("directory", "bureau", "oslo"), "look at: comity directory bureaus"),
    (("read", "zzzz"), "at least 4: 0 to 9 and a to f"),
    (("read", "f" * 64), f"no act that you may see begins with {'f' * 64}"),
    (("thread",), "Missing argument 'act'"),
    (("recall", "ffff", "--why", "because"), "'because' is not one of 'wrong-recipient'"),
    (("consent", "ffff", "granted"), "no act that you may see begins with ffff"),
    # Words and numbers.
    (("sned",), "Did you mean 'send'?"),
    (("directory", "burea"), "Did you mean"),
    (("request", *TO_OSLO, "--urgency", "now"), "Invalid value for '--urgency': 'now' is not one of 'urgent'"),
    (("inbox", "--before", "x"), "Invalid value for '--before': a whole number is expected"),
    (("inbox", "--limit", "9999"), "a page holds 1 to 500, not 9999"),
    (("send", *TO_OSLO, "--certainty", "9"), "information is evaluated from 1 to 4"),
    (("send", *TO_OSLO, "--language", "English"), "a language is its tag, for example no, en or pt-BR"),
    (("send", "--to", "no", "--title", "a\nb", "--text", "y"), "a title is one line of 1 to 200 characters"),
    (("send", "--to", "no", "--title", "x", "--text", ""), "a message needs a text: give --text, or --file"),
    (("send", *TO_OSLO, "--law-until", "2099-01-01"), "needs the basis itself: give --law"),
    # Files.
    (("send", *TO_OSLO, "--file", "note.txt"), "give --text or --file, not both"),
    (("send", "--to", "no", "--title", "x", "--file", "picture"), "is not text in UTF-8; send it with --attach"),
    (("send", "--to", "no", "--title", "x", "--file", "missing"), "cannot read missing: No such file"),
    (("send", *TO_OSLO, "--attach", "folder"), "folder is not a file"),
    (("prove", "ffff", "--to", "broken.json"), "broken.json exists already; name another file with --to"),
    (("verify", "broken.json", "--anchor", "broken.json"), "broken.json is not an anchor"),
    (("apply", "--anchor", "broken.json", "--bureau", "xx", "--name", "x"), "is not an anchor: ask the secretariat"),
    (("obey", "missing"), "cannot read missing: No such file"),
    (("registry", "status"), "cannot read the anchor registry/anchor.json"),
    (("exercise", "--folder", "folder"), "folder is not empty and holds no exercise; name another folder"),
    # Forms.
    (("ask-vehicle", "--to", "no"), "a vehicle is named by its plate or its VIN"),
    (("ask-vehicle", "--to", "no", "--plate", "AB 12345"), "a plate needs the country of registration"),
    (("ask-vehicle", "--to", "no", "--plate", "A 1", "--country", "Norway"), "three capitals, or D for Germany"),
    (("ask-identity", "--to", "no", "--given-names", "Kari"), "particulars of a person need a name: --family-name"),
    (("ask-identity", "--to", "no", "--family-name", "Q", "--born", "17.05.1984"), "1984, 1984-05 or 1984-05-17"),
    (("ask-hit", "--to", "no", "--record", "1", "--thing", "car"), "'car' is not one of 'person', 'document'"),
    (
        ("ask-hit", "--to", "no", "--record", "1", "--thing", "vehicle", "--found-at", "2099-01-01"),
        "a hit was found before now; --found-at lies ahead",
    ),
    (("ask-phone", "--to", "no", "--number", "0041"), "a plus sign and 7 to 15 digits (E.164)"),
    # The directory.
    (("directory", "on-duty", "--until", "yesterday"), "'yesterday' is no date; write 2026-11-30"),
    (("directory", "on-duty", "--until", "2020-01-01"), "a duty ends after now; to end it use"),
    (("directory", "on-duty", "--until", "2099-01-01"), "first: comity directory publish"),
    (("directory", "publish", "--language", "norwegian", *OSLO_CLOCK), "a language is its tag"),
    (("directory", "publish", "--language", "no", *OSLO_CLOCK, "--hours", "always"), "like: mon-fri 08:00-16:30"),
    (("directory", "publish", "--language", "no", *OSLO_CLOCK, "--holiday", "xmas"), "dates like 2026-12-25"),
    # Who, and with which key.
    (("inbox", "--as", "MA-1"), "no officer of this bureau has this pseudonym; look at: comity officer list"),
    (("inbox", "--passphrase-file", "missing"), "cannot read missing: No such file"),
    (("inbox", "--home", "folder"), "folder holds no node; name its folder with --home or COMITY_HOME"),
    (("revoke", "zz", "--size", "0"), "no key of ma begins with these digits"),
    (
        ("token", "add", "--officer", "ma-1", "--scope", "messages:fly", "--until", "2099-01-01"),
        "no such scope at this bureau; look at: comity token scopes",
    ),
    (("token", "revoke", "zz"), "no token has this name; look at: comity token list"),
    (("relay-status",), "holds a node and no relay; start it with: comity serve"),
    (("serve", "--listen", "127.0.0.1:0", "--desk", "192.0.2.1:8801"), "listens on this machine alone: 127.0.0.1"),
)


@pytest.fixture(autouse=True)
def _files(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text('{"a":')
    (tmp_path / "picture").write_bytes(b"\xff\xd8\xff\xe0")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "something").touch()


@pytest.mark.parametrize(("words", "sentence"), MISUSED, ids=[" ".join(words)[:60] for words, _ in MISUSED])
def test_what_is_typed_wrong_is_2_and_a_sentence_that_helps(
    typed: Typed, words: tuple[str, ...], sentence: str
) -> None:
    ended = typed("ma", *words)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: ")
    assert sentence in ended.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("verify", "broken.json"), "6 bytes are no proof file of version proof/1"),
        (("obey", "broken.json"), "a self-revocation of 6 bytes is not in the expected form"),
        (("registry", "sign", "broken.json", "--key", "missing"), "is not a ceremony file of this program"),
        (("registry", "publish", "broken.json"), "is not a ceremony file of this program"),
    ],
    ids=lambda each: " ".join(each)[:60] if isinstance(each, tuple) else "",
)
def test_bytes_that_are_not_what_they_should_be_are_1(typed: Typed, words: tuple[str, ...], sentence: str) -> None:
    Path("broken.json").write_text('{"a":\n')
    ended = typed("ma", *words)
    assert (ended.code, ended.out) == (1, "")
    assert sentence in ended.err


def test_who_types_a_city_for_a_bureau_is_told_where_the_names_are(typed: Typed) -> None:
    ended = typed("ma", "send", "--to", "oslo", "--title", "x", "--text", "y")
    assert ended.code == 1
    assert ended.err == (
        "refused: registry.unknown: oslo is not accredited in this organisation (C 4)\n"
        "help: the names of all parties: comity directory bureaus\n"
    )


def test_what_belongs_to_another_bureau_is_told_apart(typed: Typed) -> None:
    said = typed("ma", "send", *TO_OSLO).id()
    assert "nothing to decide" not in typed("ma", "decide", said, "taken").err
    assert "this message is our own" in typed("ma", "decide", said, "taken").err
    assert "only a request can be answered" in typed("ma", "reply", said, "--text", "y").err
    assert "only a request runs a clock" in typed("ma", "clock", said).err
    assert "carries no attachments" in typed("ma", "save", said).err
    assert "no act that you may see" in typed("no", "read", said).err


def test_a_port_that_is_taken_is_2(typed: Typed) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = typed("ma", "serve", "--listen", f"127.0.0.1:{port}")
        assert (ended.code, ended.err) == (2, f"error: cannot listen at 127.0.0.1:{port}: Address already in use\n")
        ended = typed("ma", "serve", "--listen", "127.0.0.1:0", "--desk", f"127.0.0.1:{port}")
        assert (ended.code, ended.err) == (2, f"error: the desk cannot listen at port {port}: Address already in use\n")


def test_a_wrong_passphrase_is_2_and_names_the_file(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMITY_PASSPHRASE", "not the one at all")
    ended = typed("ma", "inbox")
    assert ended.code == 2
    assert "this passphrase does not open " in ended.err


def test_a_unit_that_nobody_is_in_is_not_assigned_to(typed: Typed) -> None:
    said = typed("ma", "send", *TO_OSLO).id()
    ended = typed("ma", "assign", said, "--unit", "nowhere")
    assert (ended.code, ended.out) == (2, "")
    assert "nobody of this bureau is in the unit" in ended.err
    assert typed("ma", "assign", said, "--unit", "duty").code == 0


def test_a_list_with_nothing_in_it_says_so(typed: Typed) -> None:
    for words in (("token", "list"), ("overdue",), ("evidence",), ("pending",)):
        assert typed("no", *words).out == "nothing\n"


def test_a_registry_that_nobody_answers_for_is_3(typed: Typed, place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "ma", tmp_path / "fresh")
    shutil.rmtree(tmp_path / "fresh" / "trust")
    (place / "registry").rename(place / "away")
    try:
        ended = typed("", "refresh", "--home", str(tmp_path / "fresh"))
    finally:
        (place / "away").rename(place / "registry")
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.startswith("error: ")
