"""docs/tried.md tells a duty officer's night by commands; what they print is real, for all of it is typed again here.

Ids differ each time and are compared as if all were alike; a command that names one by its first digits gets today's.
What stands in a comment of the page happens behind the officer's back: other bureaus type, envelopes travel, time goes
on. Who changed what a command prints has the page written again with COMITY_GUIDE=write, and reads it.
"""

import os
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from comity.faces.cli import main
from comity.node import clock, officers
from tests.organisation import PASSPHRASE, carry, found, opened

PAGE = Path(__file__).parents[2] / "docs" / "tried.md"
NIGHT = re.compile(r"(?<=^<!-- night -->$).*(?=^<!-- /night -->$)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```console\n(?P<shown>.*?)^```$|^<!-- meanwhile\n(?P<hidden>.*?)^-->$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^([a-z]{2})\$ (.*(?:(?<=\\)\n.*)*)$", re.MULTILINE)
DIGITS = re.compile(r"\b[0-9a-f]{12,}\b")
START = 1_767_664_800
"""2026-01-06T02:00:00Z, in seconds: three in the morning in Rabat."""
UNITS = {"h": 3_600, "m": 60}
FOLDER = "/srv/comity"


class Night:
    """The organisation, the hour, and what has been typed so far."""

    def __init__(self, folder: Path, typed: Callable[[str, list[str]], str]) -> None:
        """Begin at START in a folder with its bureaus."""
        self._folder, self._typed, self._at = folder, typed, START
        self._now: dict[str, str] = {}

    def time_ns(self) -> int:
        return self._at * 10**9

    def told(self, page: str) -> str:
        """Return the night as it goes now."""
        return BLOCK.sub(self._block, page)

    def _block(self, match: re.Match[str]) -> str:
        if match["shown"] is None:
            for line in match["hidden"].splitlines():
                self._meanwhile(shlex.split(self._today(line)))
            return DIGITS.sub(lambda met: self._today(met[0]), match[0])
        told = []
        for piece in re.split(r"^(?=[a-z]{2}\$ )", match["shown"], flags=re.MULTILINE):
            if (command := COMMAND.match(piece)) is None:
                continue
            line = self._today(command[2])
            text = f"{command[1]}$ {line}\n{self._typed(command[1], shlex.split(line.replace(chr(92) + chr(10), ' ')))}"
            # Where the page names an act, the same command names today's act that stands in its place.
            self._now.update(zip(DIGITS.findall(piece), DIGITS.findall(text), strict=False))
            told.append(text)
        return f"```console\n{''.join(told)}```"

    def _today(self, line: str) -> str:
        return DIGITS.sub(lambda met: next(self._ids(met[0]), met[0]), line)

    def _ids(self, digits: str) -> Iterator[str]:
        return (now[: len(digits)] for then, now in self._now.items() if then.startswith(digits))

    def _meanwhile(self, words: list[str]) -> None:
        match words:
            case ["later", amount]:
                self._at += int(amount[:-1]) * UNITS[amount[-1]]
            case ["carry", *names]:
                carry(self._folder, names)
            case ["write", name, text]:
                Path(name).write_text(text.replace("\\n", "\n"))
            case [bureau, *rest]:
                self._typed(bureau, rest)
            case _:
                pytest.fail("an empty line stands between what happens meanwhile")


@pytest.fixture
def night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Night:
    """Give the night before it begins."""
    for name in ("COMITY_HOME", "COMITY_OFFICER", "COMITY_REGISTRY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COMITY_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("COLUMNS", "118")
    monkeypatch.chdir(tmp_path)

    def typed(bureau: str, words: list[str]) -> str:
        capsys.readouterr()
        monkeypatch.setenv("COMITY_HOME", str(tmp_path / bureau))
        monkeypatch.setenv("COMITY_OFFICER", f"{bureau}-1")
        assert words.pop(0) == "comity"
        main(words)
        out, err = capsys.readouterr()
        return "".join(f"{line.rstrip()}\n" for line in (err + out).replace(str(tmp_path), FOLDER).splitlines())

    made = Night(tmp_path, typed)
    monkeypatch.setattr(clock, "time", made)
    found(tmp_path, ["ma", "no", "sn", "es"])
    with opened(tmp_path, "ma") as node:
        officers.add(node.bureau(), "day", officer="ma-2")
    return made


def test_the_night_goes_as_the_page_tells_it(night: Night) -> None:
    page = PAGE.read_text()
    (then,) = NIGHT.findall(page)
    now = night.told(then)
    if os.environ.get("COMITY_GUIDE") == "write":
        PAGE.write_text(page.replace(then, now))
    assert DIGITS.sub("#" * 12, now) == DIGITS.sub("#" * 12, then)
