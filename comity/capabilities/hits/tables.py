"""What is law or weight of hits, as data: clocks, who reads, what acts, how sure a number is, words (decision 0054).

NCIC hit confirmation is the one text that says how fast a source confirms: ten minutes or an hour, then a second
request, then the supervisors (field.md, second-hand). That a hit is verified with its source before anything is done on
it is RPD 63 (GK-text).
"""

from typing import NamedTuple

from comity.capabilities.hits.acts import Asks, Did
from comity.core.capability import OfficerRole
from comity.core.handling import Confidentiality
from comity.core.ids import Span

MINUTE = 60_000
"""Milliseconds."""


class Term(NamedTuple):
    """How long the source has from its receipt (R1), and when the asking node speaks up, milliseconds."""

    within: Span
    again: Span
    supervisors: Span
    article: str


TERMS: dict[Asks, Term] = {
    Asks.URGENT: Term(Span(10 * MINUTE), Span(10 * MINUTE), Span(20 * MINUTE), "NCIC hit confirmation, urgent"),
    Asks.ROUTINE: Term(Span(60 * MINUTE), Span(60 * MINUTE), Span(120 * MINUTE), "NCIC hit confirmation, routine"),
}
"""One row for each question."""

ACTING = frozenset({Did.LOCATED, Did.ARRESTED, Did.SEIZED, Did.REFUSED, Did.QUESTIONED})
"""What is done to somebody or something, and so only after the source has said that it is the same: RPD 63 (GK-text).
`located` is among them: it tells one state where a person of another is."""

LOOKS_AFTER = frozenset({OfficerRole.AUDITOR, OfficerRole.ENGINEER})
"""Roles that look after the house: they see that something was said, and nothing of what."""

OPEN_TO: dict[Confidentiality, frozenset[OfficerRole]] = {
    Confidentiality.OFFICIAL: frozenset(OfficerRole) - LOOKS_AFTER,
    Confidentiality.RESTRICTED: frozenset({OfficerRole.SUPERVISOR, OfficerRole.RIGHTS}),
    Confidentiality.CONFIDENTIAL: frozenset({OfficerRole.SUPERVISOR}),
}
"""Who reads what is said of a hit on a record of this level, beside the unit that said it: RPD 112 (GK-text)."""

OVERSEES = frozenset({OfficerRole.SUPERVISOR, OfficerRole.AUDITOR, OfficerRole.RIGHTS})
"""Who reads the journal of looks, which is about officers."""

ALARMED = frozenset({OfficerRole.SUPERVISOR, OfficerRole.AUDITOR})
"""Who is shown alarms."""

GRANTS = frozenset({OfficerRole.SUPERVISOR})
"""Who lets an officer search faster than a desk does."""

SURE: dict[str, int] = {
    "number.same": 970,
    "number.repaired": 930,
    "number.look-alike": 900,
    "number.near": 300,
}
"""Score of a number that agrees, thousandths, set by hand from decision 0048: of 130 million numbers 1.6 % share a
folded key, and one that is a character apart is a stranger's far more often than not."""

FOUND_FROM = 100
"""A score below this is not shown, thousandths: one in ten at best, and an officer reads ten candidates."""

QUIET_FROM = 500
"""From which score on the source of a quiet record is told, thousandths: more likely the same than not."""

TOUCHES_FROM = 900
"""From which score on two persons' records touch each other, with a birth date that agrees: nobody asked, so nine in
ten must be right."""

WORDS: dict[str, tuple[str, str, str, str]] = {
    "number.same": (
        "the number {0} is the same",
        "le numéro {0} est identique",
        "el número {0} es igual",
        "الرقم {0} مطابق",
    ),
    "number.repaired": (
        "the number was read as {0}, misread characters put right",
        "le numéro a été lu {0}, après correction de caractères mal lus",
        "el número se leyó {0}, corregidos los caracteres mal leídos",
        "قُرئ الرقم {0} بعد تصحيح الأحرف",
    ),
    "number.look-alike": (
        "the number {0} is the same if characters that look alike are taken for one another",
        "le numéro {0} est identique si l'on confond les caractères semblables",
        "el número {0} es igual si se confunden los caracteres parecidos",
        "الرقم {0} مطابق إذا عُدّت الأحرف المتشابهة واحدة",
    ),
    "number.near": (
        "the number {0} is one character apart",
        "le numéro {0} diffère d'un caractère",
        "el número {0} difiere en un carácter",
        "الرقم {0} يختلف بحرف واحد",
    ),
}
"""What speaks for a number, in the order of `engines.match.wording.LANGUAGES`."""

CAUTION = (
    "not confirmed: nothing may be done on it before its source says that it is the same",
    "non confirmé : aucune mesure avant que la source n'ait confirmé l'identité",
    "no confirmado: no se puede actuar antes de que la fuente confirme la identidad",
    "غير مؤكد: لا يجوز أي إجراء قبل أن يؤكد المصدر التطابق",
)
"""What stands with each candidate."""
