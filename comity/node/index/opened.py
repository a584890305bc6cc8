"""The index of one node: changes of rows go in, and what a reader may find comes out (decision 0049).

It is derived from the store and says up to which change of the store it holds (`position`), so that after any crash it
asks the store for the rest (`catch_up`) or is made anew (`rebuild`). A change is visible when `apply` returns; looking
takes no lock and never waits for a change, not even for `settle`, which puts what has gathered into the base and writes
again, under new keys, every piece of the disk that still holds something withdrawn. Who withdraws calls it within the
hour (decision 0013); `stale` tells that there is something to do.

What this does not do: rule, or read records. The view asks it, with a reader's flags, and veils the records that it
names.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Self, TypeVar

import msgspec
import numpy as np

from comity.core.errors import Misused
from comity.engines.match.models import Model
from comity.node.bodies import BodyKeys, Entropy
from comity.node.index.changes import Change, Drop, Identifier, Put, Restrict, Rows
from comity.node.index.exact import Exact
from comity.node.index.kernels import I64, U64, Flags
from comity.node.index.packing import packed, payload
from comity.node.index.persons import Answer, Persons
from comity.node.index.policies import RowTable
from comity.node.index.resting import fingerprint, names_of, read, words_of
from comity.node.index.shelf import Shelf

_EXACT, _ROWS, _WORDS, _NAMED = "exact", "rows", "words", "names"
_JOURNAL = 64 << 20
"""Bytes after which the journal is worth folding into one frame: read again in half a second."""
_NAMES = 50_000
"""Names after which the journal is worth folding: it holds them as they were written, and each costs 40 us to read."""
_CHUNK = 100_000
_NONE = np.zeros(0, np.int64)

T = TypeVar("T")


class Compact(NamedTuple):
    """Rows by the hundred thousand, none of which is there."""

    numbers: I64
    policies: I64
    entries: U64
    """Key and payload of each identifier, as `packing` makes them; their keys get mixed in place."""


class Batch(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One frame of the journal: what `apply` did."""

    position: int
    put: tuple[bytes, bytes]
    """Numbers and policies, eight bytes each."""
    added: bytes
    """Mixed entries."""
    then: tuple[tuple[int, tuple[int, ...]], ...]
    """A policy and the rows that get it, 0 to drop them; in their order, before what is put."""
    named: tuple[Put, ...] = ()
    """Names, with their rows; without identifiers."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """The first frame of a journal: what the pieces do not say."""

    seed: int
    position: int
    counts: tuple[int, ...]
    """How many entries each slice holds."""
    added: bytes
    """Mixed entries that are not in the slices."""
    tables: bytes = b""
    """By which tables and rules names were prepared (`resting.fingerprint`); none if no names are kept."""


class Index:
    """The opened index; one process at a time, any number of threads."""

    def __init__(self, folder: Path, keys: BodyKeys, entropy: Entropy, model: Model | None = None) -> None:
        """Open what `create` made; some seconds for a hundred million identifiers, or for a million persons.

        Without a model it keeps identifiers and no names.

        Raises:
            Misused: there is none, another process has it open, it was made with another model, or it is damaged: then
                it must be rebuilt.

        """
        self._model, self._tables = model, b"" if model is None else fingerprint(model)
        self._persons = None if model is None else Persons(model)
        self._fresh_names = 0
        self._lock, self._entropy = threading.RLock(), entropy
        self._rows, self._exact, self._counts = RowTable(), Exact(0), tuple[int, ...]()
        self._shelf = Shelf(folder, keys, entropy)
        try:
            self._load()
        except BaseException:
            self._shelf.close()
            raise

    @classmethod
    def create(cls, folder: Path, keys: BodyKeys, entropy: Entropy, model: Model | None = None) -> Self:
        """Make an empty index at position 0 and open it.

        Raises:
            Misused: there is one in this folder.

        """
        tables = b"" if model is None else fingerprint(model)
        snapshot = Snapshot(seed=int.from_bytes(entropy(8)), position=0, counts=(), added=b"", tables=tables)
        Shelf.create(folder, keys, entropy, msgspec.msgpack.encode(snapshot)).close()
        return cls(folder, keys, entropy, model)

    @classmethod
    def renew(cls, folder: Path, keys: BodyKeys, entropy: Entropy, model: Model | None = None) -> Self:
        """Destroy an index, damaged or made with another model, and open an empty one in its place, to `rebuild`.

        Raises:
            Misused: there is none, or another process has it open.

        """
        Shelf.clear(folder, keys)
        return cls.create(folder, keys, entropy, model)

    def close(self) -> None:
        """Close it; the object is of no more use."""
        with self._lock:
            self._shelf.close()

    def __enter__(self) -> Self:
        """Return itself; leaving the block closes the index."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the index."""
        self.close()

    # ------------------------------------------------------------------------------------------------------- looking

    def lookup(self, allow: Flags, kind: int, text: str) -> tuple[int, ...]:
        """Return the rows that hold this identifier and that the reader may see, in the order of their numbers.

        All of them: there is no cap that rows of others could fill. `allow` comes from `policies.Readers`. If
        `packing.exact` denies it of the key, the caller compares the identifier with the record's.
        """
        return self._exact.find(packed(text), kind, self._rows.policies, allow)

    def lookups(self, allow: Flags, identifiers: Iterable[Identifier]) -> list[tuple[int, ...]]:
        """Look up many for one reader; as `lookup`, one answer each."""
        return [self.lookup(allow, kind, text) for kind, text in identifiers]

    def search(self, allow: Flags, written: str, limit: int = 10) -> Answer:
        """Return the rows whose persons a name most likely means, of those that the reader may see.

        Raises:
            Misused: this index keeps no names.

        """
        if self._persons is None:
            raise Misused("this index keeps no names: it was opened without a model")
        return self._persons.search(written, allow, limit)

    # ------------------------------------------------------------------------------------------------------ changing

    def apply(self, changes: Sequence[Change], position: int) -> None:
        """Take in what the store has committed up to its change `position`; visible when this returns.

        Raises:
            Misused: a number is out of range, a row that is put is there already, or the position was passed already;
                nothing has changed then.
            Unreachable: the disk is full or failing; nothing has changed then.

        """
        with self._lock:
            if position <= self.position:
                raise Misused(f"the index stands at change {self.position} of the store: {position} is not after it")
            batch, added = self._compiled(changes, position)
            self._shelf.append(msgspec.msgpack.encode(batch))
            self._take(batch, added)

    def catch_up(self, rows: Rows) -> bool:
        """Take in what the store has committed since; False if it cannot say it any more: then `rebuild`."""
        changes = rows.since(self.position)
        if changes is None:
            return False
        for position, group in changes:
            self.apply(group, position)
        return True

    def settle(self) -> None:
        """Write again what holds withdrawn rows, under new keys, and fold the journal; a second for each gigabyte."""
        with self._lock:
            dead = self._exact.mark(self._rows.policies)
            if self._exact.due or dead > len(self._exact) // 8:
                self._exact.merge(self._rows.policies)
            if self._persons is not None and (self._stale or self._fresh_names):
                self._persons, self._fresh_names = self._persons.compact(), -1
            self._put_down()

    def rebuild(self, rows: Rows) -> None:
        """Make everything anew from the rows that live; looks see the old index until this returns."""
        with self._lock:
            position, found = rows.live()
            persons = None if self._model is None else Persons(self._model)
            self.refill(position, _taken(found, persons), persons)

    def refill(self, position: int, chunks: Iterable[Compact], persons: Persons | None = None) -> None:
        """Make everything anew of rows that are compact already, and of names that are taken in while they come."""
        with self._lock:
            seed = int.from_bytes(self._entropy(8))
            fresh, table, parts = Exact(seed), RowTable(), list[U64]()
            for chunk in chunks:
                table.check(chunk.numbers, chunk.policies)
                table.put(chunk.numbers, chunk.policies)
                parts.append(fresh.mixed(chunk.entries))
            fresh.merge(table.policies, *parts)
            parts.clear()
            self._seed, self.position = seed, position
            self._rows, self._exact = table, fresh
            if self._model is not None:
                self._persons, self._fresh_names = (persons or Persons(self._model)).compact(), -1
            self._put_down()

    def sync(self) -> None:
        """Force to the disk what was applied; without it a power cut costs a `catch_up`, nothing else."""
        with self._lock:
            self._shelf.sync()

    @property
    def stale(self) -> bool:
        """Whether the disk still holds, sealed, something that was withdrawn."""
        return self._stale

    @property
    def crowded(self) -> bool:
        """Whether so much has gathered in the journal or in the delta that `settle` is worth its time."""
        return self._exact.due or self._shelf.journaled > _JOURNAL or self._fresh_names > _NAMES

    def figures(self) -> dict[str, int]:
        """Return what it holds, and the bytes that it takes in memory and on the disk."""
        return {
            "position": self.position,
            "rows": self._rows.live,
            "identifiers": len(self._exact),
            "names": 0 if self._persons is None else self._persons.size,
            "memory": self._exact.nbytes
            + self._rows.policies.nbytes
            + (0 if self._persons is None else self._persons.nbytes),
            "disk": self._shelf.size,
        }

    # --------------------------------------------------------------------------------------------------------- parts

    def _compiled(self, changes: Sequence[Change], position: int) -> tuple[Batch, U64]:
        # What is put comes last, whatever the order in which it came: numbers are given once, so a row is never put
        # before it is dropped, but a group of changes may put a row and drop it again.
        puts, then = dict[int, Put](), list[tuple[int, tuple[int, ...]]]()
        for change in changes:
            match change:
                case Put():
                    if change.number in puts or self._rows.holds(change.number):
                        raise Misused("a row that is put is there already: a number is given out once")
                    puts[change.number] = change
                case Restrict():
                    self._rows.check(_NONE, np.array([change.policy]))
                    then.append((change.policy, change.numbers))
                    for number in puts.keys() & set(change.numbers):
                        puts[number] = msgspec.structs.replace(puts[number], policy=change.policy)
                case Drop():
                    then.append((0, change.numbers))
                    for number in puts.keys() & set(change.numbers):
                        del puts[number]
        fresh = tuple(puts.values())
        numbers, policies, entries = _compact(fresh)
        self._rows.check(numbers, policies)
        added = self._exact.mixed(entries)
        self._exact.check(len(added))
        put = (numbers.tobytes(), policies.tobytes())
        named = tuple(msgspec.structs.replace(each, identifiers=()) for each in fresh if each.names)
        if named and self._persons is None:
            raise Misused("this index keeps no names: it was opened without a model")
        return Batch(position=position, put=put, added=added.tobytes(), then=tuple(then), named=named), added

    def _take(self, batch: Batch, added: U64) -> None:
        for policy, numbers in batch.then:
            if policy:
                self._rows.restrict(numbers, policy)
            else:
                self._rows.drop(numbers)
                self._stale = True
            if self._persons is not None:
                self._persons.give(numbers, policy)
        rows, what = batch.put
        self._rows.put(np.frombuffer(rows, np.int64), np.frombuffer(what, np.int64))
        self._exact.add(added)
        if self._persons is not None:
            self._persons.put(batch.named)
            self._fresh_names += sum(len(each.names) for each in batch.named)
        self.position = batch.position

    def _put_down(self) -> None:
        # Everything that is not on the disk as it is here, and then the manifest that says so.
        rows, exact, pieces = self._rows.policies, self._exact, self._shelf.manifest.pieces
        old = dict(enumerate(zip(pieces.get(_EXACT, ()), self._counts, strict=True)))
        if len(old) != len(exact.dirty):
            exact.dirty[:] = True
        slices = tuple(self._sliced(n) if exact.dirty[n] else old[n] for n in range(len(exact.dirty)))
        held = pieces.get(_ROWS, ())
        pages = tuple(
            held[n] if n < len(held) and n not in self._rows.touched else self._shelf.put(self._rows.page(n))
            for n in range(self._rows.pages)
        )
        counts = tuple(count for _, count in slices)
        words, names = self._put_down_names()
        snapshot = Snapshot(
            seed=self._seed, position=self.position, counts=counts, added=exact.added(rows).tobytes(),
            tables=self._tables,
        )  # fmt: skip
        fresh = {_EXACT: tuple(number for number, _ in slices), _ROWS: pages, _WORDS: words, _NAMED: names}
        self._shelf.turn(fresh, msgspec.msgpack.encode(snapshot))
        self._counts = counts
        exact.dirty[:] = False
        self._rows.clean()
        self._stale = False

    def _put_down_names(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        # All of them or, if nothing has changed, none: a hundred megabytes for a million names.
        if self._persons is None or not self._fresh_names:
            pieces = self._shelf.manifest.pieces
            return pieces.get(_WORDS, ()), pieces.get(_NAMED, ())
        words = tuple(self._shelf.put(piece) for piece in words_of(self._persons.lexicon))
        names = tuple(self._shelf.put(piece) for piece in names_of(self._persons))
        self._fresh_names = 0
        return words, names

    def _sliced(self, number: int) -> tuple[int, int]:
        part = self._exact.slice(number, self._rows.policies)
        return self._shelf.put(part.tobytes()), len(part)

    def _load(self) -> None:
        frames, pieces = self._shelf.frames(), self._shelf.manifest.pieces
        try:
            snapshot = msgspec.msgpack.decode(next(frames), type=Snapshot)
            self._seed, self.position, self._stale = snapshot.seed, snapshot.position, False
            self._rows, self._exact, self._counts = RowTable(), Exact(snapshot.seed), snapshot.counts
            if pieces:
                self._rows.load(self._shelf.read(number) for number in pieces[_ROWS])
                slices = (self._shelf.read(number) for number in pieces[_EXACT])
                self._exact.load(slices, snapshot.counts)
            if snapshot.tables != self._tables:
                raise Misused("the index was made with another model: rebuild it from the store")
            if self._model is not None and pieces:
                words, names = ((self._shelf.read(number) for number in pieces[what]) for what in (_WORDS, _NAMED))
                self._persons = read(self._model, words, names, self._rows.policies)
            self._exact.add(_array(snapshot.added))
            for frame in frames:
                batch = msgspec.msgpack.decode(frame, type=Batch)
                self._take(batch, _array(batch.added))
        except (msgspec.DecodeError, ValueError, KeyError):
            raise Misused("the index does not hold what its manifest says: rebuild it from the store") from None


def _array(raw: bytes) -> U64:
    return np.frombuffer(raw, np.uint64).reshape(-1, 2)


def _compact(puts: Sequence[Put]) -> Compact:
    # An identifier that a row holds twice is held once, or a look would name the row twice.
    try:
        numbers = np.array([each.number for each in puts], np.int64)
        policies = np.array([each.policy for each in puts], np.int64)
    except OverflowError:
        raise Misused("the number of a row or of a policy does not fit in 64 bits") from None
    flat = [
        word
        for each in puts
        for kind, key in dict.fromkeys((kind, packed(text)) for kind, text in each.identifiers)
        for word in (key, payload(kind, each.number))
    ]
    return Compact(numbers, policies, np.array(flat, np.uint64).reshape(-1, 2))


def _taken(found: Iterator[Put], persons: Persons | None) -> Iterator[Compact]:
    for chunk in _chunks(found, _CHUNK):
        if persons is not None:
            persons.put(chunk)
        yield _compact(chunk)


def _chunks(found: Iterator[T], size: int) -> Iterator[list[T]]:
    while chunk := list(islice(found, size)):
        yield chunk
