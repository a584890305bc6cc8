"""What one string may be: all readings, the likeliest first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.errors import Malformed
from comity.engines.match.identifiers import dates
from comity.engines.match.identifiers.reading import Kind, Proof
from comity.engines.match.identifiers.recognise import WEIGHTS, recognise
from tests.engines.specimens import SPECIMENS


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("\n".join(SPECIMENS["TD3"]), Kind.MRZ),
        ("".join(SPECIMENS["TD1"]).lower(), Kind.MRZ),
        ("\n".join(SPECIMENS["TD3"]).replace("L8989", "LB9B9"), Kind.MRZ),
        ("L898902C3", Kind.DOCUMENT),
        ("AB 123-456-7", Kind.DOCUMENT),
        ("1M8GDM9AXKP042788", Kind.VIN),
        ("WAUZZZ8K9BA000000", Kind.VIN),
        ("49-015420-323751-8", Kind.IMEI),
        ("GB82 WEST 1234 5698 7654 32", Kind.IBAN),
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", Kind.WALLET),
        ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", Kind.WALLET),
        ("+212 537 72 12 00", Kind.PHONE),
        ("٠٥٣٧٧٢١٢٠٠", Kind.PHONE),
        ("anna@example.org", Kind.EMAIL),
        ("https://example.org/x", Kind.DOMAIN),
        ("example.org", Kind.DOMAIN),
        ("IMO 9074729", Kind.SHIP),
        ("MMSI 211476060", Kind.MMSI),
        ("CN-RGA", Kind.AIRCRAFT_MARK),
        ("D-4711", Kind.AIRCRAFT_MARK),
        ("12.08.1974", Kind.DATE),
        ("١٢/٠٨/١٩٧٤", Kind.DATE),
        ("Anna Maria Eriksson", Kind.NAME),
        ("عبد اللطيف", Kind.NAME),
        ("O'Neill-Łuczak, Zoë", Kind.NAME),
        ("王小明", Kind.NAME),
        ("S/N 12345", Kind.FIREARM),
    ],
)
def test_the_first_reading_is_the_one_that_the_text_was_made_as(text: str, first: Kind) -> None:
    found = recognise(text, "MA")
    assert found[0].reading.kind is first, [(each.reading.kind, each.weight) for each in found]


def test_no_reading_is_dropped_for_being_unlikely() -> None:
    kinds = {each.reading.kind for each in recognise("9074729", "MA")}
    assert {Kind.SHIP, Kind.DOCUMENT, Kind.PLATE, Kind.FIREARM} <= kinds
    assert Kind.AIRCRAFT_MARK in {each.reading.kind for each in recognise("CN-RGA")}
    assert {each.reading.kind for each in recognise("ABC123")} >= {Kind.AIRCRAFT_ADDRESS, Kind.PLATE, Kind.DOCUMENT}


def test_every_kind_and_proof_that_a_reader_gives_has_a_weight() -> None:
    checked = {kind for kind, proof in WEIGHTS if proof is Proof.CHECKED}
    failed = {kind for kind, proof in WEIGHTS if proof is Proof.FAILED}
    assert checked == failed | {Kind.MRZ}
    assert {kind for kind, _ in WEIGHTS} == set(Kind)


@given(st.text(max_size=120))
def test_any_text_is_answered_in_descending_order(text: str) -> None:
    found = recognise(text, "FR")
    weights = [each.weight for each in found]
    assert weights == sorted(weights, reverse=True)
    assert all(1 <= weight <= 100 for weight in weights)


def test_a_long_text_is_no_identifier() -> None:
    assert recognise("x" * 401) == ()
    assert recognise("  \n") == ()


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("12.08.1974", ["1974-08-12", "1974-12-08"]),
        ("31/12/1999", ["1999-12-31"]),
        ("12/31/1999", ["1999-12-31"]),
        ("1974-08-12", ["1974-08-12"]),
        ("19740812", ["1974-08-12"]),
        ("08/1974", ["1974-08"]),
        ("1974-08", ["1974-08"]),
        ("1974年8月12日", ["1974-08-12"]),
        ("29.02.1972", ["1972-02-29"]),
    ],
)
def test_a_date_has_all_its_readings(text: str, keys: list[str]) -> None:
    assert [each.key for each in dates.read(text)] == keys


def test_a_year_of_another_calendar_is_reported_and_not_converted() -> None:
    (found,) = dates.read("1353-05-21")
    assert found.codes == ("date.calendar",)


@pytest.mark.parametrize(
    "text", ["", "32.13.1974", "1974", "12.08.74", "0000-00-00", "1974-02-30", "1.2.3.4", "1" * 30]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        dates.read(text)
