"""What texts, titles and names of files may hold, whoever wrote them (RFC 5646, RFC 6838, UAX 9)."""

import re
import unicodedata

MAX_TITLE = 200
"""Characters; a line on a screen and a half."""
MAX_TEXT = 100_000
"""Characters, about 40 printed pages; longer texts are attachments."""
MAX_TERMS = 2_000
"""Characters."""
MAX_NAME = 200
"""Bytes of a file's name in UTF-8; file systems stop at 255, and a viewer adds a prefix of its own."""
MAX_SIZE = 2 * 1024**3
"""Bytes of an attachment: 2 GiB, forty times what SIENA carries inside a message."""
MAX_NAMES = 64
"""Units or cases of one assignment."""

# RFC 5646, as far as a message needs it: language, then script, region or variant.
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
# RFC 6838 section 4.2, in lower case, so that one type has one spelling.
MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}")

SEPARATORS = frozenset("/\\:")
"""What some system takes for the end of a folder or drive."""

BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks, embeddings, overrides and isolates of the bidirectional algorithm (UAX 9): ``gpj.exe`` can pose as a picture.
A text in Arabic or Hebrew may need them; a name or a title never does."""


# Unicode's categories Cc, Cs, Zl and Zp; texts are long, and to ask for each character's category took 160 µs.
_CONTROL = r"\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff"
_UNPRINTABLE = re.compile(f"[{_CONTROL}]")
_BREAKS = re.compile(f"[{_CONTROL}\t\n\u2028\u2029{''.join(sorted(BIDI))}]")


# Unicode's categories Cc, Cs, Zl and Zp: to ask for the category of each character of a text took 160 µs.
_CONTROL = r"\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff"
_UNPRINTABLE = re.compile(f"[{_CONTROL}]")
_NOT_ONE_LINE = re.compile(rf"[{_CONTROL}\t\n\u2028\u2029{''.join(sorted(BIDI))}]")


def is_printable(text: str) -> bool:
    """Tell whether a text holds no control characters but line ends and tabs."""
    # An escape character in a text would command the terminal of whoever reads it.
    return _UNPRINTABLE.search(text) is None


def is_one_line(text: str) -> bool:
    """Tell whether a text is one line without marks that turn it around."""
    return _NOT_ONE_LINE.search(text) is None


def check_name(name: str) -> None:
    """Refuse a name that could leave its folder, hide its ending, or be another file on another system."""
    if not is_one_line(name) or not 1 <= len(name.encode()) <= MAX_NAME:
        raise ValueError(f"a file's name is one line of 1 to {MAX_NAME} bytes without direction marks")
    # Compatibility forms first: a full-width solidus becomes a plain one on systems that normalise.
    if not SEPARATORS.isdisjoint(unicodedata.normalize("NFKC", name)):
        raise ValueError("a file's name holds no path separator")
    if name != name.strip() or name.startswith(".") or name.endswith("."):
        raise ValueError("a file's name neither begins nor ends with a space, nor with a dot")
