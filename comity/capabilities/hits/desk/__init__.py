"""Hits: search the records that rest here, tell their source, act only on its word, see who looked (decision 0054)."""

from comity.capabilities.hits.desk.following import ask, confirm, list, outcome, show, waiting  # noqa: A004
from comity.capabilities.hits.desk.screening import screen, screen_text
from comity.capabilities.hits.desk.searching import Candidate, SearchAnswer, find, take
from comity.capabilities.hits.desk.watching import alarms, allow, journal, look_proof, looks

DESK = (
    find, take, ask, confirm, outcome, waiting, list, show, screen, screen_text, looks, journal, alarms, allow,
    look_proof,
)  # fmt: skip

__all__ = [
    "DESK",
    "Candidate",
    "SearchAnswer",
    "alarms",
    "allow",
    "ask",
    "confirm",
    "find",
    "journal",
    "list",
    "look_proof",
    "looks",
    "outcome",
    "screen",
    "screen_text",
    "show",
    "take",
    "waiting",
]
