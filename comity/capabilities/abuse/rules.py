"""The rules of reports: to whom, about what, with which proof; what the commission may decide; who may read.

Authority: RPD 22(6) and 65 (GK-text), CCF Statute Arts. 3, 19, 26; decision 0038. The label of what is reported does
not bind a report: a source cannot forbid that its own conduct is looked at. It binds what comes after, since nothing in
a report may be passed on.

>>> Reported().stage
'received'
"""

from collections.abc import Iterator

import msgspec

from comity.capabilities.abuse.acts import Decision, Disposition, Report
from comity.capabilities.abuse.tables import HOUSEKEEPING, NEXT, REPORTS
from comity.core.act import Act, Erased, Head, Said, kind_of
from comity.core.capability import HIDDEN, SHOWN, Masked, Reader, Seen, Sight
from comity.core.codec import decode
from comity.core.cose import payload_of
from comity.core.errors import Malformed
from comity.core.evidence import ProofFile, parse_proof
from comity.core.handling import Onward, loosened
from comity.core.ids import ActId, BureauId, Millis, act_id
from comity.core.keeping import Entered
from comity.core.registry import Role
from comity.core.ruling import ALLOWED, Refusal, Ruling

REPORT, DECISION = kind_of(Report), kind_of(Decision)
LAW = "RPD 22(6)"

OVERRIDDEN = frozenset({"audience", "expires"})
"""Fields of a label that a report does not keep: the source named neither the commission nor a time for it."""


