"""A bureau's programs at work in tests: a real server with the desk's interface, on loopback, and a plain client."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from comity.core.capability import OfficerRole
from comity.core.handling import Purpose
from comity.core.ids import Millis
from comity.faces import desk_api
from comity.faces.desk_api import Limits
from comity.node import officers, tokens
from comity.node.bureau import Bureau

YEAR = 365 * 86_400_000

GENEROUS = Limits(rate=10_000.0, burst=10_000)


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever the body says
        """The body as JSON."""
        return json.loads(self.raw)

    @property
    def code(self) -> str:
        """The code of a problem; empty where there is none."""
        return str(self.json["code"]) if self.status >= 400 else ""


@dataclass
class Programs:
    """The interface of one bureau, as a program sees it."""

    bureau: Bureau
    port: int

    @property
    def path(self) -> str:
        """Where the desk begins."""
        return f"/o/{self.bureau.org}/desk"

    @property
    def url(self) -> str:
        """The same with the address."""
        return f"http://127.0.0.1:{self.port}{self.path}"

    def token(self, *scopes: str, officer: str = "k7", until: int = 0, purpose: Purpose = Purpose.INVESTIGATE) -> str:
        """Issue a token and return its secret; by default for everything."""
        every = tuple(scope for scope in tokens.scopes_of(self.bureau.capabilities) if scope.endswith(":*"))
        end = Millis(until or self.bureau.now() + YEAR)
        return tokens.issue(self.bureau, officer, scopes or (*every, tokens.EVENTS), end, purpose=purpose).secret

    def send(self, method: str, path: str, body: bytes = b"", /, **headers: str) -> Answer:
        """Send a request and return the answer."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            line.request(method, path, body or None, {name.replace("_", "-"): each for name, each in headers.items()})
            answer = line.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            line.close()

    def do(self, token: str, operation: str, **given: object) -> Answer:
        """Do an operation: ``messages/inbox``."""
        headers = {"Authorization": f"Bearer {token}", "Content_Type": "application/json"}
        return self.send("POST", f"{self.path}/{operation}", json.dumps(given).encode(), **headers)

    @contextmanager
    def events(self, token: str, **headers: str) -> Iterator["Stream"]:
        """Follow the events."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        named = {name.replace("_", "-"): each for name, each in headers.items()}
        line.request("GET", f"{self.path}/events", headers={"Authorization": f"Bearer {token}", **named})
        answer = line.getresponse()
        try:
            yield Stream(answer)
        finally:
            # A read in the buffer would wait for the server's end: cut it first.
            if line.sock is not None:
                line.sock.close()
            line.close()


@dataclass
class Event:
    """One server-sent event."""

    name: str
    id: str
    data: Any


@dataclass
class Stream:
    """An open stream."""

    answer: http.client.HTTPResponse

    def next(self) -> Event:
        """Wait for the next event; comments are passed over."""
        fields: dict[str, str] = {}
        while True:
            line = self.answer.readline().decode().rstrip("\r\n")
            if not line:
                if "data" in fields:
                    return Event(fields.get("event", ""), fields.get("id", ""), json.loads(fields["data"]))
                fields = {}
                if self.answer.isclosed():
                    raise EOFError
                continue
            name, _, value = line.partition(":")
            if name:
                fields[name] = value.removeprefix(" ")

    def take(self, count: int) -> list[Event]:
        """Wait for so many events."""
        return [self.next() for _ in range(count)]


@contextmanager
def serving(bureau: Bureau, folder: Path, limits: Limits = GENEROUS) -> Iterator[Programs]:
    """Serve the desk's interface of a bureau."""
    listening = socket.create_server(("127.0.0.1", 0))
    app = desk_api.assemble((bureau,), folder, limits)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield Programs(bureau, listening.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


def staff(bureau: Bureau) -> None:
    """Give a bureau officers: k7 on duty, f1 of fugitives, s1 who supervises, a1 who audits."""
    officers.add(bureau, "duty", officer="k7")
    officers.add(bureau, "fugitives", officer="f1")
    officers.add(bureau, "duty", OfficerRole.SUPERVISOR, officer="s1")
    officers.add(bureau, "inspection", OfficerRole.AUDITOR, officer="a1")
