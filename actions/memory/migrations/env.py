"""Alembic's entry: works on the connection that `actions.memory.migration` hands over."""

from __future__ import annotations

from alembic import context

from actions.memory.migration import VERSION_TABLE
from actions.memory.schema import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,  # SQLite alters little in place
)
with context.begin_transaction():
    context.run_migrations()
