"""A relay at work in one organisation: it takes envelopes in, holds them, and hands them to whom they are addressed.

Authority: decisions 0011 (what a relay sees), 0018 (R0), 0033. It has a signing key and no key that opens anything;
what it reads are frames. Its database is the promise: R0 is signed only after the commit of all that it names. What it
took stays until its recipient has committed it, or the sender's own expiry has passed; mail for a party that is out for
good goes back as a signed statement to its sender. When it is full it refuses new work and says why.

The cryptography runs before the transaction; `faces/relay.py` brings the bytes and waits where a poll has to wait.
"""

import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import msgspec

from comity.core import carriage, cose
from comity.core.carriage import MOST_CARRIED, Carried, Collect, Returned
from comity.core.codec import decode
from comity.core.cose import Signer
from comity.core.envelope import Delivery, Frame, Lane, sha256
from comity.core.errors import Malformed, Misused, Refused
from comity.core.exchange import SKEW, framed
from comity.core.ids import BureauId, Digest, Millis, OrgId
from comity.core.registry import KeyUse, Registry, Standing
from comity.core.ruling import Refusal, require
from comity.node import mailboxes
from comity.node.blobs import Blobs
from comity.node.database import Database, Transaction
from comity.node.keyring import Keyring
from comity.node.mailboxes import CARRIED, MADE_WITHIN, Limits, Mail, Piece, Shelf, Size, Told

HANDED = Size(pieces=256, bytes=8 * 1024 * 1024)
"""What one poll is given at most: what a bureau commits in well under a second, so that urgent mail waits no longer."""

ASIDE = 5 * 60_000
"""How long mail that its recipient cannot keep yet is not handed out, milliseconds."""


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a sender is answered: what became of each delivery, and R0 for those that are held."""

    outcomes: tuple[Told, ...]
    carried: bytes = b""
    """COSE_Sign1 of `core.carriage.Carried`; empty when nothing is."""


class Stale(msgspec.Struct, frozen=True, kw_only=True):
    """A poll whose serial does not grow: it did nothing. The last one's serial is told, so that the owner can go on."""

    last: int


