"""Round trips of AS2 (RFC 4130) by pyas2lib: a message signed and encrypted, opened and verified, a signed MDN checked.

Runs in an environment of its own, `.as2/`, for the library is GPL and brings its own cryptography. One process, one
core, no network, no disk: so it is given what our side is not. Prints a JSON list of the round trips of each second.

    .as2/bin/python bench/measured/as2_oracle.py SECONDS
"""

import datetime as dt
import importlib
import json
import re
import sys
import time
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

PASSPHRASE = "test"  # noqa: S105 - of keys that live as long as a measurement
SIZE = 1024
"""Bytes of a message: what a short one of ours has with its head."""


def _library() -> Any:  # noqa: ANN401 - a library that is not in our environment
    """Load pyas2lib; oscrypto 1.3.0, on which it rests, cannot read a version of OpenSSL with two digits in a place."""
    search = re.search

    def widened(pattern: Any, *rest: Any) -> Any:  # noqa: ANN401 - as `re.search`
        if isinstance(pattern, str):
            pattern = pattern.replace(r"\d\.\d\.\d", r"\d+\.\d+\.\d+")
        return search(pattern, *rest)

    re.search = widened  # type: ignore[assignment]  # for as long as the library is loaded
    try:
        return importlib.import_module("pyas2lib.as2")
    finally:
        re.search = search


def _identity(name: str) -> tuple[bytes, bytes]:
    """Return key and certificate of a party, in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateBuilder().subject_name(named).issuer_name(named).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    certificate = made.not_valid_after(dt.datetime(2126, 1, 1, tzinfo=dt.UTC)).sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(PASSPHRASE.encode()),
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    return private + public, public


def _parties(as2: Any) -> tuple[dict[str, Any], dict[str, Any]]:  # noqa: ANN401 - see `_library`
    """Return, for each side, itself and the other as it knows it."""
    sides = {name: _identity(name) for name in ("sender", "recipient")}
    own = {
        name: as2.Organization(
            as2_name=name, sign_key=pem, sign_key_pass=PASSPHRASE, decrypt_key=pem, decrypt_key_pass=PASSPHRASE
        )
        for name, (pem, _) in sides.items()
    }
    known = {
        name: as2.Partner(
            as2_name=name, verify_cert=public, encrypt_cert=public, sign=True, encrypt=True, digest_alg="sha256",
            enc_alg="aes_256_cbc", mdn_mode="SYNC", mdn_digest_alg="sha256", validate_certs=False,
        )
        for name, (_, public) in sides.items()
    }  # fmt: skip
    return own, known


def _round_trip(as2: Any, own: dict[str, Any], known: dict[str, Any], body: bytes) -> None:  # noqa: ANN401 - see above
    said = as2.Message(sender=own["sender"], receiver=known["recipient"])
    said.build(body, disposition_notification_to="sender@example.org", subject="exercise")
    heard = as2.Message()
    status, trouble, answer = heard.parse(
        said.headers_str + b"\r\n" + said.content,
        find_org_cb=own.get, find_partner_cb=known.get, find_message_cb=lambda *_: False,
    )  # fmt: skip
    if status != "processed" or heard.content != body:
        raise SystemExit(f"the message was not taken in: {status} {trouble}")
    mdn = as2.Mdn()
    status, trouble = mdn.parse(answer.headers_str + b"\r\n" + answer.content, find_message_cb=lambda *_: said)
    if status != "processed":
        raise SystemExit(f"the MDN does not verify: {status} {trouble}")


def main() -> None:
    """Measure, and print round trips by second."""
    seconds = float(sys.argv[1])
    as2 = _library()
    own, known = _parties(as2)
    body = (b"A vessel left the port of Tangier on Tuesday. " * 32)[:SIZE]
    _round_trip(as2, own, known, body)
    rates = []
    while seconds > 0:
        began, count = time.perf_counter(), 0
        while (took := time.perf_counter() - began) < min(seconds, 1.0):
            _round_trip(as2, own, known, body)
            count += 1
        rates.append(count / took)
        seconds -= took
    print(json.dumps(rates))


if __name__ == "__main__":
    main()
