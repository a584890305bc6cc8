"""Attack 19: a witness is asked for two things at once, or falls over between its check and its answer."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from comity.core.checkpoint import parse_request
from comity.node import jobs, witness
from comity.node.witness import Ask
from tests.attacks.federation import ET, MA, NO, Attacked
from tests.attacks.means import say


def _asked(fed: Attacked, leaves: int) -> Ask:
    """Let Rabat's log grow and return what it asks of Oslo."""
    for count in range(leaves):
        say(fed, MA, ET, text=f"entry {count}")
    jobs.checkpoint(fed.bureaus[MA])
    return next(ask for ask in witness.requests(fed.bureaus[MA]) if ask.witness == NO)


def test_of_many_requests_at_once_each_size_is_cosigned_once_and_never_a_smaller_one_later(fed: Attacked) -> None:
    no, small = fed.bureaus[NO], _asked(fed, 3)
    large = _asked(fed, 2)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda ask: witness.add_checkpoint(no, ask.body), [small, large] * 4))
    cosigned = [answer for answer in answers if answer.status == 200]
    assert cosigned
    last = witness.add_checkpoint(no, small.body)
    assert last.status in {200, 409}
    held = witness.add_checkpoint(no, _asked(fed, 1).body)
    assert held.status == 409, "the log must name what the witness cosigned last"
    assert int(held.body) in {small.size, large.size}


def test_a_witness_that_stops_before_it_answers_remembers(fed: Attacked, tmp_path: Path) -> None:
    first = _asked(fed, 2)
    assert witness.add_checkpoint(fed.bureaus[NO], first.body).status == 200
    later = fed.twin("no", tmp_path / "twin")
    try:
        assert witness.add_checkpoint(later, first.body).status == 409, "it begins where its disk says"
    finally:
        later.database.close()
        later.store.bodies.close()


def test_a_witness_does_not_go_back(fed: Attacked) -> None:
    small = _asked(fed, 2)
    large = _asked(fed, 3)
    no = fed.bureaus[NO]
    assert parse_request(large.body).old == 0
    assert witness.add_checkpoint(no, large.body).status == 200
    assert witness.add_checkpoint(no, small.body).status == 409
