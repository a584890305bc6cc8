"""What an officer does with the directory: publish the bureau's profile, go on and off duty, look others up.

A desk builds the act and hands it to the bureau (decision 0036). What is read comes through `node/view.py`; when a
peer was last heard of, and how its clock stands, from `node/contact.py`.
"""

import datetime as dt
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec.structs import replace

from comity.capabilities.directory.acts import Duty, Function, Profile
from comity.capabilities.directory.rules import DUTY, PROFILE, Told, at_work, hours_of, spelled
from comity.core.act import Act
from comity.core.capability import Reader
from comity.core.desk import about, made
from comity.core.errors import Misused
from comity.core.handling import Purpose
from comity.core.ids import ActId, BureauId, Millis, Span
from comity.core.registry import Role, Standing
from comity.core.ruling import Refusal
from comity.node.bureau import Bureau
from comity.node.contact import Clock, Contact, contacts
from comity.node.view import MOST, Peer, View

T = TypeVar("T", bound=msgspec.Struct)

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

OPEN = (PROFILE, DUTY)
"""Kinds that every officer may see, so that their times tell nobody of anything hidden."""

Languages = Annotated[tuple[str, ...], about("a language that is read and spoken, for example fr; repeat it")]
Telephone = Annotated[str, about('in international form, for example "+47 2200 0000"')]


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an act that was said."""

    id: ActId
    kind: str
    to: tuple[BureauId, ...]
    said: Millis
    leaf: int
    """Index of its leaf in our log."""


class OnDuty(msgspec.Struct, frozen=True, kw_only=True):
    """Who is on duty at a bureau now."""

    unit: str
    name: str
    """A pseudonym, or the name of an office."""
    languages: tuple[str, ...]
    telephone: str
    until: Millis


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One party of the organisation, as a line of the directory."""

    bureau: BureauId
    name: str
    role: Role
    standing: Standing
    languages: tuple[str, ...]
    telephone: str
    local: str
    """The time there now, ISO 8601 to the minute with its offset; empty where its zone is not known."""
    at_work: bool | None
    """Whether it is within its working hours; None where it does not say."""
    duty: OnDuty | None
    """None where nobody is on duty, or it does not say."""
    seen: Millis | None
    """When anything of it last arrived here."""
    clock: Clock


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """All that the directory knows of one party."""

    listed: Listed
    zone: str
    hours: tuple[str, ...]
    functions: tuple[Function, ...]
    holidays: tuple[str, ...]
    published: Millis | None
    """When its profile was said, by its own clock; None where it has published none."""
    lag: Span | None
    """Our clock less its own at the fastest of its last acts, milliseconds; a slow road counts in."""


def publish(  # noqa: PLR0913, PLR0917 - a profile has these parts
    bureau: Bureau, reader: Reader, language: Languages, telephone: Telephone,
    zone: Annotated[str, about("time zone, for example Europe/Oslo")],
    hours: Annotated[tuple[str, ...], about("working hours, for example 'mon-fri 08:00-16:30'; repeat it")] = (),
    function: Annotated[
        tuple[str, ...], about("an office, for example 'Vehicles: +47 2200 0001, vehicles@example.org'; repeat it")
    ] = (),
    holiday: Annotated[tuple[str, ...], about("a day on which it is closed, for example 2026-12-25; repeat it")] = (),
) -> Posted:  # fmt: skip
    """Publish this bureau's working profile to every member; the latest counts.

    Offices and functions, never the names of persons.

    Example: comity directory publish --language no --language en --telephone "+47 2200 0000" --zone Europe/Oslo
    --hours "mon-fri 08:00-16:00" --function "Vehicles: +47 2200 0001" --holiday 2026-12-25
    """
    if _zone(zone) is None:
        raise Misused("this time zone is not known here; zones are named like Europe/Oslo")
    profile = made(
        Profile, languages=language, zone=zone, telephone=telephone,
        hours=tuple(made(hours_of, text=each) for each in hours),
        functions=tuple(_function(each) for each in function), holidays=tuple(sorted(set(holiday))),
    )  # fmt: skip
    held = _own(bureau, reader)
    return _say(bureau, reader, profile, None if held is None or _strangers(bureau, reader, held[0]) else held[0])


