"""An organisation whose lines are cut, whose machines stop and are restored, while its records come and are taken back.

`Play` moves it, one node after the other, by chances that are the same each time for one seed; the clock is in the
hand. What must be true is computed apart from what nodes fold and index: from which acts of records each node has in
its log (`truth.py` of this folder has the arithmetic). After every step it is compared with what officers see there.
"""

import json
import shutil
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import and_, select

from comity.app import CAPABILITIES
from comity.capabilities.records import desk
from comity.capabilities.records.acts import Cause, Reach, RecordKind
from comity.core.capability import OfficerRole
from comity.core.errors import Misused, Refused, Unreachable
from comity.core.ids import ActId, BureauId, Millis, OrgId
from comity.node import clock, epochs, home, recovery, schema
from comity.node.bureau import Bureau
from comity.node.inbox import Outcome
from comity.node.rowview import RowView
from tests import organisation
from tests.node.recovering import MINUTE, PASSPHRASE, World
from tests.node.truth import Lists, Said
from tests.power.recording import Dice
from tests.simulator import held, reader

HOUR = 60 * MINUTE

STATEMENT = "records.withdrawn/1"


class Stopped(Exception):
    """A machine stopped in the middle of its work."""


def found(bureau: Bureau, lists: Lists) -> dict[tuple[ActId, str], str]:
    """Return what is found at a node, by every road that there is: the number in each record, by list and key.

    This is the probe of all that is asserted about withdrawal: whatever finds records goes in here. A closed desk finds
    nothing, and must say so.
    """
    view = RowView(bureau, reader(bureau, role=OfficerRole.SUPERVISOR))
    seen: dict[tuple[ActId, str], str] = {}
    if closed(bureau):
        for listed, key in lists.named():
            # Of a list whose opening was lost too, it knows nothing yet.
            with suppress(Refused):
                assert view.record(listed, key) is None
        for listed in lists.opened:
            with pytest.raises(Refused, match="recovery"):
                view.count(listed)
        return {}
    for listed, key in lists.named():
        shelf = view.record(listed, key)
        if shelf is not None:
            assert shelf.row is not None
            seen[listed, key] = next(canary for canary in lists.canaries if canary.encode() in shelf.row)
        at_the_desk = _at_the_desk(bureau, listed, key)
        # Of a source that was waived a list that came before the restore is hidden; a batch that came after is a row.
        assert at_the_desk is (shelf is not None) or (shelf is not None and _waived(bureau))
    for listed in lists.opened:
        assert view.count(listed) == sum(each == listed for each, _ in seen)
    return seen


def _at_the_desk(bureau: Bureau, listed: ActId, key: str) -> bool:
    try:
        desk.record(bureau, reader(bureau), which=listed.hex(), key=key)
    except Misused:
        return False
    return True


def _waived(bureau: Bureau) -> bool:
    return bureau.epoch > 1 and any(answer.state == "waived" for answer in recovery.report(bureau).members)


def closed(bureau: Bureau) -> bool:
    """Tell whether the desks of a restored node wait for what its peers hold."""
    with bureau.database.read() as tx:
        return epochs.closed(bureau, tx)


@dataclass
class Saved:
    """A backup of a node, and what it had in its log then."""

    path: str
    had: frozenset[ActId]


@dataclass
class Log:
    """What one node has in its log of what was said about lists, as far as was looked."""

    has: set[ActId] = field(default_factory=set)
    before: set[ActId] = field(default_factory=set)
    """What it had before its machine was lost: nothing that this took back may be seen again."""
    restored: bool = False


