"""The judge: one test for each numbered check, and the code that the sender is told."""

from typing import Any

import msgspec
import pytest

from comity.core.act import Kinds, body_digest, channel_of, encode_body, own_stream
from comity.core.codec import encode
from comity.core.cose import Signer
from comity.core.envelope import Delivery, Signed
from comity.core.errors import Malformed
from comity.core.exchange import SKEW, Accept, Again, Equivocation, Park, Refuse, Verdict, admit, judge
from comity.core.handling import Basis, Label
from comity.core.ids import BureauId, Digest, Millis, OrgId, act_id
from comity.core.registry import Accreditation, Registry, Standing
from comity.core.ruling import Refusal
from tests.core.parties import (
    ET,
    KINDS,
    MA,
    NO,
    NOW,
    ORG,
    PARTIES,
    SALT,
    Past,
    Rows,
    Word,
    deliver,
    head_of,
    registry,
    signed,
    signer,
    verdict,
)

WORD = Word(text="good evening")


def refused(ruled: Verdict) -> str:
    """Return the code of a verdict that is a refusal."""
    assert isinstance(ruled, Refuse), ruled
    return ruled.refusal.code


def said(**changes: Any) -> Signed:  # noqa: ANN401 - fields of a head
    """Return a word whose head has some fields changed."""
    return signed(WORD, head_of(WORD, **changes))


def test_a_good_act_is_accepted() -> None:
    """The road without an obstacle: the act, its id and its head."""
    ruled = verdict(deliver(signed(WORD)))
    assert isinstance(ruled, Accept)
    assert ruled.said.act == WORD
    assert ruled.said.id == act_id(encode(head_of(WORD)))


@pytest.mark.parametrize(("sender", "me"), [(MA, ET), (ET, NO)])
def test_both_suites_of_signatures_and_envelopes_are_accepted(sender: BureauId, me: BureauId) -> None:
    """Ed25519 to X25519, and ES256 to the hybrid suite."""
    content = signed(WORD, head_of(WORD, sender=sender, to=(me,)))
    assert isinstance(verdict(deliver(content, me, sender), me=me), Accept)


# --------------------------------------------------------------------------------------------- 1: turned away at once


def test_a_frame_under_an_unregistered_key_is_turned_away() -> None:
    """Check 1: nobody we know."""
    with pytest.raises(Malformed, match="no bureau has registered"):
        verdict(deliver(signed(WORD), by=signer("stranger")))


def test_a_frame_with_a_forged_signature_is_turned_away() -> None:
    """Check 1: it names a registered key and is signed by another."""
    forger = Signer(PARTIES[MA].sign.key, signer("stranger").sign)
    with pytest.raises(Malformed, match="does not verify"):
        verdict(deliver(signed(WORD), by=forger))


def test_a_frame_that_names_another_sender_is_turned_away() -> None:
    """Check 1: the owner of the key is the sender."""
    with pytest.raises(Malformed, match="another sender"):
        verdict(deliver(signed(WORD), sender=ET, by=PARTIES[MA].sign))


def test_a_frame_addressed_to_somebody_else_is_turned_away() -> None:
    """Check 1: a carrier's mistake, or worse."""
    with pytest.raises(Malformed, match="addressed to et"):
        verdict(deliver(signed(WORD), to=ET))


def test_a_frame_of_another_organisation_is_turned_away() -> None:
    """Check 1: the same keys may serve in two organisations."""
    other = registry(org=OrgId("other-" + "0" * 32))
    with pytest.raises(Malformed, match="another organisation"):
        verdict(deliver(signed(WORD)), world=other)


def standing(bureau: BureauId, how: Standing, **more: Any) -> Registry:  # noqa: ANN401 - fields of an accreditation
    """Return a registry in which a bureau's standing is changed."""
    changed = Accreditation(bureau=bureau, standing=how, since=Millis(0), decided_by="assembly", **more)
    return registry(accreditations={**registry().accreditations, bureau: changed})


