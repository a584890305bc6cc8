"""Misread characters of a zone put right: first by what a field can hold, then by check digits, else reported.

By ICAO 9303, part 3, section 4 (which fields take letters, digits, both). The order is that of certainty: a character
that the field cannot hold and that has one look-alike in it; a place that the check digits leave one character for; one
look-alike among several explanations, which are then told. What has several explanations and no look-alike among them
is left as it was read. A character that no check digit covers is never changed but for the first reason.
"""

from itertools import product

from comity.engines.match.identifiers.equations import (
    Change,
    changed,
    equations,
    explained_by_two,
    explanations,
    failing,
    field_at,
    long_number_end,
    look_alikes,
    plausible_date,
    residue,
)
from comity.engines.match.identifiers.folding import TO_DIGIT, TO_LETTERS, folded
from comity.engines.match.identifiers.layouts import ALPHABET, DIGITS_ONLY, FILLER, LETTERS_ONLY, Field, Layout, Sort
from comity.engines.match.identifiers.reading import Problem, Repair, Why
from comity.engines.match.identifiers.states import STATES, known

MANY = 32
"""Spellings of one field of letters that are told; five digits among the letters of a name are no name any more."""


class Restored:
    """A zone on its way to being read: the text so far, and what was done to it."""

    def __init__(self, layout: Layout, text: str) -> None:
        """Begin with the text as it was read."""
        self.layout = layout
        self.text = text
        self.repairs: list[Repair] = []
        self.problems: list[Problem] = []
        self.forced: set[int] = set()
        """Digits taken for the letters that they look like, because the field takes digits."""
        self.unknown: set[int] = set()
        """Places of digits where something stands that looks like none; a 0 holds the place."""

    def take(self, place: int, character: str, why: Why, read: str = "") -> None:
        """Put a character in its place, and keep what was read there."""
        before = next((repair.read for repair in self.repairs if repair.place == place), read or self.text[place])
        self.repairs = [repair for repair in self.repairs if repair.place != place]
        self.text = changed(self.text, [(place, character)])
        if before != character:
            self.repairs.append(Repair(place=place, read=before, taken=character, why=why))

    def tell(self, code: str, field: str = "", candidates: tuple[str, ...] = ()) -> None:
        """Report a problem."""
        self.problems.append(Problem(code=code, field=field, candidates=candidates))

    def value(self, field: Field) -> str:
        """Return what stands in a field."""
        return self.text[field.start : field.stop]


def restored(layout: Layout, text: str) -> Restored:
    """Return the zone after all repairs that are certain enough to be taken, with everything that is not."""
    zone = Restored(layout, text)
    for field in layout.fields:
        if field.sort in DIGITS_ONLY:
            settle_digits(zone, field)
        elif field.sort is Sort.STATE:
            settle_state(zone, field)
        elif field.sort in LETTERS_ONLY:
            settle_letters(zone, field)
        elif field.sort is Sort.SEX and zone.text[field.start] not in ALPHABET[Sort.SEX]:
            zone.tell("mrz.sex", field.name)
    settle_fillers(zone)
    before, read = zone.text, list(zone.repairs)
    solve_unknown(zone)
    if failing(layout, zone.text) and zone.unknown:
        zone.text, zone.repairs = before, read
    if failing(layout, zone.text):
        explain(zone)
    else:
        doubt_short_number(zone)
    for field in layout.fields:
        if field.sort in {Sort.BIRTH, Sort.EXPIRY} and not plausible_date(zone.value(field)):
            zone.tell("mrz.date", field.name)
    return zone


def settle_digits(zone: Restored, field: Field) -> None:
    """Take letters for the digits that they look like; what looks like no digit is left to the check digits."""
    for place in range(field.start, field.stop):
        read = zone.text[place]
        if read.isdigit() or (read == FILLER and FILLER in ALPHABET[field.sort]):
            continue
        digit = TO_DIGIT.get(read)
        zone.take(place, digit or "0", Why.FIELD if digit else Why.CHECK)
        (zone.forced if digit else zone.unknown).add(place)


def settle_fillers(zone: Restored) -> None:
    """Count fillers as unknown digits where they cannot be meant: half of a month, a check digit that is due."""
    places = []
    for field in zone.layout.fields:
        value = zone.value(field)
        if field.sort is Sort.BIRTH:
            pairs = (range(start, start + 2) for start in range(0, 6, 2))
            places += [
                field.start + at
                for pair in pairs
                for at in pair
                if (value[pair[0]] == FILLER) != (value[pair[1]] == FILLER)
            ]
        elif field.sort is Sort.EXPIRY and value != FILLER * 6:
            places += range(field.start, field.stop)
        elif field.sort is Sort.UNUSED_OR_CHECK and check_is_due(zone, field):
            places.append(field.start)
    for place in places:
        if zone.text[place] == FILLER:
            zone.take(place, "0", Why.CHECK)
            zone.unknown.add(place)


def check_is_due(zone: Restored, field: Field) -> bool:
    """Tell whether a filler cannot stand for this check digit."""
    if field.name == "number check":
        return long_number_end(zone.layout, zone.text) is None
    return bool(zone.value(zone.layout.field("optional")).strip(FILLER))


