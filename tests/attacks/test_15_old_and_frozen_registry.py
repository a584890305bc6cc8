"""Attack 15: nodes are shown an old registry, always the same one, or one whose numbers were run up."""

import pytest

from comity.core.errors import Malformed
from comity.core.registry import Freshness, KeyUse
from tests.attacks.federation import ET, MA, NO, Attacked
from tests.attacks.means import inbox_of, say
from tests.node.founding import START, after, copied, refused, serve
from tests.simulator import tell


def test_an_old_registry_does_not_bring_a_retired_key_back(fed: Attacked) -> None:
    old = copied(fed.founded, fed.folder / "old registry")
    fed.trust(MA).refresh(START)
    before, new = fed.founded.rotate(NO)
    seen = fed.trust(MA).refresh(START)
    assert seen.profile(NO).current(KeyUse.SIGN).kid == new
    serve(fed.founded, old)
    with pytest.raises(Malformed):
        fed.trust(MA).refresh(START)
    assert fed.trust(MA).current().profile(NO).current(KeyUse.SIGN).kid == new != before


def test_a_frozen_registry_stops_new_acts_and_still_lets_mail_in(fed: Attacked) -> None:
    fed.only(MA, ET)
    said = say(fed, MA, ET)
    for days, expected in ((0.5, Freshness.FRESH), (3.0, Freshness.GRACE), (9.0, Freshness.STOPPED)):
        fed.clock = after(days)
        fed.refresh(MA, ET)
        assert fed.views[ET].freshness(fed.clock) is expected
    assert refused(lambda: tell(fed.bureaus[ET], "ma")).startswith("registry.")
    fed.carry()
    assert inbox_of(fed, ET) == [said]


def test_a_registry_that_thaws_is_believed_again(fed: Attacked) -> None:
    fed.clock = after(9)
    fed.refresh(MA)
    fed.founded.refresh(after(9))
    fed.refresh(MA)
    assert fed.views[MA].freshness(fed.clock) is Freshness.FRESH
