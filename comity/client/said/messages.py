"""What the desk of a bureau answers: structs and enumerations.

Written by `make docs` from the desks; do not edit.
"""

from enum import StrEnum

import msgspec

from comity.core.ids import ActId, BureauId, Digest, Millis, OrgId, Span


class MessagesAttachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file that travels beside the act, in encrypted chunks; whoever lacks this struct cannot read them."""

    name: str
    media_type: str
    size: int
    digest: Digest
    blob: Digest
    chunks: int
    key: bytes


class MessagesAbroad(msgspec.Struct, frozen=True, kw_only=True):
    """Where data come from that were passed on from another organisation: what its parties can look up there."""

    org: OrgId
    act: ActId
    consent: ActId


class MessagesInformation(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="messages.information/1"):
    """Tells the recipients something and asks nothing of them."""

    title: str
    text: str
    language: str
    terms: str
    attachments: tuple[MessagesAttachment, ...]
    abroad: tuple[MessagesAbroad, ...]


class MessagesUrgency(StrEnum):
    """How soon a request must be answered; the terms are in `tables.py`."""

    URGENT = "urgent"
    SOON = "soon"
    NORMAL = "normal"
    FOLLOW_UP = "follow-up"


class MessagesName(msgspec.Struct, frozen=True, kw_only=True):
    """A person's name as its own script writes it, and in Latin letters where that is another one."""

    family: str
    given: str
    latin_family: str
    latin_given: str


class MessagesSex(StrEnum):
    """As a travel document says it: ICAO Doc 9303-4."""

    FEMALE = "F"
    MALE = "M"
    OTHER = "X"


class MessagesPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Who somebody is, or is said to be."""

    name: MessagesName
    aliases: tuple[MessagesName, ...]
    born: str
    birthplace: str
    sex: MessagesSex | None
    nationalities: tuple[str, ...]


class MessagesIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Who is this person, and what is known of them?."""

    person: MessagesPerson


class MessagesDocumentType(StrEnum):
    """Kinds of documents that bureaus ask about."""

    PASSPORT = "passport"
    IDENTITY_CARD = "identity-card"
    VISA = "visa"
    RESIDENCE = "residence-permit"
    DRIVING = "driving-licence"
    REGISTRATION = "vehicle-registration"
    OTHER = "other"


class MessagesDocument(msgspec.Struct, frozen=True, kw_only=True):
    """Is this document genuine, and whose is it?."""

    number: str
    country: str
    type: MessagesDocumentType


class MessagesReading(StrEnum):
    """How sure it is that a number was read as it stands on the thing."""

    CHECKED = "checked"
    AS_SEEN = "as-seen"


class MessagesVehicle(msgspec.Struct, frozen=True, kw_only=True):
    """Is this vehicle reported, and who keeps it?."""

    plate: str
    country: str
    vin: str
    reading: MessagesReading
    make: str
    model: str
    colour: str


class MessagesPhone(msgspec.Struct, frozen=True, kw_only=True):
    """Whose is this number or this device?."""

    number: str
    imei: str
    reading: MessagesReading


class MessagesMeasure(StrEnum):
    """What one bureau asks another to do or to allow."""

    OBSERVE = "observe"
    FOLLOW = "follow-across-the-border"
    DELIVERY = "controlled-delivery"
    ARREST = "arrest"
    SEARCH = "search"
    SUPPORT = "support"


class MessagesOperation(msgspec.Struct, frozen=True, kw_only=True):
    """Will you do this, or allow it, at that place and time?."""

    measure: MessagesMeasure
    place: str
    begins: Millis
    ends: Millis


class MessagesThing(StrEnum):
    """What a hit is on."""

    PERSON = "person"
    DOCUMENT = "document"
    VEHICLE = "vehicle"
    OBJECT = "object"


class MessagesHitConfirmation(msgspec.Struct, frozen=True, kw_only=True):
    """Is what we found the one in your record, and is the record still in force?."""

    record: str
    thing: MessagesThing
    found_at: Millis
    place: str
    agrees: str


class MessagesRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="messages.request/1"):
    """Asks each recipient for an answer; the clock starts when it is received."""

    title: str
    text: str
    language: str
    terms: str
    attachments: tuple[MessagesAttachment, ...]
    abroad: tuple[MessagesAbroad, ...]
    urgency: MessagesUrgency
    form: (
        MessagesIdentity
        | MessagesDocument
        | MessagesVehicle
        | MessagesPhone
        | MessagesOperation
        | MessagesHitConfirmation
        | None
    )


class MessagesOutcome(StrEnum):
    """What a search in one's own files came to."""

    FOUND = "found"
    PARTIAL = "partial"
    NOT_FOUND = "not-found"


class MessagesIdentityAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Who the person is by the replier's files."""

    outcome: MessagesOutcome
    person: MessagesPerson | None


