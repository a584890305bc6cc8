"""Files of records to rows: JSON lines or CSV, with or without a mapping of columns, and a word on each bad line.

A mapping is a JSON file that is kept and used again: which column is the key, which column is which field, what every
record of the file has in common. Without one, columns are called as the fields are: ``number``, ``names.0.family``.

    {"key": "Reference", "fields": {"number": "Passport no.", "issued": "Issued on"}, "always": {"issuer": "MAR"}}

What a line says is never told in an error: only its number, and the field that is wrong or missing.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from comity.capabilities.records.acts import MAX_ROW, STRUCTS, RecordKind, Row
from comity.core.codec import encode
from comity.node import lines
from comity.node.lines import Flaw, Mapping, flat, mapping_of, unflat

__all__ = ["MOST_ERRORS", "Flaw", "Mapping", "mapping_of", "read"]

MOST_ERRORS = 100
"""Bad lines that are told of; after so many the file is of another kind or the mapping is wrong."""


def read(file: Path, record: RecordKind, mapping: Mapping) -> Iterator[tuple[int, Row | Flaw]]:
    """Yield each line's number with its row, or with what is wrong with it.

    Raises:
        Misused: the file cannot be read, is too large, or is neither CSV nor JSON lines by its name.

    """
    for line, given in lines.read(file, "records"):
        yield line, given if isinstance(given, Flaw) else _row(line, given, record, mapping)


def _row(line: int, given: dict[str, Any], record: RecordKind, mapping: Mapping) -> Row | Flaw:
    key = flat(given).get(mapping.key) or given.get(mapping.key)
    body = given.get("record")
    if mapping.fields or mapping.always or not isinstance(body, dict):
        columns = flat(given)
        fields = {field: columns.get(column, "") for field, column in mapping.fields.items()}
        if not mapping.fields:
            fields = {name: value for name, value in columns.items() if name != mapping.key}
        filled = {name: value for name, value in (fields | mapping.always).items() if value not in {"", None}}
        body = unflat(filled)
    try:
        made = msgspec.convert(body | {"of": record.value}, STRUCTS[record], strict=True)
        row = msgspec.convert({"key": key, "record": msgspec.to_builtins(made)}, Row, strict=True)
    except msgspec.ValidationError as problem:
        return Flaw(line=line, what=_shape_only(problem))
    if len(encode(row)) > MAX_ROW:
        return Flaw(line=line, what=f"a record of more than {MAX_ROW} bytes")
    return row


def _shape_only(problem: msgspec.ValidationError) -> str:
    """Say what was expected and where, and nothing of what came."""
    text, _, where = str(problem).partition(" - at `")
    where = where.rstrip("`").removeprefix("$.") or "the whole"
    # Texts of the library that quote what came begin so; ours never do.
    if text.startswith(("Invalid", "Expected")):
        return f"a wrong value at {where}"
    return f"{text}" + (f" (at {where})" if where != "the whole" else "")
