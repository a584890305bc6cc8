"""Attachments: any content comes back, nothing else does, and nothing half is taken for whole."""

import hashlib
import io
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from comity.core.errors import Malformed, Misused, Unreachable
from comity.core.ids import Digest, Millis
from comity.core.log import leaf_hash, root_of
from comity.node import chunks
from comity.node.blobs import KEY, Blobs
from comity.node.chunks import CHUNK, TAG
from tests.node.cutting import SMALL, content_of, folder_of, ids_of, keys, overwrite, put, read, send, small_chunks

CANARY = b"canary in the coal mine, born 1971-03-09"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK", SMALL)


@pytest.fixture
def store(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs")


@pytest.fixture
def peer(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "peer")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("any")


CONTENTS = st.integers(0, 5 * SMALL).map(content_of) | st.binary(max_size=3 * SMALL)


@given(content=CONTENTS)
@small_chunks()
def test_any_content_travels_and_comes_back(place: Path, content: bytes) -> None:
    sender, peer = Blobs(place / "sender"), Blobs(place / "receiver")
    said = put(sender, content)
    send(sender, peer, said)
    assert peer.complete(said.root)
    assert read(peer, said) == content
    assert (said.size, said.chunks) == (len(content), max(1, -(-len(content) // SMALL)))


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK])
def test_every_boundary_of_the_real_chunk_comes_back(store: Blobs, size: int) -> None:
    content = content_of(size)
    said = put(store, content)
    assert [len(store.chunk(said.root, id_)) for id_ in ids_of(store, said.root)][:-1] == [CHUNK + TAG] * (
        said.chunks - 1
    )
    assert read(store, said) == content


def test_the_bytes_are_those_that_the_decision_describes(store: Blobs) -> None:
    content, key = content_of(CHUNK + 5), bytes(range(KEY))
    said = store.put(io.BytesIO(content), lambda _: key)
    first = AESGCM(key).encrypt(bytes(12), content[:CHUNK], None)
    last = AESGCM(key).encrypt(bytes(10) + b"\x01\x01", content[CHUNK:], None)
    ids = [hashlib.sha256(raw).digest() for raw in (first, last)]
    assert store.manifest(said.root) == b"".join(ids)
    assert said.root == hashlib.sha256(b"\x01" + b"".join(hashlib.sha256(b"\x00" + i).digest() for i in ids)).digest()
    assert said.root.hex() == "4f59e6ceffff963e46448ee48a366d9a538b74dfb8578477bc087afcc8b6b01d"
    assert said.digest == hashlib.sha256(content).digest()


@pytest.mark.usefixtures("small")
def test_a_stream_that_gives_little_at_a_time_makes_the_same_blob(store: Blobs) -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 0, 7))

    content = content_of(100)
    said = store.put(Slow(content), lambda _: bytes(KEY))
    assert said == store.put(io.BytesIO(content), lambda _: bytes(KEY))
    assert read(store, said) == content


def test_nothing_on_the_disk_shows_content_or_key_and_all_is_private(store: Blobs, tmp_path: Path) -> None:
    said = put(store, CANARY * 100)
    for found in (tmp_path / "blobs").rglob("*"):
        assert stat.S_IMODE(found.stat().st_mode) == (0o700 if found.is_dir() else 0o600)
        assert found.is_dir() or (CANARY not in found.read_bytes() and said.key not in found.read_bytes())


def test_a_key_is_not_in_what_a_log_would_show(store: Blobs) -> None:
    said = put(store, b"")
    assert said.key.hex() not in repr(said)
    assert repr(said.key) not in repr(said)


# What does not belong is refused.


@given(content=CONTENTS, data=st.data())
@small_chunks()
def test_a_flipped_bit_in_a_chunk_is_refused(place: Path, content: bytes, data: st.DataObject) -> None:
    sender, peer = Blobs(place / "sender"), Blobs(place / "receiver")
    said = put(sender, content)
    peer.accept_manifest(said.root, sender.manifest(said.root), said.size)
    id_ = data.draw(st.sampled_from(ids_of(sender, said.root)))
    raw = bytearray(sender.chunk(said.root, id_))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Malformed):
        peer.accept_chunk(said.root, id_, bytes(raw))
    assert id_ in peer.missing(said.root)


