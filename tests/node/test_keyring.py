"""Private keys at rest: who can open them, what they sign, and what a careless mode or a wrong passphrase does."""

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from comity.core.cose import verify_raw
from comity.core.errors import Malformed, Misused
from comity.core.ids import KeyId
from comity.core.registry import SUITES_OF, Key, KeyUse, Suite, profile_from
from comity.node import disk, keyfile
from comity.node.keyring import Keyring, change_passphrase

PASSPHRASE = "correct horse battery"
WORK = 4  # The tests are about files and refusals; the real cost of scrypt has a test of its own.


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def ring(folder: Path) -> Keyring:
    return Keyring.create(folder, PASSPHRASE, work=WORK)


EVERY_KEY = [(use, suite) for use in KeyUse for suite in sorted(SUITES_OF[use])]


@pytest.mark.parametrize(("use", "suite"), EVERY_KEY)
def test_a_key_survives_closing_and_opening(ring: Keyring, folder: Path, use: KeyUse, suite: Suite) -> None:
    key = ring.new(use, suite)
    again = Keyring.open(folder, PASSPHRASE)
    assert again.public() == (key,)
    again.private(key.kid)


@pytest.mark.parametrize("suite", [Suite.ED25519, Suite.ES256])
def test_a_signature_is_64_raw_bytes_and_verifies(ring: Keyring, folder: Path, suite: Suite) -> None:
    key = ring.new(KeyUse.SIGN, suite)
    signature = Keyring.open(folder, PASSPHRASE).sign(key.kid, b"head")
    assert len(signature) == 64
    verify_raw(key, b"head", signature)
    with pytest.raises(Malformed):
        verify_raw(key, b"another head", signature)


def test_what_is_sealed_to_the_hybrid_public_key_is_opened_after_a_restart(ring: Keyring, folder: Path) -> None:
    key = ring.new(KeyUse.SEAL, Suite.HYBRID)
    public = hpke.MLKEM768X25519PublicKey(
        MLKEM768PublicKey.from_public_bytes(key.public[:1184]), X25519PublicKey.from_public_bytes(key.public[1184:])
    )
    suite = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
    private = Keyring.open(folder, PASSPHRASE).private(key.kid)
    assert isinstance(private, hpke.MLKEM768X25519PrivateKey)
    assert suite.decrypt(suite.encrypt(b"body", public), private) == b"body"


def test_a_wrong_passphrase_opens_nothing(ring: Keyring, folder: Path) -> None:
    ring.new(KeyUse.SIGN, Suite.ED25519)
    with pytest.raises(Misused, match="does not open"):
        Keyring.open(folder, PASSPHRASE + "!")


def test_a_short_passphrase_is_refused_before_anything_is_written(folder: Path) -> None:
    with pytest.raises(Misused, match="at least 8"):
        Keyring.create(folder, "short", work=WORK)
    assert list(folder.iterdir()) == []


def test_files_are_readable_by_their_owner_alone(ring: Keyring, folder: Path) -> None:
    ring.new(KeyUse.SEAL, Suite.HYBRID)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_a_key_file_that_others_can_reach_is_refused(ring: Keyring, folder: Path, mode: int) -> None:
    key = ring.new(KeyUse.SIGN, Suite.ED25519)
    (folder / f"{key.kid.hex()}.key").chmod(mode)
    with pytest.raises(Misused, match="chmod 600"):
        Keyring.open(folder, PASSPHRASE).private(key.kid)


def test_a_master_key_that_others_can_reach_is_refused(ring: Keyring, folder: Path) -> None:
    ring.new(KeyUse.SIGN, Suite.ED25519)
    (folder / "master.key").chmod(0o644)
    with pytest.raises(Misused, match="chmod 600"):
        Keyring.open(folder, PASSPHRASE)


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701])
def test_a_keyring_in_a_folder_that_others_can_enter_is_refused(ring: Keyring, folder: Path, mode: int) -> None:
    ring.new(KeyUse.SIGN, Suite.ED25519)
    folder.chmod(mode)
    with pytest.raises(Misused, match="chmod 700"):
        Keyring.open(folder, PASSPHRASE)


def test_a_key_file_that_is_a_link_is_refused(ring: Keyring, folder: Path) -> None:
    key = ring.new(KeyUse.SIGN, Suite.ED25519)
    path = folder / f"{key.kid.hex()}.key"
    path.rename(folder / "elsewhere")
    path.symlink_to(folder / "elsewhere")
    with pytest.raises(Misused, match="cannot read"):
        Keyring.open(folder, PASSPHRASE).private(key.kid)


def test_a_key_file_under_another_name_is_refused(ring: Keyring, folder: Path) -> None:
    first, second = ring.new(KeyUse.SIGN, Suite.ED25519), ring.new(KeyUse.SIGN, Suite.ED25519)
    (folder / f"{first.kid.hex()}.key").write_bytes((folder / f"{second.kid.hex()}.key").read_bytes())
    with pytest.raises(Misused, match="another key than its name"):
        Keyring.open(folder, PASSPHRASE).private(first.kid)


def test_a_key_of_another_use_does_not_open_under_a_changed_label(ring: Keyring, folder: Path) -> None:
    key = ring.new(KeyUse.LOG, Suite.ED25519)
    path = folder / f"{key.kid.hex()}.key"
    renamed = Key(use=KeyUse.SIGN, suite=key.suite, public=key.public)
    path.write_bytes(path.read_bytes().replace(b'"log"', b'"sign"'))
    path.rename(folder / f"{renamed.kid.hex()}.key")
    with pytest.raises(Misused, match="altered"):
        Keyring.open(folder, PASSPHRASE).private(renamed.kid)


