"""What falls due, and what of it is done (decision 0034)."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table `due`."""
    op.create_table(
        "due",
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("subject", sa.LargeBinary(length=32), nullable=False),
        sa.Column("what", sa.String(length=64), nullable=False, comment="the step's name"),
        sa.Column("bureau", sa.String(length=24), nullable=False, comment="whose clock it is; empty for everybody's"),
        sa.Column(
            "when",
            sa.BigInteger(),
            nullable=True,
            comment="the moment; null while the receipt that starts the clock is not here",
        ),
        sa.Column(
            "next_at",
            sa.BigInteger(),
            nullable=True,
            comment="when to do it, or try again; null when there is nothing to do",
        ),
        sa.Column("done", sa.BigInteger(), nullable=True, comment="our clock when it was done; null before"),
        sa.PrimaryKeyConstraint("member", "subject", "what", "bureau"),
    )
    op.create_index("due_done", "due", ["member", "what", "done"], unique=False)
    op.create_index("due_next", "due", ["member", "next_at"], unique=False)
