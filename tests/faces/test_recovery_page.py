"""docs/recovery.md shows word for word what the commands print: everything in it is typed again here."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from comity.node import clock
from tests import organisation
from tests.faces.test_ceremonies_page import START, alike, replayed
from tests.faces.test_ceremonies_page import typed as as_typed

PAGE = Path(__file__).parents[2] / "docs" / "recovery.md"
NODE, ROLE = "a passphrase for COMITY_PASSPHRASE", "a passphrase for COMITY_ROLE_PASSPHRASE"

typed = as_typed


def test_the_page_shows_what_the_commands_print(
    typed: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = [START]
    monkeypatch.setattr(clock, "time", SimpleNamespace(time_ns=lambda: at[0] * 10**9))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=64 << 30))

    def done(line: str) -> str:
        match line.split():
            case ["organisation", *names]:
                organisation.found(tmp_path, names, passphrase=NODE)
            case ["role", name]:
                organisation.role_file(tmp_path, name, passphrase=ROLE)
            case ["carry", *names]:
                organisation.carry(tmp_path, names, passphrase=NODE)
            case ["later", "1m"]:
                at[0] += 60
            case ["lose", name]:
                shutil.rmtree(tmp_path / name)
            case _:
                return typed(line)
        return ""

    page = PAGE.read_text()
    made = replayed(page, done)
    if os.environ.get("COMITY_GUIDE") == "write":
        PAGE.write_text(made)
    assert _measured(made) == _measured(page)


def _measured(page: str) -> str:
    """Return the page without ids, and without the size of the backup, which differs by a few bytes."""
    return re.sub(r"^bytes: \d+$", "bytes: #", alike(page), flags=re.MULTILINE)
