"""The directory: how to reach each bureau, in which languages and hours, and who is on duty now (decision 0036).

Why: an urgent request that reaches a closed office is a lost one, and numbers kept in printed lists are wrong when they
are needed. Each bureau tells every member itself, so nobody keeps a list for others. No law asks for it; contact points
that answer at all hours are the practice of SIRENE bureaux and of the 24/7 network of the Budapest Convention, Art. 35.
"""

from comity.capabilities.directory import acts, desk, rules
from comity.core.capability import Capability

CAPABILITY = Capability(
    name="directory",
    acts=(acts.Profile, acts.Duty),
    gates=(rules.may_tell,),
    fold=rules.fold,
    state=rules.Told,
    desk=desk.DESK,
)
