"""Scenarios of the exchange, in both directions: ours is the peer, whole and unchanged, in this process.

Authority: docs/spec/wire.md, whose rules the promises repeat; decisions 0004, 0009, 0018, 0021 and 0023.
"""

from comity.core.act import kind_of
from comity.core.codec import decode
from comity.core.envelope import Signed
from comity.core.exchange import SKEW
from comity.core.handling import Label
from comity.core.ids import Millis
from comity.core.receipt import Gap, Receipts
from comity.core.registry import KeyUse, Standing, Suite
from comity.faces.conformance import lawless, protocol
from comity.faces.conformance.cases import Case, holds, played, same
from comity.faces.conformance.session import Differs
from comity.faces.conformance.world import (
    DAY,
    MINUTE,
    PEER,
    SECOND,
    TESTED,
    THIRD,
    Organisation,
    Play,
    profile_of,
    rotated,
)

GAP_PATIENCE = 10 * SECOND
"""After so long a hole in a channel must have been asked for; ours asks after 5 s."""

A_LOST_ONE = 5 * MINUTE
"""After so long an act without a receipt must have left once more; ours waits one minute."""


def says(play: Play) -> None:
    """What it says is accepted by a peer."""
    act = play.say(PEER)
    (raw,) = play.sent_to(PEER)
    same("the peer's ruling", ("accepted",), play.peer.receive((raw,)))
    same("what the peer holds", [(act, "accepted")], play.peer.acts())


def says_to_older_hardware(play: Play) -> None:
    """What it says is accepted by a bureau with X25519 and ES256 alone."""
    act = play.say(THIRD)
    (raw,) = play.sent_to(THIRD)
    same("the bureau's ruling", ("accepted",), play.third.receive((raw,)))
    same("what the bureau holds", [(act, "accepted")], play.third.acts())


def hears(play: Play) -> None:
    """What a peer says is accepted, kept, and answered with a receipt that the peer believes."""
    act = play.tell(play.peer)
    same("the ruling", ("accepted",), play.receive(*play.mail(play.peer)))
    same("what is kept", {bytes(act): "accepted"}, play.codes())
    play.carry()
    same("the peer's receipts", [(act, TESTED, 2, "accepted")], play.peer.receipts())


def hears_older_hardware(play: Play) -> None:
    """What a bureau signs with ES256 is accepted."""
    act = play.tell(play.third)
    same("the ruling", ("accepted",), play.receive(*play.mail(play.third)))
    same("what is kept", {bytes(act): "accepted"}, play.codes())


def is_receipted(play: Play) -> None:
    """A peer's receipt is taken in and told of: rung 2, accepted."""
    act = play.say(PEER)
    play.carry()
    same("the receipts", {(PEER, 2, "accepted")}, play.rungs(act))


def counts(play: Play) -> None:
    """Its acts to one set of recipients count from 1 without a hole; each set has a channel of its own."""
    for number in range(3):
        play.say(PEER, text=f"number {number}")
    play.say(PEER, THIRD)
    for raw in play.sent_to(PEER):
        play.peer.receive((raw,))
    found = [each for each in play.peer.view().acts().items if each.sender == TESTED]
    same("the acts that arrived", 4, len(found))
    kept = [play.peer.view().kept(each.id) for each in found]
    heads = [each.head for each in kept if each is not None]
    same("numbers to the peer alone", {1, 2, 3}, {head.seq for head in heads if head.to == (PEER,)})
    same("numbers to both", {1}, {head.seq for head in heads if head.to == (PEER, THIRD)})


def two_recipients(play: Play) -> None:
    """What it says to two is accepted by both, and each is sent an envelope of its own."""
    act = play.say(PEER, THIRD)
    found = {each.to: each.raw for each in play.send()}
    same("recipients", {PEER, THIRD}, set(found))
    for name, bureau in ((PEER, play.peer), (THIRD, play.third)):
        same(f"the ruling of {name}", ("accepted",), bureau.receive((found[name],)))
    swapped = play.peer.receive((found[THIRD],))
    same("the other one's mail", ("malformed",), swapped)
    same("the act", {act}, {each for bureau in play.players.values() for each, _ in bureau.acts()})


def to_two(play: Play) -> None:
    """What a peer says to two is accepted, with the channel of both."""
    act = play.tell(play.peer, TESTED, THIRD)
    same("the ruling", ("accepted",), play.receive(*play.mail(play.peer)))
    same("what is kept", {bytes(act): "accepted"}, play.codes())


def duplicate(play: Play) -> None:
    """The same delivery twice has its effect once; the second time is answered with the same receipt."""
    act = play.tell(play.peer)
    (raw,) = play.mail(play.peer)
    same("the rulings", ("accepted", "again"), play.receive(raw, raw))
    before = play.status()
    same("the ruling", ("again",), play.receive(raw))
    same("the state", before, play.status())
    play.carry()
    same("the peer's receipts", [(act, TESTED, 2, "accepted")], play.peer.receipts())


