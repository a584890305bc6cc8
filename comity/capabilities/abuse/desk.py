"""Reports of abuse to the independent commission: at a bureau to make one, at the commission to look and decide.

A report is proven before it leaves and again where it arrives (`node/proof.py`); a desk only gathers and shows. What
the commission sees is verified again each time that it looks, from the bytes of the report and the first root.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec

from comity.capabilities.abuse.acts import Decision, Disposition, Ground, Report
from comity.capabilities.abuse.rules import DECISION, REPORT, Reported, about_of, accused, head_in
from comity.capabilities.abuse.tables import REPORTS, TERMS
from comity.core import cose
from comity.core.act import Act, Relation, Said
from comity.core.capability import Reader
from comity.core.desk import about, made
from comity.core.errors import Malformed, Misused, Refused
from comity.core.evidence import parse_proof
from comity.core.handling import Label, Onward, Purpose, join
from comity.core.ids import ActId, BureauId, Millis, act_id
from comity.core.ruling import Refusal
from comity.node import proof
from comity.node.bureau import Bureau
from comity.node.view import Glimpse, Page, Veiled, View, Wanted

About = Annotated[str, about("the message, by the first digits of its id", positional=True)]
Which = Annotated[str, about("the report, by the first digits of its id", positional=True)]
Before = Annotated[int | None, about("go on with older ones: the number that the page before ended with")]


class Filed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a report or decision that was said."""

    id: ActId
    kind: str
    to: BureauId
    said: Millis
    leaf: int
    """Index of its leaf in our log."""


class Docket(msgspec.Struct, frozen=True, kw_only=True):
    """A report as a line of a list."""

    report: ActId
    reporter: BureauId
    about: tuple[ActId, ...]
    ground: Ground | None
    """None once the body is erased."""
    said: Millis
    stage: str
    by: Millis | None
    """When the next decision is due; None of a report that has ended, or did not arrive yet."""


class Exhibit(msgspec.Struct, frozen=True, kw_only=True):
    """A reported act, as its sender signed it."""

    act: ActId
    kind: str
    sender: BureauId
    to: tuple[BureauId, ...]
    said: Millis
    """The sender's clock."""
    title: str
    text: str
    """Empty where the reporter had the words no longer: the head still binds the sender to them."""
    rest: str
    """What else was said, as JSON."""
    purpose: Purpose
    label: Label
    verified: bool
    findings: tuple[str, ...]
    """Why it is verified or not, sentence by sentence; what is not shown begins with "not shown"."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A report whole."""

    docket: Docket
    text: str
    """What is wrong, in the reporter's words."""
    exhibits: tuple[Exhibit, ...]
    """Empty at the reporter, which has the messages themselves."""
    decisions: tuple[Glimpse, ...]


def report(
    bureau: Bureau, reader: Reader, act: About, ground: Annotated[Ground, about("what it breaks")],
    text: Annotated[str, about("what is wrong with it; the commission reads this")],
    also: Annotated[tuple[str, ...], about("another act to show with it, by its digits; repeat it for several")] = (),
) -> Filed:  # fmt: skip
    """Report a message to the independent commission, with the proof that it was said; its sender is not told.

    A supervisor or the rights officer does this, each alone. Nothing else of the conversation is shown unless it is
    named with --also. Where the words were asked back, the signed head is reported: its sender is bound to them.

    Example: comity abuse report 3fa2 --ground neutrality --text "It asks for the addresses of a party's members."
    """
    if reader.role not in REPORTS:
        reason = "a supervisor or the rights officer reports, since it shows the commission data of another"
        raise Refused(Refusal("abuse.role", reason, "decision 0038"))
    commission, trust = bureau.registry().commission(bureau.now()), bureau.trust
    if commission is None or trust is None:
        raise Misused("the registry names no commission that could be told; the custodians accredit one")
    view = View(bureau, reader)
    found = [view.find(digits) for digits in (act, *also)]
    if any(each.code != "accepted" for each in found):
        raise Misused("this bureau did not accept that act, so it does not have it")
    label = Label(onward=Onward.NONE)
    for each in found:
        if not each.erased:
            view.signed(each.id)  # Refuses whoever may not see it whole.
        plain = msgspec.structs.replace(each.label, audience=(), expires=None)
        label = join(label, plain)
    files = tuple(proof.make(bureau, trust, each.id, with_text=not each.erased) for each in found)
    said = made(Report, ground=ground, text=text, proofs=files)
    refs = tuple(Relation(rel="about", act=each.id) for each in found)
    return _say(bureau, reader, said, commission, label=label, refs=refs)


