"""Examines a database without changing anything in it."""

from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.engine import open_engine, reaching
from adapters.postgres.migrate import newest_revision
from adapters.postgres.roles import APP, MIGRATOR
from adapters.postgres.shared import PostgresJobReports
from adapters.postgres.tables.base import SCHEMA
from domain.shared.checkup import DatabaseFacts

OPEN_TABLES = frozenset({"alembic_version", "industrial_complex", "plan_version"})
"""Tables that are nobody's in particular (docs/decisions/0014)."""

NEVER_REWRITTEN = frozenset(
    {
        "history_entry", "ledger_transfer", "signature", "test_report", "certificate", "passport", "lineage", "invoice",
        "invoice_line", "invoice_document", "usage_snapshot", "test_run", "assessment", "reception", "label",
        "bank_deposit", "allocation", "stored_file", "reading_import", "reading_conflict", "certification_key",
        "pack_identifier", "capacity_slot", "plan_version", "member_change", "audit_entry", "issued_document",
        "status_place", "record_key", "amended_report", "alarm_change", "reception_event", "hold_release",
        "custody_move", "sample_label",
        "external_record", "record_import", "record_import_row", "trusted_issuer", "protocol_version", "protocol_step",
        "inspection_request", "inspection_request_event", "test_run_equipment", "record_citation",
        "withdrawn_document",
    }
)  # fmt: skip
"""History, money, signatures and issued documents: written once, whoever serves; the one list of them."""


async def examine(url: str) -> DatabaseFacts:
    """Return what a database says of itself.

    Raises:
        DatabaseUnreachable: no database answers.
    """
    engine = open_engine(url, pool_size=1)
    try:
        with reaching():
            async with engine.connect() as connection:
                return await _examine(connection)
    finally:
        await engine.dispose()


async def _examine(connection: AsyncConnection) -> DatabaseFacts:
    before = datetime.now(UTC)
    there: datetime = (await connection.execute(text("select clock_timestamp()"))).scalar_one()
    after = datetime.now(UTC)
    roles = {
        row["rolname"]: row
        for row in (
            await connection.execute(
                text(
                    "select rolname, rolsuper, rolbypassrls from pg_roles"
                    " where rolname = :app or rolname = session_user"
                ),
                {"app": APP},
            )
        ).mappings()
    }
    login = str((await connection.execute(text("select session_user"))).scalar_one())
    app = roles.get(APP)
    return DatabaseFacts(
        version=str((await connection.execute(text("show server_version"))).scalar_one()),
        login=login,
        login_superuser=bool(roles[login]["rolsuper"]),
        login_bypasses=bool(roles[login]["rolbypassrls"]),
        login_owns=bool(
            await connection.scalar(
                text("select pg_has_role(session_user, oid, 'MEMBER') from pg_roles where rolname = :owner"),
                {"owner": MIGRATOR},
            )
        ),
        app_there=app is not None,
        app_superuser=app is not None and bool(app["rolsuper"]),
        app_bypasses=app is not None and bool(app["rolbypassrls"]),
        app_owns=await _tables(connection, "pg_get_userbyid(c.relowner) = :app", app=APP),
        unguarded=tuple(
            table
            for table in await _tables(connection, "not (c.relrowsecurity and c.relforcerowsecurity)")
            if table not in OPEN_TABLES
        ),
        rewritable=()
        if app is None
        else await _tables(
            connection,
            "(has_table_privilege(:app, c.oid, 'TRUNCATE') or (c.relname = any(:kept)"
            " and has_table_privilege(:app, c.oid, 'UPDATE, DELETE')))",
            app=APP,
            kept=sorted(NEVER_REWRITTEN),
        ),
        ahead_s=(there - before - (after - before) / 2).total_seconds(),
        revision=await _revision(connection),
        newest_revision=newest_revision(),
        archives=(await connection.execute(text("show archive_mode"))).scalar_one() != "off",
        archived_at=(
            await connection.execute(text("select last_archived_time from pg_stat_archiver"))
        ).scalar_one_or_none(),
        jobs=await PostgresJobReports(connection).all() if await _is_ours(connection) else (),
    )


async def _tables(connection: AsyncConnection, condition: str, **values: object) -> tuple[str, ...]:
    statement = (
        "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"  # noqa: S608  (our own text alone)
        " where n.nspname = :schema and c.relkind in ('r', 'p') and " + condition + " order by 1"
    )
    found = await connection.execute(text(statement), {"schema": SCHEMA, **values})
    return tuple(str(row[0]) for row in found)


async def _is_ours(connection: AsyncConnection) -> bool:
    """Say whether the tables are there, and let this transaction read them all: an owner is bound by policies too."""
    await connection.execute(text("set local app.reach = 'complex:0:all'"))
    found = await connection.execute(text(f"select to_regclass('{SCHEMA}.job_report') is not null"))
    return bool(found.scalar_one())


async def _revision(connection: AsyncConnection) -> str | None:
    there = await connection.execute(text(f"select to_regclass('{SCHEMA}.alembic_version') is not null"))
    if not there.scalar_one():
        return None
    found = await connection.execute(text(f"select version_num from {SCHEMA}.alembic_version"))  # noqa: S608
    revision: str | None = found.scalar_one_or_none()
    return revision