def sealed_anew(play: Play) -> None:
    """The same act in a new envelope is a repetition too."""
    play.tell(play.peer)
    (raw,) = play.mail(play.peer)
    anew = lawless.sealed(play.peer, _said_last(play))
    same("the rulings", ("accepted", "again"), play.receive(raw, anew))


def out_of_order(play: Play) -> None:
    """Acts that overtake each other are all accepted, and none is asked for once it is there."""
    acts = [play.tell(play.peer, text=f"number {number}") for number in range(4)]
    one, two, three, four = play.mail(play.peer)
    same("the rulings", ("accepted",) * 4, play.receive(four, two, one, three))
    same("what is kept", {bytes(act): "accepted" for act in acts}, play.codes())
    play.later(GAP_PATIENCE)
    asked = [raw for raw in play.sent_to(PEER) if lawless.kind_in(play.peer, raw) == kind_of(Gap)]
    same("what is asked for", [], asked)


def gap(play: Play) -> None:
    """A hole in a channel is asked for, and what comes then is accepted."""
    acts = [play.tell(play.peer, text=f"number {number}") for number in range(3)]
    one, _, three = play.mail(play.peer)
    same("the rulings", ("accepted", "accepted"), play.receive(one, three))
    play.later(GAP_PATIENCE)
    play.carry()
    same("what is kept", {bytes(act): "accepted" for act in acts}, play.codes())


def is_asked(play: Play) -> None:
    """What a peer asks for again is sent again."""
    acts = [play.say(PEER, text=f"number {number}") for number in range(3)]
    one, _, three = play.sent_to(PEER)
    same("the peer's rulings", ("accepted", "accepted"), play.peer.receive((one, three)))
    play.later(GAP_PATIENCE)
    play.carry()
    same("what the peer holds", {*acts}, {act for act, _ in play.peer.acts()})


def sends_again(play: Play) -> None:
    """What has no receipt leaves again."""
    act = play.say(PEER)
    lost = play.sent_to(PEER)
    same("deliveries", 1, len(lost))
    play.later(A_LOST_ONE)
    play.carry()
    same("what the peer holds", [(act, "accepted")], play.peer.acts())


def unknown_kind(play: Play) -> None:
    """An act of a kind that it does not know is kept, and answered with a refusal that says so."""
    act, content = lawless.signed(play.peer, lawless.Example(text="good evening"))
    same("the ruling", ("exchange.unknown-kind",), play.receive(lawless.sealed(play.peer, content)))
    same("what is kept", {bytes(act): "exchange.unknown-kind"}, play.codes())
    receipts = [each for raw in play.sent_to(PEER) for each in _receipts_in(play, raw)]
    same("the receipt", [(bytes(act), 2, "exchange.unknown-kind")], receipts)


def restarted(play: Play) -> None:
    """What was answered is on the disk: after a kill it holds the act, still owes the receipt, and counts on."""
    first, act = play.say(PEER), play.tell(play.peer)
    same("the ruling", ("accepted",), play.receive(*play.mail(play.peer)))
    before = play.status()
    play.session.kill()
    same("the state", before, play.status())
    second = play.say(PEER)
    play.carry()
    same("the peer's receipts", [(act, TESTED, 2, "accepted")], play.peer.receipts())
    same("what the peer holds", {first, second}, {each for each, code in play.peer.acts() if code == "accepted"})


def late(play: Play) -> None:
    """Age alone is no reason to refuse: an act of last year is accepted."""
    act = play.tell(play.peer)
    old = play.mail(play.peer)
    play.later(2 * DAY)
    same("the ruling", ("accepted",), play.receive(*old))
    same("what is kept", {bytes(act): "accepted"}, play.codes())


def ahead(play: Play) -> None:
    """An act from the future is parked, acknowledged with rung 1, and ruled on when it may be true."""
    act, content = lawless.signed(play.peer, said=Millis(play.clock.at + SKEW + 5 * MINUTE))
    raw = lawless.sealed(play.peer, content)
    same("the ruling", ("parked",), play.receive(raw))
    same("what is kept", {bytes(act): "parked"}, play.codes())
    receipts = [each for one in play.sent_to(PEER) for each in _receipts_in(play, one)]
    same("the receipt", [(bytes(act), 1, "accepted")], receipts)
    play.later(6 * MINUTE)
    later = [each for one in play.sent_to(PEER) for each in _receipts_in(play, one)]
    same("the receipt when its time has come", [(bytes(act), 2, "accepted")], later)
    same("what is kept", {bytes(act): "accepted"}, play.codes())


def little_ahead(play: Play) -> None:
    """Clocks differ: an act nine minutes ahead is accepted."""
    _, content = lawless.signed(play.peer, said=Millis(play.clock.at + SKEW - MINUTE))
    same("the ruling", ("accepted",), play.receive(lawless.sealed(play.peer, content)))


