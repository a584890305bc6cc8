"""What relays are asked to carry, and the tables of a relay itself (decision 0033)."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table `carried` of a node, and the tables of a relay."""
    op.create_table(
        "carried",
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("act", sa.BigInteger(), nullable=False, comment="number of the act"),
        sa.Column("recipient", sa.String(length=24), nullable=False),
        sa.Column("relay", sa.String(length=24), nullable=False),
        sa.Column(
            "sealed",
            sa.LargeBinary(length=32),
            nullable=False,
            comment="digest of the sealed bytes that the relay took",
        ),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="the relay's clock"),
        sa.Column("noted", sa.BigInteger(), nullable=False, comment="our clock when its statement came"),
        sa.Column("statement", sa.LargeBinary(), nullable=False, comment="COSE_Sign1 of core.carriage.Carried"),
        sa.PrimaryKeyConstraint("member", "act", "recipient", "relay"),
    )
    op.create_table(
        "enclosed",
        sa.Column("number", sa.BigInteger(), nullable=False, comment="of the mail"),
        sa.Column("blob", sa.LargeBinary(length=32), nullable=False),
        sa.Column("org", sa.String(length=96), nullable=False),
        sa.Column("sender", sa.String(length=24), nullable=False),
        sa.PrimaryKeyConstraint("number", "blob"),
    )
    op.create_index("enclosed_by_blob", "enclosed", ["org", "blob", "sender"], unique=False)
    op.create_table(
        "expected",
        sa.Column("org", sa.String(length=96), nullable=False),
        sa.Column(
            "blob",
            sa.LargeBinary(length=32),
            nullable=False,
            comment="root of an attachment announced by a verified frame",
        ),
        sa.Column("sender", sa.String(length=24), nullable=False),
        sa.Column(
            "recipient",
            sa.String(length=24),
            nullable=False,
            comment="whom it was first announced for; it counts for that one",
        ),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("org", "blob", "sender"),
    )
    op.create_index("expected_by_age", "expected", ["at"], unique=False)
    op.create_table(
        "mail",
        sa.Column(
            "number", sa.BigInteger(), autoincrement=False, nullable=False, comment="counter `mail`; never given twice"
        ),
        sa.Column("org", sa.String(length=96), nullable=False),
        sa.Column("sender", sa.String(length=24), nullable=False),
        sa.Column("recipient", sa.String(length=24), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False, comment="0 urgent, 1 normal, 2 bulk"),
        sa.Column("sealed", sa.LargeBinary(length=32), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="the relay's clock when it was committed"),
        sa.Column("expires", sa.BigInteger(), nullable=True, comment="as its frame says"),
        sa.Column("state", sa.String(length=12), nullable=False, comment="held, taken or lapsed"),
        sa.Column(
            "forget_at",
            sa.BigInteger(),
            nullable=True,
            comment="when a line that holds no mail any more goes; null while it is held",
        ),
        sa.Column(
            "delivery",
            sa.LargeBinary(),
            nullable=True,
            comment="CBOR of core.envelope.Delivery as received; null once it is not held",
        ),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("org", "recipient", "sealed"),
    )
    op.create_index("mail_expires", "mail", ["state", "expires"], unique=False)
    op.create_index("mail_forgotten", "mail", ["forget_at"], unique=False)
    op.create_index("mail_waiting", "mail", ["org", "recipient", "state", "lane", "number"], unique=False)
    op.create_table(
        "polls",
        sa.Column("org", sa.String(length=96), nullable=False),
        sa.Column("bureau", sa.String(length=24), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("org", "bureau"),
    )
    op.create_table(
        "room",
        sa.Column("org", sa.String(length=96), nullable=False, comment="empty for the relay as a whole"),
        sa.Column("side", sa.String(length=12), nullable=False, comment="all, sender or recipient"),
        sa.Column("party", sa.String(length=24), nullable=False),
        sa.Column("pieces", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("org", "side", "party"),
    )
