"""Attachments on their way: after a break, a crash or a power cut they go on, and nothing half is taken for whole."""

import io
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from comity.core.errors import Malformed, Misused, Unreachable
from comity.core.ids import Digest, Millis
from comity.node import arriving, chunks, disk
from comity.node.blobs import KEY, Blobs
from comity.node.chunks import TAG
from tests.node.cutting import SMALL, content_of, folder_of, ids_of, overwrite, put, read, send, small_chunks


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK", SMALL)


@pytest.fixture
def store(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs")


@pytest.fixture
def peer(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "peer")


@pytest.mark.parametrize("done", range(6))
def test_a_reception_goes_on_where_it_broke_off(store: Blobs, peer: Blobs, tmp_path: Path, done: int) -> None:
    with small_chunks():
        said = put(store, content_of(5 * SMALL - 3))
        ids = ids_of(store, said.root)
        peer.accept_manifest(said.root, store.manifest(said.root), said.size)
        for id_ in ids[:done]:
            peer.accept_chunk(said.root, id_, store.chunk(said.root, id_))
        again = Blobs(tmp_path / "peer")
        assert again.missing(said.root) == ids[done:]
        assert again.complete(said.root) is (done == 5)
        send(store, again, said)
        assert again.complete(said.root)
        assert read(again, said) == content_of(5 * SMALL - 3)


@pytest.mark.usefixtures("small")
def test_chunks_come_in_any_order_and_more_than_once(store: Blobs, peer: Blobs) -> None:
    said = put(store, content_of(5 * SMALL))
    peer.accept_manifest(said.root, store.manifest(said.root), said.size)
    for id_ in [*reversed(ids_of(store, said.root)), *ids_of(store, said.root)]:
        peer.accept_chunk(said.root, id_, store.chunk(said.root, id_))
    peer.accept_manifest(said.root, store.manifest(said.root), said.size)
    assert read(peer, said) == content_of(5 * SMALL)


class _Crash(BaseException):
    pass


@contextmanager
def _crashing(step: int) -> Iterator[None]:
    """Let the process end when the disk is forced for the so-manyth time; a crash runs no cleaning."""
    calls, plain, data = count(), os.fsync, os.fdatasync

    def crash_or(force: Callable[[int], None], handle: int) -> None:
        if next(calls) == step:
            raise _Crash
        force(handle)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fsync", partial(crash_or, plain))
        patched.setattr(os, "fdatasync", partial(crash_or, data))
        patched.setattr(shutil, "rmtree", lambda *_, **__: None)
        with pytest.raises(_Crash):
            yield


@pytest.mark.parametrize("step", range(6))
@pytest.mark.usefixtures("small")
def test_a_crash_at_any_write_leaves_nothing_that_is_taken_for_whole(store: Blobs, tmp_path: Path, step: int) -> None:
    # The chunks, the manifest, and four folders are forced to the disk.
    with _crashing(step):
        store.put(io.BytesIO(content_of(4 * SMALL)), lambda _: bytes(KEY))
    again = Blobs(tmp_path / "blobs")
    root = Digest(bytes.fromhex("b9953c2bc4babc5a8efe431f13c9d6b6a64a9a92473a681104b132bdc4023aca"))
    assert again.complete(root) is (step == 5)
    assert again.sweep({root}, Millis(1 << 50)) == ()
    assert list((tmp_path / "blobs" / "staging").iterdir()) == []
    said = again.put(io.BytesIO(content_of(4 * SMALL)), lambda _: bytes(KEY))
    assert said.root == root
    assert read(again, said) == content_of(4 * SMALL)


@pytest.mark.parametrize("step", range(7))
@pytest.mark.usefixtures("small")
def test_a_crash_while_it_comes_in_leaves_nothing_that_is_taken_for_whole(
    store: Blobs, peer: Blobs, tmp_path: Path, step: int
) -> None:
    # The manifest, its folder and those above, the chunks before they get the name of what is whole, and that name.
    said = put(store, content_of(4 * SMALL))
    with _crashing(step):
        send(store, peer, said)
        peer.complete(said.root)
    again = Blobs(tmp_path / "peer")
    with suppress(Misused):
        assert again.missing(said.root) in ([], ids_of(store, said.root))
    send(store, again, said)
    assert again.complete(said.root)
    assert read(again, said) == content_of(4 * SMALL)


@pytest.mark.usefixtures("small")
def test_what_a_power_cut_left_of_a_chunk_is_not_taken_for_it(store: Blobs, peer: Blobs, tmp_path: Path) -> None:
    # A name can survive what the file held: any sectors of what was not forced to the disk may be lacking.
    said = put(store, content_of(4 * SMALL))
    ids = ids_of(store, said.root)
    peer.accept_manifest(said.root, store.manifest(said.root), said.size)
    for id_ in (ids[0], ids[1], ids[3]):
        peer.accept_chunk(said.root, id_, store.chunk(said.root, id_))
    overwrite(folder_of(peer, said.root) / "partial", SMALL + TAG + 5, bytes(3))
    again = Blobs(tmp_path / "peer")
    assert again.missing(said.root) == ids[1:3]
    send(store, again, said)
    assert again.complete(said.root)
    assert read(again, said) == content_of(4 * SMALL)


@pytest.mark.usefixtures("small")
def test_a_disk_that_failed_once_is_not_believed_when_it_says_yes(
    store: Blobs, peer: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Linux tells of a write that failed once; the next call succeeds, and the pages are not on the disk.
    said = put(store, content_of(3 * SMALL))

    def failing(_: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fdatasync", failing)
        with pytest.raises(Unreachable, match="Input/output error"):
            send(store, peer, said)
    assert peer.missing(said.root) == ids_of(store, said.root)
    assert not peer.complete(said.root)
    send(store, peer, said)
    assert read(peer, said) == content_of(3 * SMALL)


@pytest.mark.usefixtures("small")
def test_what_is_long_is_forced_to_the_disk_on_its_way(
    store: Blobs, peer: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    forced = count()
    with monkeypatch.context() as patched:
        patched.setattr(disk, "FORCED", 2 * SMALL)
        patched.setattr(os, "fdatasync", lambda _: next(forced))
        said = put(store, content_of(7 * SMALL))
        sent = next(forced)
        send(store, peer, said)
    assert sent >= 2
    assert next(forced) - sent - 1 == 4
    assert read(peer, said) == content_of(7 * SMALL)


@pytest.mark.usefixtures("small")
def test_a_process_remembers_what_comes_of_some_attachments_and_reads_it_of_others(
    store: Blobs, peer: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arriving, "WATCHED", 1)
    one, two = put(store, content_of(3 * SMALL)), put(store, content_of(4 * SMALL))
    for said in (one, two):
        peer.accept_manifest(said.root, store.manifest(said.root), said.size)
    for number in range(3):
        for said in (one, two):
            id_ = ids_of(store, said.root)[number]
            peer.accept_chunk(said.root, id_, store.chunk(said.root, id_))
    assert [peer.complete(said.root) for said in (one, two)] == [True, False]
    send(store, peer, two)
    assert [read(peer, said) for said in (one, two)] == [content_of(3 * SMALL), content_of(4 * SMALL)]


@pytest.mark.usefixtures("small")
def test_what_another_process_dropped_and_began_anew_is_not_completed_with_what_came_before(
    store: Blobs, peer: Blobs, tmp_path: Path
) -> None:
    said = put(store, content_of(3 * SMALL))
    ids = ids_of(store, said.root)
    peer.accept_manifest(said.root, store.manifest(said.root), said.size)
    for id_ in ids[:2]:
        peer.accept_chunk(said.root, id_, store.chunk(said.root, id_))
    other = Blobs(tmp_path / "peer")
    other.drop(said.root)
    other.accept_manifest(said.root, store.manifest(said.root), said.size)
    other.accept_chunk(said.root, ids[0], store.chunk(said.root, ids[0]))
    with pytest.raises(Malformed, match="dropped meanwhile"):
        peer.accept_chunk(said.root, ids[2], store.chunk(said.root, ids[2]))
    assert not peer.complete(said.root)
    send(store, peer, said)
    assert read(peer, said) == content_of(3 * SMALL)
