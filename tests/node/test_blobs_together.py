"""Attachments that two threads of one process keep at once: an officer attaches while the chunks of a peer arrive."""

from contextlib import ExitStack
from pathlib import Path

from comity.node.blobs import Blobs


def test_a_folder_that_moved_into_its_place_is_not_cleared_under_a_name_that_another_has_now(tmp_path: Path) -> None:
    store = Blobs(tmp_path / "blobs")
    with ExitStack() as other:
        with store._staged() as one:
            one.rename(tmp_path / "in its place")
            place = other.enter_context(store._staged())
        assert place.is_dir()
