"""Texts read for the persons of a list of names: the press about two assemblies, and what is wrong with a file."""

import json
from pathlib import Path

import pytest

from tests.faces.conftest import Typed

FACES = Path(__file__).parents[2] / "comity" / "faces"
PRESS, OFFICES = FACES / "press", FACES / "exercise" / "specimens" / "office-holders.csv"


def test_one_person_is_recognised_in_all_spellings_of_the_press(typed: Typed) -> None:
    done = typed("", "mentions", *map(str, sorted(PRESS.glob("*.txt"))), "--names", str(OFFICES), "--json")
    assert (done.code, done.err) == (0, "")
    told = {each["key"]: each for each in json.loads(done.out)}
    written = {each.rpartition(" (")[0] for each in told["dgsn"]["written"]}
    assert written == {"Abdelatif Hammouchi", "Abdellatif Hammouchi", "Hammouchi", "Hammmouchi"}
    assert {key: each["times"] for key, each in told.items() if key != "dgsn"} == {
        "king": 3, "president-2021": 1, "secretary-2014": 1, "secretary-2024": 1, "rabat": 3,
    }  # fmt: skip
    # An umlaut that a copy dropped on its way.
    assert told["secretary-2014"]["written"] == ["Jrgen Stock (1)"]


def test_nobody_is_found_where_nobody_is_named(typed: Typed, tmp_path: Path) -> None:
    (tmp_path / "report.txt").write_text("The ferry from Tangier was late on Tuesday, and Oslo was told.")
    done = typed("", "mentions", str(tmp_path / "report.txt"), "--names", str(OFFICES), "--json")
    assert (done.code, json.loads(done.out)) == (0, [])


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ("key,name\nsomebody,\n", "line 2"),
        ("person,called\na,b\n", "a key and a name were expected"),
        ("key,name\na,b,c\n", "another number of columns"),
        ("key,name\n", "no name"),
    ],
)
def test_a_bad_list_is_told_of_by_its_line(typed: Typed, tmp_path: Path, names: str, told: str) -> None:
    (tmp_path / "names.csv").write_text(names)
    done = typed("", "mentions", str(PRESS / "glasgow-2024.txt"), "--names", str(tmp_path / "names.csv"))
    assert (done.code, told in done.err) == (2, True), done.err


def test_a_text_that_is_none_is_told_of(typed: Typed, tmp_path: Path) -> None:
    (tmp_path / "photo.txt").write_bytes(b"\xff\xd8\xff\xe0")
    done = typed("", "mentions", str(tmp_path / "photo.txt"), "--names", str(OFFICES))
    assert (done.code, "no text in UTF-8" in done.err or "not text in UTF-8" in done.err) == (2, True)
