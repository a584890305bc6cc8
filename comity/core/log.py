"""The Merkle tree of a log, kept as tiles, and its proofs: RFC 6962 section 2.1 and C2SP tlog-tiles (decision 0010).

A log that can be rewritten proves nothing. Here every leaf is bound into one root of 32 bytes; a bureau that has the
root can be shown that an act is in the log (inclusion) and that nothing was rewritten since it last looked
(consistency), each with about log2(n) hashes. Tiles are the stored form: 256 hashes in a row, so that an append
touches one tile per level, a proof reads a few, and a full tile never changes again.

Not here: what a leaf means (node/ledger.py salts it), who signed a root (core/checkpoint.py), and any disk.

The tree of eight entries with which implementations of RFC 6962 test each other, one entry after the other:

>>> entries = [bytes.fromhex(e) for e in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
>>> entries.append(bytes.fromhex("606162636465666768696a6b6c6d6e6f"))
>>> leaves = [leaf_hash(entry) for entry in entries]
>>> root_of(leaves).hex()
'5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'
>>> tiles = append(0, {}, leaves)
>>> sorted(tiles), tile_path(Tile(0, 0, 8))
([TileId(level=0, index=0)], 'tile/0/000.p/8')
>>> proof = prove_inclusion(5, 8, lambda level, index: tiles[TileId(level, index)])
>>> [hash_.hex()[:8] for hash_ in proof.path]
['bc1a0643', 'ca854ea1', 'd37ee418']
>>> verify_inclusion(proof, leaves[5], root_of(leaves))
>>> verify_inclusion(proof, leaves[4], root_of(leaves))
Traceback (most recent call last):
comity.core.errors.Malformed: inclusion proof for leaf 5 of 8 leads to another root
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from comity.core.errors import Malformed, Misused
from comity.core.ids import Digest

HASH_BYTES = 32
"""Bytes of one hash: SHA-256, the only hash of RFC 6962 and of tlog-tiles."""

TILE_HEIGHT = 8
"""Levels of the tree in one tile; fixed by tlog-tiles."""

TILE_WIDTH = 1 << TILE_HEIGHT
"""Hashes in a full tile: 256, which makes 8,192 bytes."""

TILE_BYTES = TILE_WIDTH * HASH_BYTES

MAX_SIZE = (1 << 63) - 1
"""The most leaves that a tree may claim: what fits a signed 64-bit integer, as other implementations hold it."""

MAX_LEVEL = 63
"""The highest level that a tile path may name, by tlog-tiles; a tree of `MAX_SIZE` leaves needs eight."""

EMPTY_ROOT = Digest(hashlib.sha256(b"").digest())
"""The root of a tree without leaves."""

_TILE_PATH = re.compile(r"tile/(0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


class TileId(msgspec.Struct, frozen=True, order=True):
    """Where a tile stands: its level (0 holds leaf hashes) and its place in that level, both from 0."""

    level: int
    index: int


class Tile(msgspec.Struct, frozen=True, order=True):
    """A tile of a tree of some size: `TileId` and the number of hashes in it, 1 to 256."""

    level: int
    index: int
    width: int


class Frontier(msgspec.Struct, frozen=True):
    """The right edge of a tree: all that growing it needs, about log2(size) hashes.

    `peaks` are the roots of the complete subtrees from left to right, one for each bit set in `size`.
    """

    size: int = 0
    peaks: tuple[Digest, ...] = ()


class Inclusion(msgspec.Struct, frozen=True):
    """A proof that a leaf stands at `index` (from 0) in the tree of `size` leaves; `path` goes from leaf to root."""

    index: int
    size: int
    path: tuple[Digest, ...]


ReadTile: TypeAlias = Callable[[int, int], bytes]
"""Gives the bytes held for the tile at (level, index).

