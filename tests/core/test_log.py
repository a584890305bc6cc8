"""The log's tree against published vectors, against RFC 6962 written down plainly, and against every flipped byte."""

import itertools
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core.errors import Malformed, Misused
from comity.core.ids import Digest
from comity.core.log import (
    EMPTY_ROOT,
    Frontier,
    Inclusion,
    ReadTile,
    Tile,
    TileId,
    append,
    edge_at,
    grow,
    leaf_hash,
    node_at,
    node_hash,
    partial_tiles,
    prove_consistency,
    prove_inclusion,
    root_at,
    root_at_edge,
    root_of,
    tile_at,
    tile_path,
    verify_consistency,
    verify_inclusion,
)

VECTORS = Path(__file__).parents[1] / "vectors" / "log"
LARGEST = 1400
LEAVES = [leaf_hash(number.to_bytes(4, "big")) for number in range(LARGEST)]


class Proof(msgspec.Struct):
    """A published proof; an inclusion proof has `index` and `size`, a consistency proof `old` and `new`."""

    path: list[str]
    index: int = 0
    size: int = 0
    old: int = 0
    new: int = 0

    def hashes(self) -> tuple[Digest, ...]:
        """Return the path as bytes."""
        return tuple(Digest(bytes.fromhex(text)) for text in self.path)


class Rfc6962(msgspec.Struct):
    """The vectors of transparency-dev/merkle."""

    hashes: dict[str, str]
    entries: list[str]
    roots: list[str]
    inclusion: list[Proof]
    consistency: list[Proof]


class Argon(msgspec.Struct):
    """What a large public log answered."""

    leaf_input: bytes
    index: int
    size: int
    root: bytes
    inclusion: list[bytes]
    old_size: int
    old_root: bytes
    consistency: list[bytes]


PUBLISHED = msgspec.json.decode((VECTORS / "rfc6962.json").read_bytes(), type=Rfc6962)
ARGON = msgspec.json.decode((VECTORS / "argon2020.json").read_bytes(), type=Argon)
ENTRIES = [leaf_hash(bytes.fromhex(entry)) for entry in PUBLISHED.entries]
ROOTS = [bytes.fromhex(root) for root in PUBLISHED.roots]


