"""The desk of records, with real nodes: published from a file, read under a label, revised, restricted, taken back."""

import json
from pathlib import Path
from typing import Any

import pytest

from comity.capabilities.records import desk
from comity.capabilities.records.acts import Cause, Reach, RecordKind, TravelDocument
from comity.capabilities.records.desk import Found
from comity.capabilities.records.desk.parts import Said
from comity.core.capability import OfficerRole
from comity.core.errors import Misused, Refused
from comity.core.handling import Confidentiality
from comity.core.ids import BureauId
from comity.node import rowtables
from tests.capabilities.desks import ET, MA, NO, at
from tests.simulator import DAY, Federation, reader, rows

SECRET = "XX7654321"
"""The number of a passport that nobody has."""


def lines(folder: Path, *keys: str, name: str = "rows.jsonl", number: str = SECRET) -> Path:
    """Write a file of travel documents, one for each key."""
    file = folder / name
    record = {"number": number, "issuer": "MAR", "type": "P", "loss": "stolen"}
    file.write_text("".join(json.dumps({"key": key, "record": record}) + "\n" for key in keys))
    return file


def opened(fed: Federation, *to: str, **how: Any) -> Said:  # noqa: ANN401
    """Open a list at `ma`, and let it arrive."""
    recipients = tuple(map(BureauId, to or ("no", "et")))
    said = desk.open(*at(fed, MA), record=RecordKind.TRAVEL_DOCUMENT, to=recipients, **how)
    fed.carry()
    return said


def filled(fed: Federation, folder: Path, *keys: str, **how: Any) -> Said:  # noqa: ANN401
    """Open a list, put rows with these keys into it, and let them arrive."""
    listed = opened(fed)
    desk.publish(*at(fed, MA), which=listed.id.hex(), file=lines(folder, *keys), **how)
    fed.carry()
    return listed


def look(fed: Federation, name: BureauId, listed: Said, key: str) -> Found | None:
    """Return a record as an officer sees it."""
    try:
        return desk.record(*at(fed, name), which=listed.id.hex(), key=key)
    except Misused:
        return None


def test_a_published_record_is_read_at_home_by_whoever_was_told_of_the_list(fed: Federation, tmp_path: Path) -> None:
    listed = filled(fed, tmp_path, "a-1", "a-2")
    for name in (MA, NO, ET):
        found = look(fed, name, listed, "a-1")
        assert found is not None
        assert found.source == MA
        assert found.record == TravelDocument(number=SECRET, issuer="MAR", type="P", loss=found.record.loss)  # type: ignore[union-attr]
        assert look(fed, name, listed, "a-9") is None


def test_a_record_that_is_published_again_is_revised(fed: Federation, tmp_path: Path) -> None:
    listed = filled(fed, tmp_path, "a-1", "a-2")
    desk.publish(*at(fed, MA), which=listed.id.hex(), file=lines(tmp_path, "a-1", number="XX0000001"))
    fed.carry()
    found, other = look(fed, NO, listed, "a-1"), look(fed, NO, listed, "a-2")
    assert isinstance(found, Found)
    assert isinstance(other, Found)
    assert found.record.number == "XX0000001"  # type: ignore[union-attr]
    assert other.record.number == SECRET  # type: ignore[union-attr]
    shelf = desk.lists(*at(fed, NO))[0]
    assert (shelf.rows, shelf.batches) == (2, 2)


def test_a_withdrawn_record_is_found_nowhere_and_every_holder_has_said_so(fed: Federation, tmp_path: Path) -> None:
    listed = filled(fed, tmp_path, "a-1", "a-2")
    fed.away.add(ET)
    desk.withdraw(*at(fed, MA), which=listed.id.hex(), why=Cause.MISTAKEN, key=("a-1",))
    fed.carry()
    lags = {lag.bureau: lag for lag in desk.laggards(*at(fed, MA), which=listed.id.hex())}
    assert lags[NO].stated is not None
    assert lags[NO].dropped == 1
    assert lags[ET].stated is None
    assert not lags[ET].late
    fed.later(2 * 3_600_000)
    assert [lag.bureau for lag in desk.laggards(*at(fed, MA), which=listed.id.hex()) if lag.late] == [ET]
    fed.away.clear()
    fed.later(DAY)
    fed.carry()
    for name in (MA, NO, ET):
        assert look(fed, name, listed, "a-1") is None
        assert look(fed, name, listed, "a-2") is not None
    assert desk.laggards(*at(fed, MA), which=listed.id.hex()) == ()


