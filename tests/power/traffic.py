"""A process that is recorded: two bureaus and a relay that work, on a clock of their own, and say what they promised.

Everything is the program's own but the clock and the network (`tests/relayed.py`). The shim is in this process, so that
what is promised stands in the recording between the writes that it rests on: `mark` puts it there. A mark says

    said BUREAU ACT         an officer was told that it is said
    answered PARTY FRAME SEALED     a carrier was told that a delivery is kept: in the log, or as mail
    erased BUREAU NUMBER    an officer was told that the body is gone
    key BUREAU KID          a key was made
    clock MILLIS            the time has come so far
"""

import ctypes
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from comity.app import CAPABILITIES, open_node
from comity.capabilities.messages import desk
from comity.core.codec import decode, unpack
from comity.core.envelope import Delivery, sha256
from comity.core.errors import Unreachable
from comity.core.ids import ActId, BureauId, Millis
from comity.core.registry import KeyUse, Suite
from comity.node import clock, jobs, rebuild, relay, relayhome
from comity.node.bureau import Bureau
from comity.node.inbox import Outcome
from comity.node.mailboxes import CARRIED
from tests.organisation import PASSPHRASE
from tests.relayed import Answer, Relayed
from tests.simulator import reader, received, tell

ME, PEER, RELAY = "ma", "no", "r1"
NODES = (ME, PEER)

SECOND = 1_000


def mark(*words: object) -> None:
    """Put a line into the recording, if there is one."""
    made = getattr(ctypes.CDLL(None), "comity_mark", None)
    if made is not None:
        made(" ".join(map(str, words)).encode())


class Watched(Relayed):
    """A federation that marks what it answers."""

    def request(self, method: str, name: BureauId, path: str, body: bytes) -> Answer:
        """Answer a request, and mark which deliveries were said to be kept."""
        status, raw = super().request(method, name, path, body)
        if path == "deliveries" and status == 200:
            if name in self.relays:
                kept = [told.code == CARRIED for told in decode(raw, relay.Answer).outcomes]
            else:
                kept = [outcome.code in {"accepted", "parked"} for outcome in decode(raw, list[Outcome])]
            for delivery, is_kept in zip(unpack(body, relay.HANDED.bytes * 2), kept, strict=True):
                if is_kept:
                    parts = decode(delivery, Delivery)
                    mark("answered", name, sha256(parts.frame).hex(), sha256(parts.sealed).hex())
        return status, raw


class Machines:
    """The nodes and the relay of an organisation, opened from a folder."""

    def __init__(self, folder: Path, now: Millis) -> None:
        """Open them; the clock begins at `now`."""
        self.folder = folder
        self.fed = Watched(folder, clock=now)
        self._open()

    def _open(self) -> None:
        fed = self.fed
        self._nodes = {BureauId(name): open_node(self.folder / name, PASSPHRASE) for name in NODES}
        self._station = relayhome.open_relay(self.folder / RELAY, PASSPHRASE)
        fed.collectors.clear()
        fed.carriers.clear()
        for me, node in self._nodes.items():
            fed.bureaus[me] = node.home.bureau(node.home.choose(), CAPABILITIES, now=fed.now)
            # What every start does first (node/service.py).
            rebuild.heal(fed.bureaus[me])
        fed.registry = fed.bureaus[BureauId(ME)].registry()
        (fed.relays[BureauId(RELAY)],) = self._station.relays(now=fed.now).values()

    def close(self) -> None:
        """Stop them, as a signal to end does."""
        for node in self._nodes.values():
            node.close()
        self._station.close()

    def again(self) -> None:
        """Stop and start them."""
        self.close()
        self._open()


class Officers:
    """Those who say, answer and erase at both bureaus."""

    def __init__(self, machines: Machines) -> None:
        """Sit down at the desks."""
        self._fed, self._folder = machines.fed, machines.folder
        self._answered: set[ActId] = set()
        self._erased: set[ActId] = set()

    def work(self, number: int) -> None:
        """Do what is done in one round."""
        ma, no = (self._fed.bureaus[BureauId(name)] for name in NODES)
        mark("said", ME, tell(ma, PEER, text=f"word {number}").id.hex())
        to = (BureauId(ME),)
        if number % 3 == 0:
            mark("said", PEER, desk.request(no, reader(no), to=to, title="a question", text="its text").id.hex())
        else:
            mark("said", PEER, tell(no, ME, text=f"word {number}" * 40).id.hex())
        if number % 4 == 3:
            self._answer(ma)
        if number % 8 == 5:
            self._enclose(ma, number)
            self._erase(ma)
        if number % 8 == 7:
            made = ma.keyring.new(KeyUse.OFFICER, Suite.ED25519)
            mark("key", ME, made.kid.hex())

    def _answer(self, bureau: Bureau) -> None:
        for kept in received(bureau, "messages.request/1"):
            if kept.id not in self._answered:
                self._answered.add(kept.id)
                said = desk.reply(bureau, reader(bureau), act=kept.id.hex(), text="the answer")
                mark("said", bureau.me, said.id.hex())
                return

    def _enclose(self, bureau: Bureau, number: int) -> None:
        enclosed = self._folder / "enclosed.bin"
        enclosed.write_bytes(bytes([number % 256]) * (40_000 if number % 16 == 5 else 1_100_000))
        said = desk.send(
            bureau, reader(bureau), to=(BureauId(PEER),), title="a", text="b", attach=(enclosed,)
        )  # fmt: skip
        mark("said", bureau.me, said.id.hex())

    def _erase(self, bureau: Bureau) -> None:
        for kept in received(bureau, "messages.information/1"):
            if kept.id not in self._erased and not kept.head.blobs:
                self._erased.add(kept.id)
                bureau.database.write(partial(bureau.store.erase, act=kept.id))
                mark("erased", bureau.me, kept.number)
                return


def no_direct_road(name: str, _path: str, body: bytes, there: Callable[[bytes], Answer]) -> Answer:
    """Let nobody be reached but the relay."""
    if name != RELAY:
        raise Unreachable("the direct road is closed")
    return there(body)


def play(folder: Path, rounds: int) -> None:
    """Work for so many rounds: some over the relay, a restart and a few checkpoints of the database in between."""
    machines = Machines(folder, Millis(clock.now()))
    fed, officers = machines.fed, Officers(machines)
    direct = fed.tap
    for number in range(rounds):
        fed.tap = no_direct_road if number % 10 >= 6 else direct
        officers.work(number)
        for bureau in list(fed.bureaus.values()):
            fed.step(bureau)
        if number % 7 == 3:
            for bureau in fed.bureaus.values():
                jobs.checkpoint(bureau)
        if number % 9 == 4:
            for database in (fed.bureaus[BureauId(ME)].database, fed.relays[BureauId(RELAY)].database):
                # What SQLite does by itself after 64 MiB, more of which would prove no more.
                with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")
        if number == rounds // 2:
            machines.again()
        # Longer than a peer is left alone that did not answer (node/carrier.py).
        fed.later(8 * SECOND)
        mark("clock", fed.now())
    machines.close()


if __name__ == "__main__":
    play(Path(sys.argv[1]), int(sys.argv[2]))
