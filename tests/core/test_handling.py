"""Labels: only the source loosens one, and whatever is derived from two sources keeps the stricter of both."""

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from comity.core.codec import decode, encode
from comity.core.errors import Malformed, Refused
from comity.core.handling import (
    Basis,
    Confidentiality,
    Handling,
    Label,
    Onward,
    Source,
    join,
    loosened,
    may_carry,
    may_derive,
)
from comity.core.ids import BureauId, Millis
from comity.core.ruling import ALLOWED, Refusal, Ruling
from tests.core.parties import ET, MA, NO, NOW

audiences = st.sets(st.sampled_from(["et", "ma", "no", "se"]).map(BureauId), max_size=4).map(
    lambda names: tuple(sorted(names))
)
labels = st.builds(
    Label,
    handling=st.sampled_from(Handling),
    source=st.sampled_from(Source),
    information=st.integers(1, 4),
    confidentiality=st.sampled_from(Confidentiality),
    onward=st.sampled_from(Onward),
    audience=audiences,
    expires=st.none() | st.integers(0, 5).map(Millis),
)


def joined(*many: Label) -> Label | str:
    """Join from the left; where nothing may be derived, the code."""
    whole = many[0]
    for one in many[1:]:
        try:
            whole = join(whole, one)
        except Refused as problem:
            return problem.refusal.code
    return whole


def code(ruling: Ruling) -> str:
    """Return the code of a refusal, or nothing."""
    return ruling.code if isinstance(ruling, Refusal) else ""


@given(labels)
def test_a_label_comes_back_as_it_was(label: Label) -> None:
    """Encode and decode."""
    assert decode(encode(label), Label) == label


@given(labels)
def test_joining_a_label_with_itself_changes_nothing(label: Label) -> None:
    """Idempotent."""
    assert join(label, label) == label


@given(labels, labels)
def test_the_order_of_joining_does_not_matter(first: Label, second: Label) -> None:
    """Commutative, also in refusing."""
    assert joined(first, second) == joined(second, first)


@given(labels, labels, labels)
def test_the_grouping_of_joining_does_not_matter(first: Label, second: Label, third: Label) -> None:
    """Associative, also in refusing."""
    right = joined(second, third)
    assert joined(first, second, third) == (right if isinstance(right, str) else joined(first, right))


@given(labels, labels)
def test_a_join_is_never_looser_than_either_source(first: Label, second: Label) -> None:
    """What `join` makes, `may_derive` allows."""
    both = joined(first, second)
    assume(isinstance(both, Label))
    assert isinstance(both, Label)
    assert may_derive(first, both) == may_derive(second, both) == ALLOWED


@given(labels, labels, labels)
def test_deriving_twice_loosens_no_more_than_deriving_once(first: Label, second: Label, third: Label) -> None:
    """If each step is allowed, the whole way is: a label cannot be worn down from hop to hop."""
    second, third = _tighter(first, second), _tighter(first, third)
    if may_derive(first, second) == ALLOWED and may_derive(second, third) == ALLOWED:
        assert may_derive(first, third) == ALLOWED


def _tighter(source: Label, other: Label) -> Label:
    found = joined(source, other)
    return found if isinstance(found, Label) else source


def test_disjoint_audiences_join_to_nothing() -> None:
    """An empty audience would mean: whoever the recipients are."""
    with pytest.raises(Refused) as caught:
        join(Label(audience=(MA,)), Label(audience=(NO,)))
    assert caught.value.refusal.code == "handling.disjoint"


@pytest.mark.parametrize(
    ("field", "source", "looser"),
    [
        ("handling", Handling.H2, Handling.H1),
        ("confidentiality", Confidentiality.CONFIDENTIAL, Confidentiality.RESTRICTED),
        ("onward", Onward.NONE, Onward.ASK),
        ("audience", (MA,), (MA, NO)),
        ("audience", (MA,), ()),
        ("expires", 10, 11),
        ("expires", 10, None),
    ],
)
def test_every_loosened_field_is_named(field: str, source: object, looser: object) -> None:
    """One field at a time, with its name in the list and the code of the refusal."""
    before = msgspec.convert({field: source}, Label)
    after = msgspec.convert({field: looser}, Label)
    assert loosened(before, after) == (field,)
    assert code(may_derive(before, after)) == "handling.loosened"
    assert loosened(before, before) == ()


@pytest.mark.parametrize(
    ("label", "basis", "refused"),
    [
        (Label(), None, ""),
        (Label(audience=(NO,)), None, ""),
        (Label(audience=(MA,)), None, "handling.audience"),
        (Label(expires=Millis(NOW + 1)), None, ""),
        (Label(expires=NOW), None, "handling.expired"),
        (Label(), Basis(law="Dir. (EU) 2023/977 Art. 4"), ""),
        (Label(), Basis(law="Dir. (EU) 2023/977 Art. 4", until=NOW), "handling.basis"),
    ],
)
def test_data_go_where_and_as_long_as_label_and_basis_allow(label: Label, basis: Basis | None, refused: str) -> None:
    """Audience, expiry of the label, end of the basis: the moment itself is too late."""
    assert code(may_carry(label, basis, (NO,), NOW)) == refused


def test_one_recipient_outside_the_audience_refuses_the_act() -> None:
    """It goes to all or to none."""
    assert code(may_carry(Label(audience=(NO,)), None, (ET, NO), NOW)) == "handling.audience"


@pytest.mark.parametrize(
    "plain", [{"information": 0}, {"information": 5}, {"audience": ["no", "ma"]}, {"audience": ["no", "no"]}]
)
def test_a_label_that_says_what_cannot_be_is_refused(plain: dict[str, object]) -> None:
    """A scale has ends; an audience is sorted, each once."""
    with pytest.raises(Malformed):
        decode(encode(plain), Label)


@pytest.mark.parametrize("law", ["", "x" * 201])
def test_a_basis_cites_an_article_and_is_no_essay(law: str) -> None:
    """1 to 200 characters."""
    with pytest.raises(Malformed):
        decode(encode({"law": law}), Basis)
