"""A strict decoder of its own, written from RFC 8949 and docs/spec/wire.md alone: the wire read a second time.

`core/codec.py` trusts a library and compares with the re-encoded bytes; this one reads byte by byte and never encodes.
Where the two disagree, one of them is wrong, and `test_codec.py` looks for such bytes.
"""

from typing import NoReturn

MAX_DEPTH = 16
BYTES, TEXT, LIST, MAP = 2, 3, 4, 5

Plain = int | str | bytes | list["Plain"] | dict[int | str, "Plain"]


class Wrong(Exception):
    """The bytes are not the one spelling of a value."""


def _wrong(what: str) -> NoReturn:
    raise Wrong(what)


class _Reader:
    def __init__(self, raw: bytes) -> None:
        self.raw, self.at = raw, 0

    def take(self, count: int) -> bytes:
        if count > len(self.raw) - self.at:
            _wrong("the bytes end too early")
        self.at += count
        return self.raw[self.at - count : self.at]

    def argument(self) -> tuple[int, int]:
        """Read the major type and its argument, which must be in its shortest form."""
        first = self.take(1)[0]
        major, info = first >> 5, first & 31
        if info < 24:
            return major, info
        if info > 27:
            _wrong("indefinite length or reserved")
        width = 1 << (info - 24)
        value = int.from_bytes(self.take(width))
        if value < (24, 1 << 8, 1 << 16, 1 << 32)[info - 24]:
            _wrong("not the shortest form")
        return major, value

    def item(self, depth: int) -> Plain:
        major, value = self.argument()
        match major:
            case 0 | 1:
                if value >= 1 << 63:
                    _wrong("more than 64 bits with sign")
                return value if major == 0 else -1 - value
            case 2:
                return self.take(value)
            case 3:
                try:
                    return self.take(value).decode("utf-8", "strict")
                except UnicodeDecodeError:
                    _wrong("no UTF-8")
            case 4 | 5:
                if depth == MAX_DEPTH:
                    _wrong("too deep")
                return (self.list if major == LIST else self.map)(value, depth + 1)
            case _:
                _wrong("tag, float or simple value")

    def list(self, count: int, depth: int) -> Plain:
        # One at a time, so that a claimed length costs nothing before its bytes are there.
        return [self.item(depth) for _ in range(count)]

    def map(self, count: int, depth: int) -> Plain:
        found: dict[int | str, Plain] = {}
        before = b""
        for _ in range(count):
            start = self.at
            key = self.item(depth)
            spelled = self.raw[start : self.at]
            if isinstance(key, int) and len(spelled) == 1:
                pass
            elif not isinstance(key, str):
                _wrong("a key is text or an integer of one byte")
            if spelled <= before:
                _wrong("keys are sorted by their bytes, each once")
            before = spelled
            found[key] = self.item(depth)
        return found


def decode(raw: bytes) -> Plain:
    """Return the value that `raw` spells.

    Raises:
        Wrong: the bytes are not the one spelling of a value of the wire.

    """
    reader = _Reader(raw)
    value = reader.item(0)
    if reader.at != len(raw):
        _wrong("bytes behind the value")
    return value
