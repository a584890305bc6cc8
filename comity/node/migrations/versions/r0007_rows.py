"""Rows of lists of records: which rest here, under which policy, and their encrypted segments (decision 0050)."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables of rows."""
    op.create_table(
        "row_batches",
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False, comment="number of the act"),
        sa.Column("list", sa.BigInteger(), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.Column("policy", sa.Integer(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False, comment="number of the first row that it put"),
        sa.Column("count", sa.Integer(), nullable=False, comment="rows that it put; their numbers follow each other"),
        sa.Column("until", sa.BigInteger(), nullable=True, comment="when its rows lapse; null once they have"),
        sa.Column(
            "stale", sa.Integer(), nullable=False, comment="1 while its body holds a row that must not rest here"
        ),
        sa.Column(
            "leaves",
            sa.LargeBinary(),
            nullable=True,
            comment="digests of its rows, once the body is gone: proofs need the neighbours'",
        ),
        sa.PrimaryKeyConstraint("member", "batch"),
    )
    op.create_index("row_batches_by_list", "row_batches", ["member", "list", "serial"], unique=False)
    op.create_index("row_batches_stale", "row_batches", ["member", "stale"], unique=False)
    op.create_index("row_batches_until", "row_batches", ["member", "until"], unique=False)
    op.create_table(
        "row_changes",
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column(
            "position", sa.BigInteger(), nullable=False, comment="counter `row changes`: in the order of commits"
        ),
        sa.Column("what", sa.String(length=12), nullable=False, comment="put, restrict or drop"),
        sa.Column("policy", sa.Integer(), nullable=False, comment="of a restriction; 0 otherwise"),
        sa.Column("numbers", sa.LargeBinary(), nullable=False, comment="of the rows: 8 bytes each, compressed by zlib"),
        sa.PrimaryKeyConstraint("member", "position"),
    )
    op.create_table(
        "row_lists",
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("list", sa.BigInteger(), nullable=False, comment="number of the act that opened it"),
        sa.Column("subject", sa.LargeBinary(length=32), nullable=False),
        sa.Column("dropped", sa.BigInteger(), nullable=False, comment="whatever was put with a lower serial is gone"),
        sa.Column(
            "restricted",
            sa.BigInteger(),
            nullable=False,
            comment="whatever was put with a lower serial has this policy",
        ),
        sa.Column("policy", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("member", "list"),
    )
    op.create_table(
        "row_policies",
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("policy", sa.Integer(), nullable=False, comment="counter `policies`"),
        sa.Column("source", sa.String(length=24), nullable=False),
        sa.Column("label", sa.LargeBinary(), nullable=False, comment="CBOR of core.handling.Label without its end"),
        sa.PrimaryKeyConstraint("member", "policy"),
        sa.UniqueConstraint("member", "source", "label"),
    )
    op.create_table(
        "row_segments",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False, comment="place of a row divided by the rows of a segment"),
        sa.Column("count", sa.Integer(), nullable=False, comment="rows in it"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("member", "batch", "part"),
    )
    op.create_table(
        "row_statements",
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("act", sa.LargeBinary(length=32), nullable=False, comment="that took rows back"),
        sa.Column("dropped", sa.BigInteger(), nullable=False),
        sa.Column("absent", sa.BigInteger(), nullable=False),
        sa.Column("leaf", sa.BigInteger(), nullable=False, comment="of that act in our log"),
        sa.Column(
            "next_at", sa.BigInteger(), nullable=True, comment="when to state it, or try again; null once it is said"
        ),
        sa.PrimaryKeyConstraint("member", "act"),
    )
    op.create_index("row_statements_due", "row_statements", ["member", "next_at"], unique=False)
    op.create_table(
        "rows",
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("list", sa.BigInteger(), nullable=False, comment="number of the act that opened the list"),
        sa.Column("row", sa.LargeBinary(length=16), nullable=False, comment="HMAC of the source's key for it"),
        sa.Column(
            "number", sa.BigInteger(), nullable=True, comment="counter `rows`; null while no such row rests here"
        ),
        sa.Column(
            "serial", sa.BigInteger(), nullable=False, comment="of what put it or dropped it last; 0 before either came"
        ),
        sa.Column("batch", sa.BigInteger(), nullable=False, comment="number of the act that put it; 0 for none"),
        sa.Column("place", sa.Integer(), nullable=False, comment="among the rows of that act"),
        sa.Column("policy", sa.Integer(), nullable=False, comment="who may see it; 0 for none"),
        sa.Column("restricted", sa.BigInteger(), nullable=False, comment="serial of the last restriction; 0 for none"),
        sa.PrimaryKeyConstraint("member", "list", "row"),
        sa.UniqueConstraint("member", "number"),
    )
