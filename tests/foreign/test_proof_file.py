"""Software that others wrote must agree with what a proof file proves, from the file alone.

python-cwt and scitt-cose verify its signed heads, the Go project's packages its checkpoints, cosignatures and paths.
Nothing of Comity is asked here what a value means: the file is read as JSON, as an outsider reads it. The commands of
`docs/spec/proof.md` run as they stand there.
"""

import base64
import copy
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from comity.core.registry import Suite
from tests.foreign import test_go_log
from tests.foreign.test_go_log import Verifier
from tests.node.proving import MA, Provable, provable

pytestmark = pytest.mark.foreign

ORACLE = Path(__file__).with_name("cose_oracle.py")
File = dict[str, Any]

Done = subprocess.CompletedProcess[str]

go = test_go_log.verifier
go_program = test_go_log.go_program


@pytest.fixture(scope="module", params=[Suite.ED25519, Suite.ES256])
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[File]:
    """Give a proof file about an act that two bureaus accepted and two cosigned, under both suites for signatures."""
    world: Provable = provable(tmp_path_factory.mktemp("world"), signing=request.param)
    said = [world.say() for _ in range(6)]
    world.witness(world.bureau(MA))
    read: File = json.loads(world.made(said[2], with_text=True))
    yield read
    world.federation.close()


def plain(text: str) -> bytes:
    """Return the bytes that base64 spells."""
    return base64.b64decode(text)


def profiles(file: File) -> dict[str, File]:
    """Return the profiles that the file shows, by bureau."""
    shown = [each for part in file["registry"]["memberships"] for each in part["profiles"]]
    return {each["bureau"]: json.loads(each["profile"]) for each in shown}


def keys(file: File, bureau: str, use: str) -> list[File]:
    """Return a bureau's keys for a use."""
    return [key for key in profiles(file)[bureau]["keys"] if key["use"] == use]


# ------------------------------------------------------------------------------------------------------- signed heads


def questions(file: File, by: str) -> list[File]:
    """Ask about the signed head of the act, and of each receipt."""
    asked = []
    for raw, bureau in [(file["act"]["head"], "ma"), *zip(heads_of_receipts(file), ("et", "no"), strict=True)]:
        (key,) = keys(file, bureau, "sign")
        public = plain(key["public"])
        kid = hashlib.sha256(b"sign\0" + public).digest()[:16]
        shown = {"suite": key["suite"], "public": public.hex(), "kid": kid.hex()}
        asked.append({"by": by, "do": "verify", "bytes": plain(raw).hex(), "keys": [shown]})
    return asked


def heads_of_receipts(file: File) -> list[str]:
    """Return the signed heads of the acts that brought the receipts."""
    return [receipt["head"] for receipt in file["receipts"]]


def ask(python: Path, asked: list[File]) -> list[File]:
    """Put questions to the programs of others."""
    command = [str(python), "-I", str(ORACLE)]
    done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, check=True, timeout=60)
    answers: list[File] = json.loads(done.stdout)
    return answers


@pytest.mark.parametrize("by", ["python-cwt", "scitt-cose"])
def test_others_verify_the_signed_heads_of_a_proof_file(foreign_python: Path, file: File, by: str) -> None:
    asked = questions(file, by)
    answers = ask(foreign_python, asked)
    assert [answer["ok"] for answer in answers] == [True] * 3, answers
    for question in asked:
        question["bytes"] = question["bytes"][:-2] + f"{int(question['bytes'][-2:], 16) ^ 1:02x}"
    assert [answer["ok"] for answer in ask(foreign_python, asked)] == [False] * 3


def test_the_id_of_the_act_is_the_digest_of_what_others_read(foreign_python: Path, file: File) -> None:
    answer, *receipts = ask(foreign_python, questions(file, "python-cwt"))
    act = hashlib.sha256(bytes.fromhex(answer["payload"])).digest()
    assert act in plain(file["logged"]["leaf"])
    assert all(act in plain(receipt["row"]) for receipt in file["receipts"])
    assert len(receipts) == 2
    body = hashlib.sha256(plain(file["act"]["salt"]) + plain(file["act"]["body"])).digest()
    assert body in bytes.fromhex(answer["payload"])


# ------------------------------------------------------------------------------------------------------------ the log


