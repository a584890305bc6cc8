"""How many inboxes a second a program gets over the desk's interface, beside a bare Litestar route in the same run.

One node with 1,000 messages on SQLite, one server process with both applications, one client process with 8 requests
in flight over keep-alive. Each request to the desk asks the database for token and officer, applies the veils to 20
messages and spells them in JSON; the bare route answers about as many bytes from memory. The ratio is what that costs.

    python bench/desk_api.py [--quick]
"""

import argparse
import asyncio
import json
import multiprocessing
import platform
import statistics
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import aiohttp
import uvicorn
from litestar import Litestar, Response, post

from comity.core.handling import Purpose
from comity.core.ids import BureauId, Millis
from comity.faces import desk_api
from comity.faces.desk_api import Limits
from comity.node import officers, tokens
from tests.simulator import Federation

IN_FLIGHT = 8
MESSAGES = 1_000
PAGE = 20


def fill(folder: Path) -> Federation:
    """Make two bureaus, and let the one tell the other a thousand things."""
    federation = Federation(folder)
    for name in ("ma", "no"):
        officers.add(federation.join(name), "duty", officer="k7")
    sender = federation.bureaus[BureauId("no")]
    messages = next(each for each in sender.capabilities if each.name == "messages")
    send = next(function for function in messages.desk if function.__name__ == "send")
    reader = officers.reader(sender, "k7", Purpose.INVESTIGATE)
    for number in range(MESSAGES):
        send(sender, reader, (BureauId("ma"),), f"message {number}", "a few words of text " * 20)
        if number % 100 == 99:  # noqa: PLR2004 - a hundred at a time
            federation.carry()
    return federation


def serve(folder: str, told: Connection) -> None:
    """Serve the desk and the bare route until the parent goes away."""
    federation = fill(Path(folder))
    bureau = federation.bureaus[BureauId("ma")]
    secret = tokens.issue(bureau, "k7", ("messages:inbox",), Millis(bureau.now() + 86_400_000)).secret
    desk = desk_api.assemble((bureau,), Path(folder), Limits(rate=1e9, burst=1_000_000_000))
    sample = json.dumps({"items": ["x" * 1_500] * PAGE}).encode()

    @post("/bare", status_code=200)
    async def bare() -> Response[bytes]:
        return Response(sample, media_type="application/json")

    plain = Litestar([bare], openapi_config=None)

    async def run() -> None:
        servers = [
            uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", access_log=False)) for app in (desk, plain)
        ]
        tasks = [asyncio.create_task(server.serve()) for server in servers]
        while not all(server.started for server in servers):  # noqa: ASYNC110 - uvicorn tells it by an attribute alone
            await asyncio.sleep(0.01)
        ports = [server.servers[0].sockets[0].getsockname()[1] for server in servers]
        told.send((f"/o/{bureau.org}/desk/messages/inbox", secret, *ports))
        await asyncio.gather(*tasks)

    asyncio.run(run())


async def rate(url: str, headers: dict[str, str], seconds: float) -> tuple[float, list[float]]:
    """Return requests a second, and how long each took in milliseconds."""
    took: list[float] = []
    ends = time.perf_counter() + seconds

    async def caller(session: aiohttp.ClientSession) -> None:
        while time.perf_counter() < ends:
            begun = time.perf_counter()
            async with session.post(url, data=b'{"limit": 20}', headers=headers) as answer:
                await answer.read()
                if answer.status != 200:  # noqa: PLR2004 - HTTP's own number
                    raise RuntimeError(f"status {answer.status}")
            took.append((time.perf_counter() - begun) * 1_000)

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(caller(session) for _ in range(IN_FLIGHT)))
    return len(took) / seconds, took


def main() -> None:
    """Measure both by turns, and print the figures; the last line is JSON."""
    parser = argparse.ArgumentParser(description="inboxes a second over the desk's interface")
    parser.add_argument("--quick", action="store_true", help="three short rounds, under 50 s in all")
    quick = parser.parse_args().quick
    rounds, seconds = (3, 3.0) if quick else (7, 8.0)
    with tempfile.TemporaryDirectory() as folder:
        mine, theirs = multiprocessing.get_context("spawn").Pipe()
        child = multiprocessing.get_context("spawn").Process(target=serve, args=(folder, theirs), daemon=True)
        child.start()
        path, secret, desk_port, bare_port = mine.recv()
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        desk_url, bare_url = f"http://127.0.0.1:{desk_port}{path}", f"http://127.0.0.1:{bare_port}/bare"
        asyncio.run(rate(desk_url, headers, 1.0))
        desk, bare, took = [], [], list[float]()
        for _ in range(rounds):
            found, times = asyncio.run(rate(desk_url, headers, seconds))
            desk.append(found)
            took += times
            bare.append(asyncio.run(rate(bare_url, headers, seconds))[0])
        child.kill()
        child.join()
    value, peer = statistics.median(desk), statistics.median(bare)
    took.sort()
    print(
        f"inbox of {PAGE} of {MESSAGES} messages over the desk's interface, {IN_FLIGHT} in flight, {platform.machine()}"
    )
    print(f"desk  {value:8.0f} requests/s, spread {min(desk):.0f} to {max(desk):.0f}")
    print(f"      {took[len(took) // 2]:8.1f} ms median, {took[len(took) * 99 // 100]:.1f} ms p99")
    print(f"bare  {peer:8.0f} requests/s, spread {min(bare):.0f} to {max(bare):.0f}")
    line = {"name": "desk inbox", "value": round(value, 1), "unit": "requests/s", "peer": "bare Litestar route"}
    print(json.dumps({**line, "peer_value": round(peer, 1), "ratio": round(value / peer, 4)}))


if __name__ == "__main__":
    main()
