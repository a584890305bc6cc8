r"""The act: whatever a bureau says, as a signed head and a detached body (decisions 0002 and 0013).

The head is kept for ever and holds no personal data; the body can be erased, and head and signature stay verifiable
because the head holds only a salted digest of it. A kind is ``capability.noun/version``; a node that does not know
a kind keeps the act and answers with a refusal, it never drops it (decision 0004).

A worked example, with real bytes (`docs/spec/wire.md` explains every one of them):

>>> class Greeting(Act, frozen=True, kw_only=True, tag="example.greeting/1"):
...     "A sentence."
...
...     text: str
>>> kinds = Kinds((Greeting,))
>>> raw = encode_body(Greeting(text="good evening"))
>>> raw.hex()
'a2646b696e64726578616d706c652e6772656574696e672f3164746578746c676f6f64206576656e696e67'
>>> kinds.decode("example.greeting/1", raw)
Greeting(text='good evening')
>>> kinds.decode("example.farewell/1", encode({"kind": "example.farewell/1"}))
Unknown(tag='example.farewell/1', body=b'\xa1dkindrexample.farewell/1')
>>> body_digest(bytes(32), raw).hex()[:16]
'8eb464a2e5e548b2'
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import ClassVar

import msgspec
from msgspec.structs import force_setattr

from comity.core.codec import MAX_BYTES, decode, described, encode, unpack
from comity.core.errors import Malformed, Misused
from comity.core.handling import Basis, Label, Purpose
from comity.core.ids import ActId, BureauId, Digest, Millis, OrgId

KIND = re.compile(r"[a-z]{2,24}\.[a-z-]{2,24}/[1-9][0-9]{0,3}")
"""What a kind looks like."""

NO_LABEL = Label()
"""What an act has whose sender says nothing about how it is to be handled."""

MAX_RECIPIENTS = 400
"""Twice the 196 members of the largest police organisation, and a little."""

MAX_REFS = 64
SALT = 32
"""Bytes of the salt of a body's digest; without it a short body could be guessed from its digest."""


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind"):
    """The base of every kind's struct: what is said, without who says it.

    A kind says of itself, as class variables:
    """

    two_persons: ClassVar[bool] = False
    """Said only with the approval of two officers of different units (decision 0017)."""
    opens: ClassVar[bool] = False
    """Opens a subject whose keeper the head names; other acts name it as their subject (decision 0014)."""
    kept: ClassVar[bool] = False
    """Counts only once the subject's keeper has entered it (decision 0014)."""
    receipted: ClassVar[bool] = True
    """Answered with receipts; false only for receipts and the like, or they would answer each other for ever."""

    def row_bytes(self) -> tuple[bytes, ...]:
        """Return the rows of an act that is made of many; each can then be shown and proven alone."""
        return ()


class Unknown(msgspec.Struct, frozen=True):
    """An act of a kind that this node does not know: kept as it came, refused in its receipt."""

    tag: str
    body: bytes


class Erased(msgspec.Struct, frozen=True):
    """The tombstone of a body that has been erased; head and signature stay."""

    tag: str


