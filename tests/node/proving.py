"""A federation whose registry is a real one, so that its proofs can be followed up to an anchor."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from comity.capabilities.messages.acts import Information
from comity.core.handling import Label, Purpose
from comity.core.ids import ActId, BureauId
from comity.core.registry import Suite
from comity.node import jobs, proof, witness
from comity.node.bureau import Bureau
from comity.node.trust import Trust
from tests.node.founding import START, Founded, after
from tests.simulator import Federation, reader

MA, NO, ET = BureauId("ma"), BureauId("no"), BureauId("et")
PLAIN = Label()
TEXT = "The vehicle was seen at the harbour on Tuesday."


@dataclass
class Provable:
    """Bureaus, their registry in a folder, and one node's knowledge of it."""

    founded: Founded
    federation: Federation
    trust: Trust

    def bureau(self, name: str) -> Bureau:
        """Return a bureau."""
        return self.federation.bureaus[BureauId(name)]

    def tell(self, sender: BureauId = MA, to: Iterable[BureauId] = (ET, NO), label: Label = PLAIN) -> ActId:
        """Let a bureau say something, and carry nothing yet."""
        bureau, act = self.bureau(sender), Information(title="Vehicle", text=TEXT, language="en")
        kept = bureau.say(act, tuple(to), reader=reader(bureau), purpose=Purpose.INVESTIGATE, label=label)
        return kept.id

    def say(self, sender: BureauId = MA, to: Iterable[BureauId] = (ET, NO)) -> ActId:
        """Let a bureau say something, and carry it and its receipts."""
        said = self.tell(sender, to)
        self.federation.carry()
        return said

    def witness(self, bureau: Bureau) -> None:
        """Let the newest checkpoint of a bureau be cosigned by everybody."""
        jobs.checkpoint(bureau)
        for ask in witness.requests(bureau):
            answer = witness.add_checkpoint(self.federation.bureaus[ask.witness], ask.body)
            witness.record(bureau, ask, answer.status, answer.body)

    def refresh(self) -> None:
        """Let every node see the registry as it is now."""
        self.federation.registry = self.trust.refresh(after(0.01))

    def made(self, act: ActId, by: BureauId = MA, *, with_text: bool = False) -> bytes:
        """Return a proof file."""
        return proof.make(self.bureau(by), self.trust, act, with_text=with_text)


def provable(folder: Path, *, signing: Suite = Suite.ED25519) -> Provable:
    """Return a federation of three bureaus, accredited by the real ceremonies; its quorum is two witnesses."""
    founded = Founded(folder / "registry")
    federation = Federation(folder / "nodes", org=founded.anchor.org, clock=START)
    for bureau in (MA, NO, ET):
        federation.join(bureau, sealing=Suite.X25519, signing=signing)
        founded.admit(bureau, profile=federation.registry.profile(bureau))
    made = Provable(founded, federation, founded.node(folder / "trust"))
    made.refresh()
    policy = replace(federation.registry.policy, witness_quorum=2)
    federation.registry = replace(federation.registry, policy=policy)
    return made
