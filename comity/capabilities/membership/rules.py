"""The rules of membership: who may announce, appeal and decide, and where a measure stands (decision 0027).

Authority: RPD 131 (GK-text), C 4, decision 0014 (the secretariat keeps the subject, so that an appeal and its outcome
have one order). Nothing here takes a right away: standing is enforced from the registry, in `core.exchange`.

>>> from comity.core.registry import Standing
>>> state = Measured(bureau=BureauId("no"), terms=Terms(standing=Standing.SUSPENDED, since=Millis(0), until=Millis(9)))
>>> NEXT[state.stage, Move.APPEAL]
<Stage.APPEALED: 'appealed'>
>>> due(state)
(Step(when=9, what='measure.ends'),)
"""

from enum import StrEnum

import msgspec

from comity.capabilities.membership.acts import Appeal, Body, Measure, Outcome, Result, Revocation, Terms
from comity.capabilities.membership.tables import NEEDS
from comity.core.act import Said
from comity.core.capability import Seen, Step
from comity.core.errors import Malformed
from comity.core.ids import BureauId, Millis
from comity.core.keeping import Entered
from comity.core.registry import Role, statement_from
from comity.core.ruling import ALLOWED, Refusal, Ruling


class Stage(StrEnum):
    """Where a measure stands."""

    DECIDED = "decided"
    APPEALED = "appealed"
    UPHELD = "upheld"
    LIFTED = "lifted"
    AMENDED = "amended"


class Move(StrEnum):
    """What brings it to the next stage."""

    APPEAL = "appeal"
    UPHOLD = "uphold"
    LIFT = "lift"
    AMEND = "amend"


NEXT: dict[tuple[Stage, Move], Stage] = {
    (Stage.DECIDED, Move.APPEAL): Stage.APPEALED,
    (Stage.APPEALED, Move.UPHOLD): Stage.UPHELD,
    (Stage.APPEALED, Move.LIFT): Stage.LIFTED,
    (Stage.APPEALED, Move.AMEND): Stage.AMENDED,
    # New terms are a new decision, so they can be appealed against once more.
    (Stage.AMENDED, Move.APPEAL): Stage.APPEALED,
}
"""The life cycle of a measure; what is not in the table does not happen."""

MOVES: dict[Result, Move] = {Result.UPHELD: Move.UPHOLD, Result.LIFTED: Move.LIFT, Result.AMENDED: Move.AMEND}


