"""One key for all spellings of a number: packing, folding, and the search for neighbours that needs a second fact."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.errors import Misused
from comity.engines.match.identifiers.folding import (
    FOLDED_SYMBOLS,
    LONGEST,
    SYMBOLS,
    SecondFact,
    compact,
    folded,
    key,
    neighbours,
    pack,
    unpack,
)

NUMBERS = st.text(SYMBOLS, max_size=LONGEST)
FOLDED = st.text(FOLDED_SYMBOLS, min_size=1, max_size=LONGEST)


@given(NUMBERS)
def test_what_is_packed_is_unpacked(number: str) -> None:
    assert unpack(pack(number)) == number
    assert key(number).exact
    assert key(number).value < 1 << 63, "the highest bit marks a hash"


@given(NUMBERS, NUMBERS)
def test_packed_numbers_have_the_order_of_the_numbers(one: str, two: str) -> None:
    assert (pack(one) < pack(two)) == (one < two)


@given(st.text(SYMBOLS, min_size=LONGEST + 1, max_size=40))
def test_a_longer_number_is_hashed_and_says_so(number: str) -> None:
    assert not key(number).exact
    assert 1 << 63 <= key(number).value < 1 << 64
    with pytest.raises(Misused):
        unpack(key(number).value)


def test_the_key_of_a_long_number_is_the_same_for_ever() -> None:
    assert key("1M8GDM9AXKP042788").value == 0x84D4FF81ABCC8CF6


@pytest.mark.parametrize("group", ["OQD0", "IL1", "Z2", "S5", "B8", "G6"])
def test_look_alikes_have_one_folded_key(group: str) -> None:
    assert len({key(folded(f"A{each}7")).value for each in group}) == 1


@given(st.text(SYMBOLS, max_size=20))
def test_folding_twice_is_folding_once(number: str) -> None:
    assert folded(folded(number)) == folded(number)


@given(st.text(max_size=30))
def test_compacting_twice_is_compacting_once(text: str) -> None:
    assert compact(compact(text)) == compact(text)


@given(FOLDED)
def test_neighbours_are_one_edit_away_and_mutual(number: str) -> None:
    mine = pack(number)
    for neighbour in neighbours(key(number), SecondFact.BIRTH_DATE):
        assert neighbour != mine
        assert abs(len(unpack(neighbour)) - len(number)) <= 1
        assert mine in neighbours(key(unpack(neighbour)), SecondFact.BIRTH_DATE)
        break


def test_all_edits_of_a_number_are_neighbours() -> None:
    found = {unpack(each) for each in neighbours(key("A1234"), SecondFact.ISSUING_COUNTRY)}
    assert {"1234", "A123", "A12344", "0A1234", "A1274", "A1324"} <= found
    assert "A1234" not in found
    assert "A1243" in found
    assert len(found) < 600


def test_a_hash_has_no_neighbours() -> None:
    with pytest.raises(Misused, match="hash"):
        neighbours(key("1M8GDM9AXKP042788"), SecondFact.DOCUMENT_TYPE)


def test_neighbours_are_asked_of_folded_numbers_with_a_second_fact_alone() -> None:
    with pytest.raises(Misused, match="folded"):
        neighbours(key("OQ1"), SecondFact.DOCUMENT_TYPE)
    with pytest.raises(TypeError):
        neighbours(key("001"))  # type: ignore[call-arg]
