"""How values are spelled in JSON for programs, as a schema and as two functions that agree with it (decision 0035).

Authority: RFC 8259 (JSON), RFC 3339 (moments), JSON Schema 2020-12, which OpenAPI 3.1 uses. This is the spelling of a
bureau's own interface; what bureaus say to each other is spelled by `core/codec.py` and by nothing else.

One spelling for each type of the house: bytes are lower-case hexadecimal, a moment is ``2026-11-30T18:00:00.000Z``, a
set is a sorted list, an act is an object whose `kind` says which. Every member is always there; what is absent is null.

>>> speller = Speller()
>>> spelled = speller.of(tuple[Millis, ...])
>>> spelled.write((Millis(1_796_061_600_000),))
['2026-11-30T18:00:00.000Z']
>>> spelled.read(["2026-11-30T18:00:00.000Z"], "until")
(1796061600000,)
>>> spelled.schema["items"]["format"]
'date-time'
"""

import base64
import binascii
import datetime as dt
import inspect
import re
import types
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, NewType, Union, get_args, get_origin

import msgspec

from comity.core.act import Act, kind_of
from comity.core.errors import Malformed, Misused
from comity.core.ids import BureauId, Millis

Schema = dict[str, Any]
"""A JSON Schema of the dialect 2020-12."""

MOST = 2**53 - 1
"""The largest integer that every reader of JSON reads alike (RFC 8259 section 6)."""

Base64 = NewType("Base64", bytes)
"""Bytes of a file: base64 (RFC 4648 section 4), since hexadecimal would double them."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
_HEX = re.compile(r"([0-9a-f]{2})*")
_BUREAU = "^[a-z][a-z0-9-]{1,23}$"
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_LAST = Millis(253_402_300_799_999)
"""9999-12-31T23:59:59.999Z: RFC 3339 knows no later year, so what a peer claims beyond it is spelled as this."""
_FIRST = Millis(-62_135_596_800_000)
"""0001-01-01T00:00:00Z."""


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file inside JSON."""

    name: str
    """The plain name, without a folder."""
    content: Base64


class Spelling(msgspec.Struct, frozen=True):
    """How one type is spelled."""

    schema: Schema
    write: Callable[[Any], Any]
    """A value to what a JSON encoder takes."""
    read: Callable[[Any, str], Any]
    """What a JSON decoder gave, and its place in words, to the value; raises `Malformed`."""