@given(content=CONTENTS, data=st.data())
@small_chunks()
def test_a_flipped_bit_in_a_manifest_is_refused(place: Path, content: bytes, data: st.DataObject) -> None:
    sender, peer = Blobs(place / "sender"), Blobs(place / "receiver")
    said = put(sender, content)
    raw = bytearray(sender.manifest(said.root))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Malformed):
        peer.accept_manifest(said.root, bytes(raw), said.size)
    assert not peer.complete(said.root)


ALTERATIONS: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "swapped": lambda ids: [ids[1], ids[0], *ids[2:]],
    "dropped-first": lambda ids: ids[1:],
    "dropped-last": lambda ids: ids[:-1],
    "doubled": lambda ids: [*ids, ids[-1]],
    "extended": lambda ids: [*ids, bytes(32)],
    "emptied": lambda _: [],
    "ragged": lambda ids: [*ids[:-1], ids[-1][:-1]],
}


@pytest.mark.parametrize("how", ALTERATIONS)
@pytest.mark.usefixtures("small")
def test_a_manifest_that_was_tampered_with_is_refused(store: Blobs, peer: Blobs, how: str) -> None:
    said = put(store, content_of(3 * SMALL))
    raw = b"".join(ALTERATIONS[how](list(ids_of(store, said.root))))
    with pytest.raises(Malformed, match="manifest of"):
        peer.accept_manifest(said.root, raw, 10 * SMALL)
    assert not folder_of(peer, said.root).exists()


@pytest.mark.parametrize("how", ["swapped", "dropped-first", "dropped-last"])
@pytest.mark.usefixtures("small")
def test_even_under_a_root_of_its_own_a_rearranged_blob_does_not_open(store: Blobs, peer: Blobs, how: str) -> None:
    # The forger makes a consistent root; order, beginning and end are bound by the nonces all the same.
    said = put(store, content_of(3 * SMALL))
    ids = ALTERATIONS[how](list(ids_of(store, said.root)))
    root = root_of([leaf_hash(id_) for id_ in ids])
    peer.accept_manifest(root, b"".join(ids), said.size)
    for id_ in ids:
        peer.accept_chunk(root, Digest(id_), store.chunk(said.root, Digest(id_)))
    with pytest.raises(Malformed, match="does not open"):
        b"".join(peer.open(root, said.key, len(ids) * SMALL, said.digest))


def test_a_manifest_that_lists_a_chunk_twice_is_refused_under_any_root(store: Blobs) -> None:
    ids = [bytes([1]) * 32, bytes([1]) * 32]
    with pytest.raises(Malformed, match="twice"):
        store.accept_manifest(root_of([leaf_hash(id_) for id_ in ids]), b"".join(ids), 2 * CHUNK)


@pytest.mark.usefixtures("small")
def test_a_manifest_beyond_the_limit_is_refused(store: Blobs, tmp_path: Path) -> None:
    said = put(store, content_of(3 * SMALL))
    raw = store.manifest(said.root)
    with pytest.raises(Malformed, match="at most 2 chunks"):
        Blobs(tmp_path / "peer").accept_manifest(said.root, raw, 2 * SMALL)
    with pytest.raises(Malformed, match="at most 1 chunks"):
        Blobs(tmp_path / "peer", most=SMALL).accept_manifest(said.root, raw, said.size)


@pytest.mark.usefixtures("small")
def test_a_chunk_that_nobody_announced_is_refused(store: Blobs, peer: Blobs) -> None:
    one, two = put(store, b"one"), put(store, b"two")
    peer.accept_manifest(one.root, store.manifest(one.root), one.size)
    (id_,) = ids_of(store, two.root)
    for root in (one.root, two.root):
        with pytest.raises(Malformed, match="has no chunk"):
            peer.accept_chunk(root, id_, store.chunk(two.root, id_))
    with pytest.raises(Malformed, match="has no chunk"):
        peer.accept_chunk(one.root, Digest(b"../../../etc"), b"")


