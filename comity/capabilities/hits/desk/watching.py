"""Who looked: the source sees that its records were looked at, supervisors see their own house (decision 0054)."""

from typing import Annotated

import msgspec

from comity.capabilities.hits.acts import Looked
from comity.capabilities.hits.desk.parts import Key, OfList, overseer
from comity.capabilities.hits.tables import ALARMED, GRANTS, OVERSEES
from comity.core.capability import Reader
from comity.core.desk import about
from comity.core.errors import Misused
from comity.core.handling import Purpose
from comity.core.ids import ActId, BureauId, Millis
from comity.node import looks as journals
from comity.node import officers, pace
from comity.node.bureau import Bureau
from comity.node.looks import How, LookProof, Noted
from comity.node.view import MOST, View, Wanted

LOOKED = "hits.looked/1"


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """That another bureau looked at one of our records."""

    bureau: BureauId
    purpose: Purpose
    since: Millis
    until: Millis
    found: int
    """How often searches found it."""
    opened: int
    """How often it was opened by its key."""


class LookLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of our own journal of looks."""

    number: int
    place: int
    at: Millis
    officer: str
    unit: str
    how: How
    purpose: Purpose
    law: str
    case: str
    searches: int
    alarm: str
    list: str
    key: str
    bound: ActId | None
    """The act in our log that binds it; None in its first second."""


class Proven(msgspec.Struct, frozen=True, kw_only=True):
    """A look and its proof, for whoever is to check it (RFC 6962)."""

    line: LookLine
    leaf: bytes
    index: int
    size: int
    path: tuple[bytes, ...]
    act: ActId
    """That says the root; it has a leaf of its own in our log: comity prove."""
    head: bytes
    body: bytes
    salt: bytes


def looks(bureau: Bureau, reader: Reader, which: OfList, key: Key) -> tuple[Watched, ...]:
    """Show which bureaus looked at a record of ours, how often and what for, the newest first.

    They tell it by themselves, at most once a minute; by whom and what was asked, nobody is told.

    Example: comity hits looks 3fa2 2026-17
    """
    view = View(bureau, reader)
    listed = view.find(which)
    if listed.sender != bureau.me or not listed.kind.startswith("records.record-list/"):
        raise Misused("looks are told to the source of a list; this is none of ours")
    found, before = [], None
    while True:
        page = view.acts(Wanted(kinds=(LOOKED,), subject=listed.id), limit=MOST, before=before)
        for each in page.items:
            for look in each.act.looks if isinstance(each.act, Looked) else ():
                if look.key == key and isinstance(each.act, Looked):
                    watched = Watched(
                        bureau=each.sender, purpose=each.purpose, since=each.act.since, until=each.act.until,
                        found=look.found, opened=look.opened,
                    )  # fmt: skip
                    found.append(watched)
        if page.older is None:
            return tuple(found)
        before = page.older


def journal(
    bureau: Bureau, reader: Reader,
    limit: Annotated[int, about("lines, at most")] = 100,
    before: Annotated[int | None, about("only lines before this number")] = None,
) -> tuple[LookLine, ...]:  # fmt: skip
    """Show who of this house searched and opened which records, the newest first; for supervisors and auditors.

    Example: comity hits journal --limit 20
    """
    overseer(reader, OVERSEES)
    _few(limit)
    return tuple(map(_line, journals.journal(bureau, before=before, limit=limit)))


def alarms(
    bureau: Bureau, reader: Reader,
    limit: Annotated[int, about("lines, at most")] = 100,
) -> tuple[LookLine, ...]:  # fmt: skip
    """Show who searched more than a desk needs: many dates with one name, many names with one date, too many an hour.

    Example: comity hits alarms
    """
    overseer(reader, ALARMED)
    _few(limit)
    return tuple(_line(each) for each in journals.journal(bureau, alarming=True, limit=limit) if each.place == 0)


def allow(
    bureau: Bureau, reader: Reader,
    who: Annotated[str, about("the officer, by pseudonym", positional=True)],
    searches: Annotated[int, about("searches in an hour")],
    until: Annotated[Millis, about("until when")],
) -> LookLine:  # fmt: skip
    """Let an officer, or a program that acts for one, search faster than a desk does; for supervisors.

    Example: comity hits allow o-7 --searches 100000 --until 2026-12-31
    """
    overseer(reader, GRANTS)
    officers.reader(bureau, who, reader.purpose)
    if who == reader.officer:
        raise Misused("another supervisor grants you a pace")
    if not 1 <= searches <= MOST_SEARCHES or until <= bureau.now():
        raise Misused(f"a pace has 1 to {MOST_SEARCHES:,} searches in an hour, until a day to come")
    pace.grant(bureau, reader, who, searches, until)
    return _line(journals.journal(bureau, alarming=True, limit=1)[0])


MOST_SEARCHES = 10_000_000
"""In an hour: some 2,800 a second, more than one node answers."""


def look_proof(
    bureau: Bureau, reader: Reader,
    number: Annotated[int, about("the line of the journal", positional=True)],
    place: Annotated[int, about("the look in it; 0 is the search or the opening itself")] = 0,
) -> Proven:  # fmt: skip
    """Prove one look against the root in our log, without showing any other; for supervisors and auditors.

    Example: comity hits look-proof 41 --place 1
    """
    overseer(reader, OVERSEES)
    proof = journals.prove(bureau, number, place)
    return _proven(number, place, proof)


def _few(limit: int) -> None:
    if not 1 <= limit <= MOST:
        raise Misused(f"a page holds 1 to {MOST}, not {limit}")


def _line(noted: Noted) -> LookLine:
    look = noted.look
    return LookLine(
        number=noted.number, place=noted.place, at=look.at, officer=look.officer, unit=look.unit, how=look.how,
        purpose=look.purpose, law=look.law, case=look.case, searches=look.searches, alarm=look.alarm,
        list=look.list.hex(), key=look.key, bound=noted.bound,
    )  # fmt: skip


def _proven(number: int, place: int, proof: LookProof) -> Proven:
    line = _line(Noted(number=number, place=place, look=proof.look, bound=proof.act))
    way = proof.inclusion
    return Proven(
        line=line, leaf=proof.leaf, index=way.index, size=way.size, path=way.path, act=proof.act, head=proof.head,
        body=proof.body, salt=proof.salt,
    )  # fmt: skip
