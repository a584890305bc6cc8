"""Every reading with every role, unit and scope gives what the rules give: the desk itself is asked for comparison."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.core.capability import OfficerRole, Reader
from comity.core.errors import ComityError
from comity.core.handling import Purpose
from comity.core.ids import BureauId
from comity.faces import desk_api, operations, problems
from comity.node import officers, tokens
from tests.faces.programs import Programs, serving
from tests.simulator import Federation

MA, NO = BureauId("ma"), BureauId("no")
UNITS = ("duty", "fugitives")
LEVELS = ("official-use-only", "restricted", "confidential")
READS = {
    "messages/inbox": (), "messages/outbox": (), "messages/read": ("act",), "messages/thread": ("act",),
    "messages/status": ("act",), "messages/clock": ("act",), "messages/overdue": (), "messages/escalated": (),
    "messages/save": ("act",), "messages/waiting": (), "messages/cases": (), "messages/case": ("name",),
    "messages/lists": (), "messages/whom": ("to",), "membership/standing": (), "directory/bureaus": (),
    "directory/bureau": ("which",),
}  # fmt: skip


class World:
    """Rabat and Oslo, with messages of each level in both directions, and an officer of every role in each unit."""

    def __init__(self, federation: Federation, programs: Programs) -> None:
        self.programs, self.bureau = programs, programs.bureau
        speller = desk_api.speller_of(self.bureau.capabilities)
        every = operations.every(self.bureau.capabilities, speller)
        self.operations = {f"{each.capability}/{each.verb}": each for each in every}
        self.beside = federation.folder
        for role in OfficerRole:
            for unit in UNITS:
                officers.add(self.bureau, unit, role, officer=f"{role}-{unit}")
        self.officer = cache(self._officer)
        self.token = cache(self._token)
        self.acts = [act for level in LEVELS for act in self._messages(federation, level)]

    def _messages(self, federation: Federation, level: str) -> Iterator[str]:
        """Let Rabat ask Oslo, and Oslo tell Rabat something."""
        for name, to, verb in ((MA, "no", "request"), (NO, "ma", "send")):
            bureau = federation.bureaus[name]
            operation = self.operations[f"messages/{verb}"]
            letter = {"to": [to], "title": "a", "text": "b", "confidentiality": level, "case": ["harbour"]}
            given_ = operation.read(letter)
            reader = Reader(bureau=name, officer="officer-duty", unit="duty")
            said = operation.call(bureau, reader, given_, federation.folder)
            federation.carry()
            yield said["id"]

    def _officer(self, role: OfficerRole, unit: str) -> Reader:
        return officers.reader(self.bureau, f"{role}-{unit}", Purpose.INVESTIGATE)

    def _token(self, officer: str, path: str, *, scoped: bool) -> str:
        wanted = path.replace("/", ":")
        others = [each for each in tokens.scopes_of(self.bureau.capabilities) if not each.endswith(":*")]
        return self.programs.token(
            *([wanted] if scoped else [each for each in others if each != wanted]), officer=officer
        )

    def by_desk(self, path: str, reader: Reader, given_: dict[str, Any]) -> tuple[int, Any]:
        """Return what the desk itself says, as the interface would spell it."""
        operation = self.operations[path]
        try:
            return 200, json.loads(json.dumps(operation.call(self.bureau, reader, operation.read(given_), self.beside)))
        except ComityError as problem:
            told = problems.of(problem)
            return told.status, told.code


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    federation = Federation(tmp_path_factory.mktemp("federation"))
    for name in (MA, NO):
        federation.join(name)
    with serving(federation.bureaus[MA], federation.folder / MA) as programs:
        yield World(federation, programs)
    federation.close()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_reading_is_that_of_the_desk_for_this_officer(world: World, data: st.DataObject) -> None:
    role, unit = data.draw(st.sampled_from(OfficerRole)), data.draw(st.sampled_from(UNITS))
    path, scoped = data.draw(st.sampled_from(sorted(READS))), data.draw(st.booleans())
    values = {
        "act": st.sampled_from(world.acts), "which": st.sampled_from(["ma", "no", "xx"]),
        "name": st.sampled_from(["harbour", "van"]), "to": st.just(["region:europe"]),
    }  # fmt: skip
    given_ = {name: data.draw(values[name]) for name in READS[path]}
    reader = world.officer(role, unit)
    answer = world.programs.do(world.token(reader.officer, path, scoped=scoped), path, **given_)
    if not scoped:
        assert (answer.status, answer.code) == (403, "desk.scope")
        return
    status, expected = world.by_desk(path, reader, given_)
    assert answer.status == status
    assert (answer.json if status == 200 else answer.code) == expected


@pytest.mark.parametrize("role", OfficerRole)
def test_a_hidden_message_answers_like_one_that_is_not_there(world: World, role: OfficerRole) -> None:
    nothing = "f" * 64
    for act in world.acts:
        for path in ("messages/read", "messages/thread", "messages/status", "messages/save"):
            reader = world.officer(role, "fugitives")
            token = world.token(reader.officer, path, scoped=True)
            answer, other = (world.programs.do(token, path, act=each) for each in (act, nothing))
            if answer.status == 422 and answer.json["detail"].startswith("no act that you may see"):
                assert answer.json["detail"].replace(act, "") == other.json["detail"].replace(nothing, "")
                assert {k: v for k, v in answer.json.items() if k != "detail"} == {
                    k: v for k, v in other.json.items() if k != "detail"
                }
