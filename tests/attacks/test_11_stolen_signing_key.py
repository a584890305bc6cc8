"""Attack 11: somebody else has a bureau's signing key, and writes any date it likes."""

from comity.core.cose import Signer
from comity.core.ids import Millis
from comity.core.registry import Key, KeyUse, Revocation, Suite
from comity.node import admission, inbox, proposals
from tests.attacks.federation import ET, MA, Attacked
from tests.attacks.means import inbox_of, say
from tests.node.founding import silent
from tests.simulator import code_of, codes, information, sealed, signed_past_the_rules

HOUR = 3_600_000


def _stolen(fed: Attacked) -> tuple[Key, Signer]:
    """Return Rabat's key in the thief's hand."""
    signer = fed.bureaus[MA].signer()
    return signer.key, signer


def _revoked(fed: Attacked, key: Key, size: int) -> None:
    """Let the custodians revoke it at a size of Rabat's log, and Rabat go on under a new key."""
    ma = fed.bureaus[MA]
    with ma.database.read() as tx:
        root = ma.ledger.root(tx, size)
    one = Revocation(bureau=MA, kid=key.kid, size=size, root=root, decided_by="assembly")
    fed.founded.decide(proposals.revocation(fed.founded.state(), one, fed.now(), silent), fed.now())
    fed.refresh()


def test_after_the_cut_nothing_under_the_key_counts_whatever_date_it_bears(fed: Attacked) -> None:
    fed.only(MA, ET)
    before = say(fed, MA, ET, text="before the theft")
    fed.carry()
    key, thief = _stolen(fed)
    with fed.bureaus[MA].database.read() as tx:
        size = fed.bureaus[MA].ledger.size(tx)
    _revoked(fed, key, size)
    et = fed.bureaus[ET]
    for days in (-400, -1, 0):
        said = Millis(fed.now() + days * 24 * HOUR)
        _, forged = signed_past_the_rules(fed.bureaus[MA], information("forged"), "et", signer=thief, seq=9, said=said)
        assert codes(inbox.receive(et, [sealed(fed.bureaus[MA], "et", forged, signer=thief)])) == ["exchange.revoked"]
    assert inbox_of(fed, ET) == [before]


def test_what_was_logged_before_the_cut_still_counts_with_its_proof(fed: Attacked) -> None:
    fed.only(MA)
    late = say(fed, MA, ET, text="said before, delivered after")
    key, _ = _stolen(fed)
    _rotate(fed)
    _revoked(fed, key, 1)
    fed.only(MA, ET)
    fed.patient(rounds=2)
    assert code_of(fed.bureaus[ET], late) == "accepted"


def _rotate(fed: Attacked) -> None:
    profile = fed.founded.state().profiles[MA]
    new = fed.bureaus[MA].keyring.new(KeyUse.SIGN, Suite.ED25519)
    fed.founded.submit(admission.rotated(profile, [new], [profile.current(KeyUse.SIGN).kid]), fed.now())
    fed.refresh()
