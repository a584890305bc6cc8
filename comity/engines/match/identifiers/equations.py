"""Which single misread explains a zone whose check digits disagree: all of them, not the first that fits.

ICAO 9303, part 3, section 4.9 is linear modulo 10, so a change of one character shifts every check that covers it by
a weight times the difference of values. Asking which changes bring all checks back to zero gives every explanation by
one misread; if there is exactly one, and one place was misread, it is the truth. Two misreads are searched among
look-alikes only. A zone is a string of all its lines; nothing here knows about names or countries.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import combinations

from comity.engines.match.identifiers.folding import TO_DIGIT, TO_LETTERS
from comity.engines.match.identifiers.layouts import (
    ALPHABET,
    DIGITS_ONLY,
    FILLER,
    LAYOUTS,
    VALUE,
    Equation,
    Field,
    Layout,
    Sort,
    equation,
)

Change = tuple[int, str]
"""A place, and the character that is taken to stand there."""


def places_of(layout: Layout) -> tuple[Field, ...]:
    """Return the field of each place."""
    places = {place: field for field in layout.fields for place in range(field.start, field.stop)}
    return tuple(places[place] for place in range(layout.lines * layout.width))


PLACES = {layout.name: places_of(layout) for layout in LAYOUTS}
USUAL = {
    layout.name: tuple((check.name, equation(check.covers, check.at)) for check in layout.checks) for layout in LAYOUTS
}
"""The equations of each layout by name; tables, since hashing a layout for a cache costs more than reading it."""


def field_at(layout: Layout) -> tuple[Field, ...]:
    """Return the field of each place."""
    return PLACES[layout.name]


def long_number_end(layout: Layout, text: str) -> int | None:
    """Return the place of the check digit of a document number of more than nine characters, None for a usual one.

    Parts 5 and 6, section 4.2.2: a filler stands where the check digit would, and the number goes on in the optional
    field, followed there by its check digit and a filler.
    """
    if not layout.long_number or text[layout.field("number check").start] != FILLER:
        return None
    optional = layout.field(layout.long_number)
    run = text[optional.start : optional.stop].partition(FILLER)[0]
    return optional.start + len(run) - 1 if len(run) > 1 else None


def equations(layout: Layout, text: str) -> tuple[tuple[str, Equation], ...]:
    """Return the equations that hold for this text: a long document number has one of its own."""
    end = long_number_end(layout, text)
    if end is None:
        return USUAL[layout.name]
    number, optional = layout.field("number"), layout.field(layout.long_number)
    long = equation(((number.start, number.stop), (optional.start, end)), end)
    return (("number", long), *USUAL[layout.name][1:])


def residue(weights: Equation, text: str) -> int:
    """Return what the equation leaves modulo 10; 0 if the check digit agrees."""
    return sum(weight * VALUE[text[place]] for place, weight in weights.items()) % 10


def failing(layout: Layout, text: str) -> tuple[str, ...]:
    """Return the names of the checks that disagree."""
    return tuple(name for name, weights in equations(layout, text) if residue(weights, text))


def plausible_date(text: str) -> bool:
    """Tell whether six characters can be YYMMDD; two fillers stand for an unknown part (part 3, section 4.8)."""
    year, month, day = text[:2], text[2:4], text[4:]
    if any((FILLER in part) and part != FILLER * 2 for part in (year, month, day)):
        return False
    return (FILLER in month or 1 <= int(month) <= 12) and (FILLER in day or 1 <= int(day) <= 31)  # noqa: PLR2004


def changed(text: str, changes: Iterable[Change]) -> str:
    """Return the text with the changes made."""
    letters = list(text)
    for place, character in changes:
        letters[place] = character
    return "".join(letters)


def explanations(layout: Layout, text: str, places: Iterable[int]) -> list[Change]:
    """Return every change of one of these places after which all checks agree and the dates can be dates."""
    known = equations(layout, text)
    left = tuple(residue(weights, text) for _, weights in known)
    moving = movers(layout, text)
    found = []
    for place in places:
        weights = tuple(each.get(place, 0) for _, each in known)
        shifts = healing(left, weights)
        moves = place in moving
        if not shifts and not moves:
            continue
        before = text[place]
        for character in ALPHABET[field_at(layout)[place].sort].replace(before, ""):
            if moves and FILLER in (character, before):
                holds = not failing(layout, changed(text, [(place, character)]))
            else:
                holds = (VALUE[character] - VALUE[before]) % 10 in shifts
            if holds and stays_plausible(layout, text, (place, character)):
                found.append((place, character))
    return found


@lru_cache(4096)
def healing(left: tuple[int, ...], weights: tuple[int, ...]) -> frozenset[int]:
    """Return by how much, modulo 10, a value must grow to bring every residue to zero; nothing if it cannot."""
    return frozenset(
        shift for shift in range(10) if not any((r + w * shift) % 10 for r, w in zip(left, weights, strict=True))
    )


def movers(layout: Layout, text: str) -> frozenset[int]:
    """Return the places where a filler, put in or taken away, changes how long the document number is."""
    if not layout.long_number:
        return frozenset()
    at = layout.field("number check").start
    optional = layout.field(layout.long_number)
    run = text[optional.start : optional.stop].partition(FILLER)[0] if text[at] == FILLER else ""
    return frozenset([at, *range(optional.start, min(optional.start + len(run) + 1, optional.stop))])


def stays_plausible(layout: Layout, text: str, change: Change) -> bool:
    """Tell whether a change leaves the date in which it falls, if any, a possible one."""
    field = field_at(layout)[change[0]]
    if field.sort not in {Sort.BIRTH, Sort.EXPIRY}:
        return True
    return plausible_date(changed(text, [change])[field.start : field.stop])


def look_alikes(character: str) -> str:
    """Return the characters that are folded to the same digit.

    >>> look_alikes("0"), look_alikes("Q"), look_alikes("K")
    ('ODQ', '0OD', '')
    """
    digit = TO_DIGIT.get(character, character)
    return (digit + TO_LETTERS.get(digit, "")).replace(character, "") if digit in TO_LETTERS else ""


def explained_by_two(layout: Layout, text: str) -> list[tuple[Change, Change]]:
    """Return the pairs of look-alike changes after which all checks agree."""
    known = equations(layout, text)
    left = [residue(weights, text) for _, weights in known]
    shifts = list(look_alike_shifts(layout, text, [weights for _, weights in known]))
    fixed = movers(layout, text)
    return [
        (one, two)
        for (one, first), (two, second) in combinations(shifts, 2)
        if one[0] != two[0]
        and not {one[0], two[0]} & fixed
        and not any((r + a + b) % 10 for r, a, b in zip(left, first, second, strict=True))
    ]


def look_alike_shifts(layout: Layout, text: str, known: list[Equation]) -> Iterator[tuple[Change, list[int]]]:
    """Yield each look-alike change of a covered place, and by how much it shifts each equation."""
    for place, field in enumerate(field_at(layout)):
        weights = [each.get(place, 0) for each in known]
        if not any(weights) or field.sort in DIGITS_ONLY:
            continue
        for character in look_alikes(text[place]):
            shift = VALUE[character] - VALUE[text[place]]
            yield (place, character), [weight * shift for weight in weights]


def twins(layout: Layout, text: str) -> Iterator[tuple[int, str]]:
    """Yield each covered place where other characters have the same value modulo 10, and those characters.

    No check digit tells them apart: ``6`` and ``G``, ``1`` and ``L`` are the look-alikes among them.
    """
    for place in sorted({place for _, weights in equations(layout, text) for place in weights}):
        same = SAME_VALUE[field_at(layout)[place].sort].get(text[place])
        if same:
            yield place, same


SAME_VALUE = {
    sort: {one: "".join(o for o in alphabet if o != one and not (VALUE[o] - VALUE[one]) % 10) for one in alphabet}
    for sort, alphabet in ALPHABET.items()
}
