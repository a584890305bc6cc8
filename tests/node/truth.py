"""What is true of lists of records, computed from what their sources said and from what is in a node's log.

Nothing of the program is used here but ids: neither what it folds, nor how it lays rows. A source's words about a list
are ordered by when they were said, whatever came first; the last word about a key counts.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from comity.core.ids import ActId, BureauId, Millis


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A list."""

    source: BureauId
    holders: tuple[BureauId, ...]


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a source said of a list."""

    act: ActId
    listed: ActId
    serial: int
    puts: Mapping[str, str] = field(default_factory=dict)
    """Key to the number in the record."""
    drops: tuple[str, ...] | None = ()
    """Keys; None for all of the list."""
    asked: frozenset[BureauId] = frozenset()
    """Who drops them and must say so."""
    everywhere: bool = False
    """Whether the source drops them too."""
    deadline: int = 0


@dataclass
class Lists:
    """All lists, and all that was said."""

    opened: dict[ActId, Opened] = field(default_factory=dict)
    said: dict[ActId, Said] = field(default_factory=dict)
    statements: dict[ActId, tuple[BureauId, ActId]] = field(default_factory=dict)
    """Every statement that was signed: by whom, and about which act."""
    canaries: list[str] = field(default_factory=list)
    """Every number that ever stood in a record."""

    def open(self, listed: ActId, source: BureauId, holders: Iterable[BureauId]) -> None:
        """Note a list."""
        self.opened[listed] = Opened(source=source, holders=tuple(holders))

    def canary(self) -> str:
        """Return a number that stands nowhere yet."""
        self.canaries.append(f"CANARY{len(self.canaries):05}")
        return self.canaries[-1]

    def sources(self) -> set[BureauId]:
        """Return who has a list."""
        return {each.source for each in self.opened.values()}

    def of(self, source: BureauId) -> list[ActId]:
        """Return the lists of a source."""
        return [listed for listed, each in self.opened.items() if each.source == source]

    def named(self) -> Iterator[tuple[ActId, str]]:
        """Yield every list with every key that ever stood in it."""
        yield from dict.fromkeys((said.listed, key) for said in self.said.values() for key in said.puts)

    def shown(self, name: BureauId, has: Collection[ActId]) -> dict[tuple[ActId, str], str]:
        """Return what a node shows that has these acts in its log: the number in each record, by list and key."""
        shown: dict[tuple[ActId, str], str] = {}
        for said in sorted((self.said[act] for act in has if act in self.said), key=lambda each: each.serial):
            shown |= {(said.listed, key): number for key, number in said.puts.items()}
            if name in said.asked or (said.everywhere and name == self.opened[said.listed].source):
                gone = said.drops
                shown = {
                    (listed, key): number
                    for (listed, key), number in shown.items()
                    if listed != said.listed or (gone is not None and key not in gone)
                }
        return shown

    def took(self, acts: Iterable[ActId]) -> set[ActId]:
        """Return those of some acts that took something back."""
        return {act for act in acts if act in self.said and not self.said[act].puts}

    def lagging(
        self, listed: ActId, has: Collection[ActId], now: Millis
    ) -> dict[tuple[ActId, BureauId], tuple[bool, bool]]:
        """Return who was asked what, as its source sees it: whether they lag, and whether they are late by now.

        What all have stated is no longer told of.
        """
        told: dict[tuple[ActId, BureauId], tuple[bool, bool]] = {}
        for said in self.said.values():
            if said.listed != listed or said.act not in has:
                continue
            heard = {holder for act, (holder, asked) in self.statements.items() if asked == said.act and act in has}
            if not said.asked <= heard:
                late = now > said.deadline
                told |= {(said.act, each): (each not in heard, late and each not in heard) for each in said.asked}
        return told
