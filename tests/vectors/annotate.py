"""Spell CBOR out, one line for each item, for the page docs/spec/wire.md: `python -m tests.vectors.annotate`.

Without arguments it writes the blocks of the page again from the vectors; a test holds the page to them. Written from
RFC 8949 alone, so that the page does not repeat what our codec believes.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.core import second_decoder

VECTORS = Path(__file__).parent
PAGE = VECTORS.parents[1] / "docs" / "spec" / "wire.md"
BLOCK = re.compile(r"<!-- vector: (\S+) -->\n```text\n.*?```\n", re.DOTALL)

SHOWN = 16
"""Bytes of a string that are shown; the vectors have all of them."""
COLUMN = 58
NESTED = 120
"""A byte string up to this size that is a map in itself is spelled out: the protected headers."""


class _Walk:
    def __init__(self, raw: bytes) -> None:
        self.raw, self.at = raw, 0

    def take(self, count: int) -> bytes:
        self.at += count
        if self.at > len(self.raw):
            raise ValueError("the bytes end too early")
        return self.raw[self.at - count : self.at]

    def item(self, indent: str) -> Iterator[str]:
        start = self.at
        first = self.take(1)[0]
        major, info = first >> 5, first & 31
        value = int.from_bytes(self.take(1 << (info - 24))) if info > 23 else info
        head = self.raw[start : self.at].hex()
        match major:
            case 0 | 1:
                yield _line(indent, head, str(value if major == 0 else -1 - value))
            case 2:
                yield from _bytes(indent, head, self.take(value))
            case 3:
                text = self.take(value)
                yield _line(indent, f"{head} {_cut(text)}", json.dumps(text.decode(), ensure_ascii=False))
            case 4:
                yield _line(indent, head, f"list of {value}")
                for _ in range(value):
                    yield from self.item(indent + "  ")
            case 5:
                yield _line(indent, head, f"map of {value}")
                for _ in range(value):
                    yield from self.item(indent + "  ")
                    yield from self.item(indent + "    ")
            case 6:
                yield _line(indent, head, {18: "COSE_Sign1", 96: "COSE_Encrypt"}[value])
                yield from self.item(indent)
            case _:
                raise ValueError("a float or simple value")


def _line(indent: str, spelled: str, meaning: str) -> str:
    return f"{indent + spelled:<{COLUMN}} {meaning}"


def _cut(raw: bytes) -> str:
    return raw.hex() if len(raw) <= SHOWN else f"{raw[:SHOWN].hex()}..."


def _bytes(indent: str, head: str, raw: bytes) -> Iterator[str]:
    if 0 < len(raw) <= NESTED and raw[0] >> 5 == 5:
        inner = _Walk(raw)
        try:
            lines = list(inner.item(indent + "  "))
        except (ValueError, IndexError, KeyError):
            lines = []
        if lines and inner.at == len(raw):
            yield _line(indent, head, f"{len(raw)} bytes, which are:")
            yield from lines
            return
    yield _line(indent, f"{head} {_cut(raw)}", f"{len(raw)} bytes")


def annotate(raw: bytes) -> str:
    """Return the lines of one value, with its size first."""
    return "\n".join([f"# {len(raw):,} bytes", *(line.rstrip() for line in _Walk(raw).item(""))])


def example(name: str) -> bytes:
    """Return the bytes of a structure, or of the request's body."""
    if name == "body":
        signed = json.loads((VECTORS / "structures" / "signed.json").read_bytes())
        return bytes.fromhex(signed["fields"]["body"])
    if name.endswith(".payload"):
        parts = second_decoder.decode(example(name.removesuffix(".payload"))[1:])
        if not isinstance(parts, list) or not isinstance(parts[2], bytes):
            raise TypeError(f"{name} is no payload of a COSE_Sign1")
        return parts[2]
    return (VECTORS / "structures" / f"{name}.cbor").read_bytes()


def filled(page: str) -> str:
    """Return the page with every block as the vectors have it."""

    def block(found: re.Match[str]) -> str:
        return f"<!-- vector: {found[1]} -->\n```text\n{annotate(example(found[1]))}\n```\n"

    return BLOCK.sub(block, page)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text()))
    sys.stdout.write(f"{PAGE.name} is as the vectors say\n")
