"""Tokens of programs that act at a desk as an officer (decision 0035)."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table `tokens`."""
    op.create_table(
        "tokens",
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=16), nullable=False, comment="its name, the part that is no secret"),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False, comment="SHA-256 of the secret"),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("officer", sa.String(length=64), nullable=False, comment="whose reader the program acts as"),
        sa.Column("purpose", sa.String(length=24), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False, comment="capability:verb or capability:*, one a line"),
        sa.Column("made", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("revoked", sa.BigInteger(), nullable=True, comment="when it was revoked; null while it counts"),
        sa.Column("used", sa.BigInteger(), nullable=True, comment="the last use, to the minute"),
        sa.PrimaryKeyConstraint("member", "token"),
    )
