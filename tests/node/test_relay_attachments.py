"""Attachments at a relay, and what can be read there of anything: nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.core.codec import decode
from comity.core.envelope import Delivery
from comity.core.errors import Malformed, Misused, Refused
from comity.core.ids import Digest
from comity.node import relay
from comity.node.chunks import CHUNK, TAG
from comity.node.mailboxes import DAY, Limits, Size
from tests.mailing import CANARY, ET, MA, NO, R1, envelope, lines, poll, reframed, room, take
from tests.node.conftest import Bounded
from tests.relayed import Relayed, enclose, relayed
from tests.simulator import deliveries, tell

ZEROS = Digest(bytes(32))


@pytest.fixture
def fed(tmp_path: Path) -> Iterator[Relayed]:
    """Give three bureaus and a relay."""
    made = relayed(tmp_path / "federation", "ma no et", "r1")
    yield made
    made.close()


def offer(fed: Relayed) -> tuple[bytes, Digest]:
    """Say something with an attachment and return the delivery, not handed over yet, and the attachment's name."""
    act = enclose(fed.bureaus[MA], "no", b"a photograph")
    return deliveries(fed.bureaus[MA], "no")[-1], act.head.blobs[0]


def send_chunks(fed: Relayed, raw: bytes, blob: Digest) -> None:
    """Offer an attachment and bring all of it."""
    station, blobs = fed.relays[R1], fed.bureaus[MA].blobs
    station.offered(decode(raw, Delivery).frame)
    station.take_manifest(blob, blobs.manifest(blob))
    for chunk in station.blobs.missing(blob):
        station.take_chunk(blob, chunk, blobs.chunk(blob, chunk))


def test_an_attachment_comes_before_its_mail_and_stays_until_that_is_taken(bounded: Bounded) -> None:
    fed = bounded(Limits())
    raw, blob = offer(fed)
    assert take(fed, raw) == ["malformed"]
    send_chunks(fed, raw, blob)
    assert take(fed, raw) == ["carried"]
    station = fed.relays[R1]
    (chunk,) = [Digest(station.manifest(blob))]
    assert len(station.chunk(blob, chunk)) == len(b"a photograph") + TAG
    poll(fed, taken=(lines(fed)[0].number,))
    station.database.write(lambda _: None)
    with pytest.raises(Misused):
        station.manifest(blob)
    assert not station.blobs._place(blob).exists()
    assert room(fed) == {}


def test_an_attachment_for_two_stays_until_both_have_taken_it(fed: Relayed) -> None:
    raw, blob = offer(fed)
    send_chunks(fed, raw, blob)
    other = reframed(fed, envelope(fed, "et"), blobs=(blob,), blob_bytes=CHUNK)
    assert take(fed, raw, other) == ["carried", "carried"]
    poll(fed, taken=(lines(fed)[0].number,))
    assert fed.relays[R1].manifest(blob)
    poll(fed, ET, taken=(lines(fed)[1].number,))
    with pytest.raises(Misused):
        fed.relays[R1].manifest(blob)


def test_what_nobody_announced_is_neither_taken_nor_given(fed: Relayed) -> None:
    station = fed.relays[R1]
    with pytest.raises(Malformed):
        station.take_manifest(ZEROS, bytes(32))
    with pytest.raises(Malformed):
        station.take_chunk(ZEROS, ZEROS, b"")
    with pytest.raises(Misused):
        station.chunk(ZEROS, ZEROS)


def test_attachments_fill_the_rooms_of_their_sender(bounded: Bounded) -> None:
    fed = bounded(Limits(sender=Size(pieces=100, bytes=CHUNK)))
    raw, _ = offer(fed)
    with pytest.raises(Refused) as refused:
        fed.relays[R1].offered(decode(raw, Delivery).frame)
    assert refused.value.refusal.code == "relay.quota"


def test_an_attachment_that_never_became_mail_is_let_go_after_a_day(fed: Relayed) -> None:
    raw, blob = offer(fed)
    send_chunks(fed, raw, blob)
    fed.later(DAY + 1)
    station = fed.relays[R1]
    relay.sweep(station.database, station.blobs, fed.clock)
    assert room(fed) == {}
    assert not station.blobs._place(blob).exists()


def test_a_relay_holds_no_plaintext_and_no_key_that_opens_anything(fed: Relayed) -> None:
    """Every file of the relay, with mail and attachment in it, and again after both are gone."""
    plain = b"the photograph of the canary " * 99
    fed.away.add(NO)
    act = tell(fed.bureaus[MA], "no", text=CANARY)
    enclosing = enclose(fed.bureaus[MA], "no", plain)
    fed.step(fed.bureaus[MA])
    assert len(lines(fed)) == 2
    key = fed.bureaus[MA].store
    with fed.bureaus[MA].database.read() as tx:
        said = key.said(tx, enclosing).act
    secrets = [CANARY.encode(), plain[:40], act.id, b"messages.", said.attachments[0].key]  # type: ignore[union-attr]
    for moment in ("held", "taken"):
        files = [path for path in (fed.folder / "r1").rglob("*") if path.is_file()]
        assert len(files) > (3 if moment == "held" else 2)
        found = [(path.name, secret) for path in files for secret in secrets if secret in path.read_bytes()]
        assert found == [], moment
        fed.away.clear()
        fed.carry()
    keys = [path.read_bytes() for path in (fed.folder / "r1" / "keyring").glob("*.key") if path.stem != "master"]
    assert [b'"sign"' in raw for raw in keys] == [True]


def test_a_chunk_that_rotted_at_its_sender_is_taken_by_nobody_and_found_there(fed: Relayed) -> None:
    ma = fed.bureaus[MA]
    blob = enclose(ma, "no", b"a photograph").head.blobs[0]
    content = ma.blobs._place(blob) / "content"
    content.write_bytes(bytes(len(content.read_bytes())))
    fed.step(ma)
    assert [place.blobs.complete(blob) for place in (fed.bureaus[NO], fed.relays[R1])] == [False, False]
    assert not content.exists()
    assert not ma.blobs.complete(blob)
