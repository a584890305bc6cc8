"""Attack 28: what was found under a label is handed on under a looser one: as a hit, an answer, a message, a file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from comity.capabilities.hits import desk
from comity.capabilities.hits.acts import Asks, Confirmation, Hit, HitGround, HitOutcome, HitVerdict
from comity.capabilities.hits.acts import Did as Done
from comity.capabilities.messages.acts import Information
from comity.capabilities.records import desk as records
from comity.core.act import Relation
from comity.core.errors import Refused
from comity.core.handling import Basis, Confidentiality, Handling, Label, Onward, loosened
from comity.core.ids import ActId
from comity.node import inbox
from comity.node.view import View
from tests.capabilities.hitting import ET, HOW, MA, NO, SALMA, at, listed, taken
from tests.simulator import Federation, codes, federation, held, reader, sealed, signed_past_the_rules

LOOSE = Label()


@pytest.fixture
def fed(tmp_path: Path) -> Iterator[Federation]:
    """Give a source and two holders."""
    made = federation(tmp_path / "org", ["ma", "no", "et"])
    yield made
    made.close()


def _strict(fed: Federation, folder: Path) -> tuple[ActId, Label]:
    """Publish a record that may not be passed on, to Oslo alone; return its list and label."""
    shelf = listed(
        fed, folder, ("a-1", SALMA), to=(NO,), handling=Handling.H2, onward=Onward.NONE, audience=(NO,)
    )  # fmt: skip
    hit = taken(fed, shelf, ask=Asks.URGENT)
    kept = held(fed.bureaus[NO], hit.id)
    assert kept is not None
    return hit.id, kept.head.label


def _code(function: Any, *given: Any, **how: Any) -> str:  # noqa: ANN401 - whatever is tried
    with pytest.raises(Refused) as refused:
        function(*given, **how)
    return refused.value.refusal.code


def test_a_hit_carries_the_label_of_the_record_and_so_does_all_that_is_said_of_it(
    fed: Federation, tmp_path: Path
) -> None:
    hit, label = _strict(fed, tmp_path)
    assert (label.handling, label.onward, label.audience) == (Handling.H2, Onward.NONE, (MA, NO))
    desk.confirm(*at(fed, MA), hit=hit.hex(), verdict=HitVerdict.SAME)
    fed.carry()
    desk.outcome(*at(fed, NO), hit=hit.hex(), did=Done.ARRESTED)
    for bureau in (NO, MA):
        for glimpse in View(*at(fed, bureau)).acts().items:
            if glimpse.kind in {"hits.hit/1", "hits.confirmation/1", "hits.outcome/1"}:
                assert loosened(label, glimpse.label) == ()


@pytest.mark.parametrize(
    "looser",
    [
        {"handling": Handling.H0},
        {"onward": Onward.ASK},
        {"audience": ()},
        {"audience": (ET, MA, NO)},
        {"expires": None},
    ],
    ids=str,
)
def test_no_message_passes_on_what_was_found_under_a_looser_label_or_to_anybody_else(
    fed: Federation, tmp_path: Path, looser: dict[str, Any]
) -> None:
    hit, label = _strict(fed, tmp_path)
    act = Information(title="a hit", text="what was found", language="en")
    quotes = (Relation(rel="quotes", act=hit),)
    no = fed.bureaus[NO]
    how = {"purpose": HOW["purpose"], "refs": quotes, "reader": reader(no)}
    assert _code(no.say, act, (MA,), label=replace(label, **looser), **how) == "handling.loosened"
    assert _code(no.say, act, (ET,), label=label, **how) == "handling.audience"
    mine = no.say(act, (MA,), label=label, **how)
    # Nor by quoting one's own message that quotes it.
    how |= {"refs": (Relation(rel="quotes", act=mine.id),)}
    assert _code(no.say, act, (MA,), label=replace(label, **looser), **how) == "handling.loosened"


def test_a_bureau_that_breaks_the_rules_is_refused_by_the_source(fed: Federation, tmp_path: Path) -> None:
    hit, label = _strict(fed, tmp_path)
    no, ma = fed.bureaus[NO], fed.bureaus[MA]
    met = View(*at(fed, NO)).find(hit.hex()).act
    assert isinstance(met, Hit)
    how: dict[str, Any] = {"basis": Basis(law="RPD 8"), "label": LOOSE}
    tried = [
        signed_past_the_rules(no, replace(met, asks=Asks.NOTHING), "ma", seq=90, **how),
        signed_past_the_rules(no, HitOutcome(did=Done.NOTHING), "ma", subject=hit, seq=91, label=LOOSE),
    ]
    for _, signed in tried:
        assert codes(inbox.receive(ma, [sealed(no, "ma", signed)])) == ["handling.loosened"]
    word = Confirmation(verdict=HitVerdict.SAME, grounds=(HitGround.RECORDS,))
    _, signed = signed_past_the_rules(ma, word, "no", subject=hit, label=replace(label, onward=Onward.ASK), seq=99)
    assert codes(inbox.receive(no, [sealed(ma, "no", signed)])) == ["handling.loosened"]


def test_a_restriction_is_the_label_of_every_hit_after_it(fed: Federation, tmp_path: Path) -> None:
    shelf = listed(fed, tmp_path, ("a-1", SALMA), to=(NO,))
    level = Confidentiality.RESTRICTED

    records.restrict(*at(fed, MA), which=shelf.hex(), key=("a-1",), confidentiality=level)
    fed.carry()
    hit = taken(fed, shelf, ask=Asks.ROUTINE)
    kept = held(fed.bureaus[MA], hit.id)
    assert kept is not None
    assert kept.head.label.confidentiality is level


def test_the_label_stands_in_every_line_of_a_list_that_was_screened(fed: Federation, tmp_path: Path) -> None:
    _strict(fed, tmp_path)
    file = tmp_path / "list.csv"
    file.write_text("key,name,born\n1,Salma El Amrani,1984-05-02\n")
    (line,) = desk.screen(*at(fed, NO), file=file, **HOW).matched
    assert line.label == "H2, official-use-only, onward none, for ma no"


def test_nobody_but_the_source_lets_a_hit_reach_a_third_bureau(fed: Federation, tmp_path: Path) -> None:
    shelf = listed(fed, tmp_path, ("a-1", SALMA), to=(NO,))
    hit = taken(fed, shelf)
    kept = held(fed.bureaus[NO], hit.id)
    assert kept is not None
    act = Information(title="a hit", text="what was found", language="en")
    how: dict[str, Any] = {"purpose": HOW["purpose"], "refs": (Relation(rel="quotes", act=hit.id),)}
    no = fed.bureaus[NO]
    assert _code(no.say, act, (ET,), label=kept.head.label, reader=reader(no), **how) == "hits.onward"
    no.say(act, (MA,), label=kept.head.label, reader=reader(no), **how)
