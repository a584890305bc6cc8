"""What a process wrote, as the shim saw it (`shim.c`), and the disk that a power cut at any moment could have left.

The rules are those that POSIX gives and nothing more. What a file holds is certain once it was synced; of what was
written since, any sectors of 512 bytes may be there and any others not. A name that was given, changed or taken away is
certain once its folder was synced; of what was done to one folder since, any first part may be there, as a journal
keeps order. A rename is never half done. SQLite's index of its log is made anew by whoever opens it, so it is left out.
"""

import hashlib
import os
import struct
import subprocess
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

SECTOR = 512

_LINE = struct.Struct("<IIIIQQ")
_SHIM = Path(__file__).with_name("shim.c")


class What(IntEnum):
    """What was done; the numbers are those of `shim.c`."""

    WRITE = 1
    TRUNCATE = 2
    SYNC = 3
    CREATE = 4
    RENAME = 5
    UNLINK = 6
    LINK = 7
    MKDIR = 8
    RMDIR = 9
    MARK = 10
    SYMLINK = 11


def compiled(folder: Path) -> Path:
    """Compile the shim and return the library."""
    made = folder / "shim.so"
    command = ["gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Wno-nonnull-compare", "-o", str(made), str(_SHIM), "-ldl"]
    subprocess.run(command, check=True, capture_output=True)
    return made


@dataclass(frozen=True)
class Event:
    """One line of the log."""

    what: What
    inode: int
    offset: int
    first: str
    """A path, or the text of a mark."""
    second: str
    """The path that something was renamed or linked to."""
    data: bytes


def read(log: Path) -> list[Event]:
    """Return what was recorded, in order."""
    raw, at, found = log.read_bytes(), 0, []
    while at < len(raw):
        what, first, second, size, inode, offset = _LINE.unpack_from(raw, at)
        at += _LINE.size
        one, other, end = at + first, at + first + second, at + first + second + size
        path, target = raw[at:one].decode(), raw[one:other].decode()
        found.append(Event(What(what), inode, offset, path, target, raw[other:end]))
        at = end
    return found


class Dice:
    """Chances that are the same each time for one seed."""

    def __init__(self, seed: str) -> None:
        """Begin a row of chances."""
        self._seed, self._number = seed, 0

    def below(self, end: int) -> int:
        """Return a number from 0 to `end` - 1."""
        self._number += 1
        return int.from_bytes(hashlib.sha256(f"{self._seed}/{self._number}".encode()).digest()[:8]) % end

    def chance(self, percent: int) -> bool:
        """Return True so often in a hundred times."""
        return self.below(100) < percent


@dataclass(eq=False)
class Node:
    """A file or folder, whatever it is called."""

    folder: bool
    points_to: str = ""
    """Where a symbolic link leads."""
    before: bytes = b""
    """What the file held when the recording began."""
    names: dict[str, "Node"] = field(default_factory=dict)
    """What the folder holds at the end of what was read so far."""
    first: dict[str, "Node"] = field(default_factory=dict)
    """What the folder held when the recording began."""
    done: list[tuple[int, Event]] = field(default_factory=list)
    """Writes and truncations, by their number in the log."""
    synced: list[int] = field(default_factory=list)


@dataclass
class Naming:
    """A name that was given or taken away, in one folder or from one to another."""

    number: int
    folder: Node
    """The folder that decides whether it is there: the one that gets the name, or that loses it."""
    gives: tuple[Node, str] | None
    takes: tuple[Node, str] | None
    node: Node

    def settled(self, at: int) -> bool:
        """Tell whether a folder that it concerns was synced since, at latest by that number."""
        folders = {id(place[0]): place[0] for place in (self.gives, self.takes) if place is not None}
        return any(self.number < sync <= at for folder in folders.values() for sync in folder.synced)


