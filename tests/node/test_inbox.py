"""Receiving: each delivery is applied once, in any order, after the commit, and what contradicts itself is kept."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, event

from comity.core.act import Unknown
from comity.core.errors import Unreachable
from comity.core.handling import Purpose
from comity.core.ids import BureauId, Digest, Millis
from comity.core.leaf import Way
from comity.core.receipt import Receipt, Receipts, Rung
from comity.core.registry import Standing
from comity.node import inbox, jobs, schema
from comity.node.bodies import BodyKeys
from comity.node.bureau import Bureau
from tests.node.conftest import Found
from tests.node.looking import everything
from tests.node.minutes import Leaflet
from tests.simulator import (
    Federation,
    code_of,
    codes,
    deliveries,
    held,
    information,
    received,
    rows,
    rungs,
    sealed,
    signed_past_the_rules,
    tell,
)

CANARY = "canary in the coal mine born 1971-03-09"


# ------------------------------------------------------------------------------------------------------------ refusals


def test_a_refusal_is_a_signed_receipt_with_code_and_article(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    kept = tell(ma, "no")
    fed.measure("ma", Standing.SUSPENDED, article="RPD 131")
    fed.carry()
    (row,) = rows(ma, schema.receipts)
    assert (row.signer, row.rung, row.code, row.article) == ("no", Rung.RULED, "registry.suspended", "RPD 131")
    assert code_of(no, kept.id) == "registry.suspended"
    with no.database.read() as tx:
        proven = no.ledger.prove(tx, row.leaf, no.ledger.size(tx))
        assert no.ledger.positions(tx, Digest(kept.id)) == [row.leaf]
    assert (proven.leaf.way, proven.leaf.code) == (Way.REFUSED, "registry.suspended")


def test_of_a_refused_act_no_word_is_kept(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    act, signed = signed_past_the_rules(ma, information(CANARY), "no", purpose=Purpose.ADMINISTRATION)
    assert codes(inbox.receive(no, [sealed(ma, "no", signed)])) == ["messages.purpose"]
    kept = held(no, act)
    assert kept is not None
    assert (kept.erased, kept.signed_head) == (True, signed.head)
    assert CANARY.encode() not in everything(no, fed.folder / "no")


def test_an_accepted_act_rests_only_under_its_key(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    tell(ma, "no", text=CANARY)
    fed.carry()
    assert CANARY.encode() not in everything(ma, fed.folder / "ma") + everything(no, fed.folder / "no")


def test_a_kind_that_is_not_known_is_kept_whole_and_refused(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    act, signed = signed_past_the_rules(ma, Leaflet(text="something new"), "no")
    assert codes(inbox.receive(no, [sealed(ma, "no", signed)])) == ["exchange.unknown-kind"]
    with no.database.read() as tx:
        kept = no.store.find(tx, act)
        assert kept is not None
        assert kept.code == "exchange.unknown-kind"
        assert no.store.said(tx, kept).act == Unknown(tag="scribbles.leaflet/1", body=signed.body)
        assert no.store.signed(tx, kept) == signed


def test_what_is_addressed_to_somebody_else_is_nobodys_and_leaves_nothing(found: Found) -> None:
    fed = found(["ma", "no", "et"])
    ma, no, _ = fed.bureaus.values()
    tell(ma, "et")
    assert codes(inbox.receive(no, deliveries(ma, "et"))) == ["malformed"]
    assert [rows(no, table) for table in (schema.acts, schema.leaves, schema.owed)] == [[], [], []]


@pytest.mark.parametrize("raw", [b"", b"\x00", b"\xa0", bytes(1000)])
def test_what_is_no_delivery_is_answered_and_forgotten(found: Found, raw: bytes) -> None:
    _, no = found(["ma", "no"]).bureaus.values()
    assert codes(inbox.receive(no, [raw])) == ["malformed"]
    assert rows(no, schema.leaves) == []


def test_numbers_that_no_database_holds_do_not_stop_what_comes_with_them(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    most = 2**63 - 1
    large = [
        signed_past_the_rules(ma, information(), "no", seq=most)[1],
        signed_past_the_rules(ma, information(), "no", said=Millis(most), seq=2)[1],
        signed_past_the_rules(ma, information(), "no", epoch=most)[1],
    ]
    kept = tell(ma, "no")
    outcomes = codes(inbox.receive(no, [*(sealed(ma, "no", one) for one in large), *deliveries(ma, "no")]))
    assert (outcomes[:2], outcomes[3]) == (["accepted", "parked"], "accepted")
    # PostgreSQL has no room for such an epoch; SQLite has, and waits for the statement of it.
    assert outcomes[2] in {"parked", "malformed"}
    assert code_of(no, kept.id) == "accepted"


def test_a_receipt_that_no_database_holds_does_not_stop_what_comes_with_it(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    act = tell(ma, "no").id
    for code in ("x" * 65, "a\x00b"):
        receipt = Receipt(act=Digest(act), rung=Rung.RULED, code=code, leaf=0, at=fed.clock)
        _, signed = signed_past_the_rules(no, Receipts(receipts=(receipt,), mine=""), "ma", seq=len(code))
        kept = tell(no, "ma")
        outcomes = codes(inbox.receive(ma, [sealed(no, "ma", signed), *deliveries(no, "ma")]))
        assert outcomes[0] in {"accepted", "malformed"}
        assert code_of(ma, kept.id) == "accepted"


# -------------------------------------------------------------------------------------------------- not before the disk


def _broken(_: object) -> None:
    raise Unreachable("the disk failed")


def _not_committed(fed: Federation, break_: Callable[[Bureau], Callable[[], None]]) -> None:
    """Let the commit of a delivery fail, then mend what was broken and deliver it again."""
    ma, no = fed.bureaus.values()
    kept = tell(ma, "no")
    (delivery,) = deliveries(ma, "no")
    mend = break_(no)
    try:
        with pytest.raises(Unreachable):
            inbox.receive(no, [delivery])
    finally:
        mend()
    assert [rows(no, table) for table in (schema.acts, schema.leaves, schema.owed)] == [[], [], []]
    assert jobs.pay_receipts(no) == 0
    assert codes(inbox.receive(no, [delivery])) == ["accepted"]
    fed.carry()
    assert rungs(ma, kept.id) == [("no", Rung.RULED, "accepted")]


def test_nothing_is_answered_before_the_commit(found: Found) -> None:
    def break_(bureau: Bureau) -> Callable[[], None]:
        engine: Engine = bureau.database.engine
        event.listen(engine, "commit", _broken)
        return lambda: event.remove(engine, "commit", _broken)

    _not_committed(found(["ma", "no"]), break_)


def test_nothing_is_committed_before_the_bodys_key_is_on_the_disk(
    found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_(_: Bureau) -> Callable[[], None]:
        monkeypatch.setattr(BodyKeys, "sync", _broken)
        return monkeypatch.undo

    _not_committed(found(["ma", "no"]), break_)


def test_the_key_of_a_body_is_on_the_disk_before_the_act_is(found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    ma, _ = found(["ma", "no"]).bureaus.values()
    order: list[str] = []
    force = BodyKeys.sync

    def sync(keys: BodyKeys) -> None:
        force(keys)
        order.append("key")

    monkeypatch.setattr(BodyKeys, "sync", sync)
    event.listen(ma.database.engine, "commit", lambda _: order.append("commit"))
    tell(ma, "no")
    assert order == ["key", "commit"]


def test_a_crash_between_commit_and_answer_applies_the_act_once(found: Found) -> None:
    fed = found(["ma", "no"])
    kept = tell(fed.bureaus[BureauId("ma")], "no")
    inbox.receive(fed.bureaus[BureauId("no")], deliveries(fed.bureaus[BureauId("ma")], "no"))
    fed.restart("no")
    fed.carry()
    assert [one.id for one in received(fed.bureaus[BureauId("no")])] == [kept.id]
    assert rungs(fed.bureaus[BureauId("ma")], kept.id) == [("no", Rung.RULED, "accepted")]


def test_receipts_go_out_although_the_recipient_stops_first(found: Found) -> None:
    fed = found(["ma", "no"])
    ma = fed.bureaus[BureauId("ma")]
    kept = tell(ma, "no")
    fed.step(ma)
    fed.restart("no")
    fed.carry()
    assert rungs(ma, kept.id) == [("no", Rung.RULED, "accepted")]
