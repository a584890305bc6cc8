"""Alembic's entry: runs the migrations on the connection that `comity.node.migrations.upgrade` opened."""

from alembic import context

from comity.node import schema

context.configure(
    connection=context.config.attributes["connection"], target_metadata=schema.metadata, transactional_ddl=False
)
context.run_migrations()
