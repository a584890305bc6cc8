"""Abuse: a report of a message to the independent commission, with proof; its decision (decision 0038).

Why: nobody reads what bureaus write to each other, so nobody would notice when it breaks the rules. A party to it can
show it, and cannot make it up: what it shows is what its sender signed. Source of law: RPD 22(6) as amended in 2024
(messages are not read; a violation is acted on when it is told), CCF Statute Arts. 3, 19 and 26 (the commission is
independent and sees whatever it needs).
"""

from comity.capabilities.abuse import acts, desk, rules
from comity.core.capability import Capability

CAPABILITY = Capability(
    name="abuse",
    acts=(acts.Report, acts.Decision),
    gates=(rules.may_report, rules.may_decide),
    veils=(rules.veil,),
    fold=rules.fold,
    state=rules.Reported,
    spent=rules.spent,
    desk=desk.DESK,
)
