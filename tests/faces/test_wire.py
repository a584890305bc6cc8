"""The wire of the exercise: what it carries arrives unchanged, and what it heard can be sent once more."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from comity.core.codec import encode, unpack
from comity.core.errors import Unreachable
from comity.core.ids import OrgId
from comity.faces.wire import Wire, _call, free_port

ORG = OrgId("exercise.example-" + "0" * 32)
PATH = f"/o/{ORG}/deliveries"


class Node(BaseHTTPRequestHandler):
    """Answers as a node does: with one outcome for each delivery."""

    protocol_version = "HTTP/1.1"
    heard: list[bytes]

    def do_GET(self) -> None:
        """Answer whether it is up."""
        self._answer(b"ok\n")

    def do_POST(self) -> None:
        """Answer deliveries."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        again = [item in self.heard for item in unpack(body)]
        self.heard += unpack(body)
        self._answer(encode([{"code": "again" if known else "accepted"} for known in again]))

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def node() -> Iterator[int]:
    Node.heard = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Node)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def test_what_passes_is_unchanged_and_remembered(node: int) -> None:
    with Wire() as wire:
        port = wire.open(node)
        assert wire.answers(node)
        status, body = _call(port, "POST", PATH, encode([b"one", b"two"]))
        assert (status, [each["code"] for each in unpack(body)]) == (200, ["accepted", "accepted"])
        assert Node.heard == [b"one", b"two"]
        assert encode([b"one", b"two"]) in wire.heard()


def test_what_was_heard_is_sent_again_as_it_was_or_forged(node: int) -> None:
    with Wire() as wire:
        port = wire.open(node)
        _call(port, "POST", PATH, encode([b"one", b"two"]))
        assert wire.again(node, ORG, forge=False) == {"again": 2}
        assert wire.again(node, ORG, forge=True) == {"accepted": 2}
        assert {b"ooe", b"tvo"} <= {item.replace(b"n", b"o", 1) for item in Node.heard} | set(Node.heard)


def test_a_node_that_is_away_is_told(node: int) -> None:
    away = free_port()
    with Wire() as wire:
        port = wire.open(away)
        assert not wire.answers(away)
        with pytest.raises(OSError, match=r"."):
            _call(port, "GET", "/health", b"")
        wire.open(node)


def test_another_status_than_200_is_unreachable(node: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with Wire() as wire:
        _call(wire.open(node), "POST", PATH, encode([b"one"]))
        monkeypatch.setattr(Node, "_answer", lambda self, _: BaseHTTPRequestHandler.send_error(self, 500))
        with pytest.raises(Unreachable, match="500"):
            wire.again(node, ORG, forge=False)


def test_a_free_port_is_free() -> None:
    with socket.socket() as line:
        line.bind(("127.0.0.1", free_port()))
