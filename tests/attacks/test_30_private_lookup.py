"""Attack 30, in part: somebody goes through a whole series of numbers by private lookup (decision 0053)."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from comity.capabilities.keylists import desk
from comity.capabilities.keylists.acts import MOST_KEYS, KeyKind, Question
from comity.capabilities.keylists.tables import MOST_IN_EPOCH
from comity.core.handling import Basis, Purpose
from comity.core.ids import ActId, Millis
from comity.engines import psi
from comity.node.bureau import Bureau
from tests.capabilities.desks import ET, MA, NO, at, lawless
from tests.simulator import DAY, Federation, code_of, federation, reader

SERIES = 1_000_000
"""All phone numbers behind one prefix."""
DAYS = 18


def prepared(folder: Path, each: int, daily: int) -> tuple[Federation, ActId]:
    """Return two bureaus, and a list of `ma` that `no` may ask so much."""
    fed = federation(folder / "fed", ["ma", "no"])
    opened = desk.open(*at(fed, MA), of=KeyKind.PHONE, to=(NO,), size=1_000, most=each, daily=daily, days=DAYS)
    fed.carry()
    numbers = folder / "set.txt"
    numbers.write_text("+212661234507\n")
    desk.fill(*at(fed, MA), which=opened.id.hex(), file=numbers)
    fed.carry()
    return fed, opened.id


def ask(bureau: Bureau, listed: ActId, blinded: bytes) -> ActId:
    """Let a node that skips its own rules ask."""
    how = {"purpose": Purpose.INVESTIGATE, "basis": Basis(law="none"), "subject": listed}
    act = Question(count=len(blinded) // psi.POINT, blinded=blinded)
    return bureau.say(act, (MA,), reader=reader(bureau), **how).id


def blinded(count: int) -> bytes:
    """Return the points of a question about the beginning of the series."""
    return psi.blind(psi.asker_key(), [f"identifiers/1 phone +212661{number:06}" for number in range(count)])


def answered(fed: Federation, listed: ActId) -> int:
    """Return how many answers the asker has."""
    with fed.bureaus[NO].database.read() as tx:
        return len(fed.bureaus[NO].past(tx).every("keylists.answer/1", listed))


def test_going_through_a_million_numbers_is_stopped_and_alarmed(tmp_path: Path) -> None:
    fed, listed = prepared(tmp_path, MOST_KEYS, 1)
    # The same points again and again: making others costs the attacker minutes, and the source looks at none of them.
    raw, attacker = blinded(100) * (MOST_KEYS // 100), lawless(fed, NO)
    asked = [ask(attacker, listed, raw) for _ in range(SERIES // MOST_KEYS)]
    for _ in range(20):
        fed.carry()
    codes = [code_of(fed.bureaus[MA], act) for act in asked]
    assert codes.count("accepted") == answered(fed, listed) == 1
    assert codes.count("keylists.rate") == len(asked) - 1
    (alarm,) = desk.alarms(*at(fed, MA))
    assert (alarm.bureau, alarm.code, alarm.refused, alarm.keys) == (NO, "keylists.rate", len(asked) - 1, MOST_KEYS)
    # Somebody who is patient sees a fifth of the series at most before the epoch ends, and everything begins anew.
    assert MOST_KEYS * (DAYS + 1) <= MOST_IN_EPOCH <= SERIES // 5
    fed.close()


def test_a_clock_that_is_set_back_gives_no_more_questions(tmp_path: Path) -> None:
    fed, listed = prepared(tmp_path, 20, 2)
    raw, asked = blinded(20), []
    fed.later(12 * DAY)
    for back in range(12):
        then = Millis(fed.clock - back * DAY)
        attacker = replace(lawless(fed, NO), now=partial(Millis, then))
        asked += [ask(attacker, listed, raw) for _ in range(3)]
    for _ in range(4):
        fed.carry()
    codes = [code_of(fed.bureaus[MA], act) for act in asked]
    assert codes.count("accepted") == 2 * 2
    assert set(codes) == {"accepted", "keylists.rate", "keylists.late"}
    fed.close()


def test_a_bureau_to_which_the_list_was_not_opened_learns_nothing(tmp_path: Path) -> None:
    fed, listed = prepared(tmp_path, 20, 2)
    fed.join("et")
    act = ask(lawless(fed, ET), listed, blinded(20))
    fed.carry()
    assert code_of(fed.bureaus[MA], act) == "keylists.party"
    assert [alarm.code for alarm in desk.alarms(*at(fed, MA))] == ["keylists.party"]
    fed.close()
