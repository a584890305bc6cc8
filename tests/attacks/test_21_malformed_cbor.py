"""Attack 21: bytes that are made to stop, to fill or to fool a decoder, at every door that takes bytes."""

import tracemalloc
from functools import partial

import cbor2
import pytest

from comity.core.codec import MAX_DEPTH, encode, unpack
from comity.core.errors import ComityError
from comity.core.note import parse_note
from comity.node import inbox, witness
from tests.attacks.federation import ET, MA, NO, R1, Attacked, There, numbered, to_mailbox
from tests.attacks.means import digest, say
from tests.relayed import Answer
from tests.simulator import codes, deliveries

JUNK = {
    "nothing": b"",
    "deep lists": b"\x81" * 100_000 + b"\x00",
    "deep maps": b"\xa1\x61a" * 50_000 + b"\x00",
    "one level too deep": b"\x81" * (MAX_DEPTH + 1) + b"\x00",
    "a list of 2^63 items": b"\x9b\x7f" + b"\xff" * 7,
    "a map of 2^63 entries": b"\xbb\x7f" + b"\xff" * 7,
    "a text of 2^63 bytes": b"\x7b\x7f" + b"\xff" * 7,
    "bytes of 4 GiB": b"\x5a\xff\xff\xff\xff",
    "an endless text": b"\x7f" + b"\x61a" * 1000,
    "endless bytes": b"\x5f" + b"\x41a" * 1000,
    "an endless list": b"\x9f" + b"\x00" * 1000,
    "a key that stands twice": b"\xa2\x61a\x00\x61a\x01",
    "keys out of order": b"\xa2\x61b\x00\x61a\x01",
    "a long spelling of zero": b"\x18\x00",
    "a float": b"\xfb\x3f\xf0\x00\x00\x00\x00\x00\x00",
    "not a number": b"\xf9\x7e\x00",
    "a tag": b"\xc0\x74" + b"2026-01-01T00:00:00Z",
    "a bignum": b"\xc2\x58\x40" + b"\xff" * 64,
    "a shared reference": b"\xd8\x1c\x81\xd8\x1d\x00",
    "a text that is no UTF-8": b"\x62\xff\xff",
    "a surrogate": b"\x63\xed\xa0\x80",
    "undefined": b"\xf7",
    "a reserved length": b"\x1c",
    "something behind it": encode({"a": 1}) + b"\x00",
    "half of it": encode({"frame": b"x" * 100, "sealed": b"y" * 100})[:-1],
    "a delivery of the wrong types": encode({"frame": 1, "sealed": "text"}),
    "a delivery with a field too many": encode({"frame": b"", "sealed": b"", "zebra": 1}),
    "an unknown critical header": bytes.fromhex("d28446a1022138632a40410041"),
}


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK.keys())
def test_a_node_and_a_relay_refuse_it_within_a_little_memory(fed: Attacked, junk: bytes) -> None:
    et = fed.bureaus[ET]
    before = digest(et, fed.folder / "et")
    tracemalloc.start()
    try:
        assert codes(inbox.receive(et, [junk])) == ["malformed"]
        assert [told.code for told in fed.relays[R1].take([junk]).outcomes] == ["malformed"]
        assert witness.add_checkpoint(fed.bureaus[NO], junk).status == 400
        for door in (fed.relays[R1].polled, fed.relays[R1].offered, parse_note):
            with pytest.raises(ComityError):
                door(junk)
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()
    assert digest(et, fed.folder / "et") == before


def test_a_good_delivery_in_another_spelling_is_refused(fed: Attacked) -> None:
    """One value has one spelling: or two nodes could log different bytes for one act."""
    say(fed, MA, ET)
    (raw,) = deliveries(fed.bureaus[MA], "et")
    plain = unpack(raw)
    turned = cbor2.dumps({"sealed": plain["sealed"], "frame": plain["frame"]})
    long = b"\xb8\x02" + raw[1:]
    assert cbor2.loads(turned) == cbor2.loads(long) == plain
    assert codes(inbox.receive(fed.bureaus[ET], [turned, long])) == ["malformed", "malformed"]
    assert codes(inbox.receive(fed.bureaus[ET], [raw])) == ["accepted"]


def test_a_relay_that_hands_out_junk_is_asked_again_and_believed_nothing(fed: Attacked) -> None:
    et = fed.bureaus[ET]
    before = digest(et, fed.folder / "et")
    fed.only(ET)
    fed.middle.hands.append(to_mailbox(lambda _: numbered(JUNK.values())))
    fed.carry(rounds=2)
    assert digest(et, fed.folder / "et") == before


def _answer(junk: bytes, _name: str, _path: str, _body: bytes, _there: There) -> Answer:
    return 200, junk


def test_an_answer_of_a_relay_that_is_junk_stops_no_work(fed: Attacked) -> None:
    fed.only(ET)
    for junk in JUNK.values():
        fed.middle.hands[:] = [partial(_answer, junk)]
        fed.step(fed.bureaus[ET])
    assert codes(inbox.receive(fed.bureaus[ET], [b"junk"])) == ["malformed"]
