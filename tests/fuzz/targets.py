"""What anybody's bytes reach: one function for each decoder, and what must hold of whatever it is handed (attack 21).

A decoder answers with a value or with the errors that it declares, and with nothing else. What it accepts has one
spelling: written again, it is the same bytes. Where bytes count only under a signature, the function signs them first,
so that what lies behind the signature is reached too. Time and memory are bounded by the fuzzer (`run.py`).
"""

import hashlib
import io
import os
import zlib
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import cbor2
import msgspec
from tuf.api.metadata import (  # type: ignore[attr-defined]  # its documented names, which it does not mark as exported
    Root,
    Snapshot,
    Targets,
    Timestamp,
)

from comity.capabilities import ALL
from comity.capabilities.records.acts import Batch, spelled_rows, unpack_rows
from comity.core import cose, note, registry
from comity.core.act import Head, Kinds, body_digest
from comity.core.carriage import CARRIED, COLLECT, Carried, Collect, read_carried, read_collect
from comity.core.checkpoint import cosigners, format_checkpoint, format_request, parse_checkpoint, parse_request
from comity.core.codec import decode, encode, unpack
from comity.core.envelope import CONTENT_KEY, FRAME, HEAD, NONCE, SEALED, Approval, Delivery, Frame, Signed, sha256
from comity.core.errors import Malformed, Misused, Refused
from comity.core.evidence import parse_proof
from comity.core.exchange import Proof, admit, announced, judge
from comity.core.ids import Digest
from comity.core.leaf import Leaf
from comity.core.log import leaf_hash, root_of
from comity.core.receipt import Receipt, RowProof, verify_row
from comity.engines import psi
from comity.faces import desk_api, operations
from comity.node import admission, anchor, ceremony, chunks, inbox, mailboxes, metadata, proof, relay
from comity.node import papers as node_papers
from comity.node.home import BUILT_IN
from tests.core import second_decoder
from tests.core.parties import MA, NO, NOW, PARTIES, RELAYS, SALT, Past, with_relays

Target = Callable[[bytes], None]

PLACE = Path(__file__).parents[1] / "vectors"

_RELAY = next(iter(RELAYS))

REGISTRY = with_relays()
KINDS = Kinds((*BUILT_IN, *(act for capability in ALL for act in capability.acts)))


class Broken(Exception):
    """A property does not hold; not an error that a decoder may raise."""


def one_spelling(raw: bytes, value: object) -> None:
    """Fail unless a value that was accepted is written as the bytes that it was read from."""
    if encode(value) != raw:
        raise Broken(f"a {type(value).__name__} that was accepted is written otherwise")


def _read(raw: bytes, kind: Any, limit: int = 1 << 20) -> Any:  # noqa: ANN401 - any struct of the wire
    try:
        value = decode(raw, kind, limit)
    except Malformed:
        return None
    one_spelling(raw, value)
    return value


# ------------------------------------------------------------------------------------------------------------- CBOR


def cbor(raw: bytes) -> None:
    """Strict CBOR against a second strict decoder, and against the library as it is when nobody restrains it."""
    try:
        ours = unpack(raw)
    except Malformed:
        ours = None
    try:
        theirs: Any = second_decoder.decode(raw)
    except second_decoder.Wrong:
        theirs = None
    if ours != theirs or repr(ours) != repr(theirs):
        raise Broken("two strict decoders read the same bytes differently")
    if ours is None:
        return
    one_spelling(raw, ours)
    stream = io.BytesIO(raw)
    if cbor2.CBORDecoder(stream).decode() != ours or stream.read():
        raise Broken("a lenient decoder reads otherwise what the strict one accepts")


# ------------------------------------------------------------------------------------------------------------- acts


def head(raw: bytes) -> None:
    """The head of an act."""
    _read(raw, Head)


def body(raw: bytes) -> None:
    """A body of any kind that this node knows, or of one that it does not."""
    try:
        value = unpack(raw)
    except Malformed:
        return
    kind = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(kind, str):
        return
    try:
        act = KINDS.decode(kind, raw)
    except Malformed:
        return
    if kind in KINDS:
        one_spelling(raw, act)


def judged(raw: bytes) -> None:
    """A signed act: the bytes are its head, or its body under a head that fits; sealed, framed and judged."""
    first, rest = raw[:1], raw[1:]
    by = PARTIES[MA].sign
    if first < b"\x80":
        signed = Signed(head=cose.sign1(rest, HEAD, by), body=b"\xa0", salt=SALT)
    else:
        written = msgspec.structs.replace(_head(), body=body_digest(SALT, rest), size=len(rest))
        signed = Signed(head=cose.sign1(encode(written), HEAD, by), body=rest, salt=SALT)
    _judge(encode(signed))


