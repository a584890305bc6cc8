"""The rules of lists of keys: gates on what is said, a veil on what is read, a list as it stands (decision 0053).

>>> from comity.capabilities.keylists.tables import MOST_IN_EPOCH
>>> MOST_IN_EPOCH
200000
"""

from comity.capabilities.keylists.rules.gates import (
    may_answer,
    may_ask,
    may_end,
    may_keep_secret,
    may_open_list,
    may_set_up,
)
from comity.capabilities.keylists.rules.lists import (
    FOLDING,
    Asked,
    Filling,
    Keylist,
    days_of,
    due,
    fold,
    key_text,
    named,
)
from comity.capabilities.keylists.rules.reading import veil

__all__ = [
    "FOLDING",
    "Asked",
    "Filling",
    "Keylist",
    "days_of",
    "due",
    "fold",
    "key_text",
    "may_answer",
    "may_ask",
    "may_end",
    "may_keep_secret",
    "may_open_list",
    "may_set_up",
    "named",
    "veil",
]
