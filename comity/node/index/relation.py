"""What belongs to what, as arrays that grow: the Python side of `personkernels.Table` (decision 0049).

Owners are numbers from 0; each has values, each of them with a count. What is added hangs in chains; `lay` puts all of
them side by side, which is what makes a search fast.
"""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from comity.node.index import personkernels as kernels
from comity.node.index.kernels import I64, U32
from comity.node.index.personkernels import Table

S = TypeVar("S", bound=np.generic)


def grown(array: npt.NDArray[S], need: int) -> npt.NDArray[S]:
    """Return the array, or a longer one that begins with it; what is new is zero."""
    if len(array) >= need:
        return array
    more = np.zeros((max(need, len(array) * 3 // 2), *array.shape[1:]), array.dtype)
    more[: len(array)] = array
    return more


def ranges(starts: I64, ends: I64) -> I64:
    """Return the numbers of all ranges, one range after the other."""
    sizes = ends - starts
    before = np.cumsum(sizes) - sizes
    out: I64 = np.arange(int(sizes.sum())) + np.repeat(starts - before, sizes)
    return out


class Relation:
    """Values of owners, with a count each."""

    def __init__(self) -> None:
        """Begin with none."""
        none = np.zeros(0, np.uint32)
        self.table = Table(np.zeros(1, np.int64), none, none, np.zeros(64, np.uint32), np.zeros((64, 3), np.uint32))
        self._used = 1

    def room(self, owners: int, more: int) -> None:
        """Make room for owners up to this number, and for more values."""
        heads, nodes = grown(self.table.heads, owners), grown(self.table.nodes, self._used + more)
        self.table = self.table._replace(heads=heads, nodes=nodes)

    def hang(self, owners: U32, values: U32) -> None:
        """Add values that their owners do not have."""
        self._used = kernels.hang(self.table, self._used, owners, values)

    def count(self, owners: U32, values: U32, *, more: bool) -> None:
        """Count each value once more, or once less."""
        self._used = kernels.count(self.table, self._used, owners, values, more=more)

    def flat(self, owners: int) -> tuple[U32, U32, U32]:
        """Return owners, values and counts of all that is counted."""
        size = len(self.table.values) + self._used
        out = (np.zeros(size, np.uint32), np.zeros(size, np.uint32), np.zeros(size, np.uint32))
        n = kernels.flatten(self.table, owners, *out)
        return out[0][:n], out[1][:n], out[2][:n]

    def lay(self, owners: U32, values: U32, counts: U32, size: int) -> None:
        """Begin anew with these values, laid side by side in the order of `size` owners."""
        order = np.lexsort((values, owners))
        starts = np.zeros(size + 1, np.int64)
        np.cumsum(np.bincount(owners, minlength=size), out=starts[1:])
        heads, nodes = np.zeros(max(size, 64), np.uint32), np.zeros((64, 3), np.uint32)
        self.table, self._used = Table(starts, values[order], counts[order], heads, nodes), 1

    @property
    def hanging(self) -> int:
        """How many values hang in chains."""
        return self._used - 1

    @property
    def nbytes(self) -> int:
        """The bytes that its arrays take in memory."""
        return sum(array.nbytes for array in self.table)
