"""Attack 10: a sender says two different things under one number, and denies one of them."""

import pytest

from comity.core.envelope import Signed
from comity.core.errors import Malformed
from comity.node import contradictions, inbox, proof, schema
from tests.attacks.federation import DE, ET, MA, SN, Attacked
from tests.attacks.means import against, inbox_of, matter_of
from tests.simulator import codes, information, rows, sealed, signed_past_the_rules


def _two_faces(fed: Attacked) -> tuple[Signed, Signed]:
    ma = fed.bureaus[MA]
    _, one = signed_past_the_rules(ma, information("we hold him"), "et", "sn")
    _, other = signed_past_the_rules(ma, information("we never heard of him"), "et", "sn")
    return one, other


def test_one_recipient_that_gets_both_holds_the_proof(fed: Attacked) -> None:
    one, other = _two_faces(fed)
    et = fed.bureaus[ET]
    assert codes(inbox.receive(et, [sealed(fed.bureaus[MA], "et", one)])) == ["accepted"]
    assert codes(inbox.receive(et, [sealed(fed.bureaus[MA], "et", other)])) == ["exchange.equivocation"]
    assert against(fed, ET) == [("ma", "equivocation")]
    assert len(matter_of(et)) == 1
    raw = contradictions.make(et, fed.trust(MA), rows(et, schema.evidence)[0].number)
    found = contradictions.verify(raw, fed.founded.anchor)
    assert (found.verdict, found.findings[-1].statement) == ("proven", "ma said two things under one number")


def test_two_recipients_who_were_told_different_things_convict_by_comparing(fed: Attacked) -> None:
    one, other = _two_faces(fed)
    files = []
    for name, signed in ((ET, one), (SN, other)):
        inbox.receive(fed.bureaus[name], [sealed(fed.bureaus[MA], name, signed)])
        (act,) = inbox_of(fed, name)
        files.append(proof.make(fed.bureaus[name], fed.trust(MA), act))
    assert inbox_of(fed, ET) != inbox_of(fed, SN)
    found = contradictions.verify(contradictions.compared(*files), fed.founded.anchor)
    assert (found.against, found.verdict) == ("ma", "proven")
    with pytest.raises(Malformed, match="under one number"):
        contradictions.compared(files[0], files[0])


def test_the_two_streams_of_a_bureau_do_not_collide(fed: Attacked) -> None:
    ma, et, de = fed.bureaus[MA], fed.bureaus[ET], fed.bureaus[DE]
    _, to_et = signed_past_the_rules(ma, information("one"), "et")
    _, to_de = signed_past_the_rules(ma, information("one"), "de")
    assert codes(inbox.receive(et, [sealed(ma, "et", to_et)])) == ["accepted"]
    assert codes(inbox.receive(de, [sealed(ma, "de", to_de)])) == ["accepted"]
    assert against(fed, ET) == against(fed, DE) == []
