"""How results look on a terminal: lists as a table, one message as a letter, receipts as a sentence each.

Only for people; with ``--json`` every field is printed instead. What has no form of its own here is printed field by
field by `faces/terminal.py`.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from comity.capabilities.directory.desk import Card, Listed
from comity.capabilities.messages.desk import Casefile, Side, Waiting
from comity.core.act import Erased, Unknown
from comity.core.contradiction import Conviction
from comity.core.evidence import Findings
from comity.core.receipt import Rung
from comity.faces import terminal
from comity.node.glimpse import Glimpse, Veiled
from comity.node.ladder import Ladder, Reached
from comity.node.view import Page

SHORT = 12
"""Digits of an id that are shown; enough to tell apart the acts of centuries, short enough to type."""

_RUNGS = {
    Rung.CARRIED: "a relay carries it (R0)",
    Rung.COMMITTED: "has it on disk, not ruled yet (R1)",
    Rung.RULED: "has it, verified it and {ruled} it (R2)",
    Rung.DECIDED: "a person there {decided} it (R3)",
}


def show(value: object) -> None:
    """Print a result in the form made for it, or field by field."""
    if terminal.given().json:
        terminal.show(value)
        return
    console = Console(highlight=False, soft_wrap=True)
    match value:
        case () | [] | Page(items=()):
            console.print("nothing")
        case Page(items=items) if all(isinstance(item, Glimpse) for item in items):
            _page(console, value)
        case (Glimpse() | Ladder() | Waiting() | Listed(), *_):
            _list(console, value)
        case Glimpse():
            terminal.printed([*map(terminal.line, _letter(value)), *_text(value)])
        case Casefile():
            _casefile(console, value)
        case Card():
            terminal.printed(_card(value))
        case Findings() | Conviction():
            terminal.printed(_findings(value))
        case _:
            terminal.show(value)


def _page(console: Console, page: Page[object]) -> None:
    _table(console, page.items)
    if page.older is not None:
        console.print(f"there are older ones; go on with --before {page.older}")


def _list(console: Console, every: Sequence[object]) -> None:
    """Print a list of one sort of things."""
    match every[0]:
        case Ladder():
            ladders = (each for each in every if isinstance(each, Ladder))
            terminal.printed(terminal.line(line) for ladder in ladders for line in _ladder(ladder))
        case Waiting():
            _waiting(every)
        case Listed():
            _directory(console, every)
        case _:
            _table(console, every)


def _casefile(console: Console, case: Casefile) -> None:
    work = f", worked on by {', '.join(case.units)}" if case.units else ""
    console.print(Text(terminal.line(f"case {case.case}{work}")))
    _table(console, case.messages)
    if case.waiting:
        console.print()
        _waiting(case.waiting)


def _table(console: Console, glimpses: Iterable[object]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("id", "logged (UTC)", "from", "to", "kind", "about"):
        table.add_column(heading, no_wrap=heading != "about")
    for each in (item for item in glimpses if isinstance(item, Glimpse)):
        logged = terminal.date(each.at).removesuffix(" UTC")
        cells = (each.id.hex()[:SHORT], logged, each.sender, ", ".join(each.recipients))
        table.add_row(*map(Text, (*cells, each.kind.partition(".")[2].partition("/")[0], terminal.line(_title(each)))))
    console.print(table)


def _waiting(every: Iterable[object]) -> None:
    """Give what is owed one line each, the words that matter first: a narrow screen at night cuts off the others."""
    rows = [_owed(each) for each in every if isinstance(each, Waiting)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        terminal.printed(["  ".join(cells).rstrip()])


def _owed(each: Waiting) -> tuple[str, ...]:
    """Say who owes whom, how the clock stands, and what it is about."""
    who = f"us to {each.bureau}" if each.side is Side.US else f"{each.bureau} to us"
    clock, work = each.clock, f" [{', '.join((*each.units, *each.cases))}]" if each.units or each.cases else ""
    if clock.by is None or clock.received is None:
        stands = f"no receipt, {each.used} %"
    elif clock.late is None:
        stands = f"due {terminal.date(clock.by).removesuffix(' UTC')}, {each.used} %"
    else:
        stands = f"LATE {terminal.span(clock.late)}" + (", escalated" if clock.escalated is not None else "")
    return each.request.hex()[:SHORT], who, clock.clock, stands, terminal.line(each.title + work)


def _directory(console: Console, parties: Iterable[object]) -> None:
    """Print the parties as a list to run a finger down: whose clock says what, and who answers the telephone there."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("bureau", "name", "there", "at work", "on duty", "telephone", "clock"):
        table.add_column(heading, no_wrap=heading != "name")
    for each in (party for party in parties if isinstance(party, Listed)):
        at_work = {True: "yes", False: "no", None: ""}[each.at_work]
        duty, telephone = (each.duty.name, each.duty.telephone) if each.duty else ("", each.telephone)
        cells = (each.bureau, each.name, each.local[11:16], at_work, duty, telephone, each.clock.value)
        table.add_row(*map(Text, map(terminal.line, cells)))
    console.print(table)


def _card(card: Card) -> Iterator[str]:
    """Give all of a card on one level: that the list has some of it too is nothing to the reader."""
    yield from terminal.readable(card.listed)
    yield from terminal.readable({name: value for name, value in terminal.items(card) if value is not card.listed})


