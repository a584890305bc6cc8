"""Golden bytes of every kind that a capability says: what was written once is read for ever (decision 0003)."""

import json
from pathlib import Path

import msgspec
import pytest

from comity.capabilities import ALL
from comity.core.act import Act, Kinds, body_digest, encode_body, kind_of

ACTS = Path(__file__).parents[1] / "vectors" / "acts"
EVERY = tuple(act for capability in ALL for act in capability.acts)


def readable(value: object) -> object:
    """Return a value with its bytes as hexadecimal text."""
    match value:
        case bytes():
            return value.hex()
        case dict():
            return {name: readable(item) for name, item in value.items()}
        case list() | tuple():
            return [readable(item) for item in value]
        case _:
            return value


@pytest.mark.parametrize("struct", EVERY, ids=kind_of)
def test_golden_bytes_are_read_and_written_again(struct: type[Act]) -> None:
    """Body, readable form and digest agree."""
    kind = kind_of(struct)
    vector = json.loads((ACTS / f"{kind.replace('/', '.')}.json").read_text())
    body, salt = bytes.fromhex(vector["body"]), bytes.fromhex(vector["salt"])
    act = Kinds(EVERY).decode(vector["kind"], body)
    assert isinstance(act, struct)
    assert encode_body(act) == body
    assert readable(msgspec.to_builtins(act, builtin_types=(bytes,))) == vector["act"]
    assert body_digest(salt, body).hex() == vector["digest"]
