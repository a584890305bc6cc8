"""Options that several desk functions have in common, as one struct (decision 0032).

A desk function describes itself by its signature. Twelve functions that each list the same fifteen options would be
twelve places to forget one; so a parameter whose type is a struct of options stands for all of its fields. Faces see
the fields, the function gets the struct.

>>> class Colours(Options, frozen=True, kw_only=True):
...     sky: str = "blue"
>>> @shares
... def paint(bureau: str, reader: str, colours: Colours, *, size: int = 1) -> str:
...     "Paint something."
...     return f"{colours.sky} {size}"
>>> [field.name for field in fields(paint)], paint("no", "o-1", sky="grey", size=2)
(['sky', 'size'], 'grey 2')
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, get_type_hints

import msgspec

from comity.core.desk import fields

__all__ = ["Options", "fields", "shares"]

T = TypeVar("T")


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The base of a struct of options."""


def shares(function: Callable[..., T]) -> Callable[..., T]:
    """Return the desk function as if it listed the fields of its structs of options itself."""
    own = inspect.signature(function)
    hints = get_type_hints(function, include_extras=True)
    structs = {name: hint for name, hint in hints.items() if isinstance(hint, type) and issubclass(hint, Options)}

    @functools.wraps(function)
    def called(bureau: Any, reader: Any, **given: Any) -> T:  # noqa: ANN401 - a face hands over what it parsed
        for name, struct in structs.items():
            parts = {key: given.pop(key) for key in struct.__struct_fields__ if key in given}
            given[name] = struct(**parts)
        return function(bureau, reader, **given)

    parameters: list[inspect.Parameter] = []
    for name, parameter in own.parameters.items():
        if name in structs:
            parameters += [_parameter(field) for field in msgspec.structs.fields(structs[name])]
            hints |= get_type_hints(structs[name], include_extras=True)
        elif name in {"bureau", "reader"}:
            parameters.append(parameter)
        else:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
    called.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    called.__annotations__ = {name: hint for name, hint in hints.items() if name not in structs}
    return called


def _parameter(field: msgspec.structs.FieldInfo) -> inspect.Parameter:
    default = inspect.Parameter.empty if field.required else field.default
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=default)
