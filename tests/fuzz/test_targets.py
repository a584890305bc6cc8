"""Every decoder holds what it promises for all that the fuzzer has kept, and for whatever Hypothesis makes of it."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz import corpus
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("target", TARGETS)
def test_a_decoder_holds_what_it_promises_for_all_that_is_kept(target: str) -> None:
    for raw in corpus.everything(target):
        TARGETS[target](raw)


@st.composite
def altered(draw: st.DrawFn, known: list[bytes]) -> bytes:
    """Return bytes like those that are known, some of them changed, dropped or put in."""
    raw = bytearray(draw(st.sampled_from(known)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(raw)))
        raw[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(raw)


@pytest.mark.parametrize("target", TARGETS)
def test_so_it_does_for_bytes_that_are_like_them(target: str) -> None:
    @given(raw=altered(corpus.everything(target)))
    @settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
    def holds(raw: bytes) -> None:
        TARGETS[target](raw)

    holds()


def test_a_decoder_that_lets_two_spellings_pass_is_noticed() -> None:
    from tests.fuzz import targets  # noqa: PLC0415 - only here

    with pytest.raises(targets.Broken):
        targets.one_spelling(b"\x18\x17", 23)