def test_a_keyring_is_never_overwritten(ring: Keyring, folder: Path) -> None:
    key = ring.new(KeyUse.SIGN, Suite.ED25519)
    with pytest.raises(Misused, match="exists already"):
        Keyring.create(folder, PASSPHRASE, work=WORK)
    Keyring.open(folder, PASSPHRASE).private(key.kid)


def test_after_a_change_only_the_new_passphrase_opens_the_same_keys(ring: Keyring, folder: Path) -> None:
    key, bodies = ring.new(KeyUse.SIGN, Suite.ED25519), ring.secret("bodies")
    change_passphrase(folder, PASSPHRASE, "another passphrase", work=WORK)
    with pytest.raises(Misused, match="does not open"):
        Keyring.open(folder, PASSPHRASE)
    again = Keyring.open(folder, "another passphrase")
    assert again.public() == (key,)
    assert again.secret("bodies") == bodies


def test_a_passphrase_typed_in_another_composition_opens(folder: Path) -> None:
    Keyring.create(folder, "caf\u00e9 de la paix", work=WORK)
    Keyring.open(folder, "cafe\u0301 de la paix")


def test_a_destroyed_key_is_gone(ring: Keyring, folder: Path) -> None:
    key = ring.new(KeyUse.SEAL, Suite.X25519)
    ring.destroy(key.kid)
    assert not (folder / f"{key.kid.hex()}.key").exists()
    with pytest.raises(Misused, match="holds no key"):
        ring.private(key.kid)


def test_a_sealing_key_does_not_sign(ring: Keyring) -> None:
    key = ring.new(KeyUse.SEAL, Suite.X25519)
    with pytest.raises(Misused, match="signs nothing"):
        ring.sign(key.kid, b"head")


def test_a_log_key_cannot_be_es256(ring: Keyring) -> None:
    with pytest.raises(Misused, match="choose Ed25519"):
        ring.new(KeyUse.LOG, Suite.ES256)


def test_an_unknown_key_is_a_clear_sentence(ring: Keyring) -> None:
    with pytest.raises(Misused, match="holds no key"):
        ring.private(KeyId(bytes(16)))


def test_secrets_differ_by_name_and_by_keyring(ring: Keyring, tmp_path: Path) -> None:
    other = Keyring.create(tmp_path / "other", PASSPHRASE, work=WORK)
    found = {ring.secret("bodies"), ring.secret("index"), other.secret("bodies")}
    assert len(found) == 3
    assert {len(secret) for secret in found} == {32}


def test_opening_costs_one_slow_derivation_however_many_keys(
    ring: Keyring, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [ring.new(KeyUse.OFFICER, Suite.ED25519) for _ in range(20)]
    stretched: list[int] = []
    stretch = keyfile._stretch

    def counted(passphrase: str, salt: bytes, work: int) -> bytes:
        stretched.append(work)
        return stretch(passphrase, salt, work)

    monkeypatch.setattr(keyfile, "_stretch", counted)
    again = Keyring.open(folder, PASSPHRASE)
    for key in keys:
        again.private(key.kid)
    assert stretched == [WORK]


def test_the_standard_cost_is_the_one_that_was_measured(folder: Path) -> None:
    Keyring.create(folder, PASSPHRASE)
    assert b'"work": 15' in (folder / "master.key").read_bytes()


@given(st.binary(max_size=200))
def test_any_bytes_in_place_of_the_master_key_are_a_clear_refusal(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    folder = tmp_path_factory.mktemp("broken")
    disk.write(folder / "master.key", raw, mode=disk.PRIVATE)
    with pytest.raises(Misused):
        Keyring.open(folder, PASSPHRASE)


def test_an_offline_key_shows_its_public_half_without_the_passphrase(tmp_path: Path) -> None:
    path = tmp_path / "custodian.key"
    public = keyfile.new_offline_key(path, PASSPHRASE, "custodian 1", work=WORK)
    assert keyfile.public_of(path) == public == keyfile.open_offline_key(path, PASSPHRASE).public


def test_an_offline_key_is_not_relabelled(tmp_path: Path) -> None:
    path = tmp_path / "custodian.key"
    keyfile.new_offline_key(path, PASSPHRASE, "custodian 1", work=WORK)
    path.write_bytes(path.read_bytes().replace(b"custodian 1", b"custodian 2"))
    with pytest.raises(Misused, match="altered"):
        keyfile.open_offline_key(path, PASSPHRASE)


def test_a_keyring_master_is_no_offline_key(ring: Keyring, folder: Path) -> None:
    ring.secret("bodies")
    with pytest.raises(Misused, match="no offline key"):
        keyfile.open_offline_key(folder / "master.key", PASSPHRASE)


VECTORS = Path(__file__).parent.parent / "vectors" / "registry"


def test_the_golden_keyring_opens_and_holds_the_keys_of_the_golden_profile(folder: Path) -> None:
    disk.private_folder(folder)
    for path in (VECTORS / "keyring").iterdir():
        disk.write(folder / path.name, path.read_bytes(), mode=disk.PRIVATE)
    ring = Keyring.open(folder, PASSPHRASE)
    (first,) = [path for path in (VECTORS / "organisation/targets/no").iterdir() if b'"version":1' in path.read_bytes()]
    listed = profile_from(first.read_bytes()).keys
    assert {key.kid for key in ring.public()} == {key.kid for key in listed}
    for key in listed:
        ring.private(key.kid)
