"""Rules of the directory: a bureau tells of itself alone, and of its tellings the latest counts (decision 0036).

A bureau's first profile opens a subject, and what it tells later is about that one; it opens another when members have
come since, for nobody can fold what he never got. There is no veil: what was sent to a bureau is for all of its
officers, and it is sent to every member.
"""

import msgspec

from comity.capabilities.directory.acts import DAY_MINUTES, Duty, Hours, Profile
from comity.core.act import Said, kind_of
from comity.core.capability import Seen
from comity.core.ids import ActId, BureauId, Millis
from comity.core.keeping import Entered
from comity.core.ruling import ALLOWED, Refusal, Ruling

PROFILE, DUTY = kind_of(Profile), kind_of(Duty)


def may_tell(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule that a bureau tells of itself alone, and of duty only where its profile is known."""
    if not isinstance(said.act, Profile | Duty):
        return ALLOWED
    head = said.head
    if head.subject is None:
        if isinstance(said.act, Profile) and head.keeper == head.sender:
            return ALLOWED
        return Refusal(
            "directory.subject", "what is told of duty is about a profile of the same bureau", "decision 0036"
        )
    first = seen.act(head.subject)
    if first is None:
        return Refusal(
            "directory.unseen", "this bureau has not seen the profile that the act is about", "decision 0036"
        )
    if first.head.kind != PROFILE or first.head.subject is not None:
        return Refusal("directory.subject", "the act is about no first profile", "decision 0036")
    if first.head.sender != head.sender:
        return Refusal("directory.own", "a bureau tells of itself alone", "decision 0036")
    return ALLOWED


class Told(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one bureau tells of itself, by the acts that say it: the state holds nothing of their bodies."""

    bureau: BureauId
    profile: ActId
    profiled: Millis
    """The bureau's clock."""
    duty: ActId | None = None
    posted: Millis = Millis(0)


def fold(state: Told | None, entered: Entered) -> Told | None:
    """Take the latest profile and the latest word on duty; commutes, by the sender's clock and then the act's id."""
    said = entered.said
    head, act = said.head, said.id
    if state is None:
        return Told(bureau=head.sender, profile=act, profiled=head.said) if head.kind == PROFILE else None
    if head.sender != state.bureau:
        return state
    if head.kind == PROFILE and (head.said, act) > (state.profiled, state.profile):
        return msgspec.structs.replace(state, profile=act, profiled=head.said)
    if head.kind == DUTY and (head.said, act) > (state.posted, state.duty or b""):
        return msgspec.structs.replace(state, duty=act, posted=head.said)
    return state


def at_work(profile: Profile, weekday: int, minute: int, date: str) -> bool | None:
    """Tell whether the bureau works at a moment of its own clock; None where its profile does not say.

    >>> days = Hours(days=(1, 2, 3, 4, 5), begin=8 * 60, end=16 * 60)
    >>> oslo = Profile(languages=("no",), zone="Europe/Oslo", telephone="+47 2200 0000", hours=(days,))
    >>> at_work(oslo, 5, 9 * 60, "2026-11-27"), at_work(oslo, 6, 9 * 60, "2026-11-28")
    (True, False)
    """
    if not profile.hours:
        return None
    if date in profile.holidays:
        return False
    return any(weekday in spell.days and spell.begin <= minute < spell.end for spell in profile.hours)


def spelled(hours: Hours) -> str:
    """Return hours as people write them.

    >>> spelled(Hours(days=(1, 2, 3, 4, 5), begin=480, end=990))
    'mon-fri 08:00-16:30'
    """
    runs: list[list[int]] = []
    for day in hours.days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    days = ",".join(f"{DAYS[run[0] - 1]}-{DAYS[run[-1] - 1]}" if len(run) > 1 else DAYS[run[0] - 1] for run in runs)
    return f"{days} {_time(hours.begin)}-{_time(hours.end)}"


def hours_of(text: str) -> Hours:
    """Return the hours that a person wrote.

    >>> hours_of("mon-fri,sun 08:00-16:30")
    Hours(days=(1, 2, 3, 4, 5, 7), begin=480, end=990)

    Raises:
        ValueError: they are not in that form.

    """
    days, _, times = text.strip().lower().partition(" ")
    found: set[int] = set()
    for part in days.split(","):
        first, _, last = part.partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise ValueError("hours are written like: mon-fri 08:00-16:30")
        begin, end = DAYS.index(first) + 1, DAYS.index(last or first) + 1
        found.update(range(begin, end + 1) if begin <= end else [*range(begin, 8), *range(1, end + 1)])
    begin_, _, end_ = times.strip().partition("-")
    return Hours(days=tuple(sorted(found)), begin=_minutes(begin_), end=_minutes(end_))


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _minutes(text: str) -> int:
    hour, _, minute = text.partition(":")
    sound = len(hour) in {1, 2} and len(minute) == 2 and (hour + minute).isascii() and (hour + minute).isdecimal()  # noqa: PLR2004 - HH:MM
    if not sound or int(minute) >= 60 or int(hour) * 60 + int(minute) > DAY_MINUTES:  # noqa: PLR2004 - minutes
        raise ValueError("a time of day is written like 08:00, and 24:00 is the last one")
    return int(hour) * 60 + int(minute)
