"""What the desk of a bureau answers: structs and enumerations.

Written by `make docs` from the desks; do not edit.
"""

from enum import StrEnum

import msgspec

from comity.core.ids import BureauId, Millis
from comity.core.registry import Standing


class MembershipTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Where a bureau stands under a measure."""

    standing: Standing
    functions: tuple[str, ...]
    since: Millis
    until: Millis | None


class MembershipBody(StrEnum):
    """The body of the organisation that decided."""

    SECRETARIAT = "secretariat"
    COMMITTEE = "executive-committee"
    ASSEMBLY = "assembly"


class MembershipMeasure(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="membership.measure/1"):
    """The secretariat tells members what was decided about one of them."""

    bureau: BureauId
    terms: MembershipTerms
    decided_by: MembershipBody
    article: str
    reason: str


class MembershipAppeal(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="membership.appeal/1"):
    """The bureau concerned asks for another decision."""

    reason: str


class MembershipResult(StrEnum):
    """How an appeal ends."""

    UPHELD = "upheld"
    LIFTED = "lifted"
    AMENDED = "amended"


class MembershipOutcome(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="membership.outcome/1"):
    """The secretariat tells what was decided on the appeal."""

    result: MembershipResult
    terms: MembershipTerms | None
    decided_by: MembershipBody
    article: str
    reason: str


class MembershipRevocation(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="membership.revocation/1"):
    """A bureau tells its peers at once that one of its keys is dead; one officer is enough, because it ..."""

    statement: bytes
