"""The gates of messages: who may write what to whom, answer what, quote what, assign what (decision 0026)."""

from comity.capabilities.messages.acts import Assignment, Message, SavedList, Scope
from comity.capabilities.messages.rules.consents import in_force
from comity.capabilities.messages.rules.naming import MATTERS, named, origins, parties, stranger, thread_of, unseen
from comity.capabilities.messages.tables import RELATIONS
from comity.core.act import Head, Said
from comity.core.capability import Seen
from comity.core.handling import Handling, Onward, Purpose, may_derive
from comity.core.ids import Millis
from comity.core.ruling import ALLOWED, Refusal, Ruling


def may_write(said: Said, _seen: Seen, _now: Millis) -> Ruling:
    """Rule on the message by itself: its purpose, its terms, the relations it names."""
    if not isinstance(said.act, Message):
        return ALLOWED
    if said.head.purpose is Purpose.ADMINISTRATION:
        reason = "a message names the police purpose for which its data are processed, not administration"
        return Refusal("messages.purpose", reason, "RPD 10")
    if said.head.label.handling is Handling.H3 and not said.act.terms.strip():
        reason = "handling code H3 announces limits on use, and the terms state none"
        return Refusal("messages.terms", reason, "handling code H3")
    if any(len(named(said.head, rel)) > RELATIONS.get(rel, 0) for rel in {each.rel for each in said.head.refs}):
        reason = "a message names at most one thread and one request, and otherwise only what it quotes"
        return Refusal("messages.relations", reason, "decision 0026")
    return ALLOWED


def may_open(said: Said, _seen: Seen, _now: Millis) -> Ruling:
    """Rule that information and requests open a matter of their own, and that a reply is about its request."""
    if not isinstance(said.act, Message):
        return ALLOWED
    head = said.head
    if said.act.opens:
        if head.subject is None and head.keeper == head.sender:
            return ALLOWED
        reason = "information or a request opens a matter, whose keeper is its sender"
        return Refusal("messages.subject", reason, "decision 0026")
    if head.subject is not None and named(head, "answers") == (head.subject,):
        return ALLOWED
    return Refusal("messages.subject", "a reply is about the one request that it answers", "decision 0026")


def may_join(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule that whoever writes in a thread, or is written to in it, is a party to its first message."""
    if not isinstance(said.act, Message):
        return ALLOWED
    for act in named(said.head, "thread"):
        first = seen.act(act)
        if first is None:
            return unseen("thread")
        if not first.head.kind.startswith(MATTERS) or named(first.head, "thread"):
            return Refusal("messages.thread", "a thread is named by its first message", "decision 0026")
        if not parties(said.head) <= parties(first.head):
            return stranger("thread")
    return ALLOWED


def may_answer(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule that a reply answers a request put to the replier, goes to who asked, and stays in the thread."""
    if not isinstance(said.act, Message) or not named(said.head, "answers"):
        return ALLOWED
    if said.act.opens:
        return Refusal("messages.answers", "only a reply answers a request", "Dir. (EU) 2023/977 Art. 5")
    request = seen.act(named(said.head, "answers")[0])
    if request is None:
        return unseen("request")
    if not request.head.kind.startswith("messages.request/"):
        return Refusal("messages.answers", "a reply answers a request, nothing else", "Dir. (EU) 2023/977 Art. 5")
    if said.head.sender not in request.head.to:
        reason = "a request is answered by the bureaus to which it is addressed"
        return Refusal("messages.addressee", reason, "Dir. (EU) 2023/977 Art. 5")
    if request.head.sender not in said.head.to:
        return Refusal("messages.requester", "a reply goes to the bureau that asked", "Dir. (EU) 2023/977 Art. 5")
    if not parties(said.head) <= parties(request.head):
        return stranger("request")
    if named(said.head, "thread") != (thread_of(request),):
        return Refusal("messages.thread", "a reply stays in the thread of its request", "decision 0026")
    return ALLOWED


def may_quote(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule that data of another source keep their label, and reach nobody whom the source did not allow.

    What the sender quotes must be at hand. A recipient who is no party to it cannot look, and takes the sender's word.
    """
    if not isinstance(said.act, Message):
        return ALLOWED
    if seen.me == said.head.sender and any(seen.act(act) is None for act in named(said.head, "quotes")):
        return unseen("quoted act")
    for origin in origins(said, seen):
        for ruling in (may_derive(origin.head.label, said.head.label), _may_reach(origin, said.head, seen)):
            if isinstance(ruling, Refusal):
                return ruling
    return ALLOWED


def may_attach(said: Said, _seen: Seen, _now: Millis) -> Ruling:
    """Rule that the head lists the attachments of the body: relays and recipients count blobs by the head."""
    if isinstance(said.act, Message) and tuple(each.blob for each in said.act.attachments) != said.head.blobs:
        return Refusal("messages.attachments", "head and body list different attachments", "decision 0026")
    return ALLOWED


def may_assign(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule that a bureau assigns the matters that it is a party to, and tells nobody else which unit works on what."""
    if not isinstance(said.act, Assignment):
        return ALLOWED
    if said.head.to != (said.head.sender,):
        return Refusal("messages.assignment", "an assignment is said to one's own bureau alone", "decision 0026")
    matter = seen.act(said.head.subject) if said.head.subject else None
    if matter is None:
        return unseen("matter")
    if not matter.head.kind.startswith(MATTERS):
        return Refusal("messages.assignment", "what is assigned is information or a request", "decision 0026")
    return ALLOWED if said.head.sender in parties(matter.head) else stranger("matter")


def may_keep_list(said: Said, _seen: Seen, _now: Millis) -> Ruling:
    """Rule that a list of recipients is kept in the house: whom a bureau writes to together is nobody else's affair."""
    if not isinstance(said.act, SavedList) or (said.head.to == (said.head.sender,) and said.head.subject is None):
        return ALLOWED
    return Refusal("messages.list", "a list of recipients is said to one's own bureau alone", "decision 0037")


def _may_reach(source: Said, head: Head, seen: Seen) -> Ruling:
    """Rule whether data of the message `source` may reach the parties of `head`."""
    origin, label = source.head, source.head.label
    outside = sorted(parties(head) - parties(origin))
    if not outside:
        return ALLOWED
    if label.onward is Onward.NONE:
        return Refusal(
            "messages.onward", f"{origin.sender} does not allow its data to be passed on", "RPD 65 (GK-text)"
        )
    # H2 says the same as `ask`; where a label says both H2 and `audience`, the stricter word counts.
    if label.onward is Onward.ASK or label.handling is Handling.H2:
        # A consent is known to the source and to whoever got it; others take the sender's word that there is one.
        if seen.me not in {head.sender, origin.sender} and named(head, "consent"):
            return ALLOWED
        if in_force(source, head, Scope(to=tuple(outside)), seen):
            return ALLOWED
        reason = f"its data reach {', '.join(outside)} only with the consent of {origin.sender}"
        return Refusal("messages.consent", reason, "RPD 65 (GK-text)")
    strangers = sorted(set(outside) - set(label.audience))
    if strangers:
        reason = f"{', '.join(strangers)} is outside the audience that {origin.sender} named for its data"
        return Refusal("messages.onward", reason, "RPD 58 (GK-text)")
    return ALLOWED
