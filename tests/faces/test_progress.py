"""Bars on the terminal: for long files, on stderr, and nothing of them where nobody looks."""

import io
from pathlib import Path

import pytest

from comity.faces import progress
from comity.node.blobs import Blobs
from comity.node.clock import entropy


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs")


def used(blobs: Blobs, file: Path) -> None:
    with file.open("rb") as stream:
        made = blobs.put(stream, entropy)
    assert b"".join(blobs.open(made.root, made.key, made.size, made.digest)) == file.read_bytes()


@pytest.mark.parametrize(("long", "drawn"), [(1, True), (1 << 30, False)])
def test_a_long_file_gets_a_bar_and_a_short_one_none(
    blobs: Blobs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    long: int,
    drawn: bool,  # noqa: FBT001 - a case
) -> None:
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setattr(progress, "LONG", long)
    (tmp_path / "file").write_bytes(bytes(3_000_000))
    with progress.shown(blobs):
        used(blobs, tmp_path / "file")
    assert ("encrypting" in screen.getvalue()) is drawn
    assert blobs.watch is None


def test_where_nobody_looks_nothing_is_drawn(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    piped = io.StringIO()
    monkeypatch.setattr("sys.stderr", piped)
    with progress.shown(blobs):
        assert blobs.watch is None
    assert piped.getvalue() == ""


def test_who_watches_hears_of_every_chunk_up_to_the_whole(blobs: Blobs, tmp_path: Path) -> None:
    heard: list[tuple[str, int, int]] = []
    blobs.watch = lambda *told: heard.append(told)
    size = 2_500_000
    (tmp_path / "file").write_bytes(bytes(size))
    used(blobs, tmp_path / "file")
    for what in ("encrypting", "decrypting"):
        steps = [(done, total) for name, done, total in heard if name == what]
        assert steps == [(1 << 20, size), (2 << 20, size), (size, size)]


def test_a_stream_that_does_not_say_how_long_it_is_is_taken_all_the_same(blobs: Blobs) -> None:
    heard: list[int] = []
    blobs.watch = lambda _what, _done, total: heard.append(total)
    blobs.put(io.BytesIO(b"x"), entropy)
    assert heard == [0]
