"""Messages between bureaus: information, request, reply (decision 0026).

Why: a request without an answer is the field's daily failure. A request therefore starts a clock with each of its
recipients, and only a reply stops it. Source of law: Directive (EU) 2023/977 for the clocks, RPD 10, 58, 65 and 112
for purpose, audience, onward sharing and confidentiality. The secretariat cannot read what bureaus write to each
other: RPD 22(6).
"""

from comity.capabilities.messages import acts, desk, rules
from comity.core.capability import Capability

CAPABILITY = Capability(
    name="messages",
    acts=(
        acts.Information,
        acts.Request,
        acts.Reply,
        acts.Assignment,
        acts.Reminder,
        acts.Escalation,
        acts.Recall,
        acts.Recalled,
        acts.ConsentRequest,
        acts.Consent,
        acts.Departure,
        acts.ReadMark,
        acts.Decline,
        acts.SavedList,
    ),
    gates=(
        rules.may_write,
        rules.may_ask,
        rules.may_open,
        rules.may_join,
        rules.may_answer,
        rules.may_match,
        rules.may_quote,
        rules.may_attach,
        rules.may_assign,
        rules.may_chase,
        rules.may_recall,
        rules.may_state_recalled,
        rules.may_ask_consent,
        rules.may_consent,
        rules.may_depart,
        rules.may_cross,
        rules.may_mark_read,
        rules.may_decline,
        rules.may_keep_list,
    ),
    veils=(rules.veil,),
    fold=rules.fold,
    state=rules.Matter,
    due=rules.due,
    erases=rules.erases,
    desk=desk.DESK,
)
