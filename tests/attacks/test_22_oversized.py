"""Attack 22: requests that never end, or claim to be larger than any disk, while others want to be served."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn

from comity.core.codec import MAX_BYTES, encode
from comity.faces import api
from comity.faces.wire import free_port
from comity.node import inbox
from tests.attacks.federation import ET, Attacked
from tests.organisation import found, opened
from tests.simulator import codes

PATIENCE = 60.0
SLOW = 60
"""Lines that send one byte and then wait, at once."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, str]]:
    """Give port and path of a node that runs."""
    folder = tmp_path_factory.mktemp("oversized")
    anchor = found(folder, ["ma"])
    with opened(folder, "ma") as node:
        port = free_port()
        config = uvicorn.Config(api.build(node, {}), host="127.0.0.1", port=port, log_level="critical", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        deadline = time.monotonic() + PATIENCE
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.02)
        yield port, f"/o/{anchor.org}/deliveries"
        server.should_exit = True
        thread.join(PATIENCE)


def _ask(port: int, head: str, body: bytes = b"") -> bytes:
    """Send the head of a request and a beginning of its body, and return what is answered."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as line:
        line.sendall(head.replace("\n", "\r\n").encode() + b"\r\n" + body)
        return line.recv(200)


def _post(path: str, *headers: str) -> str:
    return "\n".join((f"POST {path} HTTP/1.1", "Host: node", "Content-Type: application/cbor", *headers, ""))


def test_ten_gigabytes_are_refused_by_their_announcement(address: tuple[int, str]) -> None:
    port, path = address
    assert b" 413 " in _ask(port, _post(path, "Content-Length: 10737418240"))


def test_a_body_without_length_is_cut_off_at_the_limit(address: tuple[int, str]) -> None:
    port, path = address
    chunk = b"%x\r\n" % (1 << 20) + bytes(1 << 20) + b"\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as line:
        line.sendall(_post(path, "Transfer-Encoding: chunked").replace("\n", "\r\n").encode() + b"\r\n")
        sent, answer = 0, b""
        try:
            while sent < 256:
                line.sendall(chunk)
                sent += 1
            answer = line.recv(200)
        except (BrokenPipeError, ConnectionResetError):
            answer = b" 413 "
    assert b" 413 " in answer
    assert sent <= 256


def test_many_slow_lines_hold_up_nobody(address: tuple[int, str]) -> None:
    port, path = address
    slow = [socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) for _ in range(SLOW)]
    try:
        for line in slow:
            line.sendall(_post(path, "Content-Length: 1000").replace("\n", "\r\n").encode() + b"\r\n\x80")
        empty = encode([])
        answer = _ask(port, _post(path, f"Content-Length: {len(empty)}", "Connection: close"), empty)
        assert b" 200 " in answer
    finally:
        for line in slow:
            line.close()


def test_more_than_an_act_may_have_is_refused_before_it_is_read(fed: Attacked) -> None:
    assert codes(inbox.receive(fed.bureaus[ET], [bytes(MAX_BYTES + 1)])) == ["malformed"]
