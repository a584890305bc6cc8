"""Checkpoints, cosignatures and the witness's rule, against notes that others published and notes that lie."""

import base64
import struct
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from comity.core.checkpoint import (
    HTTP_STATUS,
    MAX_TIME,
    AddCheckpoint,
    Checkpoint,
    Cosigner,
    cosign,
    cosigners,
    format_checkpoint,
    format_request,
    may_cosign,
    origin_of,
    parse_checkpoint,
    parse_request,
    sign,
    split_view,
    verify,
)
from comity.core.errors import Malformed, Misused
from comity.core.ids import Digest
from comity.core.log import EMPTY_ROOT, TileId, append, leaf_hash, prove_consistency, root_at
from comity.core.note import (
    MAX_NOTE,
    Note,
    Signature,
    Use,
    VerifierKey,
    format_key,
    format_note,
    log_key,
    parse_key,
    parse_note,
    with_signatures,
    witness_key,
)
from comity.core.ruling import ALLOWED, Refusal

VECTORS = Path(__file__).parents[1] / "vectors" / "log"


class Vector(msgspec.Struct):
    """A published note; each source fills what it has."""

    keys: list[str] = []
    note: str = ""
    text: str = ""
    signatures: str = ""
    private: str = ""
    bad_keys: list[str] = msgspec.field(default=[], name="bad keys")
    time: int = 0
    request: str = ""
    requests: list[str] = []
    public: str = ""
    origin: str = ""


PUBLISHED = msgspec.json.decode((VECTORS / "notes.json").read_bytes(), type=dict[str, Vector])
GO, SUMDB, ARCHE, SIGSUM = (PUBLISHED[name] for name in ("go note", "sum.golang.org", "arche2025h1", "sigsum"))

ORIGIN = "exercise.example/log/no"
LOG = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
WITNESSES = [Ed25519PrivateKey.from_private_bytes(bytes([place] * 32)) for place in (1, 2, 3)]
LOG_KEY = log_key(ORIGIN, LOG.public_key())
WITNESS_KEYS = [witness_key(f"witness.example/{place}", w.public_key()) for place, w in enumerate(WITNESSES)]

LEAVES = [leaf_hash(bytes([number])) for number in range(20)]
TILES = append(0, {}, LEAVES)


def read_tile(level: int, index: int) -> bytes:
    """Return the tile of the exercise log."""
    return TILES[TileId(level, index)]


def head(size: int) -> Checkpoint:
    """Return the checkpoint of the exercise log at this size."""
    return Checkpoint(ORIGIN, size, root_at(size, read_tile))


def note(size: int) -> bytes:
    """Return the signed checkpoint of the exercise log at this size."""
    return sign(head(size), ORIGIN, LOG)


def request(old: int, new: int) -> AddCheckpoint:
    """Return what the exercise log asks a witness."""
    return AddCheckpoint(old, prove_consistency(old, new, read_tile), note(new))


def cosigned(size: int, *times: int) -> bytes:
    """Return the checkpoint with the cosignatures of the first witnesses at these times."""
    signed = note(size)
    for place, time in enumerate(times):
        signed = with_signatures(signed, cosign(signed, WITNESS_KEYS[place].name, WITNESSES[place], time))
    return signed


def refused(known: Checkpoint | None, asked: AddCheckpoint, *keys: VerifierKey) -> tuple[str, int]:
    """Return code and HTTP status of a refusal."""
    ruling = may_cosign(known, asked, keys or (LOG_KEY,))
    assert isinstance(ruling, Refusal)
    return ruling.code, HTTP_STATUS[ruling.code]


# Published notes.


@pytest.mark.parametrize("text", [*GO.keys, *SUMDB.keys, *ARCHE.keys])
def test_a_published_key_reads_back(text: str) -> None:
    assert format_key(parse_key(text)) == text


@pytest.mark.parametrize("text", GO.bad_keys)
def test_a_published_bad_key_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        parse_key(text)


