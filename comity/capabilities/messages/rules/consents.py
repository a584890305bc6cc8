"""The gates of consent: who asks whom, who may give it, and what may go on under it (RPD 65; decision 0034)."""

from comity.capabilities.messages.acts import Consent, ConsentRequest, Decided, Departure, Message, Scope
from comity.capabilities.messages.rules.naming import MESSAGES, matter_of, named, origins, parties, unseen
from comity.core.act import Head, Said, kind_of
from comity.core.capability import Seen
from comity.core.handling import Onward, may_derive
from comity.core.ids import ActId, BureauId, Millis
from comity.core.ruling import ALLOWED, Refusal, Ruling

LAW = "RPD 65 (GK-text)"


def may_ask_consent(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule that a party asks the source of a message, and not for what the source has excluded."""
    if not isinstance(said.act, ConsentRequest):
        return ALLOWED
    origin = _about(said, seen)
    if isinstance(origin, Refusal):
        return origin
    if said.head.to != (origin.head.sender,) or said.head.sender not in origin.head.to:
        return Refusal("messages.source", "a recipient asks the source of the data, and nobody else", LAW)
    if origin.head.label.onward is Onward.NONE:
        return Refusal("messages.onward", f"{origin.head.sender} does not allow its data to be passed on", LAW)
    return ALLOWED


def may_consent(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule that the source itself decides, towards those who have its data, and within what was asked."""
    if not isinstance(said.act, Consent):
        return ALLOWED
    origin = _about(said, seen)
    if isinstance(origin, Refusal):
        return origin
    if said.head.sender != origin.head.sender:
        return Refusal("messages.source", "only the source of data decides who else may have them", LAW)
    if not set(said.head.to) <= set(origin.head.to):
        return Refusal("messages.addressee", "consent is given to those who have the data", "decision 0034")
    for act in named(said.head, "answers"):
        asked = seen.act(act)
        if asked is None or not isinstance(asked.act, ConsentRequest):
            return unseen("request for consent")
        if named(asked.head, "about") != (origin.id,) or asked.head.sender not in said.head.to:
            return Refusal("messages.consent", "the consent answers a request about other data", "decision 0034")
        if not asked.act.scope.covers(Scope(to=said.act.scope.to, org=said.act.scope.org), said.head.said):
            return Refusal("messages.consent", "the consent goes beyond what was asked", "decision 0034")
    return _may_dispose(origin, said, said.act, seen)


def _may_dispose(origin: Said, said: Said, consent: Consent, seen: Seen) -> Ruling:
    """Rule that whoever grants consent to its own message may dispose of what it took from others."""
    if consent.decision is Decided.REFUSED or seen.me != said.head.sender:
        return ALLOWED
    for source in origins(origin, seen):
        reach = set(consent.scope.to) if consent.scope.org else set(consent.scope.to) - parties(source.head)
        if reach and not in_force(source, said.head, Scope(to=tuple(sorted(reach)), org=consent.scope.org), seen):
            reason = f"the message holds data of {source.head.sender}, whose consent to this is not in force"
            return Refusal("messages.consent", reason, LAW)
    return ALLOWED


def may_depart(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule that data leave for another organisation under a consent in force, no looser label, told to the source."""
    if not isinstance(said.act, Departure):
        return ALLOWED
    origin = _about(said, seen)
    if isinstance(origin, Refusal):
        return origin
    if said.head.to != (origin.head.sender,) or said.act.scope.org == said.head.org:
        reason = "a departure is told to the source of the data, and leads into another organisation"
        return Refusal("messages.departure", reason, LAW)
    if origin.head.label.onward is Onward.NONE or not in_force(origin, said.head, said.act.scope, seen):
        reason = f"its data leave this organisation only with the consent of {origin.head.sender}"
        return Refusal("messages.consent", reason, LAW)
    return may_derive(origin.head.label, said.head.label)


def may_cross(said: Said, _seen: Seen, _now: Millis) -> Ruling:
    """Rule that data from another organisation name it, and are not passed on here without asking."""
    if not isinstance(said.act, Message) or not said.act.abroad:
        return ALLOWED
    if any(each.org == said.head.org for each in said.act.abroad):
        return Refusal("messages.abroad", "what comes from this organisation is quoted, not cited", "decision 0034")
    if said.head.label.onward is Onward.AUDIENCE:
        reason = "data of another organisation's source are passed on only with its consent, asked each time"
        return Refusal("messages.onward", reason, LAW)
    return ALLOWED


def in_force(origin: Said, head: Head, scope: Scope, seen: Seen) -> bool:
    """Tell whether the head names consents of the source that cover the scope together when it is said.

    The source's last word to this sender about each message counts, so a later refusal takes a consent back.
    """
    cited, left = set(named(head, "consent")), set(scope.to)
    for bureau in scope.to:
        last = last_word(origin, head.sender, Scope(to=(bureau,), org=scope.org), seen)
        granted = last is not None and isinstance(last.act, Consent) and last.act.decision is Decided.GRANTED
        if last is not None and granted and last.id in cited and _covers(last, bureau, scope, head.said):
            left.discard(bureau)
    return not left


def last_word(origin: Said, holder: BureauId, scope: Scope, seen: Seen) -> Said | None:
    """Return the last thing that the source said to a holder about passing its data on to these bureaus."""
    found = None
    for said in seen.every(kind_of(Consent), matter_of(origin)):
        spoken = said.head.sender == origin.head.sender and holder in said.head.to
        if not spoken or named(said.head, "about") != (origin.id,) or not isinstance(said.act, Consent):
            continue
        if said.act.scope.org == scope.org and not set(scope.to).isdisjoint(said.act.scope.to):
            found = said
    return found


def _covers(said: Said, bureau: BureauId, scope: Scope, at: Millis) -> bool:
    return isinstance(said.act, Consent) and said.act.scope.covers(Scope(to=(bureau,), org=scope.org), at)


def _about(said: Said, seen: Seen) -> Said | Refusal:
    """Return the message that an act of consent is about; its sender and recipients are parties to it."""
    messages: tuple[ActId, ...] = named(said.head, "about")
    if len(messages) != 1:
        return Refusal("messages.consent", "consent is about one message", "decision 0034")
    origin = seen.act(messages[0])
    if origin is None:
        return unseen("message")
    if not origin.head.kind.startswith(MESSAGES) or said.head.subject != matter_of(origin):
        return Refusal("messages.consent", "consent is about a message, and belongs to its matter", "decision 0034")
    if not parties(said.head) <= parties(origin.head):
        return Refusal("messages.stranger", "a party to the act is no party to its message", LAW)
    return origin
