"""What an officer does about membership: announce, appeal, decide, tell that a key is dead (decision 0027).

A desk builds the act and hands it to the bureau; the gates rule whether it may be said. A measure and the outcome
of an appeal are proposed here, and said once two officers of different units have approved them (decision 0017).
"""

from pathlib import Path
from typing import Annotated

import msgspec

from comity.capabilities.membership.acts import Appeal, Body, Measure, Outcome, Result, Revocation, Terms
from comity.capabilities.membership.rules import Measured, Stage
from comity.core.act import Act
from comity.core.capability import Reader
from comity.core.desk import about, made
from comity.core.errors import Misused
from comity.core.ids import ActId, BureauId, Millis
from comity.core.registry import Role, Standing
from comity.core.ruling import Refusal
from comity.node import approvals
from comity.node.bureau import Bureau, Utterance
from comity.node.view import Glimpse, View

Concerned = Annotated[BureauId, about("the bureau concerned, for example no", positional=True)]
About = Annotated[str, about("the measure, by the first digits of its id", positional=True)]
Reason = Annotated[str, about("why, in the words that the bureau concerned will read")]
By = Annotated[Body, about("the body that decided")]
Article = Annotated[str, about("the article that it rests on, as lawyers cite it")]
Until = Annotated[Millis | None, about("when it ends")]
Functions = Annotated[tuple[str, ...], about("a capability that a restricted bureau keeps; repeat it for several")]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an act that was said."""

    id: ActId
    kind: str
    to: tuple[BureauId, ...]
    said: Millis
    leaf: int
    """Index of its leaf in our log."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """An act that waits for the approval of two officers."""

    proposal: ActId
    kind: str
    to: tuple[BureauId, ...]
    approvals: int


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """A measure as it stands."""

    measure: ActId
    stage: Stage
    terms: Terms | None
    decided_by: Body | None
    article: str


class Stands(msgspec.Struct, frozen=True, kw_only=True):
    """Where one party stands: by the registry, which is enforced, and by what was announced."""

    bureau: BureauId
    name: str
    role: Role
    standing: Standing
    functions: tuple[str, ...]
    until: Millis | None
    decided_by: str
    article: str
    measures: tuple[Open, ...]


def measure(  # noqa: PLR0913, PLR0917 - a measure has these parts
    bureau: Bureau, reader: Reader, concerned: Concerned,
    standing: Annotated[Standing, about("where it stands from now on")],
    decided_by: By, reason: Reason, article: Article = "", until: Until = None, function: Functions = (),
) -> Waiting:  # fmt: skip
    """Announce what was decided about a bureau, as the secretariat; the custodians enforce it in the registry.

    Example: comity membership measure no --standing suspended --until 2026-11-30 --decided-by executive-committee
    --article "RPD 131" --reason "Two replies were sold."
    """
    terms = _terms(bureau, standing, until, function)
    act = made(Measure, bureau=concerned, terms=terms, decided_by=decided_by, article=article, reason=reason)
    return _propose(bureau, reader, Utterance(act=act, to=_everybody(bureau)))


def appeal(bureau: Bureau, reader: Reader, measure: About, reason: Reason) -> Told:
    """Appeal against a measure, as the bureau concerned; everybody who was told of the measure is told of this.

    Example: comity membership appeal 3fa2 --reason "The replies were sold by somebody else."
    """
    found = _measure(bureau, reader, measure)
    return _say(bureau, reader, made(Appeal, reason=reason), _parties(bureau, found), found.id)


def outcome(  # noqa: PLR0913, PLR0917 - an outcome has these parts
    bureau: Bureau, reader: Reader, measure: About, result: Annotated[Result, about("how the appeal ends")],
    decided_by: By, reason: Reason, article: Article = "",
    standing: Annotated[Standing | None, about("where it stands from now on, when the measure is amended")] = None,
    until: Until = None, function: Functions = (),
) -> Waiting:  # fmt: skip
    """Announce what was decided on an appeal, as the secretariat.

    Example: comity membership outcome 3fa2 --result lifted --decided-by executive-committee --reason "It was not them."
    """
    found = _measure(bureau, reader, measure)
    terms = None if standing is None else _terms(bureau, standing, until, function)
    act = made(Outcome, result=result, terms=terms, decided_by=decided_by, article=article, reason=reason)
    return _propose(bureau, reader, Utterance(act=act, to=_parties(bureau, found), subject=found.id))


def revoke(
    bureau: Bureau, reader: Reader,
    statement: Annotated[Path, about("the statement that comity revoke wrote", file=True, positional=True)],
) -> Told:  # fmt: skip
    """Tell all peers that a key is dead; their nodes obey the statement in it, whoever says it.

    Example: comity membership revoke revocation-no-3fa2b1c4.json
    """
    try:
        raw = statement.read_bytes()
    except OSError as error:
        raise Misused(f"cannot read the statement: {error.strerror}") from None
    return _say(bureau, reader, made(Revocation, statement=raw), _everybody(bureau), None)


def standing(
    bureau: Bureau, reader: Reader, only: Annotated[BureauId | None, about("one bureau, for example no")] = None
) -> tuple[Stands, ...]:
    """Show who stands where, by the registry, and what was announced about it.

    Example: comity membership standing --only no
    """
    view = View(bureau, reader)
    peers = view.peers()
    announced = view.states(Measured).items
    return tuple(
        Stands(
            bureau=peer.bureau, name=peer.name, role=peer.role, standing=peer.standing, functions=peer.functions,
            until=peer.until, decided_by=peer.decided_by, article=peer.article,
            measures=tuple(
                Open(
                    measure=subject.opened.id, stage=subject.state.stage, terms=subject.state.terms,
                    decided_by=subject.state.decided_by, article=subject.state.article,
                )
                for subject in announced
                if subject.state.bureau == peer.bureau
            ),
        )
        for peer in peers
        if only in {None, peer.bureau}
    )  # fmt: skip


DESK = (measure, appeal, outcome, revoke, standing)


def _say(bureau: Bureau, reader: Reader, act: Act, to: tuple[BureauId, ...], subject: ActId | None) -> Told:
    kept = bureau.say(act, to, reader=reader, subject=subject)
    return Told(id=kept.id, kind=kept.head.kind, to=kept.head.to, said=kept.head.said, leaf=kept.leaf)


def _propose(bureau: Bureau, reader: Reader, utterance: Utterance) -> Waiting:
    proposed = approvals.propose(bureau, utterance, reader)
    return Waiting(
        proposal=proposed.id, kind=proposed.head.kind, to=proposed.head.to, approvals=len(proposed.approvals)
    )


def _terms(bureau: Bureau, standing: Standing, until: Millis | None, functions: tuple[str, ...]) -> Terms:
    parts = tuple(sorted(set(functions)))
    return made(Terms, standing=standing, functions=parts, since=bureau.now(), until=until)


def _measure(bureau: Bureau, reader: Reader, digits: str) -> Glimpse:
    found = View(bureau, reader).find(digits)
    if not isinstance(found.act, Measure):
        raise Misused("this act is no measure; look at: comity membership standing")
    return found


def _everybody(bureau: Bureau) -> tuple[BureauId, ...]:
    """Return all other parties that can be told something of membership; an ejected one hears of it on paper."""
    return _heard(bureau, tuple(bureau.registry().accreditations))


def _parties(bureau: Bureau, measure: Glimpse) -> tuple[BureauId, ...]:
    return _heard(bureau, (measure.sender, *measure.recipients))


def _heard(bureau: Bureau, parties: tuple[BureauId, ...]) -> tuple[BureauId, ...]:
    registry, now = bureau.registry(), bureau.now()
    barred = {party for party in parties if isinstance(registry.may_act(party, "membership", now), Refusal)}
    return tuple(sorted(set(parties) - barred - {bureau.me}))
