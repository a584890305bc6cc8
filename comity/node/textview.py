"""A text read for what its reader may find: identifiers, and persons of rows by their names (decisions 0048, 0054).

What an n-gram of the text might be is compared by the node itself; only rows that the text mentions go to the reader,
and are noted as looked at. A mention is a reason to look, not a hit.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from comity.engines.match.mentions import USUAL, Levels, Likeness
from comity.engines.match.screening import Screened, screened
from comity.node.rowpairs import NodesEyes
from comity.node.rowview import RowView, Shelf, Sought

LIKEST = 3
"""Rows for each name that are compared: a text names a person in full somewhere."""


@dataclass
class _Known:
    """Who is known to a reader's rows, as `mentions` asks for it; persons are called by the numbers of their rows."""

    eyes: NodesEyes

    def alike(self, names: Sequence[str]) -> Sequence[Sequence[Likeness]]:
        """Return for each name the rows whose names are like it."""
        soughts = [Sought(names=(name,), limit=LIKEST) for name in names]
        found = self.eyes.finds(soughts) if soughts else ()
        return [
            [Likeness(str(each.shelf.number), _score(each.names[0].odds)) for each in one.brought if each.names]
            for one in found
        ]


def read(view: RowView, text: str, country: str = "", levels: Levels = USUAL) -> tuple[Screened, dict[str, Shelf]]:
    """Return identifiers and mentions of a text, and the rows that are mentioned, by the name of their person."""
    eyes = NodesEyes(view.bureau, view.reader, view.why)
    page = screened(text, _Known(eyes), country, levels)
    numbers = sorted({int(mention.person) for mention in page.mentions})
    shelves = {str(shelf.number): shelf for shelf in view.numbered(numbers)}
    return page, shelves


def _score(odds: float) -> float:
    return 1 / (1 + math.exp(-max(min(odds, 50.0), -50.0)))
