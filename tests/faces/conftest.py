"""A command line for tests: an organisation on the disk, and what comes of what is typed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from comity.faces.cli import main
from tests.organisation import PASSPHRASE, carry, found


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    def id(self) -> str:
        """Return the id of the act that was said."""
        return next(line.removeprefix("id: ") for line in self.out.splitlines() if line.startswith("id: "))


Typed = Callable[..., Ended]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the nodes `ma` and `no`; the tests of one module share it."""
    folder = tmp_path_factory.mktemp("organisation")
    found(folder, ["ma", "no"])
    return folder


@pytest.fixture
def typed(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Typed:
    """Give a function that runs a command line as a bureau: ``typed("ma", "inbox")``."""
    for name in ("COMITY_HOME", "COMITY_OFFICER", "COMITY_REGISTRY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COMITY_PASSPHRASE", PASSPHRASE)
    monkeypatch.chdir(tmp_path)

    def run(bureau: str, *words: str) -> Ended:
        capsys.readouterr()
        with monkeypatch.context() as patch:
            if bureau:
                patch.setenv("COMITY_HOME", str(place / bureau))
            code = main(list(words))
        return Ended(code, *capsys.readouterr())

    return run


@pytest.fixture
def carried(place: Path) -> Callable[[], None]:
    """Give a function that moves what leaves between the two nodes."""
    return lambda: carry(place, ["ma", "no"])
