"""The Python client against a real server: its example runs, its types are what comes, its errors are the house's."""

import asyncio
import inspect
import os
import subprocess
import sys
import textwrap
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

import comity.client
from comity.client import Client, Other, connection
from comity.client.said.messages import MessagesInformation
from comity.client.values import Arrived, FellDue, Glimpse
from comity.core.capability import Capability
from comity.core.errors import Malformed, Misused, Refused, Unreachable
from comity.core.handling import Confidentiality, Purpose
from comity.core.ids import BureauId, Millis
from comity.core.spelling import Base64, File
from comity.node import officers, tokens
from tests.faces.programs import Programs, serving, staff
from tests.simulator import DAY, START, Federation

MA, NO = BureauId("ma"), BureauId("no")
T = TypeVar("T")


@pytest.fixture(scope="module")
def federation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    made = Federation(tmp_path_factory.mktemp("federation"))
    for name in (MA, NO):
        staff(made.join(name))
    yield made
    made.close()


@pytest.fixture(scope="module")
def ma(federation: Federation) -> Iterator[Programs]:
    with serving(federation.bureaus[MA], federation.folder / MA) as programs:
        yield programs


@pytest.fixture(scope="module")
def no(federation: Federation) -> Iterator[Programs]:
    with serving(federation.bureaus[NO], federation.folder / NO) as programs:
        yield programs


def with_client(programs: Programs, work: Callable[[Client], Awaitable[T]], *scopes: str) -> T:
    async def run() -> T:
        async with Client(programs.url, programs.token(*scopes)) as comity_:
            return await work(comity_)

    return asyncio.run(run())


def test_the_example_in_the_docstring_runs(ma: Programs, no: Programs, tmp_path: Path) -> None:
    del no
    text = textwrap.dedent(inspect.getdoc(comity.client).split("\n\n", 2)[2])  # type: ignore[union-attr]
    example = text[text.index("import asyncio") :]
    (tmp_path / "example.py").write_text(example)
    told = {"COMITY_DESK": ma.url, "COMITY_TOKEN": ma.token(), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, tmp_path / "example.py"], env=os.environ | told, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].startswith("asked ")
    assert "sent" in done.stdout


def test_what_comes_is_typed_as_the_node_has_it(federation: Federation, ma: Programs, no: Programs) -> None:
    file = File(name="a.bin", content=Base64(bytes(range(256))))
    until = Millis(START + 5 * DAY)
    sent = with_client(
        ma,
        lambda c: c.messages.send(
            to=(NO,), title="Vessel", text="It left.", attach=(file,), expires=until,
            confidentiality=Confidentiality.OFFICIAL, law="Law 1", law_until=until,
        ),
    )  # fmt: skip
    federation.carry()
    page = with_client(no, lambda c: c.messages.inbox(limit=1))
    (seen,) = page.items
    assert isinstance(seen, Glimpse)
    assert isinstance(seen.act, MessagesInformation)
    assert (seen.id, seen.said, seen.label.expires) == (sent.id, START, until)
    assert seen.purpose is Purpose.INVESTIGATE
    assert seen.basis is not None
    assert seen.basis.until == until
    (saved,) = with_client(no, lambda c: c.messages.save(sent.id.hex()))
    assert saved == file


def test_every_operation_is_a_method_with_the_desks_own_parameters(ma: Programs) -> None:
    client = Client(ma.url, "")
    for capability in ma.bureau.capabilities:
        for function in capability.desk:
            method = getattr(getattr(client, capability.name), function.__name__)
            told = set(inspect.signature(method).parameters)
            assert told >= set(inspect.signature(function).parameters) - {"bureau", "reader", "folder"}, method


def test_errors_are_those_of_the_house(ma: Programs) -> None:
    with pytest.raises(Refused) as refused:
        with_client(ma, lambda c: c.messages.send(to=(NO,), title="a", text="b", audience=(BureauId("et"),)))
    assert refused.value.refusal.code == "handling.audience"
    assert refused.value.refusal.article
    with pytest.raises(Refused) as refused:
        with_client(ma, lambda c: c.messages.inbox(), "messages:read")
    assert refused.value.refusal.code == "desk.scope"
    with pytest.raises(Misused, match="no act that you may see"):
        with_client(ma, lambda c: c.messages.read("0" * 64))
    with pytest.raises(Misused, match="not open"):
        asyncio.run(Client(ma.url, "").messages.inbox())


