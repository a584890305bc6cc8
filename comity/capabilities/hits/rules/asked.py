"""What is looked for: kept apart from what weighs it, so that a desk can speak of it before the engine is loaded."""

import msgspec


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for; an empty field says nothing."""

    name: str = ""
    born: str = ""
    """A partial date, ISO 8601."""
    nationality: str = ""
    sex: str = ""
    place: str = ""
    identifier: str = ""
    country: str = ""
    """Where a number is from, by the caller's knowledge: two or three letters."""


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a number may be."""

    kind: str
    """As the index calls it."""
    folded: str
    code: str
    """How far it is the number as it was typed: `number.same`, `number.repaired`, `number.near`."""
    shown: str
