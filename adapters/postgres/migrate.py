"""Brings a database to the newest schema, on a connection of our own."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import reaching
from adapters.postgres.roles import MIGRATOR, prepare_roles

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


async def migrate(engine: AsyncEngine, *, to: str = "head") -> None:
    """Run the revisions up to `to` as the role that owns the tables, all in one transaction; `base` undoes them.

    Raises:
        DatabaseUnreachable: no database answers.
        RolesMissing: the roles are not there, and this sign-in may not make them.
    """

    def run(connection: Connection) -> None:
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
