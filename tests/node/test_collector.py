"""Mail over relays: it arrives once, whoever is away, whichever relay is dead, and whatever a relay does to it."""

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import pytest
from sqlalchemy import select

from comity.core.codec import decode, encode
from comity.core.envelope import Lane
from comity.core.errors import Unreachable
from comity.core.handling import Label
from comity.core.ids import BureauId, Millis
from comity.node import post, schema
from comity.node.chunks import CHUNK
from comity.node.ladder import climbed
from comity.node.mailboxes import WAIT, Limits, Mail, Size
from comity.node.post import CARRIED_AGAIN, CARRIED_WAIT
from tests.node.conftest import NewDatabase
from tests.relayed import Answer, Relayed, enclose, relayed
from tests.simulator import DAY, code_of, held, lines, received, rows, rungs, tell

MA, NO, R1, R2 = BureauId("ma"), BureauId("no"), BureauId("r1"), BureauId("r2")
HOUR = 3_600_000

There = Callable[[bytes], Answer]


@pytest.fixture
def fed(tmp_path: Path) -> Iterator[Relayed]:
    """Give two bureaus behind firewalls, and two relays."""
    made = relayed(tmp_path / "federation", "ma no")
    yield made
    made.close()


def r0(fed: Relayed, number: int) -> set[str]:
    """Return which relays have promised an act of `ma`."""
    return {row.relay for row in rows(fed.bureaus[MA], schema.carried) if row.act == number}


def mail(fed: Relayed, relay: BureauId) -> list[str]:
    """Return the states of the mail at a relay."""
    with fed.relays[relay].database.read() as tx:
        return [row.state for row in tx.all(select(schema.mail.c.state).order_by(schema.mail.c.number))]


def over(raw: bytes) -> list[Mail]:
    """Return the mail in an answer."""
    return decode(raw, list[Mail], 1 << 25)


# ----------------------------------------------------------------------------------------------------- the good road


def test_bureaus_without_an_address_write_to_each_other_over_a_relay(fed: Relayed) -> None:
    act = tell(fed.bureaus[MA], "no", lane=Lane.URGENT)
    fed.carry()
    assert code_of(fed.bureaus[NO], act.id) == "accepted"
    assert rungs(fed.bureaus[MA], act.id) == [("no", 2, "accepted")]
    assert {*mail(fed, R1), *mail(fed, R2)} == {"taken"}


def test_the_promise_of_a_relay_is_kept_as_r0_and_shown(fed: Relayed) -> None:
    fed.away.add(NO)
    act = tell(fed.bureaus[MA], "no")
    fed.carry()
    ma = fed.bureaus[MA]
    with ma.database.read() as tx:
        ladder = climbed(ma, tx, act, NO)
    assert [(each.rung, each.at) for each in ladder.carried] == [(0, fed.clock)]
    assert (ladder.state, ladder.reached, ladder.next_at) == ("handed", (), fed.clock + CARRIED_WAIT)


def test_over_both_databases(new_database: NewDatabase, tmp_path: Path) -> None:
    fed = Relayed(tmp_path / "federation")
    fed.join("ma", url=new_database())
    fed.join("no", url=new_database())
    fed.station("r1", url=new_database())
    plain, enclosing = tell(fed.bureaus[MA], "no"), enclose(fed.bureaus[MA], "no", bytes(CHUNK + 9))
    (root,) = enclosing.head.blobs
    fed.carry(rounds=12)
    assert [code_of(fed.bureaus[NO], act.id) for act in (plain, enclosing)] == ["accepted"] * 2
    assert fed.bureaus[NO].blobs.complete(root)
    assert not fed.relays[R1].blobs._place(root).exists()
    fed.close()


def test_a_bureau_that_can_be_reached_gets_its_mail_directly(fed: Relayed) -> None:
    fed.listed("no")
    act = tell(fed.bureaus[MA], "no")
    fed.carry()
    assert code_of(fed.bureaus[NO], act.id) == "accepted"
    assert next(name for name, path in fed.asked if path == "deliveries") == NO
    assert r0(fed, act.number) == set()


