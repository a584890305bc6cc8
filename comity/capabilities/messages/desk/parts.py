"""What the desk functions of messages share: their options, and the parts of an act that options make."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
from msgspec.structs import replace

from comity.capabilities.messages.acts import Assignment, Message, Urgency
from comity.core.act import Act, Author
from comity.core.capability import Reader
from comity.core.desk import about
from comity.core.envelope import Lane
from comity.core.errors import Misused
from comity.core.handling import Basis, Confidentiality, Handling, Label, Onward, Purpose, Source
from comity.core.ids import ActId, BureauId, Millis
from comity.node.bureau import Bureau, Utterance
from comity.node.database import Transaction
from comity.node.view import Kept

T = TypeVar("T")

LANES = {Urgency.URGENT: Lane.URGENT}
"""Lanes of urgencies; all others are normal."""

To = Annotated[tuple[str, ...], about("a bureau (no), region:NAME or list:NAME; repeat it for several")]
Reach = Annotated[int | None, about("how many bureaus are meant; needed with a region or a list")]
Title = Annotated[str, about("what it is about, one line")]
Text = Annotated[str, about("the text")]
TextFile = Annotated[Path | None, about("take the text from this file", file=True)]
Language = Annotated[str, about("language of the text: en, fr, es, ar")]
Attach = Annotated[tuple[Path, ...], about("attach this file; repeat it for several", file=True)]
Why = Annotated[Purpose, about("purpose for which the data are processed (RPD 10)")]
Law = Annotated[str, about("legal basis, as lawyers cite it")]
Until = Annotated[Millis | None, about("when the legal basis ends")]
Code = Annotated[Handling, about("handling code: H0 crime prevention, H1 not in court, H2 not onward, H3 other limits")]
Reliability = Annotated[Source, about("how reliable the source is: A, B, C or X")]
Certainty = Annotated[int, about("how certain the information is: 1 known true to 4 not corroborated")]
Level = Annotated[Confidentiality, about("confidentiality")]
Passing = Annotated[Onward, about("whether the recipient may pass it on")]
Audience = Annotated[tuple[BureauId, ...], about("a bureau that may see it; all recipients must be among them")]
Expires = Annotated[Millis | None, about("after this moment nothing may be done on the data")]
HowSoon = Annotated[Urgency, about("urgent: 8 hours, soon: 3 days, normal: 7 days, follow-up: 12 hours")]
Terms = Annotated[str, about("other limits on use, in words; needed with H3")]
Case = Annotated[tuple[str, ...], about("a case of this bureau that it belongs to; nobody outside learns of it")]
About = Annotated[str, about("the act, by the first digits of its id", positional=True)]


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a message that was said."""

    id: ActId
    kind: str
    to: tuple[BureauId, ...]
    said: Millis
    leaf: int
    """Index of its leaf in our log."""


def say(
    bureau: Bureau, reader: Reader, act: Act, to: tuple[BureauId, ...], *, cases: tuple[str, ...] = (), **how: object
) -> Sent:
    """Say an act as the officer who sits there; one that opens a matter is put into its cases in the same commit."""
    blobs = tuple(attachment.blob for attachment in act.attachments) if isinstance(act, Message) else ()
    if not cases:
        return sent(bureau.say(act, to, reader=reader, blobs=blobs, **how))
    author = Author(officer=reader.officer, unit=reader.unit)
    first = Utterance(act=act, to=to, author=author, blobs=blobs, **how)  # type: ignore[arg-type]
    joined = Utterance(
        act=made(Assignment, cases=tuple(sorted(set(cases)))), to=(bureau.me,), author=author, purpose=first.purpose,
        label=first.label,
    )  # fmt: skip

    def write(tx: Transaction) -> Sent:
        said = sent(bureau.utter(tx, first))
        bureau.utter(tx, replace(joined, subject=said.id))
        return said

    return bureau.database.write(write)


def say_together(bureau: Bureau, first: Utterance, *others: Utterance) -> Sent:
    """Say several acts in one transaction: all of them or none; returns what became of the first."""

    def write(tx: Transaction) -> Sent:
        said = sent(bureau.utter(tx, first))
        for each in others:
            bureau.utter(tx, each)
        return said

    return bureau.database.write(write)


def sent(kept: Kept) -> Sent:
    """Return what became of an act that was said."""
    head = kept.head
    return Sent(id=kept.id, kind=head.kind, to=head.to, said=head.said, leaf=kept.leaf)


def among(bureau: Bureau, audience: tuple[BureauId, ...]) -> tuple[BureauId, ...]:
    """Return an audience with the source itself in it."""
    # Without the source in its own audience nobody could answer it.
    return (*audience, bureau.me) if audience else ()


def made(make: Callable[..., T], /, **parts: object) -> T:
    """Make an act; what it says of its own shape is for the officer to put right."""
    try:
        return make(**parts)
    except ValueError as problem:
        raise Misused(str(problem)) from None


def text_of(text: str, file: Path | None) -> str:
    """Return the text that was given, or the one in the file."""
    if file is None:
        if not text.strip():
            raise Misused("a message needs a text: give --text, or --file with the name of a text file")
        return text
    if text.strip():
        raise Misused("give --text or --file, not both")
    try:
        # The mark at the beginning that some editors write is no part of the text.
        return file.read_text(encoding="utf-8-sig")
    except OSError as problem:
        raise Misused(f"cannot read {file}: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise Misused(f"{file} is not text in UTF-8; send it with --attach") from None


def labelled(  # noqa: PLR0913, PLR0917 - a label has these parts
    handling: Handling, reliability: Source, certainty: int, confidentiality: Confidentiality, onward: Onward,
    audience: tuple[BureauId, ...], expires: Millis | None,
) -> Label:  # fmt: skip
    """Return the label that the options make."""
    try:
        return Label(
            handling=handling, source=reliability, information=certainty, confidentiality=confidentiality,
            onward=onward, audience=tuple(sorted(set(audience))), expires=expires,
        )  # fmt: skip
    except ValueError as problem:
        raise Misused(str(problem)) from None


def based_on(law: str, until: Millis | None) -> Basis | None:
    """Return the legal basis that the options make, if they name one."""
    if not law:
        if until is not None:
            raise Misused("an end of the legal basis needs the basis itself: give --law")
        return None
    try:
        return Basis(law=law, until=until)
    except ValueError as problem:
        raise Misused(str(problem)) from None
