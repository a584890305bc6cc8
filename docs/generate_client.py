"""Writes the typed half of `comity/client` from the desks: structs, enumerations, a class for each capability.

`docs/generate.py` calls it, so `make docs` writes the files and `make lint` fails when they differ from the code. The
structs are those of the node and the capabilities, written down again because the client imports `core` at most.
"""

import inspect
import subprocess
import sys
import textwrap
import types
import typing
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec

from comity.capabilities import ALL
from comity.core.act import Act
from comity.core.capability import Capability
from comity.core.desk import Field, fields
from comity.core.spelling import File, name_of, tag_of
from comity.node.news import EVENTS
from comity.node.tokens import verb_of

FOLDER = Path(__file__).parent.parent / "comity" / "client"
NOTE = "Written by `make docs` from the desks; do not edit."
WIDTH = 100
FOLDERS = {
    "said.__init__": "What acts say, for each capability.",
    "told.__init__": "What desks answer, for each capability.",
}

Places = dict[str, tuple[str, Any]]
"""Each struct and enumeration by name: the module of the client that holds it, and the type."""


def files() -> dict[Path, str]:
    """Return each generated file with what it should hold."""
    desks = [each for each in ALL if each.desk]
    places = _places(desks)
    found = {module: _values(module, places) for module in sorted({module for module, _ in places.values()})}
    found["desks"] = _desks(desks)
    for each in desks:
        found |= _capability(each, places)
    found |= {folder: f'"""{said} {NOTE}"""\n' for folder, said in FOLDERS.items()}
    return {FOLDER / f"{name.replace('.', '/')}.py": _formatted(text) for name, text in found.items()}


def _formatted(text: str) -> str:
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", "generated.py", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout  # noqa: S603


# ------------------------------------------------------------------------------------------------------------- types


class Names:
    """How types are written in a generated file, and what the file must import for it."""

    def __init__(self, places: Places, inside: str = "") -> None:
        """Begin; `inside` is the module that is written."""
        self._places, self._inside = places, inside
        self.imports: dict[str, set[str]] = {}

    def spell(self, kind: Any) -> str:  # noqa: ANN401 - any annotation
        """Return a type as source text."""
        origin, arguments = get_origin(kind), get_args(kind)
        if origin in {typing.Union, types.UnionType}:
            if Act in arguments:
                return self._ours("Content")
            return " | ".join(self.spell(each) for each in arguments)
        if kind is types.NoneType:
            return "None"
        if kind is Ellipsis:
            return "..."
        if origin in {tuple, list, dict, frozenset}:
            return f"{origin.__name__}[{', '.join(self.spell(each) for each in arguments)}]"
        base = origin or kind
        if base.__module__ == "builtins":
            return str(base.__name__)
        if base.__module__.startswith("comity.core."):
            self.imports.setdefault(base.__module__, set()).add(base.__name__)
            return str(base.__name__)
        return self._ours(name_of(kind))

    def _ours(self, name: str) -> str:
        module = "values" if name == "Content" else self._places[name][0]
        if module != self._inside:
            self.imports.setdefault(f"comity.client.{module}", set()).add(name)
        return name

    def head(self) -> str:
        """Return the import lines."""
        return "\n".join(
            f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(self.imports.items())
        )

    def default(self, value: Any) -> str:  # noqa: ANN401 - any default
        """Return a default as source text."""
        return f"{self.spell(type(value))}.{value.name}" if isinstance(value, Enum) else repr(value)


def _parts(kind: Any, met: dict[str, Any]) -> None:  # noqa: ANN401 - any annotation
    """Collect the structs and enumerations outside `core` that a type is made of, in the order of their need."""
    base = get_origin(kind) or kind
    named = isinstance(base, type) and issubclass(base, (msgspec.Struct, Enum))
    if named and (base is Act or name_of(kind) in met):
        return
    if named and issubclass(base, msgspec.Struct):
        for field in msgspec.structs.fields(kind):
            _parts(field.type, met)
    if named and not base.__module__.startswith("comity.core."):
        met[name_of(kind)] = kind
    if not named:
        for each in get_args(kind):
            _parts(each, met)


# ------------------------------------------------------------------------------------------------------------- files