A tile may hold more than the size asked for needs, so a store keeps the newest state of each tile only.
"""


def leaf_hash(entry: bytes) -> Digest:
    """Return the hash of an entry; the 0x00 in front keeps a leaf from passing for a node (RFC 6962 2.1)."""
    return Digest(hashlib.sha256(b"\x00" + entry).digest())


def node_hash(left: bytes, right: bytes) -> Digest:
    """Return the hash of two neighbours; the 0x01 in front keeps a node from passing for a leaf (RFC 6962 2.1)."""
    return Digest(hashlib.sha256(b"\x01" + left + right).digest())


def root_of(leaves: Sequence[bytes]) -> Digest:
    """Return the root of the tree over these leaf hashes; hashes every node once."""
    row: list[bytes] = [_leaf(leaf) for leaf in leaves]
    while len(row) > 1:
        # One that is left over at the end of a row is the root of a smaller tree, and joins further up.
        pairs = zip(row[::2], row[1::2], strict=False)
        above = [hashlib.sha256(b"\x01" + left + right).digest() for left, right in pairs]
        row = [*above, row[-1]] if len(row) % 2 else above
    return Digest(row[0]) if row else EMPTY_ROOT


# The right edge.


def grow(edge: Frontier, leaves: Iterable[bytes]) -> Frontier:
    """Return the edge after these leaf hashes were added; needs no other part of the tree."""
    size, peaks = edge.size, list(edge.peaks)
    if len(peaks) != size.bit_count():
        raise Misused(f"edge of a tree of {size} with {len(peaks)} peaks, not {size.bit_count()}")
    for leaf in leaves:
        hash_, rest = _leaf(leaf), size
        # Each bit set at the right end of the size is a complete subtree that the new leaf completes to a larger one.
        while rest & 1:
            hash_, rest = node_hash(peaks.pop(), hash_), rest >> 1
        peaks.append(hash_)
        size += 1
    return Frontier(size, tuple(peaks))


def root_at_edge(edge: Frontier) -> Digest:
    """Return the root of the tree with this edge."""
    if not edge.peaks:
        return EMPTY_ROOT
    *others, root = edge.peaks
    for peak in reversed(others):
        root = node_hash(peak, root)
    return root


def edge_at(size: int, read_tile: ReadTile) -> Frontier:
    """Return the right edge of the tree of `size` leaves, read from tiles; what a ledger does when it starts."""
    return Frontier(size, _peaks(0, size, read_tile))


# Tiles.


def tile_path(tile: Tile) -> str:
    """Return the path under which a log serves the tile.

    >>> tile_path(Tile(0, 1234067, 256)), tile_path(Tile(1, 5, 17))
    ('tile/0/x001/x234/067', 'tile/1/005.p/17')
    """
    level, index, width = tile.level, tile.index, tile.width
    if not (0 <= level <= MAX_LEVEL and index >= 0 and 1 <= width <= TILE_WIDTH):
        raise Misused(f"no tile at level {level}, index {index}, width {width}")
    path = f"{index % 1000:03}"
    while index := index // 1000:
        path = f"x{index % 1000:03}/{path}"
    return f"tile/{level}/{path}" + (f".p/{width}" if width < TILE_WIDTH else "")


def tile_at(path: str) -> Tile:
    """Return the tile that a path names.

    Raises:
        Malformed: it is not a tile's path in its one spelling.

    """
    found = _TILE_PATH.fullmatch(path) if len(path) <= len("tile/63/.p/255") + 5 * TILE_HEIGHT else None
    if found is None:
        raise Malformed("a tile's path reads tile/level/index, with .p/width when it is partial")
    level, index, width = found.groups()
    tile = Tile(int(level), int(index.replace("x", "").replace("/", "")), int(width or TILE_WIDTH))
    if tile.level > MAX_LEVEL or tile.width > TILE_WIDTH or tile_path(tile) != path:
        raise Malformed("a tile's path has level 0 to 63, width 1 to 255 and no empty leading element")
    return tile


def partial_tiles(size: int) -> tuple[Tile, ...]:
    """Return the partial tiles of a tree of `size` leaves, lowest level first; what `append` must be given.

    >>> partial_tiles(70_000)
    (Tile(level=0, index=273, width=112), Tile(level=1, index=1, width=17), Tile(level=2, index=0, width=1))
    """
    found, level = [], 0
    while size:
        size, width = divmod(size, TILE_WIDTH)
        if width:
            found.append(Tile(level, size, width))
        level += 1
    return tuple(found)


def append(size: int, partial: Mapping[TileId, bytes], leaves: Sequence[bytes]) -> dict[TileId, bytes]:
    """Return the tiles that change when these leaf hashes join a tree of `size` leaves, with their new bytes.

    `partial` holds the present bytes of the `partial_tiles`; what else is in it is not looked at. Costs two hashes per
    leaf, however large the tree is. The new bytes of a tile always begin with its old bytes.

    Raises:
        Misused: a partial tile is missing or has another width than `size` says.

    """
    changed: dict[TileId, bytes] = {}
    level, count = 0, size
    fresh: Sequence[bytes] = [_leaf(leaf) for leaf in leaves]
    while fresh:
        index, width = divmod(count, TILE_WIDTH)
        held = partial.get(TileId(level, index), b"") if width else b""
        if len(held) != width * HASH_BYTES:
            raise Misused(f"tile {level}/{index} has {len(held)} bytes, a tree of {size} has {width * HASH_BYTES}")
        row = held + b"".join(fresh)
        tiles = [row[start : start + TILE_BYTES] for start in range(0, len(row), TILE_BYTES)]
        changed |= {TileId(level, index + place): tile for place, tile in enumerate(tiles)}
        fresh = [_fold(tile) for tile in tiles if len(tile) == TILE_BYTES]
        level, count = level + 1, index
    return changed


def node_at(level: int, index: int, read_tile: ReadTile) -> Digest:
    """Return the hash of the complete subtree `index` of 2**level leaves; reads one tile, hashes at most 255 times.

    Raises:
        Malformed: the tile that was read ends before the subtree does, or is no tile.

    """
    tile_level, height = divmod(level, TILE_HEIGHT)
    tile_index, place = divmod(index << height, TILE_WIDTH)
    tile = read_tile(tile_level, tile_index)
    start, end = place * HASH_BYTES, (place + (1 << height)) * HASH_BYTES
    if len(tile) > TILE_BYTES or len(tile) % HASH_BYTES or len(tile) < end:
        raise Malformed(f"tile {tile_level}/{tile_index} has {len(tile)} bytes, expected whole hashes up to {end}")
    return _fold(tile[start:end])


def root_at(size: int, read_tile: ReadTile) -> Digest:
    """Return the root of the tree of `size` leaves, read from tiles."""
    return root_at_edge(edge_at(size, read_tile))


# Making proofs.


def prove_inclusion(index: int, size: int, read_tile: ReadTile) -> Inclusion:
    """Return the proof that leaf `index` is in the tree of `size` leaves; reads about two tiles per level.

    Raises:
        Misused: there is no such leaf.

    """
    if not 0 <= index < size <= MAX_SIZE:
        raise Misused(f"no leaf {index} in a tree of {size}")
    spans, _ = _descend(index, size)
    return Inclusion(index, size, tuple(_span(lo, hi, read_tile) for lo, hi in spans))


def prove_consistency(old: int, new: int, read_tile: ReadTile) -> tuple[Digest, ...]:
    """Return the proof that the tree of `new` leaves begins with the tree of `old`; empty for 0 and for equal sizes.

    Raises:
        Misused: `old` is greater than `new`.

    """
    if not 0 <= old <= new <= MAX_SIZE:
        raise Misused(f"no tree of {new} begins with a tree of {old}")
    if old in {0, new}:
        return ()
    spans, start = _descend(old - 1, new, stop=old)
    # RFC 6962 2.1.2: the subtree where the walk ends is left out when it is the whole old tree: the verifier has that.
    if start:
        spans = [(start, old), *spans]
    return tuple(_span(lo, hi, read_tile) for lo, hi in spans)


# Checking proofs.


def verify_inclusion(proof: Inclusion, leaf: bytes, root: bytes) -> None:
    """Check that the proof leads from this leaf hash to this root.

    Raises:
        Malformed: the proof has another length than its place in the tree asks for, or leads to another root.

    """
    if not 0 <= proof.index < proof.size <= MAX_SIZE:
        raise Malformed(f"inclusion proof for leaf {proof.index} of {proof.size}: no such leaf")
    spans, _ = _descend(proof.index, proof.size)
    _sound("inclusion", proof.path, len(spans))
    hash_ = bytes(leaf)
    for (lo, _), other in zip(spans, proof.path, strict=True):
        hash_ = node_hash(hash_, other) if lo > proof.index else node_hash(other, hash_)
    if hash_ != root or len(leaf) != HASH_BYTES:
        raise Malformed(f"inclusion proof for leaf {proof.index} of {proof.size} leads to another root")


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]) -> None:
    """Check that the tree of `new` leaves with `new_root` begins with the tree of `old` leaves with `old_root`.

    Raises:
        Malformed: the proof has another length than the sizes ask for, or leads to another root, old or new.

    """
    if not 0 <= old <= new <= MAX_SIZE:
        raise Malformed(f"consistency proof from {old} to {new}: the old tree is not within the new one")
    for size, root in ((old, old_root), (new, new_root)):
        if len(root) != HASH_BYTES or (size == 0) != (root == EMPTY_ROOT):
            raise Malformed(f"consistency proof from {old} to {new}: no root of a tree of {size}")
    if old in {0, new}:
        _sound("consistency", path, 0)
        if old == new and old_root != new_root:
            raise Malformed(f"consistency proof from {old} to {new}: one size with two roots")
        return
    spans, start = _descend(old - 1, new, stop=old)
    _sound("consistency", path, len(spans) + (start > 0))
    seed, rest = (path[0], path[1:]) if start else (old_root, path)
    was, now = _climb(old, spans, seed, rest)
    if was != old_root or now != new_root:
        raise Malformed(f"consistency proof from {old} to {new} leads to another root")


def earlier_root(old: int, new: int, new_root: bytes, path: Sequence[bytes]) -> Digest | None:
    """Return the root that a tree of `new` leaves has over its first `old`, if the consistency proof tells it.

    It tells unless the first `old` leaves are one complete subtree: then the proof leaves that hash out (RFC 6962
    2.1.2). None too when the proof does not lead to `new_root`, and so is none about this tree.
    """
    if not 0 < old < new <= MAX_SIZE or any(len(hash_) != HASH_BYTES for hash_ in path):
        return None
    spans, start = _descend(old - 1, new, stop=old)
    if not start or len(path) != len(spans) + 1:
        return None
    was, now = _climb(old, spans, path[0], path[1:])
    return Digest(was) if now == new_root else None


# What making and checking share.


def _climb(old: int, spans: Sequence[tuple[int, int]], seed: bytes, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    # The roots of the old and of the new tree to which a consistency proof leads.
    was = now = bytes(seed)
    for (lo, _), other in zip(spans, path, strict=True):
        if lo >= old:
            now = node_hash(now, other)
        else:
            was, now = node_hash(other, was), node_hash(other, now)
    return was, now


def _descend(index: int, size: int, stop: int = 0) -> tuple[list[tuple[int, int]], int]:
    # Walks from the root to the leaf `index`, or to the first subtree that ends at `stop`. Returns the leaves [lo, hi)
    # under each subtree passed by, lowest first, and the first leaf under the subtree where the walk ends. For a leaf
    # that is PATH of RFC 6962 2.1.1; for the last leaf of the old tree with `stop` at the old size, SUBPROOF of 2.1.2.
    lo, hi, passed = 0, size, []
    while hi - lo > 1 and hi != stop:
        split = lo + (1 << (hi - lo - 1).bit_length() - 1)
        if index < split:
            passed.append((split, hi))
            hi = split
        else:
            passed.append((lo, split))
            lo = split
    return passed[::-1], lo


def _peaks(lo: int, hi: int, read_tile: ReadTile) -> tuple[Digest, ...]:
    # The largest complete subtrees over the leaves [lo, hi), left to right; `lo` is where such a subtree may begin.
    size, peaks = hi - lo, []
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            peaks.append(node_at(level, lo >> level, read_tile))
            lo += 1 << level
    return tuple(peaks)


def _span(lo: int, hi: int, read_tile: ReadTile) -> Digest:
    return root_at_edge(Frontier(hi - lo, _peaks(lo, hi, read_tile)))


def _fold(row: bytes) -> Digest:
    # The root over a row of hashes whose number is a power of two.
    while len(row) > HASH_BYTES:
        pairs = range(0, len(row), 2 * HASH_BYTES)
        row = b"".join(hashlib.sha256(b"\x01" + row[at : at + 2 * HASH_BYTES]).digest() for at in pairs)
    return Digest(row)


def _leaf(hash_: bytes) -> Digest:
    if len(hash_) != HASH_BYTES:
        raise Misused(f"a leaf hash has {HASH_BYTES} bytes, this one {len(hash_)}")
    return Digest(bytes(hash_))


def _sound(what: str, path: Sequence[bytes], expected: int) -> None:
    if len(path) != expected:
        raise Malformed(f"{what} proof of {len(path)} hashes, expected {expected}")
    if any(len(hash_) != HASH_BYTES for hash_ in path):
        raise Malformed(f"{what} proof with a hash that has not {HASH_BYTES} bytes")
