"""What python-cwt and scitt-cose say of our bytes; runs in .foreign/, asked and answering in JSON.

Asked with a list of questions on standard input, each ``{"by", "do", "bytes", "keys"}``, it answers with a list of
``{"ok", "payload" or "error"}``. It imports nothing of Comity.
"""

import json
import sys
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cwt import COSE, COSEKey  # type: ignore[import-not-found,unused-ignore]
from scitt_cose import verify_sign1  # type: ignore[import-not-found,unused-ignore]

# IANA's COSE numbers: kty 1 OKP and 2 EC2; crv 1 P-256, 4 X25519, 6 Ed25519; alg 50 HPKE-4-KE.
_KTY, _KID, _ALG, _CRV, _X, _Y, _D = 1, 2, 3, -1, -2, -3, -4


def cwt_key(key: dict[str, str]) -> Any:  # noqa: ANN401 - a key of python-cwt
    """Return a key as python-cwt takes it."""
    kid, public = bytes.fromhex(key["kid"]), bytes.fromhex(key["public"])
    match key["suite"]:
        case "Ed25519":
            return COSEKey.new({_KTY: 1, _KID: kid, _ALG: -8, _CRV: 6, _X: public})
        case "ES256":
            return COSEKey.new({_KTY: 2, _KID: kid, _ALG: -7, _CRV: 1, _X: public[1:33], _Y: public[33:]})
        case _:
            secret = bytes.fromhex(key["seed"])
            return COSEKey.new({_KTY: 1, _KID: kid, _ALG: 50, _CRV: 4, _X: public, _D: secret})


def pem(key: dict[str, str]) -> bytes:
    """Return a public key as scitt-cose takes it."""
    raw = bytes.fromhex(key["public"])
    public: ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey
    if key["suite"] == "Ed25519":
        public = ed25519.Ed25519PublicKey.from_public_bytes(raw)
    else:
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """Open or verify, and say what came out."""
    raw, keys = bytes.fromhex(question["bytes"]), question["keys"]
    try:
        if question["by"] == "scitt-cose":
            payload = verify_sign1(raw, public_key_pem=pem(keys[0])).payload
        else:
            payload = COSE.new().decode(raw, [cwt_key(key) for key in keys])
    except Exception as problem:  # noqa: BLE001 - the libraries refuse with many classes
        return {"ok": False, "error": type(problem).__name__}
    return {"ok": True, "payload": payload.hex()}


if __name__ == "__main__":
    json.dump([answer(question) for question in json.load(sys.stdin)], sys.stdout)