def test_a_list_that_is_withdrawn_is_empty_everywhere(fed: Federation, tmp_path: Path) -> None:
    listed = filled(fed, tmp_path, "a-1", "a-2", "a-3")
    desk.withdraw(*at(fed, MA), which=listed.id.hex(), why=Cause.PURPOSE, reach=Reach.LIST)
    fed.carry()
    assert [desk.lists(*at(fed, name))[0].rows for name in (MA, NO, ET)] == [0, 0, 0]
    assert rows(fed.bureaus[NO], rowtables.row_segments) == []


def test_whoever_is_shut_out_drops_the_record_and_says_so(fed: Federation, tmp_path: Path) -> None:
    listed = filled(fed, tmp_path, "a-1", "a-2")
    desk.restrict(*at(fed, MA), which=listed.id.hex(), key=("a-1",), audience=(NO,))
    lag = desk.laggards(*at(fed, MA), which=listed.id.hex())
    assert [(each.bureau, each.stated) for each in lag] == [(ET, None)]
    fed.carry()
    assert look(fed, ET, listed, "a-1") is None
    assert look(fed, ET, listed, "a-2") is not None
    assert look(fed, NO, listed, "a-1") is not None
    assert desk.laggards(*at(fed, MA), which=listed.id.hex()) == ()


def test_a_restricted_record_shows_its_source_and_no_more_to_an_officer(fed: Federation, tmp_path: Path) -> None:
    listed = filled(fed, tmp_path, "a-1", "a-2")
    for key, level in (("a-1", Confidentiality.RESTRICTED), ("a-2", Confidentiality.CONFIDENTIAL)):
        desk.restrict(*at(fed, MA), which=listed.id.hex(), key=(key,), confidentiality=level)
    fed.carry()
    found = look(fed, NO, listed, "a-1")
    assert found is not None
    assert (found.source, found.record) == (MA, None)
    assert look(fed, NO, listed, "a-2") is None
    assert desk.lists(*at(fed, NO))[0].rows == 1
    bureau = fed.bureaus[NO]
    supervisor = reader(bureau, role=OfficerRole.SUPERVISOR)
    assert desk.record(bureau, supervisor, which=listed.id.hex(), key="a-2").record is not None


def test_records_lapse_everywhere_when_their_source_does_not_keep_them(fed: Federation, tmp_path: Path) -> None:
    listed = opened(fed, months=7)
    desk.publish(*at(fed, MA), which=listed.id.hex(), file=lines(tmp_path, "a-1", "a-2"))
    fed.carry()
    assert desk.reviews(*at(fed, MA)) == ()
    fed.later(40 * DAY)
    fed.renew()
    fed.carry()
    assert [question.batches for question in desk.reviews(*at(fed, MA))] == [1]
    desk.publish(*at(fed, MA), which=listed.id.hex(), file=lines(tmp_path, "a-2"))
    fed.carry()
    fed.later(180 * DAY)
    fed.renew()
    fed.carry()
    for name in (MA, NO, ET):
        assert look(fed, name, listed, "a-1") is None
        assert look(fed, name, listed, "a-2") is not None


def test_a_bureau_that_is_not_told_of_a_list_holds_nothing_of_it(fed: Federation, tmp_path: Path) -> None:
    listed = opened(fed, "no")
    desk.publish(*at(fed, MA), which=listed.id.hex(), file=lines(tmp_path, "a-1"))
    fed.carry()
    assert desk.lists(*at(fed, ET)) == ()
    assert rows(fed.bureaus[ET], rowtables.rows) == []


