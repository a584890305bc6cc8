"""The veil of hits: the parties; above `official-use-only` by role or unit; quiet ones only at the source (0054).

It also hides at the searching bureau what would count the looks of others there: who may not see a record is not to
notice that somebody else looks at it.
"""

from comity.capabilities.hits.rules.gates import is_quiet
from comity.capabilities.hits.tables import LOOKS_AFTER, OPEN_TO, OVERSEES
from comity.core.act import Act, Said
from comity.core.capability import HIDDEN, SHOWN, Masked, Reader, Seen, Sight

LOOKED = "hits.looked/"
DIGEST = "records.look-digest/"
"""How the kind begins that binds a second of looks: records' own veil shows it to the bureau."""


def veil(said: Said, reader: Reader, seen: Seen) -> Sight:
    """Rule on reading what is said of hits, and of looks."""
    head = said.head
    if head.kind.startswith(DIGEST):
        return SHOWN if reader.role in OVERSEES else HIDDEN
    if head.capability != "hits":
        return SHOWN
    if reader.bureau not in {head.sender, *head.to}:
        return HIDDEN
    if head.kind.startswith(LOOKED):
        return _looks(said, reader)
    opened = seen.act(head.subject) if head.subject is not None else said
    if opened is not None and is_quiet(opened.head) and reader.bureau == head.sender:
        return HIDDEN
    if reader.role in LOOKS_AFTER:
        return Masked(said.act.__struct_fields__ if isinstance(said.act, Act) else ())
    if reader.role in OPEN_TO[head.label.confidentiality]:
        return SHOWN
    return SHOWN if any(_wrote(each, reader) for each in (said, opened) if each is not None) else HIDDEN


def _looks(said: Said, reader: Reader) -> Sight:
    if reader.bureau != said.head.sender:
        return SHOWN if reader.role not in LOOKS_AFTER else Masked(("looks",))
    return SHOWN if reader.role in OVERSEES else HIDDEN


def _wrote(said: Said, reader: Reader) -> bool:
    author = said.head.author
    return author is not None and (said.head.sender, author.unit) == (reader.bureau, reader.unit)