class Play(World):
    """The organisation, and what is true of it."""

    def __init__(self, folder: Path, seed: str) -> None:
        """Open an organisation that was founded in the folder (`founded`)."""
        names = sorted(path.parent.name for path in folder.glob("*/node.json"))
        super(World, self).__init__(folder)
        self.clock = clock.now()
        self.anchor = organisation.anchor_of(folder)
        self.homes = {}
        self.names = tuple(map(BureauId, names))
        self.dice, self.lists, self.serial = Dice(seed), Lists(), 0
        self.logs: dict[BureauId, Log] = defaultdict(Log)
        self.saved: dict[BureauId, Saved] = {}
        self.group: dict[BureauId, int] = {}
        self.torn: set[BureauId] = set()
        self.touched: set[BureauId] = set()
        self.told: dict[str, int] = defaultdict(int)
        """What happened, and how often."""
        for name in names:
            self.start(name)

    def reseed(self, seed: str) -> None:
        """Begin another row of chances."""
        self.dice = Dice(seed)

    # What nodes do.

    def start(self, name: str, folder: Path | None = None) -> Bureau:
        """Open a node from what is on its disk, without asking for the registry."""
        opened = home.open_home(folder or self.folder / name, PASSPHRASE)
        bureau = opened.bureau(OrgId(self.anchor.org), CAPABILITIES, now=self.now)
        self.homes[bureau.me], self.bureaus[bureau.me] = opened, bureau
        self.away.discard(bureau.me)
        return bureau

    def beside(self, folder: Path) -> Bureau:
        """Open a node that lies elsewhere, and let it take part in nothing."""
        opened = home.open_home(folder, PASSPHRASE)
        return opened.bureau(OrgId(self.anchor.org), CAPABILITIES, now=self.now)

    def take(self, name: BureauId) -> None:
        """Let one node work for a moment, and see that all is as it must be then."""
        if name in self.away:
            return
        try:
            self.step(self.bureaus[name])
        except Stopped:
            self._goes_on_from_its_copy(name)
        moved = sorted({name, *self.touched} - self.away)
        for each in moved:
            self._note_statements(each)
        for each in moved:
            self.look(each)
        self.touched.clear()

    def chores(self, bureau: Bureau) -> int:
        """Let a node do what is due; its machine may stop over it."""
        done = super().chores(bureau)
        if self._copy(bureau.me).exists():
            raise Stopped
        return done

    def hand_over(self, sender: BureauId, recipient: BureauId, deliveries: list[bytes]) -> list[Outcome]:
        """Carry deliveries over a line that may be cut, before they arrive or before the answer does."""
        if self.group.get(sender, 0) != self.group.get(recipient, 0):
            raise Unreachable(f"{recipient} does not answer")
        outcomes = super().hand_over(sender, recipient, deliveries)
        self.touched.add(recipient)
        if self._copy(recipient).exists():
            self._goes_on_from_its_copy(recipient)
            raise Unreachable(f"{recipient} stopped before it answered")
        if self.group and self.dice.chance(3):
            self.told["answer lost"] += 1
            raise Unreachable(f"{recipient} was not heard")
        return outcomes

    # What an officer of a source does.

    def open(self, source: BureauId, to: tuple[BureauId, ...]) -> ActId:  # type: ignore[override]
        """Open a list."""
        bureau = self.bureaus[source]
        said = desk.open(
            bureau, reader(bureau), record=RecordKind.TRAVEL_DOCUMENT, to=to, shard=str(len(self.lists.opened))
        )
        self.lists.open(said.id, source, to)
        return said.id

    def publish(self, listed: ActId, *keys: str) -> None:
        """Publish records, each with a number that stands in no other."""
        bureau = self.bureaus[self.lists.opened[listed].source]
        numbers = {key: self.lists.canary() for key in keys}
        file = self.folder / "rows.jsonl"
        record = {"issuer": "MAR", "type": "P", "loss": "stolen"}
        lines = (json.dumps({"key": key, "record": record | {"number": number}}) for key, number in numbers.items())
        file.write_text("\n".join(lines))
        (act,) = desk.publish(bureau, reader(bureau), which=listed.hex(), file=file).batches
        file.unlink()
        self._said(listed, act, puts=numbers)

    def withdraw(self, listed: ActId, *keys: str, within: int = HOUR) -> ActId:
        """Take records back, or the list."""
        bureau, end = self.bureaus[self.lists.opened[listed].source], Millis(self.clock + within)
        reach = Reach.ROWS if keys else Reach.LIST
        said = desk.withdraw(
            bureau, reader(bureau), which=listed.hex(), why=Cause.MISTAKEN, key=keys, reach=reach, deadline=end
        )
        holders = frozenset(self.lists.opened[listed].holders)
        self._said(listed, said.id, drops=keys or None, asked=holders, deadline=end, everywhere=True)
        return said.id

    def shut_out(self, listed: ActId, key: str, *out: BureauId) -> ActId:
        """Restrict a record to those who are not named."""
        opened = self.lists.opened[listed]
        bureau, left = self.bureaus[opened.source], tuple(set(opened.holders) - set(out))
        said = desk.restrict(bureau, reader(bureau), which=listed.hex(), key=(key,), audience=left)
        self._said(listed, said.id, drops=(key,), asked=frozenset(out), deadline=said.said)
        return said.id

    def _said(self, listed: ActId, act: ActId, **what: object) -> None:
        source, self.serial = self.lists.opened[listed].source, self.serial + 1
        self.lists.said[act] = Said(act=act, listed=listed, serial=self.serial, **what)  # type: ignore[arg-type]
        if self._copy(source).exists():
            self._goes_on_from_its_copy(source)
        self.look(source)

    # What goes wrong.

    def crash(self, name: BureauId) -> None:
        """Stop a machine; it goes on from what is on its disk at this moment."""
        self.told["crash"] += 1
        shutil.copytree(self.folder / name, self._copy(name))
        self._goes_on_from_its_copy(name)

    def stop_when_a_key_goes(self, name: BureauId) -> None:
        """Let a machine stop when it is about to destroy a key, whichever that will be."""
        bodies, me = self.bureaus[name].store.bodies, name
        erase: Callable[..., None] = bodies.erase

        def stopped(numbers: object) -> None:
            if me in self.torn:
                self.torn.discard(me)
                shutil.copytree(self.folder / me, self._copy(me))
                self.told["stopped over a key"] += 1
            erase(numbers)

        self.torn.add(name)
        bodies.erase = stopped  # type: ignore[method-assign]

    def go_away(self, name: BureauId) -> None:
        """Stop a machine for a while."""
        self.told["away"] += 1
        self.stop(name)
        self.away.add(name)

    def save(self, name: BureauId) -> None:
        """Make a backup."""
        path = f"saved-{name}-{self.clock}-{self.told['backup']}"
        self.told["backup"] += 1
        self.back_up(name, path)
        self.look(name)
        self.saved[name] = Saved(path, frozenset(self.logs[name].has))

    def lose_and_restore(self, name: BureauId) -> None:
        """Lose a machine, and begin again with its newest backup."""
        self.told["restored"] += 1
        if name in self.away:
            self.start(name)
        self.look(name)
        log = self.logs[name]
        log.before |= log.has
        log.restored = True
        shutil.rmtree(self.lose(name))
        log.has = set(self.saved[name].had)
        self._forget_what_nobody_holds(name)
        self.restore(name, self.saved[name].path)
        self.start(name)
        assert closed(self.bureaus[name])
        self.look(name)

    def _forget_what_nobody_holds(self, name: BureauId) -> None:
        """What the bureau said and no log has, its own included, was never said: its officers say it again."""
        ours = [act for act, said in self.lists.said.items() if self.lists.opened[said.listed].source == name]
        for act in ours:
            if not any(act in log.has for log in self.logs.values()):
                del self.lists.said[act]
                for log in self.logs.values():
                    log.before.discard(act)

    def _copy(self, name: str) -> Path:
        return self.folder / f".{name}-stopped"

    def _goes_on_from_its_copy(self, name: BureauId) -> None:
        self.torn.discard(name)
        self.stop(name)
        shutil.rmtree(self.folder / name)
        self._copy(name).rename(self.folder / name)
        self.start(name)

    def goes_wrong(self) -> None:
        """Let one thing go wrong, or come right."""
        name = self.names[self.dice.below(len(self.names))]
        match self.dice.below(8):
            case 0 | 1:
                groups = 1 + self.dice.below(3)
                self.told["cut"] += groups > 1
                self.group = {each: self.dice.below(groups) for each in self.names} if groups > 1 else {}
            case 2 if name not in self.away:
                self.crash(name)
            case 3 if name not in self.away:
                self.stop_when_a_key_goes(name)
            case 4 if name not in self.away and len(self.away) < len(self.names) // 4:
                self.go_away(name)
            case 5 if self.away:
                self.start(sorted(self.away)[self.dice.below(len(self.away))])
            case 6 if name not in self.away and not closed(self.bureaus[name]):
                self.save(name)
            case _:
                self.later(MINUTE)

    def officer(self) -> None:
        """Let the officer of some list say something, if the node is there and its desks are open."""
        listed = list(self.lists.opened)[self.dice.below(len(self.lists.opened))]
        opened = self.lists.opened[listed]
        if opened.source in self.away or closed(self.bureaus[opened.source]):
            return
        key = f"k-{self.dice.below(6)}"
        match self.dice.below(6):
            case 0 | 1 | 2:
                self.publish(listed, *{key, f"k-{self.dice.below(6)}"})
            case 3:
                self.shut_out(listed, key, opened.holders[self.dice.below(len(opened.holders))])
            case _:
                self.withdraw(listed, key, within=MINUTE * (1 + self.dice.below(60)))

    def round(self, nodes: int) -> None:
        """Let so many nodes, chosen by chance, work for a moment, and some time pass."""
        self.later(1_000 * (1 + self.dice.below(120)))
        for _ in range(nodes):
            self.take(self.names[self.dice.below(len(self.names))])

    # What must be true.

    def look(self, name: BureauId) -> None:
        """Look which acts are in a node's log by now, and compare what it shows with them."""
        bureau, log = self.bureaus[name], self.logs[name]
        fresh = {act for act in (*self.lists.said, *self.lists.statements) if act not in log.has and _has(bureau, act)}
        log.has |= fresh
        if fresh or closed(bureau) or not log.has:
            self.assert_shown(bureau)
        if name in self.lists.sources():
            self.assert_laggards(bureau)

    def _note_statements(self, name: BureauId) -> None:
        for act, asked in _stated(self.bureaus[name]):
            self.lists.statements.setdefault(act, (name, asked))

    def assert_shown(self, bureau: Bureau) -> None:
        """Assert that a node shows what its log says, and nothing of what it ever heard to be taken back."""
        log, seen = self.logs[bureau.me], found(bureau, self.lists)
        if closed(bureau):
            self.told["looked while closed"] += 1
            assert seen == {}
            return
        # A batch that revised a record does not come again once its body is erased; what took a record back must count.
        shown = self.lists.shown(bureau.me, log.has | self.lists.took(log.before))
        assert seen.items() <= shown.items()
        if not (log.restored and self.told["waived"]):
            assert seen == shown

    def assert_laggards(self, bureau: Bureau) -> None:
        """Assert that a source is told of exactly those holders of whom it has received no statement."""
        if closed(bureau):
            return
        log = self.logs[bureau.me]
        for listed in self.lists.of(bureau.me):
            lags = desk.laggards(bureau, reader(bureau), which=listed.hex())
            told = {(lag.act, lag.bureau): (lag.stated is None, lag.late) for lag in lags}
            assert len(told) == len(lags)
            assert told == self.lists.lagging(listed, log.has, self.clock)
            shelved = next(each for each in desk.lists(bureau, reader(bureau)) if each.id == listed)
            assert shelved.lagging == tuple(sorted({holder for (_, holder), (lags_, _) in told.items() if lags_}))

    # The end.

    def heal(self, rounds: int = 60) -> None:
        """Mend the lines and start every machine; then let all work until nobody lags and nothing is under way."""
        self.group = {}
        self.torn.clear()
        for name in sorted(self.away):
            self.start(name)
        for _ in range(rounds):
            self.later(3 * MINUTE)
            for name in self.names:
                self.take(name)
            if not any(self._busy(bureau) for bureau in self.bureaus.values()):
                return
        raise AssertionError({name: self._busy(bureau) for name, bureau in self.bureaus.items()})

    def _busy(self, bureau: Bureau) -> list[str]:
        with bureau.database.read() as tx:
            o, a = schema.outbox.c, schema.acts.c
            found_ = {
                "to send": tx.one(select(o.act).where(o.member == bureau.member, o.state != "settled").limit(1)),
                "parked": tx.one(select(a.number).where(a.member == bureau.member, a.code == "parked").limit(1)),
                "to destroy": tx.one(select(schema.doomed.c.number).limit(1)),
            }
        busy = [what for what, row in found_.items() if row is not None]
        return [*busy, "closed"] if closed(bureau) else busy

    def waive_who_is_away(self, name: BureauId) -> None:
        """Open the desks of a restored node without those who do not answer."""
        bureau = self.bureaus[name]
        for answer in recovery.report(bureau).members:
            if answer.state == "asked":
                self.told["waived"] += 1
                recovery.waive(bureau, answer.bureau)


def _has(bureau: Bureau, act: ActId) -> bool:
    kept = held(bureau, act)
    return kept is not None and kept.code == "accepted"


def _stated(bureau: Bureau) -> list[tuple[ActId, ActId]]:
    """Return the statements that a node has signed: each with the act that it answers."""
    a = schema.acts.c
    ours = and_(a.member == bureau.member, a.kind == STATEMENT, a.sender == bureau.me)
    with bureau.database.read() as tx:
        kept = [bureau.store.by_number(tx, int(row.number)) for row in tx.all(select(a.number).where(ours))]
    return [(each.id, each.head.refs[0].act) for each in kept]
