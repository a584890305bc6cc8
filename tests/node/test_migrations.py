"""Migrations: they end where `node/schema.py` is, and a database from the future is left alone."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from comity.core.errors import Misused
from comity.node import migrations, schema
from comity.node.database import Database
from tests.node.conftest import NewDatabase


def test_the_migrated_database_is_the_one_that_the_schema_describes(new_database: NewDatabase) -> None:
    database = Database(new_database())
    options = {"compare_type": True, "compare_server_default": True}
    with database.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), schema.metadata)
    database.close()
    assert differences == []


def test_the_newest_revision_is_the_newest_file() -> None:
    folder = Path(migrations.__file__).parent / "versions"
    assert f"r{migrations.NEWEST}" == max(file.name for file in folder.glob("r*.py")).partition("_")[0]


def test_a_database_of_newer_software_is_refused_and_left_alone(new_database: NewDatabase) -> None:
    url = new_database()
    database = Database(url)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Misused, match="install the newer one"):
        Database(url)
    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "9999"
    database.close()


def test_opening_a_database_again_changes_nothing(new_database: NewDatabase) -> None:
    url = new_database()
    first = Database(url)
    first.write(lambda tx: tx.count("acts"))
    first.close()
    again = Database(url)
    assert again.write(lambda tx: tx.count("acts")) == 2
    again.close()
