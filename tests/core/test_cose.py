"""COSE in the strict profile: published vectors for the primitives, and what lies outside the profile is refused."""

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cbor2
import cryptography_vectors
import pytest
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from comity.core import cose
from comity.core.codec import encode
from comity.core.cose import Opener, Signer, sign1, unseal, verify1, verify_raw
from comity.core.errors import Malformed
from comity.core.registry import Key, KeyUse, Suite
from tests.core.parties import ENTROPY, opener, signer

PUBLISHED = Path(__file__).parents[1] / "vectors" / "published"
TYP = "application/vnd.example"
ED25519, ES256 = signer("a.sign"), signer("b.sign", Suite.ES256)
HYBRID, X25519 = opener("a.seal", Suite.HYBRID), opener("b.seal", Suite.X25519)
CONTENT_KEY, NONCE = ENTROPY[:32], ENTROPY[32:]


def sealed(plain: bytes, *to: Opener) -> bytes:
    """Return an envelope for these openers."""
    made = cose.seal(plain, TYP, [one.key for one in to], CONTENT_KEY, NONCE)
    return made.envelope(*(one.key.kid for one in to))


def refused_sign1(parts: list[Any], by: Signer = ED25519, tag: bytes = b"\xd2") -> None:
    """Check that a COSE_Sign1 of these parts is refused."""
    with pytest.raises(Malformed):
        verify1(tag + cbor2.dumps(parts, canonical=True), TYP, by.key)


# -------------------------------------------------------------------------------------------------- published vectors


def wg_examples() -> list[dict[str, Any]]:
    """Return the examples of the COSE working group."""
    found: list[dict[str, Any]] = json.loads((PUBLISHED / "cose-wg.json").read_bytes())
    return found


def wg_key(jwk: dict[str, str]) -> Key:
    """Return the example's key as the registry would hold it."""
    if jwk["kty"] == "OKP":
        return Key(use=KeyUse.SIGN, suite=Suite.ED25519, public=bytes.fromhex(jwk["x_hex"]))
    x, y = (base64.urlsafe_b64decode(jwk[name] + "=") for name in "xy")
    return Key(use=KeyUse.SIGN, suite=Suite.ES256, public=b"\x04" + x + y)


@pytest.mark.parametrize("case", wg_examples(), ids=lambda case: case["title"].partition(":")[0])
def test_working_group_examples_verify_under_our_primitives_and_are_outside_our_profile(case: dict[str, Any]) -> None:
    """Our Sig_structure is theirs, our verdict on the signature is theirs; the profile takes none of these headers."""
    raw, key = bytes.fromhex(case["cbor"]), wg_key(case["key"])
    value = cbor2.loads(raw)
    protected, _, payload, signature = value.value if isinstance(value, cbor2.CBORTag) else value
    # The examples sign an empty protected map as an empty string (RFC 9052 section 4.4); our headers are never empty.
    signed = b"" if protected == b"\xa0" else protected
    structure = encode(["Signature1", signed, bytes.fromhex(case["external"]), payload])
    if case["fail"] and case["title"][:12] != "sign-fail-01":
        with pytest.raises(Malformed):
            verify_raw(key, structure, signature)
    else:
        verify_raw(key, structure, signature)
        assert structure.hex().upper() == case["to_be_signed"] or not case["to_be_signed"]
    with pytest.raises(Malformed):
        verify1(raw, TYP, key)


def test_ed25519_agrees_with_the_published_vectors() -> None:
    """The reference implementation's 1,024 signatures, the first three of which stand in RFC 8032."""
    with cryptography_vectors.open_vector_file("asymmetric/Ed25519/sign.input", "r") as file:
        lines = file.read().split()
    for line in lines[:128]:
        _, public, message, with_message = line.split(":")[:4]
        key = Key(use=KeyUse.SIGN, suite=Suite.ED25519, public=bytes.fromhex(public))
        signature, text = bytes.fromhex(with_message)[:64], bytes.fromhex(message)
        verify_raw(key, text, signature)
        with pytest.raises(Malformed):
            verify_raw(key, text + b"\x00", signature)


def p256_sha256() -> Iterator[dict[str, str]]:
    """Yield the cases for P-256 with SHA-256 of NIST's signature verification test (FIPS 186-3)."""
    with cryptography_vectors.open_vector_file("asymmetric/ECDSA/FIPS_186-3/SigVer.rsp", "r") as file:
        text = file.read()
    section = text.split("[P-256,SHA-256]")[1].split("[")[0]
    for block in section.split("\n\n"):
        case = dict(line.split(" = ", 1) for line in block.splitlines() if " = " in line)
        if case:
            yield case


