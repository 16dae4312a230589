"""Brings a database to the newest schema, on a connection of our own."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import reaching
from adapters.postgres.roles import APP, MIGRATOR, may_migrate, prepare_roles, prepare_serving
from adapters.postgres.tables.base import SCHEMA
from domain.shared.errors import Unavailable

_ROOT = Path(__file__).resolve().parents[2] / "migrations"
_LOCK = 0x53554E4857414E  # "SUNHWAN": two programs that start at once migrate one after the other


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_ROOT))
    config.set_main_option("path_separator", "os")
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def newest_revision() -> str:
    """Return the revision that the program is written for."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise RuntimeError("the program ships no schema revision")
    return head


class SchemaDiffers(Unavailable):
    """The database has another schema than the program is written for, and this sign-in may not change it."""

    code = "database.schema-differs"
    title_ko = (
        "데이터베이스 스키마는 {found}, 프로그램은 {wanted}입니다. DATABASE_OWNER_URL로 sunhwan migrate를 실행하십시오."
    )
    title_en = "The database's schema is {found}, the program's {wanted}; run `sunhwan migrate` by DATABASE_OWNER_URL."


async def serve_by(engine: AsyncEngine, *, login: str, password: str) -> bool:
    """Make the sign-in that serves, as the one of `engine`, who may; say whether it may serve and nothing else.

    Raises:
        DatabaseUnreachable: no database answers.
        RolesMissing: this sign-in may not make others.
    """

    def run(connection: Connection) -> bool:
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        return prepare_serving(connection, login=login, password=password)

    with reaching():
        async with engine.begin() as connection:
            return await connection.run_sync(run)


async def migrate(engine: AsyncEngine, *, to: str = "head") -> None:
    """Run the revisions up to `to` as the role that owns the tables, all in one transaction; `base` undoes them.

    A sign-in for serving alone changes nothing: it finds the schema as the program wants it, or is refused.

    Raises:
        DatabaseUnreachable: no database answers.
        RolesMissing: the roles are not there, and this sign-in may not make them.
        SchemaDiffers: this sign-in only serves, and the schema is another one.
    """

    def run(connection: Connection) -> None:
        if not may_migrate(connection):
            _require_newest(connection)
            return
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        prepare_roles(connection)
        connection.execute(text(f"set local role {MIGRATOR}"))
        if to == "base":
            command.downgrade(_config(connection), "base")
        else:
            command.upgrade(_config(connection), to)

    with reaching():
        async with engine.begin() as connection:
            await connection.run_sync(run)


def _require_newest(connection: Connection) -> None:
    """Refuse a schema that the program is not written for."""
    connection.execute(text(f"set local role {APP}"))
    there = connection.scalar(text(f"select to_regclass('{SCHEMA}.alembic_version') is not null"))
    found = connection.scalar(text(f"select version_num from {SCHEMA}.alembic_version")) if there else None  # noqa: S608
    if found != newest_revision():
        raise SchemaDiffers(found=found or "-", wanted=newest_revision())
