"""The row store: any order of arrival, nothing left of what went, proof of what is left, holders that lag or return."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from comity.capabilities.records.acts import (
    Batch,
    Cause,
    Loss,
    Reach,
    RecordKind,
    RecordList,
    Restriction,
    Row,
    TravelDocument,
    Withdrawal,
    pack,
)
from comity.core.act import Act
from comity.core.handling import Confidentiality, Label, Purpose
from comity.core.ids import ActId, BureauId, Millis
from comity.core.receipt import verify_row
from comity.node import inbox, rowchanges, rowrebuild, rowtables, schema
from comity.node.bodies import State
from comity.node.bureau import Bureau
from comity.node.rowview import RowView
from tests.simulator import DAY, START, Federation, deliveries, federation, reader, rows

MA, NO, ET = BureauId("ma"), BureauId("no"), BureauId("et")
CANARY = "QX5550123"
KEYS = ("a-1", "a-2", "a-3")


class Noted:
    """An index that notes what it reads: number to policy and bytes."""

    def __init__(self, bureau: Bureau) -> None:
        self.bureau, self.position = bureau, 0
        self.held: dict[int, tuple[int, bytes]] = {}

    def catch_up(self) -> dict[int, tuple[int, bytes]]:
        """Read on from the last change that was read, and return what is held."""
        for position, changes in rowchanges.since(self.bureau.store, self.bureau.database, self.position):
            assert position > self.position
            self.position = position
            for change in changes:
                match change:
                    case rowchanges.Put():
                        assert change.number not in self.held
                        self.held[change.number] = (change.policy, change.row)
                    case rowchanges.Restrict():
                        self.held |= {
                            each: (change.policy, self.held[each][1]) for each in change.numbers if each in self.held
                        }
                    case rowchanges.Drop():
                        self.held = {each: row for each, row in self.held.items() if each not in change.numbers}
        return self.held


def lives(bureau: Bureau) -> dict[int, tuple[int, bytes]]:
    """Return what an index begins with."""
    _, every = rowchanges.live(bureau.store, bureau.database)
    return {put.number: (put.policy, put.row) for put in every}


@pytest.fixture
def fed(tmp_path: Path) -> Iterator[Federation]:
    """Give two bureaus."""
    made = federation(tmp_path, ["ma", "no"])
    yield made
    made.close()


def passport(number: str = CANARY) -> TravelDocument:
    """Return a passport that nobody has."""
    return TravelDocument(number=number, issuer="MAR", type="P", loss=Loss.STOLEN)


def say(fed: Federation, act: Act, listed: ActId | None = None, **how: Any) -> ActId:  # noqa: ANN401
    """Say an act of `ma` to `no`."""
    bureau = fed.bureaus[MA]
    how = {"purpose": Purpose.LOCATE, "subject": listed} | how
    return bureau.say(act, (NO,), reader=reader(bureau), **how).id


def opened(fed: Federation) -> ActId:
    """Open a list, and let it arrive."""
    listed = say(fed, RecordList(record=RecordKind.TRAVEL_DOCUMENT, months=120))
    fed.carry()
    return listed


def batch(serial: int, *keys: str, number: str = CANARY) -> Batch:
    """Return a batch."""
    packed = pack(Row(key=key, record=passport(number)) for key in keys)
    return Batch(serial=serial, count=len(keys), rows=packed)


def put(fed: Federation, listed: ActId, act: Batch) -> ActId:
    """Say a batch."""
    return say(fed, act, listed, label=Label(expires=Millis((START // DAY + 400) * DAY)))


def withdrawal(serial: int, *keys: str) -> Withdrawal:
    """Return a withdrawal of these rows, or of the list."""
    reach = Reach.ROWS if keys else Reach.LIST
    return Withdrawal(serial=serial, reach=reach, keys=keys, why=Cause.MISTAKEN, deadline=Millis(START + DAY))


def restriction(serial: int, *keys: str, level: Confidentiality = Confidentiality.RESTRICTED) -> Restriction:
    """Return a restriction of these rows, or of the list."""
    reach = Reach.ROWS if keys else Reach.LIST
    return Restriction(serial=serial, reach=reach, keys=keys, label=Label(confidentiality=level))


def held(bureau: Bureau, listed: ActId) -> dict[str, tuple[str, str]]:
    """Return what a supervisor finds: key to number and confidentiality."""
    view = RowView(bureau, replace(reader(bureau), role="supervisor"))
    found = {key: view.record(listed, key) for key in KEYS}
    return {
        key: (json.dumps(str(shelf.row)), shelf.label.confidentiality.value)
        for key, shelf in found.items()
        if shelf is not None
    }


def everything(folder: Path) -> bytes:
    """Return the bytes of all files under a folder."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


