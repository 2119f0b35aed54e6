"""Alembic's entry for the desk's schema. Runs inside the connection that `activities.stores.migrate` opened."""

from __future__ import annotations

from alembic import context

from models.desk_tables import DeskTable

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=DeskTable.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
