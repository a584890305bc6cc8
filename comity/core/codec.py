"""The one place that knows the wire: values to deterministic CBOR and back (RFC 8949 section 4.2.1; decision 0003).

One value has one spelling. A decoder that accepts two spellings of one act lets two parties hold different bytes
for the same thing, so decoding ends by encoding again and comparing. What may appear: integers of 64 bits, text,
bytes, lists, and maps with text keys (COSE headers: integers of one byte too); no float, tag, bool or null.

>>> encode({"seq": 7, "kind": "messages.request/1"}).hex()
'a26373657107646b696e64726d657373616765732e726571756573742f31'
>>> unpack(bytes.fromhex("a26373657107646b696e64726d657373616765732e726571756573742f31"))
{'seq': 7, 'kind': 'messages.request/1'}
>>> unpack(bytes.fromhex("1817"))
Traceback (most recent call last):
comity.core.errors.Malformed: 2 bytes are not in canonical form

It does not verify anything: callers verify first and decode after (invariant of ARCHITECTURE.md).
"""

import threading
from typing import Any, NoReturn, TypeVar

import cbor2
import msgspec

from comity.core.errors import Malformed

MAX_DEPTH = 16
"""Containers inside containers. The structures of core have 4 at most; a bomb of 200,000 arrays must stop early."""

MAX_BYTES = 8 * 1024 * 1024
"""Largest structure that is decoded in one piece, bytes; anything larger travels as an attachment."""

_INT_LIMIT = 1 << 63

_KEY_INTS = range(-24, 24)
"""Integers that may be map keys: those of one byte. With wider ones the two orders of RFC 8949, bytewise (4.2.1) and
length first (4.2.3, which cbor2 writes), differ, and a value would have a second spelling elsewhere."""

