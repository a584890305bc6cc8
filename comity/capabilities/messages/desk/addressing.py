"""Addressing: a bureau, a region, a saved list; who is meant is known before anything is sent (decision 0037).

Regions and lists are ways of naming and stay in the house: an act names its recipients one by one, as always.
"""

from typing import Annotated

import msgspec

from comity.capabilities.messages.acts import SavedList
from comity.capabilities.messages.desk.parts import Sent, To, made, say
from comity.capabilities.messages.tables import REGIONS
from comity.core.act import MAX_RECIPIENTS, kind_of
from comity.core.capability import Reader
from comity.core.desk import about
from comity.core.errors import Malformed, Misused
from comity.core.handling import Purpose
from comity.core.ids import ActId, BureauId, Millis, bureau_id
from comity.core.registry import Role
from comity.core.ruling import Refusal
from comity.node.bureau import Bureau
from comity.node.view import MOST, View, Wanted

ListName = Annotated[str, about("the list's name: small letters, digits and hyphens", positional=True)]


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """A bureau that a region or list names and that can be told nothing at the moment."""

    bureau: BureauId
    code: str
    reason: str


class Meant(msgspec.Struct, frozen=True, kw_only=True):
    """Who is meant by recipients, regions and lists."""

    to: tuple[BureauId, ...]
    """Sorted, each once; never this bureau."""
    left_out: tuple[LeftOut, ...] = ()


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A saved list."""

    name: str
    members: tuple[BureauId, ...]
    saved: Millis
    by: str
    """The officer's pseudonym."""
    act: ActId


def whom(bureau: Bureau, reader: Reader, to: To) -> Meant:
    """Show whom regions and lists mean at the moment, and who is left out. Nothing is sent.

    Example: comity whom --to region:northern-europe --to list:baltic-ports
    """
    return _meant(bureau, reader, to)


def save_list(bureau: Bureau, reader: Reader, name: ListName, to: To) -> Sent:
    """Save recipients under a name, for this bureau alone; the same name again replaces them.

    Regions and lists are written out at once: who joins one later is not in it.

    Example: comity save-list baltic-ports --to ee --to lv --to lt
    """
    members = _meant(bureau, reader, to, everybody=True).to
    _known(bureau, members)
    return _keep(bureau, reader, made(SavedList, name=name, members=members))


def show_list(bureau: Bureau, reader: Reader, name: ListName) -> Named:
    """Show who is on a saved list, and who saved it when.

    Example: comity show-list baltic-ports
    """
    return _named(bureau, reader, name)


def lists(bureau: Bureau, reader: Reader) -> tuple[Named, ...]:
    """Show the saved lists of this bureau, by name.

    Example: comity lists
    """
    saved = _saved(bureau, reader)
    return tuple(saved[name] for name in sorted(saved))


def delete_list(bureau: Bureau, reader: Reader, name: ListName) -> Sent:
    """End a saved list; that there was one stays in the log.

    Example: comity delete-list baltic-ports
    """
    return _keep(bureau, reader, SavedList(name=_named(bureau, reader, name).name))


def addressed(
    bureau: Bureau, reader: Reader, to: tuple[str, ...], reach: int | None, *, most: int = MAX_RECIPIENTS
) -> tuple[BureauId, ...]:
    """Return the recipients one by one, once whoever names a region or a list has said how many that makes."""
    meant = _meant(bureau, reader, to)
    count, named = len(meant.to), any(":" in each for each in to)
    goes = f"this goes to {count} bureau{'s' if count > 1 else ''}"
    left = f" (left out: {', '.join(each.bureau for each in meant.left_out)})" if meant.left_out else ""
    if not count:
        raise Misused(f"this reaches nobody{left}; a message has at least one recipient, see: comity directory bureaus")
    if count > most:
        raise Misused(f"{goes}, and {most} are the most that one such message may have")
    if reach != count and (named or reach is not None):
        who = f"{', '.join(meant.to)}{left}"
        raise Misused(f"{goes}: {who}; if that is meant, say --reach {count}")
    return meant.to


def _meant(bureau: Bureau, reader: Reader, to: tuple[str, ...], *, everybody: bool = False) -> Meant:
    """Return who is meant; `everybody` counts those too who can be told nothing at the moment."""
    registry, now = bureau.registry(), bureau.now()
    plain, grouped = set[BureauId](), set[BureauId]()
    for text in to:
        sort, colon, name = text.strip().lower().partition(":")
        if not colon:
            plain.add(_bureau(bureau, sort))
        elif sort == "region":
            grouped |= _region(bureau, name)
        elif sort == "list":
            grouped |= set(_named(bureau, reader, name).members)
        else:
            raise Misused(
                "a recipient is a bureau like no, a region like region:europe, or a list like list:neighbours"
            )
    left = []
    for each in sorted(grouped - plain):
        ruling = registry.may_act(each, "messages", now)
        if isinstance(ruling, Refusal) and not everybody:
            left.append(LeftOut(bureau=each, code=ruling.code, reason=ruling.reason))
    reached = plain | grouped - {each.bureau for each in left}
    return Meant(to=tuple(sorted(reached - {bureau.me})), left_out=tuple(left))


def _bureau(bureau: Bureau, text: str) -> BureauId:
    try:
        found = bureau_id(text)
    except Malformed as problem:
        raise Misused(f"--to: {problem}") from None
    if found == bureau.me:
        raise Misused(f"{found} is this bureau; a message goes to others")
    return found


def _region(bureau: Bureau, name: str) -> set[BureauId]:
    countries = REGIONS.get(name)
    if countries is None:
        raise Misused(f"there is no such region; known are: {', '.join(sorted(REGIONS))}")
    parties = bureau.registry().accreditations.values()
    # A bureau is named by its country; others are no part of any region.
    return {each.bureau for each in parties if each.role is Role.BUREAU and each.bureau.upper() in countries}


def _known(bureau: Bureau, members: tuple[BureauId, ...]) -> None:
    if not members:
        raise Misused("a list needs somebody on it; to end one use: comity delete-list")
    strangers = [each for each in members if each not in bureau.registry().accreditations]
    if strangers:
        raise Misused(f"the registry knows no {', '.join(strangers)}; look at: comity directory bureaus")


def _keep(bureau: Bureau, reader: Reader, act: SavedList) -> Sent:
    return say(bureau, reader, act, (bureau.me,), purpose=Purpose.ADMINISTRATION)


def _named(bureau: Bureau, reader: Reader, name: str) -> Named:
    saved = _saved(bureau, reader)
    found = saved.get(name.strip().lower())
    if found is None:
        known = f"saved are: {', '.join(sorted(saved))}" if saved else "none is saved yet, see: comity save-list"
        raise Misused(f"there is no such list; {known}")
    return found


def _saved(bureau: Bureau, reader: Reader) -> dict[str, Named]:
    """Return the lists by name: the last act of a name counts, and an empty one ends it."""
    view, found, before = View(bureau, reader), dict[str, Named](), None
    wanted = Wanted(kinds=(kind_of(SavedList),), sender=bureau.me)
    while True:
        page = view.acts(wanted, limit=MOST, before=before)
        for each in page.items:
            if isinstance(each.act, SavedList) and each.act.name not in found:
                by = each.author.officer if each.author is not None else ""
                found[each.act.name] = Named(
                    name=each.act.name, members=each.act.members, saved=each.said, by=by, act=each.id
                )
        if page.older is None:
            return {name: each for name, each in found.items() if each.members}
        before = page.older