class Author(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The officer who said it, by pseudonym and unit; who that is, only the bureau knows."""

    officer: str
    unit: str


class Relation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A reference to another act and what it means: ``answers``, ``quotes``, ``thread``, ``replaces``."""

    rel: str
    act: ActId


class Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Everything about an act but its content; signed, kept for ever, free of personal data."""

    kind: str
    org: OrgId
    sender: BureauId
    author: Author | None = None
    """Absent when the node itself speaks: receipts, entries, reminders."""
    to: tuple[BureauId, ...]
    """The recipients, sorted, each once."""
    said: Millis
    """The sender's clock; a claim, not a proof (decision 0009)."""
    registry: int
    """Version of the registry under which the sender spoke."""
    channel: bytes
    """16 bytes: the sender's stream to exactly these recipients, see `channel_of`."""
    epoch: int
    """Counts the restores of the sender's store; a restored store never reuses a sequence number."""
    seq: int
    """Counts from 1 in this channel and epoch without a hole."""
    purpose: Purpose
    label: Label = NO_LABEL
    basis: Basis | None = None
    refs: tuple[Relation, ...] = ()
    subject: ActId | None = None
    """The act that opened what this one is about."""
    keeper: BureauId | None = None
    """Only in an act that opens a subject: who numbers what is said about it."""
    body: Digest
    """SHA-256 over salt and body."""
    size: int
    """Bytes of the body."""
    rows: Digest | None = None
    """Where the body is many rows: the Merkle root over their salted digests, so that one row can be shown alone."""
    blobs: tuple[Digest, ...] = ()
    """Attachments, each by the Merkle root of its encrypted chunks, in the order of the body."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if self.label == NO_LABEL:
            # What holds its default is left out, and msgspec sees by identity whether a struct does: a label that says
            # nothing would have two spellings, one of them an empty map.
            force_setattr(self, "label", NO_LABEL)
        if not KIND.fullmatch(self.kind):
            raise ValueError("a kind is capability.noun/version")
        ordered = len(self.to) == 1 or list(self.to) == sorted(set(self.to))
        if not ordered or not 1 <= len(self.to) <= MAX_RECIPIENTS:
            raise ValueError(f"recipients are sorted, each once, 1 to {MAX_RECIPIENTS}")
        digests = [self.body, *self.blobs, *(relation.act for relation in self.refs)]
        digests += [digest for digest in (self.subject, self.rows) if digest is not None]
        if len(self.channel) != 16 or any(len(digest) != 32 for digest in digests):  # noqa: PLR2004 - SHA-256
            raise ValueError("a channel has 16 bytes and a digest or act id 32")
        if self.seq < 1 or self.epoch < 1 or self.registry < 1 or self.size < 0:
            raise ValueError("seq, epoch and registry count from 1")
        if len(self.refs) > MAX_REFS or len(self.blobs) > MAX_REFS:
            raise ValueError(f"at most {MAX_REFS} references and {MAX_REFS} attachments")

    @property
    def capability(self) -> str:
        """The capability that the kind belongs to."""
        return self.kind.partition(".")[0]


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """An act as rules see it: its id, its head and what is said."""

    id: ActId
    head: Head
    act: Act | Unknown | Erased
    approvers: tuple[Author, ...] = ()
    """The officers whose approvals came with it and verified."""


class Kinds:
    """The kinds that this node knows, and the only way from a body's bytes to a struct."""

    def __init__(self, structs: Iterable[type[Act]]) -> None:
        """Register the structs by tag.

        Raises:
            Misused: two structs claim one kind, or a tag is no kind.

        """
        self._structs: dict[str, type[Act]] = {}
        for struct in structs:
            kind = kind_of(struct)
            if not KIND.fullmatch(kind) or kind in self._structs:
                raise Misused(f"{kind} is no kind, or is declared twice")
            self._structs[kind] = described(struct)

    def __contains__(self, kind: str) -> bool:
        """Tell whether this node knows the kind."""
        return kind in self._structs

    def __iter__(self) -> Iterator[str]:
        """Iterate over the known kinds."""
        return iter(self._structs)

    def struct(self, kind: str) -> type[Act]:
        """Return the struct of a known kind; of an unknown one, the bare `Act`, which needs and promises nothing."""
        return self._structs.get(kind, Act)

    def decode(self, kind: str, raw: bytes) -> Act | Unknown:
        """Return the act that a verified body spells; one of a kind that is not known comes back as `Unknown`.

        Raises:
            Malformed: not the canonical form, or of another kind than the head says.

        """
        struct = self._structs.get(kind)
        if struct is not None:
            return decode(raw, struct)
        value = unpack(raw, MAX_BYTES)
        if not isinstance(value, dict) or value.get("kind") != kind:
            raise Malformed(f"a body of {len(raw)} bytes does not say the kind of its head")
        return Unknown(tag=kind, body=raw)


def kind_of(act: Act | type[Act]) -> str:
    """Return the kind of a struct."""
    return str(act.__struct_config__.tag)


def encode_body(act: Act) -> bytes:
    """Return the canonical bytes of what is said."""
    return encode(act)


def body_digest(salt: bytes, body: bytes) -> Digest:
    """Return the digest that the head holds: SHA-256 over the 32 bytes of salt and the body."""
    return Digest(hashlib.sha256(salt + body).digest())


def row_digest(salt: bytes, index: int, row: bytes) -> Digest:
    """Return the salted digest of one row, an entry of the tree whose root is `Head.rows`.

    The row's own salt is derived from the body's, so that showing one row reveals nothing of its neighbours.
    """
    return Digest(hashlib.sha256(row_salt(salt, index) + row).digest())


def row_salt(salt: bytes, index: int) -> bytes:
    """Return the 32-byte salt of row `index`: HMAC-SHA-256 under the body's salt."""
    return keyed(salt)(_ROW + index.to_bytes(8, "big"))


@lru_cache(maxsize=4)
def row_salts(salt: bytes, count: int) -> tuple[bytes, ...]:
    """Return the salts of the first `count` rows; the same batch is asked for them by its head and by its keeper."""
    mac = keyed(salt)
    return tuple(mac(_ROW + index.to_bytes(8, "big")) for index in range(count))


def keyed(secret: bytes) -> Callable[[bytes], bytes]:
    """Return HMAC-SHA-256 (RFC 2104) under a secret of at most 64 bytes.

    For many short messages: the library's own looks the hash up and reads the secret anew for each, which takes three
    times as long as the hashing.

    >>> keyed(b"key")(b"The quick brown fox jumps over the lazy dog").hex()[:16]
    'f7bc83f430538424'
    """
    if len(secret) > _BLOCK:
        secret = hashlib.sha256(secret).digest()
    padded = secret.ljust(_BLOCK, b"\x00")
    inner, outer = hashlib.sha256(padded.translate(_INNER)), hashlib.sha256(padded.translate(_OUTER))

    def mac(message: bytes) -> bytes:
        within, around = inner.copy(), outer.copy()
        within.update(message)
        around.update(within.digest())
        return around.digest()

    return mac


_ROW = b"comity.row/1"
_BLOCK = 64
_INNER, _OUTER = (bytes(each ^ pad for each in range(256)) for pad in (0x36, 0x5C))


@lru_cache(maxsize=1024)
def channel_of(org: OrgId, sender: BureauId, to: tuple[BureauId, ...], stream: str = "acts") -> bytes:
    """Return the channel of a sender to exactly these recipients.

    One channel for each set of recipients, not one for each pair: whoever counts the sequence numbers of a channel is
    a party to all of it, so a gap is seen by each recipient and nobody learns how much goes to others (decision 0023).
    """
    return hashlib.sha256(encode(["comity.channel/1", org, sender, stream, list(to)])).digest()[:16]


STREAMS = ("acts", "receipts")
"""The streams of one sender to one set of recipients; receipts have their own, so that they never wait for acts."""


def own_stream(body: Digest) -> str:
    """Return the stream of an act that is its own channel, with sequence number 1.

    What two officers approve has its number before they sign, and may yet be dropped; in a shared channel that would
    leave a hole for which the recipients would ask for ever (decision 0017).
    """
    return f"own/{body.hex()}"