def test_es256_agrees_with_the_verification_test_of_nist() -> None:
    """Good and bad signatures of FIPS 186-3; the raw form is r and s."""
    verdicts = []
    for case in p256_sha256():
        qx, qy, r, s = (bytes.fromhex(case[name].zfill(64)) for name in ("Qx", "Qy", "R", "S"))
        key = Key(use=KeyUse.SIGN, suite=Suite.ES256, public=b"\x04" + qx + qy)
        try:
            verify_raw(key, bytes.fromhex(case["Msg"]), r + s)
        except Malformed:
            verdicts.append(False)
        else:
            verdicts.append(True)
        assert verdicts[-1] is case["Result"].startswith("P")
    assert len(verdicts) == 15
    assert any(verdicts)


def rfc9180(path: str, kem: int) -> list[dict[str, Any]]:
    """Return the vectors of base mode for one KEM, HKDF-SHA256 and an AEAD that encrypts."""
    with cryptography_vectors.open_vector_file(path, "r") as file:
        every: list[dict[str, Any]] = json.load(file)
    return [v for v in every if (v["mode"], v["kem_id"], v["kdf_id"]) == (0, kem, 1) and v["aead_id"] in {1, 2, 3}]


# The public interface takes no associated data, and the vectors have some (pyca/cryptography #14203).
_decrypt_with_aad: Any = vars(hpke)["rust_openssl"].hpke._decrypt_with_aad
AEADS = {1: hpke.AEAD.AES_128_GCM, 2: hpke.AEAD.AES_256_GCM, 3: hpke.AEAD.CHACHA20_POLY1305}


@pytest.mark.parametrize("case", rfc9180("HPKE/test-vectors.json", 0x20), ids=lambda case: f"aead-{case['aead_id']}")
def test_hpke_with_x25519_opens_the_vectors_of_rfc_9180(case: dict[str, Any]) -> None:
    """The opening side of base mode; single-shot, so the first message of each. The third is our suite."""
    suite = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, AEADS[case["aead_id"]])
    if case["aead_id"] == 3:
        suite = cose._suite(Suite.X25519)[0]
    private = x25519.X25519PrivateKey.from_private_bytes(bytes.fromhex(case["skRm"]))
    first = case["encryptions"][0]
    sealed_text = bytes.fromhex(case["enc"] + first["ct"])
    info, aad = bytes.fromhex(case["info"]), bytes.fromhex(first["aad"])
    assert _decrypt_with_aad(suite, sealed_text, private, info, aad).hex() == first["pt"]


def test_hpke_with_ml_kem_and_x25519_opens_the_vectors_of_its_draft() -> None:
    """KEM 0x647a of draft-ietf-hpke-pq with ChaCha20-Poly1305: the same KEM and KDF as in our hybrid suite."""
    (case,) = rfc9180("HPKE/hpke-pq-test-vectors.json", 0x647A)
    expanded = hashlib.shake_256(bytes.fromhex(case["skRm"])).digest(96)
    private = hpke.MLKEM768X25519PrivateKey(
        mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64]),
        x25519.X25519PrivateKey.from_private_bytes(expanded[64:]),
    )
    suite = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, AEADS[case["aead_id"]])
    first = case["encryptions"][0]
    info, aad = bytes.fromhex(case["info"]), bytes.fromhex(first["aad"])
    assert _decrypt_with_aad(suite, bytes.fromhex(case["enc"] + first["ct"]), private, info, aad).hex() == first["pt"]


# ------------------------------------------------------------------------------------------------------- signatures


@pytest.mark.parametrize("by", [ED25519, ES256], ids=["Ed25519", "ES256"])
def test_what_is_signed_is_verified(by: Signer) -> None:
    """The payload comes back, and the key id is found without verifying."""
    raw = sign1(b"payload", TYP, by)
    assert verify1(raw, TYP, by.key) == b"payload"
    assert cose.key_id(raw) == by.key.kid


@pytest.mark.parametrize("by", [ED25519, ES256], ids=["Ed25519", "ES256"])
def test_every_flipped_byte_of_a_signature_is_refused(by: Signer) -> None:
    """Header, payload, signature and structure."""
    raw = sign1(b"payload", TYP, by)
    for at in range(len(raw)):
        with pytest.raises(Malformed):
            verify1(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :], TYP, by.key)


def test_a_signature_of_another_type_is_refused() -> None:
    """A head cannot pass for a frame."""
    with pytest.raises(Malformed):
        verify1(sign1(b"payload", "application/vnd.other", ED25519), TYP, ED25519.key)


