"""What a leaf of a bureau's log says, and how it is hidden from those who only hold the tree (decision 0010).

The tree is public among members: whoever witnesses it sees how many leaves there are, and nothing of what they mean.
An entry of the tree is 32 bytes, a salted commitment; the bureau shows leaf and salt to whom it wants to prove it.

>>> leaf = Leaf(way=Way.SENT, act=Digest(bytes(32)), frame=Digest(bytes(32)), at=Millis(0))
>>> commitment(leaf, bytes(32)).hex()[:16]
'45e82dc04359190e'
"""

import hashlib
from enum import StrEnum

import msgspec

from comity.core.codec import encode
from comity.core.ids import Digest, Millis

SALT = 32
"""Bytes of a leaf's salt."""


class Way(StrEnum):
    """What happened."""

    SENT = "sent"
    RECEIVED = "received"
    REFUSED = "refused"
    EVIDENCE = "evidence"
    """Two signatures that contradict each other."""
    REGISTRY = "registry"
    """A new version of the registry was verified."""
    EPOCH = "epoch"
    """A new epoch begins: the act is the SHA-256 of its statement (`core/epoch.py`)."""


class Leaf(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One line of a bureau's log."""

    way: Way
    act: Digest
    """The act's id; where it could not be opened, the SHA-256 of its sealed bytes."""
    frame: Digest | None = None
    """SHA-256 of the frame that it came in; absent for what we sent, which leaves in as many frames as recipients."""
    at: Millis
    """This node's clock."""
    code: str = ""
    """The code of the refusal."""


def commitment(leaf: Leaf, salt: bytes) -> Digest:
    """Return the entry of the tree: SHA-256 over a domain mark, the salt and the leaf's bytes."""
    return commitment_to(encode(leaf), salt)


def commitment_to(raw: bytes, salt: bytes) -> Digest:
    """Return the entry of the tree for the bytes of a leaf."""
    return Digest(hashlib.sha256(b"comity.leaf/1" + salt + raw).digest())
