"""What a relay keeps in its database: mail by mailbox, attachments that it expects, and how full each room is.

Authority: decision 0033. A line of mail is *held* until its recipient has committed it (*taken*), its frame has expired
(*lapsed*), or its recipient is out for good (*returned*: its sender is told). Then the envelope goes at once, and the
line stays for a day, so that the same bytes, shown again by whoever listened on the line, are not held a second time.
Nothing else is ever taken away.

Room is counted, not measured: pieces and bytes of each sender, of each recipient, and of all together, in the
transaction that fills or frees it. Every function here runs inside a transaction of the caller (`node/relay.py`).
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import and_, delete, exists, func, insert, or_, select, update

from comity.core.envelope import Frame, Lane, sha256
from comity.core.exchange import SKEW
from comity.core.ids import BureauId, Digest, Millis, OrgId
from comity.core.ruling import Refusal
from comity.node import schema
from comity.node.bureau import LANES
from comity.node.database import Transaction

DAY = 86_400_000

MADE_WITHIN = DAY
"""How old a frame may be, milliseconds. Our post frames anew for each attempt, so a day is for clocks and sticks; and
it bounds for how long a relay must remember what it took."""

REMEMBERED = MADE_WITHIN + 2 * SKEW
"""How long a line without mail stays: longer than its frame is taken."""

SHARE = {Lane.URGENT: 100, Lane.NORMAL: 90, Lane.BULK: 60}
"""Up to which fill of a room, in percent, a lane is taken: the last tenth is for urgent mail alone."""

CARRIED = "carried"
"""The code of what a relay has taken, now or before."""

WAIT = {"relay.quota": 60, "relay.full": 60, "relay.disk": 300}
"""Seconds after which to come again: room is freed when bureaus collect, a disk when somebody looks after it."""


class Size(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much there is, or may be."""

    pieces: int
    bytes: int


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a relay takes at most; for a disk of 50 GB and an organisation of 200 bureaus."""

    total: Size = Size(pieces=1_000_000, bytes=32 << 30)
    sender: Size = Size(pieces=100_000, bytes=8 << 30)
    """A quarter of all: one bureau that floods leaves the others their room."""
    recipient: Size = Size(pieces=200_000, bytes=8 << 30)
    disk_low: int = 4 << 30
    """Free bytes under which only urgent mail is taken."""
    disk_stop: int = 1 << 30
    """Free bytes under which nothing is taken; the rest is for the database's own work."""


class Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the sender is told of one delivery."""

    code: str
    """``carried``, ``malformed``, or a code that begins with ``relay.``."""
    reason: str = ""
    wait: int = 0
    """Seconds after which it is worth to come again."""


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery whose frame was admitted."""

    frame: Frame
    raw: bytes


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """Where mail of one organisation is put."""

    org: OrgId
    limits: Limits
    whole: Callable[[Digest], bool]
    """Tells whether all of an attachment is here, on the disk."""


