"""Write the vectors that are missing, and never change one that is there: `python -m tests.vectors.make`.

A vector that no longer fits the code is not made again: either the code is wrong, or the wire has changed, and then
the old file is deleted by hand in the commit that says so, with a fragment in changes/ (README.md).
"""

import json
import sys
from pathlib import Path

from tests.vectors import bad, forms, good, marks

PLACE = Path(__file__).parent


def write(path: Path, content: bytes) -> int:
    """Write a file unless it is there; return how many were written."""
    if path.exists():
        return 0
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    sys.stdout.write(f"wrote {path.relative_to(PLACE)}\n")
    return 1


def as_json(value: object) -> bytes:
    """Return the text of a vector's readable form."""
    return json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n"


def main() -> None:
    """Write what is missing."""
    written = write(PLACE / "keys.json", as_json(good.keys()))
    for vector in (*good.every(), *forms.good()):
        pair = {".json": as_json(vector.readable), ".cbor": vector.raw}
        # Sealing is random, so two halves of different runs would not fit: a pair is written whole or not at all.
        if not any((PLACE / f"{vector.name}{ending}").exists() for ending in pair):
            written += sum(write(PLACE / f"{vector.name}{ending}", content) for ending, content in pair.items())
    for name, described in (*bad.every(), *forms.bad(), *marks.bad()):
        written += write(PLACE / "bad" / f"{name}.json", as_json(described))
    sys.stdout.write(f"{written} written\n")


if __name__ == "__main__":
    main()
