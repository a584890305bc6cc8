"""Mail for a bureau that is out for good goes back: the room is free, and each sender has the relay's signed word."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from comity.core.carriage import Returned, give_back, read_returned
from comity.core.ids import BureauId, Digest, Millis
from comity.core.registry import Accreditation, Standing
from comity.node import post, schema
from comity.node import relay as relays
from comity.node.ladder import climbed
from tests.mailing import ET, MA, NO, R1, lines, room
from tests.node.conftest import NewDatabase
from tests.relayed import Relayed, enclose, relayed
from tests.simulator import DAY, code_of, rows, tell
from tests.simulator import lines as outbox

R2 = BureauId("r2")


@pytest.fixture
def fed(tmp_path: Path) -> Iterator[Relayed]:
    """Give three bureaus behind firewalls and a relay; `no` is away."""
    made = relayed(tmp_path / "federation", "ma no et", relays="r1")
    made.away.add(NO)
    yield made
    made.close()


def states(fed: Relayed) -> list[tuple[str, str]]:
    """Return whose mail is in which state."""
    return [(str(row.recipient), str(row.state)) for row in lines(fed)]


def test_mail_for_an_ejected_bureau_goes_and_its_senders_are_told(fed: Relayed) -> None:
    ma, et = fed.bureaus[MA], fed.bureaus[ET]
    mine, theirs = enclose(ma, "no", b"a photograph"), tell(et, "no")
    fed.carry()
    (blob,) = mine.head.blobs
    assert states(fed) == [("no", "held"), ("no", "held")]
    fed.measure("no", Standing.EJECTED)
    assert fed.relays[R1].release() == 2
    assert fed.relays[R1].release() == 0
    assert not fed.relays[R1].blobs.complete(blob)
    fed.carry()
    fed.later(1)
    fed.carry()
    assert {state for to, state in states(fed) if to == "no"} == {"returned"}
    assert room(fed) == {}
    for bureau, act in ((ma, mine), (et, theirs)):
        with bureau.database.read() as tx:
            (carriage,) = climbed(bureau, tx, act, NO).carried
        assert (carriage.relay, carriage.returned) == (R1, "registry.ejected")
        (kept,) = rows(bureau, schema.carried)
        said = read_returned(bytes(kept.statement), fed.registry, R1)
        assert (said.to, bytes(kept.sealed) in said.sealed) == (NO, True)
        assert outbox(bureau, act.id)["no"].state == "queued"


def test_what_is_owed_to_a_sender_outlives_a_restart_of_the_relay(fed: Relayed) -> None:
    act = tell(fed.bureaus[MA], "no")
    fed.carry()
    fed.measure("no", Standing.EJECTED)
    fed.relays[R1].release()
    fed.reopened("r1")
    assert states(fed) == [("no", "returned"), ("ma", "held")]
    fed.step(fed.bureaus[MA])
    with fed.bureaus[MA].database.read() as tx:
        assert climbed(fed.bureaus[MA], tx, act, NO).carried[0].returned == "registry.ejected"


def test_over_both_databases(new_database: NewDatabase, tmp_path: Path) -> None:
    made = relayed(tmp_path / "federation", "ma no", relays="")
    made.station("r1", url=new_database())
    made.away.add(NO)
    tell(made.bureaus[MA], "no")
    made.carry()
    made.measure("no", Standing.EJECTED)
    assert made.relays[R1].release() == 1
    made.step(made.bureaus[MA])
    assert [row.state for row in lines(made)] == ["returned", "held"]
    made.close()


@pytest.mark.parametrize("standing", [Standing.SUSPENDED, Standing.RESTRICTED, Standing.MEMBER])
def test_mail_for_whoever_may_come_back_stays(fed: Relayed, standing: Standing) -> None:
    tell(fed.bureaus[MA], "no")
    fed.carry()
    fed.measure("no", standing)
    assert fed.relays[R1].release() == 0
    assert states(fed) == [("no", "held")]


def test_a_sender_that_is_out_too_is_told_nothing(fed: Relayed) -> None:
    tell(fed.bureaus[MA], "no")
    fed.carry()
    out: Accreditation = replace(fed.registry.accreditations[MA], standing=Standing.EJECTED)
    fed.measure("no", Standing.EJECTED)
    fed.change(accreditations={MA: out})
    assert fed.relays[R1].release() == 1
    assert states(fed) == [("no", "returned")]
    assert room(fed) == {}


def test_nobody_gives_back_what_another_relay_holds(fed: Relayed) -> None:
    other = fed.station("r2")
    fed.tap = lambda name, _, body, there: (503, b"") if name == R2 else there(body)
    ma = fed.bureaus[MA]
    act = tell(ma, "no")
    fed.carry()
    (kept,) = rows(ma, schema.carried)
    said = Returned(
        org=fed.org, relay=R2, to=NO, at=Millis(fed.clock), code="registry.ejected", sealed=(Digest(kept.sealed),)
    )
    signer = other._signer()
    assert not post.given_back(ma, R1, give_back(replace(said, relay=R1), signer))
    assert post.given_back(ma, R2, give_back(said, signer))
    with ma.database.read() as tx:
        assert [each.returned for each in climbed(ma, tx, act, NO).carried] == [""]


def test_a_word_that_comes_late_changes_nothing_that_is_settled(fed: Relayed) -> None:
    ma = fed.bureaus[MA]
    act = tell(ma, "no")
    fed.carry()
    (kept,) = rows(ma, schema.carried)
    fed.away.clear()
    fed.carry()
    assert code_of(fed.bureaus[NO], act.id) == "accepted"
    said = Returned(
        org=fed.org, relay=R1, to=NO, at=Millis(fed.clock), code="registry.ejected", sealed=(Digest(kept.sealed),)
    )
    raw = give_back(said, fed.relays[R1]._signer())
    assert post.given_back(ma, R1, raw)
    assert outbox(ma, act.id)["no"].state == "settled"


def test_lines_of_what_was_given_back_are_forgotten_like_others(fed: Relayed) -> None:
    tell(fed.bureaus[MA], "no")
    fed.carry()
    fed.measure("no", Standing.EJECTED)
    station = fed.relays[R1]
    station.release()
    fed.later(2 * DAY)
    relays.sweep(station.database, station.blobs, fed.now())
    assert states(fed) == [("ma", "held")]
