"""Alembic's environment: runs migrations on the connection that `trackhelm_domain.migrate` opened."""

from alembic import context

from trackhelm_domain.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    # To change a column in SQLite, its table must be copied.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