class Bells:
    """Who waits for mail just now; rung after the commit that brought some."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._lock = threading.Lock()
        self._ears: dict[BureauId, list[Callable[[], None]]] = {}

    def ring(self, bureau: BureauId) -> None:
        """Tell those who wait for the mail of a bureau to look."""
        with self._lock:
            ears = list(self._ears.get(bureau, ()))
        for ear in ears:
            ear()

    @contextmanager
    def listening(self, bureau: BureauId, ear: Callable[[], None]) -> Iterator[None]:
        """Call `ear`, from any thread, whenever there may be mail."""
        with self._lock:
            self._ears.setdefault(bureau, []).append(ear)
        try:
            yield
        finally:
            with self._lock:
                self._ears[bureau].remove(ear)


@dataclass(frozen=True, kw_only=True)
class Relay:
    """A relay in one organisation."""

    org: OrgId
    me: BureauId
    database: Database
    blobs: Blobs
    keyring: Keyring
    registry: Callable[[], Registry]
    now: Callable[[], Millis]
    free: Callable[[], int]
    """Free bytes of the disk that all of it lies on."""
    limits: Limits = field(default_factory=Limits)
    bells: Bells = field(default_factory=Bells)
    _aside: dict[BureauId, dict[int, Millis]] = field(default_factory=dict)
    """Mail that is not handed out until then; a restart forgets it, and hands it out once more."""
    _newest: dict[BureauId, int] = field(default_factory=dict)
    """The serial of the poll that waits now; an older one is sent home."""

    # Mail in.

    def take(self, raws: Sequence[bytes]) -> Answer:
        """Take deliveries in; the answer, with R0 for those that are held, comes after their commit.

        Raises:
            Malformed: more deliveries than one statement can name.
            Unreachable: the database takes nothing; nothing is held.

        """
        if len(raws) > MOST_CARRIED:
            raise Malformed(f"{len(raws)} deliveries in one request, {MOST_CARRIED} at most")
        registry, now = self.registry(), self.now()
        read = [self._read(raw, registry, now) for raw in raws]
        pieces = [piece for piece in read if isinstance(piece, Piece)]
        ruled = iter(self._hold(pieces, now))
        outcomes = tuple(next(ruled) if isinstance(each, Piece) else each for each in read)
        held = [each for each, told in zip(read, outcomes, strict=True) if told.code == CARRIED]
        frames = [each.frame for each in held if isinstance(each, Piece)]
        for bureau in {frame.to for frame in frames}:
            self.bells.ring(bureau)
        return Answer(outcomes=outcomes, carried=self._promise(frames))

    def _hold(self, pieces: list[Piece], now: Millis) -> list[Told]:
        if not pieces:
            return []
        shelf = Shelf(org=self.org, limits=self.limits, whole=self.blobs.complete)
        return self.database.write(lambda tx: mailboxes.deposit(tx, shelf, pieces, now))

    def _promise(self, frames: list[Frame]) -> bytes:
        if not frames:
            return b""
        sealed = tuple(dict.fromkeys(frame.sealed for frame in frames))
        return carriage.carry(Carried(org=self.org, relay=self.me, at=self.now(), sealed=sealed), self._signer())

    def _read(self, raw: bytes, registry: Registry, now: Millis) -> Piece | Told:
        """Check what a relay can check of one delivery; the envelope stays shut."""
        try:
            delivery = decode(raw, Delivery)
            frame = self._admit(delivery.frame, registry, now)
        except Malformed as problem:
            return Told(code="malformed", reason=str(problem))
        except Refused as refused:
            return mailboxes.told(refused.refusal)
        if frame.sealed != sha256(delivery.sealed):
            return Told(code="malformed", reason="the frame belongs to another envelope than the one beside it")
        return Piece(frame=frame, raw=raw)

    def _admit(self, raw: bytes, registry: Registry, now: Millis) -> Frame:
        frame = framed(raw, registry)
        key_id = cose.key_id(raw)
        if registry.revocation(frame.sender, key_id) is not None:
            raise Malformed(f"the key {key_id.hex()[:8]} of {frame.sender} is revoked; hand it over directly")
        for party in (frame.sender, frame.to):
            require(registry.may_act(party, "exchange", now))
        if not now - MADE_WITHIN <= frame.said <= now + SKEW:
            reason = f"the frame was made {now - frame.said} ms before our time, frame it anew"
            raise Refused(Refusal("relay.stale", reason, "decision 0033"))
        if frame.expires is not None and frame.expires <= now:
            raise Refused(Refusal("relay.expired", "the frame has expired", "decision 0033"))
        self._check_disk(frame.lane)
        return frame

    def _check_disk(self, lane: Lane) -> None:
        free = self.free()
        mark = self.limits.disk_stop if lane is Lane.URGENT else self.limits.disk_low
        if free < mark:
            raise Refused(Refusal("relay.disk", f"{free} bytes are free, {lane} needs {mark}", "decision 0033"))

    def full(self) -> Refusal | None:
        """Return why nothing at all can be taken in, so that a long request need not be read first."""
        try:
            self._check_disk(Lane.URGENT)
        except Refused as refused:
            return refused.refusal
        return None

    # Mail out.

    def polled(self, raw: bytes) -> Collect | Stale:
        """Verify a poll, let go of what it says is committed, and return it; `waiting` then says what there is.

        Raises:
            Malformed: it does not verify, or is for somebody else.
            Refused: it is stale, or its bureau is out.

        """
        said = carriage.read_collect(raw, self.registry(), self.me, self.now())
        require(self.registry().may_act(said.bureau, "exchange", self.now()))
        last = self.database.write(lambda tx: self._let_go(tx, said))
        if last is not None:
            return Stale(last=last)
        until = Millis(self.now() + ASIDE)
        aside = {number: at for number, at in self._aside.get(said.bureau, {}).items() if at > self.now()}
        self._aside[said.bureau] = aside | dict.fromkeys(said.left, until)
        self._newest[said.bureau] = said.serial
        self.bells.ring(said.bureau)
        return said

    def _let_go(self, tx: Transaction, said: Collect) -> int | None:
        last = mailboxes.last_serial(tx, self.org, said.bureau)
        try:
            carriage.fresh(said, last)
        except Refused:
            return last
        mailboxes.renew(tx, self.org, said.bureau, said.serial)
        _drop(tx, self.blobs, mailboxes.take_out(tx, self.org, said.bureau, said.taken, self.now()))
        return None

    def waiting(self, said: Collect) -> list[Mail]:
        """Return what a mailbox holds now, urgent first."""
        aside = [number for number, at in self._aside.get(said.bureau, {}).items() if at > self.now()]
        with self.database.read() as tx:
            return mailboxes.waiting(tx, self.org, said.bureau, aside, self.now(), HANDED)

    def overtaken(self, said: Collect) -> bool:
        """Tell whether a newer poll of this mailbox is here, so that this one need not wait."""
        return self._newest.get(said.bureau) != said.serial

    def release(self) -> int:
        """Let go of mail for those who are out for good, and tell its senders; returns how much mail that was."""
        ejected = [party for party, one in self.registry().accreditations.items() if one.standing is Standing.EJECTED]
        return sum(self.database.write(partial(self._release, party)) for party in ejected)

    def _release(self, party: BureauId, tx: Transaction) -> int:
        registry, now = self.registry(), self.now()
        ruling = registry.may_act(party, "exchange", now)
        if not isinstance(ruling, Refusal):
            return 0
        lots = mailboxes.lots(tx, self.org, party, MOST_CARRIED)
        for sender, lot in lots.items():
            _drop(tx, self.blobs, mailboxes.give_back(tx, [number for number, _ in lot], now))
            # Our own statements are owed to nobody, nor is anything to a sender that is out too.
            if sender == self.me or isinstance(registry.may_act(sender, "exchange", now), Refusal):
                continue
            said = Returned(
                org=self.org, relay=self.me, to=party, at=now, code=ruling.code,
                sealed=tuple(sealed for _, sealed in lot),
            )  # fmt: skip
            mailboxes.tell(tx, self.org, self.me, sender, carriage.give_back(said, self._signer()), now)
            tx.after.append(partial(self.bells.ring, sender))
        return sum(map(len, lots.values()))

    # Attachments.

    def offered(self, raw: bytes) -> dict[str, list[bytes]]:
        """Keep room for what a frame announces and return what is lacking: by blob, chunks, or [b""] for all.

        Raises:
            Malformed: the frame does not verify.
            Refused: there is no room, or the frame is too old.

        """
        now = self.now()
        frame = self._admit(raw, self.registry(), now)
        refusal = self.database.write(lambda tx: mailboxes.expect(tx, self.limits, self.org, frame, now))
        if refusal is not None:
            raise Refused(refusal)
        return {blob.hex(): lacking for blob in frame.blobs if (lacking := self._lacking(blob))}

    def take_manifest(self, blob: Digest, raw: bytes) -> None:
        """Keep the list of chunks of an announced attachment.

        Raises:
            Malformed: nobody announced it, or the list does not lead to its name.

        """
        limit = self._expected(blob)
        if limit is None:
            raise Malformed("nobody has announced this attachment with a frame")
        self.blobs.accept_manifest(blob, raw, limit)

    def take_chunk(self, blob: Digest, chunk: Digest, raw: bytes) -> None:
        """Keep a chunk of an announced attachment.

        Raises:
            Malformed: nobody announced it, or the bytes are not the chunk.

        """
        if not self.blobs.arrives(blob) and self._expected(blob) is None:
            raise Malformed("nobody has announced this attachment with a frame")
        self.blobs.accept_chunk(blob, chunk, raw)

    def manifest(self, blob: Digest) -> bytes:
        """Return the list of chunks of an attachment, for its recipient; the root is known from frames alone.

        Raises:
            Misused: it is not held for anybody of this organisation.

        """
        self._held(blob)
        return self.blobs.manifest(blob)

    def chunk(self, blob: Digest, chunk: Digest) -> bytes:
        """Return a chunk of an attachment, for its recipient.

        Raises:
            Misused: it is not held for anybody of this organisation.

        """
        self._held(blob)
        return self.blobs.chunk(blob, chunk)

    def _held(self, blob: Digest) -> None:
        if self._expected(blob) is None:
            raise Misused("this relay holds no such attachment")

    def _expected(self, blob: Digest) -> int | None:
        with self.database.read() as tx:
            return mailboxes.expected(tx, self.org, blob)

    def _lacking(self, blob: Digest) -> list[bytes]:
        try:
            return [bytes(chunk) for chunk in self.blobs.missing(blob)]
        except Misused:
            return [b""]

    def _signer(self) -> Signer:
        key = self.registry().profile(self.me).current(KeyUse.SIGN)
        return Signer(key, lambda message: self.keyring.sign(key.kid, message))


def sweep(database: Database, blobs: Blobs, now: Millis) -> int:
    """Let go of what has expired, in all organisations of a relay; returns how much mail has lapsed."""

    def write(tx: Transaction) -> int:
        lapsed, gone = mailboxes.sweep(tx, now)
        _drop(tx, blobs, gone)
        keep = mailboxes.kept(tx)
        # What a crash between a commit and its `drop` left; and what was announced, and released before it came.
        tx.after.append(lambda: _swept(blobs, keep, now))
        return lapsed

    return database.write(write)


def _swept(blobs: Blobs, keep: frozenset[Digest], now: Millis) -> None:
    blobs.sweep(keep, Millis(now - mailboxes.DAY))


def _drop(tx: Transaction, blobs: Blobs, gone: list[Digest]) -> None:
    # After the commit, in the thread of commits: so no mail that names a blob is taken in while it goes.
    tx.after.extend(partial(blobs.drop, blob) for blob in gone)


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How a relay does, counted now."""

    held: int
    taken: int
    """Of the last day."""
    lapsed: int
    """Of the last day."""
    returned: int
    """Of the last day: for bureaus that are out; each sender was told."""
    filled: Size
    room: Size
    free: int
    """Bytes of disk."""
    boxes: tuple[mailboxes.Box, ...]


def status(database: Database, limits: Limits, free: int) -> Status:
    """Count what a relay holds; needs no key, and any process may ask."""
    with database.read() as tx:
        states, boxes, filled = mailboxes.states(tx), mailboxes.boxes(tx), mailboxes.filled(tx)
    return Status(
        held=states["held"], taken=states["taken"], lapsed=states["lapsed"], returned=states["returned"],
        filled=filled, room=limits.total, free=free, boxes=boxes,
    )  # fmt: skip


def free_bytes(folder: Path) -> int:
    """Return the free bytes of the disk under a folder."""
    return shutil.disk_usage(folder).free
