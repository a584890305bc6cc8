"""Lists of keys without records: which of my numbers are in your list, asked without showing them (decision 0053).

Why: some sources may not share records and may say whether they hold a number; and whoever asks must not tell which
number it looks for. Source of law: RPD 7 (the source remains master of its data) and 10 (purposes). Both sides are
taken to follow the protocol; how many keys a list holds, how many were asked and by whom is not hidden.
"""

from comity.capabilities.keylists import acts, desk, rules
from comity.core.capability import Capability

CAPABILITY = Capability(
    name="keylists",
    acts=(acts.KeyList, acts.Setup, acts.Question, acts.Answer, acts.Secret, acts.End),
    gates=(
        rules.may_open_list,
        rules.may_set_up,
        rules.may_ask,
        rules.may_answer,
        rules.may_keep_secret,
        rules.may_end,
    ),
    veils=(rules.veil,),
    fold=rules.fold,
    state=rules.Keylist,
    due=rules.due,
    desk=desk.DESK,
)
