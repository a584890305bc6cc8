"""The runner of bites must itself be able to fail: a patch that proves nothing is reported, not counted as good."""

import subprocess
import sys
from pathlib import Path

import pytest

import comity.core

RUNNER = Path(__file__).parent / "run.py"
GUARD = "tests/bites/test_run.py::test_core_says_what_it_lacks"
LINE = '"""What is true: values in, values out. No clock, entropy, disk or socket (decision 0006)."""'


def patch(line: str, *, old: str = LINE, head: str = f"Takes out: a line\nMust fail: {GUARD}\n") -> str:
    """Return a patch that puts `line` in the place of the only line of core's `__init__.py`."""
    return f"{head}\n--- a/comity/core/__init__.py\n+++ b/comity/core/__init__.py\n@@ -1 +1 @@\n-{old}\n+{line}\n"


def test_core_says_what_it_lacks() -> None:
    """The test that the patches below name."""
    assert "No clock" in str(comity.core.__doc__)


@pytest.mark.bite
@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        (patch('"""Nothing."""'), 0, "1 passed, 0 failed"),
        (patch(LINE + "  # the same"), 1, "nothing noticed"),
        (patch("raise RuntimeError"), 1, "the test did not fail but broke"),
        (patch("def"), 1, "the test did not fail but broke"),
        (patch('"""Nothing."""', old="another line"), 1, "it does not apply"),
        (patch('"""Nothing."""', head="Takes out: a line\n"), 1, "it begins with one line"),
        (
            patch('"""Nothing."""', head=f"Takes out: a line\nMust fail: {GUARD}_today\n"),
            1,
            "it does not pass without the patch either",
        ),
    ],
    ids=["good", "toothless", "broken", "no-python", "stale", "silent", "no-such-test"],
)
def test_only_a_patch_that_a_test_notices_is_good(tmp_path: Path, text: str, status: int, said: str) -> None:
    """Each sort of patch gets its own verdict, and the last line counts."""
    (tmp_path / "one.patch").write_text(text)
    command = [sys.executable, str(RUNNER), "--patches", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said in done.stdout, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == f"{1 - status} passed, {status} failed"
    assert done.returncode == status
