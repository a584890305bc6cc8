"""One example of every kind of act: what `make.py` writes a vector for. Add yours at the end of the tuple.

An example uses every field that its kind has, with text of more than one script where there is text, so that the
vector shows how each field is spelled.
"""

import hashlib

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from comity.capabilities.directory.acts import Duty, Function, Hours, Profile
from comity.capabilities.hits.acts import (
    Asks,
    Came,
    Confirmation,
    Did,
    Glimpsed,
    Hit,
    HitGround,
    HitOutcome,
    HitReminder,
    HitStage,
    HitVerdict,
    Looked,
    Touched,
)
from comity.capabilities.keylists.acts import Answer, AnswerKind, End, KeyKind, KeyList, Question, Secret, Setup
from comity.capabilities.messages.acts import (
    Consent,
    ConsentRequest,
    Decided,
    Decline,
    Departure,
    Escalation,
    ReadMark,
    Recall,
    Recalled,
    Reminder,
    SavedList,
    Scope,
    Why,
)
from comity.capabilities.records.acts import (
    Batch,
    Cause,
    Caution,
    LookDigest,
    Loss,
    Name,
    Nominal,
    Reach,
    RecordKind,
    RecordList,
    Restriction,
    Row,
    Sex,
    Status,
    Tells,
    TravelDocument,
    Withdrawal,
    Withdrawn,
    pack,
)
from comity.core.act import Act
from comity.core.epoch import Epoch, Held, Mark, Opening, Returned, Statement, epoch_payload
from comity.core.handling import Confidentiality, Handling, Label, Onward
from comity.core.ids import ActId, BureauId, Digest, Millis, OrgId, Span
from comity.core.keeping import Entry, Handover
from comity.core.receipt import Gap, Nondelivery, Receipt, Receipts, Rung
from tests.core.parties import MA, seed
from tests.core.parties import ORG as EXERCISE


def points(label: str) -> bytes:
    """Return two strings of the form of points; they need not lie on the curve."""
    return b"\x02" + digest(label) + b"\x03" + digest(label[::-1])


def digest(label: str) -> bytes:
    """Return 32 bytes that stand for some act or blob."""
    return hashlib.sha256(label.encode()).digest()


ORG = OrgId("region.example-" + "5" * 32)
ACT, SUBJECT = ActId(digest("an act")), ActId(digest("an opening act"))
CHECKPOINT = (
    "example.org/log\n3\n"
    + "A" * 43
    + "=\n\n— example.org/log AAAAAKN0YXRlZCBmb3IgdGhlIHZlY3RvciwgdmVyaWZpZWQgbm93aGVyZQ==\n"
)
"""The form of a checkpoint; its signature is none. Real ones are in `log/`."""


def statement() -> bytes:
    """Return the statement of a new epoch of `ma` in the exercise organisation, under the role key of the vectors."""
    role = Ed25519PrivateKey.from_private_bytes(seed("ma.role"))
    opening = Opening(
        org=EXERCISE, bureau=MA, epoch=3_158_643, size=5, root=Digest(digest("a root")), at=Millis(1_767_096_000_000)
    )
    payload = epoch_payload(opening)
    made = Statement(
        payload=payload,
        public=role.public_key().public_bytes_raw(),
        signature=role.sign(Statement.message(payload)),
    )
    return msgspec.json.encode(made)


STATEMENT = statement()

ROWS = (
    Row(
        key="2026-17",
        record=Nominal(
            names=(Name(family="العمراني", given="سلمى"), Name(family="EL AMRANI", given="SALMA")),
            status=Status.MISSING,
            born=("1984-05",),
            birthplace="Fès",
            sex=Sex.FEMALE,
            nationalities=("MAR",),
            documents=("XX0000001",),
            cautions=(Caution.SELF_HARM,),
            note="invented for this vector",
        ),
    ),
    Row(
        key="2026-18",
        record=TravelDocument(
            number="XX0000002", issuer="NOR", type="P", loss=Loss.BLANK, issued="2024", when="2025-11", where="NOR"
        ),
    ),
)
"""Two rows that no list would hold together; a batch of its own checks no kind, its list does."""

