"""Seal and open: what is inside stays inside, sizes say little, and a changed byte anywhere ends in a clean refusal."""

import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core import cose
from comity.core.act import encode_body
from comity.core.codec import MAX_BYTES, decode, encode
from comity.core.envelope import (
    APPROVAL,
    FRAME,
    SEALED,
    Approval,
    Delivery,
    Frame,
    Lane,
    Signed,
    bucket,
    frame_of,
    open_sealed,
    pad,
    read_approval,
    read_frame,
    seal,
    sha256,
    unpad,
)
from comity.core.errors import ComityError, Malformed, Misused
from comity.core.exchange import Accept, Refuse
from comity.core.ids import ActId
from tests.core.parties import (
    ENTROPY,
    ET,
    MA,
    NO,
    NOW,
    ORG,
    PARTIES,
    Word,
    approval,
    deliver,
    head_of,
    signed,
    verdict,
)

CANARY = "canary of the text"
RECIPIENTS = [NO, ET]
"""One with the hybrid suite and one with X25519 alone."""


def flip(raw: bytes, at: int, bit: int = 0) -> bytes:
    """Return the bytes with one bit turned over."""
    return raw[:at] + bytes([raw[at] ^ 1 << bit]) + raw[at + 1 :]


@pytest.mark.parametrize("to", RECIPIENTS)
def test_what_is_sealed_is_opened_again(to: Any) -> None:  # noqa: ANN401 - a bureau
    """For either suite, the same bytes come out."""
    content = signed(Word(text=CANARY), head_of(Word(text=CANARY), to=(to,)))
    assert open_sealed(deliver(content, to).sealed, [PARTIES[to].open]) == content


def test_a_broadcast_is_one_ciphertext_with_a_block_for_each() -> None:
    """Each recipient gets the same ciphertext with their own block only."""
    content = signed(Word(text=CANARY), head_of(Word(text=CANARY), to=(ET, NO)))
    sealed = seal(content, [PARTIES[to].open.key for to in RECIPIENTS], ENTROPY)
    for to in RECIPIENTS:
        key = PARTIES[to].open.key
        delivery = frame_of(sealed, key, PARTIES[MA].sign, org=ORG, sender=MA, to=to, lane=Lane.BULK, said=NOW)
        assert open_sealed(delivery.sealed, [PARTIES[to].open]) == content
        assert [block.kid for block in cose.parse_sealed(delivery.sealed).blocks] == [key.kid]
        assert read_frame(delivery, PARTIES[MA].sign.key).to == to


@given(st.text(min_size=1, max_size=2000))
def test_nothing_of_the_act_shows_outside(text: str) -> None:
    """Neither kind, nor case, unit, officer, label, law or text is in what a carrier sees; only what the frame says."""
    act = Word(text=CANARY + text)
    head = head_of(act)
    delivery = deliver(signed(act, head))
    seen = encode(delivery)
    inside = {CANARY, "example.word", "officer-9", "crime", "investigate", "example"}
    assert not [word for word in inside if word.encode() in seen]
    assert head.channel not in seen
    assert bytes(head.body) not in seen
    assert encode_body(act) not in seen
    frame = read_frame(delivery, PARTIES[MA].sign.key)
    assert set(msgspec.to_builtins(frame, builtin_types=(bytes,))) <= {
        "org",
        "sender",
        "to",
        "lane",
        "sealed",
        "size",
        "said",
    }


@settings(max_examples=60)
@given(st.integers(0, 5000), st.integers(0, 5000))
def test_equal_buckets_give_equal_sizes(one: int, other: int) -> None:
    """What a carrier sees of the size is the bucket."""
    sizes = {}
    for length in (one, other):
        delivery = deliver(signed(Word(text="x" * length)))
        frame = read_frame(delivery, PARTIES[MA].sign.key)
        assert frame.size - 16 in {1024, 2048, 4096, 8192}
        sizes[frame.size] = len(delivery.sealed)
        assert sizes[frame.size] == len(delivery.sealed)
        assert frame.size == len(cose.parse_sealed(delivery.sealed).ciphertext)


@given(st.integers(1, 7 * 1024 * 1024))
def test_a_bucket_holds_its_content_and_at_most_doubles_it(size: int) -> None:
    """Powers of two from 1 KiB to 1 MiB, then whole MiB."""
    padded = bucket(size)
    assert size <= padded <= max(1024, 2 * size)
    assert padded & (padded - 1) == 0 or padded % (1024 * 1024) == 0


@given(st.binary(max_size=3000))
def test_padding_comes_off_again(content: bytes) -> None:
    """And only zeros behind the content pass, up to the bucket exactly."""
    padded = pad(content)
    assert unpad(padded) == content
    last = len(padded) - 1
    others = [padded[:-1], padded + bytes(1), padded + bytes(1024), b"\xff" + padded[1:], padded[:3]]
    if 4 + len(content) < len(padded):
        others += [flip(padded, last)]
    for other in others:
        with pytest.raises(Malformed):
            unpad(other)


@given(st.binary(max_size=1100))
def test_any_bytes_are_refused_as_padded_content_in_one_way(noise: bytes) -> None:
    """`Malformed`, or it is padding indeed."""
    with contextlib.suppress(Malformed):
        assert pad(unpad(noise)) == noise


def test_what_is_too_large_is_the_callers_mistake() -> None:
    """More than fits a structure goes as an attachment; entropy has 44 bytes."""
    content = Signed(head=b"", body=bytes(MAX_BYTES), salt=b"")
    with pytest.raises(Misused):
        seal(content, [], ENTROPY)
    with pytest.raises(Misused):
        seal(Signed(head=b"", body=b"", salt=b""), [], ENTROPY[:-1])


