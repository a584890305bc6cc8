"""The desk of hits, with real nodes: searched, told, asked, confirmed, concluded; quiet lists; looks."""

from pathlib import Path
from typing import Any

import pytest

from comity.capabilities.hits import desk
from comity.capabilities.hits.acts import Asks, Did, Hit, HitVerdict, Looked, Manner
from comity.capabilities.records import desk as records
from comity.capabilities.records.acts import Cause, RecordKind, Tells
from comity.core.capability import OfficerRole
from comity.core.errors import Misused, Refused
from comity.core.handling import Confidentiality, Purpose
from comity.node.view import View, Wanted
from tests.capabilities.hitting import ASKED, ET, HOW, MA, NO, SALMA, answered, at, find, listed, only, taken
from tests.simulator import Federation, received


def test_a_person_is_met_in_any_script_and_the_reasons_add_up(fed: Federation, tmp_path: Path) -> None:
    shelf = listed(fed, tmp_path, ("a-1", SALMA))
    for name in ("salma el amrani", "El-Amrani Salma", "سلمى العمراني"):
        answer = find(fed, name=name, born="1984")
        candidate = only(answer)
        assert answer.hit
        assert "nothing may be done" in answer.caution
        assert (candidate.list, candidate.key, candidate.source) == (shelf, "a-1", MA)
        assert candidate.score > 700
        assert "born.year" in candidate.codes
        assert any("1984" in each for each in candidate.why)
    assert find(fed, name="bjørn hansen", born="1951-01-02").candidates == ()


def test_a_number_is_met_however_it_is_written_and_what_is_only_alike_says_so(fed: Federation, tmp_path: Path) -> None:
    listed(fed, tmp_path, ("a-1", SALMA))
    assert only(find(fed, identifier="xx 0000-017")).codes == ("number.same",)
    alike = only(find(fed, identifier="XXO000017"))
    assert alike.codes == ("number.look-alike",)
    assert alike.score < only(find(fed, identifier="XX0000017")).score
    assert find(fed, identifier="XX0000018").candidates == ()


def test_the_zone_of_a_passport_is_read_and_what_was_misread_is_put_right_and_told(
    fed: Federation, tmp_path: Path
) -> None:
    # The specimen of ICAO Doc 9303-4, appendix A, with the O of the last digit block misread.
    record = {"number": "L898902C3", "issuer": "UTO", "type": "P", "loss": "stolen"}
    kind = RecordKind.TRAVEL_DOCUMENT
    listed(fed, tmp_path, ("d-1", record), kind=kind)
    zone = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL8989O2C36UTO7408122F1204159ZE184226B<<<<<10"
    answer = find(fed, identifier=zone)
    assert only(answer).key == "d-1"
    assert (answer.read_as, only(answer).codes) == (("document: L898902C3",), ("number.repaired",))


def test_neighbours_of_a_number_are_found_only_on_request_and_with_a_second_fact(
    fed: Federation, tmp_path: Path
) -> None:
    listed(fed, tmp_path, ("a-1", SALMA))
    asked: dict[str, Any] = {"identifier": "XX0000016"}
    assert find(fed, **asked).candidates == ()
    with pytest.raises(Misused, match="one character apart"):
        find(fed, **asked, near=True)
    assert "number.near" in only(find(fed, **asked, near=True, born="1984-05-02")).codes
    assert find(fed, **asked, near=True, born="1951-01-02").candidates == ()


