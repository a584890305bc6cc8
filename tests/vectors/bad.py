"""Bytes that must be refused, each with the reason: what `make.py` writes to `bad/`.

The name ends in the class of the error: `malformed` where reading raises it, `refused` where the judge answers with a
code. `reader` says what reads the bytes. Each differs from a good vector in one thing.
"""

import hashlib
import itertools
from collections.abc import Iterator
from typing import Any

import cbor2
import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from comity.core import cose
from comity.core.act import Head, channel_of
from comity.core.carriage import CARRIED, COLLECT, RETURNED, Carried, Collect, Returned, ask, carry, give_back
from comity.core.codec import encode
from comity.core.cose import Signer, sign1
from comity.core.envelope import FRAME, HEAD, SEALED, Delivery, Frame, open_frame, pad
from comity.core.ids import BureauId, Digest, OrgId
from comity.core.receipt import prove_row, rows_root
from tests.core.parties import ENTROPY, ET, MA, NO, NOW, ORG, PARTIES, RELAYS, SALT, Rows, signer
from tests.vectors.good import BODY, framed, request, request_head

Case = tuple[str, dict[str, Any]]
OTHER_ORG = OrgId("other-" + "0" * 32)

VALUES = {
    "trailing-byte": ("a161610000", "a byte behind the value"),
    "ends-early": ("a16161", "a map whose value is missing"),
    "length-not-minimal": ("1817", "23 in two bytes instead of one"),
    "length-not-minimal-text": ("780161", "a text of one byte whose length has two"),
    "key-twice": ("a2616101616102", "one key with two values: decoders differ in which they take"),
    "keys-unsorted": ("a2616201616102", "b before a"),
    "keys-length-first": ("a22000181800", "an integer key of two bytes, where two orders of RFC 8949 differ"),
    "list-indefinite": ("9f01ff", "a list without its length"),
    "map-indefinite": ("bf616101ff", "a map without its length"),
    "text-indefinite": ("7f6161ff", "a text in chunks"),
    "bytes-indefinite": ("5f4161ff", "a byte string in chunks"),
    "float-half": ("f93c00", "1.0: no number of ours is a fraction"),
    "float-double": ("fb3ff0000000000000", "1.0 in eight bytes"),
    "false": ("f4", "a boolean: a field that says yes or no has a name for each"),
    "null": ("f6", "null: what is absent is left out"),
    "undefined": ("f7", "undefined"),
    "simple": ("f0", "an unassigned simple value"),
    "tag-date": ("c074323032362d30312d30315430303a30303a30305a", "a date as text"),
    "tag-bignum": ("c249010000000000000000", "an integer beyond 64 bits"),
    "tag-set": ("d901028101", "a set, which is a list under a tag"),
    "tag-self-described": ("d9d9f700", "the mark of CBOR in front"),
    "integer-too-large": ("1b8000000000000000", "2 to the 63rd: more than 64 bits with a sign"),
    "integer-too-small": ("3b8000000000000000", "less than minus 2 to the 63rd"),
    "key-bytes": ("a1416100", "a byte string as key"),
    "key-list": ("a18000", "a list as key"),
    "key-integer-large": ("a1181800", "24 as key: integer keys have one byte"),
    "text-not-utf8": ("62c328", "a text that is no UTF-8"),
    "text-surrogate": ("63eda080", "a text with half a surrogate pair"),
    "too-deep": ("81" * 17 + "00", "seventeen lists in each other, sixteen may be"),
    "length-of-terabytes": ("9b000000ffffffffff", "a list that claims 2 to the 40th items"),
}


def values() -> Iterator[Case]:
    """Yield what the codec itself refuses."""
    for name, (raw, why) in VALUES.items():
        yield f"{name}.malformed", {"why": why, "reader": "value", "bytes": raw}


