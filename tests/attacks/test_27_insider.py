"""Attack 27: an officer without need to know searches for what a record hides, and compares everything that is told."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from comity.capabilities.hits import desk
from comity.capabilities.records import desk as records
from comity.capabilities.records.acts import Tells
from comity.core.capability import OfficerRole
from comity.core.errors import ComityError
from comity.core.handling import Confidentiality
from comity.core.ids import ActId
from comity.node.view import View, Wanted
from tests.capabilities.hitting import HOW, MA, NO, SALMA, answered, at, find, listed
from tests.simulator import Federation, federation, received

HIDDEN: dict[str, Any] = SALMA | {"names": [{"family": "EL AMRANI", "given": "SALMA YASMINE"}], "born": ["1984-05-03"]}
ASKED: tuple[dict[str, Any], ...] = (
    {"name": "salma yasmine el amrani", "born": "1984-05-03"},
    {"name": "yasmine"},
    {"name": "salma el amrani", "limit": 1},
    {"identifier": "XX0000017"},
    {"identifier": "XX0000071", "near": True, "born": "1984-05-03"},
    {"name": "kari nordmann", "born": "1984-05-03"},
)
"""What brings up the hidden record first, beside a visible one, alone, and not at all."""


@pytest.fixture
def fed(tmp_path: Path) -> Iterator[Federation]:
    """Give a source and a holder."""
    made = federation(tmp_path / "org", ["ma", "no"])
    yield made
    made.close()


def _told(fed: Federation, folder: Path, shelf: ActId, key: str) -> list[object]:
    """Return all that an officer is told: answers with their work, lists, texts, errors, counts."""
    folder.mkdir()
    passengers, report = folder / "passengers.csv", folder / "report.txt"
    passengers.write_text("key,name,born,document\n1,Salma Yasmine El Amrani,1984-05-03,\n2,,,XX0000017\n")
    report.write_text("Salma Yasmine El Amrani carried passport no. XX0000017.")
    told: list[object] = [find(fed, **asked) for asked in ASKED]
    told.append(desk.screen(*at(fed, NO), file=passengers, **HOW))
    told.append(desk.screen_text(*at(fed, NO), file=report, **HOW))
    for function, asked in ((desk.take, HOW | ASKED[0]), (records.record, {})):
        try:
            told.append(function(*at(fed, NO), which=shelf.hex(), key=key, **asked))
        except ComityError as problem:
            told.append(str(problem))
    told.append([shelved.rows for shelved in records.lists(*at(fed, NO)) if shelved.id == shelf])
    told += [desk.list(*at(fed, NO)), desk.waiting(*at(fed, NO))]
    kinds = ("hits.hit/1", "hits.looked/1", "records.look-digest/1")
    told += [View(*at(fed, NO)).count(Wanted(kinds=(kind,))) for kind in kinds]
    answered(fed)
    return told


@pytest.mark.parametrize(
    "how",
    [{"confidentiality": Confidentiality.CONFIDENTIAL}, {"tells": Tells.SILENTLY}],
    ids=["confidential", "silent"],
)
def test_a_hidden_record_changes_nothing_that_is_told(fed: Federation, tmp_path: Path, how: dict[str, Any]) -> None:
    shelf = listed(fed, tmp_path, ("a-1", SALMA))
    before = _told(fed, tmp_path / "before", shelf, "h-1")
    hidden = listed(fed, tmp_path, ("h-1", HIDDEN), **how)
    # It is there: who may see it, or its source, meets it.
    role, by = (OfficerRole.SUPERVISOR, NO) if "confidentiality" in how else (OfficerRole.OFFICER, MA)
    assert "h-1" in {each.key for each in find(fed, by=by, role=role, **ASKED[0]).candidates}
    assert _told(fed, tmp_path / "after", shelf, "h-1") == before
    # To ask for the hidden one by its own list and key is as to ask for one that nobody has.
    assert _told(fed, tmp_path / "guessed", hidden, "h-1")[-8:-6] == before[-8:-6]


def test_what_is_quiet_reaches_its_source_while_nobody_here_can_tell(fed: Federation, tmp_path: Path) -> None:
    listed(fed, tmp_path, ("h-1", HIDDEN), tells=Tells.SILENTLY)
    assert not find(fed, **ASKED[0]).hit
    fed.carry()
    assert len(received(fed.bureaus[MA], "hits.hit/1")) == 1
    assert View(*at(fed, NO, OfficerRole.SUPERVISOR)).count(Wanted(kinds=("hits.hit/1",))) == 0