def test_an_ejected_bureau_is_turned_away() -> None:
    """Check 1: out for good, so not even a refusal is owed."""
    with pytest.raises(Malformed, match="no member"):
        verdict(deliver(signed(WORD)), world=standing(MA, Standing.EJECTED))


def test_a_frame_beside_other_sealed_bytes_is_turned_away() -> None:
    """Check 1: the frame holds the digest of the sealed bytes."""
    one, other = deliver(signed(WORD)), deliver(said(seq=2))
    with pytest.raises(Malformed, match="another envelope"):
        verdict(Delivery(frame=one.frame, sealed=other.sealed))


# ------------------------------------------------------------------------------------------------------ 2 to 5: genuine


def test_an_envelope_that_is_not_sealed_to_us_is_refused() -> None:
    """Check 2: framed to us, sealed to somebody else."""
    delivery = deliver(signed(WORD))
    world = registry()
    frame = admit(delivery, world, NO)
    ruled, opened = judge(
        delivery, frame, registry=world, me=NO, openers=[PARTIES[ET].open], kinds=KINDS, order=Past(), now=NOW
    )  # fmt: skip
    assert refused(ruled) == "exchange.sealed"
    assert opened is None
    assert isinstance(ruled, Refuse)
    assert not ruled.numbered


@pytest.mark.parametrize(
    "by", [signer("stranger"), Signer(PARTIES[MA].sign.key, signer("stranger").sign)], ids=["unregistered", "forged"]
)
def test_a_head_with_a_forged_signature_is_refused(by: Signer) -> None:
    """Check 3: an unregistered key, and a registered key that did not sign."""
    assert refused(verdict(deliver(signed(WORD, by=by)))) == "exchange.signature"


def test_a_head_that_names_another_sender_than_its_key_is_refused() -> None:
    """Check 3: et signs a head that claims to be by ma."""
    assert refused(verdict(deliver(signed(WORD, by=PARTIES[ET].sign)))) == "exchange.signature"


def test_an_officers_key_signs_no_head() -> None:
    """Check 3: a key of one use is refused in every other."""
    _, by = PARTIES[MA].officers["officer-1"]
    assert refused(verdict(deliver(signed(WORD, by=by)))) == "exchange.signature"


def test_an_act_passed_on_by_another_bureau_is_refused() -> None:
    """Check 4: et was a recipient, and frames ma's act again to no."""
    content = said(to=(ET, NO))
    ruled = verdict(deliver(content, sender=ET))
    assert refused(ruled) == "exchange.forwarded"


def test_an_act_of_another_organisation_is_refused() -> None:
    """Check 4: signed by the same key for another registry."""
    other = OrgId("other-" + "0" * 32)
    ruled = verdict(deliver(said(org=other, channel=channel_of(other, MA, (NO,)))))
    assert refused(ruled) == "exchange.organisation"


def test_an_act_that_does_not_name_us_is_refused() -> None:
    """Check 5: the sender wrote to et, and sealed it to us."""
    assert refused(verdict(deliver(said(to=(ET,))))) == "exchange.recipient"


def test_an_act_in_the_channel_of_other_recipients_is_refused() -> None:
    """Check 5: a number in a channel must count for all who are in it."""
    assert refused(verdict(deliver(said(channel=channel_of(ORG, MA, (ET, NO)))))) == "exchange.channel"


@pytest.mark.parametrize("stream", ["acts", "receipts", "own"])
def test_each_stream_of_the_recipients_is_accepted(stream: str) -> None:
    """Check 5: acts, receipts, and the channel of an act of its own."""
    name = own_stream(head_of(WORD).body) if stream == "own" else stream
    assert isinstance(verdict(deliver(said(channel=channel_of(ORG, MA, (NO,), name)))), Accept)


