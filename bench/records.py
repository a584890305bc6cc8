"""Records from their source to whoever searches for them: how many a second, index included.

Two real bureaus on SQLite: batches of 10,000 rows are said by one, which seals, signs, logs and keeps them, received by
the other, which opens, verifies, rules on, keeps and encrypts each row anew, and found there by number, through the
view. What counts is the time from `bureau.say` until the last row of the batch is found. Both bureaus run in one
process, one after the other; in a federation they work at the same time on machines of their own, so each part is
printed too. `cpu` is the processor time of all parts, which says more where others use the machine.

The peer is what is left without exchange: the same rows decoded and put into one SQLite table with an index on the same
numbers, unsigned, unencrypted, without labels, one durable commit for each batch. It is measured in the same run.

    python bench/records.py --quick     # 30,000 travel documents and 2,000 persons, within 50 seconds
    python bench/records.py --batches 30
"""

import argparse
import itertools
import json
import os
import platform
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent))

import cbor2
from faker import Faker

from comity.capabilities.records import rules
from comity.capabilities.records.acts import (
    Batch,
    Loss,
    Name,
    Nominal,
    RecordKind,
    RecordList,
    Row,
    Status,
    TravelDocument,
    pack,
)
from comity.core.handling import Label, Purpose
from comity.core.ids import ActId, BureauId, Millis
from comity.node import inbox
from comity.node.rowview import RowView, Sought
from tests.simulator import DAY, START, Federation, deliveries, federation, reader

MA, NO = BureauId("ma"), BureauId("no")
TARGET = 25_000
ROWS = 10_000
PERSONS = 2_000
"""Of one batch in the quick run: taking names apart is most of their time."""

