"""A relay over real HTTP, as its own process: resources, fail points, and how long urgent mail takes."""

import asyncio
import http.client
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from comity.core import carriage
from comity.core.carriage import Collect
from comity.core.codec import decode, encode
from comity.core.envelope import Lane, sha256
from comity.core.errors import Unreachable
from comity.core.ids import ActId, BureauId
from comity.core.registry import Accreditation, Profile, Role
from comity.faces import cli
from comity.faces.bureau import RELAY_USES
from comity.faces.wire import free_port
from comity.node import admission, carrier, clock, post, proposals, relayhome
from comity.node.anchor import Anchor
from comity.node.bureau import Bureau
from comity.node.carrier import Carrier
from comity.node.collector import Basket
from comity.node.mailboxes import Mail
from comity.node.papers import Choice, new_keys
from comity.node.relay import Answer
from comity.node.repository import Repository
from comity.node.service import Pace, Service
from tests.node.founding import offline, silent
from tests.organisation import PASSPHRASE, decide, found, opened
from tests.simulator import code_of, lines, received, rungs, tell

MA, NO, R1 = BureauId("ma"), BureauId("no"), BureauId("r1")

KILLED = """
import os, signal, sys
from comity.core import carriage
from comity.faces import cli
def dies(*_):
    os.kill(os.getpid(), signal.SIGKILL)
carriage.{where} = dies
sys.exit(cli.main({arguments!r}))
"""
"""A relay that is killed when it has committed and is about to sign its answer."""


@dataclass
class World:
    """Two bureaus that cannot be reached, and the folder and port of a relay."""

    folder: Path
    anchor: Anchor
    port: int
    ma: Bureau
    no: Bureau

    @contextmanager
    def running(self, script: str = "") -> Iterator[subprocess.Popen[bytes]]:
        """Run the relay in a process of its own."""
        command = [sys.executable, *(("-c", script) if script else ("-m", "comity.faces", *self.arguments))]
        environment = {**os.environ, "COMITY_PASSPHRASE": PASSPHRASE}
        with (self.folder / "relay.log").open("ab") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            until(lambda: self.ask("GET", "/health")[0] == 200)
            yield process
        finally:
            process.kill()
            process.wait()

    @property
    def arguments(self) -> list[str]:
        """Return the command line of the relay."""
        return ["relay", "--home", str(self.folder / "r1"), "--listen", f"127.0.0.1:{self.port}"]

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Make a request; status 0 for nobody there."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=90)
        try:
            connection.request(method, path, body or None)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()

    def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Post to a resource of the organisation."""
        return self.ask("POST", f"/o/{self.anchor.org}/{path}", body)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Give two bureaus and a relay, each with its folder, by the real ceremonies."""
    anchor, port = found(tmp_path, ["ma", "no"]), free_port()
    accredit(tmp_path, anchor, f"http://127.0.0.1:{port}")
    with opened(tmp_path, "ma") as ma, opened(tmp_path, "no") as no:
        for node in (ma, no):
            node.home.trusts[anchor.org].refresh(clock.now())
        yield World(tmp_path, anchor, port, ma.bureau(), no.bureau())


def accredit(folder: Path, anchor: Anchor, address: str) -> None:
    """Make the relay `r1`, and accredit it as such."""
    now = clock.now()
    relayhome.create(folder / R1, PASSPHRASE, address=address)
    held = relayhome.open_relay(folder / R1, PASSPHRASE)
    keys = new_keys(held.keyring, RELAY_USES, Choice())
    held.join(anchor, R1)
    profile = Profile(bureau=R1, name="Relay 1", version=1, keys=keys, addresses=(address,))
    paper = admission.application(anchor.org, profile, offline("role of r1"), now, silent)
    decided = Accreditation(bureau=R1, role=Role.RELAY, since=now, decided_by="assembly")
    repository = Repository(folder / "registry", anchor)
    decide(folder, anchor, proposals.accreditation(repository.read(), paper, decided, now, silent))
    held.trusts[anchor.org].refresh(now)
    held.close()


def until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it is still not so"
        time.sleep(0.02)


def accepted(bureau: Bureau, act: ActId) -> bool:
    """Tell whether a bureau has accepted an act."""
    return code_of(bureau, act) == "accepted"


def receipted(bureau: Bureau, act: ActId) -> bool:
    """Tell whether a bureau has a receipt for its act."""
    return bool(rungs(bureau, act))


