"""Acts per second from end to end, beside AS2 and beside a floor: what the same work costs the machine alone.

What is measured: an act is said, logged and queued by one node, sealed, carried over loopback HTTP, taken in and
committed by another, and done when the sender has verified and committed the recipient's signed receipt (R2). Each node
is a process of its own with a database of its own, SQLite (`synchronous=FULL`) or PostgreSQL (`fsync` on); so is the
relay, when acts go through one (`bench/measured/nodes.py`). The load generator is a thread in the sender's process and
waits while `IN_FLIGHT` acts have no receipt yet; it costs part of what is measured.

Beside it: the time of one urgent act with nothing else to do, a broadcast (`bench/measured/crowd.py`), an attachment.

The floor is what the protocol demands of a machine for each act: every signature, encapsulation, encryption and digest
on both sides, with those of receipts and frames at their share of the batches that were really sent, and as many
commits as were really made, of rows as large; bare calls of the libraries, one after the other, on one core.

The peer is AS2 by pyas2lib: signed, encrypted, with a signed MDN, in one process without network and disk
(`bench/measured/as2_oracle.py`). `make as2` installs it in an environment of its own, `.as2/`.

    python bench/exchange.py [--quick] [--seconds N]

Prints tables, and as its last line one JSON object: acts per second (SQLite, directly) beside AS2.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.measured import crowd, floor, postgres
from bench.measured.nodes import FAR, IN_FLIGHT, NEAR, SENDER, Worker, federation
from comity.node.clock import entropy

IDLE = 2e-5
"""Seconds of CPU for an act; a process that spent less had no part in it."""

ROOT = Path(__file__).parent.parent
AS2 = ROOT / ".as2" / "bin" / "python"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much of everything is measured."""

    seconds: float
    warm: float
    singles: int
    recipients: int
    megabytes: int
    peer: float
    """Seconds of AS2."""


FULL = Plan(seconds=20, warm=4, singles=200, recipients=195, megabytes=1024, peer=10)
QUICK = Plan(seconds=3, warm=1.5, singles=30, recipients=0, megabytes=64, peer=2)
"""Ends within 50 seconds; to make two hundred bureaus alone takes longer."""


@dataclass(frozen=True, kw_only=True)
class Flood:
    """What one flood came to."""

    road: str
    acts: int
    seconds: float
    cpu: dict[str, float]
    """Seconds of CPU by process."""
    commits: float
    """For each act, all nodes together."""
    batch: float
    """Receipts in one act, on average."""

    @property
    def rate(self) -> float:
        """Acts per second."""
        return self.acts / self.seconds


