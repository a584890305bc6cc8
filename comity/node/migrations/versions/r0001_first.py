"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of the first release."""
    op.create_table(
        "acts",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("sender", sa.String(length=24), nullable=False),
        sa.Column("channel", sa.LargeBinary(length=16), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.LargeBinary(length=32), nullable=True),
        sa.Column("thread", sa.LargeBinary(length=32), nullable=True, comment="the act that opened the conversation"),
        sa.Column("said", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="our clock when it was committed"),
        sa.Column("leaf", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False, comment="accepted, parked, or the code of the refusal"),
        sa.Column(
            "judge_at",
            sa.BigInteger(),
            nullable=True,
            comment="when a parked act is judged again; null for all others",
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("article", sa.Text(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False, comment="COSE_Sign1 as received or sent"),
        sa.Column("approvals", sa.LargeBinary(), nullable=False, comment="CBOR list of COSE_Sign1"),
        sa.Column("frame", sa.LargeBinary(), nullable=False, comment="COSE_Sign1 as received; empty for our own"),
        sa.Column(
            "body",
            sa.LargeBinary(),
            nullable=True,
            comment="salt and body under the body's key; null when refused or erased",
        ),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("member", "id"),
        sa.UniqueConstraint("member", "sender", "channel", "epoch", "seq"),
    )
    op.create_index("acts_by_code", "acts", ["member", "code", "number"], unique=False)
    op.create_index("acts_by_kind", "acts", ["member", "kind", "number"], unique=False)
    op.create_index("acts_by_subject", "acts", ["member", "subject", "number"], unique=False)
    op.create_index("acts_by_thread", "acts", ["member", "thread", "number"], unique=False)
    op.create_table(
        "arriving",
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column(
            "blob",
            sa.LargeBinary(length=32),
            nullable=False,
            comment="root of an attachment announced by a verified frame",
        ),
        sa.Column("sender", sa.String(length=24), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("member", "blob"),
    )
    op.create_table(
        "channels",
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("sender", sa.String(length=24), nullable=False, comment="ourselves for what we say"),
        sa.Column("channel", sa.LargeBinary(length=16), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("high", sa.BigInteger(), nullable=False, comment="the highest number used or seen"),
        sa.Column("missing", sa.LargeBinary(), nullable=False, comment="CBOR list of [first, last] below high"),
        sa.Column(
            "ask_at", sa.BigInteger(), nullable=True, comment="when to ask for what is missing; null when nothing is"
        ),
        sa.Column(
            "asked", sa.Integer(), nullable=False, comment="how often we asked in vain since anything missing came"
        ),
        sa.PrimaryKeyConstraint("member", "sender", "channel", "epoch"),
    )
    op.create_index("channels_to_ask", "channels", ["ask_at"], unique=False)
    op.create_table(
        "checkpoints",
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False, comment="our signed checkpoint with its cosignatures"),
        sa.Column("cosignatures", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("member", "size"),
    )
    op.create_table(
        "cosigned",
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("origin", sa.String(length=160), nullable=False),
        sa.Column(
            "size", sa.BigInteger(), nullable=False, comment="of the last checkpoint that we cosigned as a witness"
        ),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("member", "origin"),
    )
    op.create_table(
        "counters",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "doomed",
        sa.Column(
            "number",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="of a body whose key must be destroyed",
        ),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "entries",
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("subject", sa.LargeBinary(length=32), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False, comment="the entry's number, from 1"),
        sa.Column(
            "sender",
            sa.String(length=24),
            nullable=False,
            comment="once the number is folded, only its keeper's row is left",
        ),
        sa.Column("entry", sa.LargeBinary(length=32), nullable=False, comment="id of the entry act"),
        sa.Column("previous", sa.LargeBinary(length=32), nullable=False),
        sa.Column("act", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("member", "subject", "position", "sender"),
    )
    op.create_table(
        "evidence",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False, comment="counter `evidence`"),
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("against", sa.String(length=24), nullable=False),
        sa.Column("what", sa.String(length=32), nullable=False, comment="equivocation, fork, forwarded, split-view"),
        sa.Column("one", sa.LargeBinary(), nullable=False),
        sa.Column("other", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "leaves",
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False, comment="index in the log, from 0"),
        sa.Column("act", sa.LargeBinary(length=32), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("member", "position"),
    )
    op.create_index("leaves_by_act", "leaves", ["member", "act"], unique=False)
    op.create_table(
        "memberships",
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("org", sa.String(length=96), nullable=False),
        sa.Column("bureau", sa.String(length=24), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False, comment="leaves in the log"),
        sa.PrimaryKeyConstraint("member"),
        sa.UniqueConstraint("org"),
    )
    op.create_table(
        "officers",
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("officer", sa.String(length=64), nullable=False, comment="pseudonym, as in the head of acts"),
        sa.Column("unit", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=24), nullable=False),
        sa.Column("cases", sa.Text(), nullable=False, comment="names of cases, one a line"),
        sa.Column(
            "key", sa.LargeBinary(), nullable=True, comment="JSON of core.registry.Key, for officers who may approve"
        ),
        sa.Column("active", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("member", "officer"),
    )
    op.create_table(
        "outbox",
        sa.Column("act", sa.BigInteger(), nullable=False, comment="number of the act"),
        sa.Column("recipient", sa.String(length=24), nullable=False),
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False, comment="0 urgent, 1 normal, 2 bulk"),
        sa.Column("state", sa.String(length=12), nullable=False, comment="queued, handed, settled or silent"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column(
            "next_at",
            sa.BigInteger(),
            nullable=True,
            comment="when to try, or try again; null when nothing is to be done",
        ),
        sa.Column("deadline", sa.BigInteger(), nullable=False, comment="from then on silence is stated"),
        sa.Column(
            "sealed",
            sa.LargeBinary(length=32),
            nullable=True,
            comment="digest of the last sealed bytes, for receipts that name it",
        ),
        sa.Column(
            "proof",
            sa.Integer(),
            nullable=False,
            comment="1 when the recipient asked for proof from before a revocation",
        ),
        sa.Column("trouble", sa.Text(), nullable=False, comment="what stopped the last attempt"),
        sa.PrimaryKeyConstraint("act", "recipient"),
    )
    op.create_index("outbox_by_id", "outbox", ["member", "id"], unique=False)
    op.create_index("outbox_by_sealed", "outbox", ["member", "sealed"], unique=False)
    op.create_index("outbox_due", "outbox", ["next_at"], unique=False)
    op.create_table(
        "owed",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False, comment="counter `owed`"),
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(length=24), nullable=False),
        sa.Column("act", sa.LargeBinary(length=32), nullable=False),
        sa.Column("receipt", sa.LargeBinary(), nullable=False, comment="CBOR of core.receipt.Receipt"),
        sa.Column(
            "batch", sa.BigInteger(), nullable=True, comment="number of the act that carries it; null while it waits"
        ),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("owed_by_act", "owed", ["member", "act"], unique=False)
    op.create_index("owed_waiting", "owed", ["member", "batch", "recipient"], unique=False)
    op.create_table(
        "peers",
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("bureau", sa.String(length=24), nullable=False),
        sa.Column(
            "size", sa.BigInteger(), nullable=False, comment="of the last checkpoint of their log that we verified"
        ),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("member", "bureau"),
    )
    op.create_table(
        "proposals",
        sa.Column("id", sa.LargeBinary(length=32), nullable=False, comment="id of the act that will be said"),
        sa.Column("number", sa.BigInteger(), nullable=False, comment="counter `acts`; addresses the body's key"),
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("unit", sa.String(length=64), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False, comment="canonical head, not yet signed"),
        sa.Column(
            "body", sa.LargeBinary(), nullable=False, comment="salt, body, lane and deadline under the body's key"
        ),
        sa.Column("approvals", sa.LargeBinary(), nullable=False, comment="CBOR list of COSE_Sign1"),
        sa.Column("state", sa.String(length=12), nullable=False, comment="open, said or dropped"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True, comment="when it was said or dropped"),
        sa.Column(
            "ended_by", sa.String(length=64), nullable=False, comment="the officer who did; empty while it is open"
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "receipts",
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("act", sa.LargeBinary(length=32), nullable=False, comment="our act"),
        sa.Column("signer", sa.String(length=24), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("article", sa.Text(), nullable=False),
        sa.Column("leaf", sa.BigInteger(), nullable=False, comment="in the signer's log"),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="the signer's clock"),
        sa.Column("batch", sa.BigInteger(), nullable=False, comment="number of the act that brought it"),
        sa.Column("row", sa.Integer(), nullable=False, comment="its place in that act"),
        sa.PrimaryKeyConstraint("member", "act", "signer", "rung"),
    )
    op.create_table(
        "subjects",
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("subject", sa.LargeBinary(length=32), nullable=False),
        sa.Column("capability", sa.String(length=24), nullable=False),
        sa.Column("keeper", sa.String(length=24), nullable=False, comment="empty where acts count without an entry"),
        sa.Column("entered", sa.BigInteger(), nullable=False, comment="entries folded so far"),
        sa.Column(
            "last", sa.LargeBinary(length=32), nullable=False, comment="id of the last folded entry, or the subject"
        ),
        sa.Column(
            "state", sa.LargeBinary(), nullable=False, comment="CBOR of the folded state; holds nothing of any body"
        ),
        sa.Column("changed", sa.BigInteger(), nullable=False, comment="number of the act that changed it last"),
        sa.PrimaryKeyConstraint("member", "subject"),
    )
    op.create_index("subjects_by_capability", "subjects", ["member", "capability", "changed"], unique=False)
    op.create_table(
        "tiles",
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("member", "level", "position"),
    )