def test_a_signature_under_another_key_is_refused() -> None:
    """Also when the header names the right one."""
    with pytest.raises(Malformed):
        verify1(sign1(b"payload", TYP, signer("c.sign")), TYP, ED25519.key)
    with pytest.raises(Malformed):
        verify1(sign1(b"payload", TYP, Signer(ED25519.key, signer("c.sign").sign)), TYP, ED25519.key)


def test_a_key_of_another_use_is_another_key() -> None:
    """An officer's approval cannot be taken for the bureau's word, even if one device holds both."""
    officer = Key(use=KeyUse.OFFICER, suite=ED25519.key.suite, public=ED25519.key.public)
    with pytest.raises(Malformed):
        verify1(sign1(b"payload", TYP, ED25519), TYP, officer)


def good_parts() -> list[Any]:
    """Return the four parts of a good signature."""
    found: list[Any] = cbor2.loads(sign1(b"payload", TYP, ED25519)[1:])
    return found


def resigned(header: dict[Any, Any], by: Signer = ED25519) -> list[Any]:
    """Return the parts of a signature that verifies, under another header."""
    protected = cbor2.dumps(header, canonical=True)
    return [protected, {}, b"payload", by.sign(encode(["Signature1", protected, b"", b"payload"]))]


GOOD: dict[Any, Any] = {1: -8, 4: ED25519.key.kid, 16: TYP}


def test_a_header_outside_the_profile_is_refused_though_the_signature_verifies() -> None:
    """Each is signed by the right key: more, less, or other than alg, kid and typ."""
    verify1(b"\xd2" + cbor2.dumps(resigned(GOOD), canonical=True), TYP, ED25519.key)
    more: list[dict[Any, Any]] = [{2: [1]}, {3: 0}, {"x": 1}, {1: -19}, {1: -7}, {1: "EdDSA"}, {4: b"11"}]
    less: list[dict[Any, Any]] = [{}, {1: -8, 16: TYP}, {1: -8, 4: GOOD[4]}, {4: GOOD[4], 16: TYP}]
    for header in [*({**GOOD, **change} for change in more), *less]:
        refused_sign1(resigned(header))


def test_the_algorithm_of_the_message_is_not_believed() -> None:
    """An ES256 key whose header says EdDSA, and the other way round."""
    refused_sign1(resigned({1: -8, 4: ES256.key.kid, 16: TYP}, ES256), ES256)
    refused_sign1(resigned({**GOOD, 1: -7}))


def test_a_signature_has_no_unprotected_header_one_tag_and_four_parts() -> None:
    """Nothing that is not signed may be there to be believed."""
    protected, _, payload, signature = good_parts()
    refused_sign1([protected, {4: b"11"}, payload, signature])
    refused_sign1([protected, {1: -8}, payload, signature])
    refused_sign1([protected, {}, None, signature])
    refused_sign1([protected, {}, payload])
    refused_sign1([protected, {}, payload, signature, b""])
    refused_sign1([cbor2.loads(protected), {}, payload, signature])
    for tag in (b"", b"\xd1", b"\xd2\xd2", b"\xd8\x12", b"\xd9\xd9\xf7\xd2"):
        refused_sign1(good_parts(), tag=tag)


def test_a_sealing_key_verifies_nothing() -> None:
    """A key's suite says what it can do."""
    for key in (HYBRID.key, X25519.key):
        with pytest.raises(Malformed):
            verify_raw(key, b"", bytes(64))


@given(st.binary(max_size=80))
def test_any_bytes_under_any_suite_are_refused_in_one_way(noise: bytes) -> None:
    """A key that is no point, a signature of any length: `Malformed`, and no other error."""
    for suite in Suite:
        with pytest.raises(Malformed):
            verify_raw(Key(use=KeyUse.SIGN, suite=suite, public=noise), b"message", noise)


# --------------------------------------------------------------------------------------------------------- envelopes


@pytest.mark.parametrize("to", [HYBRID, X25519], ids=["hybrid", "X25519"])
def test_what_is_sealed_is_opened_by_its_recipient_alone(to: Opener) -> None:
    """The holder of the key opens it, another does not."""
    raw = sealed(b"plain text", HYBRID, X25519)
    assert unseal(raw, TYP, [to]) == b"plain text"
    with pytest.raises(Malformed, match="not sealed to any"):
        unseal(raw, TYP, [opener("stranger", to.key.suite)])