@pytest.mark.parametrize("code", ["forwarded", "organisation", "recipient", "channel", "revoked"])
def test_a_refusal_that_others_can_bring_about_takes_no_number(code: str) -> None:
    """Or whoever passes an act on could make the genuine one, still on its way, look like a repetition."""
    ruled = verdict(deliver(said(to=(ET, NO)), sender=ET))
    assert isinstance(ruled, Refuse)
    assert not ruled.numbered
    assert not Refuse(Refusal(f"exchange.{code}", ""), ruled.said).numbered
    assert Refuse(Refusal("handling.expired", ""), ruled.said).numbered


# ----------------------------------------------------------------------------------------------------------- 7: content


@pytest.mark.parametrize(
    "change",
    [{"body": encode_body(Word(text="good morning"))}, {"body": b""}, {"salt": bytes(32)}, {"salt": b""}],
    ids=["other-body", "no-body", "other-salt", "no-salt"],
)
def test_an_altered_body_is_refused(change: dict[str, bytes]) -> None:
    """Check 7: the head holds the salted digest."""
    content = msgspec.structs.replace(signed(WORD), **change)
    assert refused(verdict(deliver(content))) == "exchange.malformed"


def test_salt_and_body_cannot_be_cut_at_another_place() -> None:
    """Check 7: the digest runs over salt and body in one, and the size in the head says where one ends."""
    whole = signed(WORD)
    content = msgspec.structs.replace(whole, salt=whole.salt + whole.body[:1], body=whole.body[1:])
    assert refused(verdict(deliver(content))) == "exchange.malformed"


@pytest.mark.parametrize("rows", [None, Digest(bytes(32))], ids=["no-root", "other-root"])
def test_rows_that_the_head_does_not_hold_are_refused(rows: Digest | None) -> None:
    """Check 7: an act of many rows, under a head without or with another root; and a root without rows."""
    act = Rows(rows=("one", "two"))
    assert isinstance(verdict(deliver(signed(act))), Accept)
    assert refused(verdict(deliver(signed(act, head_of(act, rows=rows))))) == "exchange.malformed"
    assert refused(verdict(deliver(said(rows=Digest(bytes(32)))))) == "exchange.malformed"


# ------------------------------------------------------------------------------------------------------ 8 and 9: order


def test_the_same_act_again_is_answered_again_and_nothing_else() -> None:
    """Check 8: known by number and id; the verdict names it."""
    head = head_of(WORD)
    past = Past(numbers={(MA, head.channel, 1, 1): act_id(encode(head))})
    assert verdict(deliver(signed(WORD)), past=past) == Again(act_id(encode(head)))


def test_two_acts_under_one_number_are_evidence() -> None:
    """Check 8: the sender signed both."""
    head = head_of(WORD)
    first = act_id(b"another head")
    ruled = verdict(deliver(signed(WORD)), past=Past(numbers={(MA, head.channel, 1, 1): first}))
    assert isinstance(ruled, Equivocation)
    assert ruled.other == first
    assert ruled.said.id == act_id(encode(head))


@pytest.mark.parametrize("place", [{"seq": 2}, {"epoch": 2}])
def test_another_number_or_epoch_is_another_act(place: dict[str, int]) -> None:
    """Check 8: a restored store goes on in a new epoch."""
    head = head_of(WORD)
    past = Past(numbers={(MA, head.channel, 1, 1): act_id(encode(head))})
    assert isinstance(verdict(deliver(said(**place)), past=past), Accept)


def test_an_act_from_the_future_is_parked_until_it_may_be_true() -> None:
    """Check 9: more than ten minutes ahead; exactly ten are allowed."""
    late = Millis(NOW + SKEW)
    assert isinstance(verdict(deliver(said(said=late))), Accept)
    ruled = verdict(deliver(said(said=Millis(late + 1))))
    assert isinstance(ruled, Park)
    assert (ruled.reason.code, ruled.until) == ("exchange.future", NOW + 1)


