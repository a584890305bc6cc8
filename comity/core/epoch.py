r"""A new epoch: how a bureau goes on after a restore without using a number, or the place of a leaf, twice.

Authority: decision 0039. A restored store is older than what others have seen of it. So its numbers go on in a new
epoch and its log under a new name, which begins with the leaves that the backup held; what the earlier log had beyond
them is abandoned, openly: by a *statement* under the bureau's offline role key. Peers and witnesses know a new epoch by
such a statement and by nothing else. Then each side tells the other what it has (`exchange.epoch/1`, and
`exchange.held/1` in answer), says again what the other lost, and hands back what the other said itself.

The statement is JSON, kept as it was signed, like a self-revocation:

>>> opening = Opening(
...     org=OrgId("exercise.example-" + "0" * 32), bureau=BureauId("ma"), epoch=7, size=2, root=Digest(bytes(32)), at=0
... )
>>> epoch_payload(opening)[:71]
b'{"org":"exercise.example-00000000000000000000000000000000","bureau":"ma'
"""

import re
from typing import TypeVar

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from comity.core.act import Act
from comity.core.codec import NO_JSON, from_json
from comity.core.errors import Malformed
from comity.core.ids import ActId, BureauId, Digest, Millis, OrgId
from comity.core.note import log_name
from comity.core.registry import Registry

S = TypeVar("S", bound=msgspec.Struct)

FIRST = 1
"""The epoch of a bureau that was never restored."""

LARGEST = 2**31 - 1
"""The highest epoch; as wide as the numbers of a database, and enough until the year 6103."""

MAX_STATEMENT = 4_096
"""Bytes of a statement; one has about 500."""

BEGAN: Millis = Millis(1_577_836_800_000)
"""2020-01-01T00:00:00Z: epochs count minutes from here."""

_MINUTE = 60_000
_ORIGIN = re.compile(r"(?P<bureau>[a-z][a-z0-9-]{1,23})(?:/epoch-(?P<epoch>[1-9][0-9]{0,18}))?")


