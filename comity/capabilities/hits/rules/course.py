"""What has become of a hit: asked, chased, confirmed, concluded (decisions 0015 and 0054).

Kept of bodies are the question, the verdict and what was done: the words without which nothing could be ruled. Once a
body is erased its word no longer counts. All acts about a hit commute.

>>> no, ma = BureauId("no"), BureauId("ma")
>>> asked = Course(bureau=no, source=ma, said=Millis(0), asks=Asks.URGENT)
>>> [(step.when // 60_000, step.what, step.by) for step in due(asked)]
[(10, 'hits.again', 'no'), (10, 'hits.late', None), (20, 'hits.supervisors', 'no'), (20, 'hits.escalated', None)]
"""

import msgspec
from msgspec.structs import replace

from comity.capabilities.hits.acts import Asks, Confirmation, Did, Hit, HitOutcome, HitReminder, HitStage, HitVerdict
from comity.capabilities.hits.tables import TERMS
from comity.core.act import Said
from comity.core.capability import Step
from comity.core.ids import ActId, BureauId, Millis, Span
from comity.core.keeping import Entered


class Word(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One word of the source."""

    act: ActId
    verdict: HitVerdict
    said: Millis
    seq: int
    """Its number in the source's channel to the bureau: two words of one moment have an order too."""


class Ended(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was done."""

    act: ActId
    did: Did
    said: Millis


class Chased(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The source was reminded."""

    stage: HitStage
    said: Millis


class Course(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A hit as it stands."""

    bureau: BureauId
    """Who met the record."""
    source: BureauId
    """Who was told: the record's source, or the bureau itself where it only notes it."""
    said: Millis
    asks: Asks = Asks.NOTHING
    words: tuple[Word, ...] = ()
    """Sorted by the time that the source claims."""
    ends: tuple[Ended, ...] = ()
    chased: tuple[Chased, ...] = ()

    @property
    def verdict(self) -> HitVerdict | None:
        """The source's last word."""
        return self.words[-1].verdict if self.words else None

    @property
    def home(self) -> bool:
        """True where it was only noted in the house."""
        return self.bureau == self.source

    @property
    def owed(self) -> bool:
        """True while the source is asked and has not answered; what ends without an action needs no answer more."""
        return self.asks is not Asks.NOTHING and not self.words and not self.ends


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """How the source stands with its confirmation; times in milliseconds."""

    asks: Asks
    article: str
    received: Millis | None
    """The source's receipt R1, where it is known here: the clock starts there."""
    by: Millis | None
    late: Span | None
    """How long after the term: of the source's first word, or, while there is none, of the moment of asking."""


def fold(state: Course | None, entered: Entered) -> Course:
    """Bring a hit up to date with one act about it; who says what, the gates have ruled."""
    said = entered.said
    if state is None:
        return _opened(said)
    at = said.head.said
    match said.act:
        case Confirmation(verdict=verdict):
            word = Word(act=said.id, verdict=verdict, said=at, seq=said.head.seq)
            return replace(state, words=tuple(sorted({*state.words, word}, key=_order)))
        case HitOutcome(did=did):
            end = Ended(act=said.id, did=did, said=at)
            return replace(state, ends=tuple(sorted({*state.ends, end}, key=lambda each: (each.said, each.act))))
        case HitReminder(stage=stage):
            chased = {*state.chased, Chased(stage=stage, said=at)}
            return replace(state, chased=tuple(sorted(chased, key=lambda each: (each.said, each.stage))))
        case _:
            return state


def due(state: Course) -> tuple[Step, ...]:
    """Return what falls due while the source owes its word: two reminders of the asking node, notes at both ends."""
    term = TERMS.get(state.asks)
    if term is None or not state.owed:
        return ()
    source, done = state.source, {each.stage for each in state.chased}
    steps = []
    for stage, what, when in (
        (HitStage.AGAIN, "hits.again", term.again),
        (HitStage.SUPERVISORS, "hits.supervisors", term.supervisors),
    ):
        says = HitReminder(asks=state.asks, stage=stage, within=term.within)
        if stage not in done:
            steps.append(Step(what=what, when=Millis(when), after=source, by=state.bureau, says=says, to=(source,)))
        note = "hits.late" if stage is HitStage.AGAIN else "hits.escalated"
        steps.append(Step(what=note, when=Millis(when), after=source))
    return tuple(steps)


def running(state: Course, received: Millis | None, now: Millis) -> Running | None:
    """Return how the clock of a hit stands; None where nothing was asked."""
    term = TERMS.get(state.asks)
    if term is None:
        return None
    by = None if received is None else Millis(received + term.within)
    closed = state.words[0].said if state.words else state.ends[0].said if state.ends else now
    over = 0 if by is None else closed - by
    return Running(
        asks=state.asks, article=term.article, received=received, by=by, late=Span(over) if over > 0 else None
    )


def _opened(said: Said) -> Course:
    head = said.head
    state = Course(bureau=head.sender, source=head.to[0], said=head.said)
    return replace(state, asks=said.act.asks) if isinstance(said.act, Hit) else state


def _order(word: Word) -> tuple[int, int, ActId]:
    return word.said, word.seq, word.act
