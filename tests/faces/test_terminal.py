"""What commands share: passphrases, questions, and how results are printed."""

import io
import json
from pathlib import Path

import msgspec
import pytest

from comity.core.errors import Misused
from comity.core.ids import Digest, Millis
from comity.faces import terminal
from comity.faces.terminal import Options


class Result(msgspec.Struct, frozen=True):
    root: Digest
    until: Millis | None
    names: tuple[str, ...]


RESULT = Result(root=Digest(bytes(32)), until=Millis(1_796_061_600_000), names=("a", "b"))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def give(monkeypatch: pytest.MonkeyPatch, **options: object) -> None:
    monkeypatch.setattr(terminal, "given", lambda: Options(**options))  # type: ignore[arg-type]


def test_a_passphrase_file_that_others_can_read_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("open sesame\n")
    file.chmod(0o644)
    give(monkeypatch, passphrase_file=file)
    with pytest.raises(Misused, match="reached by others"):
        terminal.passphrase("passphrase")
    file.chmod(0o600)
    assert terminal.passphrase("passphrase") == "open sesame"


def test_the_nodes_passphrase_file_opens_no_other_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("open sesame\n")
    file.chmod(0o600)
    give(monkeypatch, passphrase_file=file)
    monkeypatch.setenv("COMITY_ROLE_PASSPHRASE", "another one")
    assert terminal.passphrase("passphrase", variable="COMITY_ROLE_PASSPHRASE") == "another one"


def test_without_terminal_and_variable_there_is_no_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COMITY_PASSPHRASE", raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(Misused, match="set COMITY_PASSPHRASE"):
        terminal.passphrase("passphrase of the node")


def test_a_new_passphrase_is_typed_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter(["first", "second", "same", "same"])
    monkeypatch.delenv("COMITY_PASSPHRASE", raising=False)
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda _prompt, stream: next(typed))  # noqa: ARG005 - called by name
    with pytest.raises(Misused, match="differ"):
        terminal.passphrase("passphrase", confirm=True)
    assert terminal.passphrase("passphrase", confirm=True) == "same"


def test_nobody_is_asked_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    with pytest.raises(Misused, match="add --yes"):
        terminal.ask("Go on?")
    give(monkeypatch, yes=True)
    assert terminal.ask("Go on?")


def test_json_has_bytes_as_hexadecimal_and_every_field(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show(RESULT, json=True)
    assert json.loads(capsys.readouterr().out) == {"root": "00" * 32, "until": 1_796_061_600_000, "names": ["a", "b"]}


def test_a_person_reads_dates_and_short_lists_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show(RESULT)
    assert capsys.readouterr().out.splitlines() == [f"root: {'00' * 32}", "until: 2026-11-30 18:00 UTC", "names: a, b"]


def test_sentences_stand_one_on_a_line() -> None:
    lines = ["the first of two sentences that are long", "and the second, which holds a comma"]
    assert list(terminal.readable({"changes": lines})) == ["changes:", *(f"  {line}" for line in lines)]


def test_text_of_others_commands_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show({"name": "NCB\x1b]0;owned\x07"})
    terminal.narrator()("a profile named \x1b[2J")
    printed = capsys.readouterr()
    assert "\x1b" not in printed.out + printed.err
    assert "\x07" not in printed.out
