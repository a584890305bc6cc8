"""The good vectors: each kind of act, and each structure of the wire, in a request from `ma` to `no` and `et`.

`make.py` writes them; `bad.py` spoils them. README.md says what they are made of.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from comity.core.act import Act, Author, Head, body_digest, channel_of, encode_body, kind_of
from comity.core.carriage import CARRIED, COLLECT, RETURNED, Carried, Collect, Returned, ask, carry, give_back
from comity.core.codec import encode, unpack
from comity.core.cose import sign1
from comity.core.envelope import (
    APPROVAL,
    HEAD,
    Approval,
    Delivery,
    Lane,
    Signed,
    frame_of,
    open_frame,
    seal,
)
from comity.core.exchange import Proof
from comity.core.handling import Basis, Confidentiality, Handling, Label, Onward, Purpose, Source
from comity.core.ids import BureauId, Digest, Millis, act_id
from comity.core.leaf import Leaf, Way, commitment
from comity.core.log import TileId, append, leaf_hash, prove_inclusion, root_of
from comity.core.receipt import prove_row, rows_root
from tests.core.parties import ENTROPY, ET, MA, NO, NOW, ORG, PARTIES, RELAYS, SALT, Rows, head_of, seed
from tests.vectors.examples import EXAMPLES

BODY = encode(
    {
        "kind": "messages.request/1",
        "title": "Stolen vehicle",
        "text": "Is a vehicle with the registration AB 12345 reported as stolen?",
        "language": "en",
    }
)
"""The request of the worked example in docs/spec/wire.md: synthetic, as everything here."""


class Vector(NamedTuple):
    """One pair of files: readable form, and the bytes alone."""

    name: str
    readable: dict[str, Any]
    raw: bytes


def readable(value: object) -> Any:  # noqa: ANN401 - what JSON can spell
    """Return a value as JSON can spell it: byte strings become hexadecimal text."""
    match msgspec.to_builtins(value, builtin_types=(bytes,)):
        case bytes() as raw:
            return raw.hex()
        case list() | tuple() as items:
            return [readable(item) for item in items]
        case dict() as items:
            return {key: readable(item) for key, item in items.items()}
        case plain:
            return plain


def request_head(to: tuple[BureauId, ...] = (NO,), sender: BureauId = MA, **changes: Any) -> Head:  # noqa: ANN401
    """Return the head of the request: `ma` asks `no`, with a label, a basis and an end."""
    head = Head(
        kind="messages.request/1",
        org=ORG,
        sender=sender,
        author=Author(officer="officer-4c1f", unit="vehicle-crime"),
        to=to,
        said=NOW,
        registry=1,
        channel=channel_of(ORG, sender, to),
        epoch=1,
        seq=1,
        purpose=Purpose.INVESTIGATE,
        label=Label(
            handling=Handling.H1,
            source=Source.B,
            information=2,
            confidentiality=Confidentiality.RESTRICTED,
            onward=Onward.NONE,
            audience=to,
            expires=Millis(NOW + 30 * 86_400_000),
        ),
        basis=Basis(law="RPD 10(2)(b)"),
        body=body_digest(SALT, BODY),
        size=len(BODY),
    )
    return msgspec.structs.replace(head, **changes)


def request(head: Head, approvals: tuple[bytes, ...] = ()) -> Signed:
    """Return the request under this head, signed by its sender."""
    raw = sign1(encode(head), HEAD, PARTIES[head.sender].sign)
    return Signed(head=raw, body=BODY, salt=SALT, approvals=approvals)


def framed(signed: Signed, to: BureauId, sender: BureauId = MA) -> Delivery:
    """Return the delivery of a signed act, sealed to one recipient."""
    key = PARTIES[to].open.key
    return frame_of(
        seal(signed, [key], ENTROPY),
        key,
        PARTIES[sender].sign,
        org=ORG,
        sender=sender,
        to=to,
        lane=Lane.URGENT,
        said=NOW,
        expires=Millis(NOW + 7 * 86_400_000),
    )


# --------------------------------------------------------------------------------------------------------------- acts


def of_kind(act: Act) -> Vector:
    """Return the vector of one kind: its body, and the head that holds the body's digest."""
    body = encode_body(act)
    head = head_of(act, keeper=MA if act.opens else None)
    described = {
        "kind": kind_of(act),
        "act": readable(act),
        "body": body.hex(),
        "salt": SALT.hex(),
        "digest": head.body.hex(),
        "head": readable(head),
        "head_bytes": encode(head).hex(),
        "id": act_id(encode(head)).hex(),
    }
    return Vector(f"acts/{kind_of(act).replace('/', '.')}", described, body)


# --------------------------------------------------------------------------------------------------------- structures


def keys() -> dict[str, Any]:
    """Return every key of the exercise organisation, private halves too; labels are the names used elsewhere."""
    found: dict[str, Any] = {}
    for bureau, party in PARTIES.items():
        sizes = {f"{bureau}.sign": (party.sign.key, 32), f"{bureau}.seal": (party.open.key, 96)}
        sizes |= {f"{bureau}.{name}": (by.key, 32) for name, (_, by) in party.officers.items()}
        for label, (key, size) in sizes.items():
            secret = seed(label, 32 if key.suite.startswith("HPKE-X") else size)
            found[label] = {
                "use": key.use,
                "suite": key.suite,
                "seed": secret.hex(),
                "public": key.public.hex(),
                "kid": key.kid.hex(),
            }
    return {"org": ORG, "keys": found}


