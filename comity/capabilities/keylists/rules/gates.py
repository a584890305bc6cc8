"""The gates of lists of keys: who opens, fills, asks and answers, how much and how long (decision 0053).

Authority: RPD 7 (GK-text: the source remains master of its data), 10 (purposes); decision 0053 for limits and epochs.
The cap of a question is ruled on at both ends. How many questions a day, the source alone rules: it is its list that
would be gone through, and only it counts those of everybody.
"""

from comity.capabilities.keylists.acts import (
    POINT,
    Answer,
    AnswerKind,
    End,
    KeyList,
    Question,
    Secret,
    Setup,
)
from comity.capabilities.keylists.rules.lists import FOLDING, Keylist, days_of, named
from comity.capabilities.keylists.tables import DAY, LATE, LONGEST_EPOCH, MOST_IN_EPOCH
from comity.core.act import Said
from comity.core.capability import Seen
from comity.core.handling import Purpose
from comity.core.ids import ActId, BureauId, Millis
from comity.core.ruling import ALLOWED, Refusal, Ruling

LAW = "decision 0053"
SOURCE = "RPD 7 (GK-text)"


def may_open_list(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule that a source opens its list itself, for a police purpose, for an epoch in which nobody goes through all."""
    act, head = said.act, said.head
    if not isinstance(act, KeyList):
        return ALLOWED
    if head.keeper != head.sender or head.subject is not None or head.sender in head.to:
        return Refusal("keylists.keeper", "a list is opened by its source, which keeps it, to others", LAW)
    if head.purpose is Purpose.ADMINISTRATION:
        return Refusal("keylists.purpose", "keys are compared for a police purpose, not administration", "RPD 10")
    if act.folding != FOLDING:
        return Refusal("keylists.folding", f"numbers are folded here by {FOLDING}, which is not that of the list", LAW)
    if not head.said < act.until <= head.said + LONGEST_EPOCH:
        return Refusal("keylists.epoch", f"an epoch ends within {LONGEST_EPOCH // DAY} days, and not before now", LAW)
    if act.most * act.daily * days_of(head.said, act.until) > MOST_IN_EPOCH:
        reason = f"questions a day, keys of each and days come to more than {MOST_IN_EPOCH:,} keys for one bureau"
        return Refusal("keylists.enumerable", reason, LAW)
    return _follows(said, act, seen)


def may_set_up(said: Said, seen: Seen, now: Millis) -> Ruling:
    """Rule on a part of a set: from the source to one asker, in time, and not more than the list is said to hold."""
    act, head = said.act, said.head
    if not isinstance(act, Setup):
        return ALLOWED
    listed = _list_of(said, seen, now)
    if not isinstance(listed, Keylist):
        return listed
    if head.sender != listed.source:
        return Refusal("keylists.source", "only its source fills a list", SOURCE)
    if len(head.to) != 1 or head.to[0] not in listed.askers:
        return Refusal("keylists.party", "each asker is handed a set of its own, under a key of its own", LAW)
    fillings = [each for each in listed.fillings if each.asker == head.to[0]]
    same = next((each for each in fillings if each.serial == act.serial), None)
    points = (same.points if same is not None else 0) + len(act.concealed) // POINT
    if points > listed.size:
        return Refusal("keylists.size", f"the list is said to hold at most {listed.size:,} keys", LAW)
    if act.serial > max(head.said, listed.last()) + DAY:
        return Refusal("keylists.serial", "a serial is the moment at which a list is filled", LAW)
    if same is not None and (same.parts != act.parts or any(part == act.part for part, _ in same.acts)):
        return Refusal("keylists.serial", "this part was handed over already, or of another number of parts", LAW)
    return ALLOWED


def may_ask(said: Said, seen: Seen, now: Millis) -> Ruling:
    """Rule on a question: by an asker, to the source, with purpose and basis, within cap and, at the source, rate."""
    act, head = said.act, said.head
    if not isinstance(act, Question):
        return ALLOWED
    listed = _list_of(said, seen, now)
    if not isinstance(listed, Keylist):
        return listed
    if head.to != (listed.source,) or head.sender not in listed.askers:
        return Refusal("keylists.party", "only a bureau to which a list was opened asks, and only its source", SOURCE)
    if head.purpose is Purpose.ADMINISTRATION or head.basis is None:
        return Refusal("keylists.purpose", "a question names a police purpose and its legal basis", "RPD 10")
    if act.count > listed.most:
        return Refusal("keylists.cap", f"a question has at most {listed.most:,} keys here", LAW)
    if listed.filled(head.sender) is None:
        return Refusal("keylists.empty", "its source has not filled the list yet", LAW)
    return _often(head.sender, head.said, listed, now) if seen.me != head.sender else ALLOWED


def may_answer(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule on an answer: by the source, to whom asked, once, with as many points as came."""
    act, head = said.act, said.head
    if not isinstance(act, Answer):
        return ALLOWED
    listed = _known(head.subject, seen)
    if not isinstance(listed, Keylist):
        return listed
    asked = named(head, "answers")
    if head.sender != listed.source or len(asked) != 1:
        return Refusal("keylists.source", "only its source answers, one question at a time", SOURCE)
    question = seen.act(asked[0])
    if question is None:
        return Refusal("keylists.unseen", "this bureau has not seen the question that is answered", LAW)
    if question.head.subject != head.subject or head.to != (question.head.sender,):
        return Refusal("keylists.party", "an answer goes to whoever asked, about the same list", LAW)
    if asked[0] not in listed.waiting:
        return Refusal("keylists.answered", "the question has been answered", LAW)
    known = question.act.blinded if isinstance(question.act, Question) else act.evaluated
    if act.outcome is AnswerKind.EVALUATED and len(known) != len(act.evaluated):
        return Refusal("keylists.points", "as many points come back as were sent", LAW)
    return ALLOWED


def may_keep_secret(said: Said, seen: Seen, now: Millis) -> Ruling:
    """Rule that a secret of a list is said to oneself alone, by a party, while the epoch lasts."""
    if not isinstance(said.act, Secret):
        return ALLOWED
    if said.head.to != (said.head.sender,):
        return Refusal("keylists.secret", "a key is said to one's own node and never leaves it", LAW)
    listed = _list_of(said, seen, now)
    if not isinstance(listed, Keylist):
        return listed
    pair = {said.head.sender, said.act.peer}
    if listed.source not in pair or len(pair) != 2 or not pair <= {listed.source, *listed.askers}:  # noqa: PLR2004
        return Refusal("keylists.party", "a key is for the source and one asker of the list", LAW)
    return ALLOWED


def may_end(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule that a party states the end of an epoch for itself, and not before it has come."""
    if not isinstance(said.act, End):
        return ALLOWED
    listed = _known(said.head.subject, seen)
    if not isinstance(listed, Keylist):
        return listed
    if said.head.to != (said.head.sender,) or said.head.sender not in {listed.source, *listed.askers}:
        return Refusal("keylists.party", "each party states to itself that its keys go", LAW)
    if said.head.said < listed.until:
        return Refusal("keylists.epoch", "the epoch is not over", LAW)
    return ALLOWED


def _known(subject: ActId | None, seen: Seen) -> Keylist | Refusal:
    listed = seen.state(subject, Keylist) if subject is not None else None
    if subject is None or (listed is None and seen.act(subject) is not None):
        return Refusal("keylists.list", "the act is about no list of keys", LAW)
    if listed is None:
        return Refusal("keylists.unseen", "this bureau has not seen the list that the act is about", LAW)
    return listed


def _list_of(said: Said, seen: Seen, now: Millis) -> Keylist | Refusal:
    """Return the list that an act is about while its epoch lasts, by both clocks."""
    listed = _known(said.head.subject, seen)
    if isinstance(listed, Keylist) and (listed.ended or max(said.head.said, now) >= listed.until):
        reason = "the epoch of the list is over and its keys are destroyed; ask in the next one"
        return Refusal("keylists.over", reason, LAW)
    return listed


def _follows(said: Said, act: KeyList, seen: Seen) -> Ruling:
    before = named(said.head, "follows")
    if (act.epoch > 1) is not (len(before) == 1):
        return Refusal("keylists.epoch", "an epoch after the first names the list that it follows", LAW)
    # Whoever was not told of the earlier list cannot look.
    last = seen.state(before[0], Keylist) if before else None
    if last is not None and (last.source, last.of, last.epoch + 1) != (said.head.sender, act.of, act.epoch):
        return Refusal("keylists.epoch", "the next epoch is of the same source and kind, one higher", LAW)
    return ALLOWED


def _often(asker: BureauId, said: Millis, listed: Keylist, now: Millis) -> Ruling:
    if now - said > LATE:
        reason = "a question is answered on the day on which it is asked; ask again"
        return Refusal("keylists.late", reason, LAW)
    if listed.on(asker, said // DAY).questions >= listed.daily:
        reason = f"one bureau asks {listed.daily:,} questions of this list on one day, and no more"
        return Refusal("keylists.rate", reason, LAW)
    return ALLOWED
