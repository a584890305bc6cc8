"""Officers at the desk: pseudonyms, readers, and the keys with which some of them approve."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.core import cose
from comity.core.capability import OfficerRole, Reader
from comity.core.cose import Signer
from comity.core.errors import Malformed, Misused
from comity.core.handling import Purpose
from comity.core.registry import Approver, Key, KeyUse, Suite
from comity.node import keyfile, officers
from comity.node.bureau import Bureau
from tests.simulator import Federation, federation

PASSPHRASE = "an officer's own words"
WORK = 4


@pytest.fixture
def fed(tmp_path: Path) -> Iterator[Federation]:
    made = federation(tmp_path, ["no"])
    yield made
    made.close()


@pytest.fixture
def no(fed: Federation) -> Bureau:
    return next(iter(fed.bureaus.values()))


def key(number: int = 1, suite: Suite = Suite.ED25519, length: int = 32) -> Key:
    return Key(use=KeyUse.OFFICER, suite=suite, public=number.to_bytes(length, "big"))


def test_a_reader_is_what_the_table_says_of_the_officer(no: Bureau) -> None:
    officers.add(no, "drugs", OfficerRole.SUPERVISOR, cases=("2025/7", "2025/3"), officer="o-1")
    assert officers.reader(no, "o-1", Purpose.LOCATE) == Reader(
        bureau=no.me,
        officer="o-1",
        unit="drugs",
        role=OfficerRole.SUPERVISOR,
        cases=frozenset({"2025/3", "2025/7"}),
        purpose=Purpose.LOCATE,
    )


def test_a_pseudonym_is_drawn_when_none_is_given(no: Bureau) -> None:
    drawn = {officers.add(no, "duty").officer for _ in range(3)}
    assert len(drawn) == 3
    assert all(officers.PSEUDONYM.fullmatch(name) for name in drawn)


@pytest.mark.parametrize("name", ["Kari Nordmann", "kari nordmann", "x", "-x", "o_1", "o-1\n"])
def test_a_pseudonym_does_not_look_like_a_name(no: Bureau, name: str) -> None:
    with pytest.raises(Misused, match="pseudonym"):
        officers.add(no, "duty", officer=name)


def test_a_change_touches_only_what_it_names(no: Bureau) -> None:
    officers.add(no, "duty", cases=("one",), officer="o-1")
    assert officers.change(no, "o-1", unit="drugs").cases == ("one",)
    changed = officers.change(no, "o-1", cases=(), role=OfficerRole.AUDITOR)
    assert (changed.unit, changed.cases, changed.role) == ("drugs", (), OfficerRole.AUDITOR)
    assert officers.every(no) == (changed,)


def test_one_case_cannot_pass_for_two(no: Bureau) -> None:
    with pytest.raises(Misused, match="one line"):
        officers.add(no, "duty", cases=("one\ntwo",))


def test_a_stranger_is_no_reader(no: Bureau) -> None:
    with pytest.raises(Misused, match="comity officer list"):
        officers.reader(no, "o-9", Purpose.LOCATE)


def test_who_is_retired_is_no_reader(no: Bureau) -> None:
    officers.add(no, "duty", officer="o-1")
    officers.retire(no, "o-1")
    with pytest.raises(Misused, match="retired"):
        officers.reader(no, "o-1", Purpose.LOCATE)


def test_a_pseudonym_is_never_given_twice(no: Bureau) -> None:
    officers.add(no, "duty", officer="o-1")
    officers.retire(no, "o-1")
    with pytest.raises(Misused, match="given before"):
        officers.add(no, "duty", officer="o-1")


def test_the_officers_of_a_restarted_node_are_the_same(fed: Federation, no: Bureau) -> None:
    officers.add(no, "duty", cases=("one",), officer="o-1")
    before = officers.entrust(no, "o-1", key())
    assert officers.every(fed.restart("no")) == (before,)


# Keys.


def test_an_approval_key_opens_with_its_own_passphrase_and_signs(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "officer.key"
    public = officers.new_officer_key(path, PASSPHRASE, work=WORK)
    signer = officers.open_officer_key(path, PASSPHRASE)
    assert signer.key == public == officers.public_key(path)
    assert cose.verify1(cose.sign1(b"payload", "type", signer), "type", public) == b"payload"


def test_another_passphrase_does_not_open_an_approval_key(tmp_path: Path) -> None:
    officers.new_officer_key(tmp_path / "officer.key", PASSPHRASE, work=WORK)
    with pytest.raises(Misused, match="passphrase"):
        officers.open_officer_key(tmp_path / "officer.key", "a passphrase for tests")


def test_a_custodians_key_is_no_officers_key(tmp_path: Path) -> None:
    keyfile.new_offline_key(tmp_path / "custodian.key", PASSPHRASE, "custodian 1", work=WORK)
    with pytest.raises(Misused, match="not an officer's"):
        officers.open_officer_key(tmp_path / "custodian.key", PASSPHRASE)


def test_an_approval_key_cannot_sign_as_the_bureau(tmp_path: Path) -> None:
    public = officers.new_officer_key(tmp_path / "officer.key", PASSPHRASE, work=WORK)
    signer = officers.open_officer_key(tmp_path / "officer.key", PASSPHRASE)
    as_bureau = Key(use=KeyUse.SIGN, suite=public.suite, public=public.public)
    with pytest.raises(Malformed):
        cose.verify1(cose.sign1(b"payload", "type", Signer(public, signer.sign)), "type", as_bureau)


def test_the_profile_lists_active_officers_with_a_key_and_nobody_else(no: Bureau) -> None:
    for number, name in enumerate(("o-1", "o-2", "o-3"), start=1):
        officers.add(no, f"unit {number}", OfficerRole.SUPERVISOR, officer=name)
    officers.entrust(no, "o-1", key(1))
    officers.entrust(no, "o-2", key(2, Suite.ES256, 65))
    officers.retire(no, "o-1")
    assert officers.approvers(no) == (Approver(officer="o-2", unit="unit 2", key=key(2, Suite.ES256, 65)),)


def test_two_officers_cannot_share_a_key(no: Bureau) -> None:
    officers.add(no, "duty", officer="o-1")
    officers.add(no, "drugs", officer="o-2")
    officers.entrust(no, "o-1", key())
    with pytest.raises(Misused, match="another officer's"):
        officers.entrust(no, "o-2", key())


@pytest.mark.parametrize(
    "wrong",
    [
        Key(use=KeyUse.SIGN, suite=Suite.ED25519, public=bytes(32)),
        Key(use=KeyUse.OFFICER, suite=Suite.X25519, public=bytes(32)),
        Key(use=KeyUse.OFFICER, suite=Suite.ES256, public=bytes(32)),
    ],
    ids=["for another use", "of a sealing suite", "of a wrong length"],
)
def test_an_approval_key_is_one_that_the_registry_would_take(no: Bureau, wrong: Key) -> None:
    officers.add(no, "duty", officer="o-1")
    with pytest.raises(Misused, match=r"key"):
        officers.entrust(no, "o-1", wrong)
