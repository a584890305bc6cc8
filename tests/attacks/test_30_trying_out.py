"""Attack 30: a reader tries out names and birth dates until the answers are the register."""

import datetime as dt
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from comity.app import answer_for_looks
from comity.capabilities.hits import desk
from comity.core.capability import OfficerRole
from comity.core.errors import Refused
from comity.node import looks, pace
from tests.capabilities.hitting import HOW, NO, SALMA, at, listed
from tests.simulator import Federation, federation

DATES = [(dt.date(1984, 4, 1) + dt.timedelta(days=day)).isoformat() for day in range(60)]
NAMES = [f"{given} {family}" for given in ("salma", "amina", "kari") for family in ("el amrani", "hansen")]


@pytest.fixture
def fed(tmp_path: Path) -> Iterator[Federation]:
    """Give a source and a holder."""
    made = federation(tmp_path / "org", ["ma", "no"])
    yield made
    made.close()


def _tried(fed: Federation, tries: list[tuple[str, str]]) -> list[bool | None]:
    """Search until somebody stops it; True for a hit, None for each search that was refused."""
    answers: list[bool | None] = []
    for name, born in tries:
        try:
            answers.append(desk.find(*at(fed, NO), **HOW, name=name, born=born).hit)
        except Refused as refused:
            answers.append(None if refused.refusal.code == "hits.pace" else False)
    return answers


def test_the_birth_dates_of_a_name_cannot_be_tried_out_and_supervisors_see_who_tried(
    fed: Federation, tmp_path: Path
) -> None:
    listed(fed, tmp_path, ("a-1", SALMA))
    answers = _tried(fed, [(NAMES[0], born) for born in DATES])
    assert answers.index(None) == pace.DATES.stop
    assert set(answers[pace.DATES.stop :]) == {None}
    alarms = desk.alarms(*at(fed, NO, OfficerRole.SUPERVISOR))
    assert {alarm.alarm for alarm in alarms} == {"dates", "stopped"}
    assert {alarm.officer for alarm in alarms} == {"o-1"}
    for role in (OfficerRole.OFFICER, OfficerRole.ENGINEER, OfficerRole.RIGHTS):
        with pytest.raises(Refused, match=r"hits\.role"):
            desk.alarms(*at(fed, NO, role))
    # Both are bound by the log before anybody could take them out.
    fed.later(1_000)
    assert answer_for_looks(fed.bureaus[NO]) >= 1
    assert all(looks.prove(fed.bureaus[NO], alarm.number).look.alarm == alarm.alarm for alarm in alarms)


def test_a_million_pairs_of_name_and_date_in_a_file_are_stopped_before_the_first_is_answered(
    fed: Federation, tmp_path: Path
) -> None:
    listed(fed, tmp_path, ("a-1", SALMA))
    file = tmp_path / "tries.csv"
    lines = (f"{at},{name},{born}" for at, (name, born) in enumerate(product(NAMES, DATES)))
    file.write_text("\n".join(("key,name,born", *lines)) + "\n")
    with pytest.raises(Refused) as refused:
        desk.screen(*at(fed, NO), file=file, **HOW)
    assert refused.value.refusal.code == "hits.pace"
    assert all(noted.look.key == "" for noted in looks.journal(fed.bureaus[NO]))


def test_whoever_spells_the_name_anew_each_time_is_stopped_by_the_number_of_searches(fed: Federation) -> None:
    no, reader = at(fed, NO)
    for number in range(pace.SEARCHES.stop):
        why = pace.permit(no, reader, (pace.Asked(name=f"salma {number}", born=DATES[number % 60]),))
        looks.note(no, reader, why, ())
        if number == pace.SEARCHES.alarm + 1:
            assert why.alarm
    assert _tried(fed, [("salma x", "")]) == [None]


def test_a_day_at_the_border_is_not_stopped(fed: Federation) -> None:
    no, reader = at(fed, NO)
    for hour in range(8):
        for number in range(150):
            born = f"19{50 + number % 50}-0{1 + hour}-{2 + number % 27:02}"
            asked = pace.Asked(name=f"traveller {hour} {number}", born=born)
            why = pace.permit(no, reader, (asked,))
            assert why.alarm == ""
            looks.note(no, reader, why, ())
        fed.later(3_600_000)
