"""What the desk of a bureau answers: structs and enumerations.

Written by `make docs` from the desks; do not edit.
"""

import msgspec

from comity.client.said.abuse import AbuseGround
from comity.client.values import Glimpse
from comity.core.handling import Label, Purpose
from comity.core.ids import ActId, BureauId, Millis


class AbuseFiled(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a report or decision that was said."""

    id: ActId
    kind: str
    to: BureauId
    said: Millis
    leaf: int


class AbuseDocket(msgspec.Struct, frozen=True, kw_only=True):
    """A report as a line of a list."""

    report: ActId
    reporter: BureauId
    about: tuple[ActId, ...]
    ground: AbuseGround | None
    said: Millis
    stage: str
    by: Millis | None


class PageOfAbuseDocket(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a list, newest first."""

    items: tuple[AbuseDocket, ...]
    older: int | None


class AbuseExhibit(msgspec.Struct, frozen=True, kw_only=True):
    """A reported act, as its sender signed it."""

    act: ActId
    kind: str
    sender: BureauId
    to: tuple[BureauId, ...]
    said: Millis
    title: str
    text: str
    rest: str
    purpose: Purpose
    label: Label
    verified: bool
    findings: tuple[str, ...]


class AbuseAccount(msgspec.Struct, frozen=True, kw_only=True):
    """A report whole."""

    docket: AbuseDocket
    text: str
    exhibits: tuple[AbuseExhibit, ...]
    decisions: tuple[Glimpse, ...]
