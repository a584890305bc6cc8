"""The folded state of subjects, kept beside the acts it is made of (decisions 0014 and 0015).

A state begins with the act that opens its subject; what arrives earlier is folded together with it. From then on each
act is folded in the transaction that stores it: one that counts at once as number 0, one that counts when entered only
along its keeper's chain. So acts that count at once must commute with each other and with entries.

`computed` makes the same state from the acts alone and writes nothing: erasing uses it, and whoever wants to know
whether what is kept is right (`node/rebuild.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from sqlalchemy import Row, and_, delete, insert, select

from comity.core.act import Kinds, Said
from comity.core.capability import Capability
from comity.core.codec import decode, encode
from comity.core.ids import ActId, BureauId, Millis
from comity.core.keeping import Entered, Entry, Handover
from comity.core.receipt import ACCEPTED
from comity.node import schema
from comity.node.database import Transaction
from comity.node.query import Query

if TYPE_CHECKING:
    from comity.node.store import Kept  # The store imports this module.


class Acts(Protocol):
    """What is needed of the store."""

    @property
    def member(self) -> int:
        """The number of the membership."""

    @property
    def kinds(self) -> Kinds:
        """The kinds that this node knows."""

    @property
    def capabilities(self) -> tuple[Capability, ...]:
        """The capabilities of this node."""

    def find(self, tx: Transaction, act: ActId) -> "Kept | None":
        """Return an act by its id."""

    def said(self, tx: Transaction, kept: "Kept") -> Said:
        """Return an act as rules see it."""

    def acts_of(self, tx: Transaction, subject: ActId) -> "list[Kept]":
        """Return the accepted acts about a subject in the order of our log."""

    def spoken_of(self, tx: Transaction, ids: Sequence[ActId]) -> set[ActId]:
        """Return those that acts here are about."""

    def others_of(self, tx: Transaction, subject: ActId) -> "list[Kept]":
        """Return them without the act that opened it."""

    def accuse(self, tx: Transaction, against: BureauId, what: str, one: bytes, other: bytes, at: Millis) -> None:
        """Keep two signatures that contradict each other."""


@dataclass
class Folded:
    """A subject as far as it is folded."""

    subject: ActId
    capability: Capability
    keeper: str
    """Empty where acts count without an entry."""
    last: ActId
    """The last folded entry, or the subject."""
    entered: int = 0
    state: msgspec.Struct | None = None
    handed_over: bool = False
    """True when the keeper has changed since it was read."""
    passed: list[tuple[int, str]] = field(default_factory=list)
    """Numbers folded since it was read, each with the keeper who gave it."""

    @property
    def row(self) -> dict[str, object]:
        """What the table `subjects` holds of it."""
        return {
            "subject": self.subject, "capability": self.capability.name, "keeper": self.keeper,
            "entered": self.entered, "last": self.last, "state": encode(self.state) if self.state is not None else b"",
        }  # fmt: skip


_ROW = Query(
    lambda member, subject: select(schema.subjects).where(
        schema.subjects.c.member == member, schema.subjects.c.subject == subject
    )
)
_e = schema.entries.c
_ENTRY = Query(
    lambda member, subject, position, sender: select(schema.entries).where(
        _e.member == member, _e.subject == subject, _e.position == position, _e.sender == sender
    )
)


def subject_of(kinds: Kinds, said: Said) -> ActId | None:
    """Return what an act is about: what its head names, or itself if it opens a subject."""
    return said.head.subject or (said.id if kinds.struct(said.head.kind).opens else None)


def row_of(acts: Acts, tx: Transaction, subject: ActId) -> Row[Any] | None:
    """Return what is kept of a subject."""
    return tx.one(_ROW, member=acts.member, subject=subject)


def fold(acts: Acts, tx: Transaction, said: Said, number: int, *, fresh: bool = False) -> None:
    """Fold a newly accepted act into the state of its subject, or note the entry that it is.

    A `fresh` one was made in this transaction, so nothing about it can be here.
    """
    subject = subject_of(acts.kinds, said)
    if subject is None:
        return
    unspoken = _unspoken(acts, tx)
    alone = fresh or said.id in unspoken
    unspoken.discard(subject)
    # Before the act that opens a subject is here, nothing is kept of it.
    row = row_of(acts, tx, subject) if said.id != subject else None
    if isinstance(said.act, Entry):
        _note(acts, tx, said, said.act, int(row.entered) if row is not None else 0)
    if row is None:
        begun = computed(acts, tx, subject, opening=said if said.id == subject else None, alone=alone)
        if begun is not None:
            _write(acts, tx, begun, begun.row, number)
        return
    folded = _read(acts, row)
    if folded is None:
        return
    if not isinstance(said.act, Entry) and not acts.kinds.struct(said.head.kind).kept:
        _apply(folded, Entered(number=0, said=said))
    _advance(acts, tx, folded)
    values = folded.row
    if (values["state"], folded.entered) != (bytes(row.state), int(row.entered)):
        _write(acts, tx, folded, values, number)


def foresee(acts: Acts, tx: Transaction, ids: Sequence[ActId]) -> None:
    """Look, once for many acts that are about to come in, of which of them nothing was said here before they came.

    Asking for each would also write the acts that wait, one by one, as the answer could lie among them.
    """
    if ("foreseen", acts.member, *ids[:1]) not in tx.notes:
        tx.notes["foreseen", acts.member, *ids[:1]] = True
        _unspoken(acts, tx).update(set(ids) - acts.spoken_of(tx, ids))


def _unspoken(acts: Acts, tx: Transaction) -> set[ActId]:
    """Return the acts that nothing was said of yet, as far as somebody has looked in this transaction."""
    known: set[ActId] = tx.notes.setdefault(("unspoken", acts.member), set())
    return known


def refold(acts: Acts, tx: Transaction, subject: ActId, changed: int) -> None:
    """Compute the state of a subject again and keep it; `changed` is the act that changed it."""
    folded = computed(acts, tx, subject)
    if folded is not None:
        _write(acts, tx, folded, folded.row, changed)


def computed(
    acts: Acts, tx: Transaction, subject: ActId, opening: Said | None = None, *, alone: bool = False
) -> Folded | None:
    """Return the state that heads, surviving bodies and tombstones make; None before the opening act is here.

    `opening` is that act where it is at hand, accepted just now; `alone` says that nothing else was said of it yet.
    """
    opening = opening or _opening(acts, tx, subject)
    if opening is None or opening.head.subject is not None or not acts.kinds.struct(opening.head.kind).opens:
        return None
    capability = _capability(acts, opening.head.capability)
    if capability is None:
        return None
    folded = Folded(subject, capability, opening.head.keeper or "", subject)
    _apply(folded, Entered(number=0, said=opening))
    others = [] if alone else acts.others_of(tx, subject)
    for kept in others:
        if kept.head.capability == capability.name and not acts.kinds.struct(kept.head.kind).kept:
            _apply(folded, Entered(number=0, said=acts.said(tx, kept)))
    if others:
        # Entries are acts about the subject, so there is no chain where nothing else was said.
        _advance(acts, tx, folded)
    return folded


def written(acts: Acts, tx: Transaction, subject: ActId) -> msgspec.Struct | None:
    """Return the state that this transaction has written last, so that it need not be read again; None for none."""
    state: msgspec.Struct | None = tx.notes.get(("written", acts.member, subject))
    return state


def _opening(acts: Acts, tx: Transaction, subject: ActId) -> Said | None:
    kept = acts.find(tx, subject)
    return None if kept is None or kept.code != ACCEPTED else acts.said(tx, kept)


def waiting(acts: Acts, tx: Transaction, subject: ActId) -> "list[Kept]":
    """Return the accepted acts about a subject that count only when entered and are not entered yet."""
    row, e = row_of(acts, tx, subject), schema.entries.c
    if row is None:
        return []
    about = and_(e.member == acts.member, e.subject == subject, e.position <= row.entered)
    entered = {bytes(entry.act) for entry in tx.all(select(e.act).where(about))}
    every = acts.acts_of(tx, subject)
    return [kept for kept in every if acts.kinds.struct(kept.head.kind).kept and kept.id not in entered]


def _note(acts: Acts, tx: Transaction, said: Said, entry: Entry, entered: int) -> None:
    """Keep an entry until the chain reaches its number; two of one sender with one number are evidence against it.

    Whether the sender is the keeper at that number is seen when the chain is there, not before.
    """
    if said.head.subject != entry.subject or entry.number < 1:
        return
    e, sender = schema.entries.c, said.head.sender
    place = and_(e.member == acts.member, e.subject == entry.subject, e.position == entry.number, e.sender == sender)
    held = tx.one(select(e.entry).where(place))
    if held is not None:
        acts.accuse(tx, sender, "fork", bytes(held.entry), said.id, said.head.said)
    elif entry.number > entered:
        row = {
            "member": acts.member, "subject": entry.subject, "position": entry.number, "sender": sender,
            "entry": said.id, "previous": entry.previous, "act": entry.act,
        }  # fmt: skip
        tx.run(insert(schema.entries).values(**row))


def _advance(acts: Acts, tx: Transaction, folded: Folded) -> None:
    """Fold along the keeper's chain as far as it is whole, everything in it is here, and the keeper signed it."""
    while folded.keeper:
        number = folded.entered + 1
        entry = tx.one(_ENTRY, member=acts.member, subject=folded.subject, position=number, sender=folded.keeper)
        if entry is None or bytes(entry.previous) != folded.last:
            return
        kept = acts.find(tx, ActId(bytes(entry.act)))
        if kept is None or kept.code != ACCEPTED or kept.head.subject != folded.subject:
            # A keeper cannot draw an act about something else into its own chain.
            return
        said = acts.said(tx, kept)
        if acts.kinds.struct(kept.head.kind).kept:
            _apply(folded, Entered(number=number, said=said))
        folded.passed.append((number, folded.keeper))
        folded.entered, folded.last = number, ActId(bytes(entry.entry))
        # Only the keeper itself hands over: what somebody else proposes is entered without anybody having agreed.
        if isinstance(said.act, Handover) and said.head.sender == folded.keeper:
            folded.keeper = said.act.to
            folded.handed_over = True