_END = Label(expires=Millis((START // DAY + 400) * DAY))
_ISSUERS = ("MAR", "NOR", "ETH", "FJI", "BRA", "JPN", "IND", "DEU")


class Stages(NamedTuple):
    """Seconds that one batch spent."""

    said: float
    sealed: float
    received: float
    found: float
    cpu: float = 0.0
    """Processor seconds of all of it."""


def number_of(place: int) -> str:
    """Return the number of a document: two letters and seven digits, as most states have it."""
    return f"{chr(65 + place % 24)}{chr(65 + place // 24 % 24)}{place * 7_919 % 10**7:07}"


def documents(first: int, count: int) -> list[Row]:
    """Return records of invented documents."""
    return [
        Row(
            key=f"2026-{place}",
            record=TravelDocument(
                number=number_of(place), issuer=_ISSUERS[place % 8], type="P", loss=Loss.STOLEN,
                issued=f"{2010 + place % 15}-{1 + place % 12:02}-{1 + place % 28:02}", when=f"2026-{1 + place % 9:02}",
            ),
        )
        for place in range(first, first + count)
    ]  # fmt: skip


def persons(first: int, count: int) -> list[Row]:
    """Return records of invented persons, who all carry a document."""
    fake = Faker("en_GB")
    fake.seed_instance(first)
    return [
        Row(
            key=f"p-{place}",
            record=Nominal(
                names=(Name(family=fake.last_name(), given=fake.first_name()),), status=Status.WANTED,
                born=(str(1940 + place % 70),), documents=(number_of(place),),
            ),
        )
        for place in range(first, first + count)
    ]  # fmt: skip


def opened(fed: Federation, record: RecordKind) -> ActId:
    """Open a list, and let it arrive."""
    ma = fed.bureaus[MA]
    listed = ma.say(RecordList(record=record, months=60), (NO,), reader=reader(ma), purpose=Purpose.LOCATE).id
    fed.carry()
    return listed


def replicate(fed: Federation, listed: ActId, serial: int, rows: list[Row]) -> Stages:
    """Say a batch, hand it over, and look for its last row."""
    ma, no, last = fed.bureaus[MA], fed.bureaus[NO], rows[-1].record
    batch = Batch(serial=serial, count=len(rows), rows=pack(rows))
    number = last.documents[0] if isinstance(last, Nominal) else number_of(serial * ROWS + len(rows) - 1)
    sought = Sought(identifiers=(("document", rules.folded("document", number)),))
    marks, spent = [time.perf_counter()], time.process_time()
    ma.say(batch, (NO,), reader=reader(ma), purpose=Purpose.LOCATE, subject=listed, label=_END)
    marks.append(time.perf_counter())
    sealed = deliveries(ma, NO)
    marks.append(time.perf_counter())
    ruled = [outcome.code for outcome in inbox.receive(no, sealed)]
    marks.append(time.perf_counter())
    found = RowView(no, reader(no)).find(sought).brought
    marks.append(time.perf_counter())
    spent = time.process_time() - spent
    said, sealed_, received, seen = (after - before for before, after in itertools.pairwise(marks))
    stages = Stages(said, sealed_, received, seen, spent)
    if ruled != ["accepted"] or not found:
        raise SystemExit(f"a batch was not replicated: {ruled}, {len(found)} rows found")
    fed.carry()
    return stages


def run(folder: Path, record: RecordKind, batches: Iterator[list[Row]]) -> float:
    """Replicate batches, print how long each part took, and return records a second; the first warms up."""
    fed = federation(folder, [MA, NO])
    listed, taken, count = opened(fed, record), list[Stages](), 0
    for serial, rows in enumerate(batches, 1):
        stages = replicate(fed, listed, serial, rows)
        if serial > 1:
            taken.append(stages)
        count = len(rows)
    status = fed.bureaus[NO].finder.status(fed.bureaus[NO])  # type: ignore[union-attr]
    fed.close()
    parts = {name: statistics.median(getattr(each, name) for each in taken) for name in Stages._fields}
    rate = count / statistics.median(sum(each) - each.cpu for each in taken)
    told = ", ".join(f"{name} {1e6 * seconds / count:.1f}" for name, seconds in parts.items())
    print(f"{record.value}: {rate:,.0f} records/s; microseconds a record: {told}; index {status.memory >> 20} MiB")
    return rate


def plainly(folder: Path, batches: Iterator[list[Row]]) -> float:
    """Put the same rows into one table with an index on their numbers; the peer."""
    table = sqlite3.connect(folder / "plain.db")
    table.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "CREATE TABLE r (key TEXT PRIMARY KEY, number TEXT, row BLOB); CREATE INDEX n ON r (number);"
    )
    seconds, count = list[float](), 0
    for serial, rows in enumerate(batches, 1):
        packed = Batch(serial=serial, count=len(rows), rows=pack(rows))
        start = time.perf_counter()
        lines = [(row["key"], row["record"]["number"], raw) for raw in packed.row_bytes() for row in [cbor2.loads(raw)]]
        with table:
            table.executemany("INSERT INTO r VALUES (?, ?, ?)", lines)
        table.execute("SELECT 1 FROM r WHERE number = ?", (lines[-1][1],)).fetchone()
        seconds.append(time.perf_counter() - start)
        count = len(rows)
    table.close()
    return count / statistics.median(seconds[1:])


def timed(what: Callable[[Path], float]) -> float:
    """Run something in a folder that goes afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        return what(Path(folder))


def main() -> None:
    """Measure ours and the peer, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="3 batches, within 50 seconds")
    parser.add_argument("--batches", type=int, default=0, help="batches of 10,000 documents; 10 by default")
    asks = parser.parse_args()
    count = 1 + (asks.batches or (3 if asks.quick else 10))
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{machine}; load {os.getloadavg()[0]:.1f} before")

    def drawn() -> Iterator[list[Row]]:
        return (documents(serial * ROWS, ROWS) for serial in range(1, count + 1))

    size = PERSONS if asks.quick else ROWS
    named = (persons(serial * ROWS, size) for serial in range(1, 3))
    rate = timed(lambda folder: run(folder, RecordKind.TRAVEL_DOCUMENT, drawn()))
    timed(lambda folder: run(folder, RecordKind.NOMINAL, named))
    peer = timed(lambda folder: plainly(folder, drawn()))
    print(f"peer, SQLite without exchange: {peer:,.0f} rows/s; target {TARGET:,} records/s")
    line = {"name": "records replicated and searchable", "value": round(rate), "unit": "records/s"}
    print(json.dumps(line | {"peer": "SQLite insert", "peer_value": round(peer), "ratio": round(rate / peer, 3)}))


if __name__ == "__main__":
    main()
