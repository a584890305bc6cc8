"""Software that others wrote must open and verify our bytes, and refuse them when they are changed.

python-cwt opens the interoperable suite and verifies signatures; scitt-cose and Node's crypto verify signatures. The
hybrid suite is opened by nobody else yet; its signatures are verified like all others. The golden vectors are asked
about, and fresh bytes, since a vector could be wrong from the day it was written.
"""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from comity.core import cose
from comity.core.codec import decode, encode
from comity.core.cose import Opener, Signer
from comity.core.envelope import HEAD, Signed, open_sealed, seal, unpad
from comity.core.registry import Key, Suite
from tests.core.parties import ENTROPY, ET, MA, NO, PARTIES, Word, deliver, head_of, opener, seed, signed, signer

pytestmark = pytest.mark.foreign

VECTORS = Path(__file__).parents[1] / "vectors"
Answer = dict[str, Any]
Ask = Callable[[list[Answer]], list[Answer]]
SIGNERS = {"Ed25519": signer("ma.sign"), "ES256": signer("et.sign", Suite.ES256)}


def run(command: list[str], questions: list[Answer]) -> list[Answer]:
    """Ask a program in JSON and return its answers, one for each question."""
    done = subprocess.run(command, input=json.dumps(questions), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    answers: list[Answer] = json.loads(done.stdout)
    assert len(answers) == len(questions)
    return answers


@pytest.fixture
def python(foreign_python: Path) -> Ask:
    """Ask python-cwt and scitt-cose, in their own environment and without ours."""
    command = [str(foreign_python), "-I", str(Path(__file__).with_name("cose_oracle.py"))]
    return lambda questions: run(command, questions)


@pytest.fixture
def node(foreign_tool: Callable[[str], str]) -> Ask:
    """Ask Node's crypto."""
    return lambda questions: run([foreign_tool("node"), str(Path(__file__).with_name("cose_verify.mjs"))], questions)


def shown(key: Key, label: str = "") -> dict[str, str]:
    """Return a key as the programs read it; with its private half for opening."""
    found = {"suite": str(key.suite), "public": key.public.hex(), "kid": key.kid.hex()}
    return {**found, "seed": seed(label).hex()} if label else found


def question(by: str, raw: bytes, *keys: dict[str, str]) -> Answer:
    """Return a question."""
    return {"by": by, "bytes": raw.hex(), "keys": list(keys)}


def vector(name: str) -> tuple[Answer, bytes]:
    """Return a golden structure."""
    path = VECTORS / "structures" / f"{name}.json"
    return json.loads(path.read_bytes()), path.with_suffix(".cbor").read_bytes()


def key_of(label: str) -> Key:
    """Return a signing key by its label in keys.json."""
    found = json.loads((VECTORS / "keys.json").read_bytes())["keys"][label]
    suite = Suite(found["suite"])
    return next(
        key
        for party in PARTIES.values()
        for key in (party.sign.key, *(by.key for _, by in party.officers.values()))
        if (key.suite, key.public.hex()) == (suite, found["public"])
    )


def flips(raw: bytes, step: int) -> list[bytes]:
    """Return the bytes with one bit changed, at every `step`-th place."""
    return [raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :] for at in range(0, len(raw), step)]


# ------------------------------------------------------------------------------------------------------- signatures


def golden_signatures() -> list[tuple[bytes, Key, str]]:
    """Return golden signatures with key and payload: heads of both suites, frames, approvals, and heads inside."""
    found = []
    for name in ("sign1-ed25519", "sign1-es256", "approval-ed25519", "approval-es256"):
        described, raw = vector(name)
        found.append((raw, key_of(described["key"]), described["payload"]))
    for suite, to in (("x25519", ET), ("mlkem768-x25519", NO)):
        described, raw = vector(f"frame-{suite}")
        found.append((raw, key_of(described["key"]), cose.payload_of(raw).hex()))
        _, envelope = vector(f"sealed-{suite}")
        head = open_sealed(envelope, [PARTIES[to].open]).head
        found.append((head, key_of("ma.sign"), cose.payload_of(head).hex()))
    return found


@pytest.mark.parametrize("by", ["python-cwt", "scitt-cose"])
def test_golden_signatures_are_verified_by_foreign_python(python: Ask, by: str) -> None:
    """Heads in envelopes of both suites, frames, approvals; Ed25519 and ES256."""
    golden = golden_signatures()
    answers = python([question(by, raw, shown(key)) for raw, key, _ in golden])
    assert answers == [{"ok": True, "payload": payload} for _, _, payload in golden]


def test_golden_signatures_are_verified_by_node(node: Ask) -> None:
    """With a CBOR reader and a Sig_structure of its own."""
    golden = golden_signatures()
    answers = node([question("node", raw, shown(key)) for raw, key, _ in golden])
    assert [(answer["ok"], answer["payload"]) for answer in answers] == [(True, payload) for _, _, payload in golden]
    assert [answer["kid"] for answer in answers] == [key.kid.hex() for _, key, _ in golden]
    assert answers[0]["typ"] == HEAD


