"""Write the files that come from the code: docs/acts.md, docs/cli.md, comity/client. With ``--check``, only say which.

A page that is written by hand beside the code is wrong within a month; `make lint` fails when one of these differs.
"""

import argparse
import ast
import importlib
import inspect
import itertools
import pkgutil
import sys
import textwrap
import types
import typing
from collections.abc import Iterable
from enum import Enum
from pathlib import Path

import msgspec
import typer
from typer.cli import get_docs_for_click

import comity.core
from comity.capabilities import ALL
from comity.core.act import Act, kind_of
from comity.faces.cli import app
from docs import generate_client

DOCS = Path(__file__).parent
NOTE = "<!-- Written by `make docs` from the code; do not edit. -->"
INTRODUCTION = """\
Whatever a bureau says is one act of one kind. A kind is `capability.noun/version`; those of `exchange` and `keeping`
belong to the exchange itself, not to a capability. Every act also has a head, which is the same for all of them."""
CONTAINERS = {tuple: "list", list: "list", frozenset: "set", set: "set", dict: "map"}
PLAIN = {str: "text", bytes: "bytes", int: "integer", bool: "true or false"}
"""How the wire calls what Python calls otherwise (docs/spec)."""


def core_acts() -> list[type[Act]]:
    """Return the kinds that belong to the exchange itself and to no capability."""
    found = []
    for module in pkgutil.iter_modules(comity.core.__path__, "comity.core."):
        members = vars(importlib.import_module(module.name)).values()
        found += [
            member
            for member in members
            if isinstance(member, type) and issubclass(member, Act) and member.__module__ == module.name
        ]
    return [act for act in found if "/" in kind_of(act)]  # A base without a tag of its own is no kind.


def every_act() -> list[type[Act]]:
    """Return every kind that a node knows, by name."""
    return sorted({*core_acts(), *(act for capability in ALL for act in capability.acts)}, key=kind_of)


# ----------------------------------------------------------------------------------------------------- what a type says


def spell(annotation: object) -> str:
    """Return a type in the words of the wire.

    >>> spell(tuple[int, ...]), spell(bytes | None), spell(tuple[tuple[int, int], ...])
    ('list of integer', 'bytes', 'list of [integer, integer]')
    """
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    match annotation:
        case typing.NewType():
            return f"{annotation.__name__} ({spell(annotation.__supertype__)})"
        case type() if annotation in PLAIN:
            return PLAIN[annotation]
        case type() if origin is None:
            return annotation.__name__
    if origin in {typing.Union, types.UnionType}:
        return " or ".join(spell(each) for each in arguments if each is not types.NoneType)
    if origin is typing.Literal:
        return " or ".join(f"`{each}`" for each in arguments)
    if origin is typing.Annotated:
        return spell(arguments[0])
    if origin is tuple and Ellipsis not in arguments:
        return f"[{', '.join(map(spell, arguments))}]"
    if origin in CONTAINERS:
        inside = " to ".join(spell(each) for each in arguments if each is not Ellipsis)
        return f"{CONTAINERS[origin]} of {inside}"
    return str(annotation)


def parts(annotation: object) -> set[type[msgspec.Struct | Enum]]:
    """Return the structs and enumerations that a type mentions."""
    if isinstance(annotation, type) and issubclass(annotation, (msgspec.Struct, Enum)):
        return {annotation}
    return set().union(*(parts(each) for each in typing.get_args(annotation)))


