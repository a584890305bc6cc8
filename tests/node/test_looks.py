"""The journal of looks: noted before it is seen, bound by the log, proven one by one, told to the source, sealed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from comity.app import answer_for_looks
from comity.capabilities.records import desk as records
from comity.capabilities.records.acts import LookDigest
from comity.core import cose
from comity.core.act import Head, body_digest
from comity.core.codec import decode
from comity.core.envelope import HEAD
from comity.core.errors import Malformed, Misused, Refused
from comity.core.handling import Purpose
from comity.core.ids import ActId, BureauId, Millis
from comity.core.log import leaf_hash, root_of, verify_inclusion
from comity.core.registry import KeyUse
from comity.node import looks, looktables, pace, schema
from comity.node.looks import Fell, Glance, How, Look, Why
from comity.node.pace import Asked
from tests.capabilities.hitting import SALMA, answered, listed
from tests.simulator import Federation, federation, reader, received, rows

MA, NO = BureauId("ma"), BureauId("no")
WHY = Why(law="RPD 8", case="c-1", searches=1)


@pytest.fixture
def fed(tmp_path: Path) -> Iterator[Federation]:
    """Give two bureaus."""
    made = federation(tmp_path, ["ma", "no"])
    yield made
    made.close()


def fell(shelf: ActId, key: str, how: How = How.FOUND) -> Fell:
    """Return that a look fell on a record of `ma`."""
    return Fell(list=shelf, source=MA, batch=shelf, key=key, how=how)


def test_opening_a_record_is_noted_before_it_is_shown(fed: Federation, tmp_path: Path) -> None:
    shelf = listed(fed, tmp_path, ("a-1", SALMA))
    no = fed.bureaus[NO]
    records.record(no, replace(reader(no), purpose=Purpose.BORDER), which=shelf.hex(), key="a-1")
    (noted,) = looks.journal(no)
    look = noted.look
    assert (look.how, look.key, look.list, look.officer, look.purpose) == (
        How.OPENED, "a-1", shelf, "o-1", Purpose.BORDER
    )  # fmt: skip
    with pytest.raises(Misused):
        records.record(no, reader(no), which=shelf.hex(), key="a-2")
    assert len(looks.journal(no)) == 1


def test_each_second_with_looks_is_one_act_and_each_look_is_proven_alone(fed: Federation, tmp_path: Path) -> None:
    shelf, no = listed(fed, tmp_path, ("a-1", SALMA)), fed.bureaus[NO]
    for key in ("a-1", "a-2", "a-3"):
        looks.note(no, reader(no), WHY, (fell(shelf, key), fell(shelf, "a-9")))
    assert answer_for_looks(no) == 1  # Told at once; its second is not over.
    fed.later(1_000)
    looks.note(no, reader(no), WHY, ())
    assert answer_for_looks(no) == 1
    fed.later(1_000)
    assert answer_for_looks(no) == 1
    assert answer_for_looks(no) == 0
    digests = [row for row in rows(no, schema.acts) if row.kind == "records.look-digest/1"]
    assert len(digests) == 2
    signing = no.registry().profile(no.me).current(KeyUse.SIGN)
    for number, place, expected in ((1, 0, ""), (1, 1, "a-1"), (2, 2, "a-9"), (3, 1, "a-3"), (4, 0, "")):
        proof = looks.prove(no, number, place)
        assert proof.look.key == expected
        assert decode(proof.leaf, Look) == proof.look
        payload = cose.verify1(proof.head, HEAD, signing)
        assert body_digest(proof.salt, proof.body) == decode(payload, Head).body
        act = no.store.kinds.decode("records.look-digest/1", proof.body)
        assert isinstance(act, LookDigest)
        verify_inclusion(proof.inclusion, leaf_hash(proof.leaf), act.root)
        with pytest.raises(Malformed):
            verify_inclusion(proof.inclusion, leaf_hash(proof.leaf + b"\0"), act.root)
    with pytest.raises(Misused):
        looks.prove(no, 9)
    with pytest.raises(Misused):
        looks.prove(no, 1, 3)


def test_the_root_binds_every_look_of_its_second_and_their_number(fed: Federation, tmp_path: Path) -> None:
    shelf, no = listed(fed, tmp_path, ("a-1", SALMA)), fed.bureaus[NO]
    for number in range(5):
        looks.note(no, reader(no), WHY, tuple(fell(shelf, f"k-{number}-{each}") for each in range(number)))
    fed.later(1_000)
    answer_for_looks(no)
    proofs = [looks.prove(no, each.number, each.place) for each in reversed(looks.journal(no))]
    proofs.sort(key=lambda proof: proof.inclusion.index)
    act = no.store.kinds.decode("records.look-digest/1", proofs[0].body)
    assert isinstance(act, LookDigest)
    assert act.count == len(proofs) == 5 + 10
    assert root_of([leaf_hash(proof.leaf) for proof in proofs]) == act.root
    assert len({proof.look.salt for proof in proofs}) == len(proofs)


def test_nothing_of_a_look_rests_readable(fed: Federation, tmp_path: Path) -> None:
    shelf, no = listed(fed, tmp_path, ("a-1", SALMA)), fed.bureaus[NO]
    asked = Asked(name="Canary Person", born="1984-05-02")
    why = pace.permit(no, reader(no), (asked,), law="RPD 8", case="canary-case")
    looks.note(no, reader(no), why, (fell(shelf, "canary-key"),))
    (row,) = rows(no, looktables.looks)
    raw = b"".join(each for each in row if isinstance(each, bytes))
    assert not [word for word in (b"canary", b"Canary", b"1984", b"RPD") if word in raw]
    glance = looks.glance_at(no, 1)
    assert isinstance(glance, Glance)
    assert (glance.case, glance.fell[0].key) == ("canary-case", "canary-key")


def test_a_source_is_told_once_a_minute_and_never_of_its_own_looks(fed: Federation, tmp_path: Path) -> None:
    shelf = listed(fed, tmp_path, ("a-1", SALMA))
    no, ma = fed.bureaus[NO], fed.bureaus[MA]
    for _ in range(3):
        looks.note(no, reader(no), WHY, (fell(shelf, "a-1"), fell(shelf, "a-2", How.OPENED)))
    looks.note(ma, reader(ma), WHY, (fell(shelf, "a-1"),))
    answered(fed)
    assert len(received(ma, "hits.looked/1")) == 1
    looks.note(no, reader(no), WHY, (fell(shelf, "a-1"),))
    answered(fed)
    assert len(received(ma, "hits.looked/1")) == 1
    fed.later(60_000)
    answered(fed)
    assert len(received(ma, "hits.looked/1")) == 2
    assert rows(no, looktables.look_debts) == [] == rows(ma, looktables.look_debts)


def test_looks_that_were_not_told_before_a_crash_are_told_after_it(fed: Federation, tmp_path: Path) -> None:
    shelf, no = listed(fed, tmp_path, ("a-1", SALMA)), fed.bureaus[NO]
    looks.note(no, reader(no), WHY, (fell(shelf, "a-1"),))
    fed.restart("no")
    answered(fed)
    assert len(received(fed.bureaus[MA], "hits.looked/1")) == 1
    assert looks.prove(fed.bureaus[NO], 1).look.how is How.ASKED


def test_a_clock_that_is_set_back_loses_no_look(fed: Federation, tmp_path: Path) -> None:
    shelf, no = listed(fed, tmp_path, ("a-1", SALMA)), fed.bureaus[NO]
    for step in (0, 5_000, -3_000, 10_000):
        fed.later(step)
        looks.note(no, reader(no), WHY, (fell(shelf, "a-1"),))
    fed.later(1_000)
    answer_for_looks(no)
    assert all(looks.prove(no, number).look.how is How.ASKED for number in range(1, 5))


@pytest.mark.parametrize("what", [pace.MANY_DATES, pace.MANY_NAMES])
def test_many_dates_with_one_name_and_many_names_with_one_date_are_stopped(fed: Federation, what: str) -> None:
    no = fed.bureaus[NO]
    limit = pace.DATES if what == pace.MANY_DATES else pace.NAMES
    alarms = []
    for number in range(limit.stop):
        name, born = (
            ("one name", f"1984-05-{number + 2:02}") if what == pace.MANY_DATES else (f"n{number}", "1984-05-02")
        )
        why = pace.permit(no, reader(no), (Asked(name=name, born=born),))
        looks.note(no, reader(no), why, ())
        alarms.append(why.alarm)
    assert alarms == [""] * limit.alarm + [what] * (limit.stop - limit.alarm)
    asked = Asked(name="one name", born="1990-01-02") if what == pace.MANY_DATES else Asked(name="x", born="1984-05-02")
    for _ in range(3):
        with pytest.raises(Refused) as refused:
            pace.permit(no, reader(no), (asked,))
        assert refused.value.refusal.code == "hits.pace"
    stopped = [each for each in looks.journal(no, alarming=True) if each.look.alarm == pace.STOPPED]
    assert len(stopped) == 1
    pace.permit(no, reader(no, officer="o-2"), (asked,))
    fed.later(pace.DAY)
    pace.permit(no, reader(no), (asked,))


def test_more_searches_in_an_hour_than_a_desk_makes_are_stopped_until_a_supervisor_grants_them(
    fed: Federation,
) -> None:
    no = fed.bureaus[NO]
    lines = tuple(Asked(name=f"name {number}") for number in range(pace.SEARCHES.stop * 10))
    looks.note(no, reader(no), pace.permit(no, reader(no), lines), ())
    with pytest.raises(Refused):
        pace.permit(no, reader(no), (Asked(name="one more"),))
    until = Millis(fed.now() + pace.DAY)
    pace.grant(no, reader(no, officer="o-9"), "o-1", 10_000, until)
    assert pace.permit(no, reader(no), (Asked(name="one more"),)).alarm == ""
    fed.later(pace.DAY)
    with pytest.raises(Refused):
        pace.permit(no, reader(no), (*lines, Asked(name="one more")) * 2)
