"""The golden bytes as cases: each is handed to the implementation, which must read it, or refuse it, as it says.

They lie in `tests/vectors`, once; a wheel carries them as `comity/vectors`, put there when it is built (see
pyproject.toml). What each file holds is said in their own page, which travels with them.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import comity
from comity.core.codec import encode, unpack
from comity.core.errors import Malformed, Misused
from comity.core.ids import BureauId, Millis, OrgId
from comity.core.registry import Key, KeyUse, Suite
from comity.faces.conformance.cases import Case, reads, refuses, same
from comity.faces.conformance.protocol import Decode, Party, Verdict, Verify
from comity.faces.conformance.session import Denial, Differs, Session
from comity.faces.conformance.world import Stage

NOW = Millis(1_767_225_600_000)
"""2026-01-01T00:00:00Z, when the vectors are judged."""

RELAYS = ("relay-1", "relay-2")

Vector = dict[str, Any]
Check = Callable[[Session], None]


def folder(named: Path | None = None) -> Path:
    """Return the folder of the vectors: the one that was named, the installed one, or that of the source tree.

    Raises:
        Misused: there are none in it.

    """
    package = Path(comity.__file__).parent
    places = [named] if named is not None else [package / "vectors", package.parent / "tests" / "vectors"]
    for place in places:
        if (place / "keys.json").is_file() and (place / "structures").is_dir():
            return place
    looked = ", ".join(str(place) for place in places)
    raise Misused(f"no vectors in {looked}; name their folder with --vectors, in the source tree it is tests/vectors")


def cases(place: Path) -> list[Case]:
    """Return a case for each vector in a folder."""
    return [
        Case(f"vectors/{name}", told, _on_stage(check))
        for make in (_acts, _structures, _bad, _published, _files)
        for name, told, check in make(Vectors(place))
    ]


def _on_stage(check: Check) -> Callable[[Stage], None]:
    return lambda stage: check(stage.session)


class Vectors:
    """The folder, and the keys of those who signed."""

    def __init__(self, place: Path) -> None:
        """Read the keys."""
        self.place = place
        published = json.loads((place / "keys.json").read_bytes())
        self.org = OrgId(published["org"])
        self.keys: dict[str, Vector] = published["keys"]
        for relay in RELAYS:
            # The vectors' page: the seed is SHAKE-256 of `comity test key ` and the label, for relays too.
            seed = hashlib.shake_256(f"comity test key {relay}.sign".encode()).digest(32)
            public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
            self.keys[f"{relay}.sign"] = {"use": "sign", "suite": "Ed25519", "public": public.hex(), "seed": seed.hex()}

    def read(self, folder: str) -> Iterator[tuple[str, Vector]]:
        """Give each JSON file of a folder by its name."""
        for path in sorted((self.place / folder).glob("*.json")):
            yield path.name.removesuffix(".json"), json.loads(path.read_bytes())

    def key(self, label: str) -> Key:
        """Return a public key by its label."""
        found = self.keys[label]
        return Key(use=KeyUse(found["use"]), suite=Suite(found["suite"]), public=bytes.fromhex(found["public"]))

    def opens(self, label: str) -> dict[str, Any]:
        """Return the fields that say which key opens."""
        return {"key": self.key(label), "secret": bytes.fromhex(self.keys[label]["seed"])}

    def parties(self, *, relays: bool = False) -> tuple[Party, ...]:
        """Return the three bureaus, and the two relays where they play a part."""
        names = sorted({label.partition(".")[0] for label in self.keys if label.endswith(".seal")})
        found = [
            Party(bureau=BureauId(name), keys=tuple(self.key(f"{name}.{use}") for use in ("sign", "seal")))
            for name in names
        ]
        if relays:
            found += [Party(bureau=BureauId(name), relay=True, keys=(self.key(f"{name}.sign"),)) for name in RELAYS]
        return tuple(found)


def _acts(vectors: Vectors) -> Iterator[tuple[str, str, Check]]:
    """Bodies of every kind and form; heads of the kinds of core."""
    for place in ("acts", "forms"):
        for name, vector in vectors.read(place):
            raw = bytes.fromhex(vector["body"])
            body = Decode(structure="body", raw=raw, kind=vector["kind"])
            yield f"{place}/{name}", f"the body of {vector['kind']} is read", partial(_reads, body, raw)
            if "head_bytes" in vector:
                head = bytes.fromhex(vector["head_bytes"])
                asked = Decode(structure="head", raw=head)
                yield f"heads/{name}", f"a head of {vector['kind']} is read", partial(_reads, asked, head)


def _structures(vectors: Vectors) -> Iterator[tuple[str, str, Check]]:
    """Every good structure; a channel is no structure but a digest, and is asked for with every act."""
    for name, vector in vectors.read("structures"):
        if name == "channel":
            continue
        for extra, asked, expected in _asked(vectors, name, vector):
            yield f"structures/{name}{extra}", "a good structure is read", partial(_reads, asked, expected)


def _asked(vectors: Vectors, name: str, vector: Vector) -> Iterator[tuple[str, Decode, bytes]]:
    raw, kind = bytes.fromhex(vector["bytes"]), name.partition("-")[0]
    match kind:
        case "sign1" | "approval" | "frame":
            typ = vector.get("typ", "application/vnd.comity.frame.v1")
            asked = Decode(structure="sign1", raw=raw, typ=typ, key=vectors.key(vector["key"]))
            payload = bytes.fromhex(vector["payload"]) if "payload" in vector else unpack(raw[1:])[2]
            yield "", asked, payload
            if kind == "frame":
                yield ".payload", Decode(structure="frame", raw=payload), payload
        case "sealed":
            for label in vector["opens_with"]:
                asked = Decode(structure="sealed", raw=raw, **vectors.opens(label))
                extra = f".{label.partition('.')[0]}" if len(vector["opens_with"]) > 1 else ""
                yield extra, asked, bytes.fromhex(vector["signed"])
        case "delivery":
            yield "", _delivery(vectors, raw, vector["to"]), bytes.fromhex(vector["signed"])
        case "carried" | "returned" | "collect":
            yield "", _carriage(vectors, kind, raw, RELAYS[0]), bytes.fromhex(vector["payload"])
        case "row":
            asked = Decode(structure="row-proof", raw=raw, root=bytes.fromhex(vector["root"]))
            yield "", asked, bytes.fromhex(vector["fields"]["row"])
        case "logged":
            asked = Decode(structure="logged-proof", raw=raw, root=bytes.fromhex(vector["root"]))
            yield "", asked, encode(unpack(raw)["leaf"])
        case _:
            yield "", Decode(structure=kind, raw=raw), raw


def _delivery(vectors: Vectors, raw: bytes, me: str) -> Decode:
    return Decode(
        structure="delivery", raw=raw, me=BureauId(me), org=vectors.org, parties=vectors.parties(), now=NOW,
        **vectors.opens(f"{me}.seal"),
    )  # fmt: skip


def _carriage(vectors: Vectors, structure: str, raw: bytes, relay: str) -> Decode:
    parties = vectors.parties(relays=True)
    return Decode(structure=structure, raw=raw, me=BureauId(relay), org=vectors.org, parties=parties, now=NOW)


def _bad(vectors: Vectors) -> Iterator[tuple[str, str, Check]]:
    """What must be refused, each as its reader would be asked."""
    for name, vector in vectors.read("bad"):
        plain = name.rpartition(".")[0]
        code = vector.get("code", "malformed")
        asked = _bad_one(vectors, vector, bytes.fromhex(vector["bytes"]))
        yield f"bad/{plain}", f"refused: {vector['why']}", partial(_refuses, asked, code)


def _bad_one(vectors: Vectors, vector: Vector, raw: bytes) -> Decode:
    match vector["reader"]:
        case "sign1":
            return Decode(structure="sign1", raw=raw, typ=vector["typ"], key=vectors.key(vector["key"]))
        case "sealed":
            return Decode(structure="sealed", raw=raw, **vectors.opens(vector["key"]))
        case "body":
            return Decode(structure="body", raw=raw, kind=vector["kind"])
        case "row-proof":
            return Decode(structure="row-proof", raw=raw, root=bytes.fromhex(vector["root"]))
        case "judge":
            return _delivery(vectors, raw, vector["me"])
        case "carried" | "returned" | "collect" as structure:
            return _carriage(vectors, structure, raw, vector["relay"])
        case other:
            return Decode(structure=other, raw=raw)


def _published(vectors: Vectors) -> Iterator[tuple[str, str, Check]]:
    """What others published of CBOR; one case for each of their files."""
    not_well_formed = json.loads((vectors.place / "published" / "cbor-fail.json").read_bytes())
    examples = json.loads((vectors.place / "published" / "rfc8949-appendix-a.json").read_bytes())

    def refuses_all(session: Session) -> None:
        for each in not_well_formed:
            refuses(session, Decode(structure="value", raw=bytes.fromhex(each["hex"])))

    def tells_apart(session: Session) -> None:
        for each in examples:
            raw = bytes.fromhex(each["hex"])
            asked = Decode(structure="value", raw=raw)
            if _carried_by_the_wire(raw):
                reads(session, asked, raw)
            else:
                refuses(session, asked)

    yield (
        "published/cbor-fail",
        f"all {len(not_well_formed)} encodings that are not well-formed are refused",
        refuses_all,
    )
    yield (
        "published/rfc8949-appendix-a",
        f"of {len(examples)} examples the wire's are read, the others refused",
        tells_apart,
    )


def _carried_by_the_wire(raw: bytes) -> bool:
    try:
        return encode(unpack(raw)) == raw
    except Malformed:
        return False


def _files(vectors: Vectors) -> Iterator[tuple[str, str, Check]]:
    """Evidence files with their anchor, and anchors."""
    anchor = (vectors.place / "evidence" / "anchor.json").read_text()
    for name, vector in vectors.read("evidence"):
        if name == "anchor":
            continue
        text = (vectors.place / "evidence" / f"{name}.json").read_text()
        verdict = Verdict(what=vector["what"], bureau=BureauId(vector["against"]))
        yield f"evidence/{name}", f"{vector['against']} is convicted", partial(_convicts, text, anchor, verdict)
    good = (vectors.place / "registry" / "organisation" / "anchor.json").read_bytes()
    asked = Decode(structure="anchor", raw=good)
    yield "registry/anchor", "an anchor is read", partial(_reads, asked, json.loads(good)["org"].encode())
    for path in sorted((vectors.place / "registry" / "bad").glob("anchor-*.json")):
        bad = Decode(structure="anchor", raw=path.read_bytes())
        yield (
            f"registry/{path.name.partition('.')[0]}",
            "a false anchor is refused",
            partial(_refuses, bad, "malformed"),
        )


def _reads(asked: Decode, expected: bytes, session: Session) -> None:
    reads(session, asked, expected)


def _refuses(asked: Decode, code: str, session: Session) -> None:
    refuses(session, asked, code)


def _convicts(text: str, anchor: str, expected: Verdict, session: Session) -> None:
    try:
        same("the verdict", expected, session.ask(Verify(file=text, anchor=anchor), Verdict))
    except Denial as problem:
        raise Differs("a file that holds", str(problem)) from None