def test_any_part_of_a_key_and_any_changed_character_is_refused() -> None:
    text = GO.keys[0]
    parts = {text[start:end] for start in range(len(text)) for end in range(start, len(text) + 1)} - {text}
    changed = {text[:at] + chr(ord(text[at]) + 1) + text[at + 1 :] for at in range(len(text))}
    for bad in parts | changed:
        with pytest.raises(Malformed):
            parse_key(bad)


def test_the_published_private_key_makes_the_published_signature() -> None:
    private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(GO.private.split("+", 4)[-1])[1:])
    key = log_key("PeterNeumann", private.public_key())
    assert format_key(key) == GO.keys[0]
    raw = f"{GO.text}\n{GO.signatures}".encode()
    assert format_note(parse_note(raw)) == raw
    assert parse_note(raw).signatures[0] == Signature(key.name, key.key_id, private.sign(GO.text.encode()))


def test_the_checkpoint_of_the_go_checksum_database_verifies() -> None:
    checkpoint = verify(SUMDB.note.encode(), parse_key(SUMDB.keys[0]), origin="go.sum database tree")
    assert checkpoint.size == 35225469
    assert format_checkpoint(checkpoint) == SUMDB.note.partition("\n\n")[0] + "\n"


def test_a_witness_takes_the_published_request_of_the_go_checksum_database() -> None:
    asked = parse_request((SUMDB.request + SUMDB.note).encode())
    assert origin_of(asked) == "go.sum database tree"
    assert may_cosign(None, asked, [parse_key(SUMDB.keys[0])]) is ALLOWED


def test_a_published_checkpoint_carries_the_cosignature_of_a_public_witness() -> None:
    raw, log, witness = ARCHE.note.encode(), parse_key(ARCHE.keys[0]), parse_key(ARCHE.keys[1])
    assert (log.use, witness.use) == (Use.LOG, Use.WITNESS)
    assert verify(raw, log).size == 1432088532
    assert cosigners(raw, [witness, *WITNESS_KEYS]) == (Cosigner("remora.n621.de", ARCHE.time),)
    assert format_note(parse_note(raw)) == raw


def test_a_witness_follows_the_published_requests_of_a_log() -> None:
    key = log_key(SIGSUM.origin, Ed25519PublicKey.from_public_bytes(bytes.fromhex(SIGSUM.public)))
    first, second, third = (parse_request(text.encode()) for text in SIGSUM.requests)
    assert [format_request(asked).decode() for asked in (first, second, third)] == SIGSUM.requests
    assert may_cosign(None, first, [key]) is ALLOWED
    known = verify(first.note, key)
    assert may_cosign(known, second, [key]) is ALLOWED
    assert may_cosign(known, third, [key]) is ALLOWED
    assert refused(verify(third.note, key), second, key) == ("witness.stale", 409)


# Our own notes.


def test_a_signed_checkpoint_reads_back() -> None:
    assert verify(note(7), LOG_KEY) == head(7)


@pytest.mark.parametrize("bit", [0, 5, 7])
def test_no_flipped_byte_of_a_note_verifies(bit: int) -> None:
    raw = cosigned(7, 1700000000)
    for at in range(len(raw)):
        bad = raw[:at] + bytes([raw[at] ^ 1 << bit]) + raw[at + 1 :]
        # A flip in a signer's name or id makes it a stranger, whose line is ignored: then the signer is missing.
        with pytest.raises((Malformed, AssertionError)):
            assert (verify(bad, LOG_KEY), len(cosigners(bad, WITNESS_KEYS))) == (head(7), 1)


def test_a_note_is_not_verified_by_the_same_key_under_another_name_or_use() -> None:
    for key in (log_key("other.example", LOG.public_key()), log_key(ORIGIN, WITNESSES[0].public_key())):
        with pytest.raises(Malformed, match="without a signature"):
            verify(note(7), key)
    with pytest.raises(Misused):
        verify(note(7), witness_key(ORIGIN, LOG.public_key()))
    with pytest.raises(Misused):
        cosigners(note(7), [LOG_KEY])


def test_a_key_of_one_log_does_not_speak_for_another_origin() -> None:
    foreign = sign(Checkpoint("other.example", 1, LEAVES[0]), ORIGIN, LOG)
    with pytest.raises(Malformed, match="another origin"):
        verify(foreign, LOG_KEY)
    assert verify(foreign, LOG_KEY, origin="other.example").size == 1