def _flooded(workers: dict[str, Worker], road: str, to: str, warm: float, seconds: float) -> Flood:
    """Let the sender say as much as receipts allow, and count what every process spent on it."""
    sender = workers[SENDER]
    before = {name: worker.ask("count") for name, worker in workers.items()}
    acts, took, said = sender.ask("flood", to, warm, seconds)
    after = {name: worker.ask("count") for name, worker in workers.items()}
    cpu = {name: after[name][0] - before[name][0] for name in workers}
    commits = sum(after[name][1] - before[name][1] for name in workers)
    batches = after[SENDER][2] - before[SENDER][2]
    return Flood(
        road=road, acts=acts, seconds=took, cpu={name: spent / said for name, spent in cpu.items()},
        commits=commits / said, batch=said / max(batches, 1),
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------------------- printing


def _table(title: str, rows: Sequence[tuple[str, ...]]) -> None:
    print(f"\n{title}")
    wide = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        first, *rest = (text.ljust(wide[0]) if not n else text.rjust(wide[n]) for n, text in enumerate(row))
        print(f"  {'  '.join((first, *rest))}")


def _show_floor(steps: list[floor.Step], commits: float, seconds: float) -> float:
    """Print the floor, and return how many acts per second it allows."""
    sync = commits * seconds * 1e6
    rows = [("", "us each", "times", "us an act")]
    rows += [(step.name, f"{step.micros:.1f}", f"{step.times:.2f}", f"{step.share:.1f}") for step in steps]
    rows.append(("commit, with the rows of its acts", f"{seconds * 1e6:.0f}", f"{commits:.3f}", f"{sync:.1f}"))
    total = sum(step.share for step in steps) + sync
    rows.append(("all of it, one after the other", "", "", f"{total:.1f}"))
    _table("The floor: the same work, bare, on one core", rows)
    return 1e6 / total


def _show_parts(workers: dict[str, Worker], names: tuple[str, ...], acts: int) -> None:
    found = {name: workers[name].ask("parts") for name in names}
    parts = sorted({part for spent in found.values() for part in spent}, key=lambda part: -found[names[0]].get(part, 0))
    rows = [(part, *(f"{spent.get(part, 0) / acts * 1e6:.0f}" for spent in found.values())) for part in parts]
    rows.append(("all of it", *(f"{sum(spent.values()) / acts * 1e6:.0f}" for spent in found.values())))
    _table("Where the time goes: CPU us an act under load, direct road, while watched", [("", *names), *rows])


def _show_floods(floods: list[Flood], singles: dict[str, list[float]]) -> None:
    rows = [("", "acts/s", "receipts a batch", "commits an act", "CPU us an act, by process")]
    for each in floods:
        spent = ", ".join(f"{name} {seconds * 1e6:.0f}" for name, seconds in each.cpu.items() if seconds > IDLE)
        rows.append((each.road, f"{each.rate:.0f}", f"{each.batch:.0f}", f"{each.commits:.3f}", spent))
    _table("End to end: acts per second under load", rows)
    rows = [("", "acts", "p50 ms", "p99 ms", "longest ms")]
    for road, waits in singles.items():
        p50, p99 = statistics.median(waits) * 1e3, statistics.quantiles(waits, n=100, method="inclusive")[98] * 1e3
        rows.append((road, str(len(waits)), f"{p50:.0f}", f"{p99:.0f}", f"{max(waits) * 1e3:.0f}"))
    _table("One urgent act, with nothing else to do: from saying it to its receipt", rows)


def _sqlite(folder: Path, plan: Plan) -> tuple[list[Flood], dict[str, list[float]], float]:
    """Measure over SQLite; returns floods, waits of single acts, and the seconds of the attachment."""
    roads = {"directly": NEAR, "through a relay": FAR}
    with federation(folder) as workers:
        for to in roads.values():
            workers[SENDER].ask("single", to, 1)  # The first finds each road; at the relay that takes seconds.
        waits = {road: workers[SENDER].ask("single", to, plan.singles) for road, to in roads.items()}
        floods = [_flooded(workers, road, to, plan.warm, plan.seconds) for road, to in roads.items()]
        took = _attached(workers[SENDER], folder, plan.megabytes)
        # Watching costs something, so it has a flood of its own, which is not counted.
        for name in (SENDER, NEAR):
            workers[name].ask("look")
        _, _, watched = workers[SENDER].ask("flood", NEAR, 0.0, plan.seconds / 2)
        _show_floods(floods, waits)
        _show_parts(workers, (SENDER, NEAR), watched)
    return floods, waits, took


def _postgresql(folder: Path, plan: Plan) -> None:
    """Measure over PostgreSQL; the relay keeps SQLite."""
    if postgres.program("initdb") is None:
        print("\nPostgreSQL is not installed: not measured")
        return
    folder.mkdir()
    with postgres.server((SENDER, NEAR)) as databases, federation(folder, databases) as workers:
        workers[SENDER].ask("single", NEAR, 1)
        road = "directly, PostgreSQL"
        waits = {road: workers[SENDER].ask("single", NEAR, plan.singles)}
        _show_floods([_flooded(workers, road, NEAR, plan.warm, plan.seconds)], waits)


def _attached(sender: Worker, folder: Path, megabytes: int) -> float:
    path = folder / "enclosed.bin"
    with path.open("wb") as file:
        for _ in range(megabytes):
            file.write(entropy(1 << 20))
    took: float = sender.ask("attach", NEAR, str(path))
    path.unlink()
    return took


def _broadcast(folder: Path, recipients: int) -> None:
    if not recipients:
        print("\nA broadcast is left out with --quick")
        return
    folder.mkdir()
    rounds = sorted(crowd.broadcast(folder, recipients, 3))
    print(f"\nA broadcast to {recipients} recipients, who share one process: all have committed it after")
    print(f"  {statistics.median(rounds):.2f} s (median of {len(rounds)}, the slowest {rounds[-1]:.2f} s)")


def _as2(seconds: float) -> float | None:
    """Return AS2's round trips a second, or None when its environment is not there."""
    if not AS2.exists():
        print("\nAS2 is not measured: make as2 installs it")
        return None
    oracle = Path(__file__).parent / "measured" / "as2_oracle.py"
    done = subprocess.run([AS2, oracle, str(seconds)], capture_output=True, text=True, check=True)
    rates: list[float] = json.loads(done.stdout)
    print(f"\nAS2 (pyas2lib, one process, no network, no disk): {statistics.median(rates):.1f} round trips a second")
    return statistics.median(rates)


def _machine() -> str:
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, load before {load}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="end within 50 seconds")
    parser.add_argument("--seconds", type=float, default=0.0, help="of each flood; 20 by default, 3 with --quick")
    given = parser.parse_args()
    plan = QUICK if given.quick else FULL
    plan = replace(plan, seconds=given.seconds or plan.seconds)
    print(f"exchange: {_machine()}; nodes and relay are a process each; at most {IN_FLIGHT} acts in flight")
    with tempfile.TemporaryDirectory(prefix="comity-bench-") as place:
        folder = Path(place)
        (folder / "sqlite").mkdir()
        floods, _, took = _sqlite(folder / "sqlite", plan)
        print(f"\nAn attachment of {plan.megabytes} MiB: {plan.megabytes * 1.048576 / took:.0f} MB/s, to its receipt")
        _postgresql(folder / "postgresql", plan)
        _broadcast(folder / "broadcast", plan.recipients)
        direct = floods[0]
        steps = floor.cryptography(direct.batch)
        bound = _show_floor(steps, direct.commits, floor.commits(folder, round(2 / direct.commits)))
    rate = direct.rate
    print(f"\n{rate:.0f} acts a second are {100 * rate / bound:.0f} % of the floor's {bound:.0f}")
    as2 = _as2(plan.peer)
    peer, beside = ("AS2", as2) if as2 is not None else ("floor", bound)
    values = {"value": round(rate, 1), "unit": "acts/s", "peer": peer, "peer_value": round(beside, 1)}
    print(json.dumps({"name": "exchange end to end, SQLite", **values, "ratio": round(rate / beside, 3)}))


if __name__ == "__main__":
    main()
