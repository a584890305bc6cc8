"""What the desk functions of hits share: options, what is answered, and how a hit is found and said again."""

from enum import StrEnum
from typing import Annotated

import msgspec

from comity.capabilities.hits.acts import Hit
from comity.capabilities.hits.rules import Course
from comity.core.capability import OfficerRole, Reader
from comity.core.desk import about, made
from comity.core.errors import Misused, Refused
from comity.core.handling import Basis, Label, Purpose
from comity.core.ids import ActId, BureauId, Millis
from comity.core.ruling import Refusal
from comity.node.bureau import Bureau
from comity.node.view import Glimpse, Kept, View


class Tongue(StrEnum):
    """A working language."""

    EN = "en"
    FR = "fr"
    ES = "es"
    AR = "ar"


Which = Annotated[str, about("the hit, by the first digits of its id", positional=True)]
OfList = Annotated[str, about("the list, by the first digits of its id", positional=True)]
Key = Annotated[str, about("how its source calls it", positional=True)]
For = Annotated[Purpose, about("purpose of the search (RPD 10)")]
Law = Annotated[str, about("the law that allows it, as lawyers cite it")]
Case = Annotated[str, about("the case that it is for; stays in this house")]
Named = Annotated[str, about("a person's name, in any script and order")]
Born = Annotated[str, about("birth date: 1984, 1984-05 or 1984-05-02")]
Nationality = Annotated[str, about("nationality, by two or three letters")]
Sexed = Annotated[str, about("F, M or X")]
Place = Annotated[str, about("place of birth")]
Number = Annotated[str, about("any number: document, plate, VIN, IMEI, IBAN, telephone; or a passport's zone")]
Land = Annotated[str, about("country that the number is from")]
Speech = Annotated[Tongue, about("language of the explanation")]


class HitSaid(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an act about a hit."""

    id: ActId
    kind: str
    to: tuple[BureauId, ...]
    said: Millis
    hit: ActId
    """The hit that it is about, or is."""


def told(kept: Kept) -> HitSaid:
    """Return what became of an act that was said."""
    return HitSaid(
        id=kept.id, kind=kept.head.kind, to=kept.head.to, said=kept.head.said, hit=kept.head.subject or kept.id
    )


def basis_of(purpose: Purpose, law: str) -> Basis:
    """Return the basis of a search.

    Raises:
        Refused: the purpose is none of the police, or no law is named.

    """
    if purpose is Purpose.ADMINISTRATION:
        reason = "records are searched for a police purpose, not administration"
        raise Refused(Refusal("hits.purpose", reason, "RPD 10"))
    if not law.strip():
        raise Refused(Refusal("hits.basis", "who searches names the law that allows it: --law", "RPD 10"))
    return made(Basis, law=law.strip())


def found_hit(bureau: Bureau, reader: Reader, digits: str) -> tuple[Glimpse, Hit]:
    """Return a hit as it was said.

    Raises:
        Misused: it is none that this reader may see whole.

    """
    found = View(bureau, reader).find(digits)
    if not isinstance(found.act, Hit):
        raise Misused("this act is no hit, or none that you may see whole; look at: comity hits list")
    return found, found.act


def course_of(bureau: Bureau, reader: Reader, hit: ActId) -> Course:
    """Return what has become of a hit."""
    state = View(bureau, reader).state(hit, Course)
    if state is None:
        raise Misused("this act is no hit, or none that you may see; look at: comity hits list")
    return state


def label_of(label: Label, until: Millis) -> Label:
    """Return the label under which is said that a row was met: the row's own, as long as the row may rest."""
    return msgspec.structs.replace(label, expires=until)


def marked(label: Label) -> str:
    """Return a label as it stands beside what was found, so that it is not lost where that is copied to.

    >>> marked(Label(audience=(BureauId("ma"), BureauId("no"))))
    'H0, official-use-only, onward ask, for ma no'
    """
    audience = f", for {' '.join(label.audience)}" if label.audience else ""
    return f"{label.handling}, {label.confidentiality}, onward {label.onward}{audience}"


def overseer(reader: Reader, roles: frozenset[OfficerRole]) -> None:
    """Let only these roles go on.

    Raises:
        Refused: the reader has another one.

    """
    if reader.role not in roles:
        allowed = ", ".join(sorted(roles))
        reason = f"the journal of looks is about officers: it is for {allowed}"
        raise Refused(Refusal("hits.role", reason, "decision 0054"))