def _places(desks: Iterable[Capability]) -> Places:
    """Return what must be written, each in the order of its need: acts first, then what desks answer."""
    acts, rest = dict[str, Any](), dict[str, Any]()
    for act in (act for each in desks for act in each.acts):
        _parts(act, acts)
    for each in desks:
        for function in each.desk:
            for told in fields(function):
                _parts(_given(told), rest)
            _parts(typing.get_type_hints(function)["return"], rest)
    for event in EVENTS:
        _parts(event, rest)
    places = {name: (f"said.{_owner(kind)}", kind) for name, kind in acts.items()}
    for name, kind in rest.items():
        owner = _owner(kind)
        places.setdefault(name, (f"told.{owner}" if owner else "values", kind))
    return places


def _owner(kind: Any) -> str:  # noqa: ANN401 - a struct or enumeration
    """Return the capability that a type belongs to; a page of its structs does too."""
    every = [get_origin(kind) or kind, *get_args(kind)]
    modules = [each.__module__.split(".") for each in every]
    return next((parts[2] for parts in modules if parts[:2] == ["comity", "capabilities"]), "")


def _values(module: str, places: Places) -> str:
    names = Names(places, module)
    body = [_named(kind, names) for name, (place, kind) in places.items() if place == module and name != "Veiled"]
    if module == "values":
        body = [*_content(names, places), *body, *_events()]
        names.imports.setdefault("comity.client.connection", set()).add("Other")
    enums = [name for name in ("IntEnum", "StrEnum") if any(f"({name})" in each for each in body)]
    built_in = f"from enum import {', '.join(enums)}" if enums else ""
    msgspec_ = "import msgspec" if any("msgspec.Struct" in each for each in body) else ""
    said = f'"""What the desk of a bureau answers: structs and enumerations.\n\n{NOTE}\n"""'
    return "\n\n".join(filter(None, [said, built_in, msgspec_, names.head(), *body])) + "\n"


def _content(names: Names, places: Places) -> Iterator[str]:
    """Give the choice of what an act may say, and before it what is left of a masked one."""
    veiled = places["Veiled"][1]
    acts = [kind for _, kind in places.values() if isinstance(kind, type) and issubclass(kind, Act)]
    names.imports.setdefault("comity.core.act", set()).update({"Erased", "Unknown"})
    every = ["Unknown", "Erased", "Veiled", *(names.spell(act) for act in acts), "Other"]
    yield _named(veiled, names)
    yield f"Content = {' | '.join(every)}"
    yield '"""What is said in an act, as far as the reader may see it."""'


def _events() -> Iterator[str]:
    yield f"EVENTS: dict[str, type] = {{{', '.join(f'{e.__name__.lower()!r}: {e.__name__}' for e in EVENTS)}}}"
    yield '"""The events by the name that the stream gives them."""'
    yield f"Event = {' | '.join(e.__name__ for e in EVENTS)} | Other"
    yield '"""What a stream tells of."""'


def _named(kind: Any, names: Names) -> str:  # noqa: ANN401 - a struct or enumeration
    base, name = get_origin(kind) or kind, name_of(kind)
    said = textwrap.indent(f'"""{_lead(base)}"""', "    ")
    if issubclass(base, Enum):
        lines = [f"    {each.name} = {each.value!r}" for each in base]
        return "\n".join([f"class {name}({'IntEnum' if issubclass(base, int) else 'StrEnum'}):", said, "", *lines])
    tag = f', tag_field="kind", tag={tag_of(base)!r}' if issubclass(base, Act) else ""
    lines = [f"    {field.name}: {names.spell(field.type)}" for field in msgspec.structs.fields(kind)]
    return "\n".join([f"class {name}(msgspec.Struct, frozen=True, kw_only=True{tag}):", said, "", *lines])


def _capability(capability: Capability, places: Places) -> dict[str, str]:
    """Return the modules of a desk: one, or as many as the desk itself has, and a class that joins them."""
    about = _lead(sys.modules[f"comity.capabilities.{capability.name}"])
    parts: dict[str, list[Callable[..., Any]]] = {}
    for function in capability.desk:
        parts.setdefault(function.__module__.rpartition(".")[2], []).append(function)
    name, title = capability.name, capability.name.capitalize()
    if len(parts) == 1:
        return {name: _class(name, title, about, capability.desk, places)}
    found = {
        f"{name}.{part}": _class(name, part.capitalize(), _theme(done[0].__module__), done, places)
        for part, done in parts.items()
    }
    imports = [f"from comity.client.{name}.{part} import {part.capitalize()}" for part in sorted(parts)]
    bases = ", ".join(part.capitalize() for part in sorted(parts))
    body = f'class {title}({bases}):\n    """{about}"""'
    said = f'"""The desk of {name}, as a program calls it. {NOTE}"""'
    return {**found, f"{name}.__init__": "\n\n".join([said, "\n".join(imports), body]) + "\n"}