def test_a_frame_belongs_to_its_sealed_bytes() -> None:
    """A frame put beside another envelope is refused."""
    one, other = deliver(signed(Word(text="one"))), deliver(signed(Word(text="other")))
    with pytest.raises(Malformed, match="another envelope"):
        read_frame(Delivery(frame=one.frame, sealed=other.sealed), PARTIES[MA].sign.key)


def test_a_head_is_no_frame_and_an_approval_is_no_head() -> None:
    """One key signs heads and frames; their types keep them apart."""
    content = signed(Word(text="a"))
    with pytest.raises(Malformed):
        read_frame(Delivery(frame=content.head, sealed=b""), PARTIES[MA].sign.key)
    with pytest.raises(Malformed):
        cose.verify1(content.head, APPROVAL, PARTIES[MA].sign.key)


def test_an_approval_is_read_under_the_officers_key_alone() -> None:
    """It names organisation, act, officer and unit."""
    head = head_of(Word(text="a"))
    raw = approval(head, "officer-1")
    keys = {name: by.key for name, (_, by) in PARTIES[MA].officers.items()}
    read = read_approval(raw, keys["officer-1"])
    assert read == Approval(org=ORG, act=ActId(sha256(encode(head))), officer="officer-1", unit="border")
    with pytest.raises(Malformed):
        read_approval(raw, keys["officer-3"])


# ----------------------------------------------------------------------------------------------------- flipped bytes


def outcome(delivery: Delivery, to: Any) -> str:  # noqa: ANN401 - a bureau
    """Return how a delivery ends: refused at the door, refused in the verdict, or accepted."""
    try:
        ruled = verdict(delivery, me=to)
    except Malformed:
        return "malformed"
    return "refused" if isinstance(ruled, Refuse) else "accepted" if isinstance(ruled, Accept) else repr(ruled)


@pytest.mark.parametrize("to", RECIPIENTS)
def test_every_flipped_byte_of_a_delivery_is_refused_at_the_door(to: Any) -> None:  # noqa: ANN401 - a bureau
    """Frame, sealed bytes and the structure around them; the unchanged one is accepted."""
    raw = encode(deliver(signed(Word(text=CANARY), head_of(Word(text=CANARY), to=(to,))), to))
    assert outcome(decode(raw, Delivery), to) == "accepted"
    for at in range(len(raw)):
        with pytest.raises(Malformed):
            verdict(decode(flip(raw, at, at % 8), Delivery), me=to)


@pytest.mark.parametrize("to", RECIPIENTS)
def test_a_frame_over_changed_sealed_bytes_ends_in_a_refusal(to: Any) -> None:  # noqa: ANN401 - a bureau
    """A dishonest sender can sign a frame over anything: each byte of the envelope guards itself."""
    content = signed(Word(text=CANARY), head_of(Word(text=CANARY), to=(to,)))
    whole = deliver(content, to)
    frame = read_frame(whole, PARTIES[MA].sign.key)
    step = 7
    for at in range(0, len(whole.sealed), step):
        changed = flip(whole.sealed, at)
        again = msgspec.structs.replace(frame, sealed=sha256(changed))
        delivery = Delivery(frame=cose.sign1(encode(again), FRAME, PARTIES[MA].sign), sealed=changed)
        assert outcome(delivery, to) == "refused"


@given(st.data())
def test_a_changed_byte_of_the_signed_act_ends_in_a_refusal(data: st.DataObject) -> None:
    """Sealed by somebody who holds the sender's frame key but not what signed the head: head, body, salt, structure."""
    raw = encode(signed(Word(text=CANARY)))
    changed = flip(raw, data.draw(st.integers(0, len(raw) - 1)), data.draw(st.integers(0, 7)))
    sealed = cose.seal(pad(changed), SEALED, [PARTIES[NO].open.key], ENTROPY[:32], ENTROPY[32:])
    delivery = frame_of(
        sealed, PARTIES[NO].open.key, PARTIES[MA].sign, org=ORG, sender=MA, to=NO, lane=Lane.NORMAL, said=NOW
    )
    assert outcome(delivery, NO) == "refused"


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_as_a_delivery_in_one_way(noise: bytes) -> None:
    """No byte string raises anything but an error of our own tree."""
    for delivery in (Delivery(frame=noise, sealed=noise), Delivery(frame=b"\xd2" + noise, sealed=b"")):
        with pytest.raises(ComityError):
            verdict(delivery)
    with pytest.raises(Malformed):
        decode(noise, Delivery)


@given(st.binary(max_size=300))
def test_any_content_of_an_envelope_is_refused_in_one_way(noise: bytes) -> None:
    """A dishonest sender may seal anything; what comes out is judged, never trusted."""
    contents = [noise, encode(Signed(head=noise, body=noise, salt=noise, approvals=(noise,)))]
    contents.append(encode(signed(Word(text="a"), approvals=(noise,))))
    for content in contents:
        sealed = cose.seal(pad(content), SEALED, [PARTIES[NO].open.key], ENTROPY[:32], ENTROPY[32:])
        delivery = frame_of(
            sealed, PARTIES[NO].open.key, PARTIES[MA].sign, org=ORG, sender=MA, to=NO, lane=Lane.NORMAL, said=NOW
        )
        assert outcome(delivery, NO) == "refused"


def test_the_frame_says_nothing_more_than_its_fields() -> None:
    """The list of what a carrier may know, pinned: whoever adds a field must come past here (decision 0011)."""
    assert [field.name for field in msgspec.structs.fields(Frame)] == [
        "org", "sender", "to", "lane", "sealed", "size", "said", "expires", "blobs", "blob_bytes",
    ]  # fmt: skip
