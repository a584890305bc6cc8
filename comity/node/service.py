"""A node at work: takes the steps of `post`, `jobs` and `witness` again and again until it is stopped.

Rules, cryptography and the store run in threads; the event loop only waits for the network, so that a peer that is slow
or away holds up nobody else. Nothing is kept here that a restart would lose: what is due is asked of the store.
"""

import asyncio
import logging
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from comity.core.errors import ComityError
from comity.core.ids import BureauId, Millis
from comity.core.receipt import BATCH_MILLIS
from comity.node import carrier, collector, due, jobs, offers, post, rebuild, recovery, rowwork, witness
from comity.node.bureau import Bureau
from comity.node.carrier import Carrier
from comity.node.finding import Finder
from comity.node.post import Parcel

log = logging.getLogger("comity.service")

SETTLING = 30_000
"""How long after its start a node waits before it chases anybody, milliseconds: an answer that came while it was off is
here by then."""

BREATH = 0.005
"""Seconds for which a node that was woken waits for more of the same: to look costs as much as to seal ten acts.

Only while there is more: an act that is alone leaves at once.
"""

AT_A_TIME = 2
"""Requests to one peer at a time."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How often a node looks for work, seconds."""

    post: float = BATCH_MILLIS / 1000
    """Whether another process has committed; receipts wait this long for company."""
    jobs: float = 1.0
    witness: float = 5.0
    registry: float = 15 * 60.0


