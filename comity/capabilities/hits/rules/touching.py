"""When two records touch: by a number exactly, by a name only with its whole birth date and a high score (0054).

Nobody asked, so nine in ten must be right. Two persons of one name and one birth date are rare, but there are: what
touches is a reason to look, and is confirmed like any hit.
"""

from collections.abc import Iterable

import msgspec

from comity.capabilities.hits.tables import SURE, TOUCHES_FROM
from comity.core.rows import Findable


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """What two records have in common."""

    score: int
    """In thousandths."""
    codes: tuple[str, ...]


def touch(one: Findable, other: Findable, score: int, codes: Iterable[str]) -> Agreement | None:
    """Return what makes two records touch, None where nothing does; score and codes are of their names.

    >>> passport = Findable(what="travel-document", identifiers=(("document", "XX0000001"),))
    >>> touch(passport, Findable(what="nominal", identifiers=(("document", "XX0000001"),)), 0, ())
    Agreement(score=900, codes=('number.look-alike',))
    >>> touch(passport, Findable(what="vehicle", identifiers=(("vin", "XX0000001"),)), 0, ()) is None
    True
    """
    if set(one.identifiers) & set(other.identifiers):
        # Keys have look-alikes folded, so that it may be another number of the same look.
        return Agreement(score=SURE["number.look-alike"], codes=("number.look-alike",))
    if score >= TOUCHES_FROM and "born.same" in codes and set(one.born) & set(other.born):
        return Agreement(score=score, codes=tuple(sorted(set(codes))))
    return None
