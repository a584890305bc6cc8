"""Acts as they rest: bytes as they were verified, rulings beside them, and nothing that another membership can see."""

import pytest
from sqlalchemy import update

from comity.core.act import Author, Said, Unknown
from comity.core.envelope import Signed
from comity.core.errors import Malformed, Misused
from comity.core.handling import Purpose
from comity.core.ids import ActId, BureauId
from comity.core.ruling import Refusal
from comity.node import inbox, schema
from comity.node.bureau import Utterance
from comity.node.database import Transaction
from comity.node.home import BUILT_IN
from comity.node.store import Past, Store, kinds_of
from tests.node.conftest import Found
from tests.node.minutes import BOTH, Line, Minutes, Opening, Remark
from tests.simulator import deliveries, held, information, reader, rows, tell


def test_an_act_is_found_by_id_by_number_and_by_its_place(found: Found) -> None:
    ma, _ = found(["ma", "no"]).bureaus.values()
    kept = tell(ma, "no")
    with ma.database.read() as tx:
        assert ma.store.find(tx, kept.id) == kept
        assert ma.store.by_number(tx, kept.number) == kept
        head = kept.head
        assert ma.store.said_at(tx, ma.me, head.channel, head.epoch, head.seq) == kept.id
        assert ma.store.said_at(tx, ma.me, head.channel, head.epoch, head.seq + 1) is None
        assert ma.store.find(tx, ActId(bytes(32))) is None
        with pytest.raises(Misused):
            ma.store.by_number(tx, kept.number + 1)


def test_what_is_stored_is_what_was_received(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    kept = tell(ma, "no")
    inbox.receive(no, deliveries(ma, "no"))
    there = held(no, kept.id)
    assert there is not None
    assert (there.signed_head, there.head) == (kept.signed_head, kept.head)
    assert there.frame != b""
    assert kept.frame == b""


def test_a_stored_head_that_was_altered_is_noticed(found: Found) -> None:
    ma, _ = found(["ma", "no"]).bureaus.values()
    one, other = tell(ma, "no"), tell(ma, "no")
    statement = update(schema.acts).where(schema.acts.c.number == one.number).values(head=other.signed_head)
    ma.database.write(lambda tx: tx.run(statement))
    with ma.database.read() as tx, pytest.raises(Malformed):
        ma.store.find(tx, one.id)


def test_a_body_under_another_number_does_not_open(found: Found) -> None:
    ma, _ = found(["ma", "no"]).bureaus.values()
    one, other = tell(ma, "no"), tell(ma, "no")
    bodies = {row.number: row.body for row in rows(ma, schema.acts)}
    statement = update(schema.acts).where(schema.acts.c.number == one.number).values(body=bodies[other.number])
    ma.database.write(lambda tx: tx.run(statement))
    with ma.database.read() as tx, pytest.raises(Misused, match="altered"):
        ma.store.signed(tx, one)


def test_another_membership_in_the_same_database_sees_nothing(found: Found) -> None:
    ma, _ = found(["ma", "no"], BOTH).bureaus.values()
    opening = ma.say(Opening(title="minutes"), (BureauId("no"),), reader=reader(ma))
    other = Store(2, ma.me, ma.store.kinds, BOTH, ma.store.bodies, ma.entropy)
    head = opening.head
    with ma.database.read() as tx:
        assert other.find(tx, opening.id) is None
        assert other.acts_of(tx, opening.id) == []
        assert other.state(tx, opening.id, Minutes) is None
        assert other.subjects(tx) == []
        assert other.said_at(tx, ma.me, head.channel, head.epoch, head.seq) is None


def test_rules_see_accepted_acts_in_the_order_of_the_log(found: Found) -> None:
    fed = found(["ma", "no"], BOTH)
    ma, no = fed.bureaus.values()
    opening = ma.say(Opening(title="minutes"), (no.me,), reader=reader(ma))
    remarks = [ma.say(Remark(text=text), (no.me,), reader=reader(ma), subject=opening.id).id for text in ("one", "two")]
    line = ma.say(Line(text="a line"), (no.me,), reader=reader(ma), subject=opening.id)
    fed.carry()
    with no.database.read() as tx:
        past = no.past(tx)
        assert [said.id for said in past.every("minutes.remark/1", opening.id)] == remarks
        latest = past.latest("minutes.remark/1", opening.id)
        assert latest is not None
        assert latest.id == remarks[-1]
        assert past.latest("minutes.scribble/1", opening.id) is None
        assert next(kept.id for kept in no.store.acts_of(tx, opening.id)) == opening.id
        found_line = past.act(line.id)
        assert found_line is not None
        assert found_line.act == Line(text="a line")
        assert past.state(opening.id, Minutes) is not None


def test_rules_do_not_see_refused_acts(found: Found) -> None:
    fed = found(["ma", "no"])
    ma, no = fed.bureaus.values()
    kept = tell(ma, "no")
    waiting = deliveries(ma, "no")
    fed.measure("ma", fed.registry.accreditations[ma.me].standing, until=fed.clock - 1)
    inbox.receive(no, waiting)
    with no.database.read() as tx:
        assert no.past(tx).act(kept.id) is None
        assert not no.past(tx).logged(kept.id)
        assert isinstance(no.past(tx).accredited(ma.me, "messages", fed.clock), Refusal)


def test_an_act_of_a_kind_forgotten_since_is_shown_as_unknown(found: Found) -> None:
    fed = found(["ma", "no"], BOTH)
    ma, no = fed.bureaus.values()
    opening = ma.say(Opening(title="minutes"), (no.me,), reader=reader(ma))
    older = Store(1, ma.me, kinds_of((), BUILT_IN), (), ma.store.bodies, ma.entropy)
    with ma.database.read() as tx:
        act = older.said(tx, opening).act
        assert isinstance(act, Unknown)
        assert act.tag == "minutes.opening/1"
        assert older.state(tx, opening.id, Minutes) is None


def test_an_act_judged_again_does_not_stand_in_its_own_way(found: Found) -> None:
    ma, _ = found(["ma", "no"]).bureaus.values()
    kept = tell(ma, "no")
    head = kept.head
    with ma.database.read() as tx:
        place = (ma.me, head.channel, head.epoch, head.seq)
        assert ma.past(tx).said_at(*place) == kept.id
        assert Past(ma.store, tx, ma.registry(), ignoring=kept.id).said_at(*place) is None


def test_a_new_act_is_at_hand_once_to_be_sealed_and_never_once_it_is_erased(found: Found) -> None:
    ma, _ = found(["ma", "no"]).bureaus.values()
    one, other = tell(ma, "no"), tell(ma, "no")
    ma.database.write(lambda tx: ma.store.erase(tx, other.id))
    with ma.database.read() as tx:
        first, again = (ma.store.resting(tx, [one.number])[one.number] for _ in range(2))
        gone = ma.store.resting(tx, [other.number])[other.number]
    assert isinstance(first[1], Signed)
    assert isinstance(again[1], bytes)
    assert ma.store.opened(*first) == ma.store.opened(*again)
    with pytest.raises(Misused, match="erased"):
        ma.store.opened(*gone)


def test_an_act_is_read_in_the_transaction_that_has_made_it(found: Found) -> None:
    ma, _ = found(["ma", "no"]).bureaus.values()

    act = information("It left on Tuesday.")

    def work(tx: Transaction) -> Said:
        how = Utterance(
            act=act, to=(BureauId("no"),), author=Author(officer="o", unit="u"), purpose=Purpose.INVESTIGATE
        )
        return ma.store.said(tx, ma.utter(tx, how))

    assert ma.database.write(work).act == act
