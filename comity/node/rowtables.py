"""The tables of rows, and the metadata to which all tables of a node's database belong (decisions 0028 and 0050).

Rows of lists of records (`node/rows.py`). What they say rests in `row_segments`, encrypted; keys of the source stand
nowhere, only digests of them under a secret of the keyring. `member` and migrations are as in `node/schema.py`.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
)

metadata = MetaData()

rows = Table(
    "rows",
    metadata,
    Column("member", Integer, nullable=False),
    Column("list", BigInteger, nullable=False, comment="number of the act that opened the list"),
    Column("row", LargeBinary(16), nullable=False, comment="HMAC of the source's key for it"),
    Column("number", BigInteger, comment="counter `rows`; null while no such row rests here"),
    Column("serial", BigInteger, nullable=False, comment="of what put it or dropped it last; 0 before either came"),
    Column("batch", BigInteger, nullable=False, comment="number of the act that put it; 0 for none"),
    Column("place", Integer, nullable=False, comment="among the rows of that act"),
    Column("policy", Integer, nullable=False, comment="who may see it; 0 for none"),
    Column("restricted", BigInteger, nullable=False, comment="serial of the last restriction; 0 for none"),
    PrimaryKeyConstraint("member", "list", "row"),
    UniqueConstraint("member", "number"),
)

row_lists = Table(
    "row_lists",
    metadata,
    Column("member", Integer, nullable=False),
    Column("list", BigInteger, nullable=False, comment="number of the act that opened it"),
    Column("subject", LargeBinary(32), nullable=False),
    Column("dropped", BigInteger, nullable=False, comment="whatever was put with a lower serial is gone"),
    Column("restricted", BigInteger, nullable=False, comment="whatever was put with a lower serial has this policy"),
    Column("policy", Integer, nullable=False),
    PrimaryKeyConstraint("member", "list"),
)

row_batches = Table(
    "row_batches",
    metadata,
    Column("member", Integer, nullable=False),
    Column("batch", BigInteger, nullable=False, comment="number of the act"),
    Column("list", BigInteger, nullable=False),
    Column("serial", BigInteger, nullable=False),
    Column("policy", Integer, nullable=False),
    Column("first", BigInteger, nullable=False, comment="number of the first row that it put"),
    Column("count", Integer, nullable=False, comment="rows that it put; their numbers follow each other"),
    Column("until", BigInteger, comment="when its rows lapse; null once they have"),
    Column("stale", Integer, nullable=False, comment="1 while its body holds a row that must not rest here"),
    Column("leaves", LargeBinary, comment="digests of its rows, once the body is gone: proofs need the neighbours'"),
    PrimaryKeyConstraint("member", "batch"),
    Index("row_batches_by_list", "member", "list", "serial"),
    Index("row_batches_until", "member", "until"),
    Index("row_batches_stale", "member", "stale"),
)

row_segments = Table(
    "row_segments",
    metadata,
    # Given by the counter `acts`: it addresses the key in the file of keys, beside those of bodies.
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("member", Integer, nullable=False),
    Column("batch", BigInteger, nullable=False),
    Column("part", Integer, nullable=False, comment="place of a row divided by the rows of a segment"),
    Column("count", Integer, nullable=False, comment="rows in it"),
    Column("sealed", LargeBinary, nullable=False),
    UniqueConstraint("member", "batch", "part"),
)

row_policies = Table(
    "row_policies",
    metadata,
    Column("member", Integer, nullable=False),
    Column("policy", Integer, nullable=False, comment="counter `policies`"),
    Column("source", String(24), nullable=False),
    Column("label", LargeBinary, nullable=False, comment="CBOR of core.handling.Label without its end"),
    PrimaryKeyConstraint("member", "policy"),
    UniqueConstraint("member", "source", "label"),
)

row_statements = Table(
    "row_statements",
    metadata,
    Column("member", Integer, nullable=False),
    Column("act", LargeBinary(32), nullable=False, comment="that took rows back"),
    Column("dropped", BigInteger, nullable=False),
    Column("absent", BigInteger, nullable=False),
    Column("leaf", BigInteger, nullable=False, comment="of that act in our log"),
    Column("next_at", BigInteger, comment="when to state it, or try again; null once it is said"),
    PrimaryKeyConstraint("member", "act"),
    Index("row_statements_due", "member", "next_at"),
)

row_changes = Table(
    "row_changes",
    metadata,
    Column("member", Integer, nullable=False),
    Column("position", BigInteger, nullable=False, comment="counter `row changes`: in the order of commits"),
    Column("what", String(12), nullable=False, comment="put, restrict or drop"),
    Column("policy", Integer, nullable=False, comment="of a restriction; 0 otherwise"),
    Column("numbers", LargeBinary, nullable=False, comment="of the rows: 8 bytes each, compressed by zlib"),
    PrimaryKeyConstraint("member", "position"),
)
