"""Private set intersection: which of my keys are in your set, without either showing keys (decision 0053).

Everything cryptographic is openmined-psi's (Diffie-Hellman on P-256 over hashes to the curve, in C++); here is only how
its bytes are framed. A *source* conceals its set under its key; an *asker* blinds a question under its own; the source
evaluates the blinded points under its key; the asker takes its own blinding off and compares. What travels are points,
33 bytes each, laid end to end. The source's points are sorted, so that their order tells nothing.

The library reads protobuf, and bytes of others must never reach that reader: of a compressed set (GCS) some make it
abort the process, read beyond its memory or never return. So what travels are points of a fixed length; the messages
around them are written here, and of compressed sets none is ever read.

It proves nothing of what the other side put in, draws no key but by the library, and keeps none. The library is an
extra; without it everything else works. A call holds the interpreter for 0.2 to 0.4 ms a key: hand over slices.
"""

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from itertools import chain
from typing import Any

from comity.core.errors import Malformed, Misused

POINT = 33
"""Bytes of a compressed point of P-256 (SEC 1, 2.3.3): 2 or 3, then 32 bytes."""

SLICE = 256
"""Keys handed over at once: a tenth of a second, so that threads beside it are not kept waiting."""

_REQUEST = b"\x08\x01"
"""Field 1 of a request: the asker is to learn which keys, not only how many."""
_ASKED, _ANSWERED = b"\x12\x21", b"\x0a\x21"
"""Field 2 of a request and field 1 of a response, with the length of a point."""


def source_key() -> bytes:
    """Return a new key of a source, drawn by the library: 32 bytes."""
    return bytes(_library().cpp_server.CreateWithNewKey(True).GetPrivateKeyBytes())  # noqa: FBT003 - the library's


def asker_key() -> bytes:
    """Return a new key of an asker, drawn by the library: 32 bytes."""
    return bytes(_library().cpp_client.CreateWithNewKey(True).GetPrivateKeyBytes())  # noqa: FBT003


def conceal(key: bytes, keys: Sequence[str]) -> bytes:
    """Return the points of a slice of a source's set, in an order that tells nothing; see `merged`."""
    library = _library()
    # The rate of false positives and the size of questions shape compressed sets alone; a raw one is exact.
    message = _source(key).CreateSetupMessage(0.5, 1, list(keys), library.data_structure.Raw).save()
    head = b"\x0a" + _varint(len(keys) * (2 + POINT))
    return _points(message, head, _ANSWERED, len(keys))


def merged(slices: Sequence[bytes]) -> bytes:
    """Return the points of several slices as one set: sorted, since the library compares sets in their order."""
    return b"".join(sorted(chain.from_iterable(map(_split, slices))))


def blind(key: bytes, keys: Sequence[str]) -> bytes:
    """Return the points of a question, in the order of its keys."""
    message = _asker(key).CreateRequest(list(keys)).save()
    return _points(message, _REQUEST, _ASKED, len(keys))


def evaluate(key: bytes, blinded: bytes) -> bytes:
    """Return the points of a question under the source's key, in their order.

    Raises:
        Malformed: what came are no points of the curve.

    """
    points, source, found = _split(blinded), _source(key), []
    for at in range(0, len(points), SLICE):
        some = points[at : at + SLICE]
        message = _REQUEST + b"".join(_ASKED + point for point in some)
        try:
            answered = source.ProcessRequest(_library().cpp_proto_request.Load(message)).save()
        except (RuntimeError, ValueError):
            raise Malformed(f"{len(points)} points came, and not all are points of the curve P-256") from None
        found.append(_points(answered, b"", _ANSWERED, len(some)))
    return b"".join(found)


def common(key: bytes, evaluated: bytes, concealed: bytes) -> tuple[int, ...]:
    """Return the places of those keys of a question that are in the source's set, in ascending order.

    Raises:
        Malformed: what came are no points of the curve.

    """
    library = _library()
    if not evaluated or not concealed:
        return ()
    answer = b"".join(_ANSWERED + point for point in _split(evaluated))
    inner = b"".join(_ANSWERED + point for point in sorted(_split(concealed)))
    setup = b"\x0a" + _varint(len(inner)) + inner
    try:
        found = _asker(key).GetIntersection(
            library.cpp_proto_server_setup.Load(setup), library.cpp_proto_response.Load(answer)
        )
    except (RuntimeError, ValueError):
        raise Malformed(f"an answer of {len(evaluated)} bytes holds something else than points of P-256") from None
    return tuple(sorted(int(place) for place in found))


def _split(raw: bytes) -> list[bytes]:
    if len(raw) % POINT or not set(raw[::POINT]) <= {2, 3}:
        raise Malformed(f"{len(raw)} bytes are not points of {POINT} bytes, each beginning with 2 or 3")
    return [raw[at : at + POINT] for at in range(0, len(raw), POINT)]


def _points(message: bytes, head: bytes, mark: bytes, count: int) -> bytes:
    """Take the points out of a message of the library; another layout than the known one is a mistake of ours."""
    body, stride = message[len(head) :], len(mark) + POINT
    whole = message.startswith(head) and len(body) == count * stride
    if not whole or any(body[at : at + len(mark)] != mark for at in range(0, len(body), stride)):
        raise Misused(f"openmined-psi wrote {len(message)} bytes for {count} keys, in another layout than was known")
    return b"".join(body[at + len(mark) : at + stride] for at in range(0, len(body), stride))


def _varint(value: int) -> bytes:
    """Return a number as protobuf spells it.

    >>> _varint(300).hex()
    'ac02'
    """
    spelled = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits to a byte
        spelled.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*spelled, value))


def _source(key: bytes) -> Any:  # noqa: ANN401 - the library has no types
    return _made(_library().cpp_server, key)


def _asker(key: bytes) -> Any:  # noqa: ANN401
    return _made(_library().cpp_client, key)


def _made(party: Any, key: bytes) -> Any:  # noqa: ANN401
    try:
        return party.CreateFromKey(key, True)  # noqa: FBT003
    except (RuntimeError, ValueError):
        raise Misused(f"{len(key)} bytes are no key of openmined-psi") from None


@cache
def _library() -> Any:  # noqa: ANN401
    """Return the library, loaded when it is first needed: a node without the extra has all its other work to do."""
    try:
        return import_module("private_set_intersection.python._openmined_psi")
    except ImportError:
        raise Misused("private set intersection needs the extra psi: pip install comity[psi]") from None
