"""Law of reports as data: how long the commission has, and who may report, read and decide (decision 0038).

The commission's statute gives terms for the requests of persons; no text was seen that gives any for reports of
bureaus. Until there is one, the same terms are counted, and only shown: nothing follows from a term that has passed.
"""

from comity.capabilities.abuse.acts import Disposition
from comity.core.capability import OfficerRole
from comity.core.ids import Span

DAY = 86_400_000
"""Milliseconds."""

TERMS: dict[str, tuple[Span, str]] = {
    "received": (Span(31 * DAY), "CCF Statute Art. 40, by analogy: admissibility within a month"),
    "admitted": (Span(276 * DAY), "CCF Statute Art. 40, by analogy: decision within nine months of admissibility"),
}
"""By the stage of a report: within how many milliseconds the next decision is due. The longest month has 31 days, the
longest nine months that follow each other have 276."""

NEXT: dict[str, frozenset[Disposition]] = {
    "received": frozenset({Disposition.ADMITTED, Disposition.INADMISSIBLE}),
    "admitted": frozenset({Disposition.UPHELD, Disposition.DISMISSED}),
}
"""What may follow on a stage; a stage is called like the outcome that led to it, and the others are ends."""

REPORTS = frozenset({OfficerRole.SUPERVISOR, OfficerRole.RIGHTS})
"""Who may report: whoever answers for a unit, or for the lawfulness of processing (RPD 121, GK-text); each alone, so
that neither can bury what concerns the other."""

HOUSEKEEPING = frozenset({OfficerRole.AUDITOR, OfficerRole.ENGINEER})
"""Roles that look after the house and not after cases: of the commission's acts they see the heads."""