EXAMPLES: tuple[Act, ...] = (
    Receipts(
        receipts=(
            Receipt(act=Digest(ACT), rung=Rung.COMMITTED, leaf=1, at=Millis(1_767_225_601_000)),
            Receipt(
                act=Digest(SUBJECT),
                rung=Rung.RULED,
                code="handling.audience",
                reason="et is outside the audience that the label names",
                article="RPD 58 (GK-text)",
                leaf=2,
                at=Millis(1_767_225_601_050),
            ),
        ),
        mine=CHECKPOINT,
        yours=CHECKPOINT,
    ),
    Gap(channel=digest("a channel")[:16], epoch=1, missing=((2, 2), (5, 9))),
    Nondelivery(act=ACT, recipient=BureauId("no"), deadline=Millis(1_767_312_000_000), attempts=12),
    Epoch(
        statement=STATEMENT,
        marks=(
            Mark(channel=digest("a channel")[:16], epoch=1, high=9, missing=((2, 2), (5, 8))),
            Mark(channel=digest("another channel")[:16], epoch=1, high=3),
        ),
    ),
    Held(
        epoch=3_158_643,
        part=1,
        parts=2,
        note=CHECKPOINT,
        again=(ActId(digest("an act that is said again")),),
        acts=(
            Returned(
                head=digest("a signed head"), body=b"\xa0", salt=digest("a salt"), approvals=(digest("approval"),)
            ),
            Returned(head=digest("a signed head whose body was erased")),
        ),
    ),
    Entry(subject=SUBJECT, number=2, previous=ActId(digest("the entry before")), act=ACT),
    Handover(subject=SUBJECT, to=BureauId("et")),
    Reminder(clock="urgent", within=Span(28_800_000)),
    Escalation(clock="hit-urgent", within=Span(600_000)),
    Recall(why=Why.RECIPIENT),
    Recalled(),
    ConsentRequest(
        scope=Scope(to=(BureauId("et"),), org=ORG, until=Millis(1_767_312_000_000)), reason="le navire va à Bergen"
    ),
    Consent(decision=Decided.GRANTED, scope=Scope(to=(BureauId("et"), BureauId("no")))),
    Departure(scope=Scope(to=(BureauId("et"),), org=ORG)),
    ReadMark(),
    Decline(reason="لا يوجد سجل كهذا: ce registre n'existe pas ici"),
    SavedList(name="ports-du-nord", members=(BureauId("et"), BureauId("no"))),
    Profile(
        languages=("ar", "fr"),
        zone="Africa/Casablanca",
        telephone="+212 5 37 00 00 00",
        hours=(Hours(days=(1, 2, 3, 4, 5), begin=510, end=990), Hours(days=(6,), begin=0, end=1440)),
        functions=(
            Function(name="مكتب الاتصال", telephone="+212 5 37 00 00 01"),
            Function(name="Véhicules", telephone="+212 5 37 00 00 02", mail="vehicules@example.org"),
        ),
        holidays=("2026-01-01", "2026-01-11"),
    ),
    Duty(
        unit="duty",
        name="Permanence",
        languages=("fr",),
        telephone="+212 5 37 00 00 03",
        until=Millis(1_767_312_000_000),
    ),
    RecordList(record=RecordKind.TRAVEL_DOCUMENT, shard="volés 2026", months=120, tells=Tells.CONFIRMED),
    Batch(serial=1_767_225_600_000, count=2, rows=pack(ROWS)),
    Restriction(
        serial=1_767_225_600_001,
        reach=Reach.ROWS,
        keys=("2026-17", "2026-18"),
        label=Label(
            handling=Handling.H2,
            confidentiality=Confidentiality.RESTRICTED,
            onward=Onward.NONE,
            audience=(BureauId("ma"), BureauId("no")),
        ),
    ),
    Withdrawal(serial=1_767_225_600_002, reach=Reach.LIST, why=Cause.PURPOSE, deadline=Millis(1_767_229_200_000)),
    Withdrawn(dropped=2, absent=1, leaf=41),
    LookDigest(
        root=Digest(digest("the looks of a second")),
        count=3,
        since=Millis(1_767_225_600_000),
        until=Millis(1_767_225_601_000),
    ),
    Hit(
        list=SUBJECT,
        batch=ActId(digest("a batch")),
        key="2026-17",
        score=912,
        agreed=("born.year", "name.alike", "name.same"),
        came=Came.RECORD,
        asks=Asks.URGENT,
        touches=Touched(list=ActId(digest("another list")), key="n-4"),
    ),
    Confirmation(
        verdict=HitVerdict.UNCLEAR,
        grounds=(HitGround.DETAILS, HitGround.MORE),
        note="la date de naissance est une autre",
    ),
    HitOutcome(did=Did.LET_GO, note="تم التحقق"),
    HitReminder(asks=Asks.ROUTINE, stage=HitStage.SUPERVISORS, within=Span(3_600_000)),
    Looked(
        since=Millis(1_767_225_600_000),
        until=Millis(1_767_225_660_000),
        looks=(Glimpsed(key="2026-17", found=3, opened=1), Glimpsed(key="2026-18", opened=2)),
    ),
    KeyList(
        of=KeyKind.PHONE,
        name="الرباط 2026",
        folding="identifiers/1",
        size=10_000,
        most=200,
        daily=10,
        epoch=2,
        until=Millis(1_769_817_600_000),
    ),
    Setup(serial=1_767_225_600_000, part=1, parts=1, concealed=points("a set under a source's key")),
    Question(count=2, blinded=points("a question under an asker's key")),
    Answer(outcome=AnswerKind.EVALUATED, evaluated=points("a question under both keys")),
    Secret(peer=MA, key=digest("a key for one question"), asked=("+212 661-234507", "0661 23 45 10")),
    End(),
)
"""In the order of their capabilities."""
