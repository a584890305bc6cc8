"""Two nodes as processes of their own, over real HTTP: there and back, with an attachment, down and up again."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

import pytest
from msgspec.structs import replace

from comity.core.errors import Misused
from comity.faces import incoming
from comity.faces.service import listen_at
from comity.faces.wire import Wire, free_port
from comity.node import carrier, clock, proposals
from comity.node.anchor import Anchor
from comity.node.repository import Repository
from tests.faces.conftest import Typed
from tests.node.founding import silent
from tests.organisation import PASSPHRASE, decide, found

pytestmark = pytest.mark.xdist_group("service")  # One pair of nodes for all of them.

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
"""Seconds until something that ought to happen within two has not happened."""


@dataclass
class Nodes:
    """The nodes `ma`, which keeps the registry, and `no`; each a process that can be stopped and started."""

    folder: Path
    anchor: Anchor
    ports: dict[str, int]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """Start a node, and wait until it answers."""
        extra = ["--registry", str(self.folder / "registry")] if name == "ma" else []
        command = [sys.executable, "-m", "comity.faces", "serve", "--every", "1", *extra]
        environment = os.environ | {"COMITY_HOME": str(self.folder / name), "COMITY_PASSPHRASE": PASSPHRASE}
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        until(lambda: Wire().answers(self.ports[name]))

    def stop(self, name: str, how: signal.Signals = signal.SIGINT) -> int:
        """Stop a node, and return its exit code."""
        process = self.running.pop(name)
        process.send_signal(how)
        return process.wait(60)

    def log(self, name: str) -> str:
        """Return what a node has written to its terminal."""
        return (self.folder / f"{name}.log").read_text()


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it is still not so"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    folder = tmp_path_factory.mktemp("nodes")
    ports = {"ma": free_port(), "no": free_port()}
    addresses = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    anchor = found(folder, ["ma", "no"], addresses=addresses, url=f"{addresses['ma']}/o/{{org}}/registry")
    made = Nodes(folder, anchor, ports)
    for name in ports:
        made.start(name)
    yield made
    for name in list(made.running):
        made.stop(name, signal.SIGKILL)


@pytest.fixture(scope="module")
def place(nodes: Nodes) -> Path:
    """Give the folder of the nodes, to whom it is typed."""
    # The first refresh comes with the start, over HTTP, from the node that keeps the registry.
    until(lambda: (nodes.folder / "no" / "trust").exists() and any((nodes.folder / "no" / "trust").rglob("timestamp*")))
    return nodes.folder


def accepted(typed: Typed, sender: str, act: str) -> bool:
    """Tell whether every recipient has accepted an act."""
    ladders = json.loads(typed(sender, "status", act, "--json").out)
    return all(any(each["code"] == "accepted" for each in ladder["reached"]) for ladder in ladders)


def arrived(typed: Typed, recipient: str, act: str) -> bool:
    """Tell whether an act is in somebody's inbox."""
    return act in typed(recipient, "inbox", "--json").out


def test_a_request_goes_there_and_its_answer_comes_back(typed: Typed) -> None:
    asked = typed("ma", "request", "--to", "no", "--title", "a van", "--text", "whose is it?").id()
    until(lambda: accepted(typed, "ma", asked))
    answer = typed("no", "reply", asked, "--text", "nobody's").id()
    until(lambda: accepted(typed, "no", answer))
    thread = json.loads(typed("ma", "thread", answer, "--json").out)
    assert [each["id"] for each in thread] == [asked, answer]


def test_an_attachment_of_three_mebibytes_arrives_whole(typed: Typed, tmp_path: Path) -> None:
    content = b"".join(number.to_bytes(4) for number in range(3 * 1024 * 256))
    (tmp_path / "plan.bin").write_bytes(content)
    said = typed("ma", "send", "--to", "no", "--title", "a plan", "--text", "x", "--attach", "plan.bin").id()
    until(lambda: accepted(typed, "ma", said))
    assert typed("no", "save", said, "--folder", "saved").code == 0
    assert (tmp_path / "saved" / "plan.bin").read_bytes() == content


