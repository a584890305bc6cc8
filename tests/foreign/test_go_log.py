"""The checksum database code of the Go project must agree with our log: checkpoints, cosignatures, proofs and tiles."""

import base64
import copy
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from comity.core.checkpoint import Checkpoint, cosign, sign
from comity.core.log import (
    Tile,
    TileId,
    append,
    leaf_hash,
    partial_tiles,
    prove_consistency,
    prove_inclusion,
    root_at,
    tile_path,
)
from comity.core.note import format_key, log_key, with_signatures, witness_key

pytestmark = pytest.mark.foreign

PROGRAM = Path(__file__).parent / "golang" / "verify" / "main.go"
GOPATH = Path(os.environ.get("COMITY_GOPATH", "/usr/share/gocode"))
INSTALL = "apt-get install golang-go golang-golang-x-mod-dev (or set COMITY_GOPATH to where golang.org/x/mod lies)"

ORIGIN = "exercise.example/log/no"
LOG = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
WITNESSES = {f"witness.example/{n}": Ed25519PrivateKey.from_private_bytes(bytes([n] * 32)) for n in (1, 2)}
NOON = 1767268800
LEAVES = [leaf_hash(number.to_bytes(4, "big")) for number in range(66_100)]

Verifier = Callable[[dict[str, Any]], "subprocess.CompletedProcess[str]"]


def text(raw: bytes) -> str:
    """Return bytes as the program reads them."""
    return base64.b64encode(raw).decode()


def shown(size: int) -> dict[str, Any]:
    """Return what the log shows at this size, from tiles that grew in two appends."""
    half = size // 2
    tiles = append(0, {}, LEAVES[:half])
    partial = {TileId(tile.level, tile.index): tiles[TileId(tile.level, tile.index)] for tile in partial_tiles(half)}
    tiles |= append(half, partial, LEAVES[half:size])

    def read_tile(level: int, index: int) -> bytes:
        return tiles[TileId(level, index)]

    note = sign(Checkpoint(ORIGIN, size, root_at(size, read_tile)), ORIGIN, LOG)
    for at, (name, private) in enumerate(WITNESSES.items()):
        note = with_signatures(note, cosign(note, name, private, NOON + at))
    sizes = sorted({1, 2, 3, half, size - 1, size} & set(range(1, size + 1)))
    proofs = [prove_inclusion(index, size, read_tile) for index in sorted({0, half, size - 1})]
    return {
        "note": note.decode(),
        "origin": ORIGIN,
        "logKey": format_key(log_key(ORIGIN, LOG.public_key())),
        "witnessKeys": [format_key(witness_key(name, key.public_key())) for name, key in WITNESSES.items()],
        "leaves": [text(leaf) for leaf in LEAVES[:size]],
        "inclusions": [
            {
                "index": proof.index,
                "size": proof.size,
                "leaf": text(LEAVES[proof.index]),
                "root": text(root_at(size, read_tile)),
                "path": [text(hash_) for hash_ in proof.path],
            }
            for proof in proofs
        ],
        "consistencies": [
            {
                "old": old,
                "new": size,
                "oldRoot": text(root_at(old, read_tile)),
                "newRoot": text(root_at(size, read_tile)),
                "path": [text(hash_) for hash_ in prove_consistency(old, size, read_tile)],
            }
            for old in sizes
        ],
        "tiles": {tile_path(Tile(at.level, at.index, len(tile) // 32)): text(tile) for at, tile in tiles.items()},
    }


@pytest.fixture(scope="session")
def go_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Go program, built from the packages of the distribution."""
    go = shutil.which("go")
    if go is None or not (GOPATH / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        pytest.fail(f"the Go verifier of the log cannot be built: {INSTALL}", pytrace=False)
    program = tmp_path_factory.mktemp("go") / "verify"
    surroundings = os.environ | {
        "GO111MODULE": "off",
        "GOPATH": str(GOPATH),
        "GOFLAGS": "",
        "GOCACHE": os.environ.get("GOCACHE", str(program.parent / "cache")),
    }
    built = subprocess.run(
        [go, "build", "-o", program, PROGRAM], env=surroundings, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    return program


@pytest.fixture(scope="session")
def verifier(go_program: Path) -> Verifier:
    """Return a function that hands the Go program what a log shows."""

    def run(what: dict[str, Any]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([go_program], input=json.dumps(what), capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="session")
def middling() -> dict[str, Any]:
    """Return what a log of 300 leaves shows: a full tile, a partial one, and one above them."""
    return shown(300)


@pytest.mark.parametrize("size", [1, 2, 3, 8, 255, 256, 257, 300, 1000, 66_000])
def test_go_verifies_what_the_log_shows(verifier: Verifier, size: int) -> None:
    done = verifier(shown(size))
    assert (done.returncode, done.stderr) == (0, "")


def changed(raw: str, at: int = -1) -> str:
    """Return base64 text with one bit of one byte changed."""
    value = bytearray(base64.b64decode(raw))
    value[at] ^= 1
    return text(bytes(value))


def resigned(note: str, line: int, at: int) -> str:
    """Return the note with one bit of the signature in this line changed."""
    lines = note.split("\n")
    dash, signer, signature = lines[line].split(" ")
    lines[line] = f"{dash} {signer} {changed(signature, at)}"
    return "\n".join(lines)


# What is changed, where it stands in what is shown, and how.
LIES: dict[str, tuple[tuple[str | int, ...], Callable[[Any], Any]]] = {
    "size": (("note",), lambda note: note.replace("\n300\n", "\n301\n")),
    "origin": (("origin",), str.upper),
    "log signature": (("note",), lambda note: resigned(note, 4, -1)),
    "first cosignature": (("note",), lambda note: resigned(note, 5, -1)),
    "time of the second cosignature": (("note",), lambda note: resigned(note, 6, 11)),
    "leaf of an inclusion": (("inclusions", 1, "leaf"), changed),
    "index of an inclusion": (("inclusions", 1, "index"), lambda index: index + 1),
    "root of an inclusion": (("inclusions", 1, "root"), changed),
    "path of an inclusion": (("inclusions", 1, "path", 0), changed),
    "length of an inclusion": (("inclusions", 1, "path"), lambda path: path[:-1]),
    "old root": (("consistencies", 2, "oldRoot"), changed),
    "new root": (("consistencies", 2, "newRoot"), changed),
    "path of a consistency proof": (("consistencies", 2, "path", -1), changed),
    "leaf": (("leaves", 7), changed),
    "full tile": (("tiles", "tile/0/000"), changed),
    "partial tile": (("tiles", "tile/0/001.p/44"), changed),
    "upper tile": (("tiles", "tile/1/000.p/1"), changed),
}


@pytest.mark.parametrize("name", LIES)
def test_go_refuses_what_the_log_did_not_say(verifier: Verifier, middling: dict[str, Any], name: str) -> None:
    what = copy.deepcopy(middling)
    (*way, last), change = LIES[name]
    place: Any = what
    for step in way:
        place = place[step]
    place[last] = change(place[last])
    assert what != middling
    done = verifier(what)
    assert done.returncode == 1, f"a changed {name} verifies"
    assert done.stderr


def test_go_tells_input_that_is_no_log_from_a_log_that_lies(verifier: Verifier) -> None:
    assert verifier({"surprise": 1}).returncode == 2
