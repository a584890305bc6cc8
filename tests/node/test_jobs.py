"""What falls due: silence is stated once, and only where there is silence; what fell due meanwhile is done once."""

import pytest

from comity.core.checkpoint import parse_checkpoint
from comity.core.codec import decode
from comity.core.envelope import Lane
from comity.core.ids import BureauId, Millis
from comity.core.note import parse_note
from comity.core.receipt import Nondelivery, Receipts, Rung
from comity.node import inbox, jobs, post, schema
from comity.node.bureau import PATIENCE, Bureau
from tests.node.conftest import Found
from tests.simulator import DAY, code_of, lines, parcels, received, rows, rungs, tell

NO = BureauId("no")
RECEIPTS = "exchange.receipts/1"


def statements(bureau: Bureau) -> list[Nondelivery]:
    """Return what a bureau has stated about silence."""
    with bureau.database.read() as tx:
        kept = [bureau.store.by_number(tx, row.number) for row in rows(bureau, schema.acts)]
        said = [one for one in kept if one.head.kind == "exchange.nondelivery/1" and one.head.sender == bureau.me]
        return [decode(bureau.store.signed(tx, one).body, Nondelivery) for one in said]


def test_receipts_and_their_checkpoint_are_one_commit_whoever_gets_them(found: Found) -> None:
    fed = found(["ma", "no", "et"])
    ma, no, et = fed.bureaus.values()
    for sender in (ma, et):
        tell(sender, "no")
        inbox.receive(no, [parcel.delivery for parcel in parcels(sender, "no")])
    commits = list[None]()
    with no.database.listening(lambda: commits.append(None)):
        assert jobs.pay_receipts(no) == 2
    assert 1 <= len(commits) <= 2  # The thread that commits may take the first before it sees the second.
    with no.database.read() as tx:
        acts = [no.store.by_number(tx, row.number) for row in rows(no, schema.acts) if row.kind == RECEIPTS]
        said = [decode(no.store.signed(tx, kept).body, Receipts) for kept in acts]
    for each in said:
        (receipt,) = each.receipts
        assert receipt.leaf < parse_checkpoint(parse_note(each.mine.encode()).text).size


@pytest.mark.parametrize("lane", list(Lane))
def test_silence_is_stated_once_when_the_patience_of_the_lane_is_over(found: Found, lane: Lane) -> None:
    fed = found(["ma", "no"])
    ma, _ = fed.bureaus.values()
    fed.away = {NO}
    kept = tell(ma, "no", lane=lane)
    fed.later(PATIENCE[lane] - 1)
    fed.carry()
    assert statements(ma) == []
    fed.later(1)
    fed.pass_time(DAY, every=DAY // 8)
    (one,) = statements(ma)
    assert (one.act, one.recipient, one.deadline) == (kept.id, "no", kept.at + PATIENCE[lane])
    assert one.attempts > 0


def test_what_was_silent_is_delivered_all_the_same_and_no_second_statement_made(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    fed.away = {NO}
    kept = tell(ma, "no")
    fed.later(PATIENCE[Lane.NORMAL])
    fed.carry()
    assert lines(ma, kept.id)["no"].state == "silent"
    fed.away = set()
    fed.later(DAY)
    # The recipient takes the act and its receipt is lost: the line is not stated again while it is handed over again.
    (parcel,) = (each for each in parcels(ma, "no") if each.act == kept.id)
    post.record(ma, [parcel], inbox.receive(no, [parcel.delivery]))
    assert jobs.state_silence(ma) == 0
    fed.pass_time(DAY, every=DAY // 8)
    assert len(statements(ma)) == 1
    assert rungs(ma, kept.id) == [("no", Rung.RULED, "accepted")]
    assert lines(ma, kept.id)["no"].state == "settled"
    assert "exchange.nondelivery/1" in {one.head.kind for one in received(no, "exchange.nondelivery/1")}


def test_who_has_committed_an_act_is_not_called_silent(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    ahead = Bureau(
        **{name: getattr(ma, name) for name in ma.__dataclass_fields__} | {"now": lambda: Millis(ma.now() + 30 * DAY)}
    )
    kept = tell(ahead, "no", deadline=Millis(fed.clock + DAY))
    (parcel,) = parcels(ahead, "no")
    post.record(ahead, [parcel], inbox.receive(no, [parcel.delivery]))
    fed.carry()
    assert rungs(ma, kept.id) == [("no", Rung.COMMITTED, "accepted")]
    fed.pass_time(3 * DAY, every=DAY)
    assert statements(ma) == []


def test_after_a_week_switched_off_everything_due_is_done_once(found: Found) -> None:
    fed = found(["ma", "no"])
    fed.away = {NO}
    kept = tell(fed.bureaus[BureauId("ma")], "no")
    ma = fed.restart("ma")
    fed.later(7 * DAY)
    fed.carry()
    fed.carry()
    assert [one.act for one in statements(ma)] == [kept.id]


def test_a_deadline_of_ones_own_counts_instead_of_the_lanes(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, _ = fed.bureaus.values()
    fed.away = {NO}
    tell(ma, "no", deadline=Millis(fed.clock + 60_000))
    fed.later(60_000)
    fed.carry()
    assert len(statements(ma)) == 1


def test_receipts_that_arrive_nowhere_are_not_stated(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    tell(ma, "no")
    fed.step(ma)
    fed.away = {BureauId("ma")}
    fed.pass_time(10 * DAY, every=5 * DAY)
    assert statements(no) == []


def test_a_body_erased_before_it_left_is_not_tried_for_ever(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    kept, other = tell(ma, "no"), tell(ma, "no")
    ma.database.write(lambda tx: ma.store.erase(tx, kept.id))
    assert [parcel.act for parcel in parcels(ma, "no")] == [other.id]
    fed.pass_time(PATIENCE[Lane.NORMAL], every=PATIENCE[Lane.NORMAL] // 3)
    line = lines(ma, kept.id)["no"]
    assert (line.next_at, line.trouble) == (None, "erased before it was delivered")
    assert [code_of(no, act.id) for act in (kept, other)] == ["absent", "accepted"]