class Speller:
    """The spellings of all types that were asked for; structs and enumerations become components by name."""

    def __init__(
        self, acts: Iterable[type[Act]] = (), other: Callable[[str, dict[str, Any]], object] | None = None
    ) -> None:
        """Know the acts that may stand where a type says `Act`; `other` makes a value of a kind that is not known."""
        self.components: dict[str, Schema] = {}
        self._acts = tuple(sorted(acts, key=kind_of))
        self._other = other
        self._known: dict[Any, Spelling] = {}
        self._names: dict[str, Any] = {}

    def of(self, kind: Any) -> Spelling:  # noqa: ANN401 - any annotation
        """Return the spelling of a type.

        Raises:
            Misused: this is no type that has one.

        """
        try:
            return self._known[kind]
        except KeyError:
            made = self._known[kind] = self._make(kind)
            return made

    def _make(self, kind: Any) -> Spelling:  # noqa: ANN401 - any annotation
        if kind in _PLAIN:
            return _PLAIN[kind]
        if isinstance(kind, NewType):
            return self.of(kind.__supertype__)
        origin, arguments = get_origin(kind), get_args(kind)
        if origin in {Union, types.UnionType}:
            return self._union(arguments)
        if origin in {tuple, list, frozenset} and len(arguments) - (Ellipsis in arguments) == 1:
            return self._many(origin, arguments[0])
        if origin is tuple:
            return self._fixed(arguments)
        if origin is dict:
            return self._map(arguments[1])
        base = origin or kind
        if isinstance(base, type) and issubclass(base, Enum):
            return self._enum(base)
        if base is Act:
            return self._union((Act,))
        if isinstance(base, type) and issubclass(base, msgspec.Struct):
            return self._struct(kind, tagged=issubclass(base, Act))
        raise Misused(f"{kind} has no spelling in JSON")

    # Containers.

    def _many(self, make: Callable[[Any], Any], item: Any) -> Spelling:  # noqa: ANN401 - any annotation
        one = self.of(item)

        def write(value: Iterable[Any]) -> list[Any]:
            spelled = [one.write(each) for each in value]
            return sorted(spelled) if make is frozenset else spelled

        def read(given: Any, place: str) -> Any:  # noqa: ANN401 - what JSON holds
            items = _is(given, list, place, "a list")
            return make(one.read(each, f"{place}[{number}]") for number, each in enumerate(items))

        return Spelling({"type": "array", "items": one.schema}, write, read)

    def _fixed(self, items: tuple[Any, ...]) -> Spelling:
        each = [self.of(item) for item in items]

        def write(value: tuple[Any, ...]) -> list[Any]:
            return [one.write(part) for one, part in zip(each, value, strict=True)]

        def read(given: Any, place: str) -> Any:  # noqa: ANN401 - what JSON holds
            parts = _is(given, list, place, f"a list of {len(each)}")
            if len(parts) != len(each):
                raise Malformed(f"{place}: a list of {len(parts)} came, one of {len(each)} was expected")
            return tuple(one.read(part, place) for one, part in zip(each, parts, strict=True))

        schemas = [one.schema for one in each]
        length = {"minItems": len(each), "maxItems": len(each)}
        return Spelling({"type": "array", "prefixItems": schemas, **length}, write, read)

    def _map(self, item: Any) -> Spelling:  # noqa: ANN401 - any annotation
        one = self.of(item)

        def read(given: Any, place: str) -> Any:  # noqa: ANN401 - what JSON holds
            members = _is(given, dict, place, "an object")
            return {name: one.read(each, place) for name, each in members.items()}

        return Spelling(
            {"type": "object", "additionalProperties": one.schema},
            lambda value: {str(name): one.write(each) for name, each in value.items()},
            read,
        )

    # Named types.

    def _enum(self, kind: type[Enum]) -> Spelling:
        values = [each.value for each in kind]

        def read(given: Any, place: str) -> Any:  # noqa: ANN401 - what JSON holds
            if given not in values or isinstance(given, bool):
                raise Malformed(f"{place}: one of {', '.join(map(str, values))} was expected")
            return kind(given)

        shape = {"type": "string" if isinstance(values[0], str) else "integer", "enum": values}
        schema = self._component(kind, {**shape, "description": _told(kind)})
        return Spelling(schema, lambda value: value.value, read)

    def _struct(self, kind: Any, *, tagged: bool) -> Spelling:  # noqa: ANN401 - a struct, or one of a generic kind
        base = get_origin(kind) or kind
        # Known before its fields are looked at, so that a struct may hold itself.
        schema = self._component(kind, {})
        parts: dict[str, Spelling] = {}
        told = msgspec.structs.fields(kind)
        tag = tag_of(base)

        def write(value: Any) -> dict[str, Any]:  # noqa: ANN401 - a value of the struct
            spelled = {"kind": tag} if tagged else {}
            return spelled | {name: part.write(getattr(value, name)) for name, part in parts.items()}

        def read(given: Any, place: str) -> Any:  # noqa: ANN401 - what JSON holds
            members = _is(given, dict, place, "an object")
            found = {
                name: part.read(members[name], f"{place}.{name}" if place else name)
                for name, part in parts.items()
                if name in members
            }
            try:
                return base(**found)
            except (TypeError, ValueError):
                raise Malformed(f"{place or 'the answer'}: an object came that is no {base.__name__}") from None

        spelling = Spelling(schema, write, read)
        if not tagged:
            self._known[kind] = spelling
        parts |= {field.name: self.of(field.type) for field in told}
        properties = ({"kind": {"const": tag}} if tagged else {}) | {name: part.schema for name, part in parts.items()}
        body = {"type": "object", "description": _told(base), "properties": properties, "required": list(properties)}
        self.components[schema["$ref"].rpartition("/")[2]].update(body)
        return spelling

    def _union(self, options: tuple[Any, ...]) -> Spelling:
        """Spell a choice: null, plain types told apart by what they are in JSON, structs told apart by `kind`."""
        several = [each for each in options if each is not types.NoneType]
        structs = [each for each in several if isinstance(each, type) and issubclass(each, msgspec.Struct)]
        if len(structs) == len(several) and (len(structs) > 1 or Act in structs):
            inner = self._kinds(tuple(structs))
        elif len(several) == 1:
            inner = self.of(several[0])
        else:
            raise Misused("a choice between types that are no structs has no spelling in JSON")
        if len(several) == len(options):
            return inner
        return Spelling(
            {"anyOf": [inner.schema, {"type": "null"}]},
            lambda value: None if value is None else inner.write(value),
            lambda given, place: None if given is None else inner.read(given, place),
        )

    def _kinds(self, structs: tuple[type, ...]) -> Spelling:
        every = [each for each in structs if each is not Act] + (list(self._acts) if Act in structs else [])
        known = {tag_of(each): self._struct(each, tagged=True) for each in every}
        by_type = {each: known[tag_of(each)] for each in every}

        def write(value: Any) -> Any:  # noqa: ANN401 - a value of one of the structs
            return by_type[type(value)].write(value)

        def read(given: Any, place: str) -> Any:  # noqa: ANN401 - what JSON holds
            members = _is(given, dict, place, "an object")
            kind = _is(members.get("kind"), str, f"{place}.kind", "text")
            if kind not in known and self._other is not None:
                return self._other(kind, members)
            if kind not in known:
                raise Malformed(f"{place}: an object of a kind that is not known here")
            return known[kind].read(members, place)

        mapping = {tag: spelling.schema["$ref"] for tag, spelling in known.items()}
        schema = {
            "oneOf": [spelling.schema for spelling in known.values()],
            "discriminator": {"propertyName": "kind", "mapping": mapping},
        }
        return Spelling(schema, write, read)

    def _component(self, kind: Any, schema: Schema) -> Schema:  # noqa: ANN401 - any named type
        name = name_of(kind)
        held = self._names.setdefault(name, kind)
        if held is not kind and held != kind:
            raise Misused(f"two types are called {name}: give one of them another name")
        self.components.setdefault(name, {}).update(schema)
        return {"$ref": f"#/components/schemas/{name}"}


