"""The shape of the house: what ARCHITECTURE.md promises about folders, names, sizes and acts is looked up in the code.

Each message says what to do; the reasons are in docs/decisions and CONTRIBUTING.md.
"""

import ast
import importlib
import inspect
import re
import subprocess
import tomllib
from functools import cache
from itertools import chain
from pathlib import Path

import msgspec
import pytest

from comity.capabilities import ALL
from comity.core.act import Act, kind_of
from docs.generate import every_act

ROOT = Path(__file__).parent.parent
CODE = ROOT / "comity"
CAPABILITIES = sorted(path for path in (CODE / "capabilities").iterdir() if path.is_dir() and path.name[0] != "_")

REQUIRED = {"acts", "rules", "desk", "__init__"}
OPTIONAL = {"tables"}
KIND = re.compile(r"^[a-z]+\.[a-z-]+/[1-9][0-9]*$")
VAGUE = re.compile(r"(^|_)(utils?|helpers?|common|base|misc|managers?)($|_)")
MODULE_LINES = 500
"""The aim is 400; at this size a module holds two ideas for sure."""
GENERATED = "Written by `make docs` from "
"""A file that is written by another is as long as what it is written from."""
FUNCTION_LINES = 60
"""The aim is 40, a screen; a docstring counts, an example in it too."""

LOCKED = ("foreign", "fuzz")
"""Folders of tests that have an environment of their own."""

ADDRESSES = {
    "a package index": re.compile(r"(pypi|pythonhosted|npmjs|crates|rubygems)\.(org|com|io)\b|\b(extra-)?index-url\b"),
    "a path of somebody's machine": re.compile(r"(?<![\w.~$}])/(home|Users|root|work|workspace|farm)/\w"),
}


@cache
def tracked() -> tuple[Path, ...]:
    """Return the files that git tracks, and those that it would."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    return tuple(ROOT / name for name in names if name and (ROOT / name).is_file())


def python_files(*folders: str) -> list[Path]:
    """Return the Python files of ours in these folders."""
    return [path for path in tracked() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in folders]


def name_of(path: Path) -> str:
    """Return a path as seen from the top of the tree; short names for pytest's ids."""
    return str(path.relative_to(ROOT))


# ------------------------------------------------------------------------------------------------ capability folders


@pytest.mark.parametrize("folder", CAPABILITIES, ids=lambda path: path.name)
def test_a_capability_folder_has_the_four_files_and_no_other(folder: Path) -> None:
    """Acts, rules, desk and `__init__`, tables if there is law; each may be a package."""
    names = {path.stem for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    others = {path.name for path in folder.iterdir()} - {f"{name}.py" for name in names} - names - {"__pycache__"}
    assert names >= REQUIRED, f"{folder.name} lacks {sorted(REQUIRED - names)}: see docs/adding-a-capability.md"
    assert names <= REQUIRED | OPTIONAL, f"put {sorted(names - REQUIRED - OPTIONAL)} into one of the four files"
    assert not others, f"{folder.name} holds {sorted(others)}: data belongs to the rule or table that reads it"


def test_every_capability_folder_is_in_the_one_list() -> None:
    """No plug-in is found by scanning: all are listed."""
    assert sorted(capability.name for capability in ALL) == [path.name for path in CAPABILITIES]


# -------------------------------------------------------------------------------------------------------------- acts


@pytest.mark.parametrize("capability", ALL, ids=lambda capability: capability.name)
def test_a_kind_is_capability_noun_and_version(capability: object) -> None:
    """The kind says which folder knows it."""
    acts: tuple[type[Act], ...] = getattr(capability, "acts", ())
    assert acts, "a capability without acts is part of another one"
    for act in acts:
        assert KIND.match(kind_of(act)), f"{act.__name__}: tag='capability.noun/version', all lower case"
        assert kind_of(act).partition(".")[0] == getattr(capability, "name", ""), f"{kind_of(act)} is another's"


def structs() -> list[type[msgspec.Struct]]:
    """Return the acts, and the structs that are defined beside them."""
    modules = {act.__module__ for act in every_act()}
    members = chain.from_iterable(vars(importlib.import_module(name)).values() for name in modules)
    found = {each for each in members if isinstance(each, type) and issubclass(each, msgspec.Struct)}
    return sorted((each for each in found if each.__module__ in modules), key=lambda each: each.__qualname__)


@pytest.mark.parametrize("struct", structs(), ids=lambda struct: struct.__qualname__)
def test_what_is_said_cannot_change_and_is_spelt_by_name(struct: type[msgspec.Struct]) -> None:
    """`kw_only` is not inherited: a subclass that forgets it changes what a position means."""
    assert struct.__struct_config__.frozen, "write frozen=True"
    parameters = inspect.signature(struct).parameters.values()
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in parameters), "write kw_only=True"
    if issubclass(struct, Act):
        assert struct.__struct_config__.forbid_unknown_fields, "an unknown field is malformed (decision 0004)"