def expired(play: Play) -> None:
    """An act whose label has expired is refused, and its text not kept."""
    label = Label(expires=Millis(play.clock.at + MINUTE))
    act = play.tell(play.peer, label=label)
    mail = play.mail(play.peer)
    play.later(2 * MINUTE)
    same("the ruling", ("handling.expired",), play.receive(*mail))
    same("what is kept", {bytes(act): "handling.expired"}, play.codes())
    same("the next one's ruling", "accepted", play.receive(*_next(play))[-1])


def suspended(play: Play) -> None:
    """What a suspended bureau says is refused."""
    act = play.tell(play.peer)
    mail = play.mail(play.peer)
    play.organisation.measure(PEER, Standing.SUSPENDED, Millis(play.clock.at + 30 * DAY), play.clock.at)
    play.published()
    same("the ruling", ("registry.suspended",), play.receive(*mail))
    same("what is kept", {bytes(act): "registry.suspended"}, play.codes())
    same("what it says to that bureau", "registry.suspended", play.silenced(PEER))


def rotated_key(play: Play) -> None:
    """What was signed with a key that is retired since is accepted; so is what the new key signs."""
    old = play.tell(play.peer)
    mail = play.mail(play.peer)
    profile = play.organisation.repository.read().profiles[PEER]
    new = play.peer.bureau.keyring.new(KeyUse.SIGN, Suite.ED25519)
    play.organisation.submit(rotated(profile, new), play.clock.at)
    play.published()
    act = play.tell(play.peer, text="under the new key")
    same("the rulings", ("accepted", "accepted"), play.receive(*mail, *play.mail(play.peer)))
    same("what is kept", {bytes(old): "accepted", bytes(act): "accepted"}, play.codes())


def two_organisations(play: Play) -> None:
    """One folder may be a bureau in two organisations; an act of one does not count in the other."""
    act = play.tell(play.peer)
    (raw,) = play.mail(play.peer)
    other = Organisation(play.folder / "other", "elsewhere").found()
    _join_both(play, other)
    elsewhere = {**play.node, "org": other.org}
    refreshed = play.session.ask(protocol.Refresh(**elsewhere, registry=str(other.folder)), protocol.Refreshed)
    holds("the other registry is taken", came=refreshed.taken)
    answer = play.session.ask(protocol.Receive(**elsewhere, deliveries=(raw,)), protocol.Received)
    same("the ruling in the other organisation", ("malformed",), answer.outcomes)
    same("what is kept there", (), play.session.ask(protocol.Status(**elsewhere), protocol.State).acts)
    same("the ruling in its own", ("accepted",), play.receive(raw))
    same("what is kept", {bytes(act): "accepted"}, play.codes())


def _join_both(play: Play, other: Organisation) -> None:
    command = protocol.Init(home=play.home, now=play.clock.at, bureau=TESTED, anchor=other.anchor_text)
    keys = play.session.ask(command, protocol.Keys).keys
    mine = {key.public for key in play.peer.bureau.registry().profile(TESTED).keys}
    if any(key.public in mine for key in keys):
        raise Differs("keys of its own for each membership", "a key that the first one has")
    other.admit(profile_of(TESTED, keys))


def _next(play: Play) -> list[bytes]:
    play.tell(play.peer, text="the next one")
    return play.mail(play.peer)


def _said_last(play: Play) -> Signed:
    """Return the act that a peer said last, as it signed it."""
    (found,) = play.peer.view().acts().items[:1]
    return play.peer.view().signed(found.id)


def _receipts_in(play: Play, raw: bytes) -> list[tuple[bytes, int, str]]:
    """Return the receipts that a delivery to the peer holds."""
    if lawless.kind_in(play.peer, raw) != kind_of(Receipts):
        return []
    act = decode(lawless.opened(play.peer, raw).body, Receipts)
    return [(bytes(each.act), int(each.rung), each.code) for each in act.receipts]


SCENES = {
    "says": says, "says-to-older-hardware": says_to_older_hardware, "hears": hears,
    "hears-older-hardware": hears_older_hardware, "is-receipted": is_receipted, "counts": counts,
    "two-recipients": two_recipients, "to-two": to_two, "duplicate": duplicate, "sealed-anew": sealed_anew,
    "out-of-order": out_of_order, "gap": gap, "is-asked": is_asked, "sends-again": sends_again,
    "unknown-kind": unknown_kind, "restarted": restarted, "late": late, "ahead": ahead, "little-ahead": little_ahead,
    "expired": expired, "suspended": suspended, "rotated-key": rotated_key, "two-organisations": two_organisations,
}  # fmt: skip


def cases() -> list[Case]:
    """Return the scenarios."""
    return [played(f"exchange/{name}", scene) for name, scene in SCENES.items()]
