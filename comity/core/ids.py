"""The names of things: bureaus, organisations, acts, subjects, moments. House glossary; decision 0003.

They are plain values at run time and distinct types to the checker, so that a recipient is never passed for a kind.

>>> bureau_id("NO")
'no'
>>> spell(act_id(b"head bytes"))[:16]
'95116b3eb131e667'
"""

import hashlib
import re
from typing import NewType

from comity.core.errors import Malformed

BureauId = NewType("BureauId", str)
"""A bureau inside one organisation: ``no``, ``ma``, ``secretariat``; lower case, 2 to 24 characters."""

OrgId = NewType("OrgId", str)
"""An organisation: its name, a hyphen and 32 hexadecimal digits of the SHA-256 of its first root metadata."""

ActId = NewType("ActId", bytes)
"""32 bytes: the SHA-256 of the act's head. A subject is named by the id of the act that opened it."""

Digest = NewType("Digest", bytes)
"""32 bytes of SHA-256."""

KeyId = NewType("KeyId", bytes)
"""16 bytes: the first half of the SHA-256 of ``use || 0x00 || public key bytes``."""

Millis = NewType("Millis", int)
"""Milliseconds since 1970-01-01T00:00:00Z."""

Span = NewType("Span", int)
"""A length of time in milliseconds, as people are shown it; no moment."""

_BUREAU = re.compile(r"[a-z][a-z0-9-]{1,23}")
_ORG = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}-[0-9a-f]{32}")


def bureau_id(text: str) -> BureauId:
    """Return `text` as a bureau's name, in lower case.

    Raises:
        Malformed: it is not 2 to 24 letters, digits and hyphens that begin with a letter.

    """
    name = text.strip().lower()
    if not _BUREAU.fullmatch(name):
        raise Malformed("a bureau's name is 2 to 24 letters, digits or hyphens and begins with a letter")
    return BureauId(name)


def org_id(name: str, first_root: bytes) -> OrgId:
    """Return the organisation's id: its name bound to the bytes of its first root, so that nobody can pose as it."""
    text = f"{name.strip().lower()}-{hashlib.sha256(first_root).hexdigest()[:32]}"
    if not _ORG.fullmatch(text):
        raise Malformed("an organisation's name is 1 to 63 letters, digits, dots or hyphens")
    return OrgId(text)


def org_name(org: OrgId) -> str:
    """Return the readable part of an organisation's id."""
    return org.rpartition("-")[0]


def act_id(head: bytes) -> ActId:
    """Return the id of the act with this head."""
    return ActId(hashlib.sha256(head).digest())


def spell(value: bytes) -> str:
    """Return an id or digest as hexadecimal text, the form shown to people."""
    return value.hex()