class Decided(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One decision."""

    act: ActId
    outcome: Disposition
    said: Millis


class Reported(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A report and what was decided on it; nothing of what it says."""

    about: tuple[ActId, ...] = ()
    """The reported act first."""
    reporter: BureauId | None = None
    decisions: tuple[Decided, ...] = ()
    """Sorted by the commission's clock, then by id."""

    @property
    def stage(self) -> str:
        """Where it stands: ``received``, or called like the last outcome that followed on the one before."""
        # By the table and not by the clock alone: two decisions may claim one moment.
        stage: str | None = "received"
        while stage is not None:
            reached = stage
            following = NEXT.get(reached, frozenset())
            stage = next((each.outcome.value for each in self.decisions if each.outcome in following), None)
        return reached

    @property
    def since(self) -> Millis | None:
        """When it came to that stage, by the commission's clock; None of one that was only received."""
        return next((each.said for each in reversed(self.decisions) if each.outcome.value == self.stage), None)


# --------------------------------------------------------------------------------------------------------------- gates


def may_report(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule that a report goes to the commission alone, and that each act in it is proven and the reporter's own.

    The same at both ends, so that the commission takes nobody's word: what does not verify is refused there.
    """
    report, head = said.act, said.head
    if not isinstance(report, Report):
        return ALLOWED
    if len(head.to) != 1 or seen.role(head.to[0]) is not Role.COMMISSION:
        return Refusal("abuse.commission", "a report of abuse goes to the commission and to nobody else", LAW)
    if head.subject is not None or head.keeper != head.sender:
        return Refusal("abuse.subject", "a report opens a subject of its own", "decision 0038")
    if head.label.onward is not Onward.NONE:
        return Refusal("abuse.onward", "what a report shows is passed on to nobody", "RPD 65 (GK-text)")
    about = about_of(head)
    if len(about) != len(report.proofs) or len(set(about)) != len(about):
        return Refusal("abuse.about", "a report names the acts that it proves, in their order", "decision 0038")
    for act, raw in zip(about, report.proofs, strict=True):
        ruling = _shows(head, act, raw, seen)
        if isinstance(ruling, Refusal):
            return ruling
    return ALLOWED


def _shows(head: Head, act: ActId, raw: bytes, seen: Seen) -> Ruling:
    """Rule on one proof file of a report: it holds, and shows that the reporter said or received this act."""
    try:
        seen.proven(raw)
        file = parse_proof(raw)
    except Malformed as problem:
        return Refusal("abuse.proof", f"the proof does not hold: {problem}", "decision 0031")
    if file.by != head.sender:
        reason = f"the proof is from the log of {file.by}: {head.sender} reports only what it said or received itself"
        return Refusal("abuse.had", reason, LAW)
    shown = head_in(file)
    if act_id(payload_of(file.act.head)) != act:
        return Refusal("abuse.about", "the proof is about another act than the report names", "decision 0038")
    if shown.capability != "messages":
        reason = "what bureaus write to each other is reported here; against a measure, appeal"
        return Refusal("abuse.kind", reason, LAW)
    lost = sorted({*loosened(shown.label, head.label)} - OVERRIDDEN)
    if lost:
        reason = f"the label of the report is looser than that of what it shows, in {', '.join(lost)}"
        return Refusal("abuse.label", reason, "RPD 65 (GK-text)")
    if seen.me == head.sender and seen.act(act) is None:
        return Refusal("abuse.had", "this bureau has neither said nor accepted the act that it reports", LAW)
    return ALLOWED


def may_decide(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule that only the commission decides, step by step, and tells only the reporter and the sender concerned."""
    decision, head = said.act, said.head
    if not isinstance(decision, Decision):
        return ALLOWED
    if seen.role(head.sender) is not Role.COMMISSION:
        return Refusal("abuse.commission", "only the commission decides on a report of abuse", "CCF Statute Art. 3")
    about = about_of(head)
    if head.subject is None or len(about) != 1 or len(head.to) != 1:
        reason = "a decision is on one report, about one act, and told to one bureau at a time"
        return Refusal("abuse.about", reason, "decision 0038")
    report = seen.act(head.subject)
    if report is None:
        return _told(head, about[0], seen)
    if report.head.kind != REPORT or about_of(report.head)[:1] != about or report.head.to != (head.sender,):
        return Refusal("abuse.subject", "the decision is not on a report that this commission got", "decision 0038")
    if seen.me != head.sender:
        return ALLOWED if report.head.sender == seen.me else _told(head, about[0], seen)
    return _follows(head, decision, report, seen.state(head.subject, Reported) or Reported())


def _follows(head: Head, decision: Decision, report: Said, state: Reported) -> Ruling:
    """Rule at the commission: the reporter hears first; whose message it was may then be told the same."""
    if head.to[0] == report.head.sender:
        fits = decision.outcome in NEXT.get(state.stage, frozenset())
    elif head.to[0] == accused(report):
        fits = decision.outcome.value == state.stage
    else:
        return Refusal("abuse.stranger", "a decision is told to the reporter, or to whose message it is about", LAW)
    if fits:
        return ALLOWED
    reason = f"the report is {state.stage}, and to tell {head.to[0]} {decision.outcome.value} does not follow on that"
    return Refusal("abuse.stage", reason, "decision 0038")


def _told(head: Head, act: ActId, seen: Seen) -> Ruling:
    """Rule at a bureau that made no report: it hears of decisions on its own words, and of no others."""
    mine = seen.act(act)
    if mine is not None and mine.head.sender == seen.me:
        return ALLOWED
    return Refusal("abuse.stranger", f"{head.to[0]} neither made the report nor said what it is about", LAW)


def accused(report: Said) -> BureauId | None:
    """Return who said the reported act; None once the report's body is erased."""
    if not isinstance(report.act, Report):
        return None
    return head_in(parse_proof(report.act.proofs[0])).sender


def head_in(file: ProofFile) -> Head:
    """Return the head that a proof file shows; only of a file that was verified."""
    return decode(payload_of(file.act.head), Head)


def about_of(head: Head) -> tuple[ActId, ...]:
    """Return the acts that a report or a decision is about."""
    return tuple(relation.act for relation in head.refs if relation.rel == "about")


# --------------------------------------------------------------------------------------------------------------- state


def fold(state: Reported | None, entered: Entered) -> Reported:
    """Add a report or a decision; commutes, so that the order of arrival does not matter."""
    said, reported = entered.said, state or Reported()
    if said.head.kind == REPORT:
        return msgspec.structs.replace(reported, about=about_of(said.head), reporter=said.head.sender)
    if isinstance(said.act, Decision):
        one = Decided(act=said.id, outcome=said.act.outcome, said=said.head.said)
        decisions = sorted({*reported.decisions, one}, key=lambda each: (each.said, each.act))
        return msgspec.structs.replace(reported, decisions=tuple(decisions))
    return reported


def spent(said: Said, seen: Seen) -> bool:
    """Tell whether a report of ours quotes words that were erased here since: then its own copy of them goes, too."""
    if not isinstance(said.act, Report):
        return False
    pairs = zip(about_of(said.head), said.act.proofs, strict=False)
    gone = (raw for act, raw in pairs if (shown := seen.act(act)) is not None and isinstance(shown.act, Erased))
    return any(parse_proof(raw).act.body is not None for raw in gone)


# --------------------------------------------------------------------------------------------------------------- sight


def veil(said: Said, reader: Reader, seen: Seen) -> Sight:
    """Rule on reading: the commission's officers; at bureaus only those who may report, and never the words again.

    At the reporter the reported words stay behind the veil: who may read a message reads it there, under its own veil,
    and once it was asked back, the report is no second copy.
    """
    head = said.head
    if head.capability != "abuse":
        return SHOWN
    if reader.bureau not in {head.sender, *head.to}:
        return HIDDEN
    if seen.role(reader.bureau) is Role.COMMISSION:
        return Masked(tuple(_fields(said))) if reader.role in HOUSEKEEPING else SHOWN
    if reader.role not in REPORTS:
        return HIDDEN
    return Masked(("proofs",)) if head.kind == REPORT else SHOWN


def _fields(said: Said) -> Iterator[str]:
    yield from said.act.__struct_fields__ if isinstance(said.act, Act) else ()
