"""What is new for one reader since an act's number: the source of live events (decisions 0016 and 0035).

Everything passes the veils as it does in `node/view.py`: a hidden act makes no news, neither of itself, nor of its
receipts, nor of the state that it changes. What the exchange says about itself (receipts, entries) becomes news of the
act that it is about. Numbers are given inside the write lock, so nothing ever appears below a number that was read.

Nothing is kept between two calls: who follows remembers the number. What falls due has no number of its own; it is
told from the moment of the number on, so that after a break it may be told twice and is never left out.
"""

from collections.abc import Iterator

import msgspec
from sqlalchemy import and_, func, select

from comity.core.act import Said
from comity.core.capability import Hidden, Reader
from comity.core.ids import ActId, BureauId, Millis
from comity.core.keeping import Entry
from comity.core.receipt import Receipts, Rung
from comity.node import schema
from comity.node.bureau import Bureau
from comity.node.database import Transaction
from comity.node.glimpse import sight
from comity.node.store import ACCEPTED, Kept, Past, thread_of
from comity.node.subjects import subject_of

CHUNK = 200
"""Acts looked at in one call."""


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """An act was committed here: one that came, or one of our own."""

    number: int
    act: ActId
    kind: str
    sender: BureauId
    recipients: tuple[BureauId, ...]
    subject: ActId | None
    thread: ActId
    code: str
    """``accepted``, ``parked``, or the code of the refusal."""
    at: Millis


class Receipted(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt for an act of ours came."""

    number: int
    """Of the act that brought it."""
    act: ActId
    kind: str
    recipient: BureauId
    rung: Rung
    code: str
    at: Millis
    """The recipient's clock."""


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a subject may have changed."""

    number: int
    subject: ActId
    kind: str
    """Of the act that opened it."""
    at: Millis


class FellDue(msgspec.Struct, frozen=True, kw_only=True):
    """Something fell due about a subject."""

    subject: ActId
    kind: str
    """Of the act that opened it."""
    what: str
    bureau: BureauId | None
    """Whose clock it is; None where it is everybody's."""
    when: Millis
    done: Millis
    """When this node noted it."""


News = Arrived | Receipted | Changed | FellDue

EVENTS: tuple[type[msgspec.Struct], ...] = (Arrived, Receipted, Changed, FellDue)


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What is new, in order."""

    news: tuple[News, ...]
    mark: int
    """What to ask for next; counts what is hidden too, so it is not for the reader."""
    more: bool
    """True when there is more already."""


def newest(bureau: Bureau) -> int:
    """Return the number of the newest act of this membership, 0 when there is none."""
    a = schema.acts.c
    with bureau.database.read() as tx:
        row = tx.one(select(func.max(a.number).label("number")).where(a.member == bureau.member))
    return int(row.number) if row is not None and row.number is not None else 0


def moment_of(bureau: Bureau, number: int) -> Millis:
    """Return when the act of a number was committed, or the one before it where that is gone; 0 for none."""
    a = schema.acts.c
    with bureau.database.read() as tx:
        ours = and_(a.member == bureau.member, a.number <= number)
        row = tx.one(select(a.at).where(ours).order_by(a.number.desc()).limit(1))
    return Millis(row.at) if row is not None else Millis(0)


def since(bureau: Bureau, reader: Reader, after: int) -> Batch:
    """Return what is new for a reader in the next `CHUNK` acts after a number, the oldest first."""
    a = schema.acts.c
    with bureau.database.read() as tx:
        ours = and_(a.member == bureau.member, a.number > after)
        rows = tx.all(select(a.number).where(ours).order_by(a.number).limit(CHUNK))
        looking = _Looking(bureau, reader, tx)
        news = tuple(each for row in rows for each in looking.news(int(row.number)))
    mark = int(rows[-1].number) if rows else after
    return Batch(news=news, mark=mark, more=len(rows) == CHUNK)


def fallen_due(bureau: Bureau, reader: Reader, after: Millis) -> tuple[FellDue, ...]:
    """Return what fell due and was noted here later than `after`, in that order."""
    d = schema.due.c
    with bureau.database.read() as tx:
        done = and_(d.member == bureau.member, d.done > after)
        rows = tx.all(select(schema.due).where(done).order_by(d.done, d.subject, d.what, d.bureau).limit(CHUNK))
        looking, found = _Looking(bureau, reader, tx), []
        for row in rows:
            opening = looking.shown(ActId(bytes(row.subject)))
            if opening is not None:
                whose = BureauId(row.bureau) if row.bureau else None
                found.append(
                    FellDue(
                        subject=opening.id, kind=opening.head.kind, what=row.what, bureau=whose, when=Millis(row.when),
                        done=Millis(row.done),
                    )
                )  # fmt: skip
    return tuple(found)


class _Looking:
    """One look of one reader at what is committed."""

    def __init__(self, bureau: Bureau, reader: Reader, tx: Transaction) -> None:
        self._bureau, self._reader, self._tx = bureau, reader, tx
        self._past: Past = bureau.past(tx)

    def shown(self, act: ActId | None) -> Kept | None:
        """Return an act that the reader may see."""
        kept = None if act is None else self._bureau.store.find(self._tx, act)
        return kept if kept is not None and self._sees(kept) else None

    def news(self, number: int) -> Iterator[News]:
        """Give what one act is news of."""
        kept = self._bureau.store.by_number(self._tx, number)
        match kept.head.capability:
            case "exchange":
                yield from self._receipts(kept)
            case "keeping":
                yield from self._entry(kept)
            case _:
                yield from self._act(kept)

    def _sees(self, kept: Kept) -> bool:
        return not isinstance(sight(self._bureau.veils, self._said(kept), self._reader, self._past), Hidden)

    def _said(self, kept: Kept) -> Said:
        return self._bureau.store.said(self._tx, kept)

    def _act(self, kept: Kept) -> Iterator[News]:
        if not self._sees(kept):
            return
        head = kept.head
        yield Arrived(
            number=kept.number, act=kept.id, kind=head.kind, sender=head.sender, recipients=head.to,
            subject=head.subject, thread=thread_of(kept.id, head), code=kept.code, at=kept.at,
        )  # fmt: skip
        # An act that counts only when it is entered changes nothing before its entry.
        if kept.code == ACCEPTED and not self._bureau.store.kinds.struct(head.kind).kept:
            yield from self._change(kept, subject_of(self._bureau.store.kinds, self._said(kept)))

    def _entry(self, kept: Kept) -> Iterator[News]:
        entry = self._said(kept).act
        if kept.code == ACCEPTED and isinstance(entry, Entry) and self.shown(entry.act) is not None:
            yield from self._change(kept, entry.subject)

    def _change(self, by: Kept, subject: ActId | None) -> Iterator[News]:
        opening = self.shown(subject)
        if opening is None:
            return
        folds = any(each.name == opening.head.capability and each.fold for each in self._bureau.capabilities)
        if folds:
            yield Changed(number=by.number, subject=opening.id, kind=opening.head.kind, at=by.at)

    def _receipts(self, kept: Kept) -> Iterator[News]:
        brought = self._said(kept).act
        if kept.code != ACCEPTED or not isinstance(brought, Receipts):
            return
        for receipt in brought.receipts:
            act = self.shown(ActId(receipt.act))
            if act is not None and act.head.sender == self._bureau.me and kept.head.sender != self._bureau.me:
                yield Receipted(
                    number=kept.number, act=act.id, kind=act.head.kind, recipient=kept.head.sender, rung=receipt.rung,
                    code=receipt.code, at=receipt.at,
                )  # fmt: skip
