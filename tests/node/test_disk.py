"""Files on a disk that is full or failing: refused with a reason, and nothing of them left behind.

The disk that is full at any write is in `tests/power`; here is what a single file does about it.
"""

import errno
import os
from pathlib import Path

import pytest

from comity.core.errors import Unreachable
from comity.node import disk


@pytest.mark.parametrize("write", [disk.write, disk.write_new], ids=["write", "write_new"])
def test_a_full_disk_is_told_and_leaves_nothing_behind(
    write: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    assert callable(write)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unreachable, match="No space left on device; nothing was changed"):
        write(tmp_path / "a.key", b"a key", mode=disk.PRIVATE)
    assert list(tmp_path.iterdir()) == []


def test_the_old_file_stays_when_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk.write(tmp_path / "settings", b"old")

    def full(_file: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unreachable):
        disk.write(tmp_path / "settings", b"new")
    assert (tmp_path / "settings").read_bytes() == b"old"