def reports(
    bureau: Bureau, reader: Reader, limit: Annotated[int, about("how many at most, newest first")] = 20,
    before: Before = None,
) -> Page[Docket]:  # fmt: skip
    """List the reports that this bureau made, or, at the commission, those that it got; with what is due when.

    Example: comity abuse reports
    """
    view = View(bureau, reader)
    page = view.states(Reported, limit=limit, before=before)
    items = tuple(_docket(view, each.opened, each.state) for each in page.items)
    return Page(items=items, older=page.older)


def show(bureau: Bureau, reader: Reader, report: Which) -> Account:
    """Show a report; at the commission with the words and labels of what is reported, verified anew, and by whom.

    Example: comity abuse show 3fa2
    """
    view, found = _found(bureau, reader, report)
    docket = _docket(view, found, view.state(found.id, Reported) or Reported())
    exhibits = tuple(_exhibits(bureau, found.act)) if isinstance(found.act, Report) else ()
    decisions = view.acts(Wanted(kinds=(DECISION,), subject=found.id)).items
    return Account(docket=docket, text=str(_field(found, "text") or ""), exhibits=exhibits, decisions=decisions)


def decide(  # noqa: PLR0913, PLR0917 - a decision has these parts
    bureau: Bureau, reader: Reader, report: Which,
    outcome: Annotated[Disposition, about("what was decided", positional=True)],
    reason: Annotated[str, about("the answer, which the reporter reads")],
    article: Annotated[str, about("the article that it rests on, as lawyers cite it")] = "",
    tell_sender: Annotated[bool, about("tell the sender of the message too, in the same words")] = False,  # noqa: FBT002
) -> tuple[Filed, ...]:  # fmt: skip
    """Decide on a report, as the commission, and answer it; its sender hears of it only with --tell-sender.

    Example: comity abuse decide 3fa2 upheld --reason "It served no police purpose." --article "C 3"
    """
    view, found = _found(bureau, reader, report)
    if not isinstance(found.act, Report):
        raise Misused("only the commission decides on a report, by an officer who may read it")
    said = made(Decision, outcome=outcome, reason=reason, article=article)
    kept = view.kept(found.id)
    parties = [found.sender]
    if tell_sender and kept is not None:
        concerned = accused(Said(id=found.id, head=kept.head, act=found.act))
        parties += [concerned] if concerned is not None and concerned not in {bureau.me, found.sender} else []
    refs = (Relation(rel="about", act=about_of(kept.head)[0]),) if kept is not None else ()
    label = Label(confidentiality=found.label.confidentiality, handling=found.label.handling, onward=Onward.NONE)
    return tuple(_say(bureau, reader, said, to, label=label, refs=refs, subject=found.id) for to in parties)


def decisions(
    bureau: Bureau, reader: Reader, limit: Annotated[int, about("how many at most, newest first")] = 20,
    before: Before = None,
) -> Page[Glimpse]:  # fmt: skip
    """List what the commission decided: on reports of this bureau, and on messages of this bureau that were reported.

    Example: comity abuse decisions
    """
    return View(bureau, reader).acts(Wanted(kinds=(DECISION,)), limit=limit, before=before)