class Disk:
    """The folder that was watched, at every moment of the recording."""

    def __init__(self, folder: Path) -> None:
        """Look at the folder as it is before the recording; everything in it counts as synced."""
        self.folder = folder
        self.events: list[Event] = []
        self.namings: list[Naming] = []
        self._inodes: dict[int, Node] = {}
        self.root = self._seen(folder)
        self._machines = {id(node): name for name, top in self.root.first.items() for node in _below(top)}
        """Whose disk each file and folder lies on."""

    def _seen(self, path: Path) -> Node:
        if path.is_symlink():
            return Node(folder=False, points_to=str(path.readlink()))
        if path.is_dir():
            node = Node(folder=True, first={each.name: self._seen(each) for each in path.iterdir()})
            node.names = dict(node.first)
        else:
            node = Node(folder=False, before=path.read_bytes())
        self._inodes[path.stat().st_ino] = node
        return node

    def play(self, log: Path) -> None:
        """Follow what was recorded."""
        self.events = read(log)
        for number, event in enumerate(self.events):
            match event.what:
                case What.WRITE | What.TRUNCATE:
                    self._inodes[event.inode].done.append((number, event))
                case What.SYNC:
                    self._inodes[event.inode].synced.append(number)
                case What.CREATE | What.MKDIR:
                    made = self._inodes[event.inode] = Node(folder=event.what is What.MKDIR)
                    self._name(number, event.first, made)
                case What.MARK:
                    pass
                case _:
                    self._rename(number, event)

    def _name(self, number: int, path: str, node: Node) -> None:
        folder, name = self._place(path)
        folder.names[name] = node
        self._machines.setdefault(id(node), self._machines.get(id(folder), ""))
        self.namings.append(Naming(number, folder, (folder, name), None, node))

    def _rename(self, number: int, event: Event) -> None:
        source, old = self._place(event.first)
        if event.what is What.SYMLINK:
            self._name(number, event.first, Node(folder=False, points_to=event.second))
            return
        if event.what is What.LINK:
            self._name(number, event.second, source.names[old])
            return
        if event.what in {What.UNLINK, What.RMDIR}:
            gone = source.names.pop(old, None)
            if gone is not None:
                self.namings.append(Naming(number, source, None, (source, old), gone))
            return
        target, new = self._place(event.second)
        node = source.names.pop(old)
        target.names[new] = node
        self.namings.append(Naming(number, target, (target, new), (source, old), node))

    def _place(self, path: str) -> tuple[Node, str]:
        *folders, name = os.path.relpath(path, self.folder).split("/")
        node = self.root
        for each in folders:
            node = node.names[each]
        return node, name

    # What a power cut leaves.

    def image(self, at: int, cut: Collection[str], dice: Dice | None, into: Path) -> None:
        """Write the disk as it may be if the power goes after event `at`.

        `cut` names the machines, folders of the root, that lose it; the others have all that they wrote by then.
        Without dice, all is lost that may be.
        """
        dark = {node for node, machine in self._machines.items() if machine in cut}
        names = self._names(at, dark, dice)
        # Some cuts lose all that they may, some nothing, most of them a part.
        keep = (0, 0, 100, 50, 50, 15, 85)[dice.below(7)] if dice is not None else 0
        for name in list(names[id(self.root)]):
            self._write(names, names[id(self.root)][name], into / name, _Moment(at, keep, dice or Dice(""), dark))

    def _names(self, at: int, dark: Collection[int], dice: Dice | None) -> dict[int, dict[str, Node]]:
        """Return what each folder holds after the cut."""
        names: defaultdict[int, dict[str, Node]] = defaultdict(dict)
        names |= {id(node): dict(node.first) for node in _below(self.root)}
        past = [each for each in self.namings if each.number <= at]
        open_: dict[int, list[Naming]] = defaultdict(list)
        for each in past:
            if id(each.folder) in dark and not each.settled(at):
                open_[id(each.folder)].append(each)
        lost: set[int] = set()
        for waiting in open_.values():
            kept = 0 if dice is None or dice.chance(50) else dice.below(len(waiting) + 1)
            lost |= {each.number for each in waiting[kept:]}
        for each in past:
            if each.number in lost:
                continue
            if each.takes is not None and names[id(each.takes[0])].get(each.takes[1]) is each.node:
                del names[id(each.takes[0])][each.takes[1]]
            if each.gives is not None:
                names[id(each.gives[0])][each.gives[1]] = each.node
        return names

    def _write(self, names: dict[int, dict[str, Node]], node: Node, path: Path, moment: "_Moment") -> None:
        if node.folder:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name, each in names[id(node)].items():
                self._write(names, each, path / name, moment)
            return
        if node.points_to:
            path.symlink_to(node.points_to)
            return
        path.write_bytes(moment.content(node))
        path.chmod(0o600)

    def whole(self, into: Path) -> None:
        """Write the disk as it is at the end, to compare it with the true one."""
        self.image(len(self.events), (), None, into)

    def marks(self, at: int) -> list[list[str]]:
        """Return the words of the marks that were made by a moment."""
        marked = [event.first for event in self.events[: at + 1] if event.what is What.MARK]
        return [text.split() for text in marked]

    def numbers(self, what: What) -> list[int]:
        """Return where in the recording something of this kind was done."""
        return [number for number, event in enumerate(self.events) if event.what is what]


@dataclass
class _Moment:
    """A power cut: when, and how much of what is open stays, in a hundred sectors."""

    at: int
    keep: int
    dice: Dice
    dark: Collection[int]

    def content(self, node: Node) -> bytes:
        """Return what a file holds after the cut."""
        held = bytearray(node.before)
        certain = max((sync for sync in node.synced if sync <= self.at), default=-1)
        for number, event in node.done:
            if number > self.at:
                break
            open_ = number > certain and id(node) in self.dark
            if event.what is What.TRUNCATE:
                if not open_ or self.dice.chance(self.keep):
                    held[event.offset :] = bytes(max(0, event.offset - len(held)))
                continue
            for start, part in _sectors(event) if open_ else [(event.offset, event.data)]:
                if open_ and not self.dice.chance(self.keep):
                    continue
                held.extend(bytes(max(0, start - len(held))))
                held[start : start + len(part)] = part
        return bytes(held)


def _sectors(event: Event) -> Iterator[tuple[int, bytes]]:
    at = event.offset
    while at < event.offset + len(event.data):
        end = min(at - at % SECTOR + SECTOR, event.offset + len(event.data))
        yield at, event.data[at - event.offset : end - event.offset]
        at = end


def _below(node: Node) -> Iterator[Node]:
    yield node
    for each in node.first.values():
        yield from _below(each)


def differing(one: Path, other: Path) -> list[str]:
    """Name the files in which two folders differ."""
    found = []
    for here, there in ((one, other), (other, one)):
        for path in sorted(here.rglob("*")):
            twin = there / path.relative_to(here)
            if not twin.exists() or (path.is_file() and path.read_bytes() != twin.read_bytes()):
                found.append(str(path.relative_to(here)))
    return sorted({name for name in found if not name.endswith("-shm")})
