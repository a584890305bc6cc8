"""Heads, bodies, rows and kinds: what a head refuses, and what its digests hold."""

import hashlib
import hmac
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.act import (
    MAX_RECIPIENTS,
    MAX_REFS,
    STREAMS,
    Act,
    Head,
    Kinds,
    Relation,
    Unknown,
    body_digest,
    channel_of,
    encode_body,
    keyed,
    own_stream,
    row_digest,
    row_salt,
    row_salts,
)
from comity.core.codec import decode, encode
from comity.core.errors import Malformed, Misused
from comity.core.handling import Label
from comity.core.ids import ActId, BureauId, Digest
from tests.core.parties import KINDS, MA, NO, ORG, SALT, Rows, Word, head_of

bureaus = st.from_regex(r"[a-z][a-z0-9-]{1,23}", fullmatch=True).map(BureauId)
recipients = st.sets(bureaus, min_size=1, max_size=6).map(lambda names: tuple(sorted(names)))


class Twice(Act, frozen=True, kw_only=True, tag="example.word/1"):
    """A second struct of a kind that another has."""


class Nothing(Act, frozen=True, kw_only=True, tag="Example/0"):
    """A tag that is no kind."""


@given(st.text(max_size=200), recipients, st.integers(1, 1 << 60), st.integers(1, 1000))
def test_a_head_and_its_body_come_back_as_they_were(text: str, to: tuple[BureauId, ...], seq: int, epoch: int) -> None:
    """Encode, decode, and encode again."""
    act = Word(text=text)
    head = head_of(act, to=to, seq=seq, epoch=epoch)
    assert decode(encode(head), Head) == head
    assert KINDS.decode(head.kind, encode_body(act)) == act
    assert body_digest(SALT, encode_body(act)) == head.body


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "Example.word/1"},
        {"kind": "example.word/0"},
        {"kind": "example.word"},
        {"to": ()},
        {"to": ("no", "ma")},
        {"to": ("no", "no")},
        {"to": tuple(f"b{number:04}" for number in range(MAX_RECIPIENTS + 1))},
        {"channel": bytes(15)},
        {"body": bytes(31)},
        {"subject": bytes(31)},
        {"rows": b""},
        {"blobs": (bytes(33),)},
        {"refs": (Relation(rel="answers", act=ActId(b"short")),)},
        {"seq": 0},
        {"epoch": 0},
        {"registry": 0},
        {"size": -1},
        {"refs": (Relation(rel="quotes", act=ActId(bytes(32))),) * (MAX_REFS + 1)},
        {"blobs": (Digest(bytes(32)),) * (MAX_REFS + 1)},
        {"purpose": "curiosity"},
        {"said": "now"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_head_that_says_what_cannot_be_is_refused(change: dict[str, Any]) -> None:
    """Each field's own rule."""
    plain = msgspec.to_builtins(head_of(Word(text="a")), builtin_types=(bytes,))
    raw = encode({**plain, **msgspec.to_builtins(change, builtin_types=(bytes,))})
    with pytest.raises(Malformed):
        decode(raw, Head)


def test_a_label_that_says_nothing_is_left_out_and_refused_where_it_stands() -> None:
    """The second spelling of a head: an implementation that holds to the page found that we read it, and wrote it."""
    head = head_of(Word(text="x"), label=Label())
    raw = encode(head)
    assert b"label" not in raw
    fields = msgspec.to_builtins(decode(raw, Head), builtin_types=(bytes,))
    with pytest.raises(Malformed):
        decode(encode({**fields, "label": {}}), Head)


def test_a_head_holds_nothing_of_the_body() -> None:
    """The canary of the body is not in the head, and two salts make two digests."""
    act = Word(text="canary of the body")
    assert b"canary" not in encode(head_of(act))
    assert body_digest(SALT, encode_body(act)) != body_digest(bytes(32), encode_body(act))


def test_an_unknown_kind_is_kept_as_it_came() -> None:
    """Its bytes are canonical and say the kind of the head; nothing else is asked of it."""
    raw = encode({"kind": "future.word/7", "text": ["whatever", {"it": 1}]})
    assert KINDS.decode("future.word/7", raw) == Unknown(tag="future.word/7", body=raw)
    for bad in (raw + b"\x00", encode({"kind": "future.word/8"}), encode(["future.word/7"]), b""):
        with pytest.raises(Malformed):
            KINDS.decode("future.word/7", bad)


def test_a_body_of_another_kind_than_its_head_is_refused() -> None:
    """The tag in the body and the kind in the head must agree."""
    with pytest.raises(Malformed):
        KINDS.decode("example.rows/1", encode_body(Word(text="a")))


def test_a_kind_is_declared_once_and_is_a_kind() -> None:
    """Our own mistake is found when the node starts."""
    for wrong in ((Word, Twice), (Nothing,)):
        with pytest.raises(Misused):
            Kinds(wrong)


@given(recipients, recipients)
def test_each_set_of_recipients_and_each_stream_is_a_channel_of_its_own(
    to: tuple[BureauId, ...], other: tuple[BureauId, ...]
) -> None:
    """Another sender, organisation, set or stream is another channel."""
    channels = {channel_of(ORG, MA, names, stream) for names in {to, other} for stream in STREAMS}
    channels |= {channel_of(ORG, NO, to), channel_of(ORG, MA, to, own_stream(Digest(bytes(32))))}
    assert len(channels) == 2 * len({to, other}) + 2
    assert {len(channel) for channel in channels} == {16}


@given(st.lists(st.text(max_size=20), min_size=1, max_size=8))
def test_each_row_has_a_salt_of_its_own(rows: list[str]) -> None:
    """Equal rows have unequal digests, so nobody sees that two rows say the same."""
    found = Rows(rows=tuple(rows)).row_bytes()
    digests = {row_digest(SALT, index, row) for index, row in enumerate(found)}
    assert len(digests) == len(rows)
    assert hashlib.sha256(found[0]).digest() not in digests


@given(st.binary(max_size=200), st.lists(st.binary(max_size=200), max_size=5))
def test_a_code_under_a_prepared_secret_is_that_of_the_library(secret: bytes, messages: list[bytes]) -> None:
    mac = keyed(secret)
    assert [mac(each) for each in messages] == [hmac.digest(secret, each, "sha256") for each in messages]


@given(st.binary(min_size=32, max_size=32), st.integers(0, 40))
def test_the_salts_of_a_batch_are_those_of_its_rows(salt: bytes, count: int) -> None:
    assert list(row_salts(salt, count)) == [row_salt(salt, index) for index in range(count)]
