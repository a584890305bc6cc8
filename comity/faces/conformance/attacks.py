"""Attacks on one implementation at the wire, made by the suite as a man in the middle, a lawless member or a thief.

Authority: docs/security.md, whose attacks these are as far as one implementation can be asked about them; what needs a
relay, a disk or many bureaus is played in tests/attacks. Each ends by asking two things: which code was answered, and
that nothing else has changed, so the genuine act that comes next is taken under its own number.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable

import cbor2
from msgspec.structs import replace

from comity.core import cose
from comity.core.act import channel_of
from comity.core.codec import encode
from comity.core.cose import ALGORITHM, Signer
from comity.core.envelope import (
    APPROVAL,
    CONTENT_KEY,
    FRAME,
    HEAD,
    NONCE,
    SEALED,
    Delivery,
    Signed,
    pad,
)
from comity.core.ids import Digest, Millis, OrgId
from comity.core.registry import KeyUse, Revocation, Suite
from comity.faces.conformance import lawless
from comity.faces.conformance.cases import Case, Scene, played, same
from comity.faces.conformance.player import Player
from comity.faces.conformance.session import Differs
from comity.faces.conformance.world import DAY, PEER, TESTED, THIRD, Play, information

REFUSED_UNREAD = frozenset({"malformed", "exchange.sealed", "exchange.signature"})
"""What may be answered to bytes in which anything was changed, by where the change is."""

PLACES = 24
"""Changed bytes in each part of a delivery; tests/attacks changes 110,000."""

OTHER = OrgId("elsewhere-" + "0" * 32)


def untouched(play: Play, raws: Iterable[bytes], allowed: frozenset[str]) -> None:
    """Let bytes be refused, and see that nothing of them is kept and that the next act is taken.

    Raises:
        Differs: another code, or something was kept.

    """
    before = play.status()
    for place, raw in enumerate(raws):
        (code,) = play.receive(raw)
        if code not in allowed:
            raise Differs(f"number {place + 1}: {' or '.join(sorted(allowed))}", code)
    after = play.status()
    same("acts that are held", before.acts, after.acts)
    if allowed == {"malformed"}:
        same("size and root of the log", (before.size, before.root), (after.size, after.root))
    genuine(play)


def genuine(play: Play, by: Player | None = None) -> None:
    """Let a peer say its next act, which must be accepted."""
    by = by or play.peer
    act = play.tell(by, text="a genuine one")
    found = play.receive(*play.mail(by))
    same("the last ruling", "accepted", found[-1] if found else "nothing came")
    same("the genuine act", "accepted", play.codes().get(act, "not held"))


def forged(make: Callable[[Play], bytes | list[bytes]], *codes: str) -> Scene:
    """Return an attack that is one or more forged deliveries, refused with one of these codes."""

    def scene(play: Play) -> None:
        raws = make(play)
        untouched(play, raws if isinstance(raws, list) else [raws], frozenset(codes))

    scene.__doc__ = make.__doc__
    return scene


# Bytes that were changed on the way.


def flipped_bytes(play: Play) -> list[bytes]:
    """A delivery in which any one bit was changed is refused, and nothing of it kept."""
    play.tell(play.peer)
    (raw,) = play.mail(play.peer)
    frame = raw.index(b"efra") + 5
    envelope = raw.index(b"fsealed") + 7
    spread = [(0, frame), (frame, envelope), (envelope, len(raw))]
    places = {start + number * (end - start) // PLACES for start, end in spread for number in range(PLACES)}
    return [raw[:at] + bytes([raw[at] ^ 1 << at % 8]) + raw[at + 1 :] for at in sorted(places)]


def truncated(play: Play) -> list[bytes]:
    """A delivery that was cut off anywhere is refused."""
    play.tell(play.peer)
    (raw,) = play.mail(play.peer)
    return [raw[: len(raw) * number // PLACES] for number in range(PLACES)] + [raw[:-1]]


def lengthened(play: Play) -> list[bytes]:
    """A delivery with bytes behind it, or with another field, is refused."""
    play.tell(play.peer)
    (raw,) = play.mail(play.peer)
    more = {**cbor2.loads(raw), "colour": "red"}
    return [raw + b"\x00", raw + raw, cbor2.dumps(more, canonical=True)]


def malformed_cbor(play: Play) -> list[bytes]:
    """Bytes that are made to hurt a decoder are refused: nesting, lengths without end, other spellings, tags."""
    play.tell(play.peer)
    (raw,) = play.mail(play.peer)
    whole = cbor2.loads(raw)
    return [
        b"", b"\x80", b"\xa0", b"\xf6", b"\xff", b"\x81" * 200_000, b"\xd8\x1c" * 10_000, bytes(1_000_000),
        bytes.fromhex("9b000000ffffffffff"), bytes.fromhex("5b7fffffffffffffff"), bytes.fromhex("bf656672616d6540ff"),
        b"\xbf" + raw[1:] + b"\xff", b"\xb8\x02" + raw[1:], b"\xd9\xd9\xf7" + raw,
        cbor2.dumps({"sealed": whole["sealed"], "frame": whole["frame"]}),
        cbor2.dumps([whole["frame"], whole["sealed"]]),
    ]  # fmt: skip


def oversized(play: Play) -> list[bytes]:
    """A delivery of more than 8 MiB is refused."""
    play.tell(play.peer)
    (raw,) = play.mail(play.peer)
    frame = lawless.parts(raw).frame
    return [encode({"frame": frame, "sealed": bytes(8 * 1024 * 1024 + 1)})]


def another_envelope(play: Play) -> list[bytes]:
    """A frame beside another envelope than its own is refused."""
    play.tell(play.peer, text="one")
    play.tell(play.peer, text="other")
    one, other = map(lawless.parts, play.mail(play.peer))
    return [encode(Delivery(frame=one.frame, sealed=other.sealed))]


def another_body(play: Play) -> None:
    """A body, or a salt, that the head holds no digest of is refused, and the head alone is kept."""
    first, one = lawless.signed(play.peer, seq=8)
    second, other = lawless.signed(play.peer, seq=9)
    lies = [replace(one, body=lawless.signed(play.peer, information("something else"))[1].body)]
    lies.append(replace(other, salt=bytes(32)))
    found = play.receive(*(lawless.sealed(play.peer, each) for each in lies))
    same("the rulings", ("exchange.malformed",) * 2, found)
    same("what is kept", {bytes(act): "exchange.malformed" for act in (first, second)}, play.codes())
    genuine(play)


# Who speaks, and to whom.


def forged_head(play: Play) -> bytes:
    """An act in the name of somebody else is refused: key, owner and sender must be one."""
    _, content = lawless.signed(play.third, sender=PEER, channel=channel_of(play.organisation.org, PEER, (TESTED,)))
    return lawless.sealed(play.peer, content)


def forged_frame(play: Play) -> list[bytes]:
    """A frame in the name of somebody else, or by a stranger, is refused."""
    _, content = lawless.signed(play.peer)
    envelope = lawless.parts(lawless.sealed(play.peer, content)).sealed
    stranger = play.third.bureau.keyring.new(KeyUse.SIGN, Suite.ED25519)
    unknown = Signer(stranger, lambda text: play.third.bureau.keyring.sign(stranger.kid, text))
    return [
        lawless.framed(play.peer, envelope, signer=play.third.bureau.signer()),
        lawless.framed(play.peer, envelope, signer=unknown),
    ]


def passed_on(play: Play) -> None:
    """What was written to another is refused when a recipient seals it on, and is evidence against that one."""
    play.tell(play.peer, THIRD)
    (raw,) = play.mail(play.peer, THIRD)
    again = lawless.sealed(play.third, lawless.opened(play.third, raw))
    same("the ruling", ("exchange.forwarded",), play.receive(again))
    state = play.status()
    same("acts that are held", (), state.acts)
    same("evidence", [(THIRD, "forwarded")], [(each.against, each.what) for each in state.evidence])
    genuine(play)


def passed_on_first(play: Play) -> None:
    """Who passes on an act before it arrives does not take its number: the genuine one is accepted."""
    act = play.tell(play.peer, TESTED, THIRD)
    mail = play.peer.send()
    (to_third,) = [raw for to, raw in mail if to == THIRD]
    stolen = lawless.sealed(play.third, lawless.opened(play.third, to_third))
    same("the ruling", ("exchange.forwarded",), play.receive(stolen))
    same("the genuine one's ruling", ("accepted",), play.receive(*(raw for to, raw in mail if to == TESTED)))
    same("what is kept", {bytes(act): "accepted"}, play.codes())


def rerouted(play: Play) -> bytes:
    """Mail for another bureau is refused, and leaves nothing."""
    play.tell(play.peer, THIRD)
    (raw,) = play.mail(play.peer, THIRD)
    return raw


def readdressed(play: Play) -> bytes:
    """An act that its sender wrote to another, in an envelope to this bureau, is refused."""
    _, content = lawless.signed(play.peer, to=(THIRD,))
    return lawless.sealed(play.peer, content)


def another_channel(play: Play) -> bytes:
    """An act on a channel that is not the one of its recipients is refused."""
    _, content = lawless.signed(play.peer, channel=bytes(16))
    return lawless.sealed(play.peer, content)


def another_organisation(play: Play) -> bytes:
    """An act of another organisation is refused, whatever the frame says."""
    _, content = lawless.signed(play.peer, org=OTHER, channel=channel_of(OTHER, PEER, (TESTED,)))
    return lawless.sealed(play.peer, content)


def framed_elsewhere(play: Play) -> bytes:
    """A frame of another organisation is refused."""
    _, content = lawless.signed(play.peer)
    return lawless.framed(play.peer, lawless.parts(lawless.sealed(play.peer, content)).sealed, org=OTHER)


# Said again, and said twice.


def replayed(play: Play) -> None:
    """Everything is sent again, also much later: each act has its effect once."""
    acts = [play.tell(play.peer, text=f"number {number}") for number in range(3)]
    mail = play.mail(play.peer)
    same("the rulings", ("accepted",) * 3, play.receive(*mail))
    before = play.status()
    play.later(2 * DAY)
    same("the rulings", ("again",) * 3, play.receive(*reversed(mail)))
    same("the state", before, play.status())
    same("what is kept", {bytes(act): "accepted" for act in acts}, play.codes())
    genuine(play)


def two_faced(play: Play) -> None:
    """Two acts under one number: the first stays, the second is refused, and both are evidence."""
    act = play.tell(play.peer)
    same("the ruling", ("accepted",), play.receive(*play.mail(play.peer)))
    _, content = lawless.signed(play.peer, information("another one"), seq=1)
    other = lawless.sealed(play.peer, content)
    same("the second one's rulings", ("exchange.equivocation",) * 2, play.receive(other, other))
    state = play.status()
    same("what is kept", [(act, "accepted")], [(each.act, each.code) for each in state.acts])
    same("evidence", [(PEER, "equivocation")], [(each.against, each.what) for each in state.evidence])
    genuine(play)


# Keys.


def stolen_key(play: Play) -> None:
    """With a revoked key nothing new counts; what was received before stays."""
    old = play.tell(play.peer)
    same("the ruling", ("accepted",), play.receive(*play.mail(play.peer)))
    _revoked(play, play.peer, play.peer.log()[0])
    _, content = lawless.signed(play.peer, information("by a thief"), seq=2, said=Millis(play.clock.at - DAY))
    same("the ruling", ("exchange.revoked",), play.receive(lawless.sealed(play.peer, content)))
    same("what is kept", {bytes(old): "accepted"}, play.codes())


def proven_before(play: Play) -> None:
    """What was logged before the key was revoked counts, when its delivery carries the proof."""
    act = play.tell(play.peer)
    mail = play.mail(play.peer)
    size = play.peer.log()[0]
    late, content = lawless.signed(play.peer, information("by a thief"), seq=2)
    thief = lawless.parts(lawless.sealed(play.peer, content))
    _revoked(play, play.peer, size)
    (raw,) = mail
    proof = play.peer.proof_of(act)
    delivery = lawless.parts(raw)
    same("the ruling without proof", ("exchange.revoked",), play.receive(raw))
    wrong = encode(Delivery(frame=thief.frame, sealed=thief.sealed, proof=proof))
    same("the thief's ruling with the proof of another act", ("exchange.revoked",), play.receive(wrong))
    right = encode(Delivery(frame=delivery.frame, sealed=delivery.sealed, proof=proof))
    same("the ruling with proof", ("accepted",), play.receive(right))
    same("what is kept", {bytes(act): "accepted"}, play.codes())
    same("the thief's act", None, play.codes().get(late))


def _revoked(play: Play, by: Player, size: int) -> None:
    bureau = by.bureau
    with bureau.database.read() as tx:
        root = Digest(bureau.ledger.root(tx, size))
    kid = bureau.registry().profile(by.me).current(KeyUse.SIGN).kid
    play.organisation.revoke(
        Revocation(bureau=by.me, kid=kid, size=size, root=root, decided_by=by.me), play.clock.at
    )  # fmt: skip
    play.published()


def confused_types(play: Play) -> list[bytes]:
    """Bytes that were signed as something else are no act."""
    types = (FRAME, APPROVAL, SEALED, "application/vnd.comity.head.v2")
    return [lawless.sealed(play.peer, lawless.signed(play.peer, typ=typ)[1]) for typ in types]


def head_as_frame(play: Play) -> list[bytes]:
    """What was signed as an act is no frame, and a checkpoint is no delivery."""
    _, content = lawless.signed(play.peer)
    envelope = lawless.parts(lawless.sealed(play.peer, content)).sealed
    return [lawless.framed(play.peer, envelope, typ=HEAD), encode(Delivery(frame=content.head, sealed=envelope))]


def confused_keys(play: Play) -> list[bytes]:
    """A key for the log, for cosignatures or for envelopes signs no act."""
    bureau = play.peer.bureau
    keys = [key for key in bureau.registry().profile(PEER).keys if key.use in {KeyUse.LOG, KeyUse.WITNESS}]
    signers = [Signer(key, lambda text, kid=key.kid: bureau.keyring.sign(kid, text)) for key in keys]  # type: ignore[misc]
    sealing = bureau.registry().profile(PEER).current(KeyUse.SEAL)
    signers.append(Signer(replace(sealing, suite=Suite.ED25519), bureau.signer().sign))
    return [lawless.sealed(play.peer, lawless.signed(play.peer, signer=signer)[1]) for signer in signers]


# The algorithm that a message names.


def downgraded_signature(play: Play) -> list[bytes]:
    """The algorithm that a message names is not believed: the registry says which it is, the header must agree."""
    bureau = play.peer.bureau
    key, sign = bureau.signer().key, bureau.signer().sign
    named = [
        Signer(replace(key, suite=Suite.ES256), sign),
        Signer(key, lambda text: hmac.new(key.public, text, hashlib.sha512).digest()),
        Signer(key, lambda _: b""),
        Signer(key, lambda _: bytes(64)),
    ]
    found = [lawless.signed(play.peer, signer=signer)[1] for signer in named]
    changes: tuple[dict[int, object], ...] = ({1: 5}, {1: -19}, {1: -7}, {1: 0}, {2: [1]})
    found += [_headed(play, change) for change in changes]
    found.append(_unprotected(play))
    return [lawless.sealed(play.peer, each) for each in found]


def _headed(play: Play, change: dict[int, object]) -> Signed:
    """Return an act whose signature verifies, under a protected header with some entries changed."""
    _, content = lawless.signed(play.peer)
    signer, payload = play.peer.bureau.signer(), cose.payload_of(content.head)
    header: dict[int, object] = {1: ALGORITHM[signer.key.suite], 4: signer.key.kid, 16: HEAD, **change}
    protected = cbor2.dumps(header, canonical=True)
    signature = signer.sign(encode(["Signature1", protected, b"", payload]))
    return replace(content, head=b"\xd2" + cbor2.dumps([protected, {}, payload, signature], canonical=True))


def _unprotected(play: Play) -> Signed:
    """Return an act whose algorithm stands where anybody can change it."""
    _, content = lawless.signed(play.peer)
    protected, _, payload, signature = cbor2.loads(content.head[1:])
    return replace(content, head=b"\xd2" + cbor2.dumps([protected, {1: -7}, payload, signature], canonical=True))


def downgraded_sealing(play: Play) -> list[bytes]:
    """An envelope cannot choose a weaker suite for a key, nor another cipher for its content."""
    _, content = lawless.signed(play.peer)
    key = lawless.sealing_key(play.peer, TESTED)
    other = Suite.X25519 if key.suite is Suite.HYBRID else Suite.HYBRID
    made = lawless.sealed_content(play.peer, content, key)
    tag, (protected, nonce, ciphertext, blocks) = made[:2], cbor2.loads(made[2:])
    (block,) = blocks
    renamed = [cbor2.dumps({1: ALGORITHM[other]}, canonical=True), *block[1:]]
    header = cbor2.loads(protected)
    found = [[protected, nonce, ciphertext, [renamed]]]
    changes: tuple[dict[int, object], ...] = ({1: 1}, {1: 24}, {16: HEAD})
    headers = [cbor2.dumps({**header, **change}, canonical=True) for change in changes]
    found += [[each, nonce, ciphertext, blocks] for each in headers]
    found.append([protected, {**nonce, 1: 1}, ciphertext, blocks])
    return [lawless.framed(play.peer, tag + cbor2.dumps(each, canonical=True)) for each in found]


def two_texts(play: Play) -> bytes:
    """An envelope that does not commit to its content key is refused: it could open to two texts."""
    _, content = lawless.signed(play.peer)
    made = lawless.sealed_content(play.peer, content, lawless.sealing_key(play.peer, TESTED))
    tag, (protected, *rest) = made[:2], cbor2.loads(made[2:])
    other = {**cbor2.loads(protected), "commit": hashlib.sha256(b"another key").digest()}
    return lawless.framed(play.peer, tag + cbor2.dumps([cbor2.dumps(other, canonical=True), *rest], canonical=True))


def hidden_behind(play: Play) -> bytes:
    """An envelope with something behind its content, where zeros must be, is refused."""
    _, content = lawless.signed(play.peer)
    padded = pad(encode(content))
    key, bureau = lawless.sealing_key(play.peer, TESTED), play.peer.bureau
    drawn = bureau.entropy(CONTENT_KEY + NONCE)
    made = cose.seal(padded[:-1] + b"\x01", SEALED, [key], drawn[:CONTENT_KEY], drawn[CONTENT_KEY:])
    return lawless.framed(play.peer, made.envelope(key.kid))


SCENES: dict[str, Scene] = {
    "flipped-bytes": forged(flipped_bytes, *REFUSED_UNREAD), "truncated": forged(truncated, "malformed"),
    "lengthened": forged(lengthened, "malformed"), "malformed-cbor": forged(malformed_cbor, "malformed"),
    "oversized": forged(oversized, "malformed"), "another-envelope": forged(another_envelope, "malformed"),
    "another-body": another_body, "forged-head": forged(forged_head, "exchange.signature"),
    "forged-frame": forged(forged_frame, "malformed"), "passed-on": passed_on, "passed-on-first": passed_on_first,
    "rerouted": forged(rerouted, "malformed"), "readdressed": forged(readdressed, "exchange.recipient"),
    "another-channel": forged(another_channel, "exchange.channel"),
    "another-organisation": forged(another_organisation, "exchange.organisation"),
    "framed-elsewhere": forged(framed_elsewhere, "malformed"), "replayed": replayed, "two-faced": two_faced,
    "stolen-key": stolen_key, "proven-before": proven_before,
    "confused-types": forged(confused_types, "exchange.signature"), "head-as-frame": forged(head_as_frame, "malformed"),
    "confused-keys": forged(confused_keys, "exchange.signature"),
    "downgraded-signature": forged(downgraded_signature, "exchange.signature"),
    "downgraded-sealing": forged(downgraded_sealing, "exchange.sealed"),
    "two-texts": forged(two_texts, "exchange.sealed"), "hidden-behind": forged(hidden_behind, "exchange.sealed"),
}  # fmt: skip


def cases() -> list[Case]:
    """Return the attacks."""
    return [played(f"attacks/{name}", scene) for name, scene in SCENES.items()]
