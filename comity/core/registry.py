"""Who is accredited with which keys: a pure view of registry metadata that somebody else has already verified.

Authority: The Update Framework, specification 1.0 (decision 0005). `node/trust.py` verifies the metadata with
python-tuf and hands the result here; this module reads no file and checks no signature of the registry itself.

The custodians, at least the threshold of them, say who is a member (`Accreditation`); each bureau alone, with its
own offline role key, says which keys it uses (`Profile`). Neither can say the other's part.

>>> key = Key(use=KeyUse.SIGN, suite=Suite.ED25519, public=bytes(32))
>>> key.kid.hex()
'88e8ca0e783b667457ca658c2e2df9b6'
>>> key_of_kind = Profile(bureau=BureauId("no"), name="NCB Oslo", version=1, keys=(key,)).current(KeyUse.SIGN)
>>> key_of_kind == key
True
"""

import hashlib
from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import TypeVar

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from comity.core.codec import NO_JSON
from comity.core.errors import Malformed
from comity.core.ids import BureauId, Digest, KeyId, Millis, OrgId
from comity.core.ruling import ALLOWED, Refusal, Ruling


class KeyUse(StrEnum):
    """What a key may be used for; a key of one use is refused in every other (attack: type confusion)."""

    SIGN = "sign"
    """Heads of acts and frames."""
    SEAL = "seal"
    """Envelopes are sealed to it."""
    LOG = "log"
    """Checkpoints of the bureau's own log."""
    WITNESS = "witness"
    """Cosignatures on the checkpoints of others."""
    OFFICER = "officer"
    """Approvals by one officer of kinds that need two persons."""


class Suite(StrEnum):
    """Algorithms that the registry can name; a message never chooses one (exchange rule, RFC 9052 section 3.1)."""

    ED25519 = "Ed25519"
    """RFC 8032; the default for signatures."""
    ES256 = "ES256"
    """ECDSA over P-256 with SHA-256, for hardware that lacks Ed25519."""
    X25519 = "HPKE-X25519"
    """RFC 9180: DHKEM(X25519), HKDF-SHA256, ChaCha20-Poly1305 (COSE HPKE-4-KE); the interoperable suite."""
    HYBRID = "HPKE-MLKEM768-X25519"
    """HPKE with the hybrid KEM ML-KEM-768 + X25519, HKDF-SHA256, AES-256-GCM; the standard suite."""


SUITES_OF: dict[KeyUse, frozenset[Suite]] = {
    KeyUse.SIGN: frozenset({Suite.ED25519, Suite.ES256}),
    KeyUse.SEAL: frozenset({Suite.HYBRID, Suite.X25519}),
    # C2SP tlog-tiles and tlog-cosignature require Ed25519.
    KeyUse.LOG: frozenset({Suite.ED25519}),
    KeyUse.WITNESS: frozenset({Suite.ED25519}),
    KeyUse.OFFICER: frozenset({Suite.ED25519, Suite.ES256}),
}
"""Which suites the registry may allow for which use."""

PUBLIC_BYTES: dict[Suite, int] = {Suite.ED25519: 32, Suite.ES256: 65, Suite.X25519: 32, Suite.HYBRID: 1216}
"""Length of a public key: RFC 8032, SEC 1 uncompressed point, RFC 7748, FIPS 203 (1,184) with X25519 (32) behind it."""


