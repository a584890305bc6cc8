"""The gate of reminders and escalations: only who asked chases, only who owes is chased, and not before its time."""

from comity.capabilities.messages.acts import Chase, Escalation, Request
from comity.capabilities.messages.rules.matter import clock_of
from comity.capabilities.messages.rules.naming import unseen
from comity.capabilities.messages.tables import TERMS
from comity.core.act import Said
from comity.core.capability import Seen
from comity.core.ids import Millis
from comity.core.ruling import ALLOWED, Refusal, Ruling


def may_chase(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule that a reminder or an escalation comes from who asked, goes to who was asked, and keeps to the table.

    The clock starts at the recipient's receipt, which is later than the request; so what comes too soon after the
    request comes too soon in any case.
    """
    if not isinstance(said.act, Chase):
        return ALLOWED
    head = said.head
    asked = seen.act(head.subject) if head.subject else None
    if asked is None:
        return unseen("request")
    term = TERMS.get(said.act.clock)
    if not asked.head.kind.startswith("messages.request/") or term is None or said.act.within != term.within:
        reason = "what is chased is a request, under one of the clocks of the table"
        return Refusal("messages.clock", reason, "decision 0034")
    if isinstance(asked.act, Request) and clock_of(asked.act) != said.act.clock:
        return Refusal("messages.clock", f"the request started another clock: {clock_of(asked.act)}", term.article)
    if head.sender != asked.head.sender:
        return Refusal("messages.asker", "only the bureau that asked chases its request", "decision 0034")
    if not set(head.to) <= set(asked.head.to):
        return Refusal("messages.addressee", "who was not asked is not chased", "decision 0034")
    if head.said < asked.head.said + (term.escalate if isinstance(said.act, Escalation) else term.remind):
        return Refusal("messages.early", "the clock of the request has not come so far", term.article)
    return ALLOWED
