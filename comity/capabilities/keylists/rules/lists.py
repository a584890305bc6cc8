"""A list of keys as it stands: what `fold` makes of the acts about it, and when its epoch ends.

At its source it counts who asked how much on which day; an asker's copy counts its own questions alone. What is said
commutes: a question and its answer cancel each other in `waiting`, whichever comes first, and of the fillings for one
asker those before the latest whole one go.

>>> state = Keylist(source=BureauId("ma"), askers=(BureauId("no"),), until=Millis(10))
>>> [(step.what, step.by, step.to) for step in due(state)]
[('keylists.end', 'ma', ('ma',)), ('keylists.end', 'no', ('no',))]
"""

import msgspec
from msgspec.structs import replace

from comity.capabilities.keylists.acts import POINT, Answer, End, KeyKind, KeyList, Question, Setup
from comity.capabilities.keylists.tables import DAY
from comity.core.act import Head, Said
from comity.core.capability import Step
from comity.core.ids import ActId, BureauId, Millis
from comity.core.keeping import Entered

FOLDING = "identifiers/1"
"""The folding of `engines/match/identifiers` as it is now; whoever changes what it yields counts on."""


class Filling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one asker was handed of the set at one time."""

    asker: BureauId
    serial: int
    parts: int
    points: int
    acts: tuple[tuple[int, ActId], ...]
    """The parts that are here, by number."""

    @property
    def whole(self) -> bool:
        """Whether every part is here."""
        return len(self.acts) == self.parts


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one bureau asked on one day, by its own clock."""

    bureau: BureauId
    day: int
    """Days since 1970-01-01, UTC."""
    questions: int
    keys: int


class Keylist(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A list as it stands."""

    source: BureauId
    askers: tuple[BureauId, ...] = ()
    of: KeyKind | None = None
    """Absent only where the body of the opening act no longer exists."""
    name: str = ""
    folding: str = ""
    size: int = 0
    most: int = 0
    daily: int = 0
    epoch: int = 0
    until: Millis = Millis(0)
    fillings: tuple[Filling, ...] = ()
    asked: tuple[Asked, ...] = ()
    waiting: tuple[ActId, ...] = ()
    """Questions without their answer, and for a moment answers that came before their question."""
    ended: Millis = Millis(0)
    """When this node stated that the epoch is over; 0 before."""

    def filled(self, asker: BureauId) -> Filling | None:
        """Return the latest whole filling for an asker."""
        whole = [each for each in self.fillings if each.asker == asker and each.whole]
        return max(whole, key=lambda each: each.serial, default=None)

    def last(self) -> int:
        """Return the highest serial that was used, 0 before the first."""
        return max((each.serial for each in self.fillings), default=0)

    def on(self, bureau: BureauId, day: int) -> Asked:
        """Return what a bureau asked on a day."""
        none = Asked(bureau=bureau, day=day, questions=0, keys=0)
        return next((each for each in self.asked if (each.bureau, each.day) == (bureau, day)), none)


def fold(state: Keylist | None, entered: Entered) -> Keylist:
    """Bring a list up to date with one act about it."""
    said, head = entered.said, entered.said.head
    if state is None or head.subject is None:
        return _opened(said)
    match said.act:
        case Setup() as setup if head.sender == state.source:
            return _handed(state, said, setup)
        case Question(count=count) if head.sender in state.askers:
            return _toggled(_counted(state, head, count), said.id)
        case Answer() if head.sender == state.source:
            for question in named(head, "answers"):
                state = _toggled(state, question)
            return state
        case End():
            return replace(state, ended=head.said)
        case _:
            return state


def due(state: Keylist) -> tuple[Step, ...]:
    """Return when each party states for itself that the epoch is over."""
    if state.of is None and not state.until:
        return ()
    return tuple(
        Step(when=state.until, what="keylists.end", by=party, says=End(), to=(party,))
        for party in (state.source, *state.askers)
    )


def key_text(of: KeyKind, folded: str) -> str:
    """Return what is hashed to the curve: a folded number with its kind and the folding's version.

    >>> key_text(KeyKind.PLATE, "A123BE77")
    'identifiers/1 plate A123BE77'
    """
    return f"{FOLDING} {of.value} {folded}"


def named(head: Head, rel: str) -> tuple[ActId, ...]:
    """Return the acts that a head refers to in this way."""
    return tuple(relation.act for relation in head.refs if relation.rel == rel)


def days_of(begin: Millis, until: Millis) -> int:
    """Return how many days (UTC) an epoch touches.

    >>> days_of(Millis(DAY - 1), Millis(DAY + 1)), days_of(Millis(0), Millis(DAY))
    (2, 1)
    """
    return -(-until // DAY) - begin // DAY


def _opened(said: Said) -> Keylist:
    head, act = said.head, said.act
    askers = tuple(party for party in head.to if party != head.sender)
    state = Keylist(source=head.sender, askers=askers)
    if not isinstance(act, KeyList):
        return state
    return replace(
        state, of=act.of, name=act.name, folding=act.folding, size=act.size, most=act.most, daily=act.daily,
        epoch=act.epoch, until=act.until,
    )  # fmt: skip


def _handed(state: Keylist, said: Said, setup: Setup) -> Keylist:
    asker, points = said.head.to[0], len(setup.concealed) // POINT
    others, same = [], Filling(asker=asker, serial=setup.serial, parts=setup.parts, points=0, acts=())
    for each in state.fillings:
        if (each.asker, each.serial, each.parts) == (asker, setup.serial, setup.parts):
            same = each
        else:
            others.append(each)
    if all(number != setup.part for number, _ in same.acts):
        acts = tuple(sorted((*same.acts, (setup.part, said.id))))
        same = replace(same, points=same.points + points, acts=acts)
    fillings = (*others, same)
    latest = max((each.serial for each in fillings if each.asker == asker and each.whole), default=0)
    kept = [each for each in fillings if each.asker != asker or each.serial >= latest]
    return replace(state, fillings=tuple(sorted(kept, key=lambda each: (each.asker, each.serial, each.parts))))


def _counted(state: Keylist, head: Head, count: int) -> Keylist:
    before = state.on(head.sender, head.said // DAY)
    after = replace(before, questions=before.questions + 1, keys=before.keys + count)
    asked = sorted((*(each for each in state.asked if each != before), after), key=lambda each: (each.day, each.bureau))
    return replace(state, asked=tuple(asked))


def _toggled(state: Keylist, question: ActId) -> Keylist:
    waiting = set(state.waiting) ^ {question}
    return replace(state, waiting=tuple(sorted(waiting)))
