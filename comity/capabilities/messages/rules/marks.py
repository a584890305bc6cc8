"""The gates of read marks and declines: only who got a message says so, to who sent it (decision 0037)."""

from comity.capabilities.messages.acts import Decline, ReadMark
from comity.capabilities.messages.rules.naming import MESSAGES, matter_of, named, unseen
from comity.core.act import Said, kind_of
from comity.core.capability import Seen
from comity.core.ids import Millis
from comity.core.ruling import ALLOWED, Refusal, Ruling

LAW = "decision 0037"


def may_mark_read(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule that a recipient tells the sender alone that its message was opened, names no officer, and tells it once."""
    if not isinstance(said.act, ReadMark):
        return ALLOWED
    head, messages = said.head, named(said.head, "reads")
    if len(messages) != 1 or head.subject is None:
        return Refusal("messages.mark", "a read mark names the one message that was opened", LAW)
    if head.author is not None:
        return Refusal("messages.author", "a read mark names no officer: who opened it is the bureau's own affair", LAW)
    message = seen.act(messages[0])
    if message is None:
        return unseen("message")
    if not message.head.kind.startswith(MESSAGES) or matter_of(message) != head.subject:
        return Refusal("messages.mark", "what is opened is a message, and its mark belongs to its matter", LAW)
    if head.sender not in message.head.to or head.to != (message.head.sender,):
        return Refusal("messages.addressee", "who got a message tells its sender that it was opened", LAW)
    before = seen.every(kind_of(ReadMark), head.subject)
    if any(each.head.sender == head.sender and named(each.head, "reads") == messages for each in before):
        return Refusal("messages.twice", "that this message was opened has been said, and is not said twice", LAW)
    return ALLOWED


def may_decline(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule that a bureau that was asked declines, towards the bureau that asked it."""
    if not isinstance(said.act, Decline):
        return ALLOWED
    head = said.head
    if head.subject is None or named(head, "declines") != (head.subject,):
        return Refusal("messages.decline", "a decline is about the one request that it names", LAW)
    request = seen.act(head.subject)
    if request is None:
        return unseen("request")
    if not request.head.kind.startswith("messages.request/"):
        return Refusal("messages.decline", "what is declined is a request", LAW)
    if head.sender not in request.head.to or head.to != (request.head.sender,):
        return Refusal("messages.addressee", "who was asked declines, and tells the bureau that asked", LAW)
    return ALLOWED
