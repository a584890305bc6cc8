"""The tab key: bureaus and acts are offered where nobody has to be asked, and nothing breaks where something lacks."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faces.conftest import Typed
from tests.organisation import PASSPHRASE

ROOT = Path(__file__).parents[2]

Pressed = Callable[..., list[str]]


@pytest.fixture
def pressed(place: Path) -> Pressed:
    """Give a function that types a line and presses the tab key, as bash does it."""

    def press(line: str, **environment: str) -> list[str]:
        asked = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" ")), "_COMITY_COMPLETE": "complete_bash"}
        at = {"COMITY_HOME": str(place / "ma"), "COMITY_OFFICER": "", "COMITY_PASSPHRASE": PASSPHRASE}
        done = subprocess.run(
            [sys.executable, "-m", "comity.faces"], env=os.environ | at | environment | asked, capture_output=True,
            text=True, check=True, cwd=ROOT,
        )  # fmt: skip
        assert "Traceback" not in done.stderr
        return done.stdout.split()

    return press


def test_bureaus_are_offered_from_the_registry_without_a_passphrase(pressed: Pressed) -> None:
    assert pressed("comity send --to ", COMITY_PASSPHRASE="") == ["ma", "no"]
    assert pressed("comity send --to n", COMITY_PASSPHRASE="") == ["no"]
    assert pressed("comity directory bureau n", COMITY_PASSPHRASE="") == ["no"]


def test_a_folder_on_the_line_counts_before_the_variable(pressed: Pressed, place: Path) -> None:
    assert pressed(f"comity send --home {place / 'no'} --to m", COMITY_HOME="nowhere") == ["ma"]
    assert pressed("comity send --to m", COMITY_HOME="nowhere") == []


def test_acts_are_offered_only_where_nobody_need_be_asked(pressed: Pressed, typed: Typed) -> None:
    said = typed("ma", "send", "--to", "no", "--title", "a van", "--text", "x").id()
    for command in ("read", "status", "prove", "ask-consent"):
        assert said[:12] in pressed(f"comity {command} {said[:3]}")
    assert pressed(f"comity read {said[:3]}", COMITY_PASSPHRASE="") == []
    assert pressed(f"comity read {said[:3]}", COMITY_PASSPHRASE="another one altogether") == []


def test_acts_are_offered_without_what_is_in_them(pressed: Pressed, typed: Typed) -> None:
    typed("ma", "send", "--to", "no", "--title", "secretword", "--text", "x")
    assert "secretword" not in " ".join(pressed("comity read "))
