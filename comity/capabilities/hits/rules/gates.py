"""The gates of hits: only a holder of the list raises one, only the source confirms, nobody acts before that (0054).

Lists and batches are another capability's acts: they are asked for by kind, and of them only heads are read.
"""

from collections.abc import Iterator

from comity.capabilities.hits.acts import (
    Asks,
    Came,
    Confirmation,
    Hit,
    HitOutcome,
    HitReminder,
    HitStage,
    HitVerdict,
    Looked,
    Manner,
)
from comity.capabilities.hits.rules.course import Course
from comity.capabilities.hits.tables import ACTING, TERMS
from comity.core.act import Head, Said
from comity.core.capability import Seen
from comity.core.handling import Handling, Label, Onward, Purpose, may_derive
from comity.core.ids import ActId, BureauId, Millis
from comity.core.ruling import ALLOWED, Refusal, Ruling

LIST, BATCH, RESTRICTION = "records.record-list/", "records.batch/", "records.restriction/1"
"""How the kinds begin that open a list and put rows into it; and the one that gives rows another label."""

FOLLOWS = "follows"
"""The relation by which a hit that asks names the one that was told, or noted, before."""

QUOTES = frozenset({"quotes", "answers"})
"""The relations by which a message carries what another act says."""

QUIET = "quiet"
"""The relation that says in the head that a hit is quiet, naming its list: a head outlives the body."""


