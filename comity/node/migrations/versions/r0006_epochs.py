"""Logs and numbers that begin anew after a restore, and what comes back from peers (decision 0039)."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables `epochs`, `recoveries` and `awaited`; epochs are as wide as the wire allows."""
    op.create_table(
        "epochs",
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column(
            "bureau", sa.String(length=24), nullable=False, comment="whose log and numbers begin anew; ourselves too"
        ),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column(
            "size", sa.BigInteger(), nullable=False, comment="leaves of the earlier log with which the new one begins"
        ),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False, comment="of the log at that size"),
        sa.Column("statement", sa.LargeBinary(), nullable=False, comment="signed by the role key, as it came"),
        sa.Column(
            "note",
            sa.LargeBinary(),
            nullable=False,
            comment="the last checkpoint known of the earlier log; may be empty",
        ),
        sa.Column("act", sa.BigInteger(), nullable=False, comment="number of the act that announced it; 0 for our own"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column(
            "ended",
            sa.BigInteger(),
            nullable=True,
            comment="a peer's: when we answered; our own: when the desks opened; null before",
        ),
        sa.PrimaryKeyConstraint("member", "bureau", "epoch"),
    )
    op.create_table(
        "recoveries",
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("bureau", sa.String(length=24), nullable=False, comment="a peer that we told of our epoch"),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False, comment="asked, answered, done or waived"),
        sa.Column("parts", sa.Integer(), nullable=False, comment="parts of its answer, 0 while none is here"),
        sa.Column("got", sa.Integer(), nullable=False, comment="parts that are here"),
        sa.Column("again", sa.BigInteger(), nullable=False, comment="acts that it says again"),
        sa.Column(
            "returned", sa.BigInteger(), nullable=False, comment="acts of ours that it handed back and that we lacked"
        ),
        sa.Column(
            "note", sa.LargeBinary(), nullable=False, comment="the last checkpoint of our earlier log that it holds"
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("member", "bureau", "epoch"),
    )
    op.create_table(
        "awaited",
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("bureau", sa.String(length=24), nullable=False, comment="the peer that named it"),
        sa.Column("act", sa.LargeBinary(length=32), nullable=False),
        sa.Column(
            "head",
            sa.LargeBinary(),
            nullable=True,
            comment="of an act of ours whose body it has erased; null for one that it says again",
        ),
        sa.PrimaryKeyConstraint("member", "bureau", "act"),
    )
