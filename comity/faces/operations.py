"""Turns desk functions into operations of the desk's HTTP interface: one signature gives input, answer and call.

The other half of `faces/commands.py` (decisions 0032 and 0035): nothing is said here that a desk does not say already.
A file is read from the request into a folder of its own that is gone when the call ends; a desk that writes files is
given such a folder, and what it put there becomes the answer. So no request can name a path on this machine.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args, get_origin, get_type_hints

from comity.core.capability import Capability, Reader
from comity.core.desk import Field, fields
from comity.core.errors import Malformed, Refused
from comity.core.ruling import Refusal
from comity.core.spelling import Base64, File, Schema, Speller, Spelling
from comity.node.bureau import Bureau
from comity.node.tokens import verb_of

MOST_FILES = 50_000_000
"""Bytes of the files in one request or answer: what SIENA carries inside a message (`field.md`, 50 MB). Larger ones
go by the command line until transfers can be resumed."""

MOST_BODY = 1_000_000
"""Bytes of a request without files: ten times the longest text of a message."""

MOST_UPLOAD = MOST_FILES * 4 // 3 + MOST_BODY
"""Bytes of a request with files, which base64 makes a third longer."""

BESIDE = "desk-"
"""How folders for files of requests begin, in the node's folder; what a crash left there goes at the next start."""

_NAME_BYTES = 200


@dataclass(frozen=True)
class Input:
    """One member of an operation's input."""

    field: Field
    spelling: Spelling

    @property
    def schema(self) -> Schema:
        """The member's schema with its phrase and default."""
        told: Schema = {**self.spelling.schema}
        if self.field.help:
            told["description"] = self.field.help
        if not self.field.required:
            default = self.field.default
            told["default"] = [] if default == () else None if default is None else self.spelling.write(default)
        return told


@dataclass(frozen=True)
class Operation:
    """One desk function as others call it over HTTP."""

    capability: str
    verb: str
    function: Callable[..., Any]
    inputs: tuple[Input, ...]
    answer: Spelling
    folder: str = ""
    """The parameter by which the function is told where to write files; the caller gets the files instead."""
    help: str = field(default="")

    @property
    def name(self) -> str:
        """What the operation is called where a name is one word: ``messages_send``."""
        return f"{self.capability}_{self.function.__name__}"

    @property
    def scope(self) -> str:
        """The scope that a token needs for it."""
        return f"{self.capability}:{self.verb}"

    @property
    def most(self) -> int:
        """Bytes of a request at most."""
        return MOST_UPLOAD if any(each.field.file for each in self.inputs) else MOST_BODY

    @property
    def schema(self) -> Schema:
        """The schema of the input."""
        return {
            "type": "object",
            "properties": {each.field.name: each.schema for each in self.inputs},
            "required": [each.field.name for each in self.inputs if each.field.required],
            "additionalProperties": False,
        }

    def read(self, given: object) -> dict[str, Any]:
        """Return the arguments that a decoded JSON body gives; files are still files in it.

        Raises:
            Malformed: a member is missing, unknown, or not what the schema says.

        """
        if not isinstance(given, dict):
            raise Malformed("the body is no object")
        known = {each.field.name: each for each in self.inputs}
        if not known.keys() >= given.keys():
            raise Malformed(f"the body has an unknown member; known are: {', '.join(known) or 'none'}")
        lacking = [name for name, each in known.items() if each.field.required and name not in given]
        if lacking:
            raise Malformed(f"the body lacks: {', '.join(lacking)}")
        return {name: known[name].spelling.read(value, name) for name, value in given.items()}

    def call(self, bureau: Bureau, reader: Reader, arguments: dict[str, Any], beside: Path) -> Any:  # noqa: ANN401
        """Call the desk function and return what a JSON encoder takes; files rest below `beside` meanwhile."""
        with _placed(self, arguments, beside) as (ready, folder):
            result = self.function(bureau, reader, **ready)
            return self.answer.write(_collected(result, folder) if folder is not None else result)


def every(capabilities: Iterable[Capability], speller: Speller) -> tuple[Operation, ...]:
    """Return the operations of all desks, in the order of the capabilities."""
    return tuple(_operation(each.name, function, speller) for each in capabilities for function in each.desk)


def _operation(capability: str, function: Callable[..., Any], speller: Speller) -> Operation:
    told = fields(function)
    folder = next((each.name for each in told if not each.file and _inner(each.type) is Path), "")
    inputs = tuple(Input(each, speller.of(_uploaded(each))) for each in told if each.name != folder)
    answer = tuple[File, ...] if folder else get_type_hints(function)["return"]
    return Operation(
        capability, verb_of(function.__name__), function, inputs, speller.of(answer), folder,
        inspect.getdoc(function) or "",
    )  # fmt: skip


def _inner(kind: Any) -> Any:  # noqa: ANN401 - any annotation
    return next((each for each in get_args(kind) if each not in {Ellipsis, type(None)}), kind)


def _uploaded(told: Field) -> Any:  # noqa: ANN401 - any annotation
    """Return the type of a member: a file where the desk takes a path."""
    if not told.file:
        return told.type
    if get_origin(told.type) is tuple:
        return tuple[File, ...]
    return File | None if type(None) in get_args(told.type) else File


@contextmanager
def _placed(
    operation: Operation, arguments: dict[str, Any], beside: Path
) -> Iterator[tuple[dict[str, Any], Path | None]]:
    """Give the arguments with paths in place of files, and the folder for what the desk writes, if it does."""
    uploads = {each.field.name for each in operation.inputs if each.field.file} & arguments.keys()
    if not uploads and not operation.folder:
        yield arguments, None
        return
    with TemporaryDirectory(prefix=BESIDE, dir=beside) as made:
        place, ready = Path(made), dict(arguments)
        for name in uploads:
            ready[name] = _written(arguments[name], place / name)
        if not operation.folder:
            yield ready, None
            return
        folder = place / "answer"
        yield {**ready, operation.folder: folder}, folder


def _written(given: File | tuple[File, ...] | None, place: Path) -> Path | tuple[Path, ...] | None:
    match given:
        case None:
            return None
        case File():
            return _write(given, place)
        case files:
            # Each in a folder of its own: two files may have one name, which the desk will refuse in its own words.
            return tuple(_write(each, place / str(number)) for number, each in enumerate(files))


def _write(file: File, place: Path) -> Path:
    name = file.name
    if name in {"", ".", ".."} or len(name.encode()) > _NAME_BYTES or not name.isprintable() or {*"/\\"} & {*name}:
        raise Malformed(f"a file's name is a plain one of 1 to {_NAME_BYTES} bytes, without a folder")
    place.mkdir(parents=True)
    path = place / name
    path.write_bytes(file.content)
    return path


def _collected(result: object, folder: Path) -> tuple[File, ...]:
    paths = [Path(each) for each in result] if isinstance(result, list | tuple) else sorted(folder.iterdir())
    size = sum(path.stat().st_size for path in paths)
    if size > MOST_FILES:
        reason = f"files of {size:,} bytes, {MOST_FILES:,} at most over this interface: fetch them by the command line"
        raise Refused(Refusal("desk.size", reason, "decision 0035"))
    return tuple(File(name=path.name, content=Base64(path.read_bytes())) for path in paths)
