"""The command that reads texts for the persons of a list of names, in whatever script or spelling (decision 0048).

For lists that are no records: office-holders in the press, the passengers of one ship. Nothing is kept, and no node is
needed; records are searched at a desk (`comity hits screen-text`). A mention is no hit: a text names somebody, no more.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from comity.core.errors import Misused
from comity.faces import terminal

if TYPE_CHECKING:
    from comity.engines.match.mentions import Mention

MOST_NAMES = 100_000
"""Names of one list; 40 us each to take apart."""

MOST_TEXT = 1 << 20
"""Bytes of one text: a book of 500 pages."""


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("mentions")(mentions)


@terminal.takes("json")
def mentions(
    texts: Annotated[list[Path], typer.Argument(help="Texts in UTF-8.", metavar="TEXT...")],
    names: Annotated[Path, typer.Option(help="CSV or JSON lines: key, name; several lines of one key are one person.")],
) -> None:
    """Find the persons of a list of names in texts, however they are spelled there; asks and tells nobody.

    Example: comity mentions report.txt --names office-holders.csv
    """
    from comity.engines.match.mentions import persons_in  # noqa: PLC0415 - the engine takes a third of a second to load
    from comity.engines.match.models import load_model  # noqa: PLC0415
    from comity.engines.match.roster import Roster  # noqa: PLC0415

    known, pages = list(_names(names)), [(file, _text(file)) for file in texts]
    if not known:
        raise Misused(f"{names} holds no name")
    roster = Roster(known, load_model())
    spelled: dict[str, str] = {}
    for person, name in known:
        spelled.setdefault(person, name)
    found = [(file, each) for file, page in pages for each in persons_in(page, roster)]
    terminal.show(
        [_person(person, spelled[person], found) for person in dict.fromkeys(each.person for _, each in found)]
    )


def _person(person: str, name: str, found: "list[tuple[Path, Mention]]") -> dict[str, Any]:
    here = [(file, each) for file, each in found if each.person == person]
    written = dict.fromkeys(each.written for _, each in here)
    return {
        "key": person,
        "name": name,
        "times": len(here),
        "written": [f"{text} ({sum(each.written == text for _, each in here)})" for text in written],
        "texts": [str(file) for file in dict.fromkeys(file for file, _ in here)],
        "likeness": [round(max(each.score for _, each in here), 3), round(min(each.score for _, each in here), 3)],
    }


def _names(file: Path) -> Iterator[tuple[str, str]]:
    from comity.node import lines  # noqa: PLC0415 - as above

    for count, (number, given) in enumerate(lines.read(file, "names")):
        if isinstance(given, lines.Flaw):
            raise Misused(f"line {number} of {file}: {given.what}")
        key, name = given.get("key", ""), given.get("name", "")
        if not (isinstance(key, str) and isinstance(name, str) and key.strip() and name.strip()):
            raise Misused(f"line {number} of {file}: a key and a name were expected, in columns of these names")
        if count == MOST_NAMES:
            raise Misused(f"a list has at most {MOST_NAMES:,} names")
        yield key.strip(), name.strip()


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > MOST_TEXT:
            raise Misused(f"a text has at most {MOST_TEXT:,} bytes; make several of it")
        return file.read_text(encoding="utf-8")
    except OSError as problem:
        raise Misused(f"cannot read {file}: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise Misused(f"{file} is not text in UTF-8") from None
