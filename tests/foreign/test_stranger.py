"""A second implementation, in another language and without a line of ours, reads what the pages of docs/spec say.

It answers `decode` and `verify` of the suite with Node's own crypto. Its list of known failures is exact: what it does
not do yet stands there, and what it begins to do must be taken off.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from comity.faces.cli import main

pytestmark = pytest.mark.foreign

STRANGER = Path(__file__).with_name("stranger")


def test_a_stranger_keeps_every_promise_that_it_does_not_list(
    foreign_tool: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    listed, program = str(STRANGER / "stranger.xfails"), str(STRANGER / "stranger.mjs")
    code = main(["conformance", "--json", "--xfails", listed, foreign_tool("node"), program])
    whole = json.loads(capsys.readouterr().out)
    assert {each["case"]: each["came"] for each in whole["cases"] if not each["good"]} == {}
    assert code == 0
    # Values, heads, signatures, envelopes of the interoperable suite, proofs of the log, and files for outsiders.
    assert whole["counts"]["passed"] >= 190
