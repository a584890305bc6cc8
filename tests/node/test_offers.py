"""Attachments travel before the envelope that names them; only what a verified frame announced is taken in."""

from functools import partial
from io import BytesIO

import pytest

from comity.capabilities.messages.acts import Attachment, Information
from comity.core.codec import decode
from comity.core.envelope import Delivery
from comity.core.errors import Malformed, Misused, Refused, Unreachable
from comity.core.handling import Purpose
from comity.core.ids import BureauId, Digest
from comity.core.receipt import Rung
from comity.core.registry import Standing
from comity.node import inbox, offers, schema
from comity.node.bureau import Bureau
from comity.node.chunks import CHUNK, ID
from comity.node.clock import entropy
from comity.node.offers import TOGETHER, WAITING
from comity.node.post import Parcel
from comity.node.store import Kept
from tests.node.conftest import Found
from tests.simulator import code_of, codes, parcels, reader, rows, rungs, sealed, signed_past_the_rules

PICTURE = bytes(range(256)) * 8192
"""Two MiB: two chunks and not one byte more."""
NO = BureauId("no")


def attached(bureau: Bureau, content: bytes, name: str = "picture.jpg") -> Information:
    """Return a message with an attachment, which then lies among the bureau's blobs."""
    made = bureau.blobs.put(BytesIO(content), entropy)
    attachment = Attachment(
        name=name, media_type="image/jpeg", size=made.size, digest=made.digest, blob=made.root, chunks=made.chunks,
        key=made.key,
    )  # fmt: skip
    return Information(title="a picture", text="see the attachment", language="en", attachments=(attachment,))


def send(bureau: Bureau, content: bytes = PICTURE) -> tuple[Kept, Attachment]:
    """Say a message with an attachment to no."""
    act = attached(bureau, content)
    roots = tuple(one.blob for one in act.attachments)
    kept = bureau.say(act, (NO,), reader=reader(bureau), purpose=Purpose.INVESTIGATE, blobs=roots)
    return kept, act.attachments[0]


def frame(parcel: Parcel) -> bytes:
    return decode(parcel.delivery, Delivery).frame


def pieces(bureau: Bureau, blob: Digest) -> list[Digest]:
    manifest = bureau.blobs.manifest(blob)
    return [Digest(manifest[at : at + ID]) for at in range(0, len(manifest), ID)]


@pytest.mark.parametrize("content", [PICTURE, b"", b"x", PICTURE + b"x"], ids=["chunks", "empty", "byte", "more"])
def test_an_attachment_arrives_whole(found: Found, content: bytes) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    kept, one = send(ma, content)
    fed.carry()
    assert rungs(ma, kept.id) == [("no", Rung.RULED, "accepted")]
    assert b"".join(no.blobs.open(one.blob, one.key, one.size, one.digest)) == content
    assert rows(no, schema.arriving) == []


