"""What a reader gets of one act once every veil has ruled on it (decision 0016).

The strictest veil counts: one that hides the act hides it, and fields that any of them masks are masked. What is left
of a masked act is `Veiled`, a type of its own, so that a blank title is never taken for the title. Of a kind that this
node does not know only the head is shown, for no veil can rule on a body that nobody can read.

Pure but for what veils look up in `seen`; `node/view.py` reads the store and calls this.
"""

from collections.abc import Iterable

import msgspec

from comity.core.act import Act, Author, Erased, Relation, Said, Unknown, kind_of
from comity.core.capability import HIDDEN, SHOWN, Hidden, Masked, Reader, Seen, Shown, Sight, Veil
from comity.core.handling import Basis, Label, Purpose
from comity.core.ids import ActId, BureauId, Digest, Millis
from comity.node.store import ACCEPTED, Kept, thread_of

INNER = frozenset({"exchange", "keeping"})
"""Capabilities of the exchange itself. Their acts name others, which may be hidden, so none of them is listed: what
they say is shown as an act's ladder and a subject's state."""


class Veiled(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of an act of which fields are masked."""

    tag: str
    shown: tuple[tuple[str, object], ...]
    """Name and value of each field that the reader may see."""


Content = Act | Unknown | Erased | Veiled


class Glimpse(msgspec.Struct, frozen=True, kw_only=True):
    """An act as one reader may see it: what its head says, what this node ruled, and what is shown of the body."""

    number: int
    """Its place in this node's order; pages go by it. Numbers have gaps for many reasons, so a gap tells nothing."""
    id: ActId
    kind: str
    sender: BureauId
    recipients: tuple[BureauId, ...]
    author: Author | None
    said: Millis
    """The sender's clock."""
    at: Millis
    """When this node committed it."""
    leaf: int
    """Its index in this node's log."""
    code: str
    """``accepted``, ``parked``, or the code of the refusal."""
    reason: str
    article: str
    purpose: Purpose
    label: Label
    basis: Basis | None
    refs: tuple[Relation, ...]
    subject: ActId | None
    keeper: BureauId | None
    thread: ActId
    """The act that opened the conversation; itself where it belongs to none."""
    blobs: tuple[Digest, ...]
    approvers: tuple[Author, ...]
    act: Content
    """The tombstone `Erased` also where the body was never kept: refused acts, and parked ones until they are ruled."""
    masked: tuple[str, ...]
    """Names of the fields that are kept from the reader, sorted."""
    erased: bool
    """True when the act was accepted and its body has been erased since."""


def sight(veils: Iterable[Veil], said: Said, reader: Reader, seen: Seen) -> Sight:
    """Rule on reading an act: the strictest of all veils."""
    if said.head.capability in INNER:
        return HIDDEN
    masked: set[str] = set()
    whole = not isinstance(said.act, Unknown)
    for veil in veils:
        match veil(said, reader, seen):
            case Hidden():
                return HIDDEN
            case Masked(fields):
                whole = False
                masked.update(fields)
            case Shown():
                continue
    return SHOWN if whole else Masked(tuple(sorted(masked)))


def content(act: Act | Unknown | Erased, seen_as: Shown | Masked) -> Content:
    """Return as much of what is said as the ruling leaves."""
    match seen_as, act:
        case (Shown(), _) | (_, Erased()):
            return act
        case Masked(), Unknown():
            return Veiled(tag=act.tag, shown=())
        case Masked(fields), Act():
            names = (name for name in act.__struct_fields__ if name not in fields)
            return Veiled(tag=kind_of(act), shown=tuple((name, getattr(act, name)) for name in names))


def glimpse(kept: Kept, said: Said, seen_as: Shown | Masked) -> Glimpse:
    """Return a kept act as a reader may see it who is shown it so."""
    head = kept.head
    return Glimpse(
        number=kept.number, id=kept.id, kind=head.kind, sender=head.sender, recipients=head.to, author=head.author,
        said=head.said, at=kept.at, leaf=kept.leaf, code=kept.code, reason=kept.reason, article=kept.article,
        purpose=head.purpose, label=head.label, basis=head.basis, refs=head.refs, subject=head.subject,
        keeper=head.keeper, thread=thread_of(kept.id, head), blobs=head.blobs, approvers=said.approvers,
        act=content(said.act, seen_as), masked=seen_as.fields if isinstance(seen_as, Masked) else (),
        erased=isinstance(said.act, Erased) and kept.code == ACCEPTED,
    )  # fmt: skip
