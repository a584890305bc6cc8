"""What the desk of a bureau answers: structs and enumerations.

Written by `make docs` from the desks; do not edit.
"""

import msgspec

from comity.client.said.directory import DirectoryFunction
from comity.client.values import Clock
from comity.core.ids import ActId, BureauId, Millis, Span
from comity.core.registry import Role, Standing


class DirectoryPosted(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an act that was said."""

    id: ActId
    kind: str
    to: tuple[BureauId, ...]
    said: Millis
    leaf: int


class DirectoryOnDuty(msgspec.Struct, frozen=True, kw_only=True):
    """Who is on duty at a bureau now."""

    unit: str
    name: str
    languages: tuple[str, ...]
    telephone: str
    until: Millis


class DirectoryListed(msgspec.Struct, frozen=True, kw_only=True):
    """One party of the organisation, as a line of the directory."""

    bureau: BureauId
    name: str
    role: Role
    standing: Standing
    languages: tuple[str, ...]
    telephone: str
    local: str
    at_work: bool | None
    duty: DirectoryOnDuty | None
    seen: Millis | None
    clock: Clock


class DirectoryCard(msgspec.Struct, frozen=True, kw_only=True):
    """All that the directory knows of one party."""

    listed: DirectoryListed
    zone: str
    hours: tuple[str, ...]
    functions: tuple[DirectoryFunction, ...]
    holidays: tuple[str, ...]
    published: Millis | None
    lag: Span | None
