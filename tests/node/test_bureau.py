"""Saying: one transaction from the number of the channel to the line of the outbox, and what may not be said."""

from pathlib import Path

import pytest

from comity.capabilities.messages.acts import Information
from comity.core.codec import decode
from comity.core.errors import Malformed, Misused, Refused
from comity.core.ids import BureauId, Digest
from comity.core.receipt import BATCH, Receipt, Receipts, Rung, prove_row, verify_row
from comity.node import jobs, post, schema
from comity.node.bureau import Bureau, Utterance
from comity.node.store import Kept
from tests.node.conftest import Found
from tests.node.minutes import Line
from tests.simulator import code_of, federation, information, lines, reader, received, rows, rungs, tell


def batch_of(bureau: Bureau, number: int) -> tuple[Kept, Receipts, bytes]:
    """Return an act of receipts as it is stored, decoded, and its salt."""
    with bureau.database.read() as tx:
        kept = bureau.store.by_number(tx, number)
        signed = bureau.store.signed(tx, kept)
    return kept, decode(signed.body, Receipts), signed.salt


def test_information_reaches_each_recipient_and_each_one_answers(found: Found) -> None:
    fed = found(["ma", "no", "et"])
    ma, no, et = fed.bureaus.values()
    kept = tell(ma, "no", "et")
    fed.carry()
    assert [code_of(bureau, kept.id) for bureau in (no, et)] == ["accepted", "accepted"]
    assert rungs(ma, kept.id) == [("et", Rung.RULED, "accepted"), ("no", Rung.RULED, "accepted")]
    assert {line.state for line in lines(ma, kept.id).values()} == {"settled"}


