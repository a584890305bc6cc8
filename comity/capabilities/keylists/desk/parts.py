"""What the desk functions of lists of keys share: a list by its id, its state, and the secrets of this node.

Secrets are hidden from every reader, so they are read here for the node's own use and are never handed on: what an
officer gets is which of the numbers that were asked are in the list.
"""

from typing import Annotated

import msgspec

from comity.capabilities.keylists.acts import KeyList, Secret
from comity.capabilities.keylists.rules import Keylist
from comity.core.act import Said as Spoken
from comity.core.act import kind_of
from comity.core.capability import Reader
from comity.core.desk import about
from comity.core.errors import Misused
from comity.core.ids import ActId, BureauId, Millis
from comity.node.bureau import Bureau
from comity.node.view import Glimpse, Kept, View

About = Annotated[str, about("the list, by the first digits of its id", positional=True)]

SECRET = kind_of(Secret)


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an act about a list."""

    id: ActId
    kind: str
    to: tuple[BureauId, ...]
    said: Millis
    leaf: int
    """Index of its leaf in our log."""


def told(kept: Kept) -> Said:
    """Return what became of an act that was said."""
    return Said(id=kept.id, kind=kept.head.kind, to=kept.head.to, said=kept.head.said, leaf=kept.leaf)


def found_list(bureau: Bureau, reader: Reader, digits: str) -> tuple[Glimpse, Keylist]:
    """Return the opening act of a list, and the list as it stands.

    Raises:
        Misused: the reader sees no act of these digits, or it opens no list of keys.

    """
    found = View(bureau, reader).find(digits)
    state = state_of(bureau, found.id) if isinstance(found.act, KeyList) else None
    if state is None:
        raise Misused("this act is no list of keys; look at: comity keylists lists")
    return found, state


def state_of(bureau: Bureau, listed: ActId) -> Keylist | None:
    """Return a list as it stands: counts and ends, which every reader of its opening act may know."""
    with bureau.database.read() as tx:
        return bureau.past(tx).state(listed, Keylist)


def secrets(bureau: Bureau, listed: ActId) -> list[tuple[Spoken, Secret]]:
    """Return the secrets of this node for a list, the newest first; those that are destroyed are not among them."""
    with bureau.database.read() as tx:
        every = bureau.past(tx).every(SECRET, listed)
    return [(said, said.act) for said in reversed(every) if isinstance(said.act, Secret)]