def test_a_bad_signature_of_a_known_key_spoils_the_note() -> None:
    parsed = parse_note(note(7))
    bad = msgspec.structs.replace(parsed.signatures[0], made=bytes(64))
    with pytest.raises(Malformed, match="does not verify"):
        verify(format_note(Note(parsed.text, (*parsed.signatures, bad))), LOG_KEY)


def test_unknown_signatures_are_ignored() -> None:
    stranger = sign(head(7), ORIGIN, WITNESSES[0]).partition(b"\n\n")[2]
    assert verify(with_signatures(cosigned(7, 5, 6), stranger), LOG_KEY) == head(7)


def test_witnesses_are_counted_once_each_with_their_latest_time() -> None:
    signed = cosigned(7, 1700000000, 1700000001)
    later = cosign(signed, WITNESS_KEYS[0].name, WITNESSES[0], 1700000009)
    merged = with_signatures(with_signatures(signed, later), later)
    assert len(parse_note(merged).signatures) == 4
    assert cosigners(merged, [*WITNESS_KEYS, *WITNESS_KEYS]) == (
        Cosigner("witness.example/0", 1700000009),
        Cosigner("witness.example/1", 1700000001),
    )


def test_one_key_under_two_names_is_not_two_witnesses() -> None:
    with pytest.raises(Misused):
        cosigners(cosigned(7, 5), [WITNESS_KEYS[0], msgspec.structs.replace(WITNESS_KEYS[0], name="witness.example/9")])


def test_a_cosignature_does_not_verify_at_another_time_or_under_another_checkpoint() -> None:
    line = parse_note(cosigned(7, 1700000000)).signatures[1]
    assert struct.unpack(">Q", line.made[:8]) == (1700000000,)
    for text, made in (
        (format_checkpoint(head(7)), struct.pack(">Q", 1700000001) + line.made[8:]),
        (format_checkpoint(head(7)), struct.pack(">Q", MAX_TIME + 1) + line.made[8:]),
        (format_checkpoint(head(7)), line.made[:8]),
        (format_checkpoint(head(8)), line.made),
    ):
        bad = format_note(Note(text, (msgspec.structs.replace(line, made=made),)))
        with pytest.raises(Malformed):
            cosigners(bad, WITNESS_KEYS)


def test_a_cosignature_of_a_time_beyond_all_times_is_refused() -> None:
    text, time = format_checkpoint(head(7)), MAX_TIME + 1
    made = struct.pack(">Q", time) + WITNESSES[0].sign(f"cosignature/v1\ntime {time}\n{text}".encode())
    with pytest.raises(Malformed, match="at most"):
        cosigners(
            format_note(Note(text, (Signature(WITNESS_KEYS[0].name, WITNESS_KEYS[0].key_id, made),))), WITNESS_KEYS
        )


def test_a_signature_of_a_log_does_not_pass_for_a_cosignature() -> None:
    key = witness_key(ORIGIN, LOG.public_key())
    line = Signature(ORIGIN, key.key_id, struct.pack(">Q", 5) + LOG.sign(format_checkpoint(head(7)).encode()))
    with pytest.raises(Malformed):
        cosigners(format_note(Note(format_checkpoint(head(7)), (line,))), [key])


@pytest.mark.parametrize("time", [0, -1, MAX_TIME + 1])
def test_nobody_cosigns_at_no_time(time: int) -> None:
    with pytest.raises(Misused):
        cosign(note(7), "witness.example/0", WITNESSES[0], time)


# Bytes in another spelling.

