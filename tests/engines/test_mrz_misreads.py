"""A misread character of a zone is put right or reported, never silently wrong: every place, every character.

ICAO 9303 leaves names, sex, nationality and the issuer without check digit, and lets ``6`` and ``G`` stand for the same
value (part 3, section 4.9); what no arithmetic can tell is then said: the field is unchecked, or the place is blind.
"""

from collections import Counter

import pytest

from comity.engines.match.identifiers.equations import field_at, look_alikes
from comity.engines.match.identifiers.layouts import CHARACTERS, LAYOUTS, Layout
from comity.engines.match.identifiers.mrz import Zone, read
from comity.engines.match.identifiers.reading import Proof, Why
from tests.engines.specimens import SPECIMENS, lines_of

BY_NAME = {layout.name: layout for layout in LAYOUTS}


def misreads(flat: str) -> list[tuple[int, str]]:
    return [(place, other) for place in range(len(flat)) for other in CHARACTERS if other != flat[place]]


def misread(flat: str, width: int, change: tuple[int, str]) -> Zone:
    place, character = change
    return read(lines_of(flat[:place] + character + flat[place + 1 :], width))


def reported(zone: Zone, place: int, flat: str) -> str:
    """Return how a wrong character is told; nothing if it is not."""
    layout: Layout = BY_NAME[zone.scheme]
    field = field_at(layout)[place]
    truth = flat[field.start : field.stop]
    if any(truth in problem.candidates for problem in zone.problems if problem.field == field.name):
        return "candidate"
    if field.name in zone.unchecked:
        return "unchecked"
    if any(blind.place == place and flat[place] in blind.characters for blind in zone.blind):
        return "blind"
    return "failed" if zone.proof is Proof.FAILED else ""


@pytest.mark.parametrize("name", SPECIMENS)
def test_every_single_misread_is_put_right_or_reported(name: str) -> None:
    lines = SPECIMENS[name]
    flat = "".join(lines)
    right = read("\n".join(lines))
    outcomes: Counter[str] = Counter()
    for change in misreads(flat):
        zone = misread(flat, len(lines[0]), change)
        if zone.scheme != right.scheme:
            assert "mrz.layout" in zone.codes, change
            continue
        wrong = [place for place, taken in enumerate("".join(zone.lines)) if taken != flat[place]]
        told = [reported(zone, place, flat) for place in wrong]
        assert all(told), (change, zone.problems, zone.repairs)
        outcomes.update(set(told) or {"right"})
    assert outcomes["right"] > 0.2 * len(misreads(flat)), outcomes


@pytest.mark.parametrize("name", SPECIMENS)
def test_a_look_alike_where_only_digits_or_letters_can_be_is_always_put_right(name: str) -> None:
    lines = SPECIMENS[name]
    flat = "".join(lines)
    layout = BY_NAME[name.partition(" ")[0]]
    for place, field in enumerate(field_at(layout)):
        digits = field.sort.value in {"birth", "expiry", "check"} and flat[place].isdigit()
        for other in look_alikes(flat[place]) if digits else "":
            zone = misread(flat, len(lines[0]), (place, other))
            assert "".join(zone.lines) == flat
            assert zone.proof is Proof.CHECKED
            assert [(repair.place, repair.read, repair.why) for repair in zone.repairs] == [(place, other, Why.FIELD)]


@pytest.mark.parametrize("name", SPECIMENS)
def test_a_letter_that_looks_like_no_digit_is_computed_from_the_check_digits(name: str) -> None:
    lines = SPECIMENS[name]
    flat = "".join(lines)
    layout = BY_NAME[name.partition(" ")[0]]
    start = layout.field("birth").start
    for place in range(start, start + 7):
        zone = misread(flat, len(lines[0]), (place, "W"))
        assert "".join(zone.lines) == flat
        assert zone.repairs[0].why is Why.CHECK


def test_the_only_look_alikes_that_check_digits_cannot_tell_apart_are_g_6_and_l_1() -> None:
    flat = "".join(SPECIMENS["TD3"])
    number = BY_NAME["TD3"].field("number")
    blind = {
        frozenset({flat[place], other})
        for place in range(number.start, number.stop)
        for other in look_alikes(flat[place])
        if "".join(misread(flat, 44, (place, other)).lines) != flat
        and misread(flat, 44, (place, other)).proof is Proof.CHECKED
    }
    assert blind <= {frozenset("G6"), frozenset("L1")}
    right = read("\n".join(SPECIMENS["TD3"]))
    wrong = misread(flat, 44, (number.start, "1"))
    assert (wrong.number, wrong.folded) == ("1898902C3", right.folded), "the folded key is not misled"