def signer_key(name: str, use: int, public: str) -> str:
    """Return a key as C2SP signed-note spells it."""
    material = bytes([use]) + plain(public)
    kid = hashlib.sha256(name.encode() + b"\n" + material).digest()[:4]
    return f"{name}+{kid.hex()}+{base64.b64encode(material).decode()}"


def logged(file: File) -> File:
    """Return what the Go program is asked about the log of the act's sender."""
    shown, org = file["logged"], file["org"]
    note = shown["checkpoint"]
    _, size, root, *_ = note.split("\n")
    entry = hashlib.sha256(b"comity.leaf/1" + plain(shown["salt"]) + plain(shown["leaf"])).digest()
    leaf = hashlib.sha256(b"\0" + entry).digest()
    return {
        "note": note,
        "origin": f"{org}/ma",
        "logKey": signer_key(f"{org}/ma", 1, keys(file, "ma", "log")[0]["public"]),
        "witnessKeys": [
            signer_key(f"{org}/{bureau}/witness", 4, keys(file, bureau, "witness")[0]["public"])
            for bureau in ("et", "no")
        ],
        "inclusions": [
            {
                "index": shown["index"], "size": int(size), "leaf": base64.b64encode(leaf).decode(), "root": root,
                "path": shown["path"],
            }
        ],
    }  # fmt: skip


def test_go_verifies_the_leaf_and_its_cosigned_checkpoint(go: Verifier, file: File) -> None:
    asked = logged(file)
    assert len(asked["inclusions"][0]["path"]) > 1
    done = go(asked)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("what", ["leaf", "index", "path", "checkpoint", "witness"])
def test_go_refuses_a_proof_file_that_lies(go: Verifier, file: File, what: str) -> None:
    lie = copy.deepcopy(file)
    shown = lie["logged"]
    match what:
        case "leaf":
            shown["salt"] = base64.b64encode(bytes(32)).decode()
        case "index":
            shown["index"] += 1
        case "path":
            shown["path"] = shown["path"][::-1]
        case "checkpoint":
            shown["checkpoint"] = shown["checkpoint"].replace("\n", "0\n", 2).replace("0\n", "\n", 1)
        case _:
            shown["checkpoint"] = "".join(shown["checkpoint"].splitlines(keepends=True)[:-1])
    assert go(logged(lie)).returncode == 1


def test_go_verifies_the_checkpoint_that_came_with_a_receipt(go: Verifier, file: File) -> None:
    for receipt, bureau in zip(file["receipts"], ("et", "no"), strict=True):
        name = f"{file['org']}/{bureau}"
        key = signer_key(name, 1, keys(file, bureau, "log")[0]["public"])
        done = go({"note": receipt["checkpoint"], "origin": name, "logKey": key})
        assert (done.returncode, done.stderr) == (0, "")


# ----------------------------------------------------------------------------------------------------------- the page

PAGE = Path(__file__).parents[2] / "docs" / "spec" / "proof.md"


@pytest.fixture(scope="module")
def commands() -> str:
    """Give the shell commands of the page, one after the other."""
    return "set -eu\n" + "".join(re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL))


@pytest.fixture
def by_hand(foreign_python: Path, go_program: Path, commands: str, tmp_path: Path) -> Callable[[File], Done]:
    """Give a function that does what the page says to a proof file."""
    surroundings = os.environ | {
        "CWT_PYTHON": str(foreign_python), "TUF_PYTHON": sys.executable, "GO_VERIFY": str(go_program),
    }  # fmt: skip

    def run(file: File) -> Done:
        (tmp_path / "proof.json").write_text(json.dumps(file))
        command = ["bash", "-c", commands]
        return subprocess.run(command, cwd=tmp_path, env=surroundings, capture_output=True, text=True, check=False)

    return run


def test_the_commands_of_the_page_check_a_proof_file(by_hand: Callable[[File], Done], file: File) -> None:
    done = by_hand(file)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-2:] == ["et answered it", "no answered it"]


def test_the_commands_of_the_page_refuse_a_false_one(by_hand: Callable[[File], Done], file: File) -> None:
    for place, part in (("act", "body"), ("logged", "salt"), ("registry", "name")):
        lie = copy.deepcopy(file)
        lie[place][part] = "AAAA" + lie[place][part][4:]
        assert by_hand(lie).returncode != 0, place