def heads() -> Iterator[Case]:
    """Yield heads whose CBOR is good and that say what cannot be."""
    good = msgspec.to_builtins(request_head(), builtin_types=(bytes,))
    changes: dict[str, tuple[dict[str, Any], str]] = {
        "unknown-field": ({"colour": "red"}, "a field that this version does not have"),
        "wrong-type": ({"seq": "1"}, "a number as text"),
        "recipients-unsorted": ({"to": ["no", "et"]}, "et comes before no"),
        "recipient-twice": ({"to": ["no", "no"]}, "each recipient once"),
        "no-recipient": ({"to": []}, "an act is for somebody"),
        "seq-zero": ({"seq": 0}, "sequence numbers count from 1"),
        "epoch-zero": ({"epoch": 0}, "epochs count from 1"),
        "channel-short": ({"channel": bytes(15)}, "a channel has 16 bytes"),
        "digest-short": ({"body": bytes(31)}, "a digest has 32 bytes"),
        "subject-short": ({"subject": bytes(16)}, "an act id has 32 bytes"),
        "kind-without-version": ({"kind": "messages.request"}, "capability.noun/version"),
        "purpose-unknown": ({"purpose": "curiosity"}, "the purposes are a list of law"),
        "default-written-out": (
            {"refs": []},
            "an empty list of references is left out, so that a head has one spelling",
        ),
        "label-empty": ({"label": {}}, "a label that says nothing is left out, so that a head has one spelling"),
        "label-evaluation": ({"label": {**good["label"], "information": 5}}, "information is evaluated from 1 to 4"),
        "audience-unsorted": ({"label": {**good["label"], "audience": ["no", "et"]}}, "et comes before no"),
    }
    for name, (change, why) in changes.items():
        raw = cbor2.dumps({**good, **change}, canonical=True)
        yield f"head-{name}.malformed", {"why": why, "reader": "head", "bytes": raw.hex()}
    missing = {key: value for key, value in good.items() if key != "org"}
    raw = cbor2.dumps(missing, canonical=True)
    yield "head-field-missing.malformed", {"why": "no organisation", "reader": "head", "bytes": raw.hex()}


def signatures() -> Iterator[Case]:
    """Yield signatures that do not verify, and some that do, under headers outside the profile."""
    by = PARTIES[MA].sign
    payload = encode(request_head())
    good = sign1(payload, HEAD, by)
    header: dict[Any, Any] = {1: -8, 4: by.key.kid, 16: HEAD}

    def under(protected: dict[Any, Any], unprotected: dict[Any, Any] | None = None, signed_by: Signer = by) -> bytes:
        spelled = cbor2.dumps(protected, canonical=True)
        signature = signed_by.sign(encode(["Signature1", spelled, b"", payload]))
        return b"\xd2" + cbor2.dumps([spelled, unprotected or {}, payload, signature], canonical=True)

    cases = {
        "signature-flipped": (good[:-1] + bytes([good[-1] ^ 1]), "the last bit of the signature"),
        "payload-flipped": (good.replace(b"ma", b"mb", 1), "another sender in the payload"),
        "other-signer": (
            under(header, signed_by=signer("stranger")),
            "the header names ma's key, somebody else signed",
        ),
        "typ-of-a-frame": (sign1(payload, FRAME, by), "signed as a frame"),
        "typ-missing": (under({1: -8, 4: by.key.kid}), "no type: what it was signed as cannot be known"),
        "alg-swapped": (under({**header, 1: -7}), "the header says ES256, the registry Ed25519"),
        "alg-fully-specified": (under({**header, 1: -19}), "Ed25519 by its newer number; one key has one number"),
        "kid-swapped": (under({**header, 4: PARTIES[NO].sign.key.kid}), "the header names no's key, ma signed"),
        "kid-missing": (under({1: -8, 16: HEAD}), "no key id"),
        "unprotected-kid": (under(header, {4: by.key.kid}), "something that is not signed"),
        "unprotected-alg": (under({4: by.key.kid, 16: HEAD}, {1: -8}), "the algorithm where anybody can change it"),
        "crit": (under({**header, 2: [16]}), "a critical header, even one that we understand"),
        "content-type": (under({**header, 3: 0}), "a header more than the profile has"),
        "untagged": (good[1:], "without the tag of COSE_Sign1"),
        "tag-of-mac": (b"\xd1" + good[1:], "the tag of COSE_Mac0"),
        "tag-not-minimal": (b"\xd8\x12" + good[1:], "tag 18 in two bytes"),
        "payload-detached": (b"\xd2" + cbor2.dumps([*cbor2.loads(good[1:])[:2], None, b""]), "no payload"),
        "trailing-byte": (good + b"\x00", "a byte behind the structure"),
    }
    for name, (raw, why) in cases.items():
        described = {"why": why, "reader": "sign1", "key": "ma.sign", "typ": HEAD, "bytes": raw.hex()}
        yield f"sign1-{name}.malformed", described


def sealed(content: bytes, header: dict[Any, Any] | None = None, to: BureauId = NO) -> bytes:
    """Return an envelope over padded content whose header has some entries changed."""
    content_key, nonce = ENTROPY[:32], ENTROPY[32:]
    made = cose.seal(content, SEALED, [PARTIES[to].open.key], content_key, nonce)
    if header is not None:
        protected = cbor2.dumps({**cbor2.loads(made.protected), **header}, canonical=True)
        ciphertext = AESGCM(content_key).encrypt(nonce, content, encode(["Encrypt", protected, b""]))
        made = cose.Sealed(protected, nonce, ciphertext, made.blocks)
    return made.envelope(PARTIES[to].open.key.kid)


