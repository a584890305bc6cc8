"""Membership: measures on a bureau, its appeal, the outcome; and a bureau's word that a key is dead (decision 0027).

Why: the registry says where a bureau stands and every node enforces that; it does not say why, for how long, by whose
decision, or what the bureau can do about it. These acts do. Source of law: RPD 131 (measures; text not seen), C 4.
A suspension without article and end date, or of more than three months without the Executive Committee, is refused.
"""

from comity.capabilities.membership import acts, desk, rules
from comity.core.capability import Capability

CAPABILITY = Capability(
    name="membership",
    acts=(acts.Measure, acts.Appeal, acts.Outcome, acts.Revocation),
    gates=(rules.may_measure, rules.may_appeal, rules.may_close, rules.may_revoke),
    fold=rules.fold,
    state=rules.Measured,
    due=rules.due,
    desk=desk.DESK,
)
