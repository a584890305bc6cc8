"""The command line: exit codes, sentences, options that all commands share, and what it loads to start."""

import importlib.metadata
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from comity.core.errors import Misused, Unreachable
from comity.faces import cli
from comity.node import home, officers, view
from tests.faces.conftest import Typed
from tests.organisation import opened


def commands(found: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:  # noqa: ANN401 - of Typer
    """Yield every command with its words."""
    for name, each in getattr(found, "commands", {}).items():
        yield from commands(each, (*path, name))
    if path and not hasattr(found, "commands"):
        yield path, found


ROOT = Path(__file__).parents[2]
EVERY = dict(commands(typer.main.get_command(cli.app)))

# ---------------------------------------------------------------------------------------------------------------- help


def test_the_first_page_names_every_command(typed: Typed) -> None:
    ended = typed("", "--help")
    assert (ended.code, ended.err) == (0, "")
    for name in {path[0] for path in EVERY}:
        assert f"\n  {name} " in ended.out


def test_no_command_is_help_and_misuse(typed: Typed) -> None:
    for words in ((), ("registry",), ("officer",)):
        ended = typed("", *words)
        assert (ended.code, ended.out) == (2, "")
        assert ended.err.startswith(f"Usage: comity {''.join(words)}")


@pytest.mark.parametrize("path", EVERY, ids=" ".join)
def test_every_command_explains_itself(typed: Typed, path: tuple[str, ...]) -> None:
    ended = typed("", *path, "--help")
    assert (ended.code, ended.err) == (0, "")
    assert f"Usage: comity {' '.join(path)}" in ended.out
    undocumented = [each.name for each in EVERY[path].params if each.name != "help" and not getattr(each, "help", "")]
    assert undocumented == []


@pytest.mark.parametrize("path", EVERY, ids=" ".join)
def test_every_command_shows_an_example(path: tuple[str, ...]) -> None:
    assert f"Example: comity {' '.join(path)}" in " ".join((EVERY[path].help or "").split())


STANDING = {("serve",), ("relay",), ("exercise",), ("under-test",)}
"""Commands that stay; what they say is for whoever watches, or asks them."""


@pytest.mark.parametrize("path", sorted(set(EVERY) - STANDING), ids=" ".join)
def test_every_command_that_ends_prints_json_if_asked(path: tuple[str, ...]) -> None:
    assert "json" in [each.name for each in EVERY[path].params]


@pytest.mark.parametrize(("typed_", "expected"), [("in", "inbox"), ("directory on", "on-duty"), ("token re", "revoke")])
def test_the_shell_completes_commands(typed_: str, expected: str, tmp_path: Path) -> None:
    words = f"comity {typed_}"
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" ")), "_COMITY_COMPLETE": "complete_bash"}
    command = [sys.executable, "-m", "comity.faces"]
    done = subprocess.run(command, env=os.environ | asked, capture_output=True, text=True, check=True, cwd=ROOT)
    assert expected in done.stdout.split()
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------------------------------------------------- exit codes


def test_what_is_done_is_0_and_quiet(typed: Typed) -> None:
    ended = typed("ma", "send", "--to", "NO", "--title", "a van", "--text", "x")
    assert (ended.code, ended.err) == (0, "")
    assert len(ended.id()) == 64


