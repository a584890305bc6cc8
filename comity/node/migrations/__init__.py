"""Brings a database to the newest schema, step by step, with Alembic (decision 0028).

A database that is up to date is recognised with one query, without loading Alembic; a newer one is refused.
"""

from pathlib import Path

from sqlalchemy import Engine, inspect, text

from comity.core.errors import Misused

NEWEST = "0008"
"""The newest revision in `versions`; a test holds it against the folder."""


def upgrade(engine: Engine, to: str | None = None) -> None:
    """Bring the schema to `NEWEST`, in one transaction; to an older revision only for rows of that one (a backup's).

    Raises:
        Misused: the database was written by newer software.

    """
    found, to = _revision(engine), to or NEWEST
    if found == to:
        return
    if found is not None and found > NEWEST:
        raise Misused(f"the database has schema {found}, this software knows {NEWEST}: install the newer one")
    from alembic import command  # noqa: PLC0415 - takes a third of a second to load
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    with engine.connect().execution_options(comity_write=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            # Two nodes that start at once must not both migrate.
            connection.execute(text("SELECT pg_advisory_xact_lock(7)"))
        config.attributes["connection"] = connection
        command.upgrade(config, to)


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
