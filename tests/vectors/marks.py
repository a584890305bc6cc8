"""Bad bodies of declines, read marks and saved lists: what each field refuses. `make.py` writes them to `bad/`."""

from collections.abc import Iterator
from typing import Any

from comity.capabilities.messages.acts import Decline, ReadMark, SavedList
from comity.core.act import Act, encode_body, kind_of
from comity.core.codec import encode, unpack
from comity.core.ids import BureauId

LIST = SavedList(name="ports", members=(BureauId("et"), BureauId("no")))
DECLINE = Decline(reason="there is no such register")

BAD: dict[str, tuple[Act, dict[str, Any], str]] = {
    "decline-blank": (DECLINE, {"reason": " "}, "a reason that says nothing"),
    "decline-long": (DECLINE, {"reason": "x" * 2001}, "2,001 characters, 2,000 may be"),
    "decline-control": (DECLINE, {"reason": "no\u001b[2J"}, "a reason that commands a terminal"),
    "read-mark-field": (ReadMark(), {"officer": "k7"}, "a field that the kind does not have: it names nobody"),
    "list-name": (LIST, {"name": "Baltic ports"}, "a name that cannot be typed behind a colon"),
    "list-order": (LIST, {"members": ["no", "et"]}, "bureaus that are not sorted"),
    "list-twice": (LIST, {"members": ["no", "no"]}, "each bureau once"),
}
"""By name: the good act, what of it is changed, and why that is wrong."""


def bad() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield bodies that are wrong in one thing."""
    for name, (act, changes, why) in BAD.items():
        raw = encode({**unpack(encode_body(act)), **changes})
        yield f"{name}.malformed", {"why": why, "reader": "body", "kind": kind_of(act), "bytes": raw.hex()}
