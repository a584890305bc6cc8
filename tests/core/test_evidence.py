"""What a proof file may say: every part is properly signed here, and yet the parts must belong together."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from comity.core.act import Act, Head
from comity.core.checkpoint import Checkpoint, cosign, sign
from comity.core.codec import encode
from comity.core.cose import Signer
from comity.core.errors import Malformed
from comity.core.evidence import (
    FORM,
    Answered,
    Findings,
    Logged,
    ProofFile,
    Registered,
    Spoken,
    check,
    format_proof,
    moment,
    parse_proof,
    smallest,
)
from comity.core.ids import BureauId, Digest, Millis, OrgId, act_id
from comity.core.leaf import Leaf, Way, commitment
from comity.core.log import Inclusion, TileId, append, leaf_hash, prove_inclusion, root_of
from comity.core.note import log_name, with_signatures, witness_name
from comity.core.receipt import Receipt, Receipts, RowProof, Rung, prove_row, rows_root
from comity.core.registry import Key, KeyUse, Profile, Suite
from tests.core.parties import ET, MA, NO, NOW, ORG, PARTIES, SALT, Measure, Word, approval, head_of, seed, signed

SECONDS = NOW // 1000


def log_private(bureau: str, use: KeyUse = KeyUse.LOG) -> Ed25519PrivateKey:
    """Return a bureau's key for its log or for cosignatures."""
    return Ed25519PrivateKey.from_private_bytes(seed(f"{bureau}.{use}"))


def profile(bureau: BureauId) -> Profile:
    """Return a bureau's profile with keys for log and cosignatures."""
    keys = tuple(
        Key(use=use, suite=Suite.ED25519, public=log_private(bureau, use).public_key().public_bytes_raw())
        for use in (KeyUse.LOG, KeyUse.WITNESS)
    )
    known = PARTIES[bureau].profile
    return replace(known, keys=(*known.keys, *keys), witness=True)


PROFILES = {bureau: profile(bureau) for bureau in PARTIES}
ASKED = head_of(Word(text="a sentence"), to=(ET, NO))
ID = act_id(encode(ASKED))
LEAF = Leaf(way=Way.SENT, act=Digest(ID), at=NOW)


def logged(leaf: Leaf = LEAF, by: BureauId = MA, witnesses: tuple[BureauId, ...] = (NO, ET), size: int = 5) -> Logged:
    """Return what a log shows of a leaf: the last but one of the tree."""
    others = [leaf_hash(bytes([number])) for number in range(size)]
    hashes = [*others[: size - 2], leaf_hash(commitment(leaf, SALT)), others[-1]]
    tiles = append(0, {}, hashes)
    proof = prove_inclusion(size - 2, size, lambda level, index: tiles[TileId(level, index)])
    name = log_name(ORG, by)
    note = sign(Checkpoint(name, size, root_of(hashes)), name, log_private(by))
    for witness in witnesses:
        line = cosign(note, witness_name(ORG, witness), log_private(witness, KeyUse.WITNESS), SECONDS)
        note = with_signatures(note, line)
    return Logged(leaf=encode(leaf), salt=SALT, index=size - 2, path=proof.path, checkpoint=note.decode())


def receipt_of(leaf: int = 3, **changes: Any) -> Receipt:  # noqa: ANN401 - fields of a receipt
    """Return a receipt for the act."""
    return replace(Receipt(act=Digest(ID), rung=Rung.RULED, leaf=leaf, at=NOW), **changes)


def answered(  # noqa: PLR0913 - each of them is a lie in some test
    receipt: Receipt, bureau: BureauId = NO, *, to: BureauId = MA, by: Signer | None = None, known: int = 5,
    kind: str = "exchange.receipts/1", head: dict[str, Any] | None = None,
) -> Answered:  # fmt: skip
    """Return a receipt as a proof file shows it, between two others."""
    batch = (receipt_of(1), receipt, receipt_of(2))
    name = log_name(ORG, bureau)
    mine = sign(Checkpoint(name, known, root_of([leaf_hash(b"")] * known)), name, log_private(bureau))
    act = Receipts(receipts=batch, mine=mine.decode())
    made = replace(head_of(act, bureau, (to,)), kind=kind, **(head or {}))
    row = prove_row(SALT, act.row_bytes(), 1)
    return Answered(
        head=signed(act, made, by).head, row=row.row, salt=row.salt, index=row.inclusion.index,
        size=row.inclusion.size, path=row.inclusion.path, checkpoint=mine.decode(),
    )  # fmt: skip


def file_of(**changes: Any) -> ProofFile:  # noqa: ANN401 - fields of a file
    """Return a whole proof file, with some parts changed."""
    whole = ProofFile(
        comity=FORM, org=ORG, by=MA, act=Spoken(head=signed(Word(text="a sentence"), ASKED).head), logged=logged(),
        receipts=(answered(receipt_of(), ET), answered(receipt_of())),
        registry=Registered(name="exercise", roots=(), memberships=()),
    )  # fmt: skip
    return replace(whole, **changes)


