"""The page on security names exactly the attacks that are played, and each has a patch that takes a defence out."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLAYED = sorted(path.name for path in Path(__file__).parent.glob("test_[0-9][0-9]_*.py"))


def test_the_page_names_exactly_the_attacks_that_are_played() -> None:
    page = (ROOT / "docs" / "security.md").read_text()
    rows = re.findall(r"^\| (\d+) \|.*\| `(test_\d\d_\w+\.py)` \|$", page, re.MULTILINE)
    assert [name for _, name in rows] == PLAYED
    assert [int(number) for number, _ in rows] == [*range(1, 27), 30]
    assert all(name.startswith(f"test_{int(number):02}_") for number, name in rows)


def test_every_other_test_that_the_page_names_is_there() -> None:
    page = (ROOT / "docs" / "security.md").read_text()
    named = re.findall(r"`((?:tests|bench)/[\w/.]+)`", page)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_attack_has_a_defence_that_is_taken_out() -> None:
    bites = "\n".join(path.read_text() for path in (ROOT / "tests" / "bites").glob("*.patch"))
    guarded = set(re.findall(r"^Must fail: tests/attacks/(test_\d\d_\w+\.py)::", bites, re.MULTILINE))
    assert sorted(guarded) == PLAYED