TEXT = format_checkpoint(head(7))
LINE = note(7).partition(b"\n\n")[2]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        TEXT.encode(),
        TEXT.encode() + b"\n",
        b"\n\n" + LINE,
        TEXT.encode() + LINE,
        TEXT.encode() + b"\n" + LINE[:-1],
        TEXT.encode() + b"\n" + LINE + b"\n",
        TEXT.encode() + b"\n" + LINE + b"more\n",
        TEXT.encode() + b"\r\n" + LINE,
        b"\xff" + TEXT.encode() + b"\n" + LINE,
        b"\x01" + TEXT.encode() + b"\n" + LINE,
        TEXT.encode() + b"\n" + LINE.replace("\N{EM DASH}".encode(), b"-"),
        TEXT.encode() + b"\n" + LINE.replace(b" ", b"  "),
        TEXT.encode() + b"\n" + LINE.replace(b"\n", b" \n"),
        TEXT.encode() + b"\n" + LINE.replace(b"/no", b"/n o"),
        TEXT.encode() + b"\n" + LINE.replace(b"/no", "/n\u00a0o".encode()),
        TEXT.encode() + b"\n" + LINE.replace(b"/no", b"/n+o"),
        TEXT.encode() + b"\n" + "\N{EM DASH} a AAAA\n".encode(),
        TEXT.encode() + b"\n" + LINE * 101,
        b"x" * MAX_NOTE + b"\n\n" + LINE,
    ],
)
def test_a_note_in_another_spelling_is_refused(raw: bytes) -> None:
    with pytest.raises(Malformed):
        parse_note(raw)


def test_a_note_with_empty_lines_in_its_text_is_divided_at_the_last() -> None:
    assert parse_note(b"a\n\nb\n\n" + LINE).text == "a\n\nb\n"


def test_a_note_that_nobody_could_read_is_not_written() -> None:
    line = parse_note(note(7)).signatures[0]
    for bad in (
        Note(TEXT, ()),
        Note(TEXT.rstrip("\n"), (line,)),
        Note("a\tb\n", (line,)),
        Note(TEXT, (msgspec.structs.replace(line, name="a b"),)),
        Note(TEXT, (msgspec.structs.replace(line, key_id=b"abc"),)),
        Note(TEXT, (line,) * 101),
    ):
        with pytest.raises(Malformed):
            format_note(bad)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n1\n",
        TEXT.rstrip("\n"),
        TEXT + "\n",
        TEXT.replace(ORIGIN, ""),
        TEXT.replace("\n7\n", "\n07\n"),
        TEXT.replace("\n7\n", "\n+7\n"),
        TEXT.replace("\n7\n", "\n-7\n"),
        TEXT.replace("\n7\n", "\n7 \n"),
        TEXT.replace("\n7\n", "\n\u0667\n"),
        TEXT.replace("\n7\n", "\n9223372036854775808\n"),
        TEXT.replace("\n7\n", "\n7\n\n"),
        TEXT.replace("=\n", "\n"),
        f"a\n7\n{base64.b64encode(bytes(31)).decode()}\n",
        f"a\n7\n{base64.b64encode(bytes(32)).decode()[:-2]}B=\n",
    ],
)
def test_a_checkpoint_in_another_spelling_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        parse_checkpoint(text)


@given(
    st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), min_size=1),
    st.integers(0, (1 << 63) - 1),
    st.binary(min_size=32, max_size=32),
    st.lists(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), min_size=1), max_size=3),
)
def test_any_checkpoint_reads_back(origin: str, size: int, root: bytes, extensions: list[str]) -> None:
    checkpoint = Checkpoint(origin, size, Digest(root), tuple(extensions))
    assert parse_checkpoint(format_checkpoint(checkpoint)) == checkpoint
    signed, key = sign(checkpoint, "key.example", LOG), log_key("key.example", LOG.public_key())
    assert verify(signed, key, origin=origin) == checkpoint


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"old 1\n" + note(7),
        b"old  1\n\n" + note(7),
        b"old 01\n\n" + note(7),
        b"old -1\n\n" + note(7),
        b"old 9223372036854775808\n\n" + note(7),
        b"1\n\n" + note(7),
        b"old 1\nAAAA\n\n" + note(7),
        b"old 1\nnot base64\n\n" + note(7),
        b"old 1\n" + (base64.b64encode(bytes(32)) + b"\n") * 64 + b"\n" + note(7),
        b"old 1\n\n\n" + note(7),
        b"old 1\n\nno checkpoint\n\n" + LINE,
    ],
)
def test_a_request_in_another_spelling_is_refused(raw: bytes) -> None:
    with pytest.raises(Malformed):
        parse_request(raw)