class Opening(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a statement says."""

    org: OrgId
    bureau: BureauId
    epoch: int
    size: int
    """Leaves of the earlier log with which the new one begins: those that the backup held."""
    root: Digest
    """Of the earlier log at that size."""
    at: Millis
    """When the bureau was restored, by its clock."""


class Statement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An opening under the bureau's offline role key; verified before it is decoded."""

    payload: bytes
    public: bytes
    """The role key that signed, 32 bytes; it counts only if the registry names it for the bureau."""
    signature: bytes

    @staticmethod
    def message(payload: bytes) -> bytes:
        """Return what is signed; the prefix keeps it apart from all else that the same key signs."""
        return b"comity epoch/1\n" + payload


class Mark(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How far one channel is known to whoever says so."""

    channel: bytes
    """16 bytes."""
    epoch: int
    high: int
    """The highest number used or seen."""
    missing: tuple[tuple[int, int], ...] = ()
    """First and last number of each hole below it."""


class Epoch(Act, frozen=True, kw_only=True, tag="exchange.epoch/1"):
    """Tells a peer that the sender was restored, and how far the channels between the two are known to it."""

    statement: bytes
    """JSON of `Statement`."""
    marks: tuple[Mark, ...] = ()
    """Both directions: what the sender said to the peer, and the peer to the sender. A channel that is not listed is
    not known at all."""


class Returned(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An act of the restored bureau, as the peer holds it."""

    head: bytes
    """COSE_Sign1."""
    body: bytes | None = None
    """Absent where the peer has erased it, or keeps none: then the head proves that it was said, and not what."""
    salt: bytes | None = None
    approvals: tuple[bytes, ...] = ()


class Held(Act, frozen=True, kw_only=True, tag="exchange.held/1"):
    """What a peer holds beyond what the restored bureau knows; in as many parts as it needs."""

    epoch: int
    """The epoch that is answered."""
    part: int
    """From 1."""
    parts: int
    note: str = ""
    """The last checkpoint of the bureau's earlier log that the peer has verified."""
    again: tuple[ActId, ...] = ()
    """Acts of the peer that the bureau lacks, and that are on their way again."""
    acts: tuple[Returned, ...] = ()
    """Acts of the bureau that it lacks."""


def next_epoch(before: int, now: Millis) -> int:
    """Return the epoch for a restore at `now`: minutes since 2020, and always above the one of the backup.

    Counting restores would give one number to two restores of one backup.

    >>> next_epoch(1, Millis(BEGAN + 90_000)), next_epoch(5, Millis(BEGAN + 90_000))
    (2, 6)
    """
    return max(before + 1, (now - BEGAN) // _MINUTE + 1)


def origin(org: OrgId, bureau: BureauId, epoch: int) -> str:
    """Return the origin of a bureau's log in an epoch; the first one has the plain name.

    >>> origin("o", "ma", 1), origin("o", "ma", 7)
    ('o/ma', 'o/ma/epoch-7')
    """
    name = log_name(org, bureau)
    return name if epoch == FIRST else f"{name}/epoch-{epoch}"


def named(org: OrgId, origin_: str) -> tuple[BureauId, int] | None:
    """Return whose log of which epoch an origin names; None for one that is no bureau's of this organisation.

    >>> named("o", "o/ma/epoch-7"), named("o", "o/ma"), named("o", "o/ma/epoch-1"), named("o", "p/ma")
    (('ma', 7), ('ma', 1), None, None)
    """
    found = _ORIGIN.fullmatch(origin_.removeprefix(f"{org}/")) if origin_.startswith(f"{org}/") else None
    if found is None:
        return None
    epoch = int(found["epoch"] or FIRST)
    # The first epoch has one name only.
    if epoch == FIRST and found["epoch"] is not None:
        return None
    return BureauId(found["bureau"]), epoch


def origin_in(note: str, org: OrgId, bureau: BureauId) -> str:
    """Return the origin in a note if it is one of this bureau, of whatever epoch; else the plain one.

    It only chooses under which name a signature is verified; the signature decides.
    """
    line = note.partition("\n")[0]
    whose = named(org, line)
    return line if whose is not None and whose[0] == bureau else log_name(org, bureau)


def epoch_payload(opening: Opening) -> bytes:
    """Return the payload that the role key signs by `Statement.message`."""
    return msgspec.json.encode(opening)


def read_statement(raw: bytes, registry: Registry) -> Opening:
    """Return what a statement says, verified against the role keys that the registry names.

    Raises:
        Malformed: it is none, its key or signature is not the bureau's, or it speaks of another organisation.

    """
    statement = _decoded(raw, Statement)
    signers = [bureau for bureau, keys in registry.role_keys.items() if statement.public in keys]
    if not signers:
        raise Malformed("a statement of a new epoch signed by a key that is no bureau's role key")
    try:
        key = Ed25519PublicKey.from_public_bytes(statement.public)
        key.verify(statement.signature, Statement.message(statement.payload))
    except (InvalidSignature, ValueError):
        raise Malformed("a statement of a new epoch whose signature does not verify") from None
    said = _decoded(statement.payload, Opening)
    if said.org != registry.org or said.bureau not in signers:
        raise Malformed("a statement of a new epoch made for another organisation or bureau")
    if not FIRST < said.epoch <= LARGEST or said.size < 0 or len(said.root) != 32:  # noqa: PLR2004 - SHA-256
        raise Malformed("a statement of a new epoch with an epoch, size or root that cannot be")
    return said


def _decoded(raw: bytes, kind: type[S]) -> S:
    if len(raw) > MAX_STATEMENT:
        raise Malformed(f"a statement of {len(raw)} bytes, {MAX_STATEMENT} at most")
    try:
        return from_json(raw, kind)
    except NO_JSON:
        raise Malformed(f"a statement of {len(raw)} bytes is not in the expected form") from None
