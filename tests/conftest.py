"""What every test may ask for: the real files, a throw-away PostgreSQL, a fresh database in it."""

import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import open_engine
from adapters.postgres.migrate import migrate
from adapters.postgres.roles import APP
from adapters.postgres.supervisor import EmbeddedPostgres
from adapters.postgres.work import PostgresUnit

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


def _refuse_or_skip(reason: str) -> None:
    if os.environ.get("SUNHWAN_REQUIRE_SHARED"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def shared() -> Path:
    """The folder of real files and outside vectors; the test is skipped without it."""
    if not SHARED.is_dir():
        _refuse_or_skip("the folder ../shared is absent")
    return SHARED


@pytest.fixture(scope="session")
async def server_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A PostgreSQL for this run: `DATABASE_URL` when given, else an embedded one that is thrown away."""
    given = os.environ.get("DATABASE_URL")
    if given:
        yield given
        return
    async with EmbeddedPostgres(tmp_path_factory.mktemp("pg"), fsync=False) as url:
        yield url


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


async def with_database(server: str, name: str, *, template: str | None) -> str:
    """Make a database, a copy of the template if there is one, and return its address."""
    connection = await asyncpg.connect(_plain(server))
    try:
        await connection.execute(
            f'create database "{name}"' + (f' template "{template}" strategy file_copy' if template else "")
        )
    finally:
        await connection.close()
    return make_url(server).set(database=name).render_as_string(hide_password=False)


async def drop_database(server: str, name: str) -> None:
    """Take a database away, whoever is connected."""
    connection = await asyncpg.connect(_plain(server))
    try:
        await connection.execute(f'drop database if exists "{name}" with (force)')
    finally:
        await connection.close()


@pytest.fixture(scope="session")
async def migrated(server_url: str) -> AsyncIterator[str]:
    """The name of a migrated database that fresh ones are copied from."""
    name = f"sunhwan_template_{secrets.token_hex(4)}"
    url = await with_database(server_url, name, template=None)
    engine = open_engine(url, pool_size=1)
    await migrate(engine)
    await engine.dispose()
    yield name
    await drop_database(server_url, name)


@pytest.fixture
async def database_url(server_url: str, migrated: str) -> AsyncIterator[str]:
    """A fresh migrated database for one test."""
    name = f"sunhwan_test_{secrets.token_hex(6)}"
    yield await with_database(server_url, name, template=migrated)
    await drop_database(server_url, name)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """A pool on the fresh database as its owner, bound by nothing: for what a test arranges or spoils."""
    engine = open_engine(database_url, pool_size=4)
    yield engine
    await engine.dispose()


@pytest.fixture
async def app_engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """A pool on the fresh database as the program has it: with the program's role, and bound by its policies."""
    engine = open_engine(database_url, pool_size=4, role=APP)
    yield engine
    await engine.dispose()


@pytest.fixture
def postgres_unit(app_engine: AsyncEngine) -> PostgresUnit:
    """Opens transactions on the fresh database: `async with postgres_unit(SYSTEM) as work: …`."""
    return PostgresUnit(app_engine)