def test_what_a_rule_refuses_is_1_with_code_and_article(typed: Typed) -> None:
    ended = typed("ma", "send", "--to", "no", "--title", "a van", "--text", "x", "--handling", "H3")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("refused: messages.terms: ")
    assert ended.err.endswith("(handling code H3)\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("inbocks",), "No such command 'inbocks'"),
        (("inbox", "--loud"), "No such option: --loud"),
        (("inbox", "--limit", "many"), "Invalid value for '--limit'"),
        (("inbox", "--limit", "0"), "a page holds 1 to 500, not 0"),
        (("send", "--title", "x", "--text", "x"), "Missing option '--to'"),
        (("send", "--to", "no", "--title", "x"), "a message needs a text"),
        (("send", "--to", "no", "--title", "x", "--text", "x", "--handling", "H9"), "Invalid value for '--handling'"),
        (("send", "--to", "!", "--title", "x", "--text", "x"), "--to: a bureau's name is 2 to 24 letters"),
        (("send", "--to", "no", "--title", "x", "--text", "x", "--expires", "soon"), "'soon' is no date; write 2026-"),
        (("send", "--to", "no", "--title", "x", "--text", "x", "--attach", "none"), "cannot read none: No such file"),
        (("read", "ffff"), "no act that you may see begins with ffff"),
        (("read", "3f"), "an act is named by the first digits of its id, at least 4"),
        (("read", "3fa2", "3fa3"), "Got unexpected extra argument"),
        (("decide", "3fa2", "maybe"), "Invalid value for '"),
        (("inbox", "--as", "nobody"), "no officer of this bureau has this pseudonym"),
        (("inbox", "--org", "elsewhere.example"), "say which organisation is meant with --org"),
        (("officer", "add", "duty", "--pseudonym", "Amina B."), "a pseudonym has 2 to 32 lower-case letters"),
        (("officer", "add", "duty", "--pseudonym", "ma-1"), "was given before"),
        (("officer", "retire", "nobody"), "no officer of this bureau has this pseudonym"),
        (("approve", "3fa2", "--key", "none"), "no proposal begins with these digits"),
        (("serve", "--listen", "here"), "say where to listen, for example: --listen 127.0.0.1:8701"),
        (("serve", "--listen", "192.0.2.1:8701"), "cannot listen at 192.0.2.1:8701: "),
        (("verify", "none"), "cannot read none: No such file"),
    ],
    ids=lambda each: " ".join(each)[:40] if isinstance(each, tuple) else "",
)
def test_what_is_misused_is_2_and_a_sentence(typed: Typed, words: tuple[str, ...], sentence: str) -> None:
    ended = typed("ma", *words)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: ")
    assert sentence in ended.err
    assert "Traceback" not in ended.err


def test_what_does_not_answer_is_3(typed: Typed, place: Path) -> None:
    registry = place / "registry"
    registry.rename(place / "away")
    try:
        ended = typed("ma", "refresh")
    finally:
        (place / "away").rename(registry)
    # What is known goes on to count; that nobody answered is told.
    assert ended.code in {0, 3}
    assert "problem: " in ended.err or ended.err.startswith("error: ")


@pytest.mark.parametrize(
    ("problem", "code", "told"),
    [
        (Unreachable("the database does not answer"), 3, "error: the database does not answer\n"),
        (KeyboardInterrupt(), 130, "stopped\n"),
        (OSError(28, "No space left on device", "node.db"), 2, "error: node.db: No space left on device\n"),
        (Misused("no\x1b[2J"), 2, "error: no\N{REPLACEMENT CHARACTER}[2J\n"),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, BaseException) else "",
)
def test_how_a_command_ends_is_told_in_a_sentence(
    typed: Typed, monkeypatch: pytest.MonkeyPatch, problem: BaseException, code: int, told: str
) -> None:
    def broken(*_: object) -> None:
        raise problem

    monkeypatch.setattr(home, "open_home", broken)
    ended = typed("ma", "inbox")
    assert (ended.code, ended.out, ended.err) == (code, "", told)


def test_several_acts_may_begin_with_the_same_digits(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "_DIGITS", re.compile("[0-9a-f]+"))
    ids = [typed("ma", "send", "--to", "no", "--title", "x", "--text", "x").id() for _ in range(17)]
    digit = next(digit for digit in "0123456789abcdef" if sum(id_.startswith(digit) for id_ in ids) > 1)
    ended = typed("ma", "read", digit)
    assert (ended.code, ended.err) == (2, f"error: several acts begin with {digit}\n")


# --------------------------------------------------------------------------------------------- which node, and who asks


def test_the_node_is_where_home_says_before_the_variable(typed: Typed, place: Path) -> None:
    out = typed("no", "log", "--home", str(place / "ma")).out
    assert out.splitlines()[0].endswith("/ma")
    ended = typed("", "inbox")
    assert (ended.code, ended.err.split(";")[0]) == (2, "error: node holds no node")