def due(world: World) -> list[bytes]:
    """Return what is due at `ma` for `no`, sealed."""
    return [parcel.delivery for parcel in post.collect(world.ma).get(NO, [])]


def test_what_is_handed_in_over_http_is_promised_and_handed_out(world: World) -> None:
    tell(world.ma, "no")
    raws = due(world)
    with world.running():
        status, raw = world.post("deliveries", encode(raws))
        answer = decode(raw, Answer)
        said = carriage.read_carried(answer.carried, world.ma.registry(), R1)
        basket = Basket(world.no, R1)
        mail = basket.answered(*world.post("mailbox", basket.poll()))
    assert (status, [told.code for told in answer.outcomes]) == (200, ["carried"])
    assert len(said.sealed) == 1
    assert [each.delivery for each in mail] == raws


def test_a_relay_has_the_resources_of_a_relay_and_no_other(world: World) -> None:
    org = world.anchor.org
    with world.running():
        found_ = {
            path: world.ask(method, path)[0]
            for method, path in (
                ("GET", "/health"), ("GET", "/"), ("GET", f"/o/{org}/log/checkpoint"), ("GET", f"/o/{org}/registry/x"),
                ("GET", "/schema"), ("POST", "/o/other-00/deliveries"), ("POST", f"/o/{org}/mailbox"),
                ("POST", f"/o/{org}/offers"), ("GET", f"/o/{org}/blobs/{'0' * 64}/manifest"),
                ("GET", f"/o/{org}/blobs/junk/manifest"),
            )
        }  # fmt: skip
    assert list(found_.values()) == [200, 404, 404, 404, 404, 404, 400, 400, 404, 400]


MISTAKEN = """
import sys
from comity.faces import cli
from comity.node.relay import Relay
def breaks(*_):
    raise RuntimeError("{secret}")
Relay.take = breaks
sys.exit(cli.main({arguments!r}))
"""
"""A relay in which something of ours is wrong."""


def test_a_mistake_of_a_relay_is_told_to_its_log_and_without_what_it_quotes(world: World) -> None:
    with world.running(MISTAKEN.format(secret="family name", arguments=world.arguments)):
        assert world.post("deliveries", encode([b""])) == (500, b"an error in this node\n")
    told = (world.folder / "relay.log").read_text()
    assert "RuntimeError at" in told
    assert "family name" not in told


def test_an_old_poll_is_answered_with_the_last_serial(world: World) -> None:
    said = Collect(org=world.anchor.org, relay=R1, bureau=NO, at=clock.now(), serial=9)
    raw = carriage.ask(said, world.no.signer())
    tell(world.ma, "no")
    with world.running():
        world.post("deliveries", encode(due(world)))
        assert world.post("mailbox", raw)[0] == 200
        assert world.post("mailbox", raw) == (409, b"9")


def test_a_full_disk_is_told_before_the_request_is_read(world: World) -> None:
    (world.folder / "r1" / "limits.json").write_text(json.dumps({"disk_stop": 1 << 60}))
    tell(world.ma, "no")
    with world.running():
        connection = http.client.HTTPConnection("127.0.0.1", world.port, timeout=60)
        connection.request("POST", f"/o/{world.anchor.org}/deliveries", encode(due(world)))
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Retry-After"]) == (503, "300")
        assert b"relay.disk" in answer.read()
        connection.close()


def test_why_a_relay_takes_nothing_reaches_the_sender(world: World) -> None:
    (world.folder / "r1" / "limits.json").write_text(json.dumps({"disk_stop": 1 << 60}))
    tell(world.ma, "no")
    due_ = post.collect(world.ma)[NO]

    async def part() -> None:
        async with carrier.session() as session:
            await Carrier(world.ma, session).deliver(NO, due_)

    with world.running(), pytest.raises(Unreachable, match=r"^r1 at .* status 503: .*relay\.disk"):
        asyncio.run(part())


