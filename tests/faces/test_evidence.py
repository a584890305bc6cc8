"""Commands about proof: a file for outsiders, checked with and without an anchor; the log; what contradicts itself."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from comity.core.checkpoint import parse_checkpoint
from comity.core.note import parse_note
from comity.node.database import Transaction
from tests.faces.conftest import Typed
from tests.organisation import opened

SECRET = "the house at the end of the road"


@pytest.fixture(scope="module")
def held() -> dict[str, str]:
    """Give a place for the one act that these tests are about."""
    return {}


@pytest.fixture
def act(typed: Typed, carried: Callable[[], None], held: dict[str, str]) -> str:
    """Give an act of `ma` that `no` has received and receipted, under witnessed checkpoints."""
    if "act" not in held:
        held["act"] = typed("ma", "send", "--to", "no", "--title", "a van", "--text", SECRET).id()
        carried()
        carried()
    return held["act"]


def test_a_proof_is_checked_without_node_and_passphrase(
    typed: Typed, act: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert typed("ma", "prove", act[:8], "--to", "p.json").code == 0
    monkeypatch.delenv("COMITY_PASSPHRASE")
    ended = typed("", "verify", "p.json", "--anchor", str(place / "registry" / "anchor.json"))
    assert (ended.code, ended.err) == (0, "")
    assert "NOT PROVEN" not in ended.out
    assert SECRET not in ended.out + Path("p.json").read_text()


def test_without_an_anchor_it_is_told_what_is_taken_on_trust(typed: Typed, act: str) -> None:
    typed("ma", "prove", act, "--to", "p.json")
    ended = typed("", "verify", "p.json")
    assert (ended.code, "NOT PROVEN" in ended.out) == (0, True)


def test_the_text_is_in_it_when_that_is_asked_for(typed: Typed, act: str, place: Path) -> None:
    typed("no", "prove", act, "--to", "p.json", "--with-text")
    ended = typed("", "verify", "p.json", "--anchor", str(place / "registry" / "anchor.json"), "--json")
    found = json.loads(ended.out)
    assert (found["act"], found["text"]["text"]) == (act, SECRET)


def test_one_character_changed_is_refused(typed: Typed, act: str, place: Path) -> None:
    typed("ma", "prove", act, "--to", "p.json")
    file = json.loads(Path("p.json").read_text())
    head = file["act"]["head"]
    file["act"]["head"] = head[:80] + ("B" if head[80] == "A" else "A") + head[81:]
    Path("p.json").write_text(json.dumps(file))
    ended = typed("", "verify", "p.json", "--anchor", str(place / "registry" / "anchor.json"))
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("error: ")


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "\x00", "{" * 10_000, '{"comity": "proof/1"}'])
def test_what_is_no_proof_is_malformed(typed: Typed, tmp_path: Path, text: str) -> None:
    (tmp_path / "p.json").write_text(text)
    ended = typed("", "verify", "p.json")
    assert (ended.code, ended.out, "Traceback" in ended.err) == (1, "", False)


@pytest.mark.parametrize("to", ["there.json", "no/such/folder.json", "/proc/x.json", "."])
def test_a_proof_goes_only_where_it_can_and_nothing_else_is(typed: Typed, act: str, tmp_path: Path, to: str) -> None:
    (tmp_path / "there.json").write_text("mine")
    ended = typed("ma", "prove", act, "--to", to)
    assert (ended.code, ended.err.startswith("error: ")) == (2, True)
    assert (tmp_path / "there.json").read_text() == "mine"


def test_what_is_not_here_cannot_be_proven(typed: Typed) -> None:
    assert typed("ma", "prove", "ffff").code == 2


def test_the_newest_checkpoint_is_shown_as_the_note_that_it_is(typed: Typed, act: str) -> None:
    ended = typed("ma", "log")
    note = parse_note(ended.out.encode())
    assert parse_checkpoint(note.text).size > 0
    assert [signature.name.rpartition("/")[2] for signature in note.signatures] == ["ma", "witness"]
    assert json.loads(typed("ma", "log", "--json").out)["note"] == ended.out
    assert act


def test_what_contradicts_itself_is_listed(typed: Typed, place: Path) -> None:
    assert typed("no", "evidence").out == "nothing\n"
    with opened(place, "no") as node:
        bureau = node.bureau()

        def accuse(tx: Transaction) -> None:
            bureau.store.accuse(tx, bureau.me, "split-view", b"one", b"other", bureau.now())

        bureau.database.write(accuse)
    assert "what: split-view" in typed("no", "evidence").out