def envelopes() -> Iterator[Case]:
    """Yield envelopes that do not open, and some that open to what may not be inside."""
    plain = encode(request(request_head()))
    good = sealed(pad(plain))
    padded = pad(plain)
    block = cbor2.loads(good[2:])[3][0]
    unprotected = [*cbor2.loads(good[2:])[:3], [[block[0], {**block[1], 1: 50}, block[2]]]]
    cases = {
        "not-for-us": (sealed(padded, to=ET), "sealed to et, opened by no"),
        "commitment-wrong": (
            sealed(padded, {"commit": hashlib.sha256(b"another key").digest()}),
            "another content key",
        ),
        "typ-wrong": (sealed(padded, {16: HEAD}), "the type of a head"),
        "alg-wrong": (sealed(padded, {1: 1}), "AES-128-GCM in the header"),
        "crit": (sealed(padded, {2: [16]}), "a critical header"),
        "ciphertext-flipped": (flipped(good, 300), "one bit of the ciphertext"),
        "block-flipped": (flipped(good, len(good) - 1), "one bit of the wrapped content key"),
        "block-alg-unprotected": (
            good[:2] + cbor2.dumps(unprotected, canonical=True),
            "an algorithm that nobody protects",
        ),
        "padding-not-zero": (sealed(padded[:-1] + b"\x01"), "something behind the content"),
        "padding-missing": (sealed(len(plain).to_bytes(4) + plain), "not padded to a bucket"),
        "padding-length": (sealed(b"\xff" + padded[1:]), "a length beyond the padded bytes"),
        "content-not-canonical": (sealed(pad(plain + b"\x00")), "a byte behind the signed act"),
        "untagged": (good[2:], "without the tag of COSE_Encrypt"),
        "trailing-byte": (good + b"\x00", "a byte behind the envelope"),
    }
    for name, (raw, why) in cases.items():
        yield f"sealed-{name}.malformed", {"why": why, "reader": "sealed", "key": "no.seal", "bytes": raw.hex()}


def flipped(raw: bytes, at: int) -> bytes:
    """Return the bytes with the lowest bit turned over at one place."""
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


def rows() -> Iterator[Case]:
    """Yield proofs of a row that lead elsewhere."""
    every = Rows(rows=("one", "two", "three")).row_bytes()
    good, root = prove_row(SALT, every, 1), rows_root(SALT, every)
    proof = msgspec.to_builtins(good, builtin_types=(bytes,))
    cases: dict[str, tuple[dict[str, Any], str]] = {
        "other-row": ({"row": every[0]}, "another row under the proof of this one"),
        "other-salt": ({"salt": bytes(32)}, "the row's salt is part of its digest"),
        "path-short": ({"inclusion": {**proof["inclusion"], "path": []}}, "a path without hashes"),
        "unknown-field": ({"more": 1}, "a field that a proof does not have"),
        "inclusion-unknown-field": ({"inclusion": {**proof["inclusion"], "more": 1}}, "the same one level deeper"),
    }
    for name, (change, why) in cases.items():
        raw = cbor2.dumps({**proof, **change}, canonical=True)
        described = {"why": why, "reader": "row-proof", "root": root.hex(), "bytes": raw.hex()}
        yield f"row-proof-{name}.malformed", described


def deliveries() -> Iterator[Case]:
    """Yield deliveries that are turned away at once, and those that the judge answers with a code."""
    good = framed(request(request_head()), NO)
    frame = open_frame(good.frame, PARTIES[MA].sign.key)

    def reframed(**changes: Any) -> Delivery:  # noqa: ANN401 - fields of a frame
        changed: Frame = msgspec.structs.replace(frame, **changes)
        return Delivery(frame=sign1(encode(changed), FRAME, PARTIES[MA].sign), sealed=good.sealed)

    turned_away = {
        "other-sealed": (
            Delivery(frame=good.frame, sealed=flipped(good.sealed, 300)),
            "the frame is of other sealed bytes",
        ),
        "to-another": (reframed(to=ET), "addressed to et, brought to no"),
        "sender-another": (reframed(sender=ET), "ma's key signs a frame that names et"),
        "organisation-another": (reframed(org=OTHER_ORG), "a frame of another organisation"),
        "frame-flipped": (Delivery(frame=flipped(good.frame, 100), sealed=good.sealed), "one bit of the frame"),
    }
    for name, (delivery, why) in turned_away.items():
        described = {"why": why, "reader": "judge", "me": "no", "bytes": encode(delivery).hex()}
        yield f"delivery-{name}.malformed", described
    refused = {
        "sealed": (framed(request(request_head((ET,))), ET), "an envelope for et, framed to no"),
        "signature": (framed(_forged(request_head()), NO), "a head that names ma's key and that somebody else signed"),
        "forwarded": (framed(request(request_head((ET, NO))), NO, ET), "et passes on what ma wrote to both"),
        "organisation": (framed(request(_abroad()), NO), "signed by ma for another organisation"),
        "recipient": (framed(request(request_head((ET,))), NO), "written to et, sealed to no"),
        "channel": (framed(request(request_head(channel=channel_of(ORG, MA, (ET, NO)))), NO), "the channel of others"),
        "malformed": (
            framed(msgspec.structs.replace(request(request_head()), body=BODY[:-1] + b"!"), NO),
            "an altered body",
        ),
    }
    for code, (delivery, why) in refused.items():
        if code == "sealed":
            raw = delivery.sealed
            again = msgspec.structs.replace(frame, sealed=hashlib.sha256(raw).digest())
            delivery = Delivery(frame=sign1(encode(again), FRAME, PARTIES[MA].sign), sealed=raw)  # noqa: PLW2901
        described = {
            "why": why,
            "reader": "judge",
            "me": "no",
            "code": f"exchange.{code}",
            "bytes": encode(delivery).hex(),
        }
        yield f"delivery-{code}.refused", described


