"""The log's leaves: hidden by a salt, bound by it too."""

from hypothesis import given
from hypothesis import strategies as st

from comity.core.codec import decode, encode
from comity.core.ids import Digest, Millis
from comity.core.leaf import Leaf, Way, commitment

digests = st.binary(min_size=32, max_size=32).map(Digest)
leaves = st.builds(
    Leaf,
    way=st.sampled_from(Way),
    act=digests,
    frame=st.none() | digests,
    at=st.integers(0, 1 << 50).map(Millis),
    code=st.sampled_from(["", "exchange.recipient"]),
)


@given(leaves)
def test_a_leaf_comes_back_as_it_was(leaf: Leaf) -> None:
    """Encode and decode."""
    assert decode(encode(leaf), Leaf) == leaf


@given(leaves, leaves, digests, digests)
def test_a_commitment_binds_leaf_and_salt(one: Leaf, other: Leaf, salt: bytes, pepper: bytes) -> None:
    """Another leaf or another salt is another entry; nobody finds the leaf without the salt."""
    assert (commitment(one, salt) == commitment(other, pepper)) is ((one, salt) == (other, pepper))
    assert bytes(one.act) not in bytes(commitment(one, salt))
