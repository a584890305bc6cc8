"""The judge on keys: what a revoked one may still say (check 6), and what two officers must sign (check 12)."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from comity.core.act import Author, Head
from comity.core.codec import decode, encode
from comity.core.cose import Signer
from comity.core.envelope import Approval, Delivery, Signed, approve
from comity.core.exchange import Accept, Proof, Refuse, Verdict
from comity.core.ids import Digest, act_id
from comity.core.leaf import Leaf, Way, commitment
from comity.core.log import TileId, append, leaf_hash, prove_inclusion, root_of
from comity.core.registry import Profile, Registry, Revocation
from tests.core.parties import (
    ET,
    MA,
    NOW,
    ORG,
    PARTIES,
    Measure,
    Past,
    Word,
    approval,
    deliver,
    head_of,
    registry,
    signed,
    signer,
    verdict,
)  # fmt: skip

WORD = Word(text="good evening")
MEASURE = Measure(text="restrict")


def refused(ruled: Verdict) -> str:
    """Return the code of a verdict that is a refusal."""
    assert isinstance(ruled, Refuse), ruled
    return ruled.refusal.code


# -------------------------------------------------------------------------------------------------------- 6: revocation


LOG_SALT = bytes(range(32))


def log_of(content: Signed, way: Way = Way.SENT) -> tuple[list[Digest], Leaf]:
    """Return the leaf hashes of a log of five whose third leaf is this act."""
    payload = encode(head_of(WORD))
    leaf = Leaf(way=way, act=Digest(act_id(payload)), at=NOW)
    other = Leaf(way=Way.SENT, act=Digest(bytes(32)), at=NOW)
    assert content.head
    entries = [commitment(leaf if n == 2 else other, LOG_SALT) for n in range(5)]
    return [leaf_hash(entry) for entry in entries], leaf


def proof(content: Signed, size: int, way: Way = Way.SENT) -> bytes:
    """Return the proof that the act was in the log at this size."""
    hashes, leaf = log_of(content, way)
    tiles = append(0, {}, hashes)
    inclusion = prove_inclusion(2, size, lambda level, index: tiles[TileId(level, index)])
    return encode(Proof(leaf=leaf, salt=LOG_SALT, inclusion=inclusion))


def revoking(*keys: Any, size: int = 4, way: Way = Way.SENT) -> Registry:  # noqa: ANN401 - keys
    """Return a registry in which keys of ma are revoked at this size of its log."""
    root = root_of(log_of(signed(WORD), way)[0][:size])
    return registry(
        revocations=tuple(Revocation(bureau=MA, kid=key.kid, size=size, root=root, decided_by="ma") for key in keys)
    )


NEW = signer("ma.sign.new")


def with_new_key(world: Registry) -> Registry:
    """Return the registry after ma has registered a new key beside the old one."""
    old = world.profiles[MA]
    profile = msgspec.structs.replace(old, keys=(NEW.key, *old.keys))
    return msgspec.structs.replace(world, profiles={**world.profiles, MA: profile})


def under_old_key(
    evidence: bytes | None, world: Registry, past: Past | None = None, framed_by: Signer = NEW
) -> Verdict:
    """Judge an act signed with ma's old key and framed with another."""
    delivery = msgspec.structs.replace(deliver(signed(WORD), by=framed_by), proof=evidence)
    return verdict(delivery, world=with_new_key(world), past=past)


OLD = PARTIES[MA].sign


def test_an_act_under_a_revoked_key_is_refused() -> None:
    """Check 6: without proof."""
    assert refused(under_old_key(None, revoking(OLD.key))) == "exchange.revoked"


def test_an_act_that_was_logged_before_the_cut_is_accepted() -> None:
    """Check 6: with a proof up to the checkpoint that the revocation names."""
    assert isinstance(under_old_key(proof(signed(WORD), 4), revoking(OLD.key)), Accept)


@pytest.mark.parametrize("size", [3, 5])
def test_a_proof_up_to_another_size_is_refused(size: int) -> None:
    """Check 6: only the checkpoint that the revocation names is known to be good."""
    assert refused(under_old_key(proof(signed(WORD), size), revoking(OLD.key))) == "exchange.revoked"


def misleading() -> bytes:
    """Return a proof up to the right size whose path leads elsewhere."""
    good = decode(proof(signed(WORD), 4), Proof)
    path = (Digest(bytes(32)), *good.inclusion.path[1:])
    return encode(msgspec.structs.replace(good, inclusion=msgspec.structs.replace(good.inclusion, path=path)))


@pytest.mark.parametrize(
    "evidence",
    [b"", b"\xa0", proof(signed(WORD), 4, Way.RECEIVED), proof(signed(WORD), 4)[:-1], misleading()],
    ids=["nothing", "empty", "received", "cut-short", "misleading"],
)
def test_a_proof_of_something_else_is_refused(evidence: bytes) -> None:
    """Check 6: nonsense, a leaf that says "received", a proof cut short, a path to another root."""
    assert refused(under_old_key(evidence, revoking(OLD.key))) == "exchange.revoked"
    assert refused(under_old_key(evidence, revoking(OLD.key, way=Way.RECEIVED))) == "exchange.revoked"


