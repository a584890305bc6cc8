"""What tests of the node ask for: federations on the database that the run is about."""

import uuid
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Protocol

import psycopg
import pytest
from psycopg import sql

from comity.capabilities import ALL
from comity.core.capability import Capability
from comity.node.database import Database, sqlite_url
from comity.node.mailboxes import Limits
from comity.node.trust import Trust
from tests.node.founding import MA, NO, START, Founded
from tests.relayed import Relayed, relayed
from tests.simulator import Federation

NewDatabase = Callable[[], str]
"""Makes an empty database and returns its URL."""


class Found(Protocol):
    """Makes a federation of these bureaus, each with a database of its own; it is closed after the test."""

    def __call__(self, names: Iterable[str], capabilities: tuple[Capability, ...] = ALL) -> Federation:
        """Make it."""


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> str:
    """Give the name of a database with the newest schema and nothing in it; a copy costs a tenth of a migration."""
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE DATABASE template_of_tests")
    Database(f"{postgres_url.rpartition('/')[0]}/template_of_tests").close()
    return "template_of_tests"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewDatabase]:
    """Give what makes empty databases, SQLite in one run of the test and PostgreSQL in the other."""
    numbers = count(1)
    if request.param == "sqlite":
        yield lambda: sqlite_url(tmp_path / f"{next(numbers)}.db")
        return
    url = request.getfixturevalue("postgres_url")
    template = sql.Identifier(request.getfixturevalue("postgres_template"))
    names: list[sql.Identifier] = []
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:

        def create() -> str:
            name = f"test_{uuid.uuid4().hex}"
            names.append(sql.Identifier(name))
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(names[-1], template))
            return f"{url.rpartition('/')[0]}/{name}"

        yield create
        for name in names:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture
def found(new_database: NewDatabase, tmp_path: Path) -> Iterator[Found]:
    """Give what makes federations."""
    numbers, made = count(1), []

    def make(names: Iterable[str], capabilities: tuple[Capability, ...] = ALL) -> Federation:
        fed = Federation(tmp_path / f"federation-{next(numbers)}", capabilities=capabilities)
        made.append(fed)
        for name in names:
            fed.join(name, url=new_database())
        return fed

    yield make
    for fed in made:
        fed.close()


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    """Give an organisation with two bureaus, made by the real ceremonies."""
    org = Founded(tmp_path / "registry")
    org.admit(NO)
    org.admit(MA)
    return org


@pytest.fixture
def node(founded: Founded, tmp_path: Path) -> Trust:
    """Give what a node knows of that organisation."""
    trust = founded.node(tmp_path / "node")
    trust.refresh(START)
    return trust


class Bounded(Protocol):
    """Makes three bureaus behind firewalls and a relay with these limits; all are closed after the test."""

    def __call__(self, limits: Limits | None = None) -> Relayed:
        """Make them."""


@pytest.fixture
def bounded(tmp_path: Path, new_database: NewDatabase) -> Iterator[Bounded]:
    """Give what makes federations with a relay, which keeps its mail in the database that the run is about."""
    made: list[Relayed] = []

    def make(limits: Limits | None = None) -> Relayed:
        found = relayed(tmp_path / f"relayed-{len(made)}", "ma no et", "")
        found.station("r1", url=new_database(), limits=limits)
        made.append(found)
        return found

    yield make
    for each in made:
        each.close()
