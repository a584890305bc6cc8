"""Files for outsiders, in both directions: ours checks theirs and theirs checks ours; and files that lie.

Authority: docs/spec/proof.md and docs/spec/evidence.md; decisions 0031 and 0040.
"""

import json
from typing import Any

from comity.core.handling import Purpose
from comity.core.ids import ActId
from comity.faces.conformance import protocol
from comity.faces.conformance.cases import Case, holds, played, same
from comity.faces.conformance.player import Player
from comity.faces.conformance.protocol import Verdict, Verify
from comity.faces.conformance.session import Denial, Differs, Session
from comity.faces.conformance.world import PEER, THIRD, Organisation, Play, information
from comity.node import jobs, proof, witness


def proves(play: Play) -> None:
    """Its proof file about an act that it said shows the act and the receipts, to us."""
    act = play.say(PEER, THIRD)
    play.carry()
    findings = proof.verify(play.prove(act).encode(), play.organisation.anchor)
    told = [each.statement for each in findings.findings if each.proven]
    same("the act", act.hex(), findings.act)
    for name in (PEER, THIRD):
        holds(f"{name} accepted it", came=any(text.startswith(f"{name} accepted it") for text in told))


def proves_what_it_heard(play: Play) -> None:
    """Its proof file about an act that it received holds, to us."""
    act = play.tell(play.peer)
    play.carry()
    findings = proof.verify(play.prove(act).encode(), play.organisation.anchor)
    same("the act", act.hex(), findings.act)


def verifies(play: Play) -> None:
    """Our proof file about an act of ours is read as what it says."""
    act = _said(play.peer, play.third)
    text = play.peer.prove(act).decode()
    answers = (protocol.Answer(by=THIRD, rung=2, code="accepted"),)
    expected = Verdict(what="proof", bureau=PEER, act=act, log=PEER, answers=answers)
    same("the verdict", expected, _verdict(play.session, text, play.organisation.anchor_text))
    same("the verdict without an anchor", expected, _verdict(play.session, text))


def verifies_the_other_side(play: Play) -> None:
    """A proof file of the recipient, about the same act, is read too: its log, and no receipt."""
    act = _said(play.peer, play.third)
    expected = Verdict(what="proof", bureau=PEER, act=act, log=THIRD)
    same("the verdict", expected, _verdict(play.session, play.third.prove(act).decode()))


def verifies_witnesses(play: Play) -> None:
    """In our proof file the cosignature of a witness is checked and told."""
    act = _said(play.peer, play.third)
    _witnessed(play.peer, play.third)
    verdict = _verdict(play.session, play.peer.prove(act).decode(), play.organisation.anchor_text)
    same("the witnesses", (THIRD,), verdict.witnesses)


def verifies_older_hardware(play: Play) -> None:
    """A proof file of a bureau that signs with ES256 holds."""
    act = _said(play.third, play.peer)
    verdict = _verdict(play.session, play.third.prove(act).decode(), play.organisation.anchor_text)
    same("who said it", (THIRD, act), (verdict.bureau, verdict.act))
    same("the answers", (protocol.Answer(by=PEER, rung=2, code="accepted"),), verdict.answers)


def lies(play: Play) -> None:
    """A proof file in which any value was changed is malformed."""
    act = _said(play.peer, play.third)
    _witnessed(play.peer, play.third)
    file = json.loads(play.peer.prove(act))
    for place, lie in _lies(file):
        _malformed(play.session, lie, play.organisation.anchor_text, place)


def another_spelling(play: Play) -> None:
    """A proof file with a field more, a field twice or in another order is malformed; white space is free."""
    act = _said(play.peer, play.third)
    text = play.peer.prove(act).decode()
    file = json.loads(text)
    same("with other white space", act, _verdict(play.session, _text(file, indent=7)).act)
    turned = _text(dict(reversed(file.items())))
    more = _text({**file, "colour": "red"})
    twice = text.replace('"by":', '"by": "third", "by":', 1)
    escaped = text.replace('"by"', '"b\\u0079"', 1)
    lies = {"another order": turned, "a field more": more, "a field twice": twice, "an escape": escaped, "no JSON": "{"}
    for place, lie in lies.items():
        _malformed(play.session, lie, None, place)


def another_anchor(play: Play) -> None:
    """A proof file of another organisation than the anchor's is malformed."""
    act = _said(play.peer, play.third)
    other = Organisation(play.folder / "namesake", play.organisation.name).found()
    _malformed(play.session, play.peer.prove(act).decode(), other.anchor_text, "the anchor of a namesake")


