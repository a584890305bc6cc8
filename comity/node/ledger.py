"""A bureau's log on disk: one leaf for each act sent, received or refused (decision 0010).

Leaves and tiles are rows of the same database as the acts, written in the same transaction: after a crash there is no
act without its leaf and no leaf without its act. The tree is served to others as C2SP tiles (`faces/api.py`); what a
leaf says is shown only with its salt, to whom the bureau wants to prove it.

Nothing here is ever rewritten: tiles only grow, and a checkpoint is signed only after its root has been computed from
the stored tiles again.
"""

from dataclasses import dataclass, field

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import and_, select, update

from comity.core import checkpoint as notes
from comity.core import log
from comity.core.codec import decode, encode
from comity.core.errors import Malformed, Misused
from comity.core.ids import Digest, Millis
from comity.core.leaf import Leaf, commitment_to
from comity.node import schema
from comity.node.database import Transaction
from comity.node.query import Query


class Proven(msgspec.Struct, frozen=True, kw_only=True):
    """A leaf with its salt and the proof that it stands in the tree of some size."""

    leaf: Leaf
    salt: bytes
    inclusion: log.Inclusion


@dataclass
class _Growing:
    """The leaves that one transaction adds."""

    size: int
    rows: list[dict[str, object]] = field(default_factory=list)
    hashes: list[Digest] = field(default_factory=list)


_SIZE = Query(lambda member: select(schema.memberships.c.size).where(schema.memberships.c.member == member))
_GROWN = Query(
    lambda member, size: update(schema.memberships).where(schema.memberships.c.member == member).values(size=size)
)
_c, _t = schema.checkpoints.c, schema.tiles.c
_LATEST = Query(lambda member: select(_c.size, _c.note).where(_c.member == member).order_by(_c.size.desc()).limit(1))
_TILE = Query(
    lambda member, level, position: select(_t.hashes).where(
        _t.member == member, _t.level == level, _t.position == position
    )
)


class Ledger:
    """The log of one membership."""

    def __init__(self, member: int, origin: str) -> None:
        """Name the log: its membership's number and its origin, the first line of its checkpoints."""
        self.member = member
        self.origin = origin

    def size(self, tx: Transaction) -> int:
        """Return how many leaves are committed, or added in this transaction."""
        growing = tx.notes.get(("ledger", self.member))
        return self._committed(tx) if growing is None else int(growing.size) + len(growing.rows)

    def _committed(self, tx: Transaction) -> int:
        row = tx.one(_SIZE, member=self.member)
        if row is None:
            raise Misused("this database has no such membership")
        return int(row.size)

    def append(self, tx: Transaction, leaf: Leaf, salt: bytes) -> int:
        """Add a leaf and return its index; the tree is written when the transaction commits."""
        growing = tx.notes.get(("ledger", self.member))
        if growing is None:
            growing = tx.notes["ledger", self.member] = _Growing(self.size(tx))
            tx.before.append(lambda: self._flush(tx, growing))
        position = growing.size + len(growing.rows)
        raw = encode(leaf)
        growing.rows.append({"member": self.member, "position": position, "act": leaf.act, "leaf": raw, "salt": salt})
        growing.hashes.append(log.leaf_hash(commitment_to(raw, salt)))
        return position

    def _flush(self, tx: Transaction, growing: _Growing) -> None:
        partial = {}
        for tile in log.partial_tiles(growing.size):
            partial[log.TileId(tile.level, tile.index)] = self.tile(tx, tile.level, tile.index)
        changed = log.append(growing.size, partial, growing.hashes)
        tx.put(
            schema.tiles,
            [
                {"member": self.member, "level": where.level, "position": where.index, "hashes": hashes}
                for where, hashes in changed.items()
            ],
        )
        tx.add(schema.leaves, growing.rows)
        tx.run(_GROWN, member=self.member, size=growing.size + len(growing.rows))

    def tile(self, tx: Transaction, level: int, index: int) -> bytes:
        """Return the hashes held for a tile, 32 bytes each, as far as they are written.

        Raises:
            Malformed: there is no such tile.

        """
        row = tx.one(_TILE, member=self.member, level=level, position=index)
        if row is None:
            raise Malformed(f"the log has no tile {level}/{index}")
        return bytes(row.hashes)

    def root(self, tx: Transaction, size: int) -> Digest:
        """Return the root of the first `size` leaves, computed from the tiles."""
        return log.root_at(size, lambda level, index: self.tile(tx, level, index)) if size else log.EMPTY_ROOT

    def checkpoint(self, tx: Transaction, key: Ed25519PrivateKey, now: Millis) -> bytes:
        """Return the signed checkpoint of what is committed; the newest one is kept, with its cosignatures.

        Leaves that the same transaction adds, for another writer of its group, are not committed yet.
        """
        size = self._committed(tx)
        held = self.latest_checkpoint(tx)
        if held is not None and held[0] == size:
            return held[1]
        note = notes.sign(notes.Checkpoint(self.origin, size, self.root(tx, size)), self.origin, key)
        row = {"member": self.member, "size": size, "note": note, "cosignatures": 0, "at": now}
        tx.put(schema.checkpoints, [row])
        return note

    def latest_checkpoint(self, tx: Transaction) -> tuple[int, bytes] | None:
        """Return size and note of the newest checkpoint, if one was made."""
        row = tx.one(_LATEST, member=self.member)
        return None if row is None else (int(row.size), bytes(row.note))

    def witnessed_checkpoint(self, tx: Transaction, cosignatures: int, size: int = 0) -> tuple[int, bytes] | None:
        """Return the smallest checkpoint of at least `size` leaves that has this many cosignatures."""
        c = schema.checkpoints.c
        enough = and_(c.member == self.member, c.size >= size, c.cosignatures >= cosignatures)
        row = tx.one(select(c.size, c.note).where(enough).order_by(c.size).limit(1))
        return None if row is None else (int(row.size), bytes(row.note))

    def prove(self, tx: Transaction, position: int, size: int) -> Proven:
        """Return leaf `position` with the proof that it stands in the tree of `size` leaves.

        Raises:
            Misused: there is no such leaf in a tree of that size.

        """
        c = schema.leaves.c
        row = tx.one(select(c.leaf, c.salt).where(and_(c.member == self.member, c.position == position)))
        if row is None:
            raise Misused(f"the log has no leaf {position}")
        inclusion = log.prove_inclusion(position, size, lambda level, index: self.tile(tx, level, index))
        return Proven(leaf=decode(bytes(row.leaf), Leaf), salt=bytes(row.salt), inclusion=inclusion)

    def consistency(self, tx: Transaction, old: int, new: int) -> tuple[Digest, ...]:
        """Return the proof that the tree of `new` leaves begins with the tree of `old`."""
        return log.prove_consistency(old, new, lambda level, index: self.tile(tx, level, index))

    def positions(self, tx: Transaction, act: Digest) -> list[int]:
        """Return the indexes of all leaves about an act, oldest first."""
        c = schema.leaves.c
        where = and_(c.member == self.member, c.act == act)
        return [int(row.position) for row in tx.all(select(c.position).where(where).order_by(c.position))]
