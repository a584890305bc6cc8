"""What the desk functions of records share: options, and how a source speaks about one of its lists."""

from collections.abc import Callable
from typing import Annotated

import msgspec

from comity.capabilities.records.acts import Reach, RecordList
from comity.capabilities.records.rules import Listed
from comity.core.act import Act, Author
from comity.core.capability import Reader
from comity.core.desk import about
from comity.core.envelope import Lane
from comity.core.errors import Misused
from comity.core.handling import Label, Purpose
from comity.core.ids import ActId, BureauId, Millis
from comity.node.bureau import Bureau, Utterance
from comity.node.database import Transaction
from comity.node.view import Glimpse, Kept, View

About = Annotated[str, about("the list, by the first digits of its id", positional=True)]
Keys = Annotated[tuple[str, ...], about("the key of a record; repeat it for several")]
Everything = Annotated[Reach, about("rows: those with the keys that are named; list: everything in it")]


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


def found_list(bureau: Bureau, reader: Reader, digits: str) -> Glimpse:
    """Return the opening act of a list."""
    found = View(bureau, reader).find(digits)
    if not isinstance(found.act, RecordList):
        raise Misused("this act is no list of records; look at: comity records lists")
    return found


def own_list(bureau: Bureau, reader: Reader, digits: str) -> Glimpse:
    """Return the opening act of a list of this bureau."""
    found = found_list(bureau, reader, digits)
    if found.sender != bureau.me:
        raise Misused("only its source changes a list; this one is another bureau's")
    return found


def keys_of(reach: Reach, keys: tuple[str, ...]) -> tuple[str, ...]:
    """Return the keys of an act about rows."""
    if (reach is Reach.LIST) is bool(keys):
        raise Misused("name the records with --key, or say --reach list for all of them; not both, and not neither")
    return tuple(sorted(set(keys)))


def say_next(  # noqa: PLR0913 - an act about a list has these parts
    bureau: Bureau, reader: Reader, listed: Glimpse, make: Callable[[int], Act], *, label: Label | None = None,
    lane: Lane = Lane.NORMAL, to: tuple[BureauId, ...] = (),
) -> Said:  # fmt: skip
    """Say the next act about a list of ours, to all who were told of the list; `make` gets its serial."""
    author = Author(officer=reader.officer, unit=reader.unit)
    recipients = to or tuple(party for party in listed.recipients if party != bureau.me)
    # The label of the list may have ended; withdrawing must be possible for ever, and says nothing of what is in it.
    carried = label if label is not None else Label(confidentiality=listed.label.confidentiality)

    def write(tx: Transaction) -> Said:
        state = bureau.past(tx).state(listed.id, Listed)
        serial = max((state.last if state is not None else 0) + 1, bureau.now())
        utterance = Utterance(
            act=make(serial), to=recipients or (bureau.me,), author=author, purpose=_purpose(listed), label=carried,
            subject=listed.id, lane=lane,
        )  # fmt: skip
        return told(bureau.utter(tx, utterance))

    return bureau.database.write(write)


def _purpose(listed: Glimpse) -> Purpose:
    return listed.purpose
