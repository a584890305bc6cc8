"""Law of records as data: how long each kind rests, when its source is asked again, who may read it (decision 0050).

Retention: RPD 49 and 50 as summarised in what the organisation publishes (ngm.com.au/interpol-data-retention): nominal
data five years, DNA and prints five where the person is known and fifteen where not, set by the Executive Committee or
shorter by the source; travel documents ten years unless the source says less (ICAO Facilitation Panel paper on SLTD).
The other rows were not found in a text that could be read and are marked GK: correct a row when the text is.
"""

import calendar
import datetime as dt
from typing import NamedTuple

from comity.capabilities.records.acts import RecordKind
from comity.core.capability import OfficerRole
from comity.core.handling import Confidentiality
from comity.core.ids import Millis

DAY = 86_400_000
"""Milliseconds."""

ASKED_BEFORE = 183 * DAY
"""Six months before the end the source is asked whether it keeps the record: RPD 50 (GK-text), milliseconds."""


class Kept(NamedTuple):
    """How long records of a kind rest at most."""

    months: int
    article: str


RETENTION: dict[RecordKind, Kept] = {
    RecordKind.NOMINAL: Kept(60, "RPD 49"),
    RecordKind.TRAVEL_DOCUMENT: Kept(120, "SLTD: review date, 10 years by default"),
    RecordKind.IDENTITY_DOCUMENT: Kept(120, "as SLTD (GK)"),
    RecordKind.VEHICLE: Kept(120, "RPD 49 (GK)"),
    RecordKind.VESSEL: Kept(120, "RPD 49 (GK)"),
    RecordKind.AIRCRAFT: Kept(120, "RPD 49 (GK)"),
    RecordKind.FIREARM: Kept(360, "as ballistic data, 30 years (GK for the weapon itself)"),
    RecordKind.DEVICE: Kept(60, "RPD 49 (GK)"),
    RecordKind.ART: Kept(1188, "as long as it is sought; 99 years as the longest row of the table (GK)"),
    RecordKind.MONEY: Kept(60, "RPD 49 (GK)"),
    RecordKind.BIOMETRIC: Kept(180, "prints and DNA: 5 years known, 15 unknown"),
}
"""One row for each kind."""

LOOKS_AFTER = frozenset({OfficerRole.AUDITOR, OfficerRole.ENGINEER})
"""Roles that look after the house and see no record."""

OPEN_TO: dict[Confidentiality, frozenset[OfficerRole]] = {
    Confidentiality.OFFICIAL: frozenset(OfficerRole) - LOOKS_AFTER,
    Confidentiality.RESTRICTED: frozenset({OfficerRole.SUPERVISOR, OfficerRole.RIGHTS}),
    Confidentiality.CONFIDENTIAL: frozenset({OfficerRole.SUPERVISOR}),
}
"""Who reads a record whole: RPD 112 (GK-text) names the levels, who is behind them is decided here."""

TOLD_OF: dict[Confidentiality, frozenset[OfficerRole]] = {
    Confidentiality.OFFICIAL: frozenset(),
    Confidentiality.RESTRICTED: frozenset({OfficerRole.OFFICER, OfficerRole.DELEGATE}),
    Confidentiality.CONFIDENTIAL: frozenset(),
}
"""Who else learns that there is one, and of which source, so that they can ask it."""


_EPOCH = dt.date(1970, 1, 1).toordinal()


def months_after(moment: Millis, months: int) -> Millis:
    """Return midnight UTC of the same day so many months later, or of the last day of a month that has no such day.

    A moment that no calendar has gives itself: then nothing may rest at all.

    >>> start = Millis((dt.date(2026, 8, 31).toordinal() - _EPOCH) * DAY + 5)
    >>> dt.date.fromordinal(months_after(start, 6) // DAY + _EPOCH).isoformat()
    '2027-02-28'
    """
    try:
        day = dt.date.fromordinal(moment // DAY + _EPOCH)
        years, month = divmod(day.month - 1 + months, 12)
        year = day.year + years
        last = calendar.monthrange(year, month + 1)[1]
        return Millis((dt.date(year, month + 1, min(day.day, last)).toordinal() - _EPOCH) * DAY)
    except (ValueError, OverflowError):
        return moment