@pytest.mark.parametrize("act", every_act(), ids=kind_of)
def test_every_kind_has_golden_bytes_a_row_and_a_word(act: type[Act]) -> None:
    """Vectors in tests/vectors/acts, a row in docs/acts.md, its noun in docs/glossary.md."""
    kind = kind_of(act)
    vectors = list((ROOT / "tests" / "vectors" / "acts").glob(kind.replace("/", ".") + ".*"))
    assert vectors, f"add tests/vectors/acts/{kind.replace('/', '.')}.*"
    assert f"| `{kind}` |" in (ROOT / "docs" / "acts.md").read_text(), "run make docs"
    noun = kind.partition(".")[2].partition("/")[0].replace("-", " ")
    assert {noun, noun.removesuffix("s")} & glossary(), f"add {noun!r} to docs/glossary.md"


def glossary() -> set[str]:
    """Return the words of the glossary: the first column of its tables, cut at commas and strokes."""
    rows = re.findall(r"^\| *([^|]+?) *\|", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)
    return {word.strip(" *`").lower() for row in rows for word in re.split(r"[,/]", row)}


# ------------------------------------------------------------------------------------------------ modules and names


@pytest.mark.parametrize("path", python_files("comity", "tests", "docs", "bench"), ids=name_of)
def test_a_module_says_why_it_exists_and_fits_a_head(path: Path) -> None:
    """A docstring at the top and on what is public; bounded modules and functions; a name that says something."""
    source = path.read_text()
    tree = ast.parse(source)
    assert ast.get_docstring(tree), "open the module by saying why it exists"
    assert source.count("\n") <= MODULE_LINES, f"over {MODULE_LINES} lines: two ideas in one room"
    assert not VAGUE.search(path.stem), "name the module after what it is about"
    if path.parent.name == "versions" or GENERATED in source:
        return  # A migration is one list of changes, and is never changed itself.
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= FUNCTION_LINES, f"{node.name} has {lines} lines: give its parts names"


@pytest.mark.parametrize("path", python_files("comity"), ids=name_of)
def test_whatever_is_public_has_a_docstring(path: Path) -> None:
    """Public functions, classes and methods; a nested function is its function's own business."""
    tree = ast.parse(path.read_text())
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name[0] != "_"]
    members = chain(tree.body, *(node.body for node in classes))
    bare = [
        f"{node.name} (line {node.lineno})"
        for node in members
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        and node.name[0] != "_"
        and not ast.get_docstring(node)
        and not any(ast.unparse(each).endswith("overload") for each in node.decorator_list)
    ]
    assert not bare, "one sentence in the indicative, then only what the types cannot say"


def test_the_map_names_every_folder() -> None:
    """ARCHITECTURE.md is the map; a folder that it leaves out is found by nobody."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    folders = {path.parent for path in python_files("comity")} - {CODE}
    unnamed = sorted(name_of(folder) for folder in folders if f"{folder.name}/" not in text)
    assert not unnamed, "name them in ARCHITECTURE.md"


def test_the_index_is_as_forbidden_as_the_store() -> None:
    """Desks and faces read through node/view.py; the import contract must name each module that it guards."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    forbidden = {module for contract in contracts for module in contract.get("forbidden_modules", ())}
    guarded = {f"comity.node.{name}" for name in ("store", "index") if list((CODE / "node").glob(f"{name}*"))}
    assert guarded <= forbidden, "add it to the last contract in pyproject.toml"


# ------------------------------------------------------------------------------------------------------- whole tree


@pytest.mark.parametrize("what", ADDRESSES)
def test_the_tree_names_no_address_of_its_makers(what: str) -> None:
    """It is built by people with other indexes and other machines."""
    found = []
    for path in tracked():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        if path not in {Path(__file__), ROOT / "Makefile"}:
            found += [f"{name_of(path)}: {match.group()}" for match in ADDRESSES[what].finditer(text)]
    assert not found, f"take out {what}"


def test_no_lock_names_an_address() -> None:
    """A lock holds names, versions and hashes, so that whoever installs decides from where."""
    for path in (ROOT / "requirements.lock", *(ROOT / "tests" / each / "requirements.lock" for each in LOCKED)):
        lines = path.read_text().splitlines()
        pinned = r"[\w.-]+==\S+( ; [\w.'=<() ]+)? \\$|    --hash=sha256:[0-9a-f]{64}|#"
        strange = [line for line in lines if not re.match(pinned, line)]
        assert not strange, f"{name_of(path)}: write it again with make lock"
        assert not [line for line in lines if "://" in line]
