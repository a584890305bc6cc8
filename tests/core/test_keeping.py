"""One keeper per subject: every node folds the same chain, in whatever order the entries came."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.codec import decode, encode
from comity.core.errors import Malformed
from comity.core.ids import ActId
from comity.core.keeping import Entry, chain, fork, may_enter
from comity.core.ruling import ALLOWED, Refusal
from tests.core.parties import MA, NO

SUBJECT = ActId(hashlib.sha256(b"opening act").digest())


def entry_id(number: int) -> ActId:
    """Return the act id of the entry with this number."""
    return ActId(hashlib.sha256(b"entry %d" % number).digest())


def whole(length: int) -> dict[int, tuple[ActId, Entry]]:
    """Return a chain of this length."""
    found = {}
    for number in range(1, length + 1):
        previous = entry_id(number - 1) if number > 1 else SUBJECT
        act = ActId(hashlib.sha256(b"act %d" % number).digest())
        found[number] = entry_id(number), Entry(subject=SUBJECT, number=number, previous=previous, act=act)
    return found


def test_an_entry_comes_back_as_it_was() -> None:
    """Encode and decode."""
    (_, entry) = whole(1)[1]
    assert decode(encode(entry), Entry) == entry


@given(st.permutations(range(1, 9)), st.integers(0, 8))
def test_the_chain_does_not_depend_on_the_order_of_arrival(order: list[int], arrived: int) -> None:
    """After any prefix of any order, the walk is 1, 2, 3 ... up to the first that has not come."""
    everything = whole(8)
    known = {number: everything[number] for number in order[:arrived]}
    first_missing = next(number for number in range(1, 10) if number not in known)
    assert [number for number, _ in chain(SUBJECT, known)] == list(range(1, first_missing))


@given(st.integers(1, 8))
def test_the_walk_ends_where_the_chain_is_broken(at: int) -> None:
    """An entry that names another predecessor or another subject is not folded, nor anything behind it."""
    for broken in ({"previous": ActId(bytes(32))}, {"subject": ActId(bytes(32))}):
        known = whole(8)
        _, entry = known[at]
        fields = {"subject": entry.subject, "number": at, "previous": entry.previous, "act": entry.act, **broken}
        known[at] = entry_id(at), decode(encode({"kind": "keeping.entry/1", **fields}), Entry)
        assert [number for number, _ in chain(SUBJECT, known)] == list(range(1, at))


def test_only_the_keeper_enters() -> None:
    """And counts from 1."""
    _, entry = whole(1)[1]
    zero = Entry(subject=SUBJECT, number=0, previous=SUBJECT, act=entry.act)
    assert may_enter(entry, MA, MA) == ALLOWED
    for ruling, code in ((may_enter(entry, NO, MA), "keeping.keeper"), (may_enter(zero, MA, MA), "keeping.number")):
        assert isinstance(ruling, Refusal)
        assert ruling.code == code


def test_two_entries_of_one_number_are_evidence_whoever_shows_them() -> None:
    """The evidence is the same from both sides; entries that do not contradict each other are none."""
    known = whole(2)
    one_id, one = known[1]
    other = ActId(bytes(32)), Entry(subject=SUBJECT, number=1, previous=SUBJECT, act=ActId(b"x" * 32))
    assert fork((one_id, one), other) == fork(other, (one_id, one))
    for harmless in ((one_id, one), known[2]):
        with pytest.raises(Malformed):
            fork((one_id, one), harmless)
