"""The search index of one membership, made of its rows and kept up with them (decisions 0049, 0050, 0052).

    home/index/<organisation>/       the index, sealed (node/index/shelf.py)
    home/index/<organisation>.keys   its keys, under a secret of the keyring for this epoch

What a row is found by, its capability says (`Rows.findable`); here it gets numbers for kinds, and a number that puts
rows in order by what they say. Before each answer the index takes in what the store has committed, so that nothing is
found late and nothing withdrawn takes a place. An index that does not open, that was made with another model or before
a restore, is made anew: the store is the truth.

What this does not do: rule on who may see a row. It is handed policies.
"""

import hashlib
import logging
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import func, select

from comity.core.errors import Malformed, Misused, Unreachable
from comity.core.ids import Millis, OrgId
from comity.core.rows import Findable
from comity.engines.match.models import Model, load_model
from comity.node import disk, rowchanges
from comity.node.bodies import BodyKeys
from comity.node.finding import KINDS, Answer, Looked, Question, Status, Told
from comity.node.index import changes
from comity.node.index.changes import Identifier
from comity.node.index.kernels import Flags
from comity.node.index.opened import Index
from comity.node.index.shelf import Busy
from comity.node.rowtables import rows

if TYPE_CHECKING:
    from comity.node.bureau import Bureau  # The bureau imports `finding`.

log = logging.getLogger("comity.searching")

WAIT = 30
"""Seconds for which a question waits while the index takes in rows, or is made anew."""

RESETTLE = 20 * 60_000
"""How long something withdrawn may stay, sealed, in the files of the index, milliseconds; within the hour is owed."""

_NONE = Findable(what="")


class Source:
    """The row store as the index reads it."""

    def __init__(self, bureau: "Bureau") -> None:
        """Take the bureau whose rows they are."""
        self._store, self._database = bureau.store, bureau.database
        self._readers = tuple(each.rows.findable for each in bureau.capabilities if each.rows is not None)

    def live(self) -> tuple[int, Iterator[changes.Put]]:
        """Return the number of the last change and all rows that live after it, seen in one moment."""
        position, found = rowchanges.live(self._store, self._database)
        return position, map(self._put, found)

    def since(self, position: int) -> Iterable[tuple[int, tuple[changes.Change, ...]]] | None:
        """Return the changes after this number; None where the store has not come so far, so is another."""
        if position > self.last():
            return None
        found = rowchanges.since(self._store, self._database, position)
        return ((number, tuple(map(self._change, group))) for number, group in found)

    def last(self) -> int:
        """Return the number of the last change."""
        return rowchanges.last(self._store, self._database)

    def count(self) -> int:
        """Return how many rows live."""
        here = (rows.c.member == self._store.member, rows.c.number.is_not(None))
        with self._database.read() as tx:
            row = tx.one(select(func.count().label("living")).select_from(rows).where(*here))
        return int(row.living) if row is not None else 0

    def _change(self, change: rowchanges.Change) -> changes.Change:
        match change:
            case rowchanges.Put():
                return self._put(change)
            case rowchanges.Restrict(numbers=numbers, policy=policy):
                return changes.Restrict(numbers=numbers, policy=policy)
            case rowchanges.Drop(numbers=numbers):
                return changes.Drop(numbers=numbers)

    def _put(self, put: rowchanges.Put) -> changes.Put:
        found = self._findable(put.row)
        return changes.Put(
            number=put.number, policy=put.policy, names=found.names,
            identifiers=tuple(Identifier(KINDS[kind], text) for kind, text in found.identifiers),
            tie=int.from_bytes(hashlib.blake2b(put.row, digest_size=8).digest()),
        )  # fmt: skip

    def _findable(self, row: bytes) -> Findable:
        for reader in self._readers:
            try:
                return reader(row)
            except Malformed:
                continue
        # One that no capability of this software reads any more: there, and found by nothing.
        return _NONE


