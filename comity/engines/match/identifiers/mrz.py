"""The machine readable zone of passports, identity cards and visas (ICAO 9303, parts 3 to 7), read although misread.

A scanner gives 72 to 90 characters of which one or two are wrong. ``read`` finds the layout, has ``restoring`` put
right what is certain, and says of everything else how sure it is: fields that no check digit covers are ``unchecked``,
and places where the check digits cannot tell characters apart are ``blind``. So a single misread is never passed over
in silence: the specimens of all parts are held to that (tests/engines/test_mrz_misreads.py).

No picture is read here, no chip, and no security feature is judged.
"""

import msgspec

from comity.core.errors import Malformed
from comity.engines.match.identifiers.equations import failing, field_at, long_number_end, twins
from comity.engines.match.identifiers.folding import folded, plain
from comity.engines.match.identifiers.layouts import (
    DIGITS_ONLY,
    FILLER,
    LAYOUTS,
    MRV_A,
    MRV_B,
    TD2,
    TD3,
    VALUE,
    Layout,
)
from comity.engines.match.identifiers.reading import Kind, Proof, Reading, Repair, Why
from comity.engines.match.identifiers.restoring import Restored, restored
from comity.engines.match.identifiers.states import country_of

SLACK = 3
"""Fillers that a line may have too few or too many; scanners lose count in long runs of them."""
AS_FILLER = str.maketrans(dict.fromkeys("«‹〈《﹤＜", FILLER) | {"«": FILLER * 2})
LONGEST = 400
"""Characters of input that are looked at; a zone has 90, and a box may hold spaces and line ends beside it."""


class Blind(msgspec.Struct, frozen=True):
    """A place, counted in all lines joined, where these characters would satisfy the check digits as well."""

    place: int
    characters: str


class Zone(Reading, frozen=True, kw_only=True):
    """A zone, field by field, without fillers; ``lines`` are the lines after the repairs.

    Dates are YYMMDD as they stand there; fillers for unknown parts stay. ``key`` and ``folded`` are those of the
    document number, as ``documents.read`` gives them for the number alone.
    """

    lines: tuple[str, ...]
    code: str
    issuer: str
    number: str
    surname: str
    given_names: str
    nationality: str
    birth: str
    sex: str
    expiry: str
    optional: str
    unchecked: tuple[str, ...]
    blind: tuple[Blind, ...]

    def value(self, field: str) -> str:
        """Return a field by the name that problems and ``unchecked`` use, with its fillers."""
        layout = next(each for each in LAYOUTS if each.name == self.scheme)
        found = layout.field(field)
        return "".join(self.lines)[found.start : found.stop]


def read(text: str) -> Zone:
    """Return what a zone says, given its lines or all of them in one.

    Raises: Malformed if the text cannot be a zone: wrong number or length of lines, or characters that no zone has.
    """
    lines, repairs = shaped(text)
    layout, doubtful = layout_of(lines)
    zone = restored(layout, "".join(lines))
    if doubtful:
        zone.tell("mrz.layout", "code", doubtful)
    if zone.text[0] not in layout.codes:
        zone.tell("mrz.code", "code")
    settle_tail(zone)
    zone.repairs = [*repairs, *zone.repairs]
    return zone_of(zone)


def resembles(text: str) -> bool:
    """Tell at little cost whether a text has the shape of a zone and half of its check digits agree as they stand.

    For texts in which a zone may or may not stand; what fails here is still worth ``read`` if a person says it is one.
    """
    try:
        lines, _ = shaped(text)
    except Malformed:
        return False
    layout, _ = layout_of(lines)
    wrong = failing(layout, digits_folded(layout, "".join(lines)))
    return len(wrong) * 2 <= len(layout.checks) + 1


def shaped(text: str) -> tuple[list[str], list[Repair]]:
    """Return the lines of a zone at their proper length, and what was done to get there."""
    if len(text) > LONGEST:
        raise Malformed(f"{len(text)} characters cannot be a machine readable zone of at most 90")
    rows = ["".join(row.split()) for row in plain(text.translate(AS_FILLER)).splitlines()]
    lines = [row for row in rows if row]
    if len(lines) == 1:
        lines = cut(lines[0])
    if any(each not in VALUE for line in lines for each in line):
        raise Malformed("a machine readable zone holds A to Z, 0 to 9 and fillers, nothing else")
    for layout in (TD3, TD2, LAYOUTS[0]):
        if len(lines) == layout.lines and all(abs(len(line) - layout.width) <= SLACK for line in lines):
            return filled(lines, layout.width)
    raise Malformed(f"{len(lines)} lines of {[len(line) for line in lines]} characters are no machine readable zone")


def cut(line: str) -> list[str]:
    """Cut a zone that came without line ends."""
    for layout in LAYOUTS:
        if len(line) == layout.lines * layout.width:
            return [line[start : start + layout.width] for start in range(0, len(line), layout.width)]
    return [line]