def test_an_act_that_we_had_received_before_is_accepted_under_a_revoked_key() -> None:
    """Check 6: our own log is proof enough."""
    past = Past(received=frozenset({act_id(encode(head_of(WORD)))}))
    assert isinstance(under_old_key(None, revoking(OLD.key), past), Accept)


def test_a_revoked_key_frames_nothing() -> None:
    """Check 6: with a stolen key, a genuine head could be delivered beside another body."""
    assert refused(under_old_key(None, revoking(NEW.key))) == "exchange.revoked"


def test_an_approval_under_a_revoked_officers_key_does_not_count() -> None:
    """Check 6: the officers' keys can be revoked like the bureau's."""
    _, by = PARTIES[MA].officers["officer-2"]
    assert refused(verdict(measure("officer-1", "officer-2"), world=revoking(by.key))) == "exchange.revoked"


def test_the_revocation_of_another_bureaus_key_changes_nothing() -> None:
    """Check 6: a revocation counts for its own bureau's key only."""
    theirs = deliver(signed(WORD, head_of(WORD, sender=ET)), sender=ET)
    assert isinstance(verdict(theirs, world=revoking(PARTIES[ET].sign.key)), Accept)


# -------------------------------------------------------------------------------------------------- 12: two persons


def measure(
    *officers: str, author: str = "officer-9", forge: Callable[[Head], tuple[bytes, ...]] | None = None
) -> Delivery:
    """Return the delivery of an act for two persons with the approvals of these officers."""
    head = head_of(MEASURE, author=Author(officer=author, unit="crime"))
    approvals = forge(head) if forge else tuple(approval(head, officer) for officer in officers)
    return deliver(signed(MEASURE, head, approvals=approvals))


def test_two_officers_of_different_units_approve() -> None:
    """Check 12: both are named with the act; one key is Ed25519, the other ES256."""
    ruled = verdict(measure("officer-1", "officer-2"))
    assert isinstance(ruled, Accept)
    assert [(who.officer, who.unit) for who in ruled.said.approvers] == [
        ("officer-1", "border"),
        ("officer-2", "crime"),
    ]


@pytest.mark.parametrize(
    "officers",
    [(), ("officer-1",), ("officer-1", "officer-1"), ("officer-2", "officer-3")],
    ids=["none", "one", "one-twice", "one-unit"],
)
def test_fewer_than_two_persons_of_two_units_are_refused(officers: tuple[str, ...]) -> None:
    """Check 12."""
    assert refused(verdict(measure(*officers))) == "exchange.two-persons"


def test_nobody_approves_their_own_proposal() -> None:
    """Check 12: the author among the approvers, also when two others approve as well."""
    assert refused(verdict(measure("officer-1", "officer-2", author="officer-1"))) == "exchange.two-persons"
    assert (
        refused(verdict(measure("officer-1", "officer-2", "officer-3", author="officer-3"))) == "exchange.two-persons"
    )


def test_a_measure_without_an_author_is_refused() -> None:
    """Check 12: or the author could approve without anybody seeing it."""
    head = head_of(MEASURE, author=None)
    approvals = (approval(head, "officer-1"), approval(head, "officer-2"))
    assert refused(verdict(deliver(signed(MEASURE, head, approvals=approvals)))) == "exchange.two-persons"


def forged(head: Head) -> tuple[bytes, ...]:
    """Approve with a key that nobody listed."""
    strangers = {"officer-1": ("border", signer("stranger")), "officer-2": ("crime", signer("other"))}
    mine = PARTIES[MA]
    PARTIES[MA] = mine._replace(officers=strangers)
    try:
        return tuple(approval(head, officer) for officer in strangers)
    finally:
        PARTIES[MA] = mine


def lying(head: Head) -> bytes:
    """Approve in the name of another officer."""
    unit, by = PARTIES[MA].officers["officer-1"]
    return approve(Approval(org=ORG, act=act_id(encode(head)), officer="officer-2", unit=unit), by)


FORGERIES: dict[str, Callable[[Head], tuple[bytes, ...]]] = {
    "unlisted-key": forged,
    "other-act": lambda _: (approval(head_of(WORD), "officer-1"), approval(head_of(WORD), "officer-2")),
    "other-unit": lambda head: (approval(head, "officer-2"), approval(head, "officer-3", unit="border")),
    "other-officer": lambda head: (approval(head, "officer-2"), lying(head)),
    "other-organisation": lambda head: (approval(head, "officer-1"), approval(head, "officer-2", org="other")),
    "flipped": lambda head: (approval(head, "officer-1"), approval(head, "officer-2")[:-1] + b"\x00"),
    "no-signature": lambda head: (approval(head, "officer-1"), b"approved"),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_forged_approval_is_refused(forge: Callable[[Head], tuple[bytes, ...]]) -> None:
    """Check 12: each approval must be for this act, by a listed officer, in that officer's unit."""
    assert refused(verdict(measure(forge=forge))) == "exchange.malformed"


def test_officers_of_another_bureau_do_not_count() -> None:
    """Check 12: only those whom the sender's own profile lists."""
    profile = PARTIES[MA].profile
    without = Profile(bureau=MA, name=profile.name, version=1, keys=profile.keys)
    world = registry(profiles={**registry().profiles, MA: without})
    assert refused(verdict(measure("officer-1", "officer-2"), world=world)) == "exchange.malformed"