@dataclass
class Service:
    """The work of one bureau."""

    bureau: Bureau
    pace: Pace = field(default_factory=Pace)
    refresh: Callable[[], object] | None = None
    """Fetches the registry anew."""
    stamp: Callable[[], object] | None = None
    """The secretariat's own part: signs the registry's timestamp anew."""
    chores: tuple[Callable[[], object], ...] = ()
    """What a capability asks of the node beside the exchange; done as often as the jobs."""

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; what is under way then is finished by the next start."""
        # What a crash cut off between a body's key and its row is brought to its end before anything is looked at.
        await asyncio.to_thread(rebuild.heal, self.bureau)
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(carrier.session())
            road = Carrier(self.bureau, session)
            sending = _Sending()
            stack.enter_context(self.bureau.database.listening(_stirring(asyncio.get_running_loop(), sending.stirred)))
            posting = partial(self._post, road, sending, _Pulse(self.bureau))
            loops = [
                self._every(self.pace.post, stop, posting, sooner=sending.stirred),
                self._every(self.pace.jobs, stop, self._call(partial(_fall_due, self.bureau, self.bureau.now()))),
                self._every(self.pace.witness, stop, partial(self._witness, road)),
            ]
            loops += [self._every(self.pace.jobs, stop, self._call(chore)) for chore in self.chores]
            if self.refresh is not None:
                loops.append(self._every(self.pace.registry, stop, self._call(self.refresh)))
            if self.stamp is not None:
                loops.append(self._every(self.pace.registry, stop, self._call(self.stamp)))
            if (finder := self.bureau.finder) is not None:
                stirred = asyncio.Event()
                stack.enter_context(self.bureau.database.listening(_stirring(asyncio.get_running_loop(), stirred)))
                keeping = partial(self._find, finder, stirred)
                loops.append(self._every(self.pace.jobs, stop, keeping, sooner=stirred))
            loops.append(collector.run(self.bureau, road, stop, complain))
            await asyncio.gather(*loops)
            for task in sending.tasks:
                task.cancel()
            await asyncio.gather(*sending.tasks, return_exceptions=True)

    async def _every(
        self, seconds: float, stop: asyncio.Event, step: Callable[[], Awaitable[None]], *,
        sooner: asyncio.Event | None = None,
    ) -> None:  # fmt: skip
        while not stop.is_set():
            try:
                await step()
            except ComityError as problem:
                log.warning("%s: %s", self.bureau.me, problem)
            except Exception as problem:  # noqa: BLE001 - one mistake of ours must not stop the node
                complain(self.bureau.me, problem)
            with suppress(TimeoutError):
                await asyncio.wait_for((sooner or stop).wait(), seconds)

    def _call(self, call: Callable[[], object]) -> Callable[[], Awaitable[None]]:
        async def step() -> None:
            await asyncio.to_thread(call)

        return step

    async def _post(self, road: Carrier, sending: "_Sending", pulse: "_Pulse") -> None:
        if sending.stirred.is_set() and (sending.tasks or not sending.alone):
            await asyncio.sleep(BREATH)
        # Cleared before looking: what is committed after the look stirs again, and so does a request that ends.
        left = sending.owing or sending.ended
        sending.stirred.clear()
        sending.ended = False
        # Receipts wait for company only where the last ones had some: one that is alone goes at once.
        now = asyncio.get_running_loop().time()
        owing = now < sending.paid + self.pace.post
        look = partial(self._look, pulse, sending.busy(), sending.underway())
        found = await asyncio.to_thread(look, pay=not owing, left=left)
        if found is None:
            return
        paid, due = found
        sending.owing = owing
        if not owing:
            sending.paid = now if paid > 1 else 0.0
        sending.alone = paid + sum(map(len, due.values())) <= 1
        for recipient, parcels in due.items():
            sending.add(asyncio.create_task(self._send(road, recipient, parcels)), recipient, parcels)
        if len(due) == post.ABREAST:
            # There may be more recipients; these are on the line meanwhile.
            sending.more()

    def _look(
        self, pulse: "_Pulse", busy: frozenset[BureauId], underway: frozenset[tuple[int, BureauId]], *, pay: bool,
        left: bool,
    ) -> tuple[int, dict[BureauId, list[Parcel]]] | None:  # fmt: skip
        """Look, in one thread, for what is to be paid and sent; None where nobody has committed and nothing is left."""
        if not pulse.beats() and not left:
            return None
        paid = jobs.pay_receipts(self.bureau) if pay else 0
        return paid, post.collect(self.bureau, busy, underway)

    async def _send(self, road: Carrier, recipient: BureauId, parcels: list[Parcel]) -> None:
        try:
            reports = await road.deliver(recipient, parcels)
        except ComityError as problem:
            await asyncio.to_thread(post.failed, self.bureau, parcels, str(problem))
        except Exception as problem:  # noqa: BLE001 - a mistake of ours: say so, and let the parcels wait
            complain(self.bureau.me, problem)
            await asyncio.to_thread(post.failed, self.bureau, parcels, "an error in this node; see its log")
        else:
            # No thread waits for it: what many peers answer at a time is one commit.
            await asyncio.gather(*(asyncio.wrap_future(post.note(self.bureau, report)) for report in reports))

    async def _find(self, finder: Finder, stirred: asyncio.Event) -> None:
        """Let the search index take in what was committed: twenty times a second at most."""
        stirred.clear()
        await asyncio.to_thread(finder.work, self.bureau)
        await asyncio.sleep(self.pace.post)

    async def _witness(self, road: Carrier) -> None:
        await asyncio.to_thread(jobs.checkpoint, self.bureau)
        # Twice, for those that answer at first from which size they want the proof.
        for _ in range(2):
            for ask in await asyncio.to_thread(witness.requests, self.bureau):
                try:
                    status, answer = await road.ask_witness(ask.witness, ask.body)
                    await asyncio.to_thread(witness.record, self.bureau, ask, status, answer)
                except ComityError:
                    # A witness that is away or answers nonsense holds up no other; the next round asks it again.
                    continue


def _stirring(loop: asyncio.AbstractEventLoop, stirred: asyncio.Event) -> Callable[[], None]:
    """Return what the thread that commits calls to wake the loop."""

    def ear() -> None:
        # A commit may come while the loop is being closed; then nobody waits for it any more.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(stirred.set)

    return ear


class _Sending:
    """Requests on their way: two to a peer at a time, so that one is sealed while the other is taken in."""

    def __init__(self) -> None:
        self.stirred = asyncio.Event()
        """Set when there may be something to do."""
        self.tasks: dict[asyncio.Task[None], tuple[BureauId, list[Parcel]]] = {}
        self.paid = 0.0
        """When several receipts were paid last, by the loop's clock; 0 once there were fewer."""
        self.owing = False
        """True while some may be owed that wait for company."""
        self.ended = False
        """True when a request has ended, so that its recipient may be sent more."""
        self.alone = True
        """True when the last look found one act or one receipt at most, so that nothing is gained by waiting."""

    def add(self, task: asyncio.Task[None], recipient: BureauId, parcels: list[Parcel]) -> None:
        """Note a request; it is forgotten when it has ended, by when its answers are written down."""
        self.tasks[task] = (recipient, parcels)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        del self.tasks[task]
        self.more()

    def more(self) -> None:
        """Have it looked again, whether anybody commits or not."""
        self.ended = True
        self.stirred.set()

    def busy(self) -> frozenset[BureauId]:
        """Return the recipients that are sent nothing more just now; a slow one holds up nobody else."""
        count = Counter(recipient for recipient, _ in self.tasks.values())
        return frozenset(recipient for recipient, requests in count.items() if requests >= AT_A_TIME)

    def underway(self) -> frozenset[tuple[int, BureauId]]:
        """Return the acts that are on their way, each with its recipient."""
        return frozenset((each.number, each.recipient) for _, parcels in self.tasks.values() for each in parcels)


class _Pulse:
    """Tells when to look for work: when somebody has committed, and once a second for what time alone makes due."""

    def __init__(self, bureau: Bureau) -> None:
        self._bureau = bureau
        self._seen = ""
        self._looked = Millis(0)

    def beats(self) -> bool:
        """Return whether it is worth looking now."""
        seen, now = self._bureau.database.pulse(), self._bureau.now()
        if seen == self._seen and now - self._looked < 1_000:  # noqa: PLR2004 - see the class
            return False
        self._seen, self._looked = seen, now
        return True


def _fall_due(bureau: Bureau, started: Millis) -> None:
    """Do what time makes due."""
    recovery.work(bureau)
    jobs.ask_gaps(bureau)
    jobs.judge_parked(bureau)
    jobs.state_silence(bureau)
    offers.sweep(bureau)
    rowwork.work(bureau)
    if bureau.now() >= started + SETTLING:
        due.fall_due(bureau)


def complain(who: str, problem: Exception) -> None:
    """Log a mistake of ours: its kind and place. Its text is left out, it may quote data."""
    frames = traceback.extract_tb(problem.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"
    log.error("%s: %s at %s", who, type(problem).__name__, place)
