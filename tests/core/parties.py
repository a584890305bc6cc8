"""Three bureaus of an exercise organisation, with keys that everybody may know: what the tests of core speak with.

Every private key is derived from its published label, so that `tests/vectors` can be opened by anybody, and a test
that fails today fails in the same way tomorrow.
"""

import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mlkem, utils, x25519

from comity.core.act import Act, Author, Head, Kinds, body_digest, channel_of, encode_body, kind_of
from comity.core.codec import encode
from comity.core.cose import Opener, PrivateSeal, Signer, sign1
from comity.core.envelope import HEAD, Approval, Delivery, Lane, Signed, approve, frame_of, seal
from comity.core.exchange import Verdict, admit, judge
from comity.core.handling import Purpose
from comity.core.ids import ActId, BureauId, KeyId, Millis, act_id, org_id
from comity.core.receipt import rows_root
from comity.core.registry import Accreditation, Approver, Key, KeyUse, Policy, Profile, Registry, Role, Suite

ORG = org_id("exercise", b"the first root of the organisation of the test vectors")
NOW = Millis(1_767_225_600_000)
"""2026-01-01T00:00:00Z."""
SALT = hashlib.sha256(b"comity test salt").digest()
ENTROPY = hashlib.sha512(b"comity test entropy").digest()[:44]
MA, NO, ET = BureauId("ma"), BureauId("no"), BureauId("et")
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def seed(label: str, size: int = 32) -> bytes:
    """Return the published secret of a label: SHAKE-256 of ``comity test key`` and the label."""
    return hashlib.shake_256(b"comity test key " + label.encode()).digest(size)


def p256(label: str) -> ec.EllipticCurvePrivateKey:
    """Return the P-256 key of a label: its 32 bytes as a number, modulo the order less one, plus one."""
    return ec.derive_private_key(int.from_bytes(seed(label)) % (_P256_ORDER - 1) + 1, ec.SECP256R1())


def es256(private: ec.EllipticCurvePrivateKey) -> Callable[[bytes], bytes]:
    """Return a function that signs, deterministically (RFC 6979), and gives r and s of 32 bytes each."""

    def sign(message: bytes) -> bytes:
        der = private.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        r, s = utils.decode_dss_signature(der)
        return r.to_bytes(32) + s.to_bytes(32)

    return sign


def signer(label: str, suite: Suite = Suite.ED25519, use: KeyUse = KeyUse.SIGN) -> Signer:
    """Return the signing key of a label."""
    if suite is Suite.ED25519:
        private = ed25519.Ed25519PrivateKey.from_private_bytes(seed(label))
        return Signer(Key(use=use, suite=suite, public=private.public_key().public_bytes_raw()), private.sign)
    point = p256(label).public_key().public_numbers()
    public = b"\x04" + point.x.to_bytes(32) + point.y.to_bytes(32)
    return Signer(Key(use=use, suite=suite, public=public), es256(p256(label)))


def opener(label: str, suite: Suite) -> Opener:
    """Return the sealing key of a label; a hybrid one is 64 bytes of ML-KEM seed and 32 of X25519."""
    if suite is Suite.X25519:
        private: PrivateSeal = x25519.X25519PrivateKey.from_private_bytes(seed(label))
        public = x25519.X25519PrivateKey.from_private_bytes(seed(label)).public_key().public_bytes_raw()
    else:
        secret = seed(label, 96)
        post_quantum = mlkem.MLKEM768PrivateKey.from_seed_bytes(secret[:64])
        classical = x25519.X25519PrivateKey.from_private_bytes(secret[64:])
        private = hpke.MLKEM768X25519PrivateKey(post_quantum, classical)
        public = post_quantum.public_key().public_bytes_raw() + classical.public_key().public_bytes_raw()
    return Opener(Key(use=KeyUse.SEAL, suite=suite, public=public), private)


class Party(NamedTuple):
    """A bureau with its keys; `officers` by pseudonym, each with unit and key."""

    bureau: BureauId
    sign: Signer
    open: Opener
    officers: dict[str, tuple[str, Signer]]

    @property
    def profile(self) -> Profile:
        """Return what the registry says of it."""
        approvers = tuple(Approver(officer=name, unit=unit, key=by.key) for name, (unit, by) in self.officers.items())
        keys = (self.sign.key, self.open.key)
        return Profile(bureau=self.bureau, name=self.bureau.upper(), version=1, keys=keys, approvers=approvers)


def _officers(bureau: str, suites: tuple[Suite, ...]) -> dict[str, tuple[str, Signer]]:
    units = ("border", "crime", "crime")
    names = [f"officer-{number}" for number in (1, 2, 3)]
    return {
        name: (unit, signer(f"{bureau}.{name}", suite, KeyUse.OFFICER))
        for name, unit, suite in zip(names, units, suites, strict=True)
    }


_BOTH = (Suite.ED25519, Suite.ES256, Suite.ED25519)
PARTIES = {
    MA: Party(MA, signer("ma.sign"), opener("ma.seal", Suite.HYBRID), _officers("ma", _BOTH)),
    NO: Party(NO, signer("no.sign"), opener("no.seal", Suite.HYBRID), _officers("no", _BOTH)),
    ET: Party(ET, signer("et.sign", Suite.ES256), opener("et.seal", Suite.X25519), _officers("et", _BOTH)),
}
"""`ma` and `no` have the standard suites, `et` those for hardware and software that lack them."""


