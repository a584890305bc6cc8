"""A node at work: its loop sends to everybody what is due to many, also where one look does not seal for all."""

import asyncio
import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from msgspec.structs import replace

from comity.capabilities.records import desk
from comity.capabilities.records.acts import RecordKind
from comity.core.codec import encode, unpack
from comity.core.ids import BureauId
from comity.node import inbox, post
from comity.node.carrier import Carrier
from comity.node.service import Service
from tests.node.conftest import Found
from tests.simulator import Federation, lines, reader, tell

NAMES = ["ma", "no", "et", "ke", "fj"]
ROUNDS = 600
"""Looks, 50 ms apart, until something that ought to happen at once has not happened."""


def reachable(fed: Federation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every bureau an address, and let requests to it be taken in by its node."""
    fed.change(profiles={me: replace(one, addresses=(f"http://{me}",)) for me, one in fed.registry.profiles.items()})

    async def call(
        _road: Carrier, _method: str, address: str, path: str, body: bytes, **_: object
    ) -> tuple[int, bytes]:
        bureau = fed.bureaus[BureauId(str(urlsplit(address).hostname))]
        assert path == "deliveries"
        return 200, encode(await asyncio.to_thread(inbox.receive, bureau, unpack(body)))

    monkeypatch.setattr(Carrier, "_call", call)


def test_an_act_to_many_reaches_all_although_one_look_seals_for_two(
    found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    fed = found(NAMES)
    reachable(fed, monkeypatch)
    monkeypatch.setattr(post, "ABREAST", 2)
    ma = fed.bureaus[BureauId("ma")]
    said = [tell(ma, *NAMES[1:]), tell(ma, "no")]

    def states() -> set[str]:
        return {line.state for kept in said for line in lines(ma, kept.id).values()}

    async def work() -> None:
        stop = asyncio.Event()
        service = asyncio.create_task(Service(ma).run(stop))
        for _ in range(ROUNDS):
            if await asyncio.to_thread(states) == {"handed"}:
                break
            await asyncio.sleep(0.05)
        stop.set()
        await service

    asyncio.run(work())
    assert states() == {"handed"}


def test_a_node_at_work_keeps_its_index_up_with_what_it_commits(found: Found, tmp_path: Path) -> None:
    ma = found(["ma", "no"]).bureaus[BureauId("ma")]
    listed = desk.open(ma, reader(ma), record=RecordKind.TRAVEL_DOCUMENT, to=(BureauId("no"),)).id
    file, record = tmp_path / "rows.jsonl", {"number": "XX0000001", "issuer": "NOR", "type": "P", "loss": "lost"}
    finder = ma.finder
    assert finder is not None

    def behind(rows: int) -> bool:
        # Asked of the files: a question would bring the index up to date by itself.
        held = finder._held
        return held is None or held._index.figures()["rows"] != rows

    async def work() -> None:
        stop = asyncio.Event()
        service = asyncio.create_task(Service(ma).run(stop))
        for rows in (1, 2):
            file.write_text(json.dumps({"key": f"a-{rows}", "record": record}) + "\n")
            await asyncio.to_thread(desk.publish, ma, reader(ma), which=listed.hex(), file=file)
            for _ in range(ROUNDS):
                if not behind(rows):
                    break
                await asyncio.sleep(0.05)
            assert not behind(rows)
        stop.set()
        await service

    asyncio.run(work())
