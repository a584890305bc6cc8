"""What a node answers over HTTP: each resource, its limits, and that junk gets a plain no and never a traceback."""

import dataclasses
import http.client
import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import TestClient

from comity.capabilities.messages import desk
from comity.core.checkpoint import parse_checkpoint
from comity.core.codec import decode, encode, unpack
from comity.core.envelope import Delivery
from comity.core.handling import Purpose
from comity.core.ids import BureauId, Digest
from comity.core.log import root_of
from comity.core.note import parse_note
from comity.core.registry import KeyUse, Suite
from comity.faces import api
from comity.node import admission, clock, home, inbox, jobs, officers, post, secretariat, witness
from comity.node.anchor import Anchor
from comity.node.bureau import Bureau
from comity.node.chunks import ID
from comity.node.post import Parcel
from comity.node.repository import Repository
from tests.node.founding import offline, silent
from tests.organisation import PASSPHRASE, found, opened

MA, NO = BureauId("ma"), BureauId("no")
SECRET = "the house at the end of the road"


@dataclasses.dataclass
class World:
    """Two nodes; the HTTP application of `no`, which also keeps the registry."""

    anchor: Anchor
    folder: Path
    ma: Bureau
    no: Bureau
    app: Litestar
    client: TestClient[Litestar]

    def url(self, path: str) -> str:
        """Return where a resource is."""
        return f"/o/{self.anchor.org}/{path}"

    def post(self, path: str, body: bytes) -> Any:  # noqa: ANN401 - an answer of the client
        """Post some bytes."""
        return self.client.post(self.url(path), content=body)

    def parcel(self, **how: Any) -> Parcel:  # noqa: ANN401
        """Return a delivery from `ma` to `no`."""
        reader = officers.reader(self.ma, "ma-1", Purpose.INVESTIGATE)
        said = desk.send(self.ma, reader, **{"to": (NO,), "title": "a van", "text": SECRET} | how)
        return next(each for each in post.collect(self.ma)[NO] if each.act == said.id)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("api")
    anchor = found(folder, ["ma", "no"])
    (folder / "outside.json").write_text(SECRET)
    with opened(folder, "ma") as ma, opened(folder, "no") as no:
        kept = secretariat.open_registry(folder / "no", folder / "registry", PASSPHRASE)
        app = api.build(no, {anchor.org: api.Registry(kept.folder, kept.accept)})
        with TestClient(app, raise_server_exceptions=False) as client:
            yield World(anchor, folder, ma.bureau(), no.bureau(), app, client)


