"""Law of membership as data: what each measure needs to be valid (decision 0027).

RPD 131 was not seen in full (GK-text): that suspension is a measure, and that over three months it needs the Executive
Committee, is known of it; correct the row when the text is. An end date and the deciding body for every graduated
measure are what an open system asks for, whatever the organisation.
"""

from typing import NamedTuple

from comity.capabilities.membership.acts import Body
from comity.core.ids import Millis
from comity.core.registry import Standing

DAY = 86_400_000
"""Milliseconds."""

THREE_MONTHS = Millis(92 * DAY)
"""The longest three months that follow each other in a calendar have 92 days; a longer time is more in any reading."""


class Needs(NamedTuple):
    """What a measure must say, and who may decide it."""

    article: str
    """Authority of this row."""
    cited: bool = False
    """The measure names the article that it rests on."""
    ends: bool = False
    """It has an end date."""
    told: bool = False
    """The bureau concerned is among the recipients: it can appeal only against what it was told."""
    longest: Millis | None = None
    """For longer, `beyond` decides."""
    beyond: frozenset[Body] = frozenset(Body)


NEEDS: dict[Standing, Needs] = {
    Standing.MEMBER: Needs("C 4"),
    Standing.RESTRICTED: Needs("RPD 131 (GK-text)", cited=True, ends=True, told=True),
    Standing.SUSPENDED: Needs(
        "RPD 131 (GK-text)",
        cited=True,
        ends=True,
        told=True,
        longest=THREE_MONTHS,
        beyond=frozenset({Body.COMMITTEE, Body.ASSEMBLY}),
    ),
    # An ejected bureau can no longer be told anything through the exchange; it is told on paper.
    Standing.EJECTED: Needs("decision 0027", cited=True),
}
"""One row for each standing."""
