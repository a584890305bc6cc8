"""The zones of ICAO 9303 as they are printed, and as scanners and hands deliver them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.errors import Malformed
from comity.engines.match.identifiers.layouts import CHARACTERS, LAYOUTS, VALUE, WEIGHTS
from comity.engines.match.identifiers.mrz import read
from comity.engines.match.identifiers.reading import Kind, Proof, Why
from tests.engines.specimens import SPECIMENS


@pytest.mark.parametrize("name", SPECIMENS)
def test_a_specimen_is_read_as_it_stands(name: str) -> None:
    zone = read("\n".join(SPECIMENS[name]))
    assert zone.kind is Kind.MRZ
    assert zone.scheme == name.partition(" ")[0]
    assert zone.proof is Proof.CHECKED
    assert (zone.lines, zone.repairs, zone.problems) == (SPECIMENS[name], (), ())
    assert zone.issuer == "UTO"


def test_the_fields_of_the_passport_are_those_that_part_4_names() -> None:
    zone = read("\n".join(SPECIMENS["TD3"]))
    assert (zone.code, zone.number, zone.nationality) == ("P", "L898902C3", "UTO")
    assert (zone.surname, zone.given_names) == ("ERIKSSON", "ANNA MARIA")
    assert (zone.birth, zone.sex, zone.expiry, zone.optional) == ("740812", "F", "120415", "ZE184226B")
    assert zone.unchecked == ("code", "issuer", "names", "nationality", "sex")


def test_a_long_document_number_goes_on_in_the_optional_field() -> None:
    assert read("\n".join(SPECIMENS["TD1 long"])).number == "D23145890734"
    assert read("\n".join(SPECIMENS["TD2 long"])).number == "D23145890734"


@pytest.mark.parametrize("name", SPECIMENS)
def test_line_ends_spaces_and_small_letters_do_not_matter(name: str) -> None:
    lines = SPECIMENS[name]
    assert read("".join(lines)).lines == lines
    assert read("\r\n\r\n".join(f" {' '.join(line.lower())} " for line in lines)).lines == lines
    assert read("\n".join(line.replace("<<", "«") for line in lines)).lines == lines


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_fillers_that_were_lost_or_doubled_at_the_end_are_counted_again(lost: int) -> None:
    names, rest = SPECIMENS["TD3"]
    for line in (names[:-lost], names + "<" * lost):
        zone = read(f"{line}\n{rest}")
        assert zone.lines == (names, rest)
        assert [repair.why for repair in zone.repairs] == [Why.FILLER]


def test_letters_behind_the_names_are_fillers() -> None:
    names, rest = SPECIMENS["TD3"]
    zone = read(f"{names[:36]}K<KC<<<<\n{rest}")
    assert zone.given_names == "ANNA MARIA"
    assert "mrz.tail" in zone.codes


def test_germany_has_one_letter_and_a_misread_of_it_is_found() -> None:
    zone = read("\n".join(("P<0<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<", SPECIMENS["TD3"][1])))
    assert (zone.issuer, zone.country) == ("D", "DE")
    assert zone.repairs[0].why is Why.FIELD


def test_digits_in_a_name_are_taken_for_letters_and_the_others_are_told() -> None:
    zone = read("\n".join(("P<UTOER1KSS0N<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", SPECIMENS["TD3"][1])))
    assert zone.surname == "ERIKSSON"
    (problem,) = zone.problems
    assert (problem.code, problem.field, len(problem.candidates)) == ("mrz.ambiguous", "names", 6)
    assert zone.value("names") in problem.candidates


def test_a_state_that_does_not_exist_is_reported_with_those_nearby() -> None:
    zone = read("\n".join(("P<UTZERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", SPECIMENS["TD3"][1])))
    (problem,) = zone.problems
    assert (problem.code, problem.field) == ("mrz.state", "issuer")
    assert "UTO" in problem.candidates


def test_two_letters_for_digits_in_a_date_are_put_right_together() -> None:
    zone = read("\n".join((SPECIMENS["TD3"][0], SPECIMENS["TD3"][1].replace("7408122", "74O8I22"))))
    assert (zone.birth, zone.proof) == ("740812", Proof.CHECKED)
    assert len(zone.repairs) == 2


def test_two_misreads_that_do_not_agree_by_chance_are_reported() -> None:
    line = SPECIMENS["TD3"][1].replace("L898902C3", "LB989O2C3")
    zone = read("\n".join((SPECIMENS["TD3"][0], line)))
    assert zone.number == "L898902C3" or {"mrz.check", "mrz.likely"} & set(zone.codes)


def test_two_look_alikes_that_agree_by_chance_are_not_seen_but_do_not_mislead_the_folded_key() -> None:
    """An eight under weight 3 and one under weight 7, both read as B, add up to thirty: nothing modulo 10 sees it."""
    right = read("\n".join(SPECIMENS["TD3"]))
    wrong = read("\n".join((SPECIMENS["TD3"][0], SPECIMENS["TD3"][1].replace("L898902C3", "LB9B902C3"))))
    assert wrong.proof is Proof.CHECKED
    assert wrong.number != right.number
    assert wrong.folded == right.folded


def test_an_unknown_birth_day_stays_unknown() -> None:
    line = "L898902C3" + "6UTO7408<<" + digit("7408<<") + "F1204159ZE184226B<<<<<1"
    line += digit(line[:10] + line[13:20] + line[21:43])
    zone = read(f"{SPECIMENS['TD3'][0]}\n{line}")
    assert (zone.birth, zone.proof, zone.problems) == ("7408<<", Proof.CHECKED, ())


def digit(text: str) -> str:
    """Return the check digit of part 3, section 4.9."""
    return str(sum(WEIGHTS[at % 3] * VALUE[each] for at, each in enumerate(text)) % 10)


def test_the_worked_example_of_part_3_has_its_check_digit() -> None:
    assert digit("520727") == "3", "part 3, 4.9, example 1"
    assert digit("AB2134<<<") == "5", "part 3, 4.9, example 2"


@pytest.mark.parametrize(
    "text", ["", "P<UTO", "A" * 44, "<" * 60, "x" * 5000, "P<UTO\n" * 40, "\n".join(["Ж" * 44] * 2)]
)
def test_what_cannot_be_a_zone_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        read(text)


@given(st.sampled_from(LAYOUTS), st.data())
def test_any_characters_in_the_shape_of_a_zone_are_read(layout: object, data: st.DataObject) -> None:
    lines, width = layout.lines, layout.width  # type: ignore[attr-defined]
    flat = data.draw(st.text(CHARACTERS, min_size=lines * width, max_size=lines * width))
    zone = read("\n".join(flat[at : at + width] for at in range(0, len(flat), width)))
    assert "".join(zone.lines).isascii()
    assert (zone.proof is Proof.CHECKED) == (not {"mrz.check", "mrz.unreadable"} & set(zone.codes))
