"""What no node of ours says: acts signed past the rules, envelopes sealed by whoever, frames about somebody else.

An attacker has keys of its own, everything that passed on the line, and these functions. They ask no rule and leave no
trace in the peer's store; the peer's own numbers do not know of them.
"""

from msgspec.structs import replace

from comity.core import cose
from comity.core.act import Act, Head, body_digest, channel_of, encode_body, kind_of
from comity.core.codec import decode, encode
from comity.core.cose import Signer
from comity.core.envelope import (
    CONTENT_KEY,
    FRAME,
    HEAD,
    NONCE,
    Delivery,
    Frame,
    Lane,
    Signed,
    frame_of,
    open_sealed,
    sha256,
)
from comity.core.envelope import seal as sealed_act
from comity.core.handling import Purpose
from comity.core.ids import ActId, BureauId, act_id
from comity.core.receipt import rows_root
from comity.core.registry import Key, KeyUse
from comity.faces.conformance.player import Player
from comity.faces.conformance.world import TESTED, information


class Example(Act, frozen=True, kw_only=True, tag="example.greeting/1"):
    """An act of a kind that no implementation knows."""

    text: str


def signed(
    by: Player, act: Act | None = None, to: tuple[BureauId, ...] = (TESTED,), *, signer: Signer | None = None,
    typ: str = HEAD, **changes: object,
) -> tuple[ActId, Signed]:  # fmt: skip
    """Sign an act of a bureau without asking any rule, with these fields of the head changed."""
    act, bureau = act or information("signed past the rules"), by.bureau
    body, salt, rows = encode_body(act), bureau.entropy(32), act.row_bytes()
    head = Head(
        kind=kind_of(act), org=bureau.org, sender=bureau.me, to=tuple(sorted(to)), said=bureau.now(),
        registry=bureau.registry().version, channel=channel_of(bureau.org, bureau.me, tuple(sorted(to))), epoch=1,
        seq=1, purpose=Purpose.INVESTIGATE, keeper=bureau.me if act.opens else None,
        body=body_digest(salt, body), size=len(body), rows=rows_root(salt, rows) if rows else None,
    )  # fmt: skip
    payload = encode(replace(head, **changes))
    return act_id(payload), Signed(head=cose.sign1(payload, typ, signer or bureau.signer()), body=body, salt=salt)


def sealed(by: Player, content: Signed, to: BureauId = TESTED, *, signer: Signer | None = None) -> bytes:
    """Seal a signed act to a recipient's key and frame it, as a bureau's node would."""
    bureau = by.bureau
    key = sealing_key(by, to)
    made = sealed_act(content, [key], bureau.entropy(CONTENT_KEY + NONCE))
    delivery = frame_of(
        made, key, signer or bureau.signer(), org=bureau.org, sender=bureau.me, to=to, lane=Lane.NORMAL,
        said=bureau.now(),
    )  # fmt: skip
    return encode(delivery)


def sealed_content(by: Player, content: Signed, key: Key) -> bytes:
    """Return the sealed envelope alone, for one key."""
    return sealed_act(content, [key], by.bureau.entropy(CONTENT_KEY + NONCE)).envelope(key.kid)


def sealing_key(by: Player, to: BureauId) -> Key:
    """Return the key to which a bureau's envelopes are sealed."""
    return by.bureau.registry().profile(to).current(KeyUse.SEAL)


def framed(by: Player, envelope: bytes, *, signer: Signer | None = None, typ: str = FRAME, **changes: object) -> bytes:
    """Put a frame of a bureau around sealed bytes, with these fields of it changed."""
    bureau = by.bureau
    frame = Frame(
        org=bureau.org, sender=bureau.me, to=TESTED, sealed=sha256(envelope), size=len(envelope),
        said=bureau.now(),
    )  # fmt: skip
    raw = cose.sign1(encode(replace(frame, **changes)), typ, signer or bureau.signer())
    return encode(Delivery(frame=raw, sealed=envelope))


def opened(by: Player, raw: bytes) -> Signed:
    """Return what a delivery to this bureau holds."""
    return open_sealed(decode(raw, Delivery).sealed, by.bureau.openers())


def parts(raw: bytes) -> Delivery:
    """Return a delivery's frame and sealed bytes."""
    return decode(raw, Delivery)


def kind_in(by: Player, raw: bytes) -> str:
    """Return the kind of the act in a delivery to this bureau."""
    return decode(cose.payload_of(opened(by, raw).head), Head).kind