def on_duty(  # noqa: PLR0913, PLR0917 - a word on duty has these parts
    bureau: Bureau, reader: Reader, until: Annotated[Millis, about("when the duty ends")],
    name: Annotated[str, about("a pseudonym or the name of an office, no person's name; by default yours")] = "",
    unit: Annotated[str, about("the unit; by default yours")] = "",
    language: Languages = (),
    telephone: Annotated[str, about("where to call; by default the number of the profile")] = "",
) -> Posted:  # fmt: skip
    """Tell every member that you are on duty until a moment; whoever was on duty before is relieved.

    Example: comity directory on-duty --until 2026-11-30T06:00 --name "Duty desk" --language en --language fr
    """
    if until <= bureau.now():
        raise Misused("a duty ends after now; to end it use: comity directory off-duty")
    duty = made(
        Duty,
        unit=unit or reader.unit,
        name=name or reader.officer,
        languages=language,
        telephone=telephone,
        until=until,
    )
    return _say(bureau, reader, duty, _subject(bureau, reader))


def off_duty(bureau: Bureau, reader: Reader) -> Posted:
    """Tell every member that nobody is on duty any more.

    Example: comity directory off-duty
    """
    duty = made(Duty, unit=reader.unit, name=reader.officer, until=bureau.now())
    return _say(bureau, reader, duty, _subject(bureau, reader))


def bureaus(bureau: Bureau, reader: Reader) -> tuple[Listed, ...]:
    """List all parties of the organisation: standing, languages, time there, who is on duty, when last heard of.

    Example: comity directory bureaus
    """
    view, lines = View(bureau, reader), contacts(bureau, OPEN)
    told = _told(view)
    return tuple(_listed(bureau, view, peer, told.get(peer.bureau), lines) for peer in view.peers())


def bureau(
    bureau: Bureau, reader: Reader, which: Annotated[BureauId, about("the bureau, for example no", positional=True)]
) -> Card:
    """Show one bureau: its profile, functions, hours and holidays, who is on duty, how its clock stands.

    Example: comity directory bureau no
    """
    view, lines = View(bureau, reader), contacts(bureau, OPEN)
    peer = next((each for each in view.peers() if each.bureau == which), None)
    if peer is None:
        raise Misused("the registry knows no party of this name; look at: comity directory bureaus")
    told = _told(view).get(which)
    profile = None if told is None else _act(view, told.profile, Profile)
    return Card(
        listed=_listed(bureau, view, peer, told, lines),
        zone=profile.zone if profile else "",
        hours=tuple(map(spelled, profile.hours)) if profile else (),
        functions=profile.functions if profile else (),
        holidays=profile.holidays if profile else (),
        published=told.profiled if told is not None and profile is not None else None,
        lag=lines.get(which, Contact()).lag,
    )


DESK = (publish, on_duty, off_duty, bureaus, bureau)


# Saying.


def _say(bureau: Bureau, reader: Reader, act: Act, subject: ActId | None) -> Posted:
    to = _members(bureau)
    if not to:
        raise Misused("there is no other member yet to tell")
    kept = bureau.say(act, to, reader=reader, subject=subject, purpose=Purpose.ADMINISTRATION)
    return Posted(id=kept.id, kind=kept.head.kind, to=kept.head.to, said=kept.head.said, leaf=kept.leaf)


def _members(bureau: Bureau) -> tuple[BureauId, ...]:
    """Return all others that can be told something of the directory."""
    registry, now = bureau.registry(), bureau.now()
    every = (party for party in registry.accreditations if party != bureau.me)
    return tuple(sorted(p for p in every if not isinstance(registry.may_act(p, "directory", now), Refusal)))


def _own(bureau: Bureau, reader: Reader) -> tuple[ActId, Told] | None:
    """Return what this bureau has told, by the newest subject that it opened."""
    for subject in View(bureau, reader).states(Told, limit=MOST).items:
        if subject.state.bureau == bureau.me:
            return subject.opened.id, subject.state
    return None