def test_an_old_act_is_accepted() -> None:
    """Check 9: age alone is never a reason (decision 0009); mail for absent bureaus arrives late."""
    assert isinstance(verdict(deliver(said(said=Millis(0)))), Accept)


# ------------------------------------------------------------------------------------------------- 10 to 13: permission


@pytest.mark.parametrize(
    ("how", "more", "code"),
    [
        (Standing.SUSPENDED, {}, "registry.suspended"),
        (Standing.SUSPENDED, {"until": NOW + 1}, "registry.suspended"),
        (Standing.RESTRICTED, {"functions": ("messages",)}, "registry.restricted"),
        (Standing.MEMBER, {"until": NOW - 1}, "registry.ended"),
    ],
)
def test_what_a_measure_forbids_is_refused(how: Standing, more: dict[str, Any], code: str) -> None:
    """Check 10: suspended, restricted to other functions, accreditation ended."""
    assert refused(verdict(deliver(signed(WORD)), world=standing(MA, how, **more))) == code


@pytest.mark.parametrize(
    ("how", "more"), [(Standing.SUSPENDED, {"until": NOW - 1}), (Standing.RESTRICTED, {"functions": ("example",)})]
)
def test_what_a_measure_leaves_is_accepted(how: Standing, more: dict[str, Any]) -> None:
    """Check 10: a measure that is over, and a function that was left."""
    assert isinstance(verdict(deliver(signed(WORD)), world=standing(MA, how, **more)), Accept)


def test_an_unknown_kind_is_refused_and_kept() -> None:
    """Check 11: the verdict holds the act as it came."""
    delivery = deliver(signed(WORD))
    world = registry()
    frame = admit(delivery, world, NO)
    ruled, opened = judge(
        delivery, frame, registry=world, me=NO, openers=[PARTIES[NO].open], kinds=Kinds(()), order=Past(), now=NOW
    )  # fmt: skip
    assert refused(ruled) == "exchange.unknown-kind"
    assert opened is not None
    assert opened.body == encode_body(WORD)


@pytest.mark.parametrize(
    "body",
    [
        encode({"kind": "example.word/1", "text": "a", "more": "b"}),
        encode({"kind": "example.word/1", "text": 7}),
        encode({"kind": "example.rows/1", "rows": []}),
        encode_body(WORD) + b"\x00",
        bytes.fromhex("bf646b696e646e6578616d706c652e776f72642f3164746578746161ff"),
    ],
    ids=["unknown-field", "wrong-type", "other-kind", "trailing-byte", "indefinite"],
)
def test_a_body_that_is_not_its_canonical_form_is_refused(body: bytes) -> None:
    """Check 11: though the head holds its digest."""
    head = head_of(WORD, body=body_digest(SALT, body), size=len(body))
    content = msgspec.structs.replace(signed(WORD, head), body=body)
    assert refused(verdict(deliver(content))) == "exchange.malformed"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"label": Label(audience=(MA,))}, "handling.audience"),
        ({"label": Label(expires=NOW)}, "handling.expired"),
        ({"basis": Basis(law="C 4", until=NOW)}, "handling.basis"),
    ],
    ids=["audience", "label", "basis"],
)
def test_what_label_and_basis_forbid_is_refused(change: dict[str, Any], code: str) -> None:
    """Check 13: outside the audience, label expired, basis ended; by our clock when it arrives."""
    assert refused(verdict(deliver(said(**change)))) == code


def test_a_refusal_says_nothing_of_the_content() -> None:
    """Reasons travel in receipts and stand in logs."""
    canary = Word(text="canary of the text")
    for content in (
        signed(canary, head_of(canary, to=(ET,))),
        signed(canary, head_of(canary, size=1)),
        signed(canary, head_of(canary, label=Label(expires=NOW))),
        signed(canary, by=signer("stranger")),
    ):
        ruled = verdict(deliver(content))
        assert isinstance(ruled, Refuse)
        assert "canary" not in str(ruled.refusal)