def registry(**changes: Any) -> Registry:  # noqa: ANN401 - the fields of a registry, as a test wants them
    """Return the registry of the exercise organisation, with some fields changed."""
    accreditations = {
        bureau: Accreditation(bureau=bureau, since=Millis(0), decided_by="assembly") for bureau in PARTIES
    }
    whole = Registry(
        org=ORG,
        version=1,
        expires=Millis(NOW + 86_400_000),
        policy=Policy(name="exercise", custodians=5, threshold=3, languages=("en",)),
        accreditations=accreditations,
        profiles={bureau: party.profile for bureau, party in PARTIES.items()},
    )
    return msgspec.structs.replace(whole, **changes)


RELAYS = {name: signer(f"{name}.sign") for name in (BureauId("relay-1"), BureauId("relay-2"))}
"""Two relays of the organisation, with their signing keys; they are in `with_relays` alone."""


def with_relays(**changes: Any) -> Registry:  # noqa: ANN401 - the fields of a registry, as a test wants them
    """Return the registry of the exercise organisation with its two relays, with some fields changed."""
    whole = registry()
    listed = {
        name: Accreditation(bureau=name, role=Role.RELAY, since=Millis(0), decided_by="assembly") for name in RELAYS
    }
    profiles = {name: Profile(bureau=name, name=name, version=1, keys=(by.key,)) for name, by in RELAYS.items()}
    with_them = msgspec.structs.replace(
        whole, accreditations=whole.accreditations | listed, profiles=whole.profiles | profiles
    )
    return msgspec.structs.replace(with_them, **changes)


class Word(Act, frozen=True, kw_only=True, tag="example.word/1"):
    """An act that says one thing."""

    text: str


class Measure(Act, frozen=True, kw_only=True, tag="example.measure/1"):
    """An act that two persons must approve."""

    two_persons = True

    text: str


class Rows(Act, frozen=True, kw_only=True, tag="example.rows/1"):
    """An act of many rows."""

    rows: tuple[str, ...]

    def row_bytes(self) -> tuple[bytes, ...]:
        """Return each row's bytes."""
        return tuple(encode(row) for row in self.rows)


KINDS = Kinds((Word, Measure, Rows))


def head_of(
    act: Act, sender: BureauId = MA, to: tuple[BureauId, ...] = (NO,), **changes: Any # noqa: ANN401 - fields of a head
) -> Head:  # fmt: skip
    """Return the head of an act, with some fields changed."""
    body, rows = encode_body(act), act.row_bytes()
    head = Head(
        kind=kind_of(act), org=ORG, sender=sender, author=Author(officer="officer-9", unit="crime"), to=to, said=NOW,
        registry=1, channel=channel_of(ORG, sender, to), epoch=1, seq=1, purpose=Purpose.INVESTIGATE,
        body=body_digest(SALT, body), size=len(body), rows=rows_root(SALT, rows) if rows else None,
    )  # fmt: skip
    return msgspec.structs.replace(head, **changes)


def signed(act: Act, head: Head | None = None, by: Signer | None = None, approvals: tuple[bytes, ...] = ()) -> Signed:
    """Return an act with its signed head; `by` is the sender's own key if nothing else is said."""
    head = head or head_of(act)
    payload = encode(head)
    raw = sign1(payload, HEAD, by or PARTIES[head.sender].sign)
    return Signed(head=raw, body=encode_body(act), salt=SALT, approvals=approvals)


def approval(head: Head, officer: str, **changes: Any) -> bytes:  # noqa: ANN401 - fields of an approval
    """Return an officer's approval of the act with this head."""
    unit, by = PARTIES[head.sender].officers[officer]
    said = Approval(org=head.org, act=act_id(encode(head)), officer=officer, unit=unit)
    return approve(msgspec.structs.replace(said, **changes), by)


def deliver(content: Signed, to: BureauId = NO, sender: BureauId = MA, by: Signer | None = None) -> Delivery:
    """Return the delivery of a signed act to one recipient."""
    key = PARTIES[to].open.key
    framed_by = by or PARTIES[sender].sign
    sealed = seal(content, [key], ENTROPY)
    return frame_of(sealed, key, framed_by, org=ORG, sender=sender, to=to, lane=Lane.NORMAL, said=NOW)


class Past(msgspec.Struct):
    """What the judge is told of the past."""

    numbers: dict[tuple[BureauId, bytes, int, int], ActId] = {}
    received: frozenset[ActId] = frozenset()

    def said_at(self, sender: BureauId, channel: bytes, epoch: int, seq: int) -> ActId | None:
        """Return the act under this number."""
        return self.numbers.get((sender, channel, epoch, seq))

    def logged(self, act: ActId) -> bool:
        """Tell whether the act was received."""
        return act in self.received


def verdict(
    delivery: Delivery, *, me: BureauId = NO, world: Registry | None = None, past: Past | None = None, now: Millis = NOW
) -> Verdict:
    """Admit a delivery at `me` and judge it."""
    world = world or registry()
    frame = admit(delivery, world, me)
    openers = [PARTIES[me].open]
    return judge(
        delivery, frame, registry=world, me=me, openers=openers, kinds=KINDS, order=past or Past(), now=now
    )[0]  # fmt: skip


def key_id(label: str) -> KeyId:
    """Return the id of a bureau's signing key."""
    return PARTIES[BureauId(label)].sign.key.kid
