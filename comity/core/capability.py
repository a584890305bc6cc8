"""What a capability's folder declares, and what rules may look at (decisions 0008, 0015 and 0016).

Capabilities do not import each other. They meet in lists of gates and veils that `app.py` hands to a bureau, and read
each other's acts only through `Seen`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import msgspec

from comity.core.act import Act, Relation, Said
from comity.core.evidence import Findings
from comity.core.handling import Purpose
from comity.core.ids import ActId, BureauId, Millis
from comity.core.keeping import Entered
from comity.core.registry import Role
from comity.core.ruling import Ruling

if TYPE_CHECKING:
    from comity.core.rows import Rows  # That module imports this one.

S = TypeVar("S", bound=msgspec.Struct)


class OfficerRole(StrEnum):
    """What an officer may do at a desk."""

    OFFICER = "officer"
    SUPERVISOR = "supervisor"
    RIGHTS = "rights-officer"
    DELEGATE = "delegate"
    ENGINEER = "engineer"
    AUDITOR = "auditor"


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """Who is looking: every desk call has one, and every veil is asked about one."""

    bureau: BureauId
    officer: str
    unit: str
    role: OfficerRole = OfficerRole.OFFICER
    cases: frozenset[str] = frozenset()
    purpose: Purpose = Purpose.INVESTIGATE


class Shown(msgspec.Struct, frozen=True):
    """The reader may see it whole."""


class Masked(msgspec.Struct, frozen=True):
    """The reader may see it without these fields."""

    fields: tuple[str, ...]


class Hidden(msgspec.Struct, frozen=True):
    """The reader may not learn that it exists."""


Sight = Shown | Masked | Hidden

SHOWN = Shown()
HIDDEN = Hidden()


class Seen(Protocol):
    """The read-only view that rules get of what this bureau has seen so far."""

    @property
    def me(self) -> BureauId:
        """The bureau whose view this is."""

    def act(self, act: ActId) -> Said | None:
        """Return an act by its id."""

    def latest(self, kind: str, subject: ActId) -> Said | None:
        """Return the newest act of a kind about a subject, by this bureau's log."""

    def every(self, kind: str, subject: ActId) -> tuple[Said, ...]:
        """Return the acts of a kind about a subject, in the order of this bureau's log."""

    def state(self, subject: ActId, kind: type[S]) -> S | None:
        """Return the folded state of a subject, if it is of this kind."""

    def accredited(self, bureau: BureauId, function: str, now: Millis) -> Ruling:
        """Rule by the registry whether a bureau may say or be told something new of a capability."""

    def role(self, bureau: BureauId) -> Role | None:
        """Return what the registry says that a party is; nothing for a party that it does not know."""

    def proven(self, file: bytes) -> Findings:
        """Return what a proof file proves, with its keys checked up to the first root of this organisation.

        Raises:
            Malformed: it is none, it is of another organisation, or something in it does not hold.

        """


Gate = Callable[[Said, Seen, Millis], Ruling]
"""``may_<verb>(said, seen, now) -> Ruling``; runs on each act, at the sender before it is said and at the recipient."""

Veil = Callable[[Said, Reader, Seen], Sight]
"""Rules on reading one act or row."""

Fold = Callable[[Any, Entered], Any]
"""``fold(state or None, entered) -> state``; the state is a frozen struct of the capability."""


class Step(msgspec.Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """Something that falls due; `node/due.py` sees to it that it is done once."""

    when: Millis
    """The moment; with `after`, how many milliseconds after that bureau received the act that opened the subject."""
    what: str
    """Its name; no two steps of one subject share name and bureau."""
    after: BureauId | None = None
    """Whose receipt R1 starts the clock (decision 0009)."""
    by: BureauId | None = None
    """Whose node does it; None where every party only notes that the moment has come."""
    says: Act | None = None
    """What `by` then says, in its own name and no officer's."""
    to: tuple[BureauId, ...] = ()
    """To whom."""
    refs: tuple[Relation, ...] = ()
    """What it names, beside the conversation that it belongs to."""

    @property
    def bureau(self) -> BureauId:
        """Whose clock it is; empty for a step of everybody's."""
        return self.after or self.by or BureauId("")


@dataclass(frozen=True, kw_only=True)
class Capability:
    """What a folder of `comity/capabilities` declares; no logic."""

    name: str
    acts: tuple[type[Act], ...]
    gates: tuple[Gate, ...] = ()
    veils: tuple[Veil, ...] = ()
    fold: Fold | None = None
    state: type[msgspec.Struct] | None = None
    """The struct that `fold` returns; needed to keep it."""
    due: Callable[[Any], tuple[Step, ...]] | None = None
    erases: Callable[[Any, BureauId], frozenset[ActId]] | None = None
    """``erases(state, me)``: acts of others whose bodies must not rest at bureau `me`; erased as soon as it says so."""
    spent: Callable[[Said, Seen], bool] | None = None
    """``spent(said, seen)``: an act of ours, on which every recipient has ruled, whose body is to be erased here."""
    rows: "Rows | None" = None
    """What its acts do to rows, where they carry any."""
    desk: tuple[Callable[..., Any], ...] = ()
    """Functions ``f(bureau, reader, ...)``: typed signature and docstring become CLI help, API schema and form."""
