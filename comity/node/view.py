"""The only road to acts and state for desks and faces: everything that is read passes the veils here (decision 0016).

Hidden means that the reader cannot tell that it exists. So what is hidden is missing from lists, pages and threads;
counts are taken after the veil; and a state that rests on something the reader may not see is folded again without it,
as on a node that never got it. What a masked act looks like, and why acts of the exchange itself are not listed,
stands in `node/glimpse.py`.

Reading costs a veil for each act that comes into question, and a count costs it for all of them, so faces ask for
pages. Nothing here is kept between two calls, and nothing is written.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Generic, TypeVar

import msgspec
from sqlalchemy import ColumnElement, and_, select

from comity.core import cose
from comity.core.act import Erased, Head, Said
from comity.core.capability import Capability, Hidden, Reader, Shown, Sight
from comity.core.codec import decode
from comity.core.envelope import Signed
from comity.core.errors import Malformed, Misused
from comity.core.ids import ActId, BureauId, Millis, act_id
from comity.core.keeping import Entry
from comity.core.registry import Role, Standing
from comity.node import schema
from comity.node.bureau import Bureau
from comity.node.database import Transaction
from comity.node.due import Fallen, fallen, starts
from comity.node.glimpse import INNER, Content, Glimpse, Veiled, glimpse, sight
from comity.node.ladder import Ladder, Reached, Silence, answered, climbed
from comity.node.refold import fold_seen
from comity.node.store import ACCEPTED, PARKED, Kept, Past, thread_of

__all__ = [
    "ACCEPTED",
    "EVERY",
    "PARKED",
    "Content",
    "Direction",
    "Evidence",
    "Fallen",
    "Glimpse",
    "Kept",
    "Ladder",
    "Page",
    "Peer",
    "Reached",
    "Ruled",
    "Silence",
    "Subject",
    "Veiled",
    "View",
    "Wanted",
]

S = TypeVar("S", bound=msgspec.Struct)
T = TypeVar("T")

PAGE = 50
"""Acts on a page, if nothing else is asked: two screens."""

MOST = 500
"""Acts on one page at most; who wants all of them asks for the next page."""

_CHUNK = 100
"""Numbers read at once while looking for acts that the reader may see."""


class Direction(StrEnum):
    """Whose acts: those of other bureaus, or our own."""

    IN = "in"
    OUT = "out"


class Ruled(StrEnum):
    """What this node ruled on an act."""

    ACCEPTED = "accepted"
    PARKED = "parked"
    REFUSED = "refused"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which acts: each field that is set narrows it down."""

    kinds: tuple[str, ...] = ()
    """Full kinds, any of them: ``messages.request/1``."""
    direction: Direction | None = None
    sender: BureauId | None = None
    subject: ActId | None = None
    """The act that opened what they are about; it is among them."""
    thread: ActId | None = None
    ruled: Ruled | None = None


EVERY = Wanted()
"""All acts that can be listed."""


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A piece of a list, newest first."""

    items: tuple[T, ...]
    older: int | None = None
    """What to ask for as `before` to get the next page; None when the reader has seen all."""


class Subject(msgspec.Struct, Generic[S], frozen=True, kw_only=True):
    """What acts are about, as it stands for this reader."""

    opened: Glimpse
    state: S


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Two signed statements of one bureau that contradict each other."""

    number: int
    against: BureauId
    what: str
    one: bytes
    other: bytes
    at: Millis


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """Where a party stands by the registry, and how much of its log we have seen."""

    bureau: BureauId
    name: str
    role: Role
    standing: Standing
    functions: tuple[str, ...]
    since: Millis
    until: Millis | None
    decided_by: str
    article: str
    languages: tuple[str, ...]
    size: int
    """Leaves of its log in the last checkpoint that we verified; 0 before the first."""
    seen: Millis | None
    """When we verified it."""


_DIGITS = re.compile(r"[0-9a-f]{4,64}")


