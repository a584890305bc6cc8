"""Files of one thing a line, CSV or JSON lines, as nested values; and what is wrong with a line, by its number.

For desks that take lists: records to publish, persons to screen. Nothing here knows what a line means, and no error
says what stands in one.
"""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from comity.core.codec import NO_JSON, from_json
from comity.core.errors import Misused

LARGEST = 1 << 30
"""Bytes of one file: a million lines with room to spare; who has more makes several files."""


class Mapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which column of a file is what."""

    key: str = "key"
    fields: dict[str, str] = {}
    """Field to column; a field inside a field with dots: ``names.0.family``."""
    always: dict[str, str] = {}
    """Field to the value that all records of the file have."""


class Flaw(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with one line."""

    line: int
    what: str


def mapping_of(file: Path | None) -> Mapping:
    """Return the mapping in a file, or the one that maps names to themselves."""
    if file is None:
        return Mapping()
    try:
        return from_json(file.read_bytes(), Mapping)
    except OSError as problem:
        raise Misused(f"cannot read {file}: {problem.strerror}") from None
    except NO_JSON:
        raise Misused(f"{file} is no mapping: a JSON object with key, fields and always") from None


def read(file: Path, of: str) -> Iterator[tuple[int, dict[str, Any] | Flaw]]:
    """Yield each line's number with what stands in it, or with what is wrong with it; `of` is what they are lines of.

    Raises:
        Misused: the file cannot be read, is too large, or is neither CSV nor JSON lines by its name.

    """
    try:
        if file.stat().st_size > LARGEST:
            raise Misused(f"a file of {of} has at most {LARGEST:,} bytes; make several of it")
        # The mark at the beginning that spreadsheets write is no part of the first column's name.
        with file.open(encoding="utf-8-sig", newline="") as text:
            yield from _lines(file, text, of)
    except OSError as problem:
        raise Misused(f"cannot read {file}: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise Misused(f"{file} is not text in UTF-8") from None


def _lines(file: Path, text: io.TextIOBase, of: str) -> Iterator[tuple[int, dict[str, Any] | Flaw]]:
    match file.suffix.lower():
        case ".csv":
            reader = csv.DictReader(text, strict=True)
            try:
                for each in reader:
                    whole = None not in each and None not in each.values()
                    flaw = Flaw(line=reader.line_num, what="another number of columns than the first line")
                    yield reader.line_num, unflat(each) if whole else flaw
            except csv.Error:
                raise Misused(f"line {reader.line_num} is not CSV: a quotation mark is left open") from None
        case ".jsonl" | ".ndjson":
            for number, line in enumerate(text, 1):
                if line.strip():
                    yield number, _object(number, line)
        case _:
            raise Misused(f"{of} come from a file whose name ends in .csv or .jsonl")


def _object(number: int, line: str) -> dict[str, Any] | Flaw:
    try:
        return msgspec.json.decode(line.encode(), type=dict[str, Any])
    except NO_JSON:
        return Flaw(line=number, what="no JSON object")


def flat(given: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Return nested fields by their dotted names.

    >>> flat({"names": [{"family": "Amrani"}], "sex": "F"})
    {'names.0.family': 'Amrani', 'sex': 'F'}
    """
    level: dict[str, Any] = {}
    for name, value in given.items():
        match value:
            case dict():
                level |= flat(value, f"{before}{name}.")
            case list():
                level |= flat({str(place): each for place, each in enumerate(value)}, f"{before}{name}.")
            case _:
                level[f"{before}{name}"] = value
    return level


def unflat(given: dict[str, Any]) -> dict[str, Any]:
    """Return fields with dotted names as nested ones; a part of a name that is a number is a place in a list.

    >>> unflat({"names.0.family": "Amrani", "names.1.family": "Amrany", "sex": "F"})
    {'names': [{'family': 'Amrani'}, {'family': 'Amrany'}], 'sex': 'F'}
    """
    nested: dict[str, Any] = {}
    for name, value in given.items():
        *path, last = name.split(".")
        inside = nested
        for part in path:
            inside = inside.setdefault(part, {})
            if not isinstance(inside, dict):
                return given
        inside[last] = value
    return {name: _listed(value) for name, value in nested.items()}


def _listed(value: Any) -> Any:  # noqa: ANN401 - what a file may hold
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(each) for name, each in value.items()}
    if inner and all(name.isdecimal() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner
