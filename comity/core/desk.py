"""How a desk function describes itself, so that one signature is command, API operation and form (decision 0032).

A desk function is ``f(bureau, reader, ...)``. Its own parameters are annotated with a type and `about`; its
docstring is the help. Faces read both and add nothing of their own, so a rule or a wording exists once.

>>> from typing import Annotated, get_type_hints
>>> def greet(bureau: str, reader: str, to: Annotated[str, about("whom")], *, loud: bool = False) -> str:
...     "Greet somebody."
...     return f"good evening, {to}" + ("!" if loud else "")
>>> [(field.name, field.type, field.help, field.required) for field in fields(greet)]
[('to', <class 'str'>, 'whom', True), ('loud', <class 'bool'>, '', False)]
"""

import inspect
from collections.abc import Callable
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from comity.core.errors import Misused

T = TypeVar("T")


class About(msgspec.Struct, frozen=True):
    """What a parameter means."""

    help: str
    positional: bool = False
    """Given by its place on a command line, not by name."""
    file: bool = False
    """A file that the face reads: its path on a command line, an upload elsewhere."""


def about(text: str, *, positional: bool = False, file: bool = False) -> About:
    """Return the annotation of a parameter: one short phrase in lower case."""
    return About(help=text, positional=positional, file=file)


def made(make: Callable[..., T], **parts: object) -> T:
    """Return a struct made of what an officer gave; what it says of its own shape is for the officer to put right.

    Raises:
        Misused: the struct refuses what was given.

    """
    try:
        return make(**parts)
    except ValueError as problem:
        raise Misused(str(problem)) from None


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter of a desk function, for a face."""

    name: str
    type: Any
    help: str
    positional: bool = False
    file: bool = False
    required: bool = True
    default: Any = None


def fields(function: Callable[..., Any]) -> tuple[Field, ...]:
    """Return the parameters of a desk function without its bureau and reader.

    Raises:
        Misused: the function does not begin with a bureau and a reader, or a parameter has no type.

    """
    parameters = list(inspect.signature(function).parameters.values())
    if [parameter.name for parameter in parameters[:2]] != ["bureau", "reader"]:
        raise Misused(f"a desk function begins with bureau and reader, {function.__name__} does not")
    hints = get_type_hints(function, include_extras=True)
    found = []
    for parameter in parameters[2:]:
        if parameter.name not in hints:
            raise Misused(f"{function.__name__}: the parameter {parameter.name} has no type")
        hint, told = hints[parameter.name], About(help="")
        if get_origin(hint) is Annotated:
            hint, *extras = get_args(hint)
            told = next((extra for extra in extras if isinstance(extra, About)), told)
        required = parameter.default is inspect.Parameter.empty
        found.append(
            Field(
                name=parameter.name, type=hint, help=told.help, positional=told.positional, file=told.file,
                required=required, default=None if required else parameter.default,
            )
        )  # fmt: skip
    return tuple(found)
