"""What a report of abuse shows is checked with software that others wrote, from the files that the commission exports.

Whoever doubts the commission, or is the commission and doubts us, needs no node: python-cwt, scitt-cose and Node's
crypto verify that the sender signed the reported head, and a digest ties the words to it. Comity makes the report here
and is asked nothing afterwards.
"""

import hashlib
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from comity.capabilities.abuse import desk
from tests.capabilities.reporting import CONTROL, MA, NO, at, organised, reported
from tests.foreign.test_proof_file import keys, plain
from tests.node.proving import TEXT

pytestmark = pytest.mark.foreign

HERE = Path(__file__).parent
File = dict[str, Any]
Ask = Callable[[File], File]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[File]:
    """Give the proof file of a report, as the commission's desk wrote it, once it went over the wire."""
    folder = tmp_path_factory.mktemp("exported")
    with organised(folder / "world") as world:
        filed = reported(world, world.say())
        (path,) = desk.export(*at(world, CONTROL), report=filed.id.hex(), folder=folder)
        yield json.loads(Path(path).read_bytes())


@pytest.fixture(params=["python-cwt", "scitt-cose", "node"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Give a function that asks the program of somebody else whether a signed head verifies under a key."""
    if request.param == "node":
        command = [request.getfixturevalue("foreign_tool")("node"), str(HERE / "cose_verify.mjs")]
    else:
        command = [str(request.getfixturevalue("foreign_python")), "-I", str(HERE / "cose_oracle.py")]

    def asked(question: File) -> File:
        text = json.dumps([question | {"by": request.param, "do": "verify"}])
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=True, timeout=60)
        (answer,) = json.loads(done.stdout)
        found: File = answer
        return found

    return asked


def question(file: File, head: bytes, bureau: str) -> File:
    """Return what is asked: a signed head, and the signing key that the file shows of a bureau."""
    (key,) = keys(file, bureau, "sign")
    public = plain(key["public"])
    kid = hashlib.sha256(b"sign\0" + public).digest()[:16]
    return {"bytes": head.hex(), "keys": [{"suite": key["suite"], "public": public.hex(), "kid": kid.hex()}]}


def test_others_verify_that_the_sender_signed_what_was_reported(ask: Ask, exported: File) -> None:
    head = plain(exported["act"]["head"])
    answer = ask(question(exported, head, MA))
    assert answer["ok"], answer
    payload, body = bytes.fromhex(answer["payload"]), plain(exported["act"]["body"])
    assert TEXT.encode() in body
    assert hashlib.sha256(plain(exported["act"]["salt"]) + body).digest() in payload
    assert hashlib.sha256(payload).digest() in plain(exported["logged"]["leaf"])


def test_others_refuse_a_reported_head_that_was_changed_or_is_another_bureaus(ask: Ask, exported: File) -> None:
    head = plain(exported["act"]["head"])
    changed = head.replace(b"investigate", b"forensics__")
    assert changed != head
    assert not ask(question(exported, changed, MA))["ok"]
    assert not ask(question(exported, head, NO))["ok"]