def test_a_passphrase_comes_from_a_file_of_the_owner(
    typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMITY_PASSPHRASE", "not the one at all")
    ended = typed("ma", "inbox")
    assert ended.code == 2
    assert "passphrase" in ended.err
    file = tmp_path / "secret"
    file.write_text("a passphrase for tests\n")
    file.chmod(0o600)
    assert typed("ma", "inbox", "--passphrase-file", str(file)).code == 0


def test_without_a_passphrase_nobody_is_asked_who_is_not_there(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COMITY_PASSPHRASE")
    monkeypatch.setattr("sys.stdin", None)
    monkeypatch.setattr("sys.stdin", open("/dev/null"))  # noqa: PTH123, SIM115 - as a shell would
    ended = typed("ma", "inbox")
    assert (ended.code, "set COMITY_PASSPHRASE" in ended.err) == (2, True)


def test_of_several_officers_one_says_who_they_are(typed: Typed, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(place, "ma") as node:
        officers.add(node.bureau(), "fugitives", officer="ma-2")
    ended = typed("ma", "outbox")
    assert (ended.code, ended.err) == (
        2, "error: say who you are with --as or COMITY_OFFICER; look at: comity officer list\n",
    )  # fmt: skip
    assert typed("ma", "outbox", "--as", "ma-2").code == 0
    monkeypatch.setenv("COMITY_OFFICER", "ma-1")
    said = typed("ma", "send", "--to", "no", "--title", "x", "--text", "x")
    assert "ma (ma-1, unit duty)" in typed("ma", "read", said.id()).out
    assert typed("ma", "officer", "retire", "ma-2").code == 0
    monkeypatch.delenv("COMITY_OFFICER")
    assert typed("ma", "outbox").code == 0
    assert "retired" in typed("ma", "outbox", "--as", "ma-2").err


# ---------------------------------------------------------------------------------------------------------------- json


def test_json_holds_every_field(typed: Typed, carried: Callable[[], None]) -> None:
    said = json.loads(typed("ma", "send", "--to", "no", "--title", "a van", "--text", "seen", "--json").out)
    assert (said["kind"], said["to"]) == ("messages.information/1", ["no"])
    carried()
    (found, *_) = json.loads(typed("no", "inbox", "--json").out)["items"]
    assert (found["id"], found["act"]["title"], found["label"]["handling"]) == (said["id"], "a van", "H0")
    (ladder,) = json.loads(typed("ma", "status", said["id"], "--json").out)
    assert (ladder["recipient"], ladder["reached"][0]["rung"], ladder["reached"][0]["code"]) == ("no", 2, "accepted")


ANSWERS = (
    "inbox", "outbox", "overdue", "escalated", "pending", "evidence", "log", "refresh", "version", "directory bureaus",
    "directory bureau no", "membership standing", "officer list", "token list", "token scopes",
)  # fmt: skip


@pytest.mark.parametrize("words", ANSWERS)
def test_what_answers_a_person_answers_a_program(typed: Typed, words: str) -> None:
    ended = typed("no", *words.split(), "--json")
    assert (ended.code, ended.err) == (0, "")
    json.loads(ended.out)


def test_what_went_wrong_is_no_json(typed: Typed) -> None:
    ended = typed("ma", "read", "ffff", "--json")
    assert (ended.code, ended.out) == (2, "")


# ------------------------------------------------------------------------------------------------------------ starting

HEAVY = (
    "numba",
    "numpy",
    "phonenumbers",
    "stdnum",
    "aiohttp",
    "litestar",
    "uvicorn",
    "alembic",
    "psycopg",
    "asyncpg",
    "httpx",
    "requests",
    "multipart",
    "jinja2",
)


def loaded(*words: str, home_: str = "") -> set[str]:
    """Return the heavy libraries that a command loads."""
    script = (
        f"import sys; from comity.faces.cli import main; main({list(words)!r}); print(*sys.modules, file=sys.stderr)"
    )
    environment = {"COMITY_PASSPHRASE": "a passphrase for tests", "COMITY_HOME": home_, "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, env=environment, text=True)
    return set(HEAVY) & set(done.stderr.split())


def test_help_loads_no_server_no_client_and_no_migrations() -> None:
    assert loaded("--help") == set()


def test_a_command_at_the_desk_loads_neither_server_nor_client(place: Path) -> None:
    assert loaded("inbox", home_=str(place / "no")) <= {"alembic"}


def test_version_is_that_of_the_package_if_it_is_installed(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "1.2.3")
    assert typed("", "version").out == "1.2.3\n"

    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    assert typed("", "version").code == 2