def carriage() -> Iterator[Case]:
    """Yield statements of relays and polls of bureaus that are somebody else's, or something else."""
    relay, other = RELAYS
    said = Carried(org=ORG, relay=relay, at=NOW, sealed=(Digest(SALT),))
    statements = {
        "typ-of-a-poll": (sign1(encode(said), COLLECT, RELAYS[relay]), "signed as a poll"),
        "other-relay": (carry(said, RELAYS[other]), "signed by another relay than it names"),
        "organisation": (carry(msgspec.structs.replace(said, org=OTHER_ORG), RELAYS[relay]), "another organisation"),
        "flipped": (flipped(carry(said, RELAYS[relay]), 100), "one bit of it changed"),
        "nothing": (
            sign1(encode({"org": ORG, "relay": relay, "at": NOW, "sealed": []}), CARRIED, RELAYS[relay]),
            "it names no envelope",
        ),
    }
    poll = Collect(org=ORG, relay=relay, bureau=NO, at=NOW, serial=2, taken=(1,))
    changed = msgspec.structs.replace
    back = Returned(org=ORG, relay=relay, to=NO, at=NOW, code="registry.ejected", sealed=(Digest(SALT),))
    plain = msgspec.to_builtins(back, builtin_types=(bytes,))
    returns = {
        "typ-of-a-promise": (sign1(encode(back), CARRIED, RELAYS[relay]), "signed as a promise"),
        "other-relay": (give_back(back, RELAYS[other]), "signed by another relay than it names"),
        "organisation": (give_back(changed(back, org=OTHER_ORG), RELAYS[relay]), "another organisation"),
        "no-code": (sign1(encode({**plain, "code": ""}), RETURNED, RELAYS[relay]), "it does not say why"),
        "flipped": (flipped(give_back(back, RELAYS[relay]), 100), "one bit of it changed"),
    }
    polls = {
        "typ-of-a-frame": (sign1(encode(poll), FRAME, PARTIES[NO].sign), "signed as a frame"),
        "other-bureau": (ask(poll, PARTIES[MA].sign), "signed by another bureau than it names"),
        "other-relay": (ask(changed(poll, relay=other), PARTIES[NO].sign), "for another relay"),
        "organisation": (ask(changed(poll, org=OTHER_ORG), PARTIES[NO].sign), "another organisation"),
        "serial-zero": (_spelled(poll, serial=0), "serials count from 1"),
        "number-zero": (_spelled(poll, taken=[0]), "numbers of mail count from 1"),
        "flipped": (flipped(ask(poll, PARTIES[NO].sign), 100), "one bit of it changed"),
    }
    for reader, cases in (("carried", statements), ("returned", returns), ("collect", polls)):
        for name, (raw, why) in cases.items():
            described = {"why": why, "reader": reader, "relay": relay, "bytes": raw.hex()}
            yield f"{reader}-{name}.malformed", described


def _spelled(poll: Collect, **changes: object) -> bytes:
    plain = msgspec.to_builtins(poll, builtin_types=(bytes,))
    return sign1(encode({**plain, **changes}), COLLECT, PARTIES[poll.bureau].sign)


def _forged(head: Head) -> Any:  # noqa: ANN401 - a signed act
    stranger = Signer(PARTIES[MA].sign.key, signer("stranger").sign)
    return msgspec.structs.replace(request(head), head=sign1(encode(head), HEAD, stranger))


def _abroad() -> Head:
    return request_head(org=OTHER_ORG, channel=channel_of(OTHER_ORG, MA, (NO,)))


def every() -> Iterator[Case]:
    """Yield every bad vector that there should be."""
    yield from itertools.chain(values(), heads(), signatures(), envelopes(), rows(), deliveries(), carriage())
