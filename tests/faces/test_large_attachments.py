"""Attachments of gigabytes between two nodes that are processes of their own: never whole in memory, and resumable."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from comity.faces.wire import free_port
from comity.node import clock
from comity.node.chunks import CHUNK
from tests.faces.conftest import Typed
from tests.faces.test_service import ROOT, Nodes, accepted
from tests.organisation import PASSPHRASE, found

pytestmark = pytest.mark.xdist_group("large")  # One pair of nodes at a time: what is measured is theirs.

MOST = 200 << 20
"""Bytes of memory in which a node sends or receives an attachment of any size."""

GROWTH = 48 << 20
"""Bytes by which a node may grow over what it has at rest. A request holds four chunks of one MiB, eight such requests
may be under way with the copies that HTTP makes; measured: 6 to 12 MiB."""


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    """Give two nodes just started; what they kept goes at the end, because it is large."""
    ports = {"ma": free_port(), "no": free_port()}
    addresses = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    anchor = found(tmp_path, ["ma", "no"], addresses=addresses, url=f"{addresses['ma']}/o/{{org}}/registry")
    made = Nodes(tmp_path, anchor, ports)
    for name in ports:
        made.start(name)
    yield made
    for name in list(made.running):
        made.stop(name, signal.SIGKILL)
    shutil.rmtree(tmp_path)


@pytest.fixture
def place(nodes: Nodes) -> Path:
    """Give the folder of the nodes, to whom it is typed."""
    return nodes.folder


def peak(process: int) -> int:
    """Return the most memory that a process has had, bytes."""
    told = Path(f"/proc/{process}/status").read_text()
    return int(next(line.split()[1] for line in told.splitlines() if line.startswith("VmHWM:"))) * 1024


def written(process: int) -> int:
    """Return how many bytes a process has written to files."""
    told = Path(f"/proc/{process}/io").read_text()
    return int(next(line.split()[1] for line in told.splitlines() if line.startswith("wchar:")))


def until(holds: Callable[[], bool], seconds: float, pause: float = 0.01) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it is still not so"
        time.sleep(pause)


def file_of(path: Path, mebibytes: int) -> str:
    """Write a file no two MiB of which are alike, and return its digest."""
    digest, block = hashlib.sha256(), clock.entropy(CHUNK - 8)
    with path.open("wb") as file:
        for number in range(mebibytes):
            piece = number.to_bytes(8) + block
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def apart(nodes: Nodes, name: str, *words: str) -> tuple[str, int]:
    """Type a command in a process of its own; return what it printed and the most memory that it had."""
    environment = os.environ | {"COMITY_HOME": str(nodes.folder / name), "COMITY_PASSPHRASE": PASSPHRASE}
    command = [sys.executable, "-m", "comity.faces", *words]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        out = process.stdout.read()
        # A zombie has no memory left to tell of, but its rusage has.
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return out, used.ru_maxrss * 1024


def coming(nodes: Nodes) -> int:
    """Return how many bytes of an attachment that is not whole yet are at no."""
    return sum(path.stat().st_size for path in (nodes.folder / "no" / "blobs").glob("*/*/partial"))


def whole(nodes: Nodes) -> bool:
    return any((nodes.folder / "no" / "blobs").glob("*/*/content"))


def peaks(nodes: Nodes) -> dict[str, int]:
    return {name: peak(process.pid) for name, process in nodes.running.items()}


def sending(path: Path) -> tuple[str, ...]:
    return "ma", "send", "--to", "no", "--title", "a", "--text", "b", "--attach", str(path)


def test_96_mebibytes_make_no_node_grow_by_more_than_what_is_under_way(nodes: Nodes, typed: Typed) -> None:
    rest, digest = peaks(nodes), file_of(nodes.folder / "image.bin", 96)
    act = typed(*sending(nodes.folder / "image.bin")).id()
    until(lambda: accepted(typed, "ma", act), 60, pause=0.5)
    grown = {name: most - rest[name] for name, most in peaks(nodes).items()}
    print(f"grown by: {', '.join(f'{name} {more >> 20} MiB' for name, more in grown.items())}")  # noqa: T201
    assert {name: more for name, more in grown.items() if more > GROWTH} == {}
    assert typed("no", "save", act, "--folder", "saved").code == 0
    assert digest_of(Path("saved") / "image.bin") == digest


def test_a_recipient_that_is_killed_is_sent_only_what_it_lacks(nodes: Nodes, typed: Typed) -> None:
    size = 128
    digest = file_of(nodes.folder / "image.bin", size)
    act = typed(*sending(nodes.folder / "image.bin")).id()
    until(lambda: coming(nodes) > 32 * CHUNK, 60)
    nodes.stop("no", signal.SIGKILL)
    assert not whole(nodes)
    nodes.start("no")
    until(lambda: whole(nodes), 60)
    assert written(nodes.running["no"].pid) < (size - 24) * CHUNK
    until(lambda: accepted(typed, "ma", act), 60, pause=0.5)
    assert typed("no", "save", act, "--folder", "saved").code == 0
    assert digest_of(Path("saved") / "image.bin") == digest


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_2_gibibytes_travel_within_200_mebibytes_of_memory_at_both_nodes(nodes: Nodes, typed: Typed) -> None:
    image, saved = nodes.folder / "image.bin", nodes.folder / "saved"
    digest, began = file_of(image, 2048), time.monotonic()
    out, sender = apart(nodes, *sending(image))
    sealed = time.monotonic()
    image.unlink()
    until(lambda: whole(nodes), 1200)
    came = time.monotonic()
    act = next(line.removeprefix("id: ") for line in out.splitlines() if line.startswith("id: "))
    until(lambda: accepted(typed, "ma", act), 60, pause=0.5)
    _, reader = apart(nodes, "no", "save", act, "--folder", str(saved))
    found = peaks(nodes) | {"comity send": sender, "comity save": reader}
    told = ", ".join(f"{name} {most >> 20} MiB" for name, most in found.items())
    print(f"sealed in {sealed - began:.1f} s, carried in {came - sealed:.1f} s; memory at most: {told}")  # noqa: T201
    assert digest_of(saved / "image.bin") == digest
    assert {name: most for name, most in found.items() if most >= MOST} == {}
