"""Attacks on what an implementation believes of the registry: old, frozen, forged, and by too few custodians.

Authority: The Update Framework 1.0, section 5, and decision 0005. What TUF's own conformance suite asks of a client is
not asked again here; these are the promises that a bureau makes beside it.
"""

import shutil
from pathlib import Path

from comity.core.registry import KeyUse, Suite
from comity.faces.conformance import protocol
from comity.faces.conformance.cases import Case, holds, played, same
from comity.faces.conformance.session import Denial, Differs
from comity.faces.conformance.world import HOUR, PEER, START, TESTED, Organisation, Play, rotated
from comity.node import ceremony, proposals
from comity.node.keyfile import OfflineKey
from comity.node.metadata import LIFE


def follows(play: Play) -> None:
    """A new version is taken, and the one before it no more."""
    first = play.refresh()
    holds("the first version is taken", came=first.taken)
    old = _copy(play, "old")
    _newer(play)
    second = play.refresh()
    same("the next version", (True, True), (second.taken, second.version > first.version))
    same("the same again", second, play.refresh())
    back = play.refresh(old)
    same("after an older one was offered", (False, second.version), (back.taken, back.version))


def rolled_back(play: Play) -> None:
    """An older registry, offered after a newer one, is not believed, and an act under the newer one is taken."""
    old = _copy(play, "old")
    _newer(play)
    play.published()
    before = play.refresh(old)
    holds("the older one is left", came=not before.taken)
    act = play.tell(play.peer, text="under the new key")
    same("the ruling", ("accepted",), play.receive(*play.mail(play.peer)))
    same("what is kept", {bytes(act): "accepted"}, play.codes())


def frozen(play: Play) -> None:
    """A registry that is out of date for longer than its grace stops what is new; what comes is still taken in."""
    play.later(_grace(play) + LIFE["timestamp"] + HOUR)
    offered = play.refresh()
    holds("what has expired is left", came=not offered.taken)
    same("what it says now", "registry.stale", play.silenced(PEER))
    _, code = _heard(play)
    same("the ruling on what comes", "accepted", code)


def in_grace(play: Play) -> None:
    """A registry that has just expired does not silence a bureau."""
    play.later(LIFE["timestamp"] + HOUR)
    play.refresh()
    play.say(PEER)


def altered(play: Play) -> None:
    """A registry with something changed in a file that counts is not believed."""
    before = play.refresh()
    _newer(play)
    for name in ("timestamp.json", "*.snapshot.json"):
        place = _copy(play, name.strip("*."))
        # The newest one has the highest number in front; versions here have one digit or two.
        newest = max((place / "metadata").glob(name), key=lambda path: (len(path.name), path.name))
        text = newest.read_text()
        newest.write_text(text.replace('"version":', '"version":9'))
        offered = play.refresh(place)
        same(f"with another {name}", (False, before.version), (offered.taken, offered.version))


def too_few(play: Play) -> None:
    """A root that fewer custodians signed than the threshold is not believed."""
    before = play.refresh()
    place = play.folder / "few"
    few = play.organisation.copied(place)
    state = few.repository.read()
    timestamp, snapshot = _online(few)
    made = proposals.online_keys(state, timestamp.public, snapshot.public, play.clock.at, _silent)
    made = ceremony.sign(made, state, few.custodians[0], play.clock.at, _silent)
    text = made.root or ""
    (place / "metadata" / "2.root.json").write_text(text)
    offered = play.refresh(place)
    same("what was offered", (False, before.version), (offered.taken, offered.version))


def another_organisation(play: Play) -> None:
    """The registry of another organisation of the same name is not believed."""
    before = play.refresh()
    other = Organisation(play.folder / "namesake", play.organisation.name).found()
    offered = play.refresh(other.folder)
    same("what was offered", (False, before.version), (offered.taken, offered.version))


def false_anchor(play: Play) -> None:
    """An anchor whose root is not the one that its id names makes no bureau."""
    other = Organisation(play.folder / "namesake", play.organisation.name).found()
    text = other.anchor_text.replace(other.org, play.organisation.org)
    command = protocol.Init(home=str(play.folder / "deceived"), now=START, bureau=TESTED, anchor=text)
    try:
        play.session.ask(command, protocol.Keys)
    except Denial as problem:
        same("the anchor", "malformed", problem.code)
    else:
        raise Differs("the anchor: malformed", "it was taken")


def _silent(_: str) -> None:
    """Let ceremonies speak to nobody."""


def _copy(play: Play, name: str) -> Path:
    place = play.folder / name
    shutil.copytree(play.organisation.folder, place)
    return place


def _newer(play: Play) -> None:
    """Publish a next version, in which the peer has another signing key."""
    profile = play.organisation.repository.read().profiles[PEER]
    new = play.peer.bureau.keyring.new(KeyUse.SIGN, Suite.ED25519)
    play.organisation.submit(rotated(profile, new), play.clock.at)


def _grace(play: Play) -> int:
    return int(play.peer.bureau.registry().policy.grace)


def _heard(play: Play) -> tuple[bytes, str]:
    """Let the peer, whose registry is fresh, say something."""
    play.organisation.renew(play.clock.at)
    play.peer.refresh(play.organisation.folder)
    act = play.tell(play.peer)
    (code,) = play.receive(*play.mail(play.peer))
    return act, code


def _online(few: Organisation) -> tuple[OfflineKey, OfflineKey]:
    online = Organisation(few.folder).online
    return online.timestamp, online.snapshot


SCENES = {
    "follows": follows, "rolled-back": rolled_back, "frozen": frozen, "in-grace": in_grace, "altered": altered,
    "too-few-custodians": too_few, "another-organisation": another_organisation, "false-anchor": false_anchor,
}  # fmt: skip


def cases() -> list[Case]:
    """Return the attacks on the registry."""
    return [played(f"registry/{name}", scene) for name, scene in SCENES.items()]
