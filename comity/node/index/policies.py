"""Who may see which row: a policy number for each row, and for each class of readers a flag for each policy.

Decisions 0016 and 0049. What a policy means is ruled by the veils, outside; the index only needs to know, before it
counts anything, whether this reader may see that row: two looks into tables. A row that was withdrawn has policy 0,
which nobody may see; so withdrawing a row and restricting it are one write, visible at once.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import TypeAlias

import numpy as np

from comity.core.capability import Reader
from comity.core.errors import Misused
from comity.node.index.kernels import I64, U32, Flags

ROWS = 1 << 32
"""Rows have numbers from 1 to below this one: four bytes of memory for each number that the store gave out."""
POLICIES = 1 << 24
"""Policies have numbers from 1 to below this one."""

PAGE = 1 << 20
"""Rows whose policies rest in one piece of the disk: 4 MiB."""

CLASSES = 4096
"""Classes of readers whose flags are kept: a megabyte each at worst, some kilobytes as a rule."""


class RowTable:
    """The policy of every row."""

    def __init__(self) -> None:
        """Begin without rows."""
        self.policies: U32 = np.zeros(1024, np.uint32)
        self._touched = set[int]()
        self._new = True
        self.live = 0

    def check(self, numbers: I64, policies: I64) -> None:
        """Refuse numbers that are out of range.

        Raises:
            Misused: one of them is.

        """
        if np.any((numbers < 1) | (numbers >= ROWS)):
            raise Misused(f"rows are numbered from 1 and below {ROWS}")
        if np.any((policies < 1) | (policies >= POLICIES)):
            raise Misused(f"policies are numbered from 1 and below {POLICIES}")

    def holds(self, number: int) -> bool:
        """Tell whether the row is there."""
        return 0 <= number < len(self.policies) and bool(self.policies[number])

    def put(self, numbers: I64, policies: I64) -> None:
        """Give rows that are not there their policies."""
        if not len(numbers):
            return
        last = int(numbers.max())
        if last >= len(self.policies):
            grown = np.zeros(max(last + 1, len(self.policies) * 9 // 8), np.uint32)
            grown[: len(self.policies)] = self.policies
            self.policies = grown
        self.policies[numbers] = policies
        self.live += len(numbers)
        self._touch(numbers)

    def restrict(self, numbers: Iterable[int], policy: int) -> None:
        """Give rows another policy; one that is not there does not come back by it."""
        many = self._there(numbers)
        self.policies[many] = policy
        self._touch(many)

    def drop(self, numbers: Iterable[int]) -> None:
        """Withdraw rows; one that is not there stays away."""
        many = self._there(numbers)
        self.policies[many] = 0
        self.live -= len(many)
        self._touch(many)

    def page(self, number: int) -> bytes:
        """Return the policies of one page as they rest on the disk."""
        return self.policies[number * PAGE : (number + 1) * PAGE].tobytes()

    def load(self, pages: Iterable[bytes]) -> None:
        """Take the pages as they rested."""
        self.policies = np.concatenate([np.frombuffer(page, np.uint32) for page in pages])
        self.live, self._touched, self._new = int(np.count_nonzero(self.policies)), set(), False

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return -(-len(self.policies) // PAGE)

    @property
    def touched(self) -> frozenset[int]:
        """The pages that have changed since `clean`: all, in a table that never was on the disk."""
        return frozenset(range(self.pages) if self._new else self._touched)

    def clean(self) -> None:
        """Note that all pages are on the disk."""
        self._touched.clear()
        self._new = False

    def _there(self, numbers: Iterable[int]) -> I64:
        many: I64 = np.unique(np.fromiter(numbers, np.int64))
        many = many[(many > 0) & (many < len(self.policies))]
        there: I64 = many[self.policies[many] != 0]
        return there

    def _touch(self, many: I64) -> None:
        self._touched.update(np.unique(many // PAGE).tolist())


Class: TypeAlias = tuple[object, ...]


class Readers:
    """For each class of readers, which policies it may see: bureau, unit, role, cases and purpose make a class."""

    def __init__(self, may_see: Callable[[int, Reader], bool]) -> None:
        """Take what rules on one policy number and one reader; it is asked once for each pair, so it must not change.

        A policy of which it is not known yet what it means is one that nobody may see, and is asked for again.
        """
        self._may_see = may_see
        self._flags = OrderedDict[Class, Flags]()

    def allow(self, reader: Reader, policies: int) -> Flags:
        """Return the reader's flags for the policies 0 to `policies`; the same table for readers of one class."""
        who = (reader.bureau, reader.unit, reader.role, reader.cases, reader.purpose)
        flags = self._flags.get(who)
        if flags is None or len(flags) <= policies:
            known = 1 if flags is None else len(flags)
            more = [self._may_see(number, reader) for number in range(known, policies + 1)]
            flags = np.concatenate([np.zeros(1, np.bool_) if flags is None else flags, np.array(more, np.bool_)])
            self._flags[who] = flags
            if len(self._flags) > CLASSES:
                self._flags.popitem(last=False)
        return flags

    def forget(self) -> None:
        """Ask everything again: for when a veil looks at something that has changed."""
        self._flags.clear()