def signed_acts() -> Iterator[Vector]:
    """Yield heads, their signatures with both suites, an approval, and the signed act."""
    for sender, to, suite in ((MA, NO, "ed25519"), (ET, NO, "es256")):
        head = request_head((to,), sender)
        payload = encode(head)
        if sender == MA:
            yield Vector("head", {"fields": readable(head), "id": act_id(payload).hex()}, payload)
        raw = sign1(payload, HEAD, PARTIES[sender].sign)
        described = {"key": f"{sender}.sign", "typ": HEAD, "payload": payload.hex()}
        yield Vector(f"sign1-{suite}", described, raw)
    head = request_head()
    approvals = []
    for officer in ("officer-1", "officer-2"):
        unit, by = PARTIES[MA].officers[officer]
        approval = Approval(org=ORG, act=act_id(encode(head)), officer=officer, unit=unit)
        raw = sign1(encode(approval), APPROVAL, by)
        described = {
            "key": f"ma.{officer}",
            "typ": APPROVAL,
            "payload": encode(approval).hex(),
            "fields": readable(approval),
        }
        yield Vector(f"approval-{by.key.suite.lower()}", described, raw)
        approvals.append(raw)
    for name, signed in (("signed", request(head)), ("signed-approved", request(head, tuple(approvals)))):
        yield Vector(name, {"fields": readable(signed), "body": readable(unpack(BODY))}, encode(signed))


def envelopes() -> Iterator[Vector]:
    """Yield envelopes of both suites and for two, frames and deliveries; sealing is random, so they can be opened."""
    for to in (NO, ET):
        suite = PARTIES[to].open.key.suite.removeprefix("HPKE-").lower()
        signed = request(request_head((to,)))
        delivery = framed(signed, to)
        yield Vector(f"sealed-{suite}", {"opens_with": [f"{to}.seal"], "signed": encode(signed).hex()}, delivery.sealed)
        frame = open_frame(delivery.frame, PARTIES[MA].sign.key)
        described = {"key": "ma.sign", "fields": readable(frame), "to": to, "sealed": delivery.sealed.hex()}
        yield Vector(f"frame-{suite}", described, delivery.frame)
        described = {"key": "ma.sign", "opens_with": [f"{to}.seal"], "to": to, "signed": encode(signed).hex()}
        yield Vector(f"delivery-{suite}", described, encode(delivery))
    signed = request(request_head((ET, NO)))
    both = [PARTIES[to].open.key for to in (ET, NO)]
    raw = seal(signed, both, ENTROPY).envelope(*(key.kid for key in both))
    yield Vector("sealed-two", {"opens_with": ["et.seal", "no.seal"], "signed": encode(signed).hex()}, raw)


def proofs() -> Iterator[Vector]:
    """Yield a channel, a leaf, the proof of a row, and the proof that an act was logged before a revocation."""
    to = (ET, NO)
    channel = channel_of(ORG, MA, to)
    yield Vector("channel", {"org": ORG, "sender": MA, "to": list(to), "stream": "acts"}, channel)
    act = Digest(act_id(encode(request_head())))
    leaf = Leaf(way=Way.REFUSED, act=act, frame=Digest(SALT), at=NOW, code="handling.audience")
    described = {"fields": readable(leaf), "salt": SALT.hex(), "commitment": commitment(leaf, SALT).hex()}
    yield Vector("leaf", described, encode(leaf))
    rows = Rows(rows=("one", "two", "three", "four", "five")).row_bytes()
    row = prove_row(SALT, rows, 2)
    described = {"fields": readable(row), "root": rows_root(SALT, rows).hex(), "salt": SALT.hex()}
    yield Vector("row-proof", {**described, "rows": [one.hex() for one in rows]}, encode(row))
    sent = Leaf(way=Way.SENT, act=act, at=NOW)
    entries = [commitment(sent if n == 2 else leaf, SALT) for n in range(5)]
    tiles = append(0, {}, [leaf_hash(entry) for entry in entries])
    inclusion = prove_inclusion(2, 5, lambda level, index: tiles[TileId(level, index)])
    proof = Proof(leaf=sent, salt=SALT, inclusion=inclusion)
    described = {
        "fields": readable(proof),
        "act": act.hex(),
        "root": root_of([leaf_hash(one) for one in entries]).hex(),
    }
    yield Vector("logged-proof", described, encode(proof))


def carriage() -> Iterator[Vector]:
    """Yield a relay's statements that it carries an envelope and gives it back, and a bureau's poll there."""
    relay = BureauId("relay-1")
    said = Carried(org=ORG, relay=relay, at=NOW, sealed=(Digest(SALT), Digest(seed("another envelope"))))
    described = {"key": "relay-1.sign", "typ": CARRIED, "payload": encode(said).hex(), "fields": readable(said)}
    yield Vector("carried", described, carry(said, RELAYS[relay]))
    back = Returned(org=ORG, relay=relay, to=NO, at=NOW, code="registry.ejected", sealed=(Digest(SALT),))
    described = {"key": "relay-1.sign", "typ": RETURNED, "payload": encode(back).hex(), "fields": readable(back)}
    yield Vector("returned", described, give_back(back, RELAYS[relay]))
    poll = Collect(org=ORG, relay=relay, bureau=NO, at=NOW, serial=2, taken=(1, 2, 4), left=(3,))
    described = {"key": "no.sign", "typ": COLLECT, "payload": encode(poll).hex(), "fields": readable(poll)}
    yield Vector("collect", described, ask(poll, PARTIES[NO].sign))


def every() -> Iterator[Vector]:
    """Yield every vector that there should be."""
    yield from map(of_kind, EXAMPLES)
    for part in (signed_acts, envelopes, proofs, carriage):
        for vector in part():
            yield Vector(f"structures/{vector.name}", {**vector.readable, "bytes": vector.raw.hex()}, vector.raw)
