"""Attack 20: one thing is passed off as another: algorithms, keys, types."""

import hashlib
import hmac
from functools import partial

import pytest

from comity.core import cose
from comity.core.codec import decode, encode
from comity.core.cose import Signer
from comity.core.envelope import APPROVAL, FRAME, HEAD, Delivery, Signed
from comity.core.registry import Key, KeyUse, Suite
from comity.node import inbox, jobs
from tests.attacks.federation import ET, MA, R1, Attacked
from tests.attacks.means import matter_of, reframed, say
from tests.simulator import codes, deliveries, information, sealed, signed_past_the_rules


def _delivered(fed: Attacked, content: Signed) -> list[str]:
    raw = sealed(fed.bureaus[MA], "et", content)
    found = codes(inbox.receive(fed.bureaus[ET], [raw]))
    assert matter_of(fed.bureaus[ET]) == set()
    return found


@pytest.mark.parametrize("typ", [FRAME, APPROVAL, "comity.receipts", "comity.carried"])
def test_bytes_that_were_signed_as_something_else_are_no_act(fed: Attacked, typ: str) -> None:
    ma = fed.bureaus[MA]
    _, signed = signed_past_the_rules(ma, information(), "et")
    other = cose.sign1(cose.payload_of(signed.head), typ, ma.signer())
    assert _delivered(fed, Signed(head=other, body=signed.body, salt=signed.salt)) == ["exchange.signature"]


def test_an_act_is_no_frame(fed: Attacked) -> None:
    ma, et = fed.bureaus[MA], fed.bureaus[ET]
    say(fed, MA, ET)
    (raw,) = deliveries(ma, "et")
    delivery = decode(raw, Delivery)
    head = cose.sign1(cose.payload_of(delivery.frame), HEAD, ma.signer())
    assert codes(inbox.receive(et, [encode(Delivery(frame=head, sealed=delivery.sealed))])) == ["malformed"]


def test_a_public_key_is_no_secret_of_an_hmac(fed: Attacked) -> None:
    key = fed.registry.profile(MA).current(KeyUse.SIGN)
    forger = Signer(key, lambda text: hmac.new(key.public, text, hashlib.sha512).digest())
    _, signed = signed_past_the_rules(fed.bureaus[MA], information(), "et", signer=forger)
    assert _delivered(fed, signed) == ["exchange.signature"]


def test_no_signature_is_no_signature(fed: Attacked) -> None:
    key = fed.registry.profile(MA).current(KeyUse.SIGN)
    for empty in (b"", bytes(64)):
        silent = Signer(key, partial(_signed, empty))
        _, signed = signed_past_the_rules(fed.bureaus[MA], information(), "et", signer=silent)
        assert _delivered(fed, signed)[0] in {"exchange.signature", "again"}


def _signed(signature: bytes, _: bytes) -> bytes:
    return signature


def test_the_algorithm_that_a_message_names_is_not_the_one_that_is_used(fed: Attacked) -> None:
    """A header for ES256 over an Ed25519 key of the registry: the registry says which it is."""
    ma = fed.bureaus[MA]
    signer = ma.signer()
    _, signed = signed_past_the_rules(ma, information(), "et")
    lying = Signer(Key(use=KeyUse.SIGN, suite=Suite.ES256, public=signer.key.public), signer.sign)
    head = cose.sign1(cose.payload_of(signed.head), HEAD, lying)
    assert _delivered(fed, Signed(head=head, body=signed.body, salt=signed.salt)) == ["exchange.signature"]


def test_a_key_that_opens_does_not_sign_and_one_of_a_relay_frames_no_act(fed: Attacked) -> None:
    ma, et = fed.bureaus[MA], fed.bureaus[ET]
    seal_key = fed.registry.profile(MA).current(KeyUse.SEAL)
    _, signed = signed_past_the_rules(ma, information(), "et", signer=Signer(seal_key, ma.signer().sign))
    assert _delivered(fed, signed) == ["exchange.signature"]
    raw = reframed(sealed(ma, "et", signed), fed.relays[R1]._signer())
    assert codes(inbox.receive(et, [raw])) == ["malformed"]


def test_a_checkpoint_and_a_receipt_are_no_delivery(fed: Attacked) -> None:
    et = fed.bureaus[ET]
    say(fed, MA, ET)
    fed.only(MA, ET)
    fed.carry()
    before = matter_of(et)
    junk = [jobs.checkpoint(fed.bureaus[MA]), *(answer for _, _, _, answer in fed.middle.heard)]
    assert set(codes(inbox.receive(et, junk))) == {"malformed"}
    assert matter_of(et) == before
