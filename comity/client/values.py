"""What the desk of a bureau answers: structs and enumerations.

Written by `make docs` from the desks; do not edit.
"""

from enum import StrEnum

import msgspec

from comity.client.connection import Other
from comity.client.said.abuse import AbuseDecision, AbuseReport
from comity.client.said.directory import DirectoryDuty, DirectoryProfile
from comity.client.said.hits import HitsConfirmation, HitsHit, HitsHitOutcome, HitsHitReminder, HitsLooked
from comity.client.said.keylists import (
    KeylistsAnswer,
    KeylistsEnd,
    KeylistsKeyList,
    KeylistsQuestion,
    KeylistsSecret,
    KeylistsSetup,
)
from comity.client.said.membership import MembershipAppeal, MembershipMeasure, MembershipOutcome, MembershipRevocation
from comity.client.said.messages import (
    MessagesAssignment,
    MessagesConsent,
    MessagesConsentRequest,
    MessagesDecline,
    MessagesDeparture,
    MessagesEscalation,
    MessagesInformation,
    MessagesReadMark,
    MessagesRecall,
    MessagesRecalled,
    MessagesReminder,
    MessagesReply,
    MessagesRequest,
    MessagesSavedList,
)
from comity.client.said.records import (
    RecordsBatch,
    RecordsLookDigest,
    RecordsRecordList,
    RecordsRestriction,
    RecordsWithdrawal,
    RecordsWithdrawn,
)
from comity.core.act import Author, Erased, Relation, Unknown
from comity.core.handling import Basis, Label, Purpose
from comity.core.ids import ActId, BureauId, Digest, Millis
from comity.core.receipt import Rung


class Veiled(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of an act of which fields are masked."""

    tag: str
    shown: tuple[tuple[str, object], ...]


Content = (
    Unknown
    | Erased
    | Veiled
    | MembershipMeasure
    | MembershipAppeal
    | MembershipOutcome
    | MembershipRevocation
    | MessagesInformation
    | MessagesRequest
    | MessagesReply
    | MessagesAssignment
    | MessagesReminder
    | MessagesEscalation
    | MessagesRecall
    | MessagesRecalled
    | MessagesConsentRequest
    | MessagesConsent
    | MessagesDeparture
    | MessagesReadMark
    | MessagesDecline
    | MessagesSavedList
    | DirectoryProfile
    | DirectoryDuty
    | AbuseReport
    | AbuseDecision
    | RecordsRecordList
    | RecordsBatch
    | RecordsRestriction
    | RecordsWithdrawal
    | RecordsWithdrawn
    | RecordsLookDigest
    | HitsHit
    | HitsConfirmation
    | HitsHitOutcome
    | HitsHitReminder
    | HitsLooked
    | KeylistsKeyList
    | KeylistsSetup
    | KeylistsQuestion
    | KeylistsAnswer
    | KeylistsSecret
    | KeylistsEnd
    | Other
)

"""What is said in an act, as far as the reader may see it."""


class Glimpse(msgspec.Struct, frozen=True, kw_only=True):
    """An act as one reader may see it: what its head says, what this node ruled, and what is shown of the body."""

    number: int
    id: ActId
    kind: str
    sender: BureauId
    recipients: tuple[BureauId, ...]
    author: Author | None
    said: Millis
    at: Millis
    leaf: int
    code: str
    reason: str
    article: str
    purpose: Purpose
    label: Label
    basis: Basis | None
    refs: tuple[Relation, ...]
    subject: ActId | None
    keeper: BureauId | None
    thread: ActId
    blobs: tuple[Digest, ...]
    approvers: tuple[Author, ...]
    act: Content
    masked: tuple[str, ...]
    erased: bool


class PageOfGlimpse(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a list, newest first."""

    items: tuple[Glimpse, ...]
    older: int | None


class Carriage(msgspec.Struct, frozen=True, kw_only=True):
    """The rung R0: a relay has signed that the act is on its disk."""

    rung: Rung
    relay: BureauId
    at: Millis
    returned: str


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """One rung that an act has reached with one recipient, as a receipt says."""

    rung: Rung
    code: str
    reason: str
    article: str
    leaf: int
    at: Millis
    batch: ActId | None
    row: int | None


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """Our statement that a recipient was silent until the deadline: the rung N."""

    statement: ActId
    deadline: Millis
    attempts: int
    said: Millis


class Ladder(msgspec.Struct, frozen=True, kw_only=True):
    """How far an act has come with one recipient."""

    recipient: BureauId
    carried: tuple[Carriage, ...]
    reached: tuple[Reached, ...]
    silences: tuple[Silence, ...]
    state: str
    attempts: int
    next_at: Millis | None
    deadline: Millis | None
    trouble: str
    opened: Millis | None


class Clock(StrEnum):
    """How a peer's clock stands, within the bound beyond which acts are parked (10 minutes)."""

    GOOD = "good"
    AHEAD = "ahead"
    LATE = "behind-or-late"
    UNKNOWN = "unknown"


class Flaw(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with one line."""

    line: int
    what: str


class How(StrEnum):
    """In what way somebody looked."""

    ASKED = "asked"
    FOUND = "found"
    OPENED = "opened"


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """An act was committed here: one that came, or one of our own."""

    number: int
    act: ActId
    kind: str
    sender: BureauId
    recipients: tuple[BureauId, ...]
    subject: ActId | None
    thread: ActId
    code: str
    at: Millis


class Receipted(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt for an act of ours came."""

    number: int
    act: ActId
    kind: str
    recipient: BureauId
    rung: Rung
    code: str
    at: Millis


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a subject may have changed."""

    number: int
    subject: ActId
    kind: str
    at: Millis


class FellDue(msgspec.Struct, frozen=True, kw_only=True):
    """Something fell due about a subject."""

    subject: ActId
    kind: str
    what: str
    bureau: BureauId | None
    when: Millis
    done: Millis


EVENTS: dict[str, type] = {"arrived": Arrived, "receipted": Receipted, "changed": Changed, "felldue": FellDue}

"""The events by the name that the stream gives them."""

Event = Arrived | Receipted | Changed | FellDue | Other

"""What a stream tells of."""
