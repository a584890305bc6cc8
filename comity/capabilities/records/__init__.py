"""Records: what a bureau offers to the queries of others, list by list, and takes back with proof (decision 0050).

Why: a person or a document is found only where it is recorded, and a record that its source has withdrawn must be
found nowhere. Each source fills lists of its own; the nodes of those who are entitled hold copies, so that nobody is
told what is searched. Source of law: RPD 7 and 58 (the source remains master of its data), 10 (purposes), 49 and 50
(retention).
"""

from comity.capabilities.records import acts, desk, rules
from comity.core.capability import Capability
from comity.core.rows import Rows

CAPABILITY = Capability(
    name="records",
    acts=(acts.RecordList, acts.Batch, acts.Restriction, acts.Withdrawal, acts.Withdrawn, acts.LookDigest),
    gates=(
        rules.may_open_list,
        rules.may_publish,
        rules.may_restrict,
        rules.may_withdraw,
        rules.may_state_withdrawn,
        rules.may_digest,
    ),
    veils=(rules.veil,),
    fold=rules.fold,
    state=rules.Listed,
    due=rules.due,
    rows=Rows(
        operations=rules.operations,
        key=rules.key_of,
        findable=rules.findable,
        states=rules.states,
        veil=rules.row_veil,
    ),
    desk=desk.DESK,
)
