"""Two or three bureaus with records, and somebody at the desk of hits, in short."""

import json
from pathlib import Path
from typing import Any

from comity.app import answer_for_looks
from comity.capabilities.hits import desk
from comity.capabilities.hits.desk import Candidate, SearchAnswer
from comity.capabilities.hits.desk.parts import HitSaid
from comity.capabilities.records import desk as records
from comity.capabilities.records.acts import RecordKind, Tells
from comity.core.capability import OfficerRole, Reader
from comity.core.handling import Purpose
from comity.core.ids import ActId, BureauId
from comity.node.bureau import Bureau
from tests.simulator import Federation, reader

MA, NO, ET = BureauId("ma"), BureauId("no"), BureauId("et")

SALMA: dict[str, Any] = {
    "names": [{"family": "EL AMRANI", "given": "SALMA"}, {"family": "العمراني", "given": "سلمى"}],
    "status": "missing", "born": ["1984-05-02"], "sex": "F", "nationalities": ["MAR"], "documents": ["XX0000017"],
}  # fmt: skip
"""Nobody: invented for these tests."""

HOW: dict[str, Any] = {"purpose": Purpose.LOCATE, "law": "RPD 8"}
ASKED: dict[str, Any] = {"name": "salma el amrani", "born": "1984-05-02"}


def listed(
    fed: Federation, folder: Path, *rows: tuple[str, dict[str, Any]], source: BureauId = MA,
    kind: RecordKind = RecordKind.NOMINAL, to: tuple[BureauId, ...] = (NO, ET), tells: Tells = Tells.ALWAYS,
    **how: Any,  # noqa: ANN401
) -> ActId:  # fmt: skip
    """Open a list, fill it, and let it arrive; returns its id."""
    bureau = fed.bureaus[source]
    told = tuple(each for each in to if each in fed.bureaus and each != source)
    opened = records.open(bureau, reader(bureau), record=kind, to=told, tells=tells, shard=f"list {len(rows)}")
    file = folder / f"{opened.id.hex()}.jsonl"
    file.write_text("".join(json.dumps({"key": key, "record": row}) + "\n" for key, row in rows))
    if rows:
        records.publish(bureau, reader(bureau), which=opened.id.hex(), file=file, **how)
    fed.carry()
    return opened.id


def at(fed: Federation, by: BureauId, role: OfficerRole = OfficerRole.OFFICER, **how: str) -> tuple[Bureau, Reader]:
    """Return a bureau with somebody at its desk."""
    bureau = fed.bureaus[by]
    return bureau, reader(bureau, role=role, **how)


def find(fed: Federation, by: BureauId = NO, **how: Any) -> SearchAnswer:  # noqa: ANN401
    """Search as an officer."""
    role = how.pop("role", OfficerRole.OFFICER)
    return desk.find(*at(fed, by, role), **HOW | (how or ASKED))


def only(answer: SearchAnswer) -> Candidate:
    """Return the one candidate of an answer."""
    (candidate,) = answer.candidates
    return candidate


def taken(fed: Federation, listed: ActId, key: str = "a-1", by: BureauId = NO, **how: Any) -> HitSaid:  # noqa: ANN401
    """Take a candidate for a hit, and let it arrive."""
    said = desk.take(*at(fed, by), which=listed.hex(), key=key, **HOW | ASKED | how)
    fed.carry()
    return said


def answered(fed: Federation) -> int:
    """Let a second pass, and every node bind its looks and tell the sources."""
    fed.later(1_000)
    said = sum(answer_for_looks(bureau) for bureau in fed.bureaus.values())
    fed.carry()
    return said
