"""Hits: search at home, tell the source what was met, act only on its word; a journal of who looked (decision 0054).

Why: the answer must be there before the traveller has picked up the bag, and nobody is to be told what was asked; but
the country that put a record there is to hear that it was met, and alone can say whether it is the same. Source of law:
RPD 10 (purposes), 7 and 58 (the source's data), 63 (GK-text: nothing is done on a hit before it is verified).
"""

from comity.capabilities.hits import acts, desk, rules
from comity.core.capability import Capability

CAPABILITY = Capability(
    name="hits",
    acts=(acts.Hit, acts.Confirmation, acts.HitOutcome, acts.HitReminder, acts.Looked),
    gates=(
        rules.may_raise,
        rules.may_confirm,
        rules.may_conclude,
        rules.may_remind,
        rules.may_tell_of_looks,
        rules.may_pass_on,
    ),
    veils=(rules.veil,),
    fold=rules.fold,
    state=rules.Course,
    due=rules.due,
    desk=desk.DESK,
)
