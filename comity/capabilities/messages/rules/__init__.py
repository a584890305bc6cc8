"""The rules of messages: who may answer what, what a quotation may carry, what falls due, who may read (decision 0026).

Authority: RPD 10 (purpose), 58 and 65 (audience and onward sharing, GK-text), 112 (confidentiality, GK-text), Directive
(EU) 2023/977 Art. 5 (answers and their terms). Whether recipients are inside the audience and the basis is in force is
ruled in `core.handling.may_carry`.

A message opens a *matter*, or is a reply, which belongs to the matter of its request.
"""

from comity.capabilities.messages.rules.chasing import may_chase
from comity.capabilities.messages.rules.consents import (
    in_force,
    last_word,
    may_ask_consent,
    may_consent,
    may_cross,
    may_depart,
)
from comity.capabilities.messages.rules.forms import luhn_fits, may_ask, may_match, vin_fits
from comity.capabilities.messages.rules.gates import (
    may_answer,
    may_assign,
    may_attach,
    may_join,
    may_keep_list,
    may_open,
    may_quote,
    may_write,
)
from comity.capabilities.messages.rules.marks import may_decline, may_mark_read
from comity.capabilities.messages.rules.matter import (
    Clock,
    Line,
    Matter,
    Recalling,
    clock_of,
    clocks,
    due,
    erases,
    fold,
    recallings,
)
from comity.capabilities.messages.rules.naming import matter_of, named, parties, thread_of
from comity.capabilities.messages.rules.recalls import may_recall, may_state_recalled
from comity.capabilities.messages.rules.sight import ASSIGNMENT, veil

__all__ = [
    "ASSIGNMENT",
    "Clock",
    "Line",
    "Matter",
    "Recalling",
    "clock_of",
    "clocks",
    "due",
    "erases",
    "fold",
    "in_force",
    "last_word",
    "luhn_fits",
    "matter_of",
    "may_answer",
    "may_ask",
    "may_ask_consent",
    "may_assign",
    "may_attach",
    "may_chase",
    "may_consent",
    "may_cross",
    "may_decline",
    "may_depart",
    "may_join",
    "may_keep_list",
    "may_mark_read",
    "may_match",
    "may_open",
    "may_quote",
    "may_recall",
    "may_state_recalled",
    "may_write",
    "named",
    "parties",
    "recallings",
    "thread_of",
    "veil",
    "vin_fits",
]
