"""The pure view of the registry: standings, freshness, sound profiles, and revocations by the bureau itself."""

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from comity.core import registry
from comity.core.errors import Malformed
from comity.core.ids import BureauId, Digest, KeyId, Millis, OrgId
from comity.core.registry import (
    Accreditation,
    Approver,
    Freshness,
    Key,
    KeyUse,
    Policy,
    Profile,
    Registry,
    Revocation,
    SelfRevocation,
    Standing,
    Suite,
)
from comity.core.ruling import ALLOWED, Refusal

NO, MA = BureauId("no"), BureauId("ma")
ORG = OrgId("exercise-" + "0" * 32)
NOW = Millis(1_000_000)
KEY = Key(use=KeyUse.SIGN, suite=Suite.ED25519, public=bytes(32))
PROFILE = Profile(bureau=NO, name="NCB Oslo", version=1, keys=(KEY,))
ROLE = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
DEAD = Revocation(bureau=NO, kid=KEY.kid, size=7, root=Digest(bytes(32)), decided_by="no")


def seen(accreditation: Accreditation | None = None) -> Registry:
    return Registry(
        org=ORG,
        version=3,
        expires=NOW,
        policy=Policy(name="exercise", custodians=5, threshold=3, languages=("en",)),
        accreditations={NO: accreditation or Accreditation(bureau=NO, since=Millis(0), decided_by="assembly")},
        profiles={NO: PROFILE},
        role_keys={NO: (ROLE.public_key().public_bytes_raw(),), MA: (bytes(32),)},
    )


def code(accreditation: Accreditation, function: str, now: Millis = NOW) -> str:
    ruling = seen(accreditation).may_act(NO, function, now)
    return ruling.code if isinstance(ruling, Refusal) else ""


def statement(revocation: Revocation = DEAD, org: OrgId = ORG, key: Ed25519PrivateKey = ROLE) -> SelfRevocation:
    payload = registry.self_revocation_payload(org, revocation)
    signature = key.sign(SelfRevocation.message(payload))
    return SelfRevocation(payload=payload, public=key.public_key().public_bytes_raw(), signature=signature)


def test_a_member_may_act() -> None:
    assert seen().may_act(NO, "notices", NOW) == ALLOWED


def test_a_bureau_that_is_not_accredited_may_not_act() -> None:
    ruling = seen().may_act(MA, "notices", NOW)
    assert isinstance(ruling, Refusal)
    assert ruling.code == "registry.unknown"


def test_a_bureau_without_a_profile_may_not_act() -> None:
    bare = msgspec.structs.replace(seen(), profiles={})
    ruling = bare.may_act(NO, "notices", NOW)
    assert isinstance(ruling, Refusal)
    assert ruling.code == "registry.unknown"


@pytest.mark.parametrize(
    ("standing", "function", "expected"),
    [
        (Standing.RESTRICTED, "messages", ""),
        (Standing.RESTRICTED, "notices", "registry.restricted"),
        (Standing.RESTRICTED, "exchange", ""),
        (Standing.SUSPENDED, "messages", "registry.suspended"),
        (Standing.SUSPENDED, "membership", ""),
        (Standing.EJECTED, "exchange", "registry.ejected"),
    ],
)
def test_a_measure_takes_away_what_it_names(standing: Standing, function: str, expected: str) -> None:
    functions = ("messages",) if standing is Standing.RESTRICTED else ()
    decided = Accreditation(
        bureau=NO, standing=standing, functions=functions, since=Millis(0), until=Millis(NOW + 1), decided_by="assembly"
    )
    assert code(decided, function) == expected


@pytest.mark.parametrize("standing", [Standing.RESTRICTED, Standing.SUSPENDED])
def test_a_measure_is_over_after_its_end_date(standing: Standing) -> None:
    decided = Accreditation(bureau=NO, standing=standing, since=Millis(0), until=NOW, decided_by="assembly")
    assert code(decided, "notices", Millis(NOW + 1)) == ""


def test_an_accreditation_ends_on_its_date() -> None:
    decided = Accreditation(bureau=NO, since=Millis(0), until=NOW, decided_by="assembly")
    assert code(decided, "notices", Millis(NOW + 1)) == "registry.ended"