def tag_of(struct: type) -> str:
    """Return the `kind` by which a struct is told apart: the kind of an act, else its name in lower case."""
    tag = getattr(getattr(struct, "__struct_config__", None), "tag", None)
    return tag if isinstance(tag, str) else struct.__name__.lower()


def name_of(kind: Any) -> str:  # noqa: ANN401 - any named type
    """Return the name of a type's component; what a capability declares bears the capability's name in front.

    >>> name_of(File)
    'File'
    """
    base, arguments = get_origin(kind) or kind, get_args(kind)
    parts = base.__module__.split(".")
    front = parts[2].capitalize() if parts[:2] == ["comity", "capabilities"] else ""
    named = front + base.__name__
    return f"{named}Of{''.join(name_of(each) for each in arguments)}" if arguments else named


def moment(at: Millis) -> str:
    """Return a moment as RFC 3339 spells it, in UTC, with milliseconds."""
    near = min(max(at, _FIRST), _LAST)
    return (_EPOCH + dt.timedelta(milliseconds=near)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def millis(text: str, place: str) -> Millis:
    """Return the moment that RFC 3339 text names.

    Raises:
        Malformed: it names none.

    """
    if not _MOMENT.fullmatch(text):
        raise Malformed(f"{place}: a moment like 2026-11-30T18:00:00Z was expected")
    try:
        value = dt.datetime.fromisoformat(text)
        return Millis((value - _EPOCH) // dt.timedelta(milliseconds=1))
    except (ValueError, OverflowError):
        raise Malformed(f"{place}: there is no such moment") from None


def _is(given: Any, kind: type, place: str, expected: str) -> Any:  # noqa: ANN401 - what JSON holds
    # True is an int to Python, and is none in JSON.
    if not isinstance(given, kind) or (kind is int and isinstance(given, bool)):
        raise Malformed(f"{place or 'the body'}: {_came(given)} came, {expected} was expected")
    return given


def _came(given: object) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "nothing"}
    return names.get(type(given), "a number")


def _told(kind: type) -> str:
    """Return the first paragraph of a type's docstring on one line."""
    return " ".join((inspect.getdoc(kind) or "").split("\n\n")[0].split())


def _integer(given: Any, place: str) -> int:  # noqa: ANN401 - what JSON holds
    # 1.0 and 1 are one number to JSON Schema.
    if isinstance(given, float) and given.is_integer():
        given = int(given)
    value: int = _is(given, int, place, "an integer")
    if abs(value) > MOST:
        raise Malformed(f"{place}: an integer beyond 2^53 - 1")
    return value


def _hexadecimal(given: Any, place: str) -> bytes:  # noqa: ANN401 - what JSON holds
    text = _is(given, str, place, "hexadecimal text")
    if not _HEX.fullmatch(text):
        raise Malformed(f"{place}: pairs of 0 to 9 and a to f were expected")
    return bytes.fromhex(text)


def _base64(given: Any, place: str) -> Base64:  # noqa: ANN401 - what JSON holds
    try:
        return Base64(base64.b64decode(_is(given, str, place, "base64"), validate=True))
    except (binascii.Error, ValueError):
        raise Malformed(f"{place}: base64 was expected") from None


def _bureau(given: Any, place: str) -> BureauId:  # noqa: ANN401 - what JSON holds
    text = _is(given, str, place, "a bureau's name")
    if not re.fullmatch(_BUREAU, text):
        raise Malformed(f"{place}: 2 to 24 small letters, digits or hyphens that begin with a letter were expected")
    return BureauId(text)


def _anything(value: Any) -> Any:  # noqa: ANN401 - of a value whose type nobody declared
    match value:
        case Enum():
            return value.value
        case bytes():
            return value.hex()
        case msgspec.Struct():
            return {name: _anything(getattr(value, name)) for name in value.__struct_fields__}
        case list() | tuple():
            return [_anything(each) for each in value]
        case set() | frozenset():
            return sorted(_anything(each) for each in value)
        case dict():
            return {str(_anything(name)): _anything(each) for name, each in value.items()}
        case _:
            return value


def _same(value: Any) -> Any:  # noqa: ANN401 - a plain value
    return value


_INTEGER = Spelling({"type": "integer", "minimum": -MOST, "maximum": MOST}, _same, _integer)
_PLAIN: dict[Any, Spelling] = {
    str: Spelling({"type": "string"}, _same, lambda given, place: _is(given, str, place, "text")),
    bool: Spelling({"type": "boolean"}, _same, lambda given, place: _is(given, bool, place, "true or false")),
    int: _INTEGER,
    bytes: Spelling({"type": "string", "pattern": "^([0-9a-f]{2})*$"}, lambda value: value.hex(), _hexadecimal),
    Base64: Spelling(
        {"type": "string", "contentEncoding": "base64"}, lambda value: base64.b64encode(value).decode(), _base64
    ),
    Millis: Spelling(
        {"type": "string", "format": "date-time"},
        moment,
        lambda given, place: millis(_is(given, str, place, "a moment"), place),
    ),
    BureauId: Spelling({"type": "string", "pattern": _BUREAU}, _same, _bureau),
    object: Spelling({}, _anything, lambda given, _: given),
    Any: Spelling({}, _anything, lambda given, _: given),
}
"""The types at the leaves."""