def test_a_peer_that_does_not_answer_is_left_alone_while_a_relay_takes_its_mail(fed: Relayed) -> None:
    fed.listed("no")
    fed.away.add(NO)
    acts = []
    for _ in range(3):
        acts.append(tell(fed.bureaus[MA], "no"))
        fed.carry()
    assert [name for name, path in fed.asked if path == "deliveries"].count(NO) == 1
    assert all(r0(fed, act.number) for act in acts)


def test_a_bureau_away_for_a_month_gets_everything_once_urgent_first(fed: Relayed) -> None:
    fed.away.add(NO)
    said: dict[Lane, list[bytes]] = {lane: [] for lane in Lane}
    for number in range(9):
        lane = (Lane.BULK, Lane.NORMAL, Lane.URGENT)[number % 3]
        said[lane].append(tell(fed.bureaus[MA], "no", lane=lane, text=f"number {number}").id)
        fed.pass_time(3 * DAY + 8 * HOUR, every=20 * HOUR)
    copies = len(mail(fed, R1)) + len(mail(fed, R2))
    fed.relays.pop(R2).database.close()
    fed.change(accreditations={R2: fed.registry.accreditations[R1]}, profiles={R2: fed.registry.profile(R1)})
    fed.away.clear()
    fed.carry(rounds=20)
    got = [kept.id for kept in received(fed.bureaus[NO], "messages.information/1")]
    assert sorted(got) == sorted(chain.from_iterable(said.values()))
    assert got == [*said[Lane.URGENT], *said[Lane.NORMAL], *said[Lane.BULK]]
    # Each act rests at both relays, and is handed to one of them once more in a week; not each hour.
    assert copies <= (9 + len(rows(fed.bureaus[MA], schema.outbox))) * 5


# -------------------------------------------------------------------------------------------------------- fail-over


