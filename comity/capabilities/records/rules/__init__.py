"""The rules of records: gates on what is said, veils on what is read, what becomes of rows (decision 0050).

>>> from comity.capabilities.records.acts import RecordKind
>>> from comity.capabilities.records.tables import RETENTION
>>> RETENTION[RecordKind.NOMINAL].months
60
"""

from comity.capabilities.records.rules.findable import findable, folded
from comity.capabilities.records.rules.gates import (
    may_digest,
    may_open_list,
    may_publish,
    may_restrict,
    may_state_withdrawn,
    may_withdraw,
)
from comity.capabilities.records.rules.lists import (
    WITHDRAWS,
    Listed,
    Review,
    Stated,
    Taken,
    due,
    fold,
    withdraws,
)
from comity.capabilities.records.rules.reading import key_of, operations, row_veil, states, veil

__all__ = [
    "WITHDRAWS",
    "Listed",
    "Review",
    "Stated",
    "Taken",
    "due",
    "findable",
    "fold",
    "folded",
    "key_of",
    "may_digest",
    "may_open_list",
    "may_publish",
    "may_restrict",
    "may_state_withdrawn",
    "may_withdraw",
    "operations",
    "row_veil",
    "states",
    "veil",
    "withdraws",
]