def test_the_registry_is_fresh_then_in_grace_then_stopped() -> None:
    grace = seen().policy.grace
    when = [NOW, Millis(NOW + 1), Millis(NOW + grace), Millis(NOW + grace + 1)]
    assert [seen().freshness(at) for at in when] == [
        Freshness.FRESH,
        Freshness.GRACE,
        Freshness.GRACE,
        Freshness.STOPPED,
    ]


def test_of_two_revocations_the_one_that_leaves_less_counts() -> None:
    smaller = msgspec.structs.replace(DEAD, size=5)
    assert registry.earliest([DEAD, smaller]) == (smaller,)
    assert msgspec.structs.replace(seen(), revocations=(DEAD, smaller)).revocation(NO, KEY.kid) == smaller


def test_a_key_is_found_only_for_its_use() -> None:
    assert seen().key(NO, KEY.kid, KeyUse.SIGN) == KEY
    with pytest.raises(Malformed, match="registered for log"):
        seen().key(NO, KEY.kid, KeyUse.LOG)


def test_a_profile_survives_writing_and_reading() -> None:
    assert registry.profile_from(registry.to_json(PROFILE)) == PROFILE


@pytest.mark.parametrize(
    ("name", "profile"),
    [
        ("a suite that the use does not allow", {"keys": (msgspec.structs.replace(KEY, use=KeyUse.SEAL),)}),
        ("a key of the wrong length", {"keys": (msgspec.structs.replace(KEY, public=bytes(31)),)}),
        ("one key in two uses", {"keys": (KEY, msgspec.structs.replace(KEY, use=KeyUse.LOG))}),
        ("version zero", {"version": 0}),
        ("an address that is no web address", {"addresses": ("file:///etc/passwd",)}),
        ("an approver with a node's key", {"keys": (), "approvers": (Approver(officer="o", unit="u", key=KEY),)}),
    ],
)
def test_an_unsound_profile_is_refused(name: str, profile: dict[str, object]) -> None:
    raw = msgspec.json.encode(msgspec.structs.replace(PROFILE, **profile))
    with pytest.raises(Malformed):
        registry.profile_from(raw)
    assert name


def test_a_field_that_nobody_knows_is_refused() -> None:
    with pytest.raises(Malformed):
        registry.profile_from(registry.to_json(PROFILE).replace(b'"witness"', b'"wizard"'))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with pytest.raises(Malformed):
        registry.profile_from(raw)


def test_accreditations_that_name_a_bureau_twice_are_refused() -> None:
    one = Accreditation(bureau=NO, since=Millis(0), decided_by="assembly")
    with pytest.raises(Malformed, match="twice"):
        registry.accreditations_from(registry.to_json((one, one)))


def test_a_bureau_revokes_its_own_key() -> None:
    assert seen().obeyed(statement()) == DEAD


def test_a_self_revocation_under_another_key_is_refused() -> None:
    with pytest.raises(Malformed, match="no bureau's role key"):
        seen().obeyed(statement(key=Ed25519PrivateKey.from_private_bytes(b"\x08" * 32)))


def test_a_bureau_cannot_revoke_the_key_of_another() -> None:
    with pytest.raises(Malformed, match="role key of another bureau"):
        seen().obeyed(statement(msgspec.structs.replace(DEAD, bureau=MA)))


def test_a_self_revocation_of_another_organisation_is_refused() -> None:
    with pytest.raises(Malformed, match="another organisation"):
        seen().obeyed(statement(org=OrgId("exercise-" + "1" * 32)))


@given(st.integers(min_value=0, max_value=10_000))
def test_a_self_revocation_with_a_flipped_bit_is_refused(position: int) -> None:
    good = statement()
    raw = bytearray(good.payload)
    raw[position % len(raw)] ^= 1
    with pytest.raises(Malformed, match="does not verify"):
        seen().obeyed(msgspec.structs.replace(good, payload=bytes(raw)))


def test_what_the_role_key_signed_elsewhere_is_no_self_revocation() -> None:
    payload = registry.self_revocation_payload(ORG, DEAD)
    bare = SelfRevocation(payload=payload, public=ROLE.public_key().public_bytes_raw(), signature=ROLE.sign(payload))
    with pytest.raises(Malformed, match="does not verify"):
        seen().obeyed(bare)


def test_a_kid_depends_on_the_use() -> None:
    assert KEY.kid != msgspec.structs.replace(KEY, use=KeyUse.LOG).kid
    assert KEY.kid == KeyId(bytes.fromhex("88e8ca0e783b667457ca658c2e2df9b6"))
