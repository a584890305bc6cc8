"""Private set intersection: what it finds, what it hides, and bytes of others that must not harm it."""

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from private_set_intersection.python import DataStructure, client, server

from comity.capabilities.keylists import acts
from comity.core.errors import Malformed, Misused
from comity.engines import psi

SET = tuple(f"identifiers/1 phone +21266100{number:04}" for number in range(600))
ASKED = (SET[599], "identifiers/1 phone +4790000001", SET[0], SET[300])

REVEAL = (True,)
"""The library's own switch: which keys, not only how many."""

few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def concealed(key: bytes, keys: tuple[str, ...] = SET) -> bytes:
    """Return a set under a source's key."""
    return psi.merged([psi.conceal(key, keys[at : at + psi.SLICE]) for at in range(0, len(keys), psi.SLICE)])


def split(raw: bytes) -> set[bytes]:
    """Return the points in some bytes."""
    return {raw[at : at + psi.POINT] for at in range(0, len(raw), psi.POINT)}


@pytest.fixture(scope="module")
def pair() -> tuple[bytes, bytes]:
    """Give keys of a source and an asker to tests that are not about keys."""
    return psi.source_key(), psi.asker_key()


def test_exactly_the_keys_that_both_have_are_found() -> None:
    source, asker = psi.source_key(), psi.asker_key()
    answer = psi.evaluate(source, psi.blind(asker, ASKED))
    assert psi.common(asker, answer, concealed(source)) == (0, 2, 3)


@few
@given(st.sets(st.text(max_size=8), max_size=12), st.sets(st.text(max_size=8), max_size=12))
def test_so_it_is_for_any_two_sets(pair: tuple[bytes, bytes], ours: set[str], theirs: set[str]) -> None:
    (source, asker), asked = pair, sorted(ours)
    answer = psi.evaluate(source, psi.blind(asker, asked))
    found = psi.common(asker, answer, psi.merged([psi.conceal(source, sorted(theirs))]))
    assert [asked[place] for place in found] == sorted(ours & theirs)


def test_it_agrees_with_the_librarys_own_roles() -> None:
    theirs, ours = server.CreateWithNewKey(*REVEAL), client.CreateWithNewKey(*REVEAL)
    request = ours.CreateRequest(list(ASKED))
    setup = theirs.CreateSetupMessage(1e-9, len(ASKED), list(SET), DataStructure.GCS)
    expected = sorted(ours.GetIntersection(setup, theirs.ProcessRequest(request)))
    source, asker = theirs.GetPrivateKeyBytes(), ours.GetPrivateKeyBytes()
    assert psi.blind(asker, ASKED) == b"".join(request.encrypted_elements)
    answer = psi.evaluate(source, b"".join(request.encrypted_elements))
    assert answer == b"".join(theirs.ProcessRequest(request).encrypted_elements)
    assert list(psi.common(asker, answer, concealed(source))) == expected == [0, 2, 3]


def test_the_same_key_twice_gives_the_same_points_and_another_key_gives_others() -> None:
    first, second = psi.asker_key(), psi.asker_key()
    assert psi.blind(first, ASKED) == psi.blind(first, ASKED)
    assert split(psi.blind(first, ASKED)).isdisjoint(split(psi.blind(second, ASKED)))


def test_the_order_of_a_concealed_set_does_not_depend_on_that_of_its_keys() -> None:
    source = psi.source_key()
    assert concealed(source) == concealed(source, tuple(reversed(SET)))


def test_a_set_under_one_key_says_nothing_to_an_answer_under_another() -> None:
    asker = psi.asker_key()
    answer = psi.evaluate(psi.source_key(), psi.blind(asker, ASKED))
    assert psi.common(asker, answer, concealed(psi.source_key())) == ()


def test_acts_and_engine_mean_the_same_by_a_point() -> None:
    assert psi.POINT == acts.POINT
    assert len(psi.source_key()) == len(psi.asker_key()) == acts.SECRET


@pytest.mark.parametrize(
    "raw",
    [b"\x02", b"\x05" + bytes(32), bytes(33), b"\x02" + b"\xff" * 32, b"\x03" + b"\xff" * 32, b"\x02" * 66 + b"\x01"],
    ids=["short", "no mark", "infinity", "beyond the field", "beyond it too", "a byte too many"],
)
def test_what_is_no_point_is_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        psi.evaluate(psi.source_key(), raw)
    if raw[:1] in {b"\x02", b"\x03"}:
        with pytest.raises(Malformed):
            psi.common(psi.asker_key(), raw, concealed(psi.source_key(), SET[:3]))


@pytest.mark.parametrize("key", [b"", bytes(32), b"\xff" * 32, b"\x01" * 64], ids=len)
def test_what_is_no_key_is_refused(key: bytes) -> None:
    with pytest.raises(Misused):
        psi.evaluate(key, psi.blind(psi.asker_key(), ASKED))


points = st.lists(st.tuples(st.sampled_from(b"\x02\x03\x02\x04"), st.binary(min_size=32, max_size=32)), max_size=4).map(
    lambda every: b"".join(bytes([mark]) + rest for mark, rest in every)
)


@few
@given(points, points)
def test_no_bytes_do_more_than_raise(pair: tuple[bytes, bytes], one: bytes, other: bytes) -> None:
    source, asker = pair
    for attempt in (lambda: psi.evaluate(source, one), lambda: psi.common(asker, one, other)):
        with suppress(Malformed):
            attempt()


def test_a_node_without_the_extra_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(psi, "import_module", absent)
    psi._library.cache_clear()
    try:
        with pytest.raises(Misused, match="extra psi"):
            psi.source_key()
    finally:
        psi._library.cache_clear()
