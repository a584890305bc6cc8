"""What somebody on the line still learns from 1,000 messages: sizes, lanes, and the rhythm of receipts.

Contents are sealed, padded and signed; who writes to whom, when, and how much is not hidden (decision 0011). This
computes how much that is, with real nodes on a clock in the hand, and a listener who sees frames and nothing else. Time
passes as fast as the machine allows, so the figures do not depend on it; the draws are the same in every run.

    python bench/visible.py            # 1,000 messages, about a minute on a machine that has nothing else to do
    python bench/visible.py 100
"""

import hashlib
import itertools
import math
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent))

from sqlalchemy import select

from comity.core import cose
from comity.core.codec import decode
from comity.core.envelope import Delivery, Frame, Lane
from comity.core.ids import BureauId
from comity.node import schema
from tests.simulator import DAY, Federation, federation, tell

BUREAUS = ("ma", "no", "et", "de")
SOON = 200
"""Milliseconds within which a listener takes something small the other way for a receipt."""


class Heard(NamedTuple):
    """What the listener notes of one delivery; of which kind it is, is looked up afterwards in the sender's store."""

    at: int
    sender: str
    to: str
    lane: Lane
    size: int
    sealed: bytes
    kind: str = "unknown"


def drawn(label: str) -> Callable[[int], int]:
    """Return a function that draws numbers below a bound, the same in every run."""
    counter = itertools.count()

    def below(bound: int) -> int:
        text = f"{label} {next(counter)}".encode()
        return int.from_bytes(hashlib.sha256(text).digest()[:8]) % bound

    return below


def listen(fed: Federation, heard: list[Heard]) -> None:
    """Note every delivery that passes."""

    def note(sender: BureauId, recipient: BureauId, deliveries: list[bytes]) -> list[bytes]:
        for raw in deliveries:
            frame = decode(cose.payload_of(decode(raw, Delivery).frame), Frame)
            heard.append(Heard(fed.clock, sender, recipient, frame.lane, frame.size, frame.sealed))
        return deliveries

    fed.interfere = note


def kinds_of(fed: Federation) -> dict[bytes, str]:
    """Return of which kind each envelope really was; the senders' own stores say it."""
    o, a = schema.outbox.c, schema.acts.c
    found: dict[bytes, str] = {}
    for bureau in fed.bureaus.values():
        with bureau.database.read() as tx:
            rows = tx.all(select(a.kind, o.sealed).join(schema.outbox, o.act == a.number).where(o.sealed.is_not(None)))
        found |= {bytes(row.sealed): str(row.kind) for row in rows}
    return found


def play(count: int, folder: Path) -> tuple[list[Heard], list[int]]:
    """Let bureaus write to each other, a few words up to some pages, every ten minutes or so; return what was heard."""
    fed, heard, lengths, below = federation(folder, BUREAUS), list[Heard](), list[int](), drawn("what is said")
    listen(fed, heard)
    for _ in range(count):
        sender, to = BUREAUS[below(4)], BUREAUS[below(4)]
        if sender == to:
            to = BUREAUS[(BUREAUS.index(to) + 1) % 4]
        length = int(20 * math.exp(below(10_000) / 10_000 * math.log(1_000)))
        lengths.append(length)
        lane = Lane.URGENT if below(10) == 0 else Lane.NORMAL
        tell(fed.bureaus[BureauId(sender)], to, text="x" * length, lane=lane)
        fed.away = set(fed.bureaus) - {BureauId(sender), BureauId(to)}
        for _ in range(3):
            fed.carry(rounds=1)
            fed.later(50)
        fed.later(1_000 + below(1_200_000))
        if fed.registry.expires - fed.clock < DAY:
            fed.renew()
    kinds = kinds_of(fed)
    fed.close()
    return [each._replace(kind=kinds.get(each.sealed, "unknown")) for each in heard], lengths


def entropy(values: list[int]) -> float:
    """Return the bits that a value of this list tells, in the mean."""
    return -sum(n / len(values) * math.log2(n / len(values)) for n in Counter(values).values())


def guessed(heard: list[Heard]) -> tuple[float, float]:
    """Return precision and recall of a listener who calls small things that follow soon receipts."""
    smallest = min(each.size for each in heard)
    named, right = 0, 0
    real = sum(each.kind == "exchange.receipts/1" for each in heard)
    for place, each in enumerate(heard):
        before = [one for one in heard[max(0, place - 20) : place] if (one.sender, one.to) == (each.to, each.sender)]
        if each.size <= 2 * smallest and any(each.at - one.at <= SOON for one in before):
            named += 1
            right += each.kind == "exchange.receipts/1"
    return right / max(named, 1), right / max(real, 1)


def main() -> None:
    """Play it and print what is left to see."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    with tempfile.TemporaryDirectory() as folder:
        heard, lengths = play(count, Path(folder) / "federation")
    letters = [each for each in heard if each.kind.startswith("messages.")]
    precision, recall = guessed(heard)
    sizes = sorted({each.size for each in letters})
    lines = {
        "messages": f"{len(lengths)}, of 20 to 20,000 characters; {len(heard)} deliveries passed",
        "sizes": f"{len(sizes)} on the line, {sizes[0]} to {sizes[-1]} bytes; {len(set(lengths))} lengths inside",
        "bits of the length": f"{entropy([each.size for each in letters]):.2f} of {entropy(lengths):.2f}",
        "lane": f"{sum(each.lane is Lane.URGENT for each in letters)} of {len(letters)} are seen to be urgent",
        "who to whom": f"{len({(each.sender, each.to) for each in letters})} pairs, all seen",
        "receipts told apart": f"{precision:.1%} of what is taken for a receipt is one; {recall:.1%} of them are found",
    }
    for name, line in lines.items():
        sys.stdout.write(f"{name:22}{line}\n")


if __name__ == "__main__":
    main()