class MessagesDocumentStatus(StrEnum):
    """Where a document stands in its issuer's files."""

    VALID = "valid"
    EXPIRED = "expired"
    LOST = "lost"
    STOLEN = "stolen"
    STOLEN_BLANK = "stolen-blank"
    REVOKED = "revoked"
    NEVER_ISSUED = "never-issued"


class MessagesDocumentAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Where the document stands, and whose it is."""

    outcome: MessagesOutcome
    status: MessagesDocumentStatus | None
    holder: MessagesPerson | None
    issued: str
    expires: str


class MessagesVehicleStatus(StrEnum):
    """Where a vehicle stands in the files."""

    CLEAR = "clear"
    STOLEN = "stolen"
    WANTED = "wanted"
    DEREGISTERED = "deregistered"


class MessagesVehicleAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Where the vehicle stands, what it is, and who keeps it."""

    outcome: MessagesOutcome
    status: MessagesVehicleStatus | None
    vehicle: MessagesVehicle | None
    keeper: MessagesPerson | None


class MessagesPhoneAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Whose the number or the device is."""

    outcome: MessagesOutcome
    subscriber: MessagesPerson | None
    operator: str
    since: str


class MessagesAssent(StrEnum):
    """Whether a bureau does or allows what was asked."""

    AGREED = "agreed"
    PARTLY = "partly"
    REFUSED = "refused"


class MessagesOperationAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Whether it is done or allowed, and within which times."""

    assent: MessagesAssent
    begins: Millis | None
    ends: Millis | None


class MessagesVerdict(StrEnum):
    """What the source says of a hit; nothing is done before it says ``confirmed``."""

    CONFIRMED = "confirmed"
    OPEN = "open"
    REJECTED = "rejected"


class MessagesHitAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Whether it is the one, and whether the record is in force."""

    verdict: MessagesVerdict
    measures: str


class MessagesReply(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="messages.reply/1"):
    """Answers a request, and stops the clock of the bureau that replies."""

    title: str
    text: str
    language: str
    terms: str
    attachments: tuple[MessagesAttachment, ...]
    abroad: tuple[MessagesAbroad, ...]
    answer: (
        MessagesIdentityAnswer
        | MessagesDocumentAnswer
        | MessagesVehicleAnswer
        | MessagesPhoneAnswer
        | MessagesOperationAnswer
        | MessagesHitAnswer
        | None
    )


class MessagesAssignment(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="messages.assignment/1"):
    """Says, to one's own bureau alone, which units and cases a matter belongs to; the last one said counts."""

    units: tuple[str, ...]
    cases: tuple[str, ...]


class MessagesReminder(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="messages.reminder/1"):
    """Reminds a recipient that its answer falls due, or has fallen due."""

    clock: str
    within: Span


class MessagesEscalation(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="messages.escalation/1"):
    """Puts a request that is overdue before the supervisors of the recipient."""

    clock: str
    within: Span


class MessagesWhy(StrEnum):
    """Why a message is asked back; nothing about what it said."""

    RECIPIENT = "wrong-recipient"
    CONTENT = "mistaken"
    BASIS = "no-longer-allowed"
    PURPOSE = "purpose-reached"


class MessagesRecall(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="messages.recall/1"):
    """Asks the recipients to erase a message; their nodes do, without anybody's doing."""

    why: MessagesWhy


class MessagesRecalled(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="messages.recalled/1"):
    """States that the sender's node has erased its copy of a message that was asked back."""


class MessagesScope(msgspec.Struct, frozen=True, kw_only=True):
    """To whom data may go, and until when."""

    to: tuple[BureauId, ...]
    org: OrgId
    until: Millis | None


class MessagesConsentRequest(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="messages.consent-request/1"
):
    """Asks the source whether its data may be passed on."""

    scope: MessagesScope
    reason: str


class MessagesDecided(StrEnum):
    """What the source decided."""

    GRANTED = "granted"
    REFUSED = "refused"


class MessagesConsent(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="messages.consent/1"):
    """The source says whether its data may be passed on; the last word about a message counts."""

    decision: MessagesDecided
    scope: MessagesScope


class MessagesDeparture(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="messages.departure/1"):
    """Tells the source that its data now go into another organisation, under its consent."""

    scope: MessagesScope


class MessagesReadMark(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="messages.read-mark/1"):
    """Tells the sender that a person at the recipient has opened its message; names nobody, and is said once."""


class MessagesDecline(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="messages.decline/1"):
    """Tells the bureau that asked that its request is not answered, and why; stops the clock as a reply does."""

    reason: str


class MessagesSavedList(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="messages.list/1"):
    """Keeps recipients under a name, for one's own bureau alone; the last of a name counts, an empty ..."""

    name: str
    members: tuple[BureauId, ...]
