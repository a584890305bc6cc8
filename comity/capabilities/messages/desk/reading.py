"""Reading at home: what came, what went, how far it has come; whom it is assigned to, what was decided."""

from enum import StrEnum
from typing import Annotated

from msgspec.structs import replace

from comity.capabilities.messages.acts import Assignment, Decline, Message, ReadMark
from comity.capabilities.messages.desk.parts import About, Sent, made, say, say_together
from comity.capabilities.messages.rules import Matter
from comity.core.act import Author, Relation
from comity.core.capability import Reader
from comity.core.desk import about
from comity.core.errors import Misused
from comity.core.handling import Label
from comity.core.ids import BureauId, Digest, Millis
from comity.core.receipt import ACCEPTED, Receipt, Receipts, Rung
from comity.node import jobs, officers
from comity.node.bureau import Bureau, Utterance
from comity.node.glimpse import Glimpse
from comity.node.ladder import Ladder
from comity.node.view import Page, View

_KINDS = ("messages.information/1", "messages.request/1", "messages.reply/1")
_WAITING = (*_KINDS, "messages.consent-request/1")
"""What comes in for a person: somebody who asks for consent waits for an answer like any other."""


Before = Annotated[int | None, about("go on with older ones: the number that the page before ended with")]


class Decision(StrEnum):
    """What a person at the recipient decides about a message."""

    TAKEN = "taken"
    DECLINED = "declined"


def assign(
    bureau: Bureau,
    reader: Reader,
    act: About,
    unit: Annotated[tuple[str, ...], about("a unit that works on it; repeat it for several")] = (),
    case: Annotated[tuple[str, ...], about("a case that it belongs to; repeat it for several")] = (),
) -> Sent:
    """Assign a message to units or cases of this bureau; they then see it, and nobody outside the bureau knows.

    Example: comity assign 3fa2 --unit fugitives
    """
    if not unit and not case:
        # The last assignment counts, so an empty one would take the matter away from everybody.
        raise Misused("say to whom: --unit or --case")
    found = View(bureau, reader).find(act)
    matter = found.subject or found.id
    said = made(Assignment, units=tuple(sorted(set(unit))), cases=tuple(sorted(set(case))))
    # A slip of the pen would take the matter away from everybody and say that all is well.
    staffed = {each.unit for each in officers.every(bureau) if each.active}
    if unit and not {*unit} <= staffed:
        raise Misused(f"nobody of this bureau is in the unit; units with officers: {', '.join(sorted(staffed))}")
    return say(bureau, reader, said, (bureau.me,), purpose=found.purpose, label=found.label, subject=matter)


def decide(
    bureau: Bureau,
    reader: Reader,
    act: About,
    decision: Annotated[Decision, about("taken or declined", positional=True)],
    reason: Annotated[str, about("why it is declined; the sender reads it")] = "",
) -> Sent:
    """Tell the sender what a person here decided about a message: the third rung of its receipts.

    A request that is declined is closed: its clock stops at both ends, as with a reply.

    Example: comity decide 3fa2 declined --reason "no such register in this country"
    """
    found = View(bureau, reader).find(act)
    if found.sender == bureau.me:
        raise Misused("this message is our own; the bureaus that received it decide")
    if found.code != ACCEPTED:
        raise Misused("this message was not accepted here, and its sender was told so; there is nothing to decide")
    if decision is Decision.DECLINED and not reason.strip():
        raise Misused("say why it is declined with --reason, so that the sender can do something about it")
    closes = _closing(bureau, reader, found, decision, reason.strip())
    code = ACCEPTED if decision is Decision.TAKEN else "messages.declined"
    receipt = Receipt(
        act=Digest(found.id), rung=Rung.DECIDED, code=code, reason=reason.strip(), leaf=found.leaf, at=bureau.now()
    )
    told = Receipts(receipts=(receipt,), mine=jobs.checkpoint(bureau).decode())
    author = Author(officer=reader.officer, unit=reader.unit)
    rung = Utterance(act=told, to=(found.sender,), author=author, stream="receipts")
    return say_together(bureau, rung, *closes)