def filled(lines: list[str], width: int) -> tuple[list[str], list[Repair]]:
    """Lengthen or shorten the run of fillers that a line ends with.

    Raises: Malformed where a line of the wrong length ends with something else.
    """
    repairs: list[Repair] = []
    made = []
    for index, line in enumerate(lines):
        bare = line.rstrip(FILLER)
        if len(line) != width and (len(bare) > width or not line.endswith(FILLER)):
            raise Malformed(f"line {index + 1} has {len(line)} characters, expected {width}")
        made.append(bare.ljust(width, FILLER) if len(line) != width else line)
        if len(line) != width:
            lost = FILLER * abs(len(line) - width)
            more = len(line) > width
            place = index * width + len(bare)
            repairs.append(Repair(place=place, read=lost if more else "", taken="" if more else lost, why=Why.FILLER))
    return made, repairs


def layout_of(lines: list[str]) -> tuple[Layout, tuple[str, ...]]:
    """Return the layout, and the names of layouts that fit as well although the first letter says otherwise.

    A visa has no composite check: its last characters are optional data, usually fillers.
    """
    if len(lines) == 3:  # noqa: PLR2004
        return LAYOUTS[0], ()
    document, visa = (TD3, MRV_A) if len(lines[0]) == TD3.width else (TD2, MRV_B)
    text = "".join(lines)
    fits_document = not failing(document, digits_folded(document, text)) and text[-1] != FILLER
    fits_visa = not failing(visa, digits_folded(visa, text))
    if text[0] == "V":
        return visa, (document.name,) if fits_document else ()
    if text[0] not in document.codes and fits_visa and not fits_document:
        return visa, (document.name,)
    if fits_visa and text[-1] == FILLER:
        return visa, (document.name,)
    return document, ()


def digits_folded(layout: Layout, text: str) -> str:
    """Return the text with digits for the letters that look like them, in the fields of digits."""
    places = field_at(layout)
    return "".join(folded(each) if places[place].sort in DIGITS_ONLY else each for place, each in enumerate(text))


def settle_tail(zone: Restored) -> None:
    """Take letters among the fillers behind the names for fillers: names have one double filler (part 3, 4.6)."""
    field = zone.layout.field("names")
    value = zone.value(field)
    first = value.find(FILLER * 2)
    second = value.find(FILLER * 2, first + 2) if first >= 0 else -1
    if second < 0:
        return
    for at in range(second, len(value)):
        if value[at] != FILLER:
            zone.take(field.start + at, FILLER, Why.FILLER)
    if value[second:].strip(FILLER):
        zone.tell("mrz.tail", "names", (value,))


def zone_of(zone: Restored) -> Zone:
    """Return what the restored text says."""
    layout, text = zone.layout, zone.text
    value = {field.name: zone.value(field) for field in layout.fields}
    surname, _, given = value["names"].rstrip(FILLER).partition(FILLER * 2)
    number, optional = document_number(layout, text)
    issuer = value["issuer"].rstrip(FILLER)
    checks = {check.name for check in layout.checks}
    covered = {
        field_at(layout)[place].name
        for check in layout.checks
        for start, stop in check.covers
        for place in range(start, stop)
    }
    failed = failing(layout, text) or any(problem.code == "mrz.unreadable" for problem in zone.problems)
    return Zone(
        kind=Kind.MRZ,
        key=number,
        folded=folded(number),
        shown=number,
        proof=Proof.FAILED if failed else Proof.CHECKED,
        scheme=layout.name,
        country=country_of(value["issuer"]),
        repairs=tuple(sorted(zone.repairs, key=lambda repair: repair.place)),
        problems=tuple(zone.problems),
        lines=tuple(text[start : start + layout.width] for start in range(0, len(text), layout.width)),
        code=value["code"].rstrip(FILLER),
        issuer=issuer,
        number=number,
        surname=surname.replace(FILLER, " ").strip(),
        given_names=given.replace(FILLER, " ").strip(),
        nationality=value["nationality"].rstrip(FILLER),
        birth=value["birth"],
        sex=value["sex"].rstrip(FILLER),
        expiry=value["expiry"],
        optional=optional,
        unchecked=tuple(name for name in value if name not in covered and name.removesuffix(" check") not in checks),
        blind=tuple(Blind(place, characters) for place, characters in twins(layout, text)),
    )


def document_number(layout: Layout, text: str) -> tuple[str, str]:
    """Return the document number, with what stands of it in the optional field, and the rest of the optional data."""
    from_here = layout.field("number")
    optional = layout.field("optional")
    number = text[from_here.start : from_here.stop].replace(FILLER, "")
    rest = text[optional.start : optional.stop]
    end = long_number_end(layout, text)
    if end is not None:
        number, rest = number + text[optional.start : end], text[end + 1 : optional.stop]
    return number, rest.strip(FILLER).replace(FILLER, " ")
