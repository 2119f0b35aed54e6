"""Alembic's entry for a key store's schema. Runs inside the connection that `activities.stores.migrate` opened."""

from __future__ import annotations

from alembic import context

from models.key_tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
