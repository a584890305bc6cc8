"""The tables of a node's database: one description for SQLite and PostgreSQL (decision 0028).

Every table but `memberships`, `counters` and `doomed` carries `member`: the number of one membership, that is, of this
bureau in one organisation. Bodies rest here only as ciphertext; their keys are in another file (`node/bodies.py`,
decision 0024). The last five tables are a relay's, which names the organisation in each row instead; the tables of rows
are in `node/rowtables.py`, those of looks in `node/looktables.py`. A change to one of them needs a migration in
`node/migrations/versions`, and a test compares them.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from comity.node import looktables as looktables  # noqa: PLC0414 - its tables are among them
from comity.node.rowtables import metadata as metadata  # noqa: PLC0414 - all tables belong to it

memberships = Table(
    "memberships",
    metadata,
    Column("member", Integer, primary_key=True),
    Column("org", String(96), nullable=False, unique=True),
    Column("bureau", String(24), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("size", BigInteger, nullable=False, comment="leaves in the log"),
)

counters = Table(
    "counters",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

acts = Table(
    "acts",
    metadata,
    # Given by the counter `acts` inside the write transaction, never reused: it addresses the body's key.
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("member", Integer, nullable=False),
    Column("id", LargeBinary(32), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("sender", String(24), nullable=False),
    Column("channel", LargeBinary(16), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("subject", LargeBinary(32)),
    Column("thread", LargeBinary(32), comment="the act that opened the conversation"),
    Column("said", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False, comment="our clock when it was committed"),
    Column("leaf", BigInteger, nullable=False),
    Column("code", String(64), nullable=False, comment="accepted, parked, or the code of the refusal"),
    Column("judge_at", BigInteger, comment="when a parked act is judged again; null for all others"),
    Column("reason", Text, nullable=False),
    Column("article", Text, nullable=False),
    Column("head", LargeBinary, nullable=False, comment="COSE_Sign1 as received or sent"),
    Column("approvals", LargeBinary, nullable=False, comment="CBOR list of COSE_Sign1"),
    Column("frame", LargeBinary, nullable=False, comment="COSE_Sign1 as received; empty for our own"),
    Column("body", LargeBinary, comment="salt and body under the body's key; null when refused or erased"),
    UniqueConstraint("member", "id"),
    UniqueConstraint("member", "sender", "channel", "epoch", "seq"),
    Index("acts_by_kind", "member", "kind", "number"),
    Index("acts_by_subject", "member", "subject", "number"),
    Index("acts_by_thread", "member", "thread", "number"),
    Index("acts_by_code", "member", "code", "number"),
)

leaves = Table(
    "leaves",
    metadata,
    Column("member", Integer, nullable=False),
    Column("position", BigInteger, nullable=False, comment="index in the log, from 0"),
    Column("act", LargeBinary(32), nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("salt", LargeBinary(32), nullable=False),
    PrimaryKeyConstraint("member", "position"),
    Index("leaves_by_act", "member", "act"),
)

tiles = Table(
    "tiles",
    metadata,
    Column("member", Integer, nullable=False),
    Column("level", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("hashes", LargeBinary, nullable=False),
    PrimaryKeyConstraint("member", "level", "position"),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("member", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("note", LargeBinary, nullable=False, comment="our signed checkpoint with its cosignatures"),
    Column("cosignatures", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("member", "size"),
)

peers = Table(
    "peers",
    metadata,
    Column("member", Integer, nullable=False),
    Column("bureau", String(24), nullable=False),
    Column("size", BigInteger, nullable=False, comment="of the last checkpoint of their log that we verified"),
    Column("root", LargeBinary(32), nullable=False),
    Column("note", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("member", "bureau"),
)

cosigned = Table(
    "cosigned",
    metadata,
    Column("member", Integer, nullable=False),
    Column("origin", String(160), nullable=False),
    Column("size", BigInteger, nullable=False, comment="of the last checkpoint that we cosigned as a witness"),
    Column("root", LargeBinary(32), nullable=False),
    Column("note", LargeBinary, nullable=False),
    PrimaryKeyConstraint("member", "origin"),
)

witnesses = Table(
    "witnesses",
    metadata,
    Column("member", Integer, nullable=False),
    Column("bureau", String(24), nullable=False),
    Column("size", BigInteger, nullable=False, comment="of our last checkpoint that this witness says it cosigned"),
    PrimaryKeyConstraint("member", "bureau"),
)

channels = Table(
    "channels",
    metadata,
    Column("member", Integer, nullable=False),
    Column("sender", String(24), nullable=False, comment="ourselves for what we say"),
    Column("channel", LargeBinary(16), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("high", BigInteger, nullable=False, comment="the highest number used or seen"),
    Column("missing", LargeBinary, nullable=False, comment="CBOR list of [first, last] below high"),
    Column("ask_at", BigInteger, comment="when to ask for what is missing; null when nothing is"),
    Column("asked", Integer, nullable=False, comment="how often we asked in vain since anything missing came"),
    PrimaryKeyConstraint("member", "sender", "channel", "epoch"),
    Index("channels_to_ask", "ask_at"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("act", BigInteger, nullable=False, comment="number of the act"),
    Column("recipient", String(24), nullable=False),
    Column("member", Integer, nullable=False),
    Column("id", LargeBinary(32), nullable=False),
    Column("lane", Integer, nullable=False, comment="0 urgent, 1 normal, 2 bulk"),
    Column("state", String(12), nullable=False, comment="queued, handed, settled or silent"),
    Column("attempts", Integer, nullable=False),
    Column("next_at", BigInteger, comment="when to try, or try again; null when nothing is to be done"),
    Column("deadline", BigInteger, nullable=False, comment="from then on silence is stated"),
    Column("sealed", LargeBinary(32), comment="digest of the last sealed bytes, for receipts that name it"),
    Column("proof", Integer, nullable=False, comment="1 when the recipient asked for proof from before a revocation"),
    Column("trouble", Text, nullable=False, comment="what stopped the last attempt"),
    PrimaryKeyConstraint("act", "recipient"),
    Index("outbox_due", "next_at"),
    Index("outbox_by_id", "member", "id"),
    Index("outbox_by_sealed", "member", "sealed"),
)

receipts = Table(
    "receipts",
    metadata,
    Column("member", Integer, nullable=False),
    Column("act", LargeBinary(32), nullable=False, comment="our act"),
    Column("signer", String(24), nullable=False),
    Column("rung", Integer, nullable=False),
    Column("code", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("article", Text, nullable=False),
    Column("leaf", BigInteger, nullable=False, comment="in the signer's log"),
    Column("at", BigInteger, nullable=False, comment="the signer's clock"),
    Column("batch", BigInteger, nullable=False, comment="number of the act that brought it"),
    Column("row", Integer, nullable=False, comment="its place in that act"),
    PrimaryKeyConstraint("member", "act", "signer", "rung"),
)

owed = Table(
    "owed",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="counter `owed`"),
    Column("member", Integer, nullable=False),
    Column("recipient", String(24), nullable=False),
    Column("act", LargeBinary(32), nullable=False),
    Column("receipt", LargeBinary, nullable=False, comment="CBOR of core.receipt.Receipt"),
    Column("batch", BigInteger, comment="number of the act that carries it; null while it waits"),
    Index("owed_waiting", "member", "batch", "recipient"),
    Index("owed_by_act", "member", "act"),
)

subjects = Table(
    "subjects",
    metadata,
    Column("member", Integer, nullable=False),
    Column("subject", LargeBinary(32), nullable=False),
    Column("capability", String(24), nullable=False),
    Column("keeper", String(24), nullable=False, comment="empty where acts count without an entry"),
    Column("entered", BigInteger, nullable=False, comment="entries folded so far"),
    Column("last", LargeBinary(32), nullable=False, comment="id of the last folded entry, or the subject"),
    Column("state", LargeBinary, nullable=False, comment="CBOR of the folded state; holds nothing of any body"),
    Column("changed", BigInteger, nullable=False, comment="number of the act that changed it last"),
    PrimaryKeyConstraint("member", "subject"),
    Index("subjects_by_capability", "member", "capability", "changed"),
)

entries = Table(
    "entries",
    metadata,
    Column("member", Integer, nullable=False),
    Column("subject", LargeBinary(32), nullable=False),
    Column("position", BigInteger, nullable=False, comment="the entry's number, from 1"),
    # Who is keeper at a number is known only once the chain is folded up to it; until then nobody takes it from others.
    Column("sender", String(24), nullable=False, comment="once the number is folded, only its keeper's row is left"),
    Column("entry", LargeBinary(32), nullable=False, comment="id of the entry act"),
    Column("previous", LargeBinary(32), nullable=False),
    Column("act", LargeBinary(32), nullable=False),
    PrimaryKeyConstraint("member", "subject", "position", "sender"),
)

evidence = Table(
    "evidence",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="counter `evidence`"),
    Column("member", Integer, nullable=False),
    Column("against", String(24), nullable=False),
    Column("what", String(32), nullable=False, comment="equivocation, fork, forwarded, split-view"),
    Column("one", LargeBinary, nullable=False),
    Column("other", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
)

proposals = Table(
    "proposals",
    metadata,
    Column("id", LargeBinary(32), primary_key=True, comment="id of the act that will be said"),
    Column("number", BigInteger, nullable=False, comment="counter `acts`; addresses the body's key"),
    Column("member", Integer, nullable=False),
    Column("author", String(64), nullable=False),
    Column("unit", String(64), nullable=False),
    Column("head", LargeBinary, nullable=False, comment="canonical head, not yet signed"),
    Column("body", LargeBinary, nullable=False, comment="salt, body, lane and deadline under the body's key"),
    Column("approvals", LargeBinary, nullable=False, comment="CBOR list of COSE_Sign1"),
    Column("state", String(12), nullable=False, comment="open, said or dropped"),
    Column("at", BigInteger, nullable=False),
    Column("ended_at", BigInteger, comment="when it was said or dropped"),
    Column("ended_by", String(64), nullable=False, comment="the officer who did; empty while it is open"),
)

due = Table(
    "due",
    metadata,
    Column("member", Integer, nullable=False),
    Column("subject", LargeBinary(32), nullable=False),
    Column("what", String(64), nullable=False, comment="the step's name"),
    Column("bureau", String(24), nullable=False, comment="whose clock it is; empty for everybody's"),
    Column("when", BigInteger, comment="the moment; null while the receipt that starts the clock is not here"),
    Column("next_at", BigInteger, comment="when to do it, or try again; null when there is nothing to do"),
    Column("done", BigInteger, comment="our clock when it was done; null before"),
    PrimaryKeyConstraint("member", "subject", "what", "bureau"),
    Index("due_next", "member", "next_at"),
    Index("due_done", "member", "what", "done"),
)

officers = Table(
    "officers",
    metadata,
    Column("member", Integer, nullable=False),
    Column("officer", String(64), nullable=False, comment="pseudonym, as in the head of acts"),
    Column("unit", String(64), nullable=False),
    Column("role", String(24), nullable=False),
    Column("cases", Text, nullable=False, comment="names of cases, one a line"),
    Column("key", LargeBinary, comment="JSON of core.registry.Key, for officers who may approve"),
    Column("active", Integer, nullable=False),
    PrimaryKeyConstraint("member", "officer"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("member", Integer, nullable=False),
    Column("token", String(16), nullable=False, comment="its name, the part that is no secret"),
    Column("digest", LargeBinary(32), nullable=False, comment="SHA-256 of the secret"),
    Column("title", Text, nullable=False),
    Column("officer", String(64), nullable=False, comment="whose reader the program acts as"),
    Column("purpose", String(24), nullable=False),
    Column("scopes", Text, nullable=False, comment="capability:verb or capability:*, one a line"),
    Column("made", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("revoked", BigInteger, comment="when it was revoked; null while it counts"),
    Column("used", BigInteger, comment="the last use, to the minute"),
    PrimaryKeyConstraint("member", "token"),
)

doomed = Table(
    "doomed",
    metadata,
    Column(
        "number", BigInteger, primary_key=True, autoincrement=False, comment="of a body whose key must be destroyed"
    ),
)

arriving = Table(
    "arriving",
    metadata,
    Column("member", Integer, nullable=False),
    Column("blob", LargeBinary(32), nullable=False, comment="root of an attachment announced by a verified frame"),
    Column("sender", String(24), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("member", "blob"),
)

epochs = Table(
    "epochs",
    metadata,
    Column("member", Integer, nullable=False),
    Column("bureau", String(24), nullable=False, comment="whose log and numbers begin anew; ourselves too"),
    Column("epoch", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False, comment="leaves of the earlier log with which the new one begins"),
    Column("root", LargeBinary(32), nullable=False, comment="of the log at that size"),
    Column("statement", LargeBinary, nullable=False, comment="signed by the role key, as it came"),
    Column("note", LargeBinary, nullable=False, comment="the last checkpoint known of the earlier log; may be empty"),
    Column("act", BigInteger, nullable=False, comment="number of the act that announced it; 0 for our own"),
    Column("at", BigInteger, nullable=False),
    Column("ended", BigInteger, comment="a peer's: when we answered; our own: when the desks opened; null before"),
    PrimaryKeyConstraint("member", "bureau", "epoch"),
)

recoveries = Table(
    "recoveries",
    metadata,
    Column("member", Integer, nullable=False),
    Column("bureau", String(24), nullable=False, comment="a peer that we told of our epoch"),
    Column("epoch", BigInteger, nullable=False),
    Column("state", String(12), nullable=False, comment="asked, answered, done or waived"),
    Column("parts", Integer, nullable=False, comment="parts of its answer, 0 while none is here"),
    Column("got", Integer, nullable=False, comment="parts that are here"),
    Column("again", BigInteger, nullable=False, comment="acts that it says again"),
    Column("returned", BigInteger, nullable=False, comment="acts of ours that it handed back and that we lacked"),
    Column("note", LargeBinary, nullable=False, comment="the last checkpoint of our earlier log that it holds"),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("member", "bureau", "epoch"),
)

awaited = Table(
    "awaited",
    metadata,
    Column("member", Integer, nullable=False),
    Column("bureau", String(24), nullable=False, comment="the peer that named it"),
    Column("act", LargeBinary(32), nullable=False),
    Column("head", LargeBinary, comment="of an act of ours whose body it has erased; null for one that it says again"),
    PrimaryKeyConstraint("member", "bureau", "act"),
)

carried = Table(
    "carried",
    metadata,
    Column("member", Integer, nullable=False),
    Column("act", BigInteger, nullable=False, comment="number of the act"),
    Column("recipient", String(24), nullable=False),
    Column("relay", String(24), nullable=False),
    Column("sealed", LargeBinary(32), nullable=False, comment="digest of the sealed bytes that the relay took"),
    Column("at", BigInteger, nullable=False, comment="the relay's clock"),
    Column("noted", BigInteger, nullable=False, comment="our clock when its statement came"),
    Column("statement", LargeBinary, nullable=False, comment="COSE_Sign1 of core.carriage.Carried"),
    PrimaryKeyConstraint("member", "act", "recipient", "relay"),
)

# What a relay keeps, in a database of its own (`node/mailboxes.py`, decision 0033); a node's stays without rows here.

mail = Table(
    "mail",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="counter `mail`; never given twice"),
    Column("org", String(96), nullable=False),
    Column("sender", String(24), nullable=False),
    Column("recipient", String(24), nullable=False),
    Column("lane", Integer, nullable=False, comment="0 urgent, 1 normal, 2 bulk"),
    Column("sealed", LargeBinary(32), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False, comment="the relay's clock when it was committed"),
    Column("expires", BigInteger, comment="as its frame says"),
    Column("state", String(12), nullable=False, comment="held, taken or lapsed"),
    Column("forget_at", BigInteger, comment="when a line that holds no mail any more goes; null while it is held"),
    Column("delivery", LargeBinary, comment="CBOR of core.envelope.Delivery as received; null once it is not held"),
    UniqueConstraint("org", "recipient", "sealed"),
    Index("mail_waiting", "org", "recipient", "state", "lane", "number"),
    Index("mail_expires", "state", "expires"),
    Index("mail_forgotten", "forget_at"),
)

enclosed = Table(
    "enclosed",
    metadata,
    Column("number", BigInteger, nullable=False, comment="of the mail"),
    Column("blob", LargeBinary(32), nullable=False),
    Column("org", String(96), nullable=False),
    Column("sender", String(24), nullable=False),
    PrimaryKeyConstraint("number", "blob"),
    Index("enclosed_by_blob", "org", "blob", "sender"),
)

expected = Table(
    "expected",
    metadata,
    Column("org", String(96), nullable=False),
    Column("blob", LargeBinary(32), nullable=False, comment="root of an attachment announced by a verified frame"),
    Column("sender", String(24), nullable=False),
    Column("recipient", String(24), nullable=False, comment="whom it was first announced for; it counts for that one"),
    Column("bytes", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("org", "blob", "sender"),
    Index("expected_by_age", "at"),
)

room = Table(
    "room",
    metadata,
    Column("org", String(96), nullable=False, comment="empty for the relay as a whole"),
    Column("side", String(12), nullable=False, comment="all, sender or recipient"),
    Column("party", String(24), nullable=False),
    Column("pieces", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    PrimaryKeyConstraint("org", "side", "party"),
)

polls = Table(
    "polls",
    metadata,
    Column("org", String(96), nullable=False),
    Column("bureau", String(24), nullable=False),
    Column("serial", BigInteger, nullable=False),
    PrimaryKeyConstraint("org", "bureau"),
)
