"""What the desk of a bureau answers: structs and enumerations.

Written by `make docs` from the desks; do not edit.
"""

from enum import StrEnum

import msgspec

from comity.client.said.membership import MembershipBody, MembershipTerms
from comity.core.ids import ActId, BureauId, Millis
from comity.core.registry import Role, Standing


class MembershipWaiting(msgspec.Struct, frozen=True, kw_only=True):
    """An act that waits for the approval of two officers."""

    proposal: ActId
    kind: str
    to: tuple[BureauId, ...]
    approvals: int


class MembershipTold(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an act that was said."""

    id: ActId
    kind: str
    to: tuple[BureauId, ...]
    said: Millis
    leaf: int


class MembershipStage(StrEnum):
    """Where a measure stands."""

    DECIDED = "decided"
    APPEALED = "appealed"
    UPHELD = "upheld"
    LIFTED = "lifted"
    AMENDED = "amended"


class MembershipOpen(msgspec.Struct, frozen=True, kw_only=True):
    """A measure as it stands."""

    measure: ActId
    stage: MembershipStage
    terms: MembershipTerms | None
    decided_by: MembershipBody | None
    article: str


class MembershipStands(msgspec.Struct, frozen=True, kw_only=True):
    """Where one party stands: by the registry, which is enforced, and by what was announced."""

    bureau: BureauId
    name: str
    role: Role
    standing: Standing
    functions: tuple[str, ...]
    until: Millis | None
    decided_by: str
    article: str
    measures: tuple[MembershipOpen, ...]
