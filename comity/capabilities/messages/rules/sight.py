"""The veil of messages: parties only; above `official-use-only` also need to know (decision 0026, RPD 112)."""

from comity.capabilities.messages.acts import Assignment
from comity.capabilities.messages.rules.naming import matter_of, parties, thread_of
from comity.capabilities.messages.tables import HEAD_ONLY, WHOLE_BUREAU
from comity.core.act import Act, Said
from comity.core.capability import HIDDEN, SHOWN, Masked, OfficerRole, Reader, Seen, Sight

ASSIGNMENT = "messages.assignment/1"


def veil(said: Said, reader: Reader, seen: Seen) -> Sight:
    """Rule on reading a message: parties only; above `official-use-only` also need to know."""
    head = said.head
    if head.capability != "messages":
        return SHOWN
    if reader.bureau not in parties(head):
        return HIDDEN
    if reader.role in HEAD_ONLY:
        return Masked(said.act.__struct_fields__ if isinstance(said.act, Act) else ())
    if reader.role is OfficerRole.SUPERVISOR or head.label.confidentiality in WHOLE_BUREAU:
        return SHOWN
    opened = seen.act(matter_of(said))
    # Whose unit asked needs the answer: what is said in a matter is for the unit that opened it (decision 0037).
    if any(_wrote(each, reader) for each in (said, opened) if each is not None):
        return SHOWN
    return SHOWN if _assigned(said, reader, seen) else HIDDEN


def _wrote(said: Said, reader: Reader) -> bool:
    """Tell whether the reader's unit said it."""
    author = said.head.author
    return author is not None and (said.head.sender, author.unit) == (reader.bureau, reader.unit)


def _assigned(said: Said, reader: Reader, seen: Seen) -> bool:
    """Tell whether the message's matter, or the first of its thread, is assigned to the reader."""
    for subject in (matter_of(said), thread_of(said)):
        assignment = seen.latest(ASSIGNMENT, subject)
        # Only our own bureau's word counts for our own officers.
        if assignment is None or assignment.head.sender != reader.bureau:
            continue
        act = assignment.act
        if isinstance(act, Assignment) and (reader.unit in act.units or not reader.cases.isdisjoint(act.cases)):
            return True
    return False