def plainly(leaves: list[Digest]) -> Digest:
    """Return MTH of RFC 6962 2.1, word for word."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return node_hash(plainly(leaves[:half]), plainly(leaves[half:]))


def stored(leaves: list[Digest], tiles: dict[TileId, bytes] | None = None, size: int = 0) -> dict[TileId, bytes]:
    """Return the tiles of a store after an append that saw nothing but the partial tiles."""
    tiles = dict(tiles or {})
    ids = [TileId(tile.level, tile.index) for tile in partial_tiles(size)]
    return tiles | append(size, {tile_id: tiles[tile_id] for tile_id in ids}, leaves)


def reader(tiles: dict[TileId, bytes]) -> ReadTile:
    """Return how a ledger reads its tiles."""
    return lambda level, index: tiles[TileId(level, index)]


def flipped(hash_: bytes, bit: int) -> Digest:
    """Return the hash with one bit changed."""
    return Digest((int.from_bytes(hash_, "big") ^ 1 << bit).to_bytes(32, "big"))


READ = reader(stored(LEAVES))
SIZES = st.integers(1, LARGEST)


def test_the_four_published_hashes_come_out() -> None:
    assert {name: bytes.fromhex(text) for name, text in PUBLISHED.hashes.items()} == {
        "empty root": EMPTY_ROOT,
        "leaf of nothing": leaf_hash(b""),
        "leaf of L123456": leaf_hash(b"L123456"),
        "node of N123 and N456": node_hash(b"N123", b"N456"),
    }


def test_the_published_roots_come_out() -> None:
    assert [root_of(ENTRIES[:size]) for size in range(1, 9)] == ROOTS


@pytest.mark.parametrize("proof", PUBLISHED.inclusion, ids=lambda proof: f"{proof.index}of{proof.size}")
def test_a_published_inclusion_proof_is_made_and_verified(proof: Proof) -> None:
    made = prove_inclusion(proof.index, proof.size, reader(stored(ENTRIES)))
    assert made.path == proof.hashes()
    verify_inclusion(made, ENTRIES[proof.index], ROOTS[proof.size - 1])


@pytest.mark.parametrize("proof", PUBLISHED.consistency, ids=lambda proof: f"{proof.old}to{proof.new}")
def test_a_published_consistency_proof_is_made_and_verified(proof: Proof) -> None:
    made = prove_consistency(proof.old, proof.new, reader(stored(ENTRIES)))
    assert made == proof.hashes()
    verify_consistency(proof.old, ROOTS[proof.old - 1], proof.new, ROOTS[proof.new - 1], made)


def test_the_proofs_of_a_public_log_of_a_thousand_million_leaves_verify() -> None:
    inclusion = Inclusion(ARGON.index, ARGON.size, tuple(map(Digest, ARGON.inclusion)))
    verify_inclusion(inclusion, leaf_hash(ARGON.leaf_input), ARGON.root)
    verify_consistency(ARGON.old_size, ARGON.old_root, ARGON.size, ARGON.root, ARGON.consistency)
    with pytest.raises(Malformed):
        verify_consistency(ARGON.old_size - 1, ARGON.old_root, ARGON.size, ARGON.root, ARGON.consistency)


@given(SIZES)
def test_tiles_frontier_and_plain_recursion_give_the_same_root(size: int) -> None:
    root = plainly(LEAVES[:size])
    assert root_at(size, READ) == root_of(LEAVES[:size]) == root_at_edge(edge_at(size, READ)) == root


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert root_of([]) == root_at(0, READ) == plainly([]) == EMPTY_ROOT


@given(st.data())
def test_a_tile_holds_what_the_specification_says(data: st.DataObject) -> None:
    # tlog-tiles: MTH(D[(n * 256 + i) * 256**l : (n * 256 + i + 1) * 256**l]) for i from 0 to 255.
    size = data.draw(SIZES)
    tiles = stored(LEAVES[:size])
    tile_id = data.draw(st.sampled_from(sorted(tiles)))
    step = 256**tile_id.level
    held = range(tile_id.index * 256, min((tile_id.index + 1) * 256, size // step))
    assert tiles[tile_id] == b"".join(plainly(LEAVES[at * step : (at + 1) * step]) for at in held)


@given(st.lists(st.integers(1, LARGEST - 1), max_size=6))
@settings(max_examples=50)
def test_leaves_in_any_batches_give_the_same_tiles_and_the_same_edge(cuts: list[int]) -> None:
    tiles: dict[TileId, bytes] = {}
    edge = Frontier()
    for start, end in itertools.pairwise([0, *sorted(set(cuts)), LARGEST]):
        tiles = stored(LEAVES[start:end], tiles, start)
        edge = grow(edge, LEAVES[start:end])
    assert tiles == stored(LEAVES)
    assert edge == edge_at(LARGEST, READ)


@given(SIZES, st.integers(1, 300))
@settings(max_examples=50)
def test_an_append_changes_only_the_right_edge_and_never_what_a_tile_held(size: int, added: int) -> None:
    before = stored(LEAVES[:size])
    partial = {TileId(tile.level, tile.index): before[TileId(tile.level, tile.index)] for tile in partial_tiles(size)}
    changed = append(size, partial, LEAVES[size : size + added])
    assert all(tile.startswith(before.get(tile_id, b"")) for tile_id, tile in changed.items())
    assert len(changed) <= 2 + 2 + added // 256


@given(st.data())
def test_every_inclusion_proof_of_a_random_tree_verifies_and_no_flipped_one_does(data: st.DataObject) -> None:
    size = data.draw(SIZES)
    index, bit = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, 255))
    proof, root = prove_inclusion(index, size, READ), root_at(size, READ)
    verify_inclusion(proof, LEAVES[index], root)
    wrong = [(proof, flipped(LEAVES[index], bit), root), (proof, LEAVES[index], flipped(root, bit))]
    for at, hash_ in enumerate(proof.path):
        path = (*proof.path[:at], flipped(hash_, bit), *proof.path[at + 1 :])
        wrong.append((Inclusion(index, size, path), LEAVES[index], root))
    wrong.extend(
        (Inclusion(other, size, proof.path), LEAVES[index], root) for other in (index - 1, index + 1, index ^ 2)
    )
    for bad, leaf, against in wrong:
        with pytest.raises(Malformed):
            verify_inclusion(bad, leaf, against)


@given(st.data())
def test_every_consistency_proof_of_a_random_tree_verifies_and_no_flipped_one_does(data: st.DataObject) -> None:
    new = data.draw(SIZES)
    old, bit = data.draw(st.integers(1, new)), data.draw(st.integers(0, 255))
    path, old_root, new_root = prove_consistency(old, new, READ), root_at(old, READ), root_at(new, READ)
    verify_consistency(old, old_root, new, new_root, path)
    wrong = [(flipped(old_root, bit), new_root, path), (old_root, flipped(new_root, bit), path)]
    for at, hash_ in enumerate(path):
        wrong.append((old_root, new_root, (*path[:at], flipped(hash_, bit), *path[at + 1 :])))
    for was, now, bad in wrong:
        with pytest.raises(Malformed):
            verify_consistency(old, was, new, now, bad)


@given(st.data())
def test_a_log_that_rewrote_one_leaf_cannot_prove_that_it_did_not(data: st.DataObject) -> None:
    new = data.draw(st.integers(2, 64))
    old = data.draw(st.integers(1, new - 1))
    place = data.draw(st.integers(0, old - 1))
    rewritten = [*LEAVES[:place], leaf_hash(b"rewritten"), *LEAVES[place + 1 : new]]
    path = prove_consistency(old, new, reader(stored(rewritten)))
    with pytest.raises(Malformed):
        verify_consistency(old, root_at(old, READ), new, root_of(rewritten), path)


@pytest.mark.parametrize("size", [1, 2, 7, 8, 255, 256, 257])
def test_a_proof_of_the_wrong_length_is_refused(size: int) -> None:
    proof, root = prove_inclusion(size - 1, size, READ), root_at(size, READ)
    for path in ((*proof.path, root), (root, *proof.path), proof.path[:-1] if proof.path else (root,)):
        with pytest.raises(Malformed, match="expected"):
            verify_inclusion(Inclusion(size - 1, size, path), LEAVES[size - 1], root)
    made, now = prove_consistency(size, size + 5, READ), root_at(size + 5, READ)
    for other in ((*made, now), (now, *made), made[:-1]):
        with pytest.raises(Malformed, match="expected"):
            verify_consistency(size, root, size + 5, now, other)


def test_hashes_of_another_length_are_refused_where_the_message_is_the_same() -> None:
    left, right = LEAVES[:2]
    root = node_hash(left, right)
    for leaf, other in ((left + right[:1], right[1:]), (left[:-1], left[-1:] + right)):
        with pytest.raises(Malformed):
            verify_inclusion(Inclusion(0, 2, (Digest(other),)), leaf, root)


def test_hashes_of_another_length_are_refused_where_the_root_was_made_of_them() -> None:
    leaf, other = LEAVES[:2]
    for odd in (b"", other[1:], other + b"!"):
        with pytest.raises(Malformed):
            verify_inclusion(Inclusion(0, 2, (Digest(odd),)), leaf, node_hash(leaf, odd))
        with pytest.raises(Malformed):
            verify_inclusion(Inclusion(0, 2, (other,)), odd, node_hash(odd, other))
        with pytest.raises(Malformed):
            verify_consistency(1, leaf, 2, node_hash(leaf, odd), (odd,))


def test_a_leaf_that_is_not_there_has_no_proof() -> None:
    for index, size in ((5, 5), (-1, 5), (0, 0), (0, 1 << 63)):
        with pytest.raises(Malformed, match="no such leaf"):
            verify_inclusion(Inclusion(index, size, ()), LEAVES[0], LEAVES[0])
        with pytest.raises(Misused):
            prove_inclusion(index, size, READ)


def test_a_smaller_tree_does_not_continue_a_larger_one() -> None:
    with pytest.raises(Malformed, match="not within"):
        verify_consistency(3, root_at(3, READ), 2, root_at(2, READ), ())
    with pytest.raises(Misused):
        prove_consistency(3, 2, READ)


def test_one_size_with_two_roots_is_refused() -> None:
    with pytest.raises(Malformed, match="two roots"):
        verify_consistency(3, root_at(3, READ), 3, root_at(4, READ), ())


def test_every_tree_continues_the_empty_tree_and_needs_no_proof_of_it() -> None:
    verify_consistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, prove_consistency(0, 0, READ))
    verify_consistency(0, EMPTY_ROOT, 9, root_at(9, READ), prove_consistency(0, 9, READ))
    for old_root, path in ((EMPTY_ROOT, LEAVES[:1]), (LEAVES[0], [])):
        with pytest.raises(Malformed):
            verify_consistency(0, old_root, 9, root_at(9, READ), path)


def test_the_example_of_the_specification_has_these_tiles() -> None:
    assert partial_tiles(70_000) == (Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1))
    assert partial_tiles(256) == (Tile(1, 0, 1),)
    assert partial_tiles(0) == ()


@given(st.integers(0, 63), st.integers(0, 1 << 55), st.integers(1, 256))
def test_a_path_reads_back_as_its_tile(level: int, index: int, width: int) -> None:
    tile = Tile(level, index, width)
    assert tile_at(tile_path(tile)) == tile


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/1",
        "tile/0/1234",
        "tile/0/001/002",
        "tile/0/x001",
        "tile/0/x000/001",
        "tile/00/001",
        "tile/64/001",
        "tile/-1/001",
        "tile/0/001.p/0",
        "tile/0/001.p/256",
        "tile/0/001.p/01",
        "tile/0/001/",
        "tile/0/001\n",
        "tile/0/\u0661\u0661\u0661",
        "/tile/0/001",
        "tile/entries/001",
        "tile/8/0/001",
        "tile/0/" + "x001/" * 2000 + "001",
    ],
)
def test_a_path_in_another_spelling_is_refused(path: str) -> None:
    with pytest.raises(Malformed):
        tile_at(path)


def test_an_append_beside_a_missing_or_shorter_tile_is_refused() -> None:
    tiles = stored(LEAVES[:300])
    for partial in ({}, {TileId(0, 1): tiles[TileId(0, 1)][:-32]}, {TileId(0, 1): tiles[TileId(0, 1)] + bytes(32)}):
        with pytest.raises(Misused):
            append(300, partial, LEAVES[:1])


def test_a_leaf_hash_of_another_length_is_not_appended() -> None:
    for added in (b"", b"31 bytes" * 4 + b"!"):
        with pytest.raises(Misused):
            append(0, {}, [added])
        with pytest.raises(Misused):
            grow(Frontier(), [added])


def test_an_edge_with_a_peak_too_few_does_not_grow() -> None:
    with pytest.raises(Misused):
        grow(Frontier(3, (LEAVES[0],)), LEAVES[:1])


@pytest.mark.parametrize("tile", [b"", bytes(31), bytes(33 * 5), bytes(257 * 32)])
def test_a_tile_that_is_none_is_refused_when_it_is_read(tile: bytes) -> None:
    with pytest.raises(Malformed):
        node_at(1, 0, lambda _level, _index: tile)


def test_a_proof_can_be_made_from_the_tiles_of_a_larger_tree() -> None:
    proof = prove_inclusion(3, 300, READ)
    assert proof == prove_inclusion(3, 300, reader(stored(LEAVES[:300])))


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=70))
def test_the_root_of_many_leaves_is_that_of_the_edge_which_they_grow(leaves: list[bytes]) -> None:
    assert root_of(leaves) == root_at_edge(grow(Frontier(), leaves))
