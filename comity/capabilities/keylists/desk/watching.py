"""What is seen of lists of keys: which there are, who asked how much, and who asked more than was allowed."""

from collections import Counter
from typing import Annotated

import msgspec

from comity.capabilities.keylists.acts import KeyKind, KeyList, Question
from comity.capabilities.keylists.desk.parts import state_of
from comity.capabilities.keylists.rules import Asked, Keylist
from comity.capabilities.keylists.tables import DAY, WATCHES
from comity.core.act import kind_of
from comity.core.capability import Reader
from comity.core.desk import about
from comity.core.errors import Misused
from comity.core.ids import ActId, BureauId, Millis
from comity.node.bureau import Bureau
from comity.node.view import Glimpse, Ruled, View, Wanted

LIST, QUESTION = kind_of(KeyList), kind_of(Question)

MOST = 500
"""Lists that are shown, and refused questions of one page."""

PAGES = 20
"""Pages of refused questions that are counted: ten thousand, after which the number says enough."""


class Shelved(msgspec.Struct, frozen=True, kw_only=True):
    """A list as it stands here."""

    id: ActId
    source: BureauId
    of: KeyKind | None
    name: str
    size: int
    """At most so many keys."""
    most: int
    """Keys of one question at most."""
    daily: int
    """Questions of one bureau on one day at most."""
    epoch: int
    until: Millis
    over: bool
    askers: tuple[BureauId, ...]
    filled: tuple[BureauId, ...]
    """Askers that were handed the set; elsewhere this bureau, once all of it has come."""
    questions: int
    """Asked so far, as far as this bureau knows."""
    waiting: int
    """Of these without an answer."""


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """A bureau that asked more on one day than a list of ours allows, or what it must not."""

    list: ActId | None
    bureau: BureauId
    day: Millis
    """The day's beginning, UTC, by the asker's clock."""
    code: str
    """Why its questions were refused; ``keylists.spent`` where the day's allowance is used up and no more."""
    refused: int
    """Questions that were refused for it."""
    questions: int
    """Questions of that day that were accepted."""
    keys: int
    """Keys in them."""


def lists(
    bureau: Bureau, reader: Reader,
    source: Annotated[BureauId | None, about("only lists of this bureau")] = None,
) -> tuple[Shelved, ...]:  # fmt: skip
    """Show the lists of keys that this bureau has opened or may ask.

    Example: comity keylists lists --source ma
    """
    page = View(bureau, reader).acts(Wanted(kinds=(LIST,), sender=source), limit=MOST)
    found = ((each, state_of(bureau, each.id)) for each in page.items)
    return tuple(_shelved(bureau, opened, state) for opened, state in found if state is not None)


def alarms(bureau: Bureau, reader: Reader) -> tuple[Alarm, ...]:
    """Show who asked our lists of keys more than they allow, the latest day first: somebody may be going through them.

    Example: comity keylists alarms
    """
    if reader.role not in WATCHES:
        raise Misused("alarms of lists of keys are for officers, supervisors and auditors; you are none of these")
    view = View(bureau, reader)
    states = {each.id: state_of(bureau, each.id) for each in view.acts(Wanted(kinds=(LIST,), sender=bureau.me)).items}
    refused = Counter((each.subject, each.sender, each.said // DAY, each.code) for each in _refused(bureau, view))
    found = [
        _alarm(states.get(listed) if listed else None, listed, (bureau_, day), code, count)
        for (listed, bureau_, day, code), count in refused.items()
    ]
    for listed, state in states.items():
        for each in state.asked if state is not None else ():
            spent = state is not None and each.questions >= state.daily
            if spent and (listed, each.bureau, each.day, "keylists.rate") not in refused:
                found.append(_alarm(state, listed, (each.bureau, each.day), "keylists.spent", 0))
    return tuple(sorted(found, key=lambda each: (-each.day, each.bureau, each.code, each.list or b"")))


def _refused(bureau: Bureau, view: View) -> list[Glimpse]:
    found: list[Glimpse] = []
    before: int | None = None
    for _ in range(PAGES):
        page = view.acts(Wanted(kinds=(QUESTION,), ruled=Ruled.REFUSED), limit=MOST, before=before)
        found += [each for each in page.items if each.sender != bureau.me]
        before = page.older
        if before is None:
            break
    return found


def _alarm(
    state: Keylist | None, listed: ActId | None, whose: tuple[BureauId, int], code: str, refused: int
) -> Alarm:  # fmt: skip
    bureau, day = whose
    none = Asked(bureau=bureau, day=day, questions=0, keys=0)
    asked = state.on(bureau, day) if state is not None else none
    return Alarm(
        list=listed, bureau=bureau, day=Millis(day * DAY), code=code, refused=refused, questions=asked.questions,
        keys=asked.keys,
    )  # fmt: skip


def _shelved(bureau: Bureau, opened: Glimpse, state: Keylist) -> Shelved:
    return Shelved(
        id=opened.id, source=state.source, of=state.of, name=state.name, size=state.size, most=state.most,
        daily=state.daily, epoch=state.epoch, until=state.until, over=bool(state.ended) or bureau.now() >= state.until,
        askers=state.askers, filled=tuple(asker for asker in state.askers if state.filled(asker) is not None),
        questions=sum(each.questions for each in state.asked), waiting=len(state.waiting),
    )  # fmt: skip
