"""What the fuzzer begins with: the golden vectors, good and bad, and what earlier runs have found worth keeping.

Kept inputs lie in `corpus/TARGET.hex`, one to a line, so that a change of one is a line of a diff. An input that once
broke something is a line there too, and is tried by every run of the tests.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from comity.engines import psi
from tests.fuzz.targets import PAPERS, PLACE, SMALL, TARGETS, batch_of

KEPT = Path(__file__).parent / "corpus"

MOST = 2_048
"""Bytes of an input that is kept; a longer one shows nothing that a short one does not."""


def kept(target: str) -> list[bytes]:
    """Return what earlier runs have kept for a target."""
    path = KEPT / f"{target}.hex"
    return [bytes.fromhex(line) for line in path.read_text().split()] if path.exists() else []


def keep(target: str, inputs: list[bytes]) -> None:
    """Write what is to be kept for a target; shortest first."""
    KEPT.mkdir(exist_ok=True)
    chosen = sorted({each for each in inputs if 0 < len(each) <= MOST}, key=lambda each: (len(each), each))
    (KEPT / f"{target}.hex").write_text("".join(f"{each.hex()}\n" for each in chosen))


def seeds(target: str) -> list[bytes]:
    """Return what the golden vectors hold for a target."""
    return sorted(set(_SEEDS.get(target, _plain)()))


def everything(target: str) -> list[bytes]:
    """Return all that a target is tried with."""
    return [*seeds(target), *kept(target)]


def _spelled(folder: str) -> Iterator[tuple[str, bytes]]:
    for path in sorted((PLACE / folder).glob("*")):
        if path.suffix == ".cbor":
            yield path.stem, path.read_bytes()
        elif path.suffix == ".json":
            held: Any = json.loads(path.read_bytes())
            for name in ("bytes", "body", "head"):
                if isinstance(held, dict) and isinstance(held.get(name), str):
                    try:
                        yield path.stem, bytes.fromhex(held[name])
                    except ValueError:
                        continue


def _plain() -> list[bytes]:
    return [raw for folder in ("structures", "acts", "bad", "forms") for _, raw in _spelled(folder)]


def _first_byte(choices: int) -> list[bytes]:
    return [bytes([number]) + raw for number in range(choices) for _, raw in _spelled("structures")]


def _judged() -> list[bytes]:
    return [mark + raw for mark in (b"\x00", b"\xff") for raw in _plain()]


def _texts() -> list[bytes]:
    found: list[bytes] = []
    for path in sorted((PLACE / "log").glob("*.json")):
        found += [text.encode() for text in _strings(json.loads(path.read_bytes())) if len(text) < 2 * MOST]
    return found


def _requests() -> list[bytes]:
    return [f"old {number}\n\n".encode() + text for number in (0, 1, 20) for text in _texts() if b"\n\n" in text]


def _strings(value: Any) -> Iterator[str]:  # noqa: ANN401 - whatever a JSON file holds
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)


def _files() -> list[bytes]:
    return [path.read_bytes() for path in sorted((PLACE / "registry").rglob("*.json"))]


def _papers() -> list[bytes]:
    return [bytes([number]) + raw for number in range(len(PAPERS)) for raw in _files() if len(raw) < 8 * MOST]


def _desk() -> list[bytes]:
    asked = {
        "to": ["no"], "title": "a", "text": "b", "attach": [{"name": "n", "content": "aGk="}], "act": "00" * 32,
        "until": "2026-11-30T18:00:00.000Z", "purpose": "investigate", "limit": 1, "lane": "urgent",
    }  # fmt: skip
    bodies = [json.dumps({name: value}).encode() for name, value in asked.items()] + [json.dumps(asked).encode()]
    return [bytes([number]) + raw for number in range(60) for raw in bodies]


def _manifests() -> list[bytes]:
    return [bytes(32), bytes(range(64)), bytes(64), bytes(33)]


def _rows() -> list[bytes]:
    return list(batch_of((PLACE / "acts" / "records.batch.1.cbor").read_bytes()))


def _points() -> list[bytes]:
    key = bytes(31) + b"\x07"
    asked = psi.blind(key, ["one", "another"])
    return [asked, psi.evaluate(key, asked), b"\x02" + bytes(32), b"\x03" + b"\xff" * 32]


_SEEDS = {
    "judged": _judged, "structures": lambda: _first_byte(len(SMALL)), "notes": _texts, "witness": _requests,
    "proofs": _files, "papers": _papers, "handed_in": _files, "desk": _desk, "manifest": _manifests,
    "rows": _rows, "points": _points,
}  # fmt: skip

if not _SEEDS.keys() <= TARGETS.keys():
    raise ValueError("seeds for a target that there is not")
