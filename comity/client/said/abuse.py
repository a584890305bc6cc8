"""What the desk of a bureau answers: structs and enumerations.

Written by `make docs` from the desks; do not edit.
"""

from enum import StrEnum

import msgspec


class AbuseGround(StrEnum):
    """Why it is reported; coded, so that it can be counted."""

    RIGHTS = "human-rights"
    NEUTRALITY = "neutrality"
    PURPOSE = "purpose"
    FALSE = "false"
    HANDLING = "handling"
    CONDUCT = "conduct"


class AbuseReport(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="abuse.report/1"):
    """Shows the commission a message that this bureau received or sent, and says what is wrong with it."""

    ground: AbuseGround
    text: str
    proofs: tuple[bytes, ...]


class AbuseDisposition(StrEnum):
    """What the commission decided."""

    ADMITTED = "admitted"
    INADMISSIBLE = "inadmissible"
    UPHELD = "upheld"
    DISMISSED = "dismissed"


class AbuseDecision(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="abuse.decision/1"):
    """The commission says what it decided on a report, to the reporter, or to the sender of what was reported."""

    outcome: AbuseDisposition
    reason: str
    article: str
