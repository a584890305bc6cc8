"""docs/ceremonies.md shows word for word what the commands print: everything in it is typed again here.

Keys, hashes and ids differ each time, and so does the folder; they are compared as if all were alike. What a person
types at a question or for a passphrase is given by the test, and shown as a terminal shows it. Who changed what a
command prints has the page written again with COMITY_GUIDE=write in the environment, and reads it.
"""

import os
import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from comity.faces import terminal
from comity.faces.cli import main
from comity.node import clock

PAGE = Path(__file__).parents[2] / "docs" / "ceremonies.md"
BLOCK = re.compile(r"^```console\n(?P<shown>.*?)^```$|^<!-- typed\n(?P<hidden>.*?)^-->$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.*(?:(?<=\\)\n.*)*)$", re.MULTILINE)
DIGITS = re.compile(r"\b[0-9a-f]{8,}\b")
START = 1_767_603_600
"""2026-01-05T09:00:00Z, in seconds: the day on which the guide plays."""
FOLDER = "/srv/comity"
"""What the guide says for the folder in which everything is typed."""


def replayed(page: str, typed: Callable[[str], str]) -> str:
    """Return the page with what its commands print now; those in a comment are typed too, and shown to nobody."""
    now: dict[str, str] = {}

    def today(text: str) -> str:
        return DIGITS.sub(lambda digits: now.get(digits[0], digits[0]), text)

    def block(match: re.Match[str]) -> str:
        if match["shown"] is None:
            for line in match["hidden"].splitlines():
                typed(today(line))
            return match[0]
        lines = (today(line) for line in COMMAND.findall(match["shown"]))
        text = "".join(f"$ {line}\n{typed(line)}" for line in lines)
        # Where the guide names a key, the same command names today's key that stands in its place.
        now.update(zip(DIGITS.findall(match["shown"]), DIGITS.findall(text), strict=False))
        return f"```console\n{text}```"

    return BLOCK.sub(block, page)


def alike(text: str) -> str:
    return DIGITS.sub("########", text)


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[str], str]:
    """Type a command line on the day of the guide; returns what stands on the terminal then."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(clock, "time", SimpleNamespace(time_ns=lambda: START * 10**9))

    def passphrase(prompt: str, *, variable: str = "COMITY_PASSPHRASE", confirm: bool = False) -> str:
        sys.stderr.write(f"{prompt}:\n" + (f"{prompt}, once more:\n" if confirm else ""))
        return f"a passphrase for {variable}"

    def ask(question: str) -> bool:
        sys.stderr.write(f"{question} [y/N]: y\n")
        return True

    monkeypatch.setattr(terminal, "passphrase", passphrase)
    monkeypatch.setattr(terminal, "ask", ask)

    def typed(line: str) -> str:
        capsys.readouterr()
        main(shlex.split(line.replace("\\\n", " "))[1:])
        out, err = capsys.readouterr()
        return (err + out).replace(str(tmp_path), FOLDER)

    return typed


def test_the_guide_shows_what_the_commands_print(typed: Callable[[str], str]) -> None:
    page = PAGE.read_text()
    made = replayed(page, typed)
    if os.environ.get("COMITY_GUIDE") == "write":
        PAGE.write_text(made)
    assert alike(made) == alike(page)
