"""Commands about officers and about what two of them must approve."""

import json
from pathlib import Path

import pytest

from comity.core.registry import Role
from tests.faces.conftest import Typed
from tests.organisation import found

MEASURE = (
    "membership", "measure", "ma", "--standing", "suspended", "--until", "2099-01-01", "--decided-by", "assembly",
    "--article", "RPD 131", "--reason", "Replies were sold.",
)  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with a secretariat, which has something to approve, and a bureau."""
    folder = tmp_path_factory.mktemp("organisation")
    found(folder, ["secretariat", "ma"], roles={"secretariat": Role.SECRETARIAT})
    return folder


def test_officers_come_and_go_and_no_pseudonym_is_given_twice(typed: Typed) -> None:
    added = typed("ma", "officer", "add", "fugitives", "--role", "supervisor", "--case", "b", "--case", "a")
    pseudonym = next(line.removeprefix("officer: ") for line in added.out.splitlines() if line.startswith("officer"))
    assert pseudonym.startswith("o-")
    listed = {each["officer"]: each for each in json.loads(typed("ma", "officer", "list", "--json").out)}
    assert listed[pseudonym] | {"key": None} == {
        "officer": pseudonym, "unit": "fugitives", "role": "supervisor", "cases": ["a", "b"], "key": None,
        "active": True,
    }  # fmt: skip
    assert typed("ma", "officer", "retire", pseudonym).code == 0
    assert typed("ma", "officer", "retire", pseudonym).code == 2
    assert typed("ma", "officer", "add", "duty", "--pseudonym", pseudonym).code == 2


def test_an_officers_key_is_made_for_an_officer_and_never_overwritten(
    typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMITY_OFFICER_PASSPHRASE", "an officer's own passphrase")
    assert typed("ma", "officer", "key", "nobody", "n.key").code == 2
    assert list(tmp_path.iterdir()) == []
    ended = typed("ma", "officer", "key", "ma-1", "k.key")
    assert (ended.code, (tmp_path / "k.key").stat().st_mode & 0o777) == (0, 0o600)
    assert "an officer's own" not in ended.out + ended.err + (tmp_path / "k.key").read_text()
    assert typed("ma", "officer", "key", "ma-1", "k.key").code == 2


def test_what_needs_two_persons_waits_for_them(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMITY_OFFICER_PASSPHRASE", "an officer's own passphrase")
    proposed = typed("secretariat", *MEASURE)
    assert proposed.code == 0
    (waiting,) = json.loads(typed("secretariat", "pending", "--json").out)
    digits = waiting["id"][:8]
    # Whoever proposes does not approve, nor does a key that no profile lists.
    typed("secretariat", "officer", "key", "secretariat-1", "s1.key")
    own = typed("secretariat", "approve", digits, "--key", "s1.key", "--yes", "--as", "secretariat-1")
    assert own.code in {1, 2}
    typed("secretariat", "officer", "add", "legal", "--pseudonym", "s2")
    typed("secretariat", "officer", "key", "s2", "s2.key")
    unlisted = typed("secretariat", "approve", digits, "--key", "s2.key", "--yes", "--as", "s2")
    assert unlisted.code in {1, 2}
    assert len(json.loads(typed("secretariat", "pending", "--json", "--as", "s2").out)) == 1


def test_nothing_is_approved_or_dropped_without_a_yes(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Path("/dev/null").open())  # noqa: SIM115 - as a shell would
    monkeypatch.setenv("COMITY_OFFICER", "secretariat-1")
    if not json.loads(typed("secretariat", "pending", "--json").out):
        typed("secretariat", *MEASURE)
    waiting = json.loads(typed("secretariat", "pending", "--json").out)
    digits = waiting[0]["id"][:8]
    ended = typed("secretariat", "drop", digits)
    assert (ended.code, "add --yes" in ended.err) == (2, True)
    assert typed("secretariat", "drop", digits, "--yes").code == 0
    assert len(json.loads(typed("secretariat", "pending", "--json").out)) == len(waiting) - 1
    assert typed("secretariat", "drop", digits, "--yes").code == 2


def test_nothing_waits_is_told(typed: Typed) -> None:
    assert typed("ma", "pending", "--as", "ma-1").out == "nothing\n"