@dataclass(frozen=True)
class View:
    """What one reader may see at one bureau."""

    bureau: Bureau
    reader: Reader

    def __post_init__(self) -> None:
        """Refuse a reader of another bureau: what bureaus tell each other goes through acts, not through a view."""
        if self.reader.bureau != self.bureau.me:
            raise Misused(f"a reader of {self.reader.bureau} at the desk of {self.bureau.me}")

    # Acts.

    def act(self, act: ActId) -> Glimpse | None:
        """Return an act; None when there is none, or none for this reader."""
        with self._open() as (tx, past):
            kept = self.bureau.store.find(tx, act)
            return None if kept is None else self._glimpse(tx, past, kept)

    def find(self, digits: str) -> Glimpse:
        """Return the one act whose id begins with these hexadecimal digits, among those that the reader may see.

        Raises:
            Misused: none begins so, or several do, or these are no digits.

        """
        text = digits.strip().lower()
        if not _DIGITS.fullmatch(text):
            raise Misused("an act is named by the first digits of its id, at least 4: 0 to 9 and a to f")
        a = schema.acts.c
        first, last = (bytes.fromhex(text.ljust(64, fill)) for fill in "0f")
        with self._open() as (tx, past):
            span = and_(_narrowed(self.bureau, EVERY), a.id >= first, a.id <= last)
            every = (self.bureau.store.by_number(tx, int(row.number)) for row in tx.all(select(a.number).where(span)))
            seen = (kept for kept in every if not isinstance(self._judge(tx, past, kept)[1], Hidden))
            found = list(islice(seen, 2))
            if len(found) == 1 and (one := self._glimpse(tx, past, found[0])) is not None:
                return one
        raise Misused(f"{'several acts begin' if found else 'no act that you may see begins'} with {text}")

    def acts(self, wanted: Wanted = EVERY, *, limit: int = PAGE, before: int | None = None) -> Page[Glimpse]:
        """Return a page of acts, newest first; `before` is the `older` of the page before."""
        with self._open() as (tx, past):
            return _page(self._scan(tx, past, wanted, before), limit, lambda found: found.number)

    def inbox(self, *kinds: str, limit: int = PAGE, before: int | None = None) -> Page[Glimpse]:
        """Return a page of what others said to us and we accepted."""
        wanted = Wanted(kinds=kinds, direction=Direction.IN, ruled=Ruled.ACCEPTED)
        return self.acts(wanted, limit=limit, before=before)

    def outbox(self, *kinds: str, limit: int = PAGE, before: int | None = None) -> Page[Glimpse]:
        """Return a page of what we said."""
        return self.acts(Wanted(kinds=kinds, direction=Direction.OUT), limit=limit, before=before)

    def refused(self, *, limit: int = PAGE, before: int | None = None) -> Page[Glimpse]:
        """Return a page of what others said to us and we refused; of these the body was not kept."""
        return self.acts(Wanted(ruled=Ruled.REFUSED), limit=limit, before=before)

    def count(self, wanted: Wanted = EVERY) -> int:
        """Return how many of these acts the reader may see; costs a veil for each."""
        with self._open() as (tx, past):
            numbers = self._numbers(tx, wanted, None)
            sights = (self._judge(tx, past, self.bureau.store.by_number(tx, number))[1] for number in numbers)
            return sum(not isinstance(seen_as, Hidden) for seen_as in sights)

    def thread(self, act: ActId) -> tuple[Glimpse, ...]:
        """Return the conversation that an act belongs to, oldest first; empty when the act is not for this reader."""
        with self._open() as (tx, past):
            kept = self.bureau.store.find(tx, act)
            if kept is None or isinstance(self._judge(tx, past, kept)[1], Hidden):
                return ()
            wanted = Wanted(thread=thread_of(kept.id, kept.head))
            return tuple(reversed(list(self._scan(tx, past, wanted, None))))

    def kept(self, act: ActId) -> Kept | None:
        """Return head, frame and approvals as they were signed, for proofs; None when it is not for this reader."""
        with self._open() as (tx, past):
            kept = self.bureau.store.find(tx, act)
            return kept if kept is not None and self._glimpse(tx, past, kept) is not None else None

    def signed(self, act: ActId) -> Signed:
        """Return the signed act with its body and salt, for whoever may see it whole.

        Raises:
            Misused: there is none for this reader, a part of it is masked, or its body is not here.

        """
        with self._open() as (tx, past):
            kept = self.bureau.store.find(tx, act)
            found = None if kept is None else self._glimpse(tx, past, kept)
            if kept is None or found is None:
                raise Misused("there is no such act here")
            if isinstance(found.act, Veiled):
                raise Misused("a part of this act is not for this reader, so the signed whole is not either")
            return self.bureau.store.signed(tx, kept)

    # State.

    def state(self, subject: ActId, kind: type[S]) -> S | None:
        """Return the state of a subject as far as the reader may see what it rests on.

        Raises:
            Misused: no capability keeps a state of this kind.

        """
        capability = self._keeping(kind)
        with self._open() as (tx, past):
            found = self._subject(tx, past, subject, kind, capability)
            return None if found is None else found.state

    def states(self, kind: type[S], *, limit: int = PAGE, before: int | None = None) -> Page[Subject[S]]:
        """Return a page of the subjects that have a state of this kind, the newest opened first.

        Raises:
            Misused: no capability keeps a state of this kind.

        """
        capability = self._keeping(kind)
        with self._open() as (tx, past):
            found = self._subjects(tx, past, kind, capability, before)
            return _page(found, limit, lambda subject: subject.opened.number)

    # The exchange.

    def receipts(self, act: ActId) -> tuple[Ladder, ...]:
        """Return how far an act of ours has come with each recipient, or for one that we received, what we answered.

        Empty when the act is not for this reader.
        """
        with self._open() as (tx, past):
            kept = self.bureau.store.find(tx, act)
            if kept is None or self._glimpse(tx, past, kept) is None:
                return ()
            if kept.head.sender != self.bureau.me:
                return (answered(self.bureau, tx, kept),)
            return tuple(climbed(self.bureau, tx, kept, to) for to in kept.head.to if to != self.bureau.me)

    def starts(self, subject: ActId) -> dict[BureauId, Millis]:
        """Return when each recipient received the act that opened a subject, as far as we know: clocks start there.

        Empty when the act is not for this reader.
        """
        with self._open() as (tx, past):
            opening = self.bureau.store.find(tx, subject)
            if opening is None or self._glimpse(tx, past, opening) is None:
                return {}
            return starts(self.bureau, tx, opening)

    def fallen(self, what: str) -> tuple[Fallen, ...]:
        """Return the steps of this name that have fallen due and were done, the latest first; of subjects for us."""
        with self._open() as (tx, past):
            found = []
            for each in fallen(self.bureau, tx, what):
                opening = self.bureau.store.find(tx, each.subject)
                if opening is not None and self._glimpse(tx, past, opening) is not None:
                    found.append(each)
            return tuple(found)

    def evidence(self) -> tuple[Evidence, ...]:
        """Return what contradicts itself, oldest first; not what concerns an act that is hidden from the reader."""
        with self._open() as (tx, past):
            e = schema.evidence.c
            rows = tx.all(select(schema.evidence).where(e.member == self.bureau.member).order_by(e.number))
            every = (
                Evidence(
                    number=row.number, against=BureauId(row.against), what=row.what, one=bytes(row.one),
                    other=bytes(row.other), at=Millis(row.at),
                )
                for row in rows
            )  # fmt: skip
            return tuple(each for each in every if all(self._tells(tx, past, each)))

    def peers(self) -> tuple[Peer, ...]:
        """Return every party of the organisation by name; the registry is open to all of them, so no veil rules."""
        registry = self.bureau.registry()
        with self.bureau.database.read() as tx:
            p = schema.peers.c
            rows = tx.all(select(p.bureau, p.size, p.at).where(p.member == self.bureau.member))
        seen = {BureauId(row.bureau): (int(row.size), Millis(row.at)) for row in rows}
        peers = []
        for bureau, accreditation in sorted(registry.accreditations.items()):
            profile = registry.profiles.get(bureau)
            size, at = seen.get(bureau, (0, None))
            peers.append(
                Peer(
                    bureau=bureau, name=profile.name if profile else "", role=accreditation.role,
                    standing=accreditation.standing, functions=accreditation.functions, since=accreditation.since,
                    until=accreditation.until, decided_by=accreditation.decided_by, article=accreditation.article,
                    languages=profile.languages if profile else (), size=size, seen=at,
                )
            )  # fmt: skip
        return tuple(peers)

    # The veil.

    @contextmanager
    def _open(self) -> Iterator[tuple[Transaction, Past]]:
        with self.bureau.database.read() as tx:
            yield tx, self.bureau.past(tx)

    def _judge(self, tx: Transaction, past: Past, kept: Kept) -> tuple[Said, Sight]:
        said = self.bureau.store.said(tx, kept)
        return said, sight(self.bureau.veils, said, self.reader, past)

    def _glimpse(self, tx: Transaction, past: Past, kept: Kept) -> Glimpse | None:
        said, seen_as = self._judge(tx, past, kept)
        return None if isinstance(seen_as, Hidden) else self._look(glimpse(kept, said, seen_as))

    def _look(self, found: Glimpse) -> Glimpse:
        """Let an act go to the reader: all of them pass here, so that this is the place to note who looked at what."""
        return found

    def _scan(self, tx: Transaction, past: Past, wanted: Wanted, before: int | None) -> Iterator[Glimpse]:
        for number in self._numbers(tx, wanted, before):
            found = self._glimpse(tx, past, self.bureau.store.by_number(tx, number))
            if found is not None:
                yield found

    def _numbers(self, tx: Transaction, wanted: Wanted, before: int | None) -> Iterator[int]:
        """Yield the numbers of acts, newest first, whether the reader may see them or not."""
        a = schema.acts.c
        where = _narrowed(self.bureau, wanted)
        while True:
            older = [a.number < before] if before is not None else []
            query = select(a.number).where(and_(where, *older)).order_by(a.number.desc()).limit(_CHUNK)
            numbers = [int(row.number) for row in tx.all(query)]
            yield from numbers
            if len(numbers) < _CHUNK:
                return
            before = numbers[-1]

    # Parts of state.

    def _keeping(self, kind: type[S]) -> Capability:
        for capability in self.bureau.capabilities:
            if capability.state is kind:
                return capability
        raise Misused(f"no capability keeps a state of the kind {kind.__name__}")

    def _subjects(
        self, tx: Transaction, past: Past, kind: type[S], capability: Capability, before: int | None
    ) -> Iterator[Subject[S]]:
        a, s = schema.acts.c, schema.subjects.c
        joined = schema.subjects.join(schema.acts, and_(a.member == s.member, a.id == s.subject))
        ours = and_(s.member == self.bureau.member, s.capability == capability.name)
        # By the opening act: by the last change, an act that the reader may not see would move the line.
        while True:
            older = [a.number < before] if before is not None else []
            query = select(s.subject, a.number).select_from(joined).where(and_(ours, *older))
            rows = tx.all(query.order_by(a.number.desc()).limit(_CHUNK))
            for row in rows:
                found = self._subject(tx, past, ActId(bytes(row.subject)), kind, capability)
                if found is not None:
                    yield found
            if len(rows) < _CHUNK:
                return
            before = int(rows[-1].number)

    def _subject(
        self, tx: Transaction, past: Past, subject: ActId, kind: type[S], capability: Capability
    ) -> Subject[S] | None:
        opening = self.bureau.store.find(tx, subject)
        if opening is None or opening.code != ACCEPTED:
            return None
        opened = self._glimpse(tx, past, opening)
        kept = self.bureau.store.state(tx, subject, kind)
        if opened is None or kept is None:
            return None
        about = [each for each in self.bureau.store.acts_of(tx, subject) if each.head.capability == capability.name]
        judged = [self._judge(tx, past, each) for each in about]
        if all(isinstance(seen_as, Shown) for _, seen_as in judged):
            return Subject(opened=opened, state=kept)
        again = fold_seen(self.bureau, tx, subject, capability, judged)
        return Subject(opened=opened, state=again) if isinstance(again, kind) else None

    # Parts of evidence.

    def _tells(self, tx: Transaction, past: Past, evidence: Evidence) -> Iterator[bool]:
        """Yield for each act that the evidence would tell of whether the reader may know of it."""
        store = self.bureau.store
        for raw in (evidence.one, evidence.other):
            named = {ActId(raw)} if evidence.what == "fork" else set()
            entry = store.find(tx, ActId(raw)) if named else None
            if entry is not None and isinstance(act := store.said(tx, entry).act, Entry):
                named = {act.subject, act.act}
            for kept in filter(None, (store.find(tx, act) for act in named)):
                yield not isinstance(self._judge(tx, past, kept)[1], Hidden)
            if (said := _headed(raw)) is not None:
                yield not isinstance(sight(self.bureau.veils, said, self.reader, past), Hidden)


