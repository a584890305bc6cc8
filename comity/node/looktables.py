"""The tables of the journal of looks and of pairs of rows that touch (decision 0054).

What was looked at rests sealed, as keys of records do everywhere (`node/rowtables.py`). Beside it stand digests under a
secret of the keyring, by which a search that is asked again and again is noticed without its words being kept.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, String, Table

from comity.node.rowtables import metadata

looks = Table(
    "looks",
    metadata,
    Column("member", Integer, nullable=False),
    Column("number", BigInteger, nullable=False, comment="counter `looks`: in the order of commits"),
    Column("at", BigInteger, nullable=False),
    Column("reader", LargeBinary(16), nullable=False, comment="HMAC of the officer's pseudonym"),
    Column("name", LargeBinary(8), comment="HMAC of the name or number that was asked for"),
    Column("born", LargeBinary(8), comment="HMAC of the birth date, where a whole one was asked for"),
    Column("alarm", String(12), comment="what supervisors are shown it for"),
    Column("sealed", LargeBinary, nullable=False, comment="CBOR of node.looks.Glance, encrypted"),
    PrimaryKeyConstraint("member", "number"),
    Index("looks_by_name", "member", "reader", "name", "at"),
    Index("looks_by_born", "member", "reader", "born", "at"),
    Index("looks_alarming", "member", "alarm", "number"),
)

look_digests = Table(
    "look_digests",
    metadata,
    Column("member", Integer, nullable=False),
    Column("first", BigInteger, nullable=False, comment="number of the first look that it binds"),
    Column("last", BigInteger, nullable=False),
    Column("act", LargeBinary(32), nullable=False, comment="that says the root"),
    PrimaryKeyConstraint("member", "first"),
)

look_debts = Table(
    "look_debts",
    metadata,
    Column("member", Integer, nullable=False),
    Column("source", String(24), nullable=False, comment="who is to be told"),
    Column("number", BigInteger, nullable=False, comment="of the look"),
    PrimaryKeyConstraint("member", "source", "number"),
)

look_tallies = Table(
    "look_tallies",
    metadata,
    Column("member", Integer, nullable=False),
    Column("reader", LargeBinary(16), nullable=False),
    Column("hour", BigInteger, nullable=False, comment="since 1970"),
    Column("searches", BigInteger, nullable=False),
    PrimaryKeyConstraint("member", "reader", "hour"),
)

look_paces = Table(
    "look_paces",
    metadata,
    Column("member", Integer, nullable=False),
    Column("reader", LargeBinary(16), nullable=False),
    Column("searches", BigInteger, nullable=False, comment="that this officer may make in an hour"),
    Column("until", BigInteger, nullable=False),
    PrimaryKeyConstraint("member", "reader"),
)

row_pairs = Table(
    "row_pairs",
    metadata,
    Column("member", Integer, nullable=False),
    Column("pair", LargeBinary(16), nullable=False, comment="HMAC of two rows by list and key"),
    PrimaryKeyConstraint("member", "pair"),
)