def checked(file: ProofFile) -> Findings:
    """Return what a file proves."""
    return check(parse_proof(format_proof(file)), PROFILES.values(), anchored=True)


def sentences(file: ProofFile, *, proven: bool = True) -> list[str]:
    """Return what a file proves, or only names."""
    return [each.statement for each in checked(file).findings if each.proven is proven]


def test_a_whole_file_proves_everything_that_it_says() -> None:
    assert checked(file_of()).verdict == "proven"


@pytest.mark.parametrize(
    ("receipt", "said"),
    [
        (receipt_of(rung=Rung.COMMITTED), "no committed it at leaf 3"),
        (receipt_of(), "no accepted it at leaf 3"),
        (receipt_of(code="rights.block"), "no refused it (rights.block) at leaf 3"),
        (receipt_of(rung=Rung.DECIDED, code="hit.confirmed"), "no decided on it (hit.confirmed) at leaf 3"),
        (receipt_of(rung=Rung.CARRIED), "no carried it at leaf 3"),
    ],
)
def test_each_rung_has_its_sentence(receipt: Receipt, said: str) -> None:
    file = file_of(receipts=(answered(receipt),))
    assert any(sentence.startswith(said) for sentence in sentences(file))


def test_a_commit_is_no_ruling() -> None:
    file = file_of(receipts=(answered(receipt_of(), ET), answered(receipt_of(rung=Rung.COMMITTED))))
    assert sentences(file, proven=False) == ["no ruled on it: no receipt that says so is in this file"]
    assert checked(file).verdict == "proven: 8 of 9 statements"


def test_a_checkpoint_without_witnesses_says_so() -> None:
    file = file_of(logged=logged(witnesses=()))
    assert sentences(file, proven=False) == ["another bureau cosigned that checkpoint: no cosignature is in this file"]


@pytest.mark.parametrize(
    ("leaf", "said"),
    [
        (replace(LEAF, way=Way.RECEIVED), "no logged it as received at leaf 3"),
        (replace(LEAF, way=Way.REFUSED, code="rights.block"), "no logged it as refused (rights.block) at leaf 3"),
    ],
)
def test_a_recipient_shows_its_own_leaf(leaf: Leaf, said: str) -> None:
    file = file_of(by=NO, logged=logged(leaf, NO, (MA, ET)), receipts=())
    assert any(sentence.startswith(said) for sentence in sentences(file))


def test_approvals_are_shown_with_officer_and_unit() -> None:
    act = Measure(text="out")
    head = head_of(act, to=(ET, NO))
    leaf = replace(LEAF, act=Digest(act_id(encode(head))))
    both = tuple(approval(head, officer) for officer in ("officer-1", "officer-2"))
    file = file_of(act=Spoken(head=signed(act, head).head, approvals=both), logged=logged(leaf), receipts=())
    assert [each for each in sentences(file) if each.startswith("officer")] == [
        "officer officer-1 of unit border of ma approved it",
        "officer officer-2 of unit crime of ma approved it",
    ]
    for lie in (approval(ASKED, "officer-1"), approval(head, "officer-1", unit="crime")):
        with pytest.raises(Malformed, match="approval"):
            checked(replace(file, act=replace(file.act, approvals=(lie,))))
    stranger = approval(head_of(act, NO), "officer-1")
    with pytest.raises(Malformed, match="nobody whom the profile of ma lists"):
        checked(replace(file, act=replace(file.act, approvals=(stranger,))))


def spoken(act: Act, head: Head, by: Signer | None = None) -> Spoken:
    """Return an act as a file shows it."""
    return Spoken(head=signed(act, head, by).head)


def without_line(note: str, number: int) -> str:
    """Return a note without one of its lines."""
    lines = note.splitlines(keepends=True)
    return "".join(lines[:number] + lines[number + 1 :])


