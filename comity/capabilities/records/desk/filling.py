"""Files of records to rows: JSON lines or CSV, with or without a mapping of columns, and a word on each bad line.

A mapping is a JSON file that is kept and used again: which column is the key, which column is which field, what every
record of the file has in common. Without one, columns are called as the fields are: ``number``, ``names.0.family``.

    {"key": "Reference", "fields": {"number": "Passport no.", "issued": "Issued on"}, "always": {"issuer": "MAR"}}

What a line says is never told in an error: only its number, and the field that is wrong or missing.
"""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from comity.capabilities.records.acts import MAX_ROW, STRUCTS, RecordKind, Row
from comity.core.codec import NO_JSON, encode, from_json
from comity.core.errors import Misused

MOST_ERRORS = 100
"""Bad lines that are told of; after so many the file is of another kind or the mapping is wrong."""

LARGEST = 1 << 30
"""Bytes of one file: a million records with room to spare; who has more makes several files."""


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


def read(file: Path, record: RecordKind, mapping: Mapping) -> Iterator[tuple[int, Row | Flaw]]:
    """Yield each line's number with its row, or with what is wrong with it.

    Raises:
        Misused: the file cannot be read, is too large, or is neither CSV nor JSON lines by its name.

    """
    try:
        if file.stat().st_size > LARGEST:
            raise Misused(f"a file of records has at most {LARGEST:,} bytes; make several of it")
        # The mark at the beginning that spreadsheets write is no part of the first column's name.
        with file.open(encoding="utf-8-sig", newline="") as text:
            for line, given in _lines(file, text):
                yield line, given if isinstance(given, Flaw) else _row(line, given, record, mapping)
    except OSError as problem:
        raise Misused(f"cannot read {file}: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise Misused(f"{file} is not text in UTF-8") from None


def _lines(file: Path, text: io.TextIOBase) -> Iterator[tuple[int, dict[str, Any] | Flaw]]:
    match file.suffix.lower():
        case ".csv":
            reader = csv.DictReader(text, strict=True)
            try:
                for each in reader:
                    whole = None not in each and None not in each.values()
                    flaw = Flaw(line=reader.line_num, what="another number of columns than the first line")
                    yield reader.line_num, _unflat(each) if whole else flaw
            except csv.Error:
                raise Misused(f"line {reader.line_num} is not CSV: a quotation mark is left open") from None
        case ".jsonl" | ".ndjson":
            for number, line in enumerate(text, 1):
                if line.strip():
                    yield number, _object(number, line)
        case _:
            raise Misused("records come from a file whose name ends in .csv or .jsonl")


def _object(number: int, line: str) -> dict[str, Any] | Flaw:
    try:
        return msgspec.json.decode(line.encode(), type=dict[str, Any])
    except NO_JSON:
        return Flaw(line=number, what="no JSON object")


def _row(line: int, given: dict[str, Any], record: RecordKind, mapping: Mapping) -> Row | Flaw:
    key = _flat(given).get(mapping.key) or given.get(mapping.key)
    body = given.get("record")
    if mapping.fields or mapping.always or not isinstance(body, dict):
        columns = _flat(given)
        fields = {field: columns.get(column, "") for field, column in mapping.fields.items()}
        if not mapping.fields:
            fields = {name: value for name, value in columns.items() if name != mapping.key}
        filled = {name: value for name, value in (fields | mapping.always).items() if value not in {"", None}}
        body = _unflat(filled)
    try:
        made = msgspec.convert(body | {"of": record.value}, STRUCTS[record], strict=True)
        row = msgspec.convert({"key": key, "record": msgspec.to_builtins(made)}, Row, strict=True)
    except msgspec.ValidationError as problem:
        return Flaw(line=line, what=_shape_only(problem))
    if len(encode(row)) > MAX_ROW:
        return Flaw(line=line, what=f"a record of more than {MAX_ROW} bytes")
    return row


def _flat(given: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Return nested fields by their dotted names.

    >>> _flat({"names": [{"family": "Amrani"}], "sex": "F"})
    {'names.0.family': 'Amrani', 'sex': 'F'}
    """
    flat: dict[str, Any] = {}
    for name, value in given.items():
        match value:
            case dict():
                flat |= _flat(value, f"{before}{name}.")
            case list():
                flat |= _flat({str(place): each for place, each in enumerate(value)}, f"{before}{name}.")
            case _:
                flat[f"{before}{name}"] = value
    return flat


def _unflat(given: dict[str, Any]) -> dict[str, Any]:
    """Return fields with dotted names as nested ones; a part of a name that is a number is a place in a list.

    >>> _unflat({"names.0.family": "Amrani", "names.1.family": "Amrany", "sex": "F"})
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


def _shape_only(problem: msgspec.ValidationError) -> str:
    """Say what was expected and where, and nothing of what came."""
    text, _, where = str(problem).partition(" - at `")
    where = where.rstrip("`").removeprefix("$.") or "the whole"
    # Texts of the library that quote what came begin so; ours never do.
    if text.startswith(("Invalid", "Expected")):
        return f"a wrong value at {where}"
    return f"{text}" + (f" (at {where})" if where != "the whole" else "")
