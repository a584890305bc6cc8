"""The rules of hits: who raises, confirms, acts, tells of looks; what falls due; who reads (decision 0054)."""

from comity.capabilities.hits.rules.course import Course, Ended, Running, Word, due, fold, running
from comity.capabilities.hits.rules.gates import (
    may_conclude,
    may_confirm,
    may_pass_on,
    may_raise,
    may_remind,
    may_tell_of_looks,
)
from comity.capabilities.hits.rules.sight import veil
from comity.capabilities.hits.rules.touching import Agreement, touch

__all__ = [
    "Agreement",
    "Course",
    "Ended",
    "Running",
    "Word",
    "due",
    "fold",
    "may_conclude",
    "may_confirm",
    "may_pass_on",
    "may_raise",
    "may_remind",
    "may_tell_of_looks",
    "running",
    "touch",
    "veil",
]
