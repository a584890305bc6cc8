"""A capability for tests of subjects: minutes that one bureau keeps, lines that count when entered, remarks at once."""

import msgspec

from comity.core.act import Act
from comity.core.capability import Capability
from comity.core.ids import ActId, BureauId
from comity.core.keeping import Entered


class Opening(Act, frozen=True, kw_only=True, tag="minutes.opening/1"):
    """Opens minutes; whoever says it keeps them."""

    opens = True

    title: str


class Line(Act, frozen=True, kw_only=True, tag="minutes.line/1"):
    """A line that counts when it is entered."""

    kept = True

    text: str


class Remark(Act, frozen=True, kw_only=True, tag="minutes.remark/1"):
    """A remark that counts at once; the order of remarks says nothing."""

    text: str


class Scribble(Act, frozen=True, kw_only=True, tag="scribbles.scribble/1"):
    """An act of another capability, which may name minutes as its subject."""

    text: str


class Leaflet(Act, frozen=True, kw_only=True, tag="scribbles.leaflet/1"):
    """Opens a subject of the other capability."""

    opens = True

    text: str


class Written(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One act in the minutes; `size` is absent once its body is erased."""

    number: int
    act: ActId
    sender: BureauId
    size: int | None = None


class Minutes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The folded state."""

    written: tuple[Written, ...] = ()


def fold(state: Minutes | None, entered: Entered) -> Minutes:
    """Write an act down; lines in the order of their numbers, remarks by id."""
    said = entered.said
    text = getattr(said.act, "text", None)
    size = len(text) if isinstance(text, str) else None
    one = Written(number=entered.number, act=said.id, sender=said.head.sender, size=size)
    written = (*(state.written if state else ()), one)
    return Minutes(written=tuple(sorted(written, key=lambda each: (each.number, each.act))))


MINUTES = Capability(name="minutes", acts=(Opening, Line, Remark), fold=fold, state=Minutes)
SCRIBBLES = Capability(name="scribbles", acts=(Scribble, Leaflet), fold=fold, state=Minutes)
BOTH = (MINUTES, SCRIBBLES)
