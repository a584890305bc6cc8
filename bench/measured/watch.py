"""Where the CPU time of a running node goes: named functions are timed, each without what others of them do inside it.

A sampler was tried and left: a thread that looks is let in when another waits for SQLite or a lock, and so sees little
else. Time is that of the thread (`time.thread_time`), so waiting costs nothing. Watching itself adds some per cent.
"""

import functools
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.engine import default
from sqlalchemy.pool import _ConnectionFairy

from comity.core import codec, cose, log
from comity.node.bodies import BodyKeys
from comity.node.ledger import Ledger

HTTP, REST = "HTTP and the event loop", "rules, folding, building statements, all else"

_NAMED: tuple[tuple[str, object, tuple[str, ...]], ...] = (
    ("signatures, sealing, opening", cose, ("sign1", "verify1", "seal", "unseal")),
    ("bodies at rest and their keys", BodyKeys, ("seal", "open", "state", "sync", "erase")),
    ("reading and writing CBOR", codec, ("encode", "decode", "unpack")),
    ("leaves and tiles", Ledger, ("append", "_flush", "root")),
    ("leaves and tiles", log, ("leaf_hash",)),
    ("SQLAlchemy around a statement", Connection, ("execute", "exec_driver_sql")),
    ("SQLite: statements", default.DefaultDialect, ("do_execute", "do_executemany")),
    ("SQLite: commits", _ConnectionFairy, ("_reset",)),
    ("SQLite: commits", default.DefaultDialect, ("do_commit",)),
)


class Watch:
    """Seconds of CPU by part."""

    def __init__(self) -> None:
        """Begin with nothing, and wrap what is watched."""
        self.spent: Counter[str] = Counter()
        self._inside = threading.local()
        self._begun = (time.process_time(), _main_thread())
        for part, holder, names in _NAMED:
            for name in names:
                self._wrap(part, holder, name)

    def parts(self) -> dict[str, float]:
        """Return what was spent since the beginning, all of it."""
        process, main = time.process_time() - self._begun[0], _main_thread() - self._begun[1]
        found = dict(self.spent) | {HTTP: main}
        return found | {REST: process - sum(found.values())}

    def _wrap(self, part: str, holder: object, name: str) -> None:
        function = getattr(holder, name)

        @functools.wraps(function)
        def timed(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever the function takes and gives
            return self._timed(part, lambda: function(*arguments, **named))

        setattr(holder, name, timed)
        for module in [each for key, each in sys.modules.items() if key.startswith("comity.")]:
            # A function that others imported by its name has that name there too.
            if getattr(module, name, None) is function:
                setattr(module, name, timed)

    def _timed(self, part: str, call: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the call gives
        outer = getattr(self._inside, "spent", 0.0)
        self._inside.spent = 0.0
        began = time.thread_time()
        try:
            return call()
        finally:
            took = time.thread_time() - began
            self.spent[part] += took - self._inside.spent
            self._inside.spent = outer + took


def _main_thread() -> float:
    clock = time.pthread_getcpuclockid(threading.main_thread().ident or 0)
    return time.clock_gettime(clock)