# ------------------------------------------------------------------------------------------------------------- order


def said_in_order(fed: Federation, listed: ActId) -> list[bytes]:
    """Let the source say seven acts, and return each as it is delivered."""
    fed.away.add(NO)
    put(fed, listed, batch(1, "a-1", "a-2", "a-3", number="X1"))
    say(fed, restriction(2, "a-1"), listed)
    put(fed, listed, batch(3, "a-1", "a-2", number="X3"))
    say(fed, restriction(4), listed)
    say(fed, withdrawal(5, "a-2"), listed)
    say(fed, restriction(6, "a-1", level=Confidentiality.CONFIDENTIAL), listed)
    put(fed, listed, batch(7, "a-3", number="X7"))
    fed.away.clear()
    return deliveries(fed.bureaus[MA], "no")


def test_a_node_ends_with_the_same_rows_in_whatever_order_acts_arrive(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    fed = federation(tmp_path_factory.mktemp("order"), ["ma", "no"])
    listed = opened(fed)
    raws = said_in_order(fed, listed)
    wanted = held(fed.bureaus[MA], listed)
    assert {key: level for key, (_, level) in wanted.items()} == {"a-1": "confidential", "a-3": "official-use-only"}
    assert all(number in wanted[key][0] for key, number in (("a-1", "X3"), ("a-3", "X7")))
    folders = itertools.count()

    @settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.permutations(raws))
    def check(order: list[bytes]) -> None:
        twin = fed.twin("no", tmp_path_factory.mktemp(f"twin{next(folders)}"))
        noted = Noted(twin)
        assert {outcome.code for outcome in inbox.receive(twin, order)} == {"accepted"}
        assert held(twin, listed) == wanted
        assert noted.catch_up() == lives(twin)
        assert len(noted.held) == len(wanted)
        twin.database.close()
        twin.store.bodies.close()

    check()
    fed.close()


# -------------------------------------------------------------------------------------------------------------- going


def test_nothing_is_left_of_a_withdrawn_row_at_its_source_and_its_holders(fed: Federation, tmp_path: Path) -> None:
    listed = opened(fed)
    put(fed, listed, batch(1, "a-1", number=CANARY))
    put(fed, listed, batch(2, "a-2", number="X2"))
    fed.carry()
    before = {name: [row.number for row in rows(fed.bureaus[name], rowtables.row_segments)] for name in (MA, NO)}
    assert CANARY.encode() not in everything(tmp_path)
    say(fed, withdrawal(3, "a-1"), listed)
    fed.carry()
    for name in (MA, NO):
        bureau = fed.bureaus[name]
        assert bureau.store.bodies.state(before[name][0]) is State.ERASED
        assert bureau.store.bodies.state(before[name][1]) is State.LIVE
        assert list(held(bureau, listed)) == ["a-2"]
        assert rows(bureau, schema.doomed) == []
        stale = [row for row in rows(bureau, rowtables.row_batches) if row.stale]
        assert not stale
        bodies = {row.batch: bureau.store.bodies.state(row.batch) for row in rows(bureau, rowtables.row_batches)}
        assert sorted(bodies.values()) == [State.ERASED, State.LIVE]


def test_a_row_is_proven_before_and_after_the_body_of_its_batch_is_gone(fed: Federation) -> None:
    listed = opened(fed)
    act = put(fed, listed, batch(1, *KEYS))
    fed.carry()
    bureau = fed.bureaus[NO]
    view = RowView(bureau, reader(bureau))
    kept, proof = view.prove(listed, "a-2")
    assert kept.id == act
    whole = verify_row(kept.head.rows, proof)
    say(fed, withdrawal(2, "a-1"), listed)
    fed.carry()
    kept, proof = view.prove(listed, "a-2")
    assert kept.erased
    assert verify_row(kept.head.rows, proof) == whole
    assert CANARY.encode() in whole


def test_the_source_keeps_a_batch_until_the_last_holder_has_it(fed: Federation) -> None:
    listed = opened(fed)
    fed.away.add(NO)
    act = put(fed, listed, batch(1, *KEYS))
    say(fed, withdrawal(2, "a-1"), listed)
    fed.carry()
    source = fed.bureaus[MA]
    with source.database.read() as tx:
        kept = source.store.find(tx, act)
        assert kept is not None
        assert not source.store.erased(kept)
    assert list(held(source, listed)) == ["a-2", "a-3"]
    fed.away.clear()
    fed.later(DAY)
    fed.carry()
    assert list(held(fed.bureaus[NO], listed)) == ["a-2", "a-3"]
    for name in (MA, NO):
        bureau = fed.bureaus[name]
        with bureau.database.read() as tx:
            kept = bureau.store.find(tx, act)
            assert kept is not None
            assert bureau.store.erased(kept)


