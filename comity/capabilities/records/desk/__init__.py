"""Records: open a list, fill it from a file, take records back, see who lags (decision 0050)."""

from comity.capabilities.records.desk.publishing import Published, open, publish, restrict, withdraw  # noqa: A004
from comity.capabilities.records.desk.reading import (
    Found,
    Lag,
    Question,
    Shelved,
    laggards,
    lists,
    record,
    reviews,
)

DESK = (open, publish, restrict, withdraw, lists, record, laggards, reviews)

__all__ = [
    "DESK",
    "Found",
    "Lag",
    "Published",
    "Question",
    "Shelved",
    "laggards",
    "lists",
    "open",
    "publish",
    "record",
    "restrict",
    "reviews",
    "withdraw",
]
