"""Attack 2: a relay promises, and lets things disappear."""

from comity.core.codec import decode
from comity.core.leaf import Way
from comity.core.receipt import Nondelivery
from comity.node import schema
from comity.node.mailboxes import Mail
from tests.attacks.federation import ET, MA, Attacked, There, to_mailbox
from tests.attacks.means import frame_in, inbox_of, say
from tests.relayed import Answer, mail_in
from tests.simulator import DAY, held, lines, rows

HOUR = 3_600_000


def _lose(fed: Attacked, place: int) -> None:
    """Let the relays promise everything and never hand out the delivery to Addis Ababa of this place."""
    lost: list[bytes] = []

    def counting(_: str, path: str, body: bytes, there: There) -> Answer:
        if path == "deliveries":
            lost.extend(raw for raw in mail_in(body) if frame_in(raw).to == ET)
        return there(body)

    def withholding(mail: list[Mail]) -> list[Mail]:
        return [each for each in mail if each.delivery not in lost[place : place + 1]]

    fed.middle.hands += [counting, to_mailbox(withholding)]


def test_a_dropped_act_leaves_a_hole_that_is_asked_for_and_filled(fed: Attacked) -> None:
    fed.only(MA, ET)
    _lose(fed, 1)
    said = []
    for count in range(3):
        said.append(say(fed, MA, ET, text=f"message {count}"))
        fed.carry()
    assert inbox_of(fed, ET) == [said[0], said[2]]
    fed.later(60_000)
    fed.carry()
    gaps = [row for row in rows(fed.bureaus[ET], schema.acts) if row.kind == "exchange.gap/1"]
    assert gaps
    assert inbox_of(fed, ET) == [said[0], said[2], said[1]]


def test_total_silence_ends_in_a_signed_statement_that_the_log_proves(fed: Attacked) -> None:
    fed.only(MA, ET)
    fed.middle.hands.append(to_mailbox(lambda _: []))
    ma, act = fed.bureaus[MA], say(fed, MA, ET)
    fed.carry()
    assert lines(ma, act)["et"].state == "handed"
    fed.later(3 * DAY + HOUR)
    fed.carry()
    assert lines(ma, act)["et"].state == "silent"
    (stated,) = [row for row in rows(ma, schema.acts) if row.kind == "exchange.nondelivery/1"]
    kept = held(ma, stated.id)
    assert kept is not None
    with ma.database.read() as tx:
        said = decode(ma.store.signed(tx, kept).body, Nondelivery)
        size = ma.ledger.size(tx)
        assert ma.ledger.prove(tx, kept.leaf, size).leaf.way is Way.SENT
    assert (said.act, said.recipient) == (act, ET)
