"""Runs the revisions on a connection that the program hands over."""

from alembic import context
from sqlalchemy import Connection
from sqlmodel import SQLModel

import adapters.postgres.tables.all  # noqa: F401  (fills the metadata)
from adapters.postgres.tables.base import SCHEMA

_connection = context.config.attributes["connection"]
if not isinstance(_connection, Connection):
    raise TypeError("revisions run on a connection that the program opened")

context.configure(
    connection=_connection,
    target_metadata=SQLModel.metadata,
    version_table_schema=SCHEMA,
    include_schemas=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
