"""What the desk of a bureau answers: structs and enumerations.

Written by `make docs` from the desks; do not edit.
"""

import msgspec

from comity.core.ids import Millis


class DirectoryHours(msgspec.Struct, frozen=True, kw_only=True):
    """A spell of time in which the bureau works, on some days of the week, by its own clock."""

    days: tuple[int, ...]
    begin: int
    end: int


class DirectoryFunction(msgspec.Struct, frozen=True, kw_only=True):
    """An office of the bureau and how to reach it: fugitives, vehicles, the rights officer."""

    name: str
    telephone: str
    mail: str


class DirectoryProfile(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="directory.profile/1"):
    """Tells how a bureau works: languages, hours, telephone, functions, holidays; the latest counts."""

    languages: tuple[str, ...]
    zone: str
    telephone: str
    hours: tuple[DirectoryHours, ...]
    functions: tuple[DirectoryFunction, ...]
    holidays: tuple[str, ...]


class DirectoryDuty(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="directory.duty/1"):
    """Tells who is on duty at a bureau until a moment, or with an end that is past, that nobody is; ..."""

    unit: str
    name: str
    languages: tuple[str, ...]
    telephone: str
    until: Millis
