"""Statements that are said once for each act: described once, spelled out once for each database (decision 0028).

SQLAlchemy describes them, so that there is one description for two databases. To describe, look up and wrap a statement
anew each time cost more than the database takes to answer it: 150 µs against 5, a dozen times for each act. So what
stands on the way of an act is a `Query`, made when its module is loaded; its text and the order of its values are kept
by database, and `Transaction` hands both to the driver. What is asked seldom needs none of this.

>>> from sqlalchemy import select
>>> from comity.node import schema
>>> by_name = Query(lambda name: select(schema.counters.c.value).where(schema.counters.c.name == name))
>>> spelled = by_name.spelled(sqlite.dialect())
>>> spelled.text.replace(chr(10), ""), spelled.values({"name": "acts"})
('SELECT counters.value FROM counters WHERE counters.name = ?', ('acts',))
"""

import inspect
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ClauseElement, Dialect, Executable, Table, TableClause, bindparam, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import visitors
from sqlalchemy.sql.compiler import SQLCompiler

_PREFIX = "value_"
"""Before the names of values: SQLAlchemy keeps the names of columns for itself."""


@dataclass(frozen=True)
class Spelled:
    """A statement in the words of one database."""

    text: str
    names: tuple[str, ...]
    """Of its values, in the order of the text."""
    constants: Mapping[str, object]
    """Values that stand in the statement itself."""
    positional: bool
    """True where the driver takes values by place, false where by name."""
    row: Callable[[Sequence[object]], Any] | None
    """Makes a row of what the driver brings; None for a statement that brings nothing."""

    def values(self, given: Mapping[str, object]) -> Any:  # noqa: ANN401 - a tuple or a dictionary
        """Return what the driver is handed beside the text."""
        if self.constants:
            given = {**self.constants, **given}
        if self.positional:
            return tuple(map(given.__getitem__, self.names))
        return {_PREFIX + name if name not in self.constants else name: given[name] for name in self.names}


class Query:
    """A statement with values that are given when it is said; `describe` takes one parameter for each."""

    def __init__(self, describe: Callable[..., Executable], names: Iterable[str] = ()) -> None:
        """Take the description, which is called once; `names` are its parameters, where its signature tells none."""
        names = names or inspect.signature(describe).parameters
        self._statement = describe(**{name: bindparam(_PREFIX + name) for name in names})
        self._spelled: dict[str, Spelled] = {}
        self.tables = _tables(self._statement)
        """The names of all tables that it reads or writes."""

    def spelled(self, dialect: Dialect) -> Spelled:
        """Return the statement in the words of this database."""
        found = self._spelled.get(dialect.name)
        if found is None:
            found = self._spelled[dialect.name] = _spell(self._statement, dialect)
        return found


def _tables(statement: Executable) -> frozenset[str]:
    assert isinstance(statement, ClauseElement)  # noqa: S101 - for the type alone
    return frozenset(each.name for each in visitors.iterate(statement) if isinstance(each, TableClause))


def _spell(statement: Executable, dialect: Dialect) -> Spelled:
    compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined]  # every statement of ours can
    assert isinstance(compiled, SQLCompiler)  # noqa: S101 - for the type alone
    params = compiled.params
    order = compiled.positiontup if compiled.positional else list(params)
    names = tuple(name.removeprefix(_PREFIX) for name in order or ())
    constants = {name: value for name, value in params.items() if not name.startswith(_PREFIX)}
    columns = [column.keyname for column in compiled._result_columns]  # noqa: SLF001 - told nowhere else
    kind: Any = namedtuple("Row", columns) if columns else None  # noqa: PYI024 - the query says its columns
    return Spelled(str(compiled), names, constants, bool(compiled.positional), kind and kind._make)


@cache
def insertion(table: Table, columns: tuple[str, ...]) -> Query:
    """Return the statement that inserts a row with these columns."""
    return Query(lambda **given: insert(table).values(given), columns)


@cache
def replacement(table: Table, columns: tuple[str, ...], dialect: str) -> Query:
    """Return the statement that inserts a row with these columns, or overwrites the one with the same primary key."""
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    keys = [column.name for column in table.primary_key]

    def describe(**given: Any) -> Executable:  # noqa: ANN401 - parameters, whatever they will hold
        statement = make(table).values(given)
        rest = {name: statement.excluded[name] for name in columns if name not in keys}
        # A row that is all key has nothing to overwrite.
        if not rest:
            return statement.on_conflict_do_nothing()
        return statement.on_conflict_do_update(index_elements=keys, set_=rest)

    return Query(describe, columns)
