"""The journal of looks: what was seen, which act binds it, who is to be told, how much was asked (decision 0054)."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables of looks."""
    op.create_table(
        "looks",
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False, comment="counter `looks`: in the order of commits"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reader", sa.LargeBinary(length=16), nullable=False, comment="HMAC of the officer's pseudonym"),
        sa.Column(
            "name", sa.LargeBinary(length=8), nullable=True, comment="HMAC of the name or number that was asked for"
        ),
        sa.Column(
            "born",
            sa.LargeBinary(length=8),
            nullable=True,
            comment="HMAC of the birth date, where a whole one was asked for",
        ),
        sa.Column("alarm", sa.String(length=12), nullable=True, comment="what supervisors are shown it for"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment="CBOR of node.looks.Glance, encrypted"),
        sa.PrimaryKeyConstraint("member", "number"),
    )
    op.create_index("looks_alarming", "looks", ["member", "alarm", "number"], unique=False)
    op.create_index("looks_by_born", "looks", ["member", "reader", "born", "at"], unique=False)
    op.create_index("looks_by_name", "looks", ["member", "reader", "name", "at"], unique=False)
    op.create_table(
        "look_digests",
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False, comment="number of the first look that it binds"),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("act", sa.LargeBinary(length=32), nullable=False, comment="that says the root"),
        sa.PrimaryKeyConstraint("member", "first"),
    )
    op.create_table(
        "look_debts",
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=24), nullable=False, comment="who is to be told"),
        sa.Column("number", sa.BigInteger(), nullable=False, comment="of the look"),
        sa.PrimaryKeyConstraint("member", "source", "number"),
    )
    op.create_table(
        "look_tallies",
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("reader", sa.LargeBinary(length=16), nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False, comment="since 1970"),
        sa.Column("searches", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("member", "reader", "hour"),
    )
    op.create_table(
        "look_paces",
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("reader", sa.LargeBinary(length=16), nullable=False),
        sa.Column("searches", sa.BigInteger(), nullable=False, comment="that this officer may make in an hour"),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("member", "reader"),
    )
    op.create_table(
        "row_pairs",
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("pair", sa.LargeBinary(length=16), nullable=False, comment="HMAC of two rows by list and key"),
        sa.PrimaryKeyConstraint("member", "pair"),
    )