@pytest.mark.parametrize("to", [HYBRID, X25519], ids=["hybrid", "X25519"])
def test_every_flipped_byte_of_an_envelope_is_refused(to: Opener) -> None:
    """Header, nonce, ciphertext, key id, encapsulated and wrapped key; no other error than `Malformed`."""
    raw = sealed(b"plain text", to)
    for at in range(len(raw)):
        with pytest.raises(Malformed):
            unseal(raw[:at] + bytes([raw[at] ^ 0x80]) + raw[at + 1 :], TYP, [to])


def test_an_envelope_for_one_carries_only_their_block() -> None:
    """The ciphertext is shared, the blocks are not: nobody learns who else was written to."""
    made = cose.seal(b"plain", TYP, [HYBRID.key, X25519.key], CONTENT_KEY, NONCE)
    alone = cose.parse_sealed(made.envelope(X25519.key.kid))
    assert [block.kid for block in alone.blocks] == [X25519.key.kid]
    assert bytes(HYBRID.key.kid) not in made.envelope(X25519.key.kid)


def test_an_envelope_that_commits_to_another_key_is_refused() -> None:
    """AES-GCM alone would let a sender make one ciphertext open to two texts."""
    made = cose.seal(b"plain", TYP, [X25519.key], CONTENT_KEY, NONCE)
    header = cbor2.loads(made.protected)
    protected = encode({**header, "commit": hashlib.sha256(b"another").digest()})
    aad = encode(["Encrypt", protected, b""])
    ciphertext = AESGCM(CONTENT_KEY).encrypt(NONCE, b"plain", aad)
    forged = cose.Sealed(protected, NONCE, ciphertext, made.blocks)
    with pytest.raises(Malformed, match="does not commit"):
        unseal(forged.envelope(X25519.key.kid), TYP, [X25519])


def test_an_envelope_of_another_type_or_algorithm_is_refused() -> None:
    """The header is exact, though content and key are good."""
    made = cose.seal(b"plain", TYP, [X25519.key], CONTENT_KEY, NONCE)
    header = cbor2.loads(made.protected)
    for changed in ({**header, 16: "other"}, {**header, 1: 1}, {**header, 2: [16]}, {1: 3, 16: TYP}):
        protected = encode(changed)
        ciphertext = AESGCM(CONTENT_KEY).encrypt(NONCE, b"plain", encode(["Encrypt", protected, b""]))
        forged = cose.Sealed(protected, NONCE, ciphertext, made.blocks)
        with pytest.raises(Malformed, match="header"):
            unseal(forged.envelope(X25519.key.kid), TYP, [X25519])


def test_a_block_of_another_suite_than_the_registered_one_is_refused() -> None:
    """The message cannot choose the weaker suite for a key."""
    (block,) = cose.seal(b"plain", TYP, [X25519.key], CONTENT_KEY, NONCE).blocks
    for protected in (encode({1: -70_768}), encode({1: 50, 4: b"x"}), encode({})):
        with pytest.raises(Malformed, match="suite"):
            cose._unwrap(cose.Block(block.kid, protected, block.encapsulated, block.wrapped), X25519)


@given(st.binary(max_size=120))
def test_any_bytes_are_refused_as_an_envelope_in_one_way(noise: bytes) -> None:
    """Noise, and noise behind the tag."""
    for raw in (noise, b"\xd8\x60" + noise):
        with pytest.raises(Malformed):
            unseal(raw, TYP, [HYBRID, X25519])


@pytest.mark.parametrize("public", [bytes(32), b"\x01" + bytes(31), b"\xff" * 32], ids=["zero", "one", "all-ones"])
def test_an_encapsulated_key_of_low_order_is_refused(public: bytes) -> None:
    """X25519 with a point of low order gives a secret that everybody knows (RFC 7748 section 6.1)."""
    (block,) = cose.seal(b"plain", TYP, [X25519.key], CONTENT_KEY, NONCE).blocks
    with pytest.raises(Malformed):
        cose._unwrap(cose.Block(block.kid, block.protected, public, block.wrapped), X25519)


@pytest.mark.parametrize(("suite", "size"), [(Suite.X25519, 32), (Suite.HYBRID, 1216)])
def test_nothing_is_sealed_to_a_key_of_low_order(suite: Suite, size: int) -> None:
    """A bureau that registers such a key must not stop the sender's node."""
    for public in (bytes(size), bytes(size - 1)):
        with pytest.raises(Malformed):
            cose.seal(b"plain", TYP, [Key(use=KeyUse.SEAL, suite=suite, public=public)], CONTENT_KEY, NONCE)


def test_the_public_half_of_a_key_is_what_the_registry_holds() -> None:
    """For X25519; a hybrid key's public half is kept beside it."""
    assert cose.public_of(X25519.private) == X25519.key.public
    with pytest.raises(Malformed):
        cose.public_of(HYBRID.private)