def _headed(raw: bytes) -> Said | None:
    """Return the act of a signed head that is kept as evidence; None when the evidence is of another form."""
    try:
        payload = cose.payload_of(raw)
        head = decode(payload, Head)
    except Malformed:
        return None
    return Said(id=act_id(payload), head=head, act=Erased(tag=head.kind))


def _page(found: Iterator[T], limit: int, place: Callable[[T], int]) -> Page[T]:
    if not 1 <= limit <= MOST:
        raise Misused(f"a page holds 1 to {MOST}, not {limit}")
    # One more than asked: whether the page has a next one depends on what the reader may see, not on what there is.
    items = tuple(islice(found, limit + 1))
    return Page(items=items[:limit], older=place(items[limit - 1]) if len(items) > limit else None)


def _narrowed(bureau: Bureau, wanted: Wanted) -> ColumnElement[bool]:
    a = schema.acts.c
    parts: list[ColumnElement[bool]] = [a.member == bureau.member]
    # They would be judged hidden one by one; receipts are half of all acts.
    parts += [a.kind.not_like(f"{name}.%") for name in sorted(INNER)]
    if wanted.kinds:
        parts.append(a.kind.in_(wanted.kinds))
    if wanted.direction is not None:
        parts.append(a.sender == bureau.me if wanted.direction is Direction.OUT else a.sender != bureau.me)
    if wanted.sender is not None:
        parts.append(a.sender == wanted.sender)
    if wanted.subject is not None:
        parts.append(a.subject == wanted.subject)
    if wanted.thread is not None:
        parts.append(a.thread == wanted.thread)
    match wanted.ruled:
        case Ruled.REFUSED:
            parts.append(a.code.not_in((ACCEPTED, PARKED)))
        case Ruled.ACCEPTED:
            parts.append(a.code == ACCEPTED)
        case Ruled.PARKED:
            parts.append(a.code == PARKED)
        case None:
            pass
    return and_(*parts)