def test_an_envelope_that_comes_before_its_attachment_is_not_committed(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    kept, one = send(ma)
    (parcel,) = parcels(ma, "no")
    assert codes(inbox.receive(no, [parcel.delivery])) == ["malformed"]
    offers.offered(no, frame(parcel))
    offers.take_manifest(no, one.blob, ma.blobs.manifest(one.blob))
    first, last = pieces(ma, one.blob)
    offers.take_chunk(no, one.blob, last, ma.blobs.chunk(one.blob, last))
    assert codes(inbox.receive(no, [parcel.delivery])) == ["malformed"]
    assert [rows(no, table) for table in (schema.acts, schema.leaves, schema.owed)] == [[], [], []]
    offers.take_chunk(no, one.blob, first, ma.blobs.chunk(one.blob, first))
    assert codes(inbox.receive(no, [parcel.delivery])) == ["accepted"]
    assert code_of(no, kept.id) == "accepted"


def test_a_frame_that_hides_an_attachment_of_the_head_does_not_help(found: Found) -> None:
    ma, no = found(["ma", "no"]).bureaus.values()
    act = attached(ma, PICTURE)
    _, signed = signed_past_the_rules(ma, act, "no", blobs=(act.attachments[0].blob,))
    assert codes(inbox.receive(no, [sealed(ma, "no", signed)])) == ["malformed"]
    assert rows(no, schema.acts) == []


def test_only_what_is_lacking_is_asked_for_also_after_a_restart(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    _, one = send(ma)
    (parcel,) = parcels(ma, "no")
    assert offers.offered(no, frame(parcel)) == {one.blob.hex(): [b""]}
    offers.take_manifest(no, one.blob, ma.blobs.manifest(one.blob))
    first, last = pieces(ma, one.blob)
    offers.take_chunk(no, one.blob, first, ma.blobs.chunk(one.blob, first))
    no = fed.restart("no")
    assert offers.offered(no, frame(parcel)) == {one.blob.hex(): [last]}
    fed.carry()
    assert offers.offered(no, frame(parcel)) == {}


def test_what_nobody_announced_is_not_taken(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    _, one = send(ma)
    chunk = pieces(ma, one.blob)[0]
    with pytest.raises(Malformed, match="announced"):
        offers.take_manifest(no, one.blob, ma.blobs.manifest(one.blob))
    with pytest.raises(Malformed, match="announced"):
        offers.take_chunk(no, one.blob, chunk, ma.blobs.chunk(one.blob, chunk))
    fed.carry()
    _, other = send(ma, b"another")
    with pytest.raises(Malformed, match="announced"):
        offers.take_manifest(no, other.blob, ma.blobs.manifest(other.blob))


def test_a_chunk_of_another_attachment_is_not_taken(found: Found) -> None:
    ma, no = found(["ma", "no"]).bureaus.values()
    _, one = send(ma)
    _, other = send(ma, b"another")
    (parcel, _) = parcels(ma, "no")
    offers.offered(no, frame(parcel))
    offers.take_manifest(no, one.blob, ma.blobs.manifest(one.blob))
    chunk = pieces(ma, other.blob)[0]
    with pytest.raises(Malformed):
        offers.take_chunk(no, one.blob, chunk, ma.blobs.chunk(other.blob, chunk))
    with pytest.raises(Malformed):
        offers.take_chunk(no, one.blob, pieces(ma, one.blob)[0], bytes(CHUNK + 16))


def test_a_frame_that_is_not_for_us_announces_nothing(found: Found) -> None:
    fed = found(["ma", "no", "et"])
    ma, _, et = fed.bureaus.values()
    send(ma)
    (parcel,) = parcels(ma, "no")
    with pytest.raises(Malformed):
        offers.offered(et, frame(parcel))
    assert rows(et, schema.arriving) == []


def test_a_sender_may_have_only_so_much_under_way(found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    fed = found(["ma", "no", "et"])
    ma, no, et = fed.bureaus.values()
    monkeypatch.setattr(offers, "MOST_WAITING", 2 * CHUNK)
    first, _ = send(ma)
    second, _ = send(ma)
    one, other = parcels(ma, "no")
    offers.offered(no, frame(one))
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            offers.offered(no, frame(other))
        assert refused.value.refusal.code == "offers.quota"
    offers.offered(no, frame(one))  # What is announced already may be announced again.
    send(et)
    assert len(offers.offered(no, frame(parcels(et, "no")[0]))) == 1
    fed.attach(ma, one)
    assert codes(inbox.receive(no, [one.delivery])) == ["accepted"]
    fed.attach(ma, other)
    assert codes(inbox.receive(no, [other.delivery])) == ["accepted"]
    assert [code_of(no, kept.id) for kept in (first, second)] == ["accepted", "accepted"]


def test_what_was_announced_and_never_came_does_not_count_for_ever(
    found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    monkeypatch.setattr(offers, "MOST_WAITING", 2 * CHUNK)
    send(ma)
    send(ma)
    one, other = parcels(ma, "no")
    offers.offered(no, frame(one))
    fed.later(offers.WAITING)
    assert len(offers.offered(no, frame(other))) == 1
    fed.later(TOGETHER)
    offers.sweep(no)
    assert len(rows(no, schema.arriving)) == 1


def test_a_refused_act_does_not_leave_its_attachment_under_way(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    kept, _ = send(ma)
    fed.measure("ma", Standing.SUSPENDED)
    fed.carry()
    assert code_of(no, kept.id) == "registry.suspended"
    assert rows(no, schema.arriving) == []


# ------------------------------------------------------------------------------------------------------- let go again


def announced(ma: Bureau, no: Bureau) -> tuple[Attachment, Parcel]:
    """Announce an attachment and bring half of it."""
    _, one = send(ma)
    (parcel,) = parcels(ma, "no")
    offers.offered(no, frame(parcel))
    offers.take_manifest(no, one.blob, ma.blobs.manifest(one.blob))
    first = pieces(ma, one.blob)[0]
    offers.take_chunk(no, one.blob, first, ma.blobs.chunk(one.blob, first))
    return one, parcel


def known(bureau: Bureau, blob: Digest) -> bool:
    """Tell whether anything of an attachment is here."""
    try:
        bureau.blobs.manifest(blob)
    except Misused:
        return False
    return True


def test_what_was_announced_and_never_came_is_let_go_after_a_week(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    one, _ = announced(ma, no)
    fed.later(WAITING)
    assert (offers.sweep(no), known(no, one.blob)) == (0, True)
    fed.later(TOGETHER)
    assert (offers.sweep(no), known(no, one.blob)) == (1, False)
    assert (offers.sweep(no), rows(no, schema.arriving)) == (0, [])
    assert ma.blobs.complete(one.blob)


def test_what_came_whole_without_its_envelope_is_let_go_too(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    _, one = send(ma)
    fed.attach(ma, parcels(ma, "no")[0])
    assert no.blobs.complete(one.blob)
    fed.later(WAITING + TOGETHER)
    assert (offers.sweep(no), known(no, one.blob)) == (1, False)


def test_what_a_kept_act_names_stays_whoever_announces_it(found: Found) -> None:
    """The root of our own attachment stands in a frame; a peer that saw it announces it, and lets it lie."""
    fed = found(["ma", "no", "et"])
    ma, no, et = fed.bureaus.values()
    kept, one = send(ma)
    fed.carry()
    for hostile in (no, et):
        _, signed = signed_past_the_rules(hostile, Information(title="a", text="b", language="en"), "ma")
        raw = sealed(hostile, "ma", signed, blobs=(one.blob,))
        offers.offered(ma, decode(raw, Delivery).frame)
    _, signed = signed_past_the_rules(et, Information(title="a", text="b", language="en"), "no")
    offers.offered(no, decode(sealed(et, "no", signed, blobs=(one.blob,)), Delivery).frame)
    fed.later(WAITING + TOGETHER)
    assert (offers.sweep(ma), offers.sweep(no)) == (0, 0)
    assert rows(ma, schema.arriving) == rows(no, schema.arriving) == []
    for bureau in (ma, no):
        assert b"".join(bureau.blobs.open(one.blob, one.key, one.size, one.digest)) == PICTURE
        assert code_of(bureau, kept.id) == "accepted"


def test_a_sender_that_still_tries_keeps_what_it_brought(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    one, _ = announced(ma, no)
    fed.later(WAITING)
    (again,) = parcels(ma, "no")
    offers.offered(no, frame(again))
    fed.later(TOGETHER)
    assert (offers.sweep(no), known(no, one.blob)) == (0, True)
    fed.attach(ma, again)
    assert codes(inbox.receive(no, [again.delivery])) == ["accepted"]


def test_a_crash_between_file_and_line_is_made_good(found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    one, _ = announced(ma, no)
    fed.later(WAITING + TOGETHER)

    def fails(_: Digest) -> None:
        raise Unreachable("the machine stops here")

    with monkeypatch.context() as patched:
        patched.setattr(no.blobs, "drop", fails)
        write = no.database.write
        patched.setattr(no.database, "write", lambda work: write(work) if isinstance(work, partial) else 0)
        offers.sweep(no)
    assert known(no, one.blob)
    assert (offers.sweep(no), known(no, one.blob)) == (1, False)