def _apply(folded: Folded, entered: Entered) -> None:
    """Fold one act; one of another capability is kept, and of no effect."""
    if entered.said.head.capability == folded.capability.name and folded.capability.fold is not None:
        folded.state = folded.capability.fold(folded.state, entered)


def _read(acts: Acts, row: Row[Any]) -> Folded | None:
    capability = _capability(acts, str(row.capability))
    if capability is None or capability.state is None:
        return None
    state = decode(bytes(row.state), capability.state) if row.state else None
    last = ActId(bytes(row.last))
    return Folded(ActId(bytes(row.subject)), capability, str(row.keeper), last, int(row.entered), state)


def _write(acts: Acts, tx: Transaction, folded: Folded, values: dict[str, object], changed: int) -> None:
    tx.put(schema.subjects, [{"member": acts.member, **values, "changed": changed}])
    tx.notes["written", acts.member, folded.subject] = folded.state
    if folded.handed_over:
        tx.notes["handed over", acts.member, folded.subject] = True
    e = schema.entries.c
    for number, keeper in folded.passed:
        place = and_(e.member == acts.member, e.subject == folded.subject, e.position == number)
        tx.run(delete(schema.entries).where(and_(place, e.sender != keeper)))


def _capability(acts: Acts, name: str) -> Capability | None:
    """Return the capability that folds what is about its subjects, if there is one of this name."""
    found = next((capability for capability in acts.capabilities if capability.name == name), None)
    return found if found is not None and found.fold is not None and found.state is not None else None