class Measured(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A measure as it stands now: what `fold` makes of the acts about it."""

    stage: Stage = Stage.DECIDED
    bureau: BureauId | None = None
    """Absent only where the body of the measure no longer exists."""
    terms: Terms | None = None
    """Those in force; the ones of the measure until an outcome amends them."""
    decided_by: Body | None = None
    article: str = ""


# --------------------------------------------------------------------------------------------------------------- gates


def may_measure(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule on a measure: by the secretariat, with what its standing needs, and told to the bureau concerned."""
    measure = said.act
    if not isinstance(measure, Measure):
        return ALLOWED
    ruling = _by_secretariat(said, seen)
    if isinstance(ruling, Refusal):
        return ruling
    if said.head.keeper != said.head.sender or said.head.subject is not None:
        reason = "a measure opens a subject, whose keeper is the secretariat"
        return Refusal("membership.keeper", reason, "decision 0014")
    if NEEDS[measure.terms.standing].told and measure.bureau not in said.head.to:
        reason = f"{measure.bureau} is concerned and is not among the recipients"
        return Refusal("membership.untold", reason, NEEDS[measure.terms.standing].article)
    return _sound(measure.terms, measure.article, measure.decided_by)


def may_appeal(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule on an appeal: by the bureau concerned, to the keeper, against a measure that can be appealed against."""
    if not isinstance(said.act, Appeal):
        return ALLOWED
    measure = _measure(said, seen)
    if not isinstance(measure, Said):
        return measure
    if said.head.sender != _concerned(measure):
        reason = "only the bureau concerned appeals against a measure"
        return Refusal("membership.concerned", reason, "decision 0027")
    if measure.head.keeper not in said.head.to:
        reason = "an appeal goes to the secretariat, which enters it"
        return Refusal("membership.keeper", reason, "decision 0014")
    return _next(said, seen, Move.APPEAL)


def may_close(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule on an outcome: by the secretariat, on a measure under appeal, told to the bureau concerned."""
    outcome = said.act
    if not isinstance(outcome, Outcome):
        return ALLOWED
    ruling = _by_secretariat(said, seen)
    if isinstance(ruling, Refusal):
        return ruling
    measure = _measure(said, seen)
    if not isinstance(measure, Said):
        return measure
    concerned = _concerned(measure)
    if concerned not in said.head.to:
        return Refusal("membership.untold", "the bureau concerned is not among the recipients", "decision 0027")
    ruling = _next(said, seen, MOVES[outcome.result])
    if isinstance(ruling, Refusal) or outcome.terms is None:
        return ruling
    return _sound(outcome.terms, outcome.article, outcome.decided_by)


def may_revoke(said: Said, _seen: Seen, _now: Millis) -> Ruling:
    """Rule that a revocation carries a statement; the node verifies it under the bureau's role key.

    Who carries it does not matter: the bureau may no longer have a key that anybody trusts.
    """
    if not isinstance(said.act, Revocation):
        return ALLOWED
    try:
        statement_from(said.act.statement)
    except Malformed:
        return Refusal("membership.statement", "a revocation carries no self-revocation in its form", "decision 0020")
    return ALLOWED


def _by_secretariat(said: Said, seen: Seen) -> Ruling:
    if seen.role(said.head.sender) is not Role.SECRETARIAT:
        reason = f"{said.head.sender} is not the secretariat, which alone announces what was decided"
        return Refusal("membership.secretariat", reason, "RPD 131 (GK-text)")
    return ALLOWED


def _sound(terms: Terms, article: str, decided_by: Body) -> Ruling:
    """Rule whether a measure says all that the table asks of its standing."""
    needs = NEEDS[terms.standing]
    if needs.cited and not article.strip():
        return Refusal("membership.article", "a measure names the article that it rests on", needs.article)
    if needs.ends and terms.until is None:
        return Refusal("membership.end", f"a bureau is {terms.standing} until a date", needs.article)
    if needs.longest is not None and terms.until is not None and terms.until - terms.since > needs.longest:
        allowed = ", ".join(sorted(needs.beyond))
        if decided_by not in needs.beyond:
            reason = f"{terms.standing} for more than three months is decided by one of: {allowed}"
            return Refusal("membership.too-long", reason, needs.article)
    return ALLOWED


def _measure(said: Said, seen: Seen) -> Said | Ruling:
    """Return the measure that the act is about, or the ruling where it is not to be had."""
    measure = seen.act(said.head.subject) if said.head.subject else None
    if measure is None and said.head.subject and not _must_know(said, seen):
        # A third bureau may hear of the appeal before the measure reaches it; nothing counts before it is entered.
        return ALLOWED
    if measure is None or not measure.head.kind.startswith("membership.measure/"):
        reason = "the act is about no measure that this bureau has seen"
        return Refusal("membership.measure", reason, "decision 0027")
    return measure


def _concerned(measure: Said) -> BureauId | None:
    return measure.act.bureau if isinstance(measure.act, Measure) else None


def _must_know(said: Said, seen: Seen) -> bool:
    """Tell whether this bureau has the measure for certain: it speaks about it, or it keeps it."""
    return seen.me == said.head.sender or seen.role(seen.me) is Role.SECRETARIAT


def _next(said: Said, seen: Seen, move: Move) -> Ruling:
    """Rule by the life cycle where the stage is certain; elsewhere `fold` takes only what is in the table."""
    state = seen.state(said.head.subject, Measured) if said.head.subject else None
    if not _must_know(said, seen) or (state is not None and (state.stage, move) in NEXT):
        return ALLOWED
    stage = state.stage if state is not None else "unknown"
    return Refusal(
        "membership.stage", f"the measure is {stage}, and an act to {move} it does not follow", "decision 0027"
    )


# --------------------------------------------------------------------------------------------------------------- state


def fold(state: Measured | None, entered: Entered) -> Measured:
    """Bring a measure to its next stage; what the table does not foresee changes nothing, even if it was entered."""
    said, state = entered.said, state or Measured()
    match said.act:
        case Measure(bureau=bureau, terms=terms, decided_by=decided_by, article=article) if entered.number == 0:
            return Measured(bureau=bureau, terms=terms, decided_by=decided_by, article=article)
        case Appeal() if said.head.sender == state.bureau and (state.stage, Move.APPEAL) in NEXT:
            return msgspec.structs.replace(state, stage=NEXT[state.stage, Move.APPEAL])
        case Outcome() as outcome if (state.stage, MOVES[outcome.result]) in NEXT:
            return msgspec.structs.replace(
                state,
                stage=NEXT[state.stage, MOVES[outcome.result]],
                terms=outcome.terms or state.terms,
                decided_by=outcome.decided_by,
                article=outcome.article or state.article,
            )
    return state


def due(state: Measured) -> tuple[Step, ...]:
    """Return the end of the measure, unless it was lifted."""
    if state.stage is Stage.LIFTED or state.terms is None or state.terms.until is None:
        return ()
    return (Step(when=state.terms.until, what="measure.ends"),)
