"""The revisions make exactly the tables that the rows declare, and can be undone and done again."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import SQLModel

import adapters.postgres.tables.all  # noqa: F401  (fills the metadata)
from adapters.postgres.migrate import migrate
from adapters.postgres.tables.base import SCHEMA


def differences(connection: Connection) -> list[object]:
    """Return how the database differs from the declared rows, in Alembic's words."""

    def is_ours(name: str | None, kind: str, parents: object) -> bool:
        return name == SCHEMA if kind == "schema" else name != "alembic_version"

    context = MigrationContext.configure(
        connection, opts={"include_schemas": True, "include_name": is_ours, "version_table_schema": SCHEMA}
    )
    return list(compare_metadata(context, SQLModel.metadata))


async def test_the_revisions_make_the_declared_tables(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_the_revisions_make_the_declared_checks(engine: AsyncEngine) -> None:
    declared = {
        (table.name, str(constraint.name))
        for table in SQLModel.metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }
    stored = text(
        "select c.relname, k.conname from pg_constraint k join pg_class c on c.oid = k.conrelid"
        " join pg_namespace n on n.oid = c.relnamespace where k.contype = 'c' and n.nspname = :schema"
    )

    async with engine.connect() as connection:
        found = {(row[0], row[1]) for row in await connection.execute(stored, {"schema": SCHEMA})}

    assert found == declared


async def test_the_database_counts_and_triggers_nothing_by_itself(engine: AsyncEngine) -> None:
    statement = text(
        "select 'sequence ' || relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = :schema and relkind = 'S'"
        " union all select 'trigger ' || tgname from pg_trigger where not tgisinternal"
        " union all select 'default of ' || attrelid::regclass from pg_attribute a"
        " join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = :schema and atthasdef"
    )

    async with engine.connect() as connection:
        assert list(await connection.scalars(statement, {"schema": SCHEMA})) == []


async def test_the_revisions_can_be_undone_and_done_again(engine: AsyncEngine) -> None:
    remaining = text("select count(*) from pg_tables where schemaname = :schema and tablename <> 'alembic_version'")

    await migrate(engine, to="base")
    async with engine.connect() as connection:
        assert await connection.scalar(remaining, {"schema": SCHEMA}) == 0

    await migrate(engine)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
