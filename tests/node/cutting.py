"""What tests of attachments do again and again: cut, keep, send and read content in chunks that are small."""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from comity.core.ids import Digest
from comity.node import chunks
from comity.node.blobs import Attached, Blobs
from comity.node.chunks import ID

SMALL = 32
"""Bytes of a chunk in the tests that try every boundary; the rules do not depend on the size."""

_KEYS = count(1)


def keys(size: int) -> bytes:
    return next(_KEYS).to_bytes(size)


@contextmanager
def small_chunks() -> Iterator[None]:
    # As the fixture, for Hypothesis, which runs a test many times with one set of fixtures.
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(chunks, "CHUNK", SMALL)
        yield


def put(store: Blobs, content: bytes) -> Attached:
    return store.put(io.BytesIO(content), keys)


def read(store: Blobs, said: Attached) -> bytes:
    return b"".join(store.open(said.root, said.key, said.size, said.digest))


def ids_of(store: Blobs, root: Digest) -> list[Digest]:
    raw = store.manifest(root)
    return [Digest(raw[at : at + ID]) for at in range(0, len(raw), ID)]


def send(store: Blobs, peer: Blobs, said: Attached) -> None:
    peer.accept_manifest(said.root, store.manifest(said.root), said.size)
    for id_ in peer.missing(said.root):
        peer.accept_chunk(said.root, id_, store.chunk(said.root, id_))


def folder_of(store: Blobs, root: Digest) -> Path:
    return store._place(root)


def overwrite(path: Path, at: int, raw: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(raw)


def content_of(size: int) -> bytes:
    return hashlib.shake_128(size.to_bytes(8)).digest(size)
