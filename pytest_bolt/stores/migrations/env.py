"""Run the migrations on the connection that `stores.upgrade` hands over, inside its transaction."""

from __future__ import annotations

from alembic import context

from pytest_bolt.stores.schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
