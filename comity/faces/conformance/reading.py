"""How this software answers `decode` and `verify`: one structure or file, and nothing that is kept.

Each reader is the one that a node uses. What it gives back is what the structure says, spelled again, so that a reader
that takes bytes without understanding them cannot pass.
"""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from comity.app import CAPABILITIES
from comity.core import cose
from comity.core.act import Act, Head, Kinds, encode_body
from comity.core.carriage import read_carried, read_collect, read_returned
from comity.core.codec import NO_JSON, decode, encode, from_json, unpack
from comity.core.contradiction import is_evidence, parse_evidence
from comity.core.cose import Opener
from comity.core.envelope import Delivery, Frame, Signed, open_sealed
from comity.core.errors import Malformed, Misused, Refused
from comity.core.evidence import parse_proof
from comity.core.exchange import Proof, admit, examine
from comity.core.ids import BureauId, Digest, Millis, OrgId, act_id
from comity.core.leaf import Leaf, commitment
from comity.core.log import leaf_hash, verify_inclusion
from comity.core.note import parse_note
from comity.core.receipt import Receipt, RowProof, verify_row
from comity.core.registry import Accreditation, Policy, Profile, Registry, Role
from comity.faces.conformance import protocol
from comity.faces.conformance.protocol import Decode, Decoded, Verdict, Verify
from comity.node import anchor as anchors
from comity.node import contradictions, keyring, proof
from comity.node.anchor import Anchor
from comity.node.home import BUILT_IN

KINDS = Kinds((*BUILT_IN, *(act for capability in CAPABILITIES for act in capability.acts)))


def decoded(asked: Decode) -> Decoded:
    """Return what a structure says, in its one spelling.

    Raises:
        Malformed: it is not what it claims.
        Refused: a delivery that is refused with a receipt.
        Unsupported: there is no such structure.

    """
    reader = _READERS.get(asked.structure)
    if reader is None:
        raise protocol.Unsupported(f"the structure {asked.structure}")
    return Decoded(raw=reader(asked))


def _body(asked: Decode) -> bytes:
    act = KINDS.decode(_given(asked.kind, "kind"), asked.raw)
    return encode_body(act) if isinstance(act, Act) else act.body


def _sign1(asked: Decode) -> bytes:
    return cose.verify1(asked.raw, _given(asked.typ, "typ"), _given(asked.key, "key"))


def _sealed(asked: Decode) -> bytes:
    return encode(open_sealed(asked.raw, [_opener(asked)]))


def _delivery(asked: Decode) -> bytes:
    """Checks 1 to 5 and 7 of the wire's section 8: those that ask neither the past nor the time."""
    delivery = decode(asked.raw, Delivery)
    registry, me = _registry(asked), _given(asked.me, "me")
    frame = admit(delivery, registry, me)
    examined = examine(delivery, frame, registry=registry, me=me, openers=[_opener(asked)], kinds=Kinds(()))
    if examined.flaw is not None or examined.signed is None:
        raise Refused(examined.flaw) if examined.flaw is not None else Malformed("an envelope that did not open")
    return encode(examined.signed)


def _row(asked: Decode) -> bytes:
    return verify_row(Digest(_given(asked.root, "root")), decode(asked.raw, RowProof))


def _logged(asked: Decode) -> bytes:
    shown = decode(asked.raw, Proof)
    verify_inclusion(shown.inclusion, leaf_hash(commitment(shown.leaf, shown.salt)), Digest(_given(asked.root, "root")))
    return encode(shown.leaf)


def _carriage(asked: Decode) -> bytes:
    registry, relay = _registry(asked), _given(asked.me, "me")
    if asked.structure == "collect":
        return encode(read_collect(asked.raw, registry, relay, _given(asked.now, "now")))
    read = read_carried if asked.structure == "carried" else read_returned
    return encode(read(asked.raw, registry, relay))


def anchor_in(raw: bytes) -> Anchor:
    """Return the anchor in a file that was handed over, checked.

    Raises:
        Malformed: it is none, or does not hold.

    """
    try:
        return anchors.checked(from_json(raw, Anchor))
    except NO_JSON:
        raise Malformed(f"{len(raw)} bytes are no anchor") from None


def _plain(kind: type[msgspec.Struct]) -> Callable[[Decode], bytes]:
    return lambda asked: encode(decode(asked.raw, kind))


_READERS: dict[str, Callable[[Decode], bytes]] = {
    "value": lambda asked: encode(unpack(asked.raw)), "head": _plain(Head), "frame": _plain(Frame),
    "leaf": _plain(Leaf), "signed": _plain(Signed), "body": _body, "sign1": _sign1, "sealed": _sealed,
    "delivery": _delivery, "row-proof": _row, "logged-proof": _logged, "carried": _carriage, "returned": _carriage,
    "collect": _carriage, "anchor": lambda asked: anchor_in(asked.raw).org.encode(),
}  # fmt: skip
STRUCTURES = tuple(_READERS)
"""What can be decoded."""

T = TypeVar("T")


def _given(value: T | None, name: str) -> T:
    if value is None:
        raise Misused(f"this structure cannot be decoded without `{name}`")
    return value


def _opener(asked: Decode) -> Opener:
    key, secret = _given(asked.key, "key"), _given(asked.secret, "secret")
    private, _ = keyring.restored(key.suite, secret)
    return Opener(key, private)  # type: ignore[arg-type]


def _registry(asked: Decode) -> Registry:
    """Return a registry of these parties; who is in it was verified by nobody, which is what `decode` is for."""
    org = OrgId(_given(asked.org, "org"))
    members = {
        each.bureau: Accreditation(
            bureau=each.bureau, role=Role.RELAY if each.relay else Role.BUREAU, since=Millis(0), decided_by="suite"
        )
        for each in asked.parties
    }
    profiles = {
        each.bureau: Profile(bureau=each.bureau, name=each.bureau, version=1, keys=each.keys) for each in asked.parties
    }
    policy = Policy(name="suite", custodians=1, threshold=1, languages=("en",))
    return Registry(org=org, version=1, expires=Millis(2**53), policy=policy, accreditations=members, profiles=profiles)


# Files for outsiders.


def verified(asked: Verify) -> Verdict:
    """Return what a proof file or an evidence file shows, once all of it has been checked.

    Raises:
        Malformed: something in it does not hold.

    """
    raw = asked.file.encode()
    anchor = None if asked.anchor is None else anchor_in(asked.anchor.encode())
    if is_evidence(raw):
        contradictions.verify(raw, anchor)
        shown = parse_evidence(raw)
        return Verdict(what=shown.what, bureau=shown.against)
    proof.verify(raw, anchor)
    file = parse_proof(raw)
    payload = cose.payload_of(file.act.head)
    head = decode(payload, Head)
    names = {line.name for line in parse_note(file.logged.checkpoint.encode()).signatures}
    witnesses = sorted(name.split("/")[1] for name in names if name.endswith("/witness"))
    answers = []
    for each in file.receipts:
        receipt = decode(each.row, Receipt)
        signer = decode(cose.payload_of(each.head), Head).sender
        answers.append(protocol.Answer(by=signer, rung=int(receipt.rung), code=receipt.code))
    return Verdict(
        what="proof", bureau=head.sender, act=act_id(payload), log=file.by,
        witnesses=tuple(BureauId(name) for name in witnesses), answers=tuple(answers),
    )  # fmt: skip
