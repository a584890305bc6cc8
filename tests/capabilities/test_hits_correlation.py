"""Correlation: rows that touch make one hit, for those who may know, in whatever order they come."""

from pathlib import Path
from typing import Any

import pytest

from comity.app import correlate
from comity.capabilities.hits import desk
from comity.capabilities.hits.acts import Came, Manner
from comity.capabilities.records import desk as records
from comity.capabilities.records.acts import RecordKind, Tells
from comity.core.capability import OfficerRole
from comity.core.ids import ActId
from comity.node import looks
from tests.capabilities.hitting import ET, MA, NO, SALMA, at, listed
from tests.simulator import Federation, received

PASSPORT = {"number": "XX0000017", "issuer": "MAR", "type": "P", "loss": "stolen"}
OTHER = SALMA | {"documents": [], "names": [{"family": "ELAMRANI", "given": "SELMA"}]}


def compared(fed: Federation) -> int:
    """Let every node compare its new rows, and carry what that says."""
    said = sum(correlate(bureau) for bureau in fed.bureaus.values())
    fed.carry()
    return said


def documents(fed: Federation, folder: Path, **how: Any) -> ActId:  # noqa: ANN401
    """Publish a passport whose number a nominal of `ma` carries."""
    kind = RecordKind.TRAVEL_DOCUMENT
    return listed(fed, folder, ("d-1", PASSPORT), source=NO, kind=kind, **{"to": (MA, ET)} | how)


@pytest.mark.parametrize("first", ["nominal", "document"])
def test_two_records_that_share_a_number_make_one_hit_in_any_order(fed: Federation, tmp_path: Path, first: str) -> None:
    if first == "nominal":
        listed(fed, tmp_path, ("a-1", SALMA))
    documents(fed, tmp_path)
    if first == "document":
        listed(fed, tmp_path, ("a-1", SALMA))
    assert compared(fed) == 1
    hits = received(fed.bureaus[NO], "hits.hit/1") + received(fed.bureaus[MA], "hits.hit/1")
    assert len(hits) == 1
    assert hits[0].head.author is None
    for name in (MA, NO):
        (hit,) = desk.list(*at(fed, name))
        assert (hit.came, hit.agreed) == (Came.RECORD, ("number.look-alike",))
        assert hit.touches
    assert desk.list(*at(fed, ET)) == ()
    assert looks.journal(fed.bureaus[NO]) == []


def test_a_pair_is_said_once_however_often_its_rows_are_revised(fed: Federation, tmp_path: Path) -> None:
    shelf = listed(fed, tmp_path, ("a-1", SALMA))
    documents(fed, tmp_path)
    assert compared(fed) == 1
    records.publish(*at(fed, MA), which=shelf.hex(), file=tmp_path / f"{shelf.hex()}.jsonl")
    fed.carry()
    assert compared(fed) == 0
    fed.restart("no")
    assert compared(fed) == 0


def test_names_touch_only_with_the_same_birth_date(fed: Federation, tmp_path: Path) -> None:
    listed(fed, tmp_path, ("a-1", SALMA))
    listed(
        fed,
        tmp_path,
        ("b-1", OTHER | {"born": ["1984"]}),
        ("b-2", OTHER | {"born": ["1990-05-02"]}),
        source=NO,
        to=(MA,),
    )
    assert compared(fed) == 0
    listed(fed, tmp_path, ("b-3", OTHER), source=NO, to=(MA,))
    assert compared(fed) == 1
    (hit,) = desk.list(*at(fed, NO))
    assert "born.same" in hit.agreed
    assert hit.score >= 900


def test_what_the_other_source_may_not_read_is_only_noted_at_home(fed: Federation, tmp_path: Path) -> None:
    listed(fed, tmp_path, ("a-1", SALMA))
    documents(fed, tmp_path, to=(ET,))
    assert compared(fed) == 1
    assert received(fed.bureaus[MA], "hits.hit/1") == []
    (hit,) = desk.list(*at(fed, NO))
    assert (hit.bureau, hit.source, hit.key) == (NO, NO, "a-1")
    assert desk.list(*at(fed, MA)) == ()
    said = desk.ask(*at(fed, NO), hit=hit.id.hex(), law="RPD 8")
    fed.carry()
    assert said.to == (MA,)
    (asked,) = desk.list(*at(fed, MA))
    # The row that touches it is not for the source to see.
    assert asked.touches == ""


def test_a_quiet_record_that_is_touched_is_told_to_its_source_alone(fed: Federation, tmp_path: Path) -> None:
    listed(fed, tmp_path, ("a-1", SALMA), tells=Tells.SILENTLY)
    documents(fed, tmp_path)
    compared(fed)
    hits = desk.list(*at(fed, MA))
    assert [hit.manner for hit in hits if hit.bureau == NO] == [Manner.QUIETLY]
    for role in OfficerRole:
        assert [hit for hit in desk.list(*at(fed, NO, role)) if hit.bureau == NO] == []


def test_two_records_of_others_are_none_of_our_business(fed: Federation, tmp_path: Path) -> None:
    listed(fed, tmp_path, ("a-1", SALMA))
    documents(fed, tmp_path)
    assert correlate(fed.bureaus[ET]) == 0
    assert desk.list(*at(fed, ET)) == ()
