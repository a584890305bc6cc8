"""A bureau that is played step by step, at a time that it is told: what answers for us, and what the suite's peers are.

All of it is the node's own code, in the order in which `node/service.py` takes the steps; nothing is imitated. There is
no network: what leaves is handed over, and taken as carried.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from comity.app import CAPABILITIES
from comity.core.act import NO_LABEL, Act
from comity.core.capability import OfficerRole, Reader
from comity.core.errors import ComityError
from comity.core.handling import Label, Purpose
from comity.core.ids import ActId, BureauId, Digest, Millis, OrgId
from comity.node import contradictions, due, fetch, inbox, jobs, post, proof, recovery, rowwork
from comity.node.bureau import Bureau
from comity.node.home import Home, open_home
from comity.node.inbox import Outcome
from comity.node.trust import Trust
from comity.node.view import Direction, View, Wanted

PASSPHRASE = "a passphrase that protects nothing"  # noqa: S105 - keys of exercises
WORK = 4
"""For a passphrase that everybody knows, stretching it costs time and protects nothing: 2^4 rounds, as in our tests."""

MOST = 200
"""Acts that are told of at once; a case has some dozen."""


@dataclass
class Clock:
    """The time that everybody in a case goes by."""

    at: Millis

    def __call__(self) -> Millis:
        """Return the time."""
        return self.at


class Player:
    """One bureau of one organisation, in a folder."""

    def __init__(self, home: Home, org: OrgId, clock: Clock) -> None:
        """Take the bureau that the opened folder is in this organisation."""
        self.home, self.org, self.clock = home, org, clock
        self.bureau: Bureau = home.bureau(org, CAPABILITIES, now=clock)

    @property
    def me(self) -> BureauId:
        """The bureau's name."""
        return self.bureau.me

    def refresh(self, registry: Path) -> tuple[int, bool]:
        """Fetch the registry from a folder; return the version in force, and whether what was offered was taken."""
        folder = self.home.folder
        trust = Trust(folder / "trust", self.home.trusts[self.org].anchor, fetch.from_folder(registry))
        try:
            taken = bool(trust.refresh(self.clock())) and not any(not each.bureau for each in trust.problems)
        except ComityError:
            taken = False
        try:
            return trust.current().version, taken
        except ComityError:
            return 0, taken

    def say(self, act: Act, to: tuple[BureauId, ...], purpose: Purpose, label: Label = NO_LABEL) -> ActId:
        """Say an act as an officer would.

        Raises:
            Refused: a rule forbids it.

        """
        return self.bureau.say(act, to, reader=self.reader(), purpose=purpose, label=label).id

    def send(self) -> list[tuple[BureauId, bytes]]:
        """Do what is due by now, and give what leaves; it counts as handed to the recipient's node."""
        for step in (recovery.work, jobs.judge_parked, jobs.ask_gaps, jobs.state_silence, due.fall_due, rowwork.work):
            step(self.bureau)
        jobs.pay_receipts(self.bureau)
        found: list[tuple[BureauId, bytes]] = []
        for recipient, parcels in post.collect(self.bureau).items():
            found += [(recipient, parcel.delivery) for parcel in parcels]
            post.record(self.bureau, parcels, [Outcome(code="accepted")] * len(parcels))
        return found

    def receive(self, deliveries: tuple[bytes, ...]) -> tuple[str, ...]:
        """Take in deliveries, one after the other, and return the code of each."""
        return tuple(inbox.receive(self.bureau, [raw])[0].code for raw in deliveries)

    def prove(self, act: ActId) -> bytes:
        """Return a proof file about an act.

        Raises:
            Misused: this bureau holds no such act.

        """
        return proof.make(self.bureau, self.home.trusts[self.org], act)

    def proof_of(self, act: ActId) -> bytes | None:
        """Return the proof that an act of this bureau was logged before its key was revoked, if it was."""
        with self.bureau.database.read() as tx:
            return post.proof(self.bureau, tx, act)

    def log(self) -> tuple[int, Digest]:
        """Return size and root of the log."""
        with self.bureau.database.read() as tx:
            size = self.bureau.ledger.size(tx)
            return size, self.bureau.ledger.root(tx, size)

    def acts(self) -> list[tuple[ActId, str]]:
        """Return what others said, with the ruling on it."""
        found = self.view().acts(Wanted(direction=Direction.IN), limit=MOST).items
        return [(each.id, each.code) for each in found]

    def receipts(self) -> list[tuple[ActId, BureauId, int, str]]:
        """Return the receipts that came for what this bureau said: act, signer, rung, code."""
        view = self.view()
        return [
            (said.id, ladder.recipient, int(reached.rung), reached.code)
            for said in view.acts(Wanted(direction=Direction.OUT), limit=MOST).items
            for ladder in view.receipts(said.id)
            for reached in ladder.reached
        ]

    def evidence(self) -> list[tuple[BureauId, str]]:
        """Return what is held against others."""
        return list(contradictions.held(self.bureau))

    def reader(self) -> Reader:
        """Return the officer who speaks and looks: one who sees everything that an officer may see."""
        return Reader(bureau=self.me, officer="officer-1", unit="duty", role=OfficerRole.SUPERVISOR)

    def view(self) -> View:
        """Return what that officer sees."""
        return View(self.bureau, self.reader())

    def at(self, now: Millis) -> "Player":
        """Set the clock."""
        self.clock.at = now
        return self

    def under(self, **parts: object) -> Bureau:
        """Return the bureau with some of its parts replaced."""
        return replace(self.bureau, **parts)  # type: ignore[arg-type]

    def close(self) -> None:
        """Close the folder."""
        self.home.close()


def opened(folder: Path, org: OrgId, clock: Clock) -> Player:
    """Open a bureau in the folder that `init` made.

    Raises:
        Misused: there is none.

    """
    return Player(open_home(folder, PASSPHRASE), org, clock)
