"""`comity serve --desk`: a second listener for programs, driven from the command line, that ends with the first."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from comity.faces.wire import Wire, free_port
from tests.faces.conftest import Typed
from tests.organisation import PASSPHRASE

pytestmark = pytest.mark.xdist_group("desk-serving")

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def ports() -> tuple[int, int]:
    return free_port(), free_port()


@pytest.fixture(scope="module")
def node(place: Path, ports: tuple[int, int]) -> Iterator[subprocess.Popen[bytes]]:
    """Run the node of Rabat with a desk."""
    peers, desk = (f"127.0.0.1:{port}" for port in ports)
    command = [sys.executable, "-m", "comity.faces", "serve", "--listen", peers, "--desk", desk]
    environment = os.environ | {"COMITY_HOME": str(place / "ma"), "COMITY_PASSPHRASE": PASSPHRASE}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not (Wire().answers(ports[0]) and _answers(ports[1])):
        assert time.monotonic() < deadline, "it is still not up"
        time.sleep(0.1)
    yield process
    process.kill()


def _answers(port: int) -> bool:
    try:
        return _ask(port, "GET", "/")[0] == 404
    except OSError:
        return False


def _ask(port: int, method: str, path: str, token: str = "") -> tuple[int, bytes]:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        line.request(method, path, headers={"Authorization": f"Bearer {token}"} if token else {})
        answer = line.getresponse()
        return answer.status, answer.read()
    finally:
        line.close()


def _token(typed: Typed, *scopes: str) -> dict[str, Any]:
    officer = json.loads(typed("ma", "officer", "list", "--json").out)[0]["officer"]
    named = [word for scope in scopes for word in ("--scope", scope)]
    until = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 30 * 86_400))  # noqa: TID251 - the node's own clock runs
    ended = typed("ma", "token", "add", "--officer", officer, *named, "--until", until, "--json")
    assert ended.code == 0, ended.err
    made: dict[str, Any] = json.loads(ended.out)
    return made


def test_a_token_from_the_command_line_opens_the_desk_until_it_is_revoked(
    typed: Typed, node: subprocess.Popen[bytes], ports: tuple[int, int]
) -> None:
    made = _token(typed, "messages:outbox")
    inbox = f"{made['path']}/messages/outbox"
    status, body = _ask(ports[1], "POST", inbox, made["secret"])
    assert (status, json.loads(body)["older"]) == (200, None)
    assert _ask(ports[1], "POST", f"{made['path']}/messages/inbox", made["secret"])[0] == 403
    listed = typed("ma", "token", "list")
    assert made["secret"][24:] not in listed.out
    assert f"token: {made['token']['token']}" in listed.out
    assert "used: " in listed.out
    assert typed("ma", "token", "revoke", made["token"]["token"]).code == 0
    assert _ask(ports[1], "POST", inbox, made["secret"])[0] == 401
    assert node.poll() is None


def test_peers_reach_no_desk_and_programs_no_exchange(
    typed: Typed, node: subprocess.Popen[bytes], ports: tuple[int, int]
) -> None:
    made = _token(typed, "messages:*")
    assert _ask(ports[0], "POST", f"{made['path']}/messages/inbox", made["secret"])[0] == 404
    assert _ask(ports[0], "GET", f"{made['path']}/openapi.json")[0] == 404
    org = made["path"].removesuffix("/desk")
    assert _ask(ports[0], "GET", f"{org}/log/checkpoint")[0] == 200
    for path in ("/health", f"{org}/log/checkpoint", f"{org}/registry/metadata/timestamp.json"):
        assert _ask(ports[1], "GET", path)[0] == 404
    assert node.poll() is None


def test_a_scope_that_is_none_is_told_with_those_that_are(typed: Typed) -> None:
    ended = typed("ma", "token", "add", "--officer", "k7", "--scope", "messages:burn", "--until", "2099-01-01")
    assert ended.code == 2
    assert "messages:read" in typed("ma", "token", "scopes").out


@pytest.mark.parametrize("address", ["0.0.0.0:1", "192.0.2.1:80", "nowhere", "127.0.0.1"])
def test_a_desk_for_others_is_misuse(typed: Typed, address: str) -> None:
    ended = typed("no", "serve", "--listen", f"127.0.0.1:{free_port()}", "--desk", address)
    assert ended.code == 2
    assert ended.err.startswith("error: ")


def test_the_desk_ends_with_the_node_and_cuts_who_follows(
    typed: Typed, node: subprocess.Popen[bytes], ports: tuple[int, int]
) -> None:
    made = _token(typed, "messages:*", "events:follow")
    line = http.client.HTTPConnection("127.0.0.1", ports[1], timeout=60)
    line.request("GET", f"{made['path']}/events", headers={"Authorization": f"Bearer {made['secret']}"})
    assert line.getresponse().status == 200
    node.send_signal(signal.SIGINT)
    node.wait(60)
    errors = node.stderr.read().decode() if node.stderr is not None else ""
    assert "Traceback" not in errors
    assert not _answers(ports[1])
    line.close()