def settle_letters(zone: Restored, field: Field) -> None:
    """Take digits in a field of letters for the letters that they look like; tell the others that they may be."""
    digits = [place for place in range(field.start, field.stop) if zone.text[place].isdigit()]
    if not digits:
        return
    if any(zone.text[place] not in TO_LETTERS for place in digits):
        zone.tell("mrz.character", field.name)
    unsure = [place for place in digits if zone.text[place] in TO_LETTERS]
    choices = [TO_LETTERS[zone.text[place]] for place in unsure]
    for place, letters in zip(unsure, choices, strict=True):
        zone.take(place, letters[0], Why.FIELD)
    if any(len(letters) > 1 for letters in choices):
        spellings = (changed(zone.text, zip(unsure, letters, strict=True)) for letters in product(*choices))
        told = tuple(spelling[field.start : field.stop] for spelling, _ in zip(spellings, range(MANY), strict=False))
        zone.tell("mrz.ambiguous", field.name, told)


def settle_state(zone: Restored, field: Field) -> None:
    """Take a code that does not exist for the one that looks like it; if several do, or none, tell them."""
    read = zone.value(field)
    if known(read):
        return
    codes = [code.ljust(3, FILLER) for code in STATES]
    alike = [code for code in codes if folded(code) == folded(read)]
    if len(alike) == 1:
        for at, letter in enumerate(alike[0]):
            if letter != read[at]:
                zone.take(field.start + at, letter, Why.FIELD if read[at].isdigit() else Why.LOOK_ALIKE)
        return
    near = [code for code in codes if sum(a != b for a, b in zip(code, read, strict=True)) == 1]
    zone.tell("mrz.ambiguous" if alike else "mrz.state", field.name, tuple(sorted(alike) or sorted(near)))


def solve_unknown(zone: Restored) -> None:
    """Compute each unknown digit from a check that covers no other unknown one."""
    waiting = set(zone.unknown)
    for _ in range(len(waiting)):
        for _, weights in equations(zone.layout, zone.text):
            inside = waiting & weights.keys()
            if len(inside) != 1:
                continue
            (place,) = inside
            left = residue(weights, changed(zone.text, [(place, "0")]))
            digit = next(each for each in range(10) if not (left + weights[place] * each) % 10)
            zone.take(place, str(digit), Why.CHECK)
            waiting.discard(place)
    if waiting:
        zone.tell("mrz.unreadable", field_at(zone.layout)[min(waiting)].name)


def explain(zone: Restored) -> None:
    """Find what single change satisfies all checks; take it if it is the only one, or the only look-alike."""
    for name in failing(zone.layout, zone.text):
        zone.tell("mrz.check", name)
    suspects = explanations(zone.layout, zone.text, sorted(zone.forced)) if zone.forced else []
    if len(suspects) == 1:
        zone.take(*suspects[0], Why.CHECK)
        return accept(zone, [])
    undo_fillers(zone)
    covered = sorted(
        {place for _, weights in equations(zone.layout, zone.text) for place in weights} | set(zone.unknown)
    )
    singles = explanations(zone.layout, zone.text, covered)
    if len(singles) == 1:
        zone.take(*singles[0], Why.CHECK)
        return accept(zone, [])
    alike = [change for change in singles if change[1] in look_alikes(zone.text[change[0]])]
    singles.sort(key=lambda change: change not in alike)
    pairs = [] if singles else explained_by_two(zone.layout, zone.text)
    best = [(change,) for change in alike] or pairs
    if len(best) == 1:
        for place, character in best[0]:
            zone.take(place, character, Why.LOOK_ALIKE)
        return accept(zone, singles)
    tell_candidates(zone, "mrz.ambiguous", singles or [change for pair in pairs for change in pair])
    return None


def doubt_short_number(zone: Restored) -> None:
    """Tell what else explains a filler in place of the number's check digit: a number that goes on, misread there."""
    at = zone.layout.field("number check").start
    read = {repair.place: repair.read for repair in zone.repairs}
    if zone.layout.long_number and read.get(at) == FILLER and zone.value(zone.layout.field("optional")).strip(FILLER):
        optional = zone.layout.field("optional")
        undone = changed(zone.text, [(at, FILLER)])
        others = explanations(zone.layout, undone, range(optional.start, optional.stop))
        told = tuple(changed(undone, [change])[optional.start : optional.stop] for change in others)
        if told:
            zone.tell("mrz.likely", "number check", (FILLER,))
            zone.tell("mrz.likely", "optional", told)


def undo_fillers(zone: Restored) -> None:
    """Put fillers back that were read where a check digit is due: the misread may be what made it due."""
    for repair in list(zone.repairs):
        if repair.read == FILLER and field_at(zone.layout)[repair.place].sort is Sort.UNUSED_OR_CHECK:
            zone.take(repair.place, FILLER, repair.why)


def accept(zone: Restored, others: list[Change]) -> None:
    """Withdraw the failed checks, which now agree; tell the explanations that were not taken."""
    zone.problems = [problem for problem in zone.problems if problem.code not in {"mrz.check", "mrz.unreadable"}]
    if others:
        tell_candidates(zone, "mrz.likely", others)


def tell_candidates(zone: Restored, code: str, changes: list[Change]) -> None:
    """Report, field by field, what could stand there instead; for a repaired field also what was read."""
    read = {repair.place: repair.read for repair in zone.repairs if repair.why is Why.LOOK_ALIKE}
    original = changed(zone.text, read.items())
    fields: dict[str, list[str]] = {}
    for change in [*changes, *read.items()]:
        field = field_at(zone.layout)[change[0]]
        fields.setdefault(field.name, []).append(changed(original, [change])[field.start : field.stop])
    for name, candidates in fields.items():
        zone.tell(code, name, tuple(dict.fromkeys(candidates)))
