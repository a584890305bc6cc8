"""A process that does real work and kills itself at a point.

What dies here dies as under `kill -9`: no handler runs, no buffer is flushed, no lock is given back by anybody but the
kernel. The node's own code knows nothing of it: one function is wrapped before the work begins. Before it dies the
process writes the point's name to the file `hit` in FOLDER, so that a point that was never reached is noticed.
"""

import functools
import importlib
import inspect
import itertools
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

from comity import app
from comity.capabilities.messages import desk
from comity.core.ids import ActId, BureauId
from comity.core.registry import KeyUse, Suite
from comity.faces import cli, relaying
from comity.node import anchor, clock, home, keyring, service
from comity.node.bodies import BodyKeys
from comity.node.bureau import Bureau
from comity.node.database import Database, sqlite_url
from comity.node.trust import Trust
from tests.faults.points import EVERY, Moment, Point
from tests.organisation import PASSPHRASE
from tests.simulator import reader, received, tell

ME, PEER = "ma", "no"
RELAY = "r1"
OLD, NEW = bytes(32), bytes(31) + b"\x01"
"""Masters of a file of keys, before and after it is put under another."""
NEXT_PASSPHRASE = "another passphrase for tests"

PAUSE = 0.02
"""Seconds between two acts of an officer."""


# ------------------------------------------------------------------------------------------------------------ to die


class Fuse:
    """Counts, and kills this process when the point is reached."""

    def __init__(self, point: Point, hit: Path) -> None:
        """Watch for this point; `hit` is written before the end."""
        self._point, self._hit = point, hit
        self._armed, self._calls = not point.armed, itertools.count(1)

    def lay(self) -> None:
        """Wrap what the point names."""
        point = self._point
        if point.armed:
            _wrap(point.armed, after=self._arm)
        match point.moment:
            case Moment.BEFORE:
                _wrap(point.target, before=self._burn)
            case Moment.AFTER:
                _wrap(point.target, after=self._burn)
            case Moment.COMMIT:
                event.listen(Engine, "commit", self._in_write)
            case Moment.STATEMENT:
                event.listen(Engine, "before_cursor_execute", self._in_write)

    def _arm(self) -> None:
        self._armed = True

    def _in_write(self, connection: Connection, *_: object) -> None:
        if connection.get_execution_options().get("comity_write", False):
            self._burn()

    def _burn(self) -> None:
        if not self._armed:
            return
        if next(self._calls) < self._point.nth:
            # Each time it must be armed anew: the third commit *of an arrival*, not the third after the first arrival.
            self._armed = not self._point.armed
            return
        self._hit.write_text(self._point.name)
        os.kill(os.getpid(), signal.SIGKILL)


def _nothing() -> None:
    pass