def _theme(module: str) -> str:
    """Return what the first sentence of a module names before it explains it."""
    return f"{_lead(sys.modules[module]).partition(':')[0].rstrip('.')}."


def _class(capability: str, title: str, about: str, functions: Iterable[Callable[..., Any]], places: Places) -> str:
    """Return a module with one class. Its methods have no bodies: the decorator does what their signatures say."""
    names = Names(places)
    methods = [_method(capability, function, names) for function in functions]
    said = (
        f'"""The desk of {capability}, as a program calls it. {NOTE}\n\n'
        'A method has no body: `operation` sends what its signature takes, and reads what it promises.\n"""'
    )
    body = [
        f"class {title}:",
        f'    """{about}"""',
        "",
        "    def __init__(self, connection: Connection) -> None:",
        '        """Speak over this line."""',
        "        self.connection = connection",
        "",
        "\n\n".join(methods),
    ]
    imports = f"from comity.client.connection import Connection, operation\n{names.head()}"
    return "\n\n".join(['# mypy: disable-error-code="empty-body"', said, imports, "\n".join(body)]) + "\n"


def _method(capability: str, function: Callable[..., Any], names: Names) -> str:
    # A folder that the desk writes into is no argument: the files themselves are the answer.
    told = [field for field in fields(function) if field.file or _inner(field.type) is not Path]
    writes = len(told) != len(fields(function))
    result = tuple[File, ...] if writes else typing.get_type_hints(function)["return"]
    places = [field for field in told if field.positional]
    rest = [field for field in told if not field.positional]
    arguments = ["self", *(_argument(field, names) for field in places)]
    arguments += (
        ["*", *(_argument(field, names) for field in sorted(rest, key=lambda each: not each.required))] if rest else []
    )
    many = "  # noqa: PLR0913 - as the desk has them" if len(told) > 6 else ""  # noqa: PLR2004 - ruff's limit here
    head = [
        f'    @operation("{capability}/{verb_of(function.__name__)}")',
        f"    async def {function.__name__}({many}" if many else f"    async def {function.__name__}(",
        *(f"        {argument}," for argument in arguments),
        f"    ) -> {names.spell(result)}:",
    ]
    return "\n".join([*head, *_docstring(function, told)])


def _docstring(function: Callable[..., Any], told: list[Field]) -> Iterator[str]:
    lead = _lead(function)
    if not told:
        yield f'        """{lead}"""'
        return
    yield f'        """{lead}'
    yield ""
    yield "        Args:"
    for field in told:
        lines = textwrap.wrap(f"{field.name}: {field.help or 'see the desk'}", WIDTH)
        yield f"            {lines[0]}"
        yield from (f"                {line}" for line in lines[1:])
    yield ""
    yield '        """'


def _argument(field: Field, names: Names) -> str:
    spelled = f"{field.name}: {names.spell(_given(field))}"
    return spelled if field.required else f"{spelled} = {names.default(field.default)}"


def _desks(desks: Iterable[Capability]) -> str:
    every = [each.name for each in desks]
    lines = [f"from comity.client.{name} import {name.capitalize()}" for name in every]
    body = [
        "class Desks:",
        '    """The desks of a bureau, one for each capability."""',
        "",
        "    def __init__(self, connection: Connection) -> None:",
        '        """Speak over this line."""',
        *(f"        self.{name} = {name.capitalize()}(connection)" for name in every),
    ]
    imports = sorted(["from comity.client.connection import Connection", *lines])
    return "\n\n".join([f'"""All desks together. {NOTE}"""', "\n".join(imports), "\n".join(body)]) + "\n"


def _given(field: Field) -> Any:  # noqa: ANN401 - any annotation
    """Return the type of an argument: a file where the desk takes a path."""
    if not field.file:
        return field.type
    if get_origin(field.type) is tuple:
        return tuple[File, ...]
    return File | None if types.NoneType in get_args(field.type) else File


def _inner(kind: Any) -> Any:  # noqa: ANN401 - any annotation
    return next((each for each in get_args(kind) if each not in {Ellipsis, types.NoneType}), kind)


def _lead(thing: object) -> str:
    """Return the first sentence of a docstring, or its first line where that is longer than a line."""
    paragraph = " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())
    sentence = paragraph.partition(". ")[0].rstrip(".")
    return f"{sentence}." if len(sentence) <= WIDTH + 4 else textwrap.shorten(sentence, WIDTH, placeholder=" ...")