def _closing(bureau: Bureau, reader: Reader, found: Glimpse, decision: Decision, reason: str) -> tuple[Utterance, ...]:
    """Return the act by which a decision closes the clock of a request, where it does."""
    if not found.kind.startswith("messages.request/"):
        return ()
    state = View(bureau, reader).state(found.id, Matter)
    if state is None or bureau.me not in state.owing:
        raise Misused("this request is closed: it was answered, declined or asked back; to say more use: comity reply")
    if decision is Decision.TAKEN:
        return ()
    refs = (Relation(rel="declines", act=found.id), Relation(rel="thread", act=found.thread))
    # The label of the request may have ended, and to decline it says nothing of what it held.
    label = Label(confidentiality=found.label.confidentiality)
    author = Author(officer=reader.officer, unit=reader.unit)
    act = made(Decline, reason=reason)
    return (
        Utterance(
            act=act, to=(found.sender,), author=author, purpose=found.purpose, label=label, refs=refs, subject=found.id
        ),
    )


def inbox(
    bureau: Bureau,
    reader: Reader,
    limit: Annotated[int, about("how many at most, newest first")] = 20,
    before: Before = None,
) -> Page[Glimpse]:
    """List the messages that others sent to this bureau, newest first.

    Example: comity inbox --limit 5
    """
    return View(bureau, reader).inbox(*_WAITING, limit=limit, before=before)


def outbox(
    bureau: Bureau,
    reader: Reader,
    limit: Annotated[int, about("how many at most, newest first")] = 20,
    before: Before = None,
) -> Page[Glimpse]:
    """List the messages that this bureau sent, newest first, each with how far it has come.

    Example: comity outbox --limit 5
    """
    return View(bureau, reader).outbox(*_KINDS, limit=limit, before=before)


def read(bureau: Bureau, reader: Reader, act: About) -> Glimpse:
    """Show one message whole, with its label. Its sender learns nothing of it; see: comity mark-read.

    Example: comity read 3fa2
    """
    return View(bureau, reader).find(act)


def mark_read(bureau: Bureau, reader: Reader, act: About) -> Sent:
    """Tell the sender that a person here has opened its message: once, naming nobody, and only when you say so.

    It learns that somebody is at the desk and when the message was opened. What you answer or decide tells it too.

    Example: comity mark-read 3fa2
    """
    found = View(bureau, reader).find(act)
    if found.sender == bureau.me:
        raise Misused("this message is our own; the bureaus that received it say that they have opened it")
    if not isinstance(found.act, Message) or found.code != ACCEPTED:
        raise Misused("this is no message that you could have opened: it is of another kind, not here, or not for you")
    refs = (Relation(rel="reads", act=found.id), Relation(rel="thread", act=found.thread))
    label = Label(confidentiality=found.label.confidentiality)
    return say_together(
        bureau,
        Utterance(
            act=ReadMark(), to=(found.sender,), purpose=found.purpose, label=label, refs=refs,
            subject=found.subject or found.id,
        ),
    )  # fmt: skip


def thread(bureau: Bureau, reader: Reader, act: About) -> tuple[Glimpse, ...]:
    """Show a conversation from its first message on.

    Example: comity thread 3fa2
    """
    view = View(bureau, reader)
    return view.thread(view.find(act).id)


def status(bureau: Bureau, reader: Reader, act: About) -> tuple[Ladder, ...]:
    """Show how far a message of ours has come at each recipient, rung by rung, and who says that it was opened.

    Example: comity status 3fa2
    """
    view = View(bureau, reader)
    found = view.find(act)
    opened = _opened(view, found)
    return tuple(replace(each, opened=opened.get(each.recipient)) for each in view.receipts(found.id))


def _opened(view: View, found: Glimpse) -> dict[BureauId, Millis]:
    """Return which recipients say that a person has opened the message, and when."""
    state = view.state(found.subject or found.id, Matter)
    return {mark.bureau: mark.said for mark in state.opened if mark.act == found.id} if state is not None else {}
