"""Where what stands in a machine readable zone: ICAO 9303, parts 4 (TD3), 5 (TD1), 6 (TD2) and 7 (MRV-A, MRV-B).

Positions are counted in all lines joined, from 0. A check is a linear equation modulo 10 (part 3, section 4.9): weights
7, 3, 1 over the covered characters, minus the check digit itself. That form lets ``mrz`` ask which single change
satisfies all equations at once. Nothing is read here.
"""

from enum import StrEnum

import msgspec

WEIGHTS = (7, 3, 1)
FILLER = "<"
CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<"
VALUE = {each: 0 if each == FILLER else int(each, 36) for each in CHARACTERS}
"""Part 3, 4.9: digits count as themselves, A to Z as 10 to 35, the filler as 0."""


class Sort(StrEnum):
    """What characters a field takes."""

    CODE = "code"
    STATE = "state"
    NAMES = "names"
    NUMBER = "number"
    BIRTH = "birth"
    EXPIRY = "expiry"
    SEX = "sex"
    OPTIONAL = "optional"
    CHECK = "check"
    UNUSED_OR_CHECK = "unused-or-check"
    """A check digit that may be a filler: for an empty personal number, or a document number that goes on elsewhere."""


ALPHABET = {
    Sort.CODE: "ABCDEFGHIJKLMNOPQRSTUVWXYZ<",
    Sort.STATE: "ABCDEFGHIJKLMNOPQRSTUVWXYZ<",
    Sort.NAMES: "ABCDEFGHIJKLMNOPQRSTUVWXYZ<",
    Sort.NUMBER: CHARACTERS,
    Sort.BIRTH: "0123456789<",
    Sort.EXPIRY: "0123456789<",
    Sort.SEX: "MFX<",
    Sort.OPTIONAL: CHARACTERS,
    Sort.CHECK: "0123456789",
    Sort.UNUSED_OR_CHECK: "0123456789<",
}
DIGITS_ONLY = frozenset({Sort.BIRTH, Sort.EXPIRY, Sort.CHECK, Sort.UNUSED_OR_CHECK})
LETTERS_ONLY = frozenset({Sort.CODE, Sort.STATE, Sort.NAMES})


class Field(msgspec.Struct, frozen=True):
    """A named run of characters: ``start`` up to, not including, ``stop``."""

    name: str
    start: int
    stop: int
    sort: Sort


class Check(msgspec.Struct, frozen=True):
    """A check digit at ``at`` over the runs that it covers, in order."""

    name: str
    covers: tuple[tuple[int, int], ...]
    at: int


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """One form of the zone; ``long_number`` is the optional field that a long document number goes on in."""

    name: str
    lines: int
    width: int
    fields: tuple[Field, ...]
    checks: tuple[Check, ...]
    codes: str
    long_number: str = ""

    def field(self, name: str) -> Field:
        """Return a field by name."""
        return next(field for field in self.fields if field.name == name)


Equation = dict[int, int]
"""Position to weight, modulo 10; satisfied if the weighted values add up to 0. The check digit's is 9, that is -1."""


def equation(covers: tuple[tuple[int, int], ...], at: int) -> Equation:
    """Return a check as an equation."""
    positions = [position for start, stop in covers for position in range(start, stop)]
    weights = {position: WEIGHTS[index % 3] for index, position in enumerate(positions)}
    return weights | {at: 9}


def two_lines(name: str, width: int, codes: str, *, composite: bool, long_number: str = "") -> Layout:
    """Return a layout of two lines; the second line of TD2, TD3 and visas has the same order."""
    personal = width == 44 and composite  # noqa: PLR2004 - the width of TD3, the only one with a check of its own here.
    end = width * 2 - composite - personal
    fields = [
        Field("code", 0, 2, Sort.CODE),
        Field("issuer", 2, 5, Sort.STATE),
        Field("names", 5, width, Sort.NAMES),
        Field("number", width, width + 9, Sort.NUMBER),
        Field("number check", width + 9, width + 10, Sort.UNUSED_OR_CHECK if long_number else Sort.CHECK),
        Field("nationality", width + 10, width + 13, Sort.STATE),
        Field("birth", width + 13, width + 19, Sort.BIRTH),
        Field("birth check", width + 19, width + 20, Sort.CHECK),
        Field("sex", width + 20, width + 21, Sort.SEX),
        Field("expiry", width + 21, width + 27, Sort.EXPIRY),
        Field("expiry check", width + 27, width + 28, Sort.CHECK),
        Field("optional", width + 28, end, Sort.OPTIONAL),
    ]
    checks = [
        Check("number", ((width, width + 9),), width + 9),
        Check("birth", ((width + 13, width + 19),), width + 19),
        Check("expiry", ((width + 21, width + 27),), width + 27),
    ]
    if personal:
        fields.append(Field("optional check", end, end + 1, Sort.UNUSED_OR_CHECK))
        checks.append(Check("optional", ((width + 28, end),), end))
    if composite:
        last = width * 2 - 1
        fields.append(Field("composite check", last, last + 1, Sort.CHECK))
        covers = ((width, width + 10), (width + 13, width + 20), (width + 21, last))
        checks.append(Check("composite", covers, last))
    return Layout(
        name=name,
        lines=2,
        width=width,
        fields=tuple(fields),
        checks=tuple(checks),
        codes=codes,
        long_number=long_number,
    )


TD1 = Layout(
    name="TD1",
    lines=3,
    width=30,
    fields=(
        Field("code", 0, 2, Sort.CODE),
        Field("issuer", 2, 5, Sort.STATE),
        Field("number", 5, 14, Sort.NUMBER),
        Field("number check", 14, 15, Sort.UNUSED_OR_CHECK),
        Field("optional", 15, 30, Sort.OPTIONAL),
        Field("birth", 30, 36, Sort.BIRTH),
        Field("birth check", 36, 37, Sort.CHECK),
        Field("sex", 37, 38, Sort.SEX),
        Field("expiry", 38, 44, Sort.EXPIRY),
        Field("expiry check", 44, 45, Sort.CHECK),
        Field("nationality", 45, 48, Sort.STATE),
        Field("more", 48, 59, Sort.OPTIONAL),
        Field("composite check", 59, 60, Sort.CHECK),
        Field("names", 60, 90, Sort.NAMES),
    ),
    checks=(
        Check("number", ((5, 14),), 14),
        Check("birth", ((30, 36),), 36),
        Check("expiry", ((38, 44),), 44),
        Check("composite", ((5, 30), (30, 37), (38, 45), (48, 59)), 59),
    ),
    codes="ACIP",
    long_number="optional",
)
TD2 = two_lines("TD2", 36, "ACIP", composite=True, long_number="optional")
TD3 = two_lines("TD3", 44, "PACI", composite=True)
MRV_A = two_lines("MRV-A", 44, "V", composite=False)
MRV_B = two_lines("MRV-B", 36, "V", composite=False)

LAYOUTS = (TD1, TD2, TD3, MRV_A, MRV_B)
