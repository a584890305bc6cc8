"""What a relay promises and what a mailbox is asked: only under the right key, for the right relay, in time, once."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from comity.core.carriage import (
    CARRIED,
    MOST_CARRIED,
    MOST_CODE,
    MOST_TAKEN,
    Carried,
    Collect,
    Returned,
    ask,
    carry,
    fresh,
    give_back,
    read_carried,
    read_collect,
    read_returned,
)
from comity.core.codec import decode, encode
from comity.core.cose import sign1
from comity.core.errors import Malformed, Refused
from comity.core.exchange import SKEW
from comity.core.ids import BureauId, Digest, Millis, OrgId
from comity.core.registry import Registry, Revocation, Standing
from comity.core.ruling import Refusal
from tests.core.parties import MA, NO, NOW, ORG, PARTIES, RELAYS, SALT, key_id, with_relays

ONE, TWO = RELAYS
STATEMENT = Carried(org=ORG, relay=ONE, at=NOW, sealed=(Digest(SALT),))
GIVEN_BACK = Returned(org=ORG, relay=ONE, to=NO, at=NOW, code="registry.ejected", sealed=(Digest(SALT),))
POLL = Collect(org=ORG, relay=ONE, bureau=NO, at=NOW, serial=5, taken=(1, 2))


def revoked(party: BureauId) -> Registry:
    """Return the registry with the signing key of a party revoked."""
    kid = RELAYS[party].key.kid if party in RELAYS else key_id(party)
    dead = Revocation(bureau=party, kid=kid, size=0, root=Digest(bytes(32)), decided_by="assembly")
    return with_relays(revocations=(dead,))


def test_a_statement_is_read_as_it_was_said() -> None:
    assert read_carried(carry(STATEMENT, RELAYS[ONE]), with_relays(), ONE) == STATEMENT


def test_what_a_relay_gives_back_is_read_as_it_was_said() -> None:
    assert read_returned(give_back(GIVEN_BACK, RELAYS[ONE]), with_relays(), ONE) == GIVEN_BACK


@pytest.mark.parametrize(
    "raw",
    [
        give_back(GIVEN_BACK, RELAYS[TWO]),
        give_back(replace(GIVEN_BACK, relay=TWO), RELAYS[ONE]),
        give_back(GIVEN_BACK, PARTIES[NO].sign),
        give_back(replace(GIVEN_BACK, org=OrgId("other-00")), RELAYS[ONE]),
        carry(STATEMENT, RELAYS[ONE]),
        sign1(encode(GIVEN_BACK), CARRIED, RELAYS[ONE]),
    ],
    ids=["other-key", "other-name", "key-of-a-bureau", "other-organisation", "a-promise", "signed-as-a-promise"],
)
def test_mail_is_given_back_by_the_relay_that_holds_it_alone(raw: bytes) -> None:
    with pytest.raises(Malformed):
        read_returned(raw, with_relays(), ONE)


def test_a_poll_is_read_as_it_was_said() -> None:
    assert read_collect(ask(POLL, PARTIES[NO].sign), with_relays(), ONE, NOW) == POLL


@pytest.mark.parametrize(
    "raw",
    [
        carry(STATEMENT, RELAYS[TWO]),
        carry(replace(STATEMENT, relay=TWO), RELAYS[ONE]),
        carry(STATEMENT, PARTIES[MA].sign),
        sign1(encode(POLL), CARRIED, RELAYS[ONE]),
        ask(POLL, RELAYS[ONE]),
    ],
    ids=["other-key", "other-name", "key-of-a-bureau", "a-poll-as-statement", "signed-as-poll"],
)
def test_a_statement_that_is_not_this_relays_is_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        read_carried(raw, with_relays(), ONE)


@pytest.mark.parametrize(
    "raw",
    [
        ask(POLL, PARTIES[MA].sign),
        ask(POLL, RELAYS[ONE]),
        ask(replace(POLL, relay=TWO), PARTIES[NO].sign),
        carry(STATEMENT, PARTIES[NO].sign),
    ],
    ids=["other-bureau", "the-relay-itself", "for-another-relay", "a-statement"],
)
def test_nobody_empties_the_mailbox_of_another(raw: bytes) -> None:
    with pytest.raises(Malformed):
        read_collect(raw, with_relays(), ONE, NOW)


@pytest.mark.parametrize("offset", [-SKEW, 0, SKEW])
def test_a_poll_within_ten_minutes_is_taken(offset: int) -> None:
    assert read_collect(ask(POLL, PARTIES[NO].sign), with_relays(), ONE, Millis(NOW + offset)) == POLL


@pytest.mark.parametrize("offset", [-SKEW - 1, SKEW + 1])
def test_a_poll_further_off_is_stale(offset: int) -> None:
    with pytest.raises(Refused) as refused:
        read_collect(ask(POLL, PARTIES[NO].sign), with_relays(), ONE, Millis(NOW + offset))
    assert refused.value.refusal.code == "relay.stale"


@pytest.mark.parametrize("last", [5, 6])
def test_a_serial_that_does_not_grow_is_refused(last: int) -> None:
    fresh(POLL, 4)
    with pytest.raises(Refused) as refused:
        fresh(POLL, last)
    assert refused.value.refusal.code == "relay.serial"


def test_a_revoked_key_neither_promises_nor_polls() -> None:
    with pytest.raises(Malformed, match="revoked"):
        read_carried(carry(STATEMENT, RELAYS[ONE]), revoked(ONE), ONE)
    with pytest.raises(Malformed, match="revoked"):
        read_returned(give_back(GIVEN_BACK, RELAYS[ONE]), revoked(ONE), ONE)
    with pytest.raises(Malformed, match="revoked"):
        read_collect(ask(POLL, PARTIES[NO].sign), revoked(NO), ONE, NOW)


@pytest.mark.parametrize(
    ("said", "change"),
    [
        (STATEMENT, {"sealed": []}),
        (STATEMENT, {"sealed": [SALT] * (MOST_CARRIED + 1)}),
        (STATEMENT, {"sealed": [SALT[:31]]}),
        (GIVEN_BACK, {"sealed": []}),
        (GIVEN_BACK, {"sealed": [SALT] * (MOST_CARRIED + 1)}),
        (GIVEN_BACK, {"code": ""}),
        (GIVEN_BACK, {"code": "x" * (MOST_CODE + 1)}),
        (POLL, {"serial": 0}),
        (POLL, {"left": [-1]}),
        (POLL, {"taken": list(range(1, MOST_TAKEN + 2))}),
    ],
)
def test_what_cannot_be_is_no_statement_and_no_poll(
    said: Carried | Returned | Collect, change: dict[str, object]
) -> None:
    plain = msgspec.to_builtins(said, builtin_types=(bytes,))
    assert decode(encode(plain), type(said)) == said
    with pytest.raises(Malformed):
        decode(encode({**plain, **change}), type(said))


@given(st.integers(0, 400), st.integers(0, 7))
def test_every_flipped_bit_is_noticed(at: int, bit: int) -> None:
    raw = bytearray(ask(POLL, PARTIES[NO].sign))
    raw[at % len(raw)] ^= 1 << bit
    with pytest.raises((Malformed, Refused)):
        read_collect(bytes(raw), with_relays(), ONE, NOW)


# ------------------------------------------------------------------------------------------------------- the registry


def test_relays_are_listed_in_the_order_of_the_registry_while_they_are_members() -> None:
    world = with_relays()
    assert world.relays(NOW) == (ONE, TWO)
    for change in (
        {"standing": Standing.SUSPENDED, "until": Millis(NOW + 1)}, {"standing": Standing.EJECTED},
        {"until": Millis(NOW - 1)},
    ):  # fmt: skip
        out = {ONE: replace(world.accreditations[ONE], **change)}
        assert with_relays(accreditations=world.accreditations | out).relays(NOW) == (TWO,)


def test_a_relay_is_party_to_nothing() -> None:
    for function in ("messages", "exchange", "membership"):
        ruling = with_relays().may_act(ONE, function, NOW)
        assert isinstance(ruling, Refusal)
        assert ruling.code == "registry.relay"