class Searching:
    """The opened index of one membership, and the store that it is made from."""

    def __init__(self, bureau: "Bureau", folder: Path, org: OrgId) -> None:
        """Open the index, or make it of the rows that live where there is none that opens.

        Raises:
            Unreachable: another process has it open.

        """
        self._source, self._lock, self._stale_since = Source(bureau), threading.RLock(), Millis(0)
        self._model: Model = load_model()
        self._place, self._path = folder / org, folder / f"{org}.keys"
        self._master, self._entropy = _master(bureau, org), bureau.entropy
        self._keys, self._index = self._opened()
        if self._index.position == 0 and self._source.last():
            self.rebuild()
        self.keep_up()

    def ask(self, question: Question) -> Answer:
        """Return what is found under the question's policies, and apart from it what is found under its quiet ones.

        Raises:
            Unreachable: the index is being made anew.

        """
        self.keep_up()
        quiet = self._looked(question, question.quiet) if question.quiet else Looked()
        return Answer(seen=self._looked(question, question.allow), quiet=quiet)

    def keep_up(self) -> None:
        """Take in what the store has committed since.

        Raises:
            Unreachable: the index is being made anew, and nobody knows for how long.

        """
        if self._index.position == (last := self._source.last()):
            return
        if not self._lock.acquire(timeout=WAIT):
            raise Unreachable("the search index is taking in many records: ask again in a minute")
        try:
            if self._index.position < last and self._index.catch_up(self._source):
                return
            if self._index.position > self._source.last():
                log.warning("the search index is ahead of the store: it is made anew")
                self._index.rebuild(self._source)
        finally:
            self._lock.release()

    def tidy(self, now: Millis) -> None:
        """Write the files anew where they hold something withdrawn since twenty minutes, or where much has gathered."""
        with self._lock:
            if not self._index.stale:
                self._stale_since = Millis(0)
            elif not self._stale_since:
                self._stale_since = now
            due = self._stale_since and now - self._stale_since >= RESETTLE
            if due or self._index.crowded:
                self._index.settle()
                self._stale_since = Millis(0)

    def rebuild(self, told: Told | None = None) -> None:
        """Make the index anew of the rows that live; who asks meanwhile gets the answers of the old one."""
        with self._lock:
            total = self._source.count()
            self._index.rebuild(_Watched(self._source, told, total))
            if told is not None:
                told(total, total)

    def status(self) -> Status:
        """Return how the index stands."""
        held = self._index.figures()
        names = ("rows", "identifiers", "names", "memory", "disk")
        behind = max(self._source.last() - held["position"], 0)
        return Status(**{name: held[name] for name in names}, behind=behind, stale=self._index.stale)

    def close(self) -> None:
        """Close the index; what it has not put in order on the disk the next opening does."""
        with self._lock:
            self._index.close()
            self._keys.close()

    # Parts.

    def _looked(self, question: Question, policies: tuple[int, ...]) -> Looked:
        allow = _flags(policies)
        answers = [self._index.search(allow, name, question.limit) for name in question.names]
        efforts = [answer.effort for answer in answers]
        return Looked(
            holders=tuple(self._index.lookups(allow, (Identifier(*each) for each in question.identifiers))),
            candidates=tuple(tuple((*each,) for each in answer.candidates) for answer in answers),
            effort=(
                sum(each.compared for each in efforts), sum(each.touched for each in efforts),
                sum(each.scored for each in efforts),
            ),
        )  # fmt: skip

    def _opened(self) -> tuple[BodyKeys, Index]:
        disk.private_folder(self._place)
        if not self._path.exists():
            return self._fresh()
        try:
            keys = BodyKeys(self._path, self._master)
        except Misused as problem:
            # Another epoch's, or damaged: whatever lies there was made of a store that this one has left behind.
            log.warning("the keys of the search index do not open, it is made anew: %s", problem)
            return self._fresh()
        try:
            return keys, Index(self._place, keys, self._entropy, self._model)
        except Busy:
            keys.close()
            told = "another process has the search index open and does not answer: ask again in a minute"
            raise Unreachable(told) from None
        except Misused as problem:
            if (self._place / "manifest.json").exists():
                log.warning("the search index does not open, it is made anew: %s", problem)
            return keys, Index.renew(self._place, keys, self._entropy, self._model)

    def _fresh(self) -> tuple[BodyKeys, Index]:
        """Make an empty index; what lies there opens under no key any more."""
        self._path.unlink(missing_ok=True)
        keys = BodyKeys.create(self._path, self._master)
        try:
            return keys, Index.renew(self._place, keys, self._entropy, self._model)
        except Busy:
            keys.close()
            raise Unreachable("another process is making the search index: ask again in a minute") from None


def look(bureau: "Bureau", folder: Path, org: OrgId) -> int:
    """Return at which change of the store the index on the disk stands, without making or mending anything.

    Raises:
        Misused: there is none, it does not open, or another process has it open (`Busy`).

    """
    with (
        BodyKeys(folder / f"{org}.keys", _master(bureau, org)) as keys,
        Index(folder / org, keys, bureau.entropy, load_model()) as index,
    ):
        return index.position


def _master(bureau: "Bureau", org: OrgId) -> bytes:
    # An index that was made before a restore opens under another one, and so not at all.
    return bureau.keyring.secret(f"index {org} {bureau.epoch}")


class _Watched:
    """Rows, told while they go by."""

    def __init__(self, source: Source, told: Told | None, total: int) -> None:
        self._source, self._told, self._total = source, told, total

    def live(self) -> tuple[int, Iterator[changes.Put]]:
        position, found = self._source.live()
        return position, self._counted(found)

    def since(self, position: int) -> Iterable[tuple[int, tuple[changes.Change, ...]]] | None:
        return self._source.since(position)

    def _counted(self, found: Iterator[changes.Put]) -> Iterator[changes.Put]:
        for done, put in enumerate(found):
            if self._told is not None and done % rowchanges.PAGE == 0:
                self._told(done, self._total)
            yield put


def _flags(policies: tuple[int, ...]) -> Flags:
    flags: Flags = np.zeros(max(policies, default=0) + 1, np.bool_)
    flags[list(policies)] = True
    flags[0] = False
    return flags
