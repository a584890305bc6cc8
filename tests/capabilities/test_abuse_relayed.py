"""A report of abuse that waits at a relay for the commission: the relay holds nothing of it that can be read."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.capabilities.abuse.acts import Ground, Report
from comity.core.act import Relation
from comity.core.handling import Label, Onward
from comity.core.registry import Role
from tests.capabilities.desks import MA, NO, lawless, say
from tests.capabilities.reporting import CONTROL
from tests.relayed import Relayed, relayed
from tests.simulator import code_of, tell

CANARY = b"the canary sings at dawn"


@pytest.fixture
def fed(tmp_path: Path) -> Iterator[Relayed]:
    made = relayed(tmp_path / "federation", "ma no", "r1")
    made.join(CONTROL, role=Role.COMMISSION)
    yield made
    made.close()


def test_a_relay_holds_nothing_of_a_report_that_can_be_read(fed: Relayed) -> None:
    """Nothing is proven in a federation whose registry is made by hand, so the reporter skips its gates."""
    said = tell(fed.bureaus[MA], "no", text=CANARY.decode())
    fed.carry()
    proof = b'{"text":"' + base64.b64encode(CANARY) + b'"}'
    act = Report(ground=Ground.NEUTRALITY, text=CANARY.decode(), proofs=(proof,))
    fed.away = {CONTROL}
    refs = (Relation(rel="about", act=said.id),)
    filed = say(lawless(fed, NO), act, (CONTROL,), refs=refs, label=Label(onward=Onward.NONE))
    fed.carry()
    relay = next(iter(fed.relays.values()))
    files = {path: path.read_bytes() for path in (fed.folder / relay.me).rglob("*") if path.is_file()}
    assert any(CONTROL.encode() in raw for raw in files.values()), "the relay does not hold it"
    for secret in (CANARY, base64.b64encode(CANARY), b"neutrality", b"abuse.", filed.id, said.id):
        assert not any(secret in raw for raw in files.values()), secret
    fed.away = set()
    fed.carry()
    assert code_of(fed.bureaus[CONTROL], filed.id) == "abuse.proof"
