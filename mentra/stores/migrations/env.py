"""Runs migrations on the connection it is handed, inside the transaction that is open there."""

from alembic import context

from mentra.stores.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    # true of SQLite too, for we begin its transactions ourselves
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