class Key(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One public key of a bureau.

    `public` is the raw public key: 32 bytes for Ed25519 and X25519, 65 bytes (uncompressed point) for ES256,
    1,216 bytes (ML-KEM-768 encapsulation key, then X25519) for the hybrid suite.
    """

    use: KeyUse
    suite: Suite
    public: bytes
    retired: bool = False
    """A retired key signs nothing new; acts under it that are still on their way are accepted."""

    @property
    def kid(self) -> KeyId:
        """The key's id: 16 bytes of SHA-256 over the use, a zero byte and the public key."""
        return _kid(self.use, self.public)


@lru_cache(maxsize=4096)
def _kid(use: KeyUse, public: bytes) -> KeyId:
    # Asked for every key of every bureau to find the owner of one; an organisation has some thousand.
    return KeyId(hashlib.sha256(use.value.encode() + b"\x00" + public).digest()[:16])


class Approver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An officer whose approval counts for kinds that need two persons; known by pseudonym and unit only."""

    officer: str
    unit: str
    key: Key


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a bureau says of itself, signed by its own role key."""

    bureau: BureauId
    name: str
    version: int
    keys: tuple[Key, ...]
    approvers: tuple[Approver, ...] = ()
    addresses: tuple[str, ...] = ()
    """HTTP addresses where the bureau's node answers, in order of preference."""
    languages: tuple[str, ...] = ("en",)
    witness: bool = False
    """True when the bureau's node cosigns the checkpoints of others."""

    def current(self, use: KeyUse, suite: Suite | None = None) -> Key:
        """Return the key of `use` (and `suite`) that is not retired; the first one listed counts.

        Raises:
            Malformed: the profile lists none.

        """
        for key in self.keys:
            if key.use is use and not key.retired and suite in {None, key.suite}:
                return key
        raise Malformed(f"the profile of {self.bureau} lists no current key for {use}")

    def checked(self) -> "Profile":
        """Return the profile itself if it is sound: counted version, known lengths, allowed suites, no key twice.

        Raises:
            Malformed: it is not.

        """
        if self.version < 1:
            raise Malformed(f"a profile of version {self.version}: versions begin with 1")
        every = [*self.keys, *(approver.key for approver in self.approvers)]
        for key in every:
            if key.suite not in SUITES_OF[key.use]:
                raise Malformed(f"a key for {key.use} of suite {key.suite}: the registry allows none")
            if len(key.public) != PUBLIC_BYTES[key.suite]:
                raise Malformed(f"a {key.suite} key of {len(key.public)} bytes, {PUBLIC_BYTES[key.suite]} expected")
        # By public bytes, not by id: one key in two uses would let a signature of one kind stand as another.
        if len({key.public for key in every}) != len(every):
            raise Malformed("a profile lists one public key twice")
        if any(approver.key.use is not KeyUse.OFFICER for approver in self.approvers):
            raise Malformed("an approver's key is registered for another use than officer")
        if any(not address.startswith(("https://", "http://")) for address in self.addresses):
            raise Malformed("an address of a node begins with https:// or http://")
        return self


class Standing(StrEnum):
    """Where a bureau stands; graduated measures, RPD 131 (text not seen, see `docs/glossary.md`)."""

    MEMBER = "member"
    RESTRICTED = "restricted"
    """Only the capabilities listed in `functions`."""
    SUSPENDED = "suspended"
    """Says nothing new and is told nothing new, until the end date."""
    EJECTED = "ejected"
    """Out for good; what it said before stays verifiable."""


class Role(StrEnum):
    """What a party is in the organisation."""

    BUREAU = "bureau"
    SECRETARIAT = "secretariat"
    COMMISSION = "commission"
    RELAY = "relay"
    """Carries sealed envelopes for others and is party to nothing (decision 0033)."""


class Accreditation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the custodians decided about one party."""

    bureau: BureauId
    role: Role = Role.BUREAU
    standing: Standing = Standing.MEMBER
    functions: tuple[str, ...] = ()
    """Names of capabilities; counts only while restricted."""
    since: Millis
    until: Millis | None = None
    """End of the measure, or of the accreditation when the standing is member."""
    decided_by: str
    """The body that decided."""
    article: str = ""


class Revocation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key is dead from the bureau's last good witnessed checkpoint on (decision 10 of the architecture)."""

    bureau: BureauId
    kid: KeyId
    size: int
    """Leaves of the bureau's log that are still good."""
    root: Digest
    """Root of the log at that size."""
    decided_by: str


class SelfRevocation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bureau's own word, under its offline role key, that one of its keys is dead (decision 10).

    Peers obey it before the registry says so. `payload` is kept as it was signed: JSON of the organisation and the
    revocation, verified before it is decoded.
    """

    payload: bytes
    public: bytes
    """The role key that signed, 32 bytes; it counts only if the registry names it for the bureau."""
    signature: bytes

    @staticmethod
    def message(payload: bytes) -> bytes:
        """Return what is signed; the prefix keeps it apart from registry metadata, which the same key signs."""
        return b"comity self-revocation/1\n" + payload


class _Revoked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    org: OrgId
    revocation: Revocation


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the organisation has settled for all, signed by the custodians."""

    name: str
    custodians: int
    threshold: int
    languages: tuple[str, ...]
    witness_quorum: int = 0
    """How many cosignatures make a checkpoint a witnessed one."""
    grace: Millis = Millis(7 * 86_400_000)
    """How long after the timestamp's expiry a node goes on sending to known peers: 7 days, one snapshot's life."""


class Freshness(StrEnum):
    """The three-step stale policy: an expired registry must not silence bureaus, nor be trusted for ever."""

    FRESH = "fresh"
    GRACE = "grace"
    STOPPED = "stopped"
    """No new acts; receiving and parking go on."""


class Registry(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One verified state of an organisation's registry."""

    org: OrgId
    version: int
    """Version of the snapshot metadata; every act names it."""
    expires: Millis
    """When the first of timestamp, snapshot, targets and root expires; from then on the registry is in grace, then
    stopped. In practice that is the timestamp."""
    policy: Policy
    accreditations: dict[BureauId, Accreditation]
    profiles: dict[BureauId, Profile]
    revocations: tuple[Revocation, ...] = ()
    role_keys: dict[BureauId, tuple[bytes, ...]] = {}
    """The offline role keys (Ed25519, 32 bytes each) that sign a bureau's profile and its self-revocations."""

    def freshness(self, now: Millis) -> Freshness:
        """Return how far the registry may be relied on at `now`."""
        if now <= self.expires:
            return Freshness.FRESH
        return Freshness.GRACE if now <= self.expires + self.policy.grace else Freshness.STOPPED

    def profile(self, bureau: BureauId) -> Profile:
        """Return the bureau's profile.

        Raises:
            Malformed: the registry holds none.

        """
        try:
            return self.profiles[bureau]
        except KeyError:
            raise Malformed(f"the registry holds no profile of {bureau}") from None

    def key(self, bureau: BureauId, kid: KeyId, use: KeyUse) -> Key:
        """Return the bureau's key with this id, retired or not, if it is registered for this use.

        Raises:
            Malformed: no such key, or it is registered for another use.

        """
        for key in self.profile(bureau).keys:
            if key.kid == kid and key.use is use:
                return key
        raise Malformed(f"{bureau} has no key {kid.hex()[:8]} registered for {use}")

    def owner(self, kid: KeyId) -> BureauId:
        """Return the bureau that registered the key with this id.

        Raises:
            Malformed: nobody did.

        """
        if kid in self._owners:
            return self._owners[kid]
        raise Malformed(f"no bureau has registered the key {kid.hex()[:8]}")

    @cached_property
    def _owners(self) -> dict[KeyId, BureauId]:
        """The first bureau, in the order of the profiles, that lists each key."""
        listed = [(key.kid, bureau) for bureau, profile in self.profiles.items() for key in profile.keys]
        return dict(reversed(listed))

    def revocation(self, bureau: BureauId, kid: KeyId) -> Revocation | None:
        """Return the revocation of this key, the one with the smallest good log where there are several."""
        found = [r for r in self.revocations if r.bureau == bureau and r.kid == kid]
        return min(found, key=lambda r: r.size, default=None)

    def obeyed(self, statement: SelfRevocation) -> Revocation:
        """Return what a self-revocation says, verified against the role keys that the registry names.

        Raises:
            Malformed: the signature or the key is not the bureau's, or it speaks of another organisation.

        """
        signers = [bureau for bureau, keys in self.role_keys.items() if statement.public in keys]
        if not signers:
            raise Malformed("a self-revocation signed by a key that is no bureau's role key")
        try:
            key = Ed25519PublicKey.from_public_bytes(statement.public)
            key.verify(statement.signature, SelfRevocation.message(statement.payload))
        except (InvalidSignature, ValueError):
            raise Malformed("a self-revocation whose signature does not verify") from None
        said = _decoded(statement.payload, _REVOKED, "self-revocation")
        if said.org != self.org:
            raise Malformed("a self-revocation made for another organisation")
        if said.revocation.bureau not in signers:
            raise Malformed(f"a self-revocation for {said.revocation.bureau} signed by the role key of another bureau")
        return said.revocation

    def may_act(self, bureau: BureauId, function: str, now: Millis) -> Ruling:
        """Rule whether a bureau may say, or be told, something new of the capability `function` at `now`."""
        accreditation = self.accreditations.get(bureau)
        if accreditation is None or bureau not in self.profiles:
            return Refusal("registry.unknown", f"{bureau} is not accredited in this organisation", "C 4")
        if accreditation.role is Role.RELAY:
            return Refusal("registry.relay", f"{bureau} is a relay and party to nothing", "decision 0033")
        over = accreditation.until is not None and now > accreditation.until
        match accreditation.standing:
            case Standing.MEMBER:
                if over:
                    return Refusal("registry.ended", f"the accreditation of {bureau} has ended", accreditation.article)
            case Standing.RESTRICTED:
                # Exchange, keeping and membership go on: receipts, proofs and the measure itself must reach everybody.
                if not over and function not in {*accreditation.functions, *UNRESTRICTABLE}:
                    reason = f"{bureau} is restricted and may not use {function}"
                    return Refusal("registry.restricted", reason, accreditation.article)
            case Standing.SUSPENDED:
                if not over and function not in UNRESTRICTABLE:
                    return Refusal("registry.suspended", f"{bureau} is suspended", accreditation.article)
            case Standing.EJECTED:
                return Refusal("registry.ejected", f"{bureau} is no longer a member", accreditation.article)
        return ALLOWED

    def relays(self, now: Millis) -> tuple[BureauId, ...]:
        """Return the relays that are members at `now`, in the order in which the registry lists them."""
        return tuple(self._serving(Role.RELAY, now))

    def commission(self, now: Millis) -> BureauId | None:
        """Return the independent commission, if the registry names one that is a member at `now`."""
        return next(self._serving(Role.COMMISSION, now), None)

    def _serving(self, role: Role, now: Millis) -> Iterator[BureauId]:
        for party, one in self.accreditations.items():
            over = one.until is not None and now > one.until
            if one.role is role and one.standing is Standing.MEMBER and not over and party in self.profiles:
                yield party

    def secretariat(self) -> BureauId:
        """Return the party that is the secretariat.

        Raises:
            Malformed: the registry names none.

        """
        for bureau, accreditation in self.accreditations.items():
            if accreditation.role is Role.SECRETARIAT:
                return bureau
        raise Malformed("the registry names no secretariat")


UNRESTRICTABLE = frozenset({"exchange", "keeping", "membership", "abuse"})
"""Functions that no measure short of ejection takes away; a measure must not silence a report (decision 0038)."""


Document = Profile | Policy | SelfRevocation | tuple[Accreditation, ...] | tuple[Revocation, ...]
"""What registry files hold: JSON, fields in the order of the classes above."""

MAX_DOCUMENT = 1_000_000
"""Bytes of one document: 500 approvers make a profile of about 120 kB."""

_PROFILE = msgspec.json.Decoder(Profile)
_POLICY = msgspec.json.Decoder(Policy)
_ACCREDITATIONS = msgspec.json.Decoder(tuple[Accreditation, ...])
_REVOCATIONS = msgspec.json.Decoder(tuple[Revocation, ...])
_STATEMENT = msgspec.json.Decoder(SelfRevocation)
_REVOKED = msgspec.json.Decoder(_Revoked)

_T = TypeVar("_T")


def to_json(document: Document) -> bytes:
    """Return the bytes of a registry document."""
    return msgspec.json.encode(document)


def self_revocation_payload(org: OrgId, revocation: Revocation) -> bytes:
    """Return the payload that the role key signs by `SelfRevocation.message`."""
    return msgspec.json.encode(_Revoked(org=org, revocation=revocation))


def profile_from(raw: bytes) -> Profile:
    """Decode and check a profile; `raw` must have been verified.

    Raises:
        Malformed: it is not a sound profile.

    """
    return _decoded(raw, _PROFILE, "profile").checked()


def policy_from(raw: bytes) -> Policy:
    """Decode a policy; `raw` must have been verified.

    Raises:
        Malformed: it is not one.

    """
    return _decoded(raw, _POLICY, "policy")


def accreditations_from(raw: bytes) -> dict[BureauId, Accreditation]:
    """Decode the list of accreditations; `raw` must have been verified.

    Raises:
        Malformed: it is not one, or it names a bureau twice.

    """
    found = _decoded(raw, _ACCREDITATIONS, "list of accreditations")
    by_bureau = {accreditation.bureau: accreditation for accreditation in found}
    if len(by_bureau) != len(found):
        raise Malformed("a list of accreditations names a bureau twice")
    return by_bureau


def revocations_from(raw: bytes) -> tuple[Revocation, ...]:
    """Decode the list of revocations; `raw` must have been verified.

    Raises:
        Malformed: it is not one.

    """
    return _decoded(raw, _REVOCATIONS, "list of revocations")


def statement_from(raw: bytes) -> SelfRevocation:
    """Decode the envelope of a self-revocation; what it says is read by `Registry.obeyed` alone, after verifying.

    Raises:
        Malformed: it is not one.

    """
    return _decoded(raw, _STATEMENT, "self-revocation")


def earliest(revocations: Iterable[Revocation]) -> tuple[Revocation, ...]:
    """Return one revocation for each key: the one that leaves the smallest good log, for it is the careful reading."""
    found: dict[tuple[BureauId, KeyId], Revocation] = {}
    for one in revocations:
        known = found.get((one.bureau, one.kid))
        if known is None or one.size < known.size:
            found[one.bureau, one.kid] = one
    return tuple(found.values())


def _decoded(raw: bytes, decoder: msgspec.json.Decoder[_T], what: str) -> _T:
    if len(raw) > MAX_DOCUMENT:
        raise Malformed(f"a {what} of {len(raw)} bytes, {MAX_DOCUMENT} at most")
    try:
        return decoder.decode(raw)
    except NO_JSON:
        # The library's sentence can quote the content, and content belongs into no message (house style, point 6).
        raise Malformed(f"a {what} of {len(raw)} bytes is not in the expected form") from None
