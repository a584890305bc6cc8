"""Receipts, and the proof of one row among many."""

import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.codec import decode, encode
from comity.core.errors import Malformed
from comity.core.ids import Digest, Millis
from comity.core.log import Inclusion
from comity.core.receipt import (
    BATCH,
    Receipt,
    Receipts,
    RowProof,
    Rung,
    prove_row,
    rows_root,
    verify_row,
)
from tests.core.parties import SALT

rows = st.lists(st.binary(max_size=20), min_size=1, max_size=20).map(tuple)


def receipt(number: int, code: str = "accepted") -> Receipt:
    """Return a receipt for some act."""
    act = Digest(hashlib.sha256(b"%d" % number).digest())
    return Receipt(act=act, rung=Rung.RULED, code=code, leaf=number, at=Millis(1000 + number))


def test_a_batch_of_receipts_comes_back_as_it_was() -> None:
    """The largest batch, with refusals among them, and every receipt is a row that can be shown alone."""
    batch = Receipts(
        receipts=tuple(receipt(n, "accepted" if n % 2 else "exchange.recipient") for n in range(BATCH)), mine="m"
    )
    assert decode(encode(batch), Receipts) == batch
    assert [decode(row, Receipt) for row in batch.row_bytes()] == list(batch.receipts)
    assert [one.accepted for one in batch.receipts[:2]] == [False, True]


def test_accepted_is_left_out_and_refused_where_it_stands() -> None:
    fields = {"act": bytes(32), "rung": 2, "leaf": 4, "at": 1000}
    receipt = decode(encode(fields), Receipt)
    assert (receipt.code, encode(receipt)) == ("accepted", encode(fields))
    assert encode(msgspec.structs.replace(receipt, code=b"accepted".decode())) == encode(fields)
    with pytest.raises(Malformed):
        decode(encode({**fields, "code": "accepted"}), Receipt)


def test_a_rung_that_does_not_exist_is_refused() -> None:
    """The ladder has four."""
    plain = msgspec.to_builtins(receipt(1), builtin_types=(bytes,))
    for rung in (4, -1, "2"):
        with pytest.raises(Malformed):
            decode(encode({**plain, "rung": rung}), Receipt)


@given(rows, st.data())
def test_each_row_is_proven_and_shows_nothing_of_the_others(found: tuple[bytes, ...], data: st.DataObject) -> None:
    """The proof holds the row, its own salt and hashes."""
    index = data.draw(st.integers(0, len(found) - 1))
    proof = prove_row(SALT, found, index)
    assert verify_row(rows_root(SALT, found), proof) == found[index]
    assert decode(encode(proof), RowProof) == proof
    assert SALT not in encode(proof)


@given(rows, st.data())
def test_a_row_proof_that_was_changed_is_refused(found: tuple[bytes, ...], data: st.DataObject) -> None:
    """Row, salt, index or path: any change leads to another root."""
    index = data.draw(st.integers(0, len(found) - 1))
    proof, root = prove_row(SALT, found, index), rows_root(SALT, found)
    path = proof.inclusion.path
    changed = [
        msgspec.structs.replace(proof, row=proof.row + b"x"),
        msgspec.structs.replace(proof, salt=bytes(32)),
        msgspec.structs.replace(proof, inclusion=Inclusion(index=index + 1, size=len(found), path=path)),
        msgspec.structs.replace(proof, inclusion=Inclusion(index=index, size=len(found), path=(*path, root))),
    ]
    for other in changed:
        with pytest.raises(Malformed):
            verify_row(root, other)


def test_a_head_without_rows_proves_none() -> None:
    """There is no root to lead to."""
    with pytest.raises(Malformed):
        verify_row(None, prove_row(SALT, (b"row",), 0))