def test_a_request_reads_back() -> None:
    for old in range(20):
        asked = request(old, 20)
        assert parse_request(format_request(asked)) == asked


# The witness's rule.


def test_a_witness_cosigns_what_continues_the_checkpoint_it_knows() -> None:
    for old in range(21):
        for new in range(old, 21):
            known = head(old) if old else None
            assert may_cosign(known, request(old, new), [LOG_KEY]) is ALLOWED


def test_a_witness_does_not_answer_for_a_log_that_it_does_not_know() -> None:
    ruling = may_cosign(None, request(0, 7), [])
    assert isinstance(ruling, Refusal)
    assert (ruling.code, HTTP_STATUS[ruling.code]) == ("witness.log", 404)


def test_a_witness_refuses_a_checkpoint_that_no_trusted_key_signed() -> None:
    stranger = log_key(ORIGIN, WITNESSES[0].public_key())
    assert refused(None, request(0, 7), stranger) == ("witness.signature", 403)
    assert may_cosign(None, request(0, 7), [stranger, LOG_KEY]) is ALLOWED


def test_a_witness_refuses_an_old_size_beyond_the_new_one() -> None:
    assert refused(head(9), AddCheckpoint(9, (), note(7))) == ("witness.size", 400)


def test_a_witness_names_what_it_knows_when_the_log_does_not() -> None:
    assert refused(head(5), request(4, 7)) == ("witness.stale", 409)
    assert refused(None, request(4, 7)) == ("witness.stale", 409)
    assert refused(head(5), request(0, 7)) == ("witness.stale", 409)


def test_a_witness_refuses_a_proof_that_does_not_verify() -> None:
    good = request(5, 7)
    for proof in ((), good.proof[:-1], good.proof[::-1], (*good.proof, EMPTY_ROOT)):
        assert refused(head(5), AddCheckpoint(5, proof, good.note)) == ("witness.proof", 422)
    assert refused(None, AddCheckpoint(0, good.proof, good.note)) == ("witness.proof", 422)
    assert refused(head(7), AddCheckpoint(7, good.proof, good.note)) == ("witness.proof", 422)


def test_a_witness_refuses_an_empty_log_with_a_root_that_is_not_empty() -> None:
    false = sign(Checkpoint(ORIGIN, 0, LEAVES[0]), ORIGIN, LOG)
    assert refused(None, AddCheckpoint(0, (), false)) == ("witness.proof", 422)


def test_a_witness_refuses_a_second_root_for_the_size_that_it_cosigned() -> None:
    fork = sign(Checkpoint(ORIGIN, 7, LEAVES[0]), ORIGIN, LOG)
    assert refused(head(7), AddCheckpoint(7, (), fork)) == ("witness.fork", 409)


def test_a_witness_that_mixes_up_two_logs_is_told() -> None:
    with pytest.raises(Misused):
        may_cosign(Checkpoint("other.example", 5, LEAVES[0]), request(5, 7), [LOG_KEY])


# Split views.


def test_two_roots_for_one_size_convict_the_log() -> None:
    fork = sign(Checkpoint(ORIGIN, 7, LEAVES[0]), ORIGIN, LOG)
    evidence = split_view(note(7), fork, LOG_KEY)
    assert evidence is not None
    assert (evidence.origin, evidence.size) == (ORIGIN, 7)
    assert split_view(evidence.one, evidence.other, LOG_KEY) == evidence


def test_the_same_root_and_another_size_are_no_evidence() -> None:
    extended = sign(Checkpoint(ORIGIN, 7, head(7).root, ("extension",)), ORIGIN, LOG)
    assert split_view(note(7), cosigned(7, 5), LOG_KEY) is None
    assert split_view(note(7), extended, LOG_KEY) is None
    assert split_view(note(7), note(8), LOG_KEY) is None


def test_a_note_that_the_log_did_not_sign_convicts_nobody() -> None:
    forged = sign(Checkpoint(ORIGIN, 7, LEAVES[0]), ORIGIN, WITNESSES[0])
    with pytest.raises(Malformed):
        split_view(note(7), forged, LOG_KEY)
