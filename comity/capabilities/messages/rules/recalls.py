"""The gates of recalls: only its sender asks a message back, only whoever was asked says that it is gone.

Authority: RPD 22(6) and 118 to 119 (incidents, GK-text). That a recipient has erased its copy can be attested and not
proven: an honest node does it in the transaction that accepts the recall, and of a dishonest one the signed statement
stays (decision 0034).
"""

from comity.capabilities.messages.acts import Recall, Recalled
from comity.capabilities.messages.rules.naming import MESSAGES, matter_of, named, unseen
from comity.core.act import Said, kind_of
from comity.core.capability import Seen
from comity.core.ids import Millis
from comity.core.ruling import ALLOWED, Refusal, Ruling


def may_recall(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule that a recall names one message of its own sender, and goes to those who have it.

    A recall that overtakes its message is accepted: the message is erased when it comes, if it is the sender's own.
    """
    if not isinstance(said.act, Recall):
        return ALLOWED
    head, messages = said.head, named(said.head, "recalls")
    if len(messages) != 1 or head.subject is None:
        return Refusal("messages.recall", "a recall names the one message that it asks back", "decision 0034")
    message = seen.act(messages[0])
    if message is None:
        return unseen("message") if seen.me == head.sender else ALLOWED
    if not message.head.kind.startswith(MESSAGES) or matter_of(message) != head.subject:
        return Refusal("messages.recall", "what is asked back is a message, about its own matter", "decision 0034")
    if message.head.sender != head.sender:
        return Refusal("messages.source", "only the bureau that sent a message asks it back", "RPD 22(6)")
    if not set(head.to) <= set(message.head.to):
        return Refusal("messages.addressee", "a message is asked back from those who got it", "decision 0034")
    return ALLOWED


def may_state_recalled(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule that only a bureau that was asked for a message says that it is gone, and says so to who asked."""
    if not isinstance(said.act, Recalled):
        return ALLOWED
    head, messages = said.head, named(said.head, "recalls")
    if len(messages) != 1 or head.subject is None:
        return Refusal("messages.recall", "the statement names the one message that is gone", "decision 0034")
    for recall in seen.every(kind_of(Recall), head.subject):
        asked = named(recall.head, "recalls") == messages and head.sender in recall.head.to
        if asked and head.to == (recall.head.sender,):
            return ALLOWED
    return Refusal("messages.unseen", "this bureau has not seen the recall that is answered", "decision 0034")