@pytest.fixture(scope="module")
def port(world: World) -> Iterator[int]:
    """Give the port of a real server, for what only a real connection shows."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(world.app, log_level="critical"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield int(listening.getsockname()[1])
    server.should_exit = True
    thread.join(10)
    listening.close()


# ------------------------------------------------------------------------------------------------------ the good roads


def test_a_node_says_that_it_is_up_and_nothing_else(world: World) -> None:
    answer = world.client.get("/health")
    assert (answer.status_code, answer.text) == (200, "ok\n")


def test_a_delivery_is_taken_in_once(world: World) -> None:
    parcel = world.parcel()
    first, again = (world.post("deliveries", encode([parcel.delivery])) for _ in range(2))
    assert (first.status_code, first.headers["content-type"]) == (200, "application/cbor")
    assert [each["code"] for each in unpack(first.content) + unpack(again.content)] == ["accepted", "again"]
    reader = officers.reader(world.no, "no-1", Purpose.INVESTIGATE)
    assert desk.read(world.no, reader, act=parcel.act.hex()).sender == MA


def test_one_bad_delivery_does_not_hold_up_its_neighbours(world: World) -> None:
    parcel = world.parcel()
    answer = world.post("deliveries", encode([b"", parcel.delivery, b"\xff" * 1000]))
    assert [each["code"] for each in unpack(answer.content)] == ["malformed", "accepted", "malformed"]
    assert SECRET not in answer.text


def test_nothing_is_an_answer_to_nothing(world: World) -> None:
    answer = world.post("deliveries", encode([]))
    assert (answer.status_code, unpack(answer.content)) == (200, [])


def test_an_attachment_is_announced_by_its_frame_and_taken_in_by_parts(world: World, tmp_path: Path) -> None:
    file = tmp_path / "plan.bin"
    file.write_bytes(b"plan " * 300_000)
    parcel = world.parcel(attach=(file,))
    (blob,) = parcel.blobs
    # Before its chunks the envelope is not taken in.
    answer = world.post("deliveries", encode([parcel.delivery]))
    assert unpack(answer.content)[0] == {
        "code": "malformed", "reason": "an attachment is not here yet; send its chunks first",
    }  # fmt: skip
    frame = decode(parcel.delivery, Delivery).frame
    assert unpack(world.post("offers", frame).content) == {blob.hex(): [b""]}
    manifest = world.ma.blobs.manifest(blob)
    chunks = [manifest[at : at + ID] for at in range(0, len(manifest), ID)]
    assert world.client.put(world.url(f"blobs/{blob.hex()}/manifest"), content=manifest).status_code == 204
    for number, chunk in enumerate(chunks):
        assert unpack(world.post("offers", frame).content) == {blob.hex(): chunks[number:]}
        raw = world.ma.blobs.chunk(blob, Digest(chunk))
        assert world.client.put(world.url(f"blobs/{blob.hex()}/{chunk.hex()}"), content=raw).status_code == 204
    assert unpack(world.post("offers", frame).content) == {}
    assert unpack(world.post("deliveries", encode([parcel.delivery])).content)[0]["code"] == "accepted"


def test_the_log_is_served_as_tiles_under_a_signed_checkpoint(world: World) -> None:
    world.post("deliveries", encode([world.parcel().delivery]))
    note = world.client.get(world.url("log/checkpoint"))
    seen = parse_checkpoint(parse_note(note.content).text)
    assert seen.origin == f"{world.anchor.org}/no"
    tile = world.client.get(world.url(f"log/tile/0/000.p/{seen.size}"))
    assert tile.headers["cache-control"] == "no-store"
    hashes = [Digest(tile.content[at : at + 32]) for at in range(0, len(tile.content), 32)]
    assert (len(hashes), root_of(hashes)) == (seen.size, seen.root)


def test_a_peer_gets_its_checkpoint_cosigned(world: World) -> None:
    world.parcel()
    jobs.checkpoint(world.ma)
    (ask,) = witness.requests(world.ma)
    answer = world.post("log/add-checkpoint", ask.body)
    assert answer.status_code == 200
    witness.record(world.ma, ask, answer.status_code, answer.content)
    assert "/no/witness " in jobs.checkpoint(world.ma).decode()
    assert world.post("log/add-checkpoint", b"old 0\n\njunk").status_code == 400


def test_the_registry_is_served_file_by_file(world: World) -> None:
    answer = world.client.get(world.url("registry/metadata/timestamp.json"))
    assert (answer.status_code, json.loads(answer.content)["signed"]["_type"]) == (200, "timestamp")


def test_a_new_profile_is_taken_in_if_its_bureau_signed_it(world: World) -> None:
    profile = world.ma.registry().profile(MA)
    old = profile.current(KeyUse.SIGN).kid
    after = admission.rotated(profile, [world.ma.keyring.new(KeyUse.SIGN, Suite.ED25519)], [old])
    version = Repository(world.folder / "registry", world.anchor).read().snapshot

    def handed_in(role: str, number: int) -> Any:  # noqa: ANN401 - an answer of the client
        profile = msgspec.structs.replace(after, version=number)
        paper = admission.submission(world.anchor.org, profile, offline(role), clock.now(), silent)
        return world.post("registry/profiles", msgspec.json.encode(paper))

    assert handed_in("role of no", 2).status_code == 400
    # The answer may get lost: then the bureau hands it in once more.
    for _ in range(2):
        assert unpack(handed_in("role of ma", 2).content)["version"] > version
    refused = handed_in("role of ma", 4)
    assert (refused.status_code, refused.text.split(":")[0]) == (403, "registry.version")
    assert world.post("registry/profiles", b"junk").status_code == 400


# ----------------------------------------------------------------------------------------------------- what gets a no


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "deliveries"),
        ("POST", "offers"),
        ("PUT", "blobs/" + "0" * 64 + "/manifest"),
        ("PUT", "blobs/" + "0" * 64 + "/" + "0" * 64),
        ("GET", "log/checkpoint"),
        ("GET", "log/tile/0/000"),
        ("POST", "log/add-checkpoint"),
        ("GET", "registry/metadata/timestamp.json"),
        ("POST", "registry/profiles"),
    ],
)
@pytest.mark.parametrize("org", ["elsewhere.example-" + "0" * 32, "x", "%00", "..%2f..", "é", "x" * 3000])
def test_another_organisation_is_not_here(world: World, method: str, path: str, org: str) -> None:
    answer = world.client.request(method, f"/o/{org}/{path}", content=b"x" if method != "GET" else None)
    assert answer.status_code == 404
    assert "exercise" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "../outside.json",
        "../../api/outside.json",
        "metadata/../../outside.json",
        "%2e%2e/outside.json",
        "%2e%2e%2foutside.json",
        "..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "//etc/passwd",
        "..\\outside.json",
        "metadata",
        "",
        ".",
        "metadata/",
        "metadata/timestamp.json%00",
        "metadata/timestamp.json/x",
        "x" * 300,
        "x/" * 2000,
        "missing",
        "%ff%fe",
        "elsewhere",
    ],
)
def test_nothing_outside_the_registry_is_served(world: World, port: int, path: str) -> None:
    """The path goes out as it stands: a client that tidies it up would ask for something else."""
    link = world.folder / "registry" / "elsewhere"
    if not link.is_symlink():
        link.symlink_to(world.folder / "outside.json")
    status, body = call(port, "GET", world.url(f"registry/{path}"))
    assert status in {404, 405}
    assert SECRET.encode() not in body
    assert b"/registry" not in body
    assert str(world.folder).encode() not in body


@pytest.mark.parametrize(
    "path", ["0/000.p/0", "0/000.p/257", "64/000", "-1/000", "0/0", "x/y", "0/000.p/1/2", "0/x001"]
)
def test_a_tile_that_cannot_be_is_malformed(world: World, path: str) -> None:
    assert world.client.get(world.url(f"log/tile/{path}")).status_code == 400


@pytest.mark.parametrize("path", ["0/999", "9/000", "0/000", "0/000.p/255"])
def test_a_tile_that_is_not_there_is_not_found(world: World, path: str) -> None:
    assert world.client.get(world.url(f"log/tile/{path}")).status_code == 404


@pytest.mark.parametrize("name", ["0" * 63, "0" * 66, "G" * 64, "A" * 64, "%20" + "0" * 63, " 00" * 20])
def test_a_blob_is_named_by_64_digits(world: World, name: str) -> None:
    for path in (f"blobs/{name}/manifest", f"blobs/{'0' * 64}/{name}", f"blobs/{name}/{'0' * 64}"):
        assert world.client.put(world.url(path), content=b"x").status_code == 400


def test_what_nobody_announced_is_not_taken_in(world: World) -> None:
    for path in (f"blobs/{'0' * 64}/manifest", f"blobs/{'0' * 64}/{'1' * 64}"):
        answer = world.client.put(world.url(path), content=b"x" * 32)
        assert (answer.status_code, answer.text) == (400, "nobody has announced this attachment with a frame\n")


def test_a_frame_for_somebody_else_announces_nothing(world: World) -> None:
    delivery = decode(world.parcel().delivery, Delivery)
    for frame in (
        b"",
        b"junk",
        delivery.sealed,
        delivery.frame[:-1],
        delivery.frame[:-1] + bytes([delivery.frame[-1] ^ 1]),
    ):
        assert world.post("offers", frame).status_code == 400


@pytest.mark.parametrize("body", [b"", b"\x80\x80", b"\xff", encode({}), encode("x"), encode([1]), encode([[b""]])])
def test_a_request_that_is_no_list_of_deliveries_is_malformed(world: World, body: bytes) -> None:
    answer = world.post("deliveries", body)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/plain; charset=utf-8")


def test_a_request_holds_so_many_deliveries_and_no_more(world: World) -> None:
    assert len(unpack(world.post("deliveries", encode([b""] * 1024)).content)) == 1024
    answer = world.post("deliveries", encode([b""] * 1025))
    assert (answer.status_code, answer.text) == (
        400,
        "1025 deliveries in one request, at most 1024 were expected\n",
    )


def test_no_other_method_and_no_other_page(world: World) -> None:
    assert world.client.get(world.url("deliveries")).status_code == 405
    assert world.client.delete(world.url("log/checkpoint")).status_code == 405
    for path in ("/", "/o", "/schema", "/schema/openapi.json", "/docs", world.url(""), world.url("acts")):
        assert world.client.get(path).status_code == 404


# ------------------------------------------------------------------------------------------------------------- limits


def call(port: int, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
    """Ask the real server, with a path that nobody changes on the way."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def stream(port: int, path: str, total: int) -> tuple[int, int]:
    """Send a body in pieces without saying how long it is; return the status, and how much was sent until then."""
    piece, sent = b"\0" * 65_536, 0
    with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
        line.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        line.settimeout(0.001)
        answer = b""
        while sent < total and not answer:
            try:
                line.settimeout(60)
                line.sendall(b"10000\r\n" + piece + b"\r\n")
                sent += len(piece)
                line.settimeout(0.001)
                answer = line.recv(65_536)
            except TimeoutError:
                continue
            except OSError:
                break
        line.settimeout(60)
        if sent >= total and not answer:
            line.sendall(b"0\r\n\r\n")
        while not answer:
            answer = line.recv(65_536)
    return int(answer.split()[1]), sent


