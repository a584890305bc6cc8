"""Erasing a body: its key is destroyed, its head stays verifiable, and no crash leaves something in between."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event, select

from comity.core import cose
from comity.core.act import Erased
from comity.core.envelope import HEAD
from comity.core.errors import Misused, Unreachable
from comity.core.ids import Millis
from comity.core.registry import KeyUse
from comity.node import inbox, jobs, schema
from comity.node.bodies import SLOT, State
from comity.node.bureau import Bureau
from comity.node.database import Transaction
from comity.node.rebuild import heal, rebuild
from comity.node.store import Kept
from tests.node.conftest import Found
from tests.node.minutes import BOTH, Line, Minutes, Opening
from tests.simulator import (
    Federation,
    code_of,
    codes,
    deliveries,
    federation,
    held,
    information,
    reader,
    rows,
    sealed,
    signed_past_the_rules,
    tell,
)

CANARY = "canary in the coal mine born 1971-03-09"


def erase(bureau: Bureau, kept: Kept) -> None:
    bureau.database.write(lambda tx: bureau.store.erase(tx, kept.id))


def arrived(fed: Federation) -> tuple[Bureau, Kept]:
    """Let ma tell no something, and return no with the act as it holds it."""
    ma, no = fed.bureaus.values()
    kept = tell(ma, "no", text=CANARY)
    fed.carry()
    there = held(no, kept.id)
    assert there is not None
    return no, there


def slot(folder: Path, number: int) -> bytes:
    """Return the 64 bytes of a body's key as they lie on the disk."""
    with (folder / "bodies.keys").open("rb") as file:
        file.seek(number * SLOT)
        return file.read(SLOT)


def sealed_body(bureau: Bureau, number: int) -> bytes | None:
    with bureau.database.read() as tx:
        row = tx.one(select(schema.acts.c.body).where(schema.acts.c.number == number))
    return None if row is None or row.body is None else bytes(row.body)


def lines(bureau: Bureau, subject: Kept) -> list[tuple[int, int | None]]:
    """Return number and size of what stands in the minutes."""
    with bureau.database.read() as tx:
        state = bureau.store.state(tx, subject.id, Minutes)
    return [] if state is None else [(one.number, one.size) for one in state.written]


def test_an_erased_body_cannot_be_opened_any_more(found: Found) -> None:
    no, kept = arrived(found(["ma", "no"]))
    erase(no, kept)
    assert no.store.bodies.state(kept.number) is State.ERASED
    with no.database.read() as tx:
        there = no.store.find(tx, kept.id)
        assert there is not None
        assert (there.erased, there.code) == (True, "accepted")
        assert no.store.said(tx, there).act == Erased(tag="messages.information/1")
        with pytest.raises(Misused):
            no.store.signed(tx, there)


