"""What each witness last cosigned of our log (decision 0031)."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table `witnesses`."""
    op.create_table(
        "witnesses",
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("bureau", sa.String(length=24), nullable=False),
        sa.Column(
            "size",
            sa.BigInteger(),
            nullable=False,
            comment="of our last checkpoint that this witness says it cosigned",
        ),
        sa.PrimaryKeyConstraint("member", "bureau"),
    )