def test_a_bureau_that_is_down_gets_its_mail_when_it_is_up_again(typed: Typed, nodes: Nodes) -> None:
    assert nodes.stop("no") == 0
    said = typed("ma", "send", "--to", "no", "--title", "a van", "--text", "x").id()
    until(lambda: "no at http://127.0.0.1" in typed("ma", "status", said).out)
    assert "waits to leave; last trouble:" in typed("ma", "status", said).out
    assert "cannot be reached, next attempt" in typed("ma", "status", said).out
    nodes.start("no")
    until(lambda: accepted(typed, "ma", said))
    assert arrived(typed, "no", said)
    assert json.loads(typed("ma", "status", said, "--json").out)[0]["attempts"] > 1


def test_a_silent_connection_is_kept_for_the_next_request(nodes: Nodes) -> None:
    """It is the sender who hangs up (`node/carrier.py`), so that no request is written to a line that is gone."""
    with closing(HTTPConnection("127.0.0.1", nodes.ports["no"], timeout=PATIENCE)) as line:
        line.connect()
        line.auto_open = 0  # What is asked next must go over this one.
        for silent in (0, 6):  # Uvicorn by itself would hang up after five seconds.
            time.sleep(silent)
            line.request("GET", "/health")
            assert line.getresponse().read() == b"ok\n"
    assert incoming.KEPT > carrier.IDLE


def test_each_log_is_cosigned_by_the_other_bureau(typed: Typed) -> None:
    for name, other in (("ma", "no"), ("no", "ma")):
        until(lambda name=name, other=other: f"/{other}/witness " in typed(name, "log").out)  # type: ignore[misc]


def test_a_running_node_sees_what_the_custodians_decide(typed: Typed, nodes: Nodes) -> None:
    state = Repository(nodes.folder / "registry", nodes.anchor).read()
    policy = replace(state.content.policy, languages=("en", "fr"))
    version = decide(nodes.folder, nodes.anchor, proposals.policy(state, policy, clock.now(), silent))

    def seen() -> bool:
        # The profile's copy on the disk is what the running node has fetched; nobody else refreshes it.
        found = sorted((nodes.folder / "no" / "trust").rglob("snapshot.json"))
        return any(json.loads(path.read_bytes())["signed"]["version"] >= version for path in found)

    until(seen)
    assert json.loads(typed("no", "refresh", "--json").out)["version"] >= version


def test_a_port_that_is_taken_is_told_in_a_sentence(typed: Typed, nodes: Nodes) -> None:
    ended = typed("no", "serve", "--listen", f"127.0.0.1:{nodes.ports['ma']}")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"error: cannot listen at 127.0.0.1:{nodes.ports['ma']}: Address already in use\n"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_node_that_is_told_to_stop_stops_and_says_so(nodes: Nodes, how: signal.Signals) -> None:
    assert nodes.stop("no", how) == 0
    said = nodes.log("no")
    nodes.start("no")
    assert said.splitlines()[-1] == "stopped"
    assert "Traceback" not in said


def test_nodes_that_work_write_nothing_to_their_terminal(nodes: Nodes) -> None:
    """Success is quiet, and that a peer was down for a while is told where it is asked for."""
    lines = nodes.log("ma").splitlines() + nodes.log("no").splitlines()
    assert [line for line in lines if "listens at" not in line and line != "stopped"] == []


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1:8701", ("127.0.0.1", 8701)),
        ("http://127.0.0.1:8701", ("127.0.0.1", 8701)),
        ("http://[::1]:8701/", ("::1", 8701)),
        ("[::1]:0", ("::1", 0)),
    ],
)
def test_an_address_is_host_and_port(address: str, expected: tuple[str, int]) -> None:
    assert listen_at(address) == expected


@pytest.mark.parametrize("address", ["", "here", "https://ma.example", "127.0.0.1:port", "127.0.0.1:99999", ":8701"])
def test_what_is_no_address_is_told(address: str) -> None:
    with pytest.raises(Misused, match="say where to listen"):
        listen_at(address)


def test_a_line_that_says_nothing_holds_up_nobody(typed: Typed, nodes: Nodes) -> None:
    with socket.create_connection(("127.0.0.1", nodes.ports["no"])) as line:
        line.sendall(b"POST /o/x/deliveries HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
        said = typed("ma", "send", "--to", "no", "--title", "a van", "--text", "x").id()
        until(lambda: accepted(typed, "ma", said))
