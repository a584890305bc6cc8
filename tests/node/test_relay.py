"""A relay takes what a member's frame allows and there is room for, promises after the commit, and drops nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from comity.core import carriage
from comity.core.carriage import MOST_CARRIED, Collect
from comity.core.codec import decode, encode
from comity.core.envelope import Delivery, Lane, sha256
from comity.core.errors import Malformed, Refused, Unreachable
from comity.core.ids import BureauId, Digest, Millis
from comity.core.registry import KeyUse, Standing
from comity.node import relay, schema
from comity.node.mailboxes import DAY, REMEMBERED, Limits, Size
from comity.node.relay import ASIDE, HANDED, Stale
from tests.mailing import ET, MA, NO, R1, asking, envelope, lines, poll, reframed, room, take
from tests.node.conftest import Bounded
from tests.relayed import Relayed, enclose, relayed

ZEROS = Digest(bytes(32))


@pytest.fixture
def fed(tmp_path: Path) -> Iterator[Relayed]:
    """Give three bureaus and a relay."""
    made = relayed(tmp_path / "federation", "ma no et", "r1")
    yield made
    made.close()


# ---------------------------------------------------------------------------------------------------- what it takes


def test_what_is_taken_is_promised_by_its_digest(fed: Relayed) -> None:
    raws = [envelope(fed), envelope(fed, "et")]
    answer = fed.relays[R1].take(raws)
    said = carriage.read_carried(answer.carried, fed.registry, R1)
    assert said.sealed == tuple(sha256(decode(raw, Delivery).sealed) for raw in raws)
    assert said.at == fed.clock


def test_the_same_bytes_are_held_once_and_promised_again(bounded: Bounded) -> None:
    fed = bounded(Limits())
    raw = envelope(fed)
    assert take(fed, raw, raw) == ["carried", "carried"]
    answer = fed.relays[R1].take([raw])
    assert carriage.read_carried(answer.carried, fed.registry, R1).sealed
    assert len(lines(fed)) == 1
    assert len(poll(fed)) == 1


def test_mail_survives_a_restart(fed: Relayed) -> None:
    raw = envelope(fed)
    take(fed, raw)
    fed.reopened("r1")
    assert [each.delivery for each in poll(fed)] == [raw]


STRANGE: dict[str, Callable[[Relayed], bytes]] = {
    "junk": lambda _: b"junk",
    "a flipped bit in the frame": lambda fed: envelope(fed).replace(b"exercise.", b"exerciss.", 1),
    "in the name of another": lambda fed: reframed(fed, envelope(fed), by=ET),
    "another organisation": lambda fed: reframed(fed, envelope(fed), org="other-" + "0" * 32),
    "an attachment that is not here": lambda fed: reframed(
        fed, envelope(fed), blobs=(Digest(bytes(32)),), blob_bytes=9
    ),
}


@pytest.mark.parametrize("what", STRANGE)
def test_what_no_members_frame_covers_is_malformed(fed: Relayed, what: str) -> None:
    answer = fed.relays[R1].take([STRANGE[what](fed)])
    assert [told.code for told in answer.outcomes] == ["malformed"]
    assert answer.carried == b""
    assert lines(fed) == []


def test_a_frame_beside_other_sealed_bytes_is_turned_away(fed: Relayed) -> None:
    one, other = decode(envelope(fed), Delivery), decode(envelope(fed), Delivery)
    assert take(fed, encode(replace(one, sealed=other.sealed))) == ["malformed"]
    assert lines(fed) == []


def test_mail_for_strangers_and_relays_and_from_those_who_are_out_is_refused(fed: Relayed) -> None:
    raw = envelope(fed)
    assert take(fed, reframed(fed, raw, to="xx")) == ["registry.unknown"]
    assert take(fed, reframed(fed, raw, to="r1")) == ["registry.relay"]
    fed.measure("no", Standing.EJECTED)
    assert take(fed, raw) == ["registry.ejected"]
    fed.measure("ma", Standing.EJECTED)
    assert take(fed, envelope(fed, "et")) == ["malformed"]


def test_a_revoked_key_brings_nothing(fed: Relayed) -> None:
    raw = envelope(fed)
    fed.revoke("ma", fed.registry.profile(MA).current(KeyUse.SIGN), 0)
    assert take(fed, raw) == ["malformed"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"said": -DAY - 1}, "relay.stale"),
        ({"said": 600_001}, "relay.stale"),
        ({"expires": 0}, "relay.expired"),
        ({"said": -DAY, "expires": 1}, "carried"),
    ],
)
def test_frames_have_their_time(fed: Relayed, change: dict[str, int], code: str) -> None:
    moved: dict[str, Any] = {name: Millis(fed.clock + offset) for name, offset in change.items()}
    assert take(fed, reframed(fed, envelope(fed), **moved)) == [code]


def test_one_bad_delivery_keeps_back_no_other(fed: Relayed) -> None:
    assert take(fed, envelope(fed), b"junk", envelope(fed, "et")) == ["carried", "malformed", "carried"]


def test_more_than_one_statement_can_name_is_refused_whole(fed: Relayed) -> None:
    with pytest.raises(Malformed):
        fed.relays[R1].take([b""] * (MOST_CARRIED + 1))


def test_nothing_is_promised_that_is_not_committed(fed: Relayed, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = envelope(fed)

    def full(*_: object) -> None:
        raise Unreachable("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr("comity.node.mailboxes.deposit", full)
        with pytest.raises(Unreachable):
            fed.relays[R1].take([raw])
    assert lines(fed) == []
    assert take(fed, raw) == ["carried"]


# ------------------------------------------------------------------------------------------------------------- room


def test_a_sender_that_floods_leaves_the_others_their_room(bounded: Bounded) -> None:
    fed = bounded(Limits(sender=Size(pieces=10, bytes=1 << 30)))
    assert take(fed, *(envelope(fed) for _ in range(12))) == ["carried"] * 9 + ["relay.quota"] * 3
    assert take(fed, envelope(fed, sender=ET)) == ["carried"]


def test_a_mailbox_that_is_full_is_refused_to_everybody(bounded: Bounded) -> None:
    fed = bounded(Limits(recipient=Size(pieces=10, bytes=1 << 30)))
    take(fed, *(envelope(fed) for _ in range(9)))
    assert take(fed, envelope(fed, sender=ET), envelope(fed, "et")) == ["relay.quota", "carried"]


def test_bulk_fills_sixty_percent_normal_ninety_and_urgent_all(bounded: Bounded) -> None:
    fed = bounded(Limits(total=Size(pieces=10, bytes=1 << 30)))
    for lane, taken in ((Lane.BULK, 6), (Lane.NORMAL, 3), (Lane.URGENT, 1)):
        raws = [envelope(fed, lane=lane) for _ in range(taken + 1)]
        assert take(fed, *raws) == ["carried"] * taken + ["relay.full"]
    assert len(lines(fed)) == 10


def test_bytes_count_as_pieces_do(bounded: Bounded) -> None:
    fed = bounded(Limits(sender=Size(pieces=1000, bytes=100_000)))
    assert take(fed, envelope(fed, size=80_000), envelope(fed)) == ["relay.quota", "carried"]


def test_a_refusal_says_why_and_when_to_come_again(bounded: Bounded) -> None:
    fed = bounded(Limits(sender=Size(pieces=0, bytes=0)))
    (told,) = fed.relays[R1].take([envelope(fed)]).outcomes
    assert (told.code, told.wait) == ("relay.quota", 60)
    assert "room for mail from ma" in told.reason


def test_below_the_first_mark_only_urgent_is_taken_and_below_the_second_nothing(fed: Relayed) -> None:
    limits = Limits()
    held = envelope(fed)
    take(fed, held)
    for free, outcomes in (
        (limits.disk_low, ["carried"] * 3),
        (limits.disk_low - 1, ["relay.disk", "relay.disk", "carried"]),
        (limits.disk_stop - 1, ["relay.disk"] * 3),
    ):
        fed.free = free
        assert take(fed, *(envelope(fed, lane=lane) for lane in (Lane.BULK, Lane.NORMAL, Lane.URGENT))) == outcomes
    assert fed.relays[R1].full() is not None
    # What it took before is there, and is handed out.
    assert held in [each.delivery for each in poll(fed)]


def test_room_is_free_again_once_mail_is_taken(bounded: Bounded) -> None:
    fed = bounded(Limits(sender=Size(pieces=2, bytes=1 << 30)))
    assert take(fed, envelope(fed), envelope(fed)) == ["carried", "relay.quota"]
    poll(fed, taken=tuple(each.number for each in poll(fed)))
    assert room(fed) == {}
    assert take(fed, envelope(fed)) == ["carried"]


# ---------------------------------------------------------------------------------------------------------- mailboxes


def test_a_mailbox_gives_urgent_first_and_each_lane_in_order_of_arrival(bounded: Bounded) -> None:
    fed = bounded(Limits())
    order = [Lane.BULK, Lane.NORMAL, Lane.URGENT, Lane.NORMAL, Lane.URGENT, Lane.BULK]
    raws = [envelope(fed, lane=lane) for lane in order]
    take(fed, *raws)
    assert [each.delivery for each in poll(fed)] == [raws[n] for n in (2, 4, 1, 3, 0, 5)]


def test_mail_goes_only_when_its_recipient_says_that_it_is_committed(bounded: Bounded) -> None:
    fed = bounded(Limits())
    take(fed, envelope(fed), envelope(fed, "et"))
    (mine,) = poll(fed)
    assert poll(fed) == [mine]
    # The number of a mailbox that is not its own takes nothing out.
    assert len(poll(fed, ET, taken=(mine.number,))) == 1
    assert poll(fed) == [mine]
    assert poll(fed, taken=(mine.number,)) == []
    assert [(line.state, line.delivery is None) for line in lines(fed)] == [("taken", True), ("held", False)]


def test_an_old_poll_does_nothing(fed: Relayed) -> None:
    take(fed, envelope(fed))
    old = asking(fed, taken=(1,))
    poll(fed)
    assert isinstance(fed.relays[R1].polled(old), Stale)
    assert [line.state for line in lines(fed)] == ["held"]


def test_a_poll_for_somebody_else_is_malformed(fed: Relayed) -> None:
    station = fed.relays[R1]
    forged = Collect(org=fed.org, relay=R1, bureau=NO, at=fed.clock, serial=9)
    with pytest.raises(Malformed):
        station.polled(carriage.ask(forged, fed.bureaus[MA].signer()))
    with pytest.raises(Malformed):
        station.polled(asking(fed, relay=BureauId("r2")))


def test_whoever_is_out_collects_nothing_more(fed: Relayed) -> None:
    take(fed, envelope(fed))
    fed.measure("no", Standing.EJECTED)
    with pytest.raises(Refused):
        fed.relays[R1].polled(asking(fed))


def test_what_a_bureau_cannot_keep_yet_is_set_aside_for_a_while(fed: Relayed) -> None:
    take(fed, envelope(fed), envelope(fed))
    first, second = poll(fed)
    assert poll(fed, left=(first.number,)) == [second]
    fed.later(ASIDE + 1)
    assert poll(fed) == [first, second]


def test_a_poll_is_given_no_more_than_a_bureau_commits_at_once(fed: Relayed) -> None:
    take(fed, *(envelope(fed) for _ in range(HANDED.pieces + 1)))
    assert len(poll(fed)) == HANDED.pieces


def test_a_bell_rings_after_the_commit_of_new_mail_and_for_its_mailbox_alone(fed: Relayed) -> None:
    rung: list[str] = []
    station = fed.relays[R1]
    with (
        station.bells.listening(NO, lambda: rung.append(f"no {len(lines(fed))}")),
        station.bells.listening(ET, lambda: rung.append("et")),
    ):
        take(fed, envelope(fed))
    take(fed, envelope(fed))
    assert rung == ["no 1"]


# --------------------------------------------------------------------------------------------------- expiry, replay


def test_what_expired_is_let_go_counted_and_never_handed_out(bounded: Bounded) -> None:
    fed = bounded(Limits())
    raw = reframed(fed, envelope(fed), expires=Millis(fed.clock + 1000))
    take(fed, raw, envelope(fed))
    fed.later(1000)
    assert len(poll(fed)) == 1
    station = fed.relays[R1]
    assert relay.sweep(station.database, station.blobs, fed.clock) == 1
    counted = relay.status(station.database, station.limits, 7)
    assert (counted.held, counted.lapsed, counted.free) == (1, 1, 7)
    assert take(fed, raw) == ["relay.expired"]


def test_what_was_taken_is_not_held_again_when_a_listener_shows_it_again(bounded: Bounded) -> None:
    fed = bounded(Limits())
    raw = envelope(fed)
    take(fed, raw)
    poll(fed, taken=(lines(fed)[0].number,))
    station = fed.relays[R1]
    for millis in (0, DAY // 2, DAY // 2 + 600_001, REMEMBERED):
        fed.later(millis)
        relay.sweep(station.database, station.blobs, fed.clock)
        assert take(fed, raw)[0] in {"carried", "relay.stale"}
        assert poll(fed) == []
    assert lines(fed) == []


def test_held_mail_is_never_swept(bounded: Bounded) -> None:
    fed = bounded(Limits())
    take(fed, envelope(fed))
    enclose(fed.bureaus[MA], "no", b"a photograph")
    fed.step(fed.bureaus[MA])
    fed.later(400 * DAY)
    station = fed.relays[R1]
    assert relay.sweep(station.database, station.blobs, fed.clock) == 0
    assert [line.state for line in lines(fed)] == ["held", "held"]
    with station.database.read() as tx:
        (blob,) = [Digest(bytes(row.blob)) for row in tx.all(select(schema.expected.c.blob))]
    assert station.blobs.complete(blob)


# ------------------------------------------------------------------------------------------------------------ counts


def test_status_counts_by_mailbox_and_lane(bounded: Bounded) -> None:
    fed = bounded(Limits())
    take(fed, envelope(fed), envelope(fed, lane=Lane.URGENT), envelope(fed, "et"))
    station = fed.relays[R1]
    counted = relay.status(station.database, station.limits, 0)
    assert {box.bureau: box.pieces for box in counted.boxes} == {"et": {"normal": 1}, "no": {"urgent": 1, "normal": 1}}
    assert (counted.held, counted.filled.pieces) == (3, 3)
    assert counted.filled.bytes == sum(box.bytes for box in counted.boxes)