NO_JSON = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that are no JSON of a type; text that is no UTF-8, and lists in lists without end, have
errors of their own, which fuzzing found."""

T = TypeVar("T")

Value = int | str | bytes | list["Value"] | dict[Any, "Value"]
"""What the wire can carry."""


def _no_tags(*_: object) -> NoReturn:
    raise Malformed("a tag stands where none may")


# Every tag that cbor2 turns into an object of its own accord (dates, bignums, regular expressions, shared references,
# sets, addresses): each must be overridden, or it survives the comparison with the re-encoded bytes.
_BUILT_IN_TAGS = (*range(6), 25, 28, 29, 30, 35, 36, 37, 43000, 100, 256, 258, 260, 261, 1004, 52, 54, 55799)
_DECODERS: dict[int, Any] = dict.fromkeys(_BUILT_IN_TAGS, _no_tags)


def encode(value: object) -> bytes:
    """Return the one spelling of a struct or plain value.

    Raises:
        Malformed: it holds something that the wire cannot carry.

    """
    try:
        return cbor2.dumps(_in_order(msgspec.to_builtins(value, builtin_types=(bytes,))))
    except UnicodeEncodeError:
        # A command line that is not UTF-8 reaches Python as lone surrogates.
        raise Malformed("a text is not Unicode") from None


def spell(*items: bytes | str) -> bytes:
    """Return the one spelling of a list of texts and byte strings: where there is no map, nothing has to be sorted."""
    return cbor2.dumps(items)


def decode(raw: bytes, kind: type[T], limit: int = MAX_BYTES) -> T:
    """Return the struct that `raw` spells; refuses unknown fields, wrong types and second spellings.

    Raises:
        Malformed: the bytes are not the one spelling of a value of that type.

    """
    try:
        # That the whole is spelled canonically, and holds nothing but what the wire carries, is seen below.
        value = msgspec.convert(_loaded(raw, limit), described(kind), strict=True, builtin_types=(bytes,))
    except msgspec.ValidationError as problem:
        raise Malformed(f"{len(raw)} bytes are no {_name(kind)}: {_shape_only(problem)}") from None
    if encode(value) != raw:
        raise Malformed(f"{len(raw)} bytes are not the canonical form of a {_name(kind)}")
    return value


def recall(raw: bytes, kind: type[T]) -> T:
    """Return the struct that bytes of our own store spell: their form was looked at when they were put there.

    Raises:
        Malformed: they are no such struct; somebody has changed them.

    """
    try:
        return msgspec.convert(_loaded(raw, MAX_BYTES), described(kind), strict=True, builtin_types=(bytes,))
    except msgspec.ValidationError as problem:
        raise Malformed(f"{len(raw)} stored bytes are no {_name(kind)}: {_shape_only(problem)}") from None


def from_json(raw: bytes, kind: type[T]) -> T:
    """Return the struct that JSON of our own files spells; the wire is CBOR.

    Raises:
        msgspec.MsgspecError: it spells none; see `NO_JSON`.

    """
    return msgspec.json.decode(raw, type=described(kind))


_DESCRIBED: set[Any] = set()
_DESCRIBING = threading.Lock()


def described(kind: type[T]) -> type[T]:
    """Return the type, once msgspec knows its fields: it looks at a struct and at those within when one is first read.

    Two threads that did so at once would crash the process: msgspec 0.22 shows what it has half described to the other.
    """
    if kind not in _DESCRIBED:
        with _DESCRIBING:
            msgspec.msgpack.Decoder(kind)
            _DESCRIBED.add(kind)
    return kind


def unpack(raw: bytes, limit: int = MAX_BYTES) -> Any:  # noqa: ANN401 - the wire's own union, narrowed by `decode`
    """Return the plain value that `raw` spells.

    Raises:
        Malformed: too long, too deep, not CBOR, not canonical, or it holds what the wire may not carry.

    """
    value = _loaded(raw, limit)
    try:
        spelled = cbor2.dumps(_in_order(value))
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError) as problem:
        raise Malformed(f"{len(raw)} bytes are not strict CBOR: {type(problem).__name__}") from None
    if spelled != raw:
        raise Malformed(f"{len(raw)} bytes are not in canonical form")
    return value


def _loaded(raw: bytes, limit: int) -> Any:  # noqa: ANN401 - whatever CBOR can say; the callers compare it
    if len(raw) > limit:
        raise Malformed(f"{len(raw)} bytes, at most {limit} were expected")
    try:
        return cbor2.loads(
            raw,
            max_depth=MAX_DEPTH,
            allow_indefinite=False,
            allow_duplicate_keys=False,
            tag_hook=_no_tags,
            semantic_decoders=_DECODERS,
        )
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError, EOFError) as problem:
        raise Malformed(f"{len(raw)} bytes are not strict CBOR: {type(problem).__name__}") from None


def _in_order(value: Any) -> Any:  # noqa: ANN401 - the wire's own union, and whatever is refused here
    """Return a value with its maps in their one order; refuses every type that the wire does not carry.

    cbor2 sorts too, by encoding each key anew each time; an act is walked some thirty times on its way, so this counts.
    """
    kind = type(value)
    # Bool is an int in Python, so types are exact. What there is most of comes first.
    if kind is str or kind is bytes:
        return value
    if kind is int:
        if not -_INT_LIMIT <= value < _INT_LIMIT:
            raise Malformed("an integer does not fit 64 bits")
        return value
    if kind is list or kind is tuple:
        return [item if type(item) is bytes else _in_order(item) for item in value]
    if kind is dict:
        keys = tuple(value)
        return {
            key: item if type(item := value[key]) is str or type(item) is bytes else _in_order(item)
            for key in _ORDERS.get(keys) or _order(keys)
        }
    raise Malformed(f"a value of type {kind.__name__}, which the wire does not carry")


_ORDERS: dict[tuple[object, ...], tuple[Any, ...]] = {}
"""The order of maps that were seen, by their keys; for keys that are not all texts also by the types of those, which
tell True from 1."""

_MOST_ORDERS, _LONGEST_ORDER = 1024, 512
"""How many are remembered, and the bytes of their keys: strangers bring maps too, and must not fill the memory."""


def _order(keys: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the keys of a map in the order of their encoded bytes, shorter ones first."""
    kinds = tuple(map(type, keys))
    found = _ORDERS.get((keys, kinds))
    if found is not None:
        return found
    for key, kind in zip(keys, kinds, strict=True):
        if kind is not str and not (kind is int and key in _KEY_INTS):
            raise Malformed(f"a map key of type {kind.__name__}, text or an integer of one byte was expected")
    spelled = sorted((len(raw := cbor2.dumps(key)), raw, key) for key in keys)
    found = tuple(key for _, _, key in spelled)
    if sum(length for length, _, _ in spelled) <= _LONGEST_ORDER:
        if len(_ORDERS) >= _MOST_ORDERS:
            _ORDERS.clear()
        # Nothing but a text equals a text, so there the types need not be asked again.
        _ORDERS[keys if set(kinds) == {str} else (keys, kinds)] = found
    return found


def _name(kind: object) -> str:
    return getattr(kind, "__name__", str(kind)).lower()


def _shape_only(problem: msgspec.ValidationError) -> str:
    """Keep what was expected and where, and drop what came: it may be personal data."""
    text = str(problem)
    where = text.partition(" - at `")[2].rstrip("`")
    if "missing required field" in text or text.startswith("Expected"):
        return text[:200]
    return f"a wrong value at {where or 'the top'}"
