"""Lists and texts: searched a line, a name, a number at a time; what is wrong is told by its line."""

import json
from pathlib import Path

import pytest

from comity.capabilities.hits import desk
from comity.capabilities.records.acts import RecordKind, Tells
from comity.core.capability import OfficerRole
from comity.core.errors import Misused, Refused
from comity.node import looks
from tests.capabilities.hitting import HOW, MA, NO, SALMA, answered, at, listed
from tests.simulator import Federation, received

PASSPORT = {"number": "XX0000099", "issuer": "MAR", "type": "P", "loss": "stolen"}


def passengers(folder: Path, *lines: str) -> Path:
    """Write a list of passengers."""
    file = folder / "passengers.csv"
    file.write_text("\n".join(("key,name,born,document", *lines)) + "\n")
    return file


def test_a_list_is_searched_line_by_line_and_what_is_wrong_is_told_by_its_line(fed: Federation, tmp_path: Path) -> None:
    shelf = listed(fed, tmp_path, ("a-1", SALMA))
    documents = listed(fed, tmp_path, ("d-1", PASSPORT), kind=RecordKind.TRAVEL_DOCUMENT)
    file = passengers(
        tmp_path,
        "1A,Bjørn Hansen,1951-01-02,ZZ1111111",
        "1B,El Amrani Salma,1984-05-02,ZZ2222222",
        "1C,Kari Nordmann,02.03.1990,ZZ3333333",
        "1D,Ola Nordmann,1991,XX0000099",
        "1E,,,",
    )
    told = desk.screen(*at(fed, NO), file=file, **HOW)
    assert (told.lines, told.searched, told.hits) == (5, 3, 2)
    assert [(each.line, each.key, each.list, each.record) for each in told.matched] == [
        (3, "1B", shelf, "a-1"), (5, "1D", documents, "d-1")
    ]  # fmt: skip
    assert [flaw.line for flaw in told.flaws] == [4, 6]
    assert not [flaw for flaw in told.flaws if "Nordmann" in flaw.what or "1990" in flaw.what]
    fed.carry()
    assert received(fed.bureaus[MA], "hits.hit/1") == []
    answered(fed)
    assert desk.looks(*at(fed, MA), which=shelf.hex(), key="a-1")[0].found == 1


def test_a_mapping_says_which_column_is_which_field(fed: Federation, tmp_path: Path) -> None:
    listed(fed, tmp_path, ("d-1", PASSPORT), kind=RecordKind.TRAVEL_DOCUMENT)
    file, mapping = tmp_path / "guests.jsonl", tmp_path / "guests.json"
    file.write_text(json.dumps({"room": "12", "guest": {"passport": "XXOOOOO99"}}) + "\n[]\n")
    mapping.write_text(json.dumps({"key": "room", "fields": {"document": "guest.passport"}}))
    told = desk.screen(*at(fed, NO), file=file, mapping=mapping, **HOW)
    assert [(each.key, each.record) for each in told.matched] == [("12", "d-1")]
    assert [flaw.line for flaw in told.flaws] == [2]


def test_a_quiet_record_that_a_list_meets_is_told_to_its_source_alone(fed: Federation, tmp_path: Path) -> None:
    listed(fed, tmp_path, ("a-1", SALMA), tells=Tells.SILENTLY)
    told = desk.screen(*at(fed, NO), file=passengers(tmp_path, "1,Salma El Amrani,1984-05-02,"), **HOW)
    assert (told.hits, told.matched, told.caution) == (0, (), "")
    fed.carry()
    assert len(received(fed.bureaus[MA], "hits.hit/1")) == 1


def test_a_file_that_tries_out_birth_dates_is_stopped_before_anything_is_searched(
    fed: Federation, tmp_path: Path
) -> None:
    listed(fed, tmp_path, ("a-1", SALMA))
    lines = [f"{day},Salma El Amrani,1984-05-{day:02}," for day in range(1, 29)]
    with pytest.raises(Refused) as refused:
        desk.screen(*at(fed, NO), file=passengers(tmp_path, *lines), **HOW)
    assert refused.value.refusal.code == "hits.pace"
    (alarm,) = desk.alarms(*at(fed, NO, OfficerRole.SUPERVISOR))
    assert (alarm.officer, alarm.alarm, alarm.searches) == ("o-1", "stopped", 28)
    assert all(not noted.look.key for noted in looks.journal(fed.bureaus[NO]))


def test_a_text_is_read_for_persons_in_three_spellings_and_for_numbers(fed: Federation, tmp_path: Path) -> None:
    shelf = listed(fed, tmp_path, ("a-1", SALMA))
    documents = listed(fed, tmp_path, ("d-1", PASSPORT), kind=RecordKind.TRAVEL_DOCUMENT)
    file = tmp_path / "report.txt"
    file.write_text(
        "The witness Bjørn Hansen saw Salma El Amrani at the port. Elamrani, Selma carried passport no. XX 0000099.\n"
        "Later سلمى العمراني was not seen again."
    )
    told = desk.screen_text(*at(fed, NO), file=file, **HOW)
    text = file.read_text()
    named = [each for each in told.mentions if each.what == "name"]
    assert {(each.list, each.key) for each in named} == {(shelf, "a-1")}
    assert "Salma El Amrani" in {each.written for each in named}
    assert "سلمى العمراني" in {each.written for each in named}
    assert all(text[each.start : each.stop] == each.written for each in told.mentions)
    assert [(each.list, each.key) for each in told.mentions if each.what == "document"] == [(documents, "d-1")]
    assert "Bjørn Hansen" not in {each.written for each in told.mentions}
    noted = looks.journal(fed.bureaus[NO])
    assert {each.look.key for each in noted} == {"", "a-1", "d-1"}


@pytest.mark.parametrize("name", ["list.txt", "list.csv"])
def test_a_file_that_cannot_be_screened_is_refused_clearly(fed: Federation, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text("seat,meal\n1A,fish\n")
    with pytest.raises(Misused):
        desk.screen(*at(fed, NO), file=file, **HOW)
