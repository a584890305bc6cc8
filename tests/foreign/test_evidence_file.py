"""Software that others wrote must agree that an evidence file convicts, from the file alone.

The Go project's `note` opens both checkpoints, and its `tlog` follows the path: it leads to the later root
from the root that the file shows, and from the one that the log had signed it does not.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.foreign import test_go_log
from tests.foreign.test_go_log import Verifier
from tests.foreign.test_proof_file import ask, plain, profiles, signer_key

pytestmark = pytest.mark.foreign

PLACE = Path(__file__).parents[1] / "vectors" / "evidence"
FILES = ["rewritten", "split-view"]
File = dict[str, Any]

go = test_go_log.verifier
go_program = test_go_log.go_program


def read(name: str) -> File:
    """Return a golden evidence file as an outsider reads it."""
    found: File = json.loads((PLACE / f"{name}.json").read_text())
    return found


def asked(file: File, which: str, old_root: str | None = None) -> File:
    """Return what Go is asked: is this note the log's, and does the path lead from this root to the later one?"""
    note, later = plain(file[which]).decode(), plain(file["other"]).decode()
    origin, (old, new) = note.split("\n")[0], (plain(file[each]).decode().split("\n")[1] for each in ("one", "other"))
    (key,) = [key for key in profiles(file)[file["against"]]["keys"] if key["use"] == "log"]
    grown = [] if old_root is None else [
        {"old": int(old), "new": int(new), "oldRoot": old_root, "newRoot": later.split("\n")[2],
         "path": file.get("path", [])}
    ]  # fmt: skip
    return {
        "note": note, "origin": origin, "logKey": signer_key(origin, 1, key["public"]), "witnessKeys": [],
        "inclusions": [], "consistencies": grown,
    }  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_go_opens_both_notes_of_the_accused(go: Verifier, name: str) -> None:
    for which in ("one", "other"):
        done = go(asked(read(name), which))
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", FILES)
def test_go_finds_that_the_later_log_holds_other_leaves(go: Verifier, name: str) -> None:
    file = read(name)
    done = go(asked(file, "other", file["root"]))
    assert (done.returncode, done.stderr) == (0, ""), "the path leads from the root that is shown to the later one"
    signed = plain(file["one"]).decode().split("\n")[2]
    assert signed != file["root"]
    done = go(asked(file, "other", signed))
    assert done.returncode == 1, "and from the root that the log had signed it does not"


def test_others_verify_both_heads_of_an_equivocation(foreign_python: Path) -> None:
    file = read("equivocation")
    (key,) = [key for key in profiles(file)[file["against"]]["keys"] if key["use"] == "sign"]
    public = plain(key["public"])
    kid = hashlib.sha256(b"sign\0" + public).digest()[:16]
    shown = {"suite": key["suite"], "public": public.hex(), "kid": kid.hex()}
    heads = [
        {"by": "python-cwt", "do": "verify", "bytes": plain(file[each]).hex(), "keys": [shown]}
        for each in ("one", "other")
    ]
    one, other = ask(foreign_python, heads)
    assert one["ok"]
    assert other["ok"]
    assert one["payload"] != other["payload"]