def test_a_node_that_is_away_is_unreachable(ma: Programs) -> None:
    async def run() -> None:
        async with Client("http://127.0.0.1:9/o/x/desk", ma.token()) as away:
            await away.messages.inbox()

    with pytest.raises(Unreachable):
        asyncio.run(run())


def test_something_that_is_no_desk_is_told_apart(ma: Programs) -> None:
    async def run() -> None:
        async with Client(f"{ma.url}/openapi.json", ma.token()) as strange:
            await strange.messages.inbox()

    with pytest.raises(Refused):
        asyncio.run(run())
    assert isinstance(connection._problem(502, b"<html>"), Unreachable)
    with pytest.raises(Malformed):
        connection._decoded(b"<html>")


def test_events_come_as_structs_and_go_on_after_a_break(
    ma: Programs, federation: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PAUSE", 0.05)
    start = with_client(ma, lambda c: c.messages.send(to=(NO,), title="first", text="a"))

    async def follow() -> list[bytes]:
        async with Client(ma.url, ma.token()) as comity_:
            met: list[bytes] = []
            async for event in comity_.events(after=0):
                if isinstance(event, Arrived):
                    met.append(event.act)
                    assert not isinstance(event, FellDue | Other)
                if start.id in met:
                    return met
            return met

    assert start.id in asyncio.run(follow())
    with pytest.raises(Refused):
        asyncio.run(first(ma, "comity-" + "0" * 16 + "-" + "A" * 43))
    assert federation.clock == START


async def first(programs: Programs, secret: str) -> object:
    """Return the first event that there is."""
    async with Client(programs.url, secret) as comity_:
        return await anext(comity_.events(after=0))


def test_a_stream_that_broke_before_its_first_event_misses_nothing(
    ma: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PAUSE", 0.05)
    secret, asked = ma.token(), []

    async def cut(client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """Pass on one stream until it says that it is there, then cut it; the next ones go through."""
        asked.append(await client.readuntil(b"\r\n\r\n"))
        server, on = await asyncio.open_connection("127.0.0.1", ma.port)
        on.write(asked[-1])
        if len(asked) == 1:
            back.write(await server.readuntil(b": here\r\n") + await server.readuntil(b"\r\n\r\n"))
            await back.drain()
            await asyncio.to_thread(ma.do, secret, "messages/send", to=["no"], title="between", text="x")
        else:
            while piece := await server.read(65_536):
                back.write(piece)
        on.close()
        back.close()

    async def follow() -> object:
        line = await asyncio.start_server(cut, "127.0.0.1", 0)
        port = line.sockets[0].getsockname()[1]
        async with line, Client(f"http://127.0.0.1:{port}{ma.path}", secret) as comity_, asyncio.timeout(60):
            return await anext(comity_.events())

    event = asyncio.run(follow())
    assert isinstance(event, Arrived)
    assert [b"last-event-id" in each.lower() for each in asked] == [False, True]


def test_a_kind_that_the_client_does_not_know_is_kept_as_it_came(ma: Programs) -> None:
    speller = connection.Connection(ma.url, "")._speller
    raw: dict[str, object] = {"kind": "messages.hologram/7", "beam": [1, 2]}
    said = next(field.type for field in msgspec.structs.fields(Glimpse) if field.name == "act")
    assert speller.of(said).read(raw, "act") == Other(kind="messages.hologram/7", members=raw)


def test_the_client_says_nothing_for_an_officer_who_is_gone(ma: Programs) -> None:
    gone = officers.add(ma.bureau, "duty").officer
    secret = ma.token(officer=gone)
    officers.retire(ma.bureau, gone)

    async def run() -> None:
        async with Client(ma.url, secret) as comity_:
            await comity_.messages.inbox()

    with pytest.raises(Refused) as refused:
        asyncio.run(run())
    assert refused.value.refusal.code == "desk.token"
    assert tokens.every(ma.bureau)
    assert all(isinstance(each, Capability) for each in ma.bureau.capabilities)
