"""Limits of lists of keys as data, and who may ask (decision 0053).

No law that we know gives numbers for private lookups; RPD 10 (purposes) and 63 (GK-text: searching only as far as it is
needed) give the reason. So each row says what it is measured by.
"""

from comity.core.capability import OfficerRole
from comity.core.ids import Span

DAY = 86_400_000
"""Milliseconds."""

LONGEST_EPOCH = Span(92 * DAY)
"""A quarter of a year: what somebody who breaks into a node can undo by its keys ends there."""

MOST_IN_EPOCH = 200_000
"""Keys that one bureau may ask of one list in an epoch. The 10^6 plates or phone numbers of a small series cannot be
gone through within it; nor within five of them."""

LATE = Span(DAY)
"""How old a question may be when it arrives. Days are counted by the asker's clock, which is a claim: without this,
the allowance of all past days could be used at once."""

MOST_ASKED, DAILY = 200, 10
"""What `open` takes if nothing is said: 2,000 keys a day, 60,000 in thirty days."""

ASKS = frozenset({OfficerRole.OFFICER, OfficerRole.SUPERVISOR})
"""Who asks and reads answers; who looks after the house does neither."""

WATCHES = frozenset({OfficerRole.SUPERVISOR, OfficerRole.AUDITOR, OfficerRole.OFFICER})
"""Who sees alarms at the source."""