SAME = Word(text="a sentence")
LESS = replace(ASKED, to=(NO,))
LESS_LEAF = replace(LEAF, act=Digest(act_id(encode(LESS))))
LIES = {
    "head of another sender": file_of(act=spoken(SAME, ASKED, PARTIES[NO].sign)),
    "head of another organisation": file_of(act=spoken(SAME, replace(ASKED, org=OrgId(ORG[:-1] + "0")))),
    "head of another act": file_of(act=spoken(SAME, replace(ASKED, seq=2))),
    "head as an approval": file_of(act=Spoken(head=approval(ASKED, "officer-1"))),
    "log of a stranger to the act": file_of(
        act=spoken(SAME, LESS), by=ET, logged=logged(by=ET, witnesses=())
    ),
    "text without salt": file_of(act=Spoken(head=signed(SAME, ASKED).head, body=b"")),
    "salt without text": file_of(act=Spoken(head=signed(SAME, ASKED).head, salt=SALT)),
    "another text": file_of(
        act=Spoken(head=signed(SAME, ASKED).head, body=signed(Word(text="a sentencE")).body, salt=SALT)
    ),
    "salt that is part of the text": file_of(
        act=Spoken(head=signed(SAME, ASKED).head, body=signed(SAME).body[1:], salt=SALT + signed(SAME).body[:1])
    ),
    "leaf as received at its sender": file_of(logged=logged(replace(LEAF, way=Way.RECEIVED))),
    "leaf as evidence": file_of(logged=logged(replace(LEAF, way=Way.EVIDENCE))),
    "leaf of another act": file_of(logged=logged(replace(LEAF, act=Digest(bytes(32))))),
    "leaf in another tree": file_of(logged=replace(logged(), checkpoint=logged(size=6).checkpoint)),
    "leaf beside the path": file_of(logged=replace(logged(), index=2)),
    "time later than any calendar": file_of(logged=logged(replace(LEAF, at=Millis(1 << 60)))),
    "checkpoint of another bureau": file_of(logged=replace(logged(), checkpoint=logged(by=NO).checkpoint)),
    "checkpoint without the log's signature": file_of(
        logged=replace(logged(), checkpoint=without_line(logged().checkpoint, 4))
    ),
    "checkpoint cosigned by its own log's bureau": file_of(logged=logged(witnesses=(MA,))),
    "checkpoint with a line of nobody": file_of(
        logged=replace(logged(), checkpoint=logged().checkpoint + "\N{EM DASH} stranger AAAAAAA=\n")
    ),
    "receipt of a stranger to the act": file_of(
        act=spoken(SAME, LESS), logged=logged(LESS_LEAF), receipts=(answered(receipt_of(act=LESS_LEAF.act), ET),)
    ),
    "receipt to somebody else": file_of(receipts=(answered(receipt_of(), to=ET),)),
    "receipt under the key of another": file_of(receipts=(answered(receipt_of(), by=PARTIES[ET].sign),)),
    "receipt for another act": file_of(receipts=(answered(receipt_of(act=Digest(bytes(32)))),)),
    "receipt of another kind": file_of(receipts=(answered(receipt_of(), kind="exchange.receipts/2"),)),
    "receipt for a leaf beyond the checkpoint": file_of(receipts=(answered(receipt_of(5), known=5),)),
    "receipt without rows in its head": file_of(receipts=(answered(receipt_of(), head={"rows": None}),)),
    "receipt with another place": file_of(receipts=(replace(answered(receipt_of()), index=0),)),
    "receipt among more than there were": file_of(receipts=(replace(answered(receipt_of()), size=4),)),
    "receipt among too many": file_of(receipts=(replace(answered(receipt_of()), size=1 << 62),)),
    "receipt at no place": file_of(receipts=(replace(answered(receipt_of()), index=-1),)),
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
def test_parts_that_do_not_belong_together_are_refused(name: str) -> None:
    with pytest.raises(Malformed):
        checked(LIES[name])


def test_a_key_of_another_use_signs_no_act() -> None:
    log = log_private(MA)
    key = Key(use=KeyUse.LOG, suite=Suite.ED25519, public=log.public_key().public_bytes_raw())
    with pytest.raises(Malformed, match="no profile in this file lists"):
        checked(file_of(act=spoken(SAME, ASKED, Signer(key, log.sign))))


def test_one_key_of_two_witnesses_is_refused() -> None:
    copied = tuple(key for key in PROFILES[NO].keys if key.use is KeyUse.WITNESS)
    rest = tuple(key for key in PROFILES[ET].keys if key.use is not KeyUse.WITNESS)
    profiles = {**PROFILES, ET: replace(PROFILES[ET], keys=(*rest, *copied))}
    with pytest.raises(Malformed):
        check(file_of(logged=logged(witnesses=(NO,))), profiles.values(), anchored=True)


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 7, 8, 9, 100, 256])
def test_the_place_of_a_row_tells_as_little_as_it_can(rows: int) -> None:
    every = tuple(bytes([number % 256, number // 256]) for number in range(rows))
    root = rows_root(SALT, every)
    for index in {0, rows // 2, rows - 1}:
        proof = prove_row(SALT, every, index)
        shown = smallest(proof, root)
        assert shown.inclusion.path == proof.inclusion.path
        assert index < shown.inclusion.size <= rows
        assert smallest(shown, root) == shown


def test_a_row_under_another_root_has_no_place() -> None:
    proof = RowProof(row=b"row", salt=SALT, inclusion=Inclusion(0, 1, ()))
    with pytest.raises(Malformed):
        smallest(proof, Digest(bytes(32)))


def test_a_moment_is_shown_in_utc_to_the_millisecond() -> None:
    assert moment(Millis(1_767_225_600_001)) == "2026-01-01T00:00:00.001Z"
    with pytest.raises(Malformed):
        moment(Millis(1 << 62))
