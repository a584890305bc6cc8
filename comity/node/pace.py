"""How much one reader may ask: a search is no act, so nobody else would notice that somebody tries out a register.

Authority: decision 0054, attack 30. Whoever wants to know whether a person is recorded, and does not know the birth
date, can try all; whoever wants the register can try all names. Both leave a pattern that a day's work does not: one
name with many dates, one date with many names, more searches in an hour than a person types. Above the first limit of a
row supervisors are shown it, above the second nothing is answered until it is below again. Both are in the journal.

Counted are digests under a secret of the keyring; what was asked rests nowhere. Searches for bulk and programs need
more: a supervisor grants an officer another pace, until a day, and that is journaled too. Who spells a name in twenty
ways is not noticed by names, but by dates and by number.
"""

from functools import partial
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace
from sqlalchemy import Row, and_, func, select

from comity.core.capability import Reader
from comity.core.errors import Refused
from comity.core.ids import Millis
from comity.core.ruling import Refusal
from comity.node.bureau import Bureau
from comity.node.database import Transaction
from comity.node.looks import GRANTED, HOUR, TALLY, Why, counted, digest_of, reader_id, write
from comity.node.looktables import look_paces, looks
from comity.node.query import Query

DAY = 24 * HOUR
"""Milliseconds."""


class Limit(NamedTuple):
    """Above the first, supervisors are shown it; above the second, nothing is answered."""

    alarm: int
    stop: int


SEARCHES = Limit(300, 600)
"""Searches of one officer in an hour; the line of a file counts a tenth. A border desk sees about 60 travellers an hour
and asks two or three things of each; ten a minute for a whole hour is no desk."""

DATES = Limit(8, 16)
"""Birth dates with one name in a day. Two calendars, day and month exchanged, a year to either side: seven readings of
one date; a month has thirty."""

NAMES = Limit(20, 40)
"""Names with one birth date in a day, for who asks no faster than `SEARCHES`. Of 600 travellers two or three share a
day, and each is asked for in a few spellings."""

RAPID, MANY_DATES, MANY_NAMES, STOPPED = "searches", "dates", "names", "stopped"
"""What an alarm is for, as the journal says it."""

_l, _p = looks.c, look_paces.c
_PACE = Query(lambda member, reader: select(_p.searches, _p.until).where(_p.member == member, _p.reader == reader))


_DATES = Query(
    lambda member, reader, since, name, born: select(func.count(_l.born.distinct()).label("others")).where(
        _l.member == member, _l.reader == reader, _l.name == name, _l.at > since, _l.born != born
    )
)
"""Other birth dates that were asked for with one name."""
_NAMES = Query(
    lambda member, reader, since, name, born: select(func.count(_l.name.distinct()).label("others")).where(
        _l.member == member, _l.reader == reader, _l.born == born, _l.at > since, _l.name != name
    )
)
"""Other names that were asked for with one birth date."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for, as far as limits go; counted and not kept."""

    name: str = ""
    """A name, or a number."""
    born: str = ""
    """A birth date; only a whole one is counted."""


def permit(bureau: Bureau, reader: Reader, asked: tuple[Asked, ...], *, law: str = "", case: str = "") -> Why:
    """Rule on searches before they are made; returns what the journal is to note of them.

    Raises:
        Refused: they are too many. That is noted, for supervisors to see.

    """
    one = asked[0] if len(asked) == 1 else Asked()
    why = Why(
        law=law, case=case, searches=len(asked),
        name=_digest(bureau, "name", _plain(one.name)), born=_digest(bureau, "born", _whole(one.born)),
    )  # fmt: skip
    with bureau.database.read() as tx:
        alarm, stop = _ruled(bureau, tx, reader, asked, why)
        again = stop and _stopped_lately(bureau, tx, reader)
    if not stop:
        return replace(why, alarm=alarm)
    if not again:
        stopped = Why(law=law, case=case, searches=len(asked), alarm=STOPPED)
        bureau.database.write(partial(write, bureau, reader, stopped, ()))
    raise Refused(Refusal("hits.pace", f"too many searches: {_WORDS[alarm]}; your supervisor sees it", "decision 0054"))


_WORDS = {
    RAPID: "more in an hour than this officer may make",
    MANY_DATES: "one name with more birth dates in a day than anybody needs",
    MANY_NAMES: "one birth date with more names in a day than anybody needs",
}