def test_what_arrives_is_what_was_signed(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    kept = tell(ma, "no", text="word for word")
    fed.carry()
    with ma.database.read() as here, no.database.read() as there:
        arrived = no.store.find(there, kept.id)
        assert arrived is not None
        assert no.store.signed(there, arrived) == ma.store.signed(here, kept)


def test_each_set_of_recipients_is_counted_for_itself_and_without_a_hole(found: Found) -> None:
    (ma, *_) = found(["ma", "no", "et"]).bureaus.values()
    said = [tell(ma, *to).head for to in (("no",), ("no", "et"), ("no",), ("et", "no"), ("et",))]
    assert [head.seq for head in said] == [1, 1, 2, 2, 1]
    assert said[1].channel == said[3].channel
    assert len({head.channel for head in said}) == 3


def test_what_is_said_to_oneself_goes_nowhere(found: Found) -> None:
    (ma, _) = found(["ma", "no"]).bureaus.values()
    kept = tell(ma, "ma")
    assert rows(ma, schema.outbox) == []
    assert code_of(ma, kept.id) == "accepted"


def test_what_is_said_together_is_committed_together_and_in_order(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    act = information()
    utterance = Utterance(act=act, to=(no.me,), author=None, purpose=reader(ma).purpose)
    waiting = [ma.submit(utterance) for _ in range(40)]
    said = [future.result() for future in waiting]
    assert [kept.head.seq for kept in said] == list(range(1, 41))
    assert [kept.leaf for kept in said] == list(range(40))
    fed.carry()
    assert {kept.id for kept in received(no)} == {kept.id for kept in said}


def test_receipts_travel_in_batches_and_each_is_proven_alone(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    act = information()
    utterance = Utterance(act=act, to=(no.me,), purpose=reader(ma).purpose)
    for future in [ma.submit(utterance) for _ in range(BATCH + 10)]:
        future.result()
    for _ in range(BATCH // post.BATCH + 1):
        fed.step(ma)
    assert [jobs.pay_receipts(no), jobs.pay_receipts(no), jobs.pay_receipts(no)] == [BATCH, 10, 0]
    fed.carry()
    settled = rows(ma, schema.receipts)
    assert len(settled) == BATCH + 10
    batches = {number: batch_of(ma, number) for number in {row.batch for row in settled}}
    assert sorted(len(batch.receipts) for _, batch, _ in batches.values()) == [10, BATCH]
    for row in settled[::17]:
        kept, batch, salt = batches[row.batch]
        shown = verify_row(kept.head.rows, prove_row(salt, batch.row_bytes(), row.row))
        receipt = decode(shown, Receipt)
        assert (receipt.act, receipt.rung, receipt.accepted) == (Digest(bytes(row.act)), Rung.RULED, True)


def test_a_receipt_is_not_proven_as_one_of_another_batch(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, _ = fed.bureaus.values()
    for text in ("one", "two"):
        tell(ma, "no", text=text)
        fed.carry()
    first, second = (batch_of(ma, row.batch) for row in rows(ma, schema.receipts))
    with pytest.raises(Malformed):
        verify_row(first[0].head.rows, prove_row(second[2], second[1].row_bytes(), 0))


def test_a_receipt_names_the_leaf_of_its_signer_and_a_tree_that_holds_it(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    kept = tell(ma, "no")
    fed.carry()
    (row,) = rows(ma, schema.receipts)
    with no.database.read() as tx:
        assert no.ledger.positions(tx, Digest(kept.id)) == [row.leaf]
    (peer,) = [peer for peer in rows(ma, schema.peers) if peer.bureau == "no"]
    assert peer.size > row.leaf


def test_receipts_are_not_receipted(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    tell(ma, "no")
    fed.carry(rounds=20)
    assert [len(rows(bureau, schema.owed)) for bureau in (ma, no)] == [0, 1]


def test_a_kind_that_this_node_does_not_know_is_not_said(found: Found) -> None:
    ma, no = found(["ma", "no"]).bureaus.values()
    with pytest.raises(Misused):
        ma.say(Line(text="unheard of"), (no.me,), reader=reader(ma))
    with pytest.raises(Misused):
        ma.say(Information(title="a", text="b", language="en"), (), reader=reader(ma))


def test_an_act_to_a_stranger_is_refused(found: Found) -> None:
    (ma, _) = found(["ma", "no"]).bureaus.values()
    with pytest.raises(Refused) as refused:
        tell(ma, "xx")
    assert refused.value.refusal.code == "registry.unknown"


def test_an_act_that_is_said_goes_out_although_the_sender_stops_first(found: Found) -> None:
    fed = found(["ma", "no"])
    kept = tell(fed.bureaus[BureauId("ma")], "no")
    fed.restart("ma")
    fed.carry()
    assert code_of(fed.bureaus[BureauId("no")], kept.id) == "accepted"
    assert rungs(fed.bureaus[BureauId("ma")], kept.id) == [("no", Rung.RULED, "accepted")]


def test_an_act_that_is_said_survives_a_crash_of_the_machine(tmp_path: Path) -> None:
    fed = federation(tmp_path / "before", ["ma", "no"])
    ma, no = fed.bureaus.values()
    kept = tell(ma, "no")
    after = fed.twin("ma", tmp_path / "after")
    fed.bureaus[ma.me] = after
    fed.carry()
    assert code_of(no, kept.id) == "accepted"
    assert rungs(after, kept.id) == [("no", Rung.RULED, "accepted")]
    ma.database.close()
    fed.close()


def test_a_bureau_reopened_goes_on_where_it_was(found: Found) -> None:
    fed = found(["ma", "no"])
    first = tell(fed.bureaus[BureauId("ma")], "no")
    second = tell(fed.restart("ma"), "no")
    assert (second.head.seq, second.leaf) == (first.head.seq + 1, first.leaf + 1)
    assert second.number > first.number


def test_an_act_is_signed_under_the_key_that_the_profile_lists_now(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    first = tell(ma, "no")
    fed.rotate("ma")
    second = tell(ma, "no")
    fed.carry()
    assert [code_of(no, kept.id) for kept in (first, second)] == ["accepted", "accepted"]
    assert first.signed_head[:60] != second.signed_head[:60]
