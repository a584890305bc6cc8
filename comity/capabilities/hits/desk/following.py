"""What becomes of a hit at the desk: ask the source, confirm as the source, tell what was done, see what waits."""

from typing import Annotated

import msgspec

from comity.capabilities.hits.acts import Asks, Confirmation, Did, Hit, HitGround, HitOutcome, HitVerdict, Manner
from comity.capabilities.hits.desk.parts import HitSaid, Law, Which, basis_of, course_of, found_hit, told
from comity.capabilities.hits.rules import Course, Ended, Running, Word, running
from comity.capabilities.hits.rules.gates import FOLLOWS
from comity.core.act import Relation
from comity.core.capability import Reader
from comity.core.desk import about, made
from comity.core.envelope import Lane
from comity.core.errors import Misused
from comity.core.handling import Purpose
from comity.core.ids import ActId, BureauId, Millis
from comity.node.bureau import Bureau
from comity.node.running import running as planned
from comity.node.view import Glimpse, View

LANES = {Asks.NOTHING: Lane.NORMAL, Asks.ROUTINE: Lane.URGENT, Asks.URGENT: Lane.URGENT}
"""An hour is little time too."""

HIT = "hits.hit/1"


class HitStanding(msgspec.Struct, frozen=True, kw_only=True):
    """A hit as it stands."""

    id: ActId
    bureau: BureauId
    """Who met the record."""
    source: BureauId
    """Who was told: its source, or the bureau itself where it only noted it."""
    said: Millis
    purpose: Purpose
    list: ActId
    key: str
    score: int
    """In thousandths."""
    agreed: tuple[str, ...]
    came: str
    manner: Manner
    """Quietly: only the source knows of it."""
    asks: Asks
    clock: Running | None
    words: tuple[Word, ...]
    """The source's; the last one counts."""
    ends: tuple[Ended, ...]
    """What was done."""
    touches: str
    """List and key of the row that it touches; empty where it touches none."""
    may_act: bool
    """True once the source has said that it is the same."""


def ask(
    bureau: Bureau, reader: Reader, hit: Which,
    urgency: Annotated[Asks, about("routine: an hour; urgent: ten minutes")] = Asks.ROUTINE,
    purpose: Annotated[Purpose | None, about("purpose; that of the hit, if nothing is said")] = None,
    law: Law = "",
) -> HitSaid:  # fmt: skip
    """Ask the source of a record whether a hit is the same; the clock starts when it has the question.

    Example: comity hits ask 3fa2 --urgency urgent
    """
    found, act = found_hit(bureau, reader, hit)
    if urgency is Asks.NOTHING:
        raise Misused("a question is routine or urgent")
    if found.sender != bureau.me:
        raise Misused("the bureau that met the record asks its source; you are the source: comity hits confirm")
    listed = View(bureau, reader).act(act.list)
    if listed is None:
        raise Misused("the list of this record is not here")
    head = View(bureau, reader).kept(found.id)
    basis = head.head.basis if head is not None and head.head.basis is not None and not law else None
    # A row of ours that touches it was told with the hit, or is not for its source to know of.
    touches = act.touches if found.recipients == (listed.sender,) else None
    kept = bureau.say(
        msgspec.structs.replace(act, asks=urgency, touches=touches), (listed.sender,), reader=reader,
        purpose=purpose or found.purpose, basis=basis or basis_of(purpose or found.purpose, law), label=found.label,
        refs=(Relation(rel=FOLLOWS, act=found.id),), lane=LANES[urgency],
    )  # fmt: skip
    return told(kept)


