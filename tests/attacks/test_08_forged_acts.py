"""Attack 8: a member says something in the name of another one."""

import pytest
from msgspec.structs import replace

from comity.core import cose
from comity.core.codec import decode, encode
from comity.core.cose import Signer
from comity.core.envelope import HEAD, Delivery, Frame
from comity.core.registry import KeyUse, Suite
from comity.node import inbox
from comity.node.bureau import Bureau
from tests.attacks.federation import DE, ET, MA, NO, Attacked
from tests.attacks.means import matter_of, reframed
from tests.simulator import codes, information, sealed, signed_past_the_rules

RABAT = {"sender": MA}


def _forge(fed: Attacked, signer: Signer, *, framed_by: Bureau, frame_sender: str) -> bytes:
    """Return a delivery with a head in Rabat's name that somebody else signed."""
    ma = fed.bureaus[MA]
    _, signed = signed_past_the_rules(ma, information("forged"), "et", signer=signer)
    return reframed(sealed(ma, "et", signed), framed_by.signer(), sender=frame_sender)


def test_nobody_frames_in_the_name_of_another(fed: Attacked) -> None:
    no, et = fed.bureaus[NO], fed.bureaus[ET]
    raw = _forge(fed, fed.bureaus[MA].signer(), framed_by=no, frame_sender=MA)
    assert codes(inbox.receive(et, [raw])) == ["malformed"]
    assert matter_of(et) == set()


def test_nobody_signs_in_the_name_of_another(fed: Attacked) -> None:
    no, et = fed.bureaus[NO], fed.bureaus[ET]
    raw = _forge(fed, no.signer(), framed_by=no, frame_sender=NO)
    assert codes(inbox.receive(et, [raw])) == ["exchange.signature"]
    assert matter_of(et) == set()


def test_the_id_of_anothers_key_does_not_make_a_signature_its_own(fed: Attacked) -> None:
    ma, no, et = fed.bureaus[MA], fed.bureaus[NO], fed.bureaus[ET]
    swapped = Signer(ma.signer().key, no.signer().sign)
    raw = _forge(fed, swapped, framed_by=no, frame_sender=NO)
    assert codes(inbox.receive(et, [raw])) == ["exchange.signature"]


@pytest.mark.parametrize("use", [KeyUse.LOG, KeyUse.WITNESS])
def test_a_key_of_another_use_signs_no_act(fed: Attacked, use: KeyUse) -> None:
    ma, et = fed.bureaus[MA], fed.bureaus[ET]
    key, private = fed.registry.profile(MA).current(use), ma.private(use)
    raw = _forge(fed, Signer(key, private.sign), framed_by=ma, frame_sender=MA)
    assert codes(inbox.receive(et, [raw])) == ["exchange.signature"]


def test_a_key_that_no_profile_lists_signs_nothing(fed: Attacked) -> None:
    ma, et = fed.bureaus[MA], fed.bureaus[ET]
    key = ma.keyring.new(KeyUse.SIGN, Suite.ED25519)
    raw = _forge(fed, Signer(key, lambda text: ma.keyring.sign(key.kid, text)), framed_by=ma, frame_sender=MA)
    assert codes(inbox.receive(et, [raw])) == ["exchange.signature"]


def test_a_relay_says_nothing_although_its_key_is_registered(fed: Attacked) -> None:
    relay, et = next(iter(fed.relays.values())), fed.bureaus[ET]
    _, signed = signed_past_the_rules(fed.bureaus[MA], information(), "et", signer=relay._signer(), sender=relay.me)
    raw = reframed(sealed(fed.bureaus[MA], "et", signed), relay._signer(), sender=relay.me)
    assert codes(inbox.receive(et, [raw])) != ["accepted"]
    assert matter_of(et) == set()


def test_one_bureau_does_not_answer_for_another(fed: Attacked) -> None:
    """A frame names its sender; a stolen signature block cannot be moved under another frame."""
    de, et = fed.bureaus[DE], fed.bureaus[ET]
    _, signed = signed_past_the_rules(fed.bureaus[MA], information(), "et")
    delivery = decode(sealed(fed.bureaus[MA], "et", signed), Delivery)
    payload = replace(decode(cose.payload_of(delivery.frame), Frame), sender=DE)
    wrong = cose.sign1(encode(payload), HEAD, de.signer())
    assert codes(inbox.receive(et, [encode(replace(delivery, frame=wrong))])) == ["malformed"]