class Mail(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A delivery on its way out of the mailbox."""

    number: int
    delivery: bytes
    """CBOR of `core.envelope.Delivery`; or `core.carriage.Returned`, signed, when mail of this bureau comes back."""


class Rooms:
    """How full the rooms are, as one transaction sees and changes it; `save` writes it down."""

    def __init__(self, tx: Transaction, limits: Limits) -> None:
        """Begin with nothing read."""
        self._tx, self._limits = tx, limits
        self._found: dict[tuple[str, str, str], list[int]] = {}

    def lacking(self, org: OrgId, frame: Frame, size: Size) -> Refusal | None:
        """Return why there is no room for something of this size, if there is none."""
        share = SHARE[frame.lane]
        for key, limit, code, whose in (
            (_of(org, "sender", frame.sender), self._limits.sender, "relay.quota", f"mail from {frame.sender}"),
            (_of(org, "recipient", frame.to), self._limits.recipient, "relay.quota", f"mail for {frame.to}"),
            (_ALL, self._limits.total, "relay.full", "all mail"),
        ):
            pieces, held = self._read(key)
            if (pieces + size.pieces) * 100 > limit.pieces * share or (held + size.bytes) * 100 > limit.bytes * share:
                return Refusal(code, f"{share} % of the room for {whose} is what {frame.lane} may fill, and it is full")
        return None

    def fill(self, org: OrgId, sender: str, recipient: str, size: Size) -> None:
        """Count something in; with negative numbers, out."""
        for key in (_ALL, _of(org, "sender", sender), _of(org, "recipient", recipient)):
            held = self._read(key)
            held[0] += size.pieces
            held[1] += size.bytes

    def save(self) -> None:
        """Write down what has changed."""
        rows = [
            {"org": org, "side": side, "party": party, "pieces": pieces, "bytes": held}
            for (org, side, party), (pieces, held) in self._found.items()
        ]
        self._tx.put(schema.room, rows)

    def _read(self, key: tuple[str, str, str]) -> list[int]:
        if key not in self._found:
            r = schema.room.c
            place = and_(r.org == key[0], r.side == key[1], r.party == key[2])
            row = self._tx.one(select(r.pieces, r.bytes).where(place))
            self._found[key] = [0, 0] if row is None else [int(row.pieces), int(row.bytes)]
        return self._found[key]


_ALL = ("", "all", "")


def _of(org: OrgId, side: str, party: str) -> tuple[str, str, str]:
    return (org, side, party)


def told(refusal: Refusal) -> Told:
    """Return a refusal as the sender is told it."""
    return Told(code=refusal.code, reason=refusal.reason, wait=WAIT.get(refusal.code, 0))


# Mail in.


def deposit(tx: Transaction, shelf: Shelf, pieces: Sequence[Piece], now: Millis) -> list[Told]:
    """Hold what there is room for, in the order given, and say what became of each."""
    org, rooms = shelf.org, Rooms(tx, shelf.limits)
    known = _known(tx, org, pieces)
    outcomes: list[Told] = []
    fresh: list[Piece] = []
    for piece in pieces:
        frame, size = piece.frame, Size(pieces=1, bytes=len(piece.raw))
        if (frame.to, frame.sealed) in known:
            outcomes.append(Told(code=CARRIED))
            continue
        refusal = _lacking(tx, shelf, frame) or rooms.lacking(org, frame, size)
        if refusal is not None:
            outcomes.append(told(refusal))
            continue
        rooms.fill(org, frame.sender, frame.to, size)
        known.add((frame.to, frame.sealed))
        fresh.append(piece)
        outcomes.append(Told(code=CARRIED))
    if fresh:
        first = tx.count("mail", len(fresh))
        tx.run(insert(schema.mail), [_row(org, piece, first + n, now) for n, piece in enumerate(fresh)])
        blobs = [
            {"number": first + n, "blob": blob, "org": org, "sender": piece.frame.sender}
            for n, piece in enumerate(fresh)
            for blob in dict.fromkeys(piece.frame.blobs)
        ]
        if blobs:
            tx.run(insert(schema.enclosed), blobs)
        rooms.save()
    return outcomes


def _known(tx: Transaction, org: OrgId, pieces: Sequence[Piece]) -> set[tuple[str, bytes]]:
    m = schema.mail.c
    digests = [piece.frame.sealed for piece in pieces]
    rows = tx.all(select(m.recipient, m.sealed).where(and_(m.org == org, m.sealed.in_(digests))))
    return {(row.recipient, bytes(row.sealed)) for row in rows}


def _lacking(tx: Transaction, shelf: Shelf, frame: Frame) -> Refusal | None:
    """Find an attachment that is not here, or that this sender has not announced: then it may go any moment."""
    e = schema.expected.c
    for blob in frame.blobs:
        place = and_(e.org == shelf.org, e.blob == blob, e.sender == frame.sender)
        if tx.one(select(e.at).where(place)) is None or not shelf.whole(blob):
            return Refusal("malformed", "an attachment is not here yet; offer it and send its chunks first")
    return None


def _row(org: OrgId, piece: Piece, number: int, now: Millis) -> dict[str, object]:
    frame = piece.frame
    return {
        "number": number, "org": org, "sender": frame.sender, "recipient": frame.to, "lane": LANES[frame.lane],
        "sealed": frame.sealed, "bytes": len(piece.raw), "at": now, "expires": frame.expires, "state": "held",
        "forget_at": None, "delivery": piece.raw,
    }  # fmt: skip


# Mail out.


def waiting(
    tx: Transaction, org: OrgId, bureau: BureauId, aside: Collection[int], now: Millis, most: Size
) -> list[Mail]:
    """Return what a mailbox holds, urgent first, then in order of arrival; `aside` is left out. At least one piece."""
    m = schema.mail.c
    alive = or_(m.expires.is_(None), m.expires > now)
    place = and_(m.org == org, m.recipient == bureau, m.state == "held", alive, m.number.not_in(list(aside)))
    found: list[Mail] = []
    size = 0
    for row in tx.all(select(m.number, m.bytes).where(place).order_by(m.lane, m.number).limit(most.pieces)):
        size += int(row.bytes)
        if found and size > most.bytes:
            break
        held = tx.one(select(m.delivery).where(m.number == row.number))
        if held is not None:
            found.append(Mail(number=row.number, delivery=bytes(held.delivery)))
    return found


def take_out(tx: Transaction, org: OrgId, bureau: BureauId, numbers: Iterable[int], now: Millis) -> list[Digest]:
    """Let go of mail that its recipient has committed; returns the attachments that nobody waits for any more."""
    m = schema.mail.c
    place = and_(m.org == org, m.recipient == bureau, m.state == "held", m.number.in_(list(numbers)))
    return _let_go(tx, [row.number for row in tx.all(select(m.number).where(place))], "taken", now)


def renew(tx: Transaction, org: OrgId, bureau: BureauId, serial: int) -> None:
    """Note the serial of the newest poll of a mailbox."""
    tx.put(schema.polls, [{"org": org, "bureau": bureau, "serial": serial}])


def last_serial(tx: Transaction, org: OrgId, bureau: BureauId) -> int:
    """Return the serial of the newest poll of a mailbox; 0 before the first."""
    p = schema.polls.c
    row = tx.one(select(p.serial).where(and_(p.org == org, p.bureau == bureau)))
    return 0 if row is None else int(row.serial)


def sweep(tx: Transaction, now: Millis) -> tuple[int, list[Digest]]:
    """Let go of mail that has expired, forget lines that are old enough, and attachments that never came to be mail.

    Returns how much mail has lapsed, and the attachments that nobody waits for any more.
    """
    m, e, n = schema.mail.c, schema.expected.c, schema.enclosed.c
    late = select(m.number).where(and_(m.state == "held", m.expires <= now)).order_by(m.number).limit(1000)
    lapsed = [row.number for row in tx.all(late)]
    gone = lapse(tx, lapsed, now) if lapsed else []
    tx.run(delete(schema.mail).where(m.forget_at <= now))
    mailed = exists().where(and_(n.org == e.org, n.blob == e.blob, n.sender == e.sender))
    idle = select(e.org, e.blob, e.sender).where(and_(e.at <= now - DAY, ~mailed)).limit(1000)
    return len(lapsed), gone + _release(tx, [(row.org, bytes(row.blob), row.sender) for row in tx.all(idle)])


def lapse(tx: Transaction, numbers: list[int], now: Millis) -> list[Digest]:
    """Let go of mail that nobody will fetch any more; returns the attachments that nobody waits for."""
    return _let_go(tx, numbers, "lapsed", now)


def lots(tx: Transaction, org: OrgId, bureau: BureauId, most: int) -> dict[BureauId, list[tuple[int, Digest]]]:
    """Return the oldest mail of a mailbox by its senders: number, and digest of the sealed bytes."""
    m = schema.mail.c
    place = and_(m.org == org, m.recipient == bureau, m.state == "held")
    found: dict[BureauId, list[tuple[int, Digest]]] = {}
    for row in tx.all(select(m.number, m.sender, m.sealed).where(place).order_by(m.number).limit(most)):
        found.setdefault(BureauId(row.sender), []).append((row.number, Digest(bytes(row.sealed))))
    return found


def give_back(tx: Transaction, numbers: list[int], now: Millis) -> list[Digest]:
    """Let go of mail whose recipient is out; returns the attachments that nobody waits for."""
    return _let_go(tx, numbers, "returned", now)


def tell(tx: Transaction, org: OrgId, relay: BureauId, to: BureauId, raw: bytes, now: Millis) -> None:
    """Put what the relay itself has to say into a mailbox, before all other mail.

    No room is asked for: it stands for mail that has gone, and is smaller.
    """
    rooms, number = Rooms(tx, Limits()), tx.count("mail")
    row = {
        "number": number, "org": org, "sender": relay, "recipient": to, "lane": LANES[Lane.URGENT],
        "sealed": sha256(raw), "bytes": len(raw), "at": now, "expires": None, "state": "held", "forget_at": None,
        "delivery": raw,
    }  # fmt: skip
    tx.run(insert(schema.mail).values(**row))
    rooms.fill(org, relay, to, Size(pieces=1, bytes=len(raw)))
    rooms.save()


def _let_go(tx: Transaction, numbers: list[int], state: str, now: Millis) -> list[Digest]:
    if not numbers:
        return []
    m, n = schema.mail.c, schema.enclosed.c
    rooms = Rooms(tx, Limits())
    for row in tx.all(select(m.org, m.sender, m.recipient, m.bytes).where(m.number.in_(numbers))):
        rooms.fill(OrgId(row.org), row.sender, row.recipient, Size(pieces=-1, bytes=-int(row.bytes)))
    rooms.save()
    values = {"state": state, "delivery": None, "forget_at": now + REMEMBERED}
    tx.run(update(schema.mail).where(m.number.in_(numbers)).values(**values))
    named = {
        (row.org, bytes(row.blob), row.sender) for row in tx.all(select(schema.enclosed).where(n.number.in_(numbers)))
    }
    tx.run(delete(schema.enclosed).where(n.number.in_(numbers)))
    return _release(tx, sorted(each for each in named if not _enclosed(tx, *each)))


def _enclosed(tx: Transaction, org: str, blob: bytes, sender: str) -> bool:
    n = schema.enclosed.c
    return tx.one(select(n.number).where(and_(n.org == org, n.blob == blob, n.sender == sender)).limit(1)) is not None


# Attachments.


def expect(tx: Transaction, limits: Limits, org: OrgId, frame: Frame, now: Millis) -> Refusal | None:
    """Keep room for the attachments that a frame announces; returns why there is none."""
    e = schema.expected.c
    place = and_(e.org == org, e.sender == frame.sender, e.blob.in_(frame.blobs))
    held = {bytes(row.blob) for row in tx.all(select(e.blob).where(place))}
    rooms = Rooms(tx, limits)
    fresh = [blob for blob in dict.fromkeys(frame.blobs) if blob not in held]
    for blob in fresh:
        size = Size(pieces=1, bytes=frame.blob_bytes)
        refusal = rooms.lacking(org, frame, size)
        if refusal is not None:
            return refusal
        rooms.fill(org, frame.sender, frame.to, size)
        row = {"org": org, "blob": blob, "sender": frame.sender, "recipient": frame.to, "bytes": frame.blob_bytes}
        tx.run(insert(schema.expected).values(**row, at=now))
    if fresh:
        rooms.save()
    return None


def expected(tx: Transaction, org: OrgId, blob: Digest) -> int | None:
    """Return how many bytes an attachment was announced with; None when nobody of this organisation did."""
    e = schema.expected.c
    row = tx.one(select(e.bytes).where(and_(e.org == org, e.blob == blob)).order_by(e.bytes.desc()).limit(1))
    return None if row is None else int(row.bytes)


def kept(tx: Transaction) -> frozenset[Digest]:
    """Return every attachment that somebody still waits for."""
    return frozenset(Digest(bytes(row.blob)) for row in tx.all(select(schema.expected.c.blob).distinct()))


def _release(tx: Transaction, idle: Iterable[tuple[str, bytes, str]]) -> list[Digest]:
    """Free the room of announced attachments; returns those that nobody else has announced."""
    e = schema.expected.c
    gone: list[Digest] = []
    rooms = Rooms(tx, Limits())
    for org, blob, sender in idle:
        place = and_(e.org == org, e.blob == blob, e.sender == sender)
        row = tx.one(select(e.recipient, e.bytes).where(place))
        if row is None:
            continue
        rooms.fill(OrgId(org), sender, row.recipient, Size(pieces=-1, bytes=-int(row.bytes)))
        tx.run(delete(schema.expected).where(place))
        if tx.one(select(e.at).where(e.blob == blob).limit(1)) is None:
            gone.append(Digest(blob))
    rooms.save()
    return gone


# Looking.


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """What waits in one mailbox."""

    org: OrgId
    bureau: BureauId
    pieces: dict[str, int]
    """By lane."""
    bytes: int
    oldest: Millis
    """When the oldest piece came."""


def boxes(tx: Transaction) -> tuple[Box, ...]:
    """Return what waits, mailbox by mailbox."""
    m = schema.mail.c
    counted = select(
        m.org, m.recipient, m.lane, func.count().label("pieces"), func.sum(m.bytes).label("size"),
        func.min(m.at).label("oldest"),
    )  # fmt: skip
    place = counted.where(m.state == "held").group_by(m.org, m.recipient, m.lane)
    names = {number: lane.value for lane, number in LANES.items()}
    found: dict[tuple[str, str], Box] = {}
    for row in tx.all(place.order_by(m.org, m.recipient, m.lane)):
        key, oldest = (row.org, row.recipient), Millis(row.oldest)
        box = found.get(key) or Box(org=row.org, bureau=row.recipient, pieces={}, bytes=0, oldest=oldest)
        found[key] = msgspec.structs.replace(
            box, pieces=box.pieces | {names[row.lane]: int(row.pieces)}, bytes=box.bytes + int(row.size),
            oldest=min(box.oldest, oldest),
        )  # fmt: skip
    return tuple(found.values())


def filled(tx: Transaction) -> Size:
    """Return how full the relay is, attachments as they were announced."""
    pieces, held = Rooms(tx, Limits())._read(_ALL)  # noqa: SLF001 - the one room that is the relay's own
    return Size(pieces=pieces, bytes=held)


def states(tx: Transaction) -> dict[str, int]:
    """Return how many lines there are in each state; those without mail of the last day."""
    m = schema.mail.c
    counted = Counter({"held": 0, "taken": 0, "lapsed": 0, "returned": 0})
    lines = tx.all(select(m.state, func.count().label("lines")).group_by(m.state))
    counted.update({row.state: int(row.lines) for row in lines})
    return dict(counted)
