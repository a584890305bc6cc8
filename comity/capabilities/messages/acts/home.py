"""What a bureau says to itself alone: which units and cases a matter belongs to, and its saved lists of recipients."""

import re

from comity.capabilities.messages.acts.words import MAX_NAMES, MAX_TITLE, is_one_line
from comity.core.act import MAX_RECIPIENTS, Act
from comity.core.ids import BureauId

LIST_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
"""What the name of a saved list looks like: it is typed behind ``list:``, so it needs no quotes."""


class Assignment(Act, frozen=True, kw_only=True, tag="messages.assignment/1"):
    """Says, to one's own bureau alone, which units and cases a matter belongs to; the last one said counts."""

    units: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        for names in (self.units, self.cases):
            if list(names) != sorted(set(names)) or len(names) > MAX_NAMES:
                raise ValueError(f"units and cases are sorted, each once, {MAX_NAMES} at most")
            if any(not 1 <= len(name) <= MAX_TITLE or not is_one_line(name) for name in names):
                raise ValueError(f"a unit or case is named in one line of 1 to {MAX_TITLE} characters")


class SavedList(Act, frozen=True, kw_only=True, tag="messages.list/1"):
    """Keeps recipients under a name, for one's own bureau alone; the last of a name counts, an empty one ends it."""

    name: str
    members: tuple[BureauId, ...] = ()

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if not LIST_NAME.fullmatch(self.name):
            raise ValueError("a list has a name of 1 to 32 small letters, digits and hyphens: baltic-ports")
        if list(self.members) != sorted(set(self.members)) or len(self.members) > MAX_RECIPIENTS:
            raise ValueError(f"the bureaus of a list are sorted, each once, {MAX_RECIPIENTS} at most")
