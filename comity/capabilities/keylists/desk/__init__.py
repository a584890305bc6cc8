"""Lists of keys without records: open, fill and watch them as a source; ask and read answers as an asker."""

from comity.capabilities.keylists.desk.asking import Answered, answers, ask
from comity.capabilities.keylists.desk.attending import ATTENDED, attend
from comity.capabilities.keylists.desk.giving import Filled, fill, open  # noqa: A004 - the word of the act
from comity.capabilities.keylists.desk.parts import Said
from comity.capabilities.keylists.desk.watching import Alarm, Shelved, alarms, lists

DESK = (open, fill, ask, answers, lists, alarms)

__all__ = [
    "ATTENDED",
    "DESK",
    "Alarm",
    "Answered",
    "Filled",
    "Said",
    "Shelved",
    "alarms",
    "answers",
    "ask",
    "attend",
    "fill",
    "lists",
    "open",
]