def may_raise(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule that a hit is about a list that its sender holds, goes to the list's source alone, for a purpose and by law.

    A hit that is only noted is said to oneself and asks nothing.
    """
    act, head = said.act, said.head
    if not isinstance(act, Hit):
        return ALLOWED
    listed = seen.act(act.list)
    refused = _shape(act, head) or _holds(head, listed)
    if refused is not None or listed is None:
        return refused or _unseen("list")
    source = listed.head.sender
    if source == head.sender:
        return Refusal("hits.own", "what one's own list holds is no hit", "decision 0054")
    if head.to not in {(source,), (head.sender,)}:
        return Refusal("hits.addressee", "a hit is told to the source of the record alone", "RPD 7 (GK-text)")
    if head.to == (head.sender,) and (act.asks is not Asks.NOTHING or is_quiet(head)):
        return Refusal("hits.addressee", "who asks, asks the source of the record", "decision 0054")
    batch = seen.act(act.batch)
    if batch is not None and not (batch.head.kind.startswith(BATCH) and batch.head.subject == act.list):
        return Refusal("hits.batch", "the record was put by a batch of the list", "decision 0054")
    ruling = may_derive(_endless(listed.head.label), _endless(head.label))
    if isinstance(ruling, Refusal) or batch is None:
        return ruling
    # The row's label is that of its batch or of a restriction since; which one it was then, the sender knows.
    rulings = [may_derive(label, head.label) for label in (batch.head.label, *_restricted(act, seen))]
    return next((each for each in rulings if not isinstance(each, Refusal)), rulings[0])


def may_confirm(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule that the source alone says whether it is the same, and says it to who raised the hit."""
    if not isinstance(said.act, Confirmation):
        return ALLOWED
    hit = _about(said, seen)
    if isinstance(hit, Refusal):
        return hit
    if said.head.sender != hit.head.to[0] or hit.head.to[0] == hit.head.sender:
        return Refusal("hits.source", "only the source of the record confirms a hit on it", "RPD 63 (GK-text)")
    if said.head.to != (hit.head.sender,):
        return Refusal("hits.addressee", "the source answers the bureau that met its record", "decision 0054")
    if is_quiet(hit.head):
        reason = "the bureau that searched was told nothing of this hit, and a confirmation would tell it"
        return Refusal("hits.quiet", reason, "decision 0054")
    return _as_strict(hit, said)


def may_conclude(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule that who raised a hit says what was done, and acts only after the source has said that it is the same."""
    if not isinstance(said.act, HitOutcome):
        return ALLOWED
    hit = _about(said, seen)
    if isinstance(hit, Refusal):
        return hit
    if said.head.sender != hit.head.sender or said.head.to != hit.head.to:
        return Refusal("hits.party", "what was done is told by who met the record, to its source", "decision 0054")
    if is_quiet(hit.head):
        return Refusal("hits.quiet", "nobody may act on a hit that nobody was told of", "decision 0054")
    state = seen.state(hit.id, Course)
    if said.act.did in ACTING and (state is None or state.verdict is not HitVerdict.SAME):
        reason = "nothing may be done on a hit before the source of the record has confirmed that it is the same"
        return Refusal("hits.unconfirmed", reason, "RPD 63 (GK-text)")
    return _as_strict(hit, said)


def may_remind(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule that only who asked reminds, only of what was asked, and not before its time."""
    act, head = said.act, said.head
    if not isinstance(act, HitReminder):
        return ALLOWED
    hit = _about(said, seen)
    if isinstance(hit, Refusal):
        return hit
    if head.sender != hit.head.sender or head.to != hit.head.to:
        return Refusal("hits.party", "who asked reminds whom it asked", "decision 0054")
    term = TERMS[act.asks]
    if act.within != term.within or (isinstance(hit.act, Hit) and hit.act.asks is not act.asks):
        return Refusal("hits.clock", "the hit started another clock", term.article)
    if head.said < hit.head.said + (term.supervisors if act.stage is HitStage.SUPERVISORS else term.again):
        return Refusal("hits.early", "the clock of the hit has not come so far", term.article)
    return ALLOWED


def may_tell_of_looks(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule that looks are told to the source of the list, by a bureau that holds it."""
    head = said.head
    if not isinstance(said.act, Looked):
        return ALLOWED
    listed = seen.act(head.subject) if head.subject is not None else None
    refused = _holds(head, listed)
    if refused is not None or listed is None:
        return refused or _unseen("list")
    if head.to != (listed.head.sender,) or head.sender == listed.head.sender:
        return Refusal("hits.addressee", "looks are told to the source of what was looked at, alone", "decision 0054")
    return ALLOWED


def _restricted(act: Hit, seen: Seen) -> Iterator[Label]:
    """Yield the labels that restrictions have given to the row; another capability's act, so by its names."""
    for said in seen.every(RESTRICTION, act.list):
        keys, label = getattr(said.act, "keys", ()), getattr(said.act, "label", None)
        if isinstance(label, Label) and (not keys or act.key in keys):
            yield label


def may_pass_on(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule that what quotes a hit has no looser label than the hit, and reaches nobody whom the record's source bars.

    A hit is said by the bureau that met the record, and holds what another bureau is the source of.
    """
    head = said.head
    if not head.refs or head.capability == "hits":
        return ALLOWED
    for met in _quoted(said, seen):
        label = met.head.label
        if isinstance(ruling := may_derive(label, head.label), Refusal):
            return ruling
        outside = sorted(_parties(head) - _parties(met.head))
        allowed = label.audience if label.onward is Onward.AUDIENCE and label.handling is not Handling.H2 else ()
        barred = [party for party in outside if party not in allowed]
        if barred:
            reason = f"what was met in a record reaches {', '.join(barred)} only by the record's source"
            return Refusal("hits.onward", reason, "RPD 65 (GK-text)")
    return ALLOWED


def _quoted(said: Said, seen: Seen) -> Iterator[Said]:
    """Yield the acts of hits that an act answers or quotes, straight or through acts of its own sender."""
    waiting, known = [said], {said.id}
    while waiting:
        for relation in waiting.pop().head.refs:
            found = seen.act(relation.act) if relation.rel in QUOTES else None
            if found is None or found.id in known:
                continue
            known.add(found.id)
            if found.head.capability == "hits":
                yield found
            elif found.head.sender == said.head.sender:
                waiting.append(found)


def _shape(act: Hit, head: Head) -> Refusal | None:
    """Rule on a hit by itself."""
    if head.subject is not None or head.keeper != head.sender:
        return Refusal("hits.subject", "a hit opens a subject, whose keeper is its sender", "decision 0054")
    if head.purpose is Purpose.ADMINISTRATION:
        return Refusal("hits.purpose", "records are searched for a police purpose, not administration", "RPD 10")
    if (act.manner is Manner.QUIETLY) is not is_quiet(head):
        return Refusal("hits.quiet", "head and body of a hit disagree on whether it is quiet", "decision 0054")
    if act.came is Came.SEARCH and head.basis is None:
        return Refusal("hits.basis", "who searches names the law that allows it", "RPD 10")
    if act.asks is not Asks.NOTHING and head.author is None:
        return Refusal("hits.author", "a person asks for a confirmation, not a node", "decision 0054")
    return None


def _holds(head: Head, listed: Said | None) -> Refusal | None:
    """Refuse who speaks of a list that was not opened to it."""
    if listed is None:
        return _unseen("list")
    if not listed.head.kind.startswith(LIST):
        return Refusal("hits.list", "what is named is no list of records", "decision 0054")
    if head.sender not in _parties(listed.head):
        return Refusal("hits.holder", "only a bureau that holds a list meets its records", "decision 0054")
    return None


def _about(said: Said, seen: Seen) -> Said | Refusal:
    """Return the hit that an act is about."""
    hit = seen.act(said.head.subject) if said.head.subject is not None else None
    if hit is None:
        return _unseen("hit")
    if not hit.head.kind.startswith("hits.hit/"):
        return Refusal("hits.subject", "the act is about no hit", "decision 0054")
    return hit


def _as_strict(hit: Said, said: Said) -> Ruling:
    return may_derive(hit.head.label, said.head.label)


def _parties(head: Head) -> set[BureauId]:
    return {head.sender, *head.to}


def _unseen(what: str) -> Refusal:
    return Refusal("hits.unseen", f"this bureau has not seen the {what} that the act is about", "decision 0054")


def _endless(label: Label) -> Label:
    """Return a label without its end: lists end otherwise than the rows in them."""
    return Label(
        handling=label.handling, source=label.source, information=label.information, onward=label.onward,
        confidentiality=label.confidentiality, audience=label.audience,
    )  # fmt: skip


def followed(said: Said) -> ActId | None:
    """Return the hit that this one goes on from."""
    return next((each.act for each in said.head.refs if each.rel == FOLLOWS), None)


def is_quiet(head: Head) -> bool:
    """Tell whether a hit is one of which its own bureau is told nothing."""
    return any(each.rel == QUIET for each in head.refs)
