"""What the index is told, and what it asks of the store that it is made from (decision 0049).

The index keeps no record: for each row it keeps the store's number, its policy, its identifiers and its names. The
store is the truth and the index is derived; `Rows` is all that it needs of it, so that any store will do.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

import msgspec


class Identifier(NamedTuple):
    """A number that a row holds: its kind (0 to 255, the engines' table) and its text, already folded by them."""

    kind: int
    text: str


class Put(msgspec.Struct, frozen=True, kw_only=True):
    """A row is there from now on; it was not before."""

    number: int
    """The store's number for it, 1 to 2^32 - 1, never given out twice: a revised row has another."""
    policy: int
    """Who may see it, 1 to 2^24 - 1."""
    identifiers: tuple[Identifier, ...] = ()
    names: tuple[str, ...] = ()
    """Each name and alias under which it is looked for."""
    tie: int = 0
    """Puts equally likely rows in order, below 2^64: taken from what the row says, so that an answer does not depend on
    which came first."""


class Restrict(msgspec.Struct, frozen=True, kw_only=True):
    """Others than before may see these rows; those that are not there stay away."""

    numbers: tuple[int, ...]
    policy: int


class Drop(msgspec.Struct, frozen=True, kw_only=True):
    """These rows are gone; what they held need not be said."""

    numbers: tuple[int, ...]


Change = Put | Restrict | Drop


class Rows(Protocol):
    """A store of rows that numbers its changes, 1 and up, in the order in which they were committed."""

    def live(self) -> tuple[int, Iterator[Put]]:
        """Return the number of the last change and all rows that live after it, seen in one moment, in any order."""
        ...

    def since(self, position: int) -> Iterable[tuple[int, tuple[Change, ...]]] | None:
        """Return the changes after this number, in groups with the number of the last; None if it cannot any more."""
        ...
