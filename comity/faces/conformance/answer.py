"""This software as an implementation under test: a line of JSON in, a line out, until the input ends (decision 0044).

It holds no case and knows of none: what is asked is done with the node's own code, at the time that the line says.
"""

from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from comity.core.act import Act
from comity.core.codec import NO_JSON
from comity.core.errors import ComityError, Malformed, Misused, Refused
from comity.core.handling import Purpose
from comity.core.ids import ActId, OrgId
from comity.core.registry import KeyUse, Suite
from comity.faces.conformance import player, protocol, reading
from comity.faces.conformance.player import Clock, Player
from comity.faces.conformance.protocol import (
    ANSWER_TO,
    FORM,
    Asked,
    Decode,
    Denied,
    Greeting,
    Hello,
    Init,
    Keys,
    Leaving,
    Node,
    Prove,
    Proven,
    Receive,
    Received,
    Refresh,
    Refreshed,
    Said,
    Say,
    Send,
    Sent,
    State,
    Status,
    Told,
    Verify,
)
from comity.node import home
from comity.node.home import Home

SUITES = (
    (KeyUse.SIGN, Suite.ED25519), (KeyUse.SEAL, Suite.HYBRID), (KeyUse.SEAL, Suite.X25519), (KeyUse.LOG, Suite.ED25519),
    (KeyUse.WITNESS, Suite.ED25519),
)  # fmt: skip
"""What a new bureau of ours has; the first key of a use is the one that counts."""

_KINDS: dict[str, type[Act]] = {kind: reading.KINDS.struct(kind) for kind in reading.KINDS}


def serve(lines: BinaryIO, out: BinaryIO) -> None:
    """Answer each line until there are no more."""
    answering = Answering()
    try:
        for line in lines:
            out.write(msgspec.json.encode(answering.answer(line)) + b"\n")
            out.flush()
    finally:
        answering.close()


class Answering:
    """One session: the folder that was named last stays open until another is named, or the input ends."""

    def __init__(self) -> None:
        """Begin with nothing open."""
        self.homes: dict[str, Home] = {}
        self.players: dict[tuple[str, OrgId], Player] = {}

    def answer(self, line: bytes) -> Told | Denied:
        """Return the answer to one line; nothing that is asked ends the session."""
        try:
            asked: Asked = msgspec.json.decode(line, type=Asked)
        except NO_JSON as problem:
            return Denied(error=f"no command of {FORM}: {problem}")
        try:
            return self._done(asked)
        except Refused as problem:
            return Denied(refused=problem.refusal.code)
        except Malformed as problem:
            return Denied(malformed=str(problem))
        except protocol.Unsupported as problem:
            return Denied(unsupported=str(problem))
        except (ComityError, OSError, ValueError) as problem:
            return Denied(error=str(problem))

    def close(self) -> None:
        """Close every folder."""
        for each in self.homes.values():
            each.close()
        self.homes.clear()
        self.players.clear()

    def _done(self, asked: Asked) -> Told:
        match asked:
            case Hello():
                return Greeting(protocol=FORM, name=f"comity {_version()}", does=_DOES)
            case Decode():
                return reading.decoded(asked)
            case Verify():
                return reading.verified(asked)
            case Init():
                return self._init(asked)
            case _:
                return _STEPS[type(asked)](self._player(asked), asked)

    def _init(self, asked: Init) -> Keys:
        folder, anchor = Path(asked.home), reading.anchor_in(asked.anchor.encode())
        if not (folder / "node.json").exists():
            home.create(folder, player.PASSPHRASE, work=player.WORK)
        opened = self.homes.pop(asked.home, None) or home.open_home(folder, player.PASSPHRASE)
        try:
            opened.join(anchor, asked.bureau)
            listed = {key.public for key in opened.keyring.public()}
            for use, suite in SUITES:
                opened.keyring.new(use, suite)
            order = [(use, suite) for use, suite in SUITES]
            keys = [key for key in opened.keyring.public() if key.public not in listed]
        finally:
            # The suite copies the folder now.
            self.players = {place: each for place, each in self.players.items() if place[0] != asked.home}
            opened.close()
        return Keys(keys=tuple(sorted(keys, key=lambda key: order.index((key.use, key.suite)))))

    def _player(self, asked: Node) -> Player:
        place = (asked.home, asked.org)
        if place not in self.players:
            if asked.home not in self.homes:
                # One at a time: a suite of a thousand cases would leave as many databases open.
                self.close()
                self.homes[asked.home] = home.open_home(Path(asked.home), player.PASSPHRASE)
            self.players[place] = Player(self.homes[asked.home], asked.org, Clock(asked.now))
        return self.players[place].at(asked.now)


def _refresh(played: Player, asked: Refresh) -> Refreshed:
    version_, taken = played.refresh(Path(asked.registry))
    return Refreshed(version=version_, taken=taken)


def _say(played: Player, asked: Say) -> Said:
    struct = _KINDS.get(str(asked.act.get("kind")))
    if struct is None:
        raise protocol.Unsupported(f"the kind {asked.act.get('kind')}")
    try:
        act = msgspec.convert(asked.act, struct)
        purpose = Purpose(asked.purpose)
    except ValueError as problem:
        raise Misused(f"this act cannot be said: {problem}") from None
    return Said(act=played.say(act, asked.to, purpose))


def _send(played: Player, _: Send) -> Sent:
    return Sent(deliveries=tuple(Leaving(to=to, raw=raw) for to, raw in played.send()))


def _receive(played: Player, asked: Receive) -> Received:
    return Received(outcomes=played.receive(asked.deliveries))


def _status(played: Player, _: Status) -> State:
    size, root = played.log()
    return State(
        size=size, root=root,
        acts=tuple(protocol.Held(act=act, code=code) for act, code in played.acts()),
        receipts=tuple(protocol.Rung(act=a, by=by, rung=rung, code=code) for a, by, rung, code in played.receipts()),
        evidence=tuple(protocol.Accused(against=against, what=what) for against, what in played.evidence()),
    )  # fmt: skip


def _prove(played: Player, asked: Prove) -> Proven:
    return Proven(file=played.prove(ActId(asked.act)).decode())


_STEPS: dict[type[Node], Callable[[Player, Any], Told]] = {
    Refresh: _refresh, Say: _say, Send: _send, Receive: _receive, Status: _status, Prove: _prove,
}  # fmt: skip
_DOES = tuple(str(each.__struct_config__.tag) for each in ANSWER_TO)


def _version() -> str:
    try:
        return version("comity")
    except PackageNotFoundError:
        return "not installed"