def grant(bureau: Bureau, granted_by: Reader, officer: str, searches: int, until: Millis) -> None:
    """Let an officer make so many searches in an hour, until a moment; journaled as what the granting officer did."""
    reader = reader_id(bureau, officer)
    line = {"member": bureau.member, "reader": reader, "searches": searches, "until": until}

    def work(tx: Transaction) -> None:
        tx.put(look_paces, [line])
        write(bureau, granted_by, Why(searches=searches, alarm=GRANTED), (), tx)

    bureau.database.write(work)


def _ruled(bureau: Bureau, tx: Transaction, reader: Reader, asked: tuple[Asked, ...], why: Why) -> tuple[str, bool]:
    """Return which limit is passed, if any, and whether it is the second one."""
    me, now = reader_id(bureau, reader.officer), bureau.now()
    granted = tx.one(_PACE, member=bureau.member, reader=me)
    allowed = int(granted.searches) if granted is not None and int(granted.until) > now else 0
    limit = Limit(allowed, allowed) if allowed > SEARCHES.stop else SEARCHES
    made = _made(bureau, tx, me, now) + counted(len(asked))
    dates, names = _spread(asked)
    if why.name is not None and why.born is not None:
        asks = {"member": bureau.member, "reader": me, "since": now - DAY, "name": why.name, "born": why.born}
        dates = max(dates, _count(tx.one(_DATES, **asks)) + 1)
        # Who may ask at the pace of a program meets every date often.
        names = max(names, _count(tx.one(_NAMES, **asks)) + 1)
    names = 0 if allowed > SEARCHES.stop else names
    found = ((RAPID, made, limit), (MANY_DATES, dates, DATES), (MANY_NAMES, names, NAMES))
    for what, count, row in found:
        if count > row.stop:
            return what, True
    return next((what for what, count, row in found if count > row.alarm), ""), False


def _made(bureau: Bureau, tx: Transaction, reader: bytes, now: Millis) -> int:
    """Return about how many searches a reader has made in the last hour: this one's, and a share of the one before."""
    hour, into = divmod(now, HOUR)
    counts = []
    for each in (hour, hour - 1):
        row = tx.one(TALLY, member=bureau.member, reader=reader, hour=each)
        counts.append(int(row.searches) if row is not None else 0)
    return counts[0] + counts[1] * (HOUR - into) // HOUR


def _count(row: Row[Any] | None) -> int:
    return int(row.others) if row is not None else 0


def _spread(asked: tuple[Asked, ...]) -> tuple[int, int]:
    """Return how many dates the name has that has most in a file, and how many names the date that has most."""
    dates: dict[str, set[str]] = {}
    names: dict[str, set[str]] = {}
    for each in asked:
        name, born = _plain(each.name), _whole(each.born)
        if name and born:
            dates.setdefault(name, set()).add(born)
            names.setdefault(born, set()).add(name)
    # A file of many persons has every date often: there, a date is unusual only beyond what chance brings.
    chance = len(asked) // _DAYS
    return max(map(len, dates.values()), default=0), max(0, max(map(len, names.values()), default=0) - chance)


_DAYS = 2_000
"""Birth dates among which travellers lie, at the least: a file of a million names has one date 500 times and more."""


def _stopped_lately(bureau: Bureau, tx: Transaction, reader: Reader) -> bool:
    me, since = reader_id(bureau, reader.officer), bureau.now() - HOUR // 60
    where = and_(_l.member == bureau.member, _l.alarm == STOPPED, _l.reader == me, _l.at > since)
    return tx.one(select(_l.number).where(where).limit(1)) is not None


def _plain(name: str) -> str:
    """Return a name as it is counted: its words in any order.

    >>> _plain("El Amrani,  Salma") == _plain("salma EL AMRANI")
    True
    """
    return " ".join(sorted(name.casefold().replace(",", " ").split()))


def _whole(born: str) -> str:
    """Return a birth date that is known to the day; the first of January stands for an unknown day.

    >>> [_whole(each) for each in ("1984", "1984-01-01", "1984-05-02")]
    ['', '', '1984-05-02']
    """
    return born if len(born) == len("1984-05-02") and not born.endswith("-01-01") else ""


def _digest(bureau: Bureau, what: str, text: str) -> bytes | None:
    return digest_of(bureau, what, text)[:8] if text else None
