"""The exercise, as a newcomer starts it: every claim on its screen holds, and nothing else is removed."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from comity.faces.exercise.stage import PASSPHRASE


def play(*words: str) -> "subprocess.CompletedProcess[str]":
    """Start the exercise in a process of its own."""
    command = [sys.executable, "-m", "comity.faces", "exercise", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)


@pytest.mark.demo
@pytest.mark.timeout(300)
def test_every_claim_on_the_screen_holds(tmp_path: Path) -> None:
    done = play("--check", "--folder", str(tmp_path / "exercise"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAILS" not in done.stdout
    passed = re.search(r"^(\d+) passed, 0 failed$", done.stdout, re.MULTILINE)
    assert passed
    assert int(passed[1]) >= 12
    assert done.stdout.rstrip().endswith(passed[0])
    assert PASSPHRASE not in done.stdout
    assert done.stderr == ""


@pytest.mark.demo
@pytest.mark.timeout(600)
def test_what_the_screen_tells_to_type_works_in_another_terminal(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "comity.faces", "exercise", "--folder", str(tmp_path / "exercise")]
    at = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=at) as playing:
        try:
            assert playing.stdout is not None
            told: list[str] = []
            for line in playing.stdout:
                told.append(line.rstrip())
                if line.startswith("  Ctrl-C ends it"):
                    break
            start = told.index("It goes on running. Try, in another terminal")
            typed = [re.split(r" {2,}", line.strip())[0] for line in told[start + 1 :] if line.startswith("    ")]
            # The shell begins with nothing of ours: neither the command in its path nor a passphrase.
            bare = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8"}
            newest = "$(comity outbox --json | grep -m1 -oE '[0-9a-f]{64}')"
            script = "\n".join(["set -e", *typed]).replace("status ID", f"status {newest}")
            done = subprocess.run(
                ["bash", "-c", script], env=bare, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=400
            )
            assert done.returncode == 0, done.stdout + done.stderr
            assert len(typed) >= 8
            assert "Opening of the 93rd General Assembly" in done.stdout
        finally:
            playing.send_signal(signal.SIGINT)
            last, _ = playing.communicate(timeout=100)
    assert (playing.returncode, last.rstrip().endswith("stopped")) == (0, True), last


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    done = play("--check", "--folder", str(tmp_path))
    assert (done.returncode, "holds no exercise" in done.stderr) == (2, True)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