def _strangers(bureau: Bureau, reader: Reader, subject: ActId) -> bool:
    """Tell whether members have come since a subject was opened, who therefore cannot know it."""
    opened = View(bureau, reader).act(subject)
    return opened is None or not {*_members(bureau)} <= {*opened.recipients}


def _subject(bureau: Bureau, reader: Reader) -> ActId:
    """Return the subject of a word on duty; where members have come since, they get the profile first.

    Raises:
        Misused: this bureau has published no profile.

    """
    held = _own(bureau, reader)
    profile = None if held is None else _act(View(bureau, reader), held[1].profile, Profile)
    if held is None or profile is None:
        raise Misused("others must know the bureau's profile first: comity directory publish")
    return _say(bureau, reader, profile, None).id if _strangers(bureau, reader, held[0]) else held[0]


def _function(text: str) -> Function:
    name, _, rest = text.partition(":")
    parts = [part.strip() for part in rest.split(",") if part.strip()]
    numbers, mails = [each for each in parts if "@" not in each], [each for each in parts if "@" in each]
    if not name.strip() or len(numbers) > 1 or len(mails) > 1:
        raise Misused("a function is written like: Vehicles: +47 2200 0001, vehicles@example.org")
    return made(Function, name=name.strip(), telephone="".join(numbers), mail="".join(mails))


# Reading.


def _told(view: View) -> dict[BureauId, Told]:
    """Return what each bureau told last, of all subjects that it opened."""
    found: dict[BureauId, Told] = {}
    before: int | None = None
    while True:
        page = view.states(Told, limit=MOST, before=before)
        for subject in page.items:
            state = subject.state
            held = found.get(state.bureau, state)
            newer = state if (state.profiled, state.profile) > (held.profiled, held.profile) else held
            posted = max(held, state, key=lambda each: (each.posted, each.duty or b""))
            found[state.bureau] = replace(newer, duty=posted.duty, posted=posted.posted)
        if page.older is None:
            return found
        before = page.older


def _act(view: View, act: ActId | None, kind: type[T]) -> T | None:
    """Return what an act says; None where it is not here, or its body is gone."""
    found = None if act is None else view.act(act)
    return found.act if found is not None and isinstance(found.act, kind) else None


def _listed(bureau: Bureau, view: View, peer: Peer, told: Told | None, lines: dict[BureauId, Contact]) -> Listed:
    profile = None if told is None else _act(view, told.profile, Profile)
    duty = None if told is None else _act(view, told.duty, Duty)
    line = lines.get(peer.bureau, Contact())
    now = bureau.now()
    there = None if profile is None else _there(profile.zone, now)
    return Listed(
        bureau=peer.bureau, name=peer.name, role=peer.role, standing=peer.standing,
        languages=profile.languages if profile else peer.languages, telephone=profile.telephone if profile else "",
        local=there.isoformat(timespec="minutes") if there else "",
        at_work=_at_work(profile, there) if profile and there else None,
        duty=_on_duty(duty, profile) if duty is not None and duty.until > now else None,
        seen=line.seen, clock=line.clock,
    )  # fmt: skip


def _on_duty(duty: Duty, profile: Profile | None) -> OnDuty:
    telephone = duty.telephone or (profile.telephone if profile else "")
    languages = duty.languages or (profile.languages if profile else ())
    return OnDuty(unit=duty.unit, name=duty.name, languages=languages, telephone=telephone, until=duty.until)


def _at_work(profile: Profile, there: dt.datetime) -> bool | None:
    return at_work(profile, there.isoweekday(), there.hour * 60 + there.minute, there.date().isoformat())


def _there(zone: str, now: Millis) -> dt.datetime | None:
    known = _zone(zone)
    return None if known is None else (_EPOCH + dt.timedelta(milliseconds=now)).astimezone(known)


def _zone(name: str) -> ZoneInfo | None:
    """Return a zone of the system's database, or of the package tzdata where the system has none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