def test_a_row_that_was_withdrawn_comes_back_only_by_a_later_word_of_its_source(fed: Federation) -> None:
    listed = opened(fed)
    put(fed, listed, batch(1, "a-1"))
    say(fed, withdrawal(2, "a-1"), listed)
    fed.carry()
    assert held(fed.bureaus[NO], listed) == {}
    put(fed, listed, batch(3, "a-1"))
    fed.carry()
    assert list(held(fed.bureaus[NO], listed)) == ["a-1"]


def test_rows_are_there_after_a_restart(fed: Federation) -> None:
    listed = opened(fed)
    put(fed, listed, batch(1, *KEYS))
    fed.carry()
    before = held(fed.bureaus[NO], listed)
    assert len(before) == 3
    assert held(fed.restart("no"), listed) == before


def test_a_row_store_full_of_many_segments_drops_one_row_and_keeps_the_others(fed: Federation) -> None:
    listed = opened(fed)
    keys = [f"k-{number:04}" for number in range(600)]
    put(fed, listed, batch(1, *keys))
    fed.carry()
    bureau = fed.bureaus[NO]
    say(fed, withdrawal(2, "k-0300"), listed)
    fed.carry()
    counts = [row._mapping["count"] for row in rows(bureau, rowtables.row_segments)]
    assert sorted(counts) == [88, 255, 256]
    view = RowView(bureau, reader(bureau))
    assert view.record(listed, "k-0300") is None
    assert view.count(listed) == 599
    shelf = view.record(listed, "k-0599")
    assert shelf is not None
    assert view.numbered((shelf.number, 10**9)) == (shelf,)


def content(bureau: Bureau) -> list[tuple[object, ...]]:
    """Return the rows of a bureau without what is given out anew each time."""
    return [
        (row.list, bytes(row.row), row.serial, row.place, row.policy, row.number is None)
        for row in rows(bureau, rowtables.rows)
    ]


def test_rows_are_made_again_from_bodies_segments_and_tombstones(fed: Federation) -> None:
    listed = opened(fed)
    bureau = fed.bureaus[NO]
    put(fed, listed, batch(1, "a-1", "a-2"))
    put(fed, listed, batch(2, "a-3", number="X2"))
    say(fed, withdrawal(3, "a-1"), listed)
    say(fed, restriction(4, "a-3"), listed)
    fed.carry()
    before, found = content(bureau), held(bureau, listed)
    assert rowrebuild.compare(bureau) == rowrebuild.Compared(rows=2, amiss=())
    assert rowrebuild.remake(bureau) == 0
    # Somebody damages the table: one row is said to be gone.
    table = rowtables.rows
    bureau.database.write(lambda tx: tx.run(table.update().where(table.c.serial == 1).values(number=None)))
    assert rowrebuild.compare(bureau).amiss == (listed,)
    assert rowrebuild.remake(bureau) == 1
    assert content(bureau) == before
    assert held(bureau, listed) == found
    assert len(lives(bureau)) == len(found)
    assert rowrebuild.compare(bureau).amiss == ()


def test_an_index_that_reads_on_holds_what_one_that_begins_anew_holds(fed: Federation) -> None:
    listed, bureau = opened(fed), fed.bureaus[NO]
    early, late = Noted(bureau), Noted(bureau)
    for act in (
        batch(1, *KEYS),
        restriction(2, "a-2"),
        batch(3, "a-1", number="X3"),
        withdrawal(4, "a-3"),
        restriction(5),
    ):
        put(fed, listed, act) if isinstance(act, Batch) else say(fed, act, listed)
        fed.carry()
        assert early.catch_up() == lives(bureau)
    assert late.catch_up() == early.held
    assert len(early.held) == 2
    say(fed, withdrawal(6), listed)
    fed.carry()
    assert early.catch_up() == late.catch_up() == {}


def test_a_lost_segment_of_a_body_that_is_here_is_laid_again(fed: Federation) -> None:
    listed = opened(fed)
    put(fed, listed, batch(1, *KEYS))
    fed.carry()
    bureau = fed.bureaus[NO]
    found = held(bureau, listed)
    bureau.store.bodies.erase(row.number for row in rows(bureau, rowtables.row_segments))
    assert held(bureau, listed) == {}
    assert rowrebuild.remake(bureau) == 1
    assert held(bureau, listed) == found


def test_keys_of_rows_stand_nowhere_in_the_database(fed: Federation, tmp_path: Path) -> None:
    listed = opened(fed)
    put(fed, listed, batch(1, "very-particular-key"))
    fed.carry()
    say(fed, withdrawal(2, "very-particular-key"), listed)
    fed.carry()
    assert b"very-particular-key" not in everything(tmp_path)
