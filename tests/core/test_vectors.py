"""Golden bytes: what was written once is read for ever, and what must be refused is refused in its own way."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from comity.capabilities import ALL
from comity.core import cose
from comity.core.act import Act, Head, Kinds, body_digest, channel_of, encode_body, kind_of
from comity.core.carriage import read_carried, read_collect, read_returned
from comity.core.codec import decode, encode, unpack
from comity.core.envelope import Approval, Delivery, Frame, Signed, open_frame, open_sealed, read_approval
from comity.core.epoch import Epoch, read_statement
from comity.core.errors import Malformed
from comity.core.exchange import Proof, Refuse, admit, judge
from comity.core.ids import BureauId, Digest, act_id
from comity.core.leaf import Leaf, commitment
from comity.core.log import leaf_hash, verify_inclusion
from comity.core.receipt import RowProof, rows_root, verify_row
from comity.core.registry import Key
from tests.core import second_decoder
from tests.core.parties import MA, NO, NOW, ORG, PARTIES, Past, registry, seed, with_relays
from tests.vectors.examples import EXAMPLES
from tests.vectors.good import readable

PLACE = Path(__file__).parents[1] / "vectors"
KINDS = Kinds(type(example) for example in EXAMPLES)
CAPABLE = Kinds(act for capability in ALL for act in capability.acts)

Vector = dict[str, Any]


def load(path: Path) -> Vector:
    """Return a vector."""
    found: Vector = json.loads(path.read_bytes())
    return found


def structure(name: str) -> tuple[Vector, bytes]:
    """Return a structure's vector and its bytes."""
    return load(PLACE / "structures" / f"{name}.json"), (PLACE / "structures" / f"{name}.cbor").read_bytes()


def key_of(label: str) -> Key:
    """Return a signing key by its label in keys.json."""
    bureau, _, name = label.partition(".")
    party = PARTIES[BureauId(bureau)]
    return party.sign.key if name == "sign" else party.officers[name][1].key


def test_the_published_keys_are_those_of_the_parties() -> None:
    """So that whoever has the file can do what the tests do."""
    published = load(PLACE / "keys.json")
    assert published["org"] == ORG
    for label, key in published["keys"].items():
        if not label.endswith(".seal"):
            assert key_of(label).public.hex() == key["public"]
    for bureau, party in PARTIES.items():
        assert party.open.key.kid.hex() == published["keys"][f"{bureau}.seal"]["kid"]


@pytest.mark.parametrize("path", sorted((PLACE / "structures").glob("*.cbor")), ids=lambda path: path.stem)
def test_the_two_files_of_a_structure_hold_the_same_bytes(path: Path) -> None:
    """The readable one holds them as hexadecimal text."""
    assert load(path.with_suffix(".json"))["bytes"] == path.read_bytes().hex()


# --------------------------------------------------------------------------------------------------------------- acts


@pytest.mark.parametrize("path", sorted((PLACE / "acts").glob("*.json")), ids=lambda path: path.stem)
def test_every_body_says_what_its_readable_form_says(path: Path) -> None:
    """By the second decoder, for the kinds of capabilities too; the digest is the one over salt and body."""
    vector = load(path)
    body = bytes.fromhex(vector["body"])
    assert readable(second_decoder.decode(body)) == vector["act"]
    assert path.stem == vector["kind"].replace("/", ".")
    assert body_digest(bytes.fromhex(vector["salt"]), body).hex() == vector["digest"]


@pytest.mark.parametrize("example", EXAMPLES, ids=kind_of)
def test_every_kind_of_core_is_read_and_written_again(example: Act) -> None:
    """Body, head and id; the same value as the example that the vector was made of."""
    name = kind_of(example).replace("/", ".")
    vector = load(PLACE / "acts" / f"{name}.json")
    body = (PLACE / "acts" / f"{name}.cbor").read_bytes()
    assert body.hex() == vector["body"]
    act = KINDS.decode(vector["kind"], body)
    assert act == example
    assert encode_body(example) == body
    raw = bytes.fromhex(vector["head_bytes"])
    head = decode(raw, Head)
    assert readable(head) == vector["head"]
    assert (head.body.hex(), act_id(raw).hex()) == (vector["digest"], vector["id"])


