"""Who asks the search index of a node, and how: the questions, the answers, and the way to whoever has it open.

Authority: decisions 0049 and 0052. One process has an index open: the one that serves, or, where none does, the one
that asks. `Finder` goes to it: into this process, over a socket in the node's folder, or by opening the index here. It
is told policies and tells numbers of rows; what a reader may see `node/rowview.py` rules, before and after.

What weighs (the engine, its tables, the index itself) is loaded when somebody asks, and not before.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import msgspec

from comity.core.errors import Misused
from comity.core.ids import OrgId
from comity.node import rowchanges

if TYPE_CHECKING:
    from comity.node.bureau import Bureau  # The bureau imports this module.
    from comity.node.searching import Searching
    from comity.node.searchroad import Listener

KINDS = {
    "document": 1, "plate": 2, "vin": 3, "imei": 4, "iban": 5, "phone": 6, "email": 7, "domain": 8, "wallet": 9,
    "firearm": 10, "ship": 11, "mmsi": 12, "aircraft-address": 13, "aircraft-mark": 14, "engine": 15, "hull": 16,
    "registration": 17, "call-sign": 18, "vessel": 19, "imsi": 20, "serial": 21, "mac": 22, "account": 23,
    "banknote": 24, "reference": 25, "title": 26,
}  # fmt: skip
"""Kinds of identifiers and their numbers in the index: given once and never changed, 1 to 255."""

MOST_ASKED = 1_000
"""Identifiers, and names, of one question."""

Told = Callable[[int, int], None]
"""Told how many rows are done, of how many."""


class Question(msgspec.Struct, frozen=True, kw_only=True, tag="ask"):
    """What is looked for, under which policies."""

    allow: tuple[int, ...]
    """Policies that the reader sees."""
    quiet: tuple[int, ...] = ()
    """Policies of which nobody is told but the source; looked for apart."""
    identifiers: tuple[tuple[int, str], ...] = ()
    names: tuple[str, ...] = ()
    limit: int
    """Rows for each name."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """An index as it stands."""

    rows: int
    identifiers: int
    names: int
    memory: int
    """Bytes."""
    disk: int
    """Bytes."""
    behind: int
    """Changes of the store that it has not taken in."""
    stale: bool
    """Whether its files still hold, sealed, something that was withdrawn: it goes within the hour."""


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What was found under some policies; numbers of rows."""

    holders: tuple[tuple[int, ...], ...] = ()
    """For each identifier the rows that hold it, in the order of their numbers."""
    candidates: tuple[tuple[tuple[int, float, int], ...], ...] = ()
    """For each name rows, log-odds, and which of the row's names; the likeliest first."""
    effort: tuple[int, int, int] = (0, 0, 0)
    """Words compared, names touched, names scored."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What was found."""

    seen: Looked
    quiet: Looked


class Finder:
    """The way to the index of one membership of a node."""

    def __init__(self, folder: Path, org: OrgId) -> None:
        """Take the folder in which indexes lie; nothing is opened or made yet."""
        self.folder, self.org = folder, org
        self._held: Searching | None = None
        self._listener: Listener | None = None
        self._able, self._lock = True, threading.Lock()

    def ask(self, bureau: "Bureau", question: Question) -> Answer:
        """Return what the index finds.

        Raises:
            Misused: a question is too large, or the software of the index is not installed.
            Unreachable: another process has it open and does not answer, or is making it anew.

        """
        if max(len(question.identifiers), len(question.names)) > MOST_ASKED:
            raise Misused(f"at most {MOST_ASKED} numbers and {MOST_ASKED} names are looked for at a time")
        if self._held is None:
            from comity.node import searchroad  # noqa: PLC0415 - most commands look for nothing

            found = searchroad.ask(self.folder, self.org, question, Answer)
            if found is not None:
                return found
        return self.opened(bureau).ask(question)

    def status(self, bureau: "Bureau") -> Status:
        """Return how the index stands."""
        if self._held is None:
            from comity.node import searchroad  # noqa: PLC0415 - as above

            found = searchroad.ask(self.folder, self.org, searchroad.Stand(), Status)
            if found is not None:
                return found
        return self.opened(bureau).status()

    def rebuild(self, bureau: "Bureau", told: Told | None = None) -> Status:
        """Make the index anew from the store, here or in the process that has it open, and return how it stands."""
        if self._held is None:
            from comity.node import searchroad  # noqa: PLC0415 - as above

            found = searchroad.ask(self.folder, self.org, searchroad.Rebuild(), Status, told)
            if found is not None:
                return found
        searching = self.opened(bureau)
        searching.rebuild(told)
        return searching.status()

    def serve(self, bureau: "Bureau") -> None:
        """Open the index here and answer the other processes of this machine until `close`."""
        from comity.node import searchroad  # noqa: PLC0415 - as above

        searching = self.opened(bureau)
        with self._lock:
            if self._listener is None:
                self._listener = searchroad.Listener(self.folder, self.org, searching)

    def work(self, bureau: "Bureau") -> None:
        """Take in what was committed, and put in order what the disk holds; for a node that serves, again and again.

        A node to which nobody has opened a list loads nothing.

        Raises:
            Misused: the software of the index is not installed.
            Unreachable: another process has it open.

        """
        if not self._able or (self._held is None and not rowchanges.last(bureau.store, bureau.database)):
            return
        try:
            self.serve(bureau)
        except Misused:
            # Without its libraries, for example: the node serves all the same, and each search says what is lacking.
            self._able = False
            raise
        searching = self.opened(bureau)
        searching.keep_up()
        searching.tidy(bureau.now())

    def examine(self, bureau: "Bureau") -> str:
        """Return what is wrong with the index; nothing if all is well, or there are no rows. Changes nothing.

        Raises:
            Misused: the software of the index is not installed.
            Unreachable: the process that has it open gives no answer.

        """
        last = rowchanges.last(bureau.store, bureau.database)
        if not last:
            return ""
        if not (self.folder / f"{self.org}.keys").exists():
            return "there is no search index yet; the node makes it when it serves or searches"
        from comity.node import searchroad  # noqa: PLC0415 - as above

        status = searchroad.ask(self.folder, self.org, searchroad.Stand(), Status)
        if status is not None:
            return f"the search index is {status.behind} changes behind its records" if status.behind else ""
        searching = _engine()
        try:
            position = searching.look(bureau, self.folder, self.org)
        except Misused as problem:
            return str(problem)
        if position == last:
            return ""
        return f"the search index stands at change {position} of {last} of its records"

    def opened(self, bureau: "Bureau") -> "Searching":
        """Return the index, opened in this process; made from the store where there is none, or none that opens.

        Raises:
            Misused: the software of the index is not installed.
            Unreachable: another process has it open.

        """
        with self._lock:
            if self._held is None:
                self._held = _engine().Searching(bureau, self.folder, self.org)
            return self._held

    def close(self) -> None:
        """Close what is open here."""
        with self._lock:
            if self._listener is not None:
                self._listener.close()
            if self._held is not None:
                self._held.close()
            self._listener = self._held = None


def _engine() -> ModuleType:
    try:
        from comity.node import searching  # noqa: PLC0415 - half a second that most commands need not pay
    except ModuleNotFoundError as lacking:
        told = f"searching needs the library {lacking.name}: install the extra 'match' of this software"
        raise Misused(told) from None
    return searching