def test_a_wrong_line_is_named_by_number_and_field_and_nothing_is_published(fed: Federation, tmp_path: Path) -> None:
    listed = opened(fed)
    file = tmp_path / "rows.jsonl"
    good = {"number": "XX0000001", "issuer": "MAR", "type": "P", "loss": "lost"}
    bad = [{"key": "b", "record": good | {"loss": "eaten by a dog"}}, {"key": "c", "record": {"number": SECRET}}]
    every = [{"key": "a", "record": good}, *bad, {"key": "a", "record": good}]
    file.write_text("\n".join(map(json.dumps, every)) + "\nno json\n")
    report = desk.publish(*at(fed, MA), which=listed.id.hex(), file=file, dry_run=True)
    assert (report.lines, report.rows, report.batches) == (5, 1, ())
    assert [flaw.line for flaw in report.flaws] == [2, 3, 4, 5]
    assert "loss" in report.flaws[0].what
    with pytest.raises(Misused, match="4 lines are wrong, nothing was published: line 2: ") as problem:
        desk.publish(*at(fed, MA), which=listed.id.hex(), file=file)
    assert SECRET not in str(problem.value)
    assert "dog" not in str(problem.value)
    assert desk.lists(*at(fed, MA))[0].rows == 0
    said = desk.publish(*at(fed, MA), which=listed.id.hex(), file=file, skip_bad=True)
    assert len(said.batches) == 1
    assert desk.lists(*at(fed, MA))[0].rows == 1


def test_a_spreadsheet_is_read_with_a_mapping_that_is_kept(fed: Federation, tmp_path: Path) -> None:
    listed, file, mapping = opened(fed), tmp_path / "export.csv", tmp_path / "sltd.json"
    file.write_text("\ufeffReference;x\n".replace(";", ",") + "a-1,XX0000001\na-2,XX0000002,too much\n", "utf-8")
    always = {"issuer": "MAR", "type": "P", "loss": "stolen-blank"}
    mapping.write_text(json.dumps({"key": "Reference", "fields": {"number": "x"}, "always": always}))
    said = desk.publish(*at(fed, MA), which=listed.id.hex(), file=file, mapping=mapping, skip_bad=True)
    assert [flaw.line for flaw in said.flaws] == [3]
    found = look(fed, MA, listed, "a-1")
    assert found is not None
    assert found.record.number == "XX0000001"  # type: ignore[union-attr]


def test_a_person_is_read_from_columns_that_are_called_as_the_fields(fed: Federation, tmp_path: Path) -> None:
    listed = desk.open(*at(fed, MA), record=RecordKind.NOMINAL, to=(NO,))
    file = tmp_path / "persons.csv"
    file.write_text(
        "key,names.0.family,names.0.given,names.1.family,status,born.0,sex\np-1,Zahir,Lina,زاهر,missing,1984-05,F\n"
    )
    desk.publish(*at(fed, MA), which=listed.id.hex(), file=file)
    found = look(fed, MA, listed, "p-1")
    assert found is not None
    assert [name.family for name in found.record.names] == ["Zahir", "زاهر"]  # type: ignore[union-attr]


def test_another_bureaus_list_is_not_changed(fed: Federation, tmp_path: Path) -> None:
    listed = filled(fed, tmp_path, "a-1")
    with pytest.raises(Misused, match="only its source changes a list"):
        desk.withdraw(*at(fed, NO), which=listed.id.hex(), why=Cause.MISTAKEN, key=("a-1",))


def test_a_label_looser_than_the_list_is_refused(fed: Federation, tmp_path: Path) -> None:
    listed = opened(fed, confidentiality=Confidentiality.RESTRICTED)
    with pytest.raises(Refused) as refused:
        desk.publish(
            *at(fed, MA), which=listed.id.hex(), file=lines(tmp_path, "a-1"), confidentiality=Confidentiality.OFFICIAL
        )
    assert refused.value.refusal.code == "handling.loosened"
