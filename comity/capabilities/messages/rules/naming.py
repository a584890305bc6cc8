"""What a message is among others: its parties, its matter, its thread, what it names (decision 0026)."""

from collections.abc import Iterator

from comity.core.act import Head, Said
from comity.core.capability import Seen
from comity.core.ids import ActId, BureauId
from comity.core.ruling import Refusal

MATTERS = ("messages.information/", "messages.request/")
"""Beginnings of the kinds that open a matter."""

MESSAGES = (*MATTERS, "messages.reply/")
"""Beginnings of the kinds that are messages."""


def parties(head: Head) -> frozenset[BureauId]:
    """Return the sender and the recipients."""
    return frozenset({head.sender, *head.to})


def named(head: Head, rel: str) -> tuple[ActId, ...]:
    """Return the acts that the head names by this relation."""
    return tuple(relation.act for relation in head.refs if relation.rel == rel)


def matter_of(said: Said) -> ActId:
    """Return the subject that a message is about: the request that a reply answers, otherwise the message itself."""
    return said.head.subject or said.id


def thread_of(said: Said) -> ActId:
    """Return the first message of the thread."""
    return next(iter(named(said.head, "thread")), said.id)


def origins(said: Said, seen: Seen) -> Iterator[Said]:
    """Yield the acts of other sources that `said` answers or quotes, straight or through messages of its own sender.

    Through its own: or a bureau would wash a label off by quoting itself quoting.
    """
    waiting, met = [said], {said.id}
    while waiting:
        head = waiting.pop().head
        for act in (*named(head, "answers"), *named(head, "quotes")):
            source = seen.act(act)
            if source is None or source.id in met:
                continue
            met.add(source.id)
            if source.head.sender == said.head.sender:
                waiting.append(source)
            else:
                yield source


def unseen(what: str) -> Refusal:
    """Return the refusal of an act that names another which is not here: at a recipient it waits for that one."""
    return Refusal("messages.unseen", f"this bureau has not seen the {what} that the act names", "decision 0026")


def stranger(what: str) -> Refusal:
    """Return the refusal of an act whose sender or recipient is no party to what it is about."""
    reason = f"a party to the act is no party to its {what}; quote in a new message, under the rules of onward sharing"
    return Refusal("messages.stranger", reason, "RPD 65 (GK-text)")