@pytest.mark.parametrize("by", SIGNERS.values(), ids=SIGNERS.keys())
def test_fresh_signatures_are_verified_by_all(python: Ask, node: Ask, by: Signer) -> None:
    """Payloads whose lengths take one, two, three and five bytes to say."""
    payloads = [b"", b"x" * 23, b"x" * 24, b"x" * 256, b"x" * 70_000]
    raws = [cose.sign1(payload, HEAD, by) for payload in payloads]
    for ask, name in ((python, "python-cwt"), (python, "scitt-cose"), (node, "node")):
        answers = ask([question(name, raw, shown(by.key)) for raw in raws])
        assert [answer.get("payload") for answer in answers] == [payload.hex() for payload in payloads]


@pytest.mark.parametrize("by", SIGNERS.values(), ids=SIGNERS.keys())
def test_changed_signatures_are_refused_by_all(python: Ask, node: Ask, by: Signer) -> None:
    """The lowest bit of every byte: tag, header with algorithm and key id, payload, signature."""
    raw = cose.sign1(b"payload of a test", HEAD, by)
    for ask, name in ((python, "python-cwt"), (python, "scitt-cose"), (node, "node")):
        answers = ask([question(name, changed, shown(by.key)) for changed in flips(raw, 1)])
        assert not [answer for answer in answers if answer["ok"]]


def test_a_signature_under_another_key_is_refused_by_all(python: Ask, node: Ask) -> None:
    """The right id over the wrong key."""
    raw = cose.sign1(b"payload", HEAD, SIGNERS["Ed25519"])
    stranger = {**shown(signer("stranger").key), "kid": SIGNERS["Ed25519"].key.kid.hex()}
    for ask, name in ((python, "python-cwt"), (python, "scitt-cose"), (node, "node")):
        assert not ask([question(name, raw, stranger)])[0]["ok"]


# --------------------------------------------------------------------------------------------------------- envelopes


def opened(answer: Answer) -> Signed:
    """Return the signed act in what a program opened."""
    assert answer["ok"], answer
    return decode(unpad(bytes.fromhex(answer["payload"])), Signed)


def test_the_golden_envelope_is_opened_by_python_cwt(python: Ask) -> None:
    """The one for a single recipient, the form in which envelopes travel."""
    described, raw = vector("sealed-x25519")
    (answer,) = python([question("python-cwt", raw, shown(PARTIES[ET].open.key, "et.seal"))])
    assert encode(opened(answer)).hex() == described["signed"]


def test_a_hybrid_block_beside_its_own_stops_python_cwt(python: Ask) -> None:
    """It refuses a message in which anybody's algorithm is unknown to it; so blocks of others never travel along."""
    _, raw = vector("sealed-two")
    (answer,) = python([question("python-cwt", raw, shown(PARTIES[ET].open.key, "et.seal"))])
    assert answer == {"ok": False, "error": "ValueError"}
    assert open_sealed(raw, [PARTIES[ET].open]).body


def test_a_fresh_envelope_for_many_is_opened_by_each_of_them(python: Ask) -> None:
    """Three recipients of the interoperable suite, each with their own key; a fourth cannot."""
    labels = ["a.seal", "b.seal", "c.seal"]
    openers = [opener(label, Suite.X25519) for label in labels]
    act = signed(Word(text="x" * 3000))
    raw = seal(act, [one.key for one in openers], ENTROPY).envelope(*(one.key.kid for one in openers))
    asked = [question("python-cwt", raw, shown(one.key, label)) for one, label in zip(openers, labels, strict=True)]
    stranger = opener("d.seal", Suite.X25519)
    answers = python([*asked, question("python-cwt", raw, shown(stranger.key, "d.seal"))])
    assert [opened(answer) for answer in answers[:3]] == [act] * 3
    assert not answers[3]["ok"]


def test_a_delivery_is_opened_and_verified_without_a_line_of_ours(python: Ask) -> None:
    """Frame, envelope, head: what a court's expert would do with python-cwt alone."""
    act = Word(text="good evening")
    delivery = deliver(signed(act, head_of(act, to=(ET,))), ET)
    sender = shown(PARTIES[MA].sign.key)
    frame, envelope = python(
        [
            question("python-cwt", delivery.frame, sender),
            question("python-cwt", delivery.sealed, shown(PARTIES[ET].open.key, "et.seal")),
        ]
    )
    assert frame["ok"]
    (head,) = python([question("python-cwt", opened(envelope).head, sender)])
    assert bytes.fromhex(head["payload"]) == encode(head_of(act, to=(ET,)))


def test_changed_envelopes_are_refused_by_python_cwt(python: Ask) -> None:
    """Every seventh byte; it need not know our commitment, because the whole protected header is authenticated."""
    to: Opener = PARTIES[ET].open
    act = Word(text="good evening")
    raw = deliver(signed(act, head_of(act, to=(ET,))), ET).sealed
    key = shown(to.key, "et.seal")
    answers = python([question("python-cwt", changed, key) for changed in flips(raw, 7)])
    assert not [answer for answer in answers if answer["ok"]]