@pytest.mark.parametrize(
    ("path", "most"),
    [("deliveries", 16 << 20), ("offers", 300_000), ("log/add-checkpoint", 300_000), ("registry/profiles", 1_200_000)],
)
def test_a_body_that_is_too_long_is_refused_while_it_comes(world: World, port: int, path: str, most: int) -> None:
    status, sent = stream(port, world.url(path), 64 << 20)
    assert status in {400, 413}
    # What the kernels of both ends hold comes on top of what the server has looked at.
    assert sent < most + (8 << 20)


def test_a_body_without_length_is_taken_in_as_well(world: World, port: int) -> None:
    """65,536 zeros are no frame, and that is what the answer is about."""
    status, sent = stream(port, world.url("offers"), 65_536)
    assert (status, sent) == (400, 65_536)


def test_a_body_that_says_that_it_is_too_long_is_not_read(world: World, port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
        head = f"POST {world.url('deliveries')} HTTP/1.1\r\nHost: x\r\nContent-Length: {1 << 40}\r\n\r\n"
        line.sendall(head.encode())
        assert line.recv(65_536).split()[1] == b"413"


@pytest.mark.parametrize(
    ("path", "size"), [("manifest", 300_001), ("1" * 64, (1 << 20) + 1025)], ids=["manifest", "chunk"]
)
def test_no_part_of_an_attachment_is_longer_than_it_can_be(world: World, path: str, size: int) -> None:
    answer = world.client.put(world.url(f"blobs/{'0' * 64}/{path}"), content=b"x" * size)
    assert (answer.status_code, answer.text) == (400, f"a body of more than {size - 1} bytes\n")


# --------------------------------------------------------------------------------------------------------- mistakes


def test_a_mistake_of_ours_is_told_to_our_log_and_to_nobody_else(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(inbox, "receive", broken)
    with caplog.at_level(logging.ERROR):
        answer = world.post("deliveries", encode([]))
    assert (answer.status_code, answer.text) == (500, "an error in this node\n")
    assert "RuntimeError at test_api.py" in caplog.text
    assert SECRET not in caplog.text


values = st.recursive(
    st.integers(-(2**63), 2**63 - 1) | st.text(max_size=20) | st.binary(max_size=200),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner, max_size=5),
    max_leaves=20,
)


@given(
    body=st.binary(max_size=2000)
    | values.map(encode)
    | st.lists(st.binary(max_size=500) | values.map(encode), max_size=5).map(encode)
    | st.fixed_dictionaries({"frame": st.binary(max_size=300), "sealed": st.binary(max_size=300)}).map(
        lambda delivery: encode([encode(delivery)])
    )
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_junk_never_upsets_a_node(world: World, body: bytes) -> None:
    for path in ("deliveries", "offers", "log/add-checkpoint"):
        answer = world.post(path, body)
        assert answer.status_code in {200, 400, 403, 404}
        assert "Traceback" not in answer.text


@given(data=st.data())
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_delivery_is_malformed_or_refused(world: World, data: st.DataObject) -> None:
    delivery = _once(world)
    place = data.draw(st.integers(0, len(delivery) - 1))
    damaged = bytearray(delivery)
    damaged[place] ^= data.draw(st.integers(1, 255))
    answer = world.post("deliveries", encode([bytes(damaged)]))
    assert answer.status_code == 200
    assert unpack(answer.content)[0]["code"] == "malformed"


_held: list[bytes] = []


def _once(world: World) -> bytes:
    """Return one delivery, the same each time."""
    if not _held:
        _held.append(world.parcel().delivery)
    return _held[0]


def test_a_node_in_no_organisation_still_says_that_it_is_up(tmp_path: Path) -> None:
    home.create(tmp_path / "node", PASSPHRASE)
    with opened(tmp_path, "node") as node, TestClient(api.build(node)) as client:
        assert client.get("/health").status_code == 200
        assert client.get("/o/x/log/checkpoint").status_code == 404