def confirm(
    bureau: Bureau, reader: Reader, hit: Which,
    verdict: Annotated[HitVerdict, about("same, not-same or cannot-tell")],
    ground: Annotated[tuple[HitGround, ...], about("why; repeat it for several")] = (),
    note: Annotated[str, about("what the other bureau should know")] = "",
) -> HitSaid:  # fmt: skip
    """Say, as the source of a record, whether a hit on it is the same; your last word counts.

    Example: comity hits confirm 3fa2 --verdict same --ground our-files-agree
    """
    found, _ = found_hit(bureau, reader, hit)
    grounds = tuple(sorted(set(ground))) or ((HitGround.RECORDS if verdict is HitVerdict.SAME else HitGround.DETAILS),)
    act = made(Confirmation, verdict=verdict, grounds=grounds, note=note)
    kept = bureau.say(
        act, (found.sender,), reader=reader, purpose=found.purpose, label=found.label, subject=found.id,
        lane=Lane.URGENT,
    )  # fmt: skip
    return told(kept)


def outcome(
    bureau: Bureau, reader: Reader, hit: Which,
    did: Annotated[Did, about("what was done")],
    note: Annotated[str, about("what the source should know")] = "",
) -> HitSaid:  # fmt: skip
    """Tell the source of a record what was done on a hit; nothing may be done before it has confirmed it.

    Example: comity hits outcome 3fa2 --did arrested
    """
    found, _ = found_hit(bureau, reader, hit)
    act = made(HitOutcome, did=did, note=note)
    kept = bureau.say(
        act, found.recipients, reader=reader, purpose=found.purpose, label=found.label, subject=found.id,
        lane=Lane.URGENT,
    )  # fmt: skip
    return told(kept)


def waiting(bureau: Bureau, reader: Reader) -> tuple[HitStanding, ...]:
    """List the hits that a source is asked to confirm and has not, ours to answer first, then what is due first.

    Example: comity hits waiting
    """
    subjects = {subject for subject, _ in planned(bureau, reader, "hits.late")}
    found = [each for subject in subjects if (each := _standing(bureau, reader, subject)) is not None]
    owed = [each for each in found if each.asks is not Asks.NOTHING and not each.words and not each.ends]
    return tuple(sorted(owed, key=lambda each: (each.source != bureau.me, _due(each), each.id)))


def show(bureau: Bureau, reader: Reader, hit: Which) -> HitStanding:
    """Show a hit with all that was said of it: the question, the source's words, what was done.

    Example: comity hits show 3fa2
    """
    found, _ = found_hit(bureau, reader, hit)
    standing = _standing(bureau, reader, found.id)
    if standing is None:
        raise Misused("this act is no hit, or none that you may see whole; look at: comity hits list")
    return standing


def list(  # noqa: A001 - the word that everybody types
    bureau: Bureau, reader: Reader,
    limit: Annotated[int, about("how many")] = 50,
) -> tuple[HitStanding, ...]:  # fmt: skip
    """List hits, the newest first: those of ours on records of others, and those of others on ours.

    Example: comity hits list --limit 10
    """
    page = View(bureau, reader).states(Course, limit=limit)
    return tuple(each for subject in page.items if (each := _standing(bureau, reader, subject.opened.id)) is not None)


def _standing(bureau: Bureau, reader: Reader, hit: ActId) -> HitStanding | None:
    view = View(bureau, reader)
    opened = view.act(hit)
    if opened is None or not isinstance(opened.act, Hit):
        return None
    state = course_of(bureau, reader, hit)
    return _shown(opened, opened.act, state, view.starts(hit), bureau.now())


def _shown(opened: Glimpse, act: Hit, state: Course, starts: dict[BureauId, Millis], now: Millis) -> HitStanding:
    touches = f"{act.touches.list.hex()} {act.touches.key}" if act.touches is not None else ""
    return HitStanding(
        id=opened.id, bureau=state.bureau, source=state.source, said=state.said, purpose=opened.purpose, list=act.list,
        key=act.key, score=act.score, agreed=act.agreed, came=act.came, manner=act.manner, asks=state.asks,
        clock=running(state, starts.get(state.source), now), words=state.words, ends=state.ends, touches=touches,
        may_act=state.verdict is HitVerdict.SAME,
    )  # fmt: skip


def _due(each: HitStanding) -> int:
    clock = each.clock
    return each.said if clock is None or clock.by is None else clock.by