@pytest.mark.parametrize(
    ("how", "code"),
    [({"law": " "}, "hits.basis"), ({"purpose": Purpose.ADMINISTRATION}, "hits.purpose")],
)
def test_a_search_names_a_police_purpose_and_a_law(fed: Federation, how: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refused:
        desk.find(*at(fed, NO), **HOW | ASKED | how)
    assert refused.value.refusal.code == code


@pytest.mark.parametrize(
    "asked",
    [
        {"born": "1984"},
        {"name": "salma", "born": "02.05.1984"},
        {"name": "salma", "sex": "W"},
        {"identifier": "---"},
        {"name": "s" * 400},
        {"name": "salma", "limit": 0},
    ],
)
def test_what_cannot_be_looked_for_is_said_clearly_and_noted_nowhere(
    fed: Federation, tmp_path: Path, asked: dict[str, Any]
) -> None:
    listed(fed, tmp_path, ("a-1", SALMA))
    with pytest.raises(Misused):
        find(fed, **asked)
    assert desk.journal(*at(fed, NO, OfficerRole.SUPERVISOR)) == ()


def test_a_withdrawn_record_is_no_hit(fed: Federation, tmp_path: Path) -> None:
    shelf = listed(fed, tmp_path, ("a-1", SALMA))
    assert find(fed).hit
    records.withdraw(*at(fed, MA), which=shelf.hex(), why=Cause.MISTAKEN, key=("a-1",))
    fed.carry()
    assert not find(fed).hit
    assert not find(fed, by=MA).hit
    with pytest.raises(Misused, match="does not bring up"):
        taken(fed, shelf)


def test_a_restricted_record_is_met_without_what_it_says_and_its_source_can_be_asked(
    fed: Federation, tmp_path: Path
) -> None:
    shelf = listed(fed, tmp_path, ("a-1", SALMA), confidentiality=Confidentiality.RESTRICTED)
    candidate = only(find(fed))
    assert (candidate.record, candidate.score, candidate.why, candidate.codes) == (None, 0, (), ())
    assert candidate.source == MA
    said = taken(fed, shelf, ask=Asks.ROUTINE)
    assert only(find(fed, role=OfficerRole.SUPERVISOR)).record is not None
    shown = desk.show(*at(fed, MA, OfficerRole.SUPERVISOR), hit=said.id.hex())
    assert (shown.bureau, shown.key, shown.agreed) == (NO, "a-1", ())
    with pytest.raises(Misused):
        desk.show(*at(fed, MA), hit=said.id.hex())
    assert desk.show(*at(fed, NO), hit=said.id.hex()).asks is Asks.ROUTINE
    with pytest.raises(Misused):
        desk.show(*at(fed, NO, unit="another"), hit=said.id.hex())


def test_a_hit_is_told_to_the_source_alone_in_codes(fed: Federation, tmp_path: Path) -> None:
    shelf = listed(fed, tmp_path, ("a-1", SALMA))
    taken(fed, shelf)
    (kept,) = received(fed.bureaus[MA], "hits.hit/1")
    assert received(fed.bureaus[ET], "hits.hit/1") == []
    assert kept.head.basis is not None
    assert (kept.head.purpose, kept.head.basis.law, kept.head.to) == (Purpose.LOCATE, "RPD 8", (MA,))
    act = View(*at(fed, MA)).find(kept.id.hex()).act
    assert isinstance(act, Hit)
    assert act.asks is Asks.NOTHING
    raw = View(*at(fed, MA)).signed(kept.id).body.lower()
    assert not [word for word in (b"salma", b"amrani", b"1984", "سلمى".encode()) if word in raw]


def test_a_list_that_tells_on_confirmation_hears_of_a_hit_only_when_it_is_asked(
    fed: Federation, tmp_path: Path
) -> None:
    shelf = listed(fed, tmp_path, ("a-1", SALMA), tells=Tells.CONFIRMED)
    assert find(fed).hit
    with pytest.raises(Misused, match="only when it is asked"):
        taken(fed, shelf)
    assert received(fed.bureaus[MA], "hits.hit/1") == []
    taken(fed, shelf, ask=Asks.URGENT)
    assert len(received(fed.bureaus[MA], "hits.hit/1")) == 1


def test_a_quiet_list_tells_its_source_and_nobody_who_searched(fed: Federation, tmp_path: Path) -> None:
    shelf = listed(fed, tmp_path, ("a-1", SALMA), tells=Tells.SILENTLY)
    for role in OfficerRole:
        if role not in {OfficerRole.AUDITOR, OfficerRole.ENGINEER}:
            assert find(fed, role=role).candidates == ()
    fed.carry()
    hits = received(fed.bureaus[MA], "hits.hit/1")
    assert hits
    assert all(kept.head.author is None for kept in hits)
    assert desk.list(*at(fed, MA))[0].manner is Manner.QUIETLY
    for role in OfficerRole:
        assert desk.list(*at(fed, NO, role)) == ()
        assert View(*at(fed, NO, role)).count(Wanted(kinds=("hits.hit/1",))) == 0
    assert only(find(fed, by=MA)).list == shelf
    with pytest.raises(Refused) as refused:
        desk.confirm(*at(fed, MA), hit=hits[0].id.hex(), verdict=HitVerdict.SAME)
    assert refused.value.refusal.code == "hits.quiet"
    answered(fed)
    assert received(fed.bureaus[MA], "hits.looked/1") == []


def test_nothing_is_done_on_a_hit_before_its_source_says_that_it_is_the_same(fed: Federation, tmp_path: Path) -> None:
    shelf = listed(fed, tmp_path, ("a-1", SALMA))
    hit = taken(fed, shelf, ask=Asks.URGENT).hit.hex()
    for did in Did:
        acts = did not in {Did.LET_GO, Did.GONE, Did.NOTHING}
        if acts:
            with pytest.raises(Refused) as refused:
                desk.outcome(*at(fed, NO), hit=hit, did=did)
            assert refused.value.refusal.code == "hits.unconfirmed"
    assert not desk.show(*at(fed, NO), hit=hit).may_act
    desk.confirm(*at(fed, MA), hit=hit, verdict=HitVerdict.UNCLEAR)
    fed.carry()
    with pytest.raises(Refused):
        desk.outcome(*at(fed, NO), hit=hit, did=Did.ARRESTED)
    desk.confirm(*at(fed, MA), hit=hit, verdict=HitVerdict.SAME)
    fed.carry()
    assert desk.show(*at(fed, NO), hit=hit).may_act
    desk.outcome(*at(fed, NO), hit=hit, did=Did.ARRESTED)
    fed.carry()
    assert [each.did for each in desk.show(*at(fed, MA), hit=hit).ends] == [Did.ARRESTED]


def test_the_clock_of_a_confirmation_runs_from_its_receipt_and_reminds_by_itself(
    fed: Federation, tmp_path: Path
) -> None:
    shelf = listed(fed, tmp_path, ("a-1", SALMA))
    hit = taken(fed, shelf, ask=Asks.URGENT).hit.hex()
    assert [each.id.hex() for each in desk.waiting(*at(fed, MA))] == [hit]
    fed.later(11 * 60_000)
    fed.carry()
    assert len(received(fed.bureaus[MA], "hits.reminder/1")) == 1
    fed.later(10 * 60_000)
    fed.carry()
    assert len(received(fed.bureaus[MA], "hits.reminder/1")) == 2
    clock = desk.show(*at(fed, NO), hit=hit).clock
    assert clock is not None
    assert clock.late is not None
    desk.confirm(*at(fed, MA), hit=hit, verdict=HitVerdict.OTHER)
    fed.carry()
    fed.later(3_600_000)
    fed.carry()
    assert len(received(fed.bureaus[MA], "hits.reminder/1")) == 2
    assert desk.waiting(*at(fed, MA)) == () == desk.waiting(*at(fed, NO))


def test_a_hit_that_was_told_can_be_asked_about_later(fed: Federation, tmp_path: Path) -> None:
    shelf = listed(fed, tmp_path, ("a-1", SALMA))
    first = taken(fed, shelf)
    said = desk.ask(*at(fed, NO), hit=first.id.hex(), urgency=Asks.ROUTINE)
    fed.carry()
    desk.confirm(*at(fed, MA), hit=said.id.hex(), verdict=HitVerdict.SAME)
    fed.carry()
    assert desk.show(*at(fed, NO), hit=said.id.hex()).may_act
    assert not desk.show(*at(fed, NO), hit=first.id.hex()).may_act


def test_the_source_sees_that_its_record_was_found_and_opened_and_what_for(fed: Federation, tmp_path: Path) -> None:
    shelf = listed(fed, tmp_path, ("a-1", SALMA))
    find(fed)
    find(fed)
    records.record(*at(fed, ET), which=shelf.hex(), key="a-1")
    answered(fed)
    seen = {each.bureau: each for each in desk.looks(*at(fed, MA), which=shelf.hex(), key="a-1")}
    assert (seen[NO].found, seen[NO].opened, seen[NO].purpose) == (2, 0, Purpose.LOCATE)
    assert (seen[ET].found, seen[ET].opened) == (0, 1)
    acts = [View(*at(fed, MA)).find(kept.id.hex()).act for kept in received(fed.bureaus[MA], "hits.looked/1")]
    assert all(isinstance(act, Looked) for act in acts)
    assert all(kept.head.author is None for kept in received(fed.bureaus[MA], "hits.looked/1"))
    find(fed)
    answered(fed)
    assert len(desk.looks(*at(fed, MA), which=shelf.hex(), key="a-1")) == 2
    fed.later(60_000)
    answered(fed)
    assert len(desk.looks(*at(fed, MA), which=shelf.hex(), key="a-1")) == 3
