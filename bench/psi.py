"""Private lookup: a question of many numbers to a list of many keys, beside the naive exchange of salted hashes.

Both ends in one process, no node between them: what the engine costs, and what it puts on the wire. The floor is what
people do without it: the source sends salted SHA-256 of its keys, the asker hashes its own and looks them up. That is
cheap, and hides nothing: whoever gets the hashes goes through all numbers of a country in minutes.

    python bench/psi.py [--quick | --full] [--keys N] [--asked N]

`--quick` and the usual run take fewer keys than a million and say what a million costs by the same rate; `--full` takes
the million, which is minutes. Prints a table, and as its last line one JSON object: seconds for a question of 1,000.
"""

import argparse
import hashlib
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).parent.parent))

from comity.engines import psi
from comity.node.clock import entropy

QUICK, USUAL, FULL = 20_000, 100_000, 1_000_000
MILLION = 1_000_000
ASKED = 1_000
ROUNDS = 3

T = TypeVar("T")


def numbers(begin: int, count: int) -> list[str]:
    """Return keys as the desk makes them."""
    return [f"identifiers/1 phone +2126{number:08}" for number in range(begin, begin + count)]


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Return the seconds of CPU that some work took, and what it returned."""
    begin = time.process_time()
    done = work()
    return time.process_time() - begin, done


def concealed(key: bytes, keys: list[str]) -> bytes:
    """Return a set as `fill` makes it, slice by slice."""
    slices = [psi.conceal(key, keys[at : at + psi.SLICE]) for at in range(0, len(keys), psi.SLICE)]
    return psi.merged(slices)


def hashed(salt: bytes, keys: list[str]) -> list[bytes]:
    """Return salted hashes: the floor."""
    return [hashlib.sha256(salt + key.encode()).digest() for key in keys]


def private(keys: list[str], asked: list[str]) -> dict[str, float]:
    """Measure private set intersection, from the file's numbers to the numbers that were found."""
    source = psi.source_key()
    fill, whole = timed(lambda: concealed(source, keys))
    rounds = []
    for _ in range(ROUNDS):
        asker = psi.asker_key()
        ask, blinded = timed(partial(psi.blind, asker, asked))
        answer, evaluated = timed(partial(psi.evaluate, source, blinded))
        read, found = timed(partial(psi.common, asker, evaluated, whole))
        if [asked[place] for place in found] != asked[: len(asked) // 2]:
            raise SystemExit("the intersection is not what it must be")
        rounds.append((ask, answer, read))
    ask, answer, read = (statistics.median(column) for column in zip(*rounds, strict=True))
    spread = max(map(sum, rounds)) - min(map(sum, rounds))
    return {
        "fill": fill, "ask": ask, "answer": answer, "read": read, "spread": spread, "set": len(whole),
        "question": len(blinded), "reply": len(evaluated),
    }  # fmt: skip


def naive(keys: list[str], asked: list[str]) -> dict[str, float]:
    """Measure the exchange of salted hashes."""
    salt = entropy(16)
    fill, theirs = timed(lambda: hashed(salt, keys))
    ask, ours = timed(lambda: hashed(salt, asked))
    read, found = timed(lambda: [place for held in [set(theirs)] for place, each in enumerate(ours) if each in held])
    if len(found) != len(asked) // 2:
        raise SystemExit("the intersection is not what it must be")
    return {
        "fill": fill, "ask": ask, "answer": 0.0, "read": read, "spread": 0.0, "set": 32 * len(theirs) + 16,
        "question": 0, "reply": 0,
    }  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--keys", type=int)
    parser.add_argument("--asked", type=int, default=ASKED)
    given = parser.parse_args()
    count = given.keys or (QUICK if given.quick else FULL if given.full else USUAL)
    keys, half = numbers(0, count), given.asked // 2
    asked = keys[:half] + numbers(50_000_000, given.asked - half)
    ours, floor = private(keys, asked), naive(keys, asked)
    print(f"{given.asked:,} numbers against {count:,} keys; CPU seconds, median of {ROUNDS}; {machine()}")
    print(f"{'':28}{'psi':>14}{'salted hashes':>16}")
    for name, unit in (("fill", "s, once for each asker"), ("ask", "s"), ("answer", "s"), ("read", "s")):
        print(f"{name + ', ' + unit:28}{ours[name]:14.3f}{floor[name]:16.3f}")
    for name in ("set", "question", "reply"):
        print(f"{name + ', bytes':28}{ours[name]:14,.0f}{floor[name]:16,.0f}")
    scale = MILLION / count
    print(
        f"a million keys at this rate: {ours['fill'] * scale:.0f} s to fill, {ours['set'] * scale / 1e6:.1f} MB a set"
    )
    value = ours["ask"] + ours["answer"] + ours["read"]
    print(
        json.dumps(
            {
                "name": "private lookup, question to result", "unit": "s", "value": round(value, 3),
                "spread": round(ours["spread"], 3), "keys": count, "asked": given.asked,
                "fill_seconds_per_million": round(ours["fill"] * scale, 1),
                "wire_bytes": int(ours["question"] + ours["reply"]), "set_bytes": int(ours["set"]),
                "peer": "salted hashes", "peer_value": round(floor["ask"] + floor["read"], 4),
                "peer_set_bytes": int(floor["set"]), "machine": machine(),
            }
        )
    )  # fmt: skip


def machine() -> str:
    """Return what this ran on."""
    return f"{os.cpu_count()} CPUs, {platform.machine()}, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
