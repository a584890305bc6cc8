"""Turns desk functions into commands: types become options, `about` becomes help, the docstring the description.

Nothing is said here that a desk does not say already; a new desk function is a new command without a line here.
"""

import datetime as dt
import enum
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import typer

from comity.core.desk import Field, fields
from comity.core.errors import Malformed, Misused
from comity.core.ids import ActId, BureauId, Millis, bureau_id
from comity.faces import completion

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

Run = Callable[[Callable[..., Any], dict[str, Any]], None]
"""Calls a desk function with these arguments as whoever sits at the terminal, and shows what it returns."""


def command(function: Callable[..., Any], run: Run) -> Callable[..., None]:
    """Return a function that Typer understands, for one desk function."""
    told = fields(function)

    def called(**given: Any) -> None:  # noqa: ANN401 - Typer hands over what it parsed
        run(function, {field.name: _value(field, given[field.name]) for field in told})

    called.__doc__ = inspect.getdoc(function)
    called.__name__ = function.__name__
    # The name `__signature__` is how inspect, and so Typer, is told of parameters that are not in the code.
    called.__signature__ = inspect.Signature([_parameter(field) for field in told])  # type: ignore[attr-defined]
    return called


def _parameter(field: Field) -> inspect.Parameter:
    kind, many = _on_the_line(field)
    shape: Any = list[kind] if many else kind  # type: ignore[valid-type]
    if field.required:
        default: Any = ...
    elif many:
        default = []
    else:
        default = field.default.value if isinstance(field.default, enum.Enum) else field.default
    if not field.required and default is None:
        shape = shape | None
    make = typer.Argument if field.positional else typer.Option
    info = make(
        help=_help(field), show_default=default not in (None, [], "", ...),
        autocompletion=completion.of(field.name, _inner(field.type)[0]),
    )  # fmt: skip
    annotation = Annotated[shape, info]
    kind_ = inspect.Parameter.KEYWORD_ONLY
    if field.required:
        return inspect.Parameter(field.name, kind_, annotation=annotation)
    return inspect.Parameter(field.name, kind_, annotation=annotation, default=default)


def _help(field: Field) -> str:
    named = {Millis: "a date like 2026-11-30 or 2026-11-30T18:00, UTC", ActId: "the first digits of an act's id"}
    more = named.get(_inner(field.type)[0])
    return field.help + (f"; {more}" if more else "")


def _inner(kind: Any) -> tuple[Any, bool]:  # noqa: ANN401 - any annotation
    """Return the type of one value, and whether there are many."""
    if get_origin(kind) is tuple:
        return get_args(kind)[0], True
    options = [option for option in get_args(kind) if option is not type(None)]
    if options and get_origin(kind) is not tuple and type(None) in get_args(kind):
        return options[0], False
    return kind, False


def _on_the_line(field: Field) -> tuple[Any, bool]:
    kind, many = _inner(field.type)
    if field.file or kind is Path:
        return Path, many
    if kind in {ActId, BureauId, Millis} or getattr(kind, "__supertype__", None) is not None:
        return str, many
    return kind, many


def _value(field: Field, given: Any) -> Any:  # noqa: ANN401 - see `command`
    kind, many = _inner(field.type)
    if given is None:
        return None
    if many:
        return tuple(_one(field, kind, item) for item in given)
    return _one(field, kind, given)


def _one(field: Field, kind: Any, given: Any) -> Any:  # noqa: ANN401 - see `command`
    if kind is BureauId:
        try:
            return bureau_id(given)
        except Malformed as problem:
            several = "; for several bureaus repeat the option" if "," in given else ""
            raise Misused(f"--{field.name}: {problem}{several}") from None
    if kind is Millis:
        return moment(given)
    return given


def moment(text: str) -> Millis:
    """Return the moment that a person wrote, taken as UTC where nothing else is said.

    >>> moment("2026-11-30T18:00")
    1796061600000
    """
    try:
        value = dt.datetime.fromisoformat(text)
        if value.tzinfo is None:
            value = value.replace(tzinfo=dt.UTC)
        return Millis((value - _EPOCH) // dt.timedelta(milliseconds=1))
    except (ValueError, OverflowError):
        raise Misused(f"{text!r} is no date; write 2026-11-30 or 2026-11-30T18:00") from None


def first_line(desk: tuple[Callable[..., Any], ...]) -> str:
    """Return what the module of a desk says of itself, its first sentence."""
    module = inspect.getmodule(desk[0]) if desk else None
    return (inspect.getdoc(module) or "").split("\n", 1)[0] if module is not None else ""
