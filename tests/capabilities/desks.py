"""Somebody at the desk of messages, in short; and a node that skips its own rules, to see what its peers do."""

import dataclasses
from pathlib import Path
from typing import Any

import msgspec

from comity.capabilities.messages import desk
from comity.capabilities.messages.acts import Information, Reply
from comity.capabilities.messages.desk import Sent
from comity.core.act import Relation, Said
from comity.core.handling import Label, Purpose
from comity.core.ids import ActId, BureauId, Millis
from comity.core.registry import Standing
from comity.node import schema
from comity.node.bureau import Bureau
from comity.node.database import Transaction
from comity.node.store import Kept
from tests.simulator import DAY, START, Federation, reader, rows

MA, NO, ET, BR = BureauId("ma"), BureauId("no"), BureauId("et"), BureauId("br")
SECRET = "the house at the end of the road"
PLAIN = Label()


def at(fed: Federation, name: BureauId, unit: str = "duty") -> tuple[Bureau, Any]:
    """Return a bureau with somebody at its desk: the first two arguments of every desk function."""
    bureau = fed.bureaus[name]
    return bureau, reader(bureau, unit=unit)


def send(fed: Federation, sender: BureauId = MA, to: tuple[str, ...] = (NO,), **how: Any) -> Sent:  # noqa: ANN401
    """Send information."""
    return desk.send(*at(fed, sender), **{"to": to, "title": "a van", "text": SECRET} | how)


def ask(fed: Federation, sender: BureauId = MA, to: tuple[str, ...] = (NO,), **how: Any) -> Sent:  # noqa: ANN401
    """Send a request, and let it arrive."""
    asked = desk.request(*at(fed, sender), **{"to": to, "title": "a plate", "text": "whose is it?"} | how)
    fed.carry()
    return asked


def arrived(fed: Federation, sender: BureauId = MA, to: tuple[str, ...] = (NO,), **how: Any) -> Sent:  # noqa: ANN401
    """Send information, and let it arrive."""
    said = send(fed, sender, to, **how)
    fed.carry()
    return said


def reply(fed: Federation, asked: Sent, sender: BureauId = NO, **how: Any) -> Sent:  # noqa: ANN401
    """Answer a request."""
    return desk.reply(*at(fed, sender), act=asked.id.hex(), **{"text": "nobody's"} | how)


def files(folder: Path) -> list[str]:
    """Return the names of all files under a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def trace(fed: Federation, name: BureauId) -> dict[str, object]:
    """Return all that a bureau holds: every row of every table, every body key, every attachment."""
    bureau, home = fed.bureaus[name], fed.folder / name
    tables: dict[str, object] = {table.name: rows(bureau, table) for table in schema.metadata.sorted_tables}
    return {**tables, "keys": (home / "bodies.keys").read_bytes(), "blobs": files(home / "blobs")}


class Lawless(Bureau):
    """A node that skips registry, label and gates when it says something; all else is the node as it is."""

    def rule(self, tx: Transaction, said: Said) -> None:
        """Allow everything."""


def lawless(fed: Federation, name: BureauId) -> Bureau:
    """Return a bureau whose node rules on nothing."""
    bureau = fed.bureaus[name]
    return Lawless(**{field.name: getattr(bureau, field.name) for field in dataclasses.fields(Bureau)})


def say(bureau: Bureau, act: Any, to: tuple[BureauId, ...], **how: Any) -> Kept:  # noqa: ANN401
    """Say an act that no desk would make."""
    return bureau.say(act, to, reader=reader(bureau), **{"purpose": Purpose.INVESTIGATE} | how)


def tell(bureau: Bureau, to: tuple[BureauId, ...], **how: Any) -> Kept:  # noqa: ANN401
    """Say information that no desk would make."""
    return say(bureau, Information(title="a van", text=SECRET, language="en"), to, **how)


def answer(bureau: Bureau, asked: ActId, to: tuple[BureauId, ...], **how: Any) -> Kept:  # noqa: ANN401
    """Say a reply that no desk would make."""
    refs = (Relation(rel="answers", act=asked), Relation(rel="thread", act=asked))
    return say(bureau, Reply(title="Re", text=SECRET, language="en"), to, **{"refs": refs, "subject": asked} | how)


def measure(fed: Federation, name: BureauId, standing: Standing, functions: tuple[str, ...] = ()) -> None:
    """Let the custodians decide on a bureau."""
    changes = {"standing": standing, "functions": functions, "article": "RPD 131", "until": Millis(START + DAY)}
    accreditation = msgspec.structs.replace(fed.registry.accreditations[name], **changes)
    fed.change(accreditations={name: accreditation})
