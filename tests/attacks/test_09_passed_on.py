"""Attack 9: a recipient seals an act that was written to it to somebody else, as if the sender had (Davis, 2001)."""

from comity.core.envelope import Signed
from comity.node import inbox
from comity.node.store import Kept
from tests.attacks.federation import DE, ET, MA, Attacked
from tests.attacks.means import against, inbox_of, matter_of, say
from tests.simulator import codes, held, sealed


def _taken(fed: Attacked) -> Signed:
    """Return what Addis Ababa got from Rabat, whole."""
    fed.only(MA, ET)
    act, et = say(fed, MA, ET, DE), fed.bureaus[ET]
    fed.carry()
    kept = held(et, act)
    assert isinstance(kept, Kept)
    with et.database.read() as tx:
        return et.store.signed(tx, kept)


def test_what_is_passed_on_is_refused_and_evidence_against_who_did_it(fed: Attacked) -> None:
    signed, et, de = _taken(fed), fed.bureaus[ET], fed.bureaus[DE]
    assert codes(inbox.receive(de, [sealed(et, "de", signed)])) == ["exchange.forwarded"]
    assert against(fed, DE) == [("et", "forwarded")]
    assert matter_of(de) == set()


def test_the_genuine_one_still_counts_after_it(fed: Attacked) -> None:
    signed, et, de = _taken(fed), fed.bureaus[ET], fed.bureaus[DE]
    inbox.receive(de, [sealed(et, "de", signed)])
    fed.only(MA, DE)
    fed.carry()
    assert len(inbox_of(fed, DE)) == 1