def sealed(raw: bytes) -> None:
    """What lies in an envelope: the bytes are its content, padded and sealed to the recipient."""
    _judge(raw)


def _judge(content: bytes) -> None:
    size = 4 + len(content)
    padded = len(content).to_bytes(4) + content
    padded += bytes(_bucket(size) - size)
    key = PARTIES[NO].open.key
    made = cose.seal(padded, SEALED, [key], b"k" * CONTENT_KEY, b"n" * NONCE).envelope(key.kid)
    frame = msgspec.structs.replace(_frame(), sealed=sha256(made), size=len(padded))
    delivery = Delivery(frame=cose.sign1(encode(frame), FRAME, PARTIES[MA].sign), sealed=made)
    judge(
        delivery, admit(delivery, REGISTRY, NO), registry=REGISTRY, me=NO, openers=(PARTIES[NO].open,), kinds=KINDS,
        order=Past(), now=NOW,
    )  # fmt: skip


def _bucket(size: int) -> int:
    return max(1024, 1 << (size - 1).bit_length()) if size <= 1 << 20 else -(-size // (1 << 20)) << 20


@cache
def _head() -> Head:
    return decode(cose.payload_of(decode(_vector("signed"), Signed).head), Head)


@cache
def _frame() -> Frame:
    return decode(cose.payload_of(decode(_vector("delivery-mlkem768-x25519"), Delivery).frame), Frame)


def _vector(name: str) -> bytes:
    return PLACE.joinpath("structures", f"{name}.cbor").read_bytes()


# -------------------------------------------------------------------------------------------------------- envelopes


def delivery(raw: bytes) -> None:
    """A container as it comes over the line: frame, sealed bytes and proof, as each of them is read."""
    found = _read(raw, Delivery)
    if found is None:
        return
    for attempt in (
        lambda: admit(found, REGISTRY, NO),
        lambda: announced(found.frame, REGISTRY, NO),
        lambda: cose.parse_sealed(found.sealed),
        lambda: cose.unseal(found.sealed, SEALED, (PARTIES[NO].open, PARTIES[MA].open)),
        lambda: decode(found.proof or b"", Proof),
    ):
        _tried(attempt)


def frame(raw: bytes) -> None:
    """A frame: its payload as it is, and signed by a bureau, as nodes and relays look at it."""
    _read(raw, Frame)
    _tried(lambda: announced(cose.sign1(raw, FRAME, PARTIES[MA].sign), REGISTRY, NO))


def envelope(raw: bytes) -> None:
    """A sealed envelope, and a signature around anything."""
    try:
        made = cose.parse_sealed(raw)
    except Malformed:
        pass
    else:
        if made.envelope(*(block.kid for block in made.blocks)) != raw:
            raise Broken("an envelope that was accepted is written otherwise")
    _tried(lambda: cose.unseal(raw, SEALED, (PARTIES[NO].open,)))
    for attempt in (cose.key_id, cose.payload_of):
        _tried(partial(attempt, raw))
    for key in (PARTIES[MA].sign.key, PARTIES[NO].officers["officer-2"][1].key):
        _tried(partial(cose.verify1, raw, HEAD, key))


SMALL: tuple[Any, ...] = (
    Receipt, RowProof, Leaf, Proof, Approval, Signed, Carried, Collect, relay.Answer, list[inbox.Outcome],
    list[mailboxes.Mail], list[bytes], dict[str, list[bytes]],
)  # fmt: skip
"""What else travels as CBOR: receipts, rows, leaves, proofs, a relay's word, polls, mailboxes, offers, answers."""


def structures(raw: bytes) -> None:
    """Each of the smaller structures; the first byte says which."""
    if not raw:
        return
    value = _read(raw[1:], SMALL[raw[0] % len(SMALL)])
    if isinstance(value, RowProof):
        _tried(lambda: verify_row(sha256(b""), value))


def carriage(raw: bytes) -> None:
    """A relay's word and a bureau's poll: the bytes are what they sign."""
    carried = cose.sign1(raw, CARRIED, RELAYS[_RELAY])
    _tried(lambda: read_carried(carried, REGISTRY, _RELAY))
    polled = cose.sign1(raw, COLLECT, PARTIES[MA].sign)
    _tried(lambda: read_collect(polled, REGISTRY, _RELAY, NOW))


# ---------------------------------------------------------------------------------------------------- log and proofs


def notes(raw: bytes) -> None:
    """A signed note, its checkpoint, its keys and its signature lines."""
    try:
        read = note.parse_note(raw)
    except Malformed:
        pass
    else:
        if note.format_note(read) != raw:
            raise Broken("a note that was accepted is written otherwise")
        try:
            checkpoint = parse_checkpoint(read.text)
        except Malformed:
            pass
        else:
            if format_checkpoint(checkpoint) != read.text:
                raise Broken("a checkpoint that was accepted is written otherwise")
        _tried(lambda: cosigners(raw, ()))
    _tried(lambda: note.parse_signatures(raw))
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return
    try:
        key = note.parse_key(text)
    except Malformed:
        return
    if note.format_key(key) != text:
        raise Broken("a verifier key that was accepted is written otherwise")


def witness(raw: bytes) -> None:
    """A request to a witness (C2SP tlog-witness)."""
    try:
        request = parse_request(raw)
    except Malformed:
        return
    if format_request(request) != raw:
        raise Broken("a request that was accepted is written otherwise")


def proofs(raw: bytes) -> None:
    """A proof file, read and checked."""
    _tried(lambda: parse_proof(raw))
    _tried(lambda: proof.verify(raw))


def manifest(raw: bytes) -> None:
    """The list of an attachment's chunks, under the root to which it leads."""
    ids = [raw[at : at + 32] for at in range(0, len(raw), 32)]
    root = root_of([leaf_hash(each) for each in ids]) if ids else hashlib.sha256().digest()
    _tried(lambda: chunks.verify(Digest(root), raw))


# --------------------------------------------------------------------------------------------- registry and programs


PAPERS: tuple[Callable[[bytes], object], ...] = (
    registry.profile_from, registry.policy_from, registry.accreditations_from, registry.revocations_from,
    registry.statement_from,
    *(lambda raw, kind=kind: metadata.parse(raw, kind, "a file") for kind in (Root, Targets, Snapshot, Timestamp)),
)  # fmt: skip


def papers(raw: bytes) -> None:
    """The registry's documents and metadata; the first byte says which."""
    if raw:
        _tried(lambda: PAPERS[raw[0] % len(PAPERS)](raw[1:]))


def handed_in(raw: bytes) -> None:
    """What people hand over as files: submissions, ceremonies, anchors, public keys."""
    file = os.memfd_create("paper")
    try:
        os.write(file, raw)
        path = Path(f"/proc/self/fd/{file}")
        _tried(lambda: admission.verified(admission.read_submission(path), REGISTRY.org, NOW))
        _tried(lambda: ceremony.counts(ceremony.read(path), None))
        _tried(lambda: anchor.read(path))
        _tried(lambda: node_papers.read_public(path))
    finally:
        os.close(file)


@cache
def _operations() -> tuple[operations.Operation, ...]:
    return operations.every(ALL, desk_api.speller_of(ALL))


def desk(raw: bytes) -> None:
    """What a program asks of the desk, as JSON; the first byte says of which operation."""
    if not raw:
        return
    try:
        given = desk_api._decoded(raw[1:])
        _operations()[raw[0] % len(_operations())].read(given)
    except (Malformed, Refused):
        return


def rows(raw: bytes) -> None:
    """Rows of a batch: compressed ones are refused or counted, and one that is accepted has one spelling."""
    _tried(lambda: spelled_rows(raw, 2))
    try:
        (row,) = unpack_rows(zlib.compress(encode([raw])), 1)
    except Malformed:
        return
    one_spelling(raw, row)


def points(raw: bytes) -> None:
    """Points of a question, an answer and a set, as each side hands them to the library (decision 0053)."""
    source, asker = _keys_of_points()
    for found in (raw, raw[: len(raw) // psi.POINT * psi.POINT]):
        _tried(partial(psi.evaluate, source, found))
        _tried(partial(psi.common, asker, found, found))


@cache
def _keys_of_points() -> tuple[bytes, bytes]:
    return psi.source_key(), psi.asker_key()


def batch_of(body: bytes) -> tuple[bytes, ...]:
    """Return what the vector of a batch holds for that: all of its rows, and each of them."""
    batch = decode(body, Batch)
    return (batch.rows, *batch.row_bytes())


def _tried(attempt: Callable[[], object]) -> None:
    """Try what may refuse: with the errors of the house and no other."""
    try:
        attempt()
    except (Malformed, Refused, Misused):
        return


TARGETS: dict[str, Target] = {
    target.__name__: target
    for target in (
        cbor,
        head,
        body,
        judged,
        sealed,
        delivery,
        frame,
        envelope,
        structures,
        carriage,
        notes,
        witness,
        proofs,
        manifest,
        papers,
        handed_in,
        desk,
        rows,
        points,
    )
}
"""Every decoder that is reached by bytes of others, by name."""