# --------------------------------------------------------------------------------------------------------- structures


def test_the_head_has_its_id() -> None:
    """The SHA-256 of its bytes."""
    vector, raw = structure("head")
    head = decode(raw, Head)
    assert (readable(head), act_id(raw).hex()) == (vector["fields"], vector["id"])
    assert encode(head) == raw


@pytest.mark.parametrize("name", ["sign1-ed25519", "sign1-es256", "approval-ed25519", "approval-es256"])
def test_a_signature_verifies(name: str) -> None:
    """Under the key that the vector names; for an approval with its fields."""
    vector, raw = structure(name)
    assert cose.verify1(raw, vector["typ"], key_of(vector["key"])).hex() == vector["payload"]
    if "fields" in vector:
        assert readable(read_approval(raw, key_of(vector["key"]))) == vector["fields"]
        assert isinstance(decode(bytes.fromhex(vector["payload"]), Approval), Approval)


@pytest.mark.parametrize("name", ["signed", "signed-approved"])
def test_a_signed_act_holds_head_body_and_approvals(name: str) -> None:
    """The head's digest is the one of the body."""
    vector, raw = structure(name)
    signed = decode(raw, Signed)
    assert readable(signed) == vector["fields"]
    assert readable(unpack(signed.body)) == vector["body"]
    head = decode(cose.verify1(signed.head, "application/vnd.comity.head.v1", key_of("ma.sign")), Head)
    assert body_digest(signed.salt, signed.body) == head.body


@pytest.mark.parametrize("name", ["sealed-x25519", "sealed-mlkem768-x25519", "sealed-two"])
def test_an_envelope_opens_to_the_act_that_was_sealed(name: str) -> None:
    """With each of the keys that it is sealed to; sealing again would give other bytes."""
    vector, raw = structure(name)
    for label in vector["opens_with"]:
        signed = open_sealed(raw, [PARTIES[BureauId(label.partition(".")[0])].open])
        assert encode(signed).hex() == vector["signed"]


@pytest.mark.parametrize("suite", ["x25519", "mlkem768-x25519"])
def test_a_delivery_is_frame_and_envelope(suite: str) -> None:
    """The frame verifies and belongs to the envelope; the judge objects to nothing but the kind, which none is here."""
    vector, raw = structure(f"delivery-{suite}")
    delivery = decode(raw, Delivery)
    framed, frame_raw = structure(f"frame-{suite}")
    assert delivery.frame == frame_raw
    assert readable(open_frame(frame_raw, key_of(framed["key"]))) == framed["fields"]
    assert isinstance(open_frame(frame_raw, key_of(framed["key"])), Frame)
    assert delivery.sealed.hex() == framed["sealed"]
    assert judged(raw, vector["to"]) == "exchange.unknown-kind"


def test_a_channel_is_the_start_of_a_digest() -> None:
    """Of organisation, sender, stream and recipients."""
    vector, raw = structure("channel")
    assert channel_of(vector["org"], vector["sender"], tuple(vector["to"]), vector["stream"]) == raw


def test_a_leaf_has_its_commitment() -> None:
    """Salted."""
    vector, raw = structure("leaf")
    leaf = decode(raw, Leaf)
    assert readable(leaf) == vector["fields"]
    assert commitment(leaf, bytes.fromhex(vector["salt"])).hex() == vector["commitment"]


def test_a_row_is_proven() -> None:
    """Under the root of all rows."""
    vector, raw = structure("row-proof")
    every = tuple(bytes.fromhex(row) for row in vector["rows"])
    root = rows_root(bytes.fromhex(vector["salt"]), every)
    assert root.hex() == vector["root"]
    assert verify_row(root, decode(raw, RowProof)) == every[2]


def test_a_proof_shows_that_an_act_was_logged() -> None:
    """The leaf is about the act, and leads to the root."""
    vector, raw = structure("logged-proof")
    proof = decode(raw, Proof)
    assert proof.leaf.act.hex() == vector["act"]
    root = Digest(bytes.fromhex(vector["root"]))
    verify_inclusion(proof.inclusion, leaf_hash(commitment(proof.leaf, proof.salt)), root)


