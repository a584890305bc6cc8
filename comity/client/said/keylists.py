"""What the desk of a bureau answers: structs and enumerations.

Written by `make docs` from the desks; do not edit.
"""

from enum import StrEnum

import msgspec

from comity.core.ids import BureauId, Millis


class KeylistsKeyKind(StrEnum):
    """What the keys of a list name."""

    DOCUMENT = "document"
    PLATE = "plate"
    IBAN = "iban"
    PHONE = "phone"


class KeylistsKeyList(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="keylists.key-list/1"):
    """Opens a list of keys for one epoch, to the bureaus that may ask."""

    of: KeylistsKeyKind
    name: str
    folding: str
    size: int
    most: int
    daily: int
    epoch: int
    until: Millis


class KeylistsSetup(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="keylists.setup/1"):
    """Hands one asker a part of the set, concealed under the source's key for this asker and epoch."""

    serial: int
    part: int
    parts: int
    concealed: bytes


class KeylistsQuestion(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="keylists.question/1"):
    """Asks the source which of some keys are in its list; it learns how many they are and not which."""

    count: int
    blinded: bytes


class KeylistsAnswerKind(StrEnum):
    """What became of a question at the source."""

    EVALUATED = "evaluated"
    MALFORMED = "malformed"
    UNAVAILABLE = "unavailable"


class KeylistsAnswer(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="keylists.answer/1"):
    """Gives the points of the question named by ``answers`` back under the source's key; said by the ..."""

    outcome: KeylistsAnswerKind
    evaluated: bytes


class KeylistsSecret(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="keylists.secret/1"):
    """Keeps a key of ours until the epoch ends: said to oneself, since a body rests sealed and can be ..."""

    peer: BureauId
    key: bytes
    asked: tuple[str, ...]


class KeylistsEnd(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="keylists.end/1"):
    """States in one's own log that an epoch is over, so that its keys and points are destroyed here."""