@contextmanager
def nothing_swept() -> Iterator[None]:
    """Let Python not look for garbage: a node must not need that to let go of its files."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def test_the_wrapped_key_and_the_sealed_body_are_gone_from_the_disk(tmp_path: Path) -> None:
    with nothing_swept():
        fed = federation(tmp_path, ["ma", "no"])
        no, kept = arrived(fed)
        all_is_gone_once_it_closes(tmp_path, fed, no, kept)


def all_is_gone_once_it_closes(tmp_path: Path, fed: Federation, no: Bureau, kept: Kept) -> None:
    key, body = slot(tmp_path / "no", kept.number)[8:48], sealed_body(no, kept.number)
    assert body is not None
    database = Path(no.database.url.removeprefix("sqlite:///"))
    erase(no, kept)
    files = [*(tmp_path / "no").rglob("*"), *database.parent.glob(f"{database.name}*")]
    whole = b"".join(file.read_bytes() for file in files if file.is_file())
    assert key not in whole
    assert CANARY.encode() not in whole
    fed.close()
    # Closing folds the write-ahead log into the database, where what was deleted is overwritten with zeros.
    whole = b"".join(file.read_bytes() for file in database.parent.glob(f"{database.name}*"))
    assert body[:64] not in whole
    assert body[-64:] not in whole


def test_head_and_signature_of_an_erased_act_still_verify(found: Found) -> None:
    fed = found(["ma", "no"])
    no, kept = arrived(fed)
    erase(no, kept)
    there = held(no, kept.id)
    assert there is not None
    key = fed.registry.profile(kept.head.sender).current(KeyUse.SIGN)
    assert cose.verify1(there.signed_head, HEAD, key) == cose.payload_of(kept.signed_head)
    assert there.head == kept.head


def test_erasing_twice_is_no_mistake(found: Found) -> None:
    no, kept = arrived(found(["ma", "no"]))
    erase(no, kept)
    erase(no, kept)
    assert no.store.bodies.state(kept.number) is State.ERASED


def test_what_is_erased_here_stays_with_the_others(found: Found) -> None:
    fed = found(["ma", "no"])
    no, kept = arrived(fed)
    erase(no, kept)
    ma = fed.bureaus[kept.head.sender]
    with ma.database.read() as tx:
        there = ma.store.find(tx, kept.id)
        assert there is not None
        assert ma.store.signed(tx, there).body


def test_an_erased_act_that_comes_again_is_known_and_not_kept_anew(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    kept = tell(ma, "no", text=CANARY)
    again = deliveries(ma, "no")
    inbox.receive(no, again)
    erase(no, kept)
    assert codes(inbox.receive(no, again)) == ["again"]
    there = held(no, kept.id)
    assert there is not None
    assert there.erased


def test_state_is_folded_again_from_what_survives(found: Found) -> None:
    fed = found(["ma", "no"], BOTH)
    ma, no = fed.bureaus.values()
    opening = ma.say(Opening(title="minutes"), (no.me,), reader=reader(ma))
    said = [ma.say(Line(text="x" * size), (no.me,), reader=reader(ma), subject=opening.id) for size in (3, 5)]
    fed.carry()
    assert lines(no, opening) == [(0, None), (1, 3), (2, 5)]
    erase(no, said[0])
    assert lines(no, opening) == [(0, None), (1, None), (2, 5)]
    assert rebuild(no).differing == ()
    third = ma.say(Line(text="seven77"), (no.me,), reader=reader(ma), subject=opening.id)
    fed.carry()
    assert lines(no, opening) == [(0, None), (1, None), (2, 5), (3, 7)]
    assert code_of(no, third.id) == "accepted"


def test_what_the_exchange_and_chains_rest_on_is_not_erased(found: Found) -> None:
    fed = found(["ma", "no"], BOTH)
    ma, no = fed.bureaus.values()
    opening = ma.say(Opening(title="minutes"), (no.me,), reader=reader(ma))
    ma.say(Line(text="a line"), (no.me,), reader=reader(ma), subject=opening.id)
    fed.carry()
    for kind in ("exchange.receipts/1", "keeping.entry/1"):
        (kept, *_) = [held(ma, row.id) for row in rows(ma, schema.acts) if row.kind == kind]
        assert kept is not None
        with pytest.raises(Misused, match="nothing of a person"):
            erase(ma, kept)


def test_an_act_that_waits_for_its_ruling_is_not_erased_before(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    act, signed = signed_past_the_rules(ma, information(), "no", said=Millis(fed.clock + 3_600_000))
    inbox.receive(no, [sealed(ma, "no", signed)])
    kept = held(no, act)
    assert kept is not None
    with pytest.raises(Misused, match="waits for its ruling"):
        erase(no, kept)
    fed.later(3_600_000)
    assert jobs.judge_parked(no) == 1


def test_an_act_that_is_not_here_is_not_erased(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    with pytest.raises(Misused, match="no such act"):
        erase(no, tell(ma, "no"))


# -------------------------------------------------------------------------------------------------------- what crashes


def _crashing(fed: Federation) -> tuple[Bureau, Kept, Kept]:
    """Erase a line of minutes at no, and let the commit fail after its key was destroyed."""
    ma, no = fed.bureaus.values()
    opening = ma.say(Opening(title="minutes"), (no.me,), reader=reader(ma))
    line = ma.say(Line(text=CANARY), (no.me,), reader=reader(ma), subject=opening.id)
    fed.carry()
    kept = held(no, line.id)
    assert kept is not None
    engine = no.database.engine

    def fail(_: object) -> None:
        raise Unreachable("the power is gone")

    event.listen(engine, "commit", fail)
    with pytest.raises(Unreachable):
        erase(no, kept)
    event.remove(engine, "commit", fail)
    return fed.restart("no"), kept, opening


def test_after_a_crash_between_key_and_tombstone_the_body_is_gone_all_the_same(found: Found) -> None:
    no, kept, _ = _crashing(found(["ma", "no"], BOTH))
    assert sealed_body(no, kept.number) is not None
    with no.database.read() as tx:
        there = no.store.find(tx, kept.id)
        assert there is not None
        assert no.store.said(tx, there).act == Erased(tag="minutes.line/1")
        with pytest.raises(Misused):
            no.store.signed(tx, there)


def test_after_such_a_crash_the_tombstone_is_put_and_the_state_folded_again(found: Found) -> None:
    no, kept, opening = _crashing(found(["ma", "no"], BOTH))
    assert lines(no, opening) == [(0, None), (1, len(CANARY))]
    assert rebuild(no).differing == (opening.id,)
    assert heal(no) == 1
    assert sealed_body(no, kept.number) is None
    assert lines(no, opening) == [(0, None), (1, None)]
    assert rebuild(no).differing == ()
    assert heal(no) == 0


def test_after_such_a_crash_erasing_again_does_it(found: Found) -> None:
    no, kept, opening = _crashing(found(["ma", "no"], BOTH))
    erase(no, kept)
    assert sealed_body(no, kept.number) is None
    assert lines(no, opening) == [(0, None), (1, None)]


def test_a_key_doomed_before_a_crash_is_destroyed_after_it(found: Found) -> None:
    fed = found(["ma", "no"])
    no, kept = arrived(fed)

    def forget(tx: Transaction) -> None:
        no.store.doom(tx, kept.number)
        tx.after.clear()  # What would run after the commit does not run: the machine stops here.

    no.database.write(forget)
    assert no.store.bodies.state(kept.number) is State.LIVE
    no = fed.restart("no")
    assert heal(no) >= 1
    assert no.store.bodies.state(kept.number) is State.ERASED
    assert rows(no, schema.doomed) == []


def test_an_erasure_that_is_rolled_back_before_its_commit_erases_nothing(found: Found) -> None:
    no, kept = arrived(found(["ma", "no"]))

    def half(tx: Transaction) -> None:
        no.store.erase(tx, kept.id)
        raise Misused("and yet not")

    with pytest.raises(Misused):
        no.database.write(half)
    assert no.store.bodies.state(kept.number) is State.LIVE
    with no.database.read() as tx:
        there = no.store.find(tx, kept.id)
        assert there is not None
        assert no.store.signed(tx, there).body