@pytest.mark.parametrize("dead", [R1, R2])
@pytest.mark.parametrize("path", ["deliveries", "mailbox", "offers", "blobs"])
@pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])
def test_one_relay_may_die_at_any_moment(tmp_path: Path, dead: BureauId, path: str, answered: bool) -> None:  # noqa: FBT001
    fed = relayed(tmp_path / "federation", "ma no")

    def tap(name: BureauId, asked: str, body: bytes, there: There) -> Answer:
        if name == dead and asked.startswith(path):
            if answered:
                there(body)
            fed.tap = lambda who, _, raw, now: _unless(who == dead, now, raw)
            raise Unreachable("it is dead")
        return there(body)

    fed.tap = tap  # type: ignore[assignment]
    acts = [enclose(fed.bureaus[MA], "no", b"photograph %d" % n) for n in range(4)]
    fed.pass_time(3 * CARRIED_WAIT, every=CARRIED_WAIT // 2)
    assert [code_of(fed.bureaus[NO], act.id) for act in acts] == ["accepted"] * 4
    assert len(received(fed.bureaus[NO], "messages.information/1")) == 4
    assert {row.state for act in acts for row in lines(fed.bureaus[MA], act.id).values()} == {"settled"}
    fed.close()


def _unless(gone: bool, there: There, raw: bytes) -> Answer:  # noqa: FBT001
    if gone:
        raise Unreachable("it is dead")
    return there(raw)


def test_what_a_relay_loses_after_its_promise_comes_by_another_road_within_the_hour(fed: Relayed) -> None:
    fed.away.add(NO)
    act = tell(fed.bureaus[MA], "no")
    fed.carry()
    (holder,) = r0(fed, act.number)
    other = {R1: R2, R2: R1}[BureauId(holder)]
    fed.tap = lambda name, _, raw, there: _unless(name == holder, there, raw)
    fed.away.clear()
    fed.pass_time(CARRIED_WAIT + HOUR, every=HOUR // 2)
    assert code_of(fed.bureaus[NO], act.id) == "accepted"
    assert r0(fed, act.number) == {holder, other}


def test_a_relay_that_holds_an_act_is_handed_it_again_only_after_a_week(fed: Relayed) -> None:
    fed.away.add(NO)
    tell(fed.bureaus[MA], "no", deadline=Millis(fed.clock + 30 * DAY))
    fed.pass_time(CARRIED_AGAIN - HOUR, every=2 * HOUR)
    assert (len(mail(fed, R1)), len(mail(fed, R2))) == (1, 1)
    fed.pass_time(6 * HOUR, every=2 * HOUR)
    assert (len(mail(fed, R1)), len(mail(fed, R2))) == (2, 2)


@pytest.mark.parametrize("taken", [0, 1], ids=["of-none", "of-some"])
def test_a_relay_that_is_full_says_why_and_is_not_asked_before_it_wants_to_be(tmp_path: Path, taken: int) -> None:
    fed = relayed(tmp_path / "federation", "ma no", relays="")
    ma = fed.bureaus[MA]
    fed.station("r1", limits=Limits(sender=Size(pieces=2 * taken, bytes=1 << 30)))
    acts = [tell(ma, "no") for _ in range(3)]
    fed.step(ma)
    waiting = [line for act in acts if (line := lines(ma, act.id)["no"]).state == "queued"]
    assert len(waiting) == 3 - taken
    assert {line.next_at - fed.clock for line in waiting} == {WAIT["relay.quota"] * 1000}
    assert {line.trouble[:45] for line in waiting} == {"r1: 90 % of the room for mail from ma is what"}
    assert len(mail(fed, R1)) == taken
    fed.close()


def test_nobody_reachable_leaves_the_act_queued_with_its_trouble(fed: Relayed) -> None:
    fed.tap = lambda *_: _unless(True, lambda raw: (200, raw), b"")  # noqa: FBT003
    act = tell(fed.bureaus[MA], "no")
    fed.carry()
    (line,) = lines(fed.bureaus[MA], act.id).values()
    assert (line.state, line.attempts) == ("queued", 1)
    assert "cannot be reached" in line.trouble


# -------------------------------------------------------------------------------------------------- a hostile relay


def test_a_promise_that_does_not_verify_is_none(fed: Relayed) -> None:
    def tap(_: str, path: str, body: bytes, there: There) -> Answer:
        status, raw = there(body)
        if path == "deliveries":
            answer = decode(raw, dict[str, object])
            statement = bytearray(answer["carried"])  # type: ignore[call-overload]
            statement[-1] ^= 1
            raw = encode({**answer, "carried": bytes(statement)})
        return status, raw

    fed.tap = tap
    fed.away.add(NO)
    act = tell(fed.bureaus[MA], "no")
    fed.carry()
    assert r0(fed, act.number) == set()
    assert lines(fed.bureaus[MA], act.id)["no"].state == "queued"


def test_a_promise_for_other_bytes_is_none(fed: Relayed) -> None:
    said: dict[str, Answer] = {}

    def tap(name: str, path: str, body: bytes, there: There) -> Answer:
        if path != "deliveries":
            return there(body)
        return said.setdefault(name, there(body))

    fed.tap = tap
    fed.away.add(NO)
    first = tell(fed.bureaus[MA], "no")
    fed.carry()
    second = tell(fed.bureaus[MA], "no")
    fed.carry()
    fed.later(HOUR)
    fed.carry()
    assert r0(fed, first.number)
    relays = {row.relay for row in rows(fed.bureaus[MA], schema.carried) if row.act == second.number}
    # A relay that had not spoken before promises truly; one that repeats itself promises nothing.
    assert relays.isdisjoint(r0(fed, first.number))


HOSTILE: dict[str, Callable[[list[Mail]], object]] = {
    "junk": lambda _: b"\xff" * 100,
    "not a list": lambda _: encode({"mail": 1}),
    "no mail in it": lambda mail: encode([{"number": n + 1, "delivery": b"junk"} for n in range(len(mail) + 3)]),
    "one number twice": lambda mail: encode(mail + mail),
    "a number below one": lambda mail: encode([Mail(number=-each.number, delivery=each.delivery) for each in mail]),
    "too much": lambda mail: encode([Mail(number=n + 1, delivery=b"") for n in range(1000)] + mail),
    "a flipped bit": lambda mail: encode(
        [Mail(number=m.number, delivery=m.delivery[:-9] + bytes([m.delivery[-9] ^ 1]) + m.delivery[-8:]) for m in mail]
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_a_relay_spoils_is_not_taken_and_not_confirmed(tmp_path: Path, what: str) -> None:
    fed = relayed(tmp_path / "federation", "ma no", "r1")
    act = tell(fed.bureaus[MA], "no")

    def tap(_: str, path: str, body: bytes, there: There) -> Answer:
        status, raw = there(body)
        if path == "mailbox" and over(raw):
            raw = HOSTILE[what](over(raw))  # type: ignore[assignment]
        return status, raw

    fed.tap = tap
    fed.carry()
    assert code_of(fed.bureaus[NO], act.id) == "absent"
    assert mail(fed, R1) == ["held"]
    fed.tap = lambda _, __, body, there: there(body)
    fed.pass_time(12 * 60_000, every=6 * 60_000)
    assert code_of(fed.bureaus[NO], act.id) == "accepted"
    fed.close()


def test_mail_of_another_bureau_is_turned_away(tmp_path: Path) -> None:
    fed = relayed(tmp_path / "federation", "ma no et", "r1")
    fed.away.add(BureauId("et"))
    act = tell(fed.bureaus[MA], "et")
    fed.carry()
    with fed.relays[R1].database.read() as tx:
        theirs = bytes(tx.all(select(schema.mail.c.delivery).where(schema.mail.c.recipient == "et"))[0].delivery)

    def tap(_: str, path: str, body: bytes, there: There) -> Answer:
        status, raw = there(body)
        return status, encode([Mail(number=77, delivery=theirs)]) if path == "mailbox" else raw

    fed.tap = tap
    fed.step(fed.bureaus[NO])
    assert held(fed.bureaus[NO], act.id) is None
    assert rows(fed.bureaus[NO], schema.leaves) == []
    fed.close()


def test_repeating_and_reordering_changes_nothing(tmp_path: Path) -> None:
    fed = relayed(tmp_path / "federation", "ma no", "r1")
    acts = [tell(fed.bureaus[MA], "no", text=f"{n}") for n in range(5)]
    seen: list[Mail] = []

    def tap(_: str, path: str, body: bytes, there: There) -> Answer:
        status, raw = there(body)
        if path == "mailbox":
            seen.extend(each for each in over(raw) if each not in seen)
            raw = encode(seen[::-1])
        return status, raw

    fed.tap = tap
    fed.carry(rounds=5)
    assert [code_of(fed.bureaus[NO], act.id) for act in acts] == ["accepted"] * 5
    assert len(received(fed.bureaus[NO], "messages.information/1")) == 5
    fed.close()


def test_a_relay_that_claims_a_later_poll_is_polled_with_a_larger_serial(tmp_path: Path) -> None:
    fed = relayed(tmp_path / "federation", "ma no", "r1")
    act = tell(fed.bureaus[MA], "no")
    fed.step(fed.bureaus[MA])
    fed.relays[R1].database.write(
        lambda tx: tx.put(schema.polls, [{"org": fed.org, "bureau": "no", "serial": fed.clock + 10**9}])
    )
    fed.step(fed.bureaus[NO])
    fed.step(fed.bureaus[NO])
    assert code_of(fed.bureaus[NO], act.id) == "accepted"
    fed.close()


def test_a_relay_that_withholds_attachments_holds_up_nothing_else(tmp_path: Path) -> None:
    fed = relayed(tmp_path / "federation", "ma no", "r1")
    enclosing, plain = enclose(fed.bureaus[MA], "no", b"a photograph"), tell(fed.bureaus[MA], "no")

    def tap(_: str, path: str, body: bytes, there: There) -> Answer:
        # An empty body asks for the attachment; one that holds something brings it.
        return (404, b"") if path.startswith("blobs") and not body else there(body)

    fed.tap = tap
    fed.carry(rounds=5)
    assert [code_of(fed.bureaus[NO], act.id) for act in (enclosing, plain)] == ["absent", "accepted"]
    fed.tap = lambda _, __, body, there: there(body)
    fed.pass_time(12 * 60_000, every=6 * 60_000)
    assert code_of(fed.bureaus[NO], enclosing.id) == "accepted"
    fed.close()


def test_nothing_is_confirmed_before_it_is_committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit that fails, whatever the reason, leaves the mail at the relay."""
    fed = relayed(tmp_path / "federation", "ma no", "r1")
    act = tell(fed.bureaus[MA], "no")
    fed.step(fed.bureaus[MA])

    def fails(*_: object) -> None:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr("comity.node.inbox.settle", fails)
        fed.step(fed.bureaus[NO])
        fed.step(fed.bureaus[NO])
    assert mail(fed, R1) == ["held"]
    fed.later(6 * 60_000)
    fed.carry()
    assert code_of(fed.bureaus[NO], act.id) == "accepted"
    fed.close()


def test_a_recipient_killed_between_commit_and_confirmation_gets_it_again_without_effect(tmp_path: Path) -> None:
    fed = relayed(tmp_path / "federation", "ma no", "r1")
    act = tell(fed.bureaus[MA], "no")
    fed.step(fed.bureaus[MA])
    fed.step(fed.bureaus[NO])
    assert (code_of(fed.bureaus[NO], act.id), mail(fed, R1)) == ("accepted", ["held"])
    fed.restart("no")
    fed.carry()
    assert mail(fed, R1)[0] == "taken"
    assert len(received(fed.bureaus[NO], "messages.information/1")) == 1
    fed.close()


def test_two_copies_of_one_act_are_both_confirmed_though_they_bring_the_same_attachment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One after the other: the second is fetched when the first has been taken in, and nobody announces it any more.
    monkeypatch.setattr("tests.relayed.FETCHES", 1)
    fed = relayed(tmp_path / "federation", "ma no", "r1")
    fed.away.add(NO)
    lost = []

    def tap(_: BureauId, path: str, body: bytes, there: There) -> Answer:
        answer = there(body)
        if path == "deliveries" and not lost:
            lost.append(answer)
            raise Unreachable("the answer is lost")
        return answer

    fed.tap = tap  # type: ignore[assignment]
    act = enclose(fed.bureaus[MA], "no", b"photograph")
    fed.pass_time(2 * HOUR, every=HOUR // 2)
    assert mail(fed, R1) == ["held", "held"]
    fed.away.clear()
    fed.carry()
    assert code_of(fed.bureaus[NO], act.id) == "accepted"
    assert mail(fed, R1)[:2] == ["taken", "taken"]
    fed.close()


def test_a_gap_makes_a_promise_of_a_relay_count_no_more(tmp_path: Path) -> None:
    """The relay lost the first act after R0; the second one shows the hole, and the first is handed over again."""
    fed = relayed(tmp_path / "federation", "ma no", "r1")
    first = tell(fed.bureaus[MA], "no")
    fed.step(fed.bureaus[MA])
    fed.relays[R1].database.write(lambda tx: tx.run(schema.mail.delete()))
    second = tell(fed.bureaus[MA], "no")
    fed.pass_time(60_000, every=10_000)
    assert [code_of(fed.bureaus[NO], act.id) for act in (first, second)] == ["accepted"] * 2
    fed.close()


def test_an_act_that_expires_leaves_with_its_end_on_the_frame(fed: Relayed) -> None:
    fed.away.add(NO)
    tell(fed.bureaus[MA], "no", label=Label(expires=Millis(fed.clock + HOUR)))
    fed.carry()
    with fed.relays[R1].database.read() as one, fed.relays[R2].database.read() as two:
        ends = [row.expires for tx in (one, two) for row in tx.all(select(schema.mail.c.expires))]
    assert ends == [fed.clock + HOUR]


def test_the_order_of_relays_follows_the_act(fed: Relayed) -> None:
    fed.away.add(NO)
    for number in range(12):
        tell(fed.bureaus[MA], "no", text=str(number))
    orders = {parcel.relays for parcel in post.collect(fed.bureaus[MA])[NO]}
    assert orders == {(R1, R2), (R2, R1)}
