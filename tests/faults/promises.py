"""What must hold at a relay once it is back, or once a node that used it is: its promises, its rooms, its mailboxes.

The relay is opened from its disk beside the nodes, and mail goes on over it by the program's own carriers and
collectors, on the clock that runs ahead (`converged.py`).
"""

from collections import Counter
from typing import Any

from sqlalchemy import Row, Table, select

from comity.core.carriage import read_carried
from comity.core.codec import decode
from comity.core.envelope import Delivery, sha256
from comity.core.ids import BureauId, Digest
from comity.node import mailboxes, schema
from comity.node import relay as relays
from comity.node.relay import Relay
from tests.faults.converged import ROUNDS, STEP, left_to_do
from tests.faults.victim import RELAY
from tests.relayed import Relayed
from tests.simulator import held, rows

R1 = BureauId(RELAY)

HOUR = 3_600_000
"""What a relay holds is waited for so long before another road is taken: the later rounds are of this length."""


def work(fed: Relayed) -> None:
    """Let everybody work until nothing is left to do."""
    for number in range(2 * ROUNDS):
        fed.later(STEP if number < ROUNDS else HOUR)
        fed.work()
        if not any(left_to_do(fed, bureau) for bureau in fed.bureaus.values()):
            return


def kept_by(station: Relay, table: Table) -> list[Row[Any]]:
    """Return all rows of a table of the relay."""
    with station.database.read() as tx:
        return tx.all(select(table))


def assert_promises_hold(fed: Relayed) -> None:
    """Assert of each R0 that a sender holds: the mail and what it encloses is here, or was taken, or has expired."""
    station = fed.relays[R1]
    there = {(row.recipient, bytes(row.sealed)): row for row in kept_by(station, schema.mail)}
    for sender in fed.bureaus.values():
        for promise in rows(sender, schema.carried):
            said = read_carried(bytes(promise.statement), sender.registry(), R1)
            assert bytes(promise.sealed) in {bytes(digest) for digest in said.sealed}
            line = there[promise.recipient, bytes(promise.sealed)]
            match line.state:
                case "held":
                    assert sha256(decode(bytes(line.delivery), Delivery).sealed) == bytes(promise.sealed)
                case "taken":
                    act = next(row.id for row in rows(sender, schema.acts) if row.number == promise.act)
                    assert held(fed.bureaus[BureauId(promise.recipient)], act) is not None
                case _:
                    assert (line.state, line.expires <= fed.now()) == ("lapsed", True)


def assert_rooms_are_counted(station: Relay) -> None:
    """Assert that each room is as full as what is held and announced, and that all that is held encloses is here."""
    counted: Counter[tuple[str, str, str, str]] = Counter()
    lines = [(row.org, row.sender, row.recipient, row.bytes) for row in kept_by(station, schema.mail) if row.delivery]
    lines += [(row.org, row.sender, row.recipient, row.bytes) for row in kept_by(station, schema.expected)]
    for org, sender, recipient, size in lines:
        for place in (("", "all", ""), (org, "sender", sender), (org, "recipient", recipient)):
            counted[*place, "pieces"] += 1
            counted[*place, "bytes"] += size
    told: Counter[tuple[str, str, str, str]] = Counter()
    for row in kept_by(station, schema.room):
        told[row.org, row.side, row.party, "pieces"] = row.pieces
        told[row.org, row.side, row.party, "bytes"] = row.bytes
    assert +told == +counted
    assert min(told.values(), default=0) >= 0
    waiting = {row.number for row in kept_by(station, schema.mail) if row.state == "held"}
    for row in kept_by(station, schema.enclosed):
        assert row.number in waiting
        assert station.blobs.complete(Digest(bytes(row.blob)))


def assert_everything_was_carried(fed: Relayed) -> None:
    """Assert that each act between those who are here has its R0, and that nothing waits for them any more."""
    station = fed.relays[R1]
    for sender in fed.bureaus.values():
        promised = {(row.act, row.recipient) for row in rows(sender, schema.carried)}
        sent = {(row.act, row.recipient) for row in rows(sender, schema.outbox)}
        assert {(act, recipient) for act, recipient in sent if recipient in fed.bureaus} <= promised
    # A confirmation goes with the next poll, which the last mail need not have seen yet.
    for bureau in fed.bureaus.values():
        fed.step(bureau)
    waiting = [row for row in kept_by(station, schema.mail) if row.state == "held"]
    assert {row.recipient for row in waiting}.isdisjoint(fed.bureaus)
    assert {bool(row.delivery) for row in kept_by(station, schema.mail) if row.state != "held"} <= {False}
    assert_rooms_are_counted(station)


def assert_what_is_over_goes(fed: Relayed) -> None:
    """Assert that after two days only that is left which was neither fetched nor has expired."""
    station = fed.relays[R1]
    fed.later(2 * mailboxes.DAY)
    relays.sweep(station.database, station.blobs, fed.now())
    fed.later(2 * mailboxes.DAY)
    relays.sweep(station.database, station.blobs, fed.now())
    assert {(row.state, row.expires) for row in kept_by(station, schema.mail)} <= {("held", None)}
    named = {bytes(row.blob).hex() for row in kept_by(station, schema.enclosed)}
    folder = fed.folder / RELAY / "blobs"
    assert {place.parent.name + place.name for place in folder.glob("??/" + "?" * 62)} == named
    assert_rooms_are_counted(station)
