"""Alembic's entry point: migrations run on the connection that `migrate.upgrade` holds, in its transaction."""

from alembic import context

from engine.store import couples_schema, keeping_schema, operating_schema, schema  # noqa: F401 - so that their tables are known
from engine.store.metadata import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