@pytest.mark.parametrize(("place_of", "size"), [(0, SMALL), (0, SMALL + TAG + 1), (1, SMALL + TAG + 1), (1, TAG)])
@pytest.mark.usefixtures("small")
def test_a_chunk_of_a_length_that_its_place_does_not_allow_is_refused(store: Blobs, place_of: int, size: int) -> None:
    raw = bytes(size)
    ids = [bytes(32), bytes([1]) * 32]
    ids[place_of] = hashlib.sha256(raw).digest()
    root = root_of([leaf_hash(id_) for id_ in ids])
    store.accept_manifest(root, b"".join(ids), 2 * SMALL)
    with pytest.raises(Malformed, match=f"a chunk of {size} bytes, expected"):
        store.accept_chunk(root, Digest(ids[place_of]), raw)


@pytest.mark.parametrize("size", [0, SMALL, 2 * SMALL, 3 * SMALL + 1, -1, 1 << 60])
@pytest.mark.usefixtures("small")
def test_a_size_that_the_chunks_cannot_have_is_refused_before_any_is_read(
    store: Blobs, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = put(store, content_of(2 * SMALL + 5))
    monkeypatch.setattr(Blobs, "chunk", lambda *_: pytest.fail("a chunk was read"))
    with pytest.raises(Malformed, match="is described as"):
        store.open(said.root, said.key, size, said.digest)


@pytest.mark.parametrize("size", [2 * SMALL + 1, 2 * SMALL + 4, 2 * SMALL + 6, 3 * SMALL])
@pytest.mark.usefixtures("small")
def test_a_size_that_is_wrong_within_the_last_chunk_is_refused(store: Blobs, size: int) -> None:
    said = put(store, content_of(2 * SMALL + 5))
    with pytest.raises(Malformed, match="which the size does not allow"):
        b"".join(store.open(said.root, said.key, size, said.digest))


@pytest.mark.usefixtures("small")
def test_another_key_or_digest_does_not_pass(store: Blobs) -> None:
    said = put(store, content_of(100))
    with pytest.raises(Malformed, match="does not open"):
        b"".join(store.open(said.root, bytes(KEY), said.size, said.digest))
    with pytest.raises(Malformed, match="a blob's key has"):
        store.open(said.root, b"short", said.size, said.digest)
    with pytest.raises(Malformed, match="another digest"):
        b"".join(store.open(said.root, said.key, said.size, bytes(32)))


@pytest.mark.usefixtures("small")
def test_a_rotten_chunk_is_told_removed_and_can_come_again(store: Blobs, peer: Blobs) -> None:
    said = put(store, content_of(3 * SMALL))
    send(store, peer, said)
    rotten = ids_of(store, said.root)[1]
    overwrite(folder_of(store, said.root) / "content", SMALL + TAG, bytes(SMALL + TAG))
    with pytest.raises(Malformed, match="rotted"):
        read(store, said)
    assert store.missing(said.root) == [rotten]
    assert not store.complete(said.root)
    with pytest.raises(Misused, match="1 of 3 chunks are not here"):
        read(store, said)
    store.accept_chunk(said.root, rotten, peer.chunk(said.root, rotten))
    assert read(store, said) == content_of(3 * SMALL)


def test_a_rotten_manifest_is_told(store: Blobs) -> None:
    said = put(store, b"content")
    (folder_of(store, said.root) / "manifest").write_bytes(bytes(32))
    with pytest.raises(Malformed, match="another root"):
        read(store, said)


@pytest.mark.usefixtures("small")
def test_an_attachment_that_is_too_long_leaves_nothing(tmp_path: Path) -> None:
    store = Blobs(tmp_path / "blobs", most=2 * SMALL)
    assert put(store, bytes(2 * SMALL)).chunks == 2
    before = sorted((tmp_path / "blobs").rglob("*"))
    with pytest.raises(Misused, match="may have 64 bytes"):
        put(store, bytes(2 * SMALL + 1))
    assert sorted((tmp_path / "blobs").rglob("*")) == before


def test_too_little_entropy_is_refused(store: Blobs) -> None:
    with pytest.raises(Misused, match="fresh bytes"):
        store.put(io.BytesIO(), lambda _: bytes(16))


@pytest.mark.usefixtures("small")
def test_what_is_half_received_is_not_opened(store: Blobs, peer: Blobs) -> None:
    said = put(store, content_of(3 * SMALL))
    peer.accept_manifest(said.root, store.manifest(said.root), said.size)
    with pytest.raises(Misused, match="3 of 3 chunks are not here"):
        read(peer, said)
    with pytest.raises(Misused, match="no chunk"):
        peer.chunk(said.root, ids_of(store, said.root)[0])
    with pytest.raises(Misused, match="is known here"):
        store.missing(Digest(bytes(32)))
    assert not store.complete(Digest(bytes(32)))


@pytest.mark.usefixtures("small")
def test_an_own_copy_completes_what_was_half_received(store: Blobs, peer: Blobs) -> None:
    said = store.put(io.BytesIO(content_of(3 * SMALL)), lambda _: bytes(KEY))
    peer.accept_manifest(said.root, store.manifest(said.root), said.size)
    assert peer.put(io.BytesIO(content_of(3 * SMALL)), lambda _: bytes(KEY)) == said
    assert peer.complete(said.root)


def test_a_full_disk_is_told_and_leaves_nothing(store: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fdatasync", full)
        with pytest.raises(Unreachable, match="No space left"):
            put(store, b"content")
    assert [path.name for path in (tmp_path / "blobs").rglob("*")] == ["staging"]


# Letting go.


def test_a_dropped_blob_is_gone_and_its_neighbour_is_not(store: Blobs) -> None:
    one, two = put(store, b"one"), put(store, b"two")
    store.drop(one.root)
    store.drop(one.root)
    assert not store.complete(one.root)
    assert read(store, two) == b"two"


def test_a_sweep_spares_what_is_kept_and_what_is_young(store: Blobs) -> None:
    kept, old, young = (put(store, content) for content in (b"kept", b"old", b"young"))
    for said in (kept, old):
        os.utime(folder_of(store, said.root), (1_000, 1_000))
    assert store.sweep({kept.root}, Millis(2_000_000)) == (old.root,)
    assert [store.complete(said.root) for said in (kept, old, young)] == [True, False, True]


@pytest.mark.usefixtures("small")
def test_a_sweep_leaves_alone_what_is_being_written(store: Blobs, tmp_path: Path) -> None:
    class Sweeping(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            Blobs(tmp_path / "blobs").sweep(set(), Millis(1 << 50))
            return super().read(size)

    said = store.put(Sweeping(content_of(3 * SMALL)), keys)
    assert read(store, said) == content_of(3 * SMALL)


# Memory and speed.

_LARGE = """
import io, resource, sys
from pathlib import Path
from comity.core.ids import Digest
from comity.node.blobs import Blobs

class Zeros(io.RawIOBase):
    left = int(sys.argv[2]) << 20
    def read(self, size=-1):
        size = min(size, self.left)
        self.left -= size
        return bytes(size)

sender, peer = Blobs(Path(sys.argv[1]) / "sender"), Blobs(Path(sys.argv[1]) / "peer")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
said = sender.put(Zeros(), lambda size: bytes(range(size)))
peer.accept_manifest(said.root, sender.manifest(said.root), said.size)
for id_ in peer.missing(said.root):
    peer.accept_chunk(said.root, id_, sender.chunk(said.root, id_))
assert peer.complete(said.root)
assert sum(map(len, peer.open(said.root, said.key, said.size, said.digest))) == said.size
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_64_mebibytes_need_no_more_than_a_few_chunks_of_memory(tmp_path: Path) -> None:
    # Measured 6 MiB more than at rest, and the same for 512 MiB; a whole blob in memory would be 64 or more.
    done = subprocess.run(
        [sys.executable, "-c", _LARGE, str(tmp_path), "64"], check=True, capture_output=True, text=True
    )
    assert int(done.stdout) * 1024 < 16 * CHUNK


def test_throughput_is_printed(store: Blobs, peer: Blobs) -> None:
    size = 16
    content = content_of(size * CHUNK)
    start = perf_counter()
    said = put(store, content)
    kept = perf_counter()
    send(store, peer, said)
    sent = perf_counter()
    for piece in peer.open(said.root, said.key, said.size, said.digest):
        assert len(piece) == CHUNK
    opened = perf_counter()
    took = {"put": kept - start, "accept": sent - kept, "open": opened - sent}
    print(", ".join(f"{name} {size / seconds:.0f} MiB/s" for name, seconds in took.items()))  # noqa: T201 - its purpose
