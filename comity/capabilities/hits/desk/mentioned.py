"""What a text mentions, as a desk answers it; apart from what reads it, which loads the engine."""

import msgspec

from comity.core.ids import ActId, BureauId


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a text that names a person of a record, or holds a number."""

    start: int
    """Characters from the beginning, counted from 0."""
    stop: int
    written: str
    what: str
    """A kind of number, or `name`."""
    list: ActId | None
    """The list of the record, where one is known by it."""
    key: str
    source: BureauId | None
    score: int
    """In thousandths; 0 where there is no record, or its label keeps it back."""
    label: str
    """What the source of the record allows."""


class TextRead(msgspec.Struct, frozen=True, kw_only=True):
    """What a text holds."""

    characters: int
    mentions: tuple[Mention, ...]
    caution: str
