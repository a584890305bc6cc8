"""What falls due, on both databases: found by what changed, started by a receipt, done once, tried again."""

from comity.capabilities.messages.acts import Request, Urgency
from comity.capabilities.messages.tables import HOUR
from comity.core.handling import Purpose
from comity.core.ids import ActId, BureauId
from comity.node import schema
from comity.node.bureau import Bureau
from comity.node.due import fall_due
from tests.node.conftest import Found
from tests.simulator import Federation, reader, rows

ASK = Request(title="a plate", text="whose is it?", language="en", urgency=Urgency.URGENT)
NO = BureauId("no")


def ask(fed: Federation, *to: str) -> ActId:
    """Ask, and let it arrive where somebody is."""
    bureau = fed.bureaus[BureauId("ma")]
    recipients = tuple(BureauId(name) for name in to)
    asked = bureau.say(ASK, recipients, reader=reader(bureau), purpose=Purpose.INVESTIGATE)
    fed.carry()
    return asked.id


def lines(bureau: Bureau) -> dict[tuple[str, str], tuple[bool, bool]]:
    """Return the lines of the table: what and whose, whether its moment is known, whether it is done."""
    found = rows(bureau, schema.due)
    return {(row.what, row.bureau): (row.when is not None, row.done is not None) for row in found}


def test_a_step_waits_for_the_receipt_that_starts_it_and_is_done_once(found: Found) -> None:
    fed = found(["ma", "no", "et"])
    fed.away.add(NO)
    ask(fed, "no", "et")
    ma = fed.bureaus[BureauId("ma")]
    assert {key: known for key, (known, _) in lines(ma).items()} == {
        (what, whose): whose == "et"
        for what in ("reminder", "overdue", "escalation", "supervisors")
        for whose in ("no", "et")
    }
    fed.away.clear()
    fed.pass_time(2 * HOUR, every=HOUR)
    assert all(known for known, _ in lines(ma).values())
    fed.pass_time(20 * HOUR, every=HOUR)
    done = lines(ma)
    assert {key for key, (_, is_done) in done.items() if not is_done} == set()
    assert fall_due(fed.restart("ma")) == 0
    # A recipient keeps its own clock alone, and says nothing.
    assert set(lines(fed.bureaus[NO])) == {("overdue", "no"), ("supervisors", "no")}


def test_a_step_that_is_no_longer_due_is_forgotten(found: Found) -> None:
    """The state is asked again at the moment itself: here the request has been erased meanwhile."""
    fed = found(["ma", "no"])
    asked = ask(fed, "no")
    ma = fed.bureaus[BureauId("ma")]
    assert lines(ma)
    ma.database.write(lambda tx: ma.store.erase(tx, asked))
    fed.pass_time(20 * HOUR, every=5 * HOUR)
    assert lines(ma) == {}


def test_the_table_can_be_lost(found: Found) -> None:
    """It is made again from state and receipts, and what was said stands in the state."""
    fed = found(["ma", "no"])
    ask(fed, "no")
    fed.pass_time(7 * HOUR, every=HOUR)
    ma = fed.bureaus[BureauId("ma")]
    ma.database.write(lambda tx: tx.run(schema.due.delete()))
    ma.database.write(lambda tx: tx.run(schema.counters.delete().where(schema.counters.c.name == "due/1")))
    fed.pass_time(HOUR, every=HOUR)
    said = [row.kind for row in rows(ma, schema.acts)]
    assert said.count("messages.reminder/1") == 1
    assert lines(ma)["overdue", "no"] == (True, True)