def swapped(play: Play) -> None:
    """A proof file with the signed head, or with the receipt, of another act is malformed."""
    one, other = (_said(play.peer, play.third) for _ in range(2))
    file, second = (json.loads(play.peer.prove(act)) for act in (one, other))
    for part in ("act", "logged", "receipts"):
        _malformed(play.session, _text({**file, part: second[part]}), None, f"{part} of another act")


def forged_registry(play: Play) -> None:
    """A proof file whose profile nobody signed is malformed."""
    file = json.loads(play.peer.prove(_said(play.peer, play.third)))
    shown = file["registry"]["memberships"][0]["profiles"][0]
    profile = json.loads(shown["profile"])
    profile["keys"][0]["public"] = "A" * 43 + "="
    shown["profile"] = _text(profile, separators=(",", ":"))
    _malformed(play.session, _text(file), play.organisation.anchor_text, "another key in a profile")


def _said(by: Player, to: Player) -> ActId:
    """Let one of our bureaus say something to another, and get the receipt."""
    act = by.say(information(), (to.me,), Purpose.INVESTIGATE)
    for sender, recipient in ((by, to), (to, by)):
        for name, raw in sender.send():
            if name == recipient.me:
                recipient.receive((raw,))
    return act


def _witnessed(log: Player, by: Player) -> None:
    """Let a bureau cosign the newest checkpoint of another's log."""
    jobs.checkpoint(log.bureau)
    for ask in witness.requests(log.bureau):
        if ask.witness == by.me:
            answer = witness.add_checkpoint(by.bureau, ask.body)
            witness.record(log.bureau, ask, answer.status, answer.body)


def _verdict(session: Session, text: str, anchor: str | None = None) -> Verdict:
    try:
        return session.ask(Verify(file=text, anchor=anchor), Verdict)
    except Denial as problem:
        raise Differs("a file that holds", str(problem)) from None


def _malformed(session: Session, text: str, anchor: str | None, what: str) -> None:
    try:
        session.ask(Verify(file=text, anchor=anchor), Verdict)
    except Denial as problem:
        same(what, "malformed", problem.code)
    else:
        raise Differs(f"{what}: malformed", "it was believed")


def _text(file: object, **how: Any) -> str:  # noqa: ANN401 - options of the library
    """Return JSON with no escape that is not needed, or the spelling alone would give every lie away."""
    return json.dumps(file, ensure_ascii=False, **how)


def _lies(file: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the file with each of its values changed in turn: one digit in the middle of it, or one more."""
    found = []
    for path, value in _leaves(file):
        changed = value + 1 if isinstance(value, int) else _turned(value)
        found.append((".".join(map(str, path)), _text(_with(file, path, changed))))
    return found


def _leaves(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    match value:
        case dict():
            return [leaf for key, each in value.items() for leaf in _leaves(each, (*path, key))]
        case list():
            return [leaf for place, each in enumerate(value) for leaf in _leaves(each, (*path, place))]
        case _:
            return [(path, value)]


def _turned(text: str) -> str:
    """Return the text with the letter or digit in its middle replaced by another."""
    at = len(text) // 2
    while not text[at].isalnum():
        at += 1
    return text[:at] + ("b" if text[at] != "b" else "c") + text[at + 1 :]


def _with(value: Any, path: tuple[str | int, ...], leaf: object) -> Any:  # noqa: ANN401 - whatever JSON holds
    if not path:
        return leaf
    made: Any = dict(value) if isinstance(value, dict) else list(value)
    made[path[0]] = _with(value[path[0]], path[1:], leaf)
    return made


SCENES = {
    "proves": proves, "proves-what-it-heard": proves_what_it_heard, "verifies": verifies,
    "verifies-the-other-side": verifies_the_other_side, "verifies-witnesses": verifies_witnesses,
    "verifies-older-hardware": verifies_older_hardware, "lies": lies, "another-spelling": another_spelling,
    "another-anchor": another_anchor, "swapped": swapped, "forged-registry": forged_registry,
}  # fmt: skip


def cases() -> list[Case]:
    """Return the cases about files for outsiders."""
    return [
        played(f"proofs/{name}", scene, "init" if scene in {proves, proves_what_it_heard} else "verify")
        for name, scene in SCENES.items()
    ]
