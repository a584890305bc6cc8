"""The wire's encoding: one value, one spelling, checked against a second decoder and against published vectors."""

import contextlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import cbor2
import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from comity.core.codec import MAX_BYTES, MAX_DEPTH, decode, encode, unpack
from comity.core.errors import Malformed
from tests.core import second_decoder

PUBLISHED = Path(__file__).parents[1] / "vectors" / "published"

integers = st.integers(-(1 << 63), (1 << 63) - 1)
scalars = integers | st.text(max_size=40) | st.binary(max_size=40)
keys = st.text(max_size=30) | st.integers(-24, 23)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(keys, inner, max_size=5), max_leaves=20
)


class Rfc8949(msgspec.Struct):
    """One example of appendix A: bytes, and the value where JSON can spell it."""

    hex: str
    decoded: Any = msgspec.UNSET


class Pair(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A struct with a required and an optional field."""

    name: str
    count: int = 0


def appendix_a() -> list[Rfc8949]:
    """Return the examples of appendix A."""
    return msgspec.json.decode((PUBLISHED / "rfc8949-appendix-a.json").read_bytes(), type=list[Rfc8949])


def ours(raw: bytes) -> object:
    """Return the value, or the fact that core refuses it."""
    try:
        return unpack(raw)
    except Malformed:
        return Malformed


def theirs(raw: bytes) -> object:
    """Return the value, or the fact that the second decoder refuses it."""
    try:
        return second_decoder.decode(raw)
    except second_decoder.Wrong:
        return Malformed


def same(one: object, other: object) -> bool:
    """Compare with types: in Python 1 and True, or 1 and 1.0, are equal."""
    return repr(one) == repr(other)


@given(values)
def test_what_is_encoded_is_decoded_again(value: Any) -> None:  # noqa: ANN401 - any value of the wire
    """Encode, then decode, gives the value."""
    assert unpack(encode(value)) == value


@given(values)
def test_the_second_decoder_reads_what_we_write(value: Any) -> None:  # noqa: ANN401 - any value of the wire
    """The same value by a decoder that shares no code."""
    assert second_decoder.decode(encode(value)) == value


@given(st.binary(max_size=40))
@example(bytes.fromhex("bf6161019fff"))
@example(bytes.fromhex("9b7fffffffffffffff"))
@example(bytes.fromhex("a2181801" + "2002"))
def test_two_decoders_agree_on_any_bytes(raw: bytes) -> None:
    """Same verdict, same value."""
    assert same(ours(raw), theirs(raw))


@settings(max_examples=300)
@given(values, st.data())
def test_two_decoders_agree_on_mutated_bytes(value: Any, data: st.DataObject) -> None:  # noqa: ANN401 - any value
    """A byte changed, put in or taken out of good bytes: the neighbourhood where decoders differ."""
    raw = bytearray(encode(value))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw)))
        new = data.draw(st.binary(max_size=2))
        raw[at : at + data.draw(st.integers(0, 2))] = new
    assert same(ours(bytes(raw)), theirs(bytes(raw)))


@given(st.binary(max_size=60) | values.map(encode))
def test_accepted_bytes_are_the_only_spelling_of_their_value(raw: bytes) -> None:
    """What is accepted encodes to itself."""
    with contextlib.suppress(Malformed):
        assert encode(unpack(raw)) == raw


@given(values)
def test_no_shorter_or_longer_spelling_is_accepted(value: Any) -> None:  # noqa: ANN401 - any value of the wire
    """Bytes cut off or hung on are refused."""
    raw = encode(value)
    for other in (raw[:-1], raw + b"\x00", raw + raw):
        with pytest.raises(Malformed):
            unpack(other)


@pytest.mark.parametrize("case", appendix_a(), ids=lambda case: case.hex[:24])
def test_appendix_a_of_rfc_8949_is_read_or_refused_as_the_profile_says(case: Rfc8949) -> None:
    """Integers of 64 bits, text, bytes, lists, maps in their shortest form are read; everything else is refused."""
    raw = bytes.fromhex(case.hex)
    plain = theirs(raw)
    assert same(ours(raw), plain)
    if plain is Malformed:
        # Outside: floats, simple values, tags, indefinite lengths, and integers beyond 64 bits with a sign.
        big = raw in {bytes.fromhex("1bffffffffffffffff"), bytes.fromhex("3bffffffffffffffff")}
        assert big or raw[0] >> 5 in {6, 7} or any(byte & 31 == 31 for byte in raw)
    elif case.decoded is not msgspec.UNSET:
        assert plain == case.decoded


def test_enough_of_appendix_a_is_read() -> None:
    """The test above is not empty: 32 of the 82 examples are of our profile."""
    cases = appendix_a()
    read = [case for case in cases if ours(bytes.fromhex(case.hex)) is not Malformed]
    assert (len(cases), len(read)) == (82, 32)


def test_nothing_that_is_not_well_formed_is_read() -> None:
    """The systematic list of the CBOR project, in the manner of appendix F of RFC 8949."""
    broken = msgspec.json.decode((PUBLISHED / "cbor-fail.json").read_bytes(), type=list[dict[str, str]])
    assert all(ours(bytes.fromhex(case["hex"])) is Malformed for case in broken)
    assert all(theirs(bytes.fromhex(case["hex"])) is Malformed for case in broken)


@pytest.mark.parametrize("tag", [*range(64), 100, 256, 258, 260, 261, 1004, 43000, 55799, 1 << 40])
def test_every_tag_is_refused(tag: int) -> None:
    """Also around values that the tag fits: cbor2 makes objects of some of them."""
    inners: list[object] = [0, "2026-01-01", b"\x01", [1, 2], ["a", 1], [[]]]
    for inner in inners:
        with pytest.raises(Malformed):
            unpack(cbor2.dumps(cbor2.CBORTag(tag, inner)))


def test_depth_ends_at_sixteen() -> None:
    """Sixteen containers are read, a seventeenth is refused, and 200,000 end early."""
    assert unpack(b"\x81" * MAX_DEPTH + b"\x00")
    for levels in (MAX_DEPTH + 1, 200_000):
        with pytest.raises(Malformed):
            unpack(b"\x81" * levels + b"\x00")


def test_what_is_too_long_is_refused_before_it_is_read() -> None:
    """The limit counts bytes, whatever they are."""
    with pytest.raises(Malformed, match="at most"):
        unpack(bytes(MAX_BYTES + 1))


@pytest.mark.parametrize("value", [1.5, True, None, 1 << 63, -(1 << 63) - 1, {1.5: 0}, {24: 0}, {-25: 0}, "\ud800"])
def test_what_the_wire_cannot_carry_is_refused_when_written(value: object) -> None:
    """Our own mistakes must not reach a peer."""
    with pytest.raises(Malformed):
        encode(value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"name": "a", "more": 1}, "a wrong value"),
        ({"count": 1}, "missing required field"),
        ({"name": 7}, "Expected `str`"),
        ({"name": "a", "count": "7"}, "Expected `int`"),
        ({"name": "a", "count": 0}, "canonical"),
    ],
    ids=["unknown-field", "missing", "wrong-type", "number-as-text", "default-written-out"],
)
def test_a_struct_is_read_strictly(value: object, said: str) -> None:
    """Unknown field, missing field, wrong type, and a default that is spelled out: each is refused."""
    with pytest.raises(Malformed, match=said):
        decode(encode(value), Pair)


@given(st.text(min_size=12, max_size=30, alphabet="canary"), st.binary(max_size=20))
def test_no_error_repeats_what_came(canary: str, noise: bytes) -> None:
    """The message of an error goes to logs, so it holds nothing of the content."""
    for value in ({"name": [canary]}, {"name": "a", canary: 1}, {canary: canary}, [canary], {"name": canary, "x": 1}):
        with pytest.raises(Malformed) as caught:
            decode(encode(value) + noise, Pair)
        assert canary not in str(caught.value)


THREADS = """
import sys, threading, msgspec
from comity.core.codec import decode, encode

sys.setswitchinterval(1e-6)
for _ in range(100):
    class Inner(msgspec.Struct, frozen=True, kw_only=True):
        one: "int"
        two: "list[int]"

    class Outer(msgspec.Struct, frozen=True, kw_only=True):
        first: "Inner"
        second: "tuple[int, ...]"
        third: "dict[str, Inner]"

    inner = Inner(one=1, two=[2])
    raw = encode(Outer(first=inner, second=(3,), third={"a": inner}))
    gate = threading.Barrier(4)
    readers = [threading.Thread(target=lambda: (gate.wait(), decode(raw, Outer))) for _ in range(4)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
print("all read")
"""


def test_threads_that_meet_a_type_at_once_read_it_and_crash_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", THREADS], capture_output=True, text=True, check=False, timeout=100)
    assert (done.returncode, done.stdout) == (0, "all read\n"), done.stderr