def test_a_relay_and_a_mailbox_speak_as_their_vectors_say() -> None:
    """The statement R0, what takes it back, and the poll."""
    relay = BureauId("relay-1")
    vector, raw = structure("carried")
    assert readable(read_carried(raw, with_relays(), relay)) == vector["fields"]
    vector, raw = structure("returned")
    assert readable(read_returned(raw, with_relays(), relay)) == vector["fields"]
    vector, raw = structure("collect")
    assert readable(read_collect(raw, with_relays(), relay, NOW)) == vector["fields"]


def test_a_statement_of_a_new_epoch_is_read_under_the_role_key() -> None:
    """It travels in the act that tells of it."""
    vector = load(PLACE / "acts" / "exchange.epoch.1.json")
    role = Ed25519PrivateKey.from_private_bytes(seed("ma.role")).public_key().public_bytes_raw()
    raw = KINDS.decode("exchange.epoch/1", bytes.fromhex(vector["body"]))
    assert isinstance(raw, Epoch)
    said = read_statement(raw.statement, registry(role_keys={MA: (role,)}))
    assert (said.bureau, said.epoch, said.size) == (MA, 3_158_643, 5)
    with pytest.raises(Malformed):
        read_statement(raw.statement, registry(role_keys={NO: (role,)}))


# ------------------------------------------------------------------------------------------------------ to be refused


def judged(raw: bytes, me: str) -> str:
    """Return the code with which a delivery is refused at `me`, where no kind is known."""
    delivery = decode(raw, Delivery)
    bureau = BureauId(me)
    frame = admit(delivery, registry(), bureau)
    openers = [PARTIES[bureau].open]
    ruled, _ = judge(
        delivery, frame, registry=registry(), me=bureau, openers=openers, kinds=Kinds(()), order=Past(), now=NOW
    )  # fmt: skip
    assert isinstance(ruled, Refuse)
    return ruled.refusal.code


READERS: dict[str, Callable[[Vector, bytes], object]] = {
    "value": lambda _, raw: unpack(raw),
    "head": lambda _, raw: decode(raw, Head),
    "sign1": lambda vector, raw: cose.verify1(raw, vector["typ"], key_of(vector["key"])),
    "sealed": lambda vector, raw: open_sealed(raw, [PARTIES[BureauId(vector["key"].partition(".")[0])].open]),
    "body": lambda vector, raw: CAPABLE.decode(vector["kind"], raw),
    "row-proof": lambda vector, raw: verify_row(Digest(bytes.fromhex(vector["root"])), decode(raw, RowProof)),
    "carried": lambda vector, raw: read_carried(raw, with_relays(), BureauId(vector["relay"])),
    "returned": lambda vector, raw: read_returned(raw, with_relays(), BureauId(vector["relay"])),
    "collect": lambda vector, raw: read_collect(raw, with_relays(), BureauId(vector["relay"]), NOW),
    "judge": lambda vector, raw: judged(raw, vector["me"]),
}


@pytest.mark.parametrize("path", sorted((PLACE / "bad").glob("*.malformed.json")), ids=lambda path: path.name[:-15])
def test_what_is_malformed_is_refused(path: Path) -> None:
    """By the reader that the vector names; a bare value by the second decoder too."""
    vector = load(path)
    raw = bytes.fromhex(vector["bytes"])
    with pytest.raises(Malformed):
        READERS[vector["reader"]](vector, raw)
    if vector["reader"] == "value":
        with pytest.raises(second_decoder.Wrong):
            second_decoder.decode(raw)


@pytest.mark.parametrize("path", sorted((PLACE / "bad").glob("*.refused.json")), ids=lambda path: path.name[:-13])
def test_what_is_refused_is_refused_with_its_code(path: Path) -> None:
    """The receipt that the sender gets says this code."""
    vector = load(path)
    assert judged(bytes.fromhex(vector["bytes"]), vector["me"]) == vector["code"]


def test_every_bad_vector_names_its_class() -> None:
    """`malformed` or `refused`; and there is a good number of each."""
    names = [path.name for path in (PLACE / "bad").iterdir()]
    classes = [name.split(".")[-2] for name in names]
    assert set(classes) == {"malformed", "refused"}
    assert (classes.count("malformed") >= 85, classes.count("refused") >= 7) == (True, True)
