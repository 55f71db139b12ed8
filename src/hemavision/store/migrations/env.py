"""Run by Alembic: the connection is handed in, in a transaction that is already open."""

from __future__ import annotations

from alembic import context

from hemavision.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,
)
context.run_migrations()