def export(
    bureau: Bureau, reader: Reader, report: Which,
    folder: Annotated[Path, about("folder to put the files into")] = Path(),
) -> list[str]:  # fmt: skip
    """Write the proof files of a report, as they came, for whoever checks them without a node: comity verify.

    Example: comity abuse export 3fa2 --folder evidence
    """
    _, found = _found(bureau, reader, report)
    if not isinstance(found.act, Report):
        raise Misused("the proof files of a report are with the commission; your own are made by: comity prove")
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number, raw in enumerate(found.act.proofs, 1):
            path = folder / f"report-{found.id.hex()[:12]}-{number}.json"
            with path.open("xb") as out:
                out.write(raw)
            written.append(str(path))
    except OSError as problem:
        raise Misused(f"cannot write to {folder}: {problem.strerror}") from None
    return written


DESK = (report, reports, show, decide, decisions, export)


def _say(bureau: Bureau, reader: Reader, act: Act, to: BureauId, **how: object) -> Filed:
    kept = bureau.say(act, (to,), reader=reader, purpose=Purpose.ADMINISTRATION, **how)
    return Filed(id=kept.id, kind=kept.head.kind, to=to, said=kept.head.said, leaf=kept.leaf)


def _found(bureau: Bureau, reader: Reader, digits: str) -> tuple[View, Glimpse]:
    view = View(bureau, reader)
    found = view.find(digits)
    if found.kind != REPORT:
        raise Misused("this act is no report of abuse; look at: comity abuse reports")
    return view, found


def _field(found: Glimpse, name: str) -> object:
    """Return a field of what is said, if this reader may see it."""
    shown = dict(found.act.shown) if isinstance(found.act, Veiled) else {}
    return shown.get(name, getattr(found.act, name, None))


def _docket(view: View, found: Glimpse, state: Reported) -> Docket:
    start = state.since or view.starts(found.id).get(found.recipients[0])
    term, _ = TERMS.get(state.stage, (None, ""))
    ground = _field(found, "ground")
    return Docket(
        report=found.id, reporter=found.sender, about=state.about, said=found.said, stage=state.stage,
        ground=ground if isinstance(ground, Ground) else None,
        by=None if term is None or start is None else Millis(start + term),
    )  # fmt: skip


def _exhibits(bureau: Bureau, said: Report) -> Iterator[Exhibit]:
    for raw in said.proofs:
        findings, verified = _checked(bureau, raw)
        file = parse_proof(raw)
        head, body = head_in(file), file.act.body
        act = bureau.store.kinds.decode(head.kind, body) if body is not None else None
        told = msgspec.to_builtins(act) if isinstance(act, Act) else {}
        title, text = str(told.pop("title", "")), str(told.pop("text", ""))
        yield Exhibit(
            act=act_id(cose.payload_of(file.act.head)), kind=head.kind, sender=head.sender, to=head.to, said=head.said,
            purpose=head.purpose, label=head.label, verified=verified, findings=findings, title=title, text=text,
            rest=msgspec.json.encode(told).decode() if told else "",
        )  # fmt: skip


def _checked(bureau: Bureau, raw: bytes) -> tuple[tuple[str, ...], bool]:
    """Return what a proof file proves, and whether it holds; what the registry of today says of its key beside it."""
    try:
        with bureau.database.read() as tx:
            found = bureau.past(tx).proven(raw)
    except Malformed as problem:
        return (f"it does not hold: {problem}",), False
    sentences = [f"{'' if each.proven else 'not shown: '}{each.statement}" for each in found.findings]
    file = parse_proof(raw)
    head, kid = head_in(file), cose.key_id(file.act.head)
    revoked = bureau.registry().revocation(head.sender, kid)
    if revoked is not None:
        sentences.append(
            f"not shown: that {head.sender} itself signed it: the key {kid.hex()} was revoked, and counts only for "
            f"what its log held in its first {revoked.size} leaves"
        )
    return tuple(sentences), True