def remarks(cls: type) -> dict[str, str]:
    """Return the docstring below each attribute of a class, as one line."""
    definition = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    lines = {}
    for statement, following in itertools.pairwise(getattr(definition, "body", ())):
        match statement, following:
            case (
                ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                lines[name] = " ".join(text.split())
            case _:
                pass
    return lines


def lead(thing: object) -> str:
    """Return the docstring of a class, paragraph by paragraph."""
    return "\n\n".join(" ".join(each.split()) for each in (inspect.getdoc(thing) or "").split("\n\n"))


def cell(text: str) -> str:
    """Return text that can stand in a cell of a table."""
    return text.replace("|", "\\|")


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table in Markdown, or nothing where it would have no rows."""
    lines = ["| " + " | ".join(map(cell, row)) + " |" for row in rows]
    head = list(head)
    return "\n".join(["| " + " | ".join(head) + " |", "|" + " --- |" * len(head), *lines]) if lines else ""


# ---------------------------------------------------------------------------------------------------------- the pages


def fields(struct: type[msgspec.Struct]) -> str:
    """Return the fields of a struct as a table."""
    hints = typing.get_type_hints(struct, include_extras=True)
    ours = [cls for cls in reversed(struct.__mro__) if cls.__module__.startswith("comity.")]
    said = {name: text for cls in ours for name, text in remarks(cls).items()}
    rows = [
        (f"`{field.encode_name}`", spell(hints[field.name]), "yes" if field.required else "", said.get(field.name, ""))
        for field in msgspec.structs.fields(struct)
    ]
    return table(("Field", "Type", "Always", "Meaning"), rows)


def part(cls: type[msgspec.Struct | Enum]) -> str:
    """Return the section about a struct or enumeration that acts are made of."""
    if issubclass(cls, msgspec.Struct):
        contents = fields(cls)
    elif issubclass(cls, Enum):
        said = remarks(cls)
        contents = table(("Value", "Meaning"), ((f"`{each.value}`", said.get(each.name, "")) for each in cls))
    return f"### {cls.__name__}\n\n{lead(cls)}\n\n{contents}".rstrip()


def switches() -> list[str]:
    """Return what a kind can say of itself beside its fields: the class variables of `Act`."""
    hints = typing.get_type_hints(Act, include_extras=True)
    return [name for name, hint in hints.items() if typing.get_origin(hint) is typing.ClassVar and name[0] != "_"]


def marks(act: type[Act]) -> list[str]:
    """Return the switches of one kind as cells of a table."""
    values = [getattr(act, name) for name in switches() if name in vars(Act)]
    return [("yes" if value else "") if isinstance(value, bool) else str(value) for value in values]


def acts_page() -> str:
    """Return docs/acts.md: every kind, what it means and how it is made."""
    acts, named = every_act(), [name for name in switches() if name in vars(Act)]
    said = remarks(Act)
    rows = []
    for act in acts:
        kind = kind_of(act)
        noun, _, version = kind.partition(".")[2].partition("/")
        rows.append([f"`{kind}`", noun, version, *marks(act), lead(act).split("\n\n")[0]])
    head = ["Kind", "Noun", "Version", *(name.replace("_", " ").capitalize() for name in named), "Says"]
    sections = [f"### `{kind_of(act)}`\n\n{lead(act)}\n\n{fields(act) or 'No field.'}" for act in acts]
    found: set[type] = set()
    waiting: list[type] = list(acts)
    while waiting:
        hints = typing.get_type_hints(waiting.pop(), include_extras=True)
        new = set().union(*map(parts, hints.values())) - found
        found |= new
        waiting += [each for each in new if issubclass(each, msgspec.Struct)]
    return "\n\n".join(
        [
            NOTE,
            "# Acts",
            INTRODUCTION,
            "\n".join(f"- **{name.replace('_', ' ').capitalize()}**: {said.get(name, '')}" for name in named),
            table(head, rows),
            "## Kind by kind",
            "A field that is not there always is left out when it has nothing to say.",
            *sections,
            "## What they are made of",
            *(part(each) for each in sorted(found, key=lambda each: each.__name__)),
            "",
        ],
    )


def cli_page() -> str:
    """Return docs/cli.md: every command with its help."""
    command = typer.main.get_command(app)
    context = typer.Context(command, info_name="comity")
    text = get_docs_for_click(obj=command, ctx=context, name="comity", title="The command `comity`")
    return f"{NOTE}\n\n" + "\n".join(line.rstrip() for line in text.strip().splitlines()) + "\n"


def pages() -> dict[Path, str]:
    """Return each generated page with what it should hold."""
    return {DOCS / "acts.md": acts_page(), DOCS / "cli.md": cli_page(), **generate_client.files()}


def main() -> int:
    """Write the pages, or with ``--check`` say which of them differ from the code."""
    parser = argparse.ArgumentParser(description="write the pages that come from the code")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a page differs")
    check = parser.parse_args().check
    stale = [path for path, text in pages().items() if not path.exists() or path.read_text() != text]
    for path in stale:
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(pages()[path])
        print(f"{path.relative_to(DOCS.parent)}: {'differs from the code; run make docs' if check else 'written'}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