@pytest.mark.parametrize("moment", ["carry", "read_collect"])
def test_a_relay_killed_between_commit_and_answer_loses_nothing_and_doubles_nothing(world: World, moment: str) -> None:
    """Before R0 is signed: the sender hands the act over again. In a poll: nothing was confirmed yet."""
    act = tell(world.ma, "no")
    script = KILLED.format(where=moment, arguments=world.arguments)

    async def part() -> None:
        async with carrier.session() as session:
            for bureau in (world.ma, world.no):
                service = Service(bureau=bureau, pace=Pace(jobs=0.2, witness=60.0))
                services.append(asyncio.create_task(service.run(stop)))
            with world.running(script) as process:
                await asyncio.to_thread(process.wait, 60)
            assert process.returncode == -signal.SIGKILL
            with world.running():
                await asyncio.to_thread(until, lambda: rungs(world.ma, act.id) == [("no", 2, "accepted")])
            stop.set()
            await asyncio.gather(*services)
            assert session is not None

    stop = asyncio.Event()
    services: list[asyncio.Task[None]] = []
    asyncio.run(part())
    assert code_of(world.no, act.id) == "accepted"
    assert len(received(world.no, "messages.information/1")) == 1
    assert lines(world.ma, act.id)["no"].state == "settled"


def test_urgent_mail_over_a_relay_takes_well_under_a_second(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Said, carried, collected, committed; and back until the receipt is here. Printed, not asserted."""
    there: list[float] = []
    back: list[float] = []

    async def part() -> None:
        services = [
            asyncio.create_task(Service(bureau=bureau, pace=Pace(witness=60.0)).run(stop))
            for bureau in (world.ma, world.no)
        ]
        await asyncio.sleep(1.0)
        for _ in range(12):
            began = time.monotonic()
            act = await asyncio.to_thread(tell, world.ma, "no", lane=Lane.URGENT)
            await asyncio.to_thread(until, partial(accepted, world.no, act.id))
            there.append(time.monotonic() - began)
            await asyncio.to_thread(until, partial(receipted, world.ma, act.id))
            back.append(time.monotonic() - began)
        stop.set()
        await asyncio.gather(*services)

    stop = asyncio.Event()
    with world.running():
        asyncio.run(part())
    with capsys.disabled():
        print(  # noqa: T201 - the figure is what this test is for
            f"\nurgent over a relay: there {statistics.median(there) * 1000:.0f} ms (most {max(there) * 1000:.0f}), "
            f"receipt {statistics.median(back) * 1000:.0f} ms (most {max(back) * 1000:.0f})"
        )


def test_a_waiting_poll_is_answered_within_milliseconds_of_new_mail(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """How long it took is printed; only that it did not wait for its end is asserted."""
    tell(world.ma, "no")
    raws = due(world)

    async def part() -> tuple[float, int]:
        async with carrier.session() as session:
            road, basket = Carrier(world.no, session), Basket(world.no, R1)
            waiting = asyncio.create_task(road.poll(R1, basket.poll()))
            await asyncio.sleep(0.5)
            began = time.monotonic()
            handed = asyncio.create_task(asyncio.to_thread(world.post, "deliveries", encode(raws)))
            mail = basket.answered(*await waiting)
            woke = time.monotonic() - began
            await handed
            return woke, len(mail)

    with world.running():
        woke, count = asyncio.run(part())
    with capsys.disabled():
        print(f"\na waiting poll is answered {woke * 1000:.0f} ms after the hand-over began")  # noqa: T201
    # A poll that waits to its end is answered with nothing.
    assert count == 1


def test_status_says_what_waits_while_the_relay_runs(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    tell(world.ma, "no", lane=Lane.URGENT)
    with world.running():
        world.post("deliveries", encode(due(world)))
        assert cli.main(["relay-status", "--home", str(world.folder / "r1"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["held"], told["boxes"][0]["bureau"], told["boxes"][0]["pieces"]) == (1, "no", {"urgent": 1})


def test_a_relays_folder_is_no_nodes_and_the_other_way_round(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMITY_PASSPHRASE", PASSPHRASE)
    assert cli.main(["serve", "--home", str(world.folder / "r1")]) == 2
    assert cli.main(["relay", "--home", str(world.folder / "ma")]) == 2


def test_mail_is_a_list_of_numbers_and_deliveries(world: World) -> None:
    tell(world.ma, "no")
    raws = due(world)
    with world.running():
        world.post("deliveries", encode(raws))
        basket = Basket(world.no, R1)
        status, raw = world.post("mailbox", basket.poll())
    (mail,) = decode(raw, list[Mail])
    assert (status, sha256(mail.delivery)) == (200, sha256(raws[0]))
