"""What an asker does: ask a source which of some numbers are in its list, and read the answer (decision 0053)."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec

from comity.capabilities.keylists.acts import MOST_KEYS, POINT, Answer, AnswerKind, Question, Secret, Setup
from comity.capabilities.keylists.desk.filling import complaint, numbers_of
from comity.capabilities.keylists.desk.parts import About, Said, found_list, secrets, state_of, told
from comity.capabilities.keylists.rules import named
from comity.capabilities.keylists.tables import ASKS
from comity.core.act import Author, Relation, kind_of
from comity.core.capability import Reader
from comity.core.desk import about, made
from comity.core.errors import Malformed, Misused
from comity.core.handling import Basis, Purpose
from comity.core.ids import ActId, BureauId, Millis
from comity.core.receipt import Rung
from comity.engines import psi
from comity.node.bureau import Bureau, Utterance
from comity.node.database import Transaction
from comity.node.view import ACCEPTED, Glimpse, View, Wanted

QUESTION, ANSWER = kind_of(Question), kind_of(Answer)
MOST = 200
"""Questions that are shown."""


class Standing(StrEnum):
    """Where a question stands."""

    WAITING = "waiting"
    REFUSED = "refused"
    ANSWERED = "answered"
    FAILED = "failed"
    """The source answered, but not with points that can be used."""
    OVER = "over"
    """The epoch has ended, and with it the key without which an answer says nothing."""


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """A question of ours, and what is known of its answer."""

    question: ActId
    list: ActId | None
    source: BureauId
    said: Millis
    numbers: int
    """How many were asked."""
    standing: Standing
    reason: str = ""
    """Why it was refused."""
    in_list: tuple[str, ...] = ()
    """Of a question that was named: those numbers, as they were written, whose keys are in the list."""
    advice: str = ""


_ADVICE = {
    Standing.WAITING: "the source's node answers by itself, as soon as it is reached",
    Standing.REFUSED: "the source has refused the question, and sees that it was asked",
    Standing.ANSWERED: "a number in the list is a reason to ask, not to act: send its source a request (comity "
    "request); a number that is not in it may be there in another spelling",
    Standing.FAILED: "ask again; if it comes back, write to the source",
    Standing.OVER: "the epoch is over and its keys are destroyed; ask in the next one",
}


def ask(  # noqa: PLR0913, PLR0917 - a file, how it is read, and why it is asked
    bureau: Bureau, reader: Reader, which: About,
    file: Annotated[Path, about("numbers, one a line", file=True, positional=True)],
    law: Annotated[str, about("legal basis, as lawyers cite it; the source reads it")],
    purpose: Annotated[Purpose, about("purpose of the question (RPD 10); the source reads it")] = Purpose.INVESTIGATE,
    country: Annotated[str, about("where plates, and phones without +, were written: two letters")] = "",
    skip_bad: Annotated[bool, about("ask for the other lines though some are wrong")] = False,  # noqa: FBT002
) -> Said:  # fmt: skip
    """Ask the source of a list which of the numbers in a file are in it.

    It learns how many numbers were asked, by whom, when and for what purpose; not which, and not which were found.

    Example: comity keylists ask 3fa2 phones.txt --law "CPP 77-1" --country ma
    """
    _may_ask(reader)
    opened, state = found_list(bureau, reader, which)
    if state.source == bureau.me:
        raise Misused("this list is ours; look into the register that it was filled from")
    if state.of is None or state.filled(bureau.me) is None:
        raise Misused("the list is not filled yet, or not all of it has come; look at: comity keylists lists")
    found = numbers_of(file, state.of, country)
    if found.flaws and not skip_bad:
        raise complaint(found.flaws, "nothing was asked")
    if not found.keys:
        raise Misused("no number was given where 1 or more were expected, one a line")
    if len(found.keys) > MOST_KEYS:
        raise Misused(f"{len(found.keys):,} numbers where a question has at most {MOST_KEYS:,}")
    key = psi.asker_key()
    question = made(Question, count=len(found.keys), blinded=psi.blind(key, list(found.keys)))
    secret = made(Secret, peer=state.source, key=key, asked=tuple(found.keys.values()))
    basis = made(Basis, law=law)
    author = Author(officer=reader.officer, unit=reader.unit)

    def write(tx: Transaction) -> Said:
        how = {"author": author, "purpose": purpose, "basis": basis, "subject": opened.id}
        kept = bureau.utter(tx, Utterance(act=question, to=(state.source,), **how))  # type: ignore[arg-type]
        refs = (Relation(rel="unblinds", act=kept.id),)
        bureau.utter(tx, Utterance(act=secret, to=(bureau.me,), refs=refs, **how))  # type: ignore[arg-type]
        return told(kept)

    return bureau.database.write(write)


def answers(
    bureau: Bureau, reader: Reader,
    which: Annotated[str, about("one question of ours, by the first digits of its id", positional=True)] = "",
) -> tuple[Answered, ...]:  # fmt: skip
    """Show the questions that this bureau asked; of one that is named, which of its numbers are in the list.

    Example: comity keylists answers 81c4
    """
    _may_ask(reader)
    view = View(bureau, reader)
    if which:
        found = view.find(which)
        if found.kind != QUESTION or found.sender != bureau.me:
            raise Misused("this act is no question of ours; look at: comity keylists answers")
        return (_stands(bureau, view, found, whole=True),)
    page = view.acts(Wanted(kinds=(QUESTION,), sender=bureau.me), limit=MOST)
    return tuple(_stands(bureau, view, each, whole=False) for each in page.items)


def _stands(bureau: Bureau, view: View, found: Glimpse, *, whole: bool) -> Answered:
    count = found.act.count if isinstance(found.act, Question) else 0
    stands = Answered(
        question=found.id, list=found.subject, source=found.recipients[0], said=found.said, numbers=count,
        standing=Standing.WAITING,
    )  # fmt: skip
    answer = _answer_to(view, found)
    refused = _refusal(view, found)
    secret = _secret_of(bureau, found)
    if secret is None:
        stands = msgspec.structs.replace(stands, standing=Standing.OVER)
    elif refused:
        stands = msgspec.structs.replace(stands, standing=Standing.REFUSED, reason=refused)
    elif answer is not None:
        stands = _read(bureau, stands, answer, secret, whole=whole)
    return msgspec.structs.replace(stands, advice=_ADVICE[stands.standing]) if whole else stands


def _read(bureau: Bureau, stands: Answered, answer: Answer, secret: Secret, *, whole: bool) -> Answered:
    failed = msgspec.structs.replace(stands, standing=Standing.FAILED, reason=answer.outcome.value)
    if answer.outcome is not AnswerKind.EVALUATED or len(answer.evaluated) != stands.numbers * POINT:
        return failed
    if not whole:
        return msgspec.structs.replace(stands, standing=Standing.ANSWERED)
    try:
        places = psi.common(secret.key, answer.evaluated, _concealed(bureau, stands.list))
    except Malformed:
        return failed
    found = tuple(secret.asked[place] for place in places if place < len(secret.asked))
    return msgspec.structs.replace(stands, standing=Standing.ANSWERED, in_list=found)


def _answer_to(view: View, question: Glimpse) -> Answer | None:
    page = view.acts(Wanted(kinds=(ANSWER,), subject=question.subject, sender=question.recipients[0]), limit=500)
    every = (each.act for each in page.items if any(ref.act == question.id for ref in each.refs))
    return next((act for act in every if isinstance(act, Answer)), None)


def _refusal(view: View, question: Glimpse) -> str:
    """Return with which code and for what reason the source refused a question; empty if it did not."""
    reached = (each for ladder in view.receipts(question.id) for each in ladder.reached if each.rung is Rung.RULED)
    return next((f"{each.code}: {each.reason}" for each in reached if each.code != ACCEPTED), "")


def _secret_of(bureau: Bureau, question: Glimpse) -> Secret | None:
    if question.subject is None:
        return None
    every = secrets(bureau, question.subject)
    return next((secret for said, secret in every if question.id in named(said.head, "unblinds")), None)


def _concealed(bureau: Bureau, listed: ActId | None) -> bytes:
    """Return the points of the set that the source handed us last."""
    state = state_of(bureau, listed) if listed is not None else None
    filling = state.filled(bureau.me) if state is not None else None
    with bureau.database.read() as tx:
        past = bureau.past(tx)
        parts = [past.act(act) for _, act in (filling.acts if filling is not None else ())]
    return b"".join(part.act.concealed for part in parts if part is not None and isinstance(part.act, Setup))


def _may_ask(reader: Reader) -> None:
    if reader.role not in ASKS:
        raise Misused("questions to lists of keys are for officers and supervisors; you are neither")
