"""An organisation with a commission and a secretariat, whose registry is a real one; and reports that no desk makes."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from comity.capabilities.abuse import desk
from comity.capabilities.abuse.acts import Ground, Report
from comity.capabilities.abuse.desk import Account, Filed
from comity.core.act import Relation
from comity.core.capability import OfficerRole
from comity.core.handling import Label, Onward
from comity.core.ids import ActId, BureauId
from comity.core.registry import Role, Suite
from comity.node import proof
from comity.node.bureau import Bureau
from comity.node.store import Kept
from tests.capabilities.desks import lawless, say
from tests.node.proving import ET, MA, NO, Provable, provable
from tests.simulator import reader

CONTROL, SECRETARIAT = BureauId("control"), BureauId("secretariat")
PARTIES = {CONTROL: Role.COMMISSION, SECRETARIAT: Role.SECRETARIAT}
WHY = "They ask for the members of a party."
CLOSED = Label(onward=Onward.NONE)


@contextmanager
def organised(folder: Path) -> Iterator[Provable]:
    """Give three bureaus, a secretariat and a commission."""
    made = provable(folder)
    for name, role in PARTIES.items():
        made.federation.join(name, role=role, sealing=Suite.X25519)
        made.founded.admit(name, role=role, profile=made.federation.registry.profile(name))
    made.refresh()
    made.federation.bureaus = {name: trusting(made, each) for name, each in made.federation.bureaus.items()}
    yield made
    made.federation.close()


def trusting(world: Provable, bureau: Bureau) -> Bureau:
    """Return a bureau that makes and checks proof files, as `node/home.py` opens one."""
    verify = partial(proof.verify, anchor=world.founded.anchor)
    return dataclasses.replace(bureau, trust=world.trust, verify=verify)


def at(world: Provable, name: BureauId, role: OfficerRole = OfficerRole.SUPERVISOR) -> tuple[Bureau, Any]:
    """Return a bureau with somebody at its desk."""
    bureau = world.bureau(name)
    return bureau, reader(bureau, role=role)


def reported(world: Provable, act: ActId, by: BureauId = NO, **how: Any) -> Filed:  # noqa: ANN401 - as the desk takes it
    """Let a supervisor report an act, and carry the report."""
    given = {"ground": Ground.NEUTRALITY, "text": WHY} | how
    filed = desk.report(*at(world, by), act=act.hex(), **given)
    world.federation.carry()
    return filed


def shown(world: Provable, report: ActId, at_: BureauId = CONTROL) -> Account:
    """Return a report as it is shown at a bureau."""
    return desk.show(*at(world, at_), report=report.hex())


def claim(
    world: Provable, about: tuple[ActId, ...], *files: bytes, by: BureauId = NO, to: tuple[BureauId, ...] = (CONTROL,),
    label: Label = CLOSED,
) -> Kept:  # fmt: skip
    """Let a node that rules on nothing say a report, and carry it."""
    act = Report(ground=Ground.CONDUCT, text=WHY, proofs=files)
    refs = tuple(Relation(rel="about", act=each) for each in about)
    kept = say(lawless(world.federation, by), act, to, refs=refs, label=label)
    world.federation.carry()
    return kept


__all__ = ["CONTROL", "ET", "MA", "NO", "SECRETARIAT", "WHY", "at", "claim", "organised", "reported", "shown"]