def _wrap(target: str, *, before: Callable[[], None] = _nothing, after: Callable[[], None] = _nothing) -> None:
    module, _, path = target.partition(":")
    holder: Any = importlib.import_module(module)
    *classes, name = path.split(".")
    for part in classes:
        holder = getattr(holder, part)
    function = getattr(holder, name)

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def slowly(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever the function takes and gives
            before()
            result = await function(*arguments, **named)
            after()
            return result

        setattr(holder, name, slowly)
        return

    @functools.wraps(function)
    def wrapped(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever the function takes and gives
        before()
        result = function(*arguments, **named)
        after()
        return result

    setattr(holder, name, wrapped)


# ----------------------------------------------------------------------------------------------------------- to work


def serve(folder: Path) -> None:
    """Run the node as `comity serve` does, with an officer who writes, answers and erases until the end."""
    _serve(folder, ["serve"])


def apart(folder: Path) -> None:
    """Do the same where nobody reaches anybody but over a relay: the address that the registry lists is nobody's."""
    _serve(folder, ["serve", "--listen", "127.0.0.1:0"])


def carry(folder: Path) -> None:
    """Run the relay as `comity relay` does."""
    relaying.SWEEP = 0.2
    os.environ.update(COMITY_HOME=str(folder / RELAY), COMITY_PASSPHRASE=PASSPHRASE)
    sys.exit(cli.main(["relay"]))


def _serve(folder: Path, command: list[str]) -> None:
    plain = app.open_node

    def opened(place: Path, passphrase: str) -> app.Node:
        node = plain(place, passphrase)
        threading.Thread(target=_officer, args=(node.bureau(), folder), daemon=True).start()
        return node

    app.open_node = opened  # type: ignore[assignment]  # a face looks it up there
    # What a second brings in service, a tenth brings here; the work is the same.
    service.Pace = functools.partial(service.Pace, jobs=0.1, witness=0.2)  # type: ignore[misc,assignment]
    os.environ.update(COMITY_HOME=str(folder / ME), COMITY_PASSPHRASE=PASSPHRASE)
    sys.exit(cli.main(command))


def _officer(bureau: Bureau, folder: Path) -> None:
    try:
        _work(bureau, folder)
    except BaseException:  # noqa: BLE001 - whatever it is, a node without its officer would wait in vain
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


def _work(bureau: Bureau, folder: Path) -> None:
    enclosed = folder / "enclosed.bin"
    enclosed.write_bytes(bytes(2_500_000))
    answered: set[ActId] = set()
    erased: set[ActId] = set()
    with (folder / "said").open("ab", buffering=0) as promised:
        for number in itertools.count(1):
            kept = tell(bureau, PEER, text=f"word {number}")
            # Only what was answered was promised: whoever reads this file may rely on it.
            promised.write(kept.id)
            if number == 5:
                sent = desk.send(bureau, reader(bureau), to=(BureauId(PEER),), title="a", text="b", attach=(enclosed,))
                promised.write(sent.id)
            if number % 5 == 0:
                promised.write(_answer(bureau, answered))
            if number > 10 and number % 10 == 0:
                _erase(bureau, erased)
            time.sleep(PAUSE)


def _answer(bureau: Bureau, answered: set[ActId]) -> bytes:
    """Answer one request, and return the id of the answer."""
    for kept in received(bureau, "messages.request/1"):
        if kept.id not in answered:
            answered.add(kept.id)
            return desk.reply(bureau, reader(bureau), act=kept.id.hex(), text="the answer").id
    return b""


def _erase(bureau: Bureau, erased: set[ActId]) -> None:
    """Erase the oldest message that the peer sent and that is not erased yet."""
    for kept in received(bureau, "messages.information/1"):
        if kept.id not in erased and not kept.head.blobs:
            bureau.database.write(functools.partial(bureau.store.erase, act=kept.id))
            erased.add(kept.id)
            return


def join(folder: Path) -> None:
    """Become a member of the organisation whose anchor lies in the folder."""
    node = home.open_home(folder / "node", PASSPHRASE)
    node.join(anchor.read(folder / "anchor.json"), BureauId("sn"))


def key(folder: Path) -> None:
    """Make a key."""
    keyring.Keyring.open(folder / "node" / "keyring", PASSPHRASE).new(KeyUse.SIGN, Suite.ED25519)


def passphrase(folder: Path) -> None:
    """Change the passphrase."""
    keyring.change_passphrase(folder / "node" / "keyring", PASSPHRASE, NEXT_PASSPHRASE, work=4)


def registry(folder: Path) -> None:
    """Fetch the registry."""
    Trust(folder / "trust", anchor.read(folder / "anchor.json")).refresh(clock.now())


def schema(folder: Path) -> None:
    """Open a database of an older schema, which brings it up to date."""
    Database(sqlite_url(folder / "node.db"))


def rewrap(folder: Path) -> None:
    """Put the keys of bodies under another master."""
    BodyKeys(folder / "bodies.keys", OLD).rewrap(NEW)


WORKS = {work.__name__: work for work in (serve, apart, carry, join, key, passphrase, registry, schema, rewrap)}


def live(name: str, work: str, folder: Path) -> None:
    """Do the work of this name in the folder, as a process of its own, until the point is reached."""
    log = os.open(folder / "victim.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    Fuse(EVERY[name], folder / "hit").lay()
    WORKS[work](folder)