def _title(glimpse: Glimpse) -> str:
    if glimpse.code != "accepted":
        return f"[{glimpse.code}]"
    match glimpse.act:
        case Erased():
            return "[erased]"
        case Veiled():
            return "[not for your unit]"
        case Unknown():
            return "[a kind that this node does not know]"
        case act:
            return str(getattr(act, "title", ""))


def _letter(glimpse: Glimpse) -> Iterator[str]:
    """Give the head of an act as that of a letter: who, when, under which label, and what comes with it."""
    label, basis = glimpse.label, glimpse.basis
    author = f" ({glimpse.author.officer}, unit {glimpse.author.unit})" if glimpse.author else ""
    yield f"id          {glimpse.id.hex()}"
    yield f"kind        {glimpse.kind}"
    yield f"from        {glimpse.sender}{author}"
    yield f"to          {', '.join(glimpse.recipients)}"
    yield f"said        {terminal.date(glimpse.said)} by the sender's clock"
    yield f"committed   {terminal.date(glimpse.at)}, leaf {glimpse.leaf} of our log"
    until = f", until {terminal.date(basis.until)}" if basis and basis.until is not None else ""
    yield f"purpose     {glimpse.purpose.value}" + (f"; basis: {basis.law}{until}" if basis else "")
    evaluation = f"source {label.source.value}, information {label.information}"
    limits = f"{label.confidentiality.value}, onward: {label.onward.value}"
    yield f"label       {label.handling.value}, {evaluation}, {limits}"
    if label.audience:
        yield f"audience    {', '.join(label.audience)}"
    if label.expires is not None:
        yield f"expires     {terminal.date(label.expires)}"
    if glimpse.code != "accepted":
        article = f" ({glimpse.article})" if glimpse.article else ""
        yield f"ruling      {glimpse.code}: {glimpse.reason}{article}"
    for ref in glimpse.refs:
        yield f"{ref.rel:<11} {ref.act.hex()[:SHORT]}"
    if glimpse.masked:
        yield f"kept from you: {', '.join(glimpse.masked)}"
    yield from _enclosed(glimpse)


def _enclosed(glimpse: Glimpse) -> Iterator[str]:
    """Give what is said beside the text: attachments, the form of a question or an answer, other fields."""
    for name, value in _fields(glimpse).items():
        if name == "attachments":
            for each in value if isinstance(value, tuple) else ():
                yield f"attached    {each.name}, {each.size:,} bytes; comity save writes it"
        elif isinstance(value, msgspec.Struct):
            yield f"{name:<11} {value.__struct_config__.tag}"
            yield from terminal.readable(value, " " * 12)
        elif name != "text" and value not in {"", (), None}:
            yield f"{name:<11} {' '.join(part.strip() for part in terminal.readable(value))}"


def _text(glimpse: Glimpse) -> Iterator[str]:
    """Give what is said, after an empty line: from there on it is the sender who speaks."""
    match glimpse.act:
        case Erased():
            yield "\n(the body has been erased)" if glimpse.erased else "\n(the body was not kept)"
        case Unknown():
            yield "\n(this node does not know this kind; it keeps the body as it came)"
        case _:
            if text := str(_fields(glimpse).get("text", "")):
                yield ""
                yield terminal.plain(text)


def _fields(glimpse: Glimpse) -> dict[str, object]:
    match glimpse.act:
        case Erased() | Unknown():
            return {}
        case Veiled(shown=shown):
            return dict(shown)
        case act:
            # By the fields' own names, and with moments as people read them.
            return dict(zip(act.__struct_fields__, (value for _, value in terminal.items(act)), strict=True))


def _ladder(ladder: Ladder) -> Iterator[str]:
    """Give one recipient's rungs in words."""
    for carriage in ladder.carried:
        since = terminal.date(carriage.at)
        if carriage.returned:
            yield f"{ladder.recipient}: the relay {carriage.relay} gave it back on {since}: {carriage.returned}"
            continue
        yield f"{ladder.recipient}: the relay {carriage.relay} holds it since {since} (R0)"
    for reached in ladder.reached:
        yield f"{ladder.recipient}: {_rung(reached)} on {terminal.date(reached.at)}, leaf {reached.leaf} of its log"
    if ladder.opened is not None:
        yield f"{ladder.recipient}: a person there opened it on {terminal.date(ladder.opened)} (read mark)"
    for silence in ladder.silences:
        yield f"{ladder.recipient}: silent until {terminal.date(silence.deadline)}, stated and logged (N)"
    if not ladder.reached:
        waiting = {"queued": "waits to leave", "handed": "was handed over, no receipt yet", "silent": "is still tried"}
        trouble = f"; last trouble: {ladder.trouble}" if ladder.trouble else ""
        again = f", next attempt {terminal.date(ladder.next_at)}" if ladder.next_at and ladder.trouble else ""
        yield f"{ladder.recipient}: {waiting.get(ladder.state, 'nothing yet')}{trouble}{again}"


def _rung(reached: Reached) -> str:
    accepted = reached.code == "accepted"
    words = _RUNGS[reached.rung].format(
        ruled="accepted" if accepted else "refused", decided="took" if accepted else "declined"
    )
    if accepted:
        return words
    article = f" ({reached.article})" if reached.article else ""
    return f"{words}: {reached.code}: {reached.reason}{article}"


def _findings(found: Findings | Conviction) -> Iterator[str]:
    for finding in found.findings:
        yield f"{'proven    ' if finding.proven else 'NOT PROVEN'} {terminal.line(finding.statement)}"
    yield f"verdict    {found.verdict}"
    if isinstance(found, Findings) and found.text is not None:
        yield ""
        yield from terminal.readable(found.text)
